import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.core.errors import EmbedderUnavailable, NoSuchDocument, NoSuchMatter
from retrieval.ingest_workers import NICENESS
from retrieval.library.schema import DocumentRecord
from retrieval.reading.formats import FORMATS
from retrieval.search.lexical import stems_of
from retrieval.structure.chunks import chunk
from tests.pdfs import make_pdf
from tests.retrieval.killed import CONTRACTS
from tests.retrieval.stores import HashingEmbedder, Stores, contract, opened

pytestmark = pytest.mark.slow

LONG = make_pdf(contract(0, pages=400))  # long enough to be caught in the middle


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    with opened(tmp_path / "data") as stores:
        yield stores


def add(stores: Stores, matter: str = "Acme", *, contracts: int = 1) -> list[DocumentRecord]:
    """Contracts 1, 2, … in a matter, which is made where there is none."""
    known = {m.name: m for m in stores.library.matters()}
    id_ = (known.get(matter) or stores.library.create_matter(matter)).id
    return [stores.library.accept(id_, f"{n}.pdf", make_pdf(contract(n))) for n in range(1, contracts + 1)]


def indexed(stores: Stores, matter_id: str) -> tuple[set[str], set[str]]:
    """Ids of all chunks in the two indexes."""
    anything = stores.embedder.queries(["goods"])[0]
    vectors = {c.id for c in stores.vectors.query(matter_id, anything, None, 10_000)}
    stems = dict.fromkeys(stems_of("goods delivery fees dollars state"), 1.0)
    words = {c.id for c in stores.lexical.query(matter_id, stems, None, 10_000)}
    return vectors, words


def assert_whole(stores: Stores, matter_id: str) -> None:
    """Every document is ready and stands in both indexes with each of its chunks once, and nothing else does."""
    records = stores.library.documents(matter_id)
    assert {r.state for r in records} <= {"ready"}
    chunks = {c.id for r in records for c in chunk(stores.library.document(matter_id, r.id))}
    assert indexed(stores, matter_id) == (chunks, chunks)


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)


def test_a_contract_becomes_ready_and_stands_in_both_indexes(stores: Stores) -> None:
    (record,) = add(stores)
    seen: list[DocumentRecord] = []
    stores.ingest.run(seen.append)
    assert list(dict.fromkeys(r.state for r in seen)) == ["reading", "indexing", "ready"]
    ready = stores.library.record(record.matter_id, record.id)
    assert ready == seen[-1]
    assert (ready.page, ready.pages, ready.unreadable_pages, ready.reason) == (3, 3, (), None)
    assert "law of State 1" in stores.library.document(record.matter_id, record.id).text
    assert_whole(stores, record.matter_id)


def test_progress_counts_pages_up_to_the_end(stores: Stores) -> None:
    matter = stores.library.create_matter("Acme")
    stores.library.accept(matter.id, "long.pdf", LONG)
    seen: list[DocumentRecord] = []
    stores.ingest.run(seen.append)
    for state in ("reading", "indexing"):
        pages = [r.page for r in seen if r.state == state]
        assert pages == sorted(pages)
        assert len(set(pages)) > 1
    assert seen[-1].page == seen[-1].pages == 400


def test_documents_are_worked_on_at_the_same_time(stores: Stores) -> None:
    add(stores, contracts=6)
    busy: dict[str, str] = {}
    most = 0

    def count(record: DocumentRecord) -> None:
        nonlocal most
        busy[record.id] = record.state
        most = max(most, sum(state in {"reading", "indexing"} for state in busy.values()))

    stores.ingest.run(count)
    assert most == 2
    assert set(busy.values()) == {"ready"}


def test_a_file_that_another_matter_has_read_is_not_read_again(stores: Stores, tmp_path: Path) -> None:
    (one,) = add(stores, "One")
    stores.ingest.run()
    (two,) = add(stores, "Two")
    lose_originals(tmp_path)
    stores.ingest.run()
    assert_whole(stores, one.matter_id)
    assert_whole(stores, two.matter_id)


