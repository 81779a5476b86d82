"""Calculates dates from a date and a period ("18 months after March 1, 2020"), and the time between two dates.

A period of the source is counted from the date that its own sentence gives it ("after …", "begins on …", "before the
end of the term"), or from one that the answer names. So few results are possible, and one is rarely right by chance.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import chain

from dateutil.relativedelta import relativedelta

from retrieval import Document, Span, split_sentences
from webapp.grounding.facts import Fact, find_facts
from webapp.grounding.operands import (
    Day,
    Derived,
    Quantity,
    Source,
    as_day,
    date_of,
    days,
    quantities,
    shown,
    values_of,
)
from webapp.grounding.proper_names import is_plain, stems

BY_CALENDAR = "by the calendar: the day of the same number, or the last of a month that has none"
BY_DAYS = "in calendar days; the day that it is counted from does not count"
LAST_DAY = "the first day counts, so the last is the day before"
FROM_TO = "from the first date to the second"
BOTH_COUNT = "the first and the last day both count"

_LONGEST = {"month": 1_200, "day": 36_600}  # a century
_REACH = 60  # characters from "before" or "after" to the date that is meant
_BEFORE = re.compile(r"[^.;]{0,60}?\b(?:prior\s+to|before|preceding|in\s+advance\s+of)\b", re.IGNORECASE)
_AFTER = re.compile(
    r"[^.;]{0,40}?\b(?:after|following|from|since|(?:commenc|beginn|start)ing|anniversary\s+of)\b", re.IGNORECASE
)
_ANNIVERSARY = re.compile(
    r"\s*(?:\(\s*\d+(?:st|nd|rd|th)\s*\)\s*)?(?:annual\s+|yearly\s+)?anniversary\b", re.IGNORECASE
)
_OF_END = re.compile(
    r"\s*(?:the\s+)?(?:scheduled\s+)?(?:end|expiration|expiry|termination|renewal|commencement\s+of\s+(?:the|any|each)"
    r"|(?:then[\s-]current|current|initial|renewal|such|each|any)\s+(?:\w+\s+)?(?:term|period))\b",
    re.IGNORECASE,
)
_ENDS_ON = re.compile(
    r"\b(?:expir\w+|ends?|ending|terminat\w+|until|through)\b(?:\s+(?:date|on|at|as\s+of|the|close\s+of\s+business"
    r"|midnight|shall|is|be|and|including|upon))*[\s,:]*\Z",
    re.IGNORECASE,
)
_BEGINS = re.compile(r"\b(?:commenc\w+|begin\w*|start\w*|effective)\b", re.IGNORECASE)
_RUNS = re.compile(
    r"\b(?:terms?|continues?|remains?|in\s+effect|lasts?|runs?|expires?|duration|initial\s+period)\b", re.IGNORECASE
)
_REPEATS = re.compile(
    r"\b(?:success\w+|additional|further|renew\w*|extend\w*|extension|every|each|per)\W+(?:\w+\W+){0,5}\Z",
    re.IGNORECASE,
)
_SAYS_LAST = re.compile(
    r"\b(?:ends?|ending|expir\w+|through|until|last|lasts|runs?|terminates?|conclud\w+|over|to)\b", re.IGNORECASE
)
_SAYS_BEFORE = re.compile(
    r"\b(?:before|prior|notice|notif\w+|deadline|latest|last\s+(?:day|date)|no\s+later|cancel\w*|exercis\w+|preced\w+"
    r"|elect\w*|by)\b|[-−–]",
    re.IGNORECASE,
)
_SAYS_NOTICE = re.compile(r"\b(?:notice|notif\w+|deadline)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Base:
    """A date to count from; `includes`: it is the first day of the period that is counted."""

    value: date
    shown: str
    operands: tuple[Span, ...]
    includes: bool = False


@dataclass(frozen=True, slots=True)
class _Term:
    """A period of the source, the dates that it is counted from, and the words beside it; `sign` -1 counts back."""

    period: Quantity
    sign: int
    bases: tuple[_Base, ...]
    around: str
    runs: bool  # it is how long something lasts
    repeats: bool = False  # it is one of several: "successive terms of one year"


def derive_date(fact: Fact, sentence: str, sources: Sequence[Source], known: Sequence[Derived]) -> Derived | None:
    """Derive a date or a month of a sentence; `known` are the calculations that its other dates were derived by."""
    readings = {key[1] for key in fact.keys if key[0] in ("date", "month")}
    about = _about(fact, sentence)
    for source in sources:
        all_terms = list(_terms(source))
        if periods := _periods(sentence):
            terms = [term for term in all_terms if (term.period.value, term.period.unit) in periods]
        else:
            terms = [term for term in all_terms if _bears(term, source) and not term.repeats]
            terms = _nearest([term for term in terms if _may_mean(term, about, all_terms)], about)
        named = list(_named_bases(sentence, readings, source, known))
        for term in terms:
            for base in (*named, *term.bases):
                for value, rule in _counted(base, term, about):
                    if {value.isoformat(), f"{value:%Y-%m}"} & readings:
                        text = f"{base.shown} {'+' if term.sign > 0 else '−'} {term.period.shown}"
                        text += " − 1 day" if rule == LAST_DAY else ""
                        operands = (*base.operands, term.period.span)
                        return Derived(f"{text} = {as_day(value)}", operands, as_day(value), rule, value)
    return None


def _about(fact: Fact, sentence: str) -> str:
    """The words that a sentence has for one of its dates: those from the date before it to the next comma or date."""
    dates = [each for each in find_facts(sentence) if date_of(each)]
    start = max((each.end for each in dates if each.end <= fact.start), default=0)
    end = min((each.start for each in dates if each.start >= fact.end), default=len(sentence))
    comma = re.compile(r"[,;]").search(sentence, fact.end, end)
    return sentence[start : comma.start() if comma else end]


def derive_period(fact: Fact, sentence: str, sources: Sequence[Source]) -> Derived | None:
    """Derive a period, in months or days, from two dates that the sentence names, or the two of the bearing clause."""
    dates = {day for each in find_facts(sentence) if (day := date_of(each))}
    lengths = [(value, unit) for value, unit, _ in values_of(fact) if unit[0] == "period"]
    for source in sources if lengths else ():
        [(value, unit), *_] = lengths
        found = {day.value: day for day in _all_days(source) if day.value in dates}
        if not dates:
            found = {day.value: day for day in days(source.document, source.bearing, source.dates)}
        if len(found) == 2:
            first, last = (found[each] for each in sorted(found))
            for end, rule in ((last.value, FROM_TO), (last.value + timedelta(days=1), BOTH_COUNT)):
                if _between(first.value, end, unit[1]) == value:
                    text = shown(value, unit, fact)
                    return Derived(
                        f"{as_day(first.value)} to {as_day(last.value)} = {text}", (first.span, last.span), text, rule
                    )
    return None


def counts_business_days(sentence: str, sources: Sequence[Source]) -> bool:
    """Whether a date of the sentence would be counted in business days."""
    units = {unit for fact in find_facts(sentence) for _, unit, _ in values_of(fact)}
    if any(unit[0] == "period" for unit in units):
        return False
    bearing = {q.unit for source in sources for q in quantities(source.document, source.bearing)}
    return ("count", "business day") in units or (
        ("count", "business day") in bearing and not any(unit[0] == "period" for unit in bearing)
    )


def _between(first: date, last: date, unit: str) -> Fraction | None:
    if unit == "day":
        return Fraction((last - first).days)
    apart = relativedelta(last, first)
    return None if apart.days else Fraction(apart.years * 12 + apart.months)


def _periods(sentence: str) -> set[tuple[Fraction, tuple[str, ...]]]:
    """The periods that a sentence names, anniversaries too, business days among them."""
    found = {
        (value, unit)
        for fact in find_facts(sentence)
        for value, unit, _ in values_of(fact)
        if unit[0] == "period" or unit == ("count", "business day")
    }
    return found | {(Fraction(12 * number), ("period", "month")) for _, _, number in _anniversaries(sentence)}


def _anniversaries(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield start, end and number of each anniversary: 5 for "the fifth (5th) anniversary"."""
    for fact in find_facts(text):
        number = next((key[1] for key in fact.keys if key[0] == "ordinal"), None)
        if number and (match := _ANNIVERSARY.match(text, fact.end)):
            yield fact.start, match.end(), int(number)


