"""Printed page numbers, Bates numbers and exhibits: what a lawyer cites pages by."""

import io

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.constants import PageLabelStyle

from retrieval import Document
from retrieval.reading.pdf import read_pdf
from tests.court_pdfs import numbered_pages
from tests.pdfs import make_pdf


def read(data: bytes) -> Document:
    return read_pdf(data, name="x.pdf", document_id="x")


def labels(data: bytes) -> list[str]:
    return [page.label for page in read(data).pages]


@pytest.mark.parametrize("top", [True, False])
def test_roman_then_arabic_numbers_are_the_labels(top: bool) -> None:
    printed = ["i", "ii", "1", "2", "3", "A-1"]
    assert labels(numbered_pages(printed, top=top)) == printed


@pytest.mark.parametrize(
    ("printed", "labelled"),
    [
        (["", "- 1 -", "- 2 -", "- 3 -"], ["1", "1", "2", "3"]),
        (["", "", "Page 1 of 3", "Page 2 of 3", "Page 3 of 3"], ["1", "2", "1", "2", "3"]),
        (["", "", "2", "3", "", "5"], ["1", "1", "2", "3", "4", "5"]),  # the first of a series shows no number
        (["[17]", "[18]", "[19]"], ["17", "18", "19"]),
        (["F-9", "F-10", "F-11"], ["F-9", "F-10", "F-11"]),
        (["xlix", "l", "li"], ["xlix", "l", "li"]),
        (["2-1", "2-2", "3-1"], ["2-1", "2-2", "3-1"]),
        (["- 1–1 -", "", "- 1–3 -", "", "- 2–2 -"], ["1-1", "1-2", "1-3", "2-1", "2-2"]),
        (["i", "Pumps 1-1", "Valves 2-1", "2-2 Valves", "A-1"], ["i", "1-1", "2-1", "2-2", "A-1"]),
        (["I-1", "I-2", "II-1"], ["I-1", "I-2", "II-1"]),
    ],
)
def test_a_series_labels_its_pages(printed: list[str], labelled: list[str]) -> None:
    assert labels(numbered_pages(printed)) == labelled


def test_numbers_beside_a_running_header_in_alternating_corners_are_labels() -> None:
    data = numbered_pages(["12", "13", "14", "15", "16", "17"], running="SMITH v. JONES", corners=True, top=True)
    assert labels(data) == ["12", "13", "14", "15", "16", "17"]


@pytest.mark.parametrize(
    "printed",
    [
        ["Section 4", "Section 5", "Section 6"],
        ["ARTICLE V", "ARTICLE VI", "ARTICLE VII"],
        ["8", "30", "12"],
        ["7", "8", ""],  # two are no series
        ["1-1", "5-2", "7-9"],
        ["Table 2-1", "Table 2-2", "Table 3-1"],
        ["Case 2:24-cv-01261-ABC Document 40 Filed 10/04/24 Page 8 of 20"] * 3,
    ],
)
def test_numbers_of_sections_and_stamps_are_no_page_numbers(printed: list[str]) -> None:
    assert labels(numbered_pages(printed)) == ["1", "2", "3"]


def test_labels_that_the_file_declares_are_kept() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(numbered_pages(["7", "8", "9"]))))
    writer.set_page_label(0, 2, style=PageLabelStyle.LOWERCASE_ROMAN, start=5)
    out = io.BytesIO()
    writer.write(out)
    assert labels(out.getvalue()) == ["v", "vi", "vii"]


