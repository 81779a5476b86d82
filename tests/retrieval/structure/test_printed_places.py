"""Places that a question cites by what is printed: numbered lines, Bates numbers, pages, pages of exhibits."""

import pytest

from retrieval import Document, each_mention_or_line, own_words, pin_cite
from retrieval.reading.pdf import read_pdf
from retrieval.structure.printed_places import find_printed, not_printed, printed_places, printed_ranges
from tests.court_pdfs import numbered_pages, transcript
from tests.pdfs import make_pdf

TRANSCRIPT = read_pdf(transcript(), name="Marchant Dep.pdf", document_id="t")
PRODUCTION = read_pdf(
    numbered_pages(["ABC-00000071", "ABC-00000072", "ABC-00000073"]), name="Production.pdf", document_id="p"
)
EXHIBITS = read_pdf(
    make_pdf(
        [
            "EXHIBIT A",
            "A fee is due.\nPage 1 of 2",
            "Page 2 of 2",
            "EXHIBIT B",
            "A rent is due.\nPage 1 of 2",
            "End.\nPage 2 of 2",
        ]
    ),
    name="Compiled.pdf",
    document_id="e",
)


def said(document: Document, question: str) -> list[str]:
    return [
        own_words(document, span) for place in printed_places(question)[0] for span in find_printed(document, place)
    ]


@pytest.mark.parametrize(
    ("question", "places"),
    [
        ("What does Marchant Dep. 42:5-9 say?", ["42:5-9"]),
        ("Compare 41:3 and 42:25-43:2.", ["41:3", "42:25-43:2"]),
        ("page 42, lines 5 to 9", ["42:5-9"]),
        ("Who wrote ABC-00000072?", ["ABC-00000072"]),
        ("ABC 000123 to ABC 000125", ["ABC 000123 to ABC 000125"]),
        ("abc000123-25", ["abc000123 to abc000125"]),
        ("exhibit b, page 2", ["page 2 of Exhibit B"]),
        ("page 14 of Ex. 3", ["page 14 of Exhibit 3"]),
        ("printed page A-1", ["page A-1"]),
        ("PDF page 12", ["PDF page 12"]),
        ("Is notice at 10:30 a.m. or by 5:00 PM in time?", []),
        ("What happened in May 2020 under clause 12.3?", []),
    ],
)
def test_a_question_cites_places(question: str, places: list[str]) -> None:
    assert [str(place) for place in printed_places(question)[0]] == places


def test_a_range_of_lines_is_these_lines_and_one_line_its_question_and_answer() -> None:
    assert said(TRANSCRIPT, "42:3-4") == ["Q. Did anybody replace the pads before the accident?"]
    (span,) = find_printed(TRANSCRIPT, printed_places("42:8")[0][0])
    assert own_words(TRANSCRIPT, span).startswith("Q. Did anybody replace the pads")
    assert own_words(TRANSCRIPT, span).endswith("hold by the purchasing department.")
    assert pin_cite(TRANSCRIPT, span).lines == "42:3-8"
    (over,) = find_printed(TRANSCRIPT, printed_places("41:7-42:2")[0][0])
    assert own_words(TRANSCRIPT, over) == "Q. Who told the night foreman of it? A. Nobody told him."


def test_a_bates_number_is_its_page_and_a_range_its_pages() -> None:
    assert [
        pin_cite(PRODUCTION, s).bates for p in printed_places("abc 00000072")[0] for s in find_printed(PRODUCTION, p)
    ] == ["ABC-00000072"]
    assert len(said(PRODUCTION, "ABC-00000072 through ABC-00000099")) == 2
    assert [str(each.first) for each in printed_ranges(PRODUCTION)] == ["ABC-00000071"]


def test_a_page_that_was_produced_twice_is_found_by_both_numbers_and_a_gap_is_told() -> None:
    stamps = ["ABC000123   XYZ 004567", "ABC000124   XYZ 004568", "ABC000300   XYZ 004569"]
    document = read_pdf(numbered_pages(stamps), name="Twice.pdf", document_id="w")
    for number in ("ABC000124", "XYZ 004568", "xyz004568"):
        (span,) = find_printed(document, printed_places(number)[0][0])
        assert document.page_at(span.start).number == 2
    ranges = printed_ranges(document)
    assert [(each.first, each.last) for each in ranges] == [
        ("ABC000123", "ABC000124"),
        ("XYZ 004567", "XYZ 004569"),
        ("ABC000300", "ABC000300"),
    ]
    (place,) = printed_places("ABC000200")[0]
    assert not any(each.holds(place) for each in ranges)
    assert not_printed(document, place) == (
        "There is no ABC000200 in this document; its Bates numbers run from ABC000123 to ABC000124 and ABC000300."
    )


def test_a_page_of_an_exhibit_is_counted_in_it() -> None:
    assert said(EXHIBITS, "Exhibit B, page 1") == ["A rent is due."]
    assert said(EXHIBITS, "PDF page 2") == ["A fee is due."]


@pytest.mark.parametrize(
    ("document", "question", "sentence"),
    [
        (
            TRANSCRIPT,
            "99:5",
            "There is no 99:5 in this document; its numbered lines run from 41:1 to 43:6.",
        ),
        (
            PRODUCTION,
            "ABC-00000999",
            "There is no ABC-00000999 in this document; its Bates numbers run from ABC-00000071 to ABC-00000073.",
        ),
        (EXHIBITS, "Exhibit B, page 9", "There is no page 9 of Exhibit B in this document; Exhibit B has 3 pages."),
        (PRODUCTION, "42:5", ""),  # it has no numbered lines: the words may be a time
        (TRANSCRIPT, "ISO 27001", ""),
        (TRANSCRIPT, "42:5", ""),
    ],
)
def test_what_is_not_there_is_told_with_what_is(document: Document, question: str, sentence: str) -> None:
    (place,) = printed_places(question)[0]
    assert not_printed(document, place) == sentence


def test_exact_search_finds_lines_by_their_place() -> None:
    (span,) = each_mention_or_line(TRANSCRIPT, "43:1-3")
    assert own_words(TRANSCRIPT, span) == "Q. How fast was the truck going when it left the yard? A. Forty."
    assert not list(each_mention_or_line(TRANSCRIPT, "99:1"))
