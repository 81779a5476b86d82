"""Reads the pictures of a Word file (OCR): each as a page of its own would be, its words after the paragraph it is in.

A picture in which nothing is written is no gap. One that is in no format of images, or whose words could not be
recognised, leaves its page read in part.
"""

from collections.abc import Callable, Iterator, Sequence

from retrieval.core.documents import Document
from retrieval.core.errors import UnreadableFile
from retrieval.core.limits import Limits
from retrieval.reading.coverage import Recognise
from retrieval.reading.docx_package import Package
from retrieval.reading.docx_paragraphs import ParagraphDraft
from retrieval.reading.images import as_pdf
from retrieval.reading.pdf import read_pdf

_LEAST_AREA = 10_000  # square points: 2 % of a letter page; a smaller picture is a logo or a signature
_MOST_PICTURES = 500  # that are read
_KEPT = ("recognised", "column", "row")  # remarks


class Pictures:
    """The pictures of one file; each is read once, however often it is shown."""

    def __init__(
        self, package: Package, limits: Limits, recognise: Recognise | None, on_picture: Callable[[], None]
    ) -> None:
        """`on_picture` is called after each that was read."""
        self._package, self._limits, self._recognise, self._on_picture = package, limits, recognise, on_picture
        self._is_read: dict[str, bool] = {}  # whether all of a picture is, by its part

    def put_into(self, lines: Sequence[ParagraphDraft]) -> Iterator[ParagraphDraft]:
        """Lines with the words of their pictures after them."""
        for line in lines:
            found: list[ParagraphDraft] = []
            for part, relation, area in line.pictures:
                target = self._package.target(part, relation) or ""
                if area < _LEAST_AREA:
                    continue
                if target not in self._is_read:
                    found += self._read(target, line.section)
                line.is_partly_read |= not self._is_read[target]
            yield line
            yield from found

    def _read(self, target: str, section: int) -> Iterator[ParagraphDraft]:
        """The words of a picture as a line."""
        page = self._as_page(target) if len(self._is_read) < _MOST_PICTURES else None
        self._is_read[target] = page is not None and not page.unreadable_pages and not page.partly_read_pages
        if page is not None and page.text.strip():
            remarks = [m for m in page.remarks if m.kind in _KEPT]
            yield ParagraphDraft([page.text], len(page.text), remarks, section=section)

    def _as_page(self, target: str) -> Document | None:
        """A picture read as a page; None where it cannot be opened."""
        data = self._package.picture(target)
        if data is None:
            return None
        try:
            pdf = as_pdf(data, most_pages=1)
            return read_pdf(pdf, name="", document_id="", limits=self._limits, recognise=self._recognise)
        except UnreadableFile:
            return None
        finally:
            self._on_picture()
