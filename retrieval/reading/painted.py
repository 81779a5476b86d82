"""What a page paints: its texts, shapes and images in the order in which they are drawn, and where its characters are.

One walk over pdfium's objects of a page, cheap enough for every page, gives what the steps after it look for signs in:
words that nothing shows (`visible`), lines through words (`struck`). What costs more, characters with their boxes, is
fetched for a page that has such a sign.
"""

import ctypes
from collections.abc import Callable
from ctypes import c_double, c_float, c_int, c_uint, c_ulong, c_void_p
from dataclasses import dataclass, field
from functools import cached_property
from math import hypot
from typing import Literal

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from retrieval.reading.char_boxes import char_indexes
from retrieval.reading.direct_calls import address, direct
from retrieval.reading.page_drafts import Box

MOST_OBJECTS = 100_000  # of a page: a fuller one is taken as it is; the fullest of 2,781 pages of contracts has 1,900
MOST_DEPTH = 12  # of forms in forms
MOST_CLIPS, MOST_CORNERS = 50, 500  # of clip paths of an object that are looked at, and of the corners of one

Color = tuple[int, int, int, int]
"""Red, green, blue and alpha, 0-255."""

Matrix = tuple[float, float, float, float, float, float]
"""Of an affine map, in the order of the PDF specification."""

Kind = Literal["text", "shape", "image"]

_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_EVERYWHERE: Box = (-1e9, -1e9, 1e9, 1e9)
_KINDS: dict[int, Kind] = {
    pdfium_c.FPDF_PAGEOBJ_TEXT: "text",
    pdfium_c.FPDF_PAGEOBJ_PATH: "shape",
    pdfium_c.FPDF_PAGEOBJ_IMAGE: "image",
    pdfium_c.FPDF_PAGEOBJ_SHADING: "image",
}


_object_of_page = direct(pdfium_c.FPDFPage_GetObject, c_void_p, c_void_p, c_int)
_objects_of_form = direct(pdfium_c.FPDFFormObj_CountObjects, c_int, c_void_p)
_object_of_form = direct(pdfium_c.FPDFFormObj_GetObject, c_void_p, c_void_p, c_ulong)
_type = direct(pdfium_c.FPDFPageObj_GetType, c_int, c_void_p)
_bounds = direct(pdfium_c.FPDFPageObj_GetBounds, c_int, c_void_p, *[c_void_p] * 4)
_matrix_of = direct(pdfium_c.FPDFPageObj_GetMatrix, c_int, c_void_p, c_void_p)
_has_transparency = direct(pdfium_c.FPDFPageObj_HasTransparency, c_int, c_void_p)
_fill = direct(pdfium_c.FPDFPageObj_GetFillColor, c_int, c_void_p, *[c_void_p] * 4)
_stroke = direct(pdfium_c.FPDFPageObj_GetStrokeColor, c_int, c_void_p, *[c_void_p] * 4)
_clip_path = direct(pdfium_c.FPDFPageObj_GetClipPath, c_void_p, c_void_p)
_clips = direct(pdfium_c.FPDFClipPath_CountPaths, c_int, c_void_p)
_clip_corners = direct(pdfium_c.FPDFClipPath_CountPathSegments, c_int, c_void_p, c_int)
_clip_corner = direct(pdfium_c.FPDFClipPath_GetPathSegment, c_void_p, c_void_p, c_int, c_int)
_corner_point = direct(pdfium_c.FPDFPathSegment_GetPoint, c_int, c_void_p, c_void_p, c_void_p)
_object_of_character = direct(pdfium_c.FPDFText_GetTextObject, c_void_p, c_void_p, c_int)
_character_box = direct(pdfium_c.FPDFText_GetCharBox, c_int, c_void_p, c_int, *[c_void_p] * 4)
_render_mode = direct(pdfium_c.FPDFTextObj_GetTextRenderMode, c_int, c_void_p)
_font_size = direct(pdfium_c.FPDFTextObj_GetFontSize, c_int, c_void_p, c_void_p)
_draw_mode = direct(pdfium_c.FPDFPath_GetDrawMode, c_int, c_void_p, c_void_p, c_void_p)
_stroke_width = direct(pdfium_c.FPDFPageObj_GetStrokeWidth, c_int, c_void_p, c_void_p)
_segments = direct(pdfium_c.FPDFPath_CountSegments, c_int, c_void_p)
_segment = direct(pdfium_c.FPDFPath_GetPathSegment, c_void_p, c_void_p, c_int)
_segment_type = direct(pdfium_c.FPDFPathSegment_GetType, c_int, c_void_p)
_marks = direct(pdfium_c.FPDFPageObj_CountMarks, c_int, c_void_p)
_mark = direct(pdfium_c.FPDFPageObj_GetMark, c_void_p, c_void_p, c_ulong)
_mark_name = direct(pdfium_c.FPDFPageObjMark_GetName, c_int, c_void_p, c_void_p, c_ulong, c_void_p)
_set_active = direct(pdfium_c.FPDFPageObj_SetIsActive, c_int, c_void_p, c_int)

