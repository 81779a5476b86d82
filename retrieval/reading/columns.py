"""Puts columns in reading order: a page whose content is written row by row across them is read column by column.

A gutter is a stretch of white that no word of a block crosses, with prose on both sides: full lines of words that go on
in the line below. So no table is taken for columns, nor signatures side by side, nor terms beside their meanings; and a
page that is written column by column stays as it is.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from ctypes import c_int, c_void_p
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from statistics import median

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from retrieval.reading.char_boxes import Word, char_boxes, pieces_of, rows_of, words_of
from retrieval.reading.direct_calls import address, direct
from retrieval.reading.page_drafts import Box, PageDraft

_LEAST_LINES = 4  # of a column, beside lines of the other one
_GAP = 0.8  # of the height of words: white between them that may be a gutter's
_LEVEL = 0.2  # of their height, at least, words of columns stand beside each other; lines below each other do not
_MOST_RUNS = 5_000  # runs of characters that are looked at; a page with more is a drawing
_MOST_COLUMNS = 6
_TRIED = 4  # places of a gutter; a table on the page has some, too
_APART = 3.0  # heights between rows, past which they are of two blocks
_TAIL = 1.8  # heights between rows, up to which a longer column goes on beside nothing
_LEAST_WIDTH = 60.0  # points of a column
# What prose is: of most lines so many words (where no spaces part them, twice as many characters), and so much of the
# column's width; of its characters the share that are letters; and of its lines the share that begin with a small one.
_WORDS, _FILLED, _LETTERS, _SMALL = 3, 0.75, 0.75, 0.3
_INTERLEAVED = 0.7  # of the steps from line to line in the text, those that change the side
_run = direct(pdfium_c.FPDFText_GetRect, c_int, c_void_p, c_int, *[c_void_p] * 4)
_SPACED = re.compile(r"\S {3,}\S")


def may_have_columns(textpage: pdfium.PdfTextPage, text: str) -> bool:
    """Whether wide gaps stand within some lines of a page: 0.1 ms for an ordinary one."""
    if "   " in text and len(_SPACED.findall(text)) >= _LEAST_LINES:
        return True
    count = textpage.count_rects()
    if not text.count("\n") + _LEAST_LINES <= count <= _MOST_RUNS:
        return False
    return bool(_gutters(map(tuple, _runs(textpage, count).tolist())))


def _runs(textpage: pdfium.PdfTextPage, count: int) -> NDArray[np.float64]:
    """float64[count, 4]: the boxes of runs of characters that pdfium has counted."""
    boxes = np.zeros((count, 4))
    of_text, at = address(textpage.raw), boxes.ctypes.data
    for i in range(count):
        _run(of_text, i, at, at + 24, at + 16, at + 8)  # left, top, right, bottom
        at += boxes.strides[0]
    return boxes


def read_by_columns(pdf: pdfium.PdfDocument, draft: PageDraft) -> None:
    """Put the text of a page with columns in reading order."""
    words = list(words_of(draft.text, char_boxes(pdf, draft)))
    in_order = _in_order(words, _MOST_COLUMNS)
    if in_order != words:
        draft.reorder(list(pieces_of(draft.text, words, in_order)))


def _gap(one: Box, other: Box) -> tuple[float, float] | None:
    """The white between two boxes that are level, where it is as wide as a gutter's."""
    white = (one[2], other[0]) if one[0] < other[0] else (other[2], one[0])
    wide = white[1] - white[0] >= _GAP * min(one[3] - one[1], other[3] - other[1])
    return white if wide and _is_level(one, other) else None


def _is_level(one: Box, other: Box) -> bool:
    return min(one[3], other[3]) - max(one[1], other[1]) >= _LEVEL * min(one[3] - one[1], other[3] - other[1])


def _in_order(words: list[Word], most: int) -> list[Word]:
    """Some words of a page, in the order of its text, put in reading order; of up to `most` columns side by side."""
    blocks = (
        next(filter(None, (_blocks(words, x) for x in _gutters(word.box for word in words))), []) if most > 1 else []
    )
    block_of = {word.start: block for block in blocks for side in block for word in side}
    in_order: list[Word] = []
    done: set[int] = set()
    for word in words:
        if word.start in done:
            continue
        sides = block_of.get(word.start, ([word],))
        for side in sides:
            in_order += _in_order(side, most - 1) if len(sides) > 1 else side
            done.update(each.start for each in side)
    return in_order