@pytest.mark.parametrize(
    ("printed", "numbers"),
    [
        (["ORR-HOSP-00128733", "ORR-HOSP-00128734"], ["ORR-HOSP-00128733", "ORR-HOSP-00128734"]),
        (["CONFIDENTIAL ABC 000123", "CONFIDENTIAL ABC 000124"], ["ABC 000123", "ABC 000124"]),
        (["NORTH_0004412", "", "NORTH_0004414"], ["NORTH_0004412", "NORTH_0004413", "NORTH_0004414"]),
        (["DEF000123.0001", "DEF000123.0002"], ["DEF000123.0001", "DEF000123.0002"]),
        (["XYZ998", "XYZ999", "XYZ1000"], ["XYZ998", "XYZ999", "XYZ1000"]),
        (["ABC-DEF-00001234"], ["ABC-DEF-00001234"]),
        (["ABC000123   XYZ 004567", "ABC000124   XYZ 004568"], ["ABC000123 / XYZ 004567", "ABC000124 / XYZ 004568"]),
        (["ABC000123", "ABC000124", "", "", "", "ABC000300"], ["ABC000123", "ABC000124", "", "", "", "ABC000300"]),
        (["ABC000123", "ABC000200", "ABC000205"], ["ABC000123", "ABC000200", "ABC000205"]),
        (["(555) 555-0100", "(555) 555-0101", "(555) 555-0102"], ["", "", ""]),
        (["No. 24-0100234", "No. 24-0100234", "No. 24-0100234"], ["", "", ""]),
        (["Version 3", "Version 4", "Version 5"], ["", "", ""]),
    ],
)
def test_a_prefix_with_a_counter_is_the_bates_number(printed: list[str], numbers: list[str]) -> None:
    assert [page.bates for page in read(numbered_pages(printed)).pages] == numbers


def exhibits_of(data: bytes) -> list[str]:
    return [page.exhibit for page in read(data).pages]


def test_slip_sheets_begin_exhibits_and_headings_after_them_the_next() -> None:
    data = make_pdf(
        [
            "Declaration of Ann Archer. I attach two papers.",
            "EXHIBIT A\n(Consulting Agreement)",
            "1. Term. The agreement runs for a year.",
            "Exhibit “B”",
            "1. Term. The lease runs for ten years.",
            "EXHIBIT C\nThis letter of intent is not binding on the parties.",
        ]
    )
    assert exhibits_of(data) == ["", "Exhibit A", "Exhibit A", "Exhibit B", "Exhibit B", "Exhibit C"]


def test_slip_sheets_may_follow_each_other_and_exhibits_have_one_page() -> None:
    sheets = ["EXHIBIT A", "EXHIBIT\nB", "A fee is due.", "Exhibit C: Deed of Gift", "A deed is made.", "EXHIBIT D"]
    assert exhibits_of(make_pdf(sheets)) == [f"Exhibit {letter}" for letter in "ABBCCD"]
    assert exhibits_of(numbered_pages(["EXHIBIT 7 PAGE 1", "EXHIBIT 8 PAGE 1", "EXHIBIT 8 PAGE 2"])) == [
        "Exhibit 7",
        "Exhibit 8",
        "Exhibit 8",
    ]


def test_an_exhibit_within_an_exhibit_is_part_of_it() -> None:
    sheets = [
        "EXHIBIT 1",
        "A lease that is long.",
        "EXHIBIT A",
        "A floor plan that is old.",
        "EXHIBIT 2",
        "A deed of gift.",
    ]
    assert exhibits_of(make_pdf(sheets)) == [*["Exhibit 1"] * 4, *["Exhibit 2"] * 2]


def test_bookmarks_and_stamps_name_exhibits() -> None:
    writer = PdfWriter(
        clone_from=PdfReader(io.BytesIO(make_pdf(["A motion to stay.", "A lease.", "A deed.", "A note."])))
    )
    writer.add_outline_item(title="Motion", page_number=0)
    parent = writer.add_outline_item(title="Exhibits", page_number=1)
    writer.add_outline_item(title="Ex. A - Lease", page_number=1, parent=parent)
    writer.add_outline_item(title="Exhibit B: Deed", page_number=2, parent=parent)
    out = io.BytesIO()
    writer.write(out)
    assert exhibits_of(out.getvalue()) == ["", "Exhibit A", "Exhibit B", "Exhibit B"]
    stamped = numbered_pages(["EXHIBIT 7 PAGE 12", "EXHIBIT 7 PAGE 13", "Exhibit 9 is a lease"])
    assert exhibits_of(stamped) == ["Exhibit 7", "Exhibit 7", ""]


def test_a_contract_that_refers_to_its_exhibits_has_none_as_a_file() -> None:
    data = make_pdf(
        [
            "EXHIBIT 10.1\nLEASE\n1. Rent. See Exhibit A.",
            "2. Term. Ten years.\n",
            "EXHIBIT A\nThe premises are the barn.\n",
        ]
    )
    assert exhibits_of(data) == ["", "", ""]
