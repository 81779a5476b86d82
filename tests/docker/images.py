"""The images without Docker: the Dockerfiles' own steps in a clean root,
and what starts in them, locked down as compose does.

    python -m tests.docker.images [webapp] [merge]        (both unless named; minutes and 6 GB; as root on Debian)

A root of debootstrap's, Debian 12 with its Python 3.11, stands in for `python:3.11-slim-bookworm`. Packages come from a
folder that pip fills beforehand, by hash where the file says so, so that nothing inside needs a network. Then, as user
10001 with every file system read-only but the volumes and /tmp: a Chroma server, the app by compose's settings before
an engine that is told what to write, the health check, docker/probe.sh; of the merge, a build of a small model and its
check.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.caddy import free_port
from tests.docker.compose import ROOT, environment, secrets, services
from tests.docker.dockerfile import stages
from tests.docker.space import READONLY
from tests.merge import pico
from tests.webapp.browser import SAMPLE
from tests.webapp.fake_engine import FakeEngine, Reply

DEBIAN = ("bookworm", "python3,python3-venv,python3-pip,ca-certificates")
PATH = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
READY_SECONDS = 90


@dataclass
class Image:
    """What a Dockerfile makes: a root, and what runs in it."""

    root: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    user: str = "0:0"
    command: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)

    def locked(self, volumes: tuple[str, ...], command: list[str], **environment: str) -> list[str]:
        """A command line: `command` in the root by the image's user, all read-only but `volumes` and /tmp."""
        assert self.user == "10001:10001"
        writable = ":".join(str(self.root / volume.lstrip("/")) for volume in (*volumes, "/tmp"))
        given = [f"{name}={value}" for name, value in (self.env | environment).items()]
        return ["env", "-i", f"PATH={PATH}", str(READONLY), str(self.root), writable, "env", "-i", *given, *command]


def build(file: Path, base: Path, wheels: Path, work: Path) -> Image:
    """The last stage, after every step of the Dockerfile in copies of `base`."""
    made: dict[str, Image] = {}
    for number, steps in enumerate(stages(file)):
        name = steps[0]["value"].partition(" AS ")[2] or str(number)
        image = made[name] = Image(work / f"{file.stem}-{name}")
        subprocess.run(["cp", "-a", "--reflink=auto", base, image.root], check=True)
        arguments: dict[str, str] = {}
        for step in steps[1:]:
            kind, value = step["instruction"], step["value"]
            match kind:
                case "ARG":
                    argument, _, default = value.partition("=")
                    arguments[argument] = os.environ.get(argument, default)
                case "ENV":
                    image.env |= dict(pair.split("=", 1) for pair in shlex.split(value))
                case "RUN":
                    _run(image, value, arguments, wheels)
                case "COPY":
                    _copy(image, shlex.split(value), made)
                case "USER":
                    image.user = value
                case "CMD":
                    image.command = json.loads(value)
                case "ENTRYPOINT":
                    image.entrypoint = json.loads(value)
                case "HEALTHCHECK" if value != "NONE":
                    image.healthcheck = json.loads(value[value.index("[") :])
                case "HEALTHCHECK" | "LABEL" | "WORKDIR" | "EXPOSE":
                    pass
                case _:
                    raise NotImplementedError(kind)
    return image


def _run(image: Image, command: str, arguments: Mapping[str, str], wheels: Path) -> None:
    """A RUN step. Its pip finds packages in `wheels` and nowhere else."""
    began = time.monotonic()
    (image.root / "wheels").mkdir(exist_ok=True)
    given: dict[str, str] = {
        **image.env,
        **arguments,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": "/wheels",
        "PIP_QUIET": "1",
    }
    inside = shlex.join(["env", "-i", *(f"{n}={v}" for n, v in given.items()), "/bin/sh", "-euc", command])
    mount = f"mount --bind {shlex.quote(str(wheels))} {shlex.quote(str(image.root / 'wheels'))}"
    whole = f"{mount} && exec chroot {shlex.quote(str(image.root))} {inside}"
    subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", whole], check=True)
    print(f"- {time.monotonic() - began:4.0f} s  RUN {command[:90]}")


def _copy(image: Image, words: list[str], made: Mapping[str, Image]) -> None:
    flags = dict(word.removeprefix("--").split("=") for word in words if word.startswith("--"))
    *sources, target = [word for word in words if not word.startswith("--")]
    origin = made[flags["from"]].root if "from" in flags else ROOT
    for source in sources:
        start = origin / source.lstrip("/")
        end = image.root / target.lstrip("/")
        if start.is_dir():
            ignored = None if "from" in flags else shutil.ignore_patterns("__pycache__")
            shutil.copytree(start, end, symlinks=True, dirs_exist_ok=True, ignore=ignored)
        else:
            end = end / start.name if target.endswith("/") else end
            end.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(start, end)
            if "chmod" in flags:
                end.chmod(int(flags["chmod"], 8))


def clean_root(folder: Path) -> Path:
    """Debian's smallest root with its Python, under the names that the image `python` gives it."""
    suite, packages = DEBIAN
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={packages}", suite, folder],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    for name in ("python", "python3"):
        (folder / "usr/local/bin" / name).symlink_to("/usr/bin/python3.11")
    return folder


