"""Builds the evidence panel of a turn: looks up the words of an item in its document, and shows them on their page."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain, zip_longest

from markupsafe import Markup

from retrieval import FORMATS, Document, Library, PinciteError, Span, find_quote, own_words, pin_cite
from webapp.core.results import Item, PieceOfPage, SameWordsRow, SpanRow, cite_fields, items, ranges
from webapp.core.wording import REMARKED, about_document, remark_note
from webapp.page.html.evidence import evidence, nothing_chosen, side_by_side
from webapp.store.conversations import SavedTurn

MOST_NOTES = 12  # on the words of one item
TEXT_BEFORE, TEXT_SHOWN = 3_000, 12_000  # characters of a page that has no image


def newest_evidence(library: Library, matter_id: str, turns: Sequence[SavedTurn]) -> Markup:
    """Evidence panel for the newest turn that has items, at the first of them."""
    for turn in reversed(turns):
        if items(turn.answer):
            return evidence_of(library, matter_id, turn, 0)
    return nothing_chosen()


def evidence_of(library: Library, matter_id: str, turn: SavedTurn, position: int, other: int | None = None) -> Markup:
    """Evidence panel for a turn at the item of that position, or the nearest one; with an `other` item both side by
    side.
    """
    places = items(turn.answer)
    if not places:
        return nothing_chosen()
    at, *beside = (min(max(each, 0), len(places) - 1) for each in (position, other) if each is not None)
    words: list[str] = []
    for index in (at, *beside):
        places[index], own = _looked_up(library, matter_id, turn, places[index])
        words.append(own)
    if beside:
        return side_by_side(matter_id, turn.id, places, (at, beside[0]), (words[0], words[1]))
    return evidence(matter_id, turn.id, places, at, words[0])


def _looked_up(library: Library, matter_id: str, turn: SavedTurn, item: Item) -> tuple[Item, str]:
    """An item with what its document says of it, and its words; "" where the document is gone."""
    row = item.row
    # The document may be removed, or added again and not read yet or have another text.
    with suppress(PinciteError, ValueError):
        document = library.document(matter_id, row.document_id, row.text_version)
        if isinstance(row, SameWordsRow):
            row = _same_quotation(document, row, turn.answer.citations[row.citation].quote)
        about = about_document(library.facts(matter_id, row.document_id))
        spans = [document.span(*span) for span in row.spans]
        has_images = FORMATS[library.record(matter_id, row.document_id).format].as_pdf is not None
        pieces = () if has_images else page_text(document, row.page, spans)
        notes, pages = _notes(document, spans), len(document.pages)
        item = replace(item, row=row, about=about, notes=notes, page_text=pieces, pages=pages)
        return item, own_words(document, *spans)
    return item, ""


def page_text(
    document: Document, number: int, spans: Sequence[Span], most: int = TEXT_SHOWN
) -> tuple[PieceOfPage, ...]:
    """The text of a page in pieces, cited by the spans or not, with the words struck from it where they stood.

    Of a long page what is around the first span.
    """
    page = document.pages[number - 1]
    first = max(page.start, min((span.start for span in spans), default=page.start) - TEXT_BEFORE)
    last = min(page.end, first + most)
    struck = [each for each in document.remarks_of("struck") if first <= each.start <= last]
    borders = {first, last, *(each.start for each in struck)}
    borders |= {min(max(at, first), last) for span in spans for at in (span.start, span.end)}
    pieces: list[PieceOfPage] = []
    for start, end in zip_longest(ordered := sorted(borders), ordered[1:], fillvalue=last):
        at_point = any(span.start == span.end == start for span in spans)
        for each in struck:
            if each.start == start:
                pieces += [PieceOfPage(each.words.strip(), at_point, True), PieceOfPage(" ", False)]
        is_cited = any(span.start <= start and end <= span.end for span in spans)
        pieces.append(PieceOfPage(document.text[start:end], is_cited, start=start))
    return tuple(piece for piece in pieces if piece.text)


def _notes(document: Document, spans: Sequence[Span]) -> tuple[str, ...]:
    """What is known of the words of spans beside them."""
    found = (document.remarks_in(span, *REMARKED) for span in spans)
    remarks = list(dict.fromkeys(chain.from_iterable(found)))[:MOST_NOTES]
    return tuple(remark_note(remark, document.text[remark.start : remark.end]) for remark in remarks)


def _same_quotation(document: Document, row: SameWordsRow, quote: str | None) -> SpanRow:
    """Position of a quotation (without one, of the passage) in a passage with the same words as the cited one."""
    passage = document.span(row.start, row.end)
    match = find_quote(document, quote, passage) if quote else None
    cite = pin_cite(document, *(match.parts if match else (passage,)))
    return SpanRow(**cite_fields(cite), spans=ranges(cite.spans))
