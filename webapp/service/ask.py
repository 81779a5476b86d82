"""An answer in its turn, counted and timed; and its events as rows, the end shaped as `pincite ask --json` gives it."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from retrieval import Chunk, DocumentRecord, Passage, Span
from webapp.answers.answer import Answer, Delta, Event, Found, Scope, Trouble, Waiting, answer
from webapp.answers.follow_up import Turn
from webapp.answers.key_language import KeySentence
from webapp.core import metrics
from webapp.core.log import noted
from webapp.core.stream import Body, Row, fault, progress
from webapp.core.wording import plural
from webapp.grounding.check import Citation
from webapp.service.workspace import Workspace
from webapp.store.users import User

YOURS = "Your question"  # the name of its progress
MOST_PLACES = 50  # with the same words, told of one citation
_PROMPT = ("system", "history", "question", "passages")
BUDGET = ("window", "system", "history", "passages", "reserve", "sent", "left_out")


async def in_turn(
    workspace: Workspace, user: User, question: str, history: Sequence[Turn], scope: Scope
) -> AsyncGenerator[Event]:
    """Waiting until it is the question's turn, then the events of `answer`.

    Raises what that does, and the Congested family. Closing the iterator makes room for the next question.
    """
    place = workspace.admission.enter(user, workspace.share_key(user))
    try:
        async with aclosing(place.turn()) as line:
            async for before in line:
                yield Waiting(before)
        events = answer(
            question,
            history,
            scope,
            library=workspace.library,
            searcher=await asyncio.to_thread(lambda: workspace.searcher),
            lease=workspace.writers.lease,
        )
        async with aclosing(_counted(events)) as counted:
            async for event in counted:
                yield event
    finally:
        place.leave()


async def _counted(events: AsyncGenerator[Event]) -> AsyncGenerator[Event]:
    """The same events, seen by the metrics and the log."""
    began, outcome, found, writing = time.monotonic(), "stopped", False, False
    try:
        async with aclosing(events):
            async for event in events:
                match event:
                    case Found() if not found:
                        found = True
                        metrics.PACKING_SECONDS.observe(time.monotonic() - began)
                        metrics.SEARCHES.inc(2 if event.searched.wider else 1)
                        metrics.TOKENS.labels("prompt").inc(sum(event.budget[part] for part in _PROMPT))
                    case Delta():
                        if not writing:
                            writing = True
                            metrics.FIRST_TOKEN_SECONDS.observe(time.monotonic() - began)
                        metrics.TOKENS.labels("answer").inc()
                    case Trouble():
                        noted(event.error)
                    case Answer():
                        outcome = "written" if event.checked else "key language" if event.found else "not found"
                yield event
    except Exception:  # counted, and raised again
        outcome = "failed"
        raise
    finally:
        metrics.ANSWERS.labels(outcome).inc()


async def answer_rows(
    workspace: Workspace, user: User, matter_id: str, question: str, records: Mapping[str, DocumentRecord]
) -> AsyncGenerator[Row]:
    """Progress while others are before it, text as it is written, then one result. `records` are the ready documents to ask, by id.

    Raises what `in_turn` does. Closing the iterator closes the engine's stream.
    """
    before = 0
    async with aclosing(in_turn(workspace, user, question, (), Scope(matter_id, tuple(records.values())))) as events:
        async for event in events:
            if isinstance(event, Waiting):
                before = before or event.before
                yield progress(YOURS, f"{plural(event.before, 'answer')} before yours", before - event.before, before)
                continue
            if before:
                before = 0
                yield progress(YOURS, "ready")
            match event:
                case Delta():
                    yield Row("text", {"text": event.text})
                case Trouble():
                    yield fault(event.error, "notice")
                case Answer():
                    yield Row("result", answer_row(event, records))


def answer_row(answer: Answer, records: Mapping[str, DocumentRecord]) -> Body:
    """DESIGN's `ask` object; beside it `doubtful` and `documents_meant` where there is a doubt or a choice to tell of.

    A citation whose passage stands word for word in other documents says in how many (`also_in`); `same_words` has these
    places, at most MOST_PLACES of each passage, each with the position of the first `citation` of it. `records` are the
    documents that were in scope, by id; KeyError for any other.
    """
    row: Body = {
        "answer": answer.text,
        "found": answer.found,
        "citations": [_citation(citation, records) for citation in answer.citations],
        "key_language": [_sentence(sentence, records) for sentence in answer.key_language],
        "searched": {
            "documents": answer.searched.documents,
            "pages": answer.searched.pages,
            "unreadable_pages": answer.searched.unreadable_pages,
        },
        "budget": {name: answer.budget[name] for name in BUDGET},
        "engine": answer.engine,
    }
    if answer.doubtful:
        row["doubtful"] = True
    if answer.same_words:
        for told, citation in zip(row["citations"], answer.citations, strict=True):
            if others := answer.same_words.get(citation.span):
                told["also_in"] = len(others)
        row["same_words"] = list(_same_words(answer, records))
    if answer.searched.close:
        row["documents_meant"] = [_named(records[id_]) for id_ in answer.searched.close]
    return row


def page_row(answer: Answer, records: Mapping[str, DocumentRecord]) -> Body:
    """`answer_row` with what the page shows beside it: where each citation and key sentence stands, and the passages.

    `spans` are [start, end) of the document's text: what is to be highlighted. `sentences` say of each sentence of a
    checked answer where it ends, which citations are its own, and why it is in doubt, if it is.
    """
    row = answer_row(answer, records)
    for told, citation in zip(row["citations"], answer.citations, strict=True):
        told |= _where(citation.parts or (citation.span,))
    for told, sentence in zip(row["key_language"], answer.key_language, strict=True):
        told |= _where((sentence.span,))
    if answer.checked:
        told = zip(answer.checked.sentences, answer.checked.ends, answer.checked.own, strict=True)
        row["sentences"] = [{"end": end, "citations": list(own), "doubt": each.reason} for each, end, own in told]
    row["passages"] = [
        {"n": passage.n, "why": passage.why, **_place(passage, records), **_where(passage.spans)}
        for passage in answer.passages
    ]
    return row


def _same_words(answer: Answer, records: Mapping[str, DocumentRecord]) -> Iterator[Body]:
    told: set[tuple[Chunk, ...]] = set()
    for at, citation in enumerate(answer.citations):
        others = answer.same_words.get(citation.span, ())
        if others in told:
            continue
        told.add(others)
        for chunk in sorted(others, key=lambda c: records[c.span.document_id].name.casefold())[:MOST_PLACES]:
            place = {"start": chunk.span.start, "end": chunk.span.end}
            yield {"citation": at, **_named(records[chunk.span.document_id]), **place}


def _named(record: DocumentRecord) -> dict[str, str]:
    return {"document_id": record.id, "document": record.name}


def _where(spans: Sequence[Span]) -> dict[str, Any]:
    return {"start": spans[0].start, "end": spans[-1].end, "spans": [[span.start, span.end] for span in spans]}


def _citation(citation: Citation, records: Mapping[str, DocumentRecord]) -> dict[str, Any]:
    return {"n": citation.n, **_place(citation, records), "quote": citation.quote, "verified": citation.verified}


def _sentence(sentence: KeySentence, records: Mapping[str, DocumentRecord]) -> dict[str, Any]:
    return {**_place(sentence, records), "start": sentence.span.start, "end": sentence.span.end, "text": sentence.text}


def _place(cited: Citation | KeySentence | Passage, records: Mapping[str, DocumentRecord]) -> dict[str, Any]:
    return {
        "document_id": cited.document_id,
        "document": records[cited.document_id].name,
        "section": cited.section,
        "page": cited.page,
        "page_label": cited.page_label,
    }
