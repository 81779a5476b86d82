"""Computes the automatic numbers of a Word file's paragraphs: "2.1", "(a)", "Article IV", bullets.

They are no part of the file's text; Word counts them each time it shows the file. Paragraphs that refer to one
abstract list count together, whichever of its instances they name; an instance may begin anew once (`startOverride`),
and a level begins anew after one above it (ISO 29500-1, 17.9).
"""

import re
from dataclasses import dataclass, field

from lxml import etree

from retrieval.reading.docx_package import W, inner, is_on, name_of, number, value
from retrieval.reading.docx_styles import Styles
from retrieval.reading.roman_numerals import roman_numeral

_LEVELS = 9
_LONGEST = 200  # characters of a number with the words around it
_PLACE = re.compile(r"%([1-9])")
_MOST_LETTERS = 780  # "zzz…", 30 times: Word's own limit
_ONES = (
    "Zero One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen Fifteen Sixteen Seventeen "
    "Eighteen Nineteen"
).split()
_TENS = "- - Twenty Thirty Forty Fifty Sixty Seventy Eighty Ninety".split()
_ORDINALS = {
    "One": "First", "Two": "Second", "Three": "Third", "Five": "Fifth", "Eight": "Eighth", "Nine": "Ninth",
    "Twelve": "Twelfth",
}  # fmt: skip
_NOTE_MARKS = "*†‡§"
_PLAIN_BULLETS = "-–—*•▪◦"  # others are letters of symbol fonts


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a list."""

    start: int = 1
    format: str = "decimal"
    text: str = ""  # "%1.%2"
    after: int | None = None  # begins anew after this level and those above it; 0 for never, None for any above
    legal: bool = False  # all its numbers are arabic
    glued: bool = False  # nothing stands between number and text
    style: str = ""  # whose paragraphs are of this level


_NO_LEVEL = Level()


@dataclass(frozen=True, slots=True)
class _Instance:
    """What paragraphs refer to: an abstract list, and where it begins otherwise."""

    list_: str
    starts: dict[int, int]
    levels: dict[int, Level]


class Numbering:
    """The lists of one file."""

    def __init__(self, root: etree._Element | None, styles: Styles) -> None:
        self._styles = styles
        self._lists: dict[str, dict[int, Level]] = {}
        self._links: dict[str, str] = {}  # lists that are those of a style
        self._instances: dict[str, _Instance] = {}
        self._levels: dict[str, dict[int, Level]] = {}  # of the instances that are used
        for row in () if root is None else root:
            if name_of(row) == "w:abstractNum":
                id_ = value(row, "abstractNumId")
                self._lists[id_] = dict(_level(level) for level in row.iterfind(W + "lvl"))
                if link := value(inner(row, "numStyleLink")):
                    self._links[id_] = link
            elif name_of(row) == "w:num":
                self._instances[value(row, "numId")] = _instance(row)

    def place_of(self, paragraph: etree._Element, style: str) -> tuple[str, int] | None:
        """The list and the level that number a paragraph, by itself or by its style; None where none does."""
        sources = [inner(paragraph, "pPr", "numPr")]
        holders = [""]
        for each in self._styles.chain(style):
            sources.append(inner(each, "pPr", "numPr"))
            holders.append(value(each, "styleId"))
        ids = [(value(inner(source, "numId")), holder) for source, holder in zip(sources, holders, strict=True)]
        id_, holder = next(((id_, holder) for id_, holder in ids if id_), ("0", ""))
        if id_ not in self._instances:  # 0 takes a style's number away
            return None
        raw = next((level for source in sources if (level := inner(source, "ilvl")) is not None), None)
        level = number(raw)
        if raw is None and holder:
            levels = self.levels(id_)
            level = next((n for n, of_list in levels.items() if of_list.style in (style, holder)), 0)
        return id_, min(level, _LEVELS - 1)

    def levels(self, id_: str) -> dict[int, Level]:
        """The levels of an instance of a list."""
        if id_ not in self._levels:
            self._levels[id_] = {**self._lists.get(self.list_of(id_), {}), **self._instances[id_].levels}
        return self._levels[id_]

    def list_of(self, id_: str) -> str:
        """The abstract list of an instance; that of the style which a list links to."""
        list_ = self._instances[id_].list_
        if link := self._links.get(list_):
            linked = next((value(n) for s in self._styles.chain(link) if (n := inner(s, "pPr", "numPr", "numId"))
                           is not None), "")  # fmt: skip
            list_ = self._instances[linked].list_ if linked in self._instances else list_
        return list_

    def start(self, id_: str, level: int) -> int | None:
        """Where an instance begins a level anew; None where it goes on."""
        return self._instances[id_].starts.get(level)


@dataclass
class Counters:
    """What the lists of one story have come to."""

    numbering: Numbering
    _values: dict[str, list[int | None]] = field(default_factory=dict)
    _begun: set[tuple[str, int]] = field(default_factory=set)

    def next(self, id_: str, at: int) -> str:
        """The next number of a list's level, as it stands before the paragraph; empty for a level that shows none."""
        levels = self.numbering.levels(id_)
        values = self._values.setdefault(self.numbering.list_of(id_), [None] * _LEVELS)
        starts = [self._start(id_, n, levels.get(n, _NO_LEVEL)) for n in range(_LEVELS)]
        begins = self.numbering.start(id_, at) is not None and (id_, at) not in self._begun
        current = values[at]
        values[at] = starts[at] if begins or current is None else current + 1
        self._begun.add((id_, at))
        for below in range(at + 1, _LEVELS):
            after = levels.get(below, _NO_LEVEL).after
            if after is None or at < after:
                values[below] = None
        for above in range(at):  # one that no paragraph has yet stands as begun
            values[above] = starts[above] if values[above] is None else values[above]
        return _written(levels, at, [reached or 0 for reached in values])

    def _start(self, id_: str, at: int, level: Level) -> int:
        start = self.numbering.start(id_, at)
        return level.start if start is None else start


