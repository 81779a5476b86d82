"""Segments legal text into sentences: none ends after "Inc.", "No.
5", "e.g." or a heading's number, or inside a quotation.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, Span
from retrieval.structure.clause_marks import LONGEST_HEADING, SMALL_WORDS, is_title, words_of_weight
from retrieval.structure.clauses import Clause, outline
from retrieval.structure.layout import lines
from retrieval.structure.reflow import flowing_text, own_words
from retrieval.structure.tables import find_tables

# A full stop after one of these ends a sentence only when the next word plainly begins one.
_ABBREVIATIONS = frozenset(
    (
        "inc corp ltd co llc lp llp plc hon sec secs art arts ex exh cl par para paras pp pg st jr sr al etc approx "
        "dept est fig vol rev stat reg regs app supp ch pt ed jan feb mar apr jun jul aug sept sep oct nov dec bros "
        "assn natl intl cir ave blvd rd bldg rm attn tel ref encl misc max min avg incl excl"
    ).split()
)
_NEVER_LAST = frozenset("eg ie cf viz v vs mr mrs ms dr prof".split())
_BEGINNERS = frozenset(
    (
        "The This These Those That If In Each Such Any No Neither Either Both All It Its They Their There Upon Unless "
        "Notwithstanding However Subject For As At By On Except Without To Where When While Until Under After Before "
        "During Nothing Every He She We Our You Your A An Also Further Furthermore Moreover Accordingly Therefore "
        "Thus Pursuant With Within Provided Should But And Or Yes"
    ).split()
)
# A citation: it belongs to the sentence before it.
_NUMBERS = r"\[\s*(?:passages?\s*)?\d+(?:\s*(?:,|;|–|-|and|&)\s*\d+)*\s*\]"
_END = re.compile(rf"(?<![.?!])[.?!]++[\"”’'»)\]*_]*(?:\s*{_NUMBERS}[.,;]?)*(?=\s|$)", re.IGNORECASE)
_LOOKED_BACK = 400  # characters: an abbreviation, or a whole number with its "Section"
_LAST_WORD = re.compile(r"([\w.’'&-]+)$")
_NUMBERED = re.compile(
    r"\W*(?:(?:section|article|clause|paragraph|sec|art)\W{0,2}\s*)?(?:\d+(?:\.\d+)*|[IVXLC]+|[A-Za-z])\W*",
    re.IGNORECASE,
)

_LEAST_WORDS = 3  # a sentence of fewer is a heading or a fragment
_LEAST_IN_TABLE = 6  # words; a table of fewer is figures
_STOPPED = re.compile(r"[.;]\s*[\n\f]")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_LINE_END_MARK = re.compile(r"[.;:?!,)\]”\"’][\"”’)]*\s*$")
_NUMBER_FIRST = re.compile(
    r"\s*(?:(?:section|article|clause)\s+)?(?:\d+(?:\.\d+)*[.)]?|\([A-Za-z0-9]{1,5}\)|[IVXLC]+[.)])?[\s.:–-]*",
    re.IGNORECASE,
)
# What stands before a number that is a reference and begins no clause.
_REFERS = re.compile(
    r"\b(?:in|of|to|under|the|and|or|by|with|see|on|this|as|for|section|sections|exhibit)\s*\Z", re.IGNORECASE
)


@document_cache(16)
def sentences(document: Document) -> tuple[Span, ...]:
    """The sentences of a document: none runs across the beginning of a clause or a heading,
    and none is a heading alone.

    A table is one. Lines that belong to the page (running headers, page numbers,
    contents) are no part of any, unless one crosses a page.
    """
    text = flowing_text(document)
    whole = {rows[0].start: rows[-1].end for rows in find_tables(document)}
    borders, skipped = _borders(document, text, whole)
    out = []
    for start, end in pairwise(borders):
        if start in whole:
            out += [document.span(start, end)] if len(_LETTERS.findall(text[start:end])) >= _LEAST_IN_TABLE else []
        elif start not in skipped:
            out += [document.span(*s) for s in split_sentences(text, start, end) if _says_something(text[slice(*s)])]
    return tuple(out)


def fragments(document: Document, within: Span, every: Sequence[Span]) -> Iterator[tuple[Clause, Span]]:
    """The clauses that begin in a part and have no sentence, or end a line in a full stop before their first, with
    these words: "3. Term. Two years." `every`: the sentences that count, in order.

    A clause that has no more than its heading is none of them.
    """
    text, clauses = document.text, outline(document)
    first, last = (bisect_left(clauses, at, key=lambda c: c.span.start) for at in (within.start, within.end))
    begun = {clause.span.start: clause for clause in clauses[first:last]}
    for (start, clause), end in zip(begun.items(), [*begun, within.end][1:], strict=True):
        at = bisect_right(every, start, key=lambda s: s.end)
        sentence = every[at].start if at < len(every) else len(text)
        said = _trim(text, start, min(sentence, end)) if sentence > start else None
        if said is None or (sentence < end and not _STOPPED.match(text, said[1] - 1, sentence)):
            continue
        if not _is_alone(clause.heading, own_words(document, span := document.span(*said))):
            yield clause, span


def _is_alone(heading: str, words: str) -> bool:
    """Whether a clause's words are its heading alone, which says nothing: "8. Late payment", "9. Term; Renewal"."""
    at = words.casefold().find(heading.casefold()) if heading else -1
    after = words[at + len(heading) :].strip()
    return at >= 0 and (not after.strip(" .:;–—-") or (after[0] == ";" and is_title(after)))


