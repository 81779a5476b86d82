"""Notes on passages: whose they are, who reads them, what bounds them, and what they go with."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from retrieval import DocumentRecord, Files, Library, Matter, NoSuchMatter, Span, database
from tests.pdfs import make_pdf
from tests.webapp.page.pages import ready
from webapp.core.errors import MatterArchived, NoSuchNote, NoteEmpty, NoteTooLong, NotText, OnHold, TooManyNotes
from webapp.core.settings import load_settings
from webapp.service.workspace import Workspace
from webapp.store import notes as notes_module
from webapp.store.access import Access
from webapp.store.audit import Act, Audit, Wanted
from webapp.store.notes import LONGEST_NOTE, Notes
from webapp.store.schema import notes
from webapp.store.sharing import Sharing
from webapp.store.users import User, Users

ANN, BEN, CAT = User("ann", "Ann"), User("ben", "Ben"), User("cat", "Cat")


class Records:
    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        self.engine = engine
        self.library = Library(engine, Files(folder / "files"))
        users = Users(engine)
        for user in (ANN, BEN, CAT):
            users.add(user)
        self.access = Access(self.library, users)
        self.sharing = Sharing(engine, self.library, users, self.access, Audit(engine, folder / "audit.head"))
        self.notes = Notes(engine, self.access)
        self.matter = self.access.create(ANN, "Acme")
        self.document = self.library.accept(self.matter.id, "lease.pdf", make_pdf(["1. Rent. It is $5."]))
        self.sharing.share(ANN, self.matter.id, BEN.id, "viewer")

    def add(self, user: User, words: str = "Too high?", *, shared: bool = False, at: int = 3) -> str:
        span = Span(self.document.id, at, at + 5)
        return self.notes.add(user, self.matter.id, span, 1, words, shared=shared).id

    def seen(self, user: User) -> list[tuple[str, str | None]]:
        return [(each.words, each.author) for each in self.notes.of(user, self.matter.id, self.document.id)]


@pytest.fixture
def records(engine: sa.Engine, tmp_path: Path) -> Records:
    return Records(engine, tmp_path)


def test_a_note_is_its_authors_alone_until_it_is_shared_with_the_matter(records: Records) -> None:
    records.add(ANN, "for me", at=9)
    records.add(ANN, "for all", shared=True)
    records.add(BEN, "Ben's own", at=1)
    assert records.seen(ANN) == [("for all", None), ("for me", None)]
    assert records.seen(BEN) == [("Ben's own", None), ("for all", "Ann")]
    with pytest.raises(NoSuchMatter):
        records.seen(CAT)
    with pytest.raises(NoSuchMatter):
        records.add(CAT)


def test_whoever_leaves_a_matter_reads_and_deletes_no_note_of_it(records: Records) -> None:
    note = records.add(BEN, shared=True)
    records.sharing.unshare(ANN, records.matter.id, BEN.id)
    with pytest.raises(NoSuchMatter):
        records.seen(BEN)
    with pytest.raises(NoSuchNote):
        records.notes.delete(BEN, note)
    assert records.seen(ANN) == [("Too high?", "Ben")]


def test_only_its_author_deletes_a_note_and_nobody_learns_of_anothers(records: Records) -> None:
    private, shared = records.add(ANN), records.add(ANN, shared=True)
    told = []
    for note in (private, shared, "0" * 32, "", "\0", "x" * 10_000):
        with pytest.raises(NoSuchNote) as error:
            records.notes.delete(BEN, note)
        told.append(str(error.value))
    assert len(set(told)) == 1
    records.notes.delete(ANN, private)
    assert len(records.seen(ANN)) == 1


def test_only_its_author_changes_a_note_and_its_passage_and_time_stay(records: Records) -> None:
    private, shared = records.add(ANN), records.add(ANN, shared=True)
    before = records.notes.own(ANN, shared)
    for note in (private, shared, "0" * 32, ""):
        with pytest.raises(NoSuchNote):
            records.notes.change(BEN, note, "Mine now")
    records.notes.change(ANN, shared, "  Lower?\r\nAsk. ")
    assert records.notes.own(ANN, shared) == replace(before, words="Lower?\nAsk.")
    assert ("Lower?\nAsk.", "Ann") in records.seen(BEN)
    for words, error in (("", NoteEmpty), ("x" * (LONGEST_NOTE + 1), NoteTooLong), ("a\0b", NotText)):
        with pytest.raises(error):
            records.notes.change(ANN, shared, words)
    records.sharing.archive(ANN, records.matter.id, archived=True)
    with pytest.raises(MatterArchived):
        records.notes.change(ANN, shared, "In the archive")
    assert records.notes.own(ANN, shared).words == "Lower?\nAsk."


@pytest.mark.parametrize(
    ("words", "error"),
    [("", NoteEmpty), (" \n\t", NoteEmpty), ("x" * (LONGEST_NOTE + 1), NoteTooLong), ("a\0b", NotText)],
)
def test_a_note_without_words_or_with_too_many_is_refused(records: Records, words: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        records.add(ANN, words)
    assert records.seen(ANN) == []


def test_a_note_keeps_its_lines_and_no_codes(records: Records) -> None:
    records.add(ANN, "  first\r\nsecond \x1b[31mred\u202e ")
    assert records.seen(ANN) == [("first\nsecond red", None)]


def test_the_number_of_notes_of_one_user_in_a_matter_is_bounded(records: Records) -> None:
    row = {"matter_id": records.matter.id, "document_id": records.document.id, "user_id": ANN.id, "text_version": 1}
    row |= {"first": 0, "last": 1, "words": "x", "written_at": datetime.now(UTC)}
    with database.writing(records.engine) as connection:
        rows = [row | {"id": f"{n:032x}"} for n in range(notes_module.MOST_NOTES)]
        connection.execute(sa.insert(notes), rows)
    with pytest.raises(TooManyNotes, match="2,000 notes"):
        records.add(ANN)
    records.add(BEN)


def test_in_the_archive_notes_are_read_and_none_is_written(records: Records) -> None:
    records.add(ANN)
    records.sharing.archive(ANN, records.matter.id, archived=True)
    assert len(records.seen(ANN)) == 1
    with pytest.raises(MatterArchived):
        records.add(ANN)


@pytest.fixture
def workspace(tmp_path: Path, embeddings_url: str) -> Iterator[Workspace]:
    settings = load_settings(data_dir=tmp_path, access="behind-proxy", embeddings_url=embeddings_url)
    with Workspace(settings) as workspace:
        for user in (ANN, BEN):
            workspace._users.add(user)
        yield workspace


@pytest.fixture
def matter(workspace: Workspace) -> Matter:
    return workspace.create_matter(ANN, "Acme")


@pytest.fixture
def record(workspace: Workspace, matter: Matter) -> DocumentRecord:
    return ready(workspace, matter, "lease.pdf", "1. Rent. The rent is $5.")


def _kept(workspace: Workspace) -> list[str]:
    with database.reading(workspace._database) as connection:
        return list(connection.scalars(sa.select(notes.c.words)))


def _noted(workspace: Workspace, record: DocumentRecord, user: User = ANN) -> str:
    span = Span(record.id, 0, 7)
    return workspace.add_note(user, record, span, record.text_version, "a word of one's own", shared=True).id


def test_notes_go_with_their_document_with_their_matter_and_with_their_author(
    workspace: Workspace, matter: Matter, record: DocumentRecord
) -> None:
    workspace.sharing.share(ANN, matter.id, BEN.id, "member")
    _noted(workspace, record, BEN)
    workspace.delete_user(BEN)
    assert _kept(workspace) == []
    _noted(workspace, record)
    workspace.remove_document(ANN, record)
    assert _kept(workspace) == []
    _noted(workspace, ready(workspace, matter, "lease.pdf", "1. Rent. The rent is $6."))
    workspace.delete_matter(matter, ANN)
    assert _kept(workspace) == []


def test_notes_go_when_their_retention_has_ended_and_stay_under_a_hold(
    workspace: Workspace, matter: Matter, record: DocumentRecord
) -> None:
    old, new = _noted(workspace, record), _noted(workspace, record)
    with database.writing(workspace._database) as connection:
        then = datetime.now(UTC) - timedelta(days=31)
        connection.execute(sa.update(notes).where(notes.c.id == old).values(written_at=then))
    workspace.retention.retain(ANN, matter.id, 30)
    workspace.retention.hold(ANN, matter.id, hold=True)
    workspace.delete_due()
    with pytest.raises(OnHold):
        workspace.delete_note(ANN, matter.id, new)
    with pytest.raises(OnHold):
        workspace.change_note(ANN, record, new, "Otherwise")
    assert len(_kept(workspace)) == 2
    workspace.retention.hold(ANN, matter.id, hold=False)
    workspace.delete_due()
    assert [each.id for each in workspace.notes.of(ANN, matter.id, record.id)] == [new]
    rows = [row for row in workspace.audit.each(Wanted(matter.id)) if row.act in (Act.NOTE, Act.DELETE)]
    assert [(row.act, row.object) for row in rows] == [("note", record.id), ("note", record.id), ("delete", old)]
    assert "one's own" not in str(rows)


def test_the_text_that_a_note_stands_beside_is_kept(workspace: Workspace, record: DocumentRecord) -> None:
    assert not workspace._is_cited(record.id, record.text_version)
    _noted(workspace, record)
    assert workspace._is_cited(record.id, record.text_version)
    assert not workspace._is_cited(record.id, replace(record, text_version=record.text_version + 1).text_version)
