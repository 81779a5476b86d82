"""Finds figures that a sentence puts where its source has another of their kind: one year's fee for another's.

A figure is compared with the words beside it. Where those words stand in the source beside another figure of the same
unit, and hardly beside this one, the source gives this one for something else. Words go with the figure on their side
of a comma or an "and".
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from webapp.grounding.facts import Fact, find_facts
from webapp.grounding.operands import date_of, values_of
from webapp.grounding.rows import A_YEAR
from webapp.grounding.senses import WORD, labels

# By how much the words must fit another figure better, in the logarithms of how rare they are. On 278 statements about
# 16 contracts, 1.8 saw 17 of 148 wrong ones and marked 2 of 130 right ones.
_BETTER_BY = 1.8
_ALSO_BETTER_BY = 0.5  # of the other figure, where the sentence has both: they were exchanged
_REACH, _NEAREST = 12, 3  # words on either side
_LOOKED_THROUGH = 40  # figures on either side, for the next that parts words; what is further off parts them too
_LEAST_NUMBER = 10  # a larger number without a unit parts the words of others: "in sixty days, or 120 where"
_OF_ROWS, _ROW = 2, "=row "
_LAST_MARKS = (re.compile(r"[;:]|\.\s"), re.compile(r",(?!\d)|\s[–—-]\s|\((?=[a-z0-9]{1,4}\)\s)"))
_CONJUNCTION = re.compile(r"\b(?:and|or|but|plus|while|whereas)\b", re.IGNORECASE)

_Value = tuple[object, tuple[str, ...]]  # value and unit
_Labels = frozenset[str]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a text, its values with their units, and the labels of the words beside it, one for each."""

    fact: Fact
    values: frozenset[_Value]
    beside: tuple[_Labels, ...] = ()
    nearest: tuple[_Labels, ...] = ()  # of these

    def is_like(self, other: "Figure") -> bool:
        """Whether both have a unit in common."""
        return bool({unit for _, unit in self.values} & {unit for _, unit in other.values})

    def equals(self, other: "Figure") -> bool:
        """Whether both have a value in common, whatever the unit that it is written in."""
        return bool({(v, unit[:2]) for v, unit in self.values} & {(v, unit[:2]) for v, unit in other.values})


def misplaced(sentence: str, source: Sequence[Figure]) -> tuple[str, ...]:
    """The figures of a sentence that its source gives for something else, as written.

    `source` are the figures of its sentences, items and rows, each read by itself.
    """
    held = Counter(label for figure in source for label in frozenset().union(*figure.beside))
    own = figures_of(sentence)
    better = {figure.fact: _better(figure, source, held) for figure in own}
    found = []
    for figure in own:
        by, other = better[figure.fact]
        if other is None or by < _BETTER_BY:
            continue
        named = [each for each in own if each is not figure and each.equals(other)]
        if all(better[each.fact][0] >= _ALSO_BETTER_BY for each in named):
            found.append(figure.fact.text)
    return tuple(found)


def _better(figure: Figure, source: Sequence[Figure], held: Counter[str]) -> tuple[float, Figure | None]:
    """By how much the words beside a figure fit another one of the source better than they fit it, and that one.

    The nearest words must not fit it better: a sentence may say one thing of one figure and then another of the next.
    """
    same = [each for each in source if each.equals(figure)]
    others = [each for each in source if each.is_like(figure) and not each.equals(figure)]
    if not same or not others:
        return 0.0, None

    def fits(words: Sequence[_Labels], other: Figure) -> float:
        beside: _Labels = frozenset().union(*other.beside)
        rare = [min((held[label], label) for label in word & beside) for word in words if word & beside]
        return sum(_weight(label) * math.log(1 + (len(source) + 1) / (count + 0.5)) for count, label in rare)

    best = max(others, key=lambda each: fits(figure.beside, each))
    if max(fits(figure.nearest, each) for each in same) > fits(figure.nearest, best):
        return 0.0, None
    return fits(figure.beside, best) - max(fits(figure.beside, each) for each in same), best


def _weight(label: str) -> int:
    """How much a label counts: most that of a year or a row, by which tables and lists tell their figures apart."""
    return _OF_ROWS if A_YEAR.fullmatch(label) or label.startswith(_ROW) else 1


def figures_of(text: str) -> list[Figure]:
    """The figures of a sentence, an item or a row with the words beside them."""
    facts = find_facts(text)
    values = {fact: _values(fact) for fact in facts}
    figures = [Figure(fact, values[fact]) for fact in facts if values[fact]]
    named = [*figures, *(Figure(fact, frozenset()) for fact in facts if _rows_of(fact))]
    numbers = [Figure(fact, frozenset()) for fact in facts if not values[fact] and _is_large(fact)]
    words = list(_labels(text, sorted(named, key=lambda f: f.fact.start)))
    parting = sorted([*figures, *numbers], key=lambda f: f.fact.start)
    return [Figure(f.fact, f.values, *_beside(text, f, parting, words)) for f in figures]


