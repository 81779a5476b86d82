"""Job queue of documents in the database, fair between users: what a crash interrupts waits again.

Whose turn it is: of the users (a matter's namespace is its user) with something waiting, the one with the fewest
documents being worked on, then the one whose last turn is longest ago, and of theirs what has waited longest. With
several users and several workers nobody has all the workers: documents that take all the time they may hold up those of
their own user only. A single worker takes turns between the users, so that each waits for one document of every other
user and not for all of them.

A claim is a lease: it is its process's for `LEASE_S` from the last `renew`. Several processes may share a PostgreSQL
database; what one that was killed had claimed waits again once its lease is over, and whatever a process has lost,
because it stood still or someone paused it, it can no longer save.
"""

import uuid
from collections.abc import Sequence
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import sqlalchemy as sa

from retrieval.core.errors import NoSuchDocument
from retrieval.library.database import reading, writing
from retrieval.library.schema import RECORDS, DocumentRecord, documents, jobs, matters, record_of, row_of

LEASE_S = 60  # a process that is well renews three times as often

_AT_WORK = jobs.c.state.in_(["reading", "indexing"])
_OPEN = jobs.c.state.in_(["waiting", "reading", "indexing"])

_USERS = sa.select(sa.func.count(matters.c.namespace.distinct())).where(~matters.c.retired)
_QUEUES = (  # one row a user with something waiting
    sa.select(
        matters.c.namespace,
        sa.func.count(sa.case((_AT_WORK, 1))).label("busy"),
        sa.func.min(sa.case((jobs.c.state == "waiting", jobs.c.queued_at))).label("oldest"),
    )
    .join(jobs, jobs.c.matter_id == matters.c.id)
    .where(~matters.c.retired, _OPEN)
    .group_by(matters.c.namespace)
    .having(sa.func.count(sa.case((jobs.c.state == "waiting", 1))) > 0)
)


class JobLost(Exception):
    """The document is not this process's to work on any more: it was paused, or its lease is over."""


