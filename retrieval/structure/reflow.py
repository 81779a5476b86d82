"""Reflows a document's text: without running lines, page numbers and footnotes; of the same length, so offsets hold.

A sentence that crosses a page has headers, footers and footnotes between its halves. They are blanked out character
for character, so that every offset of the canonical text stays what it is. Footnotes are a flow of their own, in which
one goes on from page to page. A number that stands alone is taken for a
page number only when it belongs to a series of them: it could as well be the "30" of "30 days".
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from heapq import merge
from itertools import groupby, pairwise, takewhile

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, Span
from retrieval.structure.layout import Line, lines, shape_of
from retrieval.structure.scripts import without_line_ends

_MOST_RUNNING = 8  # noise lines of one page; a page with more is a page of contents, which no sentence runs across
_LEAST_PAGES, _SHARE = 3, 5  # pages that have a running line: so many, and one of so many
_MOST_NOTICE = 6  # lines of a footer
_NAMED = re.compile(r"\W*page\W*\d{1,4}(?:\s*of\s*\d{1,4})?\W*", re.IGNORECASE)  # wherever it stands: "Page -4-"
_ALONE = re.compile(r"[\s\-–—]*(\d{1,4})[\s\-–—]*")
# Characters between the page numbers of two printed pages that follow each other: less is a list or a table.
_LEAST_APART, _MOST_APART = 600, 12_000
_HYPHEN_AT_LINE_END = re.compile(r"\u2010\s*|\u00ad\s*|-[^\S\n]*\n\s*")
_WORD = re.compile(r"\w+")
_COMPOUND = re.compile(r"(?<![^\W\d_])[^\W\d_]+(?:-[^\W\d_]+)+")
_TENS, _ONES = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety", "one|two|three|four|five|six|seven|eight|nine"
# Words that have a hyphen wherever they stand: "twenty-one", "two-thirds", "ten-day", "non-compete", "third-party",
# "Sub-Adviser" (no syllable begins with a capital).
_HYPHENATED = re.compile(
    rf"(?i:(?:{_TENS})-(?:{_ONES}|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
    rf"|(?:{_ONES})-(?:half|halves|(?:third|quarter|fourth|fifth|sixth|seventh|eighth|tenth)s?)"
    rf"|(?:{_ONES}|ten|eleven|twelve|fifteen|{_TENS}|hundred)-(?:hour|day|week|month|year|page|party|percent|hundred)s?"
    r"|(?:non|self|quasi)-[^\W\d_]+"
    r"|[^\W\d_]{3,}-(?:party|parties|term|based|related|free|owned))"
    r"|[^\W\d_]*[a-z]-[A-Z][a-z]+"
)
_LETTERS_BEFORE, _LETTERS_AFTER = re.compile(r"[^\W\d_]*$"), re.compile(r"[^\W\d_]*")


@document_cache()
def flowing_text(document: Document) -> str:
    """The text, of the same length, with running headers, footers, page numbers and footnotes replaced by spaces."""
    out, done = [], 0
    for start, end in _running(document):
        out += [document.text[done:start], " " * (end - start)]
        done = end
    return "".join(out) + document.text[done:]


@document_cache()
def notes_text(document: Document) -> str:
    """The words of the footnotes alone, everything else replaced by spaces; of the same length."""
    out, done = [], 0
    for note in document.remarks_of("footnote"):
        out += [" " * (note.start - done), document.text[note.start : note.end]]
        done = note.end
    return "".join(out) + " " * (len(document.text) - done)


def is_of_note(document: Document, span: Span) -> bool:
    """Whether the first and the last word of a span are of footnotes."""
    words = document.stripped(span)
    notes = document.remarks_in(words, "footnote")
    return bool(notes) and notes[0].start <= words.start and words.end <= notes[-1].end


def flow_of(document: Document, span: Span) -> str:
    """The text that the words of a span are of: that of the footnotes, or the one that runs on past them."""
    return notes_text(document) if is_of_note(document, span) else flowing_text(document)


def own_words(document: Document, *spans: Span) -> str:
    """What the pages say at the spans, for reading: white space folded, line ends joined,
    running lines left out, and footnotes in the middle; " … " between spans.
    """
    return " … ".join(readable(document, flow_of(document, s)[s.start : s.end]) for s in spans)


def own_spans(document: Document, span: Span) -> list[Span]:
    """The stretches of a span between running lines and footnotes; the span itself where it has no other words."""
    notes = [(note.start, note.end) for note in document.remarks_in(span, "footnote")]
    edges = sorted({edge for line in (*_running(document), *notes) for edge in line if span.start < edge < span.end})
    stretches = [replace(span, start=a, end=b) for a, b in pairwise([span.start, *edges, span.end])]
    flow = flow_of(document, span)
    return [s for s in stretches if flow[s.start : s.end].strip()] or [span]


@document_cache()
def _running(document: Document) -> tuple[tuple[int, int], ...]:
    """[start, end) of every running line and of every line of a footnote, in order."""
    rows = lines(document)
    notes = ((line.start, line.end) for line in rows if line.note)
    return tuple(merge(_find_running(document, [line for line in rows if not line.note]), notes))


def _find_running(document: Document, rows: Sequence[Line]) -> Iterator[tuple[int, int]]:
    notices = _notices(rows, len(document.pages))
    noise = Counter(line.page for line in rows if line.noise)
    alone = [(line.start, int(m[1])) for line in rows if (m := _ALONE.fullmatch(line.text))]
    series = {a for i, (a, _) in enumerate(alone) if _in_series(alone, i)}
    numbered = {document.page_at(remark.start).number for remark in document.remarks_of("line")}
    for line in rows:
        if line.page in numbered:
            running = line.noise
        elif match := _ALONE.fullmatch(line.text):
            page = document.pages[line.page - 1]
            running = line.start in series or (line.noise and match[1] in (str(page.number), page.label))
        else:
            running = line.noise and noise[line.page] <= _MOST_RUNNING
        running = running or line.start in notices or bool(_NAMED.fullmatch(line.text))
        if running:
            yield line.start, line.end


def _notices(rows: Sequence[Line], pages: int) -> set[int]:
    """Where the lines of notices begin that fill several lines at the edge of a page, beside a running line, and come
    again on as many pages as a running line does.
    """
    edges = [
        (page[:_MOST_NOTICE], page[: -_MOST_NOTICE - 1 : -1])
        for _, of_page in groupby(rows, key=lambda line: line.page)
        for page in [list(of_page)]
    ]
    shape = {line.start: shape_of(" ".join(line.text.split())) for page in edges for edge in page for line in edge}
    seen = Counter(each for page in edges for each in {shape[line.start] for edge in page for line in edge})
    need = max(_LEAST_PAGES, pages // _SHARE)
    notices: set[int] = set()
    for edge in (edge for page in edges for edge in page):
        block = list(takewhile(lambda line: line.noise or seen[shape[line.start]] >= need, edge))
        if any(line.noise for line in block):
            notices |= {line.start for line in block if not line.noise}
    return notices


def _in_series(alone: list[tuple[int, int]], index: int) -> bool:
    """Whether the next or the last lone number but two goes on from this one, about a printed page away."""
    at, value = alone[index]
    for other_at, other in alone[max(0, index - 2) : index + 3]:
        step, way = other - value, other_at - at
        if 0 < abs(step) <= 2 and step * way > 0 and _LEAST_APART <= way / step <= _MOST_APART:
            return True
    return False


def readable(document: Document, piece: str) -> str:
    """A piece of one of a document's flows as it reads: white space folded, line ends joined."""
    hyphens: dict[tuple[str, str], bool] = {}

    def join(match: re.Match[str]) -> str:
        left = _LETTERS_BEFORE.search(piece[max(0, match.start() - 40) : match.start()])
        right = _LETTERS_AFTER.match(piece, match.end())
        halves = left[0] if left else "", right[0] if right else ""
        if halves not in hyphens:
            hyphens[halves] = keeps_hyphen(document.text, *halves)
        return "-" if hyphens[halves] else ""

    return " ".join(without_line_ends(_HYPHEN_AT_LINE_END.sub(join, piece)).split())


