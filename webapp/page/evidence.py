"""Builds the evidence panel of a turn: looks up the words of an item in its document, and shows them on their page."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from markupsafe import Markup

from retrieval import Document, Library, PinciteError, find_quote, own_words, pin_cite
from webapp.core.results import SameWordsRow, SpanRow, cite_fields, items, ranges
from webapp.core.wording import about_document
from webapp.page.html.evidence import evidence, nothing_chosen
from webapp.store.conversations import SavedTurn


def newest_evidence(library: Library, matter_id: str, turns: Sequence[SavedTurn]) -> Markup:
    """Evidence panel for the newest turn that has items, at the first of them."""
    for turn in reversed(turns):
        if items(turn.answer):
            return evidence_of(library, matter_id, turn, 0, 1.0)
    return nothing_chosen()


def evidence_of(library: Library, matter_id: str, turn: SavedTurn, position: int, zoom: float) -> Markup:
    """Evidence panel for a turn at the item of that position, or the nearest one."""
    places = items(turn.answer)
    if not places:
        return nothing_chosen()
    position = min(max(position, 0), len(places) - 1)
    row = places[position].row
    words = ""
    with suppress(
        PinciteError, ValueError
    ):  # the document was removed, or added again and is not read yet or has another text
        document = library.document(matter_id, row.document_id, row.text_version)
        if isinstance(row, SameWordsRow):
            row = _same_quotation(document, row, turn.answer.citations[row.citation].quote)
        about = about_document(library.facts(matter_id, row.document_id))
        places[position] = replace(places[position], row=row, about=about)
        words = own_words(document, *(document.span(*span) for span in row.spans))
    return evidence(matter_id, turn.id, places, position, words, zoom)


def _same_quotation(document: Document, row: SameWordsRow, quote: str | None) -> SpanRow:
    """Position of a quotation (without one, of the passage) in a passage with the same words as the cited one."""
    passage = document.span(row.start, row.end)
    match = find_quote(document, quote, passage) if quote else None
    cite = pin_cite(document, *(match.parts if match else (passage,)))
    return SpanRow(**cite_fields(cite), spans=ranges(cite.spans))
