"""Summaries that are being written: a turn of a conversation,
and the result that `pincite summary --json` and the page have.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager

from retrieval import Document, DocumentRecord, find_references
from webapp.answers.generate import Delta, Trouble
from webapp.answers.statements import Statement
from webapp.answers.summary import Event as SummaryEvent
from webapp.answers.summary import Lines, Part, Summary, SummaryClause, joined, summary
from webapp.core import metrics
from webapp.core.log import record_error
from webapp.core.results import (
    CitationRow,
    ClauseRow,
    CoverageRow,
    DefinitionRow,
    LineRow,
    NowhereRow,
    SummaryResult,
    cite_fields,
    ranges,
)
from webapp.core.stream import Event, Notice, Progress, Result, Text
from webapp.grounding.check import Citation
from webapp.llm.pool import Backend, Lease
from webapp.service.running import Running
from webapp.service.workspace import Workspace
from webapp.store.conversations import Conversation
from webapp.store.users import User


class RunningSummary(Running):
    """One summary under way: which part it is at, and what there is of it so far."""

    def __init__(self, workspace: Workspace, user: User, conversation: Conversation, record: DocumentRecord) -> None:
        super().__init__(workspace, user, conversation, f"Summary of {record.name}")
        self.part: Part | None = None
        self.clauses: tuple[SummaryClause, ...] = ()
        self.draft = ""
        self._record = record

    @property
    def stand(self) -> object:
        """What changes with every piece of news."""
        return self.part, len(self.clauses), len(self.draft), len(self.troubles)

    @property
    def so_far(self) -> SummaryResult:
        """The clauses that are done, as they are kept."""
        return summary_result(self._record, self.clauses)

    async def _write(self) -> SummaryResult:
        workspace = self._workspace
        document = await asyncio.to_thread(workspace.library.document, self._record.matter_id, self._record.id)
        result = self.so_far
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
                        result = await asyncio.to_thread(_whole, self._record, event, document)
        return result

    def _partial(self) -> SummaryResult:
        return self.so_far


async def summary_rows(
    workspace: Workspace, user: User, record: DocumentRecord
) -> AsyncGenerator[Event[SummaryResult]]:
    """Progress part by part and the text as it is written, then one result.

    Closing the iterator closes the engine's stream.
    """
    document = await asyncio.to_thread(workspace.library.document, record.matter_id, record.id)
    async with aclosing(_counted(summary(document, _lease(workspace, user)))) as events:
        async for event in events:
            match event:
                case Part():
                    state = f"summarising {event.clauses}"
                    yield Progress(label=record.name, state=state, done=event.n - 1, total=event.of)
                case Delta():
                    yield Text(text=event.text)
                case Trouble():
                    yield Notice.of(event.error)
                case Summary():
                    yield Progress(label=record.name, state="ready", done=1, total=1)
                    yield Result(await asyncio.to_thread(_whole, record, event, document))


async def _counted(events: AsyncGenerator[SummaryEvent]) -> AsyncGenerator[SummaryEvent]:
    """The same events, seen by the metrics and the log."""
    outcome = "stopped"
    try:
        async with aclosing(events):
            async for event in events:
                match event:
                    case Delta():
                        metrics.TOKENS.labels("answer").inc()
                    case Trouble():
                        record_error(event.error)
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
    async def lease() -> AsyncIterator[Backend]:
        place = workspace.question_queue.enter(user, workspace.share_key(user))
        try:
            async with aclosing(place.turn()) as line:
                async for _ in line:
                    pass
            async with workspace.engine_pool.lease() as backend:
                yield backend
        finally:
            place.leave()

    return lease if workspace.engine_pool.trusted else None


def _whole(record: DocumentRecord, summary: Summary, document: Document) -> SummaryResult:
    """A summary that is done, with the references that lead nowhere."""
    return summary_result(
        record, summary.clauses, summary.engine, summary.written, leads_nowhere=tuple(_leads_nowhere(document))
    )


def summary_result(
    record: DocumentRecord,
    clauses: Sequence[SummaryClause],
    engine: str = "",
    written: int = 0,
    *,
    leads_nowhere: tuple[NowhereRow, ...] = (),
) -> SummaryResult:
    """The clauses of a summary, and under them the places that their lines cite."""
    citations: list[CitationRow] = []
    rows = []
    for clause in clauses:
        lines = []
        for line in clause.lines:
            at = range(len(citations), len(citations) + len(line.citations))
            citations += [_cited(n + 1, citation) for n, citation in zip(at, line.citations, strict=True)]
            lines.append(LineRow(text=line.text, citations=tuple(at)))
        rows.append(ClauseRow(label=clause.label, heading=clause.heading, part=clause.part, lines=tuple(lines)))
    return SummaryResult(
        document_id=record.id,
        document=record.name,
        found=bool(rows),
        clauses=tuple(rows),
        citations=tuple(citations),
        definitions=tuple(_defined(statement) for clause in clauses for statement in clause.definitions),
        searched=CoverageRow.of([record]),
        engine=engine,
        written=written,
        leads_nowhere=leads_nowhere,
    )


def _leads_nowhere(document: Document) -> Iterator[NowhereRow]:
    """Places that the document refers to as its own and does not have, each where it is first named."""
    labels = set()
    for reference in find_references(document):
        if reference.target is None and not reference.external and reference.label not in labels:
            labels.add(reference.label)
            page = document.page_at(reference.span.start)
            yield NowhereRow(label=reference.label, page=page.number, page_label=page.label)


def _cited(n: int, citation: Citation) -> CitationRow:
    spans = ranges(citation.spans)
    return CitationRow(n=n, **cite_fields(citation), quote=citation.quote, verified=citation.verified, spans=spans)


def _defined(statement: Statement) -> DefinitionRow:
    spans = ranges(statement.spans)
    return DefinitionRow(**cite_fields(statement), term=statement.term, text=statement.text, spans=spans)
