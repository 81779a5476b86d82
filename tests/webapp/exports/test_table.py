"""Tables of turns: CSV and XLSX that a spreadsheet opens, and takes no cell of for a formula."""

import csv
import io
import re
import time
import zipfile

import pytest
from lxml import etree

from tests.clock import within
from tests.webapp.exports.turns import AT, cited, documents, mentions, turn
from webapp.exports.table import LONGEST_CELL, Table, inert, table_of, to_csv, to_xlsx

S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def cells(data: bytes, sheet: int = 1) -> list[list[tuple[str, str]]]:
    """The cells of a sheet: style and text."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            etree.fromstring(archive.read(name))
        tree = etree.fromstring(archive.read(f"xl/worksheets/sheet{sheet}.xml"))
    assert not list(tree.iter(f"{S}f"))
    return [[(str(c.get("s")), "".join(c.itertext())) for c in row] for row in tree.iter(f"{S}row")]


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =cmd|'/c calc'!A1", "＝1"])
def test_what_begins_as_a_formula_is_none(value: str) -> None:
    table = Table(("A",), [(value,)], [("Question", value)])
    assert inert(value).startswith("'")
    text = rows_of(to_csv(table))
    assert not re.match(r"\s*[=+\-@＝]", text[1][0])
    assert not re.match(r"\s*[=+\-@＝]", text[3][1])
    [_, [(style, shown)]] = cells(to_xlsx(table, title="T", who="Ann", at=AT))
    assert style == "2", "the style of text that was typed after an apostrophe"
    assert shown.strip() == value.strip()


def test_a_question_to_all_documents_has_a_row_for_each_and_says_what_was_not_read() -> None:
    made = documents(("a.pdf", "found", "$5"), ("b.pdf", "not_found", ""), ("c.pdf", "failed", ""))
    table = table_of(made)
    rows = rows_of(to_csv(table))
    assert rows[0][:4] == ["Document", "Title", "State", "Answer"]
    assert [(row[0], row[2]) for row in rows[1:4]] == [("a.pdf", "Found"), ("b.pdf", "Not found"), ("c.pdf", "Failed")]
    assert rows[1][5] == "Section 2 (Rent), p. 1 (PDF page 3) ✓"
    told = [row for row in rows[5:] if row]
    assert ["Searched", "Pages 3-4 of lease.pdf could not be read."] in told
    data = to_xlsx(table, title="T", who="Ann", at=AT)
    assert [[text for _, text in row] for row in cells(data)] == rows[:4]
    assert ["Searched", "Pages 3-4 of lease.pdf could not be read."] in [[t for _, t in row] for row in cells(data, 2)]


def test_mentions_and_the_places_of_an_answer_are_tables_too() -> None:
    [row] = table_of(mentions("rent", ("the ", "rent", " is"))).rows
    assert list(row[2:5]) == ["the ", "rent", " is"]
    [place] = table_of(turn("It is [1].", citations=[cited()])).rows
    assert place[0] == "1"
    assert place[3:] == ("the rent is $1", "✓ word for word on the page")


def test_a_cell_of_a_megabyte_is_cut_and_control_characters_are_left_out() -> None:
    with within(2, time.monotonic):
        table = Table(("A", "B"), [("x" * 1_000_000, "a\x00b\x1b[31mc\u202ed")], ())
        [_, [(_, long), (_, clean)]] = cells(to_xlsx(table, title="T", who="", at=AT))
        assert LONGEST_CELL < len(long) < 32_767
        assert clean == "abcd"
        assert len(rows_of(to_csv(table))[1][0]) < 32_767
