"""Extraction of facts from text: numbers, amounts, percentages, dates, periods, times and section numbers, normalised.

"thirty (30) days", "30 days" and "a 30-day period" are one fact; "30 months", "$30" and "300 days" are others. A fact
has one key or, where it is ambiguous (3/1/2020), several. Its unit is as written: `quantities` compares units.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from webapp.grounding.numbers import DIGITS, MIXED, ORDINAL, SCALED, WORDS, format_number, number_value, ordinal, roman

Key = tuple[str, ...]  # kind and normalised value: ("count", "30", "day"), ("date", "2020-03-01")


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: `text` as written at [start, end); `keys` are its readings, of which a source needs to state one."""

    text: str
    start: int
    end: int
    keys: frozenset[Key]


_MONTHS = "January February March April May June July August September October November December".split()
_MONTH = "|".join(
    form
    for m in _MONTHS
    for name in (m, m.upper())
    for form in ([name] if len(m) < 4 else [name, rf"{name[:3]}\.?", rf"{name[:4]}\."])
)
_MONTH = rf"\b(?:{_MONTH})(?![a-z])"
_YEAR = r"(?:19|20)\d\d(?!\d|[.,]\d)"
_DAY = rf"(?:{ORDINAL}|\b\d{{1,2}})(?!\d)"
_DATES = (
    re.compile(rf"(?P<m>{_MONTH})\s+(?P<d>{_DAY})(?:\s*,?\s*(?P<y>{_YEAR}))?"),
    re.compile(rf"(?P<d>(?i:{_DAY}))\s+(?i:day\s+)?(?:of\s+)?(?P<m>{_MONTH})(?:\s*,?\s*(?P<y>{_YEAR}))?"),
    re.compile(rf"(?P<m>{_MONTH})\s*,?\s*(?P<y>{_YEAR})"),
    re.compile(r"(?<![\d./-])(?P<y>(?:19|20)\d\d)(?P<s>[-/.])(?P<mm>\d{1,2})(?P=s)(?P<dd>\d{1,2})(?![\d/-])"),
    re.compile(
        r"(?<![\d./-])(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)(?P<y>(?:19|20)\d\d|(?<![.]\d)(?<![.]\d\d)\d\d)"
        r"(?![\d/-])"
    ),
)

# "the fourth quarter of 2020", "Q4 2020", "second half of fiscal year 2021": one value.
_OF_YEAR = re.compile(
    rf"(?:(?P<n>(?:{ORDINAL}))\s+(?:\([^()]{{1,5}}\)\s+)?(?:(?:fiscal|calendar)\s+)?(?P<u>quarter|half)"
    rf"|\b(?P<s>[QH])(?P<d>[1-4]))(?:\s*,?\s*(?:of|in)\b)?(?:\s+the)?(?:\s+(?:fiscal|calendar))?(?:\s+years?)?"
    rf"\s*[,/]?\s*(?P<y>{_YEAR})",
    re.IGNORECASE,
)

