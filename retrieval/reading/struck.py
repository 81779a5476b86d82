"""Takes out words that are struck through, as a redline shows what was deleted, and remarks what was inserted.

    lines and thin bars of the page, annotations that strike or draw lines → letters that they run through → words
    taken out

Only a line through the middle of letters strikes them, and only one that ends about where they do: rules of tables run
on, underlines run below.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import hypot

import numpy as np
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from retrieval.core.documents import ReadingWarning
from retrieval.reading.annotations import Annotation
from retrieval.reading.page_drafts import Box, PageDraft, stretches
from retrieval.reading.painted import PageCharacters, PaintedObject, PaintedPage

MOST_LINES = 2_000  # of a page: a fuller one is a drawing
AT_ONCE = 500_000  # pairs of a line and a text
MOST_CORNERS = 400  # of a shape that is looked at for lines: of the grid of a large table
THICK = 3.0  # points: a bar of more is no line
STRIKE = 0.12, 0.52  # where a line strikes, above the base line, of the size of the type
UNDERLINE = -0.4, 0.08
RIM = 0.17  # of the height of a text's box at its upper and lower edge, where a line strikes nothing
BELOW = 0.35  # of that height, where an underline may be
THIN = 0.2  # of the size of the type: what is thicker covers words more than it strikes them
WAVER = 0.4  # of what a line drawn by hand goes up and down: one round a word goes up and down by more than its type
SLANT = 0.3  # of its length, what a line that strikes rises or falls along the words: a rule across a watermark more
HAIR = 0.8  # points: no line is too thick then
LETTERS = 0.45  # of the length of a line that strikes have letters on it: the rest is between them
PALE = 225  # of 255: a line of such colours is not seen
COLOURED = 64  # of 255, between the strongest and the weakest of red, green and blue
_ADDRESS = re.compile(r"@|://|www\.", re.IGNORECASE)
_BLANKS = re.compile(r"[_…]+|\.{3,}")  # to be filled in

_Line = tuple[float, float, float, float, float]
"""The ends of a line, x, y, x, y, and its thickness in points."""


def take_out_struck(
    characters: PageCharacters, draft: PageDraft, objects: PaintedPage, annotations: Sequence[Annotation]
) -> None:
    """Blank the struck words of a page, and remark them and what was inserted (`keep_insertions`).

    The draft's text must still be pdfium's, character for character.
    """
    quads = [box for each in annotations if each.subtype == pdfium_c.FPDF_ANNOT_STRIKEOUT for box in each.quads]
    del quads[MOST_LINES:]
    lines = [*_lines(objects), *_strokes(annotations)] if objects.texts and objects.is_whole else []
    meetings = list(_meetings(objects, lines)) if lines else []
    if not meetings and not quads:
        return
    letters = _Letters(draft.text, characters, objects)
    struck = {at for line, through, _ in meetings for at in letters.along(line, through, STRIKE)}
    struck |= letters.within(quads)
    inserted = {at for line, _, above in meetings for at in letters.along(line, above, UNDERLINE)} - struck
    links = [each.box for each in annotations if each.subtype == pdfium_c.FPDF_ANNOT_LINK] if inserted else []
    inserted -= letters.within(links)
    for start, end in _passages(draft.text, inserted):
        if not _ADDRESS.search(draft.text[start:end]):
            draft.remark(start, end, "inserted")
    for start, end in _passages(draft.text, struck):
        words = draft.blank(start, end)
        draft.remark(start, end, "struck", " ".join(words.split()))


def keep_insertions(drafts: Sequence[PageDraft]) -> None:
    """Drop what was remarked as inserted unless the file has struck words too: other coloured lines mean something
    else.
    """
    if not any(remark.kind == "struck" for draft in drafts for remark in draft.remarks):
        for draft in drafts:
            draft.remarks = [remark for remark in draft.remarks if remark.kind != "inserted"]


def warnings_of_struck(drafts: Sequence[PageDraft]) -> Iterator[ReadingWarning]:
    """A sentence for a file that has struck words."""
    pages = [draft.number for draft in drafts for remark in draft.remarks if remark.kind == "struck"]
    if pages:
        passages = "1 passage is" if len(pages) == 1 else f"{len(pages):,} passages are"
        live = "it is left out of what is read and searched as live text"
        yield ReadingWarning(
            None,
            "redline",
            f"{passages} struck out on {named_pages(pages)}; "
            f"{live if len(pages) == 1 else live.replace('it is', 'they are')}.",
        )


def named_pages(numbers: Sequence[int]) -> str:
    """Pages in words: "page 3", "pages 1, 3 to 5 and 9"; the last of many are not named."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = [str(a) if a == b else f"{a} {'and' if b == a + 1 else 'to'} {b}" for a, b in runs]
    if len(words) > 10:
        words = [*words[:9], "more"]
    many = runs[0][0] != runs[-1][1]
    return f"page{'s' if many else ''} " + " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