def _written(levels: dict[int, Level], at: int, values: list[int]) -> str:
    level = levels.get(at)
    if level is None:
        return ""
    if level.format == "bullet":
        return f"{level.text if level.text in _PLAIN_BULLETS else '•'} " if level.text.strip() else ""

    def figure(match: re.Match[str]) -> str:
        place = int(match[1]) - 1
        format_ = levels.get(place, _NO_LEVEL).format
        return formatted(values[place], "decimal" if level.legal and format_ != "none" else format_)

    text = _PLACE.sub(figure, level.text)[:_LONGEST].replace("\n", " ").strip()
    return text if level.glued or not text else f"{text} "


def formatted(count: int, format_: str) -> str:
    """A number in a format of Word: "iv", "D", "First"; arabic figures for those that are not known."""
    match format_:
        case "none":
            return ""
        case "lowerRoman" | "upperRoman":
            return roman_numeral(count) if format_ == "lowerRoman" else roman_numeral(count).upper()
        case "lowerLetter" | "upperLetter" if 0 < count <= _MOST_LETTERS:
            letter = "abcdefghijklmnopqrstuvwxyz"[(count - 1) % 26] * ((count - 1) // 26 + 1)
            return letter if format_ == "lowerLetter" else letter.upper()
        case "decimalZero":
            return f"{count:02}"
        case "ordinal":
            return f"{count}{_ordinal_suffix(count)}"
        case "cardinalText" | "ordinalText" if 0 < count < 100:
            words = _in_words(count)
            return words if format_ == "cardinalText" else _as_ordinal(words)
        case "chicago" if count > 0:
            return _NOTE_MARKS[(count - 1) % 4] * min((count - 1) // 4 + 1, 10)
        case "hex":
            return f"{count:X}"
    return str(count)


def _ordinal_suffix(count: int) -> str:
    if count % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")


def _in_words(count: int) -> str:
    if count < len(_ONES):
        return _ONES[count]
    tens, ones = divmod(count, 10)
    return f"{_TENS[tens]}-{_ONES[ones].lower()}" if ones else _TENS[tens]


def _as_ordinal(words: str) -> str:
    before, hyphen, last = words.rpartition("-")
    plain = last.capitalize()
    ordinal = _ORDINALS.get(plain) or (f"{plain[:-1]}ieth" if plain.endswith("y") else f"{plain}th")
    return f"{before}{hyphen}{ordinal.lower() if hyphen else ordinal}"


def _level(row: etree._Element) -> tuple[int, Level]:
    format_ = next((value(e) for e in row.iter(W + "numFmt") if value(e) != "custom"), "decimal")
    after = inner(row, "lvlRestart")
    return min(number(row, "ilvl"), _LEVELS - 1), Level(
        start=number(inner(row, "start")),
        format=format_,
        text=value(inner(row, "lvlText"))[:_LONGEST],
        after=None if after is None else number(after),
        legal=is_on(inner(row, "isLgl")),
        glued=value(inner(row, "suff")) == "nothing",
        style=value(inner(row, "pStyle")),
    )


def _instance(row: etree._Element) -> _Instance:
    starts, levels = {}, {}
    for override in row.iterfind(W + "lvlOverride"):
        at = min(number(override, "ilvl"), _LEVELS - 1)
        own, start = inner(override, "lvl"), inner(override, "startOverride")
        if own is not None:
            levels[at] = _level(own)[1]
        if start is not None:
            starts[at] = number(start)
    return _Instance(value(inner(row, "abstractNumId")), starts, levels)
