"""A question that is stopped before its turn: the engine never hears of it,
it is kept as stopped, and its place is free.
"""

import asyncio
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.webapp.commands import Pincite, Server
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine, Reply
from tests.webapp.tab import Page

LAW = "Which law governs this agreement?"


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    with FakeEngine("tgi") as engine:
        yield engine


@pytest.fixture
def pincite(engine: FakeEngine, tmp_path: Path) -> Iterator[Pincite]:
    with embeddings() as vectors:
        settings = {
            "PINCITE_EMBEDDINGS_URL": vectors,
            "PINCITE_LLM_URL": engine.url,
            "PINCITE_ANSWERS_AT_ONCE": "1",
            "PINCITE_LLM_SILENCE_SECONDS": "120",  # the first is under way as long as the others take
        }
        yield Pincite(tmp_path, settings)


def gauge(server: Server, name: str) -> float:
    [value] = re.findall(rf"^pincite_{name} (\S+)$", server.ask("GET", "/metrics").text, re.MULTILINE)
    return float(value)


def wait_for(server: Server, name: str, value: float) -> None:
    end = time.monotonic() + 30
    while gauge(server, name) != value:
        assert time.monotonic() < end, f"{name} is {gauge(server, name)}"
        time.sleep(0.05)


def test_on_the_page_and_on_the_command_line(pincite: Pincite, engine: FakeEngine) -> None:
    async def stopped(url: str) -> list[str]:
        """What a page shows that asks while another is answered, and stops once it is told its place."""
        page = Page(url)
        await page.open()
        shown = []
        async for said in page.ask(LAW):
            shown.append(said)
            if "before yours" in said:
                async for _ in page.do("stop", "click"):
                    pass
        await page.close()
        return shown

    with pincite.serving() as server:
        server.wait_until_ready()
        server.ask("POST", "/cli/search", json={"matter": "Sample", "question": LAW})  # waits for the sample
        engine.enqueue(Reply(["word "], fault="silence"))
        with pincite.start("ask", "Sample", LAW, "--json") as first:
            wait_for(server, "answers_under_way", 1)

            shown = asyncio.run(stopped(server.address))
            assert "before yours" in "".join(shown)
            assert "The answer was stopped." in shown[-1]
            assert gauge(server, "questions_waiting") == 0

            with pincite.start("ask", "Sample", LAW, "--json") as second:
                wait_for(server, "questions_waiting", 1)
                second.send_signal(signal.SIGINT)
                second.communicate(timeout=30)
            wait_for(server, "questions_waiting", 0)

            assert len(engine.asked) == 1
            first.send_signal(signal.SIGINT)
            first.communicate(timeout=30)
        wait_for(server, "answers_under_way", 0)
        engine.enqueue(Reply(["The law of the State of New York governs it [1]."]))
        assert pincite("ask", "Sample", LAW, "--json").rows[0]["found"]
        assert len(engine.asked) == 2
