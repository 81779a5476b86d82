"""Converts PDFs: bytes become a `Document`, its canonical text page by page with exact offsets.

The text is pdfium's, one character for each character pdfium reports, changed only where that keeps its length
(control characters, line-end hyphens) and at line ends, where "\\r\\n" becomes "\\n". So a character of the text can be
found again on the page, with its box, by reading the page once more (`page_text`).

pdfium must never run in two threads of one process, not even on two documents: callers read in worker processes.
"""

import ctypes
import logging
from collections.abc import Callable, Sequence

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from retrieval.core.documents import PAGE_BREAK, Document, ReadingWarning
from retrieval.core.errors import DamagedFile, DynamicForm, EncryptedFile, NoPages, TooManyPages, TooMuchText
from retrieval.core.limits import Limits
from retrieval.reading.annotations import annotations_of
from retrieval.reading.appearances import with_shown_words
from retrieval.reading.bates import bates_numbers
from retrieval.reading.caption_halves import part_captions
from retrieval.reading.char_boxes import char_boxes, page_text
from retrieval.reading.columns import may_have_columns, read_by_columns
from retrieval.reading.coverage import Recognise, cover
from retrieval.reading.exhibits import exhibits
from retrieval.reading.fields import read_fields, warnings_of_fields
from retrieval.reading.footnotes import may_have_footnotes, remark_footnotes
from retrieval.reading.margin_numbers import margin_numbers
from retrieval.reading.page_drafts import PageDraft, assemble, boxes_of_words
from retrieval.reading.page_edges import edge_lines
from retrieval.reading.painted import PageCharacters, painted
from retrieval.reading.printed_pages import printed_pages
from retrieval.reading.right_to_left import turn_round
from retrieval.reading.sideways import runs_down, turn_lines
from retrieval.reading.struck import keep_insertions, take_out_struck, warnings_of_struck
from retrieval.reading.table_rows import remark_rows
from retrieval.reading.visible import layers_are_off, take_out_unseen, warnings_of_unseen

logging.getLogger("pypdfium2").setLevel(logging.ERROR)  # it warns of every XFA form

CONVERTER_VERSION = 3  # raised when the same bytes would give another text

_LONGEST_LABEL = 40  # characters; "A-1" or "xxiii" is a label, and a file may declare megabytes for each page


def read_pdf(
    data: bytes,
    *,
    name: str,
    document_id: str,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    on_page: Callable[[int, int], None] | None = None,
    recognise: Recognise | None = None,
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
        characters, layers_off = 0, layers_are_off(data)
        for i in range(count):
            draft = _read_page(pdf, i, limits.characters - characters, recognise, layers_off=layers_off)
            if draft is None:
                raise TooMuchText(name=name, limit=limits.characters)
            draft.label = _label(pdf, i) if limits.labels else str(i + 1)
            drafts.append(draft)
            characters += len(draft.text) + len(PAGE_BREAK)
            if on_page:
                on_page(i + 1, count)
        if _is_dynamic_form(pdf, drafts):
            raise DynamicForm(name=name)
        warnings = _read_together(pdf, drafts)
    finally:
        pdf.close()
    return assemble(drafts, document_id=document_id, name=name, warnings=warnings)


def _read_together(pdf: pdfium.PdfDocument, drafts: list[PageDraft]) -> list[ReadingWarning]:
    """Read what only the pages together tell: series of numbers, what goes on over a page, the order of words."""
    margin_numbers(pdf, drafts)
    edges = [edge_lines(draft) for draft in drafts]
    printed_pages(drafts, edges)
    bates_numbers(drafts, edges)
    exhibits(pdf, drafts, edges)
    part_captions(pdf, drafts)
    keep_insertions(drafts)
    warnings = [*warnings_of_unseen(drafts), *warnings_of_struck(drafts), *warnings_of_fields(drafts)]
    for draft in drafts:
        if draft.has_gaps:
            read_by_columns(pdf, draft)
    remark_rows(pdf, drafts)
    remark_footnotes(pdf, drafts)
    turn_round(drafts)
    for draft in drafts:
        if draft.is_changed:
            draft.shorten_blanks()
        if draft.is_changed and not len(draft.boxes):
            draft.boxes = boxes_of_words(draft.text, char_boxes(pdf, draft), draft.remarks)
    return warnings


def is_pdf(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a PDF."""
    return b"%PDF-" in head


def _open(data: bytes, name: str) -> pdfium.PdfDocument:
    try:
        pdf = pdfium.PdfDocument(data)
        pdf.init_forms()  # else the fields of its form have no values
        return pdf
    except pdfium.PdfiumError as error:
        if pdfium_c.FPDF_GetLastError() == pdfium_c.FPDF_ERR_PASSWORD or "password" in str(error).lower():
            raise EncryptedFile(name=name) from error
        if b"/Count 0" in data:
            raise NoPages(name=name) from error
        raise DamagedFile(name=name) from error


def _read_page(
    pdf: pdfium.PdfDocument, index: int, most: int, recognise: Recognise | None, *, layers_off: bool
) -> PageDraft | None:
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
            draft.has_notes = may_have_footnotes(textpage, draft.text)
            objects = painted(page)
            annotations = with_shown_words(pdf, page, index, annotations_of(pdf, page))
            characters = PageCharacters(textpage)
            take_out_unseen(page, characters, draft, objects, annotations, layers_off=layers_off)
            take_out_struck(characters, draft, objects, annotations)
            read_fields(textpage, draft, annotations)
            cover(page, textpage, draft, objects, annotations, recognise)
            if runs_down(page, objects):
                turn_lines(page, textpage, draft)
        finally:
            textpage.close()
        return draft
    except pdfium.PdfiumError:
        return unreadable
    finally:
        page.close()


def _is_dynamic_form(pdf: pdfium.PdfDocument, drafts: Sequence[PageDraft]) -> bool:
    """Whether a file is an XFA form whose pages are only a notice to wait for another program to show it."""
    kind = pdf.get_formtype()
    if kind not in (pdfium_c.FORMTYPE_XFA_FULL, pdfium_c.FORMTYPE_XFA_FOREGROUND):
        return False
    is_notice = any("please wait" in draft.text.lower() for draft in drafts[:1])
    if not is_notice and (kind != pdfium_c.FORMTYPE_XFA_FULL or len(drafts) > 1):
        return False
    return not any(each.field for draft in drafts for each in annotations_of(pdf, pdf[draft.number - 1]))


def _label(pdf: pdfium.PdfDocument, index: int) -> str:
    """The label that the file declares for a page, else its number."""
    size = pdfium_c.FPDF_GetPageLabel(pdf, index, None, 0)
    if not 2 < size <= 2 * (_LONGEST_LABEL + 1):  # bytes of UTF-16, the final zero among them
        return str(index + 1)
    buffer = ctypes.create_string_buffer(size)
    pdfium_c.FPDF_GetPageLabel(pdf, index, buffer, size)
    return buffer.raw.decode("utf-16-le", "replace").rstrip("\0").strip() or str(index + 1)
