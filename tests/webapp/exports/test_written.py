"""The text of an answer as lines: what is a list, a table or a quotation, where citations and marks stand."""

import time
from typing import Any

import pytest

from tests.clock import within
from tests.webapp.exports.turns import cited, sentence, turn
from webapp.core.places import citations_by_place, place_numbers
from webapp.core.results import AnswerResult
from webapp.exports.written import Line, Said, Written
from webapp.exports.written_html import to_html


def written(text: str, **more: Any) -> Written:
    answer = turn(text, **more).answer
    assert isinstance(answer, AnswerResult)
    return Written.of(answer)


def shown(line: Line[tuple[Said, ...]]) -> list[str]:
    """The cells of a line: words, citations as <position>, and the sign of each sentence."""
    cells = []
    for cell in line.cells:
        said = []
        for each in cell:
            pieces = [
                piece.text or "".join(f"<{at}>" for at in piece.at) or f"?{piece.passages}" for piece in each.pieces
            ]
            said.append("".join(pieces) + (f" {each.row.standing.sign}" if each.row else ""))
        cells.append("".join(said))
    return cells


def html(text: str) -> str:
    return str(to_html(written(text).lines, lambda cell: "".join(piece.text for said in cell for piece in said.pieces)))  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Yes.\n\nNo.", [("paragraph", 0, 0), ("paragraph", 0, 0)]),
        ("1. One\n2) Two\n\n7. Seven", [("number", 0, 1), ("number", 0, 2), ("number", 0, 7)]),
        ("- a\n  - b\n    1. c\n- d", [("bullet", 0, 0), ("bullet", 1, 0), ("number", 2, 1), ("bullet", 0, 0)]),
        ("## Term\n> It ends.", [("heading", 0, 0), ("quote", 0, 0)]),
        ("2026 was late.\n1.5 percent\n-5 degrees\n3.", [("paragraph", 0, 0)] * 4),
        ("A | B\n---|---\n1 | 2", [("head", 0, 0), ("row", 0, 0)]),
        ("either | or", [("paragraph", 0, 0)]),
        ("#1 is first", [("paragraph", 0, 0)]),
    ],
)
def test_a_line_is_what_it_is_written_as(text: str, kinds: list[tuple[str, int, int]]) -> None:
    assert [(line.kind, line.level, line.number) for line in written(text).lines] == kinds


def test_a_table_has_its_cells_and_a_sentence_that_ends_with_its_row_has_its_mark_there() -> None:
    rows = ["| Rent of $1 [1] | due \\| late |", "| Law [1] |"]
    text = "\n".join(["| What | **When** |", "|---|:-:|", *rows])
    lines = written(
        text, citations=[cited()], sentences=[sentence(rows[0], text), sentence(rows[1], text, "uncited", "")]
    ).lines
    assert [line.kind for line in lines] == ["head", "row", "row"]
    assert [shown(line) for line in lines] == [["What", "When"], ["Rent of $1 <0>", "due | late ✓"], ["Law <0> !"]]
    assert "<thead><tr><th" in html(text)
    assert html(text).count("<td>") == 4, "a row that is too short is filled"


def test_a_nested_list_keeps_its_numbers() -> None:
    text = "3. three\n   - below\n   - too\n4. four\n- apart"
    assert html(text) == (
        '<ol><li value="3">three<ul><li>below</li><li>too</li></ul></li><li value="4">four</li></ol>'
        "<ul><li>apart</li></ul>"
    )


def test_places_have_one_number_each_and_the_same_one_again() -> None:
    other = {"section": "Section 9 (Audit)", "page": 8}
    citations = [cited(2), cited(1, "it", **other), cited(1, "the rent"), cited(3, "x", document_id="e" * 64)]
    rows = turn("", citations=citations).answer.citations
    assert place_numbers(rows) == (1, 2, 1, 3)
    assert citations_by_place(rows) == [(1, [0, 2]), (2, [1]), (3, [3])]


def test_each_marker_leads_to_the_places_of_its_sentence() -> None:
    other = {"section": "Section 9 (Audit)", "page": 8}
    citations = [cited(1, "the rent"), cited(1, "an audit", **other), cited(1, None)]
    text = "“The rent” [1] and “an audit” [1] go. Both “the rent” and “an audit” do [1]. None is [4]."
    ends = ["go.", "do [1].", "[4]."]
    sentences = [sentence(end, text, at=at) for end, at in zip(ends, ([0, 1], [0, 1], []), strict=True)]
    [line] = written(text, citations=citations, sentences=sentences).lines
    assert shown(line) == [
        "“The rent” <0> and “an audit” <1> go. ✓ Both “the rent” and “an audit” do <0><1>. ✓ None is ?(4,). ✓"
    ]


def test_a_hostile_text_takes_no_longer_than_it_is_long() -> None:
    for text in ("| " * 40_000, "-" * 80_000, "1. " * 30_000, " " * 80_000 + "|", "|" + "-|" * 40_000, "> " * 40_000):
        with within(2, time.monotonic):
            assert written(f"A | B\n{text}\n{text}").lines
