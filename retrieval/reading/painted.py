"""What a page paints: its texts, shapes and images in the order in which they are drawn, and where its characters are.

One walk over pdfium's objects of a page, cheap enough for every page (0.2 ms where reading takes 1.6), gives what the
steps after it look for signs in: words that nothing shows (`visible`), lines through words (`struck`). What costs more,
characters with their boxes, is fetched for a page that has such a sign.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from retrieval.reading.char_boxes import char_indexes
from retrieval.reading.page_drafts import Box

MOST_OBJECTS = 100_000  # of a page: a fuller one is taken as it is; the fullest of 2,781 pages of contracts has 1,900
MOST_DEPTH = 12  # of forms in forms
MOST_CLIPS, MOST_SEGMENTS = 50, 500  # of clip paths of an object that are looked at, and of the corners of one

Color = tuple[int, int, int, int]  # red, green, blue and alpha, 0-255
Matrix = tuple[float, float, float, float, float, float]

_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_EVERYWHERE: Box = (-1e9, -1e9, 1e9, 1e9)
_KINDS: dict[int, Literal["text", "shape", "image"]] = {
    pdfium_c.FPDF_PAGEOBJ_TEXT: "text",
    pdfium_c.FPDF_PAGEOBJ_PATH: "shape",
    pdfium_c.FPDF_PAGEOBJ_IMAGE: "image",
    pdfium_c.FPDF_PAGEOBJ_SHADING: "image",
}


@dataclass(slots=True)
class PaintedObject:
    """An object that a page paints. `matrix` maps points of its form to the page, `is_blended` says that a form that it
    is in is not opaque; a text is painted within `clip`, as far as a box tells.
    """

    kind: Literal["text", "shape", "image"]
    handle: Any
    box: Box
    matrix: Matrix
    in_form: bool
    is_blended: bool
    clip: Box = _EVERYWHERE


@dataclass
class PaintedPage:
    """The objects of a page in the order of painting."""

    objects: list[PaintedObject] = field(default_factory=list)
    is_whole: bool = True  # False: there are more than are listed

    @cached_property
    def texts(self) -> list[int]:
        """Which of them are texts."""
        return [i for i, each in enumerate(self.objects) if each.kind == "text"]

    @cached_property
    def shapes(self) -> list[int]:
        """Which are not."""
        return [i for i, each in enumerate(self.objects) if each.kind != "text"]

    @cached_property
    def boxes(self) -> NDArray[np.float64]:
        """float64[objects, 4]: their boxes."""
        return np.array([each.box for each in self.objects], np.float64).reshape(-1, 4)


def painted(page: pdfium.PdfPage) -> PaintedPage:
    """List what a page paints."""
    found = PaintedPage()
    clips = _Clips()
    stack = [_Open(page, pdfium_c.FPDFPage_GetObject, pdfium_c.FPDFPage_CountObjects(page))]
    seen = 0
    while stack:
        form = stack[-1]
        if form.next == form.count:
            stack.pop()
            continue
        handle = form.get(form.handle, form.next)
        form.next, seen = form.next + 1, seen + 1
        if seen > MOST_OBJECTS:
            found.is_whole = False
            break
        kind = pdfium_c.FPDFPageObj_GetType(handle)
        if kind in _KINDS:
            each = PaintedObject(
                _KINDS[kind], handle, _box(handle, form.matrix), form.matrix, len(stack) > 1, form.is_blended, form.clip
            )
            if kind == pdfium_c.FPDF_PAGEOBJ_TEXT:
                each.clip = clips.within(form.clip, handle, form.matrix)
            found.objects.append(each)
        elif kind == pdfium_c.FPDF_PAGEOBJ_FORM and len(stack) < MOST_DEPTH:
            is_blended = form.is_blended or bool(pdfium_c.FPDFPageObj_HasTransparency(handle))
            clip = clips.within(form.clip, handle, form.matrix)
            matrix = _times(_matrix(handle), form.matrix)
            count = pdfium_c.FPDFFormObj_CountObjects(handle)
            stack.append(_Open(handle, pdfium_c.FPDFFormObj_GetObject, count, matrix, clip, is_blended))
    return found


@dataclass(slots=True)
class _Open:
    """A page, or a form on it, whose objects are being listed."""

    handle: Any
    get: Callable[[Any, int], Any]
    count: int
    matrix: Matrix = _IDENTITY
    clip: Box = _EVERYWHERE
    is_blended: bool = False
    next: int = 0


class _Clips:
    """The boxes that objects are clipped to. Neighbours mostly have the same clip path, which is read once for all."""

    def __init__(self) -> None:
        self._last: tuple[object, ...] = ()
        self._box = _EVERYWHERE

    def within(self, outer: Box, handle: Any, matrix: Matrix) -> Box:
        """The part of a box that the clip path of an object leaves."""
        path = pdfium_c.FPDFPageObj_GetClipPath(handle)
        count = pdfium_c.FPDFClipPath_CountPaths(path)
        if count <= 0:
            return outer
        sides = pdfium_c.FPDFClipPath_CountPathSegments(path, count - 1)
        same = count, sides, matrix, _clip_point(path, count - 1, 0), _clip_point(path, count - 1, 2)
        if same != self._last:
            self._last, self._box = same, _clip_box(path, min(count, MOST_CLIPS), matrix)
        return common(outer, self._box)


def _clip_point(path: Any, i: int, k: int) -> tuple[float, float] | None:
    segment = pdfium_c.FPDFClipPath_GetPathSegment(path, i, k)
    if not segment or not pdfium_c.FPDFPathSegment_GetPoint(segment, *_FLOAT_REFS[:2]):
        return None
    return _FLOATS[0].value, _FLOATS[1].value


def _clip_box(path: Any, count: int, matrix: Matrix) -> Box:
    box = _EVERYWHERE
    for i in range(count):
        sides = pdfium_c.FPDFClipPath_CountPathSegments(path, i)
        if sides <= MOST_SEGMENTS:
            points = [mapped(matrix, *point) for k in range(sides) if (point := _clip_point(path, i, k))]
            xs, ys = zip(*points or [(0.0, 0.0)], strict=True)
            box = common(box, (min(xs), min(ys), max(xs), max(ys)))
    return box


def common(one: Box, other: Box) -> Box:
    """What two boxes share; a box of no width or height where they share nothing."""
    left, bottom = max(one[0], other[0]), max(one[1], other[1])
    return left, bottom, max(left, min(one[2], other[2])), max(bottom, min(one[3], other[3]))


_FLOATS = [ctypes.c_float() for _ in range(4)]  # one thread reads
_FLOAT_REFS = [ctypes.byref(each) for each in _FLOATS]
_INTS = [ctypes.c_uint() for _ in range(4)]
_INT_REFS = [ctypes.byref(each) for each in _INTS]


def _box(handle: Any, matrix: Matrix) -> Box:
    if not pdfium_c.FPDFPageObj_GetBounds(handle, *_FLOAT_REFS):
        return (0.0, 0.0, 0.0, 0.0)
    left, bottom, right, top = (each.value for each in _FLOATS)
    if matrix is _IDENTITY:
        return left, bottom, right, top
    corners = [mapped(matrix, x, y) for x in (left, right) for y in (bottom, top)]
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _matrix(handle: Any) -> Matrix:
    found = pdfium_c.FS_MATRIX()
    pdfium_c.FPDFPageObj_GetMatrix(handle, found)
    return found.a, found.b, found.c, found.d, found.e, found.f


def _times(inner: Matrix, outer: Matrix) -> Matrix:
    (a, b, c, d, e, f), (p, q, r, s, t, u) = inner, outer
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def mapped(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    """A point after a matrix."""
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def fill_color(handle: Any) -> Color | None:
    """Red, green, blue and alpha with which an object is filled; None for a pattern."""
    if not pdfium_c.FPDFPageObj_GetFillColor(handle, *_INT_REFS):
        return None
    red, green, blue, alpha = (each.value for each in _INTS)
    return red, green, blue, alpha


def stroke_color(handle: Any) -> Color | None:
    """The same of its outline."""
    if not pdfium_c.FPDFPageObj_GetStrokeColor(handle, *_INT_REFS):
        return None
    red, green, blue, alpha = (each.value for each in _INTS)
    return red, green, blue, alpha


def address(handle: Any) -> int:
    """Where pdfium has an object: the same for two handles of one object."""
    return ctypes.addressof(handle.contents) if handle else 0


class PageCharacters:
    """The characters of a page by their place in its text, which must still be pdfium's, character for character."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        self._textpage = page.get_textpage()
        self._indexes = char_indexes(self._textpage)

    def close(self) -> None:
        """Give the text page back."""
        self._textpage.close()

    def of_objects(self, addresses: set[int]) -> list[int]:
        """The places of the characters that these text objects draw."""
        found = pdfium_c.FPDFText_GetTextObject
        return [at for at, index in enumerate(self._indexes) if address(found(self._textpage, index)) in addresses]

    def object_at(self, at: int) -> int:
        """The address of the object that draws a character; 0 for one that pdfium made up, such as a line end."""
        return address(pdfium_c.FPDFText_GetTextObject(self._textpage, self._indexes[at]))

    def box(self, at: int) -> Box:
        """The box of a character's ink."""
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        pdfium_c.FPDFText_GetCharBox(self._textpage, self._indexes[at], left, right, bottom, top)
        return left.value, bottom.value, right.value, top.value

    def base(self, at: int) -> tuple[float, float]:
        """Where a character stands on its base line."""
        x, y = ctypes.c_double(), ctypes.c_double()
        pdfium_c.FPDFText_GetCharOrigin(self._textpage, self._indexes[at], x, y)
        return x.value, y.value

    def axes(self, at: int) -> tuple[tuple[float, float], tuple[float, float]]:
        """How far along its line, and across it, a character one em wide and high would reach, in points."""
        matrix = pdfium_c.FS_MATRIX()
        pdfium_c.FPDFText_GetMatrix(self._textpage, self._indexes[at], matrix)
        size = pdfium_c.FPDFText_GetFontSize(self._textpage, self._indexes[at])
        return (size * matrix.a, size * matrix.b), (size * matrix.c, size * matrix.d)
