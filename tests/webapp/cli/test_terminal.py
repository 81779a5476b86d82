import io
import os
import pty
import subprocess
import sys

import pytest

from retrieval.core.errors import DataFolderBusy
from retrieval.evaluate import Evaluation, QueryOutcome
from tests.webapp.commands import ROOT
from webapp.cli.evaluation import figures
from webapp.cli.output import (
    show_added,
    show_answer,
    show_counts,
    show_evaluation,
    show_hit,
    show_mention,
    show_mentions,
)
from webapp.cli.terminal import Bars, printable, printable_lines, results, show_error
from webapp.core.results import AddedRow, AnswerResult, CiteRow, CoverageRow, HitRow, MentionRow
from webapp.core.stream import Error, Event, Notice, Progress, Result, Text, encoded, read_event
from webapp.core.wording import cite, coverage, mentions_coverage, plural, summary_coverage

PLACE = {"document_id": "a", "document": "lease.pdf", "section": "Section 2 (Law)", "page": 3, "page_label": "3"}
RANGE = {"start": 0, "end": 9}
SEARCHED = {"documents": 1, "pages": 1412, "unreadable_pages": 0}
ANSWER = {
    "answer": "Irish law [1].",
    "found": True,
    "citations": [{"n": 1, **PLACE, "quote": "The laws of Ireland govern.", "verified": True}],
    "key_language": [{**PLACE, **RANGE, "text": "The laws of Ireland\ngovern."}],
    "searched": SEARCHED | {"unreadable_pages": 2},
    "budget": dict.fromkeys(("window", "system", "history", "passages", "reserve"), 1) | {"sent": 6, "left_out": 11},
    "engine": "tgi",
}


def answer(**more: object) -> AnswerResult:
    return AnswerResult.model_validate(ANSWER | more)


def hit(**more: object) -> HitRow:
    row = {"rank": 1, **PLACE, **RANGE, "score": 0.5, "why": "words", "text": "Rent."}
    return HitRow.model_validate(row | more)


def added(**more: object) -> AddedRow:
    row = {"file": "a.pdf", "document_id": "a", "document": "a.pdf", "state": "ready", "pages": 2, "reason": None}
    read = dict.fromkeys(("unreadable_pages", "partly_read_pages", "recognised_pages", "warnings"), ())
    return AddedRow.model_validate(row | read | more)


def mention(**more: object) -> MentionRow:
    return MentionRow.model_validate({**PLACE, **RANGE, "text": "… the laws of Ireland …"} | more)


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text\n\twith a tab", "plain text with a tab"),
        ("\x1b[2Jwiped", "[2Jwiped"),
        ("bell\x07, null\x00, return\r.", "bell, null, return ."),
        ("lease.pdf: 3 pages\nready   forged.pdf", "lease.pdf: 3 pages ready   forged.pdf"),
        ("lease.pdf\x85ready\u2028ready\x0bready", "lease.pdf ready ready ready"),
        ("\x9b31mC1", "31mC1"),
        ("turned \u202etxt.exe", "turned txt.exe"),
        ("[bold]not markup[/bold]", "[bold]not markup[/bold]"),
    ],
)
def test_text_of_documents_cannot_drive_the_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_of_a_text_stay_lines() -> None:
    assert printable_lines("The rent\r\nis\x1b[2J\n\n$4,200.\n") == "The rent \nis[2J\n\n$4,200.\n"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (PLACE, "lease.pdf, Section 2 (Law), p. 3"),
        (PLACE | {"page_label": "iv"}, "lease.pdf, Section 2 (Law), p. iv (PDF page 3)"),
        (PLACE | {"section": "", "page_label": ""}, "lease.pdf, p. 3"),
        (PLACE | {"document": "a.docx", "section": "", "page_label": "ii"}, "a.docx, p. ii (file page 3)"),
        (PLACE | {"section": "", "bates": "ORR-0128734"}, "lease.pdf, ORR-0128734 (PDF page 3)"),
        (PLACE | {"lines": "42:5-9", "page_label": "42"}, "lease.pdf, Section 2 (Law), 42:5-9 (PDF page 3)"),
        (PLACE | {"section": "", "lines": "3:28-4:1"}, "lease.pdf, 3:28-4:1"),
        (PLACE | {"lines": "42:5", "bates": "ORR-7", "section": ""}, "lease.pdf, 42:5, ORR-7 (PDF page 3)"),
        (PLACE | {"lines": "¶¶ 12-14", "page": 1, "page_label": ""}, "lease.pdf, Section 2 (Law), ¶¶ 12-14"),
        (PLACE | {"exhibit": "Exhibit B"}, "lease.pdf, Ex. B, Section 2 (Law), p. 3"),
        (PLACE | {"exhibit": "Exhibit B", "section": "Exhibit B, Section 2"}, "lease.pdf, Exhibit B, Section 2, p. 3"),
        (PLACE | {"recognised": True}, "lease.pdf, Section 2 (Law), p. 3 (recognised)"),
        (PLACE | {"section": "", "status": "field", "page_label": "1"}, "lease.pdf, p. 1 (PDF page 3, form entry)"),
        (PLACE | {"section": "", "status": "struck"}, "lease.pdf, p. 3 (deleted text)"),
    ],
)
def test_a_pin_cite_has_the_numbers_that_lawyers_use(row: dict[str, object], expected: str) -> None:
    assert cite(CiteRow.model_validate(row)) == expected