def test_between_walls_a_file_is_read_as_if_no_other_matter_had_it(stores: Stores, tmp_path: Path) -> None:
    stores.ingest.walled = True
    (one,) = add(stores, "One")
    stores.ingest.run()
    (two,) = add(stores, "Two")
    lose_originals(tmp_path)
    stores.ingest.run()
    assert_whole(stores, one.matter_id)
    assert stores.library.record(two.matter_id, two.id).state == "failed"


def lose_originals(folder: Path) -> None:
    """What reads a file now fails."""
    for path in (folder / "data" / "files").rglob("*.pdf"):
        path.unlink()


def test_who_follows_and_fails_does_not_harm_the_document(stores: Stores) -> None:
    (record,) = add(stores)

    def broken(_: DocumentRecord) -> None:
        raise RuntimeError("the page is gone")

    stores.ingest.run(broken)
    assert_whole(stores, record.matter_id)


@pytest.mark.parametrize("state", ["reading", "indexing"])
def test_a_document_removed_while_it_is_worked_on_leaves_nothing(stores: Stores, tmp_path: Path, state: str) -> None:
    matter = stores.library.create_matter("Acme")
    long = stores.library.accept(matter.id, "long.pdf", LONG)
    add(stores)

    def remove(record: DocumentRecord) -> None:
        if record.id == long.id and record.state == state and record.page > 0:
            stores.ingest.remove(matter.id, long.id)

    stores.ingest.run(remove)
    (left,) = stores.library.documents(matter.id)
    assert left.id != long.id
    assert_whole(stores, matter.id)
    assert {path.name[:64] for path in (tmp_path / "data" / "files").rglob("*.*")} == {left.id}


@pytest.mark.parametrize("state", ["reading", "indexing"])
def test_a_document_paused_while_it_is_worked_on_is_ingested_after_it_is_resumed(stores: Stores, state: str) -> None:
    matter = stores.library.create_matter("Acme")
    long = stores.library.accept(matter.id, "long.pdf", LONG)
    add(stores)

    def pause(record: DocumentRecord) -> None:
        if record.id == long.id and record.state == state and record.page > 0:
            stores.ingest.pause(matter.id, long.id)

    stores.ingest.run(pause)
    assert sorted(record.state for record in stores.library.documents(matter.id)) == ["paused", "ready"]
    assert stores.ingest.resume(matter.id) == 1
    stores.ingest.run()
    assert_whole(stores, matter.id)


class Obliging(HashingEmbedder):
    """Does something just before it embeds."""

    def __init__(self, first: Callable[[], None]) -> None:
        super().__init__()
        self._first = first

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self._first()
        return super().passages(texts)


def test_a_document_removed_at_the_last_moment_leaves_nothing(tmp_path: Path) -> None:
    def remove() -> None:
        stores.ingest.remove(record.matter_id, record.id)

    with opened(tmp_path / "data", Obliging(remove)) as stores:
        (record,) = add(stores)
        stores.ingest.run()
        assert stores.library.documents(record.matter_id) == []
        assert stores.vectors.document_ids(record.matter_id) == stores.lexical.document_ids(record.matter_id) == set()
        with pytest.raises(NoSuchDocument):
            stores.ingest.remove(record.matter_id, record.id)


def test_a_deleted_matter_is_gone_from_everything(stores: Stores, tmp_path: Path) -> None:
    (record,) = add(stores)
    (kept,) = add(stores, "Other")
    stores.ingest.run()
    stores.ingest.delete_matter(record.matter_id)
    assert stores.vectors.document_ids(record.matter_id) == stores.lexical.document_ids(record.matter_id) == set()
    with pytest.raises(NoSuchMatter):
        stores.library.documents(record.matter_id)
    assert_whole(stores, kept.matter_id)


# Crashes


def test_a_file_that_kills_its_reader_fails_alone(tmp_path: Path) -> None:
    with opened(tmp_path / "data", workers=1) as stores:
        matter = stores.library.create_matter("Acme")
        killer = stores.library.accept(matter.id, "killer.pdf", LONG)
        (other,) = add(stores)
        seen: list[DocumentRecord] = []

        def kill(record: DocumentRecord) -> None:
            seen.append(record)
            if record.id == killer.id and record.state == "reading" and record.page > 0:
                for child in multiprocessing.active_children():
                    child.kill()

        stores.ingest.run(kill)
        failed = stores.library.record(matter.id, killer.id)
        assert (failed.state, failed.attempts) == ("failed", 3)
        assert failed.reason is not None
        assert failed.reason.startswith("“killer.pdf” could not be read: reading it failed 3 times.")
        assert stores.library.record(matter.id, other.id).state == "ready"


