"""Finds what looks like writing in an image, without reading it: rows of marks as large as letters, on one base line.

    image → ink (darker, or lighter, than what is round it) → connected marks → rows of marks → those that are even

It takes some 20 ms for a page at 100 dots an inch, where recognition takes seconds, and so decides what recognition is
asked to read. Photographs, rules, seals, logos of a word and signatures have no such rows.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""uint8[height, width]: 0 is black."""

Rows = NDArray[np.int32]
"""int32[rows, 5]: left, top, right, bottom in pixels, and the number of marks."""

_Marks = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Connected marks: their pixels by number, and the left, top, width, height and area of each."""

DOTS_PER_INCH = 100
LEAST_MARKS = 20  # in rows of writing; less is a logo, a seal or a signature
_LEAST_HEIGHT, _MOST_HEIGHT = 4, 45  # pixels of a mark: letters of 4 to 40 points
_CONTRAST = 24  # of 255, between ink and the mean round it; and on a faint page, a share of what all shades span
_LEAST_CONTRAST, _FAINT, _RARE = 16, 0.2, 0.001  # more than the grain of paper; a thousandth may be darker or lighter
_ROUND = 41  # pixels of that square
_LEAST_OF_ROW = 5  # of a row, or of a page
_LEAST_AREA = 8  # pixels of a mark that stands in no row
_EVEN = 0.6  # of the neighbours in a row stand on one base line and are about as high
_UNLIKE = 0.2  # of the neighbours differ in width or height
_PAPER = 0.55  # of the pixels of a document have about the shade of its paper
_NEAR = 14  # of 255


def rows_of_writing(image: Grey) -> Rows:
    """The rows of letters in an image, upright ones or those turned by 90 degrees; none where they are too few to be
    more than a logo.
    """
    marks = [_marks(ink) for ink in _inks(image)]
    upright = _rows(marks)
    if upright[:, 4].sum() >= LEAST_MARKS:
        return upright
    # Mirrored too, which these marks do not show.
    turned = _rows([(labels.T, stats[:, [1, 0, 3, 2, 4]]) for labels, stats in marks])
    if turned[:, 4].sum() > upright[:, 4].sum():
        return turned[:, [1, 0, 3, 2, 4]]
    return upright


def marks_on_paper(image: Grey) -> int:
    """How many marks of ink are on paper, in rows or not, as of handwriting; none of a photograph, which has no shade
    of paper, and of a few specks.
    """
    shades = _shades(image)
    paper = int(np.convolve(shades, np.ones(9), "same").argmax())
    if shades[max(0, paper - _NEAR) : paper + _NEAR + 1].sum() < _PAPER * image.size:
        return 0
    _, stats = _marks(_inks(image)[0])
    _, _, width, height, area = stats.T
    found = int(((height >= _LEAST_HEIGHT) & (area >= _LEAST_AREA) & (width < image.shape[1] / 2)).sum())
    return found if found >= _LEAST_OF_ROW else 0


def _rows(marks: Sequence[_Marks]) -> Rows:
    letters = [_are_letters(stats) for _, stats in marks]
    if sum(map(np.count_nonzero, letters)) < LEAST_MARKS:
        return np.zeros((0, 5), np.int32)
    return np.concatenate([_rows_in(*of_ink, its) for of_ink, its in zip(marks, letters, strict=True)])


def _inks(image: Grey) -> NDArray[np.uint8]:
    """uint8[2, height, width]: 1 where an image is darker than what is round it, and where it is lighter."""
    import cv2

    mean, contrast = cv2.blur(image, (_ROUND, _ROUND)), int(_contrast(image))
    more = (cv2.subtract(mean, image), cv2.subtract(image, mean))  # nothing where it would be below zero
    return np.stack([cv2.threshold(each, contrast, 1, cv2.THRESH_BINARY)[1] for each in more])


def _marks(ink: NDArray[np.uint8]) -> _Marks:
    import cv2

    if not ink.any():
        return np.zeros(ink.shape, np.int32), np.zeros((0, 5), np.int32)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    return np.asarray(labels, np.int32), np.asarray(stats[1:], np.int32)


def _contrast(image: Grey) -> float:
    """How much darker than what is round it ink is: less on a faint page."""
    shades = np.cumsum(_shades(image)) / image.size
    darkest, lightest = np.searchsorted(shades, (_RARE, 1 - _RARE))
    return float(np.clip(_FAINT * (lightest - darkest), _LEAST_CONTRAST, _CONTRAST))


def _shades(image: Grey) -> NDArray[np.int64]:
    """int64[256]: how many pixels have each shade."""
    import cv2

    return cv2.calcHist([image], [0], None, [256], [0, 256]).ravel().astype(np.int64)


def _are_letters(stats: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which marks have the size and shape of letters."""
    _, _, width, height, area = stats.T
    letters = (height >= _LEAST_HEIGHT) & (height <= _MOST_HEIGHT) & (width <= 8 * height) & (height <= 12 * width)
    letters &= (area < 0.9 * width * height) | (width < height / 2)  # boxes that are filled are not letters
    return np.asarray(letters)


