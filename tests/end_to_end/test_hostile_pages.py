"""What others wait for while one user asks for pages that cannot be drawn, and what becomes of those pages."""

import hashlib
import signal
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse

from tests.clock import allowed, within
from tests.pdfs import make_pdf, tiles
from tests.webapp.commands import Pincite
from tests.webapp.serving import LIKE_A_BROWSER, Running, running, text_url
from webapp.core.errors import DocumentNotDrawn, PageImageTooSlow
from webapp.core.settings import load_settings
from webapp.core.urls import page_url, pdf_url
from webapp.service import page_images
from webapp.service.fair_turns import Deadline
from webapp.service.page_images import PageRenderer, PageView
from webapp.service.workspace import IMAGES_PER_USER
from webapp.store.users import User
from webapp.web import document_routes

pytestmark = pytest.mark.alone

PROXY = {"access": "behind-proxy"}
ASKED = 60  # images at once


@dataclass(frozen=True)
class Reader:
    """A user with a matter of their own and one document in it."""

    server: Running
    browser: httpx2.Client
    matter: str
    document: str

    def page(self, number: int, zoom: float = 1.0) -> str:
        return page_url(self.matter, self.document, number, zoom=zoom)

    def image(self, number: int, zoom: float = 1.0) -> httpx2.Response:
        return self.browser.get(self.page(number, zoom))

    def leaves_at(self, number: int, after: float) -> None:
        """Ask for an image, and close the connection before it is there."""
        url = httpx2.URL(self.server.url)
        with socket.create_connection((url.host, url.port or 80)) as connection:
            lines = [f"GET {self.page(number)} HTTP/1.1", f"Host: {url.host}:{url.port}"]
            lines += [f"{name}: {self.browser.headers[name]}" for name in ("X-Forwarded-User", "Sec-Fetch-Site")]
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            time.sleep(after)


def _free_thread(app: FastAPI, _: object) -> None:
    """A route that needs one of the threads that all routes share, as `/readyz` does."""

    async def shared() -> PlainTextResponse:
        return PlainTextResponse(await run_in_threadpool(lambda: "up"))

    app.add_api_route("/shared", shared)


@contextmanager
def at_once(asked: int, ask: Callable[[int], httpx2.Response]) -> Iterator[list[httpx2.Response]]:
    """So many requests under way while the block lasts; afterwards their answers."""
    answers: list[httpx2.Response] = []
    with ThreadPoolExecutor(asked) as pool:
        requests = [pool.submit(ask, number) for number in range(1, asked + 1)]
        time.sleep(0.5)
        yield answers
        answers += [each.result() for each in requests]


def median_seconds(ask: Callable[[int], httpx2.Response], times: int = 5) -> float:
    took = []
    for number in range(1, times + 1):
        began = time.monotonic()
        assert ask(number).status_code == 200
        took.append(time.monotonic() - began)
    return statistics.median(took)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(load_settings(data_dir=tmp_path, **PROXY), _free_thread) as server:
        yield server


def reader(server: Running, name: str, data: bytes) -> Reader:
    browser = server.browser({"X-Forwarded-User": name})
    user = User("proxy-" + hashlib.sha256(name.encode()).hexdigest()[:32], name)
    server.workspace.welcome(user)
    matter = server.workspace.access.create(user, "M")
    record = server.workspace.library.accept(matter.id, f"{name}.pdf", data)
    return Reader(server, browser, matter.id, record.id)


