"""Parser for numbers in contracts: "1,250.50", "thirty", "two hundred and fifty thousand",
"1.5 million", "one and a half", "2½", "IV", "third".
"""

import re
from decimal import Decimal

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = {
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
    "trillion": 1_000_000_000_000,
}
_SHORT_SCALES = {"m": 1_000_000, "mm": 1_000_000, "mn": 1_000_000, "k": 1_000, "bn": 1_000_000_000}
_VALUES = {w: i for i, w in enumerate(_UNITS)} | {w: 20 + 10 * i for i, w in enumerate(_TENS)} | {"fourty": 40}
_ORDINALS = {
    w: i
    for i, w in enumerate(
        (
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
            "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
        ).split(),
        1,
    )
} | {f"{t[:-1]}ieth": 20 + 10 * i for i, t in enumerate(_TENS)}

_ONE_WORD = "|".join(sorted({*_VALUES, *_SCALES}, key=len, reverse=True))
_AND = r"(?:(?<=hundred)|(?<=thousand)|(?<=million))\s+and\s+"  # "two hundred and fifty", but not "one and two"
WORDS = rf"\b(?:{_ONE_WORD})\b(?:(?:[\s\-‐]+|{_AND})(?:{_ONE_WORD})\b){{0,12}}"
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|(?<![\w.])\.\d+"
# Never a part of a longer number: 30 is not in 300 or 1,30 or 30.5.
DIGITS = rf"(?<!\d)(?<!\d[.,])(?:{_DIGITS})(?!\d|[.,]\d)"
SCALED = rf"{DIGITS}(?:\s?(?:hundred|thousand|million|billion|trillion)\b|\s?(?:MM|mm|mn|bn|[MKk])\b)?"
_QUARTERS = {"½": 2, "¼": 1, "¾": 3, "1/2": 2, "1/4": 1, "3/4": 3}
# "one and a half", "two and three-quarters", "1 1/2", "2½", "half a million"; "one half" is a fraction.
MIXED = (
    rf"(?:(?:{DIGITS}|{WORDS})\s+and\s+(?:an?|one|three)[\s\-‐]+(?:half|quarters?)\b|(?<![\d.,/])\d{{1,3}}"
    rf"(?:[\s\-‐](?:1/2|1/4|3/4)(?![\d/])|\s?[½¼¾])|\bhalf\s+an?\s+(?:hundred|thousand|million|billion)\b)"
)
ORDINAL = (
    rf"(?:(?:{'|'.join(_TENS)})[\s\-‐–])?(?:{'|'.join(sorted(_ORDINALS, key=len, reverse=True))})\b|\d{{1,3}}"
    rf"(?:st|nd|rd|th)\b"
)
_ROMAN = re.compile(r"(?=[IVXLC])(C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")


_MIXED = re.compile(
    rf"(?P<whole>.+?)(?:\s+and\s+(?P<n>an?|one|three)[\s\-‐]+(?P<of>half|quarter)s?"
    rf"|[\s\-‐]?(?P<part>{'|'.join(_QUARTERS)}))"
)


def number_value(text: str) -> Decimal:
    """The value of a text that `DIGITS`, `SCALED`, `WORDS` or `MIXED` matches."""
    text = text.strip().lower()
    if mixed := _MIXED.fullmatch(text):
        below = _QUARTERS[mixed["part"]] if mixed["part"] else 2 if mixed["of"] == "half" else 1
        return number_value(mixed["whole"]) + Decimal(below * (3 if mixed["n"] == "three" else 1)) / 4
    if half := re.fullmatch(r"half\s+an?\s+([a-z]+)", text):
        return Decimal(_SCALES[half[1]]) / 2
    match = re.fullmatch(rf"({_DIGITS})\s?([a-z]*)", text)
    if match:
        scale = _SCALES.get(match[2]) or _SHORT_SCALES.get(match[2], 1)
        return (Decimal(match[1].replace(",", "")) * scale).normalize()
    return Decimal(_words(re.findall(r"[a-z]+", text))).normalize()


def format_number(number: Decimal) -> str:
    """Format a number without an exponent: "1500000", not "1.5E+6"."""
    return format(number, "f")


def ordinal(text: str) -> int:
    """The value of a text that `ORDINAL` matches: 21 for "twenty-first" and "21st"."""
    text = text.lower()
    if digits := re.match(r"\d+", text):
        return int(digits[0])
    *tens, last = re.findall(r"[a-z]+", text)
    return sum(_VALUES[t] for t in tens) + _ORDINALS[last]


def roman(text: str) -> int | None:
    """The value of a capital roman numeral up to 399, else None."""
    if not text or not _ROMAN.fullmatch(text):
        return None
    values = [{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}[c] for c in text]
    return sum(-v if any(v < w for w in values[i + 1 :]) else v for i, v in enumerate(values))


def _words(words: list[str]) -> int:
    total = group = 0
    for word in words:
        if word == "hundred":
            group = max(group, 1) * 100
        elif word in _SCALES:
            total += max(group, 1) * _SCALES[word]
            group = 0
        elif word != "and":
            group += _VALUES[word]
    return total + group
