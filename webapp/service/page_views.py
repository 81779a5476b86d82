"""What is rendered of a page of a document: the page, and the cited words on it, by its text or by their boxes."""

from collections.abc import Sequence

from retrieval import FORMATS, Document, DocumentRecord, Span, own_spans
from webapp.core.errors import PageNotShown
from webapp.core.results import Range
from webapp.service.page_images import PageView


def spans_of(document: Document, ranges: Sequence[Range]) -> list[Span]:
    """Spans of the ranges, clipped to the text."""
    size = len(document.text)
    return [document.span(start, min(end, size)) for start, end in ranges if start < size]


def view_of(
    document: Document | None, record: DocumentRecord, number: int, ranges: Sequence[Range], zoom: float
) -> PageView:
    """The view to render: the page, and the ranges on it without running headers and footers.

    A document that is not read yet has no words to highlight.
    """
    _check_shown(document, record, number)
    if document is None:
        return PageView(record.id, number, zoom=zoom, format=record.format)
    page = document.pages[number - 1]
    own = [each for span in spans_of(document, ranges) for each in own_spans(document, span)]
    clipped = [(max(span.start, page.start) - page.start, min(span.end, page.end) - page.start) for span in own]
    highlights = tuple((start, end) for start, end in clipped if start < end)
    kept = document.boxes_on(page)
    if len(kept):
        cited = [
            (document.text[start:end].isspace(), (left, bottom, right, top))
            for start, end, left, bottom, right, top in kept.tolist()
            if any(start - page.start < last and first < end - page.start for first, last in highlights)
        ]
        boxes, struck = (tuple(box for is_blank, box in cited if is_blank is its) for its in (False, True))
        return PageView(record.id, number, zoom=zoom, boxes=boxes, struck=struck, format=record.format)
    text = document.text[page.start : page.end] if highlights else ""
    return PageView(record.id, number, text, highlights, zoom, format=record.format)


def words_view(document: Document, record: DocumentRecord, number: int) -> PageView:
    """The view whose words are placed: where the page's text is not pdfium's, the boxes that were kept of its words."""
    _check_shown(document, record, number)
    page = document.pages[number - 1]
    text = document.text[page.start : page.end]
    kept = [(start - page.start, end - page.start, *box) for start, end, *box in document.boxes_on(page).tolist()]
    words = tuple(each for each in kept if not text[each[0] : each[1]].isspace())  # those of struck words have blanks
    return PageView(record.id, number, text, format=record.format, words=words)


def _check_shown(document: Document | None, record: DocumentRecord, number: int) -> None:
    """Check that a page exists, and has an image. Raises PageNotShown."""
    if FORMATS[record.format].as_pdf is None or (document and not 1 <= number <= len(document.pages)):
        raise PageNotShown(page=number, document=record.name)
