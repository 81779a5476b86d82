"""Splits a document into lines, and tells running headers, footers,
page numbers and contents from the contract's words.

Running headers and footers, page numbers, `Source: COMPANY, 8-K, date` stamps, a court's stamps, contents pages and,
where a page's lines are numbered, those outside of the numbers stay in the canonical text (offsets never move) but take
no part in structure, in what is indexed or in what is sent.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from retrieval.core.cache import document_cache
from retrieval.core.documents import LINE_END_HYPHEN, Document, Page, RemarkKind
from retrieval.structure.scripts import without_line_ends
from retrieval.structure.sentence_ends import BLANK_IS_NEXT

# What else than the lines that are numbered belongs to the words of a page with numbered lines.
_ON_NUMBERED: tuple[RemarkKind, ...] = ("line", "field", "annotation", "footnote")
_EDGE_LINES = 3  # a running header or footer stands within so many lines of the page's top or bottom
_PAGE_NUMBER = re.compile(
    r"(?:page\s*)?[-–—\[( ]*(?:\d{1,4}|[ivxlc]{1,7}|[A-Z]{1,2}-\d{1,3}|[A-Z]\d{1,3}-\d{1,3})[-–—\]) ]*"
    r"(?:of\s+\d{1,4})?\s*",
    re.IGNORECASE,
)
_SOURCE = re.compile(r"source:\s.{3,120}", re.IGNORECASE)
# "Case 8:16-cv-01261-DOC-KES Document 40 Filed 10/04/16 Page 3 of 10 Page ID #:512", or the docket number alone.
_DOCKET = re.compile(
    r"(?:(?:case|no\.?|docket|usca\d*)[\s:]*)*\d{1,2}:\d{2}-[a-z]{2}-\d{2,6}[\w()-]*(?:\s*\(\w{2,6}\))?"
    r"(?:\s+(?:document|doc\.?|dkt\.?|ecf|filed)\b.{0,120})?",
    re.IGNORECASE,
)
# Sought from where they begin, and not with a leading ".*": a line may be a million full stops.
_LEADER = re.compile(r"(?:\.\s?){4}\s*(?:\d{1,4}|[ivxlc]+|[A-Z]-\d+)?\s*\Z", re.IGNORECASE)
_CONTENTS_ENTRY = re.compile(r"\D[\s.](?:\d{1,3}|[ivxl]{1,6})\s*\Z")
# Contents without page numbers: a numbered line whose words begin a later line of the same number.
_ENTRY = re.compile(
    r"\s*((?:article|section|exhibit|schedule|appendix|annex|attachment|chapter|part)\s+[\w.\-]{1,8}"
    r"|\d{1,3}(?:\.\d{1,3}){0,3}|[IVXL]{1,6}|[A-Z])[.):]{0,2}\s+(\S.{2,})",
    re.IGNORECASE,
)
_LEAST_ENTRIES, _LONGEST_ENTRY = 8, 60  # entries; characters of those that follow and do not come again
_GAP = 3  # lines from one entry to the next
_SPREAD = 3  # what they head is so many times as long
_CONTENTS_WITHIN = 1 / 3  # of the document
_LOOKED_AT = 8  # later lines of the same number
_PREFIX = 30  # letters that are compared
_CONTENTS_TITLE = re.compile(r"\s*(?:table\s+of\s+)?contents\s*:?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the text: half-open offsets, without its line end.

    `noise` lines are not part of the contract's words; a `note` is one of a footnote, whose words are its own.
    """

    start: int
    end: int
    page: int
    text: str
    noise: bool
    note: bool = False


@document_cache()
def lines(document: Document) -> tuple[Line, ...]:
    """Every non-empty line of the document in order, each marked as words of the contract or as noise."""
    by_page = [(page, list(_lines_of(document.text, page))) for page in document.pages]
    running = _running(by_page, document.text)
    out: list[Line] = []
    in_contents = False
    for page, rows in by_page:
        in_contents = _is_contents(rows, document.text, in_contents)
        is_numbered = bool(document.remarks_in(document.span(page.start, page.end), "line"))
        noise = [
            in_contents
            or (is_numbered and not document.remarks_in(document.span(a, b), *_ON_NUMBERED))
            or _belongs_to_page(document.text[a:b], i, len(rows), running)
            for i, (a, b) in enumerate(rows)
        ]
        if all(noise) and not in_contents:  # short pages that are all alike: what they say counts
            noise = [False] * len(rows)
        out += [Line(a, b, page.number, document.text[a:b], n) for (a, b), n in zip(rows, noise, strict=True)]
    for start, end in _listed(out):
        out[start:end] = [replace(line, noise=True) for line in out[start:end]]
    if document.remarks_of("footnote"):
        noted = [bool(document.remarks_in(document.span(line.start, line.end), "footnote")) for line in out]
        out = [replace(line, noise=True, note=True) if note else line for line, note in zip(out, noted, strict=True)]
    return tuple(out)


