"""The events of an answer as rows, its end shaped as `pincite ask --json` gives it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from retrieval import DocumentRecord, Passage, Span
from webapp.answer import Answer, Delta, Scope, Trouble, answer
from webapp.citations import Citation
from webapp.key_language import KeySentence
from webapp.rows import Body, Row, fault
from webapp.workspace import Workspace

BUDGET = ("window", "system", "history", "passages", "reserve", "sent", "left_out")


async def answer_rows(
    workspace: Workspace, matter_id: str, question: str, records: Mapping[str, DocumentRecord]
) -> AsyncGenerator[Row]:
    """Text as it is written, then one result. `records` are the ready documents to ask, by id.

    Raises what `answer` does. Closing the iterator closes the engine's stream.
    """
    events = answer(
        question,
        (),
        Scope(matter_id, tuple(records.values())),
        library=workspace.library,
        searcher=await asyncio.to_thread(lambda: workspace.searcher),
        writer=await workspace.writers.next(),
    )
    async with aclosing(events):
        async for event in events:
            match event:
                case Delta():
                    yield Row("text", {"text": event.text})
                case Trouble():
                    yield fault(event.error, "notice")
                case Answer():
                    yield Row("result", answer_row(event, records))


def answer_row(answer: Answer, records: Mapping[str, DocumentRecord]) -> Body:
    """DESIGN's `ask` object. `records` are the documents that were in scope, by id; KeyError for any other."""
    return {
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


def page_row(answer: Answer, records: Mapping[str, DocumentRecord]) -> Body:
    """`answer_row` with what the page shows beside it: where each citation and key sentence stands, and the passages.

    `spans` are [start, end) of the document's text: what is to be highlighted.
    """
    row = answer_row(answer, records)
    for told, citation in zip(row["citations"], answer.citations, strict=True):
        told |= _where(citation.parts or (citation.span,))
    for told, sentence in zip(row["key_language"], answer.key_language, strict=True):
        told |= _where((sentence.span,))
    row["passages"] = [
        {"n": passage.n, **_place(passage, records), **_where(passage.spans)} for passage in answer.passages
    ]
    return row


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