def test_what_the_reader_began_when_the_work_was_stopped_waits_again(stores: Stores) -> None:
    matter = stores.library.create_matter("Acme")
    long = stores.library.accept(matter.id, "long.pdf", LONG)
    reading = threading.Event()

    def tell(record: DocumentRecord) -> None:
        if record.page > 0 and not reading.is_set():
            reading.set()
            time.sleep(1)  # so that the end of the work comes in the middle of the document

    stores.ingest.start(tell)
    assert reading.wait(30)
    stores.ingest.stop()
    record = stores.library.record(matter.id, long.id)
    assert (record.state, record.page, record.attempts) == ("waiting", 0, 0)
    assert multiprocessing.active_children() == []
    stores.ingest.run()
    assert_whole(stores, matter.id)


@pytest.mark.skipif(sys.platform != "linux", reason="a thread has no priority of its own elsewhere")
def test_the_background_lets_questions_go_first(stores: Stores) -> None:
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    stores.ingest.start()
    working = [thread for thread in threading.enumerate() if thread.name.startswith("pincite-ingest-")]
    assert working
    wait_for(lambda: {os.getpriority(os.PRIO_PROCESS, t.native_id or 0) for t in working} == {min(mine + NICENESS, 19)})
    stores.ingest.stop()


def test_the_background_takes_what_comes_later(stores: Stores) -> None:
    stores.ingest.start()
    (first,) = add(stores)
    stores.ingest.wake()
    wait_for(lambda: stores.library.record(first.matter_id, first.id).state == "ready")
    records = add(stores, contracts=3)
    stores.ingest.wake()
    wait_for(lambda: {r.state for r in stores.library.documents(first.matter_id)} == {"ready"})
    stores.ingest.stop()
    assert len(records) == 3
    assert_whole(stores, first.matter_id)


def test_a_search_model_that_is_away_is_no_fault_of_the_file(tmp_path: Path) -> None:
    away = [True]

    def fail_while_away() -> None:
        if away[0]:
            raise EmbedderUnavailable(reason="its server does not answer")

    with opened(tmp_path / "data", Obliging(fail_while_away)) as stores:
        (record,) = add(stores)
        with pytest.raises(EmbedderUnavailable):
            stores.ingest.run()
        assert stores.library.record(record.matter_id, record.id).state == "waiting"
        tried = threading.Event()
        stores.ingest.start(lambda r: tried.set() if r.state == "indexing" else None)
        assert tried.wait(30)
        away[0] = False
        stores.ingest.wake()  # else it is tried again after half a minute
        wait_for(lambda: stores.library.record(record.matter_id, record.id).state == "ready")
        stores.ingest.stop()
        assert_whole(stores, record.matter_id)


