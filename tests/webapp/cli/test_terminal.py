import io
import os
import pty
import subprocess
import sys

import pytest

from retrieval.core.errors import DataFolderBusy
from retrieval.evaluate import Asked, Evaluation
from tests.webapp.commands import ROOT
from webapp.cli.evaluation import figures
from webapp.cli.output import (
    show_added,
    show_answer,
    show_counts,
    show_evaluation,
    show_hit,
    show_mention,
)
from webapp.cli.terminal import Bars, plain, results, show_error
from webapp.core.stream import Row, fault, progress, read_row, result
from webapp.core.wording import cite, coverage, plural

pytestmark = pytest.mark.slow

PLACE = {"document": "lease.pdf", "section": "Section 2 (Law)", "page": 3, "page_label": "3"}
ANSWER = {
    "answer": "Irish law [1].",
    "found": True,
    "citations": [{"n": 1, **PLACE, "quote": "The laws of Ireland govern.", "verified": True}],
    "key_language": [{**PLACE, "text": "The laws of Ireland\ngovern."}],
    "searched": {"documents": 1, "pages": 1412, "unreadable_pages": 2},
    "budget": {"sent": 6, "left_out": 11},
    "engine": "tgi",
}


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text\n\twith a tab", "plain text\n\twith a tab"),
        ("\x1b[2Jwiped", "[2Jwiped"),
        ("bell\x07, null\x00, return\r", "bell, null, return"),
        ("\x9b31mC1", "31mC1"),
        ("turned \u202etxt.exe", "turned txt.exe"),
        ("[bold]not markup[/bold]", "[bold]not markup[/bold]"),
    ],
)
def test_text_of_documents_cannot_drive_the_terminal(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (PLACE, "lease.pdf, Section 2 (Law), p. 3"),
        (PLACE | {"page_label": "iv"}, "lease.pdf, Section 2 (Law), p. 3 (printed iv)"),
        (PLACE | {"section": "", "page_label": ""}, "lease.pdf, p. 3"),
    ],
)
def test_a_pin_cite_names_document_section_and_page(row: dict[str, object], expected: str) -> None:
    assert cite(row) == expected


def test_coverage_is_one_line() -> None:
    expected = "Searched 1 document, 1,412 pages; 2 pages unreadable; 6 passages sent, 11 left out."
    assert coverage(ANSWER) == expected
    assert plural(1, "page") == "1 page"


def test_an_answer_is_shown_with_citations_key_language_and_coverage(capsys: pytest.CaptureFixture[str]) -> None:
    show_answer(ANSWER)
    shown = capsys.readouterr().out
    for part in (
        "Irish law [1].\n",
        "[1] lease.pdf, Section 2 (Law), p. 3\n   “The laws of Ireland govern.” (on the page, word for word)",
        "Key language, verbatim:\n   “The laws of Ireland govern.”\n   – lease.pdf, Section 2 (Law), p. 3",
        coverage(ANSWER),
    ):
        assert part in shown


def test_an_answer_without_an_engine_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    key = {**PLACE, "text": "The laws of Ireland govern."}
    show_answer(ANSWER | {"engine": "none", "answer": "“The laws of Ireland govern.” [1]", "key_language": [key]})
    shown = capsys.readouterr().out
    assert "This is key language: the documents' own words" in shown
    assert "There is no engine here that writes answers." in shown
    assert shown.count("The laws of Ireland govern.") == 1


def test_documents_with_the_same_words_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    (cited, *_) = ANSWER["citations"]
    show_answer(ANSWER | {"citations": [cited | {"also_in": 28}]})
    assert f"{cite(cited)}. This passage stands word for word in 28 other documents.\n" in capsys.readouterr().out
    hit = {"rank": 1, "score": 0.5, "why": "words", "text": "Rent.", "also_in": 1} | PLACE
    show_hit(hit)
    assert capsys.readouterr().out.endswith("   Rent.\n   This passage stands word for word in 1 other document.\n\n")


def test_a_name_that_fits_two_documents_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    meant = [{"document_id": "a", "document": "2019.pdf"}, {"document_id": "b", "document": "2023.pdf"}]
    sentence = "The question may mean “2019.pdf” or “2023.pdf”; all of them were searched. --document names one."
    hit = {**PLACE, "score": 0.5, "why": "words", "text": "rent", "documents_meant": meant}
    show_hit({"rank": 1} | hit)
    show_hit({"rank": 2} | hit)
    assert capsys.readouterr().out.count(sentence) == 1
    show_answer(ANSWER | {"documents_meant": meant})
    assert capsys.readouterr().out.count(sentence) == 1