def keeps_hyphen(text: str, left: str, right: str) -> bool:
    """Whether a hyphen at a line end is the word's own, by how the document writes the word elsewhere,
    else by its halves.

    `left` and `right` are letters.
    """
    if not (left and right):
        return True
    known = _Hyphens.of(text).known
    if (left, right) not in known:
        known[left, right] = _keeps_hyphen(text, left, right)
    return known[left, right]


def _keeps_hyphen(text: str, left: str, right: str) -> bool:
    words = _Hyphens.of(text)
    if f"{left}-{right}" in words.compounds:
        return True
    if left + right in words.whole:
        return False
    return bool(_HYPHENATED.fullmatch(f"{left}-{right}")) or {left, right} <= words.apart


@dataclass(frozen=True, slots=True)
class _Hyphens:
    """What of a text tells whether a hyphen is a word's own;
    its words are looked for thousands of times in some texts.
    """

    compounds: str  # all of them, apart
    whole: frozenset[str]  # words
    apart: frozenset[str]  # the same, but not those that a hyphen of a line end parts
    known: dict[tuple[str, str], bool]  # what has been found out

    @staticmethod
    @lru_cache(maxsize=8)  # as the words of a dense text of 2 million characters take 30 MB
    def of(text: str) -> "_Hyphens":
        apart = frozenset(_WORD.findall(text.replace("\u2010", "_")))
        return _Hyphens(" ".join(_COMPOUND.findall(text)), frozenset(_WORD.findall(text)), apart, {})
