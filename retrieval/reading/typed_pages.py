"""Finds the pages of a transcript that is a text file without form feeds: lines that are numbered anew on each page."""

import re
from collections.abc import Iterator, Sequence
from statistics import mode
from typing import NamedTuple

_NUMBERED = re.compile(r"\s{0,20}(\d{1,2})(?!\S)")
_PAGE_NUMBER = re.compile(r"\s*(?:page\s*)?\d{1,5}\s*", re.IGNORECASE)
_LEAST_LINES, _LEAST_OF_TESTIMONY, _LEAST_PAGES = 15, 3, 2
_NUMBERED_SPEECH = re.compile(r"^[ \t]{0,20}\d{1,2}[ \t]+([QA])[.:\t ][ \t]*\S", re.MULTILINE)
_LEAST_SPEECHES = 2
_MOST_BETWEEN = 2  # lines without a number between two with one
_MOST_HEADS = 2  # lines above the first line of a page in which its number stands


class _Row(NamedTuple):
    """A line that is not empty: where it begins, the number that it begins with, or 0."""

    start: int
    number: int
    text: str


def is_testimony(text: str) -> bool:
    """Whether numbered lines of a text begin questions and answers."""
    speakers = _NUMBERED_SPEECH.findall(text)
    return min(speakers.count("Q"), speakers.count("A")) >= _LEAST_SPEECHES


def typed_pages(text: str) -> list[int]:
    """Where the pages of a typed transcript begin but the first; none of any other text."""
    rows = list(_rows(text))
    runs = list(_runs(rows, _LEAST_OF_TESTIMONY if is_testimony(text) else _LEAST_LINES))
    if len(runs) < _LEAST_PAGES:
        return []
    usual = mode(rows[last].number for _, last in runs)  # "26" below line 25 is the number of the next page
    ends = [next((i for i in range(first, last + 1) if rows[i].number == usual), last) for first, last in runs]
    starts = [_head(rows, first, end) for (first, _), end in zip(runs, [-1, *ends], strict=False)]
    if starts[0] == runs[0][0]:  # the first page has no number above it: they stand below
        starts = [first for first, _ in runs]
    return [rows[i].start for i in starts if i > 0]


def _rows(text: str) -> Iterator[_Row]:
    start = 0
    for line in text.split("\n"):
        if line.strip():
            match = _NUMBERED.match(line)
            yield _Row(start, int(match[1]) if match else 0, line)
        start += len(line) + 1


def _runs(rows: Sequence[_Row], least: int) -> Iterator[tuple[int, int]]:
    """The first and the last row of each run of lines that are numbered 1, 2, 3, with so many lines at least."""
    first, last = -1, -1
    for i, row in enumerate(rows):
        if first >= 0 and row.number == rows[last].number + 1 and i - last <= _MOST_BETWEEN + 1:
            last = i
        elif row.number == 1:
            if first >= 0 and rows[last].number >= least:
                yield first, last
            first = last = i
    if first >= 0 and rows[last].number >= least:
        yield first, last


def _head(rows: Sequence[_Row], first: int, end: int) -> int:
    """The row with which a page begins: its number, where this stands just above its first line."""
    above = range(first - 1, max(end, first - 1 - _MOST_HEADS), -1)
    return next((i for i in above if _PAGE_NUMBER.fullmatch(rows[i].text)), first)
