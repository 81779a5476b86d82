"""Calculates dates and amounts that a sentence states and its source does not: date ± period, sums, shares of amounts.

A result is computed only from operands that the sentence names and its sources state, or that stand in the clause that
bears it. Business days are not counted: no document has their holidays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from retrieval import Document, DocumentDate, Span


@dataclass(frozen=True, slots=True)
class Source:
    """What a sentence cites of one document.

    `spans` are its passages, `bearing` the clause or the rows that bear the sentence, `dates` the document's own.
    """

    document: Document
    spans: tuple[Span, ...]
    bearing: tuple[Span, ...]
    dates: tuple[DocumentDate, ...] = ()


@dataclass(frozen=True, slots=True)
class Computation:
    """A calculation as it is shown, "March 1, 2020 + 18 months = September 1, 2021", and the rule that it counts by.

    `operands` are where its values stand, `result` is the value; `derived` are the facts of the sentence that it
    explains, as written.
    """

    text: str
    operands: tuple[Span, ...]
    result: str
    rule: str
    derived: tuple[str, ...]


def compute(sentence: str, sources: Sequence[Source]) -> Computation | None:
    """Derive the facts of a sentence that its sources do not state; None unless every one of a calculation's operands
    is named by the sentence or stands in the bearing clause.
    """
    return None


def not_computed(sentence: str, sources: Sequence[Source]) -> str:
    """Why a date or sum of the sentence was not computed, in words for its reader ("business days are not counted");
    empty where nothing is to be said.
    """
    return ""
