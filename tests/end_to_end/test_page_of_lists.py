"""The lists of documents and conversations in a browser: filter, choice, order, folders, removal with Undo, keys."""

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from bench.many_rows import seed
from retrieval import database
from retrieval.library.schema import jobs
from tests.pdfs import make_pdf
from tests.webapp.browser import (
    go_to_a_new_matter,
    needs_chromium,
    of_conversation,
    of_document,
    opened,
    upload,
    visitor,
)
from tests.webapp.commands import Pincite, Server
from tests.webapp.embeddings import embeddings
from webapp.service.commands import CreateMatter
from webapp.store.schema import removals

pytestmark = needs_chromium

COUNT, CONVERSATIONS = 4_000, 200
ROW = ".documents [role=row][data-name]"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path, str]]:
    """A server with a matter of thousands of documents; its address, its folder, the matter's address."""
    folder = tmp_path_factory.mktemp("many")
    with embeddings() as url, Pincite(folder, {"PINCITE_EMBEDDINGS_URL": url}).serving() as server:
        server.wait_for_the_sample()
        [matter] = server.run(CreateMatter("Many"))
        seed(folder, matter.id, COUNT, CONVERSATIONS)
        yield server, folder, f"{server.url}/?matter={matter.id}"


@pytest.fixture
def page_of_many(browser: Browser, many: tuple[Server, Path, str]) -> Iterator[Page]:
    server, _, address = many
    with visitor(browser) as context:
        page = opened(context, server.address)
        page.goto(address)
        expect(page.locator(".scope")).to_contain_text(f"{COUNT:,} documents")
        yield page


def names(page: Page) -> list[str | None]:
    return [row.get_attribute("data-name") for row in page.locator(ROW).all()]


def test_of_thousands_of_documents_a_few_rows_are_drawn_and_each_is_found_chosen_and_scrolled_to(
    page_of_many: Page,
) -> None:
    page = page_of_many
    assert page.locator(ROW).count() < 40
    assert page.evaluate("document.querySelectorAll('*').length") < 2_000
    page.locator(".documents-list .grid").evaluate("(box) => { box.scrollTop = box.scrollHeight }")
    expect(page.locator(f"{ROW}[data-name*='3996 ']")).to_be_visible()  # of the folder, which stands last
    page.locator(".documents-list .filter").fill("larkspur 2011 lease")
    expect(page.locator("#documents-heading .count")).to_contain_text("of 4,000")
    for row in page.locator(f"{ROW} .what").all():
        assert "Larkspur" in row.inner_text()
    page.get_by_role("button", name="Ask only these").click()
    expect(page.locator(".scope")).not_to_contain_text("4,000 of")
    few = page.locator(".chosen").inner_text()
    page.locator(".documents-list .filter").fill("")
    page.reload()  # the choice was made before anything was asked: a page has it for its first question
    expect(page.locator(".chosen")).to_contain_text("4,000 of 4,000")
    assert few != "4,000 of 4,000 chosen"


def test_the_list_is_sorted_and_its_folders_fold(page_of_many: Page) -> None:
    page = page_of_many
    page.locator(".documents-list .sort").select_option("name")
    assert [str(name)[:4] for name in names(page)[:3]] == ["0001", "0002", "0003"]
    page.locator(".documents-list .sort").select_option("longest")
    expect(page.locator(f"{ROW} .state").first).to_contain_text("92 pages")
    page.locator(".documents-list .filter").fill("closing")
    fold = page.locator(".documents .fold")
    expect(fold).to_have_attribute("aria-expanded", "true")
    fold.click()
    expect(page.locator(ROW)).to_have_count(0)
    fold.click()
    page.get_by_label("Ask all in Closing set").uncheck()
    expect(page.locator(".scope")).to_contain_text("– 3,000 of 4,000")


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
    upload(page, *((f"{name}.pdf", make_pdf([f"1. Fee. It is {name}."])) for name in "abc"))
    expect(page.locator(".scope")).to_contain_text("3 of 3")
    page.get_by_label("Ask c.pdf").uncheck()
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
    assert names(page) == ["a.pdf", "b.pdf", "c.pdf"]
    other.close()