def _terms(source: Source) -> Iterator[_Term]:
    """Yield the periods of the passages, each with what it is counted from."""
    document = source.document
    of_sentences = [
        list(_terms_of(source, document.span(start, end)))
        for span in _merged(source)
        for start, end in split_sentences(document.text, span.start, span.end)
    ]
    ends: list[_Base] | None = None
    for term in chain.from_iterable(of_sentences):
        if term.sign < 0 and not term.bases and _counts_to_end(term, document):
            ends = _ends(source, of_sentences) if ends is None else ends
            term = replace(term, bases=tuple(ends))
        yield term


def _merged(source: Source) -> list[Span]:
    """The passages, and the bearing spans that lie in none of them."""
    return [*source.spans, *(b for b in source.bearing if not any(span.contains(b) for span in source.spans))]


def _bears(term: _Term, source: Source) -> bool:
    return any(span.shared(term.period.span) for span in source.bearing)


def _terms_of(source: Source, sentence: Span) -> Iterator[_Term]:
    document, text = source.document, source.document.slice(sentence)
    dated = list(days(document, [sentence], source.dates))
    periods = [q for q in quantities(document, [sentence]) if q.unit[0] == "period"]
    for start, end, number in _anniversaries(text):
        span = Span(document.id, sentence.start + start, sentence.start + end)
        many = Fraction(12 * number)
        periods.append(Quantity(many, ("period", "month"), f"{number} year{'' if number == 1 else 's'}", span))
    at_before = 0
    for period in sorted(periods, key=lambda each: each.span.start):
        start, end = period.span.start - sentence.start, period.span.end - sentence.start
        sign, bases, runs = _counted_from(text, (start, end), dated, sentence.start)
        if runs and not bases and not dated:
            bases = tuple(_own_day(source))
        around = text[at_before : end + _REACH]
        yield _Term(period, sign, bases, around, runs, bool(_REPEATS.search(text[:start])))
        at_before = end


