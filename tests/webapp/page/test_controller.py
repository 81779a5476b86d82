"""The controller on real stores, without a browser: what each action keeps, and what it shows."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from retrieval import DocumentRecord, Matter, NoSuchDocument, NoSuchMatter, PinciteError
from retrieval.core.documents import PAGE_BREAK
from tests.documents import document
from tests.pdfs import make_pdf
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine, Reply
from tests.webapp.page.pages import Page, elements, read_in_name, ready, rows_of, words
from webapp.core.errors import EmptyQuestion, NoSuchConversation, NothingChosen, NotUploaded, QuotaReached
from webapp.core.results import NOTHING_FOUND, MentionsResult, SummaryResult
from webapp.core.settings import load_settings
from webapp.page.acts import ACTS, read_act
from webapp.page.controller import Controller
from webapp.page.state import PageState
from webapp.page.updates import Updates, end_announcement
from webapp.page.uploads import UploadStore
from webapp.service.running import RunningAnswers
from webapp.service.workspace import SAMPLE_MATTER, Workspace
from webapp.store.users import LOCAL_USER, User

ANN, BEN = User("ann", "Ann"), User("ben", "Ben")
LEASE = PAGE_BREAK.join(
    (
        "1. Parties. This Lease is made between Larkspur Holdings and Bramble Foods.",
        "2. Rent. The monthly rent is $4,200, due on the first day of each month.",
        "3. Termination. Either party may end this Lease by ninety days' written notice.",
    )
)
FORM = (
    "1. Price. Alder pays ${price} a year. The price is due in two equal parts, the first on signature and the second "
    "six "
    "months later, and is paid to the account that the seller names in its invoice. A payment that is late bears "
    "interest "
    f"at four percent a year from the day on which it was due until it is made.{PAGE_BREAK}2. Notices. Every notice "
    f"under "
    "this Agreement must be sent by registered post to the registered office of the other party."
)
RENT, TERMINATION = (
    "What is the monthly rent of the Larkspur lease?",
    "By what notice may a party end the Larkspur lease?",
)
RENT_ANSWER = "“The monthly rent is $4,200” [1]."
TERMINATION_ANSWER = "Either: “Either party may end this Lease by ninety days' written notice” [1]."
SLOWLY = [f"word{n} " for n in range(400)]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, engine: FakeEngine) -> Iterator[Workspace]:
    with embeddings() as url:
        folder = tmp_path_factory.mktemp("data")
        settings = load_settings(
            data_dir=folder, access="behind-proxy", embeddings_url=url, llm_url=engine.url, max_file_mib=1
        )
        with Workspace(settings) as workspace:
            workspace.welcome(ANN)
            workspace.welcome(BEN)
            yield workspace


@pytest.fixture(scope="module")
def acme(workspace: Workspace) -> Matter:
    """Ann's matter, with a lease and two contracts on one form."""
    matter = workspace.access.create(ANN, "Acme")
    ready(workspace, matter, "lease.pdf", LEASE)
    ready(workspace, matter, "2019 Alder contract.pdf", FORM.replace("{price}", "100"))
    ready(workspace, matter, "2023 Alder contract.pdf", FORM.replace("{price}", "900"))
    return matter


numbers = count()


@pytest.fixture
def page(workspace: Workspace, acme: Matter, engine: FakeEngine) -> Iterator[Page]:
    yield Page(workspace, ANN, acme.id)
    assert engine.next_reply() == Reply(), "a reply that nobody asked for is left"


@pytest.fixture
def other(workspace: Workspace) -> Page:
    """Ann's page in a matter of its own, with two documents that are ready and hold nothing to be searched."""
    matter = workspace.access.create(ANN, f"Matter {next(numbers)}")
    page = Page(workspace, ANN, matter.id)
    assert workspace.ingest  # opened before there is anything without an index, which it would read again
    for name in ("one.pdf", "two.pdf"):
        record = workspace.library.accept(matter.id, name, make_pdf([f"{matter.name} {name}"]))
        workspace.library.keep_text(record, document("The rent is due.", id_=record.id, name=name))
        workspace.library.jobs.save(replace(record, state="ready", pages=1))
    page.take(page.controller.open(page.state))
    return page


LISTED = {"documents", "conversations", "reading", "scope", "undo"}


def records(page: Page) -> list[DocumentRecord]:
    return page.workspace.library.documents(page.state.matter_id)


def pressed(page: Page) -> list[bool]:
    return [each.attributes["aria-pressed"] == "true" for each in elements(page.shown["past"], "rate")]


# The page as it is


def test_a_first_visitor_comes_to_the_sample_with_questions_to_begin_with(workspace: Workspace) -> None:
    for name in ("A matter before it", "Some matter after it"):
        workspace.access.create(BEN, name)
    page = Page(workspace, BEN)
    assert page.state == PageState(opened=True, matter_id=workspace.access.matter(BEN, SAMPLE_MATTER).id)
    assert "Reading 1 document." in page.shown["empty"]
    assert page.shown["past"] == page.shown["now"] == ""
    assert (page.shown["busy"], page.state.writing) == (False, "")
    assert [each.text for each in elements(page.shown["matters"]) if "selected" in each.attributes] == [SAMPLE_MATTER]