def patience(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    for file in (page_images, document_routes):
        monkeypatch.setattr(file, "RENDER_SECONDS", seconds)


def test_others_wait_for_nothing_while_one_user_asks_for_pages_that_cannot_be_drawn(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    eve, ann = reader(server, "eve", tiles(ASKED)), reader(server, "ann", make_pdf([str(n) for n in range(5)]))
    assert ann.image(1, 2.0).status_code == 200  # its process is there
    patience(monkeypatch, 6)
    with within(12, time.monotonic), at_once(ASKED, eve.image) as answers:  # waiting counts
        assert median_seconds(ann.image) < allowed(2)
        assert median_seconds(lambda _: ann.browser.get("/shared")) < allowed(0.5)
        assert median_seconds(lambda _: ann.browser.get(pdf_url(ann.matter, ann.document))) < allowed(0.5)
    assert {answer.status_code for answer in answers} == {404, 429}
    refused = [answer.json()["error"] for answer in answers if answer.status_code == 429]
    assert refused == ["Too many pages are being drawn for you."] * (ASKED - IMAGES_PER_USER)
    assert all("took too long to draw" in a.json()["error"] for a in answers if a.status_code == 404)


def test_a_page_that_was_too_slow_is_told_at_once_and_after_three_the_document_is(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience(monkeypatch, 1)
    eve = reader(server, "eve", tiles(9))
    first = eve.image(1)
    assert (first.status_code, first.json()["error"]) == (404, "Page 1 of “eve.pdf” took too long to draw.")
    with within(0.8, time.monotonic):
        assert eve.image(1).json() == eve.image(1, 2.0).json() == first.json()
    assert "Page 2" in eve.image(2).json()["error"]
    assert "Page 3" in eve.image(3).json()["error"]
    with within(0.8, time.monotonic):
        assert eve.image(4).json()["error"] == str(DocumentNotDrawn(page=4, document="eve.pdf"))
    assert eve.browser.get(pdf_url(eve.matter, eve.document)).content == tiles(9)


def test_who_leaves_gets_their_share_back(server: Running) -> None:
    eve = reader(server, "eve", tiles(9))
    good = server.workspace.library.accept(eve.matter, "good.pdf", make_pdf(["good"]))
    for number in range(1, 5):  # of which one is drawn and three wait
        eve.leaves_at(number, 0.3)
    with within(8, time.monotonic):  # and not 20
        assert eve.browser.get(page_url(eve.matter, good.id, 1)).status_code == 200
    assert server.workspace.page_renderer._failed == {}


def test_a_lost_client_is_dropped_while_it_waits(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    patience(monkeypatch, 8)
    eve = reader(server, "eve", tiles(ASKED))
    with at_once(1, eve.image):
        for number in range(2, IMAGES_PER_USER + 10):  # one after the other: the queue never gets long
            eve.leaves_at(number, 0.02)
        deadline = time.monotonic() + 6
        while server.workspace.draws._lines and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not server.workspace.draws._lines


def test_the_server_stops_while_pages_are_drawn_that_cannot_be(tmp_path: Path) -> None:
    with running(load_settings(data_dir=tmp_path, **PROXY)) as server:
        eve = reader(server, "eve", tiles(ASKED))
    headers = LIKE_A_BROWSER | {"X-Forwarded-User": "eve"}
    with Pincite(tmp_path, {"PINCITE_ACCESS": "behind-proxy"}).serving() as started, ThreadPoolExecutor(ASKED) as pool:

        def ask(number: int) -> None:
            with httpx2.Client(base_url=started.url, trust_env=False, timeout=60, headers=headers) as client:
                client.get(eve.page(number))

        requests = [pool.submit(ask, number) for number in range(1, ASKED + 1)]
        time.sleep(4)
        assert not all(each.done() for each in requests)
        with within(10, time.monotonic):
            started.process.send_signal(signal.SIGTERM)
            started.process.wait(60)


def test_forgetting_and_stopping_do_not_wait_for_a_page() -> None:
    renderer, bad = PageRenderer(), tiles(4)
    renderer.image(PageView("good", 1), "a", lambda: make_pdf(["good"]))
    with ThreadPoolExecutor(2) as pool:
        drawing = [pool.submit(renderer.image, PageView("bad", page), "a", lambda: bad) for page in (1, 2)]
        time.sleep(1)
        with within(0.5, time.monotonic):
            renderer.forget()
        assert renderer._drawn == {}
        with within(5, time.monotonic):
            renderer.stop()
            for each in drawing:
                assert each.exception(30)
    assert renderer._failed == {}  # that the server stopped says nothing of a page


def test_a_page_that_had_no_time_left_is_not_held_to_be_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    patience(monkeypatch, 3)
    renderer = PageRenderer()
    late = Deadline(0.5)
    with pytest.raises(PageImageTooSlow):
        renderer.image(PageView("bad", 1), "a", tiles, late)
    assert renderer._failed == {}
    with pytest.raises(PageImageTooSlow):
        renderer.image(PageView("bad", 1), "a", tiles)
    assert list(renderer._failed) == [("", "bad", 1)]
    renderer.stop()


def test_a_passage_of_another_document_comes_while_a_page_is_drawn(server: Running) -> None:
    eve = reader(server, "eve", tiles(2))
    eve.leaves_at(1, 0.3)
    with within(2, time.monotonic):
        assert eve.browser.get(text_url(eve.matter, eve.document, [])).status_code == 503  # not read yet