# Where pdfium writes: one thread reads.
_floats = (c_float * 4)()
_ints = (c_uint * 4)()  # the first two are one long as well
_doubles = (c_double * 4)()
_DOUBLES = [ctypes.addressof(_doubles) + i * ctypes.sizeof(c_double) for i in range(4)]
_FLOATS = _LEFT, _BOTTOM, _RIGHT, _TOP = [ctypes.addressof(_floats) + i * ctypes.sizeof(c_float) for i in range(4)]
_INTS = [ctypes.addressof(_ints) + i * ctypes.sizeof(c_uint) for i in range(4)]


@dataclass(slots=True)
class PaintedObject:
    """An object that a page paints. `matrix` maps points of its form to the page, `is_blended` says that a form that it
    is in is not opaque; a text is painted within `clip`, as far as a box tells.
    """

    kind: Kind
    handle: int
    box: Box
    matrix: Matrix
    in_form: bool
    is_blended: bool
    clip: Box

    @property
    def fill(self) -> Color | None:
        """Its color; None for a pattern."""
        return tuple(_ints) if _fill(self.handle, *_INTS) else None

    @property
    def outline(self) -> Color | None:
        """The color of its outline; None for a pattern."""
        return tuple(_ints) if _stroke(self.handle, *_INTS) else None

    @property
    def type_size(self) -> float:
        """Of a text: the size of its type as the page shows it, in points."""
        _font_size(self.handle, _FLOATS[0])
        size, matrix = _floats[0], _times(_matrix(self.handle), self.matrix)
        return size * hypot(matrix[2], matrix[3])

    @property
    def direction(self) -> tuple[float, float]:
        """Of a text: where its line runs to on the page."""
        return _times(_matrix(self.handle), self.matrix)[:2]

    @property
    def is_filled(self) -> bool:
        """Of a shape: whether its inside is painted."""
        return bool(_draw_mode(self.handle, _INTS[0], _INTS[1]) and _ints[0])

    @property
    def line_width(self) -> float:
        """Of a shape: the width of its outline as the page shows it, in points; 0 where it has none."""
        if not (_draw_mode(self.handle, _INTS[0], _INTS[1]) and _ints[1] and _stroke_width(self.handle, _FLOATS[0])):
            return 0.0
        width, matrix = _floats[0], _times(_matrix(self.handle), self.matrix)
        return width * hypot(matrix[2], matrix[3])

    @property
    def sides(self) -> int:
        """Of how many lines and curves it is drawn."""
        return int(_segments(self.handle))

    def corners(self, most: int) -> list[list[tuple[float, float]]] | None:
        """Of a shape: the corners of each of its parts on the page; None where it has curves or more corners than
        `most`.
        """
        count = _segments(self.handle)
        if not 0 < count <= most:
            return None
        matrix = _times(_matrix(self.handle), self.matrix)
        parts: list[list[tuple[float, float]]] = []
        for k in range(count):
            segment = _segment(self.handle, k)
            kind = _segment_type(segment)
            if kind not in (pdfium_c.FPDF_SEGMENT_MOVETO, pdfium_c.FPDF_SEGMENT_LINETO):
                return None
            if kind == pdfium_c.FPDF_SEGMENT_MOVETO:
                parts.append([])
            if parts and _corner_point(segment, _FLOATS[0], _FLOATS[1]):
                parts[-1].append(mapped(matrix, _floats[0], _floats[1]))
        return parts

    @property
    def is_in_layer(self) -> bool:
        """Whether it is marked as optional content."""
        name = (ctypes.c_char * 64)()
        for k in range(min(_marks(self.handle), MOST_DEPTH)):
            is_named = _mark_name(_mark(self.handle, k), ctypes.addressof(name), len(name), _INTS[0])
            if is_named and name.raw.startswith("OC\0".encode("utf-16-le")):
                return True
        return False

    def show(self, is_shown: bool) -> None:
        """Leave it out of the page's picture, or put it in again."""
        _set_active(self.handle, is_shown)


