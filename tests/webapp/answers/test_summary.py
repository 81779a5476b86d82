"""From a document to its summary, with an engine on loopback."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from retrieval.core.documents import Remark
from tests.documents import document
from tests.webapp.answers.test_statements import LEASE
from tests.webapp.fake_engine import BUSY, FakeEngine, Reply, ThinkingEngine
from webapp.answers.generate import Delta, Trouble
from webapp.answers.statements import essence
from webapp.answers.summary import Event, Lines, Part, Summary, clause_range, summary
from webapp.core.errors import EngineAway, EngineBusy, StreamCut
from webapp.llm.client import LLMClient, Timeouts
from webapp.llm.pool import Backend, Lease
from webapp.llm.tokenizer import mistral

DOCUMENT = document(LEASE)
# The clauses as they are numbered before the engine; the definitions are not sent.
PARTIES, RENT, END, LAW, REPAIRS = 1, 2, 3, 4, 5
TRUE = (
    f"The rent is “$4,200”, due on the first day of each month [{RENT}].\n- Either party may end it by ninety days' "
    f"notice [{END}].\n"
)
FALSE = f"The lease is governed by the laws of Ohio [{LAW}]. “Painting is always allowed” [{REPAIRS}]."


def lease_of(url: str) -> Lease:
    @asynccontextmanager
    async def lease() -> AsyncIterator[Backend]:
        yield Backend(LLMClient(url, timeouts=Timeouts(connect=0.4, first=0.4, silence=0.4)))

    return lease


def events(lease: Lease | None, of: object = DOCUMENT) -> list[Event]:
    async def run() -> list[Event]:
        return [event async for event in summary(of, lease)]  # type: ignore[arg-type]

    return asyncio.run(run())


def end(got: list[Event]) -> Summary:
    assert isinstance(got[-1], Summary)
    return got[-1]


def told(got: Summary, label: str) -> list[str | None]:
    return [line.text for clause in got.clauses if clause.label == label for line in clause.lines]


def test_without_an_engine_every_clause_is_told_in_its_own_words() -> None:
    got = events(None)
    assert [type(event) for event in got] == [Part, Lines, Summary]
    last = end(got)
    assert (last.engine, last.written) == ("none", 0)
    quoted = [[c.quote for line in clause.lines for c in line.citations] for clause in last.clauses]
    assert quoted == [[s.text for s in group.statements] for group in essence(DOCUMENT)]
    assert all(c.verified for clause in last.clauses for line in clause.lines for c in line.citations)


def test_the_words_of_a_scan_are_told_as_recognised_text() -> None:
    scan = replace(DOCUMENT, remarks=(Remark(0, len(DOCUMENT.text), "recognised", detail="93"),))
    lines = [line for clause in end(events(None, scan)).clauses for line in clause.lines]
    assert lines
    assert {state for line in lines for state in line.states} == {("compared", "recognised")}


def test_what_is_written_and_passes_is_a_line_and_what_fails_is_the_clause_itself() -> None:
    with FakeEngine("tgi") as server:
        server.enqueue(Reply([TRUE, FALSE]))
        got = events(lease_of(server.url))
    last = end(got)
    assert "".join(e.text for e in got if isinstance(e, Delta)) == TRUE + FALSE
    assert told(last, "Section 2") == ["The rent is “$4,200”, due on the first day of each month."]
    assert told(last, "Section 3") == ["Either party may end it by ninety days' notice."]
    assert told(last, "Section 4") == [None]  # Ohio is on no page
    assert told(last, "Section 5") == [None]
    assert told(last, "") == [None]  # nothing was written of it
    assert (last.engine, last.written) == ("tgi", 2)
    (line,) = last.clauses[2].lines
    assert [(c.quote, c.verified) for c in line.citations] == [("$4,200", True)]


def test_definitions_are_told_and_not_sent() -> None:
    with FakeEngine("tgi") as server:
        server.enqueue(Reply([TRUE]))
        got = events(lease_of(server.url))
    sent = server.asked[0]["messages"][-1]["content"]
    assert "“Premises” means" not in sent
    assert [s.term for s in end(got).clauses[1].definitions] == ["Premises", "Rent", "Term"]


@pytest.mark.parametrize("window", [700, 1024, 4096])
def test_every_part_fits_the_window_and_every_clause_is_in_one(window: int) -> None:
    sentence = "The Supplier shall deliver goods of kind {n}-{i} within ten (10) days after each order. "
    clauses = (f"{n}. Heading {n}\n" + "".join(sentence.format(n=n, i=i) for i in range(9)) for n in range(1, 13))
    long = document("\n".join(clauses))
    with FakeEngine("tgi", window=window) as server:
        got = events(lease_of(server.url), long)
    parts = [event for event in got if isinstance(event, Part)]
    assert [part.n for part in parts] == list(range(1, parts[0].of + 1))
    assert len(server.asked) == len(parts)
    assert (len(parts) > 1) == (window < 4096)
    numbers: list[int] = []
    for asked in server.asked:
        tokens = sum(mistral()(turn["content"]) for turn in asked["messages"])
        assert tokens + asked["max_tokens"] <= window
        numbers += map(int, re.findall(r"(?m)^\[(\d+)\] ", asked["messages"][-1]["content"]))
    assert numbers == list(range(1, 13))
    assert [clause.label for clause in end(got).clauses] == [f"Section {n}" for n in range(1, 13)]


def test_an_engine_that_fails_half_way_is_told_once_and_the_rest_is_the_documents_own() -> None:
    with FakeEngine("tgi") as server:
        server.enqueue(Reply([TRUE], fault="drop"))
        got = events(lease_of(server.url))
    (trouble,) = [event for event in got if isinstance(event, Trouble)]
    assert isinstance(trouble.error, StreamCut)
    assert told(end(got), "Section 2") == ["The rent is “$4,200”, due on the first day of each month."]
    assert told(end(got), "Section 4") == [None]


@pytest.mark.parametrize(("busy", "error"), [(True, EngineBusy), (False, EngineAway)])
def test_an_engine_that_is_busy_or_away_takes_no_clause_from_the_summary(busy: bool, error: type[Exception]) -> None:
    with FakeEngine("tgi") as server:
        server.enqueue(BUSY)
        got = events(lease_of(server.url if busy else "http://127.0.0.1:9"))
    (trouble,) = [event for event in got if isinstance(event, Trouble)]
    assert isinstance(trouble.error, error)
    assert [len(clause.lines) for clause in end(got).clauses] == [len(g.statements) for g in essence(DOCUMENT)]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (("Section 4", "Section 5", "Section 6"), "Sections 4–6"),
        (("", "Section 1"), "Section 1"),
        (("",), "the opening"),
        (("Article 19", "Schedule 1"), "Article 19 – Schedule 1"),
    ],
)
def test_a_part_is_named_by_its_clauses(labels: tuple[str, ...], words: str) -> None:
    group = essence(DOCUMENT)[0]
    assert clause_range([type(group)(label, "", "", ()) for label in labels]) == words


def test_a_summary_of_a_model_that_thinks_begins_once_more_with_room_for_it() -> None:
    with ThinkingEngine("vllm", thoughts=1200, answer=TRUE) as server:
        client = LLMClient(server.url)

        @asynccontextmanager
        async def lease() -> AsyncIterator[Backend]:
            yield Backend(client)

        got = events(lease)
    assert told(end(got), "Section 2") == ["The rent is “$4,200”, due on the first day of each month."]
    assert not [event for event in got if isinstance(event, Trouble)]
    assert [asked["max_tokens"] for asked in server.asked] == [1024, 2560]