def test_a_page_that_looks_after_its_person_was_taken_out_shows_what_is_left_to_them(
    workspace: Workspace, other: Page
) -> None:
    matter_id = other.state.matter_id
    workspace.sharing.share(ANN, matter_id, BEN.id, "viewer")
    his = Page(workspace, BEN, matter_id)
    assert "one.pdf" in str(his.controller.sidebar(his.state)["documents"])
    workspace.sharing.unshare(ANN, matter_id, BEN.id)
    assert "one.pdf" not in str(his.controller.sidebar(his.state)["documents"])


def test_one_begins_with_questions_on_the_sample_or_on_clauses_that_the_chosen_documents_have(
    workspace: Workspace, page: Page
) -> None:
    assert "Ask about Acme" in page.shown["empty"]
    asked = elements(page.shown["start"], "example")
    assert asked[0].text == "How can lease.pdf be terminated?"
    page.do("scope", documents=records(page)[1].id)
    assert "lease.pdf be" not in page.take(page.controller.sidebar(page.state))["start"]
    [sample] = workspace.library.documents(workspace.access.matter(ANN, SAMPLE_MATTER).id)
    workspace.library.jobs.save(replace(sample, state="ready", pages=1))
    asked = elements(Page(workspace, ANN).shown["start"], "example")
    assert [each.attributes["data-question"] for each in asked] == [each.text for each in asked]
    assert len(asked) == 3


def test_a_conversation_of_another_matter_is_opened_in_its_own_with_its_scope(other: Page, acme: Matter) -> None:
    [one, _] = records(other)
    other.do("scope", documents=one.id)
    asyncio.run(other.controller.find_mentions(other.state, "rent"))
    [conversation] = other.workspace.conversations.all(ANN, other.workspace.access.matter(ANN, other.state.matter_id))
    page = Page(other.workspace, ANN, acme.id)
    page.do("open", conversation=conversation.id)
    assert page.state == PageState(True, other.state.matter_id, conversation.id, (one.id,))
    assert "1 of 2 documents" in page.shown["scope"]
    assert page.here() == ["one.pdf", "two.pdf"]
    assert len(elements(page.shown["past"], "edit")) == 1


def test_where_a_conversation_is_gone_the_page_is_ready_for_a_new_one(other: Page) -> None:
    gone = replace(other.state, conversation_id="0" * 32, editing="0" * 32)
    assert other.controller.whole_page(gone)["state"] == other.state


def test_a_page_says_how_many_are_read_while_documents_come_in(other: Page) -> None:
    assert other.shown["reading"] == ""
    record = other.workspace.library.accept(other.state.matter_id, "new.pdf", make_pdf(["new"]))
    assert 'class="reading"' in other.controller.sidebar(other.state)["reading"]
    other.workspace.library.jobs.save(replace(record, state="failed", reason="no text"))
    assert other.controller.sidebar(other.state)["reading"] == ""


def test_a_look_that_comes_late_wipes_nothing_away(other: Page) -> None:
    """It may have begun before a question was asked, and end after it was answered."""
    assert set(other.controller.sidebar(other.state)) == {*LISTED, "empty", "start"}
    other.take(asyncio.run(other.controller.find_mentions(other.state, "rent")))
    assert set(other.controller.sidebar(other.state)) == LISTED


# Matters and conversations


def test_a_matter_is_made_opened_and_deleted(other: Page, acme: Matter) -> None:
    workspace, before = other.workspace, other.state.matter_id
    name = f"Larkspur {next(numbers)}"
    other.do("new-matter", value=name)
    made = workspace.access.matter(ANN, name)
    assert other.state == PageState(opened=True, matter_id=made.id)
    assert other.here() == []
    other.do("matter", value=before)
    assert (other.state.matter_id, other.here()) == (before, ["one.pdf", "two.pdf"])
    other.do("matter", value=made.id)
    other.do("delete-matter", matter=made.id)
    assert made not in workspace.access.matters(ANN)
    assert workspace.access.matter(ANN, acme.id) == acme
    assert other.state.matter_id == workspace.access.matter(ANN, SAMPLE_MATTER).id


def test_conversations_are_begun_opened_and_deleted(other: Page) -> None:
    other.take(asyncio.run(other.controller.find_mentions(other.state, "rent")))
    first = other.state.conversation_id
    other.do("new")
    assert (other.state.conversation_id, other.shown["past"]) == ("", "")
    other.take(asyncio.run(other.controller.find_mentions(other.state, "due")))
    second = other.state.conversation_id
    assert set(other.titles()) == {"Every mention of “rent”", "Every mention of “due”"}
    other.do("open", conversation=first)
    assert "Every mention of “rent”" in other.shown["past"]
    assert f'"chosen":"{first}"' in str(other.shown["conversations"])
    other.do("delete", conversation=second)
    assert other.state.conversation_id == first
    assert other.titles() == ["Every mention of “rent”"]
    other.do("delete", conversation=first)
    assert (other.state.conversation_id, other.titles(), other.shown["past"]) == ("", [], "")
    with pytest.raises(NoSuchConversation):
        other.workspace.conversations.one(ANN, first)


