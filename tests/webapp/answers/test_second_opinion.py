"""The second opinion: what a language model denies when it is asked again is not confirmed; nothing else changes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from retrieval.search.packing import pack
from retrieval.structure.chunks import chunk
from tests.documents import document
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import BUSY, FakeEngine, Refusal, Reply
from tests.webapp.page.pages import ready
from webapp.answers.each_document import Windows
from webapp.answers.second_opinion import DENIED, second_opinion
from webapp.core.results import AnswerResult
from webapp.core.settings import load_settings
from webapp.core.stream import Result
from webapp.grounding.check import CheckedAnswer, check
from webapp.llm.pool import EnginePool
from webapp.service.caller import Caller
from webapp.service.commands import Ask
from webapp.service.workspace import Workspace
from webapp.store.users import LOCAL_USER

LEASE = document("1. Rent. The monthly rent is $4,200, due on the first day.\n2. Law. The laws of Ohio govern.\n")
PASSAGES = pack(chunk(LEASE), lambda _: LEASE, len, 10_000).passages
QUOTED = "“The laws of Ohio govern.” [2]"
FALSE = "The monthly rent of $4,200 is a gift [1]."
TRUE = "The monthly rent is $4,200 on the first day [1]."
UNCITED = "The landlord keeps all the deposits for ever."


class Reader(FakeEngine):
    """Denies what speaks of a gift, and confirms the rest."""

    def reply_to(self, asked: dict[str, Any]) -> Reply | Refusal:
        question = asked["messages"][-1]["content"].rpartition("Question: ")[2]
        return Reply([" No" if "a gift" in question else "yes"])


@pytest.fixture
def reader() -> Iterator[FakeEngine]:
    with Reader("tgi") as engine:
        yield engine


def checked() -> CheckedAnswer:
    return check(" ".join((QUOTED, FALSE, TRUE, UNCITED)), PASSAGES, {LEASE.id: LEASE})


def opinion(engine: FakeEngine) -> CheckedAnswer:
    windows = Windows(EnginePool(load_settings(llm_url=engine.url)).lease, lambda: None)
    return asyncio.run(second_opinion(checked(), PASSAGES, windows))


def test_what_is_denied_is_not_confirmed_and_nothing_else_changes(reader: FakeEngine) -> None:
    before, after = checked().sentences, opinion(reader).sentences
    assert [sentence.state for sentence in before] == ["supported", "compared", "compared", "uncited"]
    assert [sentence.state for sentence in after] == ["supported", "unsupported", "compared", "uncited"]
    assert [sentence.reason for sentence in after] == ["", DENIED, "", "no citation"]
    assert [a for a, b in zip(after, before, strict=True) if a != b] == [after[1]]


def test_one_token_is_asked_for_each_sentence_that_rests_on_passages_and_is_no_bare_quotation(
    reader: FakeEngine,
) -> None:
    opinion(reader)
    assert [each["max_tokens"] for each in reader.asked] == [1, 1]
    prompts = [each["messages"][-1]["content"] for each in reader.asked]
    assert all("\n[1] " in f"\n{prompt}" and "[2] " not in prompt for prompt in prompts)
    asked = sorted(prompt.rpartition("\n")[2] for prompt in prompts)
    assert asked == [
        f"Question: Do these passages say this: “{text.replace(' [1].', ' .')}” Answer yes or no."
        for text in (TRUE, FALSE)
    ]


@pytest.mark.parametrize("failure", [BUSY, Refusal(500, "no"), Reply(["no"], fault="drop"), Reply(["Perhaps not."])])
def test_a_failure_and_what_is_neither_yes_nor_no_leave_the_marks(failure: Reply | Refusal) -> None:
    with FakeEngine("tgi") as engine:
        engine.enqueue(failure, failure)
        assert opinion(engine) == checked()
        assert len(engine.asked) == 2


def test_a_server_that_is_away_leaves_the_marks() -> None:
    with FakeEngine("tgi") as engine:
        engine.kill()
        assert opinion(engine) == checked()


def test_to_cancel_it_closes_its_streams() -> None:
    async def cancelled(engine: FakeEngine) -> None:
        windows = Windows(EnginePool(load_settings(llm_url=engine.url)).lease, lambda: None)
        task = asyncio.create_task(second_opinion(checked(), PASSAGES, windows))
        while not engine.asked:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with FakeEngine("tgi") as engine:
        engine.enqueue(Reply([" "], fault="silence"))
        asyncio.run(cancelled(engine))
        assert engine.hung_up.acquire(timeout=30)


@pytest.mark.parametrize(("is_on", "asked", "state"), [(False, 1, "compared"), (True, 2, "unsupported")])
def test_it_is_asked_for_where_the_settings_say_so(tmp_path: Path, is_on: bool, asked: int, state: str) -> None:
    with embeddings() as url, FakeEngine("tgi") as engine:
        engine.enqueue(Reply([FALSE]), Reply(["no"]))
        settings = load_settings(data_dir=tmp_path, embeddings_url=url, llm_url=engine.url, second_opinion=is_on)
        with Workspace(settings) as workspace:
            ready(workspace, workspace.access.create(LOCAL_USER, "Acme"), "lease.pdf", LEASE.text)
            events = list(Caller(workspace, LOCAL_USER).run(Ask("Acme", "What is the monthly rent?", None, False)))
        [answer] = [event.row for event in events if isinstance(event, Result)]
        assert isinstance(answer, AnswerResult)
        assert len(engine.asked) == asked
        assert [row.state for row in answer.sentences] == [state]


@pytest.mark.parametrize("said", ["No doubt, yes.", "Northern", "Nothing else", "no one else", "", "  "])
def test_only_a_whole_word_no_denies(said: str) -> None:
    with FakeEngine("tgi") as engine:
        engine.enqueue(Reply([said]), Reply([said]))
        assert opinion(engine) == checked()


@pytest.mark.parametrize("said", ["No", " no.", "**No**, it is", "NO\n"])
def test_a_no_with_marks_denies(said: str) -> None:
    with FakeEngine("tgi") as engine:
        engine.enqueue(Reply([said]), Reply([said]))
        assert [s.reason for s in opinion(engine).sentences] == ["", DENIED, DENIED, "no citation"]
