"""Compares words by their stems and by sense: "ends" and "termination" share one, "the" has none."""

import re
from functools import cache, lru_cache

from retrieval import stems_of
from webapp.grounding.signs import SAME

WORD = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)?|\d+(?:[.,]\d+)*")


def content(text: str) -> list[frozenset[str]]:
    """The labels of each word of weight of a text, in order."""
    return [word for match in WORD.finditer(text) if (word := labels(match[0]))]


def senses(text: str) -> frozenset[str]:
    """The labels of all words of a text."""
    return frozenset().union(*content(text))


@lru_cache(maxsize=50_000)
def labels(word: str) -> frozenset[str]:
    """What a word is compared by: its stem and the groups of one sense that it is in; none for a word of grammar. A
    figure is its own.
    """
    if word[0].isdigit():
        return frozenset((word,))
    stems = stems_of(word)
    return frozenset(stems) | frozenset(f"={group}" for stem in stems for group in _groups().get(stem, ()))


@cache
def _groups() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for group in SAME:
        for stem in {stem for word in group for stem in stems_of(word)}:
            found.setdefault(stem, []).append(group[0])
    return found
