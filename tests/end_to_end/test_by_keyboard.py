"""A day's tasks by keyboard alone: no pointer, and at each stop the focus is seen."""

import re

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.end_to_end.test_accessibility import FOCUS
from tests.pdfs import make_pdf
from tests.webapp.browser import LEASE, TERMINATION, needs_chromium
from tests.webapp.fake_engine import FakeEngine, Reply

pytestmark = [needs_chromium, pytest.mark.long, pytest.mark.timeout(900)]

LICENCE = ["1. Fee. The fee is $90 a month.", "2. Termination. It ends on a month's notice."]
AT = "(selector) => document.activeElement.matches(selector)"


def go(page: Page, selector: str, key: str = "Tab") -> None:
    """Press a key until the focus is there, in sight, with a ring around it."""
    for _ in range(60):
        page.keyboard.press(key)
        if page.evaluate(AT, selector):
            break
    assert page.evaluate(FOCUS, selector) == "seen"


def choose(page: Page, words: str) -> None:
    """Choose what the palette has by these words."""
    page.keyboard.press("Control+k")
    expect(page.locator("#palette input")).to_be_focused()
    page.keyboard.type(words)
    expect(page.locator("#palette li[aria-selected=true]")).to_contain_text(re.compile(words, re.IGNORECASE))
    page.keyboard.press("Enter")
    expect(page.locator("#palette")).to_be_hidden()


def test_fourteen_tasks_are_done_by_keyboard_alone(page: Page, engine: FakeEngine) -> None:
    """One after the other, as on one day: a page and its matter are made once."""
    _begin(page)
    _ask(page, engine)
    _read(page)
    _tidy(page)


def _begin(page: Page) -> None:
    # 1. Make a matter.
    go(page, ".matter-acts summary")
    page.keyboard.press("Enter")
    go(page, "#new-matter")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    expect(page.locator(".scope")).to_contain_text("By keyboard – 0 of 0")

    # 2. Add files.
    texts = {"lease.pdf": LEASE, "licence.pdf": LICENCE}
    files: list[FilePayload] = [
        {"name": name, "mimeType": "application/pdf", "buffer": make_pdf(text)} for name, text in texts.items()
    ]
    page.on("filechooser", lambda chooser: chooser.set_files(files))
    choose(page, "add files")
    expect(page.locator(".documents [data-state=ready]")).to_have_count(2)

    # 3. Ask one document alone.
    go(page, ".documents-list .grid *")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator(".scope")).to_contain_text("1 of 2")
    page.keyboard.press("Space")
    expect(page.locator(".scope")).to_contain_text("2 of 2")


def _ask(page: Page, engine: FakeEngine) -> None:
    # 4. Ask a question.
    engine.enqueue(Reply([TERMINATION + " The rent is $4,200 [2]."]))
    choose(page, "ask a question")
    expect(page.locator("#question textarea")).to_be_focused()
    page.keyboard.type("Who may end the lease?")
    page.keyboard.press("Enter")
    expect(page.locator(".chip").first).to_be_visible()
    expect(page.locator("#question textarea")).to_be_focused()

    # 5. Open a citation, and go to the next; Escape leads back.
    go(page, ".chip", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#evidence-heading")).to_be_focused()
    expect(page.locator("#evidence-heading")).to_have_text("Citation 2 of 2")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#evidence-heading")).to_have_text("Citation 1 of 2")
    page.keyboard.press("Escape")
    assert page.evaluate(FOCUS, ".chip") == "seen"
    page.keyboard.press("Alt+PageDown")
    expect(page.locator("#evidence-heading")).to_have_text("Citation 2 of 2")

    # 6. Take the answer along.
    go(page, ".take > summary")
    page.keyboard.press("Enter")
    go(page, ".take a")
    with page.expect_download() as memo:
        page.keyboard.press("Enter")
    assert memo.value.suggested_filename.endswith(".docx")
    page.keyboard.press("Escape")
    expect(page.locator(".take[open]")).to_have_count(0)


def _read(page: Page) -> None:
    # 7. Read the document and find words in it.
    choose(page, "lease.pdf")
    expect(page.locator("#evidence-heading")).to_be_focused()
    expect(page.locator("#evidence-heading")).to_contain_text("of 3")
    page.keyboard.press("/")
    page.keyboard.type("lease")
    page.keyboard.press("Enter")
    expect(page.locator(".find .count")).to_contain_text("1 of 2")
    page.keyboard.press("Enter")
    expect(page.locator(".find .count")).to_contain_text("2 of 2")
    go(page, ".sheet")
    page.keyboard.press("g")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    expect(page.locator("#evidence-heading")).to_have_text("Page 1 of 3")

    # 8. Keep a note, and change it.
    go(page, ".sheet")
    page.keyboard.press("n")
    page.keyboard.type("Who signs?")
    go(page, "form.note button")
    page.keyboard.press("Enter")
    expect(page.locator(".notes .said")).to_have_text("Who signs?")
    expect(page.locator("form.note textarea")).to_have_value("")
    expect(page.locator(".notes > summary")).to_be_focused()
    go(page, ".notes .edit summary")
    page.keyboard.press("Enter")
    go(page, ".changed-note textarea")
    page.keyboard.press("Control+End")
    page.keyboard.type(" And when?")
    go(page, ".changed-note button")
    page.keyboard.press("Enter")
    expect(page.locator(".notes .said")).to_have_text("Who signs? And when?")
    expect(page.locator(".notes > summary")).to_be_focused()

    # 9. Close it.
    choose(page, "close the document")
    expect(page.locator(".reader")).to_have_count(0)


def _tidy(page: Page) -> None:
    # 10. Rename the conversation.
    go(page, ".conversations-list .grid *", "Shift+Tab")
    page.keyboard.press("F2")
    page.keyboard.press("Control+a")
    page.keyboard.type("Ends of the lease")
    page.keyboard.press("Enter")
    expect(page.locator(".conversations .open").first).to_have_text("Ends of the lease")

    # 11. Remove a document, and take that back.
    go(page, ".documents-list .grid *", "Shift+Tab")
    page.keyboard.press("Delete")
    expect(page.locator(".documents [role=row]")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.locator(".documents [role=row]")).to_have_count(2)

    # 12. Find every mention.
    choose(page, "ask a question")
    page.keyboard.type("notice")
    go(page, "#find")
    page.keyboard.press("Enter")
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".turn").last.locator("mark").first).to_be_visible()

    # 13. Begin anew, and go to another matter.
    choose(page, "new conversation")
    expect(page.locator(".turn")).to_have_count(0)
    choose(page, "sample")
    expect(page.locator(".scope")).to_contain_text("Sample")

    # 14. Read the help.
    choose(page, "help")
    expect(page.locator("#dialog-help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#dialog-help")).to_be_hidden()
    assert page.evaluate(FOCUS, "[data-dialog=help]") == "seen"
