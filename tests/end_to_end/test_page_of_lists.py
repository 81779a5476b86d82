"""The lists of documents and conversations in a browser: filter, choice, order, folders, removal with Undo, keys."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from bench.many_rows import seed
from retrieval import database
from retrieval.library.schema import jobs
from tests.pdfs import make_pdf
from tests.webapp.browser import (
    go_to_a_new_matter,
    needs_chromium,
    of_conversation,
    of_document,
    upload,
)
from tests.webapp.commands import Server
from webapp.service.commands import CreateMatter
from webapp.store.schema import removals

pytestmark = needs_chromium

COUNT, CONVERSATIONS = 400, 200
ROW = ".documents [role=row][data-name]"


@pytest.fixture(scope="module")
def many(server: Server, data_folder: Path) -> str:
    """The address of a matter of hundreds of documents."""
    [matter] = server.run(CreateMatter("Many"))
    seed(data_folder, matter.id, COUNT, CONVERSATIONS)
    return f"{server.url}/?matter={matter.id}"


@pytest.fixture
def page_of_many(page: Page, many: str) -> Page:
    page.goto(many)
    expect(page.locator(".scope")).to_contain_text(f"{COUNT} documents")
    return page


@contextmanager
def changing(folder: Path) -> Iterator[sa.Connection]:
    """The database of the server, as work in the background changes it."""
    engine = database.open_database(f"sqlite:///{folder / 'pincite.db'}")
    with database.writing(engine) as connection:
        yield connection
    engine.dispose()


def names(page: Page) -> list[str | None]:
    return [row.get_attribute("data-name") for row in page.locator(ROW).all()]


def test_of_many_documents_a_few_rows_are_drawn_and_each_is_found_sorted_folded_and_chosen(page_of_many: Page) -> None:
    page, sort = page_of_many, page_of_many.locator(".documents-list .sort")
    assert page.locator(ROW).count() < 40
    page.locator(".documents-list .grid").evaluate("(box) => { box.scrollTop = box.scrollHeight }")
    expect(page.locator(f"{ROW}[data-name*='0396 ']")).to_be_visible()  # of the folder, which stands last
    sort.select_option("longest")
    page.locator(".documents-list .grid").evaluate("(box) => { box.scrollTop = 0 }")
    expect(page.locator(f"{ROW} .state").first).to_contain_text("92 pages")
    sort.select_option("title")
    expect(page.locator(f"{ROW} .called").first).to_have_text("Lease")
    page.locator(".documents-list .filter").fill("closing")
    fold = page.locator(".documents .folder")
    expect(fold).to_have_attribute("aria-expanded", "true")
    fold.click()
    expect(page.locator(ROW)).to_have_count(0)
    page.get_by_label("Ask all in Closing set").uncheck()
    expect(page.locator(".scope")).to_contain_text("– 300 of 400")
    page.locator(".documents-list .filter").fill("larkspur 2011")
    expect(page.locator("#documents-heading .count")).to_have_text("24 of 400")
    fold.click()
    assert all("Larkspur" in row.inner_text() for row in page.locator(f"{ROW} .what").all())
    page.get_by_role("button", name="Ask only these 24").click()
    expect(page.locator(".scope")).to_contain_text("– 24 of 400")
    expect(page.locator(".chosen")).to_have_text("24 of 400 chosen")


def test_a_range_is_chosen_with_shift_all_none_and_only_one(page: Page) -> None:
    go_to_a_new_matter(page, "Ranges")
    upload(page, *((f"{name}.pdf", make_pdf([f"1. Fee. It is {name}."])) for name in "abcdef"))
    scope, box = page.locator(".scope"), page.locator(f"{ROW} input")
    expect(scope).to_contain_text("6 of 6")
    page.get_by_label("Ask all documents").uncheck()
    expect(scope).to_contain_text("0 of 6")
    page.locator("#question textarea").fill("What is the fee?")
    page.locator("#send").click()
    expect(page.locator(".notice")).to_contain_text("No document is chosen")
    box.nth(1).click()
    box.nth(3).click(modifiers=["Shift"])
    expect(scope).to_contain_text("3 of 6")
    expect(page.locator(".chosen")).to_have_text("3 of 6 chosen")
    assert [each.is_checked() for each in box.all()] == [False, True, True, True, False, False]
    page.get_by_role("button", name="More about f.pdf").click()
    page.get_by_role("button", name="Ask only this").click()
    expect(scope).to_contain_text("1 of 6")
    box.nth(0).check()  # two choices, the second before the first is answered
    box.nth(1).check()
    expect(scope).to_contain_text("3 of 6")
    assert [each.is_checked() for each in box.all()] == [True, True, False, False, False, True]


def test_what_is_removed_is_there_again_after_undo_in_another_tab_too(page: Page) -> None:
    go_to_a_new_matter(page, "Taken back")
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("Exhibits/A.pdf", "Exhibits/B.pdf", "Cover.pdf"):
            file.writestr(name, make_pdf([f"1. {name}. It says {name}."]))
    upload(page, ("Set.zip", archive.getvalue()))
    expect(page.locator(".scope")).to_contain_text("3 of 3")
    expect(page.locator(".documents .folder .name")).to_have_text(["Set", "Set › Exhibits"])
    expect(page.locator(f"{ROW}[data-name$='A.pdf'] .name")).to_have_text("A.pdf")
    page.get_by_label("Ask Set › Cover.pdf").uncheck()
    page.get_by_role("button", name="More for the chosen documents").click()
    page.get_by_role("button", name="Remove: 2 documents").click()
    expect(page.locator(ROW)).to_have_count(1)
    expect(page.locator(".undo")).to_contain_text("2 documents removed")
    with page.context.expect_page() as popup:
        page.evaluate("window.open(location.href)")
    other = popup.value
    expect(other.locator(ROW)).to_have_count(1)
    other.get_by_role("button", name="Undo").click()
    expect(other.locator(ROW)).to_have_count(3)
    expect(page.locator(ROW)).to_have_count(3)  # at its next look
    expect(page.locator(".undo")).to_have_count(0)
    other.close()


def test_the_lists_are_one_stop_each_and_are_worked_by_keys_alone(page_of_many: Page) -> None:
    page = page_of_many
    keys = page.keyboard
    for grid in (".documents-list .grid", ".conversations-list .grid"):
        assert page.locator(f"{grid} :is(a, button, input):not([tabindex='-1'])").count() == 1
    page.locator(".scope").click()  # leads to the list
    expect(page.locator(".documents-list .filter")).to_be_focused()
    keys.type("cedar")
    keys.press("ArrowDown")

    def here() -> str:
        words: str = page.evaluate("document.activeElement.closest('[role=row]')?.innerText ?? ''")
        return words

    keys.press("ArrowDown")
    first = here()
    assert "Cedar" in first
    keys.press("Space")
    expect(page.locator(".scope")).to_contain_text("399 of 400")
    keys.press("End")
    assert here() != first
    keys.press("Home")
    keys.press("PageDown")
    keys.press("ArrowRight")
    assert page.evaluate("document.activeElement.className") == "title"
    keys.press("ArrowRight")
    keys.press("Enter")
    expect(page.locator(".documents-list .row-menu")).to_be_visible()
    keys.press("Escape")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("More about")
    stood = here()
    page.evaluate("document.querySelector('.documents-list .grid').scrollTop = 0")
    page.wait_for_timeout(100)
    assert here() == stood, "the row with the focus is kept, though it is out of sight"


def test_a_change_keeps_focus_scroll_and_an_open_menu(page_of_many: Page, data_folder: Path) -> None:
    page = page_of_many
    box = page.locator(".documents-list .grid")
    box.evaluate("(box) => { box.scrollTop = 2000 }")
    expect(page.locator(f"{ROW}[data-name*='0057 ']")).to_be_visible()
    id_ = page.locator(f"{ROW}[data-name*='0058 ']").get_attribute("data-key")
    page.locator(f"{ROW}[data-key='{id_}']").get_by_role("button", name="More about").click()
    menu, top = page.locator(".documents-list .row-menu"), box.evaluate("(box) => box.scrollTop")
    expect(menu).to_contain_text("Summarise")
    with changing(data_folder) as connection:
        its = jobs.c.document_id == id_
        connection.execute(sa.update(jobs).where(its).values(state="failed", reason="The file is locked."))
    expect(menu).to_contain_text("The file is locked.")
    expect(menu).to_contain_text("Try again")
    assert box.evaluate("(box) => box.scrollTop") == top
    assert page.evaluate("document.activeElement.closest('.row-menu') !== null")


def test_a_conversation_is_found_renamed_deleted_and_there_again(page_of_many: Page, data_folder: Path) -> None:
    page = page_of_many
    titles = page.locator(".conversations .open")
    assert titles.count() < 30
    page.locator(".conversations-list .filter").fill("harbour license")
    expect(page.locator("#conversations-heading .count")).to_have_text("0 of 200")
    page.locator(".conversations-list .filter").fill("harbour lease")
    expect(page.locator("#conversations-heading .count")).to_have_text("20 of 200")
    expect(page.locator("#spoken")).to_have_text("20 conversations found")  # by the server, which draws the list anew
    titles.first.click()
    expect(page.locator(".conversations [aria-current]")).to_have_count(1)
    of_conversation(page, "Rename", titles.first.inner_text())
    expect(page.locator(".rename")).to_be_focused()
    page.keyboard.type("Notice of the lease")
    page.keyboard.press("Enter")
    expect(titles.first).to_have_text("Notice of the lease")
    expect(titles.first).to_be_focused()
    page.locator(".conversations-list .filter").fill("")
    page.reload()
    expect(page.locator(".conversations [aria-current]")).to_have_text("Notice of the lease")
    page.locator(".conversations [aria-current]").focus()
    page.keyboard.press("Delete")
    expect(page.locator("#conversations-heading .count")).to_have_text("199")
    expect(page.locator(".turn")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#conversations-heading .count")).to_have_text("200")
    titles.last.focus()
    page.keyboard.press("Delete")
    expect(page.locator("#conversations-heading .count")).to_have_text("199")
    with changing(data_folder) as connection:
        connection.execute(sa.update(removals).values(due_at=datetime.now(UTC) - timedelta(seconds=1)))
    expect(page.locator(".undo")).to_have_count(0)  # the server has deleted it
    expect(page.locator("#conversations-heading .count")).to_have_text("199")


def test_axe_has_nothing_against_the_lists(page_of_many: Page) -> None:
    page = page_of_many

    def findings() -> list[str]:
        rules = ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]
        found = Axe().run(page, context="#sidebar", options={"runOnly": rules}).response["violations"]
        return [f"{each['impact']} {each['id']}: {[node['html'][:200] for node in each['nodes']]}" for each in found]

    page.locator(f"{ROW} input").first.uncheck()
    of_document(page, "Remove", str(names(page)[1]))
    expect(page.locator(".undo")).to_be_visible()
    page.get_by_role("button", name="More about").first.click()
    assert findings() == []
    page.keyboard.press("Escape")
    of_conversation(page, "Rename", "")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".undo")).to_have_count(0)
    assert findings() == []
