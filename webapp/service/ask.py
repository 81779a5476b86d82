"""Answers a question when its turn in the queue comes, records metrics, and converts the answer to its result type."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing

from retrieval import Chunk, DocumentRecord
from webapp.answers.answer import Answer, Found, Scope, Waiting, answer
from webapp.answers.answer import Event as AnswerEvent
from webapp.answers.follow_up import Turn
from webapp.answers.generate import Delta, Trouble
from webapp.answers.key_language import KeySentence
from webapp.core import metrics
from webapp.core.log import record_error
from webapp.core.results import (
    AnswerResult,
    CitationRow,
    CoverageRow,
    KeySentenceRow,
    NamedRow,
    PassageRow,
    SameWordsRow,
    SentenceRow,
    cite_fields,
    span_fields,
)
from webapp.core.stream import Event, Notice, Progress, Result, Text
from webapp.core.wording import plural
from webapp.service.workspace import Workspace
from webapp.store.users import User

YOURS = "Your question"  # label of its progress
MOST_PLACES = 50  # with the same words, listed for one citation


async def answer_in_turn(
    workspace: Workspace, user: User, question: str, history: Sequence[Turn], scope: Scope
) -> AsyncGenerator[AnswerEvent]:
    """Queue a question and answer it in its turn: Waiting events first, then the events of `answer`.

    Raises what that does, and the Congested family. Closing the iterator makes room for the next question.
    """
    place = workspace.question_queue.enter(user, workspace.share_key(user))
    try:
        async with aclosing(place.turn()) as positions:
            async for before in positions:
                yield Waiting(before)
        events = answer(
            question,
            history,
            scope,
            library=workspace.library,
            searcher=await asyncio.to_thread(lambda: workspace.searcher),
            lease=workspace.engine_pool.lease,
        )
        async with aclosing(_with_metrics(events)) as measured_events:
            async for event in measured_events:
                yield event
    finally:
        place.leave()


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
                        outcome = "written" if event.checked else "key language" if event.found else "not found"
                yield event
    except Exception:  # counted, and raised again
        outcome = "failed"
        raise
    finally:
        metrics.ANSWERS.labels(outcome).inc()


async def answer_events(
    workspace: Workspace, user: User, matter_id: str, question: str, records: Mapping[str, DocumentRecord]
) -> AsyncGenerator[Event[AnswerResult]]:
    """Stream an answer: progress while it waits in the queue, text as it is written, then one result.

    `records` are the documents to search, by id, all of them ready. Raises what `answer_in_turn` does. Closing the
    iterator closes the language model's stream.
    """
    before = 0
    async with aclosing(
        answer_in_turn(workspace, user, question, (), Scope(matter_id, tuple(records.values())))
    ) as events:
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
                    yield Text(text=event.text)
                case Trouble():
                    yield Notice.of(event.error)
                case Answer():
                    yield Result(answer_result(event, records))


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
        citations=tuple(
            CitationRow(
                n=citation.n,
                **cite_fields(citation),
                quote=citation.quote,
                verified=citation.verified,
                also_in=len(answer.same_words.get(citation.span, ())),
            )
            for citation in answer.citations
        ),
        key_language=tuple(_key_sentence(sentence) for sentence in answer.key_language),
        searched=CoverageRow(
            documents=searched.documents, pages=searched.pages, unreadable_pages=searched.unreadable_pages
        ),
        budget=answer.budget.model_copy(update={"question": 0}),
        engine=answer.engine,
        doubtful=answer.doubtful,
        nearest=tuple(_key_sentence(sentence) for sentence in answer.nearest),
        same_words=tuple(_same_words(answer, records)),
        documents_meant=tuple(NamedRow.of(records[id_]) for id_ in searched.close),
    )


def page_result(answer: Answer, records: Mapping[str, DocumentRecord]) -> AnswerResult:
    """`answer_result` with more for the page: spans to highlight, sentences, passages, query and full budget."""
    result = answer_result(answer, records)
    citations = zip(result.citations, answer.citations, strict=True)
    sentences = zip(result.key_language, answer.key_language, strict=True)
    nearest = zip(result.nearest, answer.nearest, strict=True)
    return result.model_copy(
        update={
            "citations": tuple(row.model_copy(update=span_fields(citation.spans)) for row, citation in citations),
            "key_language": tuple(row.model_copy(update=span_fields(key.spans)) for row, key in sentences),
            "nearest": tuple(row.model_copy(update=span_fields(key.spans)) for row, key in nearest),
            "sentences": tuple(_sentences(answer)),
            "passages": tuple(
                PassageRow(n=passage.n, **cite_fields(passage), why=passage.why, **span_fields(passage.spans))
                for passage in answer.passages
            ),
            "budget": answer.budget,
            "query": answer.searched.query,
        }
    )


def _key_sentence(sentence: KeySentence) -> KeySentenceRow:
    span = sentence.span
    return KeySentenceRow(**cite_fields(sentence), start=span.start, end=span.end, text=sentence.text)


def _sentences(answer: Answer) -> Iterator[SentenceRow]:
    """Rows of the sentences of a checked answer: end, own citations, reason for doubt."""
    if answer.checked:
        checked = answer.checked
        for sentence, end, own in zip(checked.sentences, checked.ends, checked.own, strict=True):
            yield SentenceRow(end=end, citations=own, doubt=sentence.reason)


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
