"""A thorough reading: further windows over what the first leaves out, joined of what was verified."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import BARE_401, FakeEngine, Fault, Refusal, Reply
from tests.webapp.page.pages import Page, elements, ready
from webapp.answers.thorough import MOST_WINDOWS, asks_for_all
from webapp.core.results import AnswerResult
from webapp.core.settings import load_settings
from webapp.core.stream import Result
from webapp.service.caller import Caller
from webapp.service.commands import Ask
from webapp.service.workspace import Workspace
from webapp.store.users import LOCAL_USER

QUESTION = "What must the Supplier deliver to the Customer?"
GOODS = "anchors barrels candles drums engines flags gears hinges ingots kettles lamps mirrors nets ovens".split()
CLAUSES = [
    f"{n}. Delivery of {goods}. The Supplier shall deliver the {goods} to the Customer in lot {100 + n}. The Customer "
    f"shall unpack the {goods} at its warehouse, shall count them in the presence of the carrier, and shall tell the "
    f"Supplier within {n} days of any {goods} that are missing, broken or of another kind than ordered; what it does "
    f"not tell the Supplier of in that time counts as delivered in full and in good order, and the price of the {goods}"
    f" falls due on the last day of the month in which they were unpacked at the warehouse of the Customer.\n"
    for n, goods in enumerate(GOODS * 4, 1)
]


@dataclass
class Quoting(FakeEngine):
    """Quotes from the first passage of each prompt what the Supplier shall deliver, twice, and says what is not there.

    Windows after so many get `then`.
    """

    windows: int = 100
    then: Reply | Refusal | None = None

    def reply_to(self, asked: dict[str, Any]) -> Reply | Refusal:
        if self.then is not None and len(self.asked) > self.windows:
            return self.then
        prompt = asked["messages"][-1]["content"]
        found = re.search(r"(?m)^\[(\d+)\].*\n(?:(?!\[\d+\]).*\n)*?.*?(The Supplier shall deliver the \w+)", prompt)
        if found is None:
            return Reply(["The passages do not say."])
        quote = f"“{found[2]}” [{found[1]}]."
        return Reply([f"{quote}\nThe Supplier pays a fine of $987,654 [{found[1]}].\n{quote}"])


@pytest.fixture
def engine() -> Iterator[Quoting]:
    engine = Quoting("tgi")
    with engine:
        yield engine


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Settings of a data folder with one contract of fifty-six clauses."""
    with embeddings() as url:
        settings = {"data_dir": tmp_path_factory.mktemp("data"), "embeddings_url": url}
        with Workspace(load_settings(**settings)) as workspace:
            matter = workspace.access.create(LOCAL_USER, "Supply")
            ready(workspace, matter, "supply.pdf", "".join(CLAUSES))
        yield settings


@pytest.fixture
def workspace(settings: dict[str, Any], engine: Quoting) -> Iterator[Workspace]:
    with Workspace(load_settings(**settings, llm_url=engine.url)) as workspace:
        yield workspace


def asked(workspace: Workspace, question: str = QUESTION, *, thorough: bool = True) -> AnswerResult:
    events = Caller(workspace, LOCAL_USER).run(Ask("Supply", question, thorough=thorough))
    return next(event.row for event in events if isinstance(event, Result))


def quotes(answer: AnswerResult) -> list[str]:
    return [citation.quote or "" for citation in answer.citations if citation.quote]


def test_what_one_window_leaves_out_is_read_in_further_ones(workspace: Workspace, engine: Quoting) -> None:
    once = asked(workspace, thorough=False)
    assert once.budget
    assert once.budget.left_out
    assert len(engine.asked) == 1
    answer = asked(workspace)
    assert answer.budget
    assert answer.budget.windows == len(engine.asked) - 1 > 2
    assert answer.budget.left_out < once.budget.left_out
    assert answer.budget.sent > once.budget.sent
    assert len(set(quotes(answer))) == answer.budget.windows, "each window gives one quotation, and none twice"
    assert all(citation.verified for citation in answer.citations if citation.quote)
    assert answer.answer.count("987,654") == 1, "that of the first window is marked; of further ones nothing is kept"


def test_no_more_windows_than_the_bound(workspace: Workspace, engine: Quoting) -> None:
    asked(workspace)
    assert len(engine.asked) <= MOST_WINDOWS


def test_a_window_that_fails_ends_the_reading_and_what_was_read_stays(workspace: Workspace, engine: Quoting) -> None:
    engine.windows, engine.then = 2, BARE_401
    answer = asked(workspace)
    assert len(set(quotes(answer))) == 2
    assert len(engine.asked) == 3


@pytest.mark.parametrize("fault", [None, "cut"])
def test_windows_that_say_nothing_or_break_off_add_nothing_and_the_reading_goes_on(
    workspace: Workspace, engine: Quoting, fault: Fault | None
) -> None:
    engine.windows, engine.then = 1, Reply(["The passages do not say."], fault=fault)
    answer = asked(workspace)
    assert len(quotes(answer)) == 1
    assert "do not say" not in answer.answer
    assert len(engine.asked) > 2


def test_without_an_engine_key_language_is_of_all_windows(settings: dict[str, Any]) -> None:
    with Workspace(load_settings(**settings)) as workspace:
        once, answer = asked(workspace, thorough=False), asked(workspace)
    assert len(once.citations) <= 4 < len(answer.citations)
    assert answer.budget
    assert answer.budget.windows > 1
    assert answer.is_key_language


def test_a_question_for_all_is_read_thoroughly_by_itself(workspace: Workspace, engine: Quoting) -> None:
    answer = asked(workspace, "List all deliveries that the Supplier owes the Customer.", thorough=False)
    assert answer.budget
    assert answer.budget.windows > 1
    assert len(engine.asked) > 1


def test_the_page_offers_to_read_the_others_under_the_last_answer(workspace: Workspace, engine: Quoting) -> None:
    page = Page(workspace, LOCAL_USER, workspace.access.matter(LOCAL_USER, "Supply").id)
    shown = page.ask(QUESTION)["past"]
    (button,) = elements(shown, "read-on")
    assert re.fullmatch(r"Read the other \d+ passages too", button.text)
    read = page.do("read-on", turn=button.attributes["data-turn"])["past"]
    assert len(page.turns()) == 1, "the turn takes the place of the one before"
    assert not elements(read, "read-on")
    assert re.search(r"in \d+ rounds", read)
    assert len(engine.asked) > 2


@pytest.mark.parametrize(
    "question",
    [
        "List all obligations of the Supplier.",
        "What are all the deadlines in this agreement?",
        "Give me every payment date",
        "Which rights does the Licensee have? Name each right.",
        "A complete list of the conditions to closing, please.",
        "Find every section about insurance.",
    ],
)
def test_questions_for_all_are_known(question: str) -> None:
    assert asks_for_all(question)


@pytest.mark.parametrize(
    "question",
    [
        "Who may terminate?",
        "Does all confidential information have to be returned?",
        "Is the Supplier liable for all losses?",
        "What is the notice period?",
    ],
)
def test_other_questions_are_read_in_one_window(question: str) -> None:
    assert not asks_for_all(question)


def test_the_sign_of_all_takes_no_time() -> None:
    for words in ("all the ", "list ", "every of the my ", "everything ", "what are "):
        asks_for_all((words * 8_000)[:8_000])
