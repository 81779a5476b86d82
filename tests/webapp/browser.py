"""Debian's chromium, and what the tests do in it.

No request may leave the machine: a page that asks for one fails its test.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
needs_chromium = pytest.mark.skipif(not CHROMIUM.exists(), reason="the Debian package chromium is not installed")

LEASE = [
    "1. Parties. This Lease is made between Larkspur Holdings and Bramble Foods.",
    "2. Rent. The monthly rent is $4,200, due on the first day of each month.",
    "3. Termination. Either party may end this Lease by ninety days' written notice.",
]
TERMINATION = "Either party may end it: “Either party may end this Lease by ninety days' written notice” [1]."
SAMPLE = "Yes, “without giving a reason, by one hundred eighty (180) days’ notice” [1]."
ENDLESS = [f"word{n} " for n in range(4_000)]  # minutes of them, however busy the machine is

READY = ".health:is([data-state=ready], [data-state=none])"  # with a language model, or without one

expect.set_options(timeout=60_000)  # a machine that is busy with other tests takes its time


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser. Playwright keeps this thread's event loop to itself meanwhile: not for a whole session of tests."""
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=quiet)
        yield browser
        browser.close()


@contextmanager
def visitor(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """A browser of their own. A request for another host, and what a script complains of, fails the test."""
    asked: list[str] = []
    faults: list[str] = []
    usual: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "accept_downloads": True}
    context = browser.new_context(**usual | options)
    context.set_default_timeout(60_000)
    context.on("request", lambda request: asked.append(request.url))
    context.on("weberror", lambda error: faults.append(str(error.error)))
    yield context
    context.close()
    assert {host for url in asked if (host := urlsplit(url).hostname) not in (None, "127.0.0.1")} == set()
    assert faults == []


def opened(context: BrowserContext, url: str) -> Page:
    """The page, ready to be asked."""
    page = context.new_page()
    page.goto(url)
    expect(page.locator(READY)).to_be_visible()
    expect(page.locator(".scope")).to_be_visible()
    return page


def ask(page: Page, question: str) -> None:
    page.locator("#question textarea").fill(question)
    page.locator("#send").click()


def find(page: Page, phrase: str) -> None:
    page.locator("#question textarea").fill(phrase)
    page.locator("#find").click()


def of_document(page: Page, act: str, name: str) -> None:
    """Choose an act in the menu of a document: "Summarise"."""
    page.get_by_role("button", name=f"More about {name}").click()
    page.get_by_role("button", name=f"{act} {name}").or_(page.get_by_role("link", name=f"{act} {name}")).click()


def of_conversation(page: Page, act: str, title: str = "") -> None:
    """Choose an act in the menu of a conversation: "Delete"."""
    page.locator(".conversations").get_by_role("button", name=f"More about “{title}").first.click()
    page.locator(".conversations-list .row-menu").get_by_role("button", name=act).click()


def go_to_a_new_matter(page: Page, name: str) -> None:
    page.get_by_text("New matter").click()
    page.get_by_label("Name of the matter").fill(name)
    page.get_by_role("button", name="Create").click()
    expect(page.locator(".scope")).to_contain_text(f"{name} – 0 of 0")


def upload(page: Page, *files: tuple[str, bytes]) -> None:
    payloads = [{"name": name, "mimeType": "application/pdf", "buffer": data} for name, data in files]
    page.locator("#upload input[type=file]").set_input_files(payloads)  # type: ignore[arg-type]


READ = """async (type) => {
  const [item] = await navigator.clipboard.read();
  return (await item.getType(type)).text();
}"""


def copied(page: Page, button: str = "") -> str:
    """What a button of the last answer copies, as HTML or as text; without one, what was copied as HTML before."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    if button:
        told = "Copied for Word" if button == "Copy for Word" else "Copied"
        page.get_by_role("button", name=button).last.click()
        expect(page.get_by_role("button", name=told, exact=True)).to_be_visible()
        expect(page.get_by_role("button", name=button).last).to_be_visible()
    return str(page.evaluate(READ, "text/plain" if button == "Copy as text" else "text/html"))
