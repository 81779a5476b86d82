"""Puts the lines that recognition found in reading order: columns of prose one after the other, else row by row.

    lines → level (the skew taken out) → sections between lines that cross the gutter → left column, right column → rows

Only prose is read by columns; the cells of a table stand in rows.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
"""float32[lines, 4]: left, top, right, bottom, in pixels of the level image."""

_COLUMN_LINES = 3  # at least, in each of two columns
_PROSE = 10  # widths of a line in heights: some 20 characters
_MOST_COLUMNS = 4


def in_order(corners: Sequence[NDArray[np.float32]]) -> list[list[int]]:
    """Rows of lines, by index, from the four corners of each."""
    if not corners:
        return []
    quads = np.stack(corners)
    heights = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    level = _level(quads)
    low, high = level.min(axis=1), level.max(axis=1)
    middle = level.mean(axis=1)[:, 1]
    # Of a line that is still a little aslant the box is too high: its own height is what stands.
    boxes = np.stack([low[:, 0], middle - heights / 2, high[:, 0], middle + heights / 2], axis=1)
    return _columns(boxes, np.arange(len(boxes)), _MOST_COLUMNS)


def _level(quads: NDArray[np.float32]) -> NDArray[np.float32]:
    """Corners with the skew of the page taken out: the median of its lines, long ones counting for more."""
    along = quads[:, 1] - quads[:, 0]
    angle, length = np.arctan2(along[:, 1], along[:, 0]), np.linalg.norm(along, axis=1)
    order = np.argsort(angle)
    middle = np.searchsorted(np.cumsum(length[order]), length.sum() / 2)
    skew = angle[order][min(middle, len(order) - 1)]
    sine, cosine = np.sin(-skew), np.cos(-skew)
    return quads @ np.array([[cosine, sine], [-sine, cosine]], np.float32)


def _columns(boxes: Boxes, chosen: NDArray[np.intp], most: int) -> list[list[int]]:
    gutter = _gutter(boxes[chosen]) if most > 1 else None
    if gutter is None:
        return _rows(boxes, chosen)
    left, right = boxes[chosen, 2] <= gutter, boxes[chosen, 0] >= gutter
    crossing = chosen[~left & ~right]
    middles = boxes[:, [1, 3]].mean(axis=1)
    crossing = crossing[np.argsort(middles[crossing])]
    section = np.searchsorted(middles[crossing], middles[chosen])
    rows: list[list[int]] = []
    for number in range(len(crossing) + 1):
        for side in (left, right):
            part = chosen[side & (section == number)]
            if len(part):
                rows += _columns(boxes, part, most // 2)
        if number < len(crossing):
            rows.append([int(crossing[number])])
    return rows


def _gutter(boxes: Boxes) -> float | None:
    """The x of a gutter with columns of prose on both sides that fewest lines cross, none of them beside another line;
    None where there is no such gutter.
    """
    found: tuple[int, float] | None = None
    for edge in np.unique(boxes[:, 0]):
        left, right = boxes[boxes[:, 2] <= edge], boxes[boxes[:, 0] >= edge]
        crossing = len(boxes) - len(left) - len(right)
        if min(_prose(left), _prose(right)) < _COLUMN_LINES or crossing > min(len(left), len(right)):
            continue
        beside = np.minimum(left[:, 3].max(), right[:, 3].max()) - np.maximum(left[:, 1].min(), right[:, 1].min())
        if beside > 0 and (found is None or crossing < found[0]):
            found = crossing, float(edge)
    return found[1] if found else None


def _prose(boxes: Boxes) -> int:
    if not len(boxes):
        return 0
    width, height = boxes[:, 2] - boxes[:, 0], np.maximum(1, boxes[:, 3] - boxes[:, 1])
    return int((width >= _PROSE * height).sum())


def _rows(boxes: Boxes, chosen: NDArray[np.intp]) -> list[list[int]]:
    """Rows from top to bottom, and the lines of each from left to right."""
    middles, heights = boxes[:, [1, 3]].mean(axis=1), boxes[:, 3] - boxes[:, 1]
    rows: list[list[int]] = []
    for i in chosen[np.argsort(middles[chosen])]:
        last = rows[-1][-1] if rows else None
        if last is not None and middles[i] - middles[last] < 0.5 * min(heights[i], heights[last]):
            rows[-1].append(int(i))
        else:
            rows.append([int(i)])
    return [sorted(row, key=lambda i: boxes[i, 0]) for row in rows]