def _counted_from(
    text: str, at: tuple[int, int], dated: Sequence[Day], offset: int
) -> tuple[int, tuple[_Base, ...], bool]:
    """Direction of a period at [start, end) of a source's sentence, the dates it is counted from, and whether it is how
    long something lasts.
    """
    start, end = at
    runs = bool(_RUNS.search(text))
    is_anniversary = bool(re.search(r"anniversary\Z", text[start:end], re.IGNORECASE))
    for sign, pattern in ((-1, _BEFORE), (1, _AFTER)):
        match = re.compile(r"\s*(?:of)\b").match(text, end) if is_anniversary and sign > 0 else pattern.match(text, end)
        if match:
            near = [d for d in dated if match.end() <= d.at.start - offset <= match.end() + _REACH]
            begins = sign > 0 and (bool(_BEGINS.search(match[0])) or runs)
            return sign, tuple(_base(near[0], includes=begins) for _ in near[:1]), runs and sign > 0
    earlier = [d for d in dated if d.at.end - offset <= start]
    if earlier and _BEGINS.search(text[: earlier[-1].at.start - offset]):
        return 1, (_base(earlier[-1], includes=True),), runs
    return 1, (), runs


def _base(day: Day, *, includes: bool) -> _Base:
    return _Base(day.value, as_day(day.value), (day.span,), includes)


def _own_day(source: Source) -> Iterator[_Base]:
    """The day on which a document takes effect, or is made: a term that names no first day runs from it."""
    for kind in ("effective", "made", "dated"):
        for each in source.dates:
            if each.kind == kind and each.value:
                yield _Base(each.value, as_day(each.value), (each.span,), includes=True)
                return


