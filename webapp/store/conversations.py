"""Conversations: the questions of a user in a matter, with their answers and citations, stored until they are deleted.

A stored answer has its text as it was shown, but of the documents only spans and section labels: quoted words are read
from the document again. If a document is deleted the answer stays, and its citations are marked as removed.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa

from retrieval import DocumentRecord, Library, Matter, PinciteError, database, in_context, own_words, struck_in_context
from webapp.core.errors import NoSuchConversation
from webapp.core.limits import check_name, is_id, without_codes
from webapp.core.results import Around, CitationRow, MentionsResult, NamedRow, Quoting, TurnResult, read_turn
from webapp.store.access import Access
from webapp.store.removals import removed
from webapp.store.retention import check_no_hold
from webapp.store.roles import matter_ids_of
from webapp.store.schema import conversations, turns, users
from webapp.store.users import User, lock_user

State = Literal["complete", "stopped", "failed"]
Rating = Literal[1, -1]
TITLE_LENGTH = 80  # characters; a title is the beginning of a question, or what the user calls it
MOST_TURNS, MOST_FOUND = 5_000, 100  # turns that a search reads, conversations that it finds
_BATCH = 100  # turns read at a time


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation of one user in one matter; `scope` has the ids of the selected documents, None for all.

    `author` is set for a reader whose conversation it is not. `shared`: whoever may read the matter reads it too.
    """

    id: str
    matter_id: str
    title: str
    scope: tuple[str, ...] | None
    created_at: datetime
    shared: bool = False
    author: str | None = None


@dataclass(frozen=True, slots=True)
class SavedTurn:
    """A question and what came of it: an answer, a summary, or every mention of a phrase.

    Places in a document that is gone have `removed` true and no words of it.
    """

    id: str
    conversation_id: str
    question: str
    answer: TurnResult
    state: State
    rating: Rating | None
    asked_at: datetime


