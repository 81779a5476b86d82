"""Finds figures that a sentence bounds from the other side: "no more than ten", where its source has "no fewer"."""

from collections.abc import Iterator, Sequence

from webapp.grounding.facts import Fact, find_facts
from webapp.grounding.quantities import stated, values
from webapp.grounding.signs import AT_LEAST, AT_MOST, sign

_BOUNDS = {"at least": sign(AT_LEAST), "at most": sign(AT_MOST)}
_BEFORE = 40  # characters before a figure that bound it


def bounded_otherwise(sentence: str, texts: Sequence[str]) -> Iterator[str]:
    """Say of each figure of a sentence how the texts that bear it bound it, where all do from the other side."""
    bounded = [(fact, bound) for fact in find_facts(sentence) if (bound := _bound(sentence, fact))]
    there = [(values(fact.text), _bound(text, fact)) for text in texts if bounded for fact in find_facts(text)]
    for fact, bound in bounded:
        bounds = {other for keys, other in there if stated(fact, keys)}
        if bound not in bounds and bounds in ({"at least"}, {"at most"}):
            yield f"the clause says “{bounds.pop()}” of {fact.text}"


def _bound(text: str, fact: Fact) -> str:
    near = text[max(0, fact.start - _BEFORE) : fact.start]
    return next((name for name, words in _BOUNDS.items() if words.search(near)), "")
