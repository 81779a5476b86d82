"""Finds the operands of a calculation: dates, periods, amounts, counts and shares of a text, with where they stand.

Its units are those of `quantities`: a period of a year is twelve months. A defined day ("the Effective Date") has the
date that its document gives it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache

from retrieval import Document, DocumentDate, Span
from webapp.grounding.facts import Fact, find_facts
from webapp.grounding.quantities import in_base_unit

_MOST_NAMES = 40  # places of a defined day that are looked at
_BESIDE = 80  # characters between a defined day and its date
_DAY_NAME = re.compile(r"\b((?:[A-Z][\w\-]+\s+){1,3}Date)\b")
_OWN_DAY = re.compile(
    r"\b(?:date\s+(?:hereof|of\s+this\s+[A-Z]\w+|first\s+(?:above\s+written|written\s+above|set\s+forth\s+above))"
    r"|(?:date|day)\s+(?:and\s+year\s+)?first\s+(?:above\s+)?written)\b",
    re.IGNORECASE,
)
_OWN_KINDS = ("effective", "made", "dated", "letter")
# What may stand between a defined day and its date, and between a date and the day that it defines.
_LEADS = re.compile(
    r"[”\"’']?\s*\)?\s*(?:(?:shall\s+|will\s+)?(?:means?|be|is|refers?\s+to)\b|[:=–-]|\n)[\s:]*(?:the\s+date\s+of\s+|on\s+)?",
)
_JOINS = re.compile(
    r"[\s,]*\(?\s*(?:the|hereinafter|such\s+date|each\s+an?|referred\s+to\s+as|being|,|\s)*[\s“\"‘'(]*\Z"
)
_SUPPOSES = re.compile(
    r"\b(?i:if|when|where|once|should|suppos\w+|assum\w+|in\s+case|say|for\s+(?:example|instance)|e\.g\.)\b"
    r"|\b(?:To|to\s+(?:terminate|end|cancel|take\s+effect))\s[^,;]{0,40}?\b(?:as\s+of|on|by|effective)\b"
)
_ON_AMOUNT = re.compile(r"(?:\A|[,;]\s)\s*On\s+(?:\w+\s+){0,4}?(?=[$€£¥])")  # "On sales of $100,000 the royalty is"
_SUPPOSED_TO = re.compile(r"[,;]\s(?!\d{4})|\Z")  # not the comma of a date


@dataclass(frozen=True, slots=True)
class Source:
    """What a sentence cites of one document.

    `spans` are its passages, `bearing` the clause or the rows that bear the sentence, `dates` the document's own.
    """

    document: Document
    spans: tuple[Span, ...]
    bearing: tuple[Span, ...]
    dates: tuple[DocumentDate, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """A date and where it stands; `at` is where the text that was read names it: there stands "the Effective Date"."""

    value: date
    span: Span
    at: Span


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with its unit, ("period", "month"), ("amount", "$"), ("share",), as it is shown and where it stands.

    `per` is what an amount is for: "month".
    """

    value: Fraction
    unit: tuple[str, ...]
    shown: str
    span: Span
    per: str = ""


Result = tuple[Fraction, str, tuple[Quantity, ...], str]  # value, calculation, operands, rule


@dataclass(frozen=True, slots=True)
class Derived:
    """A value that was derived: the calculation in words, where its operands stand, and the rule it is counted by.

    `explains` are facts of the sentence that stand nowhere: "100 hours" of "100 hours at $50 an hour".
    """

    text: str
    operands: tuple[Span, ...]
    result: str
    rule: str
    value: date | Fraction
    unit: tuple[str, ...] = ("date",)
    through: tuple[date, ...] = ()  # dates that were counted on the way
    explains: tuple[Fact, ...] = ()


def supposed(sentence: str) -> list[Fact]:
    """Dates and counts that a sentence does not state but supposes: "if the notice is given on March 1, 2021, …"."""
    parts = [
        (m.end(), end.start()) for m in _SUPPOSES.finditer(sentence) if (end := _SUPPOSED_TO.search(sentence, m.end()))
    ]
    parts += [(m.end(), sentence.find(" ", m.end())) for m in _ON_AMOUNT.finditer(sentence)]
    return [
        fact
        for fact in find_facts(sentence)
        if any(start <= fact.start and fact.end <= end for start, end in parts)
        and any(key[0] in ("date", "count", "number", "amount") for key in fact.keys)
    ]


def days(document: Document, spans: Iterable[Span], dates: Sequence[DocumentDate] = ()) -> Iterator[Day]:
    """Yield the dates that spans state, in order, and those of the defined days that they name."""
    for span in spans:
        text = document.slice(span)
        found: list[tuple[int, int, date, Span | None]] = [
            (fact.start, fact.end, value, None) for fact in find_facts(text) if (value := date_of(fact)) is not None
        ]
        for match in (*_DAY_NAME.finditer(text), *_OWN_DAY.finditer(text)):
            if defined := defined_day(document, " ".join(match[0].split()), tuple(dates)):
                found.append((match.start(), match.end(), *defined))
        for start, end, value, place in sorted(found, key=lambda each: each[0]):
            at = Span(document.id, span.start + start, span.start + end)
            yield Day(value, place or at, at)


