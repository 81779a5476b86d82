"""Finds the Bates numbers that a production stamped on its pages: a constant prefix, and a counter up by one a page.

"ORR-HOSP-00128734", "ABC 000123", "DEF000123.0001", at an edge of the page. A page that has none between two of one
series is that series' too: its stamp could not be read.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from retrieval.core.documents import BETWEEN_BATES
from retrieval.reading.page_drafts import PageDraft
from retrieval.reading.page_edges import Series, find_series

_LEAST, _LEAST_SHORT = 2, 3  # pages of a series, and of one whose counter has few digits
_LONG = 5  # digits of a counter that is hardly anything else
_DIGITS = re.compile(r"\d{3}")
_STAMP = re.compile(
    r"(?<![\w.,$/-])(?P<prefix>(?:[A-Z][A-Z0-9&]{0,15}(?:[-_.][A-Z0-9&]{1,15}){0,4}[-_. ]?)?)"
    r"(?<!\d)(?P<number>\d{3,12})(?![\w,/]|[.-]\d)"
)
_WORDS = re.compile(  # what may stand before a number of so many digits and is no prefix of a production
    r"(?:case|docket|no|nos|page|form|section|suite|box|tel|fax|phone|exhibit|rule|filed|dated?|po|zip|file|ref|isbn|version"
    r"|january|february|march|april|may|june|july|august|september|october|november|december)[-_. ]*",
    re.IGNORECASE,
)


class _Prefix(NamedTuple):
    """What is constant in the numbers of a production: the prefix, and the digits of a padded counter; else 0."""

    prefix: str
    digits: int

    @property
    def is_long(self) -> bool:
        """Whether the counter is hardly anything else than that of a production."""
        return self.digits + sum(map(str.isdigit, self.prefix)) >= _LONG


def bates_numbers(drafts: Sequence[PageDraft], edges: Sequence[Sequence[str]]) -> None:
    """Give pages the Bates numbers that are stamped on them, in the lines at their edges.

    A page that was produced twice has two: "ABC000123 / XYZ 004567". A file of one page counts where its number has a
    prefix and is padded with zeros: a production has such files.
    """
    stamps = [(i, kind, value) for i, lines in enumerate(edges) for kind, value in _stamps(lines)]
    in_order = {kind.prefix: "" for _, kind, _ in stamps}
    numbers = [in_order.copy() for _ in drafts]  # by prefix, as they stand on the page
    every = find_series(stamps)
    sure = [series for series in every if _is_sure(series, len(drafts))]
    kinds = {series.kind for series in sure} | set(_rising(stamps, len(drafts)))
    # Of a production with gaps a page may stand alone.
    for series in (*sure, *(each for each in every if each not in sure and each.kind in kinds)):
        for i in range(series.first, series.last + 1):
            prefix = series.kind.prefix
            numbers[i][prefix] = numbers[i][prefix] or _written(series.kind, series.offset + i)
    for draft, of_page in zip(drafts, numbers, strict=True):
        draft.bates = BETWEEN_BATES.join(filter(None, of_page.values()))


def _is_sure(series: Series[_Prefix], pages: int) -> bool:
    if series.kind.is_long:
        return series.seen >= _LEAST or bool(pages == 1 and series.kind.prefix)
    return series.seen >= _LEAST_SHORT


def _rising(stamps: Sequence[tuple[int, _Prefix, int]], pages: int) -> Iterator[_Prefix]:
    """The long counters that most pages show once, and that rise from page to page with gaps: parts of a production."""
    of_kind: dict[_Prefix, list[tuple[int, int]]] = {}
    for i, kind, value in stamps:
        if kind.is_long and kind.prefix:
            of_kind.setdefault(kind, []).append((i, value))
    for kind, shown in of_kind.items():
        rises = all(i < j and a < b for (i, a), (j, b) in pairwise(shown))
        if rises and len(shown) >= max(_LEAST_SHORT, pages / 2):
            yield kind


def _stamps(lines: Sequence[str]) -> Iterator[tuple[_Prefix, int]]:
    for line in lines:
        for match in _STAMP.finditer(line) if _DIGITS.search(line) else ():
            prefix, number = match["prefix"], match["number"]
            if not _WORDS.fullmatch(prefix) and (prefix or number[0] == "0"):
                yield _Prefix(prefix, len(number)), int(number)
                yield _Prefix(prefix, 0), int(number)


def _written(kind: _Prefix, value: int) -> str:
    return f"{kind.prefix}{value:0{kind.digits or 1}}"