class Jobs:
    """One job a document and matter, in the library's database. Safe to use from several threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._owner = uuid.uuid4().hex
        # An SQLite database lies in a data folder, which belongs to one process: nobody else works on anything.
        self._alone = engine.dialect.name == "sqlite"
        self._claiming = Lock()  # whose turn it is must not change between looking and taking
        self._turns: dict[str, int] = {}  # when each user with something waiting had their last turn
        self._turn = 0

    def claim(self, of: int = 1) -> DocumentRecord | None:
        """Claim the document whose turn it is, now "reading"; None if none may be begun. `of`: number of workers."""
        with self._claiming, writing(self._engine) as connection:
            connection.execute(sa.update(jobs).where(_AT_WORK, _is_over()).values(_waiting()))
            users: int = connection.scalar(_USERS) or 0
            queues = connection.execute(_QUEUES).all()
            self._turns = {queue.namespace: self._turns.get(queue.namespace, 0) for queue in queues}
            free = [queue for queue in queues if users == 1 or queue.busy < max(1, of - 1)]
            for queue in self._in_turn(free):
                if claimed := _take(connection, queue.namespace, self._owner):
                    self._turn += 1
                    self._turns[queue.namespace] = self._turn
                    return claimed
        return None

    def _in_turn(self, queues: Sequence[sa.Row[tuple[str, int, datetime]]]) -> list[sa.Row[tuple[str, int, datetime]]]:
        return sorted(queues, key=lambda q: (q.busy, self._turns[q.namespace], q.oldest))

    def renew(self) -> None:
        """Renew the leases of all that this process works on."""
        mine = sa.and_(jobs.c.owner == self._owner, _AT_WORK)
        with writing(self._engine) as connection:
            connection.execute(sa.update(jobs).where(mine).values(lease_until=_lease_end()))

    def save(self, record: DocumentRecord) -> DocumentRecord:
        """Save the record's state as it is given.

        Raises NoSuchDocument when it has been removed meanwhile, and JobLost when it is not this process's any more.
        """
        works = record.state in ("reading", "indexing")
        work = {
            "state": record.state,
            "page": record.page,
            "attempts": record.attempts,
            "reason": record.reason,
            "owner": self._owner if works else None,
            "lease_until": _lease_end() if works else None,
        }
        facts = {
            "pages": record.pages,
            "unreadable_pages": list(record.unreadable_pages),
            "characters": record.characters,
            "text_version": record.text_version,
            "partly_read_pages": list(record.partly_read_pages),
            "recognised_pages": list(record.recognised_pages),
            "warnings": [astuple(warning) for warning in record.reading_warnings],
        }
        its_row = row_of(jobs, record.matter_id, record.id)
        mine = sa.and_(its_row, jobs.c.state != "paused", sa.or_(jobs.c.owner.is_(None), jobs.c.owner == self._owner))
        with writing(self._engine) as connection:
            if not connection.execute(sa.update(jobs).where(mine).values(work)).rowcount:
                if connection.scalar(sa.select(sa.exists().where(its_row))):
                    raise JobLost
                raise NoSuchDocument(document=record.name)
            connection.execute(sa.update(documents).where(row_of(documents, record.matter_id, record.id)).values(facts))
        return record

    def at_work(self) -> int:
        """Count the documents that wait or are being worked on."""
        with reading(self._engine) as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(jobs).where(_OPEN)) or 0

    def put_back(self) -> int:
        """Requeue what a killed process, or this one, was working on; return how many documents."""
        nobody = sa.or_(_is_over(), jobs.c.owner == self._owner)
        return self._wait_again(_AT_WORK if self._alone else sa.and_(_AT_WORK, nobody))

    def give_back(self, record: DocumentRecord) -> None:
        """Requeue a document that this process works on, behind the others."""
        self._wait_again(sa.and_(row_of(jobs, record.matter_id, record.id), _AT_WORK, jobs.c.owner == self._owner))

    def pause(self, matter_id: str, document_id: str | None = None) -> int:
        """Pause a document, or all of a matter, that wait or are being worked on; return how many.

        Whoever works on one notices at its next `save`.
        """
        values = {"state": "paused", "page": 0, "owner": None, "lease_until": None}
        with writing(self._engine) as connection:
            which = sa.and_(_of(matter_id, document_id), _OPEN)
            return connection.execute(sa.update(jobs).where(which).values(values)).rowcount

    def resume(self, matter_id: str, document_id: str | None = None) -> int:
        """Requeue paused documents; return how many."""
        return self._wait_again(sa.and_(_of(matter_id, document_id), jobs.c.state == "paused"))

    def retry(self, matter_id: str, document_id: str | None = None) -> int:
        """Requeue failed documents; return how many."""
        return self._wait_again(sa.and_(_of(matter_id, document_id), jobs.c.state == "failed"))

    def try_again(self, record: DocumentRecord) -> None:
        """Requeue one document, unless its state has changed meanwhile."""
        self._wait_again(sa.and_(row_of(jobs, record.matter_id, record.id), jobs.c.state == record.state))

    def index_again(self, matter_id: str) -> int:
        """Requeue all ready documents of a matter; return how many."""
        return self._wait_again(sa.and_(jobs.c.matter_id == matter_id, jobs.c.state == "ready"))

    def _wait_again(self, which: sa.ColumnElement[bool]) -> int:
        with writing(self._engine) as connection:
            return connection.execute(sa.update(jobs).where(which).values(_waiting())).rowcount


def _waiting() -> dict[str, Any]:
    """Values of a job that waits from now on."""
    nobody = {"owner": None, "lease_until": None}
    return {"state": "waiting", "page": 0, "attempts": 0, "reason": None, "queued_at": datetime.now(UTC)} | nobody


def _of(matter_id: str, document_id: str | None) -> sa.ColumnElement[bool]:
    return jobs.c.matter_id == matter_id if document_id is None else row_of(jobs, matter_id, document_id)


def _lease_end() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=LEASE_S)


def _is_over() -> sa.ColumnElement[bool]:
    """The condition that nobody has the lease of a job; one from before there were leases has none."""
    return sa.or_(jobs.c.lease_until.is_(None), jobs.c.lease_until < datetime.now(UTC))


def _take(connection: sa.Connection, namespace: str, owner: str) -> DocumentRecord | None:
    """The document of a user that has waited longest, now "reading" and the owner's; None where another process was
    faster.
    """
    waiting = RECORDS.where(jobs.c.state == "waiting", matters.c.namespace == namespace)
    oldest = waiting.order_by(jobs.c.queued_at, jobs.c.document_id).limit(1)
    row = connection.execute(oldest.with_for_update(of=jobs, skip_locked=True)).one_or_none()
    if row is None:
        return None
    mine = row_of(jobs, row.matter_id, row.document_id)
    taken = {"state": "reading", "page": 0, "owner": owner, "lease_until": _lease_end()}
    connection.execute(sa.update(jobs).where(mine).values(taken))
    return record_of(connection.execute(RECORDS.where(mine)).one())