def test_outcomes_and_hits_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    ready = {"file": "a.pdf", "state": "ready", "pages": 2, "unreadable_pages": [2], "reason": "1 of 2 …"}
    show_added(ready)
    show_added({"file": "b.pdf", "state": "failed", "reason": "“b.pdf” is not a PDF."})
    show_hit({"rank": 1, **PLACE, "score": 0.5, "why": "words", "text": "two\x1b\n  lines"})
    assert capsys.readouterr().out.splitlines() == [
        "ready   a.pdf: 2 pages; no text on page 2",
        "failed  b.pdf: “b.pdf” is not a PDF.",
        "1. lease.pdf, Section 2 (Law), p. 3   (0.50, words)",
        "   two",
        "   lines",
        "",
    ]


def test_mentions_are_lines_and_a_table_of_counts(capsys: pytest.CaptureFixture[str]) -> None:
    row = {**PLACE, "document_id": "a", "text": "… the laws of Ireland …"}
    show_mention(row)
    show_counts([row, row, row | {"page": 7}, row | {"document_id": "b", "document": "[nda].pdf"}])
    show_counts([])
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "lease.pdf, Section 2 (Law), p. 3",
        "   … the laws of Ireland …",
        "",
        "4 mentions in 2 documents.",
        "document   mentions  pages",
        "lease.pdf         3  3, 7",
        "[nda].pdf         1  3",
        "",
        "0 mentions in 0 documents.",
    ]


def test_an_evaluation_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    asked = tuple(Asked(n / 100, 100 * n, n / 10, n > 1, n == 3 if n > 1 else None, n > 1 or None) for n in range(1, 5))
    show_evaluation(figures(Evaluation(2, ("scan.pdf",), asked), "document"))
    assert capsys.readouterr().out.splitlines() == [
        "contracts                    2",
        "questions                    4",
        "searched                     each question's own document",
        "something was found for      3 (75%)",
        "confidence                   lowest 0.10, p10 0.10, p50 0.30, p90 0.40, highest 0.40",
        "seconds a question           half within 0.030, 95 % within 0.040",
        "tokens that would be sent    half within 300, at most 400",
        "first hit on a known page    33% of 3 questions with known pages",
        "a passage from a known page  100% of 3 questions with known pages",
        "failed  scan.pdf",
    ]
    show_evaluation(figures(Evaluation(1, (), ()), "all"))
    assert capsys.readouterr().out.splitlines() == ["contracts  1", "questions  0"]


def test_errors_are_a_sentence_and_a_hint_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(DataFolderBusy(), as_json=False)
    show_error(DataFolderBusy(), as_json=True)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "Another pincite is using this data folder.",
        "Wait until it has finished, or set PINCITE_DATA_DIR to another folder.",
        '{"error": "Another pincite is using this data folder.", '
        '"hint": "Wait until it has finished, or set PINCITE_DATA_DIR to another folder."}',
    ]


def test_bars_are_drawn_where_somebody_watches_and_nowhere_else() -> None:
    screen, file = Screen(), io.StringIO()
    for stream in (screen, file):
        with Bars(stream) as bars:
            bars.show(progress("waiting.pdf", "waiting").body)
            bars.show(progress("lease.pdf", "reading", 3, 80).body)
            bars.show(progress("lease.pdf", "ready", 80, 80).body)
    assert "lease.pdf" in screen.getvalue()
    assert "waiting.pdf" not in screen.getvalue()
    assert file.getvalue() == ""


def test_only_results_reach_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [progress("a", "reading"), Row("text", {"text": "draft"}), fault(DataFolderBusy(), "notice"), result(n=1)]
    assert list(results(rows, as_json=False)) == [{"n": 1}]
    assert capsys.readouterr().out == ""


def test_a_row_survives_its_line() -> None:
    row = result(text="“§ 2”\nline")
    assert row.line().count(b"\n") == 1
    assert read_row(row.line().decode()) == row


DRAFT = """
from webapp.core.stream import Row, result
from webapp.cli.terminal import results
rows = [Row("text", {"text": "unchecked words"}), result(answer="checked words")]
for body in results(rows, as_json=False): print(body["answer"])
"""


def test_a_draft_is_shown_as_a_draft_and_wiped() -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    subprocess.run([sys.executable, "-c", DRAFT], cwd=ROOT, stdout=theirs, env=environment, check=True)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert "Draft, not yet checked:" in shown
    after = shown[shown.rindex("\x1b[2K") :]  # the sequence that erases a line
    assert "unchecked words" not in after
    assert after.rstrip().endswith("checked words")
