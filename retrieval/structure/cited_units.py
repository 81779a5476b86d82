"""Divides a document into the units that are cited apart: a section with its items, its small neighbours below one
section together, the words before the first.

A passage of the prompt holds no more than one of them, so that its number pins a clause.
"""

from bisect import bisect_left, bisect_right
from dataclasses import replace
from itertools import pairwise

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, Span
from retrieval.structure.clauses import Clause, clause_at, outline, section_at

_TOGETHER = 600  # characters; subsections that are shorter together are one unit
_ONLY_A_HEADING = 120  # characters before the first clause below one that say no more than its heading
_HOLDERS = ("part", "title", "chapter", "article")
_MOST_LEVELS = 2  # 8 and 8.2 are cited apart, 8.2.1 and (a) are not


def units_of(document: Document, span: Span) -> list[Span]:
    """The parts of a span that lie in different units, in order."""
    starts = _starts(document)
    inside = starts[bisect_right(starts, span.start) : bisect_left(starts, span.end)]
    parts = [replace(span, start=a, end=b) for a, b in pairwise((span.start, *inside, span.end))]
    return [part for part in parts if document.slice(part).strip()] or [span]


def unit_cited(document: Document, span: Span, at: int) -> str:
    """The section of a unit's words from `at` on: "Section 8.2 (Price)", or "Sections 8.2–8.4" of small neighbours."""
    clauses = outline(document)
    first, last = clause_at(document, at), clause_at(document, span.end - 1)
    if first is None or last is None:
        return section_at(document, at)
    while (parent := clauses[last].parent) is not None and clauses[parent].span.start >= at and parent > first:
        last = parent
    if clauses[last].span.start < clauses[first].span.end:
        return section_at(document, at)
    one, other = clauses[first].label(), clauses[last].label()
    if one.startswith("Section ") and other.startswith("Section "):
        return f"Sections {clauses[first].number}–{clauses[last].number}"
    return f"{one} to {other}"


@document_cache()
def _starts(document: Document) -> tuple[int, ...]:
    """Where the units begin."""
    clauses = outline(document)
    levels: list[int] = []
    for clause in clauses:
        above = levels[clause.parent] if clause.parent is not None else 0
        levels.append(above + (clause.kind not in _HOLDERS))
    apart = [i for i, clause in enumerate(clauses) if levels[i] <= _MOST_LEVELS and _is_apart(clauses, clause)]
    ends = [clauses[i].span.start for i in apart[1:]] + [len(document.text)]
    found: list[int] = []
    for before, i, end in zip([None, *apart], apart, ends, strict=False):
        clause = clauses[i]
        if before is not None:
            only_heading = clause.span.start - clauses[before].span.start <= _ONLY_A_HEADING
            below = clause.parent == before and only_heading
            small = levels[i] > 1 and clauses[before].parent == clause.parent and end - found[-1] <= _TOGETHER
            if below or small:
                continue
        found.append(clause.span.start)
    return tuple(found)


def _is_apart(clauses: tuple[Clause, ...], clause: Clause) -> bool:
    """Whether a clause is a section, and not an item of one."""
    return clause.kind in ("number", "lettered", *_HOLDERS) or (
        clause.parent is None or clauses[clause.parent].kind in _HOLDERS
    )
