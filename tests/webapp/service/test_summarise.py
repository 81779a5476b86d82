"""Summaries and answers wait in the same queue, and ask what they were told to ask."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval import Matter
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine, Reply
from tests.webapp.page.pages import Page, ready
from webapp.core.results import AnswerResult
from webapp.core.settings import load_settings
from webapp.core.stream import Result
from webapp.service.caller import Caller
from webapp.service.commands import Ask
from webapp.service.workspace import Workspace
from webapp.store.users import LOCAL_USER

LEASE = "1. Rent. The monthly rent is $4,200, due on the first day of each month."


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    with FakeEngine("tgi") as engine:
        yield engine


@pytest.fixture
def workspace(tmp_path: Path, engine: FakeEngine) -> Iterator[Workspace]:
    with embeddings() as url:
        settings = load_settings(data_dir=tmp_path, embeddings_url=url, llm_url=engine.url, answers_at_once=1)
        with Workspace(settings) as workspace:
            yield workspace


@pytest.fixture
def acme(workspace: Workspace) -> Matter:
    return workspace.access.create(LOCAL_USER, "Acme")


def test_a_summary_gives_its_place_in_the_queue_back(workspace: Workspace, acme: Matter, engine: FakeEngine) -> None:
    lease = ready(workspace, acme, "lease.pdf", LEASE)
    page = Page(workspace, LOCAL_USER, acme.id)

    async def test() -> None:
        for _ in range(3):  # where one answer is written at a time
            await asyncio.wait_for(page.done("summary", document=lease.id), 30)
        engine.enqueue(Reply(["“The monthly rent is $4,200” [1]."]))
        await asyncio.wait_for(page.done("example", question="What is the monthly rent?"), 30)

    asyncio.run(test())
    assert [turn.state for turn in page.turns()] == ["complete"] * 4
    assert page.answer().answer == "“The monthly rent is $4,200” [1]."


def test_a_question_about_one_document_is_asked_of_that_alone(workspace: Workspace, acme: Matter) -> None:
    lease = ready(workspace, acme, "lease.pdf", LEASE)
    ready(workspace, acme, "loan.pdf", "1. Rent. The rent of the loan is $900 a month.")
    events = list(Caller(workspace, LOCAL_USER).run(Ask("Acme", "What is the rent?", "lease")))
    [answer] = [event.row for event in events if isinstance(event, Result)]
    assert isinstance(answer, AnswerResult)
    assert answer.searched is not None
    assert answer.searched.documents == 1
    assert {citation.document_id for citation in answer.citations} <= {lease.id}
