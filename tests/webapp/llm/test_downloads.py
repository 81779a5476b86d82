"""Models that are fetched: in whole, broken off and gone on with, mixed up, without room."""

import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import filelock
import pytest

from tests.webapp.fake_hub import FakeHub
from webapp.core.errors import ModelDamaged, ModelFetching, ModelNotFetched, NoRoomForModel
from webapp.core.stream import Progress
from webapp.llm.downloads import DOWNLOADS, HUB, Download, fetch, hub_of

DATA = b"GGUF" + bytes(range(256)) * 20_000
MODEL = Download(
    "small",
    "Small",
    "maker/small-GGUF",
    "a" * 40,
    "small.gguf",
    len(DATA),
    hashlib.sha256(DATA).hexdigest(),
    "MIT",
    4096,
)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub({MODEL.path: DATA}) as hub:
        yield hub


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


def got(hub: FakeHub, folder: Path, model: Download = MODEL) -> list[Progress]:
    return list(fetch(model, folder, hub.url))


def there(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_model_is_fetched_and_its_progress_told(hub: FakeHub, tmp_path: Path) -> None:
    told = got(hub, tmp_path)
    assert (tmp_path / "small.gguf").read_bytes() == DATA
    assert there(tmp_path) == ["small.gguf"]
    assert [step.done for step in told] == sorted(step.done for step in told)
    assert (told[-1].state, told[-1].done, told[-1].total) == ("ready", 5, 5)
    assert got(hub, tmp_path) == [], "it is there"
    assert len(hub.asked) == 1


def test_what_breaks_off_goes_on_where_it_stopped(hub: FakeHub, tmp_path: Path) -> None:
    hub.breaks_after = 2_000_000
    with pytest.raises(ModelNotFetched, match=r"Small was not fetched: the hub cannot be reached, or broke off\."):
        got(hub, tmp_path)
    [part] = there(tmp_path)
    had = (tmp_path / part).stat().st_size
    assert 0 < had <= 2_000_000
    got(hub, tmp_path)
    assert hub.asked[1] == (MODEL.path, f"bytes={had}-")
    assert (tmp_path / "small.gguf").read_bytes() == DATA


def test_what_is_stopped_is_kept(hub: FakeHub, tmp_path: Path) -> None:
    steps = fetch(MODEL, tmp_path, hub.url)
    next(step for step in steps if step.state == "fetching")
    steps.close()
    assert there(tmp_path) == [".small.gguf.part"]
    assert got(hub, tmp_path)[0].state == "checking"


def test_of_a_hub_that_sends_the_whole_again_the_whole_is_taken(hub: FakeHub, tmp_path: Path) -> None:
    hub.breaks_after, hub.ignores_ranges = 1_000_000, True
    with pytest.raises(ModelNotFetched):
        got(hub, tmp_path)
    got(hub, tmp_path)
    assert (tmp_path / "small.gguf").read_bytes() == DATA


@pytest.mark.parametrize("data", [b"GGUF" + b"x" * (len(DATA) - 4), DATA + b"more", DATA[:-1] + b"x"])
def test_what_is_not_the_file_that_was_published_is_refused_and_deleted(
    hub: FakeHub, tmp_path: Path, data: bytes
) -> None:
    hub.files[MODEL.path] = data
    with pytest.raises(ModelDamaged, match="is not the file that was published, and was deleted"):
        got(hub, tmp_path)
    assert there(tmp_path) == []


def test_a_part_that_someone_changed_is_refused_and_deleted(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / ".small.gguf.part").write_bytes(b"y" * 1000)
    with pytest.raises(ModelDamaged):
        got(hub, tmp_path)
    assert there(tmp_path) == []
    got(hub, tmp_path)


def test_without_room_on_the_disk_nothing_is_asked_for(hub: FakeHub, tmp_path: Path) -> None:
    huge = replace(MODEL, bytes=shutil.disk_usage(tmp_path).free)
    with pytest.raises(NoRoomForModel, match=r"Small needs [\d.]+ GB of disk space, and [\d.]+ GB are free"):
        got(hub, tmp_path, huge)
    assert hub.asked == []


def test_two_do_not_fetch_the_same_model_at_once(hub: FakeHub, tmp_path: Path) -> None:
    with filelock.FileLock(tmp_path / ".small.gguf.lock"), pytest.raises(ModelFetching):
        got(hub, tmp_path)


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("http://example.com/small.gguf", "a host that is not its own"),
        ("https://huggingface.co.example.com/small.gguf", "a host that is not its own"),
        ("file:///etc/passwd", "a host that is not its own"),
        ("http://127.0.0.1:1/small.gguf", "a host that is not its own"),
        ("/again", "without end"),
    ],
)
def test_the_hub_is_followed_to_its_own_hosts_alone(hub: FakeHub, tmp_path: Path, to: str, reason: str) -> None:
    hub.sends_on_to = to
    with pytest.raises(ModelNotFetched, match=reason):
        got(hub, tmp_path)


def test_a_file_that_the_hub_has_not_and_a_hub_that_is_away_are_told(hub: FakeHub, tmp_path: Path) -> None:
    hub.files.clear()
    with pytest.raises(ModelNotFetched, match="the hub answered 404"):
        got(hub, tmp_path)
    with pytest.raises(ModelNotFetched, match="cannot be reached"):
        list(fetch(MODEL, tmp_path, "http://127.0.0.1:1"))


def test_offline_nothing_is_fetched(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelNotFetched, match="HF_HUB_OFFLINE"):
        got(hub, tmp_path)
    assert hub.asked == []


def test_each_model_of_the_list_is_pinned_by_revision_size_and_digest() -> None:
    assert len({model.name for model in DOWNLOADS}) == len({model.sha256 for model in DOWNLOADS}) == len(DOWNLOADS) == 4
    for model in DOWNLOADS:
        assert re.fullmatch(r"[0-9a-f]{40}", model.revision)
        assert re.fullmatch(r"[0-9a-f]{64}", model.sha256)
        assert 1e9 < model.bytes < 6e9
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", model.repository)
        assert re.fullmatch(r"[\w.-]+\.gguf", model.file)
        assert model.licence == "Apache-2.0"
    assert (urlsplit(HUB).scheme, urlsplit(HUB).hostname) == ("https", "huggingface.co")
    assert hub_of({}) == HUB
    assert hub_of({"HF_ENDPOINT": "https://mirror.example/"}) == "https://mirror.example"
