"""Reads the number at the beginning of a line: what it may be, an article's, a section's, an item's or none.

One mark has several readings: "(i)" is the first roman numeral or the ninth letter, "2." is a section or an item.
Numbers also stand where no clause begins: a wrapped "Section\\n4.2", a date, a price.
"""

import re
from dataclasses import dataclass
from typing import Literal

LONGEST_HEADING = 90  # characters
SMALL_WORDS = frozenset("a an and as at by for from in into of on or over per the to under upon with without".split())
NUMERALS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty"
).split()
ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth"
    " sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth"
    " twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
).split()
ITEM = r"\((?:[a-z]{1,2}|[ivxl]{1,5}|\d{1,2})\)"  # the mark of an item as a reference has it: "(b)", "(iv)"
PARTS = "exhibit schedule appendix annex annexure attachment addendum".split()
Kind = Literal[
    "part", "title", "chapter", "article", "number", "lettered", "run", "(1)",
    "paren-a", "paren-A", "paren-i", "paren-I", "letter-a", "letter-A", "letter-i", "letter-I",
]  # fmt: skip

HEADING_END = re.compile(r"(?<!\bNo)(?<!\bInc)(?<!\bCo)(?:[.:;](?=\s|$)|\s[-–—]+\s|\t)")

_FEW_WORDS = 6  # that end in a full stop after a clause's number are its heading, capitals or not: "Late payment."
_MOST_WORDS = 9  # of a heading in small letters that stands on a line of its own: "Fees and payment"
_VERBS = frozenset(  # a sentence, no heading
    (
        "shall will must may is are was were has have had does agrees agree means includes include hereby sets warrants"
        " represents undertakes acknowledges"
    ).split()
)
_ONE_TO_TEN = "|".join(NUMERALS[:10])
_WORD_NUMBERS = {word: value for value, word in enumerate(NUMERALS, 1)}

_PART = (
    r"(?P<part>EXHIBIT|SCHEDULE|APPENDIX|ANNEX(?:URE)?|ATTACHMENT|ADDENDUM)"
    r"(?:\s+(?:NO\.\s*)?[“\"]?(?P<part_no>(?:\d{1,3}(?:[.\-][A-Z0-9]{1,3})*[A-Z]?"
    r"|[A-Z](?:[.\-]?\d{1,3}|[.\-][A-Z0-9])*"
    rf"|[IVXL]{{2,6}}|AA|BB|CC|DD|EE|FF|{_ONE_TO_TEN})\b(?:\([a-z0-9]{{1,3}}\))?)[”\"]?"
    r"|(?P<only>)(?=\s*:?\s*$))"
)
_CHAPTER = r"(?P<chapter>CHAPTER|PART|TITLE)\s+(?P<chapter_no>\d{1,2}|[IVXL]{1,7}|[A-Z]|[A-Z]{3,9})\b"
_ARTICLE = r"(?:ARTICLE|ART\.)\s+(?P<article>\d{1,3}|[IVXL]{1,7}|[A-Z]+)\b"
_SECTION = (
    r"(?:(?P<word>SECTION|CLAUSE)\s*|§+\s*)(?P<section>\d{1,3}(?:\.\d{1,3}){0,4}"
    rf"|[IVXL]{{1,7}}|{_ONE_TO_TEN})\b"
)
# Also glued to their words: "2.1General", "19.2.1commence".
_DOTTED = (
    r"(?P<dotted>\d{1,3}(?:\.\d{1,3}){2,4}(?=[A-Za-z]{3})"
    r"|\d{1,3}(?:\.\d{1,3}){1,4}(?=[.):\s“\"]|(?-i:[A-Z][a-z]{2})|$))"
)
_LETTERED = r"(?P<lettered>(?-i:[A-Z])\.\d{1,2}(?:\.\d{1,2}){0,3})(?=[.:]?\s)"
_NUMBER = r"(?P<number>\d{1,3})(?:\.(?!\d)|\)(?=\s|$))"
_PAREN = r"\((?P<paren>\d{1,3}|[a-z]{1,5}|[A-Z]{1,5})\)"
_LETTER = r"(?P<letter>[A-Z]|[a-z]|[IVX]{2,5}|[ivx]{2,5})(?:\.(?=[\s*\[]|$)|\)(?=\s))"
_MARK = re.compile(
    rf"[\s\-*_•]*(?:{_PART}|{_CHAPTER}|{_ARTICLE}|{_SECTION}|{_DOTTED}|{_LETTERED}|{_NUMBER}|{_PAREN}|{_LETTER})",
    re.IGNORECASE,
)