class Conversations:
    """The conversations of one database. Safe to use from several threads.

    A conversation is its user's alone, until they share it: then all who may read its matter read it, and nobody else
    changes it. What a user may not read, or not change, is refused in the same words as what does not exist:
    NoSuchMatter, NoSuchConversation.
    """

    def __init__(self, engine: sa.Engine, library: Library, access: Access) -> None:
        self._engine = engine
        self._library = library
        self._access = access

    def start(self, user: User, matter: Matter, title: str, scope: Iterable[str] | None = None) -> Conversation:
        """Create an empty conversation. Raises QuotaReached, and what `Access.check` does."""
        self._access.check(user, matter.id, "ask")
        quota = self._access.quota(user)
        started = Conversation(uuid.uuid4().hex, matter.id, title_of(title), _scope(scope), datetime.now(UTC))
        row = {
            "id": started.id,
            "matter_id": matter.id,
            "user_id": user.id,
            "title": started.title,
            "scope": started.scope,
            "created_at": started.created_at,
        }
        with database.writing(self._engine) as connection:
            if quota is not None:
                lock_user(connection, user)
                quota.check("conversations", _count(connection, conversations.c.user_id == user.id) + 1)
            connection.execute(sa.insert(conversations).values(row))
        return started

    def all(self, user: User, matter: Matter) -> list[Conversation]:
        """The conversations of a matter that the user may read, newest first. Raises NoSuchMatter."""
        self._access.check(user, matter.id)
        with database.reading(self._engine) as connection:
            rows = connection.execute(_newest(), {"reader": user.id, "matter": matter.id})
            return [_conversation(row, user) for row in rows]

    def last(self, user: User, matter: Matter) -> Conversation | None:
        """The user's conversation in a matter that was gone on with last. Raises NoSuchMatter."""
        self._access.check(user, matter.id)
        theirs = sa.and_(conversations.c.user_id == _READER, conversations.c.matter_id == matter.id)
        query = (
            _readable()
            .join(turns, turns.c.conversation_id == conversations.c.id)
            .where(theirs)
            .order_by(turns.c.asked_at.desc(), turns.c.position.desc())
            .limit(1)
        )
        with database.reading(self._engine) as connection:
            row = connection.execute(query, {"reader": user.id}).one_or_none()
        return _conversation(row, user) if row else None

    def one(self, user: User, conversation_id: str) -> Conversation:
        """The conversation with this id, if the user may read it. Raises NoSuchConversation."""
        with database.reading(self._engine) as connection:
            return self._one(connection, user, conversation_id)

    def own(self, user: User, conversation_id: str) -> Conversation:
        """The user's conversation with this id. Raises NoSuchConversation."""
        with database.reading(self._engine) as connection:
            return self._mine(connection, user, conversation_id)

    def share(self, user: User, conversation_id: str, *, shared: bool) -> Conversation:
        """Share the user's conversation with all who may read its matter, or with nobody. Raises NoSuchConversation."""
        return self._set(user, conversation_id, shared_at=datetime.now(UTC) if shared else None)

    def choose(self, user: User, conversation_id: str, scope: Iterable[str] | None) -> Conversation:
        """Set the scope of the user's conversation. Raises NoSuchConversation."""
        return self._set(user, conversation_id, scope=_scope(scope))

    def rename(self, user: User, conversation_id: str, title: str) -> Conversation:
        """Give the user's conversation another title; one without words changes nothing.

        Raises NoSuchConversation, NameTooLong or NotText.
        """
        check_name(title)
        new = title_of(without_codes(title))
        return self._set(user, conversation_id, title=new) if new else self.own(user, conversation_id)

    def search(self, user: User, matter: Matter, words: str) -> list[Conversation]:
        """The conversations of a matter that the user may read and that have all these words, newest first.

        The words stand in the title, or in title, question and answer of one turn; all titles are looked at, and the
        latest MOST_TURNS turns. At most MOST_FOUND; without words, all that `all` lists. Raises NoSuchMatter,
        NameTooLong or NotText.
        """
        check_name(words)
        wanted = without_codes(words).casefold().split()
        readable = self.all(user, matter)
        if not wanted:
            return readable
        found = {each.id for each in readable if _has(each.title, wanted)}
        titles = {each.id: each.title for each in readable}
        of_turns = (
            sa.select(turns.c.conversation_id, turns.c.question, turns.c.answer["answer"].as_string().label("text"))
            .join(conversations, conversations.c.id == turns.c.conversation_id)
            .where(conversations.c.matter_id == matter.id, _is_readable())
            .order_by(turns.c.asked_at.desc())
            .limit(MOST_TURNS)
        )
        with database.reading(self._engine) as connection:
            for row in connection.execution_options(yield_per=_BATCH).execute(of_turns, {"reader": user.id}):
                id_ = row.conversation_id
                if id_ not in found and id_ in titles and _has(f"{titles[id_]} {row.question} {row.text}", wanted):
                    found.add(id_)
        return [each for each in readable if each.id in found][:MOST_FOUND]

    def delete(self, user: User, conversation_id: str) -> None:
        """Delete a conversation with its turns. Raises NoSuchConversation and OnHold."""
        with database.writing(self._engine) as connection:
            check_no_hold(connection, self._mine(connection, user, conversation_id).matter_id)
            connection.execute(sa.delete(conversations).where(conversations.c.id == conversation_id))

    def drop(self, matter_id: str, conversation_id: str) -> None:
        """Delete a conversation of a matter, whoever's it is: its retention has ended. Raises OnHold."""
        its = sa.and_(conversations.c.id == conversation_id, conversations.c.matter_id == matter_id)
        with database.writing(self._engine) as connection:
            check_no_hold(connection, matter_id)
            connection.execute(sa.delete(conversations).where(its))

    def turns(self, user: User, conversation_id: str) -> list[SavedTurn]:
        """The turns of a conversation in order, quotations read from the documents. Raises NoSuchConversation."""
        query = sa.select(turns).where(turns.c.conversation_id == conversation_id).order_by(turns.c.position)
        with database.reading(self._engine) as connection:
            conversation = self._one(connection, user, conversation_id)
            rows = connection.execute(query).all()
        here = {record.id: record for record in self._access.documents_here(conversation.matter_id)}
        return [_turn(row, _with_words(read_turn(row.answer), self._library, here)) for row in rows]

    def turn(self, user: User, conversation_id: str, turn_id: str) -> SavedTurn:
        """One turn of a conversation, as `turns` has it. Raises NoSuchConversation, also for a turn of another."""
        with database.reading(self._engine) as connection:
            conversation = self._one(connection, user, conversation_id)
            row = _turn_row(connection, turn_id)
            if row is None or row.conversation_id != conversation_id:
                raise NoSuchConversation()
        here = {record.id: record for record in self._access.documents_here(conversation.matter_id)}
        return _turn(row, _with_words(read_turn(row.answer), self._library, here))

    def add_turn(
        self,
        user: User,
        conversation_id: str,
        question: str,
        answer: TurnResult,
        state: State,
        *,
        turn_id: str | None = None,
    ) -> SavedTurn:
        """Keep a turn at the end of a conversation; `turn_id`: 32 hex digits by which it was recorded before.

        Raises NoSuchConversation, or QuotaReached where another question took the last place meanwhile (`check_room`).
        """
        last = sa.select(sa.func.max(turns.c.position)).where(turns.c.conversation_id == conversation_id)
        turn = SavedTurn(turn_id or uuid.uuid4().hex, conversation_id, question, answer, state, None, datetime.now(UTC))
        with database.writing(self._engine) as connection:
            self._mine(connection, user, conversation_id, alone=True)
            self._check_room(connection, user, conversation_id)
            row = {
                "id": turn.id,
                "conversation_id": conversation_id,
                "position": (connection.scalar(last) or 0) + 1,
                "asked_at": turn.asked_at,
                "question": question,
                "answer": answer.with_places(_without_words).model_dump(mode="json"),
                "state": state,
            }
            connection.execute(sa.insert(turns).values(row))
        return turn

    def cite(self, document_id: str, version: int) -> bool:
        """Whether any saved turn has a place in this text of a document."""
        mentioned = sa.cast(turns.c.answer, sa.Text).contains(document_id)
        with database.reading(self._engine) as connection:
            for row in connection.execute(sa.select(turns.c.answer).where(mentioned)):
                answer = read_turn(row.answer)
                places = (place for part in answer.PLACES for place in getattr(answer, part))
                if any((place.document_id, place.text_version) == (document_id, version) for place in places):
                    return True
        return False

    def check_room(self, user: User, conversation_id: str) -> None:
        """Check the right to ask and the quota of turns, before a question is searched; another's has its own room.

        Raises QuotaReached, and what `Access.check` does.
        """
        with database.reading(self._engine) as connection:
            self._check_room(connection, user, conversation_id)
            matter_id = connection.scalar(_matter_of(), {"reader": user.id, "conversation": conversation_id})
        if matter_id is not None:
            self._access.check(user, matter_id, "ask")

    def cut(self, user: User, turn_id: str) -> None:
        """Delete a turn and those after it, before its question is asked again or edited.

        Raises NoSuchConversation and OnHold.
        """
        with database.writing(self._engine) as connection:
            turn = self._turn(connection, user, turn_id)
            check_no_hold(connection, self._mine(connection, user, turn.conversation_id).matter_id)
            after = sa.and_(turns.c.conversation_id == turn.conversation_id, turns.c.position >= turn.position)
            connection.execute(sa.delete(turns).where(after))

    def rate(self, user: User, turn_id: str, rating: Rating | None) -> None:
        """Store the user's rating of a turn; None deletes it. Raises NoSuchConversation."""
        with database.writing(self._engine) as connection:
            self._turn(connection, user, turn_id)
            connection.execute(sa.update(turns).where(turns.c.id == turn_id).values(rating=rating))

    def _set(self, user: User, conversation_id: str, **values: object) -> Conversation:
        """Change columns of the user's conversation. Raises NoSuchConversation."""
        with database.writing(self._engine) as connection:
            self._mine(connection, user, conversation_id)
            connection.execute(sa.update(conversations).where(conversations.c.id == conversation_id).values(values))
            return self._mine(connection, user, conversation_id)

    def _mine(self, connection: sa.Connection, user: User, id_: str, *, alone: bool = False) -> Conversation:
        """The conversation, if it is the user's and they may still read its matter; `alone` locks its row."""
        return self._found(connection, user, id_, _mine(alone=alone))

    def _one(self, connection: sa.Connection, user: User, id_: str) -> Conversation:
        """The conversation, if the user may read it."""
        return self._found(connection, user, id_, _one())

    @staticmethod
    def _found(connection: sa.Connection, user: User, id_: str, query: sa.Select[Any]) -> Conversation:
        given = {"reader": user.id, "conversation": id_}
        row = connection.execute(query, given).one_or_none() if is_id(id_) else None
        if row is None:
            raise NoSuchConversation()
        return _conversation(row, user)

    def _check_room(self, connection: sa.Connection, user: User, conversation_id: str) -> None:
        quota = self._access.quota(user)
        if quota is not None:
            its = sa.and_(turns.c.conversation_id == conversations.c.id, conversations.c.id == conversation_id)
            quota.check("turns", _count(connection, sa.and_(its, conversations.c.user_id == user.id)) + 1)

    def _turn(self, connection: sa.Connection, user: User, turn_id: str) -> sa.Row[Any]:
        """A turn of a conversation of the user's."""
        turn = _turn_row(connection, turn_id)
        if turn is None:
            raise NoSuchConversation()
        self._mine(connection, user, turn.conversation_id)
        return turn


