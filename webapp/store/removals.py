"""Removals that can be undone: documents, conversations and matters that nobody sees any more, and that are deleted
once the time to undo it is over.

A removal is rows in the database from the moment it is ordered, so that it is the same in every tab and is not lost
with the process: whoever starts next deletes what was due.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa

from retrieval import database
from webapp.core.errors import NothingToUndo
from webapp.core.limits import is_id
from webapp.store.schema import removals

if TYPE_CHECKING:
    from webapp.store.users import User

Kind = Literal["document", "conversation", "matter"]
UNDO_SECONDS = 30.0  # in which a removal can be undone
_AT_ONCE = 500  # rows in one statement


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed together, by whom: the ids of documents or conversations of one matter, or of the matter."""

    id: str
    matter_id: str
    kind: Kind
    ids: tuple[str, ...]
    user_id: str


class Removals:
    """The removals of one database that are not done yet. Safe to use from several threads."""

    def __init__(self, engine: sa.Engine, seconds: float = UNDO_SECONDS) -> None:
        """`seconds`: in which each can be undone."""
        self._engine = engine
        self._time = timedelta(seconds=seconds)

    def order(self, user: "User", matter_id: str, kind: Kind, ids: Sequence[str]) -> None:
        """Hide these of a matter from everyone, and delete them once the time is over.

        Who calls has checked the right. What is hidden already stays as it is.
        """
        row: dict[str, object] = {"id": uuid.uuid4().hex, "matter_id": matter_id, "kind": kind, "user_id": user.id}
        row |= {"due_at": datetime.now(UTC) + self._time, "begun": False}
        its = sa.and_(removals.c.matter_id == matter_id, removals.c.kind == kind)
        with database.writing(self._engine) as connection:
            known = set(connection.scalars(sa.select(removals.c.object_id).where(its)))
            rows = [row | {"object_id": id_} for id_ in dict.fromkeys(ids) if id_ not in known]
            for start in range(0, len(rows), _AT_ONCE):
                connection.execute(sa.insert(removals), rows[start : start + _AT_ONCE])

    def undo(self, removal: Removal) -> None:
        """Show again what was removed. Raises NothingToUndo where it has been deleted."""
        with database.writing(self._engine) as connection:
            if not connection.execute(
                sa.delete(removals).where(removals.c.id == removal.id, ~removals.c.begun)
            ).rowcount:
                raise NothingToUndo()

    def one(self, user: "User", removal_id: str) -> Removal:
        """The user's removal with this id. Raises NothingToUndo."""
        for removal in self._found(removals.c.id == removal_id, removals.c.user_id == user.id):
            if is_id(removal_id):
                return removal
        raise NothingToUndo()

    def of(self, user: "User") -> list[Removal]:
        """Those of a user that can still be undone, the newest first."""
        return self._found(removals.c.user_id == user.id, ~removals.c.begun)[::-1]

    def due(self, *, of: "User | None" = None) -> list[Removal]:
        """Those whose time is over, or all `of` a user; from now on they cannot be undone."""
        over = removals.c.due_at <= datetime.now(UTC) if of is None else removals.c.user_id == of.id
        with database.reading(self._engine) as connection:  # mostly there is none: nothing is written then
            if not connection.scalar(sa.select(sa.exists().where(over))):
                return []
        with database.writing(self._engine) as connection:
            connection.execute(sa.update(removals).where(over).values(begun=True))
        return self._found(removals.c.begun)

    def done(self, removal: Removal, object_id: str) -> None:
        """Forget a removal of one thing: it has been deleted, or may not be."""
        its = sa.and_(removals.c.id == removal.id, removals.c.object_id == object_id)
        with database.writing(self._engine) as connection:
            connection.execute(sa.delete(removals).where(its))

    def keep(self, matter_id: str, document_id: str) -> None:
        """A document that was removed is added again: it stays."""
        its = sa.and_(removals.c.matter_id == matter_id, removals.c.object_id == document_id, ~removals.c.begun)
        with database.writing(self._engine) as connection:
            connection.execute(sa.delete(removals).where(its))

    def documents(self, matter_id: str) -> frozenset[str]:
        """Ids of the documents of a matter that are removed."""
        its = sa.and_(removals.c.matter_id == matter_id, removals.c.kind == "document")
        with database.reading(self._engine) as connection:
            return frozenset(connection.scalars(sa.select(removals.c.object_id).where(its)))

    def _found(self, *rules: sa.ColumnElement[bool]) -> list[Removal]:
        query = sa.select(removals).where(*rules).order_by(removals.c.due_at, removals.c.id, removals.c.object_id)
        found: dict[str, list[sa.Row[tuple[object, ...]]]] = {}
        with database.reading(self._engine) as connection:
            for row in connection.execute(query):
                found.setdefault(row.id, []).append(row)
        return [
            Removal(id_, rows[0].matter_id, rows[0].kind, tuple(row.object_id for row in rows), rows[0].user_id)
            for id_, rows in found.items()
        ]


def removed(kind: Kind) -> sa.Select[tuple[str]]:
    """The query for the ids of what is removed of a kind."""
    return sa.select(removals.c.object_id).where(removals.c.kind == kind)