_CURRENCIES = {
    "$": r"US\s?\$|U\.S\.\s?\$|\$|USD\b|(?:(?:US|U\.S\.|United\s+States)\s+)?dollars?\b",
    "C$": r"CA?\$|CDN\s?\$|CAD\b|Canadian\s+dollars?\b",
    "A$": r"AU?\$|AUD\b|Australian\s+dollars?\b",
    "HK$": r"HK\$|HKD\b|Hong\s+Kong\s+dollars?\b",
    "€": r"€|EUR\b|euros?\b",
    "£": r"£|GBP\b|pounds?\s+sterling\b",
    "¥": r"¥|JPY\b|yen\b",
    "RMB": r"RMB\b|CNY\b|renminbi\b|yuan\b",
    "CHF": r"CHF\b|Swiss\s+francs?\b",
}
_CURRENCY = "|".join(f"(?:{form})" for form in reversed(_CURRENCIES.values()))
_NUMBER = rf"{MIXED}|{SCALED}|{WORDS}"
_TWICE = rf"(?P<n>{_NUMBER})(?:\s*\(\s*(?:{_CURRENCY})?\s*(?P<p>{_NUMBER})\s*%?\s*\))?"  # "thirty (30)"
_AMOUNTS = (
    re.compile(rf"(?P<c>{_CURRENCY})\s*(?P<n>{SCALED})", re.IGNORECASE),
    re.compile(rf"{_TWICE}\s*(?:and\s+(?:no|\d\d)/100\s*)?(?P<c>{_CURRENCY})", re.IGNORECASE),
    re.compile(rf"{_TWICE}\s*(?P<cents>cents?\b|¢)", re.IGNORECASE),
)
# What an amount is for: "$1,500 per month", "a monthly fee of $1,500", "$50 each".
_PER = (
    r"day|week|month|quarter|year|annum|hour|minute|share|unit|copy|mile|acre|gallon|ton|barrel|employee|person|user"
    r"|seat|store|location|vehicle|page|word|square\s+foot"
)
_OFTEN = {
    "hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "annual": "year",
    "annually": "year", "yearly": "year",
}  # fmt: skip
_RATE = re.compile(
    rf"\)?[\s\-‐]*(?:\(\s*[^()\n]{{0,30}}\)\s*)?(?:(?:US\s+)?dollars\s+)?"
    rf"(?:(?:per|an?|each|every|for\s+each|for\s+every|/)\s*(?:(?P<many>{DIGITS}|{WORDS})(?:\s*\(\d+\))?[\s\-‐]*)?"
    rf"(?:(?:calendar|contract|lease|full)\s+)?(?P<u>{_PER})(?:(?(many)s?|))\b"
    rf"|(?P<often>{'|'.join(_OFTEN)})\b)",
    re.IGNORECASE,
)
_RATE_BEFORE = re.compile(
    rf"\b(?P<often>{'|'.join(_OFTEN)})\s+(?:[a-z]+\s+){{1,3}}(?:(?:of|is|at|equal\s+to)\s+)\Z", re.IGNORECASE
)
_RATES = {("7", "day"): "week", ("3", "month"): "quarter", ("12", "month"): "year", ("60", "minute"): "hour"}
_RATE_WITHIN = 60  # characters before an amount
_PERCENT = re.compile(
    rf"(?:(?P<whole>\d{{1,2}})[\s\-‐](?P<a>[1-9])/(?P<b>[1-9])|{_TWICE})"
    r"\s*(?:%|percent(?:age\s+points?)?\b|per\s?cent(?:um)?\b)",
    re.IGNORECASE,
)
_UNITS = (
    "day|week|fortnight|month|quarter|year|decade|hour|minute|seconds|share|unit|copy|copies|time|mile|foot|feet|inch|inches"
    "|meter|kilometer|acre|gallon|ton|barrel|lb|pound|kilogram|kg|ounce|tonne|liter|litre"
    "|employee|person|director|member|vote|basis\\s+point|installment|instalment|counterpart"
    "|page|word|user|seat|store|location|vehicle|dose"
)
_BUSINESS = ("business", "working", "banking", "trading")
_QUALIFIERS = "|".join(
    (
        *_BUSINESS,
        "calendar|consecutive|successive|additional|full|complete|further|whole|more|fiscal"
        "|contract|other|separate|square|cubic|original",
    )
)
_COUNT = re.compile(
    rf"{_TWICE}[\s\-‐–]*(?P<q>(?:(?:{_QUALIFIERS})[\s\-‐]+){{0,3}})(?P<u>(?:{_UNITS})s?)\b", re.IGNORECASE
)
_HALF_UNIT = re.compile(r"(?<!\band\sa\s)\bhalf[\s\-‐]+(?:an?\s+)?(?P<u>year|month|day|hour|minute)\b", re.IGNORECASE)
# "a thirty-second commercial" reads like an ordinal.
_SECONDS = re.compile(
    r"\b(?P<n>\d{1,3}|ten|fifteen|twenty|thirty|forty[\s\-‐]five|sixty|ninety)[\s\-‐]second"
    r"(?=\s+(?:spots?|commercials?|ad(?:vertisement)?s?|slots?|messages?|delay)\b)",
    re.IGNORECASE,
)
# Words between a number and what it counts: "twenty (20) Permitted Users".
_COUNTED = re.compile(
    r"\s+(?:(?!(?:of|to|the|an?|and|or|nor|in|for|by|per|from|after|before|at|on|with|if|which|that|any|each)\b)"
    r"[A-Za-z][\w’'\-‐]*\s+){1,3}(?P<u>shares?|units?|copy|copies|employees?|persons?|directors?|members?|votes?"
    r"|instal?lments?|counterparts?|pages?|words?|users?|seats?|stores?|locations?|vehicles?|doses?)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?<![\d:.,])(?P<h>\d{1,2})(?::(?P<min>\d\d))?\s?(?P<half>[ap])\.?m\b\.?|(?<![\d:.,])(?P<h2>\d{1,2}):"
    r"(?P<min2>\d\d)(?!\d)",
    re.IGNORECASE,
)
_ORDINAL = re.compile(rf"\b(?:{ORDINAL})(?![\s\-‐]*part(?:y|ies)\b)", re.IGNORECASE)
_RANKED = re.compile(  # "the third (3rd) Contract Year"
    r"\s*(?:\(\s*\d{1,3}(?:st|nd|rd|th)\s*\)\s*)?(?:(?:calendar|contract|lease|fiscal|license|licence|full|term"
    r"|operating|agreement)\s+)?(?P<u>year|month|quarter|week|day)s?\b",
    re.IGNORECASE,
)
_PLACE = rf"\d{{1,3}}(?![\d.,]*\d)|{WORDS}"
# "Year 3", "Contract Years 1 to 3", "Q2".
_NUMBERED = re.compile(
    rf"\b(?:(?P<u>year|month|quarter|week|day)s?\s+(?P<a>{_PLACE})(?:\s*(?P<join>to|through|-|‐|–|—|and|&)\s*(?P<b>{_PLACE}))?"
    r"|Q(?P<q>[1-4]))(?![\w%/])",
    re.IGNORECASE,
)
_LONGEST_RUN = 30  # of "Years 1 to 30"
_BELOW = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
# Not the end of a mixed number: "1 1/2", "two and one-half"; "four weeks and half pay" has none.
_NO_MIXED = "".join(rf"(?<!\b{n}\sand\s)" for n in "one two three four five six seven eight nine ten".split())
_FRACTION = re.compile(
    r"(?<![\d/])(?<!\d[\s\-‐])(?P<a>\d{1,3})\s?[/⁄]\s?(?P<b>[1-9]\d{0,2})(?![\d/])"
    r"|(?<!\band\s)\b(?:(?P<w>one|two|three)[-‐\s](?P<v>half|third|quarter|fourth|fifth|sixth|eighth|tenth)s?\b"
    r"|an?\s(?P<of>half|third|quarter|fourth|fifth|tenth)(?=\s+of\b))"
    rf"|(?<!\band\sa\s)(?<!\d\sand\s){_NO_MIXED}(?<![\-‐])(?<!\bone\s)\b(?P<half>half)\b",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"\b(?=[\w\-‐]*\d)(?=[\w\-‐]*[A-Za-z])\w+(?:[\-‐]\w+)*")
