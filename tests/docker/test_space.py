"""The Space: what its folder says and holds, and that it runs for a user who can write to one temporary folder only."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from tests.docker import space
from tests.docker.compose import ROOT
from tests.webapp.browser import SAMPLE, needs_chromium
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine, Reply


def test_its_front_matter_names_what_it_runs_on() -> None:
    _, front, words = (space.FOLDER / "README.md").read_text("utf-8").split("---\n", 2)
    told = yaml.safe_load(front)
    requirements = (space.FOLDER / "requirements.txt").read_text("utf-8")
    assert (told["sdk"], told["app_file"], told["license"]) == ("gradio", "app.py", "apache-2.0")
    assert f"\ngradio=={told['sdk_version']}\n" in requirements
    assert f"\nFROM python:{told['python_version']}." in (ROOT / "docker" / "webapp.Dockerfile").read_text("utf-8")
    assert len(told["short_description"]) <= 60
    assert "Do not add\nconfidential documents" in words


def test_its_folder_holds_the_two_packages_that_it_runs_and_none_of_the_rest() -> None:
    with space.bundled() as folder:
        held = {path.name for path in folder.iterdir()}
        assert held == {"README.md", "LICENSE", "NOTICE", "app.py", "requirements.txt", "retrieval", "webapp"}
        assert not list(folder.rglob("__pycache__"))
        again = subprocess.run([space.FOLDER / "bundle.sh", folder], capture_output=True)
        assert again.returncode == 2  # what is there is not written over


def _python_for_everyone() -> Path:
    """A Python of this version that other users may run. Skips the test where there is none."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for file in (Path(sys.executable), Path("/usr/bin") / version):
        if file.exists() and all(folder.stat().st_mode & 0o1 for folder in file.resolve().parents):
            return file
    pytest.skip(f"no {version} that another user may run")


@needs_chromium
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can make all read-only for another")
def test_a_guest_gets_a_cited_answer_from_a_space_that_can_write_to_one_folder_only() -> None:
    packages = sysconfig.get_path("purelib")
    with FakeEngine("tgi") as engine, embeddings() as url, space.bundled() as folder:
        engine.enqueue(Reply([SAMPLE]))
        secrets = {"PINCITE_LLM_URL": engine.url, "PINCITE_EMBEDDINGS_URL": url}
        with space.started(folder, _python_for_everyone(), PYTHONPATH=packages, **secrets) as address:
            answer = space.answered(address)
    assert re.search(r"14\.1 .*word for word", answer)