def _rows_in(labels: NDArray[np.int32], stats: NDArray[np.int32], letters: NDArray[np.bool_]) -> Rows:
    import cv2

    if np.count_nonzero(letters) < _LEAST_OF_ROW:
        return np.zeros((0, 5), np.int32)
    typical = int(np.median(stats[letters, 3]))
    # Marks are joined to rows by stretching each to the right over the gap to the next one.
    joined = np.concatenate([[False], letters]).astype(np.uint8)[np.ascontiguousarray(labels)]
    closed = cv2.morphologyEx(joined, cv2.MORPH_CLOSE, np.ones((1, 2 * typical + 1), np.uint8))
    _, found, found_stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    row_labels, row_stats = np.asarray(found, np.int32), np.asarray(found_stats, np.int32)
    chosen = np.flatnonzero(letters)
    row = _row_of(row_labels, labels, stats, chosen)
    order = chosen[np.lexsort((stats[chosen, 0], row))]
    row = np.sort(row)
    return _even_rows(row, stats[order], row_stats)


def _row_of(
    row_labels: NDArray[np.int32], labels: NDArray[np.int32], stats: NDArray[np.int32], chosen: NDArray[np.intp]
) -> NDArray[np.int32]:
    """The row of each chosen mark: that of the first of its pixels in its middle line."""
    left, top, width, height, _ = stats[chosen].T
    rows = np.zeros(len(chosen), np.int32)
    for i, mark in enumerate(chosen):
        line = slice(left[i], left[i] + width[i])
        middle = top[i] + height[i] // 2
        at = np.flatnonzero(labels[middle, line] == mark + 1)
        rows[i] = row_labels[middle, left[i] + (at[0] if len(at) else 0)]
    return rows


def _even_rows(row: NDArray[np.int32], stats: NDArray[np.int32], row_stats: NDArray[np.int32]) -> Rows:
    """The rows whose marks stand on one base line and are not all alike, as dots and ticks are; by the marks in the
    order of their rows and from left to right.
    """
    _, top, width, height, _ = stats.T
    bottom = top + height
    same = row[1:] == row[:-1]
    lower, higher = np.minimum(height[1:], height[:-1]), np.maximum(height[1:], height[:-1])
    level = np.abs(bottom[1:] - bottom[:-1]) <= np.maximum(1, 0.2 * higher)
    even = same & level & (higher <= 2.2 * lower)
    unlike = same & ((higher - lower > 1) | (np.abs(width[1:] - width[:-1]) > 1))
    count = len(row_stats)
    marks = np.bincount(row, minlength=count)
    pairs = np.bincount(row[1:][same], minlength=count)
    even_pairs = np.bincount(row[1:][even], minlength=count)
    unlike_pairs = np.bincount(row[1:][unlike], minlength=count)
    found = (marks >= _LEAST_OF_ROW) & (even_pairs >= _EVEN * pairs) & (unlike_pairs >= _UNLIKE * pairs)
    found[0] = False  # what lies in no row
    left, top, wide, high, _ = row_stats[found].T
    return np.stack([left, top, left + wide, top + high, marks[found]], axis=1).astype(np.int32)