def _listed(rows: list[Line]) -> Iterator[tuple[int, int]]:
    """[first, last) of contents without page numbers: lines of which most come again, in order and far apart."""
    entries = [(i, m[1].lower(), _letters(m[2])) for i, row in enumerate(rows) if (m := _ENTRY.match(row.text))]
    by_mark: dict[str, list[int]] = {}
    for n, (_, mark, _) in enumerate(entries):
        by_mark.setdefault(mark, []).append(n)
    run: list[tuple[int, int]] = []  # each line with the one that it comes again in
    for n, (i, mark, words) in enumerate(entries):
        if i > len(rows) * _CONTENTS_WITHIN:
            break
        same = by_mark[mark]
        at = bisect_right(same, n)
        again = (entries[m] for m in same[at : at + _LOOKED_AT])
        later = next((j for j, _, w in again if len(words) > 2 and w.startswith(words[:_PREFIX])), None)
        if later is None:
            continue
        if run and (i - run[-1][0] > _GAP or later < run[-1][1]):
            yield from _contents_of(rows, run)
            run = []
        run.append((i, later))
    yield from _contents_of(rows, run)


def _contents_of(rows: list[Line], run: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The lines of a run if it is one of contents."""
    if len(run) < _LEAST_ENTRIES:
        return
    (first, begins), (last, ends) = run[0], run[-1]
    length = last - first + 1
    if begins > last and len(run) >= length / 2 and ends - begins >= _SPREAD * length:
        while first and last - first < 2 * length and _CONTENTS_TITLE.fullmatch(rows[first - 1].text):
            first -= 1
        last += 1
        while last < len(rows) and rows[last].page == rows[last - 1].page and _ENTRY.fullmatch(rows[last].text):
            if len(rows[last].text) > _LONGEST_ENTRY or last >= begins:
                break
            last += 1
        yield first, last


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text.lower()))


def working_text(document: Document, start: int, end: int) -> str:
    """The words between two offsets as a reader would have them:
    noise left out, hyphenated line ends joined, white space folded, footnotes after the rest.
    """
    parts, notes = list[str](), list[str]()
    rows = lines(document)
    first = bisect_right(rows, start, key=lambda row: row.end)
    for line in map(rows.__getitem__, range(first, len(rows))):  # a slice would copy all that follows
        if line.start >= end:
            break
        if line.note or not line.noise:
            (notes if line.note else parts).append(document.text[max(start, line.start) : min(end, line.end)])
    words = without_line_ends("\n".join([*parts, *notes])).replace(LINE_END_HYPHEN, "-").replace("\u00ad", "")
    return " ".join(words.split())


def _lines_of(text: str, page: Page) -> list[tuple[int, int]]:
    found = []
    start = page.start
    while start < page.end:
        end = text.find("\n", start, page.end)
        end = page.end if end < 0 else end
        if text[start:end].strip():
            found.append((start, end))
        start = end + 1
    return found


def _belongs_to_page(text: str, index: int, count: int, running: frozenset[str]) -> bool:
    """Whether line `index` of a page's `count` is its number, a running header or footer,
    a filing stamp or a leader.
    """
    flat = " ".join(text.split())
    foot = count - 1 - index < _EDGE_LINES
    if foot and (_SOURCE.fullmatch(flat) or _PAGE_NUMBER.fullmatch(flat)):
        return True
    if index == 0 and _PAGE_NUMBER.fullmatch(flat):
        return True
    if (foot or index < _EDGE_LINES) and (shape_of(flat) in running or _DOCKET.fullmatch(flat)):
        return True
    leader = _LEADER.search(flat) if "...." in flat.replace(" ", "") else None
    return leader is not None and not BLANK_IS_NEXT.search(flat[: leader.start()].rstrip(". "))


def shape_of(flat: str) -> str:
    """A line with its numbers taken out, so that "Page 3 of 9" equals "Page 4 of 9"."""
    return re.sub(r"\d+", "#", flat).lower()


def _running(by_page: list[tuple[Page, list[tuple[int, int]]]], text: str) -> frozenset[str]:
    """Shapes of the lines that recur at the edge of pages: on three at least, and on a fifth of all.

    Two pages have a running line that both begin with.
    """
    if len(by_page) == 2 and all(len(rows) > _EDGE_LINES for _, rows in by_page):
        first, other = (" ".join(text[slice(*rows[0])].split()) for _, rows in by_page)
        return frozenset({shape_of(first)} if first == other else ())
    seen: Counter[str] = Counter()
    for _, rows in by_page:
        edge = rows[:_EDGE_LINES] + rows[-_EDGE_LINES:]
        seen.update({shape_of(" ".join(text[a:b].split())) for a, b in edge})
    need = max(3, len(by_page) // 5)
    return frozenset(shape for shape, n in seen.items() if n >= need and len(shape) <= 120)


def _is_contents(rows: list[tuple[int, int]], text: str, before: bool) -> bool:
    """Whether a page is a page of contents: most lines end in a page number, or it is headed so and many do."""
    flat = [" ".join(text[a:b].split()) for a, b in rows]
    if len(flat) < 5:
        return False
    entries = sum(bool(_CONTENTS_ENTRY.search(line)) for line in flat) / len(flat)
    titled = any(_CONTENTS_TITLE.fullmatch(line) for line in flat[:6])
    return entries >= (0.35 if titled or before else 0.6)
