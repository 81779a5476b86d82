import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from retrieval import DataFolderBusy, DataFolderUnusable
from tests.webapp.commands import ROOT
from webapp.core.data_folder import FolderLock, RunningServer, claim

pytestmark = pytest.mark.slow

HOLD = """
import sys
from pathlib import Path
from webapp.core.data_folder import claim
owner = claim(Path(sys.argv[1]), wait_seconds=0, on_wait=lambda: None)
print("held", flush=True)
sys.stdin.read()
owner.release()
"""


@contextmanager
def _held_elsewhere(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            holder.kill()


@contextmanager
def _answering(folder: Path, token: str) -> Iterator[None]:
    """A server that greets whoever has the token, and the file that says where it is."""

    class Greeter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.headers["Authorization"] == f"Bearer {token}" else 401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Greeter) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told = {"url": f"http://127.0.0.1:{server.server_port}", "token": "secret", "page": "http://127.0.0.1:7860"}
        (folder / "server.json").write_text(json.dumps(told))
        try:
            yield
        finally:
            server.shutdown()


def _claim(folder: Path, seconds: float = 0.0) -> FolderLock | RunningServer:
    return claim(folder, wait_seconds=seconds, on_wait=lambda: None)


def _owned(folder: Path) -> FolderLock:
    owner = _claim(folder)
    assert isinstance(owner, FolderLock)
    return owner


def test_a_folder_that_nobody_uses_is_made_and_owned_by_its_user_alone(tmp_path: Path) -> None:
    owner = _owned(tmp_path / "new" / "data")
    assert (tmp_path / "new" / "data").stat().st_mode & 0o777 == 0o700
    owner.release()


def test_a_second_command_waits_is_told_once_and_gives_up(tmp_path: Path) -> None:
    told: list[str] = []
    with _held_elsewhere(tmp_path), pytest.raises(DataFolderBusy):
        claim(tmp_path, wait_seconds=0.7, on_wait=lambda: told.append("waiting"))
    assert told == ["waiting"]


def test_a_second_command_goes_on_when_the_first_has_finished(tmp_path: Path) -> None:
    with _held_elsewhere(tmp_path) as holder:
        assert holder.stdin is not None
        threading.Timer(0.5, holder.stdin.close).start()
        owner = _claim(tmp_path, 20)
        assert isinstance(owner, FolderLock)
        owner.release()
        holder.wait()


def test_a_killed_owner_owns_nothing(tmp_path: Path) -> None:
    with _held_elsewhere(tmp_path) as holder:
        holder.kill()
        holder.wait()
    _owned(tmp_path).release()


def test_what_a_killed_server_left_is_cleared_by_the_next_owner(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text(json.dumps({"url": "http://127.0.0.1:9", "token": "old"}))
    (tmp_path / "arriving-1").write_bytes(b"%PDF")
    owner = _owned(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock"]
    owner.release()


def test_a_server_that_holds_the_folder_is_found_by_its_file(tmp_path: Path) -> None:
    with _held_elsewhere(tmp_path), _answering(tmp_path, "secret"):
        found = _claim(tmp_path)
    assert isinstance(found, RunningServer)
    assert found.token == "secret"


@pytest.mark.parametrize("left", ["", "{}", "not json", '{"url": "http://127.0.0.1:9", "token": "old"}'])
def test_a_file_of_no_living_server_is_not_believed(tmp_path: Path, left: str) -> None:
    with _held_elsewhere(tmp_path):
        (tmp_path / "server.json").write_text(left)
        with pytest.raises(DataFolderBusy):
            _claim(tmp_path)


def test_a_stranger_on_the_port_is_not_taken_for_the_server(tmp_path: Path) -> None:
    with _held_elsewhere(tmp_path), _answering(tmp_path, "another"), pytest.raises(DataFolderBusy):
        _claim(tmp_path)


def test_the_token_is_random_and_readable_by_its_user_alone(tmp_path: Path) -> None:
    owner = _owned(tmp_path)
    first, second = owner.publish("http://127.0.0.1:1", "p"), owner.publish("http://127.0.0.1:1", "p")
    assert first.token != second.token
    assert len(second.token) >= 32
    assert (tmp_path / "server.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / "server.json").read_text())["token"] == second.token
    owner.release()
    assert not (tmp_path / "server.json").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataFolderUnusable):
        _claim(tmp_path / "file" / "data")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DataFolderUnusable):
        _claim(tmp_path)
