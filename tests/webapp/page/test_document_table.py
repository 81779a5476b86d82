"""A question to every document on the page: its rows while they come in, in the saved conversation, and in a copy."""

import asyncio
from collections.abc import Iterator

import pytest

from retrieval import Matter
from tests.webapp.answers.test_each_document import QUESTION, lease
from tests.webapp.copies import copied_answer
from tests.webapp.fake_engine import CopyingEngine, FakeEngine
from tests.webapp.page.pages import Page, elements, ready, words
from webapp.core.results import AnswerResult, SupersededRow
from webapp.core.settings import load_settings
from webapp.page.html import document_table
from webapp.service.caller import Caller
from webapp.service.commands import Ask
from webapp.service.workspace import Workspace
from webapp.store.users import LOCAL_USER


@pytest.fixture(scope="module")
def engine() -> Iterator[FakeEngine]:
    with CopyingEngine("tgi") as engine:
        yield engine


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, engine: FakeEngine) -> Iterator[Workspace]:
    with Workspace(load_settings(data_dir=tmp_path_factory.mktemp("data"), llm_url=engine.url)) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def matter(workspace: Workspace) -> Matter:
    matter = workspace.access.create(LOCAL_USER, "Leases")
    for n in range(3):
        ready(workspace, matter, f"<b>lease {n}.pdf", lease(n))
    other = workspace.access.create(LOCAL_USER, "Another matter")
    ready(workspace, other, "lease of others.pdf", lease(3))
    return matter


@pytest.fixture
def page(workspace: Workspace, matter: Matter) -> Page:
    return Page(workspace, LOCAL_USER, matter.id)


def names(answer: AnswerResult) -> list[str]:
    return [row.document for row in answer.documents]


def test_a_row_for_each_document_is_shown_with_its_place(page: Page) -> None:
    shown = page.ask(QUESTION)["past"]
    assert words(shown, "th")[:3] == ["Document", "Answer", "Where"]
    assert [each for each in words(shown, "th") if "lease" in each] == [f"<b>lease {n}.pdf" for n in range(3)]
    states = [each.attributes["data-state"] for each in elements(shown) if each.tag == "tr" and each.attributes]
    assert states[:2] == ["found", "found"]
    assert "Found" in words(shown, "td")[0], "a state has words, not colour alone"
    clicked = page.do("cite", turn=page.turns()[-1].id, item="0", zoom="1")["evidence"]
    assert "Tenant may sublet the premises" in clicked


def test_a_row_says_what_its_document_calls_itself_and_quotes_in_quotation_marks(page: Page) -> None:
    page.ask(QUESTION)
    first = page.answer().documents[0]
    quote = page.answer().citations[0].quote or ""
    named = first.model_copy(update={"title": "Lease of Larkspur House", "answer": quote})
    shown = document_table.body("t", page.answer().model_copy(update={"documents": (named,)}))
    assert "Lease of Larkspur House" in shown
    assert f"“{quote}”" in shown


def test_a_saved_conversation_keeps_the_rows_and_the_page_can_be_left(page: Page, workspace: Workspace) -> None:
    page.ask(QUESTION)
    again = Page(workspace, LOCAL_USER, page.state.matter_id)
    again.do("open", conversation=page.state.conversation_id)
    answer = again.answer()
    assert names(answer) == [f"<b>lease {n}.pdf" for n in range(3)]
    assert answer.citations[0].quote, "words are read from the document again"
    assert answer.read_as == "each"


def test_rows_come_in_one_after_another(page: Page) -> None:
    async def watch() -> list[str]:
        await page.begun("example", question=QUESTION)
        running = page.running.of(page.state.conversation_id)
        assert running is not None
        seen = []
        while not running.done:
            await asyncio.sleep(0.01)
            rows = running.rows_so_far  # type: ignore[attr-defined]
            if rows is not None:
                seen.append(str(document_table.writing(QUESTION, rows, *running.rows_done)))  # type: ignore[attr-defined]
        await page.written()
        return seen

    seen = asyncio.run(watch())
    assert any("of 3" in html for html in seen)
    assert all("<b>lease" not in html for html in seen), "names are text"


def test_a_copy_has_the_rows(page: Page) -> None:
    page.ask(QUESTION)
    copy = copied_answer(page.answer()).splitlines()
    assert copy[0].startswith("Found in 2 of 3 documents")
    assert copy[2].split("\t")[:3] == ["Document", "State", "Answer"]
    assert len(copy) == 9
    assert copy[-2] == "✓ word for word on the page"
    assert copy[-1].startswith("Searched 3 documents")
    assert copy[3].split("\t")[:2] == ["<b>lease 0.pdf", "Found"]
    assert copy[3].rstrip().endswith(", p. 1 ✓")


def test_what_amends_a_clause_stands_in_a_column_of_its_own(page: Page) -> None:
    page.ask(QUESTION)
    answer = page.answer()
    place = SupersededRow(
        action="replaced",
        document_id="f" * 64,
        document="First Amendment.pdf",
        section="Section 2",
        page=1,
        page_label="1",
    )
    first = answer.documents[0].model_copy(update={"superseded_by": (place,)})
    amended = answer.model_copy(update={"documents": (first, *answer.documents[1:])})
    shown = document_table.body("t", amended)
    assert words(shown, "th")[:4] == ["Document", "Answer", "Where", "Amended by"]
    assert "Replaced by First Amendment.pdf, Section 2, p.\u00a01" in shown
    assert "First Amendment.pdf, Section 2, p. 1" in copied_answer(amended)


def test_the_command_gives_the_same_rows_of_this_matter_alone(workspace: Workspace, matter: Matter) -> None:
    events = list(Caller(workspace, LOCAL_USER).run(Ask(matter.name, QUESTION)))
    row = events[-1].row  # type: ignore[union-attr]
    told = row.model_dump(mode="json")["documents"]
    assert [set(each) >= {"document_id", "document", "state", "answer", "citations", "superseded_by"} for each in told]
    assert [each["document"] for each in told] == [f"<b>lease {n}.pdf" for n in range(3)]
    numbers = {citation["n"]: citation["document_id"] for citation in row.model_dump(mode="json")["citations"]}
    assert all(numbers[n] == each["document_id"] for each in told for n in each["citations"])
