"""Finds the rows of tables by where their cells stand, and what the columns are headed.

A table is lines of cells that stand below each other, most with figures beside their label. A cell may go on in the
lines below it. Each row gets a "row" remark with the heads of its columns, parted by tabs, and in `detail` where its
cells begin, counted from the row; the row of the heads gets one without words. A table that goes on at the top of the
next page keeps its heads there. One that is written column by column is put in the order of its rows.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

import pypdfium2 as pdfium

from retrieval.reading.char_boxes import Word, char_boxes, pieces_of, rows_of, words_of
from retrieval.reading.page_drafts import PageDraft

_LEAST_ROWS = 3  # of figures
_GAP = 0.5  # heights of a line: white between two cells
_APART, _NEXT = 3.0, 1.3  # heights from line to line, at most: of a table, and of a cell that goes on
_NEARER = 0.8  # of the way to the line above, at most, is the way to the line below that a label belongs to
_MOST_BETWEEN = 5  # lines from one with figures to the next
_MOST_HEADS = 3  # lines of the heads
_MOST_BESIDE = 3  # lines above or below a table that goes over a page break: running lines, a page number
_NUMBER = r"(?:(?:US|C|A)?[$€£¥]|USD|EUR|GBP)?\s?\(?[$€£¥]?\d[\d.,]*\)?"
_UNIT = r"(?:%|percent|(?:per|/)\s?\w+(?:\s\w+)?|bps|each|(?:day|week|month|year|hour|page|unit)s?)"
_FIGURE = re.compile(rf"{_NUMBER}(?:\s?{_UNIT}){{0,2}}|n/?a\.?|none|nil|[-–—]{{1,3}}", re.IGNORECASE)
_DATED = 0.5  # share of the characters of a date that are figures
# Of a line that ends in one, where it is no year and no number of a page.
_ENDS_IN_FIGURE = re.compile(
    r"(?:[$€£¥]\s?\d[\d,.]*|(?<!\d)\d{1,3}(?:,\d{3})+|\d\.\d\d|\d\s?%|\b(?:n/a|none|nil))\)?(?:\s\d)?\s*\Z",
    re.IGNORECASE,
)
_LAST, _LONGEST_FIGURE = frozenset("0123456789%)aelAEL"), 24  # characters: the last one of such a line, and the longest
_WITHIN = 700  # characters in which so many lines end so
_ITEM = re.compile(r"\(?[a-zA-Z0-9]{1,4}[.)]|[•●▪◦-]|\d+(?:\.\d+)+\.?|§+")
_SIGNED = re.compile(r"(?:by|(?:print(?:ed)?\s)?name|title|its|date)\s*:|_{4,}|-{4,}", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"\d{1,3}|[ivxl]+", re.IGNORECASE)
_GOES_ON = re.compile(r"[a-z(]")
_LONGEST_HEAD = 60  # characters


_Column = tuple[float, float]
"""Left and right edge in points."""


def may_have_tables(text: str) -> bool:
    """Whether several lines of a page that are not far from each other end in a figure."""
    ends, at = list[int](), 0
    for line in text.split("\n"):
        at += len(line) + 1
        said = line.rstrip()
        if said[-1:] in _LAST and _ENDS_IN_FIGURE.search(said[-_LONGEST_FIGURE:]):
            ends.append(at)
    return any(last - first <= _WITHIN for first, last in zip(ends, ends[_LEAST_ROWS - 1 :], strict=False))


def remark_rows(pdf: pdfium.PdfDocument, drafts: Sequence[PageDraft]) -> None:
    """Remark the rows of the tables of a document, once those of a page stand in their order."""
    above: _Table | None = None  # at the foot of the page before
    for draft in drafts:
        above = _remark_rows(pdf, draft, above) if above or may_have_tables(draft.text) else None


def _remark_rows(pdf: pdfium.PdfDocument, draft: PageDraft, above: "_Table | None") -> "_Table | None":
    """The same of a page; returns its last table if that may go on."""
    words = list(words_of(draft.text, char_boxes(pdf, draft)))
    tables = _tables(words)
    if in_order := _by_rows(words, tables):
        draft.reorder(list(pieces_of(draft.text, words, in_order)))
        words = list(words_of(draft.text, char_boxes(pdf, draft)))
        tables = _tables(words)
    lines = list(_lines(words))
    if above and (rest := _rest(above, tables, lines)):
        tables = [rest, *(table for table in tables if not _share_words(table, rest))]
    position = {word.start: i for i, word in enumerate(words)}
    for table in tables:
        for row in table.rows if _together(table.rows, position) else ():
            start, end = row.words[0].start, row.words[-1].end
            heads = "\t".join(table.headings) if row is not table.heads else ""
            begins = (min((word.start for word in cell), default=end) - start for cell in row.cells)
            draft.remark(start, end, "row", heads, " ".join(map(str, begins)))
    last = tables[-1] if tables else None
    return last if last and any(last.headings) and _lines_below(last, lines) <= _MOST_BESIDE else None


@dataclass(frozen=True, slots=True)
class _Line:
    """Words that are level, parted into cells at wide gaps."""

    cells: list[list[Word]]
    middle: float
    height: float

    @property
    def has_figures(self) -> bool:
        """Whether a cell beside the first one is a figure, and the first one no number of a clause."""
        return any(_is_figure(cell) for cell in self.cells[1:]) and not _ITEM.fullmatch(_text(self.cells[0]))


@dataclass(frozen=True, slots=True)
class _Row:
    """The words of each column, of one line or of several."""

    cells: list[list[Word]]

    @property
    def words(self) -> list[Word]:
        """All of them, in the order of the text."""
        return sorted((word for cell in self.cells for word in cell), key=lambda word: word.start)


@dataclass(frozen=True, slots=True)
class _Table:
    """Its rows, the heads of its columns first if there are any."""

    heads: _Row | None
    rows: list[_Row]
    edges: list[_Column]
    headings: Sequence[str] = ()  # of each column; of a table that goes on, those of the page before

    @property
    def columns(self) -> list[_Row]:
        """Its columns, each as if it were a row."""
        return [_Row(list(cells)) for cells in zip(*(row.cells for row in self.rows), strict=True)]


def _text(cell: Sequence[Word]) -> str:
    return " ".join(word.text for word in cell)


def _is_figure(cell: Sequence[Word]) -> bool:
    text = _text(cell)
    return bool(_FIGURE.fullmatch(text)) or sum(map(str.isdigit, text)) >= _DATED * sum(map(str.isalnum, text)) > 0


def _lines(words: Sequence[Word]) -> Iterator[_Line]:
    """The lines of words from the top of the page."""
    for row in rows_of(sorted(words, key=lambda w: w.left)):
        first, level = row[0], sorted(row, key=lambda w: w.left)
        cells, right = [[level[0]]], level[0].right
        for word in level[1:]:
            if word.left - right >= _GAP * first.height:
                cells.append([])
            cells[-1].append(word)
            right = max(right, word.right)
        yield _Line(cells, first.middle, first.height)


def _tables(words: Sequence[Word]) -> list[_Table]:
    """The tables of a page from the top."""
    lines = list(_lines(words))
    found, group = [], list[int]()
    for i in [*(i for i, line in enumerate(lines) if line.has_figures), len(lines)]:
        if group and (i == len(lines) or i - group[-1] > _MOST_BETWEEN or not _is_near(lines[group[-1] : i + 1])):
            found += _table(lines, group)
            group = []
        group.append(i)
    return found


def _is_near(lines: Sequence[_Line]) -> bool:
    return all(above.middle - below.middle <= _APART * below.height for above, below in pairwise(lines))


def _table(lines: Sequence[_Line], figures: Sequence[int]) -> list[_Table]:
    """The table that lines with figures are rows of; none where they are too few or a line runs across its columns."""
    if len(figures) < _LEAST_ROWS:
        return []
    counts = Counter(len(lines[i].cells) for i in figures)
    most = max(counts, key=lambda n: (counts[n], n))
    columns = _columns([lines[i].cells for i in figures if len(lines[i].cells) == most])
    first, last = figures[0], figures[-1]
    if not columns or not all(_placed(line, columns) for line in lines[first : last + 1]):
        return []
    while (
        last + 1 < len(lines) and _is_near(lines[last : last + 2]) and _goes_on(lines[last], lines[last + 1], columns)
    ):
        last += 1
    top = first
    while (
        top > max(0, first - _MOST_HEADS) and _is_near(lines[top - 1 : top + 1]) and _is_head(lines[top - 1], columns)
    ):
        top -= 1
    rows = _rows(lines[first : last + 1], columns)
    if _is_of_pages(rows) or any(_SIGNED.match(_text(cell)) for row in rows for cell in row.cells):
        return []
    if top == first:
        return [_Table(None, rows, columns)]
    above = [_placed(line, columns) for line in lines[top:first]]
    heads = _Row([list(chain.from_iterable(column)) for column in zip(*above, strict=True)])
    return [_Table(heads, [heads, *rows], columns, [_text(cell) for cell in heads.cells])]


def _rest(above: _Table, tables: Sequence[_Table], lines: Sequence[_Line]) -> _Table | None:
    """What of a table goes on at the top of the next page, under its heads: a table there in the same columns that has
    none, or the first lines with figures, which may be too few for a table.
    """
    if tables and _lines_above(tables[0], lines) <= _MOST_BESIDE:
        first = tables[0]
        is_same = first.heads is None and _agree(above.edges, first.edges)
        return replace(first, headings=above.headings) if is_same else None
    columns = above.edges
    goes_on = [i for i, line in enumerate(lines[: _MOST_BESIDE + 1]) if line.has_figures and _fills(line, columns)]
    if not goes_on:
        return None
    last = goes_on[0]
    while (
        last + 1 < len(lines)
        and _is_near(lines[last : last + 2])
        and (lines[last + 1].has_figures or _goes_on(lines[last], lines[last + 1], columns))
        and _placed(lines[last + 1], columns)
    ):
        last += 1
    rows = _rows(lines[goes_on[0] : last + 1], columns)
    return None if _is_of_pages(rows) else _Table(None, rows, columns, above.headings)


def _agree(one: Sequence[_Column], other: Sequence[_Column]) -> bool:
    """Whether columns stand below those of another table, each below its own alone."""
    overlaps = [(i, k) for i, a in enumerate(one) for k, b in enumerate(other) if a[0] < b[1] and b[0] < a[1]]
    return len(one) == len(other) and overlaps == [(i, i) for i in range(len(one))]


def _fills(line: _Line, columns: Sequence[_Column]) -> bool:
    """Whether a line has as many cells as there are columns, each in its own."""
    return sum(map(bool, _placed(line, columns))) == len(columns) == len(line.cells)


def _lines_above(table: _Table, lines: Sequence[_Line]) -> int:
    top = max(word.middle for row in table.rows for word in row.words)
    return sum(line.middle > top + line.height / 2 for line in lines)


def _lines_below(table: _Table, lines: Sequence[_Line]) -> int:
    bottom = min(word.middle for row in table.rows for word in row.words)
    return sum(line.middle < bottom - line.height / 2 for line in lines)


def _share_words(one: _Table, other: _Table) -> bool:
    return not {word.start for row in one.rows for word in row.words}.isdisjoint(
        word.start for row in other.rows for word in row.words
    )


def _is_of_pages(rows: Sequence[_Row]) -> bool:
    """Whether rows are a table of contents."""
    return all(len(row.cells) == 2 and _PAGE_NUMBER.fullmatch(_text(row.cells[1])) for row in rows if row.cells[-1])


def _columns(rows: Sequence[Sequence[Sequence[Word]]]) -> list[_Column]:
    """The edges of the columns of some rows of as many cells; none where a cell crosses another column."""
    columns = []
    for cells in zip(*rows, strict=True):
        words = [word for cell in cells for word in cell]
        columns.append((min(word.left for word in words), max(word.right for word in words)))
    return columns if all(one[1] < other[0] for one, other in pairwise(columns)) else []


def _placed(line: _Line, columns: Sequence[_Column]) -> list[list[Word]]:
    """The words of a line by column; nothing where a cell runs across two."""
    placed: list[list[Word]] = [[] for _ in columns]
    for cell in line.cells:
        left, right = cell[0].left, max(word.right for word in cell)
        crossed = [i for i, (begins, ends) in enumerate(columns) if left < ends and begins < right]
        if len(crossed) > 1:
            return []
        nearest = min(range(len(columns)), key=lambda i: max(columns[i][0] - right, left - columns[i][1]))
        placed[crossed[0] if crossed else nearest] += cell
    return placed


def _goes_on(above: _Line, line: _Line, columns: Sequence[_Column]) -> bool:
    """Whether a line below the last figures is a row without any, or the rest of the row above."""
    cells = _placed(line, columns)
    filled = sum(map(bool, cells))
    is_near = above.middle - line.middle <= _NEXT * line.height
    return (filled > 1 and _is_short(cells)) or (
        filled == 1 and is_near and (not cells[0] or bool(_GOES_ON.match(_text(cells[0]))))
    )


def _is_head(line: _Line, columns: Sequence[_Column]) -> bool:
    """Whether a line above the first figures has heads of columns."""
    cells = _placed(line, columns)
    if not cells or not _is_short(cells) or any(map(str.isdigit, _text(cells[0]))):
        return False
    return sum(map(bool, cells)) > 1 or not cells[0]


def _is_short(cells: Sequence[Sequence[Word]]) -> bool:
    return all(len(_text(cell)) <= _LONGEST_HEAD for cell in cells)


def _rows(lines: Sequence[_Line], columns: Sequence[_Column]) -> list[_Row]:
    """The rows of lines, of which a row may take several."""
    rows: list[_Row] = []
    label: list[Word] = []  # of a row that is still to come
    for i, line in enumerate(lines):
        cells = _placed(line, columns)
        figures = any(map(_is_figure, filter(None, cells[1:])))
        if cells[0] and not any(cells[1:]) and _is_of_next(lines, i, columns):
            label += cells[0]
            continue
        filled = rows and any(a and b for a, b in zip(rows[-1].cells, cells, strict=True))
        is_new = figures and bool(cells[0] or label or filled)
        is_rest = not is_new and (not cells[0] or not any(cells[1:]) or bool(_GOES_ON.match(_text(cells[0]))))
        if rows and is_rest and not label:
            rows[-1] = _Row([[*a, *b] for a, b in zip(rows[-1].cells, cells, strict=True)])
        else:
            rows.append(_Row([[*label, *cells[0]], *cells[1:]]))
            label = []
    return rows


def _is_of_next(lines: Sequence[_Line], at: int, columns: Sequence[_Column]) -> bool:
    """Whether a line with a label alone belongs to the row below it, and not to the one above."""
    if at == 0:
        return True
    if at + 1 == len(lines) or _GOES_ON.match(_text(lines[at].cells[0])):
        return False
    below = _text(_placed(lines[at + 1], columns)[0])
    above, next_ = lines[at - 1].middle - lines[at].middle, lines[at].middle - lines[at + 1].middle
    return not below or bool(_GOES_ON.match(below)) or next_ < _NEARER * above


def _by_rows(words: list[Word], tables: Sequence[_Table]) -> list[Word]:
    """The words of a page with the rows of tables in order that are written column by column; nothing without any."""
    position = {word.start: i for i, word in enumerate(words)}
    table_of = {
        word.start: table
        for table in tables
        if not _together(table.rows, position) and _together(table.columns, position)
        for row in table.rows
        for word in row.words
    }
    in_order: list[Word] = []
    done: set[int] = set()
    for word in words if table_of else ():
        if word.start in done:
            continue
        table = table_of.get(word.start)
        moved = list(chain.from_iterable(chain.from_iterable(row.cells for row in table.rows))) if table else [word]
        in_order += moved
        done.update(moving.start for moving in moved)
    return in_order


def _together(rows: Sequence[_Row], position: Mapping[int, int]) -> bool:
    """Whether the words of each row stand together in the text, one row after the other."""
    places = [[position[word.start] for word in row.words] for row in rows]
    return places == sorted(places) and all(row[-1] - row[0] < len(row) for row in places)
