"""Every mention for the page: in the user's turn, within a time, and no more kept than a conversation can hold."""

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval import Matter
from retrieval.core.documents import Remark
from tests.clock import within
from tests.documents import document
from tests.pdfs import make_pdf
from tests.webapp.copies import copied
from webapp.core.errors import SearchesWaiting, SearchIncomplete, TooSlow
from webapp.core.results import CoverageRow, MentionRow, MentionsResult, NamedRow
from webapp.core.settings import load_settings
from webapp.core.stream import Event, Result
from webapp.page import controller
from webapp.page.controller import Controller
from webapp.page.evidence import newest_evidence
from webapp.page.state import PageState
from webapp.page.updates import Updates
from webapp.page.uploads import UploadStore
from webapp.service import mentions as mentions_file
from webapp.service.caller import Caller
from webapp.service.commands import FindMentions
from webapp.service.running import RunningAnswers
from webapp.service.workspace import SEARCHES_PER_USER, Workspace
from webapp.store.conversations import SavedTurn
from webapp.store.users import LOCAL_USER

# Each "a" but the last is a place, and each is looked at letter by letter: as long as one likes.
ENDLESS = "“a” " * 100_000
PHRASE = '"a" ' * 999 + '"a"'


class Reader:
    """A workspace with one matter, and the controller of its reader."""

    def __init__(self, folder: Path) -> None:
        self.workspace = Workspace(load_settings(data_dir=folder))
        self.matter: Matter = self.workspace.access.create(LOCAL_USER, "Acme")
        self.controller = Controller(self.workspace, LOCAL_USER, RunningAnswers(), UploadStore(self.workspace.settings))
        self.state = PageState(opened=True, matter_id=self.matter.id)

    def add(self, name: str, text: str) -> str:
        library = self.workspace.library
        record = library.accept(self.matter.id, name, make_pdf([name]))
        library.keep_text(record, document(text, id_=record.id, name=name))
        library.jobs.save(replace(record, state="ready", pages=1))
        return record.id

    def find(self, phrase: str) -> Updates:
        return asyncio.run(self.controller.find_mentions(self.state, phrase))

    def turns(self) -> list[SavedTurn]:
        said = self.workspace.conversations.all(LOCAL_USER, self.matter)
        return [turn for each in said for turn in self.workspace.conversations.turns(LOCAL_USER, each.id)]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path)
    yield reader
    reader.workspace.close()


def test_a_document_that_takes_too_long_is_left_out_and_named_and_the_others_are_looked_through(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mentions_file, "DOCUMENT_SECONDS", 0.3)
    endless = reader.add("endless.pdf", ENDLESS)
    reader.add("short.pdf", PHRASE)
    with within(10, time.monotonic):
        parts = reader.find(PHRASE)
    [turn] = reader.turns()
    assert isinstance(turn.answer, MentionsResult)
    assert [row.document for row in turn.answer.citations] == ["short.pdf"]
    assert turn.answer.left_out == (NamedRow(document_id=endless, document="endless.pdf"),)
    assert turn.answer.searched == CoverageRow(documents=1, pages=1, unreadable_pages=0, partly_read_pages=0)
    assert "“endless.pdf” could not be searched." in parts["past"]
    assert "1 mention in 1 document." in parts["past"]
    assert "Searched every word of 1 document" in parts["past"]


def test_of_very_many_places_all_are_counted_and_the_first_are_kept(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mentions_file, "MOST_KEPT", 30)
    reader.add("one.pdf", "rent is due. " * 20)
    reader.add("two.pdf", "rent is due. " * 2_000)
    reader.add("three.pdf", "rent")
    parts = reader.find("rent")
    [turn] = reader.turns()
    assert isinstance(turn.answer, MentionsResult)
    assert (turn.answer.count, turn.answer.documents, len(turn.answer.citations)) == (2_021, 3, 30)
    assert [row.document for row in turn.answer.citations] == ["one.pdf"] * 20 + ["two.pdf"] * 10
    assert parts["announcement"] == "2,021 mentions found."
    assert "2,021 mentions in 3 documents. Only the first 30 are listed;" in parts["past"]
    assert copied(turn).startswith("“rent”: 2,021 mentions in 3 documents. The first 30 are listed.\n")


