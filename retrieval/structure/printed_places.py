"""Finds the places that a question cites by what is printed on pages: numbered lines ("at 42:5-9"), Bates numbers and
ranges of them, printed page numbers ("page A-1"), and pages of an exhibit ("Exhibit B, page 2").

`place_names` has those of the outline. What is not there is told, with what is.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from retrieval.core.cache import document_cache
from retrieval.core.documents import BETWEEN_BATES, Document, Page, Span
from retrieval.structure.phrase_search import each_mention
from retrieval.structure.sentences import sentences

_MOST = 12  # places of one question
_MOST_RANGES = 3  # named where a place is in none of them
_TO = r"\s*(?:-|–|—|to|through|thru|until)\s*"
# "42:5", "42:5-9", "42:25-43:2"; no time of day.
_LINES = (
    r"(?<![\w:.,$-])(?P<page>\d{1,4}):(?P<line>\d{1,2})(?![\d:.]\d|\s*[ap]\.?\s?m\b|\s*o['’]clock)"
    rf"(?:{_TO}(?:(?P<last_page>\d{{1,4}}):)?(?P<last_line>\d{{1,2}})(?!\s*[ap]\.?\s?m\b))?(?![\w:])"
)
# "page 42, lines 5 to 9", "p. 42, l. 5"
_SPELLED = (
    r"\b(?:pages?|pp?\.)\s*(?P<spelled_page>\d{1,4}),?\s*(?:at\s+)?(?:lines?|ll?\.)\s*(?P<spelled_line>\d{1,2})"
    rf"(?:{_TO}(?P<spelled_last>\d{{1,2}}))?\b"
)
# A number after a word is one of a production where it is long or padded: "May 2020" is none.
_PREFIX = r"[A-Z][A-Z0-9&]{0,15}(?:[-_.][A-Z0-9&]{1,15}){0,4}"
_NUMBER = rf"{_PREFIX}(?:(?:[-_.]|(?<=[A-Z&]))\d{{3,12}}|\s?(?<!\d)(?:0\d{{2,11}}|\d{{5,12}}))"
_BATES = rf"(?<![\w.-])(?P<bates>{_NUMBER})(?:{_TO}(?P<last_bates>{_NUMBER}|\d{{1,12}}))?(?![\w,]\d|\w)"
_EXHIBIT = (
    r"(?:exhibit|ex\.?|tab|appendix|attachment|annex|schedule)\s+(?:no\.?\s*)?"
    r"[“\"']?(?:[A-Z]{1,2}|\d{1,4})(?:-\w{1,3})?[”\"']?"
)
_LABEL = r"(?:[A-Z]{1,3}-)?(?:\d{1,4}|[ivxlc]{1,7})"
_PAGE = r"(?:pages?|pp?\.|pg\.?)\s*(?:no\.?\s*)?"
_OF_EXHIBIT = (
    rf"\b(?P<exhibit>{_EXHIBIT}),?\s+(?:at\s+(?:{_PAGE})?|{_PAGE})(?P<of_exhibit>{_LABEL})\b"
    rf"|\b{_PAGE}(?P<within>{_LABEL})\s+(?:of|in)\s+(?P<whose>{_EXHIBIT})(?!\w)"
)
_PRINTED = (
    rf"\b(?:printed|stamped|numbered|label(?:l)?ed)\s+{_PAGE}(?P<printed>{_LABEL})\b"
    rf"|\b{_PAGE}(?:printed|stamped|numbered|label(?:l)?ed)\s+(?P<numbered>{_LABEL})\b"
    r"|\b(?:pdf|physical)\s+(?:pages?|p\.)\s*(?P<physical>\d{1,5})\b"
)
_ANY = re.compile("|".join((_SPELLED, _OF_EXHIBIT, _PRINTED, _LINES, _BATES)), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PrintedPlace:
    """A place as a question cites it: from `first` to `last` of lines, Bates numbers or pages; of an exhibit's own."""

    kind: str  # "lines", "bates", "page", "physical"
    first: str
    last: str
    exhibit: str = ""

    def __str__(self) -> str:
        """As it is cited: "42:5-9", "ORR-HOSP-00128734", "page A-1", "page 2 of Exhibit B"."""
        if self.kind == "lines":
            (page, first), (last_page, last) = self.first.split(":"), self.last.split(":")
            end = last if page == last_page else self.last
            return self.first if self.first == self.last else f"{page}:{first}-{end}"
        if self.kind == "bates":
            return self.first if self.first == self.last else f"{self.first} to {self.last}"
        of = f" of {self.exhibit}" if self.exhibit else ""
        return f"{'PDF ' if self.kind == 'physical' else ''}page {self.first}{of}"


