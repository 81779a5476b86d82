"""Retention and legal hold of matters: after how many days what is in them is deleted, and where nothing may be."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from retrieval import Matter, database
from webapp.core.errors import OnHold
from webapp.store.access import Access
from webapp.store.audit import Act, Audit
from webapp.store.schema import conversations, matter_settings, notes, turns
from webapp.store.users import User


@dataclass(frozen=True, slots=True)
class Kept:
    """How a matter is kept: `days` of retention, None for no end; on a legal hold nothing of it is deleted."""

    days: int | None = None
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """What the retention of a matter has ended for: conversations and notes, or the matter itself (`conversations`
    None).
    """

    matter_id: str
    conversations: tuple[str, ...] | None
    notes: tuple[str, ...] = ()


class Retention:
    """Retention and legal hold in the database. Thread-safe."""

    def __init__(self, engine: sa.Engine, access: Access, audit: Audit) -> None:
        self._engine, self._access, self._audit = engine, access, audit

    def of(self, matter_id: str) -> Kept:
        """How a matter is kept."""
        with database.reading(self._engine) as connection:
            return _kept(connection, matter_id)

    def check(self, matter_id: str) -> None:
        """Check that a matter is on no hold, before something of it is deleted. Raises OnHold."""
        with database.reading(self._engine) as connection:
            check_no_hold(connection, matter_id)

    def hold(self, user: User, name_or_id: str, *, hold: bool) -> Matter:
        """Put a matter on legal hold, or end the hold. For its owner."""
        matter = self._access.matter(user, name_or_id, "manage")
        with self._audit.writing(user, Act.HOLD, matter_id=matter.id, on=hold) as connection:
            change_settings(connection, matter.id, legal_hold=hold)
        return matter

    def retain(self, user: User, name_or_id: str, days: int | None) -> Matter:
        """Set after how many days conversations and notes of a matter are deleted, and in the archive the matter.

        None for no end. For its owner.
        """
        matter = self._access.matter(user, name_or_id, "manage")
        with self._audit.writing(user, Act.RETENTION, matter_id=matter.id, days=days) as connection:
            change_settings(connection, matter.id, retention_days=days)
        return matter

    def due(self, now: datetime | None = None) -> Iterator[Due]:
        """What is to be deleted, of each matter with a retention that is on no hold.

        A conversation's days are counted from its last turn, a note's from when it was written, those of an archived
        matter from when it was found in the archive first.
        """
        now = now or datetime.now(UTC)
        ends = matter_settings.c.retention_days.is_not(None) & ~matter_settings.c.legal_hold
        with database.writing(self._engine) as connection:
            archived, since = matter_settings.c.archived, matter_settings.c.archived_at
            _set_where(connection, archived & since.is_(None), archived_at=now)
            _set_where(connection, ~archived & since.is_not(None), archived_at=None)
            rows = connection.execute(sa.select(matter_settings).where(ends)).all()
        for row in rows:
            before = now - timedelta(days=row.retention_days)
            if row.archived and _aware(row.archived_at) < before:
                yield Due(row.matter_id, None)
                continue
            due = Due(row.matter_id, self._idle_since(row.matter_id, before), self._noted_before(row.matter_id, before))
            if due.conversations or due.notes:
                yield due

    def _idle_since(self, matter_id: str, before: datetime) -> tuple[str, ...]:
        last = sa.func.coalesce(sa.func.max(turns.c.asked_at), conversations.c.created_at)
        query = (
            sa.select(conversations.c.id)
            .outerjoin(turns, turns.c.conversation_id == conversations.c.id)
            .where(conversations.c.matter_id == matter_id)
            .group_by(conversations.c.id, conversations.c.created_at)
            .having(last < before)
        )
        with database.reading(self._engine) as connection:
            return tuple(connection.scalars(query))

    def _noted_before(self, matter_id: str, before: datetime) -> tuple[str, ...]:
        query = sa.select(notes.c.id).where(notes.c.matter_id == matter_id, notes.c.written_at < before)
        with database.reading(self._engine) as connection:
            return tuple(connection.scalars(query))


def check_no_hold(connection: sa.Connection, matter_id: str) -> None:
    """Check in a transaction that a matter is on no hold. Raises OnHold."""
    if _kept(connection, matter_id).hold:
        raise OnHold()


def _kept(connection: sa.Connection, matter_id: str) -> Kept:
    query = sa.select(matter_settings).where(matter_settings.c.matter_id == matter_id)
    row = connection.execute(query).one_or_none()
    return Kept(row.retention_days, row.legal_hold) if row else Kept()


def change_settings(connection: sa.Connection, matter_id: str, **values: object) -> None:
    """Change what is set of a matter, in a transaction."""
    if not _set_where(connection, matter_settings.c.matter_id == matter_id, **values):
        connection.execute(sa.insert(matter_settings).values(matter_id=matter_id, **values))


def _set_where(connection: sa.Connection, rule: sa.ColumnElement[bool], **values: object) -> int:
    return connection.execute(sa.update(matter_settings).where(rule).values(values)).rowcount


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)  # SQLite keeps no zone; what we write is UTC
