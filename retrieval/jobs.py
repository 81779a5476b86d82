"""The work still to be done, as rows: what a crash interrupts is found again, and no document is worked on twice."""

from datetime import UTC, datetime

import sqlalchemy as sa

from retrieval.database import reading, writing
from retrieval.errors import NoSuchDocument
from retrieval.tables import RECORDS, DocumentRecord, documents, jobs, record_of, row_of


class Jobs:
    """One job a document and matter, in the library's database. Safe to use from several threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def claim(self) -> DocumentRecord | None:
        """The document that has waited longest, now "reading"; None when none waits."""
        oldest = RECORDS.where(jobs.c.state == "waiting").order_by(jobs.c.queued_at, jobs.c.document_id).limit(1)
        with writing(self._engine) as connection:
            row = connection.execute(oldest.with_for_update(of=jobs, skip_locked=True)).one_or_none()
            if row is None:
                return None
            mine = row_of(jobs, row.matter_id, row.document_id)
            connection.execute(sa.update(jobs).where(mine).values(state="reading", page=0))
            return record_of(connection.execute(RECORDS.where(mine)).one())

    def save(self, record: DocumentRecord) -> DocumentRecord:
        """Write the record's state as it is given. Raises NoSuchDocument when it has been removed meanwhile."""
        work = {"state": record.state, "page": record.page, "attempts": record.attempts, "reason": record.reason}
        facts = {"pages": record.pages, "unreadable_pages": list(record.unreadable_pages)}
        with writing(self._engine) as connection:
            changed = connection.execute(sa.update(jobs).where(row_of(jobs, record.matter_id, record.id)).values(work))
            connection.execute(sa.update(documents).where(row_of(documents, record.matter_id, record.id)).values(facts))
        if not changed.rowcount:
            raise NoSuchDocument(document=record.name)
        return record

    def at_work(self) -> int:
        """How many documents wait or are being worked on."""
        open_jobs = sa.select(sa.func.count()).where(jobs.c.state.in_(["waiting", "reading", "indexing"]))
        with reading(self._engine) as connection:
            return connection.scalar(open_jobs) or 0

    def put_back(self) -> int:
        """Let what a killed process was working on wait again; how many there were."""
        return self._wait_again(jobs.c.state.in_(["reading", "indexing"]))

    def try_again(self, record: DocumentRecord) -> None:
        """Let one document wait again."""
        self._wait_again(row_of(jobs, record.matter_id, record.id))

    def index_again(self, matter_id: str) -> int:
        """Let all ready documents of a matter wait again; how many there are."""
        return self._wait_again(sa.and_(jobs.c.matter_id == matter_id, jobs.c.state == "ready"))

    def _wait_again(self, which: sa.ColumnElement[bool]) -> int:
        values = {"state": "waiting", "page": 0, "attempts": 0, "reason": None, "queued_at": datetime.now(UTC)}
        with writing(self._engine) as connection:
            return connection.execute(sa.update(jobs).where(which).values(values)).rowcount