# Lines of a page


def _lines(objects: PaintedPage) -> list[_Line]:
    """The lines and thin bars that a page paints over or close under texts, level or upright; none of a drawing with
    very many.
    """
    lines: list[_Line] = []
    for i in _by_texts(objects):
        shape = objects.objects[i]
        if shape.kind == "shape" and not _is_pale(shape):
            lines += _lines_of(shape)
            if len(lines) > MOST_LINES:
                return []
    return lines


def _by_texts(objects: PaintedPage) -> list[int]:
    """The shapes that reach into a text, between its upper and lower edge, or close under a coloured one."""
    if not objects.shapes or len(objects.shapes) > MOST_LINES:
        return []
    texts, shapes = objects.boxes[objects.texts], objects.boxes[objects.shapes]
    sizes = texts[:, 2:] - texts[:, :2]
    low, high = texts[:, :2] + RIM * sizes, texts[:, 2:] - RIM * sizes
    low -= _are_coloured(objects)[:, None] * BELOW * sizes
    (left, bottom), (right, top) = low.T, high.T
    found = np.zeros(len(shapes), bool)
    step = max(1, AT_ONCE // len(texts))
    for first in range(0, len(shapes), step):
        sides = shapes[first : first + step, :, None]
        reaches = (sides[:, 2] > left) & (sides[:, 0] < right)
        reaches &= (sides[:, 3] > bottom) & (sides[:, 1] < top)
        found[first : first + step] = reaches.any(axis=1)
    return [objects.shapes[k] for k in np.flatnonzero(found).tolist()]


def _lines_of(shape: PaintedObject) -> Iterator[_Line]:
    left, bottom, right, top = shape.box
    width = shape.line_width  # pdfium puts it round the shape on every side
    if min(right - left, top - bottom) <= THICK + width:
        yield _line_of((left + width, bottom + width, right - width, top - width), width)
        return
    for part in shape.corners(MOST_CORNERS) or ():
        xs, ys = zip(*part, strict=True)
        box = min(xs), min(ys), max(xs), max(ys)
        if min(box[2] - box[0], box[3] - box[1]) <= THICK:
            yield _line_of(box, width)
        elif 0 < width <= THICK:
            for (x, y), (other_x, other_y) in pairwise(part):
                if min(abs(x - other_x), abs(y - other_y)) < 0.5:
                    yield x, y, other_x, other_y, width


def _line_of(box: Box, width: float) -> _Line:
    left, bottom, right, top = box
    if right - left >= top - bottom:
        return left, (bottom + top) / 2, right, (bottom + top) / 2, top - bottom + width
    return (left + right) / 2, bottom, (left + right) / 2, top, right - left + width


def _strokes(annotations: Sequence[Annotation]) -> list[_Line]:
    """The lines that annotations draw, by hand too: such a one is taken for as thick as it wavers, nearly."""
    lines: list[_Line] = []
    for each in annotations:
        for left, bottom, right, top in each.strokes:
            thickness = max(each.pen, WAVER * min(right - left, top - bottom))
            lines.append((*_line_of((left, bottom, right, top), 0)[:4], thickness))
    return lines[:MOST_LINES]


def _is_pale(shape: PaintedObject) -> bool:
    color = shape.fill if shape.is_filled else shape.outline
    return color is not None and (min(color[:3]) > PALE or color[3] < 255 - PALE)


def _meetings(objects: PaintedPage, lines: Sequence[_Line]) -> Iterator[tuple[_Line, list[int], list[int]]]:
    """For each line that meets any: the texts that it runs through, and the coloured ones above it, as indexes among
    the objects.
    """
    texts = np.array(objects.texts)
    step, are_coloured = max(1, AT_ONCE // max(len(texts), 1)), _are_coloured(objects)
    for first in range(0, len(lines), step):
        ends = np.array(lines[first : first + step])[:, None, :4]
        through, above = _meets(objects.boxes[texts], ends, 0) | _meets(objects.boxes[texts], ends, 1)
        for k in np.flatnonzero((through | above).any(axis=1)).tolist():
            coloured = texts[above[k] & are_coloured].tolist()
            if coloured or through[k].any():
                yield lines[first + k], texts[through[k]].tolist(), coloured


def _meets(boxes: NDArray[np.float64], ends: NDArray[np.float64], along: int) -> NDArray[np.bool_]:
    """bool[2, lines, texts]: whether a level (0) or upright (1) line runs through the middle of a text's box, or by its
    lower edge.
    """
    across = 1 - along
    low, high = boxes[:, across], boxes[:, across + 2]
    first, last = np.minimum(ends[..., along], ends[..., along + 2]), np.maximum(ends[..., along], ends[..., along + 2])
    at = (ends[..., across] + ends[..., across + 2]) / 2
    beside = (first < boxes[:, along + 2]) & (last > boxes[:, along]) & (last - first > 2)
    rim = (high - low) * RIM
    through = beside & (at > low + rim) & (at < high - rim)
    # A text that runs upwards or downwards has its lower edge at either side.
    off = np.minimum(abs(at - low), abs(at - high)) if along else abs(at - low)
    return np.stack([through, beside & (off < BELOW * (high - low))])


def _are_coloured(objects: PaintedPage) -> NDArray[np.bool_]:
    """bool[texts]: which are neither black nor grey nor white."""
    colors = objects.text_colors[:, :3]
    return np.asarray(colors.max(axis=1) - colors.min(axis=1) >= COLOURED)


# Letters that lines run through


class _Letters:
    """The characters of a page's texts, with where they stand; white space and blanks to fill in are none."""

    def __init__(self, text: str, characters: PageCharacters, objects: PaintedPage) -> None:
        self._characters = characters
        blanks = {at for blank in _BLANKS.finditer(text) for at in range(*blank.span())}
        text_of = {objects.objects[i].handle: i for i in objects.texts}
        self._of_text: dict[int, list[int]] = {}
        for at, handle in enumerate(characters.objects):
            if handle in text_of and at not in blanks and not text[at].isspace():
                self._of_text.setdefault(text_of[handle], []).append(at)
        self._rows: dict[int, NDArray[np.float64]] = {}

    def along(self, line: _Line, texts: Sequence[int], zone: tuple[float, float]) -> list[int]:
        """The characters of some texts that a line strikes, or underlines; none if it goes on without letters."""
        places = [at for i in texts for at in self._of_text.get(i, ())]
        if not places:
            return []
        x, y, other_x, other_y, thickness = line
        rows = np.concatenate([self._rows_of(i) for i in texts])
        middle, base, down, up, size = rows[:, :2], rows[:, 2:4], rows[:, 4:6], rows[:, 6:8], rows[:, 8]
        ends = [np.array(end) - base for end in ((x, y), (other_x, other_y))]
        across = np.stack([(end * up).sum(axis=1) / size for end in ends])
        reach = np.sort([(end * down).sum(axis=1) for end in ends], axis=0)
        at = ((middle - base) * down).sum(axis=1)
        hit = (across >= zone[0]).all(axis=0) & (across <= zone[1]).all(axis=0)
        hit &= (reach[0] - 0.1 * size <= at) & (at <= reach[1] + 0.1 * size)
        hit &= thickness <= np.maximum(THIN * size, HAIR)
        hit &= abs(across[0] - across[1]) * size <= SLANT * (reach[1] - reach[0])
        if rows[hit, 9].sum() < LETTERS * (hypot(other_x - x, other_y - y) - size.max()):
            return []
        return [places[k] for k in np.flatnonzero(hit).tolist()]

    def within(self, boxes: Sequence[Box]) -> set[int]:
        """The characters whose middle is in one of some boxes."""
        found: set[int] = set()
        if boxes and self._of_text:
            places = np.array([at for of_text in self._of_text.values() for at in of_text])
            middles = np.concatenate([self._rows_of(i)[:, :2] for i in self._of_text])
            for box in np.array(boxes):
                found.update(places[((middles >= box[:2]) & (middles <= box[2:])).all(axis=1)].tolist())
        return found

    def _rows_of(self, i: int) -> NDArray[np.float64]:
        """float64[characters, 10] of a text: the middle of each, its base, unit vectors along and across its line, the
        size of its type, and its width.
        """
        if i not in self._rows:
            self._rows[i] = np.array([self._row(at) for at in self._of_text.get(i, ())], np.float64).reshape(-1, 10)
        return self._rows[i]

    def _row(self, at: int) -> tuple[float, ...]:
        left, bottom, right, top = self._characters.box(at)
        (a, b), (c, d) = self._characters.axes(at)
        em, size = hypot(a, b) or 1.0, max(hypot(c, d), 0.1)
        width = (right - left) * abs(a / em) + (top - bottom) * abs(b / em)
        middle = (left + right) / 2, (bottom + top) / 2
        return *middle, *self._characters.base(at), a / em, b / em, c / size, d / size, size, width


def _passages(text: str, places: set[int]) -> Iterator[tuple[int, int]]:
    """Stretches of these characters, none of them white space; those without a letter or figure are none."""
    chosen = np.zeros(len(text), bool)
    chosen[list(places)] = True
    for start, end in stretches(text, chosen):
        if any(map(str.isalnum, text[start:end])):
            yield start, end
