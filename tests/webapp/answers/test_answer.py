"""From a question to a checked answer, on the sample contract with real stores and an engine on loopback."""

import asyncio
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval import Limits, Searcher
from retrieval.search.embedder import LocalEmbedder
from tests.pdfs import make_pdf
from tests.retrieval.stores import Stores, opened
from tests.scans import scanned
from tests.webapp.fake_engine import BARE_401, BUSY, TEMPLATE, FakeEngine, Refusal, Reply
from webapp.answers.answer import Answer, Event, Found, Scope, answer
from webapp.answers.generate import TRIES, Delta, Trouble
from webapp.answers.history import Turn
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
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("answers"), LocalEmbedder(), limits=Limits(ocr=False)) as stores:
        yield stores


@pytest.fixture(scope="module")
def scope(stores: Stores) -> Scope:
    matter = stores.library.create_matter("Sample")
    sample = packaged_sample()
    assert isinstance(sample, Path)
    stores.library.accept_path(matter.id, sample)
    stores.ingest.run()
    return Scope(matter.id, tuple(stores.library.documents(matter.id)))


def events(
    stores: Stores, scope: Scope, backend: Backend, question: str = QUESTION, history: tuple[Turn, ...] = ()
) -> list[Event]:
    searcher = Searcher(stores.library, stores.vectors, stores.lexical, stores.embedder)

    async def run() -> list[Event]:
        stream = answer(
            question, history, scope, library=stores.library, searcher=searcher, lease=lambda: nullcontext(backend)
        )
        return [event async for event in stream]

    return asyncio.run(run())


def last(got: list[Event]) -> Answer:
    assert isinstance(got[-1], Answer)
    return got[-1]


def test_an_answer_streams_and_ends_with_checked_citations(stores: Stores, scope: Scope) -> None:
    with FakeEngine("tgi") as server:
        server.enqueue(Reply(TRUE))
        got = events(stores, scope, Backend(LLMClient(server.url)))
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


def test_a_changed_quotation_is_never_shown_as_one(stores: Stores, scope: Scope) -> None:
    with FakeEngine("tgi") as server:
        server.enqueue(Reply(WRONG))
        end = last(events(stores, scope, Backend(LLMClient(server.url))))
    assert "“ninety" not in end.text
    assert "not found in the source" in end.text
    assert not any(c.verified for c in end.citations)


def test_what_the_documents_do_not_say_is_not_found_and_the_engine_is_not_asked(stores: Stores, scope: Scope) -> None:
    with FakeEngine("tgi") as server:
        end = last(events(stores, scope, Backend(LLMClient(server.url)), "Which songs does the choir sing at Easter?"))
        assert server.asked == []
    assert (end.found, end.citations, end.searched.wider) == (False, (), True)
    assert end.text.startswith("Not found. 1 document, 12 pages")
    assert end.nearest
    assert not end.doubtful


NOTE = """Loan note

1. Sum. Borrower owes Lender $4,000.
2. Rate. Interest is three percent (3%) a year.
3. Law. The laws of Oregon govern this note.
"""


def taken_in(stores: Stores, name: str) -> Scope:
    """A matter with a contract that fits into a context window whole."""
    matter = stores.library.create_matter(name)
    stores.library.accept(matter.id, f"{name}.pdf", make_pdf([NOTE]))
    stores.ingest.run()
    return Scope(matter.id, tuple(stores.library.documents(matter.id)))


def test_where_nothing_is_left_out_the_engine_is_asked_however_unlikely_the_search_finds_it(
    stores: Stores,
) -> None:
    short = taken_in(stores, "Short")
    unlikely = "Which songs does the choir sing at Easter?"
    with FakeEngine("tgi") as server:
        server.enqueue(Reply(["The choir sings “three percent (3%) a year” [1]."]), Reply(["The passages do not say."]))
        said = last(events(stores, short, Backend(LLMClient(server.url)), unlikely))
        unsaid = last(events(stores, short, Backend(LLMClient(server.url)), unlikely))
        assert len(server.asked) == 2
    alone = last(events(stores, short, Backend(None), unlikely))
    assert (said.found, said.doubtful, said.citations[0].verified) == (True, True, True)
    assert (unsaid.found, unsaid.doubtful, unsaid.checked) == (False, False, None)
    assert unsaid.nearest
    assert (alone.found, alone.doubtful, alone.citations) == (False, True, ())
    assert alone.nearest
    assert "Not found" not in alone.text


def test_a_question_in_another_language_is_read_by_the_engine_or_told_that_search_reads_english(
    stores: Stores, scope: Scope
) -> None:
    short = taken_in(stores, "Foreign")
    german = "Wie hoch sind die Zinsen und wer muss sie zahlen?"
    with FakeEngine("tgi") as server:
        server.enqueue(Reply(["Drei Prozent: “three percent (3%) a year” [1]."]))
        read = last(events(stores, short, Backend(LLMClient(server.url)), german))
        alone = last(events(stores, scope, Backend(LLMClient(server.url)), "Wie singt der Chor und wo ist die Orgel?"))
        assert len(server.asked) == 1
    assert (read.found, read.doubtful) == (True, True)
    assert (alone.found, alone.doubtful) == (False, True)
    assert "German" in alone.text
    assert alone.nearest
    by_terms = last(events(stores, scope, Backend(None), "Welches Recht ist anwendbar?"))
    assert (by_terms.found, by_terms.doubtful, by_terms.searched.query) == (True, True, "governing law")
    assert "laws of the State of New York" in by_terms.key_language[0].text