_BARE = (
    re.compile(rf"(?P<n>{WORDS})\s*\(\s*(?P<p>{DIGITS})\s*\)", re.IGNORECASE),
    re.compile(rf"(?P<n>{SCALED}|{WORDS})", re.IGNORECASE),
)

_SCALE = re.compile(r"(?:thousand|million|billion|trillion)\b", re.IGNORECASE)
_LIST = re.compile(r"\s*(?:,|,?\s*or|,?\s*and|to|through|-|–|/|nor)\s*")

_PARTS = r"Exhibits?|Schedules?|Annex(?:es|ures?)?|Appendix|Appendices|Attachments?|Addend(?:um|a)"
_WORD = (
    rf"(?P<w>\b(?:[Ss]ub)?[Ss]ections?|\bSECTIONS?|\bSecs?\.|\b[Aa]rticles?|\bARTICLES?|\bArts?\.|\b(?:[Ss]ub)?[Cc]lauses?"
    rf"|\b(?:[Ss]ub)?[Pp]aragraphs?|§§?|\b(?i:{_PARTS}))"
)
_MARK = (
    r"(?:\d+(?:\.\d+)*[A-Za-z]?(?![A-Za-z])|[IVXLC]+\b|[A-Z](?:-\d+)?\b|(?=\())(?:\s?\([A-Za-z0-9]{1,5}\))*(?<!\s)"
    r"(?!\w)"
)
_NO_UNIT = rf"(?!\s*(?:\(\s*\d+\s*\))?[\s-]*(?:{_QUALIFIERS}|{_UNITS}|%|percent))"
_SECTION = re.compile(
    rf"{_WORD}\s*(?P<ids>{_MARK}(?:\s*(?:,\s*(?:and|or)|,|and|or|through|to|&|-|–)\s*{_MARK}{_NO_UNIT})*)"
)
_PAGE = re.compile(r"\b(?:pages?|pp?\.)\s*(?P<ids>\d+(?:\s*(?:,|and|to|-|–)\s*\d+)*)", re.IGNORECASE)


