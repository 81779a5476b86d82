"""Finds what a clause takes out of an amount: "$12,500 per month, except that no rent is due for the first two months".

A sum that leaves that out is not computed from the page; a condition that takes out no stated part is told with it.
"""

import re
from collections.abc import Iterator, Sequence

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
_LONGEST = 160  # characters as it is shown


def taken_out(document: Document, operand: Span, said: frozenset[Key]) -> bool:
    """Whether the clause of an operand takes a stated part out, of which a sentence with the figures `said` says
    nothing.
    """
    return any(
        any(key[0] in _KINDS for key in fact.keys) and not stated(fact, said)
        for words, takes in _exceptions(document, operand)
        if takes
        for fact in find_facts(words)
    )


def condition(document: Document, operand: Span) -> str:
    """What the sentence of an operand excepts, in its words; "" where it excepts nothing."""
    words = next((" ".join(words.split()) for words, _ in _exceptions(document, operand)), "")
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST].rsplit(' ', 1)[0]} …"


def _exceptions(document: Document, operand: Span) -> Iterator[tuple[str, bool]]:
    """What is excepted in the sentence of an operand, and in one after it; and whether it takes something out."""
    every = units(document)
    for index, unit in enumerate(every):
        if not unit.span.shared(operand):
            continue
        yield from _within(document.slice(unit.span), operand.start - unit.span.start)
        following = [document.slice(each.span) for each in every[index + 1 : index + 2]]
        yield from ((text, True) for text in following if _TAKES_BACK.match(text) and _NOTHING.search(text))


def _within(text: str, at: int) -> Iterator[tuple[str, bool]]:
    """Those of a sentence in which the operand at an offset does not stand."""
    for match in _BEGINS.finditer(text):
        ends: Sequence[int] = [found.start() for found in _ENDS.finditer(text, match.end())]
        words = text[match.start() : ends[0]]
        if not match.start() <= at < ends[0]:
            yield words, bool(match["takes"] or _NOTHING.search(words))
