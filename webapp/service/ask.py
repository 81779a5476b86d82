"""Answers a question when its turn in the queue comes, records metrics, and converts the answer to its result type."""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from retrieval import Chunk, DocumentRecord, Matter, PinciteError, Span
from webapp.answers.answer import Answer, Found, Scope, Waiting, answer
from webapp.answers.answer import Event as SearchEvent
from webapp.answers.document_row import DocumentAnswer
from webapp.answers.each_document import EachQuestion, Row, Windows, each_document, put_to_each
from webapp.answers.generate import Delta, Trouble
from webapp.answers.history import Turn
from webapp.answers.key_language import KeySentence
from webapp.answers.reading import read_question
from webapp.answers.second_opinion import second_opinion
from webapp.core import metrics
from webapp.core.cpu_pool import run_on_core
from webapp.core.log import record_error, user_error
from webapp.core.marks import QUOTED, RECOGNISED
from webapp.core.results import (
    AmendmentRow,
    AnswerResult,
    CitationRow,
    DocumentAnswerRow,
    KeySentenceRow,
    MentionsResult,
    NamedRow,
    PassageRow,
    SameWordsRow,
    SentenceRow,
    SupersededRow,
    cite_fields,
    span_fields,
)
from webapp.core.stream import Event, Notice, Progress, Result, Text
from webapp.core.wording import plural
from webapp.grounding.check import CheckedAnswer, CheckedSentence
from webapp.llm.pool import Lease
from webapp.service.provenance import Provenance
from webapp.service.workspace import Workspace
from webapp.store.audit import Act
from webapp.store.conversations import Conversation, SavedTurn
from webapp.store.users import User

YOURS = "Your question"  # label of its progress
AnswerEvent = SearchEvent | EachQuestion | Row
NO_TOPIC = ("greeting", "help", "library", "mentions")  # so read, a question is none that another can lean on
MOST_PLACES = 50  # with the same words, listed for one citation


async def answer_in_turn(
    workspace: Workspace, user: User, question: str, history: Sequence[Turn], scope: Scope, provenance: Provenance
) -> AsyncGenerator[AnswerEvent]:
    """Queue a question and answer it in its turn: Waiting events first, then the events of `answer`, or of
    `each_document` where the question is put to each. Recorded under the id that its turn will have, and what is sent
    to a language model is told to its provenance.

    Raises what those do, and the Congested family. Closing the iterator makes room for the next question.
    """
    turn_id, lease = provenance.turn_id, provenance.lease
    place = workspace.question_queue.enter(user, workspace.share_key(user))
    try:
        async with aclosing(place.turn()) as positions:
            async for before in positions:
                yield Waiting(before)
        record = partial(workspace.audit.record, user, Act.QUESTION, matter_id=scope.matter_id, object=turn_id)
        await asyncio.to_thread(record)
        library = workspace.library
        searcher = await asyncio.to_thread(lambda: workspace.searcher)
        events: AsyncGenerator[AnswerEvent]
        reading = read_question(question, history, len(scope.records))
        may_be_each = not reading.needs_no_search and reading.kind != "about_last_answer"
        asked = await run_on_core(put_to_each, reading.question, scope, searcher) if may_be_each else None
        if asked:
            windows = Windows(lease, workspace.question_queue.borrow) if workspace.engine_pool.is_configured else None
            events = each_document(asked, scope, library=library, searcher=searcher, windows=windows)
        else:
            events = answer(question, history, scope, library=library, searcher=searcher, lease=lease)
        read = _Read(workspace, user, scope.matter_id, turn_id)
        async with aclosing(_with_metrics(events)) as measured_events:
            async for event in measured_events:
                await read.record(event)
                yield await _asked_again(workspace, lease, event)
    finally:
        place.leave()


class _Read:
    """Records the documents of an answer's passages, each before it is put before a language model or shown."""

    def __init__(self, workspace: Workspace, user: User, matter_id: str, turn_id: str) -> None:
        audit = workspace.audit.record_documents
        self._record = partial(audit, user, Act.READ, matter_id=matter_id, object=turn_id)
        self._told: set[str] = set()

    async def record(self, event: AnswerEvent) -> None:
        """Record what an event brings of documents that were not read before."""
        if new := [id_ for id_ in dict.fromkeys(_documents_of(event)) if id_ not in self._told]:
            self._told.update(new)
            await asyncio.to_thread(self._record, new)


