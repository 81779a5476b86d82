"""Tells where the clause that bears on a question has a blank in place of what is asked: "a deposit of £____"."""

from collections.abc import Sequence

from retrieval import asked_values
from webapp.answers.key_language import KeySentence
from webapp.core.errors import ValueBlank

_MOST = 3  # places that are named


def left_blank(questions: Sequence[str], clauses: Sequence[KeySentence]) -> ValueBlank | None:
    """Where the sentences that bear on questions have a blank for the kind of value that is asked; None if they have
    none.
    """
    for kind in (kind for question in questions for kind in asked_values(question)):
        blanks = [(clause, blank) for clause in clauses if (blank := kind.blank_in(clause.bearing_words))]
        if blanks:
            how = blanks[0][1]
            places = [_place(clause) for clause, blank in blanks if blank == how][:_MOST]
            value = f"An {kind.name}" if kind.name[0] in "aeiou" else f"A {kind.name}"
            return ValueBlank(value=value, how=how, places="; ".join(places))
    return None


def _place(clause: KeySentence) -> str:
    return ", ".join(part for part in (clause.document, clause.section) if part)
