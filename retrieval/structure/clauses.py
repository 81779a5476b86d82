"""Parses the clause outline of a contract from the numbers at the beginning of its lines.

Drafting habits differ (ARTICLE II / 2.1 / (a) / (i), "Section 4.", bare "12.", schedules that begin again at 1),
numbers also stand where no clause begins (a wrapped "Section\\n4.2", a date, a price), and one mark has two readings:
"(i)" is the first roman numeral or the ninth letter. So a mark is believed when it continues a list that is open, or
begins one at its first value; the lists that are open are a stack, outermost first.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, PinCite, Span
from retrieval.structure.layout import Line, lines

_MOST_SKIPPED = 3  # a list may miss so many numbers (a page that could not be read, a deleted clause) and still go on
LONGEST_HEADING = 90  # characters
_FEW_WORDS = 6  # that end in a full stop after a clause's number are its heading, capitals or not: "Late payment."

_PART = (
    r"(?P<part>EXHIBIT|SCHEDULE|APPENDIX|ANNEX(?:URE)?|ATTACHMENT|ADDENDUM)\s+(?P<part_no>[A-Z0-9][A-Z0-9.\-]{0,5}"
    r"|[IVXL]+)\b"
)
_ARTICLE = r"(?:ARTICLE|CHAPTER|PART)\s+(?P<article>\d{1,2}|[IVXL]{1,7}|[A-Z]+)\b"
_SECTION = r"(?:SECTION|CLAUSE|§+)\s*(?P<section>\d{1,3}(?:\.\d{1,3}){0,4})\b"
_DOTTED = r"(?P<dotted>\d{1,3}(?:\.\d{1,3}){1,4})(?=[.):\s“\"]|(?-i:[A-Z][a-z]{2})|$)"  # also "2.1General"
_NUMBER = r"(?P<number>\d{1,3})(?:\.(?!\d)|\)(?=\s|$))"
_PAREN = r"\((?P<paren>\d{1,2}|[a-z]{1,5}|[A-Z]{1,5})\)"
_LETTER = r"(?P<letter>[A-Z]|[a-z]|[IVX]{2,5}|[ivx]{2,5})(?:\.(?=\s|$)|\)(?=\s))"
_MARK = re.compile(
    rf"[\s\-*_•]*(?:{_PART}|{_ARTICLE}|{_SECTION}|{_DOTTED}|{_NUMBER}|{_PAREN}|{_LETTER})", re.IGNORECASE
)

_ROMAN = re.compile(r"(?=[ivxl])(xl|l?x{0,3})(ix|iv|v?i{0,3})", re.IGNORECASE)
# What stands at the end of a line when a reference goes on below.
_RUNS_ON = re.compile(
    r"(?:\b(?:in|to|as|on|see|and|or|of|the|with|under|by|this|per|at|from|for|through|attached)|,)\s*\Z", re.IGNORECASE
)
_AFTER_EXHIBIT, _AFTER_NUMBER = frozenset('.,;)("“'), frozenset(",;%")
_FILING = re.compile(r"Exhibit \d+\.\d+")  # the number under which a contract was filed, above its title
_NUMERALS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_WORD_NUMBERS = {word: value for value, word in enumerate(_NUMERALS.split(), 1)}
_HEADING_END = re.compile(r"(?<!\bNo)(?<!\bInc)(?<!\bCo)(?:[.:;](?=\s|$)|\s[-–—]+\s|\t)")
_VERBS = frozenset("shall will must may is are was were has have agrees agree means".split())  # a sentence, no heading
SMALL_WORDS = frozenset("a an and as at by for from in into of on or over per the to under upon with without".split())


@dataclass(frozen=True, slots=True)
class Clause:
    """One numbered unit. `span` runs to the next clause that is not below it."""

    number: str  # as it is cited: "8.2", "8.2(b)", "Article IV", "Schedule 2"
    heading: str  # may be empty
    span: Span
    parent: int | None  # index in the outline
    depth: int

    def label(self) -> str:
        """How a lawyer cites it: "Section 8.2(b)", "Schedule 2", "Article IV"."""
        return self.number if self.number[:1].isalpha() and " " in self.number else f"Section {self.number}"


@dataclass(slots=True)
class _Open:
    """A list that may go on: its kind, the value it has reached, and the clause that holds it."""

    kind: str
    value: int
    clause: int
    path: tuple[int, ...]  # (8, 2) for "8.2", (8,) for "8." and "Article VIII", () for "(b)"


@dataclass(frozen=True, slots=True)
class _Mark:
    """One reading of the mark at the beginning of a line."""

    kind: str
    value: int
    number: str
    end: int  # in the line
    path: tuple[int, ...] = ()
    titled: bool = False  # a heading follows: such a number may be the first of all without being 1


@document_cache(16)
def outline(document: Document) -> tuple[Clause, ...]:
    """The clauses of a document in reading order; empty where nothing is numbered."""
    rows = [line for line in lines(document) if not line.noise]
    found: list[tuple[Line, _Mark, int | None, int]] = []
    stack: list[_Open] = []
    for line, before in zip(rows, ["", *(row.text for row in rows)], strict=False):
        readings = _readings(line.text, before)
        if readings and not found and _FILING.fullmatch(readings[0].number):
            continue
        if placed := _place(readings, stack, len(found)):
            mark, depth = placed
            parent = stack[depth - 1].clause if depth else None
            found.append((line, mark, parent, depth))
    return tuple(_clauses(document, found))


def _readings(text: str, before: str) -> list[_Mark]:
    """What the beginning of a line may be, the likelier reading first; empty where it is no mark.

    `before`: the line above.
    """
    match = _MARK.match(text)
    if not match:
        return []
    rest = text[match.end() :].strip()
    if match["part"]:
        return _part_readings(match, text, rest, before)
    if match["article"]:
        return _article_readings(match, rest)
    if match["section"] or match["dotted"]:
        return _section_readings(match, rest)
    if match["number"]:
        value = int(match["number"])
        mark = _Mark("number", value, match["number"], match.end(), (value,), _is_title(rest))
        return [] if rest[:1].islower() else [mark]
    return _letter_readings(match, match.end())


def _part_readings(match: re.Match[str], text: str, rest: str, before: str) -> list[_Mark]:
    if not match["part"][0].isupper() or not _is_title(text.strip()):
        return []
    # The end of a wrapped reference: "set out in\nExhibit C."
    if _RUNS_ON.search(before) and rest[:1] in _AFTER_EXHIBIT:
        return []
    return [_Mark("part", 0, f"{match['part'].title()} {match['part_no'].upper().rstrip('.')}", match.end())]


def _article_readings(match: re.Match[str], rest: str) -> list[_Mark]:
    if not _is_title(rest) or not match.group().strip()[0].isupper():
        return []
    value = ordinal(match["article"])
    return [_Mark("article", value, f"Article {match['article'].upper()}", match.end(), (value,))] if value else []


def _section_readings(match: re.Match[str], rest: str) -> list[_Mark]:
    number = match["section"] or match["dotted"]
    if match["section"] and not match.group().strip()[0].isupper() and "§" not in match.group():
        return []
    path = tuple(int(n) for n in number.split("."))
    # The end of a wrapped reference: "Section\n4.2 shall ..."
    if rest[:1].islower() or rest[:1] in _AFTER_NUMBER:
        return []
    if path[1:] in {(), (0,)}:  # "3.0" heads 3.1, 3.2, ...
        return [_Mark("number", path[0], number, match.end(), path[:1], _is_title(rest))]
    return [_Mark("dotted", path[-1], number, match.end(), path)]


def _letter_readings(match: re.Match[str], end: int) -> list[_Mark]:
    raw = match["paren"] or match["letter"]
    shape = "paren" if match["paren"] else "letter"
    if raw.isdigit():
        return [_Mark("(1)", int(raw), f"({raw})", end)]
    if not (raw.isupper() or raw.islower()):
        return []
    case = "A" if raw.isupper() else "a"
    readings = []
    if _ROMAN.fullmatch(raw):
        readings.append(_Mark(f"{shape}-{'I' if case == 'A' else 'i'}", _roman(raw), f"({raw})", end))
    if len(raw) == 1 or (len(raw) == 2 and raw[0] == raw[1]):
        value = ord(raw[0].lower()) - 96 + 26 * (len(raw) - 1)
        readings.append(_Mark(f"{shape}-{case}", value, f"({raw})", end))
    return readings


def _place(readings: list[_Mark], stack: list[_Open], clause: int) -> tuple[_Mark, int] | None:
    """Choose a reading and its depth, and bring the stack of open lists up to date; None where no reading fits."""
    chosen = _continued(readings, stack) or _begun(readings, stack)
    if chosen:
        mark, depth = chosen
        del stack[depth:]
        stack.append(_Open(mark.kind, mark.value, clause, mark.path))
    return chosen


def _continued(readings: list[_Mark], stack: list[_Open]) -> tuple[_Mark, int] | None:
    """The reading that goes on with an open list, the next value before one further on, the innermost list first."""
    for skip in (1, _MOST_SKIPPED):
        for depth in range(len(stack) - 1, -1, -1):
            for mark in readings:
                if (
                    mark.kind == stack[depth].kind != "dotted"
                    and stack[depth].value < mark.value <= stack[depth].value + skip
                ):
                    return mark, depth
    return None


def _begun(readings: list[_Mark], stack: list[_Open]) -> tuple[_Mark, int] | None:
    """The reading that may stand here without continuing a list by one:
    a part, a full number, or a list's first value.
    """
    kinds = [o.kind for o in stack]
    in_part = int(kinds[:1] == ["part"])
    for mark in readings:
        if mark.kind == "part":
            return mark, 0
        if mark.kind == "article":
            return mark, in_part
        if mark.kind == "dotted":
            depth = _dotted_depth(mark, stack, in_part)
            if depth is not None:
                return mark, depth
        elif mark.value == 1 or (mark.kind == "number" and mark.titled and not any(o.path for o in stack)):
            if mark.kind == "number":  # a schedule, or a list inside a clause: the outer numbering stays open
                return mark, len(stack) if kinds.count("number") < 2 else len(kinds) - 1 - kinds[::-1].index("number")
            return mark, kinds.index(mark.kind) if mark.kind in kinds else len(stack)
    return None


def _dotted_depth(mark: _Mark, stack: list[_Open], in_part: int) -> int | None:
    """Where "8.2" belongs: under 8, after 8.1, or (where no line says 8) after 7.9; None where the order forbids it."""
    numeric = [d for d, o in enumerate(stack) if o.path]
    for depth in reversed(numeric):
        path = stack[depth].path
        if path == mark.path[: len(path)] and len(path) < len(mark.path):
            return depth + 1
        if path[:-1] == mark.path[:-1] and len(path) == len(mark.path):
            return depth if path < mark.path else None
    if not numeric:
        return in_part if mark.value <= 1 else None
    top = stack[numeric[0]]
    if mark.path[0] == top.path[0] + 1 and mark.path[1] <= 1 + int(len(top.path) == 1):
        return numeric[0]
    return None


def _clauses(document: Document, found: list[tuple[Line, _Mark, int | None, int]]) -> Iterator[Clause]:
    numbers: list[str] = []
    starts = [line.start for line, *_ in found] + [len(document.text)]
    ends = _ends([depth for *_, depth in found])
    for i, (line, mark, parent, depth) in enumerate(found):
        number = _cited(mark, numbers[parent] if parent is not None else "")
        numbers.append(number)
        heading = _heading(document.text, line, mark, starts[i + 1])
        yield Clause(number, heading, document.span(line.start, starts[ends[i]]), parent, depth)


def _ends(depths: list[int]) -> list[int]:
    """For each clause the index of the first after it that is not below it, or the number of clauses."""
    ends, open_ = [len(depths)] * len(depths), list[int]()
    for i, depth in enumerate(depths):
        while open_ and depths[open_[-1]] >= depth:
            ends[open_.pop()] = i
        open_.append(i)
    return ends


def _cited(mark: _Mark, above: str) -> str:
    """The number as it is cited: a mark in brackets is added to the number above it, a full number stands alone."""
    if mark.path or mark.kind == "part" or not above:
        return mark.number
    return f"{above}{mark.number}" if above[-1] in "0123456789)" else f"{above}, {mark.number}"


def _heading(text: str, line: Line, mark: _Mark, end: int) -> str:
    """The clause's heading: what stands before the first full stop, or the next line where the number stands alone."""
    rest = text[line.start + mark.end : line.end].strip(" .:)-–—\t\u00a0")
    if not rest:
        rest = next(
            (t for t in (part.strip() for part in text[line.end : min(end, line.end + 200)].split("\n")) if t), ""
        )
    stop = _HEADING_END.search(rest)
    heading = " ".join((rest[: stop.start()] if stop else rest).strip(" .:-–—_").split())
    few = (
        bool(stop)
        and len(heading.split()) <= _FEW_WORDS
        and heading[:1].isupper()
        and _VERBS.isdisjoint(heading.split())
    )
    return heading if few or _is_title(heading) else ""