def _documents_of(event: AnswerEvent) -> Iterator[str]:
    """Ids of the documents whose words an event holds, or that are read for it next."""
    match event:
        case Found():
            yield from (passage.document_id for passage in event.passages)
        case EachQuestion():
            yield from (record.id for record in event.records)
        case Answer():
            for places in (event.passages, event.citations, event.key_language, event.nearest):
                yield from (place.document_id for place in places)
            for clauses in event.superseded_by.values():
                yield from (clause.document_id for clause in clauses)


async def _asked_again(workspace: Workspace, lease: Lease, event: AnswerEvent) -> AnswerEvent:
    """An answer with the second opinion of the language model that wrote it, where the settings ask for one."""
    if not (workspace.settings.second_opinion and isinstance(event, Answer) and event.checked):
        return event
    windows = Windows(lease, workspace.question_queue.borrow)
    return replace(event, checked=await second_opinion(event.checked, event.passages, windows))


async def _with_metrics(events: AsyncGenerator[AnswerEvent]) -> AsyncGenerator[AnswerEvent]:
    """Pass the events on; record metrics and log errors."""
    start, outcome, has_passages, has_text = time.monotonic(), "stopped", False, False
    try:
        async with aclosing(events):
            async for event in events:
                match event:
                    case Found() if not has_passages:
                        has_passages = True
                        metrics.PACKING_SECONDS.observe(time.monotonic() - start)
                        metrics.SEARCHES.inc(2 if event.searched.wider else 1)
                        metrics.TOKENS.labels("prompt").inc(event.budget.prompt)
                    case Delta():
                        if not has_text:
                            has_text = True
                            metrics.FIRST_TOKEN_SECONDS.observe(time.monotonic() - start)
                        metrics.TOKENS.labels("answer").inc()
                    case Trouble():
                        record_error(event.error)
                    case Answer():
                        outcome = (
                            "each document"
                            if event.documents
                            else "written"
                            if event.checked
                            else "key language"
                            if event.found
                            else "not found"
                        )
                yield event
    except Exception:  # counted, and raised again
        outcome = "failed"
        raise
    finally:
        metrics.ANSWERS.labels(outcome).inc()


def history_of(turns: Sequence[SavedTurn]) -> list[Turn]:
    """Chat history for a question: complete turns, without those that only greeted or told of the library."""
    return [
        Turn(
            turn.question,
            answer.answer if answer.found else "",
            (isinstance(answer, AnswerResult) and answer.query) or turn.question,
            tuple(_spans(answer.passages)) if isinstance(answer, AnswerResult) else (),
            tuple(_spans(answer.citations)),
            answer.searched is not None and answer.searched.documents == 1,
        )
        for turn in turns
        if turn.state == "complete" and not isinstance(answer := turn.answer, MentionsResult)
        if not (isinstance(answer, AnswerResult) and answer.read_as in NO_TOPIC)
    ]


