"""Parser for quotation marks and citation markers ("[2]", "[1-3]") in the text of an answer."""

import re
from dataclasses import dataclass

CITE = re.compile(r"\[\s*(?:passages?\s*)?(\d+(?:\s*(?:,|;|–|-|and|&)\s*\d+)*)\s*\]", re.IGNORECASE)
_RANGE = re.compile(r"(\d+)\s*[–-]\s*(\d+)")
_LONGEST_RANGE = 20  # passages in "[1-3]"; a longer range is not read as one
_OPENING, _CLOSING, _EITHER = "“„«", "”»", '"″＂'
_BLOCK = re.compile(r"(?m)^[ \t]*((?:>[ \t]?)+)(.*\S)[ \t]*$")
_CITED_LAST = re.compile(rf"(?:\s*{CITE.pattern})+[.,;]?\s*$", re.IGNORECASE)
_SINGLE = re.compile(r"(?<![\w’'])[‘'](?=[^\s‘’'])(.{3,400}?)(?<=[^\s‘'])[’'](?![\w’'])")


@dataclass(frozen=True, slots=True)
class Quotation:
    """A quotation in a text: [start, end) with its marks, [inner_start, inner_end) without."""

    start: int
    end: int
    inner_start: int
    inner_end: int


def quotations(text: str) -> list[Quotation]:
    """All quotations of a text, in order, without overlaps:
    between quotation marks, and lines of block quotations (">").

    An unclosed mark quotes to the end of its line, so that a quotation in an incomplete answer is checked too.
    Marks inside a quotation are part of it.
    """
    found: list[Quotation] = []
    for match in _BLOCK.finditer(text):
        start, end = match.span(2)
        if cited := _CITED_LAST.search(text, start, end):
            end = cited.start()
        whole = _doubles(text, start, end)
        if len(whole) == 1 and not CITE.sub("", text[start : whole[0].start] + text[whole[0].end : end]).strip(" .,;"):
            start, end = whole[0].inner_start, whole[0].inner_end  # "> “The Term …” [1]" is one quotation, not two
            found.append(Quotation(match.start(1), whole[0].end, start, end))
        else:
            found.append(Quotation(match.start(1), end, start, end))
    offset = 0
    for line in text.split("\n"):
        found += [q for q in _doubles(text, offset, offset + len(line)) if not _taken(q.start, found)]
        offset += len(line) + 1
    found += [
        Quotation(m.start(), m.end(), *m.span(1))
        for m in _SINGLE.finditer(text)
        if not _taken(m.start(), found) and not _crosses(m, found)
    ]
    return sorted(found, key=lambda q: q.start)


def citation_markers(text: str) -> list[tuple[int, tuple[int, ...]]]:
    """All citation markers in order: the offset of each, and the passage numbers in it."""
    out = []
    for match in CITE.finditer(text):
        numbers: list[int] = []
        for a, b in _RANGE.findall(match[1]):
            if int(a) < int(b) <= int(a) + _LONGEST_RANGE:
                numbers += range(int(a), int(b) + 1)
        numbers += [int(n) for n in re.findall(r"\d+", match[1])]
        out.append((match.start(), tuple(dict.fromkeys(sorted(numbers)))))
    return out


def blank_citation_markers(text: str) -> str:
    """The text with its citation markers replaced by as many spaces."""
    return CITE.sub(lambda m: " " * len(m[0]), text)


def _taken(at: int, found: list[Quotation]) -> bool:
    return any(q.start <= at < q.end for q in found)


def _crosses(match: re.Match[str], found: list[Quotation]) -> bool:
    return "\n" in match[0] or any(match.start() < q.end and q.start < match.end() for q in found)


def _doubles(text: str, start: int, end: int) -> list[Quotation]:
    """Quotations between double marks in a line; straight marks open after a space and close after a word."""
    found: list[Quotation] = []
    opened: list[int] = []
    for at in range(start, end):
        mark = text[at]
        if mark not in _OPENING + _CLOSING + _EITHER:
            continue
        if _opens(text, at, start, end, bool(opened)):
            opened.append(at)
        elif opened:
            opening = opened.pop()
            if not opened:
                found.append(Quotation(opening, at + 1, opening + 1, at))
    if opened:
        last = max(
            (m.end() for m in CITE.finditer(text, opened[0], end) if m.end() == len(text[:end].rstrip())), default=0
        )
        stop = CITE.search(text, opened[0], end).start() if last else end  # type: ignore[union-attr]
        stop = opened[0] + len(text[opened[0] : stop].rstrip())
        if stop > opened[0] + 1:
            found.append(Quotation(opened[0], stop, opened[0] + 1, stop))
    return found


def _opens(text: str, at: int, start: int, end: int, inside: bool) -> bool:
    """Whether a double mark opens a quotation, be it inside another."""
    if text[at] in _OPENING:
        return True
    if text[at] in _CLOSING:
        return False
    before = text[at - 1] if at > start else " "
    after = text[at + 1] if at + 1 < end else " "
    if before.isdigit() and not inside:
        return False  # 5" is a length
    return not after.isspace() and (before.isspace() or before in "([{—–-/*_‘'“")
