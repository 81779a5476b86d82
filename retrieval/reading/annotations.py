"""Reads the annotations of a page: what was filled into its form, typed on it, marked in it and noted beside it."""

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from retrieval.reading.page_drafts import Box

MOST_ANNOTATIONS = 3_000  # of a page; a form of many small boxes has some hundred
MOST_CHARACTERS = 100_000  # of one of them; a page of close print has 8,000
MOST_QUADS = 500  # lines of one that marks words
MOST_STROKES, MOST_POINTS = 500, 5_000  # of one that is drawn, and of a stroke
MOST_FORMS = 5  # in each other, in the picture of one
OPAQUE = 0.7  # of an ink: what is paler is a highlighter

FieldKind = Literal["text", "tick", "signature", "button"]

_UNSEEN_FLAGS = 1 << 1 | 1 << 5  # hidden, and not to be viewed
_PASSWORD_FLAG = 1 << 13  # of a text field
_FIELD_KINDS: dict[int, FieldKind] = {
    pdfium_c.FPDF_FORMFIELD_TEXTFIELD: "text",
    pdfium_c.FPDF_FORMFIELD_COMBOBOX: "text",
    pdfium_c.FPDF_FORMFIELD_LISTBOX: "text",
    pdfium_c.FPDF_FORMFIELD_CHECKBOX: "tick",
    pdfium_c.FPDF_FORMFIELD_RADIOBUTTON: "tick",
    pdfium_c.FPDF_FORMFIELD_SIGNATURE: "signature",
    pdfium_c.FPDF_FORMFIELD_PUSHBUTTON: "button",
}


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation that the page shows: its subtype as pdfium counts them, its box and its words.

    `quads` are the boxes of the words that it marks, `strokes` the boxes of the lines that it draws, with the width of
    its pen. `author` is whoever the file says wrote it. A form field has its `field`, with what was filled in as
    `words`, or whether it is ticked. `shown` are the words of its picture, and `shown_boxes` where each of their
    characters stands; `has_image` says that there are images in it. `is_whole` is False where words are missing.
    """

    subtype: int
    box: Box
    words: str = ""
    author: str = ""
    quads: tuple[Box, ...] = ()
    strokes: tuple[Box, ...] = ()
    pen: float = 0.0
    field: FieldKind | None = None
    is_ticked: bool = False
    is_reply: bool = False
    has_picture: bool = False
    has_image: bool = False
    shown: str = ""
    shown_boxes: tuple[Box | None, ...] = ()
    is_whole: bool = True


def annotations_of(pdf: pdfium.PdfDocument, page: pdfium.PdfPage) -> list[Annotation]:
    """The annotations that a page shows, in their order."""
    found = []
    for i in range(min(pdfium_c.FPDFPage_GetAnnotCount(page), MOST_ANNOTATIONS)):
        handle = pdfium_c.FPDFPage_GetAnnot(page, i)
        if handle:
            try:
                if not pdfium_c.FPDFAnnot_GetFlags(handle) & _UNSEEN_FLAGS:
                    found.append(_annotation(pdf, handle))
            finally:
                pdfium_c.FPDFPage_CloseAnnot(handle)
    return found


def _annotation(pdf: pdfium.PdfDocument, handle: Any) -> Annotation:
    subtype, box = place_of(handle)
    if subtype == pdfium_c.FPDF_ANNOT_LINK:
        return Annotation(subtype, box)
    if subtype == pdfium_c.FPDF_ANNOT_WIDGET:
        return _field(pdf.formenv.raw, handle, box) if pdf.formenv else Annotation(subtype, box)
    words, author = _entry(handle, b"Contents"), _entry(handle, b"T")
    strokes = tuple(_strokes(subtype, handle, box))
    return Annotation(
        subtype,
        box,
        words or "",
        author or "",
        _quads(handle) or ((box,) if subtype == pdfium_c.FPDF_ANNOT_STRIKEOUT else ()),
        strokes,
        _pen(handle) if strokes else 0.0,
        # A review state ("Accepted") says nothing; it is a reply to what it accepts.
        is_reply=bool(pdfium_c.FPDFAnnot_HasKey(handle, b"StateModel")),
        has_picture=bool(pdfium_c.FPDFAnnot_HasKey(handle, b"AP")),
        has_image=_has_image(handle),
        is_whole=words is not None,
    )


def _field(form: Any, handle: Any, box: Box) -> Annotation:
    number = pdfium_c.FPDFAnnot_GetFormFieldType(form, handle)
    subtype, kind = pdfium_c.FPDF_ANNOT_WIDGET, _FIELD_KINDS.get(number)
    if kind in ("signature", "button"):
        has_picture = bool(pdfium_c.FPDFAnnot_HasKey(handle, b"AP"))
        return Annotation(subtype, box, field=kind, has_picture=has_picture, has_image=_has_image(handle))
    if kind == "tick":
        return Annotation(subtype, box, field=kind, is_ticked=bool(pdfium_c.FPDFAnnot_IsChecked(form, handle)))
    words: str | None = ""
    if kind == "text":
        is_secret = pdfium_c.FPDFAnnot_GetFormFieldFlags(form, handle) & _PASSWORD_FLAG
        if number == pdfium_c.FPDF_FORMFIELD_TEXTFIELD and is_secret:
            return Annotation(subtype, box, field=kind)
        words = _chosen(form, handle)
        if not words:  # a choice box may have a value that is none of its options
            words = _string(partial(pdfium_c.FPDFAnnot_GetFormFieldValue, form, handle))
    return Annotation(subtype, box, words or "", field=kind, is_whole=words is not None)


def _chosen(form: Any, handle: Any) -> str:
    """The options of a choice box that are chosen, as the page shows them."""
    labels = []
    for i in range(min(pdfium_c.FPDFAnnot_GetOptionCount(form, handle), MOST_ANNOTATIONS)):
        if pdfium_c.FPDFAnnot_IsOptionSelected(form, handle, i):
            label = _string(partial(pdfium_c.FPDFAnnot_GetOptionLabel, form, handle, i))
            labels.append(label or "")
    return "\n".join(labels)


def _entry(handle: Any, key: bytes) -> str | None:
    return _string(partial(pdfium_c.FPDFAnnot_GetStringValue, handle, key))


def _string(get: Callable[[Any, int], int]) -> str | None:
    """A string of pdfium's with its control characters as spaces; None for one of too many characters."""
    size = get(None, 0)  # bytes of UTF-16, the final zero among them
    if size > 2 * MOST_CHARACTERS:
        return None
    out = (pdfium_c.FPDF_WCHAR * (size // 2 + 1))()
    get(out, size)
    words = bytes(out)[: max(size - 2, 0)].decode("utf-16-le", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c if c == "\n" or c.isprintable() else " " for c in words).strip()


def place_of(handle: Any) -> tuple[int, Box]:
    """The subtype of an annotation, by its handle, and its box."""
    rect = pdfium_c.FS_RECTF()
    pdfium_c.FPDFAnnot_GetRect(handle, rect)
    low, high = min(rect.bottom, rect.top), max(rect.bottom, rect.top)
    return pdfium_c.FPDFAnnot_GetSubtype(handle), (min(rect.left, rect.right), low, max(rect.left, rect.right), high)


def _quads(handle: Any) -> tuple[Box, ...]:
    if not pdfium_c.FPDFAnnot_HasAttachmentPoints(handle):
        return ()
    boxes, points = [], pdfium_c.FS_QUADPOINTSF()
    for k in range(min(pdfium_c.FPDFAnnot_CountAttachmentPoints(handle), MOST_QUADS)):
        if pdfium_c.FPDFAnnot_GetAttachmentPoints(handle, k, ctypes.byref(points)):
            xs, ys = [points.x1, points.x2, points.x3, points.x4], [points.y1, points.y2, points.y3, points.y4]
            boxes.append((min(xs), min(ys), max(xs), max(ys)))
    return tuple(boxes)


def _strokes(subtype: int, handle: Any, box: Box) -> Iterator[Box]:
    """The box of each line that an annotation draws, unless it is so pale that words are read through it."""
    opacity, points = ctypes.c_float(1), (pdfium_c.FS_POINTF * MOST_POINTS)()
    if pdfium_c.FPDFAnnot_GetNumberValue(handle, b"CA", opacity) and opacity.value < OPAQUE:
        return
    if subtype == pdfium_c.FPDF_ANNOT_LINE:
        if pdfium_c.FPDFAnnot_GetLine(handle, points[0], points[1]):
            yield _around(points, 2)
    elif subtype == pdfium_c.FPDF_ANNOT_POLYLINE:
        yield _around(points, pdfium_c.FPDFAnnot_GetVertices(handle, points, MOST_POINTS))
    elif subtype == pdfium_c.FPDF_ANNOT_SQUARE:
        yield box
    elif subtype == pdfium_c.FPDF_ANNOT_INK:
        for i in range(min(pdfium_c.FPDFAnnot_GetInkListCount(handle), MOST_STROKES)):
            yield _around(points, pdfium_c.FPDFAnnot_GetInkListPath(handle, i, points, MOST_POINTS))


def _around(points: Any, count: int) -> Box:
    """The box round some points; one round none, or more than there is room for, is of no size."""
    if not 0 < count <= MOST_POINTS:
        return 0.0, 0.0, 0.0, 0.0
    xs, ys = [each.x for each in points[:count]], [each.y for each in points[:count]]
    return min(xs), min(ys), max(xs), max(ys)


def _pen(handle: Any) -> float:
    """The width of the line that an annotation is drawn with, in points, as far as its picture tells."""
    widest, width = 0.0, ctypes.c_float()
    for i in range(min(pdfium_c.FPDFAnnot_GetObjectCount(handle), MOST_STROKES)):
        if pdfium_c.FPDFPageObj_GetStrokeWidth(pdfium_c.FPDFAnnot_GetObject(handle, i), width):
            widest = max(widest, width.value)
    return widest


def _has_image(handle: Any) -> bool:
    """Whether there are images in the picture of an annotation, in forms of it too."""
    count = min(pdfium_c.FPDFAnnot_GetObjectCount(handle), MOST_STROKES)
    objects = [(pdfium_c.FPDFAnnot_GetObject(handle, i), 1) for i in range(count)]
    for seen, (each, depth) in enumerate(objects):  # it grows
        kind = pdfium_c.FPDFPageObj_GetType(each)
        if kind == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            return True
        if kind == pdfium_c.FPDF_PAGEOBJ_FORM and depth < MOST_FORMS and seen < MOST_STROKES:
            inner = min(pdfium_c.FPDFFormObj_CountObjects(each), MOST_STROKES)
            objects += [(pdfium_c.FPDFFormObj_GetObject(each, i), depth + 1) for i in range(inner)]
    return False
