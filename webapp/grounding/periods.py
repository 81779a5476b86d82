"""Finds the periods of a contract and the dates that they are counted from: "continues for eighteen (18) months".

A period has the date that its own sentence gives it ("after …", "begins on …"), the end of the term that it is counted
back from ("sixty (60) days before the expiration"), or, where it says how long something lasts and the passages name no
other beginning ("on delivery of the first sample"), the document's own day.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import chain

from dateutil.relativedelta import relativedelta

from retrieval import Document, Span, split_sentences
from webapp.grounding.facts import find_facts
from webapp.grounding.operands import Day, Quantity, Source, as_day, days, own_day, quantities

_LONGEST = {"month": 1_200, "day": 36_600}  # a century
_FIRST_DAYS = ("effective", "made", "dated")  # a term that names no first day runs from the document's own
_REACH = 60  # characters from "before" or "after" to the date that is meant
BEFORE = re.compile(r"[^.;]{0,60}?\b(?:prior\s+to|before|earlier|preceding|in\s+advance\s+of)\b", re.IGNORECASE)
AFTER = re.compile(
    r"[^.;]{0,40}?\b(?:after|following|subsequent\s+to|from|since|later|(?:commenc|beginn|start)ing|anniversary\s+of)\b"
    r"|\s*of\s+(?:the|its|such)\b",
    re.IGNORECASE,
)
_ANNIVERSARY = re.compile(
    r"\s*(?:\(\s*\d+(?:st|nd|rd|th)\s*\)\s*)?(?:annual\s+|yearly\s+)?anniversary\b", re.IGNORECASE
)
# "180 days’ notice that takes effect on or after": counted back. Of "30 days’ notice" alone the clause says neither.
_NOTICE = re.compile(r"[’']?\s*(?:prior\s+|advance\s+|previous\s+)?(?:written\s+)?notice\b", re.IGNORECASE)
_NOTICE_FOR = re.compile(
    rf"{_NOTICE.pattern}[^.;]{{0,40}}?\b(?:tak(?:es?|ing)\s+effect|effective|expir(?:es?|ing)|ending)\s+(?:on|as\s+of|at)"
    r"(?:\s+or\s+after)?\b",
    re.IGNORECASE,
)
_OF_END = re.compile(
    r"\s*(?:the\s+)?(?:scheduled\s+|automatic\s+)?(?:end|expiration|expiry|termination|renewal|commencement\s+of\s+(?:the|any|each)"
    r"|(?:then[\s-]current|current|initial|renewal|such|each|any)\s+(?:\w+\s+)?(?:term|period))\b",
    re.IGNORECASE,
)
_ENDS_ON = re.compile(
    r"\b(?:expir\w+|ends?|ending|terminat\w+|until|through)\b(?:\s+(?:date|on|at|as\s+of|the|close\s+of\s+business"
    r"|midnight|shall|is|be|and|including|upon))*[\s,:]*\Z",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"\b(?:commenc\w+|begin\w*|start\w*|effective|(?:enter|com)(?:e?s?|ing)\s+into\s+(?:force|effect)"
    r"|tak(?:es?|ing)\s+effect)\b",
    re.IGNORECASE,
)
# "May terminate on 24 March 2028 by giving six months' notice": a notice for a date that stands before it.
_ENDS_BY = re.compile(
    r"\b(?:terminat\w+|end|determine|break|cancel\w*|surrender\w*|leave|withdraw)\b[^.;]{0,60}?\b(?:on|at|as\s+of|from)\s+"
    r"(?:the\s+)?\Z",
    re.IGNORECASE,
)
_BY_NOTICE = re.compile(
    r"[\s,(]*(?:\([^()]{0,60}\)[\s,]*)?(?:(?:by|on|upon|with|subject\s+to|provided\s+that|if)\b[^.;]{0,60}?\b)?(?:giv\w+|serv\w+"
    r"|deliver\w+|send\w*|having\s+given|has\s+given)\b[^.;]{0,60}\Z",
    re.IGNORECASE,
)
# What a period is counted from, where no date follows: "commencing upon the opening", "days after receipt".
_STARTS = re.compile(
    r"\b(?:(?:commenc|beginn?|start)\w*|(?:takes?|taking)\s+effect|becom\w+\s+effective|effective)\s+(?:only\s+)?"
    r"(?:on|upon|at|from|with|as\s+of|after|following|when|once|immediately|the\s+(?:date|day))\b",
    re.IGNORECASE,
)
_COUNTS_FROM = re.compile(
    r"[’']?\s*(?:\([^()]{0,20}\)\s*)?,?\s*(?:immediately\s+)?(?:after|following|subsequent\s+to|from|since|upon)\b",
    re.IGNORECASE,
)
_OF_TERM = re.compile(
    r"(?<!renewal\s)(?<!extended\s)(?<!additional\s)\b(?:term|agreement|contract|lease|licen[cs]e|engagement)\b"
    r"[^.;,]{0,40}\Z",
    re.IGNORECASE,
)
# The document's own day in other words.
_SIGNATURE = re.compile(
    r"(?:\s+(?:on|upon|from|the|of|its|full|due|mutual|date|day|both|last|by|and|delivery))*\s+(?:executi\w+|executed|sign\w+)\b",
    re.IGNORECASE,
)
_ITS_DATE = re.compile(r"\s+its\s+date\b(?!\s+of\b)", re.IGNORECASE)
_THIS_LASTS = re.compile(
    r"^\W*(?:[\d.]+\s+)?(?:\w+\s+){0,3}?this\s+(?:agreement|contract|lease|deed|licen[cs]e)\b", re.IGNORECASE
)
_RUNS = re.compile(
    r"\b(?:terms?|continues?|remains?|in\s+effect|lasts?|runs?|expires?|duration|initial\s+period)\b", re.IGNORECASE
)
# "Unless terminated earlier under Section 7", "subject to earlier termination": what a clause excepts from its period.
_EXCEPTS = re.compile(
    r"\b(?:unless|subject\s+to|except|provided,?\s+(?:that|however)|(?:or\s+)?until\s+(?:\w+\s+){0,3}?(?:earlier|sooner))\b",
    re.IGNORECASE,
)
_EXCEPTION_ENDS = re.compile(r"[;.](?=\s|\Z)|,(?=\s+(?:the|this|such)\s)|\Z")
_LONGEST_EXCEPTION = 160  # characters of one as it is shown
_REPEATS = re.compile(
    r"\b(?:success\w+|additional|further|renew\w*|extend\w*|extension|every|each|per)\W+(?:\w+\W+){0,5}\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Base:
    """A date to count from; `includes`: it is the first day of the period that is counted."""

    value: date
    shown: str
    operands: tuple[Span, ...]
    includes: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """A period of a source, the dates that it is counted from, and the words beside it.

    `sign` is 1 where it is counted forward, -1 where back, 0 where its sentence does not say.
    """

    period: Quantity
    sign: int
    bases: tuple[Base, ...]
    around: str
    runs: bool  # it is how long something lasts
    repeats: bool = False  # it is one of several: "successive terms of one year"
    elsewhere: bool = False  # it is counted from something that the passages give no date: "from the opening"
    excepts: str = ""  # what its sentence excepts: "unless terminated earlier under Section 7"


def find_terms(source: Source) -> Iterator[Term]:
    """Yield the periods of the passages, each with what it is counted from."""
    document = source.document
    sentences = [
        document.span(start, end)
        for span in cited(source)
        for start, end in split_sentences(document.text, span.start, span.end)
    ]
    undated = any(_starts_undated(source, sentence) for sentence in sentences)
    of_sentences = [list(_terms_of(source, sentence, term_is_undated=undated)) for sentence in sentences]
    ends: list[Base] | None = None
    for term in chain.from_iterable(of_sentences):
        if term.sign < 0 and not term.bases and _counts_to_end(term, document):
            ends = _ends(source, of_sentences) if ends is None else ends
            term = replace(term, bases=tuple(ends))
        yield term


def _starts_undated(source: Source, sentence: Span) -> bool:
    """Whether a sentence begins the term of the contract with something that has no date."""
    text = source.document.slice(sentence)
    starts = [match for match in _STARTS.finditer(text) if _OF_TERM.search(text[: match.start()])]
    if not starts:
        return False
    dated = [day.at.start - sentence.start for day in days(source.document, [sentence], source.dates)]
    return not any(
        _SIGNATURE.match(text, start.end()) or any(start.start() <= at <= start.end() + _REACH for at in dated)
        for start in starts
    )


def _terms_of(source: Source, sentence: Span, *, term_is_undated: bool) -> Iterator[Term]:
    document, text = source.document, source.document.slice(sentence)
    dated = list(days(document, [sentence], source.dates))
    periods = [q for q in quantities(document, [sentence]) if q.unit[0] == "period"]
    for start, end, number in anniversaries(text):
        span = Span(document.id, sentence.start + start, sentence.start + end)
        many = Fraction(12 * number)
        periods.append(Quantity(many, ("period", "month"), f"{number} year{'' if number == 1 else 's'}", span))
    at_before, excepts = 0, _exception(text)
    for period in sorted(periods, key=lambda each: each.span.start):
        start, end = period.span.start - sentence.start, period.span.end - sentence.start
        sign, bases, runs = _counted_from(text, (start, end), dated, sentence.start)
        elsewhere = sign >= 0 and not bases and (_is_undated(text, end) or (runs and term_is_undated))
        if runs and not bases and not dated and not elsewhere and (day := own_day(source.dates, _FIRST_DAYS)):
            bases = (Base(day[0], as_day(day[0]), (day[1],), includes=True),)
        around = text[at_before : end + _REACH]
        yield Term(period, sign, bases, around, runs, bool(_REPEATS.search(text[:start])), elsewhere, excepts)
        at_before = end


def until_exception(text: str, at: int) -> str:
    """A text up to what it excepts after an offset."""
    match = _EXCEPTS.search(text, at)
    return text[: match.start()] if match else text


def _exception(text: str) -> str:
    """What a sentence excepts, in its words."""
    match = _EXCEPTS.search(text)
    if match is None:
        return ""
    end = _EXCEPTION_ENDS.search(text, match.end())
    return shown_exception(text[match.start() : end.start() if end else len(text)])


def shown_exception(words: str) -> str:
    """What a sentence excepts as it is shown: on one line, and no longer than a few."""
    words = " ".join(words.split())
    return words if len(words) <= _LONGEST_EXCEPTION else f"{words[:_LONGEST_EXCEPTION].rsplit(' ', 1)[0]} …"


def _is_undated(text: str, end: int) -> bool:
    """Whether a period, which has no date, is counted from something: "ten years from the opening"."""
    counts = _COUNTS_FROM.match(text, end)
    if counts and _ITS_DATE.match(text, counts.end()) and _THIS_LASTS.search(text[:end]):
        return False
    return bool(counts and not _SIGNATURE.match(text, counts.end()))


def anniversaries(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield start, end and number of each anniversary: 5 for "the fifth (5th) anniversary"."""
    for fact in find_facts(text):
        number = next((key[1] for key in fact.keys if key[0] == "ordinal"), None)
        if number and (match := _ANNIVERSARY.match(text, fact.end)):
            yield fact.start, match.end(), int(number)


