"""The table of marks: every state has one, green promises what it says, and each surface takes its words from it."""

import json
import re
from datetime import UTC, datetime
from typing import get_args

import pytest

from webapp.cli.output import show_answer, show_summary
from webapp.core.marks import MARKS, QUOTED, RECOGNISED, STRUCK, State, mark_for, promise
from webapp.core.results import AnswerResult, KeySentenceRow, LineRow, SentenceRow, SummaryResult, items, mark_of
from webapp.core.wording import key_language, legend
from webapp.grounding.check import SentenceState
from webapp.grounding.verdict import How
from webapp.page.html import chat, evidence
from webapp.store.conversations import SavedTurn

SHOWN = [key for key, mark in MARKS.items() if key[0] in get_args(State) and mark.sign]
DOUBTS = {"unsupported": "not in the cited passage: $9", "uncited": "no citation"}
SUM = "March 1, 2030 + 18 months = September 1, 2031"
PLACE = {"document_id": "d", "document": "lease.pdf", "section": "Section 2", "page": 3, "page_label": "3"}
CITED = {"n": 1, **PLACE, "quote": None, "verified": True, "start": 0, "end": 9, "spans": [(0, 9)]}
NOTHING = dict.fromkeys(("window", "system", "history", "passages", "reserve", "sent", "left_out"), 0)
SEARCHED = {"documents": 1, "pages": 9, "unreadable_pages": 0}
REST = {"found": True, "query": "", "read_as": "own", "key_language": (), "searched": SEARCHED, "budget": NOTHING}


def sentence(state: str, how: str) -> SentenceRow:
    told = SUM if state == "computed" else ""
    row = {"text": "Rent is due [1].", "state": state, "how": how, "citations": [1], "end": 16, "at": (0,)}
    row |= {"doubt": DOUBTS.get(state, ""), "computation": told}
    return SentenceRow.model_validate(row)


def answer(state: str, how: str) -> AnswerResult:
    quote = "Rent is due" if how == "quoted" else None
    rows = {"citations": [CITED | {"quote": quote}], "sentences": [sentence(state, how)], "engine": "tgi"}
    return AnswerResult.model_validate(REST | rows | {"answer": "Rent is due [1]."})


def summary(state: str, how: str) -> SummaryResult:
    quote = "Rent is due." if how == "quoted" else None
    line = {"text": None if quote else "Rent is due.", "citations": (0,), "state": state, "how": how}
    clause = {"label": "Section 2", "heading": "Rent", "part": "", "lines": [line]}
    row = {"document_id": "d", "document": "lease.pdf", "found": True, "clauses": [clause], "engine": "tgi"}
    row |= {"citations": [CITED | {"quote": quote}], "definitions": (), "leads_nowhere": (), "searched": SEARCHED}
    return SummaryResult.model_validate(row | {"written": 0 if quote else 1})


def turn(result: AnswerResult | SummaryResult) -> SavedTurn:
    return SavedTurn("t", "c", "When is rent due?", result, "complete", None, datetime.now(UTC))


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", "", html))


def test_every_state_that_a_check_gives_has_a_mark() -> None:
    assert set(get_args(SentenceState)) == set(get_args(State))
    for state in get_args(State):
        for how in ("quoted", "read") if state == "supported" else get_args(How):
            assert mark_for(state, how) in MARKS.values()
    with pytest.raises(KeyError):
        mark_for("supported")


def test_green_is_kept_for_what_is_quoted_exactly_or_was_read() -> None:
    assert [key for key, mark in MARKS.items() if mark.style == "sure"] == [
        ("supported", "quoted"),
        ("supported", "read"),
    ]
    assert [key for key, mark in MARKS.items() if mark.sign == "✓"] == [("supported", "quoted"), ("supported", "read")]
    assert [key[0] for key, mark in MARKS.items() if mark.is_doubt] == ["unsupported", "uncited"]


def test_the_words_of_marks_differ_and_each_is_explained() -> None:
    words = [mark.words for mark in MARKS.values()]
    assert len(set(words)) == len(words)
    assert all(mark.meaning.endswith(".") and len(mark.meaning) > len(mark.words) for mark in MARKS.values())


