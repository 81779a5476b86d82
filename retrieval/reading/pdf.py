"""Converts PDFs: bytes become a `Document`, its canonical text page by page with exact offsets.

The text is pdfium's, one character for each character pdfium reports, changed only where that keeps its length
(control characters, line-end hyphens) and at line ends, where "\\r\\n" becomes "\\n". So a character of the text can be
found again on the page, with its box, by reading the page once more (`page_text`).

pdfium must never run in two threads of one process, not even on two documents: callers read in worker processes.
"""

import ctypes
import re
from collections.abc import Callable

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from retrieval.core.documents import LINE_END_HYPHEN, PAGE_BREAK, Document, ReadingWarning
from retrieval.core.errors import DamagedFile, EncryptedFile, NoPages, TooManyPages, TooMuchText
from retrieval.core.limits import Limits
from retrieval.reading.char_boxes import char_boxes
from retrieval.reading.columns import may_have_columns, read_by_columns
from retrieval.reading.page_drafts import PageDraft, assemble, boxes_of_words
from retrieval.reading.right_to_left import turn_round

CONVERTER_VERSION = 1  # raised when the same bytes would give another text

# pdfium reports a hyphen that ended a line as U+FFFE (older builds: U+0002). The rest are characters that no page
# shows.
_SAME_LENGTH = {0xFFFE: LINE_END_HYPHEN, 0x02: LINE_END_HYPHEN, 0x00: " ", 0xFFFF: " ", 0x0C: " ", 0x0B: " ", 0x85: " "}
_CONTROL = {c: " " for c in range(0x20) if c not in (0x09, 0x0A, 0x0D)} | {0x2028: " ", 0x2029: " "} | _SAME_LENGTH
_LONGEST_LABEL = 40  # characters; "A-1" or "xxiii" is a label, and a file may declare megabytes for each page
# A scan may carry a stamp or a running footer as text; less than this beside a full-page image is not its text.
_FEW_CHARACTERS = 50


def read_pdf(
    data: bytes,
    *,
    name: str,
    document_id: str,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    labels: bool = True,
    on_page: Callable[[int, int], None] | None = None,
) -> Document:
    """Read a PDF into a `Document`: the `Converter` of PDFs.

    Raises an `UnreadableFile` that says what is wrong with the file.
    """
    pdf = _open(data, name)
    try:
        count = len(pdf)
        if count == 0:
            raise NoPages(name=name)
        if count > limits.pages:
            raise TooManyPages(name=name, pages=count, limit=limits.pages)
        if on_page:
            on_page(0, count)
        drafts: list[PageDraft] = []
        characters = 0
        for i in range(count):
            draft = _read_page(pdf, i, limits.characters - characters)
            if draft is None:
                raise TooMuchText(name=name, limit=limits.characters)
            draft.label = _label(pdf, i) if labels else str(i + 1)
            drafts.append(draft)
            characters += len(draft.text) + len(PAGE_BREAK)
            if on_page:
                on_page(i + 1, count)
        warnings: list[ReadingWarning] = []
        for draft in drafts:
            if draft.has_gaps and draft.order is None:
                read_by_columns(pdf, draft)
        turn_round(drafts)
        for draft in drafts:
            if draft.is_changed and not len(draft.boxes):
                draft.boxes = boxes_of_words(draft.text, char_boxes(pdf, draft))
    finally:
        pdf.close()
    return assemble(drafts, document_id=document_id, name=name, warnings=warnings)


def is_pdf(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a PDF."""
    return b"%PDF-" in head


def page_text(textpage: pdfium.PdfTextPage) -> str:
    """Canonical text of one page: what `Document.text` holds between two page breaks."""
    raw = textpage.get_text_range().encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return re.sub(r"\r\n?", "\n", raw.translate(_CONTROL))


def _open(data: bytes, name: str) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if pdfium_c.FPDF_GetLastError() == pdfium_c.FPDF_ERR_PASSWORD or "password" in str(error).lower():
            raise EncryptedFile(name=name) from error
        if b"/Count 0" in data:
            raise NoPages(name=name) from error
        raise DamagedFile(name=name) from error


def _read_page(pdf: pdfium.PdfDocument, index: int, most: int) -> PageDraft | None:
    """Read a page; one that pdfium cannot open is an unreadable one.

    None for a text of more than `most` characters, which is not even fetched.
    """
    unreadable = PageDraft(index + 1, "", readable=False)
    try:
        page = pdf[index]
    except pdfium.PdfiumError:
        return unreadable
    try:
        textpage = page.get_textpage()
        try:
            if textpage.count_chars() > most:
                return None
            draft = PageDraft(index + 1, page_text(textpage))
            draft.has_gaps = may_have_columns(textpage, draft.text)
        finally:
            textpage.close()
        draft.readable = not _shows_more_than_it_says(page, draft.text)
        return draft
    except pdfium.PdfiumError:
        return unreadable
    finally:
        page.close()


def _shows_more_than_it_says(page: pdfium.PdfPage, text: str) -> bool:
    """Whether the page's content is a picture: no letters beside drawn objects,
    or few beside an image of half the page.
    """
    letters = sum(c.isalnum() for c in text)
    if letters >= _FEW_CHARACTERS:
        return False
    objects = list(page.get_objects(max_depth=2))
    if letters == 0:
        return bool(objects)
    width, height = page.get_size()
    for o in objects:
        if o.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = o.get_bounds()
            if (right - left) * (top - bottom) >= 0.5 * width * height:
                return True
    return False


def _label(pdf: pdfium.PdfDocument, index: int) -> str:
    """The label that the file declares for a page, else its number."""
    size = pdfium_c.FPDF_GetPageLabel(pdf, index, None, 0)
    if not 2 < size <= 2 * (_LONGEST_LABEL + 1):  # bytes of UTF-16, the final zero among them
        return str(index + 1)
    buffer = ctypes.create_string_buffer(size)
    pdfium_c.FPDF_GetPageLabel(pdf, index, buffer, size)
    return buffer.raw.decode("utf-16-le", "replace").rstrip("\0").strip() or str(index + 1)
