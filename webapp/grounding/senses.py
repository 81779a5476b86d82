"""Compares words by their stems and by sense: "ends" and "termination" share one, "the" has none."""

from functools import cache, lru_cache

from retrieval import stems_of
from webapp.grounding.signs import SAME


@lru_cache(maxsize=50_000)
def labels(word: str) -> frozenset[str]:
    """What a word is compared by: its stem and the groups of one sense that it is in; none for a word of grammar."""
    stems = stems_of(word)
    return frozenset(stems) | frozenset(f"={group}" for stem in stems for group in _groups().get(stem, ()))


@cache
def _groups() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for group in SAME:
        for stem in {stem for word in group for stem in stems_of(word)}:
            found.setdefault(stem, []).append(group[0])
    return found
