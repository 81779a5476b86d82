"""Rows of tables are known with the heads of their columns, however their cells were written."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from retrieval.core.documents import Document
from retrieval.reading.pdf import read_pdf
from tests.placed import Placed, placed_pdf

LEFTS = (72, 330, 400, 470)
HEADS = ("Service", "Standard", "Expedited", "Cap per month")
ROWS = [
    ("Document review, per page", "$0.85", "$1.40", "$12,000"),
    ("Certified translation, per word|(minimum of 250 words)", "$0.19", "$0.31", "$8,500"),
    ("Remote deposition hosting, per hour", "$145.00", "n/a", "none"),
    ("Late payment charge", "1.5% per month", "2% per month", "none"),
]
AFTER = "The Standard rate applies unless Client requests the Expedited rate in writing. Fees are invoiced monthly."


def table(rows: Sequence[tuple[str, ...]], *, drop: float = 0.0) -> list[list[Placed]]:
    """The cells of each row; those beside a label of two lines stand `drop` points lower than its first line."""
    placed, y = [], 700.0
    for row in rows:
        label, *others = row
        lines = label.split("|")
        cells = [Placed(LEFTS[0], y - 12 * i, line) for i, line in enumerate(lines)]
        lower = drop if len(lines) > 1 else 0
        placed.append([*cells, *(Placed(x, y - lower, cell) for x, cell in zip(LEFTS[1:], others, strict=True))])
        y -= 12 * len(lines) + 6
    return placed


def read(page: list[Placed]) -> Document:
    head, foot = Placed(72, 740, "EXHIBIT C - SCHEDULE OF FEES", 12), Placed(72, 500, AFTER)
    return read_pdf(placed_pdf([head, *page, foot]), name="x.pdf", document_id="x")


def rows_of(document: Document) -> list[tuple[str, str]]:
    rows = document.remarks_of("row")
    return [(m.words.replace("\t", " | "), " ".join(document.text[m.start : m.end].split())) for m in rows]


EXPECTED = [("", " ".join(HEADS))] + [
    (" | ".join(HEADS), " ".join((row[0].replace("|", " "), *row[1:]))) for row in ROWS
]


@pytest.mark.parametrize("drop", [0, 6, 12])
def test_each_row_has_the_heads_of_its_columns_and_cells_that_wrap_are_one(drop: float) -> None:
    rows = table([HEADS, *ROWS], drop=drop)
    assert rows_of(read([cell for row in rows for cell in row])) == EXPECTED


def test_a_table_written_column_by_column_is_read_row_by_row() -> None:
    rows = table([HEADS, *ROWS])
    by_column = sorted((cell for row in rows for cell in row), key=lambda cell: (cell.x, -cell.y))
    document = read(by_column)
    assert rows_of(document) == EXPECTED
    words = " ".join(document.text.split())
    assert words == " ".join(("EXHIBIT C - SCHEDULE OF FEES", *(row for _, row in EXPECTED), AFTER))


def test_cells_are_told_apart() -> None:
    document = read([cell for row in table([HEADS, *ROWS]) for cell in row])
    row = document.remarks_of("row")[1]
    starts = [row.start + int(at) for at in row.detail.split()]
    assert [document.text[at:].split()[0] for at in starts] == ["Document", "$0.85", "$1.40", "$12,000"]


def test_contents_lists_and_signatures_are_no_tables() -> None:
    contents = [(f"Article {i}", "", "", str(3 * i)) for i in range(1, 6)]
    clauses = [("(a)", "", "", f"$1,{i}00.00") for i in range(1, 6)]
    signed = [("Name: Jane Archer", "", "Name: R. Stone", ""), ("Date: 5/4/2021", "", "Date: 5/5/2021", "")] * 3
    for rows in (contents, clauses, signed):
        placed = [cell for row in table(rows) for cell in row if cell.text]
        assert rows_of(read(placed)) == []


def over_two_pages(here: Sequence[tuple[str, ...]], next_page: list[Placed]) -> list[tuple[str, str]]:
    """The rows of a table with the first page's, and of what the next page has."""
    first = [cell for row in table([HEADS, *here]) for cell in row]
    pages = ([*first, Placed(300, 40, "Page 1 of 2")], [Placed(72, 760, "Exhibit C"), *next_page])
    return rows_of(read_pdf(placed_pdf(*pages), name="x.pdf", document_id="x"))


@pytest.mark.parametrize("rest", [1, 3])
def test_rows_on_the_next_page_have_the_heads_of_the_table_that_goes_on_there(rest: int) -> None:
    more = [(f"Copies in size {k}", f"${k}.10", f"${k}.20", f"${k},000") for k in range(1, rest + 1)]
    after = Placed(72, 500, AFTER)
    rows = over_two_pages(ROWS, [*(cell for row in table(more) for cell in row), after])
    assert rows == [*EXPECTED, *((" | ".join(HEADS), " ".join(row)) for row in more)]


def test_another_table_on_the_next_page_has_no_heads_of_the_one_before() -> None:
    other = [Placed(x, 700 - 14 * k, cell) for k in range(4) for x, cell in ((72, f"Item {k}"), (250, f"${k}.50"))]
    below_words = [Placed(72, 745 - 12 * k, AFTER) for k in range(5)]
    same = [cell for row in table(ROWS) for cell in row]
    assert [heads for heads, _ in over_two_pages(ROWS, other)[5:]] == [""] * 4
    assert [
        heads for heads, _ in over_two_pages(ROWS, [*below_words, *(replace(c, y=c.y - 60) for c in same)])[5:]
    ] == ([""] * 4)
