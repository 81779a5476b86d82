"""Writes what a turn found as a table, for a spreadsheet: CSV and XLSX.

A cell that a spreadsheet would take for a formula is kept from being one: in CSV by an apostrophe before it, in XLSX it
is text of a style that says so (`quotePrefix`), as if it had been typed after an apostrophe.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from webapp.core.places import place_numbers
from webapp.core.results import AnswerResult, CitationRow, MentionsResult, TurnResult, mark_of
from webapp.core.wording import (
    STATES,
    changed_by,
    document_answer,
    document_places,
    how_much_was_read,
    marks_in_words,
    short_cite,
)
from webapp.exports.ooxml import Part, Properties, clean, package, resource, xml_attribute, xml_text
from webapp.exports.paper import NOWHERE, Origin, Turn, asked, question_of

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_CELL = 32_000  # characters: Excel takes 32,767
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what a spreadsheet takes for a formula
_PART = "application/vnd.openxmlformats-officedocument.spreadsheetml.{}+xml"
_NAMES = (
    'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)


@dataclass(frozen=True, slots=True)
class Table:
    """Heads and rows, and what is known of the table: pairs of a name and a value."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    about: Sequence[tuple[str, str]]


def table_of(turn: Turn, origin: Origin = NOWHERE) -> Table:
    """The table of a turn: a row for each document, mention or place that is cited; what was searched is told."""
    answer = turn.answer
    about = [("Question", question_of(turn)), ("Asked", asked(turn, origin))]
    about += [("Searched", words) for words in how_much_was_read(answer)]
    if isinstance(answer, MentionsResult):
        heads: tuple[str, ...] = ("Document", "Where", "Before", "Words", "After", "Deleted text")
        return Table(heads, [_mention(row) for row in answer.citations], about)
    if isinstance(answer, AnswerResult) and answer.documents:
        return Table(_HEADS, list(_documents(answer)), [*about, ("Answer", answer.answer)])
    return Table(("Number", "Document", "Where", "Words", "Checked"), list(_places(answer)), about)


_HEADS = ("Document", "Title", "State", "Answer", "Words", "Where", "Checked", "Amended by", "Why")


def _documents(answer: AnswerResult) -> Iterator[Sequence[str]]:
    by_number = {row.n: row for row in answer.citations}
    for row in answer.documents:
        quotes = [by_number[n].quote or "" for n in row.citations if n in by_number]
        places = [at for at, each in enumerate(answer.citations) if each.n in row.citations]
        yield (
            row.document,
            row.title,
            STATES[row.state],
            document_answer(row, by_number),
            "\n".join(filter(None, quotes)),
            document_places(row, answer, short_cite),
            row.mark or marks_in_words([mark_of(answer, at) for at in places]),
            "; ".join(changed_by(each) for each in row.superseded_by),
            " ".join(filter(None, (row.reason, f"({row.doubted.told})" if row.doubted else ""))),
        )


def _mention(row: CitationRow) -> Sequence[str]:
    before, words, after = row.around or ("", "", "")
    return (row.document, short_cite(row), before, words, after, "yes" if row.status == "struck" else "")


def _places(answer: TurnResult) -> Iterator[Sequence[str]]:
    for at, (number, row) in enumerate(zip(place_numbers(answer.citations), answer.citations, strict=True)):
        yield str(number), row.document, short_cite(row), row.quote or "", marks_in_words([mark_of(answer, at)])


def to_csv(table: Table) -> str:
    """The table as CSV; below it, after an empty line, what is known of it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(table.heads)
    for row in table.rows:
        writer.writerow([inert(_cell(value)) for value in row])
    writer.writerow([])
    for pair in table.about:
        writer.writerow([inert(_cell(value)) for value in pair])
    return "\ufeff" + out.getvalue()  # by which Excel knows UTF-8


def inert(value: str) -> str:
    """A value with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{value}" if is_formula(value) else value


def is_formula(value: str) -> bool:
    """Whether a spreadsheet may take a value for a formula."""
    return value.startswith(_FORMULA) or value.lstrip().startswith(_FORMULA)


def _cell(value: str) -> str:
    value = clean(value)
    return value if len(value) <= LONGEST_CELL else value[:LONGEST_CELL] + " …"


def to_xlsx(table: Table, *, title: str, who: str, at: datetime) -> bytes:
    """The table as a workbook: a sheet of rows, and one of what is known of it."""
    sheets = (("Table", [table.heads, *table.rows], True), ("About", table.about, False))
    parts = [
        Part(f"xl/worksheets/sheet{n}.xml", _PART.format("worksheet"), _sheet(rows, has_heads=has_heads))
        for n, (_, rows, has_heads) in enumerate(sheets, 1)
    ]
    listed = "".join(
        f'<sheet name="{xml_attribute(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, (name, *_) in enumerate(sheets, 1)
    )
    uses = [("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)]
    workbook = f"<workbook {_NAMES}><sheets>{listed}</sheets></workbook>"
    main = Part("xl/workbook.xml", _PART.format("sheet.main"), workbook, (), (*uses, ("styles", "styles.xml")))
    styles = Part("xl/styles.xml", _PART.format("styles"), resource("excel_styles.xml"))
    return package(main.path, (main, styles, *parts), Properties(title, who or "pincite", at))


def _sheet(rows: Sequence[Sequence[str]], *, has_heads: bool) -> str:
    columns = max(map(len, rows), default=1)
    widths = [min(60, max((len(row[i]) for row in rows[:200] if i < len(row)), default=8) + 3) for i in range(columns)]
    cols = "".join(f'<col min="{n}" max="{n}" width="{width}" customWidth="1"/>' for n, width in enumerate(widths, 1))
    pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>' if has_heads else ""
    drawn = (
        "".join(_xml_cell(i, n, value, is_head=has_heads and n == 1) for i, value in enumerate(row))
        for n, row in enumerate(rows, 1)
    )
    data = "".join(f'<row r="{n}">{cells}</row>' for n, cells in enumerate(drawn, 1))
    filter_ = f'<autoFilter ref="A1:{_column(columns - 1)}{len(rows)}"/>' if has_heads else ""
    return (
        f'<worksheet {_NAMES}><sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
        f"<cols>{cols}</cols><sheetData>{data}</sheetData>{filter_}</worksheet>"
    )


def _xml_cell(column: int, row: int, value: str, *, is_head: bool) -> str:
    value = _cell(value)
    style = 1 if is_head else 2 if is_formula(value) else 0
    at = f"{_column(column)}{row}"
    return f'<c r="{at}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{xml_text(value)}</t></is></c>'


def _column(index: int) -> str:
    return chr(ord("A") + index)  # no table has more than 26
