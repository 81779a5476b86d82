"""The page when the engine dies: in the middle of an answer, before one, and when it is back."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.webapp.browser import ENDLESS, SAMPLE, ask, chromium, needs_chromium, opened, visitor
from tests.webapp.commands import Pincite
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine, Reply

pytestmark = needs_chromium


@pytest.mark.long
def test_a_killed_engine_leaves_its_part_and_key_language_and_is_used_again_when_it_is_back(tmp_path: Path) -> None:
    with FakeEngine("tgi") as engine, embeddings() as vectors, chromium() as browser:
        settings = {"PINCITE_EMBEDDINGS_URL": vectors, "PINCITE_LLM_URL": engine.url}
        with Pincite(tmp_path, settings).serving() as server, visitor(browser) as context:
            page = opened(context, server.address)
            last, health = page.locator(".turn").last, page.locator(".health")
            expect(page.locator(".documents [data-state=ready]")).to_have_count(1)

            engine.enqueue(Reply(ENDLESS, pace=0.05))
            ask(page, "What happens if the buyer pays late?")
            expect(page.locator(".draft")).to_contain_text("word5")
            engine.kill()
            expect(last).to_contain_text(
                "The connection to the language model broke off before the answer was complete."
            )
            expect(last.locator(".written")).to_contain_text("word5")
            expect(last.locator(".key .words").first).to_be_visible()
            expect(last.locator(".key:not(.legend)")).to_contain_text("invoice")
            last.locator(".key .mark").first.click()
            expect(page.locator("#evidence-heading")).to_contain_text("Key language 1 of")
            expect(page.locator(".sheet img")).to_be_visible()

            expect(health).to_contain_text("The language model is not available.")
            expect(page.locator(".engine")).to_have_text(
                "The writing model cannot be reached. Until it is back, answers are quotations."
            )
            ask(page, "Which law governs this agreement?")
            expect(last).to_contain_text("Key language: the documents’ own words")
            expect(last.locator("blockquote + .from .chip").first).to_contain_text("word for word")
            expect(last.locator(".notice")).to_contain_text("The language model is not available.")
            expect(page.locator("#send")).to_be_visible()

            with FakeEngine("tgi", port=engine.port) as back:
                expect(health).to_have_text("✓ Ready")
                back.enqueue(Reply([SAMPLE]))
                ask(page, "Can the customer end the contract without giving a reason?")
                expect(page.locator(".turn")).to_have_count(3)
                expect(last.locator(".chips .chip").first).to_contain_text("word for word")
                expect(last.locator(".notice")).to_have_count(0)