@pytest.mark.parametrize("act", ["new", "open", "delete", "matter", "new-matter"])
def test_who_goes_elsewhere_while_editing_leaves_the_question_as_it_was(other: Page, act: str) -> None:
    other.take(asyncio.run(other.controller.find_mentions(other.state, "rent")))
    [turn] = other.turns()
    fields = {
        "conversation": other.state.conversation_id,
        "value": other.state.matter_id if act == "matter" else f"Matter {next(numbers)}",
    }
    other.do("edit", turn=turn.id)
    other.do(act, **fields)
    assert (other.shown["question"], other.state.editing) == ("", "")


def test_who_goes_elsewhere_keeps_a_question_that_was_begun(other: Page) -> None:
    assert "question" not in other.do("new")


# Documents


def test_a_document_is_removed_from_matter_and_indexes(workspace: Workspace) -> None:
    matter = workspace.access.create(ANN, f"Matter {next(numbers)}")
    lease = ready(workspace, matter, "lease.pdf", LEASE)
    ready(workspace, matter, "nda.pdf", "Each party keeps secrets.")
    page = Page(workspace, ANN, matter.id)
    page.do("remove", document=lease.id)
    assert page.here() == ["nda.pdf"]
    assert workspace.delete_removed(ANN) >= 1
    assert lease.id not in workspace.lexical.document_ids(matter.id)
    for ids in (lease.id, f"{lease.id} {lease.id[::-1]}"):
        with pytest.raises(NoSuchDocument):
            page.do("remove", document=ids)


def test_a_document_is_paused_goes_on_and_is_tried_again(other: Page) -> None:
    one, _ = records(other)
    jobs = other.workspace.library.jobs
    jobs.save(replace(one, state="waiting"))
    other.do("pause", document=one.id)
    assert rows_of(other.shown["documents"])[0]["act"] == "resume"
    other.do("resume", document=one.id)
    assert records(other)[0].state == "waiting"
    jobs.save(replace(one, state="failed", reason="it is damaged"))
    other.do("retry", document=one.id)
    assert records(other)[0].state == "waiting"
    jobs.save(one)


def test_the_documents_to_ask_are_chosen_and_all_of_them_again(other: Page) -> None:
    one, two = records(other)
    other.do("scope", documents=two.id)
    assert other.state.scope == (two.id,)
    assert "1 of 2 documents" in other.shown["scope"]
    assert f'"only":["{two.id}"]' in other.shown["scope"]
    other.do("scope", documents=one.id, how="add", reply="5")
    assert other.state.scope is None, "all are chosen: those that come later too"
    assert '"reply":5' in other.shown["scope"]
    other.do("scope", documents=one.id, how="drop")
    assert other.state.scope == (two.id,)
    other.do("only", document=one.id)
    assert other.state.scope == (one.id,)
    other.do("scope", documents="")
    assert "0 of 2 documents" in other.shown["scope"]
    with pytest.raises(NothingChosen):
        other.ask(RENT)
    with pytest.raises(NothingChosen):
        asyncio.run(other.controller.find_mentions(other.state, "rent"))
    other.do("scope", documents="all")
    assert other.state.scope is None
    assert "2 of 2 documents" in other.shown["scope"]


def test_a_conversation_keeps_what_it_asks_and_its_title(other: Page) -> None:
    one, two = records(other)
    other.take(asyncio.run(other.controller.find_mentions(other.state, "rent")))
    assert other.searched() == [2]
    other.do("scope", documents=one.id)
    kept = other.workspace.conversations.one(ANN, other.state.conversation_id)
    assert (kept.scope, kept.title) == ((one.id,), "Every mention of “rent”")
    # In another page of the same conversation it is so too, whatever that page thinks.
    updates = asyncio.run(other.controller.find_mentions(replace(other.state, scope=(two.id,)), "due"))
    assert [row.document_id for row in other.turns()[-1].answer.citations] == [one.id]
    assert updates["state"].scope == (one.id,)
    other.do("new")
    assert other.state.scope is None


def test_a_new_conversation_begins_with_what_was_chosen(other: Page) -> None:
    one, _ = records(other)
    other.do("scope", documents=one.id)
    other.take(asyncio.run(other.controller.find_mentions(other.state, "rent")))
    assert other.workspace.conversations.one(ANN, other.state.conversation_id).scope == (one.id,)
    assert [row.document_id for row in other.turns()[0].answer.citations] == [one.id]


# Uploads

TYPE = "multipart/form-data; boundary=x"


def upload(page: Page, *files: tuple[str, bytes], user: User = ANN) -> list[str]:
    """Files as a browser sends them; under which names they are known."""
    head = '--x\r\nContent-Disposition: form-data; name="files"; filename="{}"\r\n\r\n'
    body = b"".join(head.format(name).encode() + content + b"\r\n" for name, content in files) + b"--x--\r\n"

    async def blocks() -> AsyncIterator[bytes]:
        yield body

    page.uploads.clear()
    received = asyncio.run(page.uploads.receive(blocks(), TYPE, user.id, lambda _name, _count: None))
    return [each.handle for each in received]


