"""Extraction of facts from text: numbers, amounts, percentages, dates, periods, times and section numbers, normalised.

"thirty (30) days", "30 days" and "a 30-day period" are one fact; "30 months", "$30" and "300 days" are others. A fact
has one key or, where it is ambiguous (3/1/2020), several.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from webapp.grounding.numbers import DIGITS, ORDINAL, SCALED, WORDS, format_number, number_value, ordinal, roman

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
_NUMBER = rf"{SCALED}|{WORDS}"
_TWICE = rf"(?P<n>{_NUMBER})(?:\s*\(\s*(?:{_CURRENCY})?\s*(?P<p>{_NUMBER})\s*%?\s*\))?"  # "thirty (30)"
_AMOUNTS = (
    re.compile(rf"(?P<c>{_CURRENCY})\s*(?P<n>{SCALED})", re.IGNORECASE),
    re.compile(rf"{_TWICE}\s*(?:and\s+(?:no|\d\d)/100\s*)?(?P<c>{_CURRENCY})", re.IGNORECASE),
)
_PERCENT = re.compile(rf"{_TWICE}\s*(?:%|percent(?:age\s+points?)?\b|per\s?cent(?:um)?\b)", re.IGNORECASE)
_UNITS = (
    "day|week|month|quarter|year|hour|minute|share|unit|copy|copies|time|mile|foot|feet|inch|inches"
    "|meter|kilometer|acre|gallon|ton|barrel"
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
_TIME = re.compile(
    r"(?<![\d:.,])(?P<h>\d{1,2})(?::(?P<min>\d\d))?\s?(?P<half>[ap])\.?m\b\.?|(?<![\d:.,])(?P<h2>\d{1,2}):"
    r"(?P<min2>\d\d)(?!\d)",
    re.IGNORECASE,
)
_ORDINAL = re.compile(rf"\b(?:{ORDINAL})(?![\s\-‐]*part(?:y|ies)\b)", re.IGNORECASE)
_FRACTION = re.compile(
    r"(?<![\d/])(?P<a>\d{1,3})\s?[/⁄]\s?(?P<b>\d{1,3})(?![\d/])|\b(?P<w>one|two|three)[-‐\s]"
    r"(?P<v>half|third|quarter|fourth|fifth)s?\b",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"\b(?=[\w\-‐]*\d)(?=[\w\-‐]*[A-Za-z])\w+(?:[\-‐]\w+)*")
_BARE = (
    re.compile(rf"(?P<n>{WORDS})\s*\(\s*(?P<p>{DIGITS})\s*\)", re.IGNORECASE),
    re.compile(rf"(?P<n>{SCALED}|{WORDS})", re.IGNORECASE),
)

_LIST = re.compile(r"\s*(?:,|,?\s*or|,?\s*and|to|through|-|–|/|nor)\s*")

_PARTS = r"Exhibits?|Schedules?|Annex(?:es|ures?)?|Appendix|Appendices|Attachments?|Addend(?:um|a)"
_WORD = (
    rf"(?P<w>\b(?:Sub)?[Ss]ections?|\bSECTIONS?|\bSecs?\.|\b[Aa]rticles?|\bARTICLES?|\bArts?\.|\b(?:[Ss]ub)?[Cc]lauses?"
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
                    rest = rest[: match.start()] + "\x01" * len(match[0]) + rest[match.end() :]
    return tuple(_listed(text, sorted(facts, key=lambda f: f.start)))


def _listed(text: str, facts: list[Fact]) -> list[Fact]:
    """Give the numbers of a list the unit of its last item: "two (2) or three (3) years", "10 to 15 %"."""
    for i in range(len(facts) - 2, -1, -1):
        fact, following = facts[i], facts[i + 1]
        numbers = [key for key in fact.keys if key[0] == "number"]
        units = [key for key in following.keys if key[0] in ("count", "percent")]
        if numbers and units and _LIST.fullmatch(text[fact.end : following.start]):
            keys = fact.keys | {(unit[0], number[1], *unit[2:]) for unit in units for number in numbers}
            facts[i] = Fact(fact.text, fact.start, fact.end, keys)
    return facts


def masked(text: str, facts: list[Fact]) -> str:
    """The text with its facts blanked out, of the same length, for the search for names."""
    for fact in facts:
        text = text[: fact.start] + "\x01" * (fact.end - fact.start) + text[fact.end :]
    return text


def implied(keys: frozenset[Key]) -> Iterator[Key]:
    """Yield the keys and those that follow from them: month, day and year of a date, the plain number of an amount."""
    for key in keys:
        yield key
        if key[0] == "date":
            year, month, day = key[1].split("-")
            yield from (("month", f"{year}-{month}"), ("day", f"{month}-{day}"), ("number", year))
        elif key[0] == "month":
            yield ("number", key[1].split("-")[0])
        elif key[0] in ("amount", "percent", "count"):
            yield ("number", key[1])


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
    sign = next(c for c in reversed(_CURRENCIES) if re.fullmatch(_CURRENCIES[c], match["c"], re.IGNORECASE))
    return _twice(match, lambda n: ("amount", n, sign))


def _percent(match: re.Match[str]) -> Iterator[list[Key]]:
    return _twice(match, lambda n: ("percent", n))


def _count(match: re.Match[str]) -> Iterator[list[Key]]:
    unit = " ".join(match["u"].lower().split())
    unit = {"copies": "copy", "feet": "foot", "inches": "inch", "instalment": "installment"}.get(
        unit.removesuffix("s"), unit.removesuffix("s")
    )
    unit = {"copie": "copy", "inche": "inch"}.get(unit, unit)
    kind = "business " if any(q in match["q"].lower() for q in _BUSINESS) else ""
    return _twice(match, lambda n: ("count", n, kind + unit))


def _bare(match: re.Match[str]) -> Iterator[list[Key]]:
    return _twice(match, lambda n: ("number", n))


def _time(match: re.Match[str]) -> Iterator[list[Key]]:
    hour, minute = match["h"] or match["h2"], match["min"] or match["min2"] or "00"
    half = (match["half"] or "").lower()
    yield [("time", f"{int(hour)}:{minute}{half}")]


def _ordinal(match: re.Match[str]) -> Iterator[list[Key]]:
    yield [("ordinal", str(ordinal(match[0])))]


def _fraction(match: re.Match[str]) -> Iterator[list[Key]]:
    if match["a"]:
        yield [("fraction", f"{match['a']}/{match['b']}")]
    else:
        below = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5}[match["v"].lower()]
        yield [("fraction", f"{number_value(match['w'])}/{below}")]


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
    ((_SECTION,), _section),
    ((_PAGE,), _page),
    ((_TIME,), _time),
    (_AMOUNTS, _amount),
    ((_PERCENT,), _percent),
    ((_FRACTION,), _fraction),
    ((_COUNT,), _count),
    ((_ORDINAL,), _ordinal),
    ((_TOKEN,), _token),
    (_BARE, _bare),
)
