"""Finds footnotes: smaller type at the foot of a page, below a rule or a gap, that begins with a mark ("3", "*", "†").

Each gets a "footnote" remark, which has its mark; that of one that goes on from the page before has none. Their words
stay in the text, at the end of their page. The raised marks in the body that refer to them are taken out of it: they
would stand in the middle of words and figures ("delivered3", "302 days").
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from statistics import median

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from retrieval.reading.char_boxes import char_boxes, words_of
from retrieval.reading.page_drafts import Box, PageDraft

_MARK = r"(?:\d{1,3}|[*†‡§¶#]{1,3})"
_LETTER = re.compile(r"[^\W\d_]")
# pdfium may end a line after a raised mark.
_MARKED = re.compile(rf"[^\S\n]*({_MARK})[^\S\n]*\n?(?=[^\W\d_]|[“\"(\[§¶])")
_MAY_BE_MARKED = re.compile(rf"^{_MARKED.pattern}", re.MULTILINE)
_MARK_ALONE = re.compile(rf"[^\S\n]*{_MARK}[^\S\n]*")
_UNDERSCORES = re.compile(r"\s*_{8,}\s*")
_ENDED = re.compile(r"[.?!][”\"’)\]]*\s*\Z")
# All sizes are heights of the words of a line.
_SMALLER = 0.95  # of the body's type, at most
_RAISED, _LIFTED = 0.85, 0.12  # a raised mark is at most so high, and at least so far above the foot of its line
_GAP = 0.8  # above the notes, where no rule is
_NEXT = 1.2  # between two lines of them, at most
_MOST_BELOW = 3  # lines below the notes: a page number, a running footer
_MOST_MARKED, _SAMPLED = 500, 12  # lines that begin with a mark; of these the last, and places of the page
_RULE = (40.0, 3.0)  # points: at least so long, at most so high
_MOST_PATHS = 500


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the text, [start, end), and where it stands."""

    start: int
    end: int
    text: str
    bottom: float
    top: float
    size: float
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class _Note:
    """A note, [start, end), and its mark; without one it goes on from the page before."""

    start: int
    end: int
    mark: str


