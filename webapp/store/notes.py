"""Notes: what people write beside a passage of a document, each for themselves or for all who may read the matter.

A note is kept with the span of the passage in the text of its version, and never with the passage's words. It goes with
its document, its matter or its author, and when the retention of its matter has ended.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from retrieval import Span, database
from webapp.core.errors import NoSuchNote, NoteEmpty, NoteTooLong, NotText, TooManyNotes
from webapp.core.limits import is_id, is_text, without_codes
from webapp.store.access import Access
from webapp.store.retention import check_no_hold
from webapp.store.roles import matter_ids_of
from webapp.store.schema import notes, users
from webapp.store.users import User, lock_user

LONGEST_NOTE = 4_000  # characters: a page and a half
MOST_NOTES = 2_000  # of one user in one matter


@dataclass(frozen=True, slots=True)
class Note:
    """A note on a passage, in the text of that version. `author` is set for a reader whose note it is not."""

    id: str
    span: Span
    text_version: int
    words: str
    shared: bool
    author: str | None
    written_at: datetime


class Notes:
    """The notes of one database. Safe to use from several threads.

    A note is its author's alone unless they share it; then all who may read its matter read it, and nobody else deletes
    it. What a user may not see is refused in the same words as what does not exist: NoSuchNote.
    """

    def __init__(self, engine: sa.Engine, access: Access) -> None:
        self._engine, self._access = engine, access

    def of(self, user: User, matter_id: str, document_id: str) -> list[Note]:
        """The notes on a document that the user may read, in the order of its text. Raises NoSuchMatter."""
        self._access.check(user, matter_id)
        its = sa.and_(notes.c.matter_id == matter_id, notes.c.document_id == document_id)
        query = _readable(user).where(its).order_by(notes.c.first, notes.c.written_at, notes.c.id)
        with database.reading(self._engine) as connection:
            return [_note(row, user) for row in connection.execute(query)]

    def add(self, user: User, matter_id: str, span: Span, version: int, words: str, *, shared: bool) -> Note:
        """Keep a note on a passage. Raises NoteEmpty, NoteTooLong, NotText, TooManyNotes and what `check` does."""
        self._access.check(user, matter_id, "ask")
        words = _clean(words)
        note = Note(uuid.uuid4().hex, span, version, words, shared, None, datetime.now(UTC))
        theirs = sa.and_(notes.c.user_id == user.id, notes.c.matter_id == matter_id)
        with database.writing(self._engine) as connection:
            lock_user(connection, user)
            if (connection.scalar(sa.select(sa.func.count()).where(theirs)) or 0) >= MOST_NOTES:
                raise TooManyNotes(most=MOST_NOTES)
            row = {
                "id": note.id,
                "matter_id": matter_id,
                "document_id": span.document_id,
                "user_id": user.id,
                "text_version": version,
                "first": span.start,
                "last": span.end,
                "words": words,
                "shared": shared,
                "written_at": note.written_at,
            }
            connection.execute(sa.insert(notes).values(row))
        return note

    def own(self, user: User, note_id: str) -> Note:
        """The user's note with this id. Raises NoSuchNote."""
        with database.reading(self._engine) as connection:
            return _note(_mine(connection, user, note_id), user)

    def change(self, user: User, note_id: str, words: str) -> None:
        """Put other words in the place of those of the user's note; what it stands beside stays.

        Raises NoteEmpty, NoteTooLong, NotText, NoSuchNote, OnHold and what `check` does.
        """
        words = _clean(words)
        with database.writing(self._engine) as connection:
            matter_id = _mine(connection, user, note_id).matter_id
            self._access.check(user, matter_id, "ask")
            check_no_hold(connection, matter_id)
            connection.execute(sa.update(notes).where(notes.c.id == note_id).values(words=words))

    def delete(self, user: User, note_id: str) -> None:
        """Delete a note of the user's. Raises NoSuchNote and OnHold."""
        with database.writing(self._engine) as connection:
            check_no_hold(connection, _mine(connection, user, note_id).matter_id)
            connection.execute(sa.delete(notes).where(notes.c.id == note_id))

    def drop(self, matter_id: str, *, ids: Collection[str] = (), document_id: str = "") -> None:
        """Delete notes of a matter, whoever's they are: their retention has ended, or their document is removed.

        Raises OnHold.
        """
        its = notes.c.document_id == document_id if document_id else notes.c.id.in_(ids)
        with database.writing(self._engine) as connection:
            check_no_hold(connection, matter_id)
            connection.execute(sa.delete(notes).where(notes.c.matter_id == matter_id, its))

    def cite(self, document_id: str, version: int) -> bool:
        """Whether a note stands beside this text of a document."""
        its = sa.and_(notes.c.document_id == document_id, notes.c.text_version == version)
        with database.reading(self._engine) as connection:
            return connection.scalar(sa.select(notes.c.id).where(its).limit(1)) is not None


def _readable(user: User) -> sa.Select[Any]:
    """The query for the notes that a user may read, each with the name of its author."""
    query = sa.select(notes, users.c.name.label("author")).join(users, users.c.id == notes.c.user_id)
    theirs = sa.or_(notes.c.user_id == user.id, notes.c.shared)
    return query.where(theirs, notes.c.matter_id.in_(matter_ids_of(user.id)))


def _mine(connection: sa.Connection, user: User, note_id: str) -> sa.Row[Any]:
    found = _readable(user).where(notes.c.id == note_id, notes.c.user_id == user.id)
    row = connection.execute(found).one_or_none() if is_id(note_id) else None
    if row is None:
        raise NoSuchNote()
    return row


def _clean(words: str) -> str:
    if len(words) > LONGEST_NOTE:
        raise NoteTooLong(characters=len(words), limit=LONGEST_NOTE)
    if not is_text(words):
        raise NotText()
    words = without_codes(words).replace("\r\n", "\n").strip()
    if not words:
        raise NoteEmpty()
    return words


def _note(row: sa.Row[Any], reader: User) -> Note:
    author = None if row.user_id == reader.id else row.author
    span = Span(row.document_id, row.first, row.last)
    at = row.written_at if row.written_at.tzinfo else row.written_at.replace(tzinfo=UTC)
    return Note(row.id, span, row.text_version, row.words, row.shared, author, at)