def lose_texts(reader: Reader) -> None:
    """Four documents, of which one has lost its text and one a damaged one."""
    reader.add("first.pdf", "the rent")
    lost = reader.add("lost.pdf", "the rent is lost")
    damaged = reader.add("damaged.pdf", "the rent is damaged")
    reader.add("last.pdf", "more rent")
    files = reader.workspace.settings.data_dir / "files"
    next(files.rglob(f"{lost}.text*")).unlink()
    next(files.rglob(f"{damaged}.text*")).write_bytes(b"\x1f\x8b nothing")
    reader.workspace.library._blobs.texts._cache.clear()


def test_a_text_that_was_lost_does_not_keep_the_others_from_being_looked_through(reader: Reader) -> None:
    lose_texts(reader)
    parts = reader.find("rent")
    [turn] = reader.turns()
    assert [row.document for row in turn.answer.citations] == ["first.pdf", "last.pdf"]
    assert "“lost.pdf”, “damaged.pdf” could not be searched." in parts["past"]


def test_the_command_line_is_told_what_was_not_looked_through_after_what_was_found(reader: Reader) -> None:
    lose_texts(reader)
    events: list[Event[MentionRow]] = []
    with pytest.raises(SearchIncomplete):
        events.extend(Caller(reader.workspace, LOCAL_USER).run(FindMentions("Acme", "rent")))
    assert [event.row.document for event in events if isinstance(event, Result)] == ["first.pdf", "last.pdf"]


def test_the_command_line_is_given_every_place_however_many(reader: Reader) -> None:
    reader.add("many.pdf", "rent is due. " * 3_000)
    assert len(list(Caller(reader.workspace, LOCAL_USER).run(FindMentions("Acme", "rent")))) == 3_000


@pytest.mark.slow
def test_one_search_too_many_is_refused_and_changes_nothing_and_the_page_s_other_work_goes_on(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mentions_file, "DOCUMENT_SECONDS", 1.0)
    reader.add("endless.pdf", ENDLESS)

    async def test() -> None:
        searches = [
            asyncio.create_task(reader.controller.find_mentions(reader.state, PHRASE)) for _ in range(SEARCHES_PER_USER)
        ]
        await asyncio.sleep(0.3)
        with pytest.raises(SearchesWaiting):
            await reader.controller.find_mentions(reader.state, PHRASE)
        with within(1.5, time.monotonic):
            await asyncio.gather(*(asyncio.to_thread(reader.controller.sidebar, reader.state) for _ in range(4)))
        await asyncio.gather(*searches)

    asyncio.run(test())
    assert len(reader.turns()) == SEARCHES_PER_USER


