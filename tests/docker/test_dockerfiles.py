"""The Dockerfiles: pinned, small, not root; the locks that they install; what the build is sent."""

import fnmatch
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.caddy import CADDY
from tests.docker.compose import ROOT
from tests.docker.dockerfile import FILES, stages, steps

OURS = [file for file in FILES if file.stem != "proxy"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCK = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==(\S+)", re.MULTILINE)
BUILD_TOOLS = re.compile(r"\b(gcc|g\+\+|make|build-essential|cmake|git|curl|cargo|python3?-dev)\b")


def _name(file: Path) -> str:
    return file.stem


@pytest.mark.parametrize("file", FILES, ids=_name)
def test_hadolint_finds_nothing(file: Path) -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint
    done = subprocess.run([hadolint, "--no-color", str(file)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("file", FILES, ids=_name)
def test_what_it_builds_on_is_pinned(file: Path) -> None:
    images = [step["value"].split()[0] for step in steps(file) if step["instruction"] == "FROM"]
    assert images
    assert all(re.search(r":\d+\.\d+\.\d+", image) for image in images)


@pytest.mark.parametrize("file", FILES, ids=_name)
def test_it_runs_as_a_user_without_rights_and_says_what_it_is(file: Path) -> None:
    last = {step["instruction"]: step["value"] for step in stages(file)[-1]}
    assert last["USER"] == "10001:10001"
    assert "HEALTHCHECK" in last
    assert f'org.opencontainers.image.version="{PROJECT["version"]}"' in last["LABEL"]
    assert f'org.opencontainers.image.licenses="{PROJECT["license"]}"' in last["LABEL"]


@pytest.mark.parametrize("file", OURS, ids=_name)
def test_what_builds_it_stays_behind(file: Path) -> None:
    _, last = stages(file)
    assert not any(re.search(r"\bpip\b.*install|apt-get", step["value"]) for step in last)
    assert not any(BUILD_TOOLS.search(step["value"]) for step in last if step["instruction"] == "RUN")


@pytest.mark.parametrize("file", OURS, ids=_name)
def test_every_package_but_torch_is_installed_by_its_hash(file: Path) -> None:
    installs = [step["value"] for step in steps(file) if "install --" in step["value"] and "pip" in step["value"]]
    torch, rest = installs
    assert torch.endswith('"$TORCH"')
    assert "--no-deps --require-hashes -r" in rest
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert f"ARG {re.search('torch==[0-9.]+', makefile)[0]}" in file.read_text().replace("TORCH=", "")  # type: ignore[index]


@pytest.mark.parametrize("name", ["webapp.txt", "merge.txt", "space/requirements.txt"])
def test_a_lock_has_the_versions_of_the_one_that_the_tests_run_on(name: str) -> None:
    everything = dict(LOCK.findall((ROOT / "requirements.txt").read_text("utf-8")))
    text = (ROOT / "docker" / name).read_text("utf-8")
    part = dict(LOCK.findall(text))
    assert len(part) > 50
    assert part.items() - {("torch", part.get("torch"))} <= everything.items()
    if name.startswith("space"):
        assert "--hash" not in text  # with one, pip would want one for torch too
    else:
        assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[a-z])", text.strip()))


def test_what_the_project_depends_on_is_in_the_page_s_lock() -> None:
    part = {name for name, _ in LOCK.findall((ROOT / "docker" / "webapp.txt").read_text("utf-8"))} | {"torch"}
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["postgres"]]
    names = {re.split(r"[\[>=]", each)[0].lower().replace("_", "-") for each in wanted}
    assert names <= part
    tools = {"pytest", "ruff", "mypy", "playwright", "mergekit", "hatchling"}
    assert not part & tools


def test_the_build_is_sent_what_it_copies_and_nothing_else() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = set()
    for file in FILES:
        for step in steps(file):
            if step["instruction"] == "COPY" and "--from" not in step["value"]:
                *sources, _ = [part for part in step["value"].split() if not part.startswith("--")]
                copied |= {source.rstrip("/") for source in sources}
    assert copied == set(allowed)
    assert all((ROOT / source).exists() for source in copied)
    assert not any(fnmatch.fnmatch("docker/secrets/engine_key", pattern) for pattern in allowed)


def test_the_proxy_is_the_one_that_the_tests_run() -> None:
    assert CADDY
    version = subprocess.run([CADDY, "version"], capture_output=True, text=True).stdout.split()[0].removeprefix("v")
    assert f"FROM caddy:{version}-alpine\n" in (ROOT / "docker" / "proxy.Dockerfile").read_text()