def _is_title(text: str) -> bool:
    """Whether words read as a heading: short, and every word of weight begins with a capital."""
    if len(text) > LONGEST_HEADING:
        return False
    words = words_of_weight(text)
    capitals = sum(w[0].isupper() for w in words)
    return capitals >= 0.7 * len(words) and _VERBS.isdisjoint(words)


def words_of_weight(text: str) -> list[str]:
    """The words of a heading that are written with a capital: all but "a", "of", "the" and their like."""
    return [w for w in re.findall(r"[^\W\d_][\w'’\-/&]*", text) if w.lower() not in SMALL_WORDS]


def ordinal(raw: str) -> int:
    """The value of "4", "IV" or "four"; 0 where it is none of these."""
    if raw.isdigit():
        return int(raw)
    return _roman(raw) if _ROMAN.fullmatch(raw) else _WORD_NUMBERS.get(raw.lower(), 0)


def _roman(raw: str) -> int:
    values = [{"i": 1, "v": 5, "x": 10, "l": 50}[c] for c in raw.lower()]
    return sum(-v if v < max(values[i + 1 :], default=0) else v for i, v in enumerate(values))


def clause_at(document: Document, offset: int) -> int | None:
    """Index in the outline of the innermost clause that holds `offset`; None before the first clause."""
    clauses = outline(document)
    i = bisect_right(clauses, offset, key=lambda c: c.span.start) - 1
    while i >= 0 and clauses[i].span.end <= offset:
        i = -1 if (parent := clauses[i].parent) is None else parent
    return i if i >= 0 else None


def section_at(document: Document, offset: int) -> str:
    """The pin cite's section: "Section 8.2(b) (Indemnification by the Licensor)"; empty before the first clause."""
    i = clause_at(document, offset)
    if i is None:
        return ""
    clause = outline(document)[i]
    heading = next((h for h in headings_above(document, i)[::-1] if h), "")
    return f"{clause.label()} ({heading})" if heading else clause.label()


def pin_cite(document: Document, *spans: Span, at: int | None = None) -> PinCite:
    """The pin cite of spans of a document: with the section and page of their first character, or of the one `at`."""
    at = spans[0].start if at is None else at
    page = document.page_at(at)
    return PinCite(
        document_id=document.id,
        document=document.name,
        section=section_at(document, at),
        page=page.number,
        page_label=page.label,
        spans=spans,
        text_version=document.version,
    )


def headings_above(document: Document, index: int) -> list[str]:
    """Headings on the way from the outermost clause down to this one, empty ones left out."""
    clauses, path = outline(document), []
    at: int | None = index
    while at is not None:
        if clauses[at].heading:
            path.append(clauses[at].heading)
        at = clauses[at].parent
    return path[::-1]
