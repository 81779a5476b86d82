"""Finds what is quoted with a bearing sentence: its clause whole, an item with its lead-in, and all that limits it.

A clause is what the outline has as one: a section with its items, or an item below the words that lead in to it. Of one
that is too long to be shown whole, whole sentences are: its lead-in, those around the bearing one, the items that this
one leads in to, and those that limit ("in no event", "notwithstanding", "the foregoing does not apply").
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from retrieval import (
    Clause,
    Document,
    Exchange,
    Span,
    clause_at,
    exchange_at,
    find_tables,
    is_of_note,
    outline,
    own_words,
    sentences,
    signatures_behind,
)

LONGEST = 1_200  # characters of a clause that is quoted whole
_AROUND = 700  # characters of a longer one, of the sentences around the bearing one
_MOST_ITEMS = 4_000  # characters of the items of a lead-in; a list that goes on ends at an item
_MOST_LIMITS = 1_200  # characters of what limits, beside these
_LONGEST_HEAD = 150  # characters of a clause's number and heading
_LONGEST_LEAD_IN = 500  # characters; of longer words above items the last sentence leads in to them
_HOLDERS = ("part", "title", "chapter", "article")
_ENDS = re.compile(r"[.?!][\"”’)\]]*\Z")
_NUMBER = re.compile(
    r"\W*(?:(?:section|article|clause|paragraph)\s+)?(?:\d+(?:\.\d+)*|[A-Za-z]{1,4}(?=[.)]))?[.)\s]*", re.IGNORECASE
)
_STATES = re.compile(  # a subject and its verb, before anything that is said of it
    r"\W*\w{1,5}[.)]\s+(?:(?!(?:that|which|who|whom|whose|if|unless|where|when|to|provided)\b)[\w’'-]+\s+){1,6}?"
    r"(?:is|are|was|were|has|have|shall|will|may|must|can|cannot|should|would|does|do|needs?|agrees?|pays?)\b",
    re.IGNORECASE,
)
_PROVISO = re.compile(r"\b(?:provided|in (?:each|any|either) case|foregoing|except|however)\b", re.IGNORECASE)
_CLOSES = re.compile(
    r"^[\W_]*(?:in\s+(?:witness|evidence|testimony)\s+whereof|as\s+witness|\[?signature\s+page|executed\s+as\s+a\s+deed"
    r"|by\s*:|/?s/)|(?<=[.!?][\n\f])\s*_{5,}[ \t]*$"
    r"|(?-i:^[ \t]*(?:SIGNED|Signed|SIGNATURES?|Signatures?|EXECUTED|Executed)[ \t]*(?::[^\n]*)?$)"
    r"|(?-i:^[ \t]*(?:SIGNED|Signed|EXECUTED|Executed)\s+(?:and|as|at|by|for|in|on)\b[^.;\n]{2,120}[.:]?[ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
_MOST_SEARCHED = 6_000  # characters of a clause that is searched for limits; a longer one has several subjects
_LIMITS = re.compile(
    r"(?:notwithstanding|however|provided|except|in no (?:event|case|circumstances?)|under no|nothing (?:in|contained)"
    r"|the (?:foregoing|limitations?|exclusions?|restrictions?|preceding)|unless|subject to|but\b|only\b"
    r"|this (?:sub)?(?:section|clause|paragraph|article)\b.{0,40}?\b(?:not|only)\b"
    r"|(?:sub)?(?:section|clause|paragraph)s? [\d.()a-z]+\b.{0,40}?\b(?:not|only)\b"
    r"|.{0,120}?\b(?:not|never)\b.{0,40}?\bexceed)",
    re.IGNORECASE,
)


def whole_clauses(document: Document, bearing: Sequence[Span]) -> tuple[Span, ...]:
    """The spans to quote with bearing sentences, in page order; what lies between two of them is left out."""
    return _joined(document, (part for sentence in bearing for part in _whole_clause(document, sentence)))


def _whole_clause(document: Document, bearing: Span) -> list[Span]:
    if exchange := exchange_at(document, bearing.start):
        return _of_testimony(document, exchange, bearing)
    if is_of_note(document, bearing):
        return [bearing]
    lineage = _lineage(document, bearing)
    fitting = [each for each in lineage if each.index is not None and len(each.words) <= LONGEST]
    rows = next((rows for rows in find_tables(document) if _span(document, rows).contains(bearing)), ())
    if rows and (not fitting or document.remarks_in(bearing, "row")):
        return _of_table(document, rows, bearing)
    if fitting and fitting[0] is lineage[0] and _is_alone(document, lineage[0], bearing):
        fitting = fitting[:1]
    parts = [_beside_rows(document, fitting[-1].words, bearing)] if fitting else _of_long(document, lineage[0], bearing)
    begun = lineage.index(fitting[-1]) + 1 if fitting else 1
    parts += [_lead_in(document, each) for each in lineage[begun:]]
    return [*parts, *_limits(document, lineage, parts)]


def _beside_rows(document: Document, words: Span, bearing: Span) -> Span:
    """The words of a clause around a sentence, up to the rows of a table before it and after it."""
    rows = document.remarks_in(words, "row")
    start = max((row.end for row in rows if row.end <= bearing.start), default=words.start)
    end = min((row.start for row in rows if row.start >= bearing.end), default=words.end)
    return document.stripped(document.span(start, end))


@dataclass(frozen=True, slots=True)
class _Unit:
    """A stretch that is quoted as one: a clause of the outline with its position, or words that are of none."""

    words: Span
    index: int | None = None


def _lineage(document: Document, bearing: Span) -> list[_Unit]:
    """The clause that holds a sentence, and those above of which it is a part, as an item or below their lead-in."""
    clauses, index = outline(document), clause_at(document, bearing.start)
    if index is None:
        end = clauses[0].span.start if clauses else len(document.text)
        return [_Unit(_until_close(document, document.span(0, max(end, bearing.end)), bearing))]
    lineage = [_Unit(_until_close(document, clauses[index].span, bearing), index)]
    while (parent := clauses[index].parent) is not None and clauses[parent].kind not in _HOLDERS:
        if not (_is_item(clauses[index]) or _leads_in(own_words(document, _own(document, parent)), clauses[parent])):
            break
        lineage.append(_Unit(_until_close(document, clauses[parent].span, bearing), parent))
        index = parent
    return lineage


def _is_alone(document: Document, unit: _Unit, bearing: Span) -> bool:
    """Whether a sentence is all of an item and says something without those beside it: "(ii) no Trustee is required to
    advance its own funds". An item that only completes its lead-in does not, nor one of a list that has a proviso.
    """
    clauses = outline(document)
    if unit.index is None or not _is_item(clauses[unit.index]):
        return False
    beside = (own_words(document, clause.span) for clause in clauses if clause.parent == clauses[unit.index].parent)
    rest = own_words(document, document.span(bearing.end, max(bearing.end, unit.words.end)))
    return not rest and bool(_STATES.match(own_words(document, unit.words))) and not any(map(_PROVISO.search, beside))


def _is_item(clause: Clause) -> bool:
    return clause.kind.startswith(("paren", "letter-", "(1)")) and not clause.heading


def _leads_in(words: str, clause: Clause) -> bool:
    """Whether the words of a clause above its items are no sentence without these; a heading is none at all."""
    said = words[words.find(clause.heading) + len(clause.heading) :] if clause.heading else _NUMBER.sub("", words, 1)
    return bool(said.strip(" .:;–—-")) and not _ENDS.search(words)


def _own(document: Document, index: int) -> Span:
    """The words of a clause above the first one below it."""
    clauses = outline(document)
    below = index + 1 < len(clauses) and clauses[index + 1].parent == index
    span = clauses[index].span
    return document.stripped(document.span(span.start, clauses[index + 1].span.start if below else span.end))


def _until_close(document: Document, span: Span, bearing: Span) -> Span:
    """A span without what closes the contract and ends its last clause in the outline: signatures, with what is before
    them for words behind them.
    """
    behind = signatures_behind(document, clause_at(document, bearing.start))
    signed = [block for block in behind if span.contains(block) and not block.shared(bearing)]
    start = max((block.end for block in signed if block.end <= bearing.start), default=span.start)
    end = min((block.start for block in signed if block.start >= bearing.end), default=span.end)
    close = _CLOSES.search(document.text, bearing.end, end)
    return document.stripped(document.span(start, close.start() if close else end))


def _of_long(document: Document, unit: _Unit, bearing: Span) -> list[Span]:
    """Whole sentences of a clause that is too long: those around the bearing one, and the items it leads in to."""
    own = unit.words if unit.index is None else _own(document, unit.index)
    own = document.span(own.start, min(own.end, unit.words.end))
    parts = [_around(document, _beside_rows(document, own, bearing), bearing)]
    if unit.index is not None and own.end < unit.words.end and parts[0].end >= own.end:
        items = [c.span for c in outline(document) if c.parent == unit.index]
        end = max((item.end for item in items if item.end - own.end <= _MOST_ITEMS), default=own.end)
        parts.append(document.stripped(document.span(own.end, min(end, unit.words.end))))
    return parts


def _around(document: Document, within: Span, bearing: Span) -> Span:
    """The bearing sentence with as many whole sentences of a stretch after it, then before it, as there is room for."""
    every = list(_sentences(document, within))
    first = last = next((i for i, sentence in enumerate(every) if sentence.shared(bearing)), -1)
    if first < 0:
        return bearing

    def are_next(i: int) -> bool:
        """Whether a sentence and the one after it have no other words between them, such as a heading's."""
        return not own_words(document, document.span(every[i].end, every[i + 1].start))

    room = max(_AROUND, len(bearing))
    while last + 1 < len(every) and are_next(last) and every[last + 1].end - every[first].start <= room:
        last += 1
    while first > 0 and are_next(first - 1) and every[last].end - every[first - 1].start <= room:
        first -= 1
    opens = first == 0 and every[0].start - within.start <= _LONGEST_HEAD
    return document.span(within.start if opens else every[first].start, every[last].end)