# The queries are made once, for an act of the page asks them several times: making one takes longer than asking it.
_READER = sa.bindparam("reader", type_=sa.String)


@cache
def _readable() -> sa.Select[Any]:
    """The query for the conversations that the `reader` may read, each with the name of its author."""
    query = sa.select(conversations, users.c.name.label("author")).join(users, users.c.id == conversations.c.user_id)
    return query.where(_is_readable())


@cache
def _is_readable() -> sa.ColumnElement[bool]:
    """Whether the `reader` may read a conversation: it is theirs or shared, and they may still read its matter."""
    theirs = sa.or_(conversations.c.user_id == _READER, conversations.c.shared_at.is_not(None))
    is_there = conversations.c.id.not_in(removed("conversation"))
    return sa.and_(theirs, is_there, conversations.c.matter_id.in_(matter_ids_of(_READER)))


@cache
def _newest() -> sa.Select[Any]:
    """The query for those of a `matter` that the `reader` may read, newest first."""
    query = _readable().where(conversations.c.matter_id == sa.bindparam("matter", type_=sa.String))
    return query.order_by(conversations.c.created_at.desc(), conversations.c.id)


@cache
def _one() -> sa.Select[Any]:
    """The query for a `conversation` that the `reader` may read."""
    return _readable().where(conversations.c.id == sa.bindparam("conversation", type_=sa.String))


