"""Summaries that are being written, and their events as rows: a turn of a conversation, and what `pincite summary --json` gives."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from retrieval import Document, DocumentRecord, find_references
from webapp.answers.generate import Delta, Trouble
from webapp.answers.statements import Statement
from webapp.answers.summary import Clause, Event, Lines, Part, Summary, joined, summary
from webapp.core import metrics
from webapp.core.log import noted
from webapp.core.stream import Body, Row, fault, progress
from webapp.grounding.check import Citation
from webapp.llm.pool import Lease, Writer
from webapp.service.running import UnderWay
from webapp.service.workspace import Workspace
from webapp.store.conversations import Conversation
from webapp.store.users import User

KIND = "summary"


class Summarising(UnderWay):
    """One summary under way: which part it is at, and what there is of it so far."""

    def __init__(self, workspace: Workspace, user: User, conversation: Conversation, record: DocumentRecord) -> None:
        super().__init__(workspace, user, conversation, f"Summary of {record.name}")
        self.part: Part | None = None
        self.clauses: tuple[Clause, ...] = ()
        self.draft = ""
        self._record = record

    @property
    def stand(self) -> object:
        """What changes with every piece of news."""
        return self.part, len(self.clauses), len(self.draft), len(self.troubles)

    @property
    def so_far(self) -> Body:
        """The clauses that are done, as they are kept."""
        return summary_row(self._record, self.clauses, "", 0)

    async def _write(self) -> Body:
        workspace = self._workspace
        document = await asyncio.to_thread(workspace.library.document, self._record.matter_id, self._record.id)
        row: Body = {}
        async with aclosing(_counted(summary(document, _lease(workspace, self._user)))) as events:
            async for event in events:
                match event:
                    case Part():
                        self.part, self.draft = event, ""
                    case Delta():
                        self.draft += event.text
                    case Trouble():
                        self.troubles.append(event.error)
                    case Lines():
                        self.clauses, self.draft = joined([*self.clauses, *event.clauses]), ""
                    case Summary():
                        row = await asyncio.to_thread(_whole, self._record, event, document)
        return row

    def _partial(self) -> Body:
        return self.so_far


async def summary_rows(workspace: Workspace, user: User, record: DocumentRecord) -> AsyncGenerator[Row]:
    """Progress part by part and the text as it is written, then one result. Closing the iterator closes the engine's stream."""
    document = await asyncio.to_thread(workspace.library.document, record.matter_id, record.id)
    async with aclosing(_counted(summary(document, _lease(workspace, user)))) as events:
        async for event in events:
            match event:
                case Part():
                    yield progress(record.name, f"summarising {event.clauses}", event.n - 1, event.of)
                case Delta():
                    yield Row("text", {"text": event.text})
                case Trouble():
                    yield fault(event.error, "notice")
                case Summary():
                    yield progress(record.name, "ready", 1, 1)
                    yield Row("result", await asyncio.to_thread(_whole, record, event, document))


async def _counted(events: AsyncGenerator[Event]) -> AsyncGenerator[Event]:
    """The same events, seen by the metrics and the log."""
    outcome = "stopped"
    try:
        async with aclosing(events):
            async for event in events:
                match event:
                    case Delta():
                        metrics.TOKENS.labels("answer").inc()
                    case Trouble():
                        noted(event.error)
                    case Summary():
                        outcome = "written" if event.written else "own words"
                yield event
    except Exception:  # counted, and raised again
        outcome = "failed"
        raise
    finally:
        metrics.SUMMARIES.labels(outcome).inc()


def _lease(workspace: Workspace, user: User) -> Lease | None:
    """The engine for one part, which waits in line as a question does; None where none is worth asking."""

    @asynccontextmanager
    async def lease() -> AsyncIterator[Writer]:
        place = workspace.admission.enter(user, workspace.share_key(user))
        try:
            async with aclosing(place.turn()) as line:
                async for _ in line:
                    pass
            async with workspace.writers.lease() as writer:
                yield writer
        finally:
            place.leave()

    return lease if workspace.writers.trusted else None


def _whole(record: DocumentRecord, summary: Summary, document: Document) -> Body:
    """The row of a summary that is done, with the references that lead nowhere."""
    row = summary_row(record, summary.clauses, summary.engine, summary.written)
    return row | {"leads_nowhere": list(_leads_nowhere(document))}


def summary_row(record: DocumentRecord, clauses: Sequence[Clause], engine: str, written: int) -> Body:
    """A summary as a turn keeps it. A line names its citations by their place in `citations`; its `text` is None where
    the quotation itself is the line. `spans` are [start, end) of the document's text.
    """
    citations: list[Body] = []
    told = []
    for clause in clauses:
        lines = []
        for line in clause.lines:
            at = [len(citations) + i for i in range(len(line.citations))]
            citations += [_cited(n + 1, record, c) for n, c in zip(at, line.citations, strict=True)]
            lines.append({"text": line.text, "citations": at})
        shown: Body = {"label": clause.label, "heading": clause.heading, "part": clause.part, "lines": lines}
        told.append(shown | {"definitions": [_defined(record, s) for s in clause.definitions]})
    return {
        "kind": KIND,
        "document_id": record.id,
        "document": record.name,
        "answer": "",
        "found": bool(told),
        "clauses": told,
        "citations": citations,
        "definitions": [row for each in told for row in each.pop("definitions")],
        "searched": {
            "documents": 1,
            "pages": record.pages,
            "unreadable_pages": len(record.unreadable_pages),
        },
        "engine": engine,
        "written": written,
    }


def _leads_nowhere(document: Document) -> Iterator[Body]:
    """Places that the document refers to as its own and does not have, each where it is first named."""
    told = set()
    for reference in find_references(document):
        if reference.target is None and not reference.external and reference.label not in told:
            told.add(reference.label)
            page = document.page_at(reference.span.start)
            yield {"label": reference.label, "page": page.number, "page_label": page.label}


def _cited(n: int, record: DocumentRecord, citation: Citation) -> dict[str, Any]:
    return {
        "n": n,
        "document_id": record.id,
        "document": record.name,
        "section": citation.section,
        "page": citation.page,
        "page_label": citation.page_label,
        "quote": citation.quote,
        "verified": citation.verified,
        "spans": [[span.start, span.end] for span in citation.parts or (citation.span,)],
    }


def _defined(record: DocumentRecord, statement: Statement) -> dict[str, Any]:
    return {
        "document_id": record.id,
        "document": record.name,
        "section": statement.section,
        "page": statement.page,
        "page_label": statement.page_label,
        "term": statement.term,
        "text": statement.text,
        "spans": [[statement.span.start, statement.span.end]],
    }