def find_facts(text: str) -> list[Fact]:
    """All facts of a text, in order.

    Kinds are tried in the order of _KINDS; what one matches is hidden from the next.
    """
    return list(_facts(text))


@lru_cache(maxsize=1024)  # the same passages are cited by many answers: with many users a tenth of the calls remain
def _facts(text: str) -> tuple[Fact, ...]:
    facts: list[Fact] = []
    rest = text
    for patterns, read in _KINDS:
        for pattern in patterns:
            for match in pattern.finditer(rest):
                if groups := list(read(match)):
                    facts += [Fact(match[0].strip(), match.start(), match.end(), frozenset(keys)) for keys in groups]
                    rest = masked(rest, [match.span()])
    return tuple(_listed(text, sorted(facts, key=lambda f: f.start)))


def _listed(text: str, facts: list[Fact]) -> list[Fact]:
    """Give the numbers of a list the unit of its last item ("two (2) or three (3) years", "10 to 15 %").

    A number after an amount has its currency, and both the scale of the last: "$10 to 15 million".
    """
    for i in range(len(facts) - 2, -1, -1):
        one, other = facts[i], facts[i + 1]
        if _LIST.fullmatch(text[one.end : other.start]):
            facts[i] = _with(one, _units_of(one, other, ("count", "percent", "amount")))
            if text[one.end : other.start].strip() in ("to", "-", "–", "and", "or"):
                facts[i + 1] = _with(other, _units_of(other, one, ("amount",)))
                facts[i] = _with(facts[i], _scaled(one, other))
    return facts


def _with(fact: Fact, keys: set[Key]) -> Fact:
    return Fact(fact.text, fact.start, fact.end, fact.keys | keys) if keys else fact


def _units_of(fact: Fact, beside: Fact, kinds: tuple[str, ...]) -> set[Key]:
    """The plain number of a fact with the units of the fact beside it."""
    numbers = [key for key in fact.keys if key[0] == "number"]
    return {(unit[0], number[1], *unit[2:]) for unit in beside.keys if unit[0] in kinds for number in numbers}


def _scaled(fact: Fact, beside: Fact) -> set[Key]:
    """An amount in the millions of the amount or number beside it: "$10" of "$10 to 15 million"."""
    scale = _SCALE.search(beside.text)
    if not scale or _SCALE.search(fact.text):
        return set()
    times = number_value(f"1 {scale[0]}")
    return {
        (key[0], format_number((Decimal(key[1]) * times).normalize()), *key[2:])
        for key in fact.keys
        if key[0] == "amount" and "≠" not in key[1]
    }


def masked(text: str, places: Iterable[tuple[int, int]]) -> str:
    """The text with places blanked out, of the same length: facts, for the search for names."""
    for start, end in places:
        text = text[:start] + "\x01" * (end - start) + text[end:]
    return text