@cache
def _mine(*, alone: bool) -> sa.Select[Any]:
    """The query for a `conversation` of the `reader`'s own; `alone` locks its row."""
    query = _one().where(conversations.c.user_id == _READER)
    return query.with_for_update(of=conversations) if alone else query


@cache
def _matter_of() -> sa.Select[Any]:
    """The query for the matter of a `conversation`, where the `reader` may read that."""
    its = conversations.c.id == sa.bindparam("conversation", type_=sa.String)
    return sa.select(conversations.c.matter_id).where(its, conversations.c.matter_id.in_(matter_ids_of(_READER)))


def _has(text: str, words: Iterable[str]) -> bool:
    folded = text.casefold()
    return all(word in folded for word in words)


def _turn_row(connection: sa.Connection, turn_id: str) -> sa.Row[Any] | None:
    found = sa.select(turns).where(turns.c.id == turn_id)
    return connection.execute(found).one_or_none() if is_id(turn_id) else None


def _count(connection: sa.Connection, rows: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).where(rows)) or 0


def title_of(title: str) -> str:
    """A title as it is kept: in one line, and cut."""
    words = " ".join(title.split())
    return words if len(words) <= TITLE_LENGTH else words[: TITLE_LENGTH - 1].rstrip() + "…"


def _scope(scope: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if scope is None else tuple(scope)


def _conversation(row: sa.Row[Any], reader: User) -> Conversation:
    author = None if row.user_id == reader.id else row.author
    shared = row.shared_at is not None
    return Conversation(row.id, row.matter_id, row.title, _scope(row.scope), _aware(row.created_at), shared, author)


def _turn(row: sa.Row[Any], answer: TurnResult) -> SavedTurn:
    return SavedTurn(row.id, row.conversation_id, row.question, answer, row.state, row.rating, _aware(row.asked_at))


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)  # SQLite keeps no zone; what we write is UTC


def _without_words(place: NamedRow) -> NamedRow:
    """The place as it is kept."""
    return place.without_words() if isinstance(place, Quoting) else place


def _with_words(kept: TurnResult, library: Library, here: Mapping[str, DocumentRecord]) -> TurnResult:
    """The turn as it was shown; `here` has the documents that are still in the matter, by id."""

    def shown(place: NamedRow) -> NamedRow:
        record = here.get(place.document_id)
        if record is None:
            place = place.model_copy(update={"removed": True})
        if isinstance(place, Quoting) and place.words == "":
            place = place.with_words(_words(place, record, library))
        if isinstance(kept, MentionsResult) and isinstance(place, CitationRow):
            place = place.model_copy(update={"around": _around(place, kept.phrase, record, library)})
        return place

    return kept.with_places(shown)


def _words(cited: Quoting, record: DocumentRecord | None, library: Library) -> str | None:
    """The words of a citation or key sentence: None when its document is gone, "" when it is not read (again) yet."""
    if record is None:
        return None
    try:
        document = library.text(record, cited.text_version)
        return own_words(document, *(document.span(*span) for span in cited.spans)) if document else ""
    except (PinciteError, ValueError):  # it was removed and added anew, and reads otherwise
        return ""


def _around(mention: CitationRow, phrase: str, record: DocumentRecord | None, library: Library) -> Around | None:
    """A mention with the words around it; None when there is nothing to find it in."""
    try:
        document = library.text(record, mention.text_version) if record else None
        if document is None:
            return None
        span = document.span(*mention.spans[0])
        is_struck = mention.status == "struck"
        read = struck_in_context(document, span, phrase) if is_struck else in_context(document, span)
    except (PinciteError, ValueError):
        return None
    return (read.before, read.words, read.after) if read else None