@dataclass
class PaintedPage:
    """The objects of a page in the order of painting; `is_whole` is False where there are more than are listed."""

    objects: list[PaintedObject] = field(default_factory=list)
    is_whole: bool = True

    @cached_property
    def texts(self) -> list[int]:
        """Which of them are texts."""
        return [i for i, each in enumerate(self.objects) if each.kind == "text"]

    @cached_property
    def shapes(self) -> list[int]:
        """Which are not."""
        return [i for i, each in enumerate(self.objects) if each.kind != "text"]

    @cached_property
    def text_colors(self) -> NDArray[np.int64]:
        """int64[texts, 4]: red, green, blue and alpha of the fill of each text; -1 where that is a pattern."""
        colors = np.zeros((len(self.texts), 4), np.uint32)
        at, are_known = colors.ctypes.data, []
        for i in self.texts:
            are_known.append(_fill(self.objects[i].handle, at, at + 4, at + 8, at + 12))
            at += 16
        return np.where(np.array(are_known, bool)[:, None], colors.astype(np.int64), -1)

    @cached_property
    def text_modes(self) -> NDArray[np.int64]:
        """int64[texts]: whether each is filled, outlined, invisible."""
        return np.array([_render_mode(self.objects[i].handle) for i in self.texts], np.int64)

    @cached_property
    def boxes(self) -> NDArray[np.float64]:
        """float64[objects, 4]: their boxes."""
        return np.array([each.box for each in self.objects], np.float64).reshape(-1, 4)

    @cached_property
    def clips(self) -> NDArray[np.float64]:
        """float64[objects, 4]: what they are clipped to."""
        return np.array([each.clip for each in self.objects], np.float64).reshape(-1, 4)


def painted(page: pdfium.PdfPage) -> PaintedPage:
    """List what a page paints."""
    found, clips, seen = PaintedPage(), _Clips(), 0
    stack = [_Open(address(page.raw), _object_of_page, pdfium_c.FPDFPage_CountObjects(page))]
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
        number = _type(handle)
        if kind := _KINDS.get(number):
            clip = clips.within(form, handle) if kind == "text" else form.clip
            box = _box(handle, form.matrix)
            found.objects.append(PaintedObject(kind, handle, box, form.matrix, len(stack) > 1, form.is_blended, clip))
        elif number == pdfium_c.FPDF_PAGEOBJ_FORM and len(stack) < MOST_DEPTH:
            matrix, clip = _times(_matrix(handle), form.matrix), clips.within(form, handle)
            is_blended = form.is_blended or bool(_has_transparency(handle))
            stack.append(_Open(handle, _object_of_form, _objects_of_form(handle), matrix, clip, is_blended))
    return found