@pytest.mark.parametrize(("state", "how"), SHOWN)
def test_a_mark_has_the_same_words_on_the_page_in_a_copy_on_the_terminal_and_in_json(
    state: str, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result, mark = answer(state, how), MARKS[state, how]
    told = result.sentences[0].told
    assert told.startswith(mark.words)

    html = chat.turn_html(turn(result))
    written = html[html.index('class="written"') : html.index("<footer")]
    chip = re.search(r'<button[^>]*class="chip"[^>]*>.*?</button>', html)
    assert chip
    assert f"{mark.sign} {mark.words}" in plain(chip[0])
    assert f'class="sign {mark.style}"' in written or f'class="standing {mark.style}"' in written
    assert told in plain(written) or f'aria-label="{mark.words}"' in written
    assert ('class="said doubt"' in written) == mark.is_doubt
    assert mark.meaning in plain(written), "the legend explains it"
    assert f"{mark.sign} {mark.words}" in plain(evidence.evidence("m", "t", items(result), 0, "Rent is due"))

    show_answer(result)
    for text in (chat.copied(turn(result)), capsys.readouterr().out):
        assert f"Rent is due [1]. {mark.sign}" in text or f"Rent is due [1]. ({mark.sign} {told})" in text
        assert told in text or legend(result) == [f"{mark.sign} {mark.words}"]
        assert told in text or f"\n{mark.sign} {mark.words}" in text


@pytest.mark.parametrize(("state", "how"), [key for key in SHOWN if key[0] in ("supported", "compared", "computed")])
def test_a_line_of_a_summary_has_its_mark_on_every_surface(
    state: str, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result, mark = summary(state, how), MARKS[state, how]
    html = chat.turn_html(turn(result))
    assert f'class="sign {mark.style}" role="img" aria-label="{mark.words}"' in html
    assert mark.meaning in plain(html)
    show_summary(result)
    for text in (chat.copied(turn(result)), capsys.readouterr().out):
        assert f"(Section 2, p. 3) {mark.sign}" in text
        assert f"\n{mark.sign} {mark.words}" in text
    stored = json.loads(result.model_dump_json())["clauses"][0]["lines"][0]
    assert LineRow.model_validate(stored).standing == mark


def test_a_line_that_an_earlier_version_stored_has_the_mark_of_what_was_checked_then() -> None:
    assert LineRow.model_validate({"text": None, "citations": [0]}).standing == MARKS["supported", "quoted"]
    assert LineRow.model_validate({"text": "Rent is due.", "citations": [0]}).standing == MARKS["compared", ""]


def test_a_heading_has_no_mark() -> None:
    html = chat.turn_html(turn(answer("aside", "")))
    written = html[html.index('class="written"') : html.index('class="chips"')]
    assert "sign" not in written
    assert "standing" not in written


def test_a_citation_has_the_mark_of_the_weakest_sentence_that_rests_on_it_and_a_quotation_its_own() -> None:
    weak = [sentence("computed", ""), sentence("compared", ""), sentence("unsupported", "")]
    result = answer("supported", "read").model_copy(update={"sentences": tuple(weak)})
    assert mark_of(result, 0) == MARKS["unsupported", ""]
    quoted = answer("supported", "quoted").model_copy(update={"sentences": tuple(weak)})
    assert mark_of(quoted, 0) == MARKS["supported", "quoted"]
    assert [items(each)[0].mark for each in (result, quoted)] == [mark_of(each, 0) for each in (result, quoted)]
    assert promise(MARKS["supported", "quoted"]) > promise(MARKS["compared", ""]) > promise(MARKS["uncited", ""])


def test_a_document_that_was_removed_says_so() -> None:
    (row,) = answer("compared", "").citations
    gone = answer("compared", "").model_copy(update={"citations": (row.model_copy(update={"removed": True}),)})
    assert mark_of(gone, 0) == MARKS["removed", ""]


def test_a_quotation_of_recognised_text_is_never_called_word_for_word(capsys: pytest.CaptureFixture[str]) -> None:
    scanned = PLACE | {"recognised": True}
    key = KeySentenceRow.model_validate(scanned | {"start": 0, "end": 9, "text": "Rent is due.", "spans": [(0, 9)]})
    cited = CITED | scanned | {"quote": "Rent is due."}
    written = AnswerResult.model_validate(REST | {"answer": "", "citations": [cited], "engine": "tgi"})
    for result in (
        written.model_copy(update={"answer": "It is due [1].", "key_language": (key,)}),
        written.model_copy(update={"answer": "“Rent is due.” [1]", "key_language": (key,)}),
        written.model_copy(update={"answer": "Not found.", "found": False, "citations": (), "nearest": (key,)}),
    ):
        assert {item.mark for item in items(result)} == {RECOGNISED}
        show_answer(result)
        shown = capsys.readouterr().out
        html = plain(chat.turn_html(turn(result)))
        for text in (shown, html, chat.copied(turn(result))):
            assert QUOTED.words not in text
        assert RECOGNISED.words in shown.lower()
        assert RECOGNISED.words in html
    assert RECOGNISED.style != "sure"
    assert key_language([key]) == f"Key language, {RECOGNISED.words}"


def test_a_citation_of_deleted_words_says_so() -> None:
    (row,) = answer("compared", "").citations
    deleted = answer("compared", "").model_copy(update={"citations": (row.model_copy(update={"status": "struck"}),)})
    assert deleted.citations[0].standing == STRUCK
