"""Compares quantities as values with units: "12 months" and "one year", "50%" and "half", "the third year" and "Year 3".

A fact of a sentence is stated where a source has an equal value. Only what is exactly equal is equal: a month is not 30
days, a day is not 24 hours, "30 business days" are not "30 days".
"""

from collections.abc import Iterable, Set

from webapp.grounding.facts import Fact, Key, implied


def stated(fact: Fact, source: Set[Key]) -> bool:
    """Whether a source, by the keys that `values` gives of it, states a fact of a sentence, in whatever unit."""
    return bool(fact.keys & source)


def values(facts: Iterable[Fact]) -> frozenset[Key]:
    """The keys of what facts of a source state, with what follows from them: the month of a date, the plain number."""
    return frozenset(key for fact in facts for key in implied(fact.keys))
