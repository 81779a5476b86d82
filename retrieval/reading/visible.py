"""Takes out words that the page does not show: invisible, in the paper's colour, tiny, clipped, beyond the page's
edge, in a layer that is off, or under something that was drawn over them.

    objects of the page → suspected texts → the page rendered with and without them → characters that make no difference

What a page shows is what its picture shows. So the picture decides, and is drawn only for a page where an object makes
a text suspect: ordinary pages have none. An invisible text over an image, or under one that has writing at the same
place, is how scans are made searchable, and stays.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import zip_longest
from typing import Any, Literal

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from retrieval.core.documents import ReadingWarning
from retrieval.reading.annotations import Annotation
from retrieval.reading.page_drafts import Box, PageDraft
from retrieval.reading.painted import Color, PageCharacters, PaintedPage

LEAST_SIZE = 1.0  # points; of a page of less than 800 points, so much less
LEAST_CONTRAST = 20  # of 255, in one colour: a watermark in the palest usual grey has 25
ALIKE = 64  # of 255: colours that may turn out too alike; the picture decides
REST = 0.15  # of the width or height of a text that a clip path or the page's edge leaves: it may show nothing
IN = 0.85  # of the width and height of a box that lies in another one
MUCH = 0.25  # of a page: an image of that size, with writing under it, is a scan
MOST_SHAPES = 3_000  # of a page that are compared with its texts; of one with more, each text is suspected
MOST_JUDGED = 20_000  # characters of a page, beside the first of each text; of more only some stand for those after
MOST_PIXELS = 16_000_000  # of a picture
PIXELS_PER_POINT = 2.0  # strokes of small type are then a pixel wide and have most of their colour
LAYER_BYTES = 16_000_000  # of object streams that are searched for layers

_Part = tuple[slice, slice]
"""Rows and columns of a picture."""

Unseen = Literal["hidden", "covered"]
Verdict = Unseen | Literal["layer"]  # under a scan that shows something there: words for searching
_PAPER: Color = (255, 255, 255, 255)
_INK: Color = (0, 0, 0, 255)
_UNPAINTED = {pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP}
# Annotations that are drawn and may be opaque.
_DRAWN = {
    pdfium_c.FPDF_ANNOT_FREETEXT,
    pdfium_c.FPDF_ANNOT_LINE,
    pdfium_c.FPDF_ANNOT_SQUARE,
    pdfium_c.FPDF_ANNOT_CIRCLE,
    pdfium_c.FPDF_ANNOT_POLYGON,
    pdfium_c.FPDF_ANNOT_POLYLINE,
    pdfium_c.FPDF_ANNOT_HIGHLIGHT,
    pdfium_c.FPDF_ANNOT_STAMP,
    pdfium_c.FPDF_ANNOT_INK,
    pdfium_c.FPDF_ANNOT_WIDGET,
    pdfium_c.FPDF_ANNOT_WATERMARK,
    pdfium_c.FPDF_ANNOT_REDACT,
}
_WORD = re.compile(r"\S+")
_OBJECT_STREAM = re.compile(rb"/ObjStm\b.{0,300}?stream\r?\n", re.DOTALL)
_LAYER_OFF = re.compile(rb"/OFF\b(?!\s*\[\s*\])")


def layers_are_off(data: bytes) -> bool:
    """Whether a file has layers (optional content) of which some are switched off; None of its streams is decoded but
    those in which PDF 1.5 keeps its catalog.
    """
    if b"/OCProperties" in data:
        return _LAYER_OFF.search(data) is not None
    left, has_layers, is_off = LAYER_BYTES, False, False
    for found in _OBJECT_STREAM.finditer(data):
        decoder = zlib.decompressobj()
        try:
            objects = decoder.decompress(data[found.end() : found.end() + left], left)
        except zlib.error:  # encrypted, or of another kind
            continue
        has_layers, is_off = has_layers or b"/OCProperties" in objects, is_off or bool(_LAYER_OFF.search(objects))
        left -= len(objects)
        if left <= 0:
            break
    return has_layers and is_off


def take_out_unseen(
    page: pdfium.PdfPage,
    characters: PageCharacters,
    draft: PageDraft,
    objects: PaintedPage,
    annotations: Sequence[Annotation],
    *,
    layers_off: bool,
) -> None:
    """Blank the words that a page does not show, and remark that there were some; words under a scan are remarked as
    recognised.

    The draft's text must still be pdfium's.
    """
    suspects = _suspects(page, objects, annotations, layers_off)
    if not suspects.all:
        return
    verdicts = _Judge(page, objects, suspects, characters).verdicts()
    for start, end, kind in _stretches(draft.text, verdicts):
        if kind == "layer":
            draft.remark(start, end, "recognised")
            continue
        words = draft.blank(start, end)
        draft.remark(start, end, kind)
        if kind == "hidden":
            draft.hidden_words.append(words)


def warnings_of_unseen(drafts: Sequence[PageDraft]) -> Iterator[ReadingWarning]:
    """A sentence for each page that has hidden words, and one where something was drawn over words.

    Hidden words that the page or the next one shows as well are not worth one: a line that a page break cut through is
    drawn on both pages.
    """
    for draft, next_draft in zip_longest(drafts, drafts[1:]):
        if any(remark.kind == "covered" for remark in draft.remarks):
            yield ReadingWarning(
                draft.number,
                "leaking_redaction",
                f"Page {draft.number} has words under a box or picture that was drawn over them; they are not shown or "
                "searched here, but anyone can copy them from the file.",
            )
        shown = _squeezed(draft.text + (next_draft.text if next_draft else "")) if draft.hidden_words else ""
        if any(_squeezed(words) not in shown for words in draft.hidden_words):
            yield ReadingWarning(
                draft.number,
                "hidden_text",
                f"Page {draft.number} has hidden words that nobody sees on it; they are not shown or searched here, "
                "but anyone can copy them from the file.",
            )


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


# Which texts are suspected


@dataclass
class _Suspects:
    """Texts that may not be seen, as indexes among the page's objects."""

    unpainted: set[int] = field(default_factory=set)  # of a rendering mode that paints nothing
    tiny: set[int] = field(default_factory=set)
    cut: set[int] = field(default_factory=set)  # off by the page's edge or a clip path
    trimmed: set[int] = field(default_factory=set)  # by them, but for a part: no reason to suspect them
    covered: set[int] = field(default_factory=set)  # or in about the colour of a box below them
    pale: set[int] = field(default_factory=set)  # for any other reason
    covers: list[tuple[int, Box]] = field(default_factory=list)  # what may cover texts, by place in the painting order

    @property
    def all(self) -> set[int]:
        return self.unpainted | self.tiny | self.cut | self.covered | self.pale