def _counts_to_end(term: _Term, document: Document) -> bool:
    """Whether a period is counted back from the end of a term: "sixty (60) days before the expiration"."""
    after = document.text[term.period.span.end : term.period.span.end + 3 * _REACH]
    match = _BEFORE.match(after)
    return bool(match and _OF_END.match(after, match.end()))


def _ends(source: Source, of_sentences: Sequence[Sequence[_Term]]) -> list[_Base]:
    """The ends of what the passages say lasts: a date that they name as one, or the first day and how long it lasts."""
    text = source.document.text
    ends = [
        _base(day, includes=False)
        for day in days(source.document, _merged(source), source.dates)
        if _ENDS_ON.search(text[max(0, day.at.start - _REACH) : day.at.start])
        or re.match(r"(?:Expir|Terminat|End)", text[day.at.start : day.at.end])
    ]
    lasting = [t for terms in of_sentences for t in terms if t.runs and t.sign > 0 and not t.repeats]
    for term in lasting[:1]:
        for base in term.bases:
            end = _moved(base.value, term.period, 1)
            if end:
                text_of = f"{base.shown} + {term.period.shown}"
                operands = (*base.operands, term.period.span)
                ends += [
                    _Base(end, text_of, operands),
                    _Base(end - timedelta(days=1), f"{text_of} − 1 day", operands),
                ]
    return ends


def _nearest(terms: Sequence[_Term], sentence: str) -> list[_Term]:
    """Of the periods that are counted in one direction those whose words share most with the sentence."""
    words = {stem for stem in stems(sentence) if len(stem) > 3 and not is_plain(stem)}
    out = []
    for sign in (1, -1):
        alike = [(len(words & stems(term.around)), term) for term in terms if term.sign == sign]
        out += [term for worth, term in alike if worth == max(worth for worth, _ in alike)]
    return out


def _may_mean(term: _Term, sentence: str, others: Sequence[_Term]) -> bool:
    """Whether the sentence speaks of what a period leads to: of a notice, or of an end."""
    if term.sign < 0:
        return bool(_SAYS_BEFORE.search(sentence))
    return not (_SAYS_NOTICE.search(sentence) and any(other.sign < 0 for other in others))


def _named_bases(sentence: str, readings: set[str], source: Source, known: Sequence[Derived]) -> Iterator[_Base]:
    """Yield the dates that a sentence names beside the one that is asked for: stated by its source, or derived."""
    values = {value for fact in find_facts(sentence) if (value := date_of(fact)) and value.isoformat() not in readings}
    found: dict[date, _Base] = {}
    for day in _all_days(source):
        if day.value in values:
            found.setdefault(day.value, _base(day, includes=True))
    for each in known:
        if isinstance(each.value, date) and each.value in values:
            found.setdefault(each.value, _Base(each.value, each.result, each.operands))
    yield from found.values()


def _all_days(source: Source) -> Iterator[Day]:
    yield from days(source.document, _merged(source), source.dates)
    yield from (Day(each.value, each.span, each.span) for each in source.dates if each.value)


def _counted(base: _Base, term: _Term, sentence: str) -> Iterator[tuple[date, str]]:
    """Yield what a period leads to from a date, with the rule."""
    moved = _moved(base.value, term.period, term.sign)
    if moved:
        yield moved, BY_CALENDAR if term.period.unit[1] == "month" else BY_DAYS
        if term.sign > 0 and base.includes and _SAYS_LAST.search(sentence):
            yield moved - timedelta(days=1), LAST_DAY


def _moved(day: date, period: Quantity, sign: int) -> date | None:
    unit = period.unit[1]
    if period.value.denominator != 1 or unit not in _LONGEST or period.value > _LONGEST[unit]:
        return None
    count = sign * period.value.numerator
    try:
        return day + (relativedelta(months=count) if unit == "month" else timedelta(days=count))
    except (ValueError, OverflowError):
        return None