def test_a_misspelled_question_tells_what_was_searched(stores: Stores, scope: Scope) -> None:
    end = last(events(stores, scope, Backend(None), "Can Customer termiante for convenience?"))
    assert end.searched.query == "Can Customer terminate for convenience?"
    right = last(events(stores, scope, Backend(None), "Can Customer terminate for convenience?"))
    assert end.key_language == right.key_language


def test_the_name_of_the_contract_says_nothing_of_which_sentence_answers(stores: Stores) -> None:
    named = taken_in(stores, "Borrower interest rate loan")
    end = last(events(stores, named, Backend(None), "Which law governs the Borrower interest rate loan?"))
    assert "Oregon" in end.key_language[0].text
    assert not [key for key in end.key_language if "three percent" in key.text]
    assert "interest rate" in end.searched.query


def test_an_engine_that_finds_nothing_in_the_passages_leaves_key_language(stores: Stores, scope: Scope) -> None:
    with FakeEngine("tgi") as server:
        server.enqueue(Reply(["The passages do not say."]))
        end = last(events(stores, scope, Backend(LLMClient(server.url))))
    assert end.key_language
    assert end.checked is None


def test_an_engine_that_is_away_is_not_told_to_be_none(stores: Stores, scope: Scope) -> None:
    with FakeEngine() as server:
        url = server.url
    every = events(stores, scope, Backend(LLMClient(url)))
    assert last(every).engine == "away"
    (trouble,) = [event for event in every if isinstance(event, Trouble)]
    assert "kept" not in getattr(trouble.error, "hint", "")


def test_without_an_engine_the_answer_is_key_language(stores: Stores, scope: Scope) -> None:
    end = last(events(stores, scope, Backend(None)))
    assert (end.engine, end.found) == ("none", True)
    assert "“" in end.text
    assert "one hundred eighty (180) days" in end.text


def test_of_contracts_on_one_form_the_odd_one_is_cited_and_the_others_are_counted(stores: Stores) -> None:
    matter = stores.library.create_matter("Forms").id
    law = "This Agreement is governed by the laws of the State of {}."
    form = "1. Term\nThis Agreement lasts for two years and ends without notice.\n2. Governing Law\n" + law
    for name, state in (("Alder", "Ohio"), ("Birch", "Ohio"), ("Cedar", "Utah"), ("Dogwood", "Ohio")):
        stores.library.accept(
            matter, f"{name}.pdf", make_pdf([f"AGREEMENT with {name} Inc.\n" * 12, form.format(state)])
        )
    stores.ingest.run()
    records = {record.id: record for record in stores.library.documents(matter)}
    end = last(events(stores, Scope(matter, tuple(records.values())), Backend(None), "Which law governs?"))
    told = page_result(end, records)
    by_state = {state: next(c for c in told.citations if state in (c.quote or "")) for state in ("Ohio", "Utah")}
    assert (by_state["Ohio"].also_in, by_state["Utah"].also_in) == (2, 0)
    places = [row for row in told.same_words if told.citations[row.citation] == by_state["Ohio"]]
    assert {row.document for row in places} == {"Alder.pdf", "Birch.pdf", "Dogwood.pdf"} - {by_state["Ohio"].document}
    for row in places:
        document = stores.library.document(matter, row.document_id)
        assert law.format("Ohio") in " ".join(document.text[row.start : row.end].split())

    alone = Scope(matter, (records[by_state["Ohio"].document_id],))
    told = page_result(last(events(stores, alone, Backend(None), "Which law governs?")), records)
    assert '"same_words"' not in told.line()
    assert '"also_in"' not in told.line()


def test_a_section_that_is_not_there_is_said_without_asking_the_engine(stores: Stores, scope: Scope) -> None:
    with FakeEngine("tgi") as server:
        end = last(events(stores, scope, Backend(LLMClient(server.url)), "What does Section 99 say?"))
        assert server.asked == []
    assert end.text.startswith("There is no Section 99 in this document; the last is Article 19.")
    assert (end.found, end.citations, end.searched.wider) == (False, (), False)
    assert end.nearest


def test_without_an_engine_the_parties_are_quoted_from_the_preamble_and_nothing_else(
    stores: Stores, scope: Scope
) -> None:
    end = last(events(stores, scope, Backend(None), "Who are the parties?"))
    (cited,) = end.citations
    assert cited.page == 3  # after a cover and the contents
    assert cited.quote is not None
    assert "between" in cited.quote


