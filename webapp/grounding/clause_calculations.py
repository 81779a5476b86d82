"""Calculates what the words of a clause call for: parts of a whole, so many times an amount, the fees that are named.

"In five equal installments", "twice the annual fee", "150,000 of 600,000 shares", "the signing and set-up fees"; the
operands are those of the clause, and the sentence has to speak of the operation.
"""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from webapp.grounding.facts import find_facts
from webapp.grounding.figure_places import Figure, figures_of
from webapp.grounding.numbers import number_value
from webapp.grounding.operands import Quantity, Result, values_of
from webapp.grounding.senses import senses

_NUMBER = (
    r"(?P<n>\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|eighteen|twenty|twenty-four|thirty-six)"
)
_IN_PARTS = re.compile(
    rf"\bin(?:to)?\s+{_NUMBER}\s+(?:\(\d+\)\s+)?(?:(?:equal|annual|yearly|monthly|quarterly|consecutive|successive)[\s,]+)*"
    r"(?:instal?lments|payments|parts)\b",
    re.IGNORECASE,
)
_PART = re.compile(r"\b(?:instal?lments?|payments?|each|every|parts?|annual|year|quarter|month)\b", re.IGNORECASE)
_PAID = re.compile(rf"\b{_NUMBER}\s+(?:\w+\s+)?(?:instal?lments|payments|parts)\b", re.IGNORECASE)
_LEFT = re.compile(r"\b(?:remain\w*|left|unpaid|outstanding|balance|still)\b", re.IGNORECASE)
_TIMES = re.compile(
    rf"\b(?:(?P<twice>twice|double)|(?P<thrice>triple)|{_NUMBER}\s+(?:\(\d+\)\s+)?times)\s+(?:the\s+)?(?:[\w-]+\s+){{0,5}}?(?:of\s+)?$",
    re.IGNORECASE,
)
_OUT_OF = re.compile(r"\s*(?:shares?\s+)?(?:out\s+)?of\s+(?:(?:the|a)\s+)?(?:total\s+(?:of\s+)?)?$", re.IGNORECASE)
_OTHERS = re.compile(r"\b(?:others?|rest|remain\w*|balance)\b", re.IGNORECASE)
_TOGETHER = re.compile(r"\b(?:together|total\w*|sum|combined|altogether|add|adds|both|in\s+all|plus)\b", re.IGNORECASE)
_APART = re.compile(r"\b(?:more|less|higher|lower|exceeds?|differ\w*|above|below|larger|smaller)\b", re.IGNORECASE)
_REACHES = re.compile(r"\b(?:reach\w*|maximum|cap|limit|exhaust\w*|ceiling)\b", re.IGNORECASE)


def clause_results(
    sentence: str, text: str, unit: tuple[str, ...], bearing: Sequence[Quantity], places: Sequence[tuple[int, int]]
) -> Iterator[Result]:
    """Yield what the words of a clause's `text` make of its quantities; `places` are where these stand in it."""
    at = list(zip(bearing, places, strict=True))
    own = [(q, place) for q, place in at if q.unit == unit]
    if unit[0] == "amount":
        yield from _in_parts(sentence, text, own)
        yield from _multiplied(text, own)
        yield from _named(sentence, text, [q for q, _ in own])
    if unit[0] in ("amount", "count") or unit == ("share",):
        yield from _of_whole(sentence, text, unit, at)
    if unit[0] == "period" and _REACHES.search(sentence):
        yield from _until_reached(unit, bearing)


def _in_parts(sentence: str, text: str, own: Sequence[tuple[Quantity, tuple[int, int]]]) -> Iterator[Result]:
    """An amount in so many equal parts, and what is left of it after some of them."""
    parts = _IN_PARTS.search(text)
    amounts = {q.value: q for q, _ in own}
    if parts is None or len(amounts) != 1 or not _PART.search(sentence):
        return
    [whole], number = amounts.values(), number_value(parts["n"])
    if not number:
        return
    count = Fraction(number)
    yield whole.value / count, f"{whole.shown} ÷ {count}", (whole,), "the amount in so many parts"
    if (
        (paid := _PAID.search(sentence))
        and _LEFT.search(sentence)
        and (gone := Fraction(number_value(paid["n"]))) < count
    ):
        left = whole.value * (count - gone) / count
        yield (
            left,
            f"{whole.shown} × {count - gone} ÷ {count}",
            (whole, _unstated(gone, whole)),
            "what the others come to",
        )