def packages(names: list[str], folder: Path) -> Path:
    """What the images install, in one folder; pip checks the hashes again when it installs."""
    folder.mkdir()
    fetch: list[str | Path] = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
    for name in names:
        lock = ROOT / "docker" / f"{name}.txt"
        subprocess.run([*fetch, "--require-hashes", "-r", lock], check=True, stderr=subprocess.DEVNULL)
    torch = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("TORCH ?= "))
    index = ["--index-url", os.environ["TORCH_INDEX"]] if os.environ.get("TORCH_INDEX") else []
    subprocess.run([*fetch, *index, torch.partition("= ")[2]], check=True, stderr=subprocess.DEVNULL)
    return folder


def try_webapp(image: Image) -> None:
    """Chroma and the app as compose starts them; a question through docker/probe.sh."""
    started = services(["cpu"])
    chroma_port, port = free_port(), free_port()
    kept = image.root / "run/secrets"
    kept.mkdir(parents=True)
    for target in secrets(started["app"]).values():
        (kept / target).write_text("0123456789abcdef0123456789abcdef")
        (kept / target).chmod(0o444)
    subprocess.run(image.locked((), ["python", "-c", "import xllamacpp"]), check=True)
    print("- llama.cpp loads")
    with FakeEngine("llama.cpp", key="0123456789abcdef0123456789abcdef") as engine:
        engine.enqueue(Reply([SAMPLE]))
        told = environment(started["app"])
        told |= {"PINCITE_PORT": str(port), "PINCITE_LLM_URL": engine.url}
        told["PINCITE_CHROMA_URL"] = f"http://127.0.0.1:{chroma_port}"
        chroma = [str(chroma_port) if word == "8000" else word for word in started["chroma"]["command"]]
        # As the health checks of compose.yaml and of the Dockerfile ask, but for the ports.
        chroma_healthy = [
            word.replace("8000", str(chroma_port)) for word in started["chroma"]["healthcheck"]["test"][1:]
        ]
        app_healthy = [word.replace("7860", str(port)) for word in image.healthcheck]
        with (
            _running(image, ("/chroma",), chroma, chroma_healthy),
            _running(image, ("/data",), image.command, app_healthy, **told),
        ):
            print("- chroma and the app are healthy")
            prefix = image.locked(("/data",), [], **told)
            subprocess.run([ROOT / "docker" / "probe.sh", *prefix], check=True)
            assert engine.asked, "the answer did not come from the engine"
        _nothing_else_was_written(image)


def try_merge(image: Image) -> None:
    """A small model built by compose's own entry, and looked at by `verify`."""
    kept = image.root / "checkpoints"
    pico.make_model(kept / "base", seed=1)
    pico.make_model(kept / "other", seed=2)
    pico.write_recipe(kept / "recipe.yaml", Path("/checkpoints/base"), Path("/checkpoints/other"))
    entry = [word.replace("$$", "$") for word in services(["merge"])["merge"]["entrypoint"]]
    volumes = ("/models", "/checkpoints")
    command = [*entry, "/checkpoints/recipe.yaml", "/models/fp8", "fp8"]
    for _ in range(2):  # a second start finds it made
        subprocess.run(image.locked(volumes, command), check=True)
    subprocess.run(image.locked(volumes, [*image.entrypoint, "verify", "/models/fp8"]), check=True)
    modes = {oct(file.stat().st_mode & 0o444) for file in (image.root / "models/fp8").iterdir()}
    assert modes == {"0o444"}, "an engine of another user could not read it"
    _nothing_else_was_written(image)


@contextmanager
def _running(
    image: Image, volumes: tuple[str, ...], command: list[str], healthy: list[str], **environment: str
) -> Iterator[None]:
    """A service of the image until the block ends, healthy by its own check when it begins."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(image.locked(volumes, command, **environment), stdout=said, stderr=said)
        try:
            end = time.monotonic() + READY_SECONDS
            while subprocess.run(image.locked((), healthy), stderr=subprocess.DEVNULL).returncode:
                if process.poll() is not None or time.monotonic() > end:
                    said.seek(0)
                    raise RuntimeError(f"{command} is not healthy\n{said.read()}")
                time.sleep(0.5)
            yield
        finally:
            process.terminate()
            process.wait(30)


def _nothing_else_was_written(image: Image) -> None:
    volumes = [image.root / name for name in ("data", "chroma", "embeddings", "models", "checkpoints", "tmp")]
    command: list[Any] = ["find", image.root, "-xdev", "-user", "10001"]
    for volume in volumes:
        command += ["-not", "-path", volume, "-not", "-path", f"{volume}/*"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""


def main() -> None:
    """Make the root, build, try."""
    names = sys.argv[1:] or ["webapp", "merge"]
    with tempfile.TemporaryDirectory(prefix="pincite-images-") as folder:
        work = Path(folder)
        work.chmod(0o755)
        base, wheels = clean_root(work / "base"), packages(names, work / "wheels")
        print(f"a clean root and {len(list(wheels.iterdir()))} packages")
        for name in names:
            print(f"{name}.Dockerfile")
            image = build(ROOT / "docker" / f"{name}.Dockerfile", base, wheels, work)
            {"webapp": try_webapp, "merge": try_merge}[name](image)
            size = subprocess.run(["du", "-sm", "--exclude=wheels", image.root], capture_output=True, text=True).stdout
            print(f"- {size.split()[0]} MB in all")
    print("PASSED")


if __name__ == "__main__":
    main()
