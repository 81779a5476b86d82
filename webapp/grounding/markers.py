"""Parser for quotation marks and citation markers ("[2]", "[1-3]", "【2】") in the text of an answer."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from retrieval import split_sentences

_NUMBERS = r"(\d{1,30}(?:\s*(?:[,;，、–-]|and|&)\s*\d{1,30})*)"
# In brackets of any width; "†" begins what some models add. Round ones number items as often as they cite: "(1)" is
# read as none, "(passage 1)" as one.
CITE = re.compile(
    rf"(?:[\[［【]\s*(?:passages?\s*)?{_NUMBERS}\s*(?:†[^\]］】\n]{{0,40}})?[\]］】]|[(（]\s*passages?\s*{_NUMBERS}\s*[)）])",
    re.IGNORECASE,
)
_RANGE = re.compile(r"(\d+)\s*[–-]\s*(\d+)")
_TABLE_RULE = re.compile(r"\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?)?")
_LONGEST_RANGE = 20  # passages in "[1-3]"; a longer range is not read as one
_OPENING, _CLOSING, _EITHER = "“„«", "”»", '"″＂'
_DOUBLE = re.compile(f"[{_OPENING}{_CLOSING}{_EITHER}]")
_BLOCK = re.compile(r"(?m)^[ \t]*((?:>[ \t]?)+)(.*\S)[ \t]*$")
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

    An unclosed mark quotes to the next citation or the end of its sentence, so that a quotation in an incomplete answer
    is checked too.
    Marks inside a quotation are part of it.
    """
    found: list[Quotation] = []
    for match in _BLOCK.finditer(text):
        start, end = match.span(2)
        end = _before_cites(text, start, end)
        whole = _doubles(text, start, end)
        if len(whole) == 1 and not CITE.sub("", text[start : whole[0].start] + text[whole[0].end : end]).strip(" .,;"):
            start, end = whole[0].inner_start, whole[0].inner_end  # "> “The Term …” [1]" is one quotation, not two
            found.append(Quotation(match.start(1), whole[0].end, start, end))
        else:
            found.append(Quotation(match.start(1), end, start, end))
    blocks = tuple(found)
    offset = 0
    for line in text.split("\n"):
        found += _apart(_doubles(text, offset, offset + len(line)), blocks)
        offset += len(line) + 1
    found.sort(key=lambda q: q.start)
    singles = (Quotation(m.start(), m.end(), *m.span(1)) for m in _SINGLE.finditer(text) if "\n" not in m[0])
    return sorted([*found, *_apart(singles, found)], key=lambda q: q.start)


def citation_markers(text: str) -> list[tuple[int, tuple[int, ...]]]:
    """All citation markers in order: the offset of each, and the passage numbers in it."""
    out = []
    for match in CITE.finditer(text):
        numbers: list[int] = []
        written = match[1] or match[2]
        for a, b in _RANGE.findall(written):
            if int(a) < int(b) <= int(a) + _LONGEST_RANGE:
                numbers += range(int(a), int(b) + 1)
        numbers += [int(n) for n in re.findall(r"\d+", written)]
        out.append((match.start(), tuple(dict.fromkeys(sorted(numbers)))))
    return out


def is_table_rule(line: str) -> bool:
    """Whether a line is the rule between the heads of a table and its rows: "|---|:--:|"."""
    return _TABLE_RULE.fullmatch(line.strip()) is not None


def blank_citation_markers(text: str) -> str:
    """The text with its citation markers replaced by as many spaces."""
    return CITE.sub(lambda m: " " * len(m[0]), text)


def _before_cites(text: str, start: int, end: int) -> int:
    """Where the words of text[start:end] end that have citations alone after them."""
    stop, last = end, text[start:end].rstrip().removesuffix(".").rstrip(",;")
    at = start + len(last)
    for match in reversed(list(CITE.finditer(text, start, end))):
        if text[match.end() : at].strip():
            break
        stop = at = match.start()
    return start + len(text[start:stop].rstrip())


def _apart(quotations: Iterable[Quotation], taken: Sequence[Quotation]) -> Iterator[Quotation]:
    """Yield the quotations that share no character with those that are taken, which are in order."""
    for quotation in quotations:
        at = bisect_right(taken, quotation.start, key=lambda q: q.end)
        if at == len(taken) or taken[at].start >= quotation.end:
            yield quotation


def _doubles(text: str, start: int, end: int) -> list[Quotation]:
    """Quotations between double marks in a line; straight marks open after a space and close after a word."""
    closed: dict[int, int | None] = {}  # where each mark that opens is closed
    opened: list[int] = []
    for match in _DOUBLE.finditer(text, start, end):
        at = match.start()
        if _opens(text, at, start, end, bool(opened)):
            opened.append(at)
            closed[at] = None
        elif opened:
            closed[opened.pop()] = at
    ends = _open_ends(text, start, end) if opened else []
    found: list[Quotation] = []
    for at, closing in closed.items():
        if found and at < found[-1].end:  # inside of another
            continue
        if closing is not None:
            found.append(Quotation(at, closing + 1, at + 1, closing))
            continue
        stop = at + len(text[at : ends[bisect_right(ends, at)]].rstrip())
        if stop > at + 1:
            found.append(Quotation(at, stop, at + 1, stop))
    return found


def _open_ends(text: str, start: int, end: int) -> list[int]:
    """Where a quotation of a line may end that nothing closes: before a citation, and with a sentence."""
    cites = (match.start() for match in CITE.finditer(text, start, end))
    return sorted((*cites, *(stop for _, stop in split_sentences(text, start, end)), end))


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