@pytest.mark.slow
def test_a_search_that_does_not_get_its_turn_in_time_is_told_so_and_the_turn_it_was_to_replace_stays(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.add("short.pdf", "rent")
    reader.find("rent")
    [kept] = reader.turns()
    state = replace(reader.state, conversation_id=kept.conversation_id)
    monkeypatch.setattr(controller, "SEARCH_SECONDS", 0.3)

    async def test() -> None:
        busy = asyncio.create_task(reader.workspace.searches.run(LOCAL_USER.id, 10, lambda _: time.sleep(3)))
        await asyncio.sleep(0.1)
        with pytest.raises(TooSlow):
            await reader.controller.find_mentions(state, "rent", replaced_id=kept.id)
        await busy

    asyncio.run(test())
    assert reader.turns() == [kept]


def test_deleted_words_are_found_as_deleted_and_never_counted_as_mentions(reader: Reader) -> None:
    text = "Either party may end it on notice. The rent is due."
    lease = reader.add("lease.pdf", text)
    at = text.index("notice")
    library = reader.workspace.library
    kept = library.document(reader.matter.id, lease)
    remarks = (Remark(at, at, "struck", "thirty (30) days prior rent"), Remark(len(text), len(text), "struck", "Rent."))
    library.keep_text(library.record(reader.matter.id, lease), replace(kept, remarks=remarks))
    parts = reader.find("rent")
    [turn] = reader.turns()
    assert isinstance(turn.answer, MentionsResult)
    assert (turn.answer.count, turn.answer.documents, turn.answer.struck) == (1, 1, 2)
    live, struck, last = turn.answer.citations
    assert [row.status for row in (live, struck, last)] == ["", "struck", "struck"]
    assert struck.around is not None
    assert struck.around[1] == "rent"
    assert struck.around[0].endswith("on thirty (30) days prior ")
    assert "1 mention in 1 document, and 2 places in deleted text." in parts["past"]
    assert "<del><mark>rent</mark></del>" in parts["past"]
    assert "1 mention on 1 page" in parts["past"]
    copy = copied(turn)
    assert copy.startswith("“rent”: 1 mention in 1 document, and 2 places in deleted text.\n")
    assert copy.count("(deleted text)") == 2
    events = Caller(reader.workspace, LOCAL_USER).run(FindMentions("Acme", "rent"))
    assert [(event.row.status, event.row.start) for event in events if isinstance(event, Result)] == [
        ("", text.index("rent")),
        ("struck", at),
        ("struck", len(text)),
    ]


def test_a_phrase_that_was_deleted_everywhere_is_found_so(reader: Reader) -> None:
    lease = reader.add("lease.pdf", "The rent is due.")
    library = reader.workspace.library
    kept = library.document(reader.matter.id, lease)
    remarks = (Remark(16, 16, "struck", "Exclusivity."),)
    library.keep_text(library.record(reader.matter.id, lease), replace(kept, remarks=remarks))
    assert "No mention, but 1 place in deleted text." in reader.find("exclusivity")["past"]


def test_evidence_of_text_has_deleted_words_where_they_stood(reader: Reader) -> None:
    text, library = "Pay $225 for five years.", reader.workspace.library
    record = library.accept(reader.matter.id, "fees.txt", text.encode())
    remarks = (Remark(4, 4, "struck", "$180"), Remark(13, 13, "struck", "two"))
    library.keep_text(record, replace(document(text, id_=record.id, name="fees.txt"), remarks=remarks))
    library.jobs.save(replace(record, state="ready", pages=1))
    reader.find("$180")
    assert "Pay <del><mark>$180</mark></del> $225 for <del>two</del> five years." in newest(reader)
    reader.find("$225 for five")
    assert "Pay <del>$180</del> <mark>$225 for </mark><del>two</del> <mark>five</mark> years." in newest(reader)


def newest(reader: Reader) -> str:
    """The newest evidence without the offsets of its pieces."""
    html = newest_evidence(reader.workspace.library, reader.matter.id, reader.turns()[:1])
    return re.sub(r'<span data-from="\d*">(.*?)</span>', r"\1", str(html))


def test_what_could_not_be_searched_is_named(reader: Reader) -> None:
    lease = reader.add("lease.pdf", "The rent is due.")
    library = reader.workspace.library
    record = library.record(reader.matter.id, lease)
    library.jobs.save(replace(record, pages=4, unreadable_pages=(2, 3), partly_read_pages=(1,)))
    library.accept(reader.matter.id, "late.pdf", make_pdf(["late"]))
    past = reader.find("zebra")["past"]
    assert "Searched every word of 1 document, 4 pages; 2 pages unreadable, 1 read in part." in past
    assert "Pages 2-3 of lease.pdf could not be read. Page 1 of lease.pdf could be read only in part." in past
    assert "late.pdf could not be searched yet." in past
