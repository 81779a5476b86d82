"""What a hostile, lost or merely endless document costs: itself, within limits, and nobody else's."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.core.errors import DataFolderUnusable, DocumentNotReady, OriginalMissing
from retrieval.core.limits import Limits
from retrieval.library.schema import DocumentRecord
from retrieval.reading.child_process import Child, how_it_ended
from retrieval.reading.converter_process import ConverterDied, ConverterProcess
from tests import hostile
from tests.clock import allowed, within
from tests.pdfs import make_pdf
from tests.retrieval.stores import HashingEmbedder, Stores, contract, opened

pytestmark = pytest.mark.slow

GOOD = make_pdf(contract(1))
SLOW = "takes longer to read than the limit of 0.5 seconds."

linux = pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory and the end with the owner are Linux's")


def taken_in(stores: Stores, data: bytes, matter: str = "Acme") -> tuple[DocumentRecord, list[DocumentRecord]]:
    """The record of `data` when the work is done, and each step on the way."""
    known = {m.name: m for m in stores.library.matters()}
    id_ = (known.get(matter) or stores.library.create_matter(matter)).id
    record = stores.library.accept(id_, "x.pdf", data)
    steps: list[DocumentRecord] = []
    stores.ingest.run(steps.append)
    return stores.library.record(id_, record.id), steps


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)


# Limits


@pytest.mark.parametrize(
    ("data", "limits", "sentence"),
    [
        (hostile.form_that_draws_itself(), Limits(page_seconds=0.5), f"Page 1 of “x.pdf” {SLOW}"),
        (hostile.nested_forms(), Limits(page_seconds=0.5), f"Page 1 of “x.pdf” {SLOW}"),
        (hostile.field_tree(), Limits(page_seconds=0.5), f"Page 1 of “x.pdf” {SLOW}"),
        (hostile.form_that_draws_itself(), Limits(document_seconds=0.5), f"“x.pdf” {SLOW}"),
        pytest.param(
            hostile.form_that_draws_itself(),
            Limits(memory_mib=256),
            "Reading “x.pdf” takes more memory than the limit of 256 MiB.",
            marks=linux,
        ),
        pytest.param(
            hostile.text_bomb(20_000_000),
            Limits(memory_mib=256),
            "Reading “x.pdf” takes more memory than the limit of 256 MiB.",
            marks=linux,
        ),
        (
            hostile.text_bomb(1_600_000, b"a", 1),
            Limits(),
            "“x.pdf” has more than 1,500,000 lines of text.",
        ),
        (
            hostile.text_bomb(),
            Limits(characters=100_000),
            "“x.pdf” has more text than the limit of 100,000 characters.",
        ),
        (
            hostile.text_bomb(),
            Limits(matter_characters=100_000),
            "With “x.pdf” this matter would have more text than the limit of 100,000 characters.",
        ),
    ],
    ids=[
        "a form in itself",
        "nested forms",
        "nested fields",
        "the whole document",
        "memory",
        "memory for text",
        "lines",
        "text",
        "the matter's text",
    ],
)
def test_what_is_over_a_limit_fails_at_once_with_a_sentence_and_a_hint(
    tmp_path: Path, data: bytes, limits: Limits, sentence: str
) -> None:
    with opened(tmp_path / "data", limits=limits) as stores:
        failed, steps = taken_in(stores, data)
        assert failed.reason is not None
        assert failed.reason.startswith(sentence)
        assert len(failed.reason) > len(sentence) + 10
        assert (failed.state, failed.attempts, failed.characters) == ("failed", 0, 0)
        assert [step.state for step in steps if step.page == 0].count("reading") <= 2  # claimed once, opened once
        assert taken_in(stores, GOOD)[0].state == "ready"


@pytest.mark.parametrize(
    "data",
    [hostile.recursive_pattern(), hostile.pages_that_contain_themselves()],
    ids=["a pattern in itself", "a page tree in itself"],
)
def test_what_is_strange_and_can_be_read_is_ready(tmp_path: Path, data: bytes) -> None:
    with opened(tmp_path / "data") as stores:
        ready, _ = taken_in(stores, data)
        assert (ready.state, ready.attempts) == ("ready", 0)
        assert "The tenant pays the rent" in stores.library.document(ready.matter_id, ready.id).text


def test_labels_that_bring_the_converter_down_are_left_out_the_next_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path / "data") as stores:
        ready, _ = taken_in(stores, hostile.labels_that_contain_themselves())
        document = stores.library.document(ready.matter_id, ready.id)
    assert (ready.state, ready.attempts) == ("ready", 1)
    assert [page.label for page in document.pages] == ["1"]
    assert any("signal SIGSEGV" in record.getMessage() for record in caplog.records)


def test_the_characters_of_a_matter_are_counted_over_its_documents(tmp_path: Path) -> None:
    with opened(tmp_path / "data", limits=Limits(matter_characters=1_200)) as stores:
        first, _ = taken_in(stores, GOOD)
        size = len(stores.library.document(first.matter_id, first.id).text)
        assert (first.state, first.characters) == ("ready", size)
        assert 600 < size < 1_200  # one fits, two do not
        second, _ = taken_in(stores, make_pdf(contract(2)))
        assert second.state == "failed"
        assert taken_in(stores, make_pdf(contract(2)), "Other")[0].state == "ready"
        stores.ingest.remove(first.matter_id, first.id)
        stores.library.accept(second.matter_id, "again.pdf", make_pdf(contract(2)))
        stores.ingest.run()
        assert stores.library.record(second.matter_id, second.id).state == "ready"


# The process


@linux
@pytest.mark.parametrize("how", ["drawing", "matching"])
def test_nothing_runs_on_when_the_owner_was_killed(how: str) -> None:
    command = [sys.executable, "-m", "tests.retrieval.hung", how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        child = int(owner.stdout.readline())
        time.sleep(0.5)  # so that it is in the middle of it
        assert _runs(child)
        owner.kill()
    wait_for(lambda: not _runs(child))


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"  # ended, and nobody has asked yet how


@linux
def test_a_process_that_is_ended_is_told_with_its_signal() -> None:
    child = Child(_abort, "aborts")
    with pytest.raises(EOFError):
        child.pipe().recv()
    assert how_it_ended(child.exit_code()) == "signal SIGABRT"
    child.stop()


def _abort(_pipe: object) -> None:
    os.kill(os.getpid(), signal.SIGABRT)


def test_no_object_of_the_process_s_own_making_is_taken() -> None:
    converter = ConverterProcess(Limits(characters=1_000))
    for serve in (_send_an_object, _send_too_much):
        converter._child = Child(serve, "sends")
        with pytest.raises((ValueError, ConverterDied)):
            converter.convert(GOOD, name="x.pdf", document_id="x", on_page=lambda _page, _of: None)
        assert multiprocessing.active_children() == []


def _send_an_object(pipe: Connection) -> None:
    pipe.send(("page", 1, 1))
    pipe.recv()


def _send_too_much(pipe: Connection) -> None:
    pipe.send_bytes(b" " * (20 << 20))
    pipe.recv()


# Others


def test_the_documents_of_one_user_that_hang_do_not_hold_up_another_s(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with opened(tmp_path / "data", limits=Limits(page_seconds=120)) as stores:
        mallory = stores.library.create_matter("Hers", namespace="mallory")
        alice = stores.library.create_matter("Mine", namespace="alice")
        hung = [
            stores.library.accept(mallory.id, f"{n}.pdf", hostile.form_that_draws_itself(b"%% %d" % n))
            for n in range(4)
        ]
        stores.ingest.start()
        wait_for(lambda: stores.library.record(mallory.id, hung[0].id).state == "reading")
        good = stores.library.accept(alice.id, "good.pdf", GOOD)
        stores.ingest.wake()
        began = time.monotonic()
        wait_for(lambda: stores.library.record(alice.id, good.id).state == "ready", 90)
        record_property("seconds_that_another_waited", round(time.monotonic() - began, 1))
        states = [record.state for record in stores.library.documents(mallory.id)]
        assert states == ["reading", "waiting", "waiting", "waiting"]


# What was lost


def test_a_lost_original_fails_its_document_alone(tmp_path: Path) -> None:
    with opened(tmp_path / "data", workers=1) as stores:
        matter = stores.library.create_matter("Acme")
        lost = stores.library.accept(matter.id, "lost.pdf", GOOD)
        other = stores.library.accept(matter.id, "other.pdf", make_pdf(contract(2)))
        _file(tmp_path, lost, "pdf").unlink()
        stores.ingest.run()
        failed = stores.library.record(matter.id, lost.id)
        assert failed.state == "failed"
        assert failed.reason == (
            "The file of “lost.pdf” is no longer in the file store. Remove the document and add the file again."
        )
        assert stores.library.record(matter.id, other.id).state == "ready"
        with pytest.raises(OriginalMissing):
            stores.library.original(matter.id, lost.id)
        stores.ingest.remove(matter.id, lost.id)
        assert taken_in(stores, GOOD)[0].state == "ready"


def test_an_original_that_cannot_be_read_is_a_lost_one(tmp_path: Path) -> None:
    with opened(tmp_path / "data") as stores:
        matter = stores.library.create_matter("Acme")
        lost = stores.library.accept(matter.id, "lost.pdf", GOOD)
        original = _file(tmp_path, lost, "pdf")
        original.unlink()
        original.mkdir()
        stores.ingest.run()
        assert stores.library.record(matter.id, lost.id).state == "failed"


def test_a_store_that_is_away_is_waited_for(tmp_path: Path) -> None:
    with opened(tmp_path / "data") as stores:
        matter = stores.library.create_matter("Acme")
        first, second = (stores.library.accept(matter.id, f"{n}.pdf", make_pdf(contract(n))) for n in (1, 2))
        store, away = tmp_path / "data" / "files", tmp_path / "away"
        store.rename(away)
        stores.ingest.start()
        with pytest.raises(DataFolderUnusable):
            stores.library.original(matter.id, first.id)
        time.sleep(1)
        assert {r.state for r in stores.library.documents(matter.id)} == {"waiting"}
        away.rename(store)
        stores.ingest.wake()
        wait_for(lambda: {r.state for r in stores.library.documents(matter.id)} == {"ready"})
        assert second.id != first.id


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:40])])
def test_a_lost_text_is_read_again(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    with opened(tmp_path / "data") as stores:
        ready, _ = taken_in(stores, GOOD)
        text = stores.library.document(ready.matter_id, ready.id).text
        damage(_file(tmp_path, ready, "text.json.gz"))
    with opened(tmp_path / "data") as stores:  # nothing of it in memory any more
        with pytest.raises(DocumentNotReady):
            stores.library.document(ready.matter_id, ready.id)
        assert stores.library.record(ready.matter_id, ready.id).state == "waiting"
        stores.ingest.run()
        assert stores.library.document(ready.matter_id, ready.id).text == text


def test_a_document_that_lost_its_text_and_its_original_is_found_no_more(tmp_path: Path) -> None:
    with opened(tmp_path / "data") as stores:
        ready, _ = taken_in(stores, GOOD)
        for kind in ("pdf", "text.json.gz"):
            _file(tmp_path, ready, kind).unlink()
    with opened(tmp_path / "data") as stores:
        with pytest.raises(DocumentNotReady):
            stores.library.document(ready.matter_id, ready.id)
        stores.ingest.run()
        assert stores.library.record(ready.matter_id, ready.id).state == "failed"
        assert stores.vectors.document_ids(ready.matter_id) == stores.lexical.document_ids(ready.matter_id) == set()


def _file(folder: Path, record: DocumentRecord, kind: str) -> Path:
    [file] = (folder / "data" / "files" / record.id[:2]).glob(f"{record.id}*{kind}")
    return file


# The end


class Slow(HashingEmbedder):
    """Takes a while for each batch."""

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        time.sleep(0.3)
        return super().passages(texts)


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (hostile.form_that_draws_itself(), "reading"),
        (hostile.text_bomb(4_000_000), "reading"),
        (hostile.text_bomb(1_000_000), "indexing"),
    ],
    ids=["a page that hangs", "a text that is long to cut", "much to embed"],
)
def test_the_work_ends_within_seconds_whatever_is_under_way(tmp_path: Path, data: bytes, state: str) -> None:
    under_way = threading.Event()
    with opened(tmp_path / "data", Slow()) as stores:
        matter = stores.library.create_matter("Acme")
        record = stores.library.accept(matter.id, "x.pdf", data)
        stores.ingest.start(lambda r: under_way.set() if r.state == state else None)
        assert under_way.wait(allowed(30))
        time.sleep(2 if state == "reading" else 0.5)  # well into it
        with within(3, time.monotonic):
            stores.ingest.stop()
        waiting = stores.library.record(matter.id, record.id)
        assert (waiting.state, waiting.page, waiting.attempts) == ("waiting", 0, 0)
        assert multiprocessing.active_children() == []
