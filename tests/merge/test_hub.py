"""A hub on loopback: the real client, with the answers and headers of the real hub."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from merge.errors import NoCheckpoint
from merge.hub import locate
from tests.merge import pico

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(BaseHTTPRequestHandler):
    """`legal/base` and `legal/other` at one commit; `legal/gated`, `legal/secret` and other revisions are refused."""

    folder: Path

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            repo, revision = "/".join(parts[2:4]), parts[5] if len(parts) > 5 else COMMIT
        else:
            repo, revision = "/".join(parts[:2]), parts[3]
        folder = self.folder / repo.split("/")[1]
        if repo == "legal/gated":
            return self.answer(403, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"})
        if not folder.is_dir():
            return self.answer(401, b"{}", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository Not Found"})
        if revision not in (COMMIT, "main"):
            return self.answer(404, b"{}", {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "Invalid rev id"})
        if parts[0] == "api" and "tree" in parts:
            tree = [
                {"type": "file", "path": f.name, "size": f.stat().st_size, "oid": "0" * 40} for f in folder.iterdir()
            ]
            return self.answer(200, json.dumps(tree).encode(), {})
        if parts[0] == "api":
            files = [{"rfilename": f.name, "size": f.stat().st_size} for f in sorted(folder.iterdir())]
            return self.answer(200, json.dumps({"id": repo, "sha": COMMIT, "siblings": files}).encode(), {})
        content = (folder / parts[4]).read_bytes()
        etag = hashlib.sha256(content).hexdigest()
        return self.answer(200, content, {"X-Repo-Commit": COMMIT, "ETag": f'"{etag}"'})

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in (headers | {"Content-Length": str(len(body)), "Content-Type": "application/json"}).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("hub")
    pico.make_model(folder / "base", 1)
    pico.make_model(folder / "other", 2)
    Hub.folder = folder
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    thread.join()
    server.server_close()


def run(endpoint: str, cache: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"HF_ENDPOINT": endpoint, "HF_HOME": str(cache), "HF_HUB_DISABLE_XET": "1"}
    environment.pop("HF_HUB_OFFLINE", None)
    command = [sys.executable, "-W", "ignore", "-m", "merge", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_models_of_the_hub_are_fetched_at_one_commit_that_the_manifest_records(
    hub: tuple[str, Path], tmp_path: Path
) -> None:
    recipe = pico.write_recipe(tmp_path / "recipe.yaml", Path("legal/base"), Path(f"legal/other@{COMMIT}"))
    result = run(hub[0], tmp_path / "cache", "build", recipe, tmp_path / "out")
    assert result.returncode == 0, result.stderr
    sources = json.loads((tmp_path / "out" / "manifest.json").read_text())["sources"]
    assert {source["revision"] for source in sources.values()} == {COMMIT}
    assert f"| base | legal/base | {COMMIT} | apache-2.0 |" in (tmp_path / "out" / "README.md").read_text()
    # A pinned commit needs no hub the second time.
    pinned = pico.write_recipe(tmp_path / "pinned.yaml", Path(f"legal/base@{COMMIT}"), Path(f"legal/other@{COMMIT}"))
    again = run("http://127.0.0.1:9", tmp_path / "cache", "build", pinned, tmp_path / "again")
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize(
    ("other", "sentence", "hint"),
    [
        ("legal/gated", "legal/gated is gated", "Accept its terms"),
        ("legal/secret", "There is no model legal/secret on the hub, or it is private", "hf auth login"),
        ("legal/other@v9", "legal/other has no revision v9", "Copy the commit"),
    ],
)
def test_a_refusal_of_the_hub_is_a_sentence_and_a_hint(
    other: str, sentence: str, hint: str, hub: tuple[str, Path], tmp_path: Path
) -> None:
    recipe = pico.write_recipe(tmp_path / "recipe.yaml", hub[1] / "base", Path(other))
    result = run(hub[0], tmp_path / "cache", "build", recipe, tmp_path / "out")
    assert result.returncode == 1
    assert result.stdout == ""
    assert sentence in result.stderr
    assert hint in result.stderr
    assert "Traceback" not in result.stderr


def test_no_hub_and_no_cache_is_said_so(hub: tuple[str, Path], tmp_path: Path) -> None:
    recipe = pico.write_recipe(tmp_path / "recipe.yaml", hub[1] / "base", Path("legal/other"))
    result = run("http://127.0.0.1:9", tmp_path / "cache", "build", recipe, tmp_path / "out")
    assert result.returncode == 1
    assert "cannot be reached" in result.stderr


@pytest.mark.parametrize("ref", ["nowhere", "./a/b", "/no/such/folder", "a/b/c"])
def test_what_is_neither_a_folder_nor_a_hub_id_is_no_checkpoint(ref: str) -> None:
    with pytest.raises(NoCheckpoint, match="There is no model at"):
        locate(ref)
