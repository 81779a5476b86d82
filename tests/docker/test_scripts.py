"""start.sh and login.sh before a stand-in for Docker, which writes down what it was asked."""

import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.caddy import CADDY
from tests.docker.compose import ENGINES, ROOT, services

STAND_IN = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
    *hash-password) exec "$CADDY" hash-password --bcrypt-cost 4 ;;
    "compose config --images") printf '%s\\n' pincite-app:0.1.0 pincite-proxy:0.1.0 ;;
    "compose port proxy 7860") echo 127.0.0.1:7860 ;;
    "compose ps --quiet proxy") echo 0123456789ab ;;
esac
"""


@dataclass
class Folder:
    """A copy of docker/ with nothing made yet."""

    path: Path

    def run(self, script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        known = {"PATH": f"{self.path / 'bin'}:{os.environ['PATH']}", "CALLS": str(self.calls), "CADDY": str(CADDY)}
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PINCITE_", "COMPOSE_"))}
        command = [str(self.path / script), *arguments]
        return subprocess.run(command, env=clean | known, capture_output=True, text=True, timeout=60)

    @property
    def calls(self) -> Path:
        return self.path / "calls"

    @property
    def env(self) -> list[str]:
        return (self.path / ".env").read_text().splitlines()

    def logins(self) -> dict[str, str]:
        lines = (self.path / "secrets" / "logins").read_text().splitlines()
        return dict(line.split(" ") for line in lines)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    for file in ("start.sh", "login.sh"):
        shutil.copy(ROOT / "docker" / file, tmp_path)
    (tmp_path / "bin").mkdir()
    docker = tmp_path / "bin" / "docker"
    docker.write_text(STAND_IN)
    docker.chmod(0o755)
    return Folder(tmp_path)


def test_the_first_start_makes_keys_and_one_login_and_starts_the_gpu(folder: Folder) -> None:
    done = folder.run("start.sh")
    assert (done.returncode, done.stderr) == (0, "")
    assert folder.env == ["COMPOSE_PROFILES=gpu"]
    secrets = folder.path / "secrets"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in secrets.iterdir()} == {0o444}
    keys = [(secrets / name).read_text() for name in ("engine_key", "proxy_secret")]
    assert [len(key) for key in keys] == [64, 64]
    assert keys[0] != keys[1]
    [(name, hash_)] = folder.logins().items()
    assert hash_.startswith("$2a$")
    assert f"Login: {name}" in done.stdout
    assert "pincite is at http://127.0.0.1:7860" in done.stdout
    calls = folder.calls.read_text().splitlines()
    assert "compose up --detach" in calls
    assert "run --rm --interactive --network none pincite-proxy:0.1.0 caddy hash-password" in calls


def test_a_second_start_changes_nothing_and_starts_the_same(folder: Folder) -> None:
    folder.run("start.sh", "cpu", "embeddings")
    before = {file.name: file.read_bytes() for file in (folder.path / "secrets").iterdir()}
    done = folder.run("start.sh")
    assert "Password" not in done.stdout
    assert {file.name: file.read_bytes() for file in (folder.path / "secrets").iterdir()} == before
    assert folder.env == [
        "COMPOSE_PROFILES=cpu,embeddings",
        "PINCITE_EMBEDDINGS_URL=http://embeddings:8080",
        "MERGE_FORMAT=gguf",
    ]


def test_another_choice_replaces_the_last_and_keeps_what_else_is_set(folder: Folder) -> None:
    (folder.path / ".env").write_text("PINCITE_SITE=pincite.firm.example\nCOMPOSE_PROFILES=cpu\nMERGE_FORMAT=gguf\n")
    done = folder.run("start.sh", "tgi", "merge")
    assert folder.env == ["PINCITE_SITE=pincite.firm.example", "COMPOSE_PROFILES=tgi,merge"]
    assert "pincite is at pincite.firm.example" in done.stdout


@pytest.mark.parametrize(("engine", "gguf"), [("gpu", False), ("tgi", False), ("small", True), ("cpu", True)])
def test_the_model_is_made_in_the_format_that_the_engine_reads(folder: Folder, engine: str, gguf: bool) -> None:
    folder.run("start.sh", engine, "merge")
    assert ("MERGE_FORMAT=gguf" in folder.env) == gguf
    model = "/models/gguf/" if gguf else "/models/fp8/"
    assert model in str(services([engine])[ENGINES[engine]]["entrypoint"])


@pytest.mark.parametrize(
    ("arguments", "told"), [(["gpu", "cpu"], "One language model server"), (["tpu"], 'There is no "tpu"')]
)
def test_a_wrong_choice_is_told_and_makes_nothing(folder: Folder, arguments: list[str], told: str) -> None:
    done = folder.run("start.sh", *arguments)
    assert (done.returncode, told in done.stderr) == (2, True)
    assert not (folder.path / "secrets").exists()


def test_without_docker_it_says_so(folder: Folder) -> None:
    (folder.path / "bin" / "docker").write_text("#!/bin/sh\nexit 1\n")
    done = folder.run("start.sh")
    assert (done.returncode, "needs Docker" in done.stderr) == (1, True)


def test_logins_come_and_go_each_with_a_password_of_its_own(folder: Folder) -> None:
    folder.run("start.sh")
    [first] = folder.logins()
    said = folder.run("login.sh", "ann@firm.example").stdout
    assert "Login: ann@firm.example" in said
    old = folder.logins()["ann@firm.example"]
    folder.run("login.sh", "ann@firm.example")
    assert folder.logins().keys() == {first, "ann@firm.example"}
    assert folder.logins()["ann@firm.example"] != old
    assert folder.run("login.sh", "--remove", "ann@firm.example").returncode == 0
    assert folder.logins().keys() == {first}
    assert "compose restart proxy" in folder.calls.read_text()


@pytest.mark.parametrize("name", ["", "two words", "a\nb", "-x", "{$PATH}"])
def test_a_name_that_the_proxy_would_read_otherwise_is_refused(folder: Folder, name: str) -> None:
    folder.run("start.sh")
    assert folder.run("login.sh", name).returncode == 2
    assert len(folder.logins()) == 1


def test_an_engine_gets_its_key_and_without_a_model_says_what_to_do(tmp_path: Path) -> None:
    script = (ROOT / "docker" / "engine.sh").read_text().replace("/run/secrets", str(tmp_path))
    (tmp_path / "engine.sh").write_text(script.replace("exec sleep infinity", "exit 0"))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", str(tmp_path / "engine.sh"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=10)

    (tmp_path / "engine_key").write_text("key\n")
    assert run("API_KEY", str(tmp_path), "printenv", "API_KEY").stdout == "key\n"
    assert "There is no model at /nowhere" in run("API_KEY", "/nowhere", "true").stderr
    (tmp_path / "engine_key").write_text("")
    assert run("API_KEY", str(tmp_path), "true").returncode == 1
