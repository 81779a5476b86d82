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
_CONTAINERS, _SECTIONS = ("part", "title", "chapter"), ("number", "article", "lettered")
_LOOKED_THROUGH = 100_000  # characters of a clause in which a mark of its running text is sought: 30 pages
_LONGEST_MARKS = 60  # characters of "(b)(ii)(A)"


def clause_around(document: Document, at: int, kind: str) -> Clause | None:
    """The clause that "this Section" or "this Article" means: the innermost one of its kind around it."""
    clauses = outline(document)
    chain = [clauses[i] for i in _chain(document, at)]
    if kind in PARTS:
        return next((c for c in chain if c.local.lower().startswith(kind) and c.span.start > TITLE_LENGTH), None)
    if kind == "article":
        outermost = next((c for c in reversed(chain) if c.kind not in _CONTAINERS), None)
        return next((c for c in chain if c.kind == "article"), outermost)
    if kind == "section":
        numbered = (c for c in chain if c.kind in _SECTIONS and c.local.partition("(")[0] == c.local)
        return next(numbered, chain[0] if chain else None)
    return chain[0] if chain else None


def _chain(document: Document, at: int) -> list[int]:
    """Indexes of the clauses around an offset, the innermost first."""
    clauses, found = outline(document), []
    i = clause_at(document, at)
    while i is not None:
        found.append(i)
        i = clauses[i].parent
    return found


def find_clause(document: Document, at: int, kind: str, raw: str, inside: Clause | None) -> Clause | None:
    """The clause that a kind of place and its number name where they stand at `at`, or in the exhibit `inside`;
    None if none is.
    """
    index = _index(document)
    chain = [outline(document)[i] for i in _chain(document, at)]
    around: list[Clause | None] = [c for c in chain if c.kind in (*_CONTAINERS, "article")]
    if kind in PARTS:
        return next((part for c in (*around, None) if (part := index.parts.get((c, f"{kind} {raw}".lower())))), None)
    if raw.startswith("("):
        return _below(document, at, raw)
    number, marks = re.match(r"([^(]*)(.*)", raw).groups()  # type: ignore[union-attr]
    for root in [*around, None] if inside is None else [inside]:
        numbered = index.numbered.get((root, number.removesuffix(".0")))
        article = index.articles.get((root, ordinal(number))) if kind in _NUMBERED else None
        found = [clause for clause in (numbered, article) if clause]
        if not found and (first := index.first_below.get((root, number))):  # no line says 9: it begins at 9.1
            found = [first]
        if found:
            articles = kind == "article"  # which come first where articles are meant, and last where sections are
            top = min(found, key=lambda c: (c.kind == "article") != articles)
            return _marked(document, top, marks)
    return None


@dataclass(frozen=True, slots=True)
class _Index:
    """The clauses by what names them, in reading order, and by the clause whose numbering that is (`Clause.root`).

    None is the contract's own numbering; the sections of an article that begin at 1 are found in the article, too.
    """

    parts: dict[tuple[Clause | None, str], Clause] = field(default_factory=dict)  # the first, in small letters
    numbered: dict[tuple[Clause | None, str], Clause] = field(default_factory=dict)  # the outermost; "3.0" under "3"
    articles: dict[tuple[Clause | None, int], Clause] = field(default_factory=dict)  # the outermost "Article …"
    first_below: dict[tuple[Clause | None, str], Clause] = field(default_factory=dict)  # 9.1 under "9"
    positions: dict[str, list[int]] = field(default_factory=dict)  # of each number in the outline


@document_cache()
def _index(document: Document) -> _Index:
    """Made once: a long contract has as many references as clauses, and each would go through all of them."""
    index, clauses = _Index(), outline(document)
    for i, clause in enumerate(clauses):
        root = clauses[clause.root] if clause.root is not None else None
        parent = clauses[clause.parent] if clause.parent is not None else None
        number = clause.local
        index.positions.setdefault(number, []).append(i)
        if clause.kind == "part":
            for at in (root, None):
                index.parts.setdefault((at, number.lower()), clause)
        _outermost(index.numbered, (root, number.removesuffix(".0")), clause)
        if parent and parent.kind == "article" and number.startswith(f"{parent.local}("):  # "paragraph 2" in Article 3
            _outermost(index.numbered, (parent, number[len(parent.local) + 1 : -1]), clause)
        if clause.kind == "article" and (order := ordinal(number.partition(" ")[2])):
            _outermost(index.articles, (root, order), clause)
        for dot in re.finditer(r"\.", number):
            index.first_below.setdefault((root, number[: dot.start()]), clause)
    return index


def _outermost(known: dict[_Key, Clause], key: _Key, clause: Clause) -> None:
    """Keep a clause under a key where none is kept that is as far out."""
    if key not in known or clause.depth < known[key].depth:
        known[key] = clause


def _marked(document: Document, clause: Clause, marks: str) -> Clause | None:
    """The clause below one under marks such as "(b)(ii)"; the one itself where its running text has them, else None."""
    deepest, rest = clause, marks
    for end in range(min(len(marks), _LONGEST_MARKS), 0, -1):
        if found := _first_inside(document, f"{clause.local}{marks[:end]}", clause.span):
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
