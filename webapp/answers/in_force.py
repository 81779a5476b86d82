"""Tells what is in force: the amending clauses of what an answer quotes, and their words before those they change."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from retrieval import Document, PinCite, ScopedChanges, Span
from webapp.answers.key_language import KeySentence


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendingClause(PinCite):
    """Pin cite of a clause that amends another, and its action: "deleted", "words_exchanged" and so on."""

    action: str


def amending_clauses(spans: Iterable[Span], changes: ScopedChanges) -> dict[Span, tuple[AmendingClause, ...]]:
    """For each span that an amendment changes the clauses that do, in their order.

    What only adds a clause beside it changes none of its words.
    """
    found: dict[Span, tuple[AmendingClause, ...]] = {}
    for span in dict.fromkeys(spans):
        cited = [(c.amendment.action, changes.cite(c)) for c in changes.of(span) if not c.target.new]
        clauses = [AmendingClause(**cite.where(), action=action) for action, cite in cited if cite]
        if clauses:
            found[span] = tuple(dict.fromkeys(clauses))
    return found


def with_amendments(
    keys: Sequence[KeySentence], changes: ScopedChanges, document_of: Callable[[str], Document]
) -> tuple[KeySentence, ...]:
    """Key language with what is in force first: before each clause the amendments that change it.

    Those of documents that the question is not put to are not quoted.
    """
    ordered: list[KeySentence] = []
    for key in keys:
        for change in reversed(changes.of(key.span)):
            span = changes.in_force(change) if changes.may_quote(change.amendment.span) else None
            outdated = any(later.ends for later in changes.of(change.amendment.span))
            if span is None or outdated or change.target.new:
                continue
            known = [each for each in (*ordered, *keys) if each.span.shared(span)]
            words = KeySentence.of(document_of(span.document_id), span)
            ordered += [each for each in known or [words] if each not in ordered]
        if key not in ordered:
            ordered.append(key)
    return tuple(ordered)
