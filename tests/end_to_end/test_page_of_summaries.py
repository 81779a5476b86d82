"""Summaries in a browser: written by an engine or told in the document's own words,
stopped, and there again after a reload.
"""

import re

from playwright.sync_api import Page, expect

from tests.pdfs import make_pdf
from tests.webapp.browser import ENDLESS, LEASE, copied, go_to_a_new_matter, needs_chromium, of_document, upload
from tests.webapp.fake_engine import FakeEngine, Reply

pytestmark = needs_chromium


def test_a_summary_is_written_checked_opened_at_its_page_and_there_after_a_reload(
    page: Page, engine: FakeEngine
) -> None:
    go_to_a_new_matter(page, "Summaries")
    upload(page, ("lease.pdf", make_pdf(LEASE)))
    written = [
        "The lease is “made between Larkspur Holdings and Bramble Foods” [1].\n",
        "The rent is “$9,999” each month [2].\n",  # not what the page says
        "Either party may end it by “ninety days' written notice” [3].",
    ]
    engine.enqueue(Reply(written, first=0.3, pace=0.3))
    of_document(page, "Summarise", "lease.pdf")
    expect(page.locator("h3.question")).to_have_text("Summary of lease.pdf")
    expect(page.locator(".summary .draft")).to_contain_text("Larkspur")
    clauses = page.locator(".summary .clause")
    expect(clauses).to_have_count(3)
    expect(page.locator(".stand")).to_contain_text("2 lines of 3 written and checked")
    expect(clauses.nth(1)).to_contain_text("The monthly rent is $4,200")
    expect(page.locator(".summary")).not_to_contain_text("9,999")
    clauses.nth(2).locator(".mark").click()
    expect(page.locator(".where")).to_contain_text("p. 3")
    expect(page.locator(".sheet img")).to_have_attribute("src", re.compile(r"/pages/3\.png\?span="))
    text = copied(page, "Copy as text")
    assert "“The monthly rent is $4,200, due on the first day of each month.” (Section 2 (Rent), p. 2)" in text

    page.reload()
    expect(page.locator(".summary .clause")).to_have_count(3)
    expect(page.locator(".conversations [aria-current]")).to_have_text("Summary of lease.pdf")
    engine.enqueue(Reply(["The lease has parties [1]."]))
    page.get_by_role("button", name="Summarise again").click()
    expect(page.locator(".stand")).to_contain_text("1 line of 3 written and checked")
    expect(page.locator(".turn")).to_have_count(1)


def test_a_summary_goes_on_without_its_page_and_can_be_stopped(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply(ENDLESS, pace=0.05))
    of_document(page, "Summarise", "sample-supply-agreement.pdf")
    expect(page.locator(".stand")).to_contain_text(re.compile(r"Part 1 of \d+: Article"))
    page.reload()
    expect(page.locator(".summary .draft")).to_contain_text("word5")
    page.locator("#stop").click()
    expect(page.locator(".turn[data-state=stopped]")).to_contain_text("Stopped. What follows is incomplete.")
    assert engine.hung_up.acquire(timeout=30)
    expect(page.locator("#send")).to_be_visible()


def test_an_engine_that_is_away_leaves_a_summary_in_the_documents_own_words(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply(["Half a "], fault="drop"))
    of_document(page, "Summarise", "sample-supply-agreement.pdf")
    expect(page.locator(".notice")).to_contain_text("broke off")
    expect(page.locator(".stand")).to_contain_text("the document’s own words")
    expect(page.locator(".summary")).to_contain_text("The laws of the State of New York govern this Agreement")
    page.get_by_text(re.compile(r"Defined terms \(\d+\)")).click()
    page.get_by_role("button", name=re.compile("Section 1.1")).filter(has_text="Change of Control").click()
    expect(page.locator("#evidence-heading")).to_contain_text("Definition")
    expect(page.locator(".words blockquote")).to_contain_text("“Change of Control” means")
