"""Every mention of a phrase, and a question that fits two documents, in a browser."""

import re
from pathlib import Path
from threading import Event

from playwright.sync_api import Browser, Page, expect

from tests.pdfs import make_pdf
from tests.webapp.browser import LEASE, ask, find, go_to_a_new_matter, needs_chromium, upload, visitor
from tests.webapp.commands import Pincite
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine, Reply
from webapp.core.settings import load_settings
from webapp.service.workspace import Workspace
from webapp.store.users import LOCAL_USER

pytestmark = needs_chromium


def test_every_mention_is_counted_shown_on_its_page_and_kept_also_while_the_models_load(
    browser: Browser, tmp_path: Path
) -> None:
    other = ["1. Term. This is not written\nnotice of anything.", "2. Notice. Written notice is by post."]
    with embeddings() as vectors, Workspace(load_settings(data_dir=tmp_path, embeddings_url=vectors)) as workspace:
        matter = workspace.access.create(LOCAL_USER, "Larkspur")
        for name, pages in (("lease.pdf", LEASE), ("other.pdf", other)):
            (tmp_path / name).write_bytes(make_pdf(pages))
            workspace.access.accept(LOCAL_USER, matter, tmp_path / name)
        workspace.ingest.run()
    with (
        embeddings(Event()) as vectors,  # these never begin to answer
        Pincite(tmp_path, {"PINCITE_EMBEDDINGS_URL": vectors}).serving() as server,
        visitor(browser) as context,
    ):
        page = context.new_page()
        page.goto(f"{server.address}&matter={matter.id}")
        expect(page.locator(".scope")).to_contain_text("Larkspur – 2 of 2 documents")
        expect(page.locator(".health")).to_contain_text("Search is starting")
        find(page, "written notice")
        turn = page.locator(".turn")
        expect(turn.locator("h3")).to_have_text("Every mention of “written notice”")
        expect(turn.locator(".stand")).to_have_text("3 mentions in 2 documents.")
        expect(turn.locator("h4")).to_have_text(["lease.pdf 1 mention on 1 page", "other.pdf 2 mentions on 2 pages"])
        expect(turn.locator("mark")).to_have_text(["written notice", "written notice", "Written notice"])
        expect(turn.locator(".coverage")).to_contain_text("Searched every word of 2 documents, 5 pages")
        turn.locator(".mark").nth(1).click()
        expect(page.locator("#evidence-heading")).to_have_text("Mention 2 of 3")
        expect(page.locator(".where")).to_contain_text("other.pdf")
        expect(page.locator(".sheet img")).to_have_attribute("src", re.compile(r"/pages/1\.png\?span="))
        page.keyboard.press("Alt+PageDown")
        expect(page.locator("#evidence-heading")).to_have_text("Mention 3 of 3")
        page.reload()
        expect(turn.locator(".stand")).to_have_text("3 mentions in 2 documents.")
        expect(turn.locator("mark").first).to_have_text("written notice")
        find(page, "force majeure")
        expect(turn.last).to_contain_text("No mention of this exact phrase in 2 documents")


def test_a_question_that_fits_two_documents_lets_the_reader_choose(page: Page, engine: FakeEngine) -> None:
    asked = len(engine.asked)
    go_to_a_new_matter(page, "Leases")
    leases = [(f"{year} Acme lease.pdf", make_pdf([f"1. Rent. The rent is ${year}."])) for year in (2019, 2023)]
    upload(page, *leases, ("nda.pdf", make_pdf(["1. Secrecy. All is secret."])))
    expect(page.locator(".scope")).to_contain_text("Leases – 3 of 3 documents")

    question = "What is the rent in the Acme lease?"
    ask(page, question)
    choice = page.locator(".turn[data-state=choice]")
    expect(choice).to_contain_text("This fits 2 documents. Which one do you mean?")
    expect(choice.locator("button")).to_have_count(3)
    assert len(engine.asked) == asked
    choice.get_by_role("button", name="All of them").click()
    expect(page.locator(".coverage")).to_contain_text("Searched 2 documents")
    expect(page.locator("#question textarea")).to_have_value("")

    ask(page, question)
    engine.enqueue(Reply(["The rent is “$2023” [1]."]))
    choice.get_by_role("button", name="2023 Acme lease.pdf").click()
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".coverage").last).to_contain_text("Searched 1 document")
    expect(page.locator(".scope")).to_contain_text("Leases – 1 of 3 documents")
    expect(choice).to_have_count(0)