def _suspects(
    page: pdfium.PdfPage, objects: PaintedPage, annotations: Sequence[Annotation], layers_off: bool
) -> _Suspects:
    found = _Suspects()
    if not objects.texts or not objects.is_whole:
        return found
    texts = np.array(objects.texts)
    boxes, clips = objects.boxes[texts], objects.clips[texts]
    sizes = boxes[:, 2:] - boxes[:, :2]
    shapes = [(i, objects.objects[i].box) for i in objects.shapes if _may_matter(i, objects)]
    found.covers = shapes + [(len(objects.objects), box) for box in _drawn_over(annotations)]
    under = _over_and_under(objects, found) if found.covers else {}
    edge = np.array(page.get_bbox())
    shared = np.minimum(np.minimum(clips[:, 2:], edge[2:]), boxes[:, 2:])
    shared -= np.maximum(np.maximum(clips[:, :2], edge[:2]), boxes[:, :2])
    found.cut.update(texts[((shared < REST * sizes) | (shared < 0)).any(axis=1)].tolist())
    found.trimmed.update(texts[(shared < IN * sizes).any(axis=1)].tolist())
    least_size = min(1.0, max(page.get_size()) / 800) * LEAST_SIZE
    is_blank = (sizes <= 0).all(axis=1)
    small = texts[(sizes[:, 1] < least_size) & ~is_blank].tolist()
    found.tiny.update(i for i in small if objects.objects[i].type_size < least_size)
    blank = set(texts[is_blank].tolist())
    images = objects.boxes[[i for i in objects.shapes if objects.objects[i].kind == "image"]]
    colors, modes = objects.text_colors, objects.text_modes
    is_usual = (modes == pdfium_c.FPDF_TEXTRENDERMODE_FILL) & (colors == _INK).all(axis=1) & (not layers_off)
    unusual = set(np.flatnonzero(~is_usual).tolist())
    unusual |= {k for k, i in enumerate(objects.texts) if i in under or objects.objects[i].is_blended}
    for k in unusual:
        i, text = objects.texts[k], objects.objects[objects.texts[k]]
        if modes[k] in _UNPAINTED:
            if not _is_in_one(objects.boxes[i], images):
                found.unpainted.add(i)
            continue
        color = text.outline if modes[k] == pdfium_c.FPDF_TEXTRENDERMODE_STROKE else text.fill
        background = under.get(i, _PAPER)
        if color is None or background is None or color[3] < ALIKE or text.is_blended:
            found.pale.add(i)
        elif _are_alike(color, background):
            (found.pale if _are_alike(background, _PAPER) else found.covered).add(i)
        elif layers_off and (text.in_form or text.is_in_layer):
            found.pale.add(i)
    for each in (found.tiny, found.cut, found.covered, found.pale):
        each -= blank | found.unpainted
    found.unpainted -= blank
    return found