def test_files_are_taken_in_and_what_is_refused_is_told_of_each(other: Page) -> None:
    large = make_pdf(["large"]) + b"\0" * (1 << 20)
    names = upload(other, ("lease.pdf", make_pdf(["new"])), ("no.pdf", b"?"), ("large.pdf", large))
    updates = other.take(other.controller.upload(other.state, names))
    assert other.here() == ["one.pdf", "two.pdf", "lease.pdf"]
    assert [each.state for each in records(other)] == ["ready", "ready", "waiting"]
    notices = words(updates["notice"], "strong")
    assert len(notices) == 2
    assert "no.pdf" in notices[0]
    assert "large.pdf" in notices[1]
    assert "past" not in updates
    assert [path for path in other.uploads.folder.rglob("*") if path.is_file()] == []


def test_nobody_takes_in_the_upload_of_another_or_twice(other: Page) -> None:
    [bens] = upload(other, ("bens.pdf", make_pdf(["bens"])), user=BEN)
    assert str(NotUploaded()) in other.controller.upload(other.state, [bens])["notice"]
    [anns] = upload(other, ("anns.pdf", make_pdf(["anns"])))
    assert other.controller.upload(other.state, [anns])["notice"] == ""
    assert str(NotUploaded()) in other.controller.upload(other.state, [anns])["notice"]
    assert [each.name for each in records(other)] == ["one.pdf", "two.pdf", "anns.pdf"]


def test_what_is_uploaded_while_the_server_works_is_read_without_another_step(tmp_path: Path) -> None:
    with embeddings() as url:
        settings = load_settings(data_dir=tmp_path, embeddings_url=url, reader_processes=1)
        with Workspace(settings, background=True) as workspace:
            workspace.library.delete_matter(workspace.access.matter(LOCAL_USER, SAMPLE_MATTER).id)
            page = Page(workspace, LOCAL_USER, workspace.access.create(LOCAL_USER, "Acme").id)
            workspace.work_in_background()
            time.sleep(0.5)  # it has found nothing to do
            page.controller.upload(page.state, upload(page, ("new.pdf", make_pdf(["new"])), user=LOCAL_USER))
            end = time.monotonic() + 60
            while records(page)[0].state != "ready":
                assert time.monotonic() < end
                time.sleep(0.05)


# Questions


def test_a_question_begins_a_conversation_and_its_answer_is_kept_and_shown(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply([RENT_ANSWER]))

    async def ask() -> None:
        begun = await page.begun("example", question=RENT)
        assert page.state.conversation_id
        assert (begun["question"], begun["busy"], begun["announcement"]) == ("", True, "Searching the documents.")
        assert RENT in begun["now"]
        assert "Searching the documents…" in begun["now"]
        assert (page.shown["empty"], page.shown["past"]) == ("", "")
        assert await page.written()

    asyncio.run(ask())
    [turn] = page.turns()
    assert (turn.question, turn.state, turn.answer.answer) == (RENT, "complete", RENT_ANSWER)
    assert page.titles()[0] == RENT
    assert RENT in page.shown["past"]
    assert (page.shown["now"], page.shown["busy"]) == ("", False)
    assert page.shown["announcement"] == "The answer is ready, with 1 citation."
    assert "The monthly rent is $4,200" in page.shown["evidence"]


def test_a_draft_grows_until_it_is_there_and_whoever_comes_meanwhile_sees_it_too(
    page: Page, engine: FakeEngine
) -> None:
    engine.enqueue(Reply(["One. ", "Two. ", "Three. ", RENT_ANSWER], pace=0.3))

    async def ask() -> list[str]:
        begun = await page.begun("example", question=RENT)
        drafts: list[str] = []
        async for draft in page.drafts():
            drafts.append(draft)
            if "One." in draft and len(seen) == 0:
                second = Page(page.workspace, ANN, page.state.matter_id, page.running)
                seen.append(second.take(second.controller.open(page.state)))
        assert begun["state"].writing == seen[0]["state"].writing
        return drafts

    seen: list[Updates] = []
    drafts = asyncio.run(ask())
    assert seen[0]["busy"]
    assert "One." in seen[0]["now"]
    assert seen[0]["empty"] == seen[0]["past"] == ""
    assert any("One." in each and "Three." not in each for each in drafts)
    assert page.finished()["announcement"] == "The answer is ready, with 1 citation."


def test_a_follow_up_is_asked_with_what_was_said_before(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply([RENT_ANSWER]), Reply([TERMINATION_ANSWER]))
    page.ask(RENT)
    page.ask(TERMINATION)
    assert [turn.question for turn in page.turns()] == [RENT, TERMINATION]
    said = [each["content"] for each in engine.asked[-1]["messages"]]
    assert any(RENT in each for each in said)
    assert any(RENT_ANSWER in each for each in said)


