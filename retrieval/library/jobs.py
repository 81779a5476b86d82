"""Job queue of documents in the database, fair between users: what a crash interrupts waits again.

Whose turn it is: of the users (a matter's namespace is its user) with something waiting, the one with the fewest
documents being worked on, then the one whose last turn is longest ago, and of theirs what has waited longest. With
several users and several workers nobody has all the workers: documents that take all the time they may hold up those of
their own user only. A single worker takes turns between the users, so that each waits for one document of every other
user and not for all of them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Lock

import sqlalchemy as sa

from retrieval.core.errors import NoSuchDocument
from retrieval.library.database import reading, writing
from retrieval.library.schema import RECORDS, DocumentRecord, documents, jobs, matters, record_of, row_of

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


class Jobs:
    """One job a document and matter, in the library's database. Safe to use from several threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._claiming = Lock()  # whose turn it is must not change between looking and taking
        self._turns: dict[str, int] = {}  # when each user with something waiting had their last turn
        self._turn = 0

    def claim(self, of: int = 1) -> DocumentRecord | None:
        """Claim the document whose turn it is, now "reading"; None if none may be begun. `of`: number of workers."""
        with self._claiming, writing(self._engine) as connection:
            users: int = connection.scalar(_USERS) or 0
            queues = connection.execute(_QUEUES).all()
            self._turns = {queue.namespace: self._turns.get(queue.namespace, 0) for queue in queues}
            free = [queue for queue in queues if users == 1 or queue.busy < max(1, of - 1)]
            for queue in self._in_turn(free):
                if claimed := _take(connection, queue.namespace):
                    self._turn += 1
                    self._turns[queue.namespace] = self._turn
                    return claimed
        return None

    def _in_turn(self, queues: Sequence[sa.Row[tuple[str, int, datetime]]]) -> list[sa.Row[tuple[str, int, datetime]]]:
        return sorted(queues, key=lambda q: (q.busy, self._turns[q.namespace], q.oldest))

    def save(self, record: DocumentRecord) -> DocumentRecord:
        """Save the record's state as it is given. Raises NoSuchDocument when it has been removed meanwhile."""
        work = {"state": record.state, "page": record.page, "attempts": record.attempts, "reason": record.reason}
        facts = {
            "pages": record.pages,
            "unreadable_pages": list(record.unreadable_pages),
            "characters": record.characters,
            "text_version": record.text_version,
            "partly_read_pages": list(record.partly_read_pages),
            "recognised_pages": list(record.recognised_pages),
            "warnings": [[w.page, w.kind, w.text] for w in record.warnings if w.kind != "duplicate"],
        }
        with writing(self._engine) as connection:
            changed = connection.execute(sa.update(jobs).where(row_of(jobs, record.matter_id, record.id)).values(work))
            connection.execute(sa.update(documents).where(row_of(documents, record.matter_id, record.id)).values(facts))
        if not changed.rowcount:
            raise NoSuchDocument(document=record.name)
        return record

    def at_work(self) -> int:
        """Count the documents that wait or are being worked on."""
        with reading(self._engine) as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(jobs).where(_OPEN)) or 0

    def put_back(self) -> int:
        """Requeue what a killed process was working on; return how many documents."""
        return self._wait_again(_AT_WORK)

    def give_back(self, record: DocumentRecord) -> None:
        """Requeue a document that is being worked on, behind the others."""
        self._wait_again(sa.and_(row_of(jobs, record.matter_id, record.id), _AT_WORK))

    def try_again(self, record: DocumentRecord) -> None:
        """Requeue one document, unless its state has changed meanwhile."""
        self._wait_again(sa.and_(row_of(jobs, record.matter_id, record.id), jobs.c.state == record.state))

    def index_again(self, matter_id: str) -> int:
        """Requeue all ready documents of a matter; return how many."""
        return self._wait_again(sa.and_(jobs.c.matter_id == matter_id, jobs.c.state == "ready"))

    def _wait_again(self, which: sa.ColumnElement[bool]) -> int:
        values = {"state": "waiting", "page": 0, "attempts": 0, "reason": None, "queued_at": datetime.now(UTC)}
        with writing(self._engine) as connection:
            return connection.execute(sa.update(jobs).where(which).values(values)).rowcount


def _take(connection: sa.Connection, namespace: str) -> DocumentRecord | None:
    """The document of a user that has waited longest, now "reading"; None where another process was faster."""
    waiting = RECORDS.where(jobs.c.state == "waiting", matters.c.namespace == namespace)
    oldest = waiting.order_by(jobs.c.queued_at, jobs.c.document_id).limit(1)
    row = connection.execute(oldest.with_for_update(of=jobs, skip_locked=True)).one_or_none()
    if row is None:
        return None
    mine = row_of(jobs, row.matter_id, row.document_id)
    connection.execute(sa.update(jobs).where(mine).values(state="reading", page=0))
    return record_of(connection.execute(RECORDS.where(mine)).one())
