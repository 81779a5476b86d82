"""Finds the lines at the edges of pages, and the series of numbers that count up by one from page to page."""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from retrieval.reading.page_drafts import PageDraft

_EDGE_LINES = 3  # at the top and at the bottom; a stamp or a page number stands in them
_LONGEST = 200  # characters of one that is looked at
_MOST_APART = 3  # pages from one number of a series to the next; a page between may have none

Kind = TypeVar("Kind", bound=Hashable)


def edge_lines(draft: PageDraft) -> list[str]:
    """The first and the last lines of a page that say something, white space folded; of a long one nothing."""
    lines = list(_from_top(draft.text))
    if len(lines) == _EDGE_LINES:  # there may be more
        lines += [line for line in _from_bottom(draft.text) if line not in lines]
    return [" ".join(draft.text[a:b].split()) if b - a <= _LONGEST else "" for a, b in lines]


def _from_top(text: str) -> Iterator[tuple[int, int]]:
    start = found = 0
    while start < len(text) and found < _EDGE_LINES:
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if text[start:end].strip():
            found += 1
            yield start, end
        start = end + 1


def _from_bottom(text: str) -> list[tuple[int, int]]:
    end, found = len(text), list[tuple[int, int]]()
    while end > 0 and len(found) < _EDGE_LINES:
        start = text.rfind("\n", 0, end) + 1
        if text[start:end].strip():
            found.append((start, end))
        end = start - 1
    return found[::-1]


@dataclass(frozen=True, slots=True)
class Series(Generic[Kind]):
    """Numbers of one kind on pages [first, last], by their positions: `offset` plus a page's position is its number.

    `seen`: the pages that show theirs.
    """

    kind: Kind
    offset: int
    first: int
    last: int
    seen: int


def find_series(numbers: Iterable[tuple[int, Kind, int]]) -> list[Series[Kind]]:
    """The series among numbers of pages (position of the page, kind of number, value), the longest first."""
    positions: dict[tuple[Kind, int], set[int]] = {}
    for position, kind, value in numbers:
        positions.setdefault((kind, value - position), set()).add(position)
    found = []
    for (kind, offset), of_kind in positions.items():
        run: list[int] = []
        for position in sorted(of_kind):
            if run and position - run[-1] > _MOST_APART:
                found.append(Series(kind, offset, run[0], run[-1], len(run)))
                run = []
            run.append(position)
        found.append(Series(kind, offset, run[0], run[-1], len(run)))
    return sorted(found, key=lambda series: (-series.seen, series.first))