def _counted_from(
    text: str, at: tuple[int, int], dated: Sequence[Day], offset: int
) -> tuple[int, tuple[Base, ...], bool]:
    """Direction of a period at [start, end) of a source's sentence, the dates it is counted from, and whether it is how
    long something lasts.
    """
    start, end = at
    runs = bool(_RUNS.search(text))
    text = until_exception(text, end)  # "unless terminated earlier" does not count it back
    if _NOTICE.match(text, end) and (for_day := _notice_for(text, start, dated, offset)):
        return -1, (base_of(for_day, includes=False),), False
    for sign, pattern in ((-1, BEFORE), (-1, _NOTICE_FOR), (0, _NOTICE), (1, AFTER)):
        if match := pattern.match(text, end):
            near = [d for d in dated if match.end() <= d.at.start - offset <= match.end() + _REACH]
            begins = sign > 0 and (bool(_BEGINS.search(match[0])) or runs)
            return sign, tuple(base_of(near[0], includes=begins) for _ in near[:1]), runs and sign > 0
    earlier = [d for d in dated if d.at.end - offset <= start]
    if earlier and _BEGINS.search(text[: earlier[-1].at.start - offset]):
        return 1, (base_of(earlier[-1], includes=True),), runs
    return int(runs), (), runs


def _notice_for(text: str, start: int, dated: Sequence[Day], offset: int) -> Day | None:
    """The one date before a period of notice on which something may be ended by giving it."""
    before = [day for day in dated if day.at.end - offset <= start]
    if len(before) != 1:
        return None
    first, last = before[0].at.start - offset, before[0].at.end - offset
    return before[0] if _ENDS_BY.search(text[:first]) and _BY_NOTICE.match(text[last:start]) else None


