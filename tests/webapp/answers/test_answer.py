"""From a question to a checked answer, on the sample contract with real stores and an engine on loopback."""

import asyncio
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval import Searcher
from retrieval.search.embedder import LocalEmbedder
from tests.pdfs import drawings, make_pdf
from tests.retrieval.rooms import Room, opened
from tests.webapp.fake_engine import BARE_401, BUSY, TEMPLATE, FakeEngine, Refusal, Reply
from webapp.answers.answer import Answer, Event, Found, Scope, answer
from webapp.answers.follow_up import Turn
from webapp.answers.generate import TRIES, Delta, Trouble
from webapp.core.errors import (
    EmptyQuestion,
    EngineAway,
    EngineBusy,
    EngineError,
    EngineFault,
    EngineKeyRefused,
    EngineRefused,
    EngineSilent,
    StreamCut,
)
from webapp.llm.client import LLMClient, Timeouts
from webapp.llm.pool import Backend
from webapp.service.ask import page_result
from webapp.service.workspace import packaged_sample

QUICK = Timeouts(connect=0.4, first=0.4, silence=0.4)
QUESTION = "Can Customer terminate for convenience, and with what notice?"
TRUE = ["Yes. Customer may end it by “one hundred eighty (180) days’ notice” ", "[1]."]
WRONG = ["Customer may end it by “ninety (90) days’ notice” ", "[1]."]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with opened(tmp_path_factory.mktemp("answers"), LocalEmbedder()) as room:
        yield room


@pytest.fixture(scope="module")
def scope(room: Room) -> Scope:
    matter = room.library.create_matter("Sample")
    sample = packaged_sample()
    assert isinstance(sample, Path)
    room.library.accept_path(matter.id, sample)
    room.ingest.run()
    return Scope(matter.id, tuple(room.library.documents(matter.id)))


def events(
    room: Room, scope: Scope, backend: Backend, question: str = QUESTION, history: tuple[Turn, ...] = ()
) -> list[Event]:
    searcher = Searcher(room.library, room.vectors, room.lexical, room.embedder)

    async def run() -> list[Event]:
        stream = answer(
            question, history, scope, library=room.library, searcher=searcher, lease=lambda: nullcontext(backend)
        )
        return [event async for event in stream]

    return asyncio.run(run())


def last(got: list[Event]) -> Answer:
    assert isinstance(got[-1], Answer)
    return got[-1]


def test_an_answer_streams_and_ends_with_checked_citations(room: Room, scope: Scope) -> None:
    with FakeEngine("tgi") as server:
        server.enqueue(Reply(TRUE))
        got = events(room, scope, Backend(LLMClient(server.url)))
    assert isinstance(got[0], Found)
    assert [event.text for event in got[1:-1] if isinstance(event, Delta)] == TRUE
    end = last(got)
    (cited,) = end.citations
    assert (cited.verified, cited.page, cited.page_label, cited.section[:12]) == (True, 8, "6", "Section 14.1")
    assert cited.quote == "one hundred eighty (180) days’ notice"
    assert (end.found, end.engine) == (True, "tgi")
    sent = server.asked[0]["messages"][-1]["content"]
    assert sent.endswith(f"Question: {QUESTION}")
    assert "[1] sample-supply-agreement.pdf, " in sent


def test_a_changed_quotation_is_never_shown_as_one(room: Room, scope: Scope) -> None:
    with FakeEngine("tgi") as server:
        server.enqueue(Reply(WRONG), Reply(WRONG))
        trusted = last(events(room, scope, Backend(LLMClient(server.url))))
        bundled = last(events(room, scope, Backend(LLMClient(server.url), trusted=False)))
    assert "“ninety" not in trusted.text
    assert "not found in the source" in trusted.text
    assert not any(c.verified for c in trusted.citations)
    assert "ninety (90) days’ notice" not in bundled.text
    assert "one hundred eighty (180) days’ notice" in bundled.text
    assert all(c.verified for c in bundled.citations)


def test_what_the_documents_do_not_say_is_not_found_and_the_engine_is_not_asked(room: Room, scope: Scope) -> None:
    with FakeEngine("tgi") as server:
        end = last(events(room, scope, Backend(LLMClient(server.url)), "Which songs does the choir sing at Easter?"))
        assert server.asked == []
    assert (end.found, end.citations, end.searched.wider) == (False, (), True)
    assert end.text.startswith("Not found. 1 document, 12 pages")


def test_an_engine_that_finds_nothing_in_the_passages_leaves_key_language(room: Room, scope: Scope) -> None:
    with FakeEngine("tgi") as server:
        server.enqueue(Reply(["The passages do not say."]))
        end = last(events(room, scope, Backend(LLMClient(server.url))))
    assert end.key_language
    assert end.checked is None


def test_without_an_engine_the_answer_is_key_language(room: Room, scope: Scope) -> None:
    end = last(events(room, scope, Backend(None)))
    assert (end.engine, end.found) == ("none", True)
    assert "“" in end.text
    assert "one hundred eighty (180) days" in end.text


