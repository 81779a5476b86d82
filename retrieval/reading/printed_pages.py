"""Finds the page numbers that are printed in headers and footers: the labels of pages, where the file declares none.

A number is believed when it belongs to a series that counts up from page to page: "iv", then "1", "- 4 -", "Page 4 of
9", "A-1", at the top or the bottom, on alternating sides; or by chapter: "2-1", "2-2", "3-1". The number of a section
does not.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from retrieval.reading.page_drafts import PageDraft
from retrieval.reading.page_edges import Series, find_series
from retrieval.reading.roman_numerals import roman_numeral

_FORMS = ("alone", "named")
_LEAST = 3  # pages of a series
_ROMAN = re.compile(r"(?=[ivxlc])(?:c{0,3})(?:x[cl]|l?x{0,3})(?:i[xv]|v?i{0,3})", re.IGNORECASE)
_ROMAN_DIGITS = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_DASHES = r"[-–—\s\[(|~•*.]*"
_WRITTEN = r"(?P<prefix>[A-Z]{1,3}(?:-\d{1,2})?-)?(?P<number>\d{1,4}|[ivxlcIVXLC]{1,7})"
_ALONE = re.compile(rf"{_DASHES}{_WRITTEN}[-–—\s\])|~•*]*\.?")
_NAMED = re.compile(
    r"\b(?:page|pg\.)\s*[-–—]?\s*" + _WRITTEN + r"(?:\s*(?:of|/)\s*(?P<of>\d{1,4}))?\b(?!\s*ID\b)", re.IGNORECASE
)
_OF = re.compile(r"(?:\A|.*\s)(?P<number>\d{1,4})\s*(?:of|/)\s*(?P<of>\d{1,4})")
_FIRST, _LAST = (
    re.compile(rf"{_DASHES}{_WRITTEN}(?=[-–—\s\])|~•*]*\s\S)"),
    re.compile(rf"(?<=[\s–—|]){_WRITTEN}[-–—\s\])|~•*]*\Z"),
)
# A number beside one of these is that of something else.
_OTHER_NUMBER = re.compile(
    r"\b(?:article|section|clause|chapter|part|title|schedule|annex|appendix|exhibit|item|table|figure|rule|volume|vol|lot"
    r"|no|nos|number|version|rev)\b[.:#\s]*\Z|§\s*\Z",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_BY_CHAPTER = re.compile(  # "2-1" alone, or at an end of a line
    r"(?:\A|(?<=\s))[\[(|–—-]?\s?(?P<chapter>[1-9]\d?|[IVXL]{1,5}|[A-Z])[-–](?P<number>[1-9]\d{0,2})\s?[\])|–—-]?(?:\Z|(?=\s))"
)
_MOST_APART = 3  # pages from one number by chapter to the next
_COURT = re.compile(r"\d:\d{2}-[a-z]{2}-\d{2,6}|\bfiled\s+\d|\bECF\b|\bUSCA\b|\bappeal:", re.IGNORECASE)


class _ChapterPage(NamedTuple):
    """The number of a page by chapter: "II-4" is the fourth page of the second chapter, counted in Roman numerals."""

    style: int  # chapters with numbers come before those with Roman numerals, and these before letters
    chapter: int
    number: int
    written: str

    def goes_on(self, before: "_ChapterPage", pages: int) -> bool:
        """Whether it follows so many pages after another one: in the same chapter, or in a new one."""
        if self[:2] == before[:2]:
            return self.number - before.number == pages
        return self[:2] > before[:2] and self.number <= pages


class _Kind(NamedTuple):
    """How a page number is written; those of a series are written alike."""

    style: str  # "1", "i", "I"
    prefix: str  # "A-"
    form: str  # "alone", "named", "beside" other words
    of: int = 0  # the last page's number, where it is told


def printed_pages(drafts: Sequence[PageDraft], edges: Sequence[Sequence[str]]) -> None:
    """Give pages the numbers printed at their edges as their labels, unless the file declares other ones than 1, 2, 3.

    A page that has no number amid a series has its own in it; of all others the label stays what it is.
    """
    is_declared = any(draft.label not in ("", str(draft.number)) for draft in drafts)
    if not is_declared:
        _label(drafts, edges)
    place_lines(drafts, is_declared=is_declared)


def place_lines(drafts: Sequence[PageDraft], *, is_declared: bool = False) -> None:
    """Complete the places of numbered lines by their pages' labels, or the labels by the numbers of transcript pages.

    A sheet of several transcript pages has its own number, or none.
    """
    own = [{r.detail.rpartition(":")[0] for r in draft.remarks if r.kind == "line"} for draft in drafts]
    are_single = all(len(pages) <= 1 for pages in own)
    for draft, pages in zip(drafts, own, strict=True):
        label = draft.label or str(draft.number)
        if pages == {""}:
            draft.remarks = [
                replace(remark, detail=label + remark.detail) if remark.kind == "line" else remark
                for remark in draft.remarks
            ]
        elif pages and are_single and not is_declared and label == str(draft.number):
            draft.label = pages.pop()


def _label(drafts: Sequence[PageDraft], edges: Sequence[Sequence[str]]) -> None:
    printed = [(i, kind, value) for i, lines in enumerate(edges) for line in lines for kind, value in _numbers(line)]
    words = Counter(kind.form for _, kind, _ in printed)  # a running header has the same on each page
    every = find_series(
        (i, kind if kind.form in _FORMS else kind._replace(form="beside"), value)
        for i, kind, value in printed
        if kind.form in _FORMS or words[kind.form] >= _LEAST
    )
    sure = [series for series in every if _is_sure(series)]
    taken = _by_chapter(edges)
    if not (sure or taken):
        return
    sure.sort(key=lambda series: (series.kind.form not in _FORMS, -series.seen, series.first))
    numbered = {i for i, kind, _ in printed if kind.form in _FORMS}
    for series in sure:
        opens = series.offset + series.first == 2 and series.first - 1 not in numbered
        _take(replace(series, first=series.first - 1) if opens else series, taken)  # a first page seldom shows its 1
    for series in every:  # "i, ii" before "1", "A-1" after it, "Page 1 of 1" beside "Page 1 of 2"
        may_be_short = series.kind.form == "alone" or series.kind.of == 1
        if series not in sure and may_be_short and series.offset + series.first == 1:
            _take(series, taken)
    for i, label in taken.items():
        drafts[i].label = label


def _by_chapter(edges: Sequence[Sequence[str]]) -> dict[int, str]:
    """The labels of pages that are numbered by chapter: the longest run of such numbers that follow each other."""
    longest: dict[tuple[int, _ChapterPage], tuple[int, tuple[int, _ChapterPage] | None]] = {}
    near: list[tuple[int, _ChapterPage]] = []
    for i, lines in enumerate(edges):
        near = [(at, page) for at, page in near if i - at <= _MOST_APART]
        here = [(i, page) for page in dict.fromkeys(page for line in lines for page in _chapter_pages(line))]
        for each in here:
            going_on = [before for before in near if each[1].goes_on(before[1], i - before[0])]
            before = max(going_on, key=lambda before: longest[before][0], default=None)
            longest[each] = (longest[before][0] + 1 if before else 1), before
        near += here
    last = max(longest, key=lambda each: longest[each][0], default=None)
    if last is None or longest[last][0] < _LEAST:
        return {}
    run = [last]
    while (before := longest[run[-1]][1]) is not None:
        run.append(before)
    if len({page.chapter for _, page in run}) == 1 and last[1].style:  # "F-9, F-10": a series like any other
        return {}
    taken: dict[int, str] = {}
    for at, page in reversed(run):
        first = max(at - page.number + 1, max(taken, default=at - 1 if page.number > 2 else at - 2) + 1, 0)
        for i in range(first, at + 1):  # the first page of a chapter seldom shows its number
            taken[i] = f"{page.written}-{page.number - at + i}"
    return taken


def _chapter_pages(line: str) -> Iterator[_ChapterPage]:
    """What of a line may be the number of a page by chapter; "I" may be the first chapter or the ninth."""
    for match in _BY_CHAPTER.finditer(line):
        at_end = not line[: match.start()].strip() or not line[match.end() :].strip()
        if not at_end or _OTHER_NUMBER.search(line[: match.start()]):
            continue
        chapter, number = match["chapter"], int(match["number"])
        if chapter.isdigit():
            yield _ChapterPage(0, int(chapter), number, chapter)
        if _ROMAN.fullmatch(chapter):
            yield _ChapterPage(1, _value(chapter), number, chapter)
        if len(chapter) == 1 and chapter.isalpha():
            yield _ChapterPage(2, ord(chapter), number, chapter)


def _is_sure(series: Series[_Kind]) -> bool:
    whole = series.kind.of and series.offset + series.first == 1 and series.offset + series.last == series.kind.of
    return series.seen >= _LEAST or bool(whole and series.seen == series.kind.of > 1)


def _take(series: Series[_Kind], taken: dict[int, str]) -> None:
    pages = range(series.first, series.last + 1)
    if any(i in taken for i in pages) or series.first < 0:
        return
    for i in pages:
        taken[i] = f"{series.kind.prefix}{_written(series.offset + i, series.kind.style)}"


def _numbers(line: str) -> Iterator[tuple[_Kind, int]]:
    """What of a line may be the page's number; not a court's stamp, which counts the pages of the file."""
    if match := _ALONE.fullmatch(line):
        yield from _read(match, "alone")
    elif not _DIGIT.search(line) or _COURT.search(line):
        return
    elif match := _NAMED.search(line):
        yield from _read(match, "named")
    elif match := _OF.fullmatch(line):
        yield _Kind("1", "", "named", int(match["of"])), int(match["number"])
    else:
        for match in (_FIRST.match(line), _LAST.search(line)):
            if match and not _OTHER_NUMBER.search(line[: match.start()]):
                yield from _read(match, f"{line[: match.start()]}#{line[match.end() :]}")


def _read(match: re.Match[str], form: str) -> Iterator[tuple[_Kind, int]]:
    number, prefix = match["number"], match["prefix"] or ""
    of = int(match["of"]) if "of" in match.re.groupindex and match["of"] else 0
    if prefix and not prefix[0].isupper():
        return
    if number.isdigit():
        yield _Kind("1", prefix, form, of), int(number)
    elif _ROMAN.fullmatch(number) and (number.islower() or number.isupper()):
        yield _Kind("i" if number.islower() else "I", prefix, form, of), _value(number)


def _value(roman: str) -> int:
    digits = [_ROMAN_DIGITS[letter] for letter in roman.lower()]
    return sum(-a if a < b else a for a, b in zip(digits, [*digits[1:], 0], strict=True))


def _written(value: int, style: str) -> str:
    if style == "1":
        return str(value)
    return roman_numeral(value) if style == "i" else roman_numeral(value).upper()