def test_coverage_is_one_line() -> None:
    expected = "Searched 1 document, 1,412 pages; 2 pages unreadable; read 6 of the 17 passages found."
    searched, budget = answer().searched, answer().budget
    assert searched
    assert budget
    assert coverage(searched, budget) == expected
    assert summary_coverage(searched, 1) == "Read 1,412 pages; 1 clause; 2 pages unreadable."
    words = "Searched every word of 1 document, 1,412 pages; 2 pages unreadable, 3 read in part. Page 3 of a.pdf …"
    in_part = {"partly_read_pages": 3, "unread": "Page 3 of a.pdf …"}
    assert mentions_coverage(searched.model_copy(update=in_part)) == words
    assert "; 1 page read in part." in mentions_coverage(
        CoverageRow.model_validate(SEARCHED | {"partly_read_pages": 1})
    )
    assert plural(1, "page") == "1 page"


def test_an_answer_is_shown_with_citations_key_language_and_coverage(capsys: pytest.CaptureFixture[str]) -> None:
    show_answer(answer())
    shown = capsys.readouterr().out
    for part in (
        "Irish law [1].\n",
        "[1] lease.pdf, Section 2 (Law), p. 3\n   “The laws of Ireland govern.” (word for word on the page)",
        "Key language, word for word on the page:\n   “The laws of Ireland govern.”\n   – lease.pdf, Section 2 (Law)",
        "Searched 1 document, 1,412 pages; 2 pages unreadable; read 6 of the 17 passages found.",
    ):
        assert part in shown


def test_the_sentence_of_key_language_that_bears_is_emphasised(capsys: pytest.CaptureFixture[str]) -> None:
    text = "Law. The laws of Ireland govern."
    key = {**PLACE, **RANGE, "text": text, "emphasis": [[5, 32]]}
    cited = answer().citations[0].model_copy(update={"quote": text})
    shown = answer(engine="none", answer=f"“{text}” [1]", key_language=[key], citations=[cited.model_dump()])
    show_answer(shown)
    assert capsys.readouterr().out.startswith("“Law. **The laws of Ireland govern.**” [1]\n")
    show_answer(answer(found=False, citations=[], key_language=[], nearest=[key]))
    assert "   “Law. **The laws of Ireland govern.**”\n" in capsys.readouterr().out


def test_an_answer_without_an_engine_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    key = {**PLACE, **RANGE, "text": "The laws of Ireland govern."}
    show_answer(answer(engine="none", answer="“The laws of Ireland govern.” [1]", key_language=[key]))
    shown = capsys.readouterr().out
    assert "This is key language: the documents' own words" in shown
    assert "No language model is configured to write answers." in shown
    assert shown.count("The laws of Ireland govern.") == 1


def written(*sentences: tuple[str, str, str], **more: object) -> AnswerResult:
    """An answer of these sentences, each with its state and doubt."""
    rows, end = [], 0
    for text, state, doubt in sentences:
        end += len(text) + (end > 0)
        rows.append({"text": text, "state": state, "doubt": doubt, "citations": (), "end": end})
    return answer(answer=" ".join(text for text, _, _ in sentences), sentences=rows, **more)


def test_each_sentence_is_followed_by_its_mark_and_one_in_doubt_by_the_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    flagged = "It says so (not found in the source) [1]."
    show_answer(
        written(
            ("Irish law [1].", "compared", ""),
            ("It costs $5 [1].", "unsupported", "not in the cited passage: $5"),
            ("Rent is due [passage 99].", "unsupported", "cites [99], which is no passage"),
            ("Walruses sing it.", "uncited", "no citation"),
            (flagged, "unsupported", "a quotation was not found in the source"),
        )
    )
    shown = capsys.readouterr().out
    assert shown.startswith(
        "! Of 5 sentences, marked: 3 “not confirmed”, 1 “no citation”.\n\n"
        "Irish law [1]. ≈ It costs $5 [1]. (! not confirmed: not in the cited passage: $5) "
        "Rent is due [passage 99]. (! not confirmed: cites [99], which is no passage) "
        f"Walruses sing it. (! no citation) {flagged} "
        "(! not confirmed: a quotation was not found in the source)\n"
    )
    assert "\n≈ figures and names compared; meaning not read\n" in shown
    assert "Nothing in this answer cites a passage" not in shown


def test_an_answer_without_any_citation_says_so_before_it(capsys: pytest.CaptureFixture[str]) -> None:
    show_answer(written(("Walruses sing it.", "uncited", "no citation"), citations=[]))
    shown = capsys.readouterr().out
    assert shown.startswith("! Nothing in this answer cites a passage: the documents do not confirm it.\n")
    show_answer(written(("It does not say.", "absent", ""), citations=[]))
    shown = capsys.readouterr().out
    assert shown.startswith("It does not say. ○\n")
    assert "Nothing in this answer cites" not in shown