def date_of(fact: Fact) -> date | None:
    """The date of a fact; None where it has none or two (3/1/2020)."""
    values = {key[1] for key in fact.keys if key[0] == "date"}
    try:
        return date.fromisoformat(values.pop()) if len(values) == 1 else None
    except ValueError:  # February 30
        return None


def quantities(document: Document, spans: Iterable[Span]) -> Iterator[Quantity]:
    """Yield the periods, amounts, counts and shares that spans state, in order."""
    for span in spans:
        for fact in find_facts(document.slice(span)):
            at = Span(document.id, span.start + fact.start, span.start + fact.end)
            for value, unit, per in values_of(fact):
                yield Quantity(value, unit, shown(value, unit, fact), at, per)


def values_of(fact: Fact) -> Iterator[tuple[Fraction, tuple[str, ...], str]]:
    """Yield value, unit and what it is for of each reading of a fact that has a value and a unit."""
    for key in sorted(fact.keys):
        kind, number, *unit = in_base_unit(key)
        if kind in ("period", "amount", "count", "share", "number") and "≠" not in number:
            per = unit if kind == "share" else unit[1:]
            yield Fraction(number), (kind,) if kind == "share" else (kind, *unit[:1]), "".join(per)


def shown(value: Fraction, unit: tuple[str, ...], fact: Fact | None = None) -> str:
    """A value as a calculation shows it: "$200,000", "5%", "20 users", and a period in the unit of its fact."""
    match unit:
        case ("amount", currency):
            return f"{currency}{_decimal(value, 2)}"
        case ("share",):
            return f"{_decimal(value * 100)}%"
        case ("period", base):
            written = next((key for key in sorted(fact.keys) if key[0] == "count"), None) if fact else None
            return _counted(Fraction(written[1]), written[2]) if written else _counted(value, base)
        case (_, thing):
            return _counted(value, thing)
    return _decimal(value)


def as_day(value: date) -> str:
    """A date as a calculation shows it: "September 1, 2021"."""
    return f"{value:%B} {value.day}, {value.year}"


def _counted(value: Fraction, unit: str) -> str:
    return f"{_decimal(value)} {unit}{'' if value == 1 else 's'}"


def _decimal(value: Fraction, places: int = 0) -> str:
    """A value with thousands, without decimals where it is whole, else with at least so many."""
    if value.denominator == 1:
        return f"{value.numerator:,}"
    text = f"{float(value):,.6f}".rstrip("0")
    return text + "0" * max(0, places - len(text.partition(".")[2]))


@lru_cache(maxsize=256)
def defined_day(document: Document, name: str, dates: tuple[DocumentDate, ...]) -> tuple[date, Span] | None:
    """The date of a day that a document defines, and where that date stands: '"Effective Date" means March 1, 2020',
    'March 1, 2020 (the "Effective Date")', "Effective Date: March 1, 2020"; of its own day by the document's dates.
    """
    if not _OWN_DAY.search(name):
        words = re.escape(name).replace(r"\ ", r"\s+")
        for place in list(re.finditer(rf"(?P<open>[“\"‘'(]\s*)?\b(?P<name>{words})\b", document.text))[:_MOST_NAMES]:
            if found := _date_beside(document, place):
                return found
        if name.casefold() != "effective date":
            return None
    return own_day(dates, _OWN_KINDS if _OWN_DAY.search(name) else ("effective",))


def own_day(dates: Sequence[DocumentDate], kinds: Sequence[str]) -> tuple[date, Span] | None:
    """The first of a document's own dates by the order of kinds, and where it stands."""
    own = (each for kind in kinds for each in dates if each.kind == kind)
    return next(((each.value, each.span) for each in own if each.value), None)


def _date_beside(document: Document, place: re.Match[str]) -> tuple[date, Span] | None:
    """The date that a defined day is said to be at one of its places."""
    text, name_end = document.text, place.end()
    if lead := _LEADS.match(text, name_end):
        facts = find_facts(text[lead.end() : lead.end() + _BESIDE])
        if facts and facts[0].start == 0 and (value := date_of(facts[0])):
            return value, document.span(lead.end(), lead.end() + facts[0].end)
    if place["open"]:
        start = max(0, place.start() - _BESIDE)
        before = text[start : place.start("name")]
        dated = [fact for fact in find_facts(before) if date_of(fact)]
        if dated and _JOINS.match(before, dated[-1].end) and (value := date_of(dated[-1])):
            return value, document.span(start + dated[-1].start, start + dated[-1].end)
    return None
