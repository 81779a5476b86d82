"""Parts the characters of a recognised line into words, and finds their edges, by the gaps between inked columns.

    picture of a line → columns without ink → the widest such gap between two characters → edges of words, missed spaces

The network that reads lines knows of a character only about where it stands, and leaves out a space now and then, most
after a comma or a full stop. There the ink tells: a gap about as wide as those where the network saw a space is one.
Elsewhere it is wrong by a letter about where a space is too often for its other spaces to be doubted.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""uint8[height, width]: the picture of a line."""

_INK = 0.4  # of the contrast of a line, from its paper
_RULE = 0.6  # of the width: a row with more ink is underlining
_LETTERS = 0.3  # of the ink of the fullest row, in the rows of small letters
_LEAST_SPACES = 3  # of a line that tell how wide one is
_SPACE = 0.7  # of the median of those
_LETTERS_APART = 2  # medians of the gaps within words
_LEAST_SPACE = 0.25  # of the height of small letters
_ABOVE, _BELOW = 0.23, 0.18  # of a line's picture, over and under the font: so much where other lines are near
_ASCENDER, _DESCENDER = 0.45, 0.25  # of the height of small letters, at least, over and under them
_MARKS, _OPENING = ",.;:!?)]", "([$“"


@dataclass(frozen=True, slots=True)
class Span:
    """One word: its characters from `first` to before `last`, and its left and right edge in pixels of the line."""

    first: int
    last: int
    left: float
    right: float


def words(line: Grey, characters: Sequence[str], middles: NDArray[np.float64]) -> list[Span]:
    """The words of a line, from its characters and about where the middle of each stands."""
    printed = [i for i, character in enumerate(characters) if not character.isspace()]
    if not printed:
        return []
    gaps, high = _gaps(line)
    edges = np.concatenate([[0], middles[printed], [line.shape[1]]])
    between = [_widest(gaps, left, right) for left, right in pairwise(edges)]
    widths = [right - left for left, right in between]
    spaced = [later - earlier > 1 for earlier, later in pairwise(printed)]
    least = _least_space(widths[1:-1], spaced, high)
    found, start = [], 0
    for n in range(1, len(printed) + 1):
        is_within = n < len(printed) and not spaced[n - 1]
        if is_within and (widths[n] < least or not _may_part(characters, printed[n])):
            continue
        found.append(Span(printed[start], printed[n - 1] + 1, between[start][1], between[n][0]))
        start = n
    return found


def margins(line: Grey) -> tuple[float, float]:
    """How much of a line's picture is above and below its font, as shares of its height."""
    top, bottom = _letter_rows(_ink(line))
    high, whole = bottom - top, len(line)
    above, below = (top - _ASCENDER * high) / whole, 1 - (bottom + _DESCENDER * high) / whole
    return min(_ABOVE, max(0.0, above)), min(_BELOW, max(0.0, below))


def _least_space(widths: Sequence[float], spaced: Sequence[bool], high: int) -> float:
    """From how many pixels on a gap between two characters is a space, by those that are and are not known for one."""
    known = [width for width, is_space in zip(widths, spaced, strict=True) if is_space]
    letters = [width for width, is_space in zip(widths, spaced, strict=True) if not is_space]
    if len(known) < _LEAST_SPACES or not letters:
        return math.inf
    return float(max(_SPACE * np.median(known), _LETTERS_APART * np.median(letters), _LEAST_SPACE * high))


def _gaps(line: Grey) -> tuple[NDArray[np.int64], int]:
    """int64[gaps, 2]: the first column and the one behind the last of each run without ink; and how high the small
    letters are.
    """
    ink = _ink(line)
    top, bottom = _letter_rows(ink)
    high = bottom - top  # the lines above and below may reach into the picture
    blank = ~ink[max(0, top - high // 2) : bottom + high // 4].any(axis=0)
    steps = np.diff(np.concatenate([[0], blank.astype(np.int8), [0]]))
    return np.stack([np.flatnonzero(steps > 0), np.flatnonzero(steps < 0)], axis=1), high


def _ink(line: Grey) -> NDArray[np.bool_]:
    contrast = np.abs(line.astype(np.int16) - int(np.median(line)))
    ink = contrast > _INK * np.percentile(contrast, 99)
    ink[ink.mean(axis=1) > _RULE] = False
    return np.asarray(ink, bool)


def _letter_rows(ink: NDArray[np.bool_]) -> tuple[int, int]:
    """The rows of small letters: the first, and the one behind the last."""
    rows = ink.sum(axis=1)
    letters = np.flatnonzero(rows >= max(1, _LETTERS * rows.max()))
    return (int(letters[0]), int(letters[-1]) + 1) if len(letters) else (0, len(rows))


def _widest(gaps: NDArray[np.int64], left: float, right: float) -> tuple[float, float]:
    """The widest gap between two places of a line; their middle where there is none."""
    first, last = np.searchsorted(gaps[:, 1], left, "right"), np.searchsorted(gaps[:, 0], right, "left")
    if first >= last:
        return (left + right) / 2, (left + right) / 2
    within = np.clip(gaps[first:last], left, right)
    widest = within[np.argmax(within[:, 1] - within[:, 0])]
    return float(widest[0]), float(widest[1])


def _may_part(characters: Sequence[str], later: int) -> bool:
    """Whether a space may have been missed before a character: after a mark, but not within a number."""
    before, behind = characters[later - 1], characters[later]
    is_in_number = later > 1 and characters[later - 2].isdigit() and behind.isdigit() and before in ",."
    return before in _MARKS and (behind.isalnum() or behind in _OPENING) and not is_in_number
