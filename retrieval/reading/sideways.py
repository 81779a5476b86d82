"""Puts the lines of a page that is shown on its side in reading order: where they run down it, pdfium gives the last of
a block first.

A wide table on an upright sheet lies so, and a scan with its words that was laid in the wrong way round.
"""

import re

import numpy as np
import pypdfium2 as pdfium

from retrieval.reading.char_boxes import boxes_on
from retrieval.reading.page_drafts import Box, PageDraft, box_around
from retrieval.reading.painted import PaintedPage

_LOOKED_AT = 50  # texts whose direction is asked for
_APART = 4.0  # thicknesses of a line, at most, between two lines of a block
_LINE = re.compile(r"[^\n]+")

_Line = tuple[float, float, float, float]
"""Of a line: how far it is down the text, its thickness, and where it begins and ends along it."""


def runs_down(page: pdfium.PdfPage, objects: PaintedPage) -> bool:
    """Whether most words of a page run down it as it is shown: by their boxes first, which costs next to nothing."""
    if not objects.texts:
        return False
    sizes = (objects.boxes[:, 2:] - objects.boxes[:, :2])[objects.texts]
    turns = page.get_rotation() // 90
    upright, level = (sizes[:, 0], sizes[:, 1]) if turns % 2 else (sizes[:, 1], sizes[:, 0])
    is_upright = upright > 2 * level
    if upright[is_upright].sum() <= level[~is_upright].sum():
        return False
    looked_at = [objects.objects[i] for i in np.array(objects.texts)[is_upright][:_LOOKED_AT].tolist()]
    down = sum(_is_down(each.direction, turns) for each in looked_at)
    return down > len(looked_at) / 2


def turn_lines(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage, draft: PageDraft) -> None:
    """Put the lines of a page that `runs_down` in reading order."""
    turns, boxes = page.get_rotation() // 90, boxes_on(textpage, draft)
    spans = [line.span() for line in _LINE.finditer(draft.text)]
    lines = [_line(box_around(boxes[start:end]), turns) for start, end in spans]
    order: list[int] = []
    first = 0
    for i in range(1, len(lines) + 1):
        if i == len(lines) or not _goes_up(lines[i - 1], lines[i]):
            order += reversed(range(first, i))
            first = i
    if order != list(range(len(spans))):
        draft.reorder([spans[i] for i in order])


def _is_down(direction: tuple[float, float], turns: int) -> bool:
    """Whether a direction on the page, which was turned clockwise to be shown, is the one downwards."""
    x, y = direction
    for _ in range(turns):
        x, y = y, -x
    return -y > 2 * abs(x)


def _line(box: Box | None, turns: int) -> _Line | None:
    """A line that runs down the page as shown; None for one of another direction, or without a place."""
    if box is None:
        return None
    left, bottom, right, top = box
    for _ in range(turns):  # a quarter clockwise
        left, bottom, right, top = bottom, -right, top, -left
    if right - left > top - bottom:
        return None
    return -(left + right) / 2, right - left, -top, -bottom


def _goes_up(before: _Line | None, line: _Line | None) -> bool:
    """Whether a line stands above the one that comes before it in the text, in one block with it."""
    if before is None or line is None:
        return False
    thickness = max(before[1], line[1])
    beside = min(before[3], line[3]) > max(before[2], line[2])
    return beside and 0.5 * thickness < before[0] - line[0] < _APART * thickness