def _over_and_under(objects: PaintedPage, found: _Suspects) -> dict[int, Color | None]:
    """Suspect the texts that something is painted over. Returns what is painted below texts: a colour, or None for an
    image.
    """
    under: dict[int, Color | None] = {}
    if len(found.covers) > MOST_SHAPES:
        found.covered.update(objects.texts)
    texts = np.array(objects.texts)
    low, high = objects.boxes[texts, :2], objects.boxes[texts, 2:]
    middles, sizes = (low + high) / 2, np.maximum(high - low, 0.01)
    for i, box in found.covers[-MOST_SHAPES:]:
        shared = np.minimum(high, box[2:]) - np.maximum(low, box[:2])
        over = (shared[:, 1] > 0.35 * sizes[:, 1]) & (shared[:, 0] > np.minimum(2, 0.5 * sizes[:, 0]))
        found.covered.update(texts[over & (texts < i)].tolist())
        inside = ((middles > box[:2]) & (middles < box[2:])).all(axis=1) & (texts > i)
        if inside.any():
            shape = objects.objects[i]
            color = shape.fill if shape.kind == "shape" else None
            if color is None or color[3] > 255 - ALIKE:
                under.update(dict.fromkeys(texts[inside].tolist(), color))
    return under


def _may_matter(i: int, objects: PaintedPage) -> bool:
    """Whether a shape or image is large enough to hide letters, and more than white paper below all of them."""
    shape = objects.objects[i]
    left, bottom, right, top = shape.box
    if right - left < 2 or top - bottom < 2:
        return False
    if shape.kind == "shape" and not shape.is_filled:
        return shape.line_width >= 2
    return shape.kind == "image" or i > objects.texts[0] or shape.fill != _PAPER


def _drawn_over(annotations: Sequence[Annotation]) -> Iterator[Box]:
    """The boxes of annotations that are drawn over the page."""
    for each in annotations:
        left, bottom, right, top = each.box
        if each.subtype in _DRAWN and right - left >= 2 and top - bottom >= 2:
            yield each.box


def _is_in_one(box: NDArray[np.float64], outer: NDArray[np.float64]) -> bool:
    """Whether nearly all of a box lies in one of others."""
    shared = np.minimum(outer[:, 2:], box[2:]) - np.maximum(outer[:, :2], box[:2])
    return bool((shared >= IN * (box[2:] - box[:2])).all(axis=1).any())


