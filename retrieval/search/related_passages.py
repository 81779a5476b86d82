"""Adds context to passages: definitions of the terms they use and the sections they are subject to (one hop).

A passage that says "subject to Section 8.2(b)" says less than that section leaves of it, and "Net Sales" is whatever
clause 1.14 makes of them. Either is small beside the passages and may decide the answer.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from retrieval.core.documents import Document, Span
from retrieval.search.lexical import OPENING
from retrieval.search.prompt_text import as_named
from retrieval.structure.clauses import Clause, outline
from retrieval.structure.cross_references import find_references
from retrieval.structure.definitions import used

_NAMES = frozenset("agreement contract lease party parties".split())
_BEFORE = 60  # characters before a reference in which the words stand that make it one the passage depends on
_DEPENDS = re.compile(
    r"\b(?:subject\s+to|notwithstanding|except(?:\s+(?:as|to\s+the\s+extent|for))?|other\s+than|limit(?:ed|ations?)"
    r"|as\s+(?:\w+\s+)?(?:set\s+forth"
    r"|set\s+out|provided|specified|defined|described|permitted|required)|conditions?)\b[^.;]*\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Extra:
    """A span that a passage depends on: the definition of a term, or, where `term` is empty, a section it refers to."""

    span: Span
    passage: Span
    term: str = ""

    def why(self, n: int) -> str:
        """What it is to the passage that has the number n."""
        return f"definition of “{as_named(self.term)}”" if self.term else f"referred to in [{n}]"


def extras(taken: Sequence[Span], document_of: Callable[[str], Document]) -> Iterator[Extra]:
    """Yields what passages depend on, that of the first passage first; what is among them already is left out."""
    spans: list[Span] = []
    for span in taken:
        document = document_of(span.document_id)
        for extra in (*_sections(document, span), *_definitions(document, span)):
            if not any(extra.span.shared(other) for other in (*taken, *spans)):
                spans.append(extra.span)
                yield extra


def _sections(document: Document, span: Span) -> Iterator[Extra]:
    references = find_references(document)
    for reference in references[bisect_left(references, span.start, key=lambda r: r.span.start) :]:
        if reference.span.start >= span.end:
            return
        before = document.text[max(span.start, reference.span.start - _BEFORE) : reference.span.start]
        if reference.target and _DEPENDS.search(before):
            yield Extra(_opening(document, reference.target), span)


def _opening(document: Document, clause: Clause) -> Span:
    """A clause without those below it, unless nothing but its heading stands before them."""
    clauses = outline(document)
    at = bisect_left(clauses, clause.span.start, key=lambda c: c.span.start)
    below = next((c for c in clauses[at + 1 : at + 2] if clause.span.contains(c.span)), None)
    own = document.text[clause.span.start : below.span.start] if below else ""
    if below and len(own.split()) > len(clause.heading.split()) + 8:
        return document.span(clause.span.start, below.span.start)
    return clause.span


def _definitions(document: Document, span: Span) -> Iterator[Extra]:
    """Definitions that say what a term means; names of the parties and of the contract, in its opening, do not."""
    for definition in used(document, span):
        named = not definition.leads and definition.where.start < OPENING
        if not (definition.points or named or definition.term.lower() in _NAMES):
            yield Extra(definition.span, span, definition.term)