def _gutters(boxes: Iterable[Box]) -> list[float]:
    """Where gaps between parts of lines lie above each other, those of most lines first."""
    edges = []
    for one, other in pairwise(_parts(boxes)):
        if (white := _gap(one, other)) and min(one[2] - one[0], other[2] - other[0]) >= _LEAST_WIDTH:
            edges += [(white[0], 1), (white[1], -1)]
    found, open_ = [], 0
    for (x, step), (following, next_step) in pairwise(sorted(edges)):
        open_ += step
        if step > 0 > next_step and open_ >= _LEAST_LINES:  # no more of them lie above each other than here
            found.append((open_, (x + following) / 2))
    return [x for _, x in sorted(found, reverse=True)[:_TRIED]]


def _parts(boxes: Iterable[Box]) -> Iterator[Box]:
    """The boxes of parts of lines between wide gaps, from those of their words or characters in the text's order."""
    part: Box | None = None
    for box in boxes:
        if part and box[0] >= part[0] and _is_level(part, box) and not _gap(part, box):
            part = (part[0], min(part[1], box[1]), max(part[2], box[2]), max(part[3], box[3]))
        else:
            if part:
                yield part
            part = box
    if part:
        yield part


_Columns = tuple[list[Word], list[Word]]


@dataclass(frozen=True, slots=True)
class _Row:
    """Words that are level: those on the left and those on the right of a gutter; `crosses`: there is none in it."""

    sides: tuple[list[Word], list[Word]]
    middle: float
    height: float
    crosses: bool


def _blocks(words: Sequence[Word], gutter: float) -> list[_Columns]:
    """The words on the left and the right of a gutter, block by block, where the text has them row by row."""
    found: list[_Columns] = []
    rows: list[_Row] = []
    for row in _rows(words, gutter):
        if row.crosses or (rows and rows[-1].middle - row.middle > _APART * row.height):
            found += _columns(rows)
            rows = []
        if not row.crosses:
            rows.append(row)
    return found + _columns(rows)


def _rows(words: Sequence[Word], gutter: float) -> Iterator[_Row]:
    """The rows of words from the top of the page."""
    for row in rows_of(sorted(words, key=lambda w: w.start)):
        first, level = row[0], sorted(row, key=lambda w: w.start)
        left = [w for w in level if (w.left + w.right) / 2 < gutter]
        right = [w for w in level if (w.left + w.right) / 2 >= gutter]
        ends, goes_on = max((w.right for w in left), default=-inf), min((w.left for w in right), default=inf)
        crosses = ends > gutter or goes_on < gutter or goes_on - ends < _GAP * first.height
        yield _Row((left, right), first.middle, first.height, crosses)


def _columns(rows: Sequence[_Row]) -> list[_Columns]:
    """Rows with a gutter in them as two columns; none where they are a table,
    or the text has one column after the other already.
    """
    left, right = ([i for i, row in enumerate(rows) if row.sides[side]] for side in (0, 1))
    if not left or not right:
        return []
    first, last = max(left[0], right[0]), min(left[-1], right[-1])
    lines = [[row.sides[side] for row in rows[first : last + 1] if row.sides[side]] for side in (0, 1)]
    in_text = sorted((words[0].start, side) for side in (0, 1) for words in lines[side])
    changes = sum(one != other for (_, one), (_, other) in pairwise(in_text))
    if not all(map(_is_prose, lines)) or changes < _INTERLEAVED * (len(in_text) - 1):
        return []
    while first > 0 and rows[first - 1].middle - rows[first].middle <= _TAIL * rows[first].height:
        first -= 1
    while last + 1 < len(rows) and rows[last].middle - rows[last + 1].middle <= _TAIL * rows[last].height:
        last += 1
    left_words, right_words = ([w for row in rows[first : last + 1] for w in row.sides[side]] for side in (0, 1))
    return [(left_words, right_words)]


def _is_prose(lines: Sequence[Sequence[Word]]) -> bool:
    """Whether the lines of a column are full, of words, and go on in one another."""
    if len(lines) < _LEAST_LINES:
        return False
    width = max(w.right for line in lines for w in line) - min(w.left for line in lines for w in line)
    filled = median(max(w.right for w in line) - min(w.left for w in line) for line in lines)
    texts = ["".join(w.text for w in line) for line in lines]
    letters = [c for text in texts for c in text if c.isalpha()]
    unspaced = sum(c.lower() == c.upper() for c in letters) / 2 / len(lines)
    small = sum(text[0].isalpha() and text[0] == text[0].upper().lower() for text in texts)
    return (
        width >= _LEAST_WIDTH
        and filled >= _FILLED * width
        and median(len(line) for line in lines) + unspaced >= _WORDS
        and len(letters) >= _LETTERS * sum(map(len, texts))
        and small >= _SMALL * len(texts)
    )
