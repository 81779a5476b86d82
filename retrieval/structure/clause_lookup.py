"""Looks up the clause of the outline that a name ("Section", "8.2(b)") means where it stands.

An exhibit's "Section 3" is its own before it is the contract's, and "paragraph (c)" is an item of a clause around it.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TypeVar

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, Span
from retrieval.structure.clause_lists import TITLE_LENGTH
from retrieval.structure.clause_marks import PARTS, ordinal
from retrieval.structure.clauses import Clause, clause_at, outline

_NUMBERED = "article section clause paragraph".split()  # kinds that an article may be meant by: "Article IV" is also 4
_Key = TypeVar("_Key")
_LOOKED_THROUGH = 100_000  # characters of a clause in which a mark of its running text is sought: 30 pages
_LONGEST_MARKS = 60  # characters of "(b)(ii)(A)"


def clause_around(document: Document, at: int, kind: str) -> Clause | None:
    """The clause that "this Section" or "this Article" means: the innermost one of its kind around it."""
    clauses = outline(document)
    chain = [clauses[i] for i in _chain(document, at)]
    if kind in PARTS:
        return next((c for c in chain if c.number.lower().startswith(kind) and c.span.start > TITLE_LENGTH), None)
    if kind == "article":
        return next((c for c in reversed(chain) if not _is_part(c)), None)
    if kind == "section":
        return next((c for c in chain if not c.number.endswith(")") and not _is_part(c)), chain[0] if chain else None)
    return chain[0] if chain else None


def _chain(document: Document, at: int) -> list[int]:
    """Indexes of the clauses around an offset, the innermost first."""
    clauses, found = outline(document), []
    i = clause_at(document, at)
    while i is not None:
        found.append(i)
        i = clauses[i].parent
    return found


def _is_part(clause: Clause) -> bool:
    return clause.number.partition(" ")[0].lower() in PARTS


def find_clause(document: Document, at: int, kind: str, raw: str, inside: Clause | None) -> Clause | None:
    """The clause that a kind of place and its number name where they stand at `at`, or in the exhibit `inside`;
    None if none is.
    """
    index = _index(document)
    if kind in PARTS:
        return index.parts.get(f"{kind} {raw}".lower())
    if raw.startswith("("):
        return _below(document, at, raw)
    number, marks = re.match(r"([^(]*)(.*)", raw).groups()  # type: ignore[union-attr]
    here = inside or _part_around(document, at)
    for part in dict.fromkeys([here, None] if inside is None else [inside]):
        numbered = index.numbered.get((part, number.removesuffix(".0")))
        article = index.articles.get((part, ordinal(number))) if kind in _NUMBERED else None
        found = [clause for clause in (numbered, article) if clause]
        if not found and (first := index.first_below.get((part, number))):  # no line says 9: it begins at 9.1
            found = [first]
        if found:
            articles = kind == "article"  # which come first where articles are meant, and last where sections are
            top = min(found, key=lambda c: (c.number.startswith("Article") != articles, c.depth))
            return _marked(document, top, marks)
    return None


@dataclass(frozen=True, slots=True)
class _Index:
    """The clauses by what names them, in reading order.

    A part is an exhibit or schedule; None is the contract itself.
    """

    parts: dict[str, Clause] = field(default_factory=dict)  # the first of each number, in small letters
    numbered: dict[tuple[Clause | None, str], Clause] = field(default_factory=dict)  # the outermost; "3.0" under "3"
    articles: dict[tuple[Clause | None, int], Clause] = field(default_factory=dict)  # the outermost "Article …"
    first_below: dict[tuple[Clause | None, str], Clause] = field(default_factory=dict)  # 9.1 under "9"
    positions: dict[str, list[int]] = field(default_factory=dict)  # of each number in the outline


@document_cache(16)
def _index(document: Document) -> _Index:
    """Made once: a long contract has as many references as clauses, and each would go through all of them."""
    index = _Index()
    for i, (clause, part) in enumerate(zip(outline(document), _parts(document), strict=True)):
        number = clause.number
        index.parts.setdefault(number.lower(), clause)
        index.positions.setdefault(number, []).append(i)
        _outermost(index.numbered, (part, number.removesuffix(".0")), clause)
        word, _, value = number.partition(" ")
        if word == "Article" and (order := ordinal(value)):
            _outermost(index.articles, (part, order), clause)
        for dot in re.finditer(r"\.", number):
            index.first_below.setdefault((part, number[: dot.start()]), clause)
    return index


def _outermost(known: dict[_Key, Clause], key: _Key, clause: Clause) -> None:
    """Keep a clause under a key where none is kept that is as far out."""
    if key not in known or clause.depth < known[key].depth:
        known[key] = clause


def _marked(document: Document, clause: Clause, marks: str) -> Clause | None:
    """The clause below one under marks such as "(b)(ii)"; the one itself where its running text has them, else None."""
    deepest, rest = clause, marks
    for end in range(min(len(marks), _LONGEST_MARKS), 0, -1):
        if found := _first_inside(document, f"{clause.number}{marks[:end]}", clause.span):
            deepest, rest = found, marks[end:]
            break
    span = deepest.span
    end = min(span.end, span.start + _LOOKED_THROUGH)
    marks_below = re.findall(r"\([^)]+\)", rest)
    return deepest if all(document.text.find(mark, span.start, end) >= 0 for mark in marks_below) else None


def _first_inside(document: Document, number: str, span: Span) -> Clause | None:
    """The first clause of a number within a span."""
    clauses, positions = outline(document), _index(document).positions.get(number, [])
    at = bisect_left(positions, span.start, key=lambda i: clauses[i].span.start)
    found = clauses[positions[at]] if at < len(positions) else None
    return found if found and span.contains(found.span) else None


def _below(document: Document, at: int, marks: str) -> Clause | None:
    """What "paragraph (c)" means where it stands: an item of a clause around it, or else of the running text there."""
    around = [outline(document)[i] for i in _chain(document, at)]
    for clause in around:
        if (found := _marked(document, clause, marks)) not in (None, clause):
            return found
    here = marks[: marks.index(")") + 1]  # once it is the reference itself
    for clause in around:
        near = max(clause.span.start, at - _LOOKED_THROUGH), min(clause.span.end, at + _LOOKED_THROUGH)
        if document.text.count(here, *near) > 1:
            return clause
    return None


@document_cache(16)
def _parts(document: Document) -> tuple[Clause | None, ...]:
    """For each clause the exhibit or schedule that holds it; None for those of the contract itself."""
    held: list[Clause | None] = []
    for clause in outline(document):
        own = clause if _is_part(clause) and clause.span.start > TITLE_LENGTH else None
        held.append(own or (held[clause.parent] if clause.parent is not None else None))
    return tuple(held)


def _part_around(document: Document, at: int) -> Clause | None:
    chain = _chain(document, at)
    return _parts(document)[chain[0]] if chain else None