def test_a_fault_of_ours_is_told_under_a_reference(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with opened(tmp_path / "data", Obliging(fail)) as stores:
        (record,) = add(stores)
        stores.ingest.run()
        failed = stores.library.record(record.matter_id, record.id)
    assert failed.state == "failed"
    assert failed.reason is not None
    reference = failed.reason.removeprefix("Something went wrong (ref ").removesuffix(").")
    assert any(reference in r.getMessage() and r.exc_info for r in caplog.records)


# Repair


def lose_vectors(stores: Stores, matter_id: str) -> None:
    stores.vectors.drop(matter_id)


def lose_words_of_one(stores: Stores, matter_id: str) -> None:
    stores.lexical.remove(matter_id, stores.library.documents(matter_id)[0].id)


def forget_one_in_the_library_alone(stores: Stores, matter_id: str) -> None:
    stores.library.remove(matter_id, stores.library.documents(matter_id)[0].id)


def stop_while_reading(stores: Stores, matter_id: str) -> None:
    stores.library.jobs.save(replace(stores.library.documents(matter_id)[0], state="reading"))


def stop_while_indexing(stores: Stores, matter_id: str) -> None:
    record = stores.library.documents(matter_id)[0]
    stores.library.jobs.save(replace(record, state="indexing"))
    stores.vectors.remove(matter_id, record.id)


def fail_after_it_was_indexed(stores: Stores, matter_id: str) -> None:
    record = stores.library.documents(matter_id)[0]
    stores.library.jobs.save(replace(record, state="failed", reason="x"))
    stores.library.accept(matter_id, record.name, stores.library.original(matter_id, record.id))


def index_with_an_older_chunker(stores: Stores, matter_id: str) -> None:
    stores.library.set_indexed_with(matter_id, "chunks 0, hashing")


@pytest.mark.parametrize(
    "damage",
    [
        lose_vectors,
        lose_words_of_one,
        forget_one_in_the_library_alone,
        stop_while_reading,
        stop_while_indexing,
        fail_after_it_was_indexed,
        index_with_an_older_chunker,
    ],
)
def test_repair_makes_the_indexes_equal_to_the_library(stores: Stores, damage: Callable[[Stores, str], None]) -> None:
    matter_id = add(stores, contracts=2)[0].matter_id
    stores.ingest.run()
    damage(stores, matter_id)
    stores.ingest.repair()
    stores.ingest.run()
    assert_whole(stores, matter_id)
    assert stores.ingest.repair() == 0


def test_another_search_model_has_every_matter_indexed_again(tmp_path: Path) -> None:
    with opened(tmp_path / "data") as stores:
        matter_id = add(stores, contracts=2)[0].matter_id
        stores.ingest.run()
    with opened(tmp_path / "data", HashingEmbedder("wider", 96)) as stores:
        assert stores.ingest.repair() == 2
        stores.ingest.run()
        assert_whole(stores, matter_id)
        assert stores.ingest.repair() == 0


def test_repair_ends_a_deletion_that_broke_off(stores: Stores, tmp_path: Path) -> None:
    (record,) = add(stores)
    stores.ingest.run()
    stores.library.retire_matter(record.matter_id)
    stores.ingest.repair()
    assert stores.vectors.document_ids(record.matter_id) == stores.lexical.document_ids(record.matter_id) == set()
    assert not [path for path in (tmp_path / "data" / "files").rglob("*") if path.is_file()]


def test_reindex_makes_both_again_from_the_text_that_was_kept(stores: Stores, tmp_path: Path) -> None:
    one, two = add(stores, "One", contracts=2)[0].matter_id, add(stores, "Two")[0].matter_id
    stores.ingest.run()
    with pytest.raises(NoSuchMatter):
        stores.ingest.reindex("nothing")
    assert stores.ingest.reindex(one) == 2
    assert indexed(stores, one) == (set(), set())
    assert stores.ingest.reindex() == 3
    lose_originals(tmp_path)
    stores.ingest.run()
    assert_whole(stores, one)
    assert_whole(stores, two)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_nothing_accepted_is_lost_or_doubled_by_kill_9(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.retrieval.killed", str(tmp_path / "data")]
    accepted: set[str] = set()
    # Steps seen before the kill: while files are accepted, while they are read, while they are indexed.
    for steps in (4, 12, 18, 22, 17):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for step, line in enumerate(child.stdout, 1):
                accepted |= {line.split()[1]} if line.startswith("accepted") else set()
                if step >= steps:
                    child.kill()
                    break
        assert child.returncode == -signal.SIGKILL
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with opened(tmp_path / "data") as stores:
        (matter,) = stores.library.matters()
        records = stores.library.documents(matter.id)
        assert accepted <= {r.id for r in records}
        assert sorted(int(r.name.removesuffix(".pdf")) for r in records) == list(range(CONTRACTS))
        assert_whole(stores, matter.id)
        assert stores.ingest.repair() == 0
    kept = [path.name for path in (tmp_path / "data" / "files").rglob("*") if path.is_file()]
    suffixes = "pdf", f"{FORMATS['PDF'].version}.text.json.gz"
    assert sorted(kept) == sorted(f"{r.id}.{suffix}" for r in records for suffix in suffixes)
