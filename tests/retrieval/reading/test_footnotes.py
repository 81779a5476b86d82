"""Footnotes are told from the body by their type, their place and their marks."""

from collections.abc import Iterable

import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth

from retrieval.core.documents import Document
from retrieval.reading.pdf import read_pdf
from tests.placed import Placed, placed_pdf, wrapped

FILL = (
    "The record contains the testimony of nine witnesses heard over three days, together with some two hundred "
    "exhibits received without objection. The court has considered the demeanor of each witness. "
) * 4
NOTE = "See Lease, Exhibit 7, at 12; the letter of 4 May 2016 concerns a different building of the same owner."


def body(text: str, top: float = 760) -> list[Placed]:
    return [Placed(72, top - 16 * i, line, 12) for i, line in enumerate(wrapped(text, 450, 12))]


def notes(*lines: str, rule: bool = True, size: float = 9, top: float = 140) -> list[Placed]:
    above = [Placed(72, top + 14)] if rule else []
    return [*above, *(Placed(72, top - 1.2 * size * i, line, size) for i, line in enumerate(lines))]


def referring(before: str, mark: str, after: str, y: float) -> list[Placed]:
    """A line with a raised mark in it."""
    at = 72 + stringWidth(before, "Times-Roman", 12)
    beyond = at + stringWidth(mark, "Times-Roman", 7)
    return [Placed(72, y, before, 12), Placed(at, y + 5, mark, 7), Placed(beyond, y, after, 12)]


def read(*pages: Iterable[Placed]) -> Document:
    return read_pdf(placed_pdf(*pages), name="x.pdf", document_id="x")


def found(document: Document) -> list[tuple[str, str]]:
    return [(m.detail, document.text[m.start : m.end].replace("\n", " ")) for m in document.remarks_of("footnote")]


def test_notes_below_a_rule_are_found_each_with_its_mark() -> None:
    number = [Placed(300, 60, "1", 12)]
    page = [
        *body(FILL),
        *notes(f"1 {NOTE}", "that he sold.", "2 Id. at 14, but see the minutes of the hearing."),
        *number,
    ]
    assert found(read(page)) == [
        ("1", f"1 {NOTE} that he sold."),
        ("2", "2 Id. at 14, but see the minutes of the hearing."),
    ]


def test_a_raised_mark_is_taken_out_of_the_body_and_leaves_no_gap() -> None:
    line = referring("by written notice delivered", "3", " to the Landlord in 30 days", 300)
    figure = referring("after the end of the term of 60", "4", " months, or 10", 280)
    document = read([*body(FILL), *line, *figure, *notes(f"3 {NOTE}", f"4 {NOTE}", rule=False)])
    assert "delivered to the Landlord in 30 days" in document.text
    assert "term of 60 months, or 10" in document.text
    assert [mark for mark, _ in found(document)] == ["3", "4"]
    words = {document.text[start:end]: left for start, end, left, *_ in document.boxes_on(document.pages[0])}
    assert words["Landlord"] > words["delivered"]


def test_a_raised_figure_without_a_note_stays() -> None:
    document = read([*body(FILL), *referring("an area of 120 m", "2", " in all", 300), *notes(f"1 {NOTE}")])
    assert "120 m2 in all" in " ".join(document.text.split())


def test_a_note_goes_on_at_the_foot_of_the_next_page() -> None:
    first = [*body(FILL), *notes("1 See Lease, Exhibit 7, at 12; the letter of 4 May 2016, which the tenant")]
    second = [*body(FILL), *notes("relies on, concerns a different building. It was", "never sent.", "2 Id. at 14.")]
    third = [*body(FILL), *notes("and here is small type that nothing refers to")]
    assert [mark for mark, _ in found(read(first, second, third))] == ["1", "", "2"]


def test_notes_amid_the_content_are_put_after_the_body() -> None:
    document = read([*notes(f"* {NOTE}"), *body(FILL)])
    assert document.text.endswith(f"* {NOTE}")
    assert [mark for mark, _ in found(document)] == ["*"]


def test_lists_tables_and_footers_are_no_notes() -> None:
    clauses = [
        Placed(72, 400 - 16 * i, f"{i + 1} The tenant pays the rent on the first of month {i}.", 12) for i in range(8)
    ]
    small = [Placed(72, 400 - 12 * i, f"{i + 1} Widget, painted blue", 9) for i in range(8)]
    footer = [Placed(72, 60, "4 Lease Agreement of Acme Holdings", 8)]
    assert found(read([*body(FILL), *clauses])) == []
    assert found(read([*body(FILL[:300]), *small, *body(FILL[:300], 250)])) == []
    assert found(read([*body(FILL), *footer])) == []
    document = read([*body(FILL), *clauses])
    assert not len(document.boxes)


@pytest.mark.parametrize("mark", ["3", "*", "†", "‡", "§"])
def test_a_note_whose_mark_is_raised_is_found(mark: str) -> None:
    line = referring("by written notice delivered", mark, " to the Landlord in 30 days", 300)
    note = [Placed(72, 154), Placed(72, 144, mark, 6), Placed(75.2, 140, "See Lease, Exhibit 7.", 8)]
    document = read([*body(FILL), *line, *note])
    assert f"\n{mark}\nSee Lease" in document.text  # as pdfium ends lines
    assert found(document) == [(mark, f"{mark} See Lease, Exhibit 7.")]
    assert "delivered to the Landlord in 30 days" in document.text
