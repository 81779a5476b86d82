"""Evidence of a turn: finds the words of one of its places in their document, and shows them on their page."""

from collections.abc import Sequence
from contextlib import suppress

from markupsafe import Markup

from retrieval import Document, Library, PinciteError, find_quote, own_words, pin_cite
from webapp.core.results import Item, SameWordsRow, SpanRow, cite_fields, items, ranges
from webapp.page.html.evidence import evidence, nothing_chosen
from webapp.store.conversations import SavedTurn


def newest_evidence(library: Library, matter_id: str, turns: Sequence[SavedTurn]) -> Markup:
    """The evidence of the newest turn that has any, at its first place."""
    for turn in reversed(turns):
        if items(turn.answer):
            return evidence_of(library, matter_id, turn, 0, 1.0)
    return nothing_chosen()


def evidence_of(library: Library, matter_id: str, turn: SavedTurn, position: int, zoom: float) -> Markup:
    """The evidence of a turn at the place of that position, or at the nearest that there is."""
    places = items(turn.answer)
    if not places:
        return nothing_chosen()
    position = min(max(position, 0), len(places) - 1)
    row = places[position].row
    words = ""
    with suppress(PinciteError, ValueError):  # it was removed, or came back and is not read yet or reads otherwise
        document = library.document(matter_id, row.document_id)
        if isinstance(row, SameWordsRow):
            row = _quoted_there(document, row, turn.answer.citations[row.citation].quote)
            places[position] = Item(places[position].kind, row)
        words = own_words(document, *(document.span(*span) for span in row.spans))
    return evidence(matter_id, turn.id, places, position, words, zoom)


def _quoted_there(document: Document, row: SameWordsRow, quote: str | None) -> SpanRow:
    """The place of a quotation in a passage that says the same as the quoted one; of the passage without one."""
    passage = document.span(row.start, row.end)
    match = find_quote(document, quote, passage) if quote else None
    cite = pin_cite(document, *(match.parts if match else (passage,)))
    return SpanRow(**cite_fields(cite), spans=ranges(cite.spans))