def test_documents_with_the_same_words_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    (cited,) = answer().citations
    show_answer(answer(citations=[cited.model_copy(update={"also_in": 28})]))
    assert f"{cite(cited)}. The same passage appears word for word in 28 other documents.\n" in capsys.readouterr().out
    show_hit(hit(also_in=1))
    assert capsys.readouterr().out.endswith(
        "   Rent.\n   The same passage appears word for word in 1 other document.\n\n"
    )


def test_a_name_that_fits_two_documents_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    meant = [{"document_id": "a", "document": "2019.pdf"}, {"document_id": "b", "document": "2023.pdf"}]
    sentence = "The question may mean “2019.pdf” or “2023.pdf”; all of them were searched. --document names one."
    show_hit(hit(rank=1, documents_meant=meant))
    show_hit(hit(rank=2, documents_meant=meant))
    assert capsys.readouterr().out.count(sentence) == 1
    show_answer(answer(documents_meant=meant))
    assert capsys.readouterr().out.count(sentence) == 1


def test_outcomes_and_hits_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    warning = {"page": 1, "kind": "leaking_redaction", "text": "Page 1 has words under a black box."}
    show_added(added(unreadable_pages=[2], partly_read_pages=[1], recognised_pages=[1], warnings=[warning]))
    show_added(AddedRow.refused("b.pdf", "“b.pdf” is not a PDF."))
    show_hit(hit(text="two\x1b\n  lines"))
    assert capsys.readouterr().out.splitlines() == [
        "ready   a.pdf: 2 pages",
        "        Page 2 could not be read. Page 1 could be read only in part.",
        "        Page 1 has words under a black box.",
        "        Page 1 is recognised text: compare it with the image.",
        "failed  b.pdf: “b.pdf” is not a PDF.",
        "1. lease.pdf, Section 2 (Law), p. 3   (0.50, words)",
        "   two",
        "   lines",
        "",
    ]


@pytest.mark.parametrize(
    ("found", "listed", "further"),
    [(200, 200, ""), (201, 200, "1 further mention;"), (950, 200, "750 further mentions;")],
)
def test_of_many_mentions_the_first_are_listed_and_all_are_counted(
    found: int, listed: int, further: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show_mentions(mention(page=1 + n // 100) for n in range(found))
    printed = capsys.readouterr().out
    assert printed.count(mention().text) == listed
    assert ("further" in printed) == bool(further)
    assert further in printed
    assert f"{found} mentions in 1 document." in printed


def test_mentions_are_lines_and_a_table_of_counts(capsys: pytest.CaptureFixture[str]) -> None:
    show_mention(mention())
    other = mention(document_id="b", document="[nda].pdf")
    show_counts([mention(), mention(), mention(page=7, page_label="v"), mention(status="struck"), other])
    show_counts([])
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "lease.pdf, Section 2 (Law), p. 3",
        "   … the laws of Ireland …",
        "",
        "4 mentions in 2 documents, and 1 place in deleted text.",
        "document   mentions  pages",
        "lease.pdf         3  3, v",
        "[nda].pdf         1  3",
        "",
        "0 mentions in 0 documents.",
    ]


def test_an_evaluation_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = tuple(
        QueryOutcome(n / 100, 100 * n, n / 10, n > 1, n == 3 if n > 1 else None, n > 1 or None) for n in range(1, 5)
    )
    show_evaluation(figures(Evaluation(2, ("scan.pdf",), outcomes), "document"))
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
            bars.show(Progress(label="waiting.pdf", state="waiting"))
            bars.show(Progress(label="lease.pdf", state="reading", done=3, total=80))
            bars.show(Progress(label="lease.pdf", state="ready", done=80, total=80))
    assert "lease.pdf" in screen.getvalue()
    assert "waiting.pdf" not in screen.getvalue()
    assert file.getvalue() == ""


def test_only_results_reach_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    events: list[Event[HitRow]] = [
        Progress(label="a", state="reading"),
        Text(text="draft"),
        Notice.of(DataFolderBusy()),
        Result(hit()),
    ]
    assert list(results(events, as_json=False)) == [hit()]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "event",
    [
        Result(hit(text="“§ 2”\nline")),
        Progress(label="a\nb", state="reading", done=1, total=2),
        Text(text="§\n"),
        Notice(error="No.", hint=""),
        Error(error="No.", hint="Wait."),
    ],
)
def test_an_event_survives_its_line(event: Event[HitRow]) -> None:
    assert encoded(event).count(b"\n") == 1
    assert read_event(encoded(event).decode(), HitRow) == event


@pytest.mark.parametrize(
    "line", ["", "[]", "{}", '{"kind": "news", "body": {}}', '{"kind": "result", "body": {"n": 1}}']
)
def test_a_line_that_is_no_event_is_none(line: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        read_event(line, HitRow)


DRAFT = """
from webapp.core.results import AcceptedRow
from webapp.core.stream import Result, Text
from webapp.cli.terminal import results
events = [Text(text="unchecked words"), Result(AcceptedRow(document_id="checked words"))]
for row in results(events, as_json=False): print(row.document_id)
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