def _sentences(document: Document, within: Span) -> Iterator[Span]:
    """The sentences of a stretch."""
    every = sentences(document)
    first, last = (bisect_left(every, at, key=lambda s: s.start) for at in (within.start, within.end))
    return (sentence for sentence in every[first:last] if sentence.end <= within.end)


def _lead_in(document: Document, unit: _Unit) -> Span:
    """What leads in to the items of a clause: its heading and words above them, or the last sentence of many."""
    own = unit.words if unit.index is None else _own(document, unit.index)
    if len(own) <= _LONGEST_LEAD_IN:
        return own
    last = next(reversed(list(_sentences(document, own))), own)
    return document.span(last.start, own.end)


def _limits(document: Document, lineage: Sequence[_Unit], parts: Sequence[Span]) -> list[Span]:
    """The sentences that limit what is quoted of a clause and are not quoted with it: those of its own, those below
    the last of its items, and those of it and of the clauses beside it that name it.
    """
    inner, outer = lineage[0], lineage[-1]
    if inner.index is None or outer.index is None or len(outer.words) > _MOST_SEARCHED:
        return []
    clauses = outline(document)
    parent = clauses[outer.index].parent
    beside = [c.span for i, c in enumerate(clauses) if c.parent == parent and i != outer.index]
    named = _reference_to([clauses[unit.index] for unit in lineage if unit.index is not None])
    last = _last_item(document, outer)
    room, found = _MOST_LIMITS, list[Span]()
    for stretch in (outer.words, *beside):
        for sentence in _sentences(document, stretch):
            words = _NUMBER.sub("", own_words(document, sentence), count=1)
            if any(part.shared(sentence) for part in parts) or not _LIMITS.match(words) or len(sentence) > room:
                continue
            if any(each.contains(sentence) for each in (inner.words, last)) or named.search(words):
                limits = stretch if stretch is not outer.words and len(stretch) <= _LONGEST_LEAD_IN else sentence
                room -= len(limits)
                found.append(document.stripped(limits))
    return found


