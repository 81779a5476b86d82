"""No event of the page acts on a file that its user did not upload,
whoever they are and wherever in it the file stands.
"""

import gc
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from fastapi import FastAPI

from tests.webapp.serving import mount_with_health
from webapp.core.errors import EventMalformed, NotUploaded
from webapp.core.settings import load_settings
from webapp.page.events import Events
from webapp.service.startup import Startup

ROOT = Path(__file__).parents[2]
# Building a page leaves event loops of gradio's own behind: they are collected while that is no fault.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True, scope="module")
def collected() -> Iterator[None]:
    yield
    gc.collect()


def _namespace() -> list[str] | None:
    """A command that runs another in a network of its own, where that is allowed."""
    alone = ["unshare", "--net", "--"]
    if not (shutil.which("unshare") and shutil.which("ip")):
        return None
    return alone if subprocess.run([*alone, "true"], capture_output=True).returncode == 0 else None


@pytest.mark.skipif(_namespace() is None, reason="no network namespace can be made here (it takes root and iproute2)")
@pytest.mark.alone
@pytest.mark.parametrize(
    ("access", "one_in"),
    [
        ("demo", 5),
        *(pytest.param(access, 1, marks=pytest.mark.long) for access in ("demo", "local", "behind-proxy")),
    ],
)
def test_no_forged_event_reads_copies_deletes_fetches_or_freezes(access: str, one_in: int, tmp_path: Path) -> None:
    given = [access, str(tmp_path), str(one_in)]
    command = [*(_namespace() or ()), sys.executable, "-m", "tests.webapp.forgeries", *given]
    seconds = 280 if one_in > 1 else 1_800  # all of them take four minutes where nothing else runs
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["wrong"] == [], told
    assert told["tried"]["refused"] > 3_000 // one_in
    assert told["tried"]["taken in"] == 5


def mine(_path: str) -> Any:
    raise AssertionError("no event without a rule gets so far")


def config(tmp_path: Path) -> dict[str, Any]:
    app = FastAPI()
    mount_with_health(app, Startup(load_settings(data_dir=tmp_path)))
    page = next(route.app for route in reversed(app.routes) if hasattr(route, "app"))
    told: dict[str, Any] = page._app.get_blocks().get_config_file()
    return told


def without_rule(config: dict[str, Any]) -> list[tuple[int, int]]:
    """Event and position of each input that the page would refuse."""
    events = Events(config)
    handled = [row for row in config["dependencies"] if row["backend_fn"]]
    assert handled
    inputs = ((row["id"], position) for row in handled for position in range(len(row["inputs"])))
    return [(number, position) for number, position in inputs if events.rule(number, position) is None]


def test_every_event_of_the_page_has_a_rule_for_each_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")  # the page sets it; put back afterwards
    assert without_rule(config(tmp_path)) == []


@pytest.mark.parametrize("component", [gr.File, gr.Image, gr.Audio, gr.MultimodalTextbox, gr.UploadButton, gr.Gallery])
def test_a_new_event_that_can_carry_a_file_has_none_until_it_is_given_one(component: Any) -> None:
    with gr.Blocks(analytics_enabled=False) as page:
        added = component(elem_id="added")
        added.change(lambda value: None, added, None)
    events = Events(page.get_config_file())
    assert without_rule(page.get_config_file()) == [(0, 0)]
    forged = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    for value in (forged, [forged], None):
        with pytest.raises(EventMalformed):
            events.cleaned({"data": [value], "fn_index": 0, "session_hash": "s"}, mine)


def test_a_file_is_told_anew_and_nothing_of_what_a_browser_says_goes_on() -> None:
    with gr.Blocks(analytics_enabled=False) as page:
        files = gr.File(elem_id="upload", file_count="multiple")
        files.upload(lambda value: None, files, None)
    events = Events(page.get_config_file())

    def nothing(_path: str) -> Any:
        raise NotUploaded()

    body = {"data": [[{"path": "/dev/zero", "is_stream": True}]], "fn_index": 0, "session_hash": "s"}
    with pytest.raises(NotUploaded):
        events.cleaned(body, nothing)
