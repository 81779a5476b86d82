"""Finds what a clause takes out of an amount: "$12,500 per month, except that no rent is due for the first two months".

A sum that leaves that out is not computed from the page; a condition that takes out no stated part is told with it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from retrieval import Document, Span, units
from webapp.grounding.facts import Key, find_facts
from webapp.grounding.quantities import stated
from webapp.grounding.signs import EXCEPTS, phrases

_BEGINS = re.compile(
    f"(?P<takes>{phrases(EXCEPTS)})|{phrases('unless | subject to | provided,? (?:that|however)')}", re.IGNORECASE
)
_ENDS = re.compile(r"[;.](?=\s|\Z)|,(?=\s+(?:the|this|such|each|[A-Z]\w+)\s)|\Z")
# A condition that takes something out all the same; and a sentence that does so to the one before it.
_NOTHING = re.compile(r"\b(?:no|not|nor|without|free|waived?|abated?|reduced|halved|half)\b", re.IGNORECASE)
_TAKES_BACK = re.compile(
    r"\s*(?:\(?\w{1,3}[.)]\s+)?(?:however|notwithstanding|except|provided|the\s+foregoing|but)\b|\s*no\s+(?!later\b|more\b|less\b)\w+",
    re.IGNORECASE,
)
_KINDS = ("period", "count", "amount", "share", "ordinal", "date", "month")


@dataclass(frozen=True, slots=True)
class Excepted:
    """What a clause excepts, in its words; `takes` is False of a condition that takes nothing out."""

    words: str
    takes: bool

    def is_passed_over(self, said: frozenset[Key]) -> bool:
        """Whether it takes a stated part out, of which a sentence with the figures `said` says nothing."""
        return self.takes and any(
            any(key[0] in _KINDS for key in fact.keys) and not stated(fact, said) for fact in find_facts(self.words)
        )


def exceptions(document: Document, operand: Span) -> Iterator[Excepted]:
    """What is excepted in the sentence of an operand, and in one after it."""
    every = units(document)
    for index, unit in enumerate(every):
        if not unit.span.shared(operand):
            continue
        yield from _within(document.slice(unit.span), operand.start - unit.span.start)
        following = [document.slice(each.span) for each in every[index + 1 : index + 2]]
        yield from (
            Excepted(text, takes=True) for text in following if _TAKES_BACK.match(text) and _NOTHING.search(text)
        )


def _within(text: str, at: int) -> Iterator[Excepted]:
    """Those of a sentence in which the operand at an offset does not stand."""
    for match in _BEGINS.finditer(text):
        end = next(_ENDS.finditer(text, match.end())).start()  # the end of the text is one
        words = text[match.start() : end]
        if not match.start() <= at < end:
            yield Excepted(words, takes=bool(match["takes"] or _NOTHING.search(words)))