_ROMAN = re.compile(r"(?=[ivxl])(xl|l?x{0,3})(ix|iv|v?i{0,3})", re.IGNORECASE)
# What stands at the end of a line when a reference goes on below.
_RUNS_ON = re.compile(
    r"(?:\b(?:in|to|as|on|see|and|or|of|the|with|under|by|this|per|at|from|for|through|attached|such|sections?"
    r"|articles?|clauses?|paragraphs?)|,)\s*\Z",
    re.IGNORECASE,
)
# "Section 1 (Definitions), Section 3 (Payments)"
_ASIDE = re.compile(r"[\[(][^\])]{1,80}[\])]{1,2}\s*(?:[,;)]|[a-z])")
_OPENS = re.compile(
    r"\W*(?:If|In (?:this|the event)|When|Where|Unless|Upon|During|For the purposes?|Subject to|Without"
    r"|Notwithstanding)\b"
)
_AFTER_REFERENCE, _AFTER_NUMBER = frozenset('.,;)("“'), frozenset(",;%")


@dataclass(frozen=True, slots=True)
class Mark:
    """One reading of the mark at the beginning of a line."""

    kind: Kind
    value: int
    text: str  # "Schedule 2", "Article IV", "8.2", "(b)", and "B" for "B."
    end: int  # in the line
    path: tuple[int, ...] = ()  # (8, 2) for "8.2", (8,) for "8." and "Article VIII", () for "(b)"
    titled: bool = False  # a heading follows: such a number may be the first of all without being 1
    word: bool = False  # the line says "Section"
    runs_on: bool = False  # the line above ends as if this were the end of a reference


def readings(text: str, before: str) -> list[Mark]:
    """What the beginning of a line may be, the likelier reading first; empty where it is no mark.

    `before`: the line above.
    """
    match = _MARK.match(text)
    if not match:
        return []
    rest = text[match.end() :].strip()
    if match["part"]:
        return _part(match, text, rest, before)
    if match["chapter"] or match["article"]:
        return _division(match, rest, before)
    if match["section"] or match["dotted"]:
        return _section(match, rest, before)
    if match["lettered"]:
        letter, *numbers = match["lettered"].split(".")
        path = (ord(letter) - 64, *map(int, numbers))
        return [] if rest[:1].islower() else [Mark("lettered", path[-1], match["lettered"], match.end(), path)]
    if match["number"]:
        value = int(match["number"])
        mark = Mark("number", value, match["number"], match.end(), (value,), is_title(rest))
        return [] if rest[:1].islower() or not value else [mark]
    return _item(match)


def _part(match: re.Match[str], text: str, rest: str, before: str) -> list[Mark]:
    if not match["part"][0].isupper() or not (is_title(text.strip()) or _is_caption(rest)):
        return []
    if match["part_no"] is None and not match["part"].isupper():
        return []
    # The end of a wrapped reference: "set out in\nExhibit C."
    if _RUNS_ON.search(before) and (rest[:1] in _AFTER_REFERENCE or not rest):
        return []
    number = (match["part_no"] or "").upper()
    if "(" in number:  # "Exhibit 3.20(a)"
        number = number[: number.index("(")] + match["part_no"][number.index("(") :]
    return [Mark("part", ordinal(number), f"{match['part'].title()} {number}".strip(), match.end())]


def _division(match: re.Match[str], rest: str, before: str) -> list[Mark]:
    """An article, or a chapter or part that articles stand in."""
    raw = match["article"] or match["chapter_no"]
    value = ordinal(raw) or (ord(raw) - 64 if match["chapter"] and len(raw) == 1 and raw.isupper() else 0)
    runs_on = bool(_RUNS_ON.search(before))
    if not value or not match.group().strip()[0].isupper() or rest[:1].islower():
        return []
    if (runs_on and rest[:1] in _AFTER_REFERENCE) or rest.startswith((",", ";", ")", "(")):
        return []
    if match["chapter"] and not (is_title(rest) or _is_caption(rest)):
        return []
    if match["chapter"] and not match["chapter"].isupper() and runs_on:
        return []
    kind: Kind = "article" if match["article"] else "chapter"
    text = f"{(match['chapter'] or 'Article').title()} {raw.upper()}"
    return [Mark(kind, value, text, match.end(), (value,), is_title(rest), runs_on=runs_on)]


def _section(match: re.Match[str], rest: str, before: str) -> list[Mark]:
    number = match["section"] or match["dotted"]
    if match["word"] and not match["word"][0].isupper():
        return []
    if not number[0].isdigit():  # "SECTION IV", "Section Four"
        number = number.upper() if _ROMAN.fullmatch(number) else str(ordinal(number))
        path: tuple[int, ...] = (ordinal(number),)
    else:
        path = tuple(int(n) for n in number.split("."))
    # The end of a wrapped reference: "Section\n4.2 shall ...", "in\nSection 6.4."; a date: "1.3.2019"
    glued = match.end() < len(match.string) and match.string[match.end()].isalpha()
    if (rest[:1].islower() and not glued) or rest[:1] in _AFTER_NUMBER or (rest[:1] == "." and rest[1:2].isdigit()):
        return []
    runs_on = bool(_RUNS_ON.search(before))
    if match["section"] and _ASIDE.match(rest):
        return []
    if runs_on and match["section"] and (rest in ("", ".") or rest.startswith((")", "("))):
        return []
    word = match["section"] is not None
    if path[1:] in {(), (0,)}:  # "3.0" heads 3.1, 3.2, ...
        return [Mark("number", path[0], number, match.end(), path[:1], is_title(rest), word, runs_on)]
    return [Mark("number", path[-1], number, match.end(), path, is_title(rest), word, runs_on)]