def _unstated(number: Fraction, beside: Quantity) -> Quantity:
    """A number of installments that only the sentence names."""
    nowhere = type(beside.span)(beside.span.document_id, 0, 0)
    return Quantity(number, ("count", "installment"), f"{number} installments", nowhere)


def _multiplied(text: str, own: Sequence[tuple[Quantity, tuple[int, int]]]) -> Iterator[Result]:
    """An amount as often as its clause says: "twice the annual fee of $45,000"."""
    for quantity, (start, _) in own:
        if match := _TIMES.search(text, max(0, start - 80), start):
            times = Fraction(2 if match["twice"] else 3 if match["thrice"] else number_value(match["n"]))
            yield times * quantity.value, f"{times} × {quantity.shown}", (quantity,), "as often as the clause says"


def _named(sentence: str, text: str, own: Sequence[Quantity]) -> Iterator[Result]:
    """The sum or the difference of those amounts of a clause that a sentence calls by words of their own."""
    figures = figures_of(text)
    said = senses(sentence)
    chosen: list[Quantity] = []
    for quantity in own:
        beside = _words_of(quantity, figures)
        others = frozenset().union(*(_words_of(q, figures) for q in own if q.value != quantity.value))
        if said & (beside - others):
            chosen.append(quantity)
    chosen = list({q.value: q for q in chosen}.values())
    if len(chosen) >= 2 and _TOGETHER.search(sentence):
        yield (
            sum((q.value for q in chosen), Fraction(0)),
            " + ".join(q.shown for q in chosen),
            tuple(chosen),
            "those named",
        )
    if len(chosen) == 2 and _APART.search(sentence):
        large, small = sorted(chosen, key=lambda q: -q.value)
        rule = "the smaller taken from the larger"
        yield large.value - small.value, f"{large.shown} − {small.shown}", (large, small), rule


def _words_of(quantity: Quantity, figures: Sequence[Figure]) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for figure in figures:
        if any(value == quantity.value and unit[:1] == ("amount",) for value, unit in figure.values):
            found = found.union(*figure.nearest)
    return frozenset(label for label in found if label[0] != "=" or label[1:2].isalpha())


def _of_whole(
    sentence: str, text: str, unit: tuple[str, ...], at: Sequence[tuple[Quantity, tuple[int, int]]]
) -> Iterator[Result]:
    """The share that a part is of the whole that its clause names beside it, and what it leaves of that."""
    for (part, (_, end)), (whole, (start, _)) in pairwise(at):
        if part.unit != whole.unit or part.unit[0] not in ("amount", "count") or not 0 < part.value < whole.value:
            continue
        if not _OUT_OF.fullmatch(text, end, start):
            continue
        if unit == ("share",):
            yield part.value / whole.value, f"{part.shown} ÷ {whole.shown}", (part, whole), "the part of the whole"
        elif unit == part.unit and _OTHERS.search(sentence):
            yield whole.value - part.value, f"{whole.shown} − {part.shown}", (whole, part), "the rest of the whole"


def _until_reached(unit: tuple[str, ...], bearing: Sequence[Quantity]) -> Iterator[Result]:
    """After how long a daily amount, say, has reached its maximum."""
    rates = [q for q in bearing if q.unit[0] == "amount" and ("period", q.per) == unit and q.value]
    tops = [q for q in bearing if q.unit[0] == "amount" and not q.per]
    if len({q.value for q in rates}) == 1 and len({q.value for q in tops}) == 1:
        rate, top = rates[0], tops[0]
        yield top.value / rate.value, f"{top.shown} ÷ {rate.shown} a {rate.per}", (top, rate), "how often it fits"


def places_in(text: str, bearing: Sequence[Quantity]) -> list[tuple[int, int]]:
    """Where quantities stand in the text that they were read from, in order."""
    found, at = [], 0
    facts = [(fact, {(value, unit) for value, unit, _ in values_of(fact)}) for fact in find_facts(text)]
    for quantity in bearing:
        place = next(
            ((f.start, f.end) for f, values in facts if f.start >= at and (quantity.value, quantity.unit) in values),
            None,
        )
        place = place or (len(text), len(text))
        found.append(place)
        at = min(place[0], len(text))
    return found
