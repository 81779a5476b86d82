"""Where the evidence of an answer is: addresses of page images, of originals and of passages as text."""

from collections.abc import Iterable
from urllib.parse import urlencode

Range = tuple[int, int]  # [start, end) of a document's text


def page_url(matter_id: str, document_id: str, page: int, spans: Iterable[Range] = (), zoom: float = 1.0) -> str:
    """The image of a page (1-based), the spans highlighted; parts of them on other pages are left out."""
    asked = [("span", _span(span)) for span in spans] + ([("zoom", f"{zoom:g}")] if zoom != 1.0 else [])
    return f"{_of(matter_id, document_id)}/pages/{page}.png" + (f"?{urlencode(asked)}" if asked else "")


def pdf_url(matter_id: str, document_id: str, page: int | None = None) -> str:
    """The original; browsers open it at `page`."""
    return f"{_of(matter_id, document_id)}.pdf" + (f"#page={page}" if page else "")


def text_url(matter_id: str, document_id: str, spans: Iterable[Range]) -> str:
    """The words of the spans, as plain text."""
    return f"{_of(matter_id, document_id)}/text?{urlencode([('span', _span(span)) for span in spans])}"


def _of(matter_id: str, document_id: str) -> str:
    return f"/matters/{matter_id}/documents/{document_id}"


def _span(span: Range) -> str:
    return f"{span[0]}-{span[1]}"
