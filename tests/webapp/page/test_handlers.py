"""The handlers of the page's events, without gradio:
whose page it is, in which order things happen, what faults show.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from retrieval.core.errors import StoreUnavailable
from tests.documents import document
from tests.pdfs import make_pdf
from tests.webapp.page.pages import elements, read_in_name
from webapp.core.errors import GuestGone, NotAllowed, UnknownAct
from webapp.core.settings import load_settings
from webapp.page.handlers import ACTS_AT_ONCE, ControllerFactory, Handlers, Request
from webapp.page.state import PageState, Tab
from webapp.page.updates import Updates
from webapp.page.uploads import UploadStore
from webapp.service.health import Health
from webapp.service.startup import Startup
from webapp.service.workspace import SAMPLE_MATTER, Workspace
from webapp.store.users import User
from webapp.web.authentication import Guest, guest_key

SECRET = "s" * 32


class Server:
    """Handlers on an opened workspace, and requests as they come to it."""

    def __init__(self, folder: Path, *, opened: bool = True, **settings: Any) -> None:
        self.settings = load_settings(data_dir=folder, **settings)
        self.opening = Startup(self.settings)
        if opened:
            self.opening._open_stores()
            self.opening._tried.set()
        self.uploads = UploadStore(self.settings)
        self.uploads.clear()
        self.controllers = ControllerFactory(self.opening, self.uploads)
        self.handlers = Handlers(self.controllers, Health(self.opening))

    @property
    def workspace(self) -> Workspace:
        return self.opening.opened()

    def request(self, name: str = "ann", cookies: dict[str, str] | None = None, **query: str) -> Request:
        headers = {"x-forwarded-user": name, "x-pincite-proxy-secret": SECRET} if name else {}
        client = SimpleNamespace(host="127.0.0.1")
        return SimpleNamespace(headers=headers, cookies=cookies or {}, client=client, query_params=query)

    async def user(self, name: str = "ann") -> User:
        return (await self.controllers.of(self.request(name)))._user

    async def opened(self, name: str = "ann", **query: str) -> Tab:
        """A tab of this user that has been loaded."""
        tab = Tab()
        assert "notice" in await self.handlers.load(tab, self.request(name, None, **query))
        return tab


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, access="behind-proxy", proxy_secret=SECRET)
    yield server
    server.workspace.close()


def conversations(server: Server, user: User) -> list[str]:
    matters = server.workspace.access.matters(user)
    return [each.title for matter in matters for each in server.workspace.conversations.all(user, matter)]


# Loading and looking


def test_a_page_is_there_before_the_records_and_opens_by_itself_when_they_are(tmp_path: Path) -> None:
    server = Server(tmp_path, opened=False, access="behind-proxy", proxy_secret=SECRET)
    tab = Tab()

    async def test() -> None:
        loaded = await server.handlers.load(tab, server.request())
        assert set(loaded) == {"health", "engine"}
        assert "Opening the database" in loaded["health"]
        assert not await server.handlers.has_changed(tab, server.request())
        server.opening._open_stores()
        server.opening._tried.set()
        await asyncio.sleep(0.6)
        assert await server.handlers.has_changed(tab, server.request())
        looked = await server.handlers.look(tab, server.request())
        assert {"matters", "past", "evidence", "documents"} <= set(looked)
        assert tab.state.opened

    asyncio.run(test())
    server.workspace.close()


def test_an_address_leads_back_to_its_matter_and_conversation(server: Server) -> None:
    async def test() -> None:
        user = await server.user()
        matter = server.workspace.access.create(user, "Acme")
        conversation = server.workspace.conversations.start(user, matter, "About Acme")
        tab = await server.opened(matter=matter.id, conversation=conversation.id)
        assert tab.state == PageState(opened=True, matter_id=matter.id, conversation_id=conversation.id)
        again = await server.opened()
        assert again.state.matter_id == server.workspace.access.matter(user, SAMPLE_MATTER).id

    asyncio.run(test())


def test_a_look_changes_only_what_changes_by_itself(server: Server) -> None:
    async def test() -> None:
        tab = await server.opened()
        assert not await server.handlers.has_changed(tab, server.request())
        assert await server.handlers.look(tab, server.request()) == {}
        server.workspace.library.accept(tab.state.matter_id, "new.pdf", make_pdf(["new"]))
        assert await server.handlers.has_changed(tab, server.request())
        looked = await server.handlers.look(tab, server.request())
        assert set(looked) == {"documents", "reading", "scope", "empty"}
        assert not await server.handlers.has_changed(tab, server.request())
        assert '"version":2,"from":1' in (changed := str(looked["documents"]))
        assert changed.count('"name"') == 1, "only the new one"
        anew = str((await server.handlers.act(tab, {"do": "lists"}, server.request()))["documents"])
        assert '"version":1,"from":0' in anew
        assert anew.count('"name"') == 2

    asyncio.run(test())


def test_a_failure_is_told_once_and_so_is_its_end(server: Server) -> None:
    async def test() -> None:
        tab = await server.opened()
        nobody = server.request("")
        assert await server.handlers.has_changed(tab, nobody)
        assert "notice" in await server.handlers.look(tab, nobody)
        assert not await server.handlers.has_changed(tab, nobody)
        assert await server.handlers.has_changed(tab, server.request())
        assert "Search is starting" in (await server.handlers.look(tab, server.request()))["health"]
        assert not await server.handlers.has_changed(tab, server.request())

    asyncio.run(test())


def test_what_an_act_has_shown_is_no_news(server: Server) -> None:
    async def test() -> None:
        tab, beside = await server.opened(), await server.opened()
        await server.handlers.act(tab, {"do": "new-matter", "value": "Acme"}, server.request())
        matter = tab.state.matter_id
        assert not await server.handlers.has_changed(tab, server.request())
        assert not await server.handlers.has_changed(beside, server.request())
        await server.handlers.act(beside, {"do": "matter", "value": matter}, server.request())
        server.workspace.library.accept(matter, "new.pdf", make_pdf(["new"]))
        assert await server.handlers.has_changed(tab, server.request())
        assert await server.handlers.has_changed(beside, server.request())

    asyncio.run(test())


# Who asks


def test_who_is_not_let_in_is_told_so_and_nothing_else(server: Server) -> None:
    async def test() -> Updates:
        return await server.handlers.load(Tab(), server.request(""))

    updates = asyncio.run(test())
    assert set(updates) == {"notice", "announcement", "busy", "health"}
    assert str(NotAllowed()) in updates["notice"]
    assert (updates["announcement"], updates["health"], updates["busy"]) == (str(NotAllowed()), "", False)


def test_the_user_is_whoever_sends_the_request_whatever_the_tab_is(server: Server) -> None:
    async def test() -> None:
        anns = await server.opened("ann")
        matter = server.workspace.access.create(await server.user("ann"), "Secret matter")
        await server.handlers.act(anns, {"do": "matter", "value": matter.id}, server.request("ann"))
        assert anns.state.matter_id == matter.id
        updates = await server.handlers.look(anns, server.request("ben"))
        assert "Secret" not in str(updates)
        updates = await server.handlers.find(anns, "rent", server.request("ben"))
        assert "notice" in updates
        assert conversations(server, await server.user("ann")) == []

    asyncio.run(test())


def test_each_guest_has_a_page_of_their_own_for_an_hour(tmp_path: Path) -> None:
    server = Server(tmp_path, access="demo", guests_per_address=5)

    def request(guest: Guest) -> Request:
        cookie = {"pincite_guest": guest.cookie(guest_key(tmp_path))}
        return server.request("", cookies=cookie)

    async def test() -> None:
        one, two = Guest.arriving(), Guest.arriving()
        over = Guest(one.id, int(time.time()) - 3601)
        tabs = [Tab(), Tab()]
        for tab, guest in zip(tabs, (one, two), strict=True):
            loaded = await server.handlers.load(tab, request(guest))
            assert SAMPLE_MATTER in loaded["matters"]
        assert tabs[0].state.matter_id != tabs[1].state.matter_id
        named = {"do": "new-matter", "value": "Mine"}
        assert "Mine" in (await server.handlers.act(tabs[0], named, request(one)))["matters"]
        assert "Mine" not in (await server.handlers.load(tabs[1], request(two)))["matters"]
        gone = await server.handlers.act(tabs[0], {"do": "new"}, request(over))
        assert str(GuestGone()) in gone["notice"]
        for n in range(3):
            await server.handlers.act(tabs[0], {"do": "new-matter", "value": f"More {n}"}, request(one))
        refused = await server.handlers.act(tabs[0], {"do": "new-matter", "value": "Too many"}, request(one))
        assert "The limit is 5 matters per visitor." in refused["notice"]

    asyncio.run(test())
    server.workspace.close()


def test_an_act_that_comes_first_to_a_new_server_goes_where_the_address_says(server: Server) -> None:
    """The page was open when the server was started anew."""

    async def test() -> None:
        user = await server.user()
        matter = server.workspace.access.create(user, "Acme")
        tab = Tab()
        told = await server.handlers.ask(tab, "Who pays?", server.request(matter=matter.id))
        assert "There is no document to ask." in told["notice"]
        assert tab.state == PageState()
        await server.handlers.act(tab, {"do": "new"}, server.request(matter=matter.id))
        assert tab.state == PageState(opened=True, matter_id=matter.id)

    asyncio.run(test())


# Order, turns, faults


def test_what_is_done_in_a_tab_happens_in_its_order(server: Server) -> None:
    async def test() -> None:
        tab = await server.opened()
        user = await server.user()
        read_in_name(server.workspace, user)
        await server.handlers.find(tab, "rent", server.request())
        first = tab.state.conversation_id
        assert first
        async with tab.lock:
            steps = []
            for step in (
                server.handlers.act(tab, {"do": "new"}, server.request()),
                server.handlers.find(tab, "fee", server.request()),
                server.handlers.act(tab, {"do": "open", "conversation": first}, server.request()),
            ):
                steps.append(asyncio.create_task(step))
                await asyncio.sleep(0.05)
            assert not any(step.done() for step in steps)
        await asyncio.gather(*steps)
        assert tab.state.conversation_id == first
        assert sorted(conversations(server, user)) == ["Every mention of “fee”", "Every mention of “rent”"]
        assert len(server.workspace.conversations.turns(user, first)) == 1

    asyncio.run(test())


def test_a_fault_is_shown_as_a_sentence_and_leaves_the_tab_where_it_is(server: Server) -> None:
    async def test() -> None:
        tab = await server.opened()
        before = tab.state
        for step in (
            server.handlers.ask(tab, " ", server.request()),
            server.handlers.find(tab, "", server.request()),
            server.handlers.act(tab, {"do": "delete", "conversation": "x"}, server.request()),
            server.handlers.act(tab, {"do": "rate", "turn": "x", "rating": "one"}, server.request()),
            server.handlers.stop(tab, server.request()),
        ):
            updates = await step
            assert elements(updates["notice"])[0].attributes["class"] == "notice"
            assert (updates["busy"], "health" in updates) == (False, False)
            assert updates["announcement"] in elements(updates["notice"])[0].text
            assert tab.state == before
        assert await server.handlers.look(tab, server.request()) == {}, "the tab is not locked for ever"

    asyncio.run(test())


def test_an_unforeseen_fault_is_told_without_its_words(server: Server) -> None:
    async def test() -> Updates:
        tab = await server.opened()
        tab.state = "no state"  # type: ignore[assignment]
        return await server.handlers.look(tab, server.request())

    updates = asyncio.run(test())
    assert "Something went wrong (ref " in updates["notice"]
    assert "attribute" not in updates["notice"]


@pytest.mark.parametrize("name", ["", "x", "Cite", "ask", "__class__"])
def test_an_act_that_has_no_row_is_an_error_and_no_question(
    server: Server, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        tab = await server.opened()
        data = {"do": name, "question": "What is the rent?", "value": "x"}
        updates = await server.handlers.act(tab, data, server.request())
        assert str(UnknownAct()) in updates["notice"]
        assert updates["announcement"] == "This page has no action of that name."
        assert conversations(server, await server.user()) == []

    asyncio.run(test())
    assert "unknown act" in caplog.text


@pytest.mark.slow
def test_one_user_has_so_many_acts_at_a_time_and_keeps_nobody_else_waiting(server: Server) -> None:
    async def test() -> None:
        anns, bens = await server.opened("ann"), await server.opened("ben")
        async with AsyncExitStack() as held:
            for _ in range(ACTS_AT_ONCE):
                await held.enter_async_context(server.controllers.turn(server.request("ann")))
            waiting = asyncio.create_task(server.handlers.act(anns, {"do": "new"}, server.request("ann")))
            await asyncio.wait_for(server.handlers.act(bens, {"do": "new"}, server.request("ben")), 20)
            await asyncio.wait({waiting}, timeout=2)
            assert not waiting.done()
        assert "past" in await asyncio.wait_for(waiting, 20)

    asyncio.run(test())


def test_stop_and_uploads_wait_for_no_turn(server: Server) -> None:
    async def test() -> None:
        tab = await server.opened()
        read_in_name(server.workspace, await server.user())
        await server.handlers.find(tab, "rent", server.request())
        async with AsyncExitStack() as held:
            for _ in range(ACTS_AT_ONCE):
                await held.enter_async_context(server.controllers.turn(server.request()))
            assert await asyncio.wait_for(server.handlers.stop(tab, server.request()), 20) == {"busy": False}
            async with tab.lock:  # nor for what is done in the tab
                taken = await asyncio.wait_for(server.handlers.upload(tab, ["x/none.pdf"], server.request()), 20)
        assert "was not uploaded here" in taken["notice"]

    asyncio.run(test())


# What is being written


def test_what_is_written_is_the_same_for_all_pages_of_its_user(server: Server) -> None:
    async def test() -> None:
        user = await server.user()
        tab = await server.opened()
        matter = server.workspace.access.matter(user, SAMPLE_MATTER)
        [record] = server.workspace.library.documents(matter.id)
        text = document("1. Rent. The rent is due each month.", id_=record.id, name=record.name)
        server.workspace.library.keep_text(record, replace(text, version=record.text_version))
        begun = await server.handlers.act(tab, {"do": "summary", "document": record.id}, server.request())
        assert begun["busy"]
        second = Tab()
        second.state = tab.state  # as of a page that was opened meanwhile
        for each in (second, tab):  # the next look shows it, whoever follows it
            finished: Updates = {}
            while "announcement" not in finished:
                await asyncio.sleep(0.02)
                finished = await server.handlers.look(each, server.request())
            assert finished["announcement"].startswith("The summary is ready")
            assert not finished["busy"]

    asyncio.run(test())


# Health


class Counted(Startup):
    """An opening whose states are counted, and take a while."""

    looks = 0

    def states(self) -> dict[str, str]:
        self.looks += 1
        self.thread = threading.current_thread().name
        time.sleep(0.1)
        return super().states()


def test_one_look_at_the_stores_is_for_all_who_ask_within_half_a_second(tmp_path: Path) -> None:
    opening = Counted(load_settings(data_dir=tmp_path))

    async def test() -> None:
        health = Health(opening)
        states = await asyncio.gather(*(health.states() for _ in range(20)))
        assert states == [{"stores": "loading", "embedder": "loading", "engine": "loading"}] * 20
        await health.states()
        assert opening.looks == 1
        await asyncio.sleep(0.6)
        opening._fault = StoreUnavailable(store="database")
        assert (await health.states())["stores"] == "away"
        assert opening.looks == 2
        assert opening.thread.startswith("pincite-health")

    asyncio.run(test())
