"""Finds what a share is of where another clause has the amount: "0.75% of the principal amount of the Loan" is of "the
principal amount of $8,400,000 (the “Loan”)".

An amount is the base of a share where its sentence has every word of weight that the share's clause has after "of", and
no other amount.
"""

import re
from collections.abc import Sequence

from retrieval import Document, Span, own_words, units
from webapp.grounding.facts import find_facts
from webapp.grounding.operands import Quantity, quantities
from webapp.grounding.senses import content, senses
from webapp.grounding.signs import AT_MOST, sign

_BASE = re.compile(
    r"\s*(?:\([^()]{0,20}\)\s*)?of\s+(?P<base>[^.,;:()]{2,80}?)"
    r"(?=\s+(?:for|per|in|on|at|to|as|if|when|which|that|payable|paid|due|then|over|during|under|from|by|and|or|plus|is|shall"
    r"|will|until|within|after|before)\b|[.,;:()]|\Z)",
    re.IGNORECASE,
)
_REACH = 160  # characters after a share, in which what it is of stands, and before it, where it is bounded
_BOUNDS = sign(AT_MOST)
_SAYS_BOUND = sign(f"{AT_MOST} | max | maximum | highest | most | caps? | capped | ceiling | limit(?:s|ed)?")


def is_base(sentence: str, document: Document, share: Span, amount: Quantity) -> bool:
    """Whether an amount is what a share of the same document is of, and the sentence has the share's bound, if any."""
    words = _base(document, share)
    if not words or not len(amount.span) or document.id != amount.span.document_id:
        return False
    if _BOUNDS.search(_before(document, share)) and not _SAYS_BOUND.search(sentence):
        return False
    own = [unit.span for unit in units(document) if unit.span.shared(amount.span)]
    amounts = {each.value for each in quantities(document, own) if each.unit == amount.unit}
    held = senses(" ".join(own_words(document, span) for span in own))
    return amounts == {amount.value} and all(word & held for word in words)


def base_among(
    sentence: str, documents: Sequence[Document], share: Quantity, amounts: Sequence[Quantity]
) -> Quantity | None:
    """The one of some amounts that a share is of; None where there is none, or two that differ."""
    found = [
        amount
        for document in documents
        for amount in amounts
        if document.id == share.span.document_id and is_base(sentence, document, share.span, amount)
    ]
    return found[0] if len({amount.value for amount in found}) == 1 else None


def _base(document: Document, share: Span) -> list[frozenset[str]]:
    """The words of weight of what a share is of."""
    text = " ".join(document.text[share.end : share.end + _REACH].split())
    found = _BASE.match(text)
    return content(found["base"]) if found and not find_facts(found["base"]) else []


def _before(document: Document, share: Span) -> str:
    """The words of a share's sentence before it, from the figure before it on."""
    unit = next((unit.span for unit in units(document) if unit.span.shared(share)), share)
    text = document.text[max(unit.start, share.start - _REACH) : share.start]
    facts = find_facts(text)
    return text[facts[-1].end if facts else 0 :]
