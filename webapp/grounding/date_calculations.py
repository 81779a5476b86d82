"""Calculates dates from a date and a period ("18 months after March 1, 2020"), and the time between two dates.

Only the periods of the source are counted, each from the date that `periods` gives it or from one that the sentence
names. So few results are possible, and one is rarely right by chance.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from dateutil.relativedelta import relativedelta

from webapp.grounding.facts import Fact, find_facts
from webapp.grounding.operands import (
    Day,
    Derived,
    Source,
    as_day,
    date_of,
    days,
    quantities,
    shown,
    supposed,
    values_of,
)
from webapp.grounding.periods import (
    AFTER,
    BEFORE,
    Base,
    Term,
    anniversaries,
    base_of,
    cited,
    find_terms,
    moved,
    until_exception,
)
from webapp.grounding.proper_names import is_plain, stems
from webapp.grounding.quantities import AVERAGE_DAYS, NEARLY, PERIODS

BY_CALENDAR = "by the calendar: the day of the same number, or the last of a month that has none"
BY_DAYS = "in calendar days; the day that it is counted from does not count"
LAST_DAY = "the first day counts, so the last is the day before"
FROM_TO = "from the first date to the second"
ROUGHLY = "from the first date to the second, as a round length"
BOTH_COUNT = "the first and the last day both count"

_SAYS_LAST = re.compile(
    r"\b(?:ends?|ending|expir\w+|through|until|last|lasts|runs?|terminates?|conclud\w+|over|to)\b", re.IGNORECASE
)
_SAYS_THROUGH = re.compile(r"\b(?:through|last\s+day\s+of|up\s+to\s+and\s+including)\b", re.IGNORECASE)
_SAYS_BEFORE = re.compile(
    r"\b(?:before|prior|notice|notif\w+|deadline|latest|last\s+(?:day|date)|no\s+later|cancel\w*|exercis\w+|preced\w+"
    r"|elect\w*|by)\b|[-−–]",
    re.IGNORECASE,
)
# What stands before a date that something is counted from.
_IS_BASE = re.compile(
    r"\b(?:from|after|following|since|before|prior\s+to|(?:beginning|commencing|starting)(?:\s+on)?)\s+(?:the\s+)?\Z",
    re.IGNORECASE,
)
# A length in round figures, and on which side of it the exact one is.
_ROUGH = tuple(
    (re.compile(rf"\b(?:{words})\s+\Z", re.IGNORECASE), side)
    for words, side in (
        (r"(?:a\s+little|slightly|just|a\s+bit)\s+(?:over|more\s+than)", 1),
        (r"(?:a\s+little|slightly|just|a\s+bit)\s+(?:under|less\s+than)|almost|nearly", -1),
        (r"about|approximately|roughly|around", 0),
    )
)
_JOINS = re.compile(r"\s+and\s+|,\s+", re.IGNORECASE)
_SAYS_NOTICE = re.compile(r"\b(?:notice|notif\w+|deadline)\b", re.IGNORECASE)


def derive_date(fact: Fact, sentence: str, sources: Sequence[Source], known: Sequence[Derived]) -> Derived | None:
    """Derive a date or a month of a sentence; `known` are the calculations that its other dates were derived by."""
    if _IS_BASE.search(sentence[: fact.start]):
        return None
    readings = {key[1] for key in fact.keys if key[0] in ("date", "month")}
    about = _about(fact, sentence)
    supposed_days = {date_of(each) for each in supposed(sentence)}
    for source in sources:
        own = {day.value for day in source.dates}
        bases = list(_named_bases(sentence, readings, source, known))
        for term in _meant(source, sentence, about):
            given = [base for base in bases if base.value in supposed_days]
            if not given and term.sign < 0:
                given = [base for base in bases if base.shown in {each.result for each in known}]
            stated = [base for base in bases if not (term.elsewhere and base.value in own)]
            if term.sign < 0 and term.bases:  # back from the end of a term, and from no other day that is stated
                stated = []
            for base in given or (*stated, *term.bases):
                for value, rule in _counted(base, term, about):
                    if {value.isoformat(), f"{value:%Y-%m}"} & readings:
                        text = f"{base.shown} {'+' if term.sign > 0 else '−'} {term.period.shown}"
                        text += " − 1 day" if rule == LAST_DAY else ""
                        spans = tuple(dict.fromkeys((*base.operands, term.period.span)))
                        rule += f"; its clause excepts: “{term.excepts}”" if term.excepts else ""
                        return Derived(
                            f"{text} = {as_day(value)}", spans, as_day(value), rule, value, through=(base.value,)
                        )
    return None


def _meant(source: Source, sentence: str, about: str) -> list[Term]:
    """The periods of a source that a sentence names; where it names none, those of the clause, nearest in words."""
    terms = list(find_terms(source))
    if periods := _periods(sentence):
        named = [(t, _direction(t, sentence)) for t in terms if (t.period.value, t.period.unit) in periods]
        return [replace(t, sign=t.sign or said or 1) for t, said in named if not said or not t.sign or said == t.sign]
    bearing = [term for term in terms if term.sign and _bears(term, source) and not term.repeats]
    if not source.bearing:  # no clause has words of "the agreement ends on …": the one that says how long it lasts
        lasting = [term for term in terms if term.sign > 0 and term.runs and not term.repeats]
        bearing = lasting if len(lasting) == 1 else []
    return _nearest([term for term in bearing if _may_mean(term, about, terms)], about)


def _direction(term: Term, sentence: str) -> int:
    """Whether a sentence counts a period forward (1) or back (-1); 0 where it does not say."""
    for fact in find_facts(sentence):
        if any((value, unit) == (term.period.value, term.period.unit) for value, unit, _ in values_of(fact)):
            said = until_exception(sentence, fact.end)
            return -1 if BEFORE.match(said, fact.end) else int(bool(AFTER.match(said, fact.end)))
    return 0


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
    lengths = [(value + _rest_of_length(fact, sentence, unit), unit) for value, unit in lengths]
    for source in sources if lengths else ():
        [(value, unit), *_] = lengths
        found = {day.value: day for day in _all_days(source) if day.value in dates}
        if not dates:
            found = {day.value: day for day in days(source.document, source.bearing, source.dates)}
        if len(found) == 2:
            first, last = (found[each] for each in sorted(found))
            side = next((side for words, side in _ROUGH if words.search(sentence[: fact.start])), None)
            exact = ((last.value, FROM_TO), (last.value + timedelta(days=1), BOTH_COUNT)) if not side else ()
            for end, rule in exact:
                if _between(first.value, end, unit[1]) == value:
                    length = shown(value, unit, fact)
                    text = f"{as_day(first.value)} to {as_day(last.value)} = {length}"
                    return Derived(text, (first.span, last.span), length, rule, value, unit)
            if side is not None and _is_roughly(fact, side, first.value, last.value):
                length = shown(value, unit, fact)
                text = f"{as_day(first.value)} to {as_day(last.value)} ≈ {length}"
                return Derived(text, (first.span, last.span), length, ROUGHLY, value, unit)
    return None


def _rest_of_length(fact: Fact, sentence: str, unit: tuple[str, ...]) -> Fraction:
    """What stands before or after a part of a length: the six months of "three years and six months"."""
    others = (other for other in find_facts(sentence) if other is not fact)
    joined = (
        value
        for other in others
        for value, own, _ in values_of(other)
        if own == unit and _JOINS.fullmatch(sentence, min(fact.end, other.end), max(fact.start, other.start))
    )
    return next(joined, Fraction(0))


def _is_roughly(fact: Fact, side: int, first: date, last: date) -> bool:
    """Whether a fact is the whole number of years or months that is nearest to the time between two dates, on the side
    of it that is said; days are counted exactly, and a time that is whole years or months is on no side of them.
    """
    if side and any(_between(first, end, "month") is not None for end in (last, last + timedelta(days=1))):
        return False
    length = Fraction((last - first).days)
    for _, number, *unit in (key for key in fact.keys if key[0] == "count"):
        times, base = PERIODS.get(unit[0], (0, ""))
        if base == "month" and Fraction(number).denominator == 1:
            one = times * AVERAGE_DAYS[base]
            apart = length - Fraction(number) * one
            if round(length / one) == Fraction(number) and abs(apart) <= NEARLY * length and apart * side >= 0:
                return True
    return False


def counts_elsewhere(sentence: str, sources: Sequence[Source]) -> bool:
    """Whether a sentence counts from a document's own day, where its clause counts from something without a date."""
    dates = {date_of(fact) for fact in find_facts(sentence)}
    return any(
        term.elsewhere and _bears(term, source)
        for source in sources
        if dates & {day.value for day in source.dates}
        for term in find_terms(source)
    )


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
    return found | {(Fraction(12 * number), ("period", "month")) for _, _, number in anniversaries(sentence)}


