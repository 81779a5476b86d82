"""Finds the offsets of a document that no sentence runs across: beginnings of clauses, headings, contents.

A line of capitalised words is a heading only where the sentence above it has ended: "rights under this\\nAgreement." is
the last line of one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from retrieval.core.documents import Document
from retrieval.structure.clause_marks import LONGEST_HEADING, words_of_weight
from retrieval.structure.clauses import Clause, outline
from retrieval.structure.layout import Line, lines
from retrieval.structure.sentence_ends import is_end

_LONG, _FULL = 0.75, 0.9  # of a full line: one that is longer than so many of the document's
_LINE_END_MARK = re.compile(r"[.;:?!,)\]”\"’\u037e][\"”’)]*\s*$")
_STOPPED = re.compile(r"[.;:?!\u037e][\"”’)\]*_]*\s*\Z")
_NUMBER_FIRST = re.compile(
    r"\s*(?:(?:section|article|clause)\s+)?(?:\d+(?:\.\d+)*[.)]?|\([A-Za-z0-9]{1,5}\)|[IVXLC]+[.)])?[\s.:–-]*",
    re.IGNORECASE,
)
# After one of these a sentence goes on.
_UNDER_WAY = re.compile(
    r"(?:[,(“&]|\b(?:an?|the|this|that|these|those|such|any|each|every|all|its|their|his|her|of|to|in|by|for|with|from"
    r"|at|on|upon|under|than|as|between|among|into|within|and|or|nor|but|shall|will|may|must|not|is|are|be|been|if"
    r"|unless|which|who|whose|per|no|sections?|articles?|exhibits?|schedules?|clauses?|paragraphs?))\s*\Z",
    re.IGNORECASE,
)
# What stands before a number that is a reference and begins no clause, and what stands after one.
_REFERS = re.compile(
    r"\b(?:in|of|to|under|the|and|or|by|with|see|on|this|as|for|sections?|articles?|exhibits?|clauses?|paragraphs?)"
    r"\s*\Z",
    re.IGNORECASE,
)
_NEXT_ITEM = re.compile(r"[;\u037e]\s*(?:and|or|and/or)\s*\Z")
_REFERRED = re.compile(
    r"\s*(?:\(?[A-Za-z0-9.]{1,6}\)|(?:exhibit|schedule|annex|appendix)\s+\S{1,6}?)\s*[,;.)]", re.IGNORECASE
)
_SEVERAL = re.compile(r"(?:sections|articles|exhibits|schedules|clauses|paragraphs)\s+\d", re.IGNORECASE)
_SMALL = re.compile(r"\s*[\"“(\[]*[a-z]{2}")


@dataclass(frozen=True, slots=True)
class Borders:
    """Offsets that no sentence crosses: where headings begin, where lines of the page do, and the others."""

    headings: frozenset[int]
    skipped: frozenset[int]
    others: frozenset[int]


def find_borders(document: Document, text: str, tables: Mapping[int, int]) -> Borders:
    """The borders of a document's flowing text. None is within a table; `tables` has the end of each by its start."""
    clauses = {clause.span.start: clause for clause in outline(document)}
    others = {at for at in clauses if not _is_reference(text, at)}
    skipped: set[int] = set()
    rows = []
    for line in lines(document):
        if not text[line.start : line.end].strip():
            continue
        if line.noise:
            skipped.add(line.start)
            others.add(line.end)
        else:
            rows.append(line)
    others |= {edge for column in document.remarks_of("column") for edge in (column.start, column.end)}
    headings = set()
    for line in _headings(rows, text, clauses, others):
        headings.add(line.start)
        others.add(line.end)
    for start, end in tables.items():
        headings, skipped, others = (
            {at for at in each if not start < at < end} for each in (headings, skipped, others)
        )
        others |= {start, end}
    return Borders(frozenset(headings), frozenset(skipped), frozenset(others))


def _is_reference(text: str, at: int) -> bool:
    """Whether a mark at the beginning of a line belongs to the sentence above: "under Section\\n4.2 of the Lease"."""
    before = text[max(0, at - 30) : at]
    if _NEXT_ITEM.search(before):
        return False
    return bool(_REFERS.search(before) or (_REFERRED.match(text, at) and not _STOPPED.search(before)))


def _headings(rows: Sequence[Line], text: str, clauses: Mapping[int, Clause], begins: set[int]) -> Iterator[Line]:
    """The lines that are headings. `begins`: where clauses begin."""
    sizes = sorted(len(row.text.strip()) for row in rows)
    long = _LONG * sizes[int(_FULL * (len(sizes) - 1))] if sizes else 0
    above = ""  # the line above, empty where it is a heading
    for i, row in enumerate(rows):
        words = text[row.start : row.end].strip()
        below = rows[i + 1].text if i + 1 < len(rows) and rows[i + 1].start not in begins else ""
        if row.start in begins:
            above = ""
        under_way = _goes_on(above, words, long) or (_SMALL.match(below) and not _STOPPED.search(words))
        if not under_way and (is_heading(words) or _is_caption(words, clauses.get(row.start))):
            above = ""
            yield row
        else:
            above = words


def _is_caption(words: str, clause: Clause | None) -> bool:
    """Whether a clause's first line is its heading alone, in small letters: "3. Fees and payment"."""
    heading = clause.heading if clause else ""
    return bool(heading) and " ".join(without_number(words).strip(" .:-–—_").split()) == heading


def _goes_on(above: str, words: str, long: float) -> bool:
    """Whether a line of capitalised words is the next one of the sentence that the line above leaves open."""
    stop = _STOPPED.search(above)
    if not above or (stop and (words.isupper() or is_end(above[: stop.start()], stop[0], words))):
        return False
    if _UNDER_WAY.search(above) or _SMALL.match(words) or _REFERRED.match(words):
        return True
    if words.isupper() and not above.split()[-1].isupper():
        return False
    return bool(_STOPPED.search(words) or len(above) >= long)


def is_heading(line: str) -> bool:
    """Whether a line reads as a heading: short, without an end mark, every word of weight with a capital."""
    rest = without_number(line)
    if not rest or _SEVERAL.match(rest) or len(rest) > LONGEST_HEADING or _LINE_END_MARK.search(rest.rstrip(".")):
        return False
    words = words_of_weight(rest)
    return (
        bool(words) and all(w[0].isupper() for w in words) and (rest.isupper() or (len(words) <= 8 and len(line) < 60))
    )


def without_number(text: str) -> str:
    """A line without the number that it begins with."""
    return _NUMBER_FIRST.sub("", text, count=1)
