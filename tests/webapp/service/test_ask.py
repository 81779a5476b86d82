"""What `ask` keeps of a question, and what goes on with it: conversations, and the history that is made of them."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from retrieval import Matter
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine, Reply, ThinkingEngine
from tests.webapp.page.pages import Page, ready
from webapp.core.results import AnswerResult
from webapp.core.settings import load_settings
from webapp.core.stream import Event, Notice, Result
from webapp.core.wording import provenance_lines
from webapp.page.html.chat import turn_html
from webapp.service.ask import history_of
from webapp.service.caller import Caller
from webapp.service.commands import Ask
from webapp.service.workspace import Workspace
from webapp.store.conversations import Conversation
from webapp.store.users import LOCAL_USER

LEASE = "1. Rent. The monthly rent is $4,200, due on the first day of each month.\n2. Law. The laws of Ohio govern.\n"
LOAN = "1. Interest. The interest on the loan is six percent a year.\n2. Law. The laws of Utah govern.\n"
RENT = "What is the monthly rent of the lease?"


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    with FakeEngine("tgi") as engine:
        yield engine


@pytest.fixture
def workspace(tmp_path: Path, engine: FakeEngine) -> Iterator[Workspace]:
    with embeddings() as url:
        settings = load_settings(data_dir=tmp_path, embeddings_url=url, llm_url=engine.url)
        with Workspace(settings) as workspace:
            yield workspace


@pytest.fixture
def acme(workspace: Workspace) -> Matter:
    matter = workspace.access.create(LOCAL_USER, "Acme")
    ready(workspace, matter, "lease.pdf", LEASE)
    ready(workspace, matter, "loan.pdf", LOAN)
    return matter


def ask(workspace: Workspace, question: str, document: str | None = None, *, continues: bool = False) -> AnswerResult:
    events = list(Caller(workspace, LOCAL_USER).run(Ask("Acme", question, document, continues)))
    [answer] = [event.row for event in events if isinstance(event, Result)]
    assert isinstance(answer, AnswerResult)
    return answer


def conversations(workspace: Workspace, matter: Matter) -> list[Conversation]:
    return workspace.conversations.all(LOCAL_USER, matter)


def test_a_question_is_kept_and_continued_with_what_was_said(
    workspace: Workspace, acme: Matter, engine: FakeEngine
) -> None:
    engine.enqueue(Reply(["“The monthly rent is $4,200” [1]."]), Reply(["“due on the first day of each month” [1]."]))
    first = ask(workspace, RENT)
    assert (first.query, first.read_as) == (RENT, "own")
    second = ask(workspace, "By when?", continues=True)
    assert (second.query, second.read_as) == (f"{RENT} By when?", "with_last_question")
    said = [each["content"] for each in engine.asked[-1]["messages"]]
    assert any("“The monthly rent is $4,200” [1]." in each for each in said)
    [kept] = conversations(workspace, acme)
    assert [turn.question for turn in workspace.conversations.turns(LOCAL_USER, kept.id)] == [RENT, "By when?"]
    assert kept.title == RENT


def test_an_answer_keeps_what_it_was_made_by_and_the_digest_of_the_prompt_as_it_was_sent(
    workspace: Workspace, acme: Matter, engine: FakeEngine
) -> None:
    engine.enqueue(Reply(["“The monthly rent is $4,200” [1]."]))
    made = ask(workspace, RENT).made_by
    assert made is not None
    body = engine.asked[-1]
    sent = json.dumps(body["messages"], ensure_ascii=False, separators=(",", ":")).encode()
    [prompts] = made.prompts
    assert prompts.model_dump() == {
        "engine": "tgi",
        "model": "fp8",  # of /data/fp8, the last part
        "host": "this machine",
        "window": 4096,
        "max_tokens": body["max_tokens"],
        "temperature": 0.0,
        "sent": 1,
        "sha256": (hashlib.sha256(sent).hexdigest(),),
    }
    assert made.index == workspace.library.indexed_with(acme.id)
    assert (made.pincite, made.second_opinion) == (version("pincite"), False)
    [kept] = conversations(workspace, acme)
    [turn] = workspace.conversations.turns(LOCAL_USER, kept.id)
    assert isinstance(turn.answer, AnswerResult)
    assert turn.answer.made_by == made
    assert [row.spans for row in turn.answer.passages]
    assert prompts.sha256[0] in turn_html(turn)
    older = replace(turn, answer=turn.answer.model_copy(update={"made_by": None}))
    assert "How this answer was made" not in turn_html(older)


def test_an_answer_in_the_documents_own_words_says_that_no_language_model_was_asked(tmp_path: Path) -> None:
    with embeddings() as url, Workspace(load_settings(data_dir=tmp_path, embeddings_url=url)) as alone:
        ready(alone, alone.access.create(LOCAL_USER, "Acme"), "lease.pdf", LEASE)
        made = ask(alone, RENT).made_by
    assert made is not None
    assert made.prompts == ()
    assert provenance_lines(made)[0] == "No language model was asked."


def test_each_question_without_continue_is_a_conversation_of_its_own(
    workspace: Workspace, acme: Matter, engine: FakeEngine
) -> None:
    engine.enqueue(Reply(["“$4,200” [1]."]), Reply(["“six percent” [1]."]), Reply(["“a year” [1]."]))
    ask(workspace, RENT)
    ask(workspace, "What is the interest on the loan?")
    ask(workspace, "And for how long?", continues=True)
    turns = [workspace.conversations.turns(LOCAL_USER, each.id) for each in conversations(workspace, acme)]
    assert sorted([turn.question for turn in each] for each in turns) == [
        ["What is the interest on the loan?", "And for how long?"],
        [RENT],
    ]


def test_continue_goes_on_with_the_conversation_that_was_gone_on_with_last_also_on_the_page(
    workspace: Workspace, acme: Matter, engine: FakeEngine
) -> None:
    engine.enqueue(*[Reply(["“$4,200” [1]."])] * 4)
    page = Page(workspace, LOCAL_USER, acme.id)
    page.ask(RENT)
    ask(workspace, "What is the interest on the loan?")
    page.ask("How high is the monthly rent of the lease in all?")
    ask(workspace, "Why?", continues=True)
    assert [turn.question for turn in page.turns()][-1] == "Why?"


def test_the_documents_that_were_chosen_stay_chosen(workspace: Workspace, acme: Matter, engine: FakeEngine) -> None:
    engine.enqueue(Reply(["“The laws of Utah govern” [1]."]), Reply(["“six percent a year” [1]."]))
    ask(workspace, "Which law governs?", "loan")
    again = ask(workspace, "How high is the yearly interest or the rent?", continues=True)
    assert again.searched is not None
    assert again.searched.documents == 1


def test_without_a_conversation_continue_begins_one(workspace: Workspace, acme: Matter, engine: FakeEngine) -> None:
    engine.enqueue(Reply(["“$4,200” [1]."]))
    assert ask(workspace, RENT, continues=True).read_as == "own"
    assert len(conversations(workspace, acme)) == 1


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    workspace: Workspace, acme: Matter, engine: FakeEngine
) -> None:
    engine.enqueue(Reply(["“$4,200” [1]."]), Reply(["“first day” [1]."]))
    ask(workspace, RENT)
    events = Caller(workspace, LOCAL_USER).run(Ask("Acme", "By when?", continues=True))
    seen: list[Event[AnswerResult]] = []
    for event in events:
        if not seen:  # the conversation goes while the answer is written
            for each in conversations(workspace, acme):
                workspace.conversations.delete(LOCAL_USER, each.id)
        seen.append(event)
    assert any(isinstance(event, Notice) for event in seen)
    assert isinstance(seen[-1], Result)


def test_a_history_has_no_greetings_and_no_text_of_what_was_not_found(
    workspace: Workspace, acme: Matter, engine: FakeEngine
) -> None:
    page = Page(workspace, LOCAL_USER, acme.id)
    engine.enqueue(Reply(["“The monthly rent is $4,200” [1]."]))
    page.ask(RENT)
    page.ask("Thank you!")
    page.ask("How many documents are there?")
    assert [answer.read_as for answer in map(page.answer, range(3))] == ["own", "greeting", "library"]
    [turn] = history_of(page.turns())
    assert (turn.question, turn.query) == (RENT, RENT)
    assert turn.cited
    assert {span.document_id for span in turn.cited} <= {span.document_id for span in turn.passages}


def test_a_model_that_thinks_longer_than_an_answer_gets_room_for_it(tmp_path: Path) -> None:
    with (
        embeddings() as url,
        ThinkingEngine("vllm", shape="opened", thoughts=900) as engine,
        Workspace(load_settings(data_dir=tmp_path, embeddings_url=url, llm_url=engine.url)) as workspace,
    ):
        ready(workspace, workspace.access.create(LOCAL_USER, "Acme"), "lease.pdf", LEASE)
        command = Ask("Acme", RENT)
        events = list(Caller(workspace, LOCAL_USER).run(command))
        [answer] = [event.row for event in events if isinstance(event, Result)]
        assert answer.answer.strip() == "“The monthly rent is $4,200, due on the first day of each month.” [1]"
        assert not [event for event in events if isinstance(event, Notice)]
        assert [asked["max_tokens"] for asked in engine.asked] == [512, 2048]
        page = Page(workspace, LOCAL_USER, workspace.access.matter(LOCAL_USER, "Acme").id)
        page.ask(RENT)
        assert page.answer().answer == answer.answer
        assert "Let me check" not in page.shown["past"]
        assert engine.asked[2]["max_tokens"] == 2048


@pytest.mark.long
def test_an_answer_that_is_thinking_alone_is_told_and_the_documents_answer(tmp_path: Path) -> None:
    with (
        embeddings() as url,
        ThinkingEngine("llama.cpp", thoughts=5000) as engine,
        Workspace(load_settings(data_dir=tmp_path, embeddings_url=url, llm_url=engine.url)) as workspace,
    ):
        ready(workspace, workspace.access.create(LOCAL_USER, "Acme"), "lease.pdf", LEASE)
        events = list(Caller(workspace, LOCAL_USER).run(Ask("Acme", RENT)))
        [notice] = [event for event in events if isinstance(event, Notice)]
        assert notice.error == "The language model thought for all of its 2,048 tokens and wrote no answer."
        assert "A model that answers without thinking" in notice.hint
        [answer] = [event.row for event in events if isinstance(event, Result)]
        assert answer.is_key_language
        page = Page(workspace, LOCAL_USER, workspace.access.matter(LOCAL_USER, "Acme").id)
        page.ask(RENT)
        assert "thought for all of its 2,048 tokens" in page.shown["past"]