def _item(match: re.Match[str]) -> list[Mark]:
    raw, end = match["paren"] or match["letter"], match.end()
    shape = "paren" if match["paren"] else "letter"
    text = f"({raw})" if match["paren"] else raw
    if raw.isdigit():
        return [Mark("(1)", int(raw), text, end)]
    if not (raw.isupper() or raw.islower()):
        return []
    case = "A" if raw.isupper() else "a"
    found = []
    if _ROMAN.fullmatch(raw):
        kind: Kind = f"{shape}-{'I' if case == 'A' else 'i'}"  # type: ignore[assignment]
        found.append(Mark(kind, _roman(raw), text, end))
    if len(raw) == 1 or (len(raw) == 2 and raw[0] == raw[1]):
        kind = f"{shape}-{case}"  # type: ignore[assignment]
        found.append(Mark(kind, ord(raw[0].lower()) - 96 + 26 * (len(raw) - 1), text, end))
    return found


def is_title(text: str) -> bool:
    """Whether words read as a heading: short, and every word of weight begins with a capital."""
    if len(text) > LONGEST_HEADING:
        return False
    words = words_of_weight(text)
    capitals = sum(w[0].isupper() for w in words)
    return capitals >= 0.7 * len(words) and _VERBS.isdisjoint(words)


def run_in_heading(text: str, *, goes_on: bool = False) -> str:
    """The heading that words after a number begin with, up to a full stop or a dash: "Fee" of "Fee. The fee is …".

    Empty where they begin with none. `goes_on`: whether more words follow on the next line.
    """
    stop = HEADING_END.search(text)
    heading = " ".join((text[: stop.start()] if stop else text).strip(" .:-–—_").split())
    if heading[:1].islower():
        return ""
    after = stop and (text[stop.end() :] or (stop[0][0] == "." and goes_on))  # "to the other:" opens a list
    words = heading.split()
    short = after and len(words) <= _FEW_WORDS and heading[:1].isupper() and is_verbless(words)
    return heading if short or is_title(heading) else ""


def _is_caption(text: str) -> bool:
    """Whether words can be a heading in small letters: few, begun with a capital, and no sentence."""
    words = text.strip(" :.–—-").split()
    return (
        len(words) <= _MOST_WORDS
        and (not words or words[0][0].isupper())
        and not text.rstrip().endswith((".", ",", ";", ":"))
        and not _OPENS.match(text)
        and _VERBS.isdisjoint(words)
    )


def stands_alone(text: str, after: str) -> bool:
    """Whether what follows a number on its line is a heading in small letters: "3. Fees and payment".

    `after`: the line below, which begins with a number or a capital, and is no continuation of the line above it.
    """
    if not text or not _is_caption(text):
        return False
    if _RUNS_ON.search(text) or not re.search(r"[^\W\d_]{3}", text):
        return False
    marked = _MARK.match(after)
    return bool(marked) or (after.strip()[:1].isupper() and len(text) < 0.6 * len(after.strip()))


def words_of_weight(text: str) -> list[str]:
    """The words of a heading that are written with a capital: all but "a", "of", "the" and their like."""
    return [w for w in re.findall(r"[^\W\d_][\w'’\-/&]*", text) if w.lower() not in SMALL_WORDS]


def is_verbless(words: list[str]) -> bool:
    """Whether none of the words is a verb that makes a sentence of a heading."""
    return _VERBS.isdisjoint(words)


def ordinal(raw: str) -> int:
    """The value of "4", "IV" or "four"; 0 where it is none of these."""
    if raw.isdigit():
        return int(raw)
    return _roman(raw) if _ROMAN.fullmatch(raw) else _WORD_NUMBERS.get(raw.lower(), 0)


def nth(raw: str) -> int:
    """The value of "second" or "2nd", and of what `ordinal` reads; 0 where it is none of these."""
    raw = raw.lower()
    return ORDINALS.index(raw) + 1 if raw in ORDINALS else ordinal(re.sub(r"(?<=\d)(?:st|nd|rd|th)\Z", "", raw))


def _roman(raw: str) -> int:
    values = [{"i": 1, "v": 5, "x": 10, "l": 50}[c] for c in raw.lower()]
    return sum(-v if v < max(values[i + 1 :], default=0) else v for i, v in enumerate(values))