def first_printed_place(question: str) -> re.Match[str] | None:
    """The first place that a question cites so."""
    return _ANY.search(question)


def printed_places(question: str) -> tuple[tuple[PrintedPlace, ...], str]:
    """The places that a question cites so, in its order, and the question without them."""
    found = tuple(dict.fromkeys(map(_read, _ANY.finditer(question))))
    return found[:_MOST], _ANY.sub(" ", question)


def _read(match: re.Match[str]) -> PrintedPlace:
    said = match.groupdict()
    if page := said["page"] or said["spelled_page"]:
        line = said["line"] or said["spelled_line"] or ""
        first = f"{page}:{int(line)}"
        last = said["last_line"] or said["spelled_last"]
        return PrintedPlace("lines", first, f"{said['last_page'] or page}:{int(last)}" if last else first)
    if bates := said["bates"]:
        last = said["last_bates"] or bates
        if last.isdigit():  # "ABC00012-15"
            last = bates[: max(0, len(bates) - len(last))] + last
        return PrintedPlace("bates", bates, last)
    if exhibit := said["exhibit"] or said["whose"]:
        kind, _, number = re.sub(r"[“”\"']|\bno\.?\s", "", exhibit).partition(" ")
        kind = "Exhibit" if kind.lower().startswith("ex") else kind.capitalize()
        page = said["of_exhibit"] or said["within"] or ""
        return PrintedPlace("page", page, page, f"{kind} {number.strip().upper()}")
    if physical := said["physical"]:
        return PrintedPlace("physical", physical, physical)
    label = said["printed"] or said["numbered"] or ""
    return PrintedPlace("page", label, label)


def each_mention_or_line(document: Document, phrase: str, over: Callable[[], bool] | None = None) -> Iterator[Span]:
    """Find every mention of a phrase; of "42:5-9" the lines of that place before them.

    Raises TimeoutError once `over` says that time is over.
    """
    places, rest = printed_places(phrase)
    if not rest.strip():
        yield from (span for place in places if place.kind == "lines" for span in find_printed(document, place))
    yield from each_mention(document, phrase, over)


def find_printed(document: Document, place: PrintedPlace) -> tuple[Span, ...]:
    """The spans of a document that a place means; none where it is not there.

    A single line brings the sentence that it is of, or the question with its answer.
    """
    match place.kind:
        case "lines":
            return tuple(_lines(document, place))
        case "bates":
            return tuple(_spans(document, _with_bates(document, place)))
        case "physical":
            return tuple(_spans(document, [page for page in document.pages if str(page.number) == place.first]))
    return tuple(_spans(document, _labelled(document, place)))


def _spans(document: Document, pages: Sequence[Page]) -> Iterator[Span]:
    return (document.span(p.start, p.end) for p in pages if document.text[p.start : p.end].strip())


def pages_of(document: Document, exhibit: str) -> list[Page]:
    """The pages that belong to an exhibit ("Exhibit B")."""
    return [page for page in document.pages if page.exhibit.lower() == exhibit.lower()]


def _labelled(document: Document, place: PrintedPlace) -> list[Page]:
    pages = pages_of(document, place.exhibit) if place.exhibit else document.pages
    labelled = [page for page in pages if page.label.lower() == place.first.lower()]
    if labelled or not (place.exhibit and place.first.isdigit()):
        return labelled
    at = int(place.first) - 1  # of an exhibit whose pages have no numbers of their own
    return [pages[at]] if 0 <= at < len(pages) else []


@document_cache()
def _numbered(document: Document) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The places of a document's numbered lines, in order (page, line), and the [start, end) of each."""
    rows = []
    for remark in document.remarks_of("line"):
        page, _, line = remark.detail.partition(":")
        if page.isdecimal() and line.isdecimal():
            rows.append(((int(page), int(line)), (remark.start, remark.end)))
    rows.sort()
    return [place for place, _ in rows], [at for _, at in rows]