def test_files_of_an_archive_stand_below_its_name(page: Page) -> None:
    go_to_a_new_matter(page, "Folders")
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("Exhibits/A.pdf", "Exhibits/B.pdf", "Cover.pdf"):
            file.writestr(name, make_pdf([f"1. {name}. It says {name}."]))
    upload(page, ("Set.zip", archive.getvalue()))
    expect(page.locator(f"{ROW}[data-state=ready]")).to_have_count(3)
    for folder in ("Set › Exhibits", "Set"):
        expect(page.get_by_role("button", name=folder, exact=False).first).to_be_visible()
    expect(page.locator(f"{ROW}[data-name$='A.pdf'] .name")).to_have_text("A.pdf")


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
    expect(page.locator(".scope")).to_contain_text("3,999 of 4,000")
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


def test_a_change_keeps_focus_scroll_and_an_open_menu(page_of_many: Page, many: tuple[Server, Path, str]) -> None:
    page, (_, folder, _) = page_of_many, many
    box = page.locator(".documents-list .grid")
    box.evaluate("(box) => { box.scrollTop = 5000 }")
    id_ = page.locator(ROW).nth(8).get_attribute("data-key")
    page.locator(f"{ROW}[data-key='{id_}']").get_by_role("button", name="More about").click()
    menu = page.locator(".documents-list .row-menu")
    expect(menu).to_contain_text("Summarise")
    engine = database.open_database(f"sqlite:///{folder / 'pincite.db'}")
    with database.writing(engine) as connection:
        its = jobs.c.document_id == id_
        connection.execute(sa.update(jobs).where(its).values(state="failed", reason="The file is locked."))
    engine.dispose()
    expect(menu).to_contain_text("The file is locked.", timeout=20_000)
    expect(menu).to_contain_text("Try again")
    assert box.evaluate("(box) => box.scrollTop") == 5000
    assert page.evaluate("document.activeElement.closest('.row-menu') !== null")


def test_a_conversation_is_found_renamed_deleted_and_there_again(page_of_many: Page) -> None:
    page = page_of_many
    titles = page.locator(".conversations .open")
    assert titles.count() < 30
    page.locator(".conversations-list .filter").fill("harbour license")
    expect(page.locator("#conversations-heading .count")).to_have_text("0 of 200")
    page.locator(".conversations-list .filter").fill("harbour lease")
    expect(page.locator("#conversations-heading .count")).to_have_text("20 of 200")
    titles.first.click()
    expect(page.locator(".conversations [aria-current]")).to_have_count(1)
    of_conversation(page, "Rename", titles.first.inner_text())
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


def test_axe_has_nothing_against_the_lists_in_any_of_their_states(page_of_many: Page) -> None:
    page = page_of_many

    def findings() -> list[str]:
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]})
        return [
            f"{each['impact']} {each['id']}: {[node['html'][:200] for node in each['nodes']]}"
            for each in found.response["violations"]
            if any(".grid" in str(node) or "documents" in str(node) or "undo" in str(node) for node in each["nodes"])
        ]

    assert findings() == []
    page.locator(f"{ROW} input").first.uncheck()
    page.get_by_role("button", name="More about").first.click()
    assert findings() == []
    page.keyboard.press("Escape")
    of_conversation(page, "Rename", "")
    assert findings() == []
    page.keyboard.press("Escape")
    of_document(page, "Remove", str(names(page)[0]))
    expect(page.locator(".undo")).to_be_visible()
    assert findings() == []
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".undo")).to_have_count(0)


def test_what_can_no_longer_be_undone_is_deleted_by_the_server(
    page_of_many: Page, many: tuple[Server, Path, str]
) -> None:
    page, (_, folder, _) = page_of_many, many
    page.locator(".conversations .open").last.focus()
    page.keyboard.press("Delete")
    expect(page.locator(".undo")).to_contain_text("Conversation deleted")
    engine = database.open_database(f"sqlite:///{folder / 'pincite.db'}")
    with database.writing(engine) as connection:
        connection.execute(sa.update(removals).values(due_at=datetime.now(UTC) - timedelta(seconds=1)))
    engine.dispose()
    expect(page.locator(".undo")).to_have_count(0)
    expect(page.locator("#conversations-heading .count")).to_have_text("199")
