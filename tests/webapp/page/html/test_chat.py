"""What turns, documents and evidence look like as HTML; nothing of what they say becomes HTML itself."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from markupsafe import Markup

from retrieval import DocumentRecord, Matter
from retrieval.core.documents import ReadingWarning
from tests.webapp.copies import copied
from tests.webapp.page.pages import rows_of
from webapp.core.results import PieceOfPage, items, read_turn
from webapp.core.urls import page_url
from webapp.page.html import chat, conversations, documents, evidence, sidebar, start, undo
from webapp.page.html.foot import Around, FollowUp
from webapp.store.conversations import Conversation, SavedTurn, State

EVIL = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> ![i](http://evil.example/i) \" onclick='alert(1)' & **b**"
)
PLACE = {"document_id": "d" * 64, "document": "lease.pdf", "section": "Section 2 (Rent)", "page": 3, "page_label": "1"}
RANGE = {"start": 5, "end": 9, "spans": [[5, 9]]}
CITED = {"n": 1, **PLACE, "quote": "the rent is $1", "verified": True, **RANGE}
BUDGET = {
    "window": 100,
    "system": 10,
    "history": 0,
    "question": 5,
    "passages": 50,
    "reserve": 20,
    "sent": 2,
    "left_out": 7,
}
SEARCHED = {"documents": 1, "pages": 12, "unreadable_pages": 2}


def turn(state: State = "complete", rating: Any = None, **answer: Any) -> SavedTurn:
    row = {"answer": "Yes [1].", "found": True, "citations": [CITED], "key_language": [], "passages": []}
    row |= {"searched": SEARCHED, "budget": BUDGET, "engine": "saul"} | answer
    return SavedTurn("t1", "c1", "Why?", read_turn(row), state, rating, datetime.now(UTC))


def record(**values: Any) -> DocumentRecord:
    row: dict[str, Any] = {
        "matter_id": "m",
        "id": "d" * 64,
        "name": "lease.pdf",
        "state": "ready",
        "page": 0,
        "pages": 12,
    }
    return DocumentRecord(**row | {"unreadable_pages": (), "reason": None, "bytes": 9} | values)


def listed(*records: DocumentRecord) -> list[dict[str, Any]]:
    return rows_of(documents.listing(Matter("m", "Acme"), records, {}))


def tags(html: str) -> set[str]:
    return set(re.findall(r"<([a-z0-9]+)", html))


def evil_turn(state: State = "complete") -> SavedTurn:
    cited = CITED | {"quote": EVIL, "document": EVIL, "section": EVIL, "page_label": EVIL}
    key = PLACE | {"text": EVIL + "!", "document": EVIL, "start": 0, "end": 1, "spans": [[0, 1]]}
    answer = f"{EVIL} [1]\n> {EVIL}\n- {EVIL} (not found in the source)"
    row: dict[str, Any] = {
        "answer": answer,
        "citations": [cited],
        "key_language": [key],
        "passages": [cited],
        "error": EVIL,
        "hint": EVIL,
    }
    return SavedTurn(
        "t1",
        "c1",
        EVIL,
        turn(**row, notices=[{"error": EVIL, "hint": EVIL}]).answer,
        state,
        None,
        datetime.now(UTC),
    )


@pytest.mark.parametrize(
    "html",
    [
        chat.turn_html(evil_turn(), last=True),
        chat.turn_html(evil_turn("stopped")),
        chat.turn_html(evil_turn("failed")),
        chat.writing(EVIL, EVIL, searching=False),
        chat.notice(EVIL, EVIL),
        chat.announcement(EVIL),
        start.heading(EVIL, ready=1, waiting=0),
        start.ways([EVIL], [(EVIL, EVIL)]),
        start.engine("ready", EVIL),
        chat.address(EVIL, EVIL, EVIL),
        sidebar.matters([Matter("m", EVIL)], Matter("m", EVIL)),
        documents.listing(
            Matter("m", EVIL),
            [record(name=EVIL, state="failed", reason=EVIL), record(name=EVIL, state="reading", page=1)],
            {},
        ).sent(1),
        conversations.listing([Conversation("c", "m", EVIL, None, datetime.now(UTC))], "c", found=(EVIL, ())).sent(1),
        documents.scope(Matter("m", EVIL), [record(name=EVIL)], ["d" * 64]),
        undo.undoable([("r", "document", 1, EVIL), ("r", "matter", 1, EVIL)]),
        evidence.evidence("m", "t1", items(evil_turn().answer), 0, EVIL),
    ],
)
def test_nothing_that_is_said_becomes_html(html: Markup) -> None:
    told = re.sub(
        r'"[^"]*"', '""', html
    )  # what stands in an attribute cannot leave it: every quotation mark is escaped
    assert "<script" not in html
    assert "onclick='" not in html
    assert not re.search(r"<[^>]*\son\w+=", told)
    assert {link for link in re.findall(r'(?:src|href)="([^"]*)"', html) if not link.startswith("/matters/")} == set()
    assert "img" not in tags(html) or html.count("<img") == html.count('<img src="/matters/')


def test_a_citation_says_how_it_stands_in_words() -> None:
    rows = [
        (CITED, "word for word on the page"),
        (CITED | {"quote": None}, "figures and names compared; meaning not read"),
        (CITED | {"quote": None, "verified": False}, "not confirmed"),
        (CITED | {"quote": None, "removed": True}, "document removed"),
    ]
    for row, words in rows:
        html = chat.turn_html(turn(citations=[row]))
        assert words in re.sub("<[^>]+>", "", html)
        assert "Section 2 (Rent), p.\u00a01 (PDF\u00a0page\u00a03)" in html


@pytest.mark.parametrize("documents", [1, 2])
def test_a_citation_names_its_document_where_several_were_searched(documents: int) -> None:
    html = chat.turn_html(turn(searched=SEARCHED | {"documents": documents}))
    assert ('class="pin">lease.pdf, Section 2' in html) is (documents > 1)


def test_turns_before_the_last_are_shown_without_what_to_ask_next_whatever_was_shown_of_them_before() -> None:
    first, second = replace(turn(), id="a" * 32), replace(turn(), id="b" * 32, question="And then?")
    around = Around(matter_id="m", follow_ups=(FollowUp("Section 3 Notices", "What does Section 3 say?"),))
    alone, both = chat.past([first], around), chat.past([first, second], around)
    assert alone.count("Section 3 Notices") == both.count("Section 3 Notices") == 1
    assert both.index("Section 3 Notices") > both.index("And then?")
    assert chat.past([replace(first, rating=1)], around) != alone


def test_a_number_in_the_answer_leads_to_its_place_and_one_of_no_passage_leads_nowhere() -> None:
    html = chat.turn_html(turn(answer="Yes [1]. No [2]."))
    assert re.search(r'<span class="tied"><button[^>]*class="mark"[^>]*data-item="0"[^>]*>1</button>\.</span> No', html)
    assert '<span class="mark none">[passage 2]</span>' in html


def test_a_sentence_in_doubt_says_so_where_it_ends_and_each_mark_leads_to_its_own_place() -> None:
    text = "The rent is $1 [1]. It is $2 [1].\n- It is due.\n> It may be “$3”"
    ends = [19, 33, 46, len(text)]
    doubts = ["", "not in the cited passage: $2", "no citation", "a quotation was not found in the source"]
    sentences = [
        {"end": end, "citations": own, "doubt": doubt}
        for end, own, doubt in zip(ends, [[0], [1], [], []], doubts, strict=True)
    ]
    doubtful = CITED | {"quote": None, "verified": False}
    html = chat.turn_html(turn(answer=text, citations=[CITED, doubtful], sentences=sentences))
    written = html[html.index('class="written"') : html.index("</div>", html.index('class="written"'))]
    assert re.findall(r'data-item="(\d)"', written) == ["0", "1"]
    plain = re.sub(r"<[^>]+>", "", written).replace("\u00a0", " ")
    assert "It is $2 1. ! not confirmed: not in the cited passage: $2" in plain
    assert "It is due. ! no citation" in plain
    assert "“$3” ! not confirmed: a quotation was not found in the source" in plain
    assert plain.count("!") == 3
    assert re.findall(r'class="said doubt">([^<]*)', written) == ["It is $2 ", "It is due.", "It may be “$3”"]
    assert "Of 4 sentences, marked: 2 “not confirmed”, 1 “no citation”." in html


def test_a_stopped_answer_says_so_and_keeps_its_words() -> None:
    html = chat.turn_html(turn("stopped", answer="Yes, bec"))
    assert "Stopped." in html
    assert "Yes, bec" in html


def test_nothing_found_has_a_face() -> None:
    html = chat.turn_html(turn(found=False, answer="Not found. 1 document, 12 pages were searched.", citations=[]))
    assert "Nothing found" in html
    assert 'class="chips"' not in html


def test_what_comes_nearest_is_shown_open_where_nothing_is_found_and_leads_to_its_page() -> None:
    near = PLACE | RANGE | {"text": "the rent is $1"}
    html = chat.turn_html(turn(found=False, answer="Not found.", citations=[], nearest=[near]))
    assert "Nothing found" in html
    assert '<details class="key" open><summary>What comes nearest' in html
    assert re.findall(r'data-item="(\d)"', html) == ["0"]
    doubted = chat.turn_html(turn(found=False, doubtful=True, answer="Unclear.", citations=[], nearest=[near]))
    assert "may not address this" in doubted
    assert "Nothing found" not in doubted


def test_key_language_in_the_place_of_an_answer_says_so_and_shows_each_sentence_once() -> None:
    key = PLACE | RANGE | {"text": "the rent is $1"}
    html = chat.turn_html(turn(key_language=[key], answer="“the rent is $1” [1]"))
    assert "instead of a written answer" in html
    assert html.count("<blockquote><p>the rent is $1</p></blockquote>") == html.count('class="chip') == 1


def test_the_sentence_that_bears_is_emphasised_on_the_page_and_in_the_copy_and_further_documents_are_named() -> None:
    text = "The rent is <due>. It is $1. No more."
    key = PLACE | RANGE | {"text": text, "emphasis": [[19, 28]]}
    more = [{"document_id": "e" * 64, "document": "nda.pdf"}]
    shown = turn(
        key_language=[key], citations=[CITED | {"quote": text}], answer=f"“{text}” [1]", further_documents=more
    )
    html = chat.turn_html(shown)
    assert "The rent is &lt;due&gt;. <strong>It is $1.</strong> No more." in html
    assert "… and 1 more document: nda.pdf" in html
    quoted = "“The rent is <due>. It is $1. No more.” [1]\n\n… and 1 more document: nda.pdf\n"
    assert quoted in copied(shown)


def test_an_answer_from_two_documents_offers_each_alone() -> None:
    other = CITED | {"document_id": "e" * 64, "document": "nda.pdf"}
    html = chat.turn_html(turn(citations=[CITED, other]))
    assert "This answer cites 2 documents" in html
    assert 'data-do="only"' in html
    assert "only" not in chat.turn_html(turn())


def test_the_documents_with_the_same_words_are_listed_below_the_answer() -> None:
    twice = [CITED | {"also_in": 60}, CITED]
    places = [{"citation": 0, "document_id": "d", "document": f"{n}.pdf", "start": 0, "end": 9} for n in range(50)]
    html = chat.turn_html(turn(citations=twice, same_words=places))
    assert html.count("<details") - html.count('class="room"') - html.count('class="key legend"') == 1
    assert "[1] The same passage appears word for word in 60 other documents" in html
    assert html.count("49.pdf") == 2  # the button and its label
    assert "<li>and 10 more</li>" in html
    shown = items(turn(citations=twice, same_words=places).answer)
    assert [item.row.document for item in shown if item.kind == "Same words as [1],"] == [f"{n}.pdf" for n in range(50)]
    opened = evidence.evidence("m", "t1", shown, len(shown) - 1, "")
    assert "Same words as [1], 50 of 50" in opened
    assert "was removed" in opened  # there is no page to show
    assert "[1] doc.pdf, p. 1. The same passage appears word for word in 1 other document. “the rent is $1”" in copied(
        turn(citations=[CITED | {"document": "doc.pdf", "section": "", "page": 1, "also_in": 1}])
    )


def test_an_engine_that_was_away_is_told_above_what_there_is() -> None:
    html = chat.turn_html(turn(notices=[{"error": "The engine is away.", "hint": "Wait."}]))
    assert html.index("The engine is away.") < html.index('class="written"')


def test_coverage_and_the_shares_of_the_window_are_told_in_words() -> None:
    html = chat.turn_html(turn())
    assert "Searched 1 document, 12 pages; 2 pages unreadable; read 2 of the 9 passages found." in html
    assert "Passages 50 %" in html
    assert "Free 15 %" in html


def test_only_the_last_turn_can_be_asked_again_and_a_rating_is_shown() -> None:
    assert "Ask again" in chat.turn_html(turn(), last=True)
    html = chat.turn_html(turn(rating=-1))
    assert "Ask again" not in html
    assert re.search(r'data-rating="-1" aria-pressed="true"', html)


def test_how_a_question_was_read_is_told_below_it_with_a_way_to_ask_it_alone() -> None:
    html = chat.turn_html(turn(query="What is the rent? Why?", read_as="with_last_question"))
    assert "Read with the question before it: “What is the rent? Why?”." in html
    assert 'data-do="alone" data-turn="t1"' in html
    assert "read-as" not in chat.turn_html(turn(query="Why?"))
    halves = chat.turn_html(turn(read_as="two_parts"))
    assert "Read as two questions." in halves
    assert 'data-do="alone"' not in halves


def test_an_answer_without_a_search_tells_no_coverage() -> None:
    budget = dict.fromkeys(BUDGET, 0)
    assert "Searched" not in chat.turn_html(turn(answer="You are welcome.", budget=budget, read_as="greeting"))


def test_what_is_copied_has_its_pin_cites() -> None:
    assert copied(turn()) == (
        "Yes [1].\n\n[1] lease.pdf, Section 2 (Rent), p. 1 (PDF page 3): “the rent is $1”\n\n"
        "✓ word for word on the page\n"
        "Searched 1 document, 12 pages; 2 pages unreadable; read 2 of the 9 passages found."
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"state": "waiting"}, "waiting…"),
        ({"state": "reading", "page": 12, "pages": 80}, "reading p. 12 of 80"),
        ({"state": "indexing"}, "indexing…"),
        ({"state": "ready"}, "ready"),
        ({"state": "failed", "reason": "It is locked."}, "failed: It is locked."),
    ],
)
def test_a_document_tells_its_state(state: dict[str, Any], words: str) -> None:
    assert documents.state_of(record(**state)) == words


def test_pages_that_were_not_read_are_named() -> None:
    [row] = listed(record(unreadable_pages=(3, 4), partly_read_pages=(7,)))
    assert row["unread"] == "Pages 3-4 could not be read. Page 7 could be read only in part."
    blank = "“a.pdf” has no text that can be searched"
    assert listed(record(state="ready", reason=blank))[0]["unread"] == blank


def test_what_has_to_be_known_of_a_document_stands_with_it_in_words_and_opened_in_sentences() -> None:
    leak = "Page 1 has words under a black box <b>."
    warnings = (ReadingWarning(None, "redline", "It is a redline."), ReadingWarning(1, "leaking_redaction", leak))
    [row] = listed(record(reading_warnings=warnings, recognised_pages=(2, 3, 9)))
    assert row["noted"] == "Leaking redaction, redline, recognised text"
    recognised = "Pages 2-3 and 9 are recognised text: compare it with the image."
    assert (row["notes"], row["grave"]) == ([leak, "It is a redline.", recognised], True)
    assert not {"noted", "notes", "grave"} & set(listed(record())[0])


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ({"stores": "loading", "embedder": "loading", "engine": "loading"}, "Opening the database"),
        ({"stores": "away", "embedder": "loading", "engine": "loading"}, "database is unavailable"),
        ({"stores": "ready", "embedder": "loading", "engine": "away"}, "Search is starting"),
        ({"stores": "ready", "embedder": "ready", "engine": "away"}, "is not available"),
        ({"stores": "ready", "embedder": "ready", "engine": "none"}, "Ready"),
        ({"stores": "ready", "embedder": "ready", "engine": "ready"}, "Ready"),
    ],
)
def test_how_things_stand_is_one_line(states: dict[str, str], words: str) -> None:
    assert words in sidebar.health(states)


@pytest.mark.parametrize(
    ("state", "writer", "words"),
    [
        ("none", "", "Answers are quotations because no writing model is set."),
        ("away", "saul on this computer", "The writing model cannot be reached."),
        ("loading", "", "The writing model is starting."),
        ("ready", "saul at gpu.firm.example", "Answers are written by saul at gpu.firm.example."),
        ("ready", "", "Answers are written by a language model."),
    ],
)
def test_what_writes_the_answers_stands_below_the_question(state: str, writer: str, words: str) -> None:
    line = start.engine(state, writer)
    assert words in line
    assert ('data-dialog="model"' in line) == (state == "none")


def test_the_empty_chat_says_what_to_do_next() -> None:
    assert "Add the first documents" in start.heading("Acme", ready=0, waiting=0)
    assert "Reading 2 documents." in start.heading("Acme", ready=0, waiting=2)
    assert "No document is ready." in start.heading("Acme", ready=0, waiting=0, resting=2)
    assert "Ask about Acme" in start.heading("Acme", ready=1, waiting=0, resting=1)
    assert "Add files" in start.ways(("A?",), ())
    ways = start.ways(("A?", "B?"), [(f"{n}", f"{n}.pdf") for n in range(9)])
    assert [ways.count(f'data-do="{act}"') for act in ("example", "find", "summary")] == [2, 2, 3]


def test_the_scope_is_told_with_the_ids_that_are_chosen() -> None:
    some = [record(), record(id="e" * 64), record(id="f" * 64, state="reading")]
    html = documents.scope(Matter("m", "Acme"), some, ["e" * 64, "f" * 64, "a" * 64], 7)
    assert "Acme – 1 of 3 documents" in html  # what is being read cannot be asked yet
    assert f'"reply":7,"besides":["{"d" * 64}"]' in html
    assert f'"only":["{"e" * 64}"]' in documents.scope(Matter("m", "Acme"), some, ["e" * 64])
    assert '{"reply":0}' in documents.scope(Matter("m", "Acme"), some, None)


def test_a_page_without_an_image_is_shown_as_text_with_the_cited_words_marked() -> None:
    [item, *_] = items(turn(citations=[CITED]).answer)
    struck = PieceOfPage("<i>$9</i>", False, True)
    pieces = (
        PieceOfPage("<b>before</b> ", False),
        PieceOfPage("the <rent>", True),
        struck,
        PieceOfPage(" after", False),
    )
    html = evidence.evidence("m", "t1", [replace(item, page_text=pieces)], 0, "the <rent>")
    shown = re.sub(r"</?span[^>]*>", "", html)
    assert "&lt;b&gt;before&lt;/b&gt; <mark>the &lt;rent&gt;</mark><del>&lt;i&gt;$9&lt;/i&gt;</del> after" in shown
    assert "<img" not in html
    assert "Open the file" in html


def test_evidence_walks_its_own_kind_and_ends_where_it_ends() -> None:
    shown = items(turn(citations=[CITED, CITED], passages=[CITED]).answer)
    html = evidence.evidence("m", "t1", shown, 1, "the rent is $1")
    assert "Citation 2 of 2" in html
    assert 'aria-disabled="true" data-key="next"' in html
    assert re.search(r'data-item="0"[^>]*data-key="previous"[^>]*title="Previous citation">', html)
    assert "/pages/3.png?span=5-9" in html
    assert "#page=3" in html


def test_evidence_of_a_removed_document_says_so() -> None:
    shown = items(turn(citations=[CITED | {"removed": True, "quote": None}]).answer)
    html = evidence.evidence("m", "t1", shown, 0, "")
    assert "This document was removed" in html
    assert "<img" not in html


_AMENDED = {
    "document_id": "a" * 64,
    "document": "First Amendment.pdf",
    "section": "Section 2",
    "page": 1,
    "page_label": "1",
    "action": "deleted",
}


def test_what_amends_a_quotation_stands_beside_it_and_leads_to_its_page() -> None:
    answered = turn(citations=[CITED | {"superseded_by": [_AMENDED]}], amendments=[_AMENDED | RANGE])
    html = chat.turn_html(answered)
    place = len(items(answered.answer)) - 1
    assert items(answered.answer)[place].kind == "Amendment"
    assert f'data-item="{place}" aria-label="Show First Amendment.pdf, Section 2, p.\u00a01"' in html
    assert "Deleted by" in html
    assert "Deleted by First Amendment.pdf, Section 2, p. 1." in copied(answered)


def test_an_amendment_without_its_place_is_named() -> None:
    html = chat.turn_html(turn(citations=[CITED | {"superseded_by": [_AMENDED | {"action": "words_exchanged"}]}]))
    assert '<span class="changed">Changed by First Amendment.pdf, Section 2, p.\u00a01</span>' in html


def test_a_place_of_deleted_words_alone_is_its_page_with_nothing_highlighted() -> None:
    assert page_url("m", "d", 3, [(7, 7)]) == "/matters/m/documents/d/pages/3.png"
    assert page_url("m", "d", 3, [(7, 7), (7, 9)], version=2).endswith("/pages/3.png?span=7-9&version=2")


def test_a_further_file_of_one_name_links_to_what_changed_since_the_one_before() -> None:
    first, second, third, other = (
        record(id=id_ * 64, name=name)
        for id_, name in (("a", "Lease.pdf"), ("b", "Lease (2).pdf"), ("c", "lease (3).pdf"), ("d", "Charter (2).pdf"))
    )
    assert [(row.get("earlier"), row.get("earlier_name")) for row in listed(first, second, third, other)] == [
        (None, None),
        (first.id, "Lease.pdf"),
        (second.id, "Lease (2).pdf"),
        (None, None),
    ]
    assert all("earlier" not in row for row in listed(first, replace(second, state="reading")))
    names = ("Set › 2023 › Lease.pdf", "Set › Other.pdf", "Set › 2024 › Lease.pdf", "Lease.pdf", "Other › Lease.pdf")
    rows = listed(*(replace(first, id=str(k) * 64, name=name) for k, name in enumerate(names)))
    assert [(row["id"], row["earlier"]) for row in rows if "earlier" in row] == [("2" * 64, "0" * 64)]


def test_an_archive_that_was_read_in_part_says_so_and_is_not_tried_again() -> None:
    text = "In “set.zip” 1 file was not read: “b.xlsx” (it is of a kind that is not read)."
    failed = replace(record(name="set.zip"), state="failed", reason=text, format="ZIP")
    in_part = replace(failed, reading_warnings=(ReadingWarning(None, "attachments", text),))
    [row] = listed(failed)
    assert (row["told"][:10], row["act"]) == ("failed: In", "retry")
    [row] = listed(in_part)
    assert (row["told"][:16], row.get("act")) == ("read in part: In", None)
    assert str(row).count("b.xlsx") == 1