def _values(fact: Fact) -> frozenset[_Value]:
    """The values of a fact with their units; that of a period with the unit that it is written in, too."""
    written = sorted(key[2] for key in fact.keys if key[0] == "count")
    found: set[_Value] = {
        (value, (*unit, *written[:1]) if unit[0] == "period" else unit)
        for value, unit, _ in values_of(fact)
        if unit != ("number",)
    }
    if day := date_of(fact):
        found.add((day, ("date",)))
    found |= {(key[1], key[::2]) for key in fact.keys if key[0] == "part of year"}
    return frozenset(found)


def _is_large(fact: Fact) -> bool:
    """Whether a fact is a number that parts words; a year says which figure is meant."""
    numbers = [float(key[1]) for key in fact.keys if key[0] == "number" and "≠" not in key[1]]
    return any(number > _LEAST_NUMBER for number in numbers) and not A_YEAR.fullmatch(fact.text)


def _beside(
    text: str, figure: Figure, figures: Sequence[Figure], words: Sequence[tuple[int, _Labels]]
) -> tuple[tuple[_Labels, ...], tuple[_Labels, ...]]:
    """The labels of the words beside a figure, on its side of what parts it from the next of its kind; the nearest.

    `figures` are all of the text, those that only part words included, and `words` the labels of its words, in order.
    """
    start, end = figure.fact.start, figure.fact.end
    at = bisect_left(figures, start, key=lambda f: f.fact.start)
    earlier = [f for f in figures[max(0, at - _LOOKED_THROUGH) : at] if f.fact.end <= start]
    later = [f for f in figures[at : at + _LOOKED_THROUGH] if f.fact.start >= end]
    before = max((f.fact.end for f in earlier if _parts(f, figure)), default=None)
    after = min((f.fact.start for f in later if _parts(f, figure)), default=None)
    if before is None and at > _LOOKED_THROUGH:
        before = figures[at - _LOOKED_THROUGH].fact.end
    if after is None and at + _LOOKED_THROUGH < len(figures):
        after = max(figures[at + _LOOKED_THROUGH].fact.start, end)
    first = 0 if before is None else _parted(text, before, start)
    last = len(text) if after is None else _parted(text, end, after)
    i, j, k, m = (bisect_left(words, place, key=lambda word: word[0]) for place in (first, start, end, last))
    left, right = [own for _, own in words[max(i, j - _REACH) : j]], [own for _, own in words[k : min(m, k + _REACH)]]
    return (*left, *right), (*left[-_NEAREST:], *right[:_NEAREST])


def _parts(other: Figure, figure: Figure) -> bool:
    """Whether a figure parts the words of another: a large number without a unit, or another value of its unit."""
    return not other.values or (other.is_like(figure) and not other.equals(figure))


def _parted(text: str, start: int, end: int) -> int:
    """Where the words between two figures part: at the last mark, else at the first conjunction, else halfway."""
    for marks in _LAST_MARKS:
        if found := list(marks.finditer(text, start, end)):
            return found[-1].start()
    conjunction = _CONJUNCTION.search(text, start, end)
    return conjunction.start() if conjunction else (start + end) // 2


def _labels(text: str, figures: Sequence[Figure]) -> Iterator[tuple[int, _Labels]]:
    """Yield where each word begins and its labels; a figure has one for its value, however it is written."""
    within: Fact | None = None
    for word in WORD.finditer(text):
        at = bisect_right(figures, word.start(), key=lambda f: f.fact.start) - 1
        at = bisect_left(figures, figures[at].fact.start, key=lambda f: f.fact.start) if at >= 0 else -1
        figure = figures[at] if at >= 0 and word.start() < figures[at].fact.end else None
        if figure is None:
            within = None
            if found := labels(word[0]):
                yield word.start(), found
        elif figure.fact is not within:
            within = figure.fact
            found = _rows_of(within) or frozenset(f"={v} {' '.join(unit[:2])}" for v, unit in figure.values)
            yield word.start(), found


def _rows_of(fact: Fact) -> _Labels:
    """The labels of the row that a fact names: of its year, or its number, "Year 3"."""
    found = set[str]()
    for kind, value, *unit in fact.keys:
        if kind in ("date", "month", "part of year"):
            found |= {value[:4], f"={value}"}
        elif kind == "ordinal" and unit:
            found.add(f"{_ROW}{value} {unit[0]}")
    return frozenset(found)
