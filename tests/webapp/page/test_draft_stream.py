"""The stream of a turn that is being written: what it sends, to whom, until when, and how many at once."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest
from fastapi import FastAPI, Request

from retrieval import Matter
from tests.webapp.fake_engine import FakeEngine, Reply
from tests.webapp.page.pages import ready
from tests.webapp.serving import Running, running, with_drafts
from webapp.core.settings import load_settings
from webapp.core.urls import draft_url
from webapp.page import draft_stream
from webapp.page.state import PageState
from webapp.service import running as running_file
from webapp.service.startup import Startup
from webapp.store.audit import Act, Wanted
from webapp.store.users import User

SECRET = "s" * 32
WORDS = [f"😀word{n} " for n in range(400)]


@dataclass
class Place:
    server: Running
    engine: FakeEngine
    matter: Matter
    ann: httpx2.Client
    ben: httpx2.Client

    def asked(self, reply: Reply) -> tuple[str, str]:
        """Ask for an answer that is written as `reply` says; the address of its stream, and its conversation."""
        self.engine.forget()  # a turn that was stopped may have asked nothing
        self.engine.enqueue(reply)
        told = self.ann.post("/ask", params={"matter_id": self.matter.id}, timeout=120).json()
        assert f'data-draft="{told["address"]}" data-turn="{told["turn"]}"' in told["now"]
        return told["address"], told["conversation"]

    def stop(self, conversation: str) -> None:
        self.ann.post("/stop", params={"conversation": conversation})

    def user(self, name: str) -> User:
        [user] = [person for person in self.server.workspace.audit.people() if person.name == name]
        return user

    def status(self, address: str, browser: httpx2.Client) -> int:
        with browser.stream("GET", address) as stream:
            return stream.status_code


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, embeddings_url: str) -> Iterator[Place]:
    with FakeEngine("tgi") as engine:
        settings = load_settings(
            data_dir=tmp_path_factory.mktemp("data"),
            access="behind-proxy",
            proxy_secret=SECRET,
            embeddings_url=embeddings_url,
            llm_url=engine.url,
        )
        with running(settings, _with_drafts) as server:
            ann, ben = (
                server.browser({"X-Forwarded-User": name, "X-Pincite-Proxy-Secret": SECRET}) for name in ("ann", "ben")
            )
            for browser in (ann, ben):  # who are known from now on
                browser.get("/audit")
            place = Place(server, engine, Matter("", ""), ann, ben)
            place.matter = server.workspace.create_matter(place.user("ann"), "Acme")
            ready(server.workspace, place.matter, "lease.pdf", "1. Rent. The monthly rent is $4,200.")
            yield place


def _with_drafts(app: FastAPI, startup: Startup) -> None:
    """Add the stream's route, and routes that do what the page does when it is asked and stopped."""
    controllers = with_drafts(app, startup)

    @app.post("/ask")
    async def ask(request: Request, matter_id: str) -> dict[str, str]:
        controller = await controllers.of(request)
        updates = await controller.ask(PageState(matter_id=matter_id), "What is the monthly rent?")
        state = updates["state"]
        address = draft_url(matter_id, state.conversation_id, state.writing)
        told = {"now": updates["now"], "conversation": state.conversation_id, "turn": state.writing}
        return told | {"address": address}

    @app.post("/stop")
    async def stop(request: Request, conversation: str) -> None:
        controller = await controllers.of(request)
        await controller.stop(PageState(conversation_id=conversation))


def test_a_turn_is_sent_as_it_grows_and_then_its_end(place: Place) -> None:
    address, _ = place.asked(Reply(WORDS[:12], pace=0.1))
    html, sizes, lines = "", [], list[str]()
    with place.ann.stream("GET", address) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert (stream.headers["cache-control"], stream.headers["x-accel-buffering"]) == ("no-store", "no")
        for line in stream.iter_lines():
            lines.append(line)
            if line.startswith('data: {"keep"'):
                told = json.loads(line.removeprefix("data: "))
                html = html.encode("utf-16-le")[: 2 * told["keep"]].decode("utf-16-le") + told["html"]
                sizes.append(len(line))
    assert lines[-3:] == ["event: end", "data: 1", ""]
    assert 'data-state="writing"' in html
    assert "😀word0 😀word1 😀word2 😀word3" in html
    assert len(sizes) > 1
    assert sizes[-1] < len(html), "what was sent before is not sent again"
    with place.ann.stream("GET", address) as stream:  # it is not being written any more
        assert [line for line in stream.iter_lines() if line] == ["retry: 2000", "event: end", "data: 1"]


def test_who_may_not_read_a_conversation_is_sent_nothing_of_it(place: Place) -> None:
    address, conversation = place.asked(Reply(WORDS, pace=0.05))
    nobody = place.server.browser()
    elsewhere = address.replace(place.matter.id, "0" * 32)
    assert [place.status(address, browser) for browser in (place.ann, place.ben, nobody)] == [200, 404, 403]
    assert place.status(elsewhere, place.ann) == 404
    assert "word" not in place.ben.get(address).text
    [row] = place.server.workspace.audit.entries(Wanted(act=Act.REFUSAL), 1, newest_first=True)
    assert (row.user_id, row.object) == (place.user("ben").id, conversation)
    place.stop(conversation)


def test_who_is_walled_off_meanwhile_is_sent_no_more(place: Place) -> None:
    address, conversation = place.asked(Reply(WORDS, pace=0.05))
    workspace, ann, ben = place.server.workspace, place.user("ann"), place.user("ben")
    workspace.conversations.share(ann, conversation, shared=True)
    workspace.sharing.share(ann, place.matter.id, ben.id, "viewer")
    with place.ben.stream("GET", address) as stream:
        lines = stream.iter_lines()
        assert any("word1" in line for line in lines)
        workspace.sharing.wall(ann, place.matter.id, ben.id)
        rest = list(lines)
    assert "event: end" not in rest
    assert not any("word399" in line for line in rest)
    assert place.status(address, place.ben) == 404
    place.stop(conversation)


def test_one_user_has_so_many_streams_and_a_closed_one_is_none(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft_stream, "STREAMS_OF_ONE", 2)
    address, conversation = place.asked(Reply(WORDS, pace=0.05))
    with place.ann.stream("GET", address) as first, place.ann.stream("GET", address) as second:
        assert (first.status_code, second.status_code) == (200, 200)
        assert place.status(address, place.ann) == 429
    end = time.monotonic() + 30
    while place.status(address, place.ann) == 429:
        assert time.monotonic() < end
    place.stop(conversation)


def test_a_stream_on_which_nothing_is_new_says_that_it_is_there(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_file, "IDLE_SECONDS", 0.1)
    address, conversation = place.asked(Reply(WORDS, first=30.0))
    with place.ann.stream("GET", address) as stream:
        lines = stream.iter_lines()
        for _ in range(2):
            assert any(line.startswith(":") for line in lines)
        place.stop(conversation)
        assert [line for line in lines if line][-2:] == ["event: end", "data: 1"]
