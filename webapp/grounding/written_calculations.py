"""Checks calculations that a sentence writes out: "$658.40 ($299.00 plus 12 months at $29.95)", "10% + 5% = 15%".

Its parts have to stand in the sources, and to come to the result.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from retrieval import Span
from webapp.grounding.amount_calculations import IN_A, explained, is_measured, is_parted_in_two, rounding
from webapp.grounding.facts import Fact, find_facts
from webapp.grounding.operands import Derived, Quantity, Source, quantities, shown, supposed, values_of
from webapp.grounding.quantities import PERIODS
from webapp.grounding.rows import named_rows, rows, rows_of_years

RULE = "as the sentence writes it"

_OF_EACH = r"(?:\s*\([^()\d]{0,40}\))?(?:(?:\s+(?:per|an?|each|every)|\s*/)\s+?\w+)?"  # "$20 per unit", "$20 (setup)"
_OPERATOR = re.compile(
    rf"{_OF_EACH}\s*(?:(?P<plus>\+|plus\b)|(?P<minus>−|minus\b)|(?P<dash>(?<=\s)[-–](?=\s))"
    r"|(?P<times>[×*]|x(?=\s)|times\b|at\b|multiplied\s+by\b)|(?P<of>of\b)|(?P<by>÷|divided\s+by\b))"
    r"\s*(?:the|an?|another|up\s+to)?\s*",
    re.IGNORECASE,
)
_EQUALS = re.compile(
    rf"{_OF_EACH}\s*\)?,?\s*(?:=|is|are|equals?|makes?|comes?\s+to|totals?|amounts?\s+to|gives?|i\.e\.,?|that\s+is,?)"
    r"\s*(?:a\s+total\s+of\s*)?",
    re.IGNORECASE,
)
_BRACKET, _EQUAL_SIGN = re.compile(r"\(\s*(?:=|i\.e\.,?|that\s+is,?|or)?\s*\Z"), re.compile(r"\s*=\s*")
_CLOSES = re.compile(rf"{_OF_EACH}\s*\)", re.IGNORECASE)
_SIGNS = {"plus": "+", "minus": "−", "dash": "−", "times": "×", "of": "of", "by": "÷"}
_TERMS = ("plus", "minus", "dash")  # what parts the terms of a sum
_NUMBER, _SHARE = ("number",), ("share",)
_WHOLE = Fraction(1)  # 100%, which no clause has to state

_Value = tuple[Fraction, tuple[str, ...]]  # with its unit


@dataclass(frozen=True, slots=True)
class Written:
    """A calculation of a sentence: the fact that it gives as the result, its parts and the operators between them."""

    result: Fact
    parts: tuple[Fact, ...]
    operators: tuple[str, ...]


def find_written(sentence: str) -> Iterator[Written]:
    """Yield the calculations that a sentence writes: in brackets after the result, or with a sign of equality."""
    facts = [fact for fact in find_facts(sentence) if any(values_of(fact))]
    for parts, operators in _runs(sentence, facts):
        start, end = facts.index(parts[0]), facts.index(parts[-1])
        before, after = facts[:start], facts[end + 1 :]
        in_brackets = _BRACKET.search(sentence, 0, parts[0].start) and _CLOSES.match(sentence, parts[-1].end)
        result: Fact | None = None
        if in_brackets:
            result = next((fact for fact in reversed(before) if _may_be(fact, parts)), None)
        elif after and _EQUALS.fullmatch(sentence, parts[-1].end, after[0].start):
            result = after[0]
        elif before and _EQUAL_SIGN.fullmatch(sentence, before[-1].end, parts[0].start):
            result = before[-1]
        if result:
            yield Written(result, parts, operators)


def _runs(sentence: str, facts: Sequence[Fact]) -> Iterator[tuple[tuple[Fact, ...], tuple[str, ...]]]:
    """Yield the facts of a sentence that operators join, two at least, and these operators."""
    parts, operators = list(facts[:1]), list[str]()
    for one, other in pairwise(facts):
        operator = _OPERATOR.fullmatch(sentence, one.end, other.start) if one.end <= other.start else None
        if operator and not (operator["of"] and all(unit != _SHARE for _, unit, _ in values_of(one))):
            parts.append(other)
            operators.append(operator.lastgroup or "")
            continue
        if operators:
            yield tuple(parts), tuple(operators)
        parts, operators = [other], []
    if operators:
        yield tuple(parts), tuple(operators)


def _may_be(fact: Fact, parts: Sequence[Fact]) -> bool:
    """Whether a fact may be the result of parts: it has the unit of one of them, or they have none."""
    units = {unit[:2] for part in parts for _, unit, _ in values_of(part)}
    own = {unit[:2] for _, unit, _ in values_of(fact)}
    return bool(own & units) or units == {("number",)}


def miscalculated(sentence: str) -> Iterator[str]:
    """Say of each calculation that a sentence writes, and that comes to something else, what it comes to."""
    for written in find_written(sentence):
        parts = [_part(fact, written) for fact in written.parts]
        is_open = "dash" in written.operators or _lacks_rate(parts)  # "10 – 15%"
        found = None if is_open else _evaluated(parts, written.operators)
        if found and _fits(found, written) and _agrees(found, written) is None:
            text = sentence[written.parts[0].start : written.parts[-1].end]
            yield f"“{text}” is {shown(*found, written.result)}, not {written.result.text}"


def _lacks_rate(parts: Sequence[Quantity]) -> bool:
    """Whether an amount is taken for a time, and only the source may say how often in it: "two years at $100"."""
    times = any(part.unit[0] == "count" and part.unit[1] in PERIODS for part in parts)
    return times and any(part.unit[0] == "amount" and not part.per for part in parts)


def derive_written(fact: Fact, sentence: str, sources: Sequence[Source]) -> Derived | None:
    """Derive a fact by the calculation that the sentence writes for it, of parts that one of the sources states."""
    for written in find_written(sentence):
        for source in sources if written.result.keys == fact.keys else ():
            parts = _stated(written, sentence, source)
            found = _evaluated(parts, written.operators) if parts else None
            if not found or (rounded := _agrees(found, written)) is None:
                continue
            value, unit = _value(fact, found)
            result = shown(value, unit, fact)
            signs = (*(f" {_SIGNS[operator]} " for operator in written.operators), "")
            text = "".join(f"{part.shown}{sign}" for part, sign in zip(parts or (), signs, strict=True))
            spans = tuple(dict.fromkeys(part.span for part in parts or () if len(part.span)))
            own = {reading[:2] for part in written.parts for reading in values_of(part)}  # "half a year", of 6 months
            same = (each for each in find_facts(sentence) if own & {reading[:2] for reading in values_of(each)})
            free = (*same, *explained(sentence, parts or ()))
            return Derived(f"{text} = {result}", spans, result, f"{RULE}{rounded}", value, unit, explains=free)
    return None


def _stated(written: Written, sentence: str, source: Source) -> list[Quantity] | None:
    """The parts of a calculation as a source states them, each at a place of its own; None where it lacks one."""
    everywhere = _quantities(written, sentence, source)
    rates = {q.per for q in everywhere if q.per}
    free = supposed(sentence)
    found: list[Quantity] = []
    for fact in written.parts:
        part = _part(fact, written)
        readings = _readings(fact, part, everywhere, is_factor="times" in written.operators)
        used = {each.span for each in found}
        place = next((q for q in everywhere if (q.value, q.unit) in readings and q.span not in used), None)
        whole = (part.value, part.unit) == (_WHOLE, _SHARE) and _is_rest(written, everywhere)
        if place is None and not (whole or fact in free or is_measured(fact, rates) or _is_of_year(part, rates)):
            return None
        found.append(replace(part, span=place.span, per=part.per or place.per) if place else part)
    return found


def _is_rest(written: Written, everywhere: Sequence[Quantity]) -> bool:
    """Whether a calculation takes one share from the whole, where the source gives no third part."""
    if len(written.parts) != 2 or {"plus", "times"} & set(written.operators):
        return False
    return is_parted_in_two(_part(written.parts[1], written).value, everywhere)


def _quantities(written: Written, sentence: str, source: Source) -> list[Quantity]:
    """What a source states, with the cells of its rows; where a sentence names some rows, without those of others."""
    found = [*quantities(source.document, source.bearing), *quantities(source.document, source.spans)]
    others = set[Span]()
    for unit in sorted({unit for fact in (written.result, *written.parts) for _, unit, _ in values_of(fact)}):
        every = list(rows(source, unit)) or list(rows_of_years(source, unit))
        chosen = named_rows(every, sentence)
        found += [cell for row in every for cell in row.cells]
        others |= {cell.span for row in every if len(chosen) > 1 and row not in chosen for cell in row.cells}
    return [q for q in found if q.span not in others]


def _readings(fact: Fact, part: Quantity, everywhere: Sequence[Quantity], *, is_factor: bool) -> set[_Value]:
    """The values that a source may state a part by: of a number with the units that it may be meant to have."""
    found = {(part.value, part.unit), *((value, unit) for value, unit, _ in values_of(fact))}
    if part.unit != _NUMBER:
        return found
    if is_factor:  # "24 × $100" of a monthly rent, for two years
        units = [PERIODS[q.per] for q in everywhere if q.per in PERIODS]
        return found | {(part.value * times, ("period", base)) for times, base in units}
    return found | {(part.value, q.unit) for q in everywhere if q.unit[0] in ("count", "amount")}  # "1,312 (375 + 937)"


def _is_of_year(part: Quantity, rates: set[str]) -> bool:
    """Whether a number is how many months or quarters a year has, where something costs so much for one of them."""
    return part.unit == _NUMBER and any(IN_A.get((rate, "year")) == part.value for rate in rates)


def _part(fact: Fact, written: Written) -> Quantity:
    """A part as the sentence writes it, at no place; a number of a sum of numbers has the unit of the result."""
    readings = list(values_of(fact))
    value, unit, per = next((each for each in readings if each[1] != _NUMBER), readings[0])
    is_sum = all(operator in _TERMS for operator in written.operators)
    if is_sum and all({u for _, u, _ in values_of(each)} == {_NUMBER} for each in written.parts):
        scaled, unit = value * _scale(written.result), _unit(written.result)
        return Quantity(scaled, unit, fact.text if unit[0] == "period" else shown(scaled, unit), Span("", 0, 0), per)
    written_as = next((key for key in sorted(fact.keys) if key[0] == "count"), None)
    if (
        unit[0] == "period"
        and written_as
        and any("amount" in u for each in written.parts for _, u, _ in values_of(each))
    ):
        value, unit = Fraction(written_as[1]), ("count", written_as[2])  # so many times an amount
    return Quantity(value, unit, shown(value, unit, fact), Span("", 0, 0), per)


def _unit(fact: Fact) -> tuple[str, ...]:
    units = [unit for _, unit, _ in values_of(fact)]
    return next((unit for unit in units if unit != _NUMBER), units[0])


def _scale(fact: Fact) -> Fraction:
    """What one of the unit that a fact is written in is in the unit that it is compared in: 12 of a year."""
    [key, *_] = sorted(key for key in fact.keys if key[0] in ("count", "percent", "amount", "number"))
    if key[0] == "percent":
        return Fraction(1, 100)
    return Fraction(PERIODS[key[2]][0]) if key[0] == "count" and key[2] in PERIODS else Fraction(1)


def _evaluated(parts: Sequence[Quantity], operators: Sequence[str]) -> _Value | None:
    """The value of parts that operators join, with its unit: products first; None where the units do not fit."""
    terms: list[tuple[int, _Value | None]] = []
    sign, factors, between = 1, [parts[0]], list[str]()
    for operator, part in zip((*operators, "plus"), (*parts[1:], parts[0]), strict=True):
        if operator in _TERMS:
            terms.append((sign, _product(factors, between)))
            sign, factors, between = (1 if operator == "plus" else -1), [part], []
        else:
            factors.append(part)
            between.append(operator)
    values = [(sign * term[0], term[1]) for sign, term in terms if term]
    if len(values) < len(terms) or len({unit for _, unit in values}) != 1:
        return None
    return sum((value for value, _ in values), Fraction(0)), values[0][1]


def _product(factors: Sequence[Quantity], operators: Sequence[str]) -> _Value | None:
    """The value of factors: a share or a number of something, an amount for each of so many, a part of a whole."""
    value, unit, per = factors[0].value, factors[0].unit, factors[0].per
    for operator, factor in zip(operators, factors[1:], strict=True):
        if operator == "by":
            if factor.value == 0 or factor.unit not in (unit, _NUMBER):
                return None
            value, unit = value / factor.value, unit if factor.unit == _NUMBER != unit else _SHARE
        elif factor.unit in (_NUMBER, _SHARE):
            value = value * factor.value
        elif unit in (_NUMBER, _SHARE):
            value, unit, per = value * factor.value, factor.unit, factor.per
        else:
            many, amount = (Quantity(value, unit, "", factor.span, per), factor)
            if many.unit[0] == "amount":
                many, amount = amount, many
            times = _times(many, amount.per)
            if amount.unit[0] != "amount" or times is None:
                return None
            value, unit, per = times * amount.value, amount.unit, ""
    return value, unit


def _times(many: Quantity, per: str) -> Fraction | None:
    """How many times an amount for something is taken: 24 times for "two years" and one a month; None if unknown."""
    if many.unit[0] != "count":
        return None
    if per in ("", many.unit[1]):
        return many.value
    (one, base), (other, other_base) = PERIODS.get(many.unit[1], (0, "")), PERIODS.get(per, (1, "?"))
    return many.value * one / other if base == other_base else None


def _value(fact: Fact, found: _Value) -> _Value:
    """The reading of a result that has the unit of what its calculation comes to."""
    readings = [(value, unit) for value, unit, _ in values_of(fact)]
    same = (each for each in readings if each[1] == found[1])
    return next(same, next((each for each in readings if each[1] != _NUMBER), readings[0]))


def _fits(found: _Value, written: Written) -> bool:
    """Whether what a calculation comes to has the unit of its result; a part of a whole may be a share or a number."""
    unit = _value(written.result, found)[1]
    return unit == found[1] or {unit, found[1]} == {_SHARE, _NUMBER}


def _agrees(found: _Value, written: Written) -> str | None:
    """How the result of a calculation was rounded, empty where it was not; None where it is another."""
    value, unit = _value(written.result, found)
    return rounding(found[0], value, unit) if _fits(found, written) else None
