"""A hostile document in a running server: it obeys, and leaves nothing running, whatever the document does."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import hostile
from tests.clock import within
from tests.webapp.commands import Pincite, Server
from tests.webapp.embeddings import embeddings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")


@pytest.fixture(scope="module")
def settings() -> Iterator[dict[str, str]]:
    with embeddings() as url:
        yield {"PINCITE_EMBEDDINGS_URL": url, "PINCITE_LLM_URL": "http://127.0.0.1:1"}


def _children(process: int) -> set[int]:
    """The processes that read for a server."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
            command = path.with_name("cmdline").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        if fields[0] not in "ZX" and int(fields[1]) == process and b"spawn_main" in command:
            found.add(int(path.parent.name))
    return found


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _reading(server: Server, name: str, data: bytes) -> set[int]:
    """Hand `data` in, and wait until it is being read; the processes that do."""
    server.wait_until_ready()
    told = server.ask("POST", "/cli/accept", params={"matter": "Acme", "name": name}, content=data)
    assert told.status_code == 200
    end = time.monotonic() + 30
    while not (reading := _children(server.process.pid)):
        assert time.monotonic() < end
        time.sleep(0.05)
    time.sleep(1.5)  # well into it
    return reading


@pytest.mark.parametrize(
    ("data", "how"),
    [
        (hostile.form_that_draws_itself(), signal.SIGTERM),
        pytest.param(hostile.text_bomb(6_000_000), signal.SIGTERM, marks=pytest.mark.long),
        pytest.param(hostile.form_that_draws_itself(), signal.SIGKILL, marks=pytest.mark.long),
        (hostile.text_bomb(6_000_000), signal.SIGKILL),
    ],
    ids=["a page, SIGTERM", "a text, SIGTERM", "a page, kill -9", "a text, kill -9"],
)
def test_a_server_ends_and_nothing_of_it_runs_on(
    tmp_path: Path,
    settings: dict[str, str],
    data: bytes,
    how: signal.Signals,
) -> None:
    with Pincite(tmp_path, settings).serving() as server:
        reading = _reading(server, "hostile.pdf", data)
        with within(13, time.monotonic):
            os.kill(server.process.pid, how)
            server.process.wait(30)
            given_up = time.monotonic() + 60
            while any(map(_runs, reading)):
                assert time.monotonic() < given_up
                time.sleep(0.02)