def _spans(rows: Sequence[CitationRow | PassageRow]) -> Iterator[Span]:
    for row in rows:
        if not row.removed:
            yield from (Span(row.document_id, *each) for each in row.spans)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in a matter, and the conversation that it goes on with, if any.

    `scope` has the ids of the chosen documents, None for all; `thorough` is that of the search's scope.
    """

    question: str
    matter: Matter
    scope: Sequence[str] | None = None
    conversation: Conversation | None = None
    thorough: bool = False


async def answer_events(
    workspace: Workspace, user: User, asked: Asked, records: Mapping[str, DocumentRecord]
) -> AsyncGenerator[Event[AnswerResult]]:
    """Stream an answer: progress while it waits in the queue, text as it is written, then one result.

    `records` are the documents in scope, by id. The turn is kept in its conversation, or in a new one. Raises what
    `answer_in_turn` does. Closing the iterator closes the language model's stream.
    """
    before = 0
    history = await asyncio.to_thread(_history, workspace, user, asked.conversation)
    scope = replace(Scope.of(asked.matter.id, records.values()), thorough=asked.thorough)
    troubles: list[PinciteError] = []
    provenance = Provenance(workspace, scope.matter_id, uuid.uuid4().hex)
    async with aclosing(answer_in_turn(workspace, user, asked.question, history, scope, provenance)) as events:
        async for event in events:
            if isinstance(event, Waiting):
                before = before or event.before
                state = f"{plural(event.before, 'answer')} before yours"
                yield Progress(label=YOURS, state=state, done=before - event.before, total=before)
                continue
            if before:
                before = 0
                yield Progress(label=YOURS, state="ready")
            match event:
                case Delta():
                    yield Text(text=event.text, anew=event.anew)
                case Row(done=done, of=of):
                    state = "ready" if done == of else f"document {done} of {of}"
                    yield Progress(label=YOURS, state=state, done=done, total=of)
                case Trouble():
                    troubles.append(event.error)
                    yield Notice.of(event.error)
                case Answer():
                    made_by = {"made_by": await asyncio.to_thread(provenance.row)}
                    turn = page_result(event, records).ended(troubles).model_copy(update=made_by)
                    if error := await asyncio.to_thread(_keep, workspace, user, asked, turn, provenance.turn_id):
                        yield Notice.of(error)
                    yield Result(answer_result(event, records).model_copy(update=made_by))


def _history(workspace: Workspace, user: User, conversation: Conversation | None) -> list[Turn]:
    return history_of(workspace.conversations.turns(user, conversation.id)) if conversation else []


def _keep(workspace: Workspace, user: User, asked: Asked, turn: AnswerResult, turn_id: str) -> PinciteError | None:
    """Save a turn; returns the error that prevented it, which takes nothing from the answer."""
    conversations = workspace.conversations
    try:
        goes_to = asked.conversation or conversations.start(user, asked.matter, asked.question, asked.scope)
        conversations.add_turn(user, goes_to.id, asked.question, turn, "complete", turn_id=turn_id)
    except PinciteError as error:
        return user_error(error)
    return None


def answer_result(answer: Answer, records: Mapping[str, DocumentRecord]) -> AnswerResult:
    """Convert an answer to the result that `pincite ask --json` prints.

    `also_in` of a citation counts the other documents that contain its passage word for word; `same_words` lists these
    places, at most MOST_PLACES for each passage, each with the position of its first `citation`. `records` are the
    documents that were in scope, by id; KeyError for any other.
    """
    searched = answer.searched
    return AnswerResult(
        answer=answer.text,
        found=answer.found,
        query=searched.query,
        read_as=searched.read_as,
        citations=tuple(
            CitationRow(
                n=citation.n,
                **cite_fields(citation),
                quote=citation.quote,
                verified=citation.verified,
                also_in=len(answer.same_words.get(citation.span, ())),
                superseded_by=superseded_by(answer, citation.span),
            )
            for citation in answer.citations
        ),
        key_language=tuple(_key_sentence(answer, sentence) for sentence in answer.key_language),
        searched=searched.coverage,
        budget=answer.budget.model_copy(update={"question": 0}),
        engine=answer.engine,
        doubtful=answer.doubtful,
        nearest=tuple(_key_sentence(answer, sentence) for sentence in answer.nearest),
        same_words=tuple(_same_words(answer, records)),
        documents_meant=tuple(NamedRow.of(records[id_]) for id_ in searched.close),
        further_documents=tuple(NamedRow.of(records[id_]) for id_ in answer.further),
        documents=tuple(_document_row(answer, row) for row in answer.documents),
        sentences=tuple(_sentences(answer)),
    )


def page_result(answer: Answer, records: Mapping[str, DocumentRecord]) -> AnswerResult:
    """`answer_result` with more for the page: spans to highlight, places of sentences, passages and full budget."""
    result = answer_result(answer, records)
    citations = zip(result.citations, answer.citations, strict=True)
    sentences = zip(result.key_language, answer.key_language, strict=True)
    nearest = zip(result.nearest, answer.nearest, strict=True)
    return result.model_copy(
        update={
            "citations": tuple(row.model_copy(update=span_fields(citation.spans)) for row, citation in citations),
            "key_language": tuple(row.model_copy(update=span_fields(key.spans)) for row, key in sentences),
            "nearest": tuple(row.model_copy(update=span_fields(key.spans)) for row, key in nearest),
            "sentences": tuple(row.model_copy(update={"text": "", "mark": ""}) for row in result.sentences),
            "passages": tuple(
                PassageRow(
                    n=passage.n,
                    **cite_fields(passage),
                    why=passage.why,
                    superseded_by=superseded_by(answer, passage.span),
                    **span_fields(passage.spans),
                )
                for passage in answer.passages
            ),
            "amendments": tuple(_amendments(answer)),
            "budget": answer.budget,
        }
    )


def superseded_by(answer: Answer, span: Span) -> tuple[SupersededRow, ...]:
    """Rows of the clauses that amend a span of an answer."""
    clauses = answer.superseded_by.get(span, ())
    return tuple(SupersededRow(**cite_fields(clause), action=clause.action) for clause in clauses)


def _amendments(answer: Answer) -> Iterator[AmendmentRow]:
    """Rows of the amending clauses of all that is quoted, each once."""
    quoted = {place.span for place in (*answer.citations, *answer.key_language, *answer.nearest)}
    clauses = (clause for span, own in answer.superseded_by.items() if span in quoted for clause in own)
    for clause in dict.fromkeys(clauses):
        yield AmendmentRow(**cite_fields(clause), action=clause.action, **span_fields(clause.spans))


def _document_row(answer: Answer, row: DocumentAnswer) -> DocumentAnswerRow:
    return DocumentAnswerRow(
        document_id=row.record.id,
        document=row.record.name,
        state=row.state,
        answer=row.answer,
        citations=tuple(citation.n for citation in row.citations),
        superseded_by=tuple(
            dict.fromkeys(by for citation in row.citations for by in superseded_by(answer, citation.span))
        ),
        reason=row.reason,
        title=row.title,
        sentence=(sentence := _row_sentence(answer, row)),
        mark=_row_mark(row, sentence),
    )


def _row_sentence(answer: Answer, row: DocumentAnswer) -> SentenceRow | None:
    """What a language model wrote of a document, the sentence that the check is least sure of."""
    at = row.weakest
    if row.checked is None or at is None:
        return None
    own = [citation.n for citation in row.citations]
    positions = tuple(i for i, citation in enumerate(answer.citations) if citation.n in own)
    return _sentence(row.checked, at, tuple(own), positions)


def _row_mark(row: DocumentAnswer, sentence: SentenceRow | None) -> str:
    """The mark of what a row rests on, in words: of its quotation, or of its sentence."""
    if any(citation.quote for citation in row.citations):
        recognised = any(citation.recognised for citation in row.citations)
        return (RECOGNISED if recognised else QUOTED).words
    return sentence.told if sentence and row.citations else ""


def _key_sentence(answer: Answer, sentence: KeySentence) -> KeySentenceRow:
    span = sentence.span
    return KeySentenceRow(
        **cite_fields(sentence),
        start=span.start,
        end=span.end,
        text=sentence.text,
        emphasis=sentence.emphasis,
        superseded_by=superseded_by(answer, span),
    )


def _sentences(answer: Answer) -> Iterator[SentenceRow]:
    """Rows of the sentences of a checked answer."""
    if answer.checked:
        checked = answer.checked
        for at, (end, own) in enumerate(zip(checked.ends, checked.own, strict=True)):
            numbers = tuple(dict.fromkeys(checked.citations[position].n for position in own))
            yield _sentence(checked, at, numbers, own).model_copy(update={"end": end})


def _sentence(checked: CheckedAnswer, at: int, numbers: tuple[int, ...], positions: tuple[int, ...]) -> SentenceRow:
    """The row of one sentence of a checked text, with the numbers and the positions of its citations."""
    sentence = checked.sentences[at]
    row = SentenceRow(
        text=checked.texts[at],
        state=sentence.state,
        how=sentence.how,
        citations=numbers,
        missing=sentence.missing,
        doubt=sentence.reason,
        computation=_computed(sentence) if sentence.state == "computed" else "",
        at=positions,
    )
    return row.model_copy(update={"mark": row.told})


def _computed(sentence: CheckedSentence) -> str:
    """How a sentence was computed: operands, result, and the rule that was counted by."""
    done = sentence.computation
    return f"{done.text} ({done.rule})" if done and done.rule else done.text if done else ""


def _same_words(answer: Answer, records: Mapping[str, DocumentRecord]) -> Iterator[SameWordsRow]:
    seen: set[tuple[Chunk, ...]] = set()
    for at, citation in enumerate(answer.citations):
        others = answer.same_words.get(citation.span, ())
        if others in seen:
            continue
        seen.add(others)
        for chunk in sorted(others, key=lambda c: records[c.span.document_id].name.casefold())[:MOST_PLACES]:
            record, span = records[chunk.span.document_id], chunk.span
            yield SameWordsRow(
                citation=at,
                document_id=record.id,
                document=record.name,
                text_version=record.text_version,
                start=span.start,
                end=span.end,
            )