def _are_alike(one: Color, other: Color) -> bool:
    return max(abs(a - b) for a, b in zip(one[:3], other[:3], strict=True)) < ALIKE


# What the picture shows


class _Judge:
    """Compares the picture of a page that has no other texts than the suspected ones with that of one that has none,
    character by character.
    """

    def __init__(
        self, page: pdfium.PdfPage, objects: PaintedPage, suspects: _Suspects, characters: PageCharacters
    ) -> None:
        self._page, self._objects, self._suspects, self._characters = page, objects, suspects, characters
        width, height = page.get_size()
        self._scale = min(PIXELS_PER_POINT, (MOST_PIXELS / max(width * height, 1)) ** 0.5)
        self._images = objects.boxes[[i for i in objects.shapes if objects.objects[i].kind == "image"]]
        area = np.prod(self._images[:, 2:] - self._images[:, :2], axis=1)
        self._is_large = area >= MUCH * width * height

    def verdicts(self) -> dict[int, Verdict | None]:
        """For each character of a suspected text how it is kept from sight; None for one that is seen."""
        texts = {self._objects.objects[i].handle: i for i in self._suspects.all}
        judged: list[tuple[int, Box]] = []  # texts and boxes of characters
        of_text: dict[int, dict[int, int]] = {i: {} for i in self._suspects.all}  # characters, with a judged one each
        step = 1 + sum(handle in texts for handle in self._characters.objects) // MOST_JUDGED
        for at, handle in enumerate(self._characters.objects):
            if handle is not None and (i := texts.get(handle)) is not None:
                places = of_text[i]
                if places and len(places) % step:
                    places[at] = next(reversed(places.values()))
                    continue
                box = self._characters.box(at)
                if box[0] < box[2] and box[1] < box[3]:
                    places[at] = len(judged)
                    judged.append((i, box))
        parts = self._parts(np.array([box for _, box in judged]).reshape(-1, 4))
        verdicts = [self._verdict(i, box, part) for (i, box), part in zip(judged, parts, strict=True)]
        found = {i: {at: verdicts[k] for at, k in places.items()} for i, places in of_text.items()}
        for i in self._suspects.trimmed & self._suspects.all:
            if not set(found[i].values()) <= {"hidden", "covered"}:  # a line that a margin cut short is still that line
                clip = self._objects.clips[i : i + 1]
                cut = [at for at in found[i] if not _is_in_one(np.array(self._characters.box(at)), clip)]
                found[i].update(dict.fromkeys(cut))
        return {at: verdict for of_text in found.values() for at, verdict in of_text.items()}

    def _verdict(self, i: int, box: Box, part: _Part) -> Verdict | None:
        if i in self._suspects.unpainted:
            return None if self._at_images(box).any() or self._has_ink(part) else "hidden"
        if i not in self._suspects.tiny:
            if (self._difference[part] >= LEAST_CONTRAST).any():  # the suspected texts change something there
                return None
            if (self._at_images(box) & self._is_large).any() and self._has_ink(part):  # a scan shows something there
                return "layer" if i in self._suspects.covered else None
        return "covered" if i in self._suspects.covered - self._suspects.cut else "hidden"

    def _at_images(self, box: Box) -> NDArray[np.bool_]:
        """bool[images]: which are at the middle of a box."""
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        return np.asarray(((self._images[:, :2] <= middle) & (self._images[:, 2:] >= middle)).all(axis=1))

    def _has_ink(self, part: _Part) -> bool:
        """Whether a part of the page has more than one shade."""
        pixels = self._bare[part]
        return pixels.size > 0 and bool((np.ptp(pixels, axis=(0, 1)) >= 2 * LEAST_CONTRAST).any())

    def _parts(self, boxes: NDArray[np.float64]) -> list[_Part]:
        """The pixels within boxes, without their edges, where neighbours reach in: an eighth at either side; at least
        one.
        """
        a, b, c, d, e, f = self._to_pixels
        ends = [(a * x + c * y + e, b * x + d * y + f) for x, y in (boxes.T[:2], boxes.T[2:])]
        sides = []
        for one, other in zip(*ends, strict=True):
            low, high = np.minimum(one, other), np.maximum(one, other)
            rim = (high - low) / 8
            first = (low + rim).astype(int)
            last = np.maximum(first + 1, (high - rim + 0.5).astype(int))
            sides += [np.maximum(first, 0).tolist(), np.maximum(last, 0).tolist()]
        return [(slice(top, bottom), slice(left, right)) for left, right, top, bottom in zip(*sides, strict=True)]

    @cached_property
    def _to_pixels(self) -> tuple[float, ...]:
        """The matrix from points of the page to pixels of the picture."""
        height, width = self._bare.shape[:2]
        fine = 64  # pdfium gives whole pixels
        to_pixel = pdfium.PdfPosConv(self._page, (0, 0, width * fine, height * fine, 0)).to_bitmap
        far = 1000
        (e, f), (x, y), (other_x, other_y) = to_pixel(0, 0), to_pixel(far, 0), to_pixel(0, far)
        matrix = ((x - e) / far, (y - f) / far, (other_x - e) / far, (other_y - f) / far, e, f)
        return tuple(each / fine for each in matrix)

    @cached_property
    def _difference(self) -> NDArray[np.uint8]:
        """uint8[height, width, 3]: what the suspected texts alone would change in it."""
        picture = self._without(set(self._objects.texts) - self._suspects.all)
        return np.asarray(np.maximum(picture, self._bare) - np.minimum(picture, self._bare))

    @cached_property
    def _bare(self) -> NDArray[np.uint8]:
        """uint8[height, width, 3]: the page without any text."""
        return self._without(set(self._objects.texts))

    def _without(self, texts: set[int]) -> NDArray[np.uint8]:
        for i in texts:
            self._objects.objects[i].show(False)
        try:
            bitmap = self._page.render(scale=self._scale, force_bitmap_format=pdfium_c.FPDFBitmap_BGR)
            pixels: NDArray[np.uint8] = bitmap.to_numpy()
            return pixels
        finally:
            for i in texts:
                self._objects.objects[i].show(True)


