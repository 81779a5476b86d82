"""From an empty data folder to a session that has ended, in a browser: nothing that was typed is lost."""

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.webapp.browser import needs_chromium, visitor
from tests.webapp.commands import Pincite, Server
from tests.webapp.embeddings import embeddings

pytestmark = needs_chromium

EMAIL, PASSWORD = "ada@firm.example", "ferry lantern osprey 7"
QUESTION = "How long does a party have to put right a serious breach?"


def _first_administrator(page: Page, server: Server) -> None:
    """Open the link that the server printed, and make the account."""
    assert server.process.stdout is not None
    assert server.process.stdout.readline() == "There is no administrator yet. This link makes one:\n"
    page.goto(server.process.stdout.readline().strip())
    page.get_by_label("Name", exact=True).fill("Ada Lovelace")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()


def _sign_in(page: Page) -> None:
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_page_goes_on_after_its_session_has_ended_and_its_person_has_signed_in_again(
    browser: Browser, tmp_path: Path
) -> None:
    with embeddings() as url:
        settings = {"PINCITE_EMBEDDINGS_URL": url, "PINCITE_ACCESS": "accounts", "PINCITE_OCR": "no"}
        with Pincite(tmp_path, settings).serving() as server, visitor(browser) as context:
            page = context.new_page()
            _first_administrator(page, server)
            expect(page.locator(".account .name")).to_have_text("Ada Lovelace")
            expect(page.locator(".documents [data-state=ready]")).to_have_count(1)
            before = page.locator(".account input[name=form]").get_attribute("value")
            out = context.new_page()
            out.goto(f"{server.url}/account")
            out.get_by_role("button", name="Sign out", exact=True).click()
            expect(out.locator("h1")).to_have_text("You are signed out")

            box = page.locator("#question textarea")
            box.fill(QUESTION)
            page.locator("#send").click()
            told = page.get_by_role("alert").filter(has_text="Your session has ended; sign in again.")
            expect(told).to_be_visible()
            expect(box).to_have_value(QUESTION)
            assert page.locator(".toast-body").count() == 0
            with context.expect_page() as opened:
                told.get_by_role("link").click()
            _sign_in(opened.value)
            expect(opened.value.locator(".account .name")).to_have_text("Ada Lovelace")

            page.locator("#send").click()
            expect(page.locator(".turn").last).to_contain_text("Key language")
            expect(told).to_have_count(0)
            expect(page.locator(".account input[name=form]")).not_to_have_value(before or "")
            page.locator(".account").get_by_role("button", name="Sign out").click()
            expect(page.locator("h1")).to_have_text("You are signed out")
            page.go_back()
            expect(page.locator("h1")).to_have_text("Sign in")