FAULTS: list[tuple[Reply | Refusal, type[EngineError], str]] = [
    (Reply(TRUE, fault="error line"), EngineFault, "".join(TRUE)),
    (Reply(TRUE, fault="drop"), StreamCut, "".join(TRUE)),
    (Reply(TRUE, first=5), EngineSilent, ""),
    (BUSY, EngineBusy, ""),
    (BARE_401, EngineKeyRefused, ""),
    (TEMPLATE, EngineRefused, ""),
]


@pytest.mark.slow
@pytest.mark.parametrize(("reply", "error", "kept"), FAULTS, ids=[error.__name__ for _, error, _ in FAULTS])
def test_whatever_happens_to_the_engine_text_and_key_language_stay(
    stores: Stores, scope: Scope, reply: Reply | Refusal, error: type[EngineError], kept: str
) -> None:
    with FakeEngine("tgi") as server:
        server.enqueue(*[reply] * TRIES)
        got = events(stores, scope, Backend(LLMClient(server.url, timeouts=QUICK)))
    (trouble,) = [event for event in got if isinstance(event, Trouble)]
    assert type(trouble.error) is error
    assert "".join(event.text for event in got if isinstance(event, Delta)) == kept
    assert last(got).key_language
    assert last(got).found


def test_an_engine_that_is_away_is_said_and_key_language_is_there(stores: Stores, scope: Scope) -> None:
    got = events(stores, scope, Backend(LLMClient("http://127.0.0.1:9", timeouts=QUICK)))
    (trouble,) = [event for event in got if isinstance(event, Trouble)]
    assert type(trouble.error) is EngineAway
    assert last(got).key_language


def test_stopping_closes_the_connection_to_the_engine(stores: Stores, scope: Scope) -> None:
    searcher = Searcher(stores.library, stores.vectors, stores.lexical, stores.embedder)

    async def run(server: FakeEngine) -> None:
        backend = Backend(LLMClient(server.url))
        stream = answer(
            QUESTION, (), scope, library=stores.library, searcher=searcher, lease=lambda: nullcontext(backend)
        )
        async for event in stream:
            if isinstance(event, Delta):
                break
        await stream.aclose()
        assert await asyncio.to_thread(server.hung_up.acquire, timeout=30)

    with FakeEngine("tgi") as server:
        server.enqueue(Reply(["word "] * 1000, pace=0.02))
        asyncio.run(run(server))


def test_a_follow_up_keeps_what_the_conversation_is_about(stores: Stores, scope: Scope) -> None:
    before = Turn(QUESTION, "Yes, by 180 days' notice [1].", QUESTION)
    end = last(events(stores, scope, Backend(None), "And what does that cost?", (before,)))
    assert end.searched.query == f"{QUESTION} And what does that cost?"
    assert end.budget.history > 0
    assert any(p.page == 8 for p in end.passages)


def test_no_documents_in_scope_is_not_found_in_none(stores: Stores, scope: Scope) -> None:
    end = last(events(stores, replace(scope, records=()), Backend(None)))
    assert not end.found
    assert end.text.startswith("Not found. 0 documents")


def test_a_scan_is_not_found_in_for_nothing_of_it_could_be_read(stores: Stores, tmp_path: Path) -> None:
    matter = stores.library.create_matter("Scans")
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(scanned("The tenant pays the rent on the first day.", "The deposit is held in trust."))
    stores.library.accept_path(matter.id, scan)
    stores.ingest.run()
    end = last(events(stores, Scope(matter.id, tuple(stores.library.documents(matter.id))), Backend(None)))
    assert (end.found, end.passages) == (False, ())
    assert end.text.startswith("Not found. 1 document, 2 pages: none could be read")


def test_where_nothing_is_found_what_was_not_read_is_named(stores: Stores, scope: Scope) -> None:
    sample = replace(scope.records[0], unreadable_pages=(2, 3), partly_read_pages=(7,))
    failed = replace(sample, id="f", name="form.pdf", state="failed")
    archive = replace(failed, id="z", name="set.zip", format="ZIP")
    in_part = replace(scope, records=(sample,), unread=(failed, archive))
    unread = (
        f"Pages 2-3 of {sample.name} could not be read. Page 7 of {sample.name} could be read only in part. "
        "form.pdf could not be read. set.zip could not be read whole."
    )
    for question, told in (
        ("Which songs does the choir sing at Easter?", "Not found. 1 document, 10 of 12 pages searched"),
        ("What does Section 99 say?", "There is no Section 99"),
        ("How many mentions of zebra are there?", "“zebra” is mentioned nowhere in 1 document"),
    ):
        end = last(events(stores, in_part, Backend(None), question))
        assert end.text.startswith(told)
        assert unread.removesuffix(" form.pdf could not be read. set.zip could not be read whole.") in end.text
        assert end.found is False
    assert end.searched.coverage.unread in unread


@pytest.mark.parametrize("question", ["", "  \n"])
def test_an_empty_question_is_refused(stores: Stores, scope: Scope, question: str) -> None:
    with pytest.raises(EmptyQuestion):
        events(stores, scope, Backend(None), question)
