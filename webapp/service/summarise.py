"""Summarises a document, in the background or as a stream of events; converts the summary to its result type."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager

from retrieval import Document, DocumentRecord, find_references
from webapp.answers.generate import Delta, Trouble
from webapp.answers.statements import Statement
from webapp.answers.summary import Event as SummaryEvent
from webapp.answers.summary import Lines, Part, Summary, SummaryClause, joined, summary
from webapp.core import metrics
from webapp.core.log import record_error
from webapp.core.marks import mark_for, promise
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
from webapp.service.provenance import Provenance
from webapp.service.running import Running
from webapp.service.workspace import Workspace
from webapp.store.audit import Act
from webapp.store.conversations import Conversation
from webapp.store.users import User


class RunningSummary(Running):
    """Background task that writes one summary: the current part, and the clauses so far."""

    def __init__(self, workspace: Workspace, user: User, conversation: Conversation, record: DocumentRecord) -> None:
        super().__init__(workspace, user, conversation, f"Summary of {record.name}")
        self.part: Part | None = None
        self.clauses: tuple[SummaryClause, ...] = ()
        self.draft = ""
        self._record = record

    @property
    def progress(self) -> object:
        """A value that changes with every update."""
        return self.part, len(self.clauses), len(self.draft), len(self.troubles)

    @property
    def so_far(self) -> SummaryResult:
        """Result with the clauses that are finished."""
        return summary_result(self._record, self.clauses)

    async def _write(self) -> SummaryResult:
        workspace = self._workspace
        document = await asyncio.to_thread(_opened, workspace, self._user, self._record)
        result = self.so_far
        async with aclosing(_with_metrics(summary(document, _lease(workspace, self._user, self.provenance)))) as events:
            async for event in events:
                match event:
                    case Part():
                        self.part, self.draft = event, ""
                    case Delta():
                        self.draft = event.after(self.draft)
                    case Trouble():
                        self.troubles.append(event.error)
                    case Lines():
                        self.clauses, self.draft = joined([*self.clauses, *event.clauses]), ""
                    case Summary():
                        result = await asyncio.to_thread(_complete, self._record, event, document)
        return result

    def _partial(self) -> SummaryResult:
        return self.so_far


async def summary_events(
    workspace: Workspace, user: User, record: DocumentRecord
) -> AsyncGenerator[Event[SummaryResult]]:
    """Stream a summary: progress by parts, text as it is written, then one result.

    Closing the iterator closes the language model's stream.
    """
    document = await asyncio.to_thread(_opened, workspace, user, record)
    provenance = Provenance(workspace, record.matter_id, uuid.uuid4().hex)
    async with aclosing(_with_metrics(summary(document, _lease(workspace, user, provenance)))) as events:
        async for event in events:
            match event:
                case Part():
                    state = f"summarising {event.clauses}"
                    yield Progress(label=record.name, state=state, done=event.n - 1, total=event.of)
                case Delta():
                    yield Text(text=event.text, anew=event.anew)
                case Trouble():
                    yield Notice.of(event.error)
                case Summary():
                    yield Progress(label=record.name, state="ready", done=1, total=1)
                    made_by = {"made_by": await asyncio.to_thread(provenance.row)}
                    result = await asyncio.to_thread(_complete, record, event, document)
                    yield Result(result.model_copy(update=made_by))


def _opened(workspace: Workspace, user: User, record: DocumentRecord) -> Document:
    """The text of a document that is to be summarised, which is recorded first."""
    workspace.audit.record(user, Act.SUMMARY, matter_id=record.matter_id, object=record.id)
    return workspace.library.document(record.matter_id, record.id)


async def _with_metrics(events: AsyncGenerator[SummaryEvent]) -> AsyncGenerator[SummaryEvent]:
    """Pass the events on; record metrics and log errors."""
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


def _lease(workspace: Workspace, user: User, provenance: Provenance) -> Lease | None:
    """Lease of the language model for one part, queued as a question is; None if no server is configured."""

    @asynccontextmanager
    async def lease() -> AsyncIterator[Backend]:
        place = workspace.question_queue.enter(user, workspace.share_key(user))
        try:
            async with aclosing(place.turn()) as positions:
                async for _ in positions:
                    pass
            async with provenance.lease() as backend:
                yield backend
        finally:
            place.leave()

    return lease if workspace.engine_pool.is_configured else None


def _complete(record: DocumentRecord, summary: Summary, document: Document) -> SummaryResult:
    """Result of a finished summary, with the document's dangling cross-references."""
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
    """Convert the clauses of a summary to its result type, in which lines name citations by position."""
    citations: list[CitationRow] = []
    rows = []
    for clause in clauses:
        lines = []
        for line in clause.lines:
            at = range(len(citations), len(citations) + len(line.citations))
            citations += [_citation_row(n + 1, citation) for n, citation in zip(at, line.citations, strict=True)]
            state, how = min(line.states, key=lambda each: promise(mark_for(*each)))
            lines.append(LineRow(text=line.text, citations=tuple(at), state=state, how=how))
        rows.append(ClauseRow(label=clause.label, heading=clause.heading, part=clause.part, lines=tuple(lines)))
    return SummaryResult(
        document_id=record.id,
        document=record.name,
        found=bool(rows),
        clauses=tuple(rows),
        citations=tuple(citations),
        definitions=tuple(_definition_row(statement) for clause in clauses for statement in clause.definitions),
        searched=CoverageRow.of([record]),
        engine=engine,
        written=written,
        leads_nowhere=leads_nowhere,
    )


def _leads_nowhere(document: Document) -> Iterator[NowhereRow]:
    """Dangling cross-references: clauses the document refers to but does not contain, each at its first mention."""
    labels = set()
    for reference in find_references(document):
        if reference.target is None and not reference.external and reference.label not in labels:
            labels.add(reference.label)
            page = document.page_at(reference.span.start)
            yield NowhereRow(label=reference.label, page=page.number, page_label=page.label)


def _citation_row(n: int, citation: Citation) -> CitationRow:
    spans = ranges(citation.spans)
    return CitationRow(n=n, **cite_fields(citation), quote=citation.quote, verified=citation.verified, spans=spans)


def _definition_row(statement: Statement) -> DefinitionRow:
    spans = ranges(statement.spans)
    return DefinitionRow(**cite_fields(statement), term=statement.term, text=statement.text, spans=spans)