def _reference_to(clauses: Iterable[Clause]) -> re.Pattern[str]:
    names = "|".join(re.escape(name) for clause in clauses for name in (clause.local, clause.number))
    nouns = r"(?:sections?|clauses?|paragraphs?|articles?|items?|§)"
    return re.compile(rf"{nouns}\s*(?:{names})(?![\d(]|\.\d)", re.IGNORECASE)


def _last_item(document: Document, unit: _Unit) -> Span:
    """What stands in the last item of a clause after its first sentence: it may be of the clause, below its items."""
    clauses = outline(document)
    items = [c.span for c in clauses if c.parent == unit.index]
    every = list(_sentences(document, items[-1])) if items else []
    return document.span(every[0].end, max(every[0].end, unit.words.end)) if every else document.span(0, 0)


def _of_testimony(document: Document, exchange: Exchange, bearing: Span) -> list[Span]:
    """A question and its answer, whole; of a long answer the words around those that bear."""
    if len(exchange.span) <= LONGEST:
        return [exchange.span]
    question = document.stripped(document.span(exchange.span.start, exchange.answer))
    start = max(exchange.answer, bearing.start if bearing.start > exchange.span.start else 0)
    end = min(exchange.span.end, start + _AROUND)
    return [question, document.stripped(document.span(start, end))]


def _of_table(document: Document, rows: Sequence[Span], bearing: Span) -> list[Span]:
    """The heads of the columns and the row that bears; a table whole where its rows are only guessed, or all bear."""
    if bearing in rows and (remarks := document.remarks_in(bearing, "row")):
        return [*(rows[:1] if remarks[0].words else ()), bearing]
    if len(table := _span(document, rows)) <= LONGEST:
        return [table]
    return [rows[0], *(row for row in rows if row.shared(bearing))]


def _span(document: Document, rows: Sequence[Span]) -> Span:
    return document.span(rows[0].start, rows[-1].end)


def _joined(document: Document, parts: Iterable[Span]) -> tuple[Span, ...]:
    """Parts in page order; those with nothing but white space or running lines between them are one."""
    joined: list[Span] = []
    for part in sorted(part for part in parts if len(part)):
        if joined and (
            part.start <= joined[-1].end or not own_words(document, document.span(joined[-1].end, part.start))
        ):
            joined[-1] = document.span(joined[-1].start, max(joined[-1].end, part.end))
        else:
            joined.append(part)
    return tuple(joined)