# What is taken out


def _stretches(text: str, verdicts: dict[int, Verdict | None]) -> list[tuple[int, int, Verdict]]:
    """Stretches of unseen words. Signs, whose ink is small, go with the letter beside them; a stretch without a letter
    or figure is left alone.
    """
    found: list[list[Any]] = []
    for word in _WORD.finditer(text):
        for start, end, kind in _pieces(word[0], word.start(), verdicts):
            if found and found[-1][2] == kind and not text[found[-1][1] : start].strip():
                found[-1][1] = end
            else:
                found.append([start, end, kind])
    return [(start, end, kind) for start, end, kind in found if any(c.isalnum() for c in text[start:end])]


def _pieces(word: str, start: int, verdicts: dict[int, Verdict | None]) -> Iterator[tuple[int, int, Verdict]]:
    """The unseen pieces of a word: of two letters at least, or the whole of it."""
    judged = [k for k in range(len(word)) if start + k in verdicts and word[k].isalnum()]
    judged = judged or [k for k in range(len(word)) if start + k in verdicts]
    if not judged:
        return
    # Each character goes with the last judged one before it, else with the first one.
    kinds, k = [], 0
    for at in range(len(word)):
        while k + 1 < len(judged) and judged[k + 1] <= at:
            k += 1
        kinds.append(verdicts[start + judged[k]])
    first = 0
    for at in range(1, len(word) + 1):
        if at == len(word) or kinds[at] != kinds[first]:
            kind = kinds[first]
            if kind and (at - first > 1 or len(set(kinds)) == 1):
                yield start + first, start + at, kind
            first = at