def test_a_follow_up_can_be_asked_again_on_its_own(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(*[Reply([RENT_ANSWER])] * 3)
    page.ask(RENT)
    page.ask("By when?")
    assert page.answer().read_as == "with_last_question"
    [button] = elements(page.shown["past"], "alone")
    page.do("alone", turn=button.attributes["data-turn"])
    assert [turn.question for turn in page.turns()] == [RENT, "By when?", "By when?"]
    assert (page.answer().read_as, page.answer().query) == ("own", "By when?")


def test_a_question_without_words_begins_nothing(page: Page) -> None:
    before = page.titles()
    with pytest.raises(EmptyQuestion):
        page.ask("  ")
    assert Page(page.workspace, ANN, page.state.matter_id).titles() == before


CHOICE = "What does Alder pay under the Alder contract?"


def test_a_question_that_leaves_the_choice_is_not_asked_until_it_is_made(page: Page, engine: FakeEngine) -> None:
    asked, before = len(engine.asked), page.titles()
    updates = page.ask(CHOICE)
    assert updates["announcement"] == "This fits 2 documents. Choose which one you mean."
    buttons = elements(updates["now"], "meant")
    assert [each.text for each in buttons][-1] == "All of them"
    assert {each.text for each in buttons[:2]} == {"2019 Alder contract.pdf", "2023 Alder contract.pdf"}
    assert (len(engine.asked), set(updates)) == (asked, {"now", "announcement"})
    assert Page(page.workspace, ANN, page.state.matter_id).titles() == before
    chosen = buttons[0].attributes["data-documents"]
    engine.enqueue(Reply(["$100 [1]."]))
    page.do("meant", question=CHOICE, documents=chosen)
    assert page.state.scope == (chosen,)
    assert {row.document_id for row in page.answer().passages} == {chosen}


def test_a_question_about_all_that_are_meant_leaves_the_scope_as_it_is(page: Page, engine: FakeEngine) -> None:
    both = elements(page.ask(CHOICE)["now"], "meant")[-1].attributes["data-documents"]
    engine.enqueue(Reply(["$100 and $900 [1][2]."]))
    page.do("meant", question=CHOICE, documents=both)
    assert page.state.scope is None
    assert {row.document_id for row in page.answer().passages} >= set(both.split())


def test_only_documents_that_are_ready_are_asked(workspace: Workspace, engine: FakeEngine) -> None:
    matter = workspace.access.create(ANN, f"Matter {next(numbers)}")
    ready(workspace, matter, "lease.pdf", LEASE)
    waiting = workspace.library.accept(matter.id, "waiting.pdf", make_pdf(["rent"]))
    page = Page(workspace, ANN, matter.id)
    page.take(asyncio.run(page.controller.ask(page.state, RENT)))
    assert "1 document is still being read." in page.shown["now"]
    assert "Ask the 1 that is ready" in page.shown["now"]
    assert page.state.conversation_id == ""
    engine.enqueue(Reply([RENT_ANSWER]))
    page.do("ready", question=RENT)
    assert page.searched() == [1]
    page.take(asyncio.run(page.controller.find_mentions(page.state, "rent")))
    assert page.searched() == [1, 1]
    acts = {row["id"]: row.get("act") for row in rows_of(page.shown["documents"])}
    assert acts[waiting.id] == "pause"


def test_whoever_is_walled_off_sees_no_more_of_an_answer_that_is_being_written(
    workspace: Workspace, page: Page, engine: FakeEngine
) -> None:
    engine.enqueue(Reply(SLOWLY, pace=0.05))

    async def read() -> None:
        await page.begun("example", question=RENT)
        async for draft in page.drafts():
            if "word1" in draft:
                break
        workspace.conversations.share(ANN, page.state.conversation_id, shared=True)
        workspace.sharing.share(ANN, page.state.matter_id, BEN.id, "viewer")
        his = Controller(workspace, BEN, page.controller._running, page.controller._uploads)
        try:
            where = page.state.matter_id, page.state.conversation_id, page.state.writing
            assert his.followed(*where)
            workspace.sharing.wall(ANN, page.state.matter_id, BEN.id)
            his.followed(*where)
        finally:
            await page.controller.stop(page.state)

    with pytest.raises(NoSuchConversation):
        asyncio.run(read())
    workspace.sharing.lift_wall(ANN, page.state.matter_id, BEN.id)


def test_stopping_keeps_what_was_written(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply(SLOWLY, pace=0.05))

    async def ask() -> Updates:
        await page.begun("example", question=RENT)
        async for draft in page.drafts():
            if "word3" in draft:
                assert await page.controller.stop(page.state) == {"busy": False}
        return page.take(page.finished())

    updates = asyncio.run(ask())
    [turn] = page.turns()
    assert turn.state == "stopped"
    assert turn.answer.answer.startswith("word0 word1 word2 word3")
    assert "word399" not in turn.answer.answer
    assert updates["announcement"] == "The answer was stopped."
    assert "Stopped. What follows is incomplete." in updates["past"]
    assert updates["busy"] is False


def test_stopping_where_nothing_is_written_changes_nothing(other: Page) -> None:
    other.take(asyncio.run(other.controller.find_mentions(other.state, "rent")))
    before = other.turns()
    assert asyncio.run(other.controller.stop(other.state)) == {"busy": False}
    assert other.turns() == before


def test_what_was_written_in_a_conversation_that_was_deleted_meanwhile_is_told(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply(SLOWLY, pace=0.05))

    async def ask() -> None:
        await page.begun("example", question=RENT)
        state = page.state
        async for draft in page.drafts():
            if "word1" in draft:
                break
        page.workspace.conversations.delete(ANN, state.conversation_id)
        running = page.running.of(state.conversation_id)
        assert running is not None
        await running.stop()
        told = page.take(page.finished())
        assert str(NoSuchConversation()) in told["notice"]
        assert not told["busy"]
        assert "now" not in told, "what was written stays in sight"
        assert page.finished() == {}, "it is told once"

    asyncio.run(ask())


def test_an_answer_whose_matter_is_deleted_meanwhile_ends_with_an_error_of_its_own(
    workspace: Workspace, engine: FakeEngine
) -> None:
    matter = workspace.access.create(ANN, f"Matter {next(numbers)}")
    ready(workspace, matter, "lease.pdf", LEASE)
    page = Page(workspace, ANN, matter.id)
    engine.enqueue(Reply(SLOWLY, pace=0.05))

    async def ask() -> None:
        await page.begun("example", question=RENT)
        running = page.running.of(page.state.conversation_id)
        assert running is not None
        async for draft in page.drafts():
            if "word1" in draft:
                break
        await asyncio.to_thread(workspace.delete_matter, matter, ANN)
        await running.stop()
        assert isinstance(running.error, PinciteError)

    asyncio.run(ask())


def test_what_was_written_before_this_process_began_is_told_by_its_last_turn(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply([RENT_ANSWER]))
    page.ask(RENT)
    anew = Page(page.workspace, ANN, page.state.matter_id, RunningAnswers())
    anew.take({"state": replace(page.state, writing=page.turns()[0].id)})  # as a page that was open meanwhile
    assert anew.finished()["announcement"] == "The answer is ready, with 1 citation."


def test_what_is_written_is_shown_in_its_own_conversation_alone(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply([RENT_ANSWER]), Reply(SLOWLY, pace=0.05))
    page.ask(RENT)
    first = page.state.conversation_id

    async def ask() -> None:
        page.take(page.controller.new_conversation(page.state))
        await page.begun("example", question=TERMINATION)
        async for draft in page.drafts():
            if "word1" in draft:
                break
        for conversation_id in (first, ""):
            elsewhere = page.controller.open(PageState(matter_id=page.state.matter_id, conversation_id=conversation_id))
            assert (elsewhere["now"], elsewhere["busy"], elsewhere["state"].writing) == ("", False, "")
        assert page.controller.open(page.state)["busy"]
        await page.controller.stop(page.state)

    asyncio.run(ask())


# Turns once more


def asked_twice(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply([RENT_ANSWER]), Reply([TERMINATION_ANSWER]))
    page.ask(RENT)
    page.ask(TERMINATION)


def test_asked_again_the_new_turn_takes_the_place_of_the_old(page: Page, engine: FakeEngine) -> None:
    asked_twice(page, engine)
    first, second = page.turns()
    engine.enqueue(Reply(["Anew: " + TERMINATION_ANSWER]))
    page.do("again", turn=second.id)
    assert [turn.question for turn in page.turns()] == [RENT, TERMINATION]
    assert page.turns()[0] == first
    assert page.turns()[1].answer.answer.startswith("Anew")
    said = "".join(each["content"] for each in engine.asked[-1]["messages"])
    assert TERMINATION_ANSWER not in said, "what is replaced is not what was said before"


def test_an_edited_question_replaces_its_turn_and_what_came_after(page: Page, engine: FakeEngine) -> None:
    asked_twice(page, engine)
    conversation, (first, _) = page.state.conversation_id, page.turns()
    updates = page.do("edit", turn=first.id)
    assert (updates["question"], page.state.editing) == (RENT, first.id)
    assert "You are editing an earlier question." in updates["notice"]
    engine.enqueue(Reply([TERMINATION_ANSWER]))
    page.ask("How may the Larkspur lease be ended?")
    assert [turn.question for turn in page.turns()] == ["How may the Larkspur lease be ended?"]
    assert (page.state.conversation_id, page.state.editing, page.shown["notice"]) == (conversation, "", "")


def test_an_edited_question_may_become_a_search(page: Page, engine: FakeEngine) -> None:
    asked_twice(page, engine)
    first, second = page.turns()
    page.do("edit", turn=second.id)
    page.take(asyncio.run(page.controller.find_mentions(page.state, "rent")))
    assert [turn.question for turn in page.turns()] == [RENT, "rent"]
    assert page.turns()[0] == first


def test_nothing_is_lost_where_the_turn_to_replace_is_not_there(page: Page, engine: FakeEngine) -> None:
    asked_twice(page, engine)
    before = page.turns()
    page.shown["state"] = replace(page.state, editing="0" * 32)
    for act in (page.controller.ask(page.state, RENT), page.controller.find_mentions(page.state, "rent")):
        with pytest.raises(NoSuchConversation):
            asyncio.run(act)
    assert page.turns() == before


def test_a_conversation_that_is_full_takes_no_more_and_a_turn_once_more_is_no_more(tmp_path: Path) -> None:
    settings = load_settings(
        data_dir=tmp_path, access="behind-proxy", turns_per_conversation=1, conversations_per_user=2
    )
    with Workspace(settings) as workspace:
        workspace.welcome(ANN)
        read_in_name(workspace, ANN)
        controller = Controller(workspace, ANN, RunningAnswers(), UploadStore(settings))
        matter = workspace.access.matter(ANN, SAMPLE_MATTER)
        begun = asyncio.run(controller.find_mentions(PageState(matter_id=matter.id), "rent"))["state"]
        for act in (controller.find_mentions(begun, "fee"), controller.ask(begun, "What is the fee?")):
            with pytest.raises(QuotaReached, match="1 questions in a conversation"):
                asyncio.run(act)
        assert "searcher" not in vars(workspace), "it is refused before anything is searched"
        [turn] = workspace.conversations.turns(ANN, begun.conversation_id)
        asyncio.run(controller.ask_again(begun, turn.id))
        asyncio.run(controller.find_mentions(PageState(matter_id=matter.id), "fee"))
        with pytest.raises(QuotaReached, match="2 conversations"):
            asyncio.run(controller.find_mentions(PageState(matter_id=matter.id), "notice"))
        assert len(workspace.conversations.all(ANN, matter)) == 2
        assert len(workspace.conversations.turns(ANN, begun.conversation_id)) == 1


# Ratings


def test_a_rating_is_kept_and_the_same_once_more_takes_it_back(other: Page) -> None:
    other.take(asyncio.run(other.controller.find_mentions(other.state, "rent")))
    [turn] = other.turns()
    for rating, kept, shown in (
        ("1", 1, [True, False]),
        ("-1", -1, [False, True]),
        ("-1", None, [False, False]),
        ("1", 1, [True, False]),
        ("1", None, [False, False]),
    ):
        other.do("rate", turn=turn.id, rating=rating)
        assert (other.turns()[0].rating, pressed(other)) == (kept, shown)


# Summaries and searches


def test_a_summary_that_was_stopped_is_announced_as_one(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply(SLOWLY, pace=0.05))
    lease = next(each for each in records(page) if each.name == "lease.pdf")

    async def summarise() -> None:
        await page.begun("summary", document=lease.id)
        await page.controller.stop(page.state)

    asyncio.run(summarise())
    engine.forget()  # it may have been stopped before anything was asked
    [turn] = page.turns()
    assert turn.state == "stopped"
    assert page.finished()["announcement"] == "The summary was stopped."
    assert end_announcement(replace(turn, state="failed")) == "The summary could not be written."


def test_a_summary_is_a_turn_and_is_made_anew_in_its_place(page: Page, engine: FakeEngine) -> None:
    lease = next(each for each in records(page) if each.name == "lease.pdf")

    async def summarise() -> None:
        begun = await page.begun("summary", document=lease.id)
        assert begun["announcement"] == "Summarising the document."
        assert "Summary of lease.pdf" in begun["now"]
        await page.written()

    asyncio.run(summarise())
    [turn] = page.turns()
    assert isinstance(turn.answer, SummaryResult)
    assert turn.answer.document_id == lease.id
    assert page.titles()[0] == "Summary of lease.pdf"
    assert page.shown["announcement"] == f"The summary is ready, with {len(turn.answer.citations)} citations."
    page.do("again", turn=turn.id)
    [anew] = page.turns()
    assert isinstance(anew.answer, SummaryResult)
    assert anew.answer.document_id == lease.id
    assert anew.id != turn.id


def test_a_search_is_a_turn_and_is_made_anew_in_its_place(other: Page) -> None:
    updates = other.take(asyncio.run(other.controller.find_mentions(other.state, "rent")))
    assert (updates["question"], updates["announcement"]) == ("", "2 mentions found.")
    [turn] = other.turns()
    [_, two] = records(other)
    other.do("remove", document=two.id)
    other.do("again", turn=turn.id)
    [anew] = other.turns()
    assert isinstance(anew.answer, MentionsResult)
    assert (anew.question, anew.answer.count) == ("rent", 1)


# Evidence


def shown_words(page: Page) -> list[str]:
    return words(page.shown["evidence"], "blockquote")


def shown_page(page: Page) -> str:
    [image] = [each for each in elements(page.shown["evidence"]) if each.tag == "img"]
    return image.attributes["src"]


def test_each_place_of_an_answer_is_opened_at_its_words(page: Page, engine: FakeEngine) -> None:
    asked_twice(page, engine)
    assert shown_words(page) == ["Either party may end this Lease by ninety days' written notice"]
    first, second = page.turns()
    [(start, end)] = second.answer.citations[0].spans
    assert LEASE[start:end] == "Either party may end this Lease by ninety days' written notice"
    assert f"/pages/3.png?span={start}-{end}" in shown_page(page)
    page.do("cite", turn=first.id, item="0")
    assert shown_words(page) == ["The monthly rent is $4,200"]
    assert "/pages/2.png?" in shown_page(page)
    last = len(elements(page.shown["evidence"], "cite"))
    page.do("cite", turn=first.id, item="999")
    beyond = page.shown["evidence"]
    assert "Passage" in words(beyond, "h2")[0]
    page.do("cite", turn=first.id, item="-5")
    assert shown_words(page) == ["The monthly rent is $4,200"]
    assert last > 0


def test_a_file_without_page_images_is_shown_as_text_with_the_words_marked(
    workspace: Workspace, engine: FakeEngine
) -> None:
    matter = workspace.access.create(ANN, "Notes")
    ready(workspace, matter, "note.txt", LEASE.replace(PAGE_BREAK, "\n") + "\n<script>alert(1)</script>")
    page = Page(workspace, ANN, matter.id)
    page.take(page.controller.open(page.state))
    engine.enqueue(Reply([RENT_ANSWER]))
    page.ask(RENT)
    assert words(page.shown["evidence"], "mark") == ["The monthly rent is $4,200"]
    assert "1. Parties." in page.shown["evidence"]
    assert "<script>" not in page.shown["evidence"]
    assert "<img" not in page.shown["evidence"]


def test_next_and_previous_lead_through_all_places_of_an_answer(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply([f"{RENT_ANSWER} {TERMINATION_ANSWER}"]))
    page.ask(RENT)
    assert shown_words(page) == ["The monthly rent is $4,200"]

    def go(key: str) -> None:
        [button] = [each for each in elements(page.shown["evidence"], "cite") if each.attributes.get("data-key") == key]
        page.do("cite", **{name: button.attributes[f"data-{name}"] for name in ("turn", "item")})

    go("next")
    assert shown_words(page) == ["Either party may end this Lease by ninety days' written notice"]
    assert "Citation 2 of 2" in words(page.shown["evidence"], "h2")[0]
    go("previous")
    assert shown_words(page) == ["The monthly rent is $4,200"]


def test_a_passage_that_stands_in_another_document_too_is_opened_at_the_quotation(
    page: Page, engine: FakeEngine
) -> None:
    engine.enqueue(Reply(["By post: “must be sent by registered post” [1]."]))
    page.ask("How must a notice be sent?")
    [turn] = page.turns()
    [same] = page.answer().same_words
    items = [each.attributes for each in elements(page.shown["past"], "cite") if same.document in each.text]
    page.do("cite", turn=turn.id, item=items[-1]["data-item"])
    assert same.document in page.shown["evidence"]
    (whole,) = shown_words(page)  # a quotation begun after its subject is cited with its sentence
    assert "must be sent by registered post" in whole
    assert "/pages/2.png?" in shown_page(page)


def test_a_document_that_is_gone_leaves_its_answer_and_no_words(workspace: Workspace, engine: FakeEngine) -> None:
    matter = workspace.access.create(ANN, f"Matter {next(numbers)}")
    lease = ready(workspace, matter, "lease.pdf", LEASE)
    page = Page(workspace, ANN, matter.id)
    engine.enqueue(Reply([RENT_ANSWER]))
    page.ask(RENT)
    page.do("remove", document=lease.id)
    assert "This document was removed from the matter." in page.shown["evidence"]
    assert "document removed" in page.shown["past"]
    assert shown_words(page) == []


def test_an_answer_without_places_shows_the_evidence_of_the_one_before(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply([RENT_ANSWER]))
    page.ask(RENT)
    before = page.shown["evidence"]
    page.workspace.conversations.add_turn(ANN, page.state.conversation_id, "?", NOTHING_FOUND, "complete")
    assert page.controller.open(page.state)["evidence"] == before
    page.do("new")
    assert "Choose a citation" in page.shown["evidence"]


# Who may


def test_no_act_does_anything_with_anothers_ids(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply([RENT_ANSWER]))
    page.ask(RENT)
    [turn] = page.turns()
    document = records(page)[0].id
    hers = {"matter": page.state.matter_id, "conversation": page.state.conversation_id, "turn": turn.id}
    hers |= {"value": page.state.matter_id, "document": document, "documents": document}
    said = hers | {"question": RENT, "rating": "1", "item": "0"}

    def kept() -> object:
        return page.turns(), records(page), page.workspace.conversations.one(ANN, page.state.conversation_id)

    before = kept()
    bens = PageState(opened=True, matter_id=page.workspace.access.matter(BEN, SAMPLE_MATTER).id)
    for name in ACTS:
        for state in (bens, page.state, replace(bens, conversation_id=page.state.conversation_id, editing=turn.id)):
            ben = Page(page.workspace, BEN)
            act, values = read_act({"do": name, **said})
            try:
                updates = asyncio.run(_to_its_end(ben, act.run(ben.controller, state, values)))
            except PinciteError:
                continue
            assert "$4,200" not in str(updates), name
            assert "lease.pdf" not in str(updates), name
    assert kept() == before
    assert page.state.matter_id in [matter.id for matter in page.workspace.access.matters(ANN)]


async def _to_its_end(page: Page, action: Coroutine[object, object, Updates]) -> Updates:
    page.take(await action)
    if page.shown.get("busy"):
        await page.written()
    return page.shown


def test_a_matter_or_conversation_of_another_is_not_deleted(page: Page) -> None:
    ben = Page(page.workspace, BEN)
    with pytest.raises(NoSuchMatter):
        ben.do("delete-matter", matter=page.state.matter_id)


def test_acts_are_counted_by_user_and_of_guests_by_the_address_they_came_from(tmp_path: Path) -> None:
    with Workspace(load_settings(data_dir=tmp_path, access="demo", guests_per_address=5)) as workspace:
        guest = User("guest-1", "Guest")
        workspace.welcome(guest, None, "10.0.0.1")
        assert Controller(workspace, guest, RunningAnswers(), UploadStore(workspace.settings)).share_key == "10.0.0.1"
        assert (
            Controller(workspace, LOCAL_USER, RunningAnswers(), UploadStore(workspace.settings)).share_key
            == LOCAL_USER.id
        )