def _counts_to_end(term: Term, document: Document) -> bool:
    """Whether a period is counted back from the end of a term: "sixty (60) days before the expiration"."""
    after = document.text[term.period.span.end : term.period.span.end + 3 * _REACH]
    match = BEFORE.match(after)
    return bool(match and _OF_END.match(after, match.end()))


def _ends(source: Source, of_sentences: Sequence[Sequence[Term]]) -> list[Base]:
    """The ends of what the passages say lasts: a date that they name as one, or the first day and how long it lasts."""
    text = source.document.text
    ends = [
        base_of(day, includes=False)
        for day in days(source.document, cited(source), source.dates)
        if _ENDS_ON.search(text[max(0, day.at.start - _REACH) : day.at.start])
        or re.match(r"(?:Expir|Terminat|End)", text[day.at.start : day.at.end])
    ]
    lasting = [t for terms in of_sentences for t in terms if t.runs and t.sign > 0 and not t.repeats]
    for term in lasting[:1]:
        for base in term.bases:
            end = moved(base.value, term.period, 1)
            if end:
                text_of = f"{base.shown} + {term.period.shown}"
                operands = (*base.operands, term.period.span)
                ends += [
                    Base(end, text_of, operands),
                    Base(end - timedelta(days=1), f"{text_of} − 1 day", operands),
                ]
    return ends


def base_of(day: Day, *, includes: bool) -> Base:
    """A stated date as one to count from."""
    return Base(day.value, as_day(day.value), (day.span,), includes)


def cited(source: Source) -> list[Span]:
    """The spans of the passages, and the bearing spans that lie in none of them."""
    return [*source.spans, *(b for b in source.bearing if not any(span.contains(b) for span in source.spans))]


def moved(day: date, period: Quantity, sign: int) -> date | None:
    """A date and a period: of January 31 and a month it is the last of February; None where it leaves the calendar."""
    unit = period.unit[1]
    if period.value.denominator != 1 or unit not in _LONGEST or period.value > _LONGEST[unit]:
        return None
    count = sign * period.value.numerator
    try:
        return day + (relativedelta(months=count) if unit == "month" else timedelta(days=count))
    except (ValueError, OverflowError):
        return None