def test_of_contracts_on_one_form_the_odd_one_is_cited_and_the_others_are_counted(room: Room) -> None:
    matter = room.library.create_matter("Forms").id
    law = "This Agreement is governed by the laws of the State of {}."
    form = "1. Term\nThis Agreement lasts for two years and ends without notice.\n2. Governing Law\n" + law
    for name, state in (("Alder", "Ohio"), ("Birch", "Ohio"), ("Cedar", "Utah"), ("Dogwood", "Ohio")):
        room.library.accept(matter, f"{name}.pdf", make_pdf([f"AGREEMENT with {name} Inc.\n" * 12, form.format(state)]))
    room.ingest.run()
    records = {record.id: record for record in room.library.documents(matter)}
    end = last(events(room, Scope(matter, tuple(records.values())), Backend(None), "Which law governs?"))
    told = page_result(end, records)
    by_state = {state: next(c for c in told.citations if state in (c.quote or "")) for state in ("Ohio", "Utah")}
    assert (by_state["Ohio"].also_in, by_state["Utah"].also_in) == (2, 0)
    places = [row for row in told.same_words if told.citations[row.citation] == by_state["Ohio"]]
    assert {row.document for row in places} == {"Alder.pdf", "Birch.pdf", "Dogwood.pdf"} - {by_state["Ohio"].document}
    for row in places:
        document = room.library.document(matter, row.document_id)
        assert law.format("Ohio") in " ".join(document.text[row.start : row.end].split())

    alone = Scope(matter, (records[by_state["Ohio"].document_id],))
    told = page_result(last(events(room, alone, Backend(None), "Which law governs?")), records)
    assert '"same_words"' not in told.line()
    assert '"also_in"' not in told.line()


FAULTS: list[tuple[Reply | Refusal, type[EngineError], str]] = [
    (Reply(TRUE, fault="error line"), EngineFault, "".join(TRUE)),
    (Reply(TRUE, fault="drop"), StreamCut, "".join(TRUE)),
    (Reply(TRUE, first=5), EngineSilent, ""),
    (BUSY, EngineBusy, ""),
    (BARE_401, EngineKeyRefused, ""),
    (TEMPLATE, EngineRefused, ""),
]


@pytest.mark.parametrize(("reply", "error", "kept"), FAULTS, ids=[error.__name__ for _, error, _ in FAULTS])
def test_whatever_happens_to_the_engine_text_and_key_language_stay(
    room: Room, scope: Scope, reply: Reply | Refusal, error: type[EngineError], kept: str
) -> None:
    with FakeEngine("tgi") as server:
        server.enqueue(*[reply] * TRIES)
        got = events(room, scope, Backend(LLMClient(server.url, timeouts=QUICK)))
    (trouble,) = [event for event in got if isinstance(event, Trouble)]
    assert type(trouble.error) is error
    assert "".join(event.text for event in got if isinstance(event, Delta)) == kept
    assert last(got).key_language
    assert last(got).found


def test_an_engine_that_is_away_is_said_and_key_language_is_there(room: Room, scope: Scope) -> None:
    got = events(room, scope, Backend(LLMClient("http://127.0.0.1:9", timeouts=QUICK)))
    (trouble,) = [event for event in got if isinstance(event, Trouble)]
    assert type(trouble.error) is EngineAway
    assert last(got).key_language


def test_stopping_closes_the_connection_to_the_engine(room: Room, scope: Scope) -> None:
    searcher = Searcher(room.library, room.vectors, room.lexical, room.embedder)

    async def run(server: FakeEngine) -> None:
        backend = Backend(LLMClient(server.url))
        stream = answer(
            QUESTION, (), scope, library=room.library, searcher=searcher, lease=lambda: nullcontext(backend)
        )
        async for event in stream:
            if isinstance(event, Delta):
                break
        await stream.aclose()
        assert await asyncio.to_thread(server.hung_up.acquire, timeout=5)

    with FakeEngine("tgi") as server:
        server.enqueue(Reply(["word "] * 1000, pace=0.02))
        asyncio.run(run(server))


def test_a_follow_up_keeps_what_the_conversation_is_about(room: Room, scope: Scope) -> None:
    before = Turn(QUESTION, "Yes, by 180 days' notice [1].", QUESTION)
    end = last(events(room, scope, Backend(None), "And what does that cost?", (before,)))
    assert end.searched.query == f"{QUESTION} And what does that cost?"
    assert end.budget.history > 0
    assert any(p.page == 8 for p in end.passages)


def test_no_documents_in_scope_is_not_found_in_none(room: Room, scope: Scope) -> None:
    end = last(events(room, replace(scope, records=()), Backend(None)))
    assert not end.found
    assert end.text.startswith("Not found. 0 documents")


def test_a_scan_is_not_found_in_for_nothing_of_it_could_be_read(room: Room, tmp_path: Path) -> None:
    matter = room.library.create_matter("Scans")
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(drawings(2))
    room.library.accept_path(matter.id, scan)
    room.ingest.run()
    end = last(events(room, Scope(matter.id, tuple(room.library.documents(matter.id))), Backend(None)))
    assert (end.found, end.passages) == (False, ())
    assert end.text.startswith("Not found. 1 document, 2 pages: none could be read")


@pytest.mark.parametrize("question", ["", "  \n"])
def test_an_empty_question_is_refused(room: Room, scope: Scope, question: str) -> None:
    with pytest.raises(EmptyQuestion):
        events(room, scope, Backend(None), question)
