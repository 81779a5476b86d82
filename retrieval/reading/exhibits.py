"""Finds the exhibits of a compiled file, and the pages of each: slip sheets ("EXHIBIT B" nearly alone on a page),
bookmarks, and stamps that stand on each page.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise

import pypdfium2 as pdfium

from retrieval.reading.page_drafts import PageDraft

_LONGEST_SLIP = 300  # characters of a slip sheet: the exhibit, what it is, a stamp
_MOST_SLIP_LINES = 8
_MOST_BOOKMARKS, _DEEPEST = 5_000, 6
_WHOSE = (
    r"(?:(?:plaintiff|defendant|petitioner|respondent|claimant|government|deposition|joint|trial|hearing)"
    r"['’]?s?['’]?\s+)?"
)
_NAME = (
    r"(?P<kind>exhibit|ex\.|appendix|attachment|annex|tab|schedule)\s*(?:no\.?\s*)?[“\"'#]?"
    r"(?P<number>[A-Z]{1,2}(?:-?\d{1,3})?|\d{1,4}(?:-[A-Z0-9]{1,3})?)[”\"']?(?![\w.]\w)"
)
_SLIP = re.compile(rf"\W*{_WHOSE}{_NAME}\W*", re.IGNORECASE)
_TITLED_SLIP = re.compile(rf"\W*{_WHOSE}{_NAME}\s*(?:[:–—-]\s|to\s(?:the\s)?[A-Z]).{{0,80}}", re.IGNORECASE)
_BOOKMARK = re.compile(rf"\s*{_WHOSE}{_NAME}(?:\W|\Z)", re.IGNORECASE)
_STAMP = re.compile(
    rf"\W*{_WHOSE}{_NAME}\W*(?:page|pg\.?|p\.)?\s*[-–—]?\s*\d{{0,5}}(?:\s*of\s*\d{{1,4}})?\W*", re.IGNORECASE
)
_BODY = re.compile(r"[a-z]{2,}[^.\n]*[.;:]\s*(?:\n|\Z)")  # a sentence: the page says more than what it is


def exhibits(pdf: pdfium.PdfDocument, drafts: Sequence[PageDraft], edges: Sequence[Sequence[str]]) -> None:
    """Give pages the exhibit that they belong to.

    A slip sheet or a bookmark begins an exhibit, and where there is one, the heading of a page; it ends where the next
    begins, and one of another numbering between two is part of the first. A stamp counts where the page is of none, and
    two pages that follow each other have it, or there are such stamps of other exhibits.
    """
    starts = dict(_bookmarks(pdf, len(drafts)))
    starts |= {i: name for i, draft in enumerate(drafts) if (name := _slip_sheet(draft.text))}
    if starts:
        starts = {i: name for i, lines in enumerate(edges) if (name := starts.get(i) or _heading(lines))}
    inside = _inside(starts)
    own = [i for i in starts if i not in inside]
    for first, end in pairwise([*own, len(drafts)]):
        for draft in drafts[first:end]:
            draft.exhibit = starts[first]
    stamps = [set[str]() if draft.exhibit else set(_stamps(lines)) for draft, lines in zip(drafts, edges, strict=True)]
    stamped: set[str] = set()
    for (before, here), (name_before, names) in zip(pairwise(drafts), pairwise(stamps), strict=True):
        for name in sorted(name_before & names):
            before.exhibit = here.exhibit = before.exhibit or name
            stamped.add(name.partition(" ")[0])
    for draft, names in zip(drafts, stamps, strict=True):  # beside exhibits of several pages, one of a single page
        if not draft.exhibit and len(names) == 1 and (name := min(names)).partition(" ")[0] in stamped:
            draft.exhibit = name


def _name(match: re.Match[str]) -> str:
    kind = match["kind"].capitalize()
    return f"{'Exhibit' if kind == 'Ex.' else kind} {match['number'].upper()}"


def _numbering(name: str) -> tuple[str, bool]:
    kind, _, number = name.partition(" ")
    return kind, number[0].isdigit()


def _inside(starts: Mapping[int, str]) -> set[int]:
    """Where exhibits begin between two of another numbering: Exhibit A of the lease that is Exhibit 2."""
    reach: dict[tuple[str, bool], tuple[int, int]] = {}
    for at, name in starts.items():
        reach[_numbering(name)] = reach.get(_numbering(name), (at, at))[0], at
    return {
        at
        for at, name in starts.items()
        if any(first < at < last for kind, (first, last) in reach.items() if kind != _numbering(name))
    }


def _heading(lines: Sequence[str]) -> str:
    match = _SLIP.fullmatch(lines[0]) if lines else None
    return _name(match) if match else ""


def _slip_sheet(text: str) -> str:
    """The exhibit that a page announces, and says nothing else but what it is; empty where it does more."""
    said = text.strip()
    if len(said) > _LONGEST_SLIP or _BODY.search(said):
        return ""
    lines = [line for line in (" ".join(line.split()) for line in said.split("\n")) if line]
    if len(lines) > _MOST_SLIP_LINES:
        return ""
    if len(lines) > 1 and lines[0].isalpha():  # "EXHIBIT" above "A"
        lines[:2] = [" ".join(lines[:2])]
    found = [match for line in lines if (match := _SLIP.fullmatch(line))]
    if not found and lines and (titled := _TITLED_SLIP.fullmatch(lines[0])):
        found = [titled]
    return _name(found[0]) if len(found) == 1 else ""


def _bookmarks(pdf: pdfium.PdfDocument, pages: int) -> Iterator[tuple[int, str]]:
    """The pages to which bookmarks of exhibits lead."""
    for bookmark in islice(pdf.get_toc(max_depth=_DEEPEST), _MOST_BOOKMARKS):
        match = _BOOKMARK.match(bookmark.get_title()[:200])
        page = bookmark.get_dest()
        index = page.get_index() if page is not None else None
        if match and index is not None and 0 <= index < pages:
            yield index, _name(match)


def _stamps(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        if match := _STAMP.fullmatch(line):
            yield _name(match)
