"""Evidence of a turn: finds the words of one of its places in their document, and shows them on their page."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from markupsafe import Markup

from retrieval import Document, Library, PinciteError, own_words, section_at
from webapp.core.stream import Body
from webapp.grounding.quotes import find_quote
from webapp.page.html import chat
from webapp.page.html import evidence as evidence_html
from webapp.store.conversations import SavedTurn


def newest_evidence(library: Library, matter_id: str, turns: Sequence[SavedTurn]) -> Markup:
    """The evidence of the newest turn that has any, at its first place."""
    for turn in reversed(turns):
        if chat.items(turn.answer):
            return evidence_of(library, matter_id, turn, 0, 1.0)
    return evidence_html.nothing_chosen()


def evidence_of(library: Library, matter_id: str, turn: SavedTurn, item: int, zoom: float) -> Markup:
    """The evidence of a turn at the place of that position, or at the nearest that there is."""
    items = chat.items(turn.answer)
    if not items:
        return evidence_html.nothing_chosen()
    position = min(max(item, 0), len(items) - 1)
    row = items[position].row
    words = ""
    with suppress(PinciteError, ValueError):  # it was removed, or came back and is not read yet or reads otherwise
        document = library.document(matter_id, row["document_id"])
        if "citation" in row:  # a passage that says the same as a cited one
            row = _quoted_there(document, row, turn.answer["citations"][row["citation"]]["quote"])
            items[position] = replace(items[position], row=row)
        words = own_words(document, *(document.span(start, end) for start, end in row["spans"]))
    return evidence_html.evidence(matter_id, turn.id, items, position, words, zoom)


def _quoted_there(document: Document, row: Body, quote: str | None) -> Body:
    """The row of a passage with the place of the quotation in it, or its own without one."""
    passage = document.span(row["start"], row["end"])
    match = find_quote(document, quote, passage) if quote else None
    parts = match.parts if match else (passage,)
    page = document.page_at(parts[0].start)
    return row | {
        "section": section_at(document, parts[0].start),
        "page": page.number,
        "page_label": page.label,
        "spans": [[part.start, part.end] for part in parts],
    }