def _date(match: re.Match[str]) -> Iterator[list[Key]]:
    groups = match.groupdict()
    year = groups.get("y")
    if groups.get("a"):
        a, b = int(match["a"]), int(match["b"])
        full = f"20{year}" if year and int(year) < 50 else (year if year and len(year) == 4 else f"19{year}")
        readings = [("date", f"{full}-{m:02}-{d:02}") for m, d in ((a, b), (b, a)) if m <= 12 and 0 < d <= 31 and m]
        if readings:
            yield list(readings)
        return
    if groups.get("mm"):
        month = int(groups["mm"])
    else:
        month = [name[:3].lower() for name in _MONTHS].index(match["m"][:3].lower()) + 1
    day_text = groups.get("dd") or groups.get("d")
    day = (int(day_text) if day_text.isdigit() else ordinal(day_text)) if day_text else None
    if day and year:
        yield [("date", f"{year}-{month:02}-{day:02}")]
    elif day:
        yield [("day", f"{month:02}-{day:02}")]
    else:
        yield [("month", f"{year}-{month:02}")]


def _twice(match: re.Match[str], key: Callable[[str], Key]) -> Iterator[list[Key]]:
    """One number, written once or in words and figures; the contradictory "ten (25)" has a key of its own."""
    numbers = [format_number(number_value(match["n"]))]
    if second := match.groupdict().get("p"):
        numbers.append(format_number(number_value(second)))
    yield [key("≠".join(dict.fromkeys(numbers)))]


def _amount(match: re.Match[str]) -> Iterator[list[Key]]:
    if match.groupdict().get("cents"):
        cents = number_value(match["n"])
        yield [("amount", format_number((cents / 100).normalize()), "$", *_rate(match))]
        return
    sign = next(c for c in reversed(_CURRENCIES) if re.fullmatch(_CURRENCIES[c], match["c"], re.IGNORECASE))
    yield from _twice(match, lambda n: ("amount", n, sign, *_rate(match)))


def _rate(match: re.Match[str]) -> tuple[str, ...]:
    """What an amount is for, as its unit ("month"), with how many of them ("10 day"); empty where the words beside it
    do not say.
    """
    rate = _RATE.match(match.string, match.end())
    rate = rate or _RATE_BEFORE.search(match.string[max(0, match.start() - _RATE_WITHIN) : match.start()])
    if not rate:
        return ()
    named = rate.groupdict()
    unit = _OFTEN[named["often"].lower()] if named.get("often") else " ".join(named["u"].lower().split())
    unit = "year" if unit == "annum" else unit
    many = format_number(number_value(named["many"])) if named.get("many") else "1"
    return (unit if many == "1" else _RATES.get((many, unit), f"{many} {unit}"),)


def _percent(match: re.Match[str]) -> Iterator[list[Key]]:
    if match["whole"]:  # "66 2/3%"
        share = int(match["whole"]) + Fraction(int(match["a"]), int(match["b"]))
        yield [("fraction", str(share / 100))]
    else:
        yield from _twice(match, lambda n: ("percent", n, *_rate(match)))


def _count(match: re.Match[str]) -> Iterator[list[Key]]:
    kind = "business " if any(q in match["q"].lower() for q in _BUSINESS) else ""
    unit = kind + _singular(match["u"])
    return _twice(match, lambda n: ("count", n, unit))


def _half_unit(match: re.Match[str]) -> Iterator[list[Key]]:
    yield [("count", "0.5", match["u"].lower())]


def _seconds(match: re.Match[str]) -> Iterator[list[Key]]:
    return _twice(match, lambda n: ("count", n, "second"))


_IRREGULAR = {"copies": "copy", "feet": "foot", "inches": "inch", "pound": "lb", "pounds": "lb", "litre": "liter"}


def _singular(unit: str) -> str:
    unit = " ".join(unit.lower().split())
    return _IRREGULAR.get(unit, unit.removesuffix("s")).replace("instalment", "installment")