def _at(place: str) -> tuple[int, int]:
    page, line = place.split(":")
    return int(page), int(line)


def _lines(document: Document, place: PrintedPlace) -> Iterator[Span]:
    places, spans = _numbered(document)
    inside = spans[bisect_left(places, _at(place.first)) : bisect_right(places, _at(place.last))]
    if not inside:
        return
    found = document.span(min(start for start, _ in inside), max(end for _, end in inside))
    if place.first == place.last:
        every = sentences(document)
        at = bisect_right(every, found.start, key=lambda sentence: sentence.end)
        if at < len(every) and every[at].shared(found):
            found = document.span(min(found.start, every[at].start), max(found.end, every[at].end))
    yield found


def _bates_key(number: str) -> tuple[str, int]:
    """A Bates number as it is compared: its prefix without marks, and its counter."""
    plain = re.sub(r"[^A-Z0-9]", "", number.upper())
    prefix = plain.rstrip("0123456789")
    return prefix, int(plain[len(prefix) :] or 0)


def _numbering(place: "PrintedPlace | PrintedRange") -> str:
    return _bates_key(place.first)[0] if place.kind == "bates" else ""


def _with_bates(document: Document, place: PrintedPlace) -> list[Page]:
    (prefix, first), (_, last) = _bates_key(place.first), _bates_key(place.last)

    def is_cited(number: str) -> bool:
        its_prefix, counter = _bates_key(number)
        return its_prefix == prefix and first <= counter <= last

    return [page for page in document.pages if any(map(is_cited, _bates(page)))]


def _bates(page: Page) -> list[str]:
    """The Bates numbers of a page; several where it was produced more than once."""
    return page.bates.split(BETWEEN_BATES) if page.bates else []


@dataclass(frozen=True, slots=True)
class PrintedRange:
    """What a document has of "lines" or "bates": from the first to the last."""

    kind: str
    first: str
    last: str

    def holds(self, place: PrintedPlace) -> bool:
        """Whether a place may be in it."""
        if place.kind != self.kind:
            return False
        if self.kind == "lines":
            return _at(self.first) <= _at(place.last) and _at(self.last) >= _at(place.first)
        (prefix, first), (_, last) = _bates_key(self.first), _bates_key(self.last)
        (cited, low), (_, high) = _bates_key(place.first), _bates_key(place.last)
        return prefix == cited and low <= last and high >= first


def printed_ranges(document: Document) -> tuple[PrintedRange, ...]:
    """The Bates numbers of a document, each run of them as one, and its numbered lines."""
    ranges: list[PrintedRange] = []
    last_of: dict[str, tuple[int, int]] = {}  # of each prefix: the run that it is in, and its last number
    for written in (each for page in document.pages for each in _bates(page)):
        prefix, number = _bates_key(written)
        at, before = last_of.get(prefix, (0, number))
        if before == number - 1:
            ranges[at] = replace(ranges[at], last=written)
        else:
            at = len(ranges)
            ranges.append(PrintedRange("bates", written, written))
        last_of[prefix] = at, number
    if places := _numbered(document)[0]:
        first, last = (f"{page}:{line}" for page, line in (places[0], places[-1]))
        ranges.append(PrintedRange("lines", first, last))
    return tuple(ranges)


def not_printed(document: Document, place: PrintedPlace) -> str:
    """Say that a place is not there, and what is; empty where it is, or a document has nothing of its kind."""
    if find_printed(document, place):
        return ""
    there = ""
    if place.kind in ("lines", "bates"):
        named = {"lines": "numbered lines", "bates": "Bates numbers"}[place.kind]
        same = [r for r in printed_ranges(document) if r.kind == place.kind and _numbering(r) == _numbering(place)]
        shown = same if len(same) <= _MOST_RANGES else [replace(same[0], last=same[-1].last)]
        runs = " and ".join(f"from {run.first} to {run.last}" if run.first != run.last else run.first for run in shown)
        there = f"its {named} run {runs}" if same else ""
    elif place.exhibit:
        if pages := pages_of(document, place.exhibit):
            there = f"{place.exhibit} has {len(pages)} page{'s' * (len(pages) > 1)}"
    elif document.pages:
        there = f"its last page is {document.pages[-1].label or document.pages[-1].number}"
    return f"There is no {place} in this document; {there}." if there else ""
