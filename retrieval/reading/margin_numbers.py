"""Takes margin line numbers out of a page's text (pleading paper 1-28, transcripts 1-25) and keeps each line's place.

A column of numbers is told by geometry: they stand below each other, count up by one from the first line at an even
pitch, fill most of the page, and do so on several pages or beside lines that run on. A list in a contract does none of
these. Each numbered line gets a "line" remark with its place, "42:5". A condensed sheet has several transcript pages;
they come one after the other, each with its own number.
"""

import ctypes
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import accumulate, groupby, islice, pairwise
from math import atan2, cos, floor, hypot, pi, sin
from statistics import median
from typing import NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from retrieval.reading.char_boxes import char_indexes
from retrieval.reading.page_drafts import PageDraft
from retrieval.reading.typed_pages import is_testimony

_NUMBER = re.compile(r"(?<!\S)\d{1,2}(?!\S)")
_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2}){0,2}(?:[.:]\d{1,2})?(?:[AaPp]\.?[Mm]\.?)?")
_MOST_LINES = 60  # of a page
_LEAST, _LEAST_BESIDE = 10, 3  # numbers of a column, and of one beside others of its kind on the document's pages
_FIRST_LINES = tuple(re.compile(rf"{n}(?<!\S{n})(?!\S)") for n in range(_LEAST + 2, 0, -1))
_MOST_HIDDEN = 2  # of the first numbers, by a stamp
_MOST_TIMES = 200  # of a page
_LEAST_TIMES = 5  # time stamps of a page that stand below each other
_SAME_X, _SAME_PITCH = 8.0, 0.12  # points from centre to centre; share of the distance of two lines
_UNEVEN = 0.3  # share of the pitch by which one step may differ
_PITCH = (4.0, 42.0)  # points from one line to the next
_FILLED, _FILLED_ALONE = 0.5, 0.6  # share of a page's height, of pages that are alike and of a single one
_RUN_ON = 0.15  # share of the numbers that stand beside nothing, a line that goes on with a small letter, Q or A
_ABOVE = 0.8  # lines above the first number, and below the last, that are still numbered
_HEADED = 5  # lines from the lines of a transcript page to its number, on a sheet of several
_MOST_WORDS = 20_000  # of a page; one with more is no page of a transcript
_TYPED_WIDTH, _TYPED_HEIGHT = 6.0, 12.0  # points of a character that was typed
_GAP = 30.0  # points between two words of a line that are of different columns of a sheet
_MOST_KINDS = 12  # distances of lines in one document: of a complaint, and of the transcripts behind it
_MOST_COLUMNS = 9  # of a sheet
_SPOKEN = re.compile(r"[QA][.:]?")  # how a line of testimony begins
_PAGE_ALONE = re.compile(r"[-–—\[( ]*(?:pages?|pg\.?)?\s*(\d{1,4})[-–—\]) ]*", re.IGNORECASE)
_PAGE_BESIDE = re.compile(r"\A(\d{1,4})\s|\bpage\s+(\d{1,4})\s*\Z|\s(\d{1,4})\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Word:
    """One word: [start, end) in the draft's text, its left and right edge, and its baseline, in points."""

    start: int
    end: int
    left: float
    right: float
    y: float
    text: str

    @property
    def x(self) -> float:
        return (self.left + self.right) / 2


@dataclass
class _Column:
    """Numbers below each other that count up, top down."""

    words: list[_Word]
    values: list[int]
    is_left: bool = True  # of the lines that it numbers
    reach: tuple[float, float] = (0.0, 0.0)  # from where to where, across the page, these may stand
    shift: float = 0.0  # by which share of a line they stand below their numbers
    page: str = ""  # the number printed on the transcript page

    @property
    def x(self) -> float:
        return median(word.x for word in self.words)

    @property
    def pitch(self) -> float:
        return (self.words[0].y - self.words[-1].y) / max(1, self.values[-1] - self.values[0])

    @property
    def height(self) -> float:
        return self.pitch * (self.values[-1] - self.values[0] + 1)

    def position(self, y: float) -> float:
        """A baseline counted in numbers: 4.5 half-way between the fourth and the fifth."""
        return self.values[0] + (self.words[0].y - y) / self.pitch

    def numbers(self, y: float) -> bool:
        """Whether a baseline is within the numbered lines."""
        return self.values[0] - _ABOVE < self.position(y) < self.values[-1] + _ABOVE

    def line(self, y: float) -> int:
        """The number beside a baseline; of two between which it stands half-way, the upper one."""
        nearest = floor(self.position(y) - self.shift + 0.49)
        return min(max(nearest, self.values[0]), self.values[-1])

    def is_like(self, other: "_Column") -> bool:
        """Whether the lines of two are as far apart."""
        return abs(self.pitch - other.pitch) <= _SAME_PITCH * other.pitch


@dataclass
class _Sheet:
    """A page with columns of numbers: its words, and how high it is."""

    draft: PageDraft
    height: float
    words: list[_Word]
    columns: list[_Column] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Words of one line of the text that belong to the same numbered line, or to none."""

    words: tuple[_Word, ...]
    column: int | None
    line: int = 0

    @property
    def start(self) -> int:
        return self.words[0].start

    @property
    def end(self) -> int:
        return self.words[-1].end

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


def margin_numbers(pdf: pdfium.PdfDocument, drafts: Sequence[PageDraft]) -> None:
    """Take columns of line numbers out of the texts of pages, and remark the place of each line that they number.

    Where a transcript page has no number of its own the place is ":5" until the page's label is known.
    """
    _take_out_of(drafts, partial(_sheet, pdf))


def typed_margin_numbers(drafts: Sequence[PageDraft]) -> None:
    """The same for pages that are text alone; a single one is none of a transcript, but may be a list.

    Pages of few lines are pages of a transcript where these are questions and answers.
    """
    if is_testimony("\n".join(draft.text for draft in drafts)):
        sheets = [_typed_sheet(draft) for draft in drafts if _begins_at_one(draft.text)]
        numbered = [replace(sheet, columns=sheet.columns[:1]) for sheet in sheets if sheet.columns]
        if len(numbered) > 1:
            _take_out_numbers(numbered)
    else:
        _take_out_of(drafts, _typed_sheet, least_alike=2)


def _take_out_of(
    drafts: Sequence[PageDraft], sheet_of: Callable[[PageDraft], "_Sheet"], *, least_alike: int = 1
) -> None:
    sheets = [sheet_of(draft) for draft in drafts if _has_numbers(draft.text)]
    numbered = _numbered(sheets, least_alike)
    if not numbered:
        return
    looked_at, found = ({sheet.draft.number for sheet in each} for each in (sheets, numbered))
    short = [sheet for sheet in sheets if sheet.draft.number not in found]
    short += [sheet_of(draft) for draft in drafts if draft.number not in looked_at and _begins_at_one(draft.text)]
    _take_out_numbers(numbered + _alike(short, numbered))


def _take_out_numbers(numbered: list[_Sheet]) -> None:
    numbered.sort(key=lambda sheet: sheet.draft.number)
    pieces = [_read(sheet) for sheet in numbered]
    _number_pages(list(zip(numbered, pieces, strict=True)))
    for sheet, of_sheet in zip(numbered, pieces, strict=True):
        _take_out(sheet, of_sheet)


def _has_numbers(text: str) -> bool:
    """Whether a text has nearly all of the first numbers, each alone; of most texts the rarest tell that it has not."""
    missing = 0
    for number in _FIRST_LINES:
        missing += number.search(text) is None
        if missing > _MOST_HIDDEN:
            return False
    return True


def _begins_at_one(text: str) -> bool:
    return set(range(1, _LEAST_BESIDE + 1)) <= set(map(int, _NUMBER.findall(text)))


def _sheet(pdf: pdfium.PdfDocument, draft: PageDraft) -> _Sheet:
    """The words of a page, and the columns that its numbers may be."""
    page = pdf[draft.number - 1]
    textpage = page.get_textpage()
    try:
        words = list(_words(page, textpage, draft))
        sheet = _Sheet(draft, page.get_height(), words)
    finally:
        textpage.close()
        page.close()
    sheet.columns = _columns(words)
    return sheet


def _typed_sheet(draft: PageDraft) -> _Sheet:
    """The same of a page that is text alone: each character as wide as the other, each line as high; no empty lines."""
    rows = [(start, line) for start, line in _lines(draft.text) if line.strip()]
    words = [
        _Word(
            start + m.start(),
            start + m.end(),
            m.start() * _TYPED_WIDTH,
            m.end() * _TYPED_WIDTH,
            -row * _TYPED_HEIGHT,
            m[0],
        )
        for row, (start, line) in enumerate(rows)
        for m in re.finditer(r"\S+", line)
    ][:_MOST_WORDS]
    return _Sheet(draft, _TYPED_HEIGHT * max(1, len(rows)), words, _columns(words))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line with where it begins."""
    start = 0
    for line in text.split("\n"):
        yield start, line
        start += len(line) + 1


def _words(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage, draft: PageDraft) -> Iterator[_Word]:
    """The words of a page that have a place on it, as the page is seen: it may be turned."""
    indexes = char_indexes(textpage)
    order = draft.order if draft.order is not None else range(len(indexes))
    left, bottom, right, top = page.get_mediabox()
    quarter_turns, x, y = page.get_rotation() // 90, ctypes.c_double(), ctypes.c_double()

    def seen(x: float, y: float) -> tuple[float, float]:
        return ((x, y), (y, right + left - x), (right + left - x, top + bottom - y), (top + bottom - y, x))[
            quarter_turns
        ]

    for match in islice(re.finditer(r"\S+", draft.text), _MOST_WORDS):
        first, last = (order[at] for at in (match.start(), match.end() - 1))
        if first >= 0 and last >= 0:
            if not pdfium_c.FPDFText_GetCharOrigin(textpage, indexes[first], x, y):
                continue
            boxes = textpage.get_charbox(indexes[first]), textpage.get_charbox(indexes[last])
            base = seen(x.value, y.value)[1]
        elif first < -1 and last < -1 and (box := draft.own_boxes[-2 - first]) and (end := draft.own_boxes[-2 - last]):
            boxes = box, end
            base = seen(box[0], box[1])[1]
        else:
            continue
        corners = [seen(*corner) for box in boxes for corner in (box[:2], box[2:])]
        across = [x for x, _ in corners]
        if min(across) < max(across):
            yield _Word(match.start(), match.end(), min(across), max(across), base, match[0])


def _columns(words: Sequence[_Word]) -> list[_Column]:
    """The runs of numbers that stand below each other, count up, and begin at the first lines."""
    numbers = [word for word in words if _NUMBER.fullmatch(word.text) and 0 < int(word.text) <= _MOST_LINES]
    numbers.sort(key=lambda word: (-word.y, word.x))
    open_: list[_Column] = []
    for word in numbers:
        value = int(word.text)
        going_on = [column for column in open_ if _goes_on(column, word, value)]
        if going_on:
            nearest = min(going_on, key=lambda column: abs(column.words[-1].x - word.x))
            nearest.words.append(word)
            nearest.values.append(value)
        elif value <= _LEAST_BESIDE and len(open_) < 10 * _MOST_COLUMNS:
            open_.append(_Column([word], [value]))
    return [column for column in open_ if len(column.words) >= _LEAST_BESIDE]


def _goes_on(column: _Column, word: _Word, value: int) -> bool:
    last, ahead = column.words[-1], value - column.values[-1]
    if not 1 <= ahead <= 3 or abs(last.x - word.x) > _SAME_X:
        return False
    step = (last.y - word.y) / ahead
    if len(column.words) < 2:
        return _PITCH[0] <= step <= _PITCH[1]
    return abs(step - column.pitch) <= _UNEVEN * column.pitch


def _numbered(sheets: Sequence[_Sheet], least_alike: int) -> list[_Sheet]:
    """The sheets whose columns number their lines: they fill them, and run on, on several that are alike or on one."""
    filled = []
    for sheet in sheets:
        long = [column for column in sheet.columns if len(column.words) >= _LEAST]
        if _share(long, sheet) >= _FILLED:
            filled.append(replace(sheet, columns=long[:_MOST_COLUMNS]))
    found = []
    for _ in range(_MOST_KINDS):
        if not filled:
            break
        first = filled[0].columns[0]
        alike = [sheet for sheet in filled if sheet.columns[0].is_like(first)]
        filled = [sheet for sheet in filled if not sheet.columns[0].is_like(first)]
        enough = len(alike) >= max(2, least_alike) or (
            least_alike == 1 and _share(alike[0].columns, alike[0]) >= _FILLED_ALONE
        )
        if enough and _run_on(alike):
            found += [
                replace(sheet, columns=[column for column in sheet.columns if column.is_like(first)]) for sheet in alike
            ]
    return found


def _share(columns: Sequence[_Column], sheet: _Sheet) -> float:
    """How much of a page's height the columns at one place across it fill."""
    heights = [sum(c.height for c in columns if abs(c.x - column.x) <= _SAME_X) for column in columns]
    return max(heights, default=0.0) / sheet.height


def _run_on(sheets: Sequence[_Sheet]) -> bool:
    """Whether lines beside the numbers go on from the line before, are empty, or are spoken: a table's rows are not."""
    numbers = running = 0
    for sheet in sheets:
        columns = {word.start for column in sheet.columns for word in column.words}
        times = _times(sheet.words)
        others = [word for word in sheet.words if word.start not in columns and word.start not in times]
        for column in sheet.columns:
            beside: dict[int, _Word] = {}
            for word in others:
                if column.numbers(word.y) and (at := column.line(word.y)) not in beside:
                    beside[at] = word
            numbers += len(column.words)
            texts = [beside[value].text if value in beside else "" for value in column.values]
            running += sum(not text or text[0].islower() or bool(_SPOKEN.fullmatch(text)) for text in texts)
    return running >= _RUN_ON * numbers


def _alike(sheets: Iterable[_Sheet], numbered: Sequence[_Sheet]) -> list[_Sheet]:
    """The sheets that are short of numbers and have them where others have theirs."""
    known = {(round(c.x / _SAME_X), round(c.pitch)): c for sheet in numbered for c in sheet.columns}
    found = []
    for sheet in sheets:
        columns = [
            column
            for column in sheet.columns[:_MOST_COLUMNS]
            if any(column.is_like(c) and abs(column.x - c.x) <= _SAME_X for c in islice(known.values(), _MOST_KINDS))
        ]
        if columns:
            found.append(replace(sheet, columns=columns))
    return found


def _read(sheet: _Sheet) -> list[_Piece]:
    """The words of a sheet in pieces of numbered lines, in the order of the text, without numbers and time stamps."""
    numbers = {word.start for column in sheet.columns for word in column.words}
    words = [word for word in sheet.words if word.start not in numbers]
    _set_reach(sheet, words)
    times = _times(words)
    words = [word for word in words if word.start not in times]
    for start in sorted(numbers | times):
        end = start + len(sheet.draft.text[start:].split(None, 1)[0])
        sheet.draft.blank(start, end)
    for column in sheet.columns:
        column.shift = _shift(column, [word for word in words if _is_of(column, word)])
    return list(_pieces(sheet, words))


def _set_reach(sheet: _Sheet, words: Sequence[_Word]) -> None:
    """Tell on which side of its numbers each column has its lines, and how far they reach."""
    columns = sheet.columns
    lines = [word for word in words if any(column.numbers(word.y) for column in columns)]
    rightmost, leftmost = max(column.x for column in columns), min(column.x for column in columns)
    is_left = sum(word.x > rightmost for word in lines) >= sum(word.x < leftmost for word in lines)
    for column in columns:
        apart = [other.x for other in columns if abs(other.x - column.x) > _SAME_X]
        column.is_left = is_left
        if is_left:
            column.reach = column.x, min((x for x in apart if x > column.x), default=float("inf"))
        else:
            column.reach = max((x for x in apart if x < column.x), default=float("-inf")), column.x
    columns.sort(key=lambda column: (round(column.x / _SAME_X), -column.words[0].y))


def _is_of(column: _Column, word: _Word) -> bool:
    return column.reach[0] < word.x < column.reach[1] and column.numbers(word.y)


def _times(words: Sequence[_Word]) -> set[int]:
    """Where the time stamps begin that stand below each other."""
    stamps = [word for word in words if _TIME.fullmatch(word.text)][:_MOST_TIMES]
    at = Counter(round(word.left / _SAME_X) for word in stamps)
    return {
        word.start
        for word in stamps
        if (x := round(word.left / _SAME_X)) is not None and at[x - 1] + at[x] + at[x + 1] >= _LEAST_TIMES
    }


def _shift(column: _Column, words: Sequence[_Word]) -> float:
    """By which share of a line the lines of a column stand below its numbers; 0 where they do not all by the same."""
    angles = [2 * pi * column.position(word.y) for word in words]
    if not angles:
        return 0.0
    east, north = sum(map(cos, angles)) / len(angles), sum(map(sin, angles)) / len(angles)
    if hypot(east, north) < 0.7:  # double spacing beside single
        return 0.0
    shift = atan2(north, east) / (2 * pi)
    return shift + 1 if shift < -0.4 else shift  # half-way: of two numbers the upper one


def _pieces(sheet: _Sheet, words: Sequence[_Word]) -> Iterator[_Piece]:
    def place(word: _Word) -> tuple[int | None, int]:
        i = next((i for i, column in enumerate(sheet.columns) if _is_of(column, word)), None)
        return i, 0 if i is None else sheet.columns[i].line(word.y)

    text = sheet.draft.text
    rows: list[tuple[int, _Word]] = []  # each word with the piece of a line that it stands in
    row, before = 0, None
    for word in words:
        if before is not None:
            row += "\n" in text[before.end : word.start] or not before.left <= word.left <= before.right + _GAP
        rows.append((row, word))
        before = word
    for (_, (column, number)), same in groupby(rows, key=lambda row: (row[0], place(row[1]))):
        yield _Piece(tuple(word for _, word in same), column, number)


def _number_pages(sheets: Sequence[tuple[_Sheet, list[_Piece]]]) -> None:
    """Find the number printed above or below the lines of each transcript page: they count up from page to page.

    Those of a sheet count down its columns or across its rows, as more of the numbers do; a page whose number cannot be
    read has the one after that before it.
    """
    printed = {id(column): _printed(column, sheet, pieces) for sheet, pieces in sheets for column in sheet.columns}
    orders = [[(sheet, column) for sheet, _ in sheets for column in order(sheet)] for order in (_down, _across)]
    counts = [
        Counter(each.value - i for i, (_, column) in enumerate(order) for each in printed[id(column)])
        for order in orders
    ]
    series, columns = max(zip(counts, orders, strict=True), key=lambda pair: max(pair[0].values(), default=0))
    sides = Counter(each.is_above for every in printed.values() for each in every if each.is_alone)
    before = ""
    for i, (sheet, column) in enumerate(columns):
        is_single = len(sheet.columns) == 1

        def rank(each: _Printed, i: int = i, sheet: _Sheet = sheet, is_single: bool = is_single) -> tuple[float, ...]:
            count = series[each.value - i]
            side = sides[each.is_above] + 0.5 * each.is_above
            # A number that is also the sheet's may be no other than that.
            return (each.is_alone, *((each.value != sheet.draft.number, side, count) if is_single else (count, side)))

        # One that stands alone may begin a new count; one beside other words has to be part of a series.
        sure = [each for each in printed[id(column)] if each.is_alone or series[each.value - i] >= _LEAST_BESIDE]
        best = max(sure, key=rank, default=None)
        column.page = str(best.value) if best else str(int(before) + 1) if before and not is_single else ""
        before = column.page


def _down(sheet: _Sheet) -> list[_Column]:
    """The columns of a sheet as they are set: one below the other, then those beside them."""
    return sheet.columns


def _across(sheet: _Sheet) -> list[_Column]:
    """The columns of a sheet row by row: those beside each other begin at about the same height."""
    tops = sorted((column.words[0].y for column in sheet.columns), reverse=True)
    rows = [0, *accumulate(above - y > _HEADED * sheet.columns[0].pitch for above, y in pairwise(tops))]
    row = dict(zip(tops, rows, strict=True))
    return sorted(sheet.columns, key=lambda column: (row[column.words[0].y], column.x))


class _Printed(NamedTuple):
    """A number that stands above or below the lines of a transcript page, alone or beside other words."""

    value: int
    is_alone: bool
    is_above: bool


def _printed(column: _Column, sheet: _Sheet, pieces: Sequence[_Piece]) -> list[_Printed]:
    """What may be the number of a column's page."""
    left, right = column.reach if column.is_left else (column.reach[0], column.x + _SAME_X)
    left -= 2 * _SAME_X
    beside = [other for other in sheet.columns if other is not column and abs(other.x - column.x) <= _SAME_X]
    found = []
    for piece in pieces:
        y = piece.words[0].y
        near = left <= piece.words[0].x <= right and (len(sheet.columns) == 1 or _distance(column, y) <= _HEADED)
        if piece.column is not None or not near or any(_is_nearer(other, column, y) for other in beside):
            continue
        is_above = y > column.words[0].y
        if match := _PAGE_ALONE.fullmatch(piece.text):
            found.append(_Printed(int(match[1]), True, is_above))
        elif match := _PAGE_BESIDE.search(piece.text):
            found.append(_Printed(int(next(filter(None, match.groups()))), False, is_above))
    return found


def _is_nearer(other: _Column, column: _Column, y: float) -> bool:
    """Whether what stands above or below a column stands so, and nearer, to another one."""
    same_side = (y > other.words[0].y) == (y > column.words[0].y)
    return same_side and _distance(other, y) < _distance(column, y)


def _distance(column: _Column, y: float) -> float:
    """Lines from the nearest number to a baseline."""
    return min(abs(word.y - y) for word in (column.words[0], column.words[-1])) / column.pitch


def _take_out(sheet: _Sheet, pieces: Sequence[_Piece]) -> None:
    """Remark the places of the lines, and put transcript pages one after the other, what is outside them around."""
    draft, columns = sheet.draft, sheet.columns
    for piece in pieces:
        if piece.column is not None:
            draft.remark(piece.start, piece.end, "line", detail=f"{columns[piece.column].page}:{piece.line}")
    inside = [i for i, piece in enumerate(pieces) if piece.column is not None]
    if not inside:
        return
    pages = [piece.column for piece in pieces if piece.column is not None]
    order = _page_order(columns)
    in_order = all(order.index(a) <= order.index(b) for a, b in pairwise(pages))
    interrupted = any(pieces[i].column is None for i in range(inside[0], inside[-1]))
    if in_order and not interrupted:
        return
    top = max(column.words[0].y for column in columns)
    body = sorted(
        (p for p in pieces if p.column is not None), key=lambda p: (order.index(p.column or 0), p.line, p.start)
    )
    first = [piece for piece in pieces if piece.column is None and piece.words[0].y > top]
    last = [piece for piece in pieces if piece.column is None and piece.words[0].y <= top]
    draft.reorder([(piece.start, piece.end) for piece in (*first, *body, *last)])


def _page_order(columns: Sequence[_Column]) -> list[int]:
    """The transcript pages of a sheet by their numbers; as they stand, column by column, where these are unknown."""
    numbers = [int(column.page) if column.page else None for column in columns]
    if None in numbers or len(set(numbers)) < len(numbers):
        return list(range(len(columns)))
    return sorted(range(len(columns)), key=lambda i: numbers[i] or 0)
