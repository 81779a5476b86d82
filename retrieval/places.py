"""From the name of a place ("Section", "8.2(b)") to the clause of the outline that it names, read from where it stands.

An exhibit's "Section 3" is its own before it is the contract's, and "paragraph (c)" is an item of a clause around it.
"""

import re
from functools import lru_cache

from retrieval.clauses import Clause, clause_at, ordinal, outline
from retrieval.documents import Document

PARTS = "exhibit schedule appendix annex annexure attachment addendum".split()
_TITLE = 600  # characters; an exhibit that begins in them is the filing's, not the contract's


def clause_around(document: Document, at: int, kind: str) -> Clause | None:
    """The clause that "this Section" or "this Article" means: the innermost one of its kind around it."""
    clauses = outline(document)
    chain = [clauses[i] for i in _chain(document, at)]
    if kind in PARTS:
        return next((c for c in chain if c.number.lower().startswith(kind) and c.span.start > _TITLE), None)
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
    """The clause that a kind of place and its number name where they stand at `at`, or in the exhibit `inside`; None if none is."""
    clauses = outline(document)
    if kind in PARTS:
        wanted = f"{kind} {raw}".lower()
        return next((c for c in clauses if c.number.lower() == wanted), None)
    if raw.startswith("("):
        return _below(document, at, raw)
    number, marks = re.match(r"([^(]*)(.*)", raw).groups()  # type: ignore[union-attr]
    here = inside or _part_around(document, at)
    for part in dict.fromkeys([here, None] if inside is None else [inside]):
        own = [c for i, c in enumerate(clauses) if _parts(document)[i] == part]
        found = [c for c in own if _same(c.number, number, kind)]
        found = found or [c for c in own if c.number.startswith(f"{number}.")][:1]  # no line says 9: it begins at 9.1
        if found:
            articles = kind == "article"  # which come first where articles are meant, and last where sections are
            top = min(found, key=lambda c: (c.number.startswith("Article") != articles, c.depth))
            return _marked(document, top, marks)
    return None


def _same(number: str, wanted: str, kind: str) -> bool:
    """Whether a clause has the number that is wanted: "Article IV" is also Article 4, and "3.0" is Section 3."""
    if number.removesuffix(".0") == wanted.removesuffix(".0"):
        return True
    word, _, value = number.partition(" ")
    return (
        word == "Article"
        and kind in ("article", "section", "clause", "paragraph")
        and ordinal(value) == (ordinal(wanted) or -1)
    )


def _marked(document: Document, clause: Clause, marks: str) -> Clause | None:
    """The clause below one under marks such as "(b)(ii)"; the one itself where its running text has them, else None."""
    deepest, rest = clause, marks
    below = {c.number: c for c in reversed(outline(document)) if clause.span.contains(c.span)}
    for end in range(len(marks), 0, -1):
        if found := below.get(f"{clause.number}{marks[:end]}"):
            deepest, rest = found, marks[end:]
            break
    held = document.slice(deepest.span)
    return deepest if all(mark in held for mark in re.findall(r"\([^)]+\)", rest)) else None


def _below(document: Document, at: int, marks: str) -> Clause | None:
    """What "paragraph (c)" means where it stands: an item of a clause around it, or else of the running text there."""
    around = [outline(document)[i] for i in _chain(document, at)]
    for clause in around:
        if (found := _marked(document, clause, marks)) not in (None, clause):
            return found
    here = marks[: marks.index(")") + 1]  # once it is the reference itself
    return next((clause for clause in around if document.slice(clause.span).count(here) > 1), None)


@lru_cache(maxsize=16)
def _parts(document: Document) -> tuple[Clause | None, ...]:
    """For each clause the exhibit or schedule that holds it; None for those of the contract itself."""
    held: list[Clause | None] = []
    for clause in outline(document):
        own = clause if _is_part(clause) and clause.span.start > _TITLE else None
        held.append(own or (held[clause.parent] if clause.parent is not None else None))
    return tuple(held)


def _part_around(document: Document, at: int) -> Clause | None:
    chain = _chain(document, at)
    return _parts(document)[chain[0]] if chain else None