def _bare(match: re.Match[str]) -> Iterator[list[Key]]:
    """A number without a unit; with what it counts where that has adjectives: "twenty (20) Permitted Users"."""
    counted = _COUNTED.match(match.string, match.end())
    for keys in _twice(match, lambda n: ("number", n)):
        yield keys + [("count", number[1], _singular(counted["u"])) for number in keys if counted]


def _time(match: re.Match[str]) -> Iterator[list[Key]]:
    hour, minute = match["h"] or match["h2"], match["min"] or match["min2"] or "00"
    half = (match["half"] or "").lower()
    yield [("time", f"{int(hour)}:{minute}{half}")]


def _ordinal(match: re.Match[str]) -> Iterator[list[Key]]:
    ranked = _RANKED.match(match.string, match.end())
    yield [("ordinal", str(ordinal(match[0])), *((ranked["u"].lower(),) if ranked else ()))]


def _of_year(match: re.Match[str]) -> Iterator[list[Key]]:
    unit = match["u"] or {"q": "quarter", "h": "half"}[match["s"].lower()]
    yield [("part of year", f"{match['y']}-{match['d'] or ordinal(match['n'])}", unit.lower())]


def _numbered(match: re.Match[str]) -> Iterator[list[Key]]:
    """One fact for each of "Years 1 to 3"."""
    if match["q"]:
        yield [("ordinal", match["q"], "quarter")]
        return
    ends = [number_value(text) for text in (match["a"], match["b"]) if text]
    if match["join"] not in (None, "and", "&") and 0 < ends[1] - ends[0] <= _LONGEST_RUN:
        ends = [ends[0] + i for i in range(int(ends[1] - ends[0]) + 1)]
    for end in ends:
        yield [("ordinal", format_number(end), match["u"].lower())]


def _fraction(match: re.Match[str]) -> Iterator[list[Key]]:
    if match["a"]:
        yield [("fraction", str(Fraction(int(match["a"]), int(match["b"]))))]
    else:
        below = match["v"] or match["of"] or match["half"]
        yield [("fraction", str(Fraction(int(number_value(match["w"] or "one")), _BELOW[below.lower()])))]


def _token(match: re.Match[str]) -> Iterator[list[Key]]:
    yield [("token", match[0].lower().replace("‐", "-"))]


def _section(match: re.Match[str]) -> Iterator[list[Key]]:
    """One fact for each section number; "Article IV" equals "Section 4", "Exhibit A" differs from "Schedule A"."""
    word = match["w"].lower()
    family = word[:5].rstrip("s") if re.match(_PARTS, word, re.IGNORECASE) else "section"
    for mark in re.finditer(_MARK, match["ids"]):
        if mark[0]:
            yield [("section", section_mark(mark[0]), {"appen": "appendix"}.get(family, family))]


def section_mark(number_text: str) -> str:
    """Normalise a section number: without spaces ("8.2(b)"), and "4" for "IV"."""
    mark = "".join(number_text.split())
    base = mark.split("(", 1)[0]
    number = roman(base) if len(base) > 1 or base in ("I", "V", "X") else None
    return (str(number) if number else base) + mark[len(base) :]


def _page(match: re.Match[str]) -> Iterator[list[Key]]:
    for number in re.findall(r"\d+", match["ids"]):
        yield [("page", number)]


_KINDS: tuple[tuple[tuple[re.Pattern[str], ...], Callable[[re.Match[str]], Iterator[list[Key]]]], ...] = (
    (_DATES, _date),
    ((_OF_YEAR,), _of_year),
    ((_SECTION,), _section),
    ((_PAGE,), _page),
    ((_TIME,), _time),
    (_AMOUNTS, _amount),
    ((_PERCENT,), _percent),
    ((_HALF_UNIT,), _half_unit),
    ((_SECONDS,), _seconds),
    ((_FRACTION,), _fraction),
    ((_COUNT,), _count),
    ((_NUMBERED,), _numbered),
    ((_ORDINAL,), _ordinal),
    ((_TOKEN,), _token),
    (_BARE, _bare),
)
