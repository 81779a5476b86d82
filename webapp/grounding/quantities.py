"""Compares quantities as values with units: "12 months" and "one year", "50%" and "half", "third year" and "Year 3".

Only what is exactly equal is equal: a month is not 30 days, a day is not 24 hours, 30 business days are not 30 days.
What an amount is for ("$1,500 per month") is compared where both say it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from fractions import Fraction

from retrieval import Document, Span, find_tables
from webapp.grounding.facts import Fact, Key, find_facts
from webapp.grounding.numbers import DIGITS, format_number, number_value

PERIODS: dict[str, tuple[int | Fraction, str]] = {
    "decade": (120, "month"),
    "year": (12, "month"),
    "quarter": (3, "month"),
    "month": (1, "month"),
    "fortnight": (14, "day"),
    "week": (7, "day"),
    "day": (1, "day"),
    "hour": (60, "minute"),
    "minute": (1, "minute"),
    "second": (Fraction(1, 60), "minute"),
}
AVERAGE_DAYS = {"month": Fraction(1461, 48), "day": Fraction(1), "minute": Fraction(1, 1_440)}  # on average
NEARLY = Fraction(3, 100)
# Words that state a period without a number, in months.
_SAYS_PERIOD = re.compile(
    r"\b(?:(?P<m12>annual(?:ly)?|yearly|(?:within|for|of|than|after|in)\s+a\s+year)"
    r"|(?P<m6>semi[\s\-‐]?annual(?:ly)?|half[\s\-‐]?yearly)|(?P<m3>quarterly)"
    r"|(?P<m1>monthly|(?:within|for|of|than|after|in)\s+a\s+month))\b",
    re.IGNORECASE,
)
_SAYS_TIME = re.compile(
    r"\b(?P<noon>(?:12(?::00)?\s+)?noon)\b|\b(?P<midnight>(?:12(?::00)?\s+)?midnight)\b", re.IGNORECASE
)
_PLAIN_NUMBER = re.compile(rf"(?<![\w$€£¥.,/-]){DIGITS}(?![\w%/-])")
ROW_LABEL = re.compile(r"\s*(\d{1,3})\.?\s")
_UNIT = re.compile(
    r"[$€£%]|\b(?:USD|EUR|GBP|dollars|percent|hours|days|weeks|months|years|units|shares)\b", re.IGNORECASE
)


def stated(fact: Fact, source: Set[Key]) -> bool:
    """Whether a source, by the keys that `values` gives of it, states a fact of a sentence, in whatever unit."""
    if any(reading in source for key in fact.keys for reading in _readings(in_base_unit(key))):
        return True
    return any(key[0] == "part of year" and _has_apart(key, source) for key in fact.keys)


def _has_apart(key: Key, source: Set[Key]) -> bool:
    """Whether a source that writes no quarter with its year has both: a table of the quarters of 2020."""
    kind, value, unit = key
    year, number = value.split("-")
    is_apart = not any(each[0] == kind for each in source)
    numbered = {("ordinal", number, unit), ("ordinal", number)} & source
    return is_apart and bool(numbered) and ("number", year) in source


def nearly_equal(fact: Fact, other: Fact) -> bool:
    """Whether two facts are periods of about the same length, in other units: "three months" and "90 days"."""
    lengths = [
        {
            Fraction(key[1]) * PERIODS[key[2]][0] * AVERAGE_DAYS[PERIODS[key[2]][1]]
            for key in each.keys
            if _is_period(key)
        }
        for each in (fact, other)
    ]
    return any(abs(one - two) <= NEARLY * max(one, two) for one in lengths[0] for two in lengths[1])


def _is_period(key: Key) -> bool:
    return key[0] == "count" and key[2] in PERIODS and "≠" not in key[1]


def values(text: str) -> frozenset[Key]:
    """The keys of what a source states, with what follows from them: the month of a date, an amount's plain number."""
    return frozenset((*_following(key for fact in find_facts(text) for key in fact.keys), *_said_otherwise(text)))