def _borders(document: Document, text: str, whole: Mapping[int, int]) -> tuple[list[int], set[int]]:
    """Offsets that no sentence crosses (where a clause begins, around headings and contents)
    and those where contents begin.

    None is within a table; `whole` has each one's end by its start.
    """
    borders = {0, len(text)}
    for clause in outline(document):
        if not _REFERS.search(text, max(0, clause.span.start - 30), clause.span.start):
            borders.add(clause.span.start)
    skipped = set()
    for line in lines(document):
        words = text[line.start : line.end].strip()
        if words and (line.noise or _is_heading(words)):
            borders |= {line.start, line.end}
            if line.noise:
                skipped.add(line.start)
    for start, end in whole.items():
        borders = {at for at in borders if not start < at < end} | {start, end}
    return sorted(borders), skipped


def split_sentences(
    text: str, start: int = 0, end: int | None = None, whole: Sequence[tuple[int, int]] = ()
) -> list[tuple[int, int]]:
    """Sentences of text[start:end] as half-open offsets without surrounding white space; line ends are white space.

    No sentence ends inside one of the ranges of `whole` (quotations). Citations after a full stop, as in "days. [1]",
    belong to the sentence before them.
    """
    end = len(text) if end is None else end
    found, begin = [], start
    for match in _END.finditer(text, start, end):
        inside = any(a < match.start() and match.end() < b for a, b in whole)
        before = text[max(begin, match.start() - _LOOKED_BACK) : match.start()]
        if not inside and _ends(before, match[0], text[match.end() : min(end, match.end() + 80)].lstrip()):
            found.append((begin, match.end()))
            begin = match.end()
    found.append((begin, end))
    return [trimmed for a, b in found if (trimmed := _trim(text, a, b))]


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    piece = text[start:end]
    if not piece.strip():
        return None
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _ends(before: str, mark: str, after: str) -> bool:
    """Whether the mark between `before` (the end of the sentence so far) and `after` (what follows,
    without white space) ends it.
    """
    if not after or mark[0] in "?!":
        return True
    if after[0].islower() or not before.strip():
        return False
    if _NUMBERED.fullmatch(before):
        return False  # "8.2. Termination" and "1. The Licensee" go on
    word = _LAST_WORD.search(before)
    last = word[1].lower() if word else ""
    first = re.match(r"\W*(\w*)", after)
    plain = first is not None and first[1] in _BEGINNERS
    if last in ("no", "nos") and len(before.split()) > 1:
        return not after[:1].isdigit() and plain
    if last in ("no", "nos"):
        return not after[:1].isdigit()
    if last.replace(".", "") in _NEVER_LAST:
        return False
    if last.replace(".", "") in _ABBREVIATIONS or re.fullmatch(r"(?:[a-z]\.)*[a-z]", last):
        return plain
    return True


def _is_heading(line: str) -> bool:
    """Whether a line stands above what follows it: short, without an end mark, every word of weight with a capital."""
    rest = _without_number(line)
    if not rest or len(rest) > LONGEST_HEADING or _LINE_END_MARK.search(rest.rstrip(".")):
        return False
    words = words_of_weight(rest)
    return (
        bool(words) and all(w[0].isupper() for w in words) and (rest.isupper() or (len(words) <= 8 and len(line) < 60))
    )


def _says_something(sentence: str) -> bool:
    rest = _without_number(sentence)
    words = _LETTERS.findall(rest)
    if len(words) < _LEAST_WORDS or re.search(r"\.{4,}|(?:\. ){3,}|_{8,}", sentence):
        return False
    small = sum(w[0].islower() and w not in SMALL_WORDS for w in words)
    return small >= 2 or (rest.isupper() and rest.rstrip()[-1:] in ".;")


def _without_number(text: str) -> str:
    return _NUMBER_FIRST.sub("", text, count=1)
