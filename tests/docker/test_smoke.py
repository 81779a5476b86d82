"""docker/smoke.sh from its first step to its last before a stand-in for Docker: `stand_in` says what of it is real."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docker.compose import ROOT, services

CURL = shutil.which("curl")
pytestmark = pytest.mark.skipif(CURL is None, reason="smoke.sh needs curl")


@dataclass
class Machine:
    """One whose `docker` is the stand-in."""

    folder: Path

    def smoke(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PINCITE_", "COMPOSE_"))}
        known = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "STAND_IN": str(self.folder / "kept"),
            "TMPDIR": str(self.folder / "tmp"),
            "PINCITE_MODELS": str(self.folder / "models"),
        }
        command = [str(ROOT / "docker" / "smoke.sh"), *arguments]
        return subprocess.run(command, env=inherited | known | environment, capture_output=True, text=True, timeout=400)

    def kept(self, name: str) -> str:
        """What the stand-in wrote down, once it has."""
        end = time.monotonic() + 30
        while not (self.folder / "kept" / name).exists() and time.monotonic() < end:
            time.sleep(0.1)
        return (self.folder / "kept" / name).read_text()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for name in ("bin", "kept", "tmp", "models/fp8", "models/gguf"):
        (tmp_path / name).mkdir(parents=True)
    for model in ("fp8/config.json", "gguf/model.gguf"):
        (tmp_path / "models" / model).touch()
    runs = {"docker": "-m tests.docker.stand_in", "pincite": "-m webapp", "python": ""}
    for name, module in runs.items():
        file = tmp_path / "bin" / name
        file.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        file.chmod(0o755)
    return Machine(tmp_path)


def test_every_step_from_the_file_to_a_verified_citation(machine: Machine) -> None:
    done = machine.smoke("gpu")
    assert (done.returncode, done.stdout.splitlines()[-2:]) == (0, ["PASSED", "Down."]), done.stdout + done.stderr
    images = [service["image"] for service in services(["gpu"]).values()]
    expected = [
        "- valid, every profile at once",
        *(f"- {image}" for image in images),
        "- without a login: 401",
        "- with a wrong password: 401",
        "- with the login: 200",
        "- containers with a published port: 1",
        *(f"- no way out of {network}: true" for network in ("front", "engine", "stores")),
        "- ready",
        "- asked without its key: 401",
        "- looks for a verified citation",
    ]
    said = done.stdout.splitlines()
    assert [line for line in expected if line not in said] == []
    assert "verified citations: 1" in done.stdout
    assert machine.kept("asked") == "1"
    assert machine.kept("calls").splitlines()[-1] == "compose --profile * down --volumes --timeout 100"
    assert list((machine.folder / "tmp").glob("tmp.*")) == []


def test_an_engine_that_does_not_come_is_told_and_all_is_taken_down(machine: Machine) -> None:
    curl = machine.folder / "bin" / "curl"
    loading = """echo '{"engine":"loading"}'"""
    curl.write_text(f'#!/bin/sh\ncase "$*" in *readyz*) {loading} ;; *) exec {CURL} "$@" ;; esac\n')
    curl.chmod(0o755)
    done = machine.smoke("gpu", SMOKE_ENGINE_SECONDS="0")
    assert done.returncode == 1
    assert "The language model was not ready in time." in done.stderr
    assert machine.kept("calls").splitlines()[-1] == "compose --profile * down --volumes --timeout 100"
    assert list((machine.folder / "tmp").glob("tmp.*")) == []


@pytest.mark.parametrize(("profile", "missing"), [("gpu", "fp8/config.json"), ("small", "gguf/model.gguf")])
def test_without_a_model_it_says_what_to_name_and_starts_nothing(machine: Machine, profile: str, missing: str) -> None:
    (machine.folder / "models" / missing).unlink()
    done = machine.smoke(profile)
    assert (done.returncode, missing in done.stderr) == (2, True)
    assert machine.kept("calls").splitlines() == ["compose version"]


def test_a_folder_of_models_that_is_not_there_is_told_by_its_name(machine: Machine) -> None:
    done = machine.smoke("gpu", "merge", PINCITE_MODELS="/nowhere/models")
    assert (done.returncode, done.stderr) == (2, "PINCITE_MODELS names no folder: /nowhere/models\n")


def test_a_start_that_fails_is_a_failure(machine: Machine) -> None:
    done = machine.smoke("gpu", "cpu")
    assert (done.returncode, "One language model server, please" in done.stderr) == (1, True)
    assert "PASSED" not in done.stdout