def may_have_footnotes(textpage: pdfium.PdfTextPage, text: str) -> bool:
    """Whether a line begins with a mark, in smaller type than most of the page."""
    marked = list(islice(_MAY_BE_MARKED.finditer(text), _MOST_MARKED))
    if not marked:
        return False
    places = range(0, len(text), max(1, len(text) // _SAMPLED))
    body = median(_type_size(textpage, text, at) for at in places)
    return any(
        0 < _type_size(textpage, text, match.end()) <= _SMALLER * body
        for match in (*marked[:_SAMPLED], *marked[-_SAMPLED:])
    )


def _type_size(textpage: pdfium.PdfTextPage, text: str, at: int) -> float:
    """The size of the type at a place of the text, by the box of the next letter."""
    letter = _LETTER.search(text, at)
    if letter is None:
        return 0.0
    ends = text.count("\n", 0, letter.start())  # of two characters for pdfium
    index = pdfium_c.FPDFText_GetCharIndexFromTextIndex(textpage, letter.start() + ends)
    if not 0 <= index < textpage.count_chars():
        return 0.0
    _, bottom, _, top = textpage.get_charbox(index, loose=True)
    return float(top - bottom)


def remark_footnotes(pdf: pdfium.PdfDocument, drafts: Sequence[PageDraft]) -> None:
    """Remark the footnotes of a document, and take the raised marks that refer to them out of its body."""
    last, goes_on = "", False  # the mark of the note before, and whether the next page may have the rest of it
    for draft in drafts:
        notes = _notes(pdf, draft, last, goes_on=goes_on) if draft.has_notes or goes_on else []
        for note in notes:
            draft.remark(note.start, note.end, "footnote", detail=note.mark)
        last = next((note.mark for note in reversed(notes) if note.mark), last)
        goes_on = bool(notes) and not _ENDED.search(draft.text, notes[-1].start, notes[-1].end)


def _notes(pdf: pdfium.PdfDocument, draft: PageDraft, before: str, *, goes_on: bool) -> list[_Note]:
    """The notes of a page, once they stand after its body; `before`: the mark of the last one above this page."""
    boxes = char_boxes(pdf, draft)
    lines = sorted(_lines(draft.text, boxes), key=lambda line: -line.top)
    foot = _foot(lines, goes_on=goes_on)
    if not foot:
        return []
    body = [line for line in lines if line.bottom >= foot[0].top]
    notes = list(_parted(foot))
    marks = {note.mark for note in notes}
    raised = _references(draft.text, boxes, foot[0].top)
    references = [(start, end) for start, end, mark in raised if marks.issuperset(mark.split(","))]
    if not (references or _follows(notes[0], before) or _has_rule_between(pdf, draft, body, foot[0])):
        return []
    if pieces := _after_the_body(lines, foot):
        draft.reorder(pieces)
        return _notes(pdf, draft, before, goes_on=goes_on)
    if references:
        edges = [0, *(edge for span in references for edge in span), len(draft.text)]
        draft.reorder(list(zip(edges[::2], edges[1::2], strict=True)), separator="")
    gone = sum(end - start for start, end in references)  # all of them above the notes
    return [_Note(note.start - gone, note.end - gone, note.mark) for note in notes]


def _lines(text: str, boxes: Sequence[Box | None]) -> Iterator[_Line]:
    """The lines of a text that have a box; one that is the raised mark of the next one is part of it."""
    mark: _Line | None = None
    for line in chain(_lines_as_they_end(text, boxes), (None,)):
        if mark and line and _is_mark_of(mark, line):
            yield replace(line, start=mark.start, text=text[mark.start : line.end])
            mark = None
            continue
        if mark:
            yield mark
        mark = line if line and _MARK_ALONE.fullmatch(line.text) else None
        if line and not mark:
            yield line


def _lines_as_they_end(text: str, boxes: Sequence[Box | None]) -> Iterator[_Line]:
    for match in re.finditer(r"[^\n]+", text):
        words = list(words_of(match[0], boxes[match.start() : match.end()]))
        if words:
            bottom, top = median(w.bottom for w in words), median(w.top for w in words)
            size, edges = median(w.height for w in words), (words[0].left, words[-1].right)
            yield _Line(match.start(), match.end(), match[0], bottom, top, size, *edges)


def _is_mark_of(mark: _Line, line: _Line) -> bool:
    """Whether a mark stands raised before the first word of a line."""
    is_raised = line.bottom < mark.bottom < line.top < mark.top + line.size / 2
    return is_raised and mark.size < line.size and -1 <= line.left - mark.right <= line.size


def _foot(lines: Sequence[_Line], *, goes_on: bool) -> Sequence[_Line]:
    """The lines, from the top of a page, that may be its notes: small, close together, and apart from those above."""
    sizes = sorted(line.size for line in lines for _ in line.text)
    most = _SMALLER * sizes[len(sizes) // 2] if sizes else 0
    for end in range(len(lines), max(0, len(lines) - _MOST_BELOW - 1), -1):
        first = end
        while first > 0 and lines[first - 1].size <= most:
            if first < end and _apart(lines[first - 1], lines[first]) > _NEXT:
                break
            first -= 1
        marked = [i for i in range(max(first, 1), end) if _MARKED.match(lines[i].text)]
        if first and goes_on and (marked or end - first > 1) and _apart(lines[first - 1], lines[first]) >= _GAP:
            return lines[first:end]
        for i in marked:
            if _apart(lines[i - 1], lines[i]) >= _GAP or _UNDERSCORES.fullmatch(lines[i - 1].text):
                return lines[i:end]
    return ()


def _apart(above: _Line, below: _Line) -> float:
    """The white between two lines, in heights of the lower one."""
    return (above.bottom - below.top) / below.size


def _parted(foot: Sequence[_Line]) -> Iterator[_Note]:
    """The notes of some lines: a number begins one where it is the next, another mark wherever it stands first."""
    start, mark = foot[0].start, ""
    for i, line in enumerate(foot):
        found = _MARKED.match(line.text)
        if found and (not mark or not found[1].isdigit() or (mark.isdigit() and int(found[1]) == int(mark) + 1)):
            if i > 0:
                yield _Note(start, foot[i - 1].end, mark)
            start, mark = line.start, found[1]
    yield _Note(start, foot[-1].end, mark)


def _follows(note: _Note, before: str) -> bool:
    """Whether a note is the next one after those of the pages before, or the rest of the last one."""
    return bool(before) and (
        not note.mark or (note.mark.isdigit() and before.isdigit() and int(note.mark) == int(before) + 1)
    )


def _has_rule_between(pdf: pdfium.PdfDocument, draft: PageDraft, body: Sequence[_Line], first: _Line) -> bool:
    """Whether a short rule is drawn, or typed, between the body and the first line of the notes."""
    above = body[-1]
    if _UNDERSCORES.fullmatch(above.text):
        return True
    page = pdf[draft.number - 1]
    try:
        for each in islice(page.get_objects([pdfium_c.FPDF_PAGEOBJ_PATH], max_depth=2), _MOST_PATHS):
            left, bottom, right, top = each.get_bounds()
            if right - left >= _RULE[0] and top - bottom <= _RULE[1] and first.bottom <= bottom <= above.bottom + 1:
                return True
    finally:
        page.close()
    return False


def _after_the_body(lines: Sequence[_Line], foot: Sequence[_Line]) -> list[tuple[int, int]]:
    """The pieces of the text with the notes after all lines of the body; none where they stand there already."""
    notes = {line.start for line in foot}
    in_text = sorted(lines, key=lambda line: line.start)
    others = [line for line in in_text if line.start not in notes]
    first = in_text.index(min(foot, key=lambda line: line.start))
    after = [line for line in in_text[first:] if line.start not in notes and line.bottom >= foot[0].top]
    if len(after) <= 1:  # a header
        return []
    at = others.index(after[-1]) + 1
    return [(line.start, line.end) for line in (*others[:at], *foot, *others[at:])]


def _references(text: str, boxes: Sequence[Box | None], foot: float) -> Iterator[tuple[int, int, str]]:
    """[start, end) of what is raised in the body, which stands above `foot`, each with its characters.

    pdfium ends a line after it: where the words go on at their level, that line end belongs to it.
    """
    placed = [(i, box) for i, box in enumerate(boxes) if box and box[1] >= foot and not text[i].isspace()]
    at = 1
    while at < len(placed):
        before, beside = placed[at - 1]
        after = at
        while after < len(placed) and _is_raised(placed[after][1], beside):
            after += 1
        if after > at:
            start, end = placed[at][0], placed[after - 1][0] + 1
            raised, goes_on = text[start:end], after < len(placed) and _is_level(placed[after][1], beside)
            if goes_on and text[end : end + 1] == "\n" and not text[end + 1].isalnum():
                end += 1
            if text[before + 1 : start] == "\n":
                start -= 1
            yield start, end, raised
        at = after + 1


def _is_raised(box: Box, beside: Box) -> bool:
    size = beside[3] - beside[1]
    above = _LIFTED * size <= box[1] - beside[1] < size
    return box[3] - box[1] <= _RAISED * size and above and box[0] >= beside[0]


def _is_level(box: Box, beside: Box) -> bool:
    return abs(box[1] - beside[1]) < _LIFTED * (beside[3] - beside[1])
