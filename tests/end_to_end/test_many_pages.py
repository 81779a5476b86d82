"""More pages than gradio has places for unless it is told:
each follows its answer, and none waits for another's to end.
"""

import asyncio
from pathlib import Path

import pytest

from tests.webapp.commands import Pincite
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine, Reply
from tests.webapp.tab import Page

PAGES = 45  # gradio's own bound is 40


@pytest.mark.timeout(200)  # with the bound, five of them wait for as long as the test lasts
@pytest.mark.long
def test_every_page_sees_its_answer_begin_while_no_other_has_ended(tmp_path: Path) -> None:
    async def first_words(url: str) -> int:
        """Let every page ask; how many see their answer's first word before one sees the end of its own."""
        pages = [Page(url) for _ in range(PAGES)]
        begun, over = 0, asyncio.Event()

        async def read(page: Page) -> None:
            nonlocal begun
            seen = False
            async for said in page.ask("Which law governs this agreement?"):
                if "written draft" in said and "firstword" in said and not seen:
                    seen = True
                    begun += 1
                if begun == PAGES:
                    over.set()
            over.set()

        for page in pages:
            await page.open()
        reading = asyncio.gather(*map(read, pages))
        await over.wait()
        reading.cancel()
        for page in pages:
            await page.close()
        return begun

    with FakeEngine("tgi") as engine, embeddings() as vectors:
        settings = {
            "PINCITE_EMBEDDINGS_URL": vectors,
            "PINCITE_LLM_URL": engine.url,
            "PINCITE_LLM_SILENCE_SECONDS": "60",
        }
        with Pincite(tmp_path, settings).serving() as server:
            server.wait_until_ready()
            engine.enqueue(*[Reply(["firstword "], first=3, fault="silence")] * PAGES)
            ready = {"matter": "Sample", "question": "Which law governs this agreement?"}
            server.ask("POST", "/cli/search", json=ready)  # waits for the sample
            assert asyncio.run(first_words(server.address)) == PAGES