@dataclass(slots=True)
class _Open:
    """A page, or a form on it, whose objects are being listed."""

    handle: int
    get: Callable[[int, int], int]
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

    def within(self, form: _Open, handle: int) -> Box:
        """The part of a form's clip box that the clip path of an object in it leaves."""
        path = _clip_path(handle)
        count = _clips(path)
        if count <= 0:
            return form.clip
        same = form.handle, count, _point(path, count - 1, 2)  # of a box, the corner opposite to its first one
        if same != self._last:
            self._last, self._box = same, common(form.clip, _clip_box(path, min(count, MOST_CLIPS), form.matrix))
        return self._box


def _point(path: int, i: int, k: int) -> tuple[float, float] | None:
    corner = _clip_corner(path, i, k)
    return (_floats[0], _floats[1]) if corner and _corner_point(corner, _LEFT, _BOTTOM) else None


def _clip_box(path: int, count: int, matrix: Matrix) -> Box:
    box = _EVERYWHERE
    for i in range(count):
        corners = _clip_corners(path, i)
        if corners <= MOST_CORNERS:
            points = [point for k in range(corners) if (point := _point(path, i, k))]
            if matrix is not _IDENTITY:
                points = [mapped(matrix, *point) for point in points]
            xs, ys = zip(*points or [(0.0, 0.0)], strict=True)
            box = common(box, (min(xs), min(ys), max(xs), max(ys)))
    return box


def common(one: Box, other: Box) -> Box:
    """What two boxes share; a box of no width or height where they share nothing."""
    left, bottom = max(one[0], other[0]), max(one[1], other[1])
    return left, bottom, max(left, min(one[2], other[2])), max(bottom, min(one[3], other[3]))


def _box(handle: int, matrix: Matrix) -> Box:
    if not _bounds(handle, _LEFT, _BOTTOM, _RIGHT, _TOP):
        return (0.0, 0.0, 0.0, 0.0)
    left, bottom, right, top = _floats
    if matrix is _IDENTITY:
        return left, bottom, right, top
    a, b, c, d, e, f = matrix
    if b == 0 == c and a > 0 < d:
        return a * left + e, d * bottom + f, a * right + e, d * top + f
    xs, ys = zip(*[mapped(matrix, x, y) for x in (left, right) for y in (bottom, top)], strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _matrix(handle: int) -> Matrix:
    found = pdfium_c.FS_MATRIX()
    _matrix_of(handle, ctypes.addressof(found))
    return found.a, found.b, found.c, found.d, found.e, found.f


def _times(inner: Matrix, outer: Matrix) -> Matrix:
    (a, b, c, d, e, f), (p, q, r, s, t, u) = inner, outer
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def mapped(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    """A point after a matrix."""
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


class PageCharacters:
    """The characters of a page by their place in its text, which must still be pdfium's, character for character."""

    def __init__(self, textpage: pdfium.PdfTextPage) -> None:
        self._textpage = textpage
        self._address = address(textpage.raw)

    @cached_property
    def _indexes(self) -> list[int]:
        return char_indexes(self._textpage)

    @cached_property
    def objects(self) -> list[int | None]:
        """For each character the handle of the text that draws it; None for one that pdfium made up, as line ends."""
        return [_object_of_character(self._address, index) for index in self._indexes]

    def box(self, at: int) -> Box:
        """The box of a character's ink."""
        _character_box(self._address, self._indexes[at], *_DOUBLES)
        left, right, bottom, top = _doubles
        return left, bottom, right, top

    def base(self, at: int) -> tuple[float, float]:
        """Where a character stands on its base line."""
        x, y = c_double(), c_double()
        pdfium_c.FPDFText_GetCharOrigin(self._textpage, self._indexes[at], x, y)
        return x.value, y.value

    def axes(self, at: int) -> tuple[tuple[float, float], tuple[float, float]]:
        """How far along its line, and across it, a character one em wide and high reaches, in points."""
        matrix = pdfium_c.FS_MATRIX()
        pdfium_c.FPDFText_GetMatrix(self._textpage, self._indexes[at], matrix)
        size = pdfium_c.FPDFText_GetFontSize(self._textpage, self._indexes[at])
        return (size * matrix.a, size * matrix.b), (size * matrix.c, size * matrix.d)
