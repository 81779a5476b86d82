"""Compares what a page shows with what its text says (coverage), and has the rest recognised (OCR).

    signs → characters that cover → the page without them → rows of writing → recognised, or named as not read

A page without pictures, drawn letters and characters that mean nothing has no sign, and costs a walk over its objects.
Else the page is drawn, what its text covers is painted over, and whatever then looks like writing is not in the text:
so a stamp on a scan covers the stamp alone. Words that nothing shows cover nothing.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from retrieval.reading.annotations import Annotation
from retrieval.reading.garbled_text import garbled, may_be_garbled
from retrieval.reading.ocr_layer import has_common_words, invisible, is_implausible, long_words
from retrieval.reading.page_drafts import PageDraft, stretches
from retrieval.reading.page_view import PageView
from retrieval.reading.painted import PaintedObject, PaintedPage
from retrieval.reading.recognised_text import Row, lines_of, put_in
from retrieval.reading.recognition import Reading
from retrieval.reading.writing import DOTS_PER_INCH, LEAST_MARKS, Grey, marks_on_paper, rows_of_writing

Recognise = Callable[[Grey], Reading | None]
"""Reads an image; None where that failed."""

_READ_PIXELS = 4_000_000  # of what is recognised: a letter page at 200 dots an inch; a smaller part is drawn larger
_MOST_DOTS = 300  # per inch
# Of a layer with what its page shows: lines, their long words, dots per inch.
_LINES_COMPARED, _WORDS_COMPARED, _COMPARED_DOTS = 2, 4, 150.0
_RIM = 0.25  # of the height of such a line, above and below it
# A part of a page that is so many times as high as wide, as the picture of a whole conversation is, is read in bands of
# so many square inches: about a letter page.
_LONG, _BAND, _MOST_BANDS = 3.0, 100.0, 12
_LEAST_IMAGES = 0.01  # of the page: less is a logo or an initial
_MOSTLY = 0.5  # of the page, where images are what it shows; or of words
_LEAST_SHAPES = 40  # as large as letters
_LETTER = 1.5, 60.0  # points of a shape that may be a letter
_LEAST_SEGMENTS = 400  # of lines and curves: a word drawn as one shape has a hundred
_LONGEST_STROKE = 15.0  # points: a rule is longer
_SIDES_OF_A_BOX = 6
_LEFT_BY_A_LAYER = 0.25  # marks for each of its characters, in its lines: their letters seldom lie where it has them
_LETTERS_A_MARK = 5  # of a page of handwriting, which has no rows; with more letters of text its ink is a signature
_UNREAD_SHARE = 0.02  # of the page, in lines that were found and could not be read
_READ_SHARE = 0.3  # letters that were read for each mark of writing: fewer means that most was not
_STAMPS = 3  # letters for each mark of writing on a page that is an image: fewer are a filing stamp, a fax header
_SHADES = 60  # of 255, between the darkest and the lightest: less is an empty page
_SAMPLED = 24  # characters of a page that are asked whether they mean something
_MEANINGLESS = re.compile(r"[\x00\x01\x03-\x08\x0e-\x1f\ufffd\ue000-\uf8ff]{3}")
_SPACES = re.compile(r"[ \ufffd\ue000-\uf8ff]{3}")
_WHOLE = np.array([0.0, 0.0, 1.0, 1.0])
_PRIVATE = re.compile(r"[\ufffd\ue000-\uf8ff]")


@dataclass(frozen=True, slots=True)
class _Signs:
    """What makes a page worth a look."""

    images: float  # the share of the page that images fill
    is_drawn: bool  # shapes may be letters
    is_meaningless: bool  # characters mean nothing
    is_wordless: bool  # something is painted, and no letter is among it

    def __bool__(self) -> bool:
        return self.images >= _LEAST_IMAGES or self.is_drawn or self.is_meaningless or self.is_wordless


@dataclass(frozen=True, slots=True)
class _Unread:
    """Writing that the text does not have: where, and about how many letters; none of a picture that may have some, as
    a photograph of a sign has.
    """

    box: NDArray[np.float64]  # left, top, right and bottom as shares of the page
    letters: int


@dataclass(frozen=True, slots=True)
class _Recognised:
    """What recognition made of it."""

    rows: list[Row]
    unread: float  # the share of the page that is in lines which it found and could not read

    @property
    def letters(self) -> int:
        """How many letters and digits it read."""
        return sum(_letters(word.text) for words, _ in self.rows for word in words)

    def has_words_of(self, text: str) -> bool:
        """Whether most words of a text were read: it says what the page shows."""
        read = {word.text for words, _ in self.rows for word in words}
        words = text.split()
        return sum(word in read for word in words) > _MOSTLY * len(words)

    def is_all_of(self, unread: _Unread) -> bool:
        """Whether nothing is left of the writing: it was read, or it was none."""
        is_none = not self.rows and not self.unread
        return is_none or (self.unread < _UNREAD_SHARE and self.letters >= _READ_SHARE * unread.letters)


def cover(
    page: pdfium.PdfPage,
    textpage: pdfium.PdfTextPage,
    draft: PageDraft,
    painted: PaintedPage,
    annotations: Sequence[Annotation],
    recognise: Recognise | None,
) -> None:
    """Say of a page whether all that it shows is read, and have recognised what is not, where that can be done."""
    signs = _signs(page, textpage, draft, painted, annotations)
    if not signs:
        return
    draw_fields = any(each.field and each.has_image for each in annotations)
    view = PageView(page, textpage, draft, draw_fields=draw_fields)
    shown = _shown(draft)
    layer = (invisible(view) | _under_scans(draft)) & shown if signs.images >= _LEAST_IMAGES else np.zeros_like(shown)
    meaningless = _meaningless(view, draft) if signs.is_meaningless else np.zeros_like(shown)
    is_bad_layer = recognise is not None and (
        is_implausible(_only(draft.text, layer)) or _disagrees(view, _only(draft.text, layer), recognise)
    )
    doubted = meaningless | layer if is_bad_layer else meaningless
    unread = _unread(view, draft, shown & ~doubted, layer & ~doubted, signs)
    recognised = _recognised(view, unread, shown & ~doubted, recognise) if unread and recognise else None
    if recognised and recognised.has_words_of(_only(draft.text, meaningless)):
        return
    is_better = recognised is not None and recognised.letters >= _READ_SHARE * _letters(_only(draft.text, doubted))
    _remark_layer(draft, layer & ~doubted if is_better else layer)
    if recognised and is_better:
        if doubted.any():
            _take_out(draft, doubted)
            view = PageView(page, textpage, draft, draw_fields=draw_fields)
        put_in(draft, view, recognised.rows)
    elif unread:
        _blank(draft, meaningless)
    if recognised and is_better and unread:
        is_left = not recognised.is_all_of(unread)
    else:
        is_left = unread is not None and unread.letters > 0 and not is_bad_layer
    if unread and is_left:
        # What stands as text over the image of a page is a stamp unless it is more than the image shows.
        is_stamped = signs.images >= _MOSTLY and not layer.any()
        draft.readable = _letters(draft.text) >= (_STAMPS if is_stamped else _READ_SHARE) * unread.letters
        draft.partly = draft.readable


def _signs(
    page: pdfium.PdfPage,
    textpage: pdfium.PdfTextPage,
    draft: PageDraft,
    painted: PaintedPage,
    annotations: Sequence[Annotation],
) -> _Signs:
    left, bottom, right, top = page.get_bbox()
    images, shapes = 0.0, []
    for each in (painted.objects[i] for i in painted.shapes):
        wide = min(each.box[2], right) - max(each.box[0], left)
        high = min(each.box[3], top) - max(each.box[1], bottom)
        if each.kind == "image" or (wide * high > 0 and each.is_filled and each.fill is None):  # a pattern of images
            images += max(0.0, wide) * max(0.0, high)
        else:
            shapes.append((min(wide, high), max(wide, high), each))
    images += _pictures(annotations)
    return _Signs(
        images / max(1.0, (right - left) * (top - bottom)),
        _are_letters(shapes) and _are_letters([shape for shape in shapes if not _is_rule(*shape[1:])]),
        _is_meaningless(textpage, draft.text) or may_be_garbled(draft.text),
        bool(painted.objects) and not any(map(str.isalnum, draft.text)),
    )


def _are_letters(shapes: Sequence[tuple[float, float, PaintedObject]]) -> bool:
    """Whether shapes, each after its short and its long side, are as many as letters, by their sizes or their lines."""
    least, most = _LETTER
    sized = sum(least < short and long < most for short, long, _ in shapes)
    return sized >= _LEAST_SHAPES or sum(shape.sides for _, _, shape in shapes) >= _LEAST_SEGMENTS


def _is_rule(long: float, shape: PaintedObject) -> bool:
    """Whether a shape is a rule or a box, as tables have them, longer than the strokes of letters."""
    parts = shape.corners(_SIDES_OF_A_BOX) if long > _LONGEST_STROKE else None
    return parts is not None and all(
        abs(x - other_x) < 0.1 or abs(y - other_y) < 0.1
        for part in parts
        for (x, y), (other_x, other_y) in pairwise(part)
    )


def _pictures(annotations: Sequence[Annotation]) -> float:
    """The area of the annotations of a page that are images, or stamps, which are drawn: square points."""
    boxes = (each.box for each in annotations if each.has_image or each.subtype == pdfium_c.FPDF_ANNOT_STAMP)
    return sum((right - left) * (top - bottom) for left, bottom, right, top in boxes)


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _is_meaningless(textpage: pdfium.PdfTextPage, text: str) -> bool:
    """Whether characters of a page may be of a font that does not say what they mean. They are then without an entry in
    its table, private ones, or codes of control, for which the text has spaces.
    """
    count = textpage.count_chars()
    sample = range(0, count, max(1, count // _SAMPLED))
    unmapped = sum(pdfium_c.FPDFText_HasUnicodeMapError(textpage, i) == 1 for i in sample)
    return unmapped > 1 or bool(_SPACES.search(text) and _MEANINGLESS.search(textpage.get_text_range()))


def _meaningless(view: PageView, draft: PageDraft) -> NDArray[np.bool_]:
    """For each character whether the file does not say what it means, or says it wrong, unless the words have sense."""
    found = np.array(
        [
            bool(_PRIVATE.match(c)) or (i >= 0 and pdfium_c.FPDFText_HasUnicodeMapError(view.textpage, i) == 1)
            for c, i in zip(draft.text, view.indexes, strict=True)
        ],
        bool,
    )
    if may_be_garbled(draft.text):
        found |= garbled(view, draft.text)
    return np.zeros_like(found) if has_common_words(_only(draft.text, found)) else found


def _shown(draft: PageDraft) -> NDArray[np.bool_]:
    """For each character whether the page shows it."""
    shown = np.ones(len(draft.text), bool)
    for remark in draft.remarks:
        if remark.kind in ("hidden", "covered"):
            shown[remark.start : remark.end] = False
    return shown


def _under_scans(draft: PageDraft) -> NDArray[np.bool_]:
    """For each character whether it lies under a scan, which `visible` remarked; the layer is remarked as a whole."""
    found = np.zeros(len(draft.text), bool)
    for remark in draft.remarks:
        if remark.kind == "recognised":
            found[remark.start : remark.end] = True
    draft.remarks = [remark for remark in draft.remarks if remark.kind != "recognised"]
    return found


def _disagrees(view: PageView, layer: str, recognise: Recognise) -> bool:
    """Whether the lines of a layer with most words are others than the page shows there: those of another page, or
    nobody's.
    """
    lines = [(long_words(line[0]), line.span()) for line in re.finditer(r"[^\n]+", layer)]
    lines = sorted((each for each in lines if len(each[0]) >= _WORDS_COMPARED), key=lambda each: -len(each[0]))
    image = view.draw(_COMPARED_DOTS, np.zeros(len(layer), bool)) if lines else None
    for words, (start, end) in lines[:_LINES_COMPARED]:
        boxes = view.boxes[start:end]
        boxes = boxes[boxes[:, 0] < boxes[:, 2]]
        if image is None or not len(boxes):
            return False
        (left, top), (right, bottom) = (
            edges * image.shape[::-1] for edges in (boxes[:, :2].min(0), boxes[:, 2:].max(0))
        )
        rim = _RIM * min(right - left, bottom - top)
        x, y = int(max(0, left - rim)), int(max(0, top - rim))
        place = image[y : math.ceil(bottom + rim), x : math.ceil(right + rim)]
        reading = recognise(place) if place.size else None
        read = set(long_words(" ".join(word.text for row in reading.rows for word in row))) if reading else set()
        if not read or sum(word in read for word in words) >= _MOSTLY * len(words):
            return False
    return bool(lines)


def _unread(
    view: PageView, draft: PageDraft, covering: NDArray[np.bool_], layer: NDArray[np.bool_], signs: _Signs
) -> _Unread | None:
    """The writing that is left of a page without the characters that cover it; an OCR layer covers whole lines."""
    lines = lines_of(draft.text, view.boxes, layer)
    image = view.draw(DOTS_PER_INCH, covering, lines)
    height, width = image.shape
    rows = rows_of_writing(image)
    if len(lines):
        middles = rows[:, [1, 3]].mean(axis=1)[:, None] / height
        is_beside = ((lines[:, 1] <= middles) & (middles <= lines[:, 3])).any(axis=1)
        if rows[is_beside, 4].sum() < _LEFT_BY_A_LAYER * layer.sum():
            rows = rows[~is_beside]
    if (marks := int(rows[:, 4].sum())) >= LEAST_MARKS:
        low, high = rows[:, :2].min(axis=0), rows[:, 2:4].max(axis=0)
        box = np.concatenate([low, high]) / (width, height, width, height)
        return _Unread(_WHOLE if signs.images >= _MOSTLY else box, marks)
    if signs.images >= _MOSTLY:
        marks = marks_on_paper(image)
        if marks and _letters(draft.text) < _LETTERS_A_MARK * marks:
            return _Unread(_WHOLE, marks)
        if signs.is_wordless and np.ptp(image) >= _SHADES:
            return _Unread(_WHOLE, 0)
    return None


def _recognised(
    view: PageView, unread: _Unread, covering: NDArray[np.bool_], recognise: Recognise
) -> _Recognised | None:
    """Have the part of a page recognised that has the writing, with a little round it, a long one band by band; None
    where that failed.
    """
    left, top, right, bottom = np.clip(unread.box + np.array([-0.02, -0.02, 0.02, 0.02]), 0, 1)
    wide, high = (right - left) * view.width / 72, (bottom - top) * view.height / 72  # inches
    area = max(0.01, wide * high)
    bands = min(_MOST_BANDS, math.ceil(area / _BAND)) if high > _LONG * wide else 1
    image = view.draw(min(_MOST_DOTS, math.sqrt(bands * _READ_PIXELS / area)), covering)
    height, width = image.shape
    x, y = int(left * width), int(top * height)
    part = image[y : math.ceil(bottom * height), x : math.ceil(right * width)]
    rows, left_unread, is_read = [], 0.0, False
    for first, last in pairwise(_cuts(part, bands)):
        reading = recognise(part[first:last])
        is_read |= reading is not None
        if reading is None:
            left_unread += (last - first) * part.shape[1]
            continue
        left_unread += reading.unread
        offset = np.array([x, y + first, x, y + first])
        rows += [
            (row, (np.array([word.box for word in row]) + offset) / (width, height, width, height))
            for row in reading.rows
        ]
    return _Recognised(rows, left_unread / image.size) if is_read else None


def _cuts(image: Grey, bands: int) -> list[int]:
    """Where an image is cut into bands: between its lines, near the borders of bands of one height."""
    height = len(image)
    reach = height // bands // 8
    cuts = [0]
    for middle in (k * height // bands for k in range(1, bands)):
        window = image[middle - reach : middle + reach]
        contrast = np.convolve(np.ptp(window, axis=1).astype(np.int64), np.ones(5), "same")
        cuts.append(middle - reach + int(contrast[2:-2].argmin()) + 2 if len(contrast) > 4 else middle)
    return [*cuts, height]


def _remark_layer(draft: PageDraft, layer: NDArray[np.bool_]) -> None:
    for start, end in stretches(draft.text, layer):
        draft.remark(start, end, "recognised")


def _blank(draft: PageDraft, chosen: NDArray[np.bool_]) -> None:
    for start, end in stretches(draft.text, chosen):
        draft.blank(start, end)


def _take_out(draft: PageDraft, chosen: NDArray[np.bool_]) -> None:
    """Take characters out of the text, and the lines that are empty without them."""
    _blank(draft, chosen)
    draft.reorder([line.span() for line in re.finditer(r"[^\n]*\S[^\n]*", draft.text)])


def _only(text: str, chosen: NDArray[np.bool_]) -> str:
    """A text with spaces for the characters that are not chosen."""
    return "".join(c if its or c == "\n" else " " for c, its in zip(text, chosen.tolist(), strict=True))
