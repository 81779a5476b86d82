"""Adds context to passages: what amends them or they amend, definitions of their terms, sections they are subject to.

A passage that says "subject to Section 8.2(b)" says less than that section leaves of it, and "Net Sales" is whatever
clause 1.14 makes of them. Either is small beside the passages and may decide the answer (one hop). A clause that an
amendment has deleted or changed is not what is in force: the amendment comes along, and each says what it is to the
other.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from retrieval.core.documents import Document, Span
from retrieval.search.amended_clauses import NO_CHANGES, ScopedChanges
from retrieval.search.lexical import OPENING
from retrieval.search.prompt_text import as_named
from retrieval.structure.amendment_links import Change
from retrieval.structure.amendments import ACTIONS
from retrieval.structure.clauses import Clause, outline
from retrieval.structure.cross_references import find_references
from retrieval.structure.definitions import definitions_used

_MOST_NOTES = 3  # on what one passage is to amendments
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
    """A span that a passage depends on: an amendment of it or the clause that it amends, the definition of a term, or,
    where it has neither `change` nor `term`, a section it refers to.
    """

    span: Span
    passage: Span
    term: str = ""
    change: Change | None = None
    changed_later: bool = False  # of an amendment: another one has changed its words

    def why(self, n: int) -> str:
        """What it is to the passage that has the number n, beside what `standing` says of it."""
        if self.change and self.change.restates:
            return f"in force: restates [{n}]"
        if self.change and self.change.span.document_id != self.span.document_id:
            return "changed later" if self.changed_later else "in force"
        if self.change:
            return ""
        return f"definition of “{as_named(self.term)}”" if self.term else f"referred to in [{n}]"


def extras(
    taken: Sequence[Span], document_of: Callable[[str], Document], changes: ScopedChanges = NO_CHANGES
) -> Iterator[Extra]:
    """Yields what passages depend on, amendments before the rest, and that of the first passage first.

    What is among them already is left out.
    """
    referred = (
        extra
        for span in taken
        for document in [document_of(span.document_id)]
        for extra in (*_sections(document, span), *_definitions(document, span))
    )
    return _not_among(taken, chain(_amendments(taken, changes), referred))


def amendments(taken: Sequence[Span], changes: ScopedChanges) -> Iterator[Extra]:
    """Yields what amends passages, and what those of amendments amend; what is among them already is left out."""
    return _not_among(taken, _amendments(taken, changes))


def _not_among(taken: Sequence[Span], related: Iterable[Extra]) -> Iterator[Extra]:
    spans = list(taken)
    for extra in related:
        if not any(extra.span.shared(other) for other in spans):
            spans.append(extra.span)
            yield extra


def _amendments(taken: Sequence[Span], changes: ScopedChanges) -> Iterator[Extra]:
    """What amends a passage, the last amendment first, for it is in force; and what an amendment among them amends."""
    for span in taken:
        last_first = changes.of(span)[::-1]
        for change in sorted(last_first, key=lambda each: each.target.new):  # what is only added beside it comes last
            later = changes.of(change.amendment.span)
            in_force = changes.in_force(change) if changes.may_quote(change.amendment.span) else None
            if in_force and not any(other.ends for other in later):
                yield Extra(in_force, span, change=change, changed_later=bool(later))
        for change in changes.by(span):
            if changes.may_quote(change.span):
                yield Extra(change.span, span, change=change)


def standing(span: Span, changes: ScopedChanges, number_of: Callable[[Span], int | None] = lambda _: None) -> str:
    """What a passage is to amendments: "Section 4.2 replaced by [3]", "replaces Section 4.2 of [1]".

    `number_of` gives the number of the other passage that holds a span; an amendment that is none is named by its
    document. Of an amendment whose agreement is not in the matter it says so. Without amendments empty.
    """
    notes = []
    for change in changes.of(span):
        in_force = changes.in_force(change) if change.restates else None
        n, cite = number_of(in_force or change.amendment.span), changes.cite(change)
        named = ", ".join(as_named(part) for part in (cite.document, cite.section) if part) if cite else ""
        by = f"[{n}]" if n else named
        if by:
            done = "added" if change.target.new else ACTIONS[change.amendment.action][0]
            notes.append(f"{as_named(change.target.label())} {done} by {by}")
    for change in changes.by(span):
        if n := number_of(change.span):
            notes.append(f"{ACTIONS[change.amendment.action][1]} {as_named(change.target.label())} of [{n}]")
    if (of := changes.lacking(span)) and (of.title or of.day):
        of_day = f" of {of.day:%B} {of.day.day}, {of.day.year}" if of.day else ""
        agreement = f"amends the {as_named(of.title) or 'agreement'}{of_day}"
        why = changes.apart(span)
        notes.append(
            f"says that it {agreement}, but {as_named(why)}" if why else f"{agreement}, which is not in this matter"
        )
    return "; ".join(list(dict.fromkeys(notes))[-_MOST_NOTES:])


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
    for definition in definitions_used(document, span):
        named = not definition.leads and definition.where.start < OPENING
        if not (definition.points or named or definition.term.lower() in _NAMES):
            yield Extra(definition.span, span, definition.term)