def row_values(document: Document, spans: Sequence[Span]) -> frozenset[Key]:
    """The keys of what rows of tables state within `spans` by their place: a number without a unit has those that its
    table names, and the number that a row begins with is the row's own ("3" for "the third year").
    """
    keys: set[Key] = set()
    for rows, units in tables_at(document, spans):
        for row in map(document.slice, rows):
            numbers = [format_number(number_value(match[0])) for match in _PLAIN_NUMBER.finditer(row)]
            keys.update(_following((kind, number, *unit) for number in numbers for kind, *unit in units))
            if first := ROW_LABEL.match(row):
                keys.update((("ordinal", first[1]), ("ordinal", first[1], "")))
    return frozenset(keys)


def tables_at(document: Document, spans: Sequence[Span]) -> Iterator[tuple[list[Span], set[Key]]]:
    """Yield of each table the rows that spans show, where they show any, and its units."""
    for table in find_tables(document):
        if rows := [row for row in table if any(span.shared(row) for span in spans)]:
            yield rows, _units_of(document.text[table[0].start : table[-1].end])


def _units_of(table: str) -> set[Key]:
    """Kinds and units of the facts of a table, and those that its heads name: ("amount", "$"), ("count", "day")."""
    facts = {key for fact in find_facts(table) for key in fact.keys}
    heads = {key for match in _UNIT.finditer(table) for fact in find_facts(f"1 {match[0]}") for key in fact.keys}
    return {(key[0], *key[2:3]) for key in facts | heads if key[0] in ("amount", "percent", "count")}


def plain_numbers(row: str, start: int = 0) -> Iterator[tuple[tuple[int, int], Fraction]]:
    """Yield the place and the value of each number without a unit in a row of a table."""
    for match in _PLAIN_NUMBER.finditer(row, start):
        yield match.span(), Fraction(number_value(match[0]))


def _readings(key: Key) -> Iterator[Key]:
    """A key of a sentence, and the one of a source that leaves open what it says more."""
    yield key
    match key:
        case ("amount", number, currency, _):
            yield ("amount", number, currency, "")
        case ("ordinal" | "share", number, _):
            yield (key[0], number, "")


def _following(keys: Iterable[Key]) -> Iterator[Key]:
    for key in keys:
        yield in_base_unit(key)
        match key:
            case ("date", day):
                year, month, number = day.split("-")
                yield from (("month", f"{year}-{month}"), ("day", f"{month}-{number}"), ("number", year))
            case ("month", month):
                yield ("number", month.split("-")[0])
            case ("amount", number, currency, *rate):
                yield from (("amount", number, currency), ("number", number))
                if not rate:
                    yield ("amount", number, currency, "")
            case ("percent", number, *rate):
                yield from (in_base_unit(("percent", number)), ("number", number))
                if not rate:
                    yield (*in_base_unit(key), "")
            case ("fraction", share):
                yield ("share", share, "")
            case ("count", number, *_):
                yield ("number", number)
            case ("part of year", part, unit):
                year, number = part.split("-")
                yield from (("ordinal", number, unit), ("number", year))
            case ("ordinal", number, *unit):
                yield from (("ordinal", number), *([] if unit else [("ordinal", number, "")]))


def in_base_unit(key: Key) -> Key:
    """A key in the unit that others of its kind are compared in: periods in months, days or minutes, shares of one."""
    if "≠" in key[1]:  # "ten (25)"
        return key
    match key:
        case ("count", number, unit) if unit in PERIODS:
            times, base = PERIODS[unit]
            return ("period", str(Fraction(number) * times), base)
        case ("count", number, "basis point"):
            return ("share", str(Fraction(number) / 10_000))
        case ("percent", number, *rate):
            return ("share", str(Fraction(number) / 100), *rate)
        case ("fraction", share):
            return ("share", share)
        case ("time", time):
            return ("time", _time_of_day(time))
    return key


def _time_of_day(time: str) -> str:
    """A time on the clock of 24 hours: "17:00" for "5:00p"."""
    hour, minute = time.rstrip("ap").split(":")
    if time[-1] in "ap":
        hour = str(int(hour) % 12 + (12 if time[-1] == "p" else 0))
    return f"{hour}:{minute}"


def _said_otherwise(text: str) -> Iterator[Key]:
    """Keys of periods and times that a source states without a number: "quarterly", "noon"."""
    for match in _SAYS_PERIOD.finditer(text):
        yield ("period", (match.lastgroup or "")[1:], "month")
    for match in _SAYS_TIME.finditer(text):
        yield ("time", "12:00" if match["noon"] else "0:00")
