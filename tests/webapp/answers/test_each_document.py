"""A question that is put to every document: a row for each, on real stores with an engine on loopback that copies."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import pytest

from retrieval import DocumentRecord
from tests.webapp.fake_engine import CopyingEngine, FakeEngine, Refusal, Reply
from tests.webapp.page.pages import ready
from webapp.answers.answer import Answer, Scope
from webapp.answers.document_row import DocumentAnswer, not_found
from webapp.answers.each_document import (
    AT_ONCE,
    EachQuestion,
    Row,
    Windows,
    as_amended,
    counts,
    each_document,
    put_to_each,
)
from webapp.answers.generate import Trouble
from webapp.core.errors import EngineBusy
from webapp.core.marks import QUOTED
from webapp.core.settings import load_settings
from webapp.llm.client import LLMClient
from webapp.llm.pool import Backend
from webapp.service.ask import answer_result
from webapp.service.workspace import Workspace
from webapp.store.users import LOCAL_USER

OF = 9  # leases
STATES = ("Texas", "Ohio", "Nevada")
QUESTION = "Which of my contracts allow subletting of the premises?"
MAY, MAY_NOT = (
    "Tenant may sublet the premises to any person. Tenant stays liable for the rent and for all else that it owes",
    "Tenant shall not sublet the premises or any part of them. A sublease that Tenant makes all the same binds nobody",
)


def lease(n: int) -> str:
    """A lease: of three in a row one allows subletting, one forbids it, one says nothing of it."""
    clauses = [
        f"Rent. The monthly rent is ${1000 + n}, due on the first day of each month. It is paid to the account that "
        "Landlord names in writing before the first payment falls due",
        "Repairs. Landlord shall keep the roof, the walls and the pipes in repair at its own cost. Tenant shall tell "
        "Landlord at once of any damage that it sees, and shall let workmen in",
        f"Governing Law. This Lease is governed by the laws of the State of {STATES[n % 3]}. It replaces all that was "
        "said between the parties before it was signed",
        *(f"Subletting. {words}" for words in ((MAY,), (MAY_NOT,), ())[n % 3]),
        "Notices. Every notice must be sent by registered post to the office of the other party that is named above",
    ]
    more = (
        " under this Lease, whether or not anybody has asked for it, from the day on which the term begins until "
        "the day on which it has ended and the keys have been given back"
    )
    numbered = "".join(f"{i}. {clause}{more}.\n" for i, clause in enumerate(clauses, 1))
    return f"LEASE {n}\nThis Lease is made between Larkspur {n} Holdings and Bramble {n} Foods.\n{numbered}"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace(load_settings(data_dir=tmp_path_factory.mktemp("data"))) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def scope(workspace: Workspace) -> Scope:
    matter = workspace.access.create(LOCAL_USER, "Leases")
    records = [ready(workspace, matter, f"lease {n:02}.pdf", lease(n)) for n in range(OF)]
    return Scope(matter.id, tuple(records))


class Places:
    """The places of a queue that has some to spare."""

    def __init__(self, spare: int) -> None:
        self.spare, self.most, self._taken = spare, 0, 0

    def borrow(self) -> "Places | None":
        if self._taken >= self.spare:
            return None
        self._taken += 1
        self.most = max(self.most, self._taken)
        return self

    def leave(self) -> None:
        self._taken -= 1


def windows(engine: FakeEngine, places: Places | None = None) -> Windows:
    client = LLMClient(engine.url)
    return Windows(lambda: nullcontext(Backend(client)), (places or Places(AT_ONCE)).borrow)


def asked_of(workspace: Workspace, scope: Scope, question: str = QUESTION) -> EachQuestion:
    asked = put_to_each(question, scope, workspace.searcher)
    assert asked is not None
    return asked


@dataclass
class WritingEngine(FakeEngine):
    """Writes one sentence, whatever it is asked; "[rent]" in it is the number of the passage that has the rent."""

    written: str = ""

    def reply_to(self, asked: dict[str, Any]) -> Reply | Refusal:
        before = asked["messages"][-1]["content"].partition("The monthly rent is")[0]
        number = re.findall(r"^\[(\d+)\] ", before, re.MULTILINE)[-1:]
        return Reply((self.written.replace("[rent]", f"[{''.join(number)}]"),))


@asynccontextmanager
async def events(
    workspace: Workspace, scope: Scope, how: Windows | None, question: str = QUESTION
) -> AsyncIterator[AsyncIterator[EachQuestion | Row | Trouble | Answer]]:
    asked = asked_of(workspace, scope, question)
    stream = each_document(asked, scope, library=workspace.library, searcher=workspace.searcher, windows=how)
    try:
        yield stream
    finally:
        await stream.aclose()


def run(
    workspace: Workspace, scope: Scope, how: Windows | None, question: str = QUESTION
) -> tuple[Answer, list[EachQuestion | Row | Trouble | Answer]]:
    async def collect() -> list[EachQuestion | Row | Trouble | Answer]:
        async with events(workspace, scope, how, question) as stream:
            return [event async for event in stream]

    got = asyncio.run(collect())
    assert isinstance(got[-1], Answer)
    return got[-1], got


def by_kind(answer: Answer) -> list[set[tuple[str, str]]]:
    """States and answers of the leases that allow subletting, forbid it, and say nothing."""
    return [{(row.state, row.answer) for row in answer.documents[n::3]} for n in range(3)]


def test_every_document_has_one_row_without_an_engine(workspace: Workspace, scope: Scope) -> None:
    answer, got = run(workspace, scope, None)
    assert [row.record.name for row in answer.documents] == [record.name for record in scope.records]
    allow, forbid, silent = by_kind(answer)
    assert allow == {("found", "yes")}
    assert {state for state, _ in forbid} == {"found"}
    assert "yes" not in {words for _, words in forbid}
    assert "found" not in {state for state, _ in silent}
    assert [event.done for event in got if isinstance(event, Row)] == list(range(1, OF + 1))
    assert answer.engine == "none"


def test_a_value_is_read_from_the_clause_of_each(workspace: Workspace, scope: Scope) -> None:
    answer, _ = run(workspace, scope, None, "What is the governing law of each lease?")
    assert [row.answer for row in answer.documents[:6]] == [*STATES, *STATES]
    assert all("Governing Law" in row.citations[0].section for row in answer.documents)


def test_an_engine_writes_a_window_for_each_and_what_it_quotes_is_checked(workspace: Workspace, scope: Scope) -> None:
    with CopyingEngine("tgi") as engine:
        answer, _ = run(workspace, scope, windows(engine))
    allow, forbid, silent = by_kind(answer)
    assert {state for state, _ in allow | forbid} == {"found"}
    assert "found" not in {state for state, _ in silent}
    assert [citation.n for citation in answer.citations] == list(range(1, len(answer.citations) + 1))
    for row in answer.documents:
        for citation in row.citations:
            assert citation.verified
            assert citation.document_id == row.record.id
    for body in engine.asked:  # no window holds words of two documents
        prompt = body["messages"][-1]["content"]
        assert sum(f"Larkspur {n} Holdings" in prompt for n in range(OF)) <= 1


def test_windows_are_written_at_once_as_far_as_the_queue_has_places(workspace: Workspace, scope: Scope) -> None:
    with CopyingEngine("tgi", first=0.05) as engine:
        few, many = Places(2), Places(100)
        run(workspace, replace(scope, records=scope.records[:6]), windows(engine, few))
        run(workspace, scope, windows(engine, many))
    assert few.most == 2
    assert many.most == AT_ONCE - 1
    assert (few._taken, many._taken) == (0, 0), "every place is given back"


def test_a_document_whose_window_failed_says_so_and_the_others_are_answered(workspace: Workspace, scope: Scope) -> None:
    with CopyingEngine("tgi", breaks="Larkspur 3 Holdings") as engine:
        answer, got = run(workspace, scope, windows(engine))
    states = {row.record.name: row.state for row in answer.documents}
    assert states.pop("lease 03.pdf") == "failed"
    assert "failed" not in states.values()
    failed = answer.documents[3]
    assert failed.citations[0].quote is not None, "what the search found is there all the same"
    assert failed.reason == str(EngineBusy())
    assert [type(event.error) for event in got if isinstance(event, Trouble)] == [EngineBusy]
    assert "failed in 1" in answer.text


def test_a_window_that_failed_is_written_again_at_the_end(workspace: Workspace, scope: Scope) -> None:
    with CopyingEngine("tgi", breaks="Larkspur 3 Holdings", refusals=3) as engine:  # as often as one window is tried
        answer, got = run(workspace, scope, windows(engine))
    rows = [event.answer for event in got if isinstance(event, Row)]
    assert [row.state for row in rows if row.record.name == "lease 03.pdf"] == ["failed", "found"]
    assert answer.documents[3].state == "found"
    assert not [event for event in got if isinstance(event, Trouble)]


def test_when_the_engine_goes_midway_what_was_written_stays(workspace: Workspace, scope: Scope) -> None:
    engine = CopyingEngine("tgi", first=0.05)

    async def watch() -> Answer:
        nine = replace(scope, records=scope.records[:9])
        async with events(workspace, nine, windows(engine, Places(1))) as stream:
            async for event in stream:
                if isinstance(event, Row) and event.done == 5:
                    engine.kill()
                if isinstance(event, Answer):
                    return event
        raise AssertionError

    with engine:
        answer = asyncio.run(watch())
    states = [row.state for row in answer.documents]
    assert "failed" in states
    assert states.count("found") >= 2
    assert len(states) == 9


def test_closing_the_stream_ends_every_window(workspace: Workspace, scope: Scope) -> None:
    places = Places(1)

    async def leave() -> int:
        async with events(workspace, scope, windows(engine, places)) as stream:
            async for event in stream:
                if isinstance(event, Row) and event.done == 3:
                    break
        await asyncio.sleep(0.2)  # iterators of the HTTP client end by themselves
        return len(asyncio.all_tasks())

    with CopyingEngine("tgi", pace=0.05) as engine:
        assert asyncio.run(leave()) == 1, "only the test's own task is left"
        asked = len(engine.asked)
    assert asked < OF
    assert places._taken == 0


def test_documents_that_could_not_be_read_have_a_row(workspace: Workspace, scope: Scope) -> None:
    first, second, third = scope.records[:3]
    records = (
        replace(first, state="failed", reason="It is encrypted."),
        replace(second, state="reading"),
        replace(third, unreadable_pages=(1,)),
    )
    answer, _ = run(workspace, Scope.of(scope.matter_id, records), None)
    assert [(row.state, row.reason) for row in answer.documents] == [
        ("not_read", "It is encrypted."),
        ("not_read", "It is not ready yet."),
        ("not_read", "None of its pages has text; it may be a scan."),
    ]
    assert answer.found is False


def test_nothing_found_where_pages_could_not_be_read_is_no_not_found(workspace: Workspace, scope: Scope) -> None:
    silent = replace(scope.records[2], pages=3, unreadable_pages=(2,))
    answer, _ = run(workspace, Scope.of(scope.matter_id, (silent, scope.records[0])), None)
    row = next(row for row in answer.documents if row.record.id == silent.id)
    assert row.state in ("not_read", "unclear")
    assert row.reason


def test_a_row_in_which_nothing_was_found_names_the_pages_that_were_not_read(scope: Scope) -> None:
    record = scope.records[0]
    silent, in_part = replace(record, unreadable_pages=(2, 3)), replace(record, partly_read_pages=(1,))
    rows = [not_found(record), not_found(silent), not_found(in_part), not_found(silent, "It has no date.")]
    assert [(row.state, row.reason) for row in rows] == [
        ("not_found", ""),
        ("not_read", "Not found in what was read. Pages 2-3 could not be read."),
        ("not_found", "Not found in what was read. Page 1 could be read only in part."),
        ("not_read", "It has no date. Pages 2-3 could not be read."),
    ]


@pytest.mark.parametrize(
    "question",
    [
        "Compare the monthly rent in lease 04.pdf and lease 07.pdf",
        "Is the monthly rent in lease 04.pdf higher than in that of Larkspur 7 Holdings?",
    ],
)
def test_a_comparison_is_put_to_the_documents_it_names(workspace: Workspace, scope: Scope, question: str) -> None:
    answer, _ = run(workspace, scope, None, question)
    assert [row.record.name for row in answer.documents] == ["lease 04.pdf", "lease 07.pdf"]
    assert [row.answer for row in answer.documents] == ["$1004", "$1007"]


def test_kinds_of_paper_set_side_by_side_are_put_to_all(workspace: Workspace, scope: Scope) -> None:
    asked = asked_of(workspace, scope, "What is the difference between the lease and the loan on repairs?")
    assert len(asked.records) == OF


@pytest.mark.parametrize("question", ["Compare the clauses on rent.", "How do the repair provisions differ?"])
def test_a_comparison_without_names_is_put_to_all(workspace: Workspace, scope: Scope, question: str) -> None:
    assert len(asked_of(workspace, scope, question).records) == OF


@pytest.mark.parametrize(
    "question",
    [
        "What is the monthly rent?",
        "Does lease 04.pdf refer to other agreements that have a cap on rent?",
        "Is the rent higher than last year?",
    ],
)
def test_other_questions_are_put_to_all_together(workspace: Workspace, scope: Scope, question: str) -> None:
    assert put_to_each(question, scope, workspace.searcher) is None


def test_one_document_in_scope_is_asked_as_always(workspace: Workspace, scope: Scope) -> None:
    assert put_to_each(QUESTION, replace(scope, records=scope.records[:1]), workspace.searcher) is None


def test_counts_say_every_state(scope: Scope) -> None:
    record: DocumentRecord = scope.records[0]
    rows = [
        *[DocumentAnswer(record, "found", "yes")] * 3,
        DocumentAnswer(record, "found", "no"),
        DocumentAnswer(record, "not_found"),
        DocumentAnswer(record, "unclear"),
        DocumentAnswer(record, "not_read"),
        DocumentAnswer(record, "failed"),
    ]
    assert counts(rows) == (
        "Found in 4 of 8 documents (yes in 3, no in 1); not found in 1; unclear in 1; not read: 1; failed in 1."
    )


def test_the_counts_say_how_many_of_the_clauses_were_amended_since(workspace: Workspace, scope: Scope) -> None:
    answer, _ = run(workspace, scope, None)
    amended = next(row for row in answer.documents if row.answer == "yes").citations[0].span
    before = counts(answer.documents)
    assert "amended" not in before
    found, rest = before.split("); ", 1)
    expected = f"{found}), 1 of them by a clause that was amended since; {rest}"
    assert counts(answer.documents, {amended: ("Section 2",)}) == expected
    said = [as_amended(row, {amended: ("Section 2",)}).answer for row in answer.documents]
    assert [old.answer for old, now in zip(answer.documents, said, strict=True) if old.answer != now] == ["yes"]


@pytest.mark.parametrize(
    ("written", "states", "mark"),
    [
        ("The Tenant may sublet the premises to any person [1].", {"found"}, "compared"),
        ("The Tenant must not sublet the premises [1].", {"unclear", "found"}, "not confirmed"),
        ("The monthly rent is due on the first day of each month [rent].", {"unclear", "found"}, "does not speak of"),
        ("Larkspur pays $77,777 to Globex, Inc. for subletting [1].", {"unclear", "found"}, "not confirmed"),
        ("Subletting subletting subletting subletting is is is.", {"unclear", "found"}, "not confirmed"),
    ],
)
def test_a_row_has_the_mark_of_its_sentence_and_none_rests_on_one_that_is_contradicted_or_noise(
    workspace: Workspace, scope: Scope, written: str, states: set[str], mark: str
) -> None:
    one = replace(scope, records=(scope.records[0], scope.records[3]))  # both allow subletting
    with WritingEngine(written=written) as engine:
        answer, _ = run(workspace, one, windows(engine))
    result = answer_result(answer, {record.id: record for record in one.records})
    for row in result.documents:
        assert row.state in states
        cited = [citation for citation in result.citations if citation.n in row.citations]
        assert all(citation.verified is bool(citation.quote) for citation in cited)
        assert row.sentence is not None
        assert mark in (row.mark if states == {"found"} else f"{row.sentence.told} {row.reason}")
        if states != {"found"}:  # the row rests on the clause that the search found, in the document's own words
            assert all(citation.quote for citation in cited)
            assert row.mark == QUOTED.words


def test_an_engine_that_writes_nothing_has_not_said_that_there_is_nothing(workspace: Workspace, scope: Scope) -> None:
    without, _ = run(workspace, scope, None)
    with FakeEngine() as engine:
        engine.enqueue(*[Reply(pieces=())] * OF)
        answer, _ = run(workspace, scope, windows(engine))
    assert [(row.state, row.answer) for row in answer.documents] == [
        (row.state, row.answer) for row in without.documents
    ]