def _bears(term: Term, source: Source) -> bool:
    return any(span.shared(term.period.span) for span in source.bearing)


def _nearest(terms: Sequence[Term], sentence: str) -> list[Term]:
    """Of the periods that are counted in one direction those whose words share most with the sentence."""
    words = {stem for stem in stems(sentence) if len(stem) > 3 and not is_plain(stem)}
    out = []
    for sign in (1, -1):
        alike = [(len(words & stems(term.around)), term) for term in terms if term.sign == sign]
        out += [term for worth, term in alike if worth == max(worth for worth, _ in alike)]
    return out


def _may_mean(term: Term, sentence: str, others: Sequence[Term]) -> bool:
    """Whether the sentence speaks of what a period leads to: of a notice, or of an end."""
    if term.sign < 0:
        return bool(_SAYS_BEFORE.search(sentence))
    return not (_SAYS_NOTICE.search(sentence) and any(other.sign < 0 for other in others))


def _named_bases(sentence: str, readings: set[str], source: Source, known: Sequence[Derived]) -> Iterator[Base]:
    """Yield the dates that a sentence names beside the one that is asked for: stated, derived or supposed."""
    values = {value for fact in find_facts(sentence) if (value := date_of(fact)) and value.isoformat() not in readings}
    found: dict[date, Base] = {}
    for day in _all_days(source):
        if day.value in values:
            found.setdefault(day.value, base_of(day, includes=True))
    for each in known:
        if isinstance(each.value, date) and each.value in values:
            found.setdefault(each.value, Base(each.value, each.result, each.operands))
    for fact in supposed(sentence):
        if (value := date_of(fact)) and value in values:
            found.setdefault(value, Base(value, as_day(value), ()))
    yield from found.values()


def _all_days(source: Source) -> Iterator[Day]:
    yield from days(source.document, cited(source), source.dates)
    yield from (Day(each.value, each.span, each.span) for each in source.dates if each.value)


def _counted(base: Base, term: Term, about: str) -> Iterator[tuple[date, str]]:
    """Yield what a period leads to from a date, with the rule."""
    if value := moved(base.value, term.period, term.sign):
        includes = term.sign > 0 and base.includes
        if not (includes and _SAYS_THROUGH.search(about)):
            yield value, BY_CALENDAR if term.period.unit[1] == "month" else BY_DAYS
        if includes and _SAYS_LAST.search(about):
            yield value - timedelta(days=1), LAST_DAY
