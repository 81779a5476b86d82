"""Reads the words that stamps and signatures show, which are in no text of their page.

    copy of the page without its objects and other annotations → flattened → its text, as far as it is seen

pdfium's text of a page leaves the appearance streams of annotations out (ISO 32000-1, 12.5.5). Flattened, they are
objects of the page.
"""

from collections.abc import Sequence
from dataclasses import replace

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from retrieval.reading.annotations import Annotation, place_of
from retrieval.reading.char_boxes import boxes_on, page_text
from retrieval.reading.page_drafts import Box, PageDraft
from retrieval.reading.painted import PageCharacters, painted
from retrieval.reading.visible import take_out_unseen

MOST_SHOWN = 200  # annotations of a page whose words are read
MOST_OBJECTS = 20_000  # of a page that is copied
MOST_CHARACTERS = 20_000  # that they show


def with_shown_words(
    pdf: pdfium.PdfDocument, page: pdfium.PdfPage, index: int, annotations: Sequence[Annotation]
) -> Sequence[Annotation]:
    """Annotations of a page; those that are stamps or signatures with the words that they show."""
    chosen = [each for each in annotations if _may_show_words(each)][:MOST_SHOWN]
    if not chosen or pdfium_c.FPDFPage_CountObjects(page) > MOST_OBJECTS:
        return annotations
    copy = pdfium.PdfDocument.new()
    try:
        copy.import_pages(pdf, [index])
        _keep_only(copy, {_rounded(each.subtype, each.box) for each in chosen})
        text, boxes = _seen(copy)
    finally:
        copy.close()
    return [_with_words(each, text, boxes) if each in chosen else each for each in annotations]


def _may_show_words(annotation: Annotation) -> bool:
    is_one = annotation.subtype == pdfium_c.FPDF_ANNOT_STAMP or annotation.field == "signature"
    return is_one and annotation.has_picture


def _rounded(subtype: int, box: Box) -> tuple[int, ...]:
    return subtype, *map(round, box)


def _keep_only(copy: pdfium.PdfDocument, places: set[tuple[int, ...]]) -> None:
    """Make the annotations at some places all that the page of a copy shows, and part of it."""
    page = copy[0]
    try:
        for i in reversed(range(pdfium_c.FPDFPage_GetAnnotCount(page))):
            handle = pdfium_c.FPDFPage_GetAnnot(page, i)
            is_kept = bool(handle) and _rounded(*place_of(handle)) in places
            pdfium_c.FPDFPage_CloseAnnot(handle)
            if not is_kept:
                pdfium_c.FPDFPage_RemoveAnnot(page, i)
        for i in reversed(range(pdfium_c.FPDFPage_CountObjects(page))):
            each = pdfium_c.FPDFPage_GetObject(page, i)
            pdfium_c.FPDFPage_RemoveObject(page, each)
            pdfium_c.FPDFPageObj_Destroy(each)
        pdfium_c.FPDFPage_GenerateContent(page)
        pdfium_c.FPDFPage_Flatten(page, pdfium_c.FLAT_NORMALDISPLAY)
    finally:
        page.close()


def _seen(copy: pdfium.PdfDocument) -> tuple[str, list[Box | None]]:
    """The text of the page of a copy, without what is hidden, and a box for each character."""
    page = copy[0]
    textpage = page.get_textpage()
    try:
        if textpage.count_chars() > MOST_CHARACTERS:
            return "", []
        draft = PageDraft(1, page_text(textpage))
        take_out_unseen(page, PageCharacters(textpage), draft, painted(page), (), layers_off=False)
        return draft.text, boxes_on(textpage, draft)
    finally:
        textpage.close()
        page.close()


def _with_words(annotation: Annotation, text: str, boxes: Sequence[Box | None]) -> Annotation:
    """An annotation with the words of a text that stand in its box."""
    left, bottom, right, top = annotation.box
    shown: list[tuple[str, Box | None]] = []
    for character, box in zip(text, boxes, strict=True):
        if box and not character.isspace():
            if left <= (box[0] + box[2]) / 2 <= right and bottom <= (box[1] + box[3]) / 2 <= top:
                shown.append((character, box))
        elif shown and not shown[-1][0].isspace():
            shown.append((character, None))
    while shown and shown[-1][0].isspace():
        shown.pop()
    return replace(annotation, shown="".join(c for c, _ in shown), shown_boxes=tuple(box for _, box in shown))
