"""Answers as they are shown and taken along, in a browser: drawn, folded, filtered, copied, downloaded, printed."""

import re

import pypdfium2 as pdfium
from docx import Document
from playwright.sync_api import Page, expect

from tests.pdfs import make_pdf
from tests.webapp.browser import ask, copied, go_to_a_new_matter, needs_chromium, upload
from tests.webapp.fake_engine import FakeEngine, Reply

pytestmark = needs_chromium

ANSWER = """Here is all of it:

| Right | Notice |
|---|---|
| Ending without a reason | “by one hundred eighty (180) days’ notice” [1] |
| Deposits | handed back within 25 days [1] |

4. Notice is 180 days [1].
   - It is long.
"""
POINT = "{0}. The Customer may end this Agreement by 180 days’ notice, as point {0} says [1]."
LONG = "\n\n".join(map(POINT.format, range(60)))


def test_an_answer_is_drawn_copied_with_its_warnings_printed_whole_and_leads_on(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply([ANSWER]), Reply([LONG]), Reply(["It ends [1]."]))
    ask(page, "Can the Customer end the contract without giving a reason?")
    written = page.locator(".written")
    expect(written.locator("td")).to_have_count(4)
    expect(written.locator("ol > li[value='4'] > ul > li")).to_have_text(re.compile("It is long"))
    expect(page.locator(".foot")).to_contain_text("Written by tgi.")
    assert "|" not in written.inner_text()

    html = copied(page, "Copy for Word")
    assert "handed back within 25 days<sup>1</sup>" in html
    assert "(! not confirmed: not in the cited passage: 25 days)" in html
    assert re.search(
        r'\[1\] <a href="http://127\.0\.0\.1:\d+/\?matter=\w+&amp;document=\w+&amp;p=8&amp;spans=[\d.-]+">', html
    )
    text = copied(page, "Copy as text")
    assert "Deposits\thanded back within 25 days [1] (! not confirmed: not in the cited passage: 25 days)" in text
    assert "read " in text.rpartition("Searched 1 document, 12 pages")[2]
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })")
    with page.expect_response("**/export**"):
        page.get_by_role("button", name="Copy for Word").click()
    expect(page.get_by_role("button", name="Copied for Word")).to_be_visible()
    page.evaluate("delete navigator.clipboard")
    assert copied(page) == html, "without a clipboard of both kinds too"

    page.get_by_text("Download", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Word memo with footnotes").click()
    assert download.value.suggested_filename == "Can the Customer end the contract without giving a reason.docx"
    assert Document(str(download.value.path())).paragraphs[0].text.startswith("Can the Customer end")

    [*_, heading] = page.locator(".follow .example").all_inner_texts()
    page.locator(".follow .example").last.click()
    section, _, title = heading.rpartition(" ")[0].partition(" ")[2].partition(" ")
    expect(page.locator("h3.question").last).to_contain_text(f"What does Section {section} ({title}")
    expect(page.locator(".unfold")).to_have_text("Show all")
    folded = page.locator("[data-long]").bounding_box()
    assert folded is not None
    assert folded["height"] < 600
    page.locator(".unfold").click()
    expect(page.locator(".unfold")).to_have_text("Show less")
    assert page.locator("li[value='59']").is_visible()
    page.locator(".unfold").click()

    paper = pdfium.PdfDocument(page.pdf(format="A4", margin={"top": "20mm", "bottom": "20mm"}))
    assert len(paper) > 2
    printed = "\n".join(paper[n].get_textpage().get_text_range() for n in range(len(paper)))
    for words in (
        "Can the Customer end the contract",
        "It is long.",
        "as point 59 says",
        "not confirmed",
        "Written by",
    ):
        assert words in printed
    for words in ("Copy for Word", "Every mention", "Passages read", "http", "New conversation", "Show all"):
        assert words not in printed


def test_a_table_of_documents_is_filtered_by_state_and_keeps_that_when_it_is_drawn_anew(
    page: Page, engine: FakeEngine
) -> None:
    go_to_a_new_matter(page, "States")
    laws = [f"1. Law. The laws of {place} govern this Lease.\n2. Rent." for place in ("Ireland", "Ireland", "Kent")]
    upload(page, *((f"{n} lease.pdf", make_pdf([f"{text} It is ${n}."])) for n, text in enumerate(laws)))
    expect(page.locator(".scope")).to_contain_text("3 of 3")
    engine.enqueue(*[Reply(["“The laws of Ireland govern this Lease.” [1]"])] * 3)
    ask(page, "Which law governs each of these leases?")
    rows, found = page.locator(".each tbody tr"), page.locator("[data-filter=found]")
    expect(found).to_have_text(re.compile(r"Found\s+2"))
    expect(page.locator(".filter button")).to_have_count(3)
    found.click()
    expect(found).to_have_attribute("aria-pressed", "true")
    expect(rows.filter(visible=True)).to_have_count(2)
    page.get_by_role("button", name="Helpful", exact=True).click()
    expect(page.get_by_role("button", name="Helpful", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(rows.filter(visible=True)).to_have_count(2)
    page.locator("[data-filter=all]").click()
    expect(rows.filter(visible=True)).to_have_count(3)
