"""The page in a browser, on an engine that writes what it is told to."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from reportlab.pdfbase.pdfmetrics import stringWidth

from tests.pdfs import make_pdf
from tests.webapp.browser import (
    ENDLESS,
    LEASE,
    SAMPLE,
    TERMINATION,
    ask,
    copied,
    go_to_a_new_matter,
    needs_chromium,
    of_conversation,
    of_document,
    upload,
)
from tests.webapp.fake_engine import FakeEngine, Reply

pytestmark = needs_chromium

LONG = [f"{n}. Delivery. {'The Supplier shall deliver, rain or shine. ' * 2}\n" * 12 for n in range(990)]
# The pixels that are highlighted (no other colour of the pages is yellow) and the smallest box around them, in points.
HIGHLIGHT = """(image) => {
  const canvas = document.createElement('canvas');
  const width = (canvas.width = image.naturalWidth), height = (canvas.height = image.naturalHeight);
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  let [count, left, top, right, bottom] = [0, width, height, 0, 0];
  for (let i = 0; i < data.length; i += 4) if (data[i] > 200 && data[i] - data[i + 2] > 70) {
    const x = (i / 4) % width, y = Math.floor(i / 4 / width);
    count++; left = Math.min(left, x); right = Math.max(right, x + 1);
    top = Math.min(top, y); bottom = Math.max(bottom, y + 1);
  }
  return [count, ...[left, top, right, bottom].map((at) => (at * 595.28) / width)];
}"""
# What the list of documents has shown since.
WATCH = """() => {
  const shown = (window.shown = new Set());
  const look = () => document.querySelectorAll('.documents .state, .documents progress').forEach((each) =>
    shown.add(each.getAttribute('aria-label') || each.innerText));
  const documents = document.querySelector('#part-documents');
  new MutationObserver(look).observe(documents, { childList: true, subtree: true, characterData: true });
}"""


def highlighted(page: Page) -> tuple[int, tuple[float, ...]]:
    """How many pixels of the page that is shown are highlighted, and the box around them: left, top, right, bottom."""
    image = page.locator(".sheet img")
    image.evaluate("(image) => image.decode()")
    count, *box = image.evaluate(HIGHLIGHT)
    return count, tuple(box)


def test_a_first_visitor_asks_the_sample_and_sees_the_words_on_its_page(page: Page, engine: FakeEngine) -> None:
    expect(page.locator(".scope")).to_contain_text("Sample – 1 of 1 document")
    engine.enqueue(Reply([SAMPLE]))
    page.locator(".example").first.click()
    expect(page.locator(".chip").first).to_contain_text("Section 14.1")
    expect(page.locator(".chip").first).to_contain_text("word for word")
    expect(page.locator(".coverage")).to_contain_text("Searched 1 document, 12 pages")
    expect(page.locator(".where")).to_contain_text("p. 6 (PDF page 8)")
    expect(page.locator(".words blockquote")).to_contain_text("without giving a reason")
    assert highlighted(page)[0] > 1000
    assert page.get_by_text("Open the PDF at this page").get_attribute("href").endswith(".pdf#page=8")  # type: ignore[union-attr]


def test_a_contract_is_uploaded_read_and_asked_and_all_of_it_is_there_after_a_reload(
    page: Page, engine: FakeEngine
) -> None:
    go_to_a_new_matter(page, "Larkspur")
    page.evaluate(WATCH)
    upload(page, ("lease.pdf", make_pdf(LEASE)), ("long.pdf", make_pdf(LONG)), ("no.pdf", b"?"), ("rents.xlsx", b"PK"))
    expect(page.locator(".notice")).to_contain_text(["no.pdf", "Print its sheets to a PDF"])
    expect(page.locator(".documents [data-name='lease.pdf']")).to_contain_text("ready, 3 pages")
    expect(page.locator(".documents [data-name='long.pdf']")).to_contain_text("ready, 990 pages", timeout=120_000)
    expect(page.locator(".scope")).to_contain_text("Larkspur – 2 of 2 documents")
    shown = "\n".join(page.evaluate("[...window.shown]"))
    assert re.search(r"^long\.pdf: (reading p\. \d+ of 990|indexing)", shown, re.M), shown  # the bar's name

    engine.enqueue(Reply([word + " " for word in TERMINATION.split(" ")], first=0.3, pace=0.2))
    ask(page, "By what written notice may either party end the Larkspur lease?")
    draft, lengths = page.locator(".draft"), set[int]()
    expect(page.get_by_text("Not checked yet")).to_be_visible()
    expect(page.locator("#stop")).to_be_visible()
    while draft.count() and len(lengths) < 3:
        lengths.add(len(draft.inner_text()))
    assert len(lengths) == 3, "the text did not come in pieces"

    chip = page.locator(".chip")
    expect(chip).to_contain_text("p. 3")
    expect(page.locator(".coverage")).to_contain_text("Searched 1 document, 3 pages")  # the lease, by its name
    expect(page.locator("#send")).to_be_visible()
    chip.click()
    expect(page.locator(".sheet img")).to_have_attribute("src", re.compile(r"/pages/3\.png\?span="))
    count, box = words = highlighted(page)
    left, right = (72 + stringWidth(LEASE[2][:end], "Times-Roman", 11) for end in (len("3. Termination. "), -1))
    assert box == pytest.approx((left, 72 - 9, right, 72 + 3), abs=3)  # the quoted words, and not the full stop
    assert count > 0.5 * (right - left) * 8 * 1.5**2

    page.reload()
    expect(page.locator("h3.question")).to_have_text("By what written notice may either party end the Larkspur lease?")
    expect(page.locator(".scope")).to_contain_text("Larkspur")
    expect(page.locator(".sheet img")).to_have_attribute("src", re.compile(r"/pages/3\.png"))
    assert highlighted(page) == words


def test_of_contracts_on_one_form_each_is_shown_that_says_the_same(page: Page, engine: FakeEngine) -> None:
    go_to_a_new_matter(page, "Forms")
    risk = "1. Duty\nThe Seller packs the goods.\n2. Risk\nThe risk passes to the Buyer when the goods are loaded."
    names = ["Cedar.pdf", "alder.pdf", "Birch.pdf"]
    upload(page, *((name, make_pdf([f"SALE by {name[:-4]} Inc.\n" * 16, risk])) for name in names))
    for name in names:
        expect(page.locator(f"[data-name='{name}']")).to_contain_text("ready, 2 pages")
    engine.enqueue(Reply(["It passes “when the goods are loaded” [1]."]))
    ask(page, "When does the risk pass to the Buyer?")
    others = page.get_by_role("group").filter(
        has_text="[1] The same passage appears word for word in 2 other documents"
    )
    cited = page.locator(".where strong").inner_text().split(",")[0]
    others.locator("summary").click()
    expected = sorted({*names} - {cited}, key=str.casefold)
    expect(others.get_by_role("button")).to_have_text(list(expected))
    others.get_by_role("button").last.click()
    expect(page.locator("#evidence-heading")).to_have_text("Same words as [1], 2 of 2")
    expect(page.locator(".where strong")).to_have_text(
        f"{others.get_by_role('button').last.inner_text()}, Section 2 (Risk), p. 2"
    )
    expect(page.locator(".words blockquote")).to_have_text("when the goods are loaded")
    assert highlighted(page)[0] > 300


def test_of_files_that_come_together_only_the_one_that_is_too_large_is_refused(page: Page) -> None:
    go_to_a_new_matter(page, "Large")
    large = make_pdf(LEASE) + bytes(3 << 20)
    upload(page, ("a.pdf", make_pdf(["1. Fee. It is $9."])), ("large.pdf", large), ("b.pdf", make_pdf(LEASE)))
    expect(page.locator(".notice")).to_have_text(re.compile(r"“large\.pdf” is 3\.\d+ MiB; the limit is 1 MiB\."))
    expect(page.locator(".documents [data-state=ready] .name")).to_have_text(["a.pdf", "b.pdf"])
    expect(page.locator(".toast-body")).to_have_count(0)


def test_stop_reaches_the_engine_and_keeps_what_was_written(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply(ENDLESS, pace=0.05))
    ask(page, "What happens if the buyer pays late?")
    expect(page.locator(".draft")).to_contain_text("word5")
    page.evaluate("window.words = document.querySelector('.draft p').firstChild")
    expect(page.locator(".draft")).to_contain_text("word15")
    assert page.evaluate("window.words.isConnected"), "what is there is not drawn anew"
    page.locator("#stop").click()
    expect(page.locator(".turn[data-state=stopped]")).to_contain_text("Stopped. What follows is incomplete.")
    expect(page.locator(".turn[data-state=stopped] .written")).to_contain_text("word5")
    assert engine.hung_up.acquire(timeout=30)
    page.reload()
    expect(page.locator(".turn[data-state=stopped] .written")).to_contain_text("word5")


def test_an_answer_goes_on_without_the_page_that_asked(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply(["Slowly, ", "slowly, ", "it ", "was ", "written."], pace=1.0))
    ask(page, "What is an End Customer?")
    expect(page.locator(".draft")).to_contain_text("Slowly")
    second = page.context.new_page()
    second.route("**/drafts/**", lambda route: route.abort())  # as a proxy that lets no stream through
    second.goto(page.url)
    page.reload()
    expect(page.locator(".draft")).to_contain_text("slowly, it")
    for each in (page, second):
        expect(each.locator("#part-past .turn")).to_contain_text("Slowly, slowly, it was written.")
        expect(each.locator("#part-now .turn")).to_have_count(0)
        expect(each.locator("#send")).to_be_visible()


def test_what_is_asked_right_after_a_new_conversation_is_begun_is_asked_there(page: Page, engine: FakeEngine) -> None:
    go_to_a_new_matter(page, "Quick")
    upload(page, ("lease.pdf", make_pdf(LEASE)))
    expect(page.locator(".scope")).to_contain_text("Quick – 1 of 1")
    questions = [f"Who is party {n}?" for n in range(8)]
    engine.enqueue(*(Reply([f"Party {n} [1]."]) for n in range(8)))
    for n, question in enumerate(questions):  # one round alone may be in time by chance
        expect(page.locator("#send")).to_be_visible()  # which it is not until the last answer has ended
        page.locator("#question textarea").fill(question)
        page.evaluate("document.querySelector('[data-do=new]').click(); document.querySelector('#send').click()")
        expect(page.locator(".turn .written").last).to_have_text(re.compile(f"Party {n}"))
        expect(page.locator("h3.question")).to_have_text([question])
    expect(page.locator(".conversations .open")).to_have_text(questions[::-1])


def test_what_is_done_reaches_the_server_in_its_order(page: Page) -> None:
    go_to_a_new_matter(page, "Order")
    waiting: list[Route] = []
    page.route("**/queue/join**", lambda route: waiting.append(route))
    page.evaluate("for (const what of [1, 2, 3]) document.querySelector('[data-do=new]').click()")
    for _ in range(3):
        page.wait_for_timeout(200)
        assert len(waiting) == 1, "the next one is sent when the server has this one"
        waiting.pop().continue_()
    page.unroute("**/queue/join**")


def test_what_a_contract_says_is_never_obeyed(page: Page, engine: FakeEngine) -> None:
    lines = [
        "<img src=http://evil.example/a.png onerror=window.pwned=1> <script>window.pwned=1</script>",
        "![x](http://evil.example/b.png) [click](http://evil.example/c) http://evil.example/d",
        "${window.pwned=1} {{window.pwned=1}} </textarea></style><svg onload=window.pwned=1>",
        "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe> <a href=javascript:window.pwned=1>go</a>",
    ]
    evil = " ".join(lines)
    go_to_a_new_matter(page, "<b onclick=window.pwned=1>${window.pwned=1}")
    upload(page, ("<img src=x onerror=window.pwned=1>.pdf", make_pdf(["\n".join(["1. Notice.", *lines])])))
    expect(page.locator(".documents [data-state=ready]")).to_have_count(1)
    engine.enqueue(Reply([f"It says “{evil}” [1]. **{evil}**\n> {evil}\n- {evil} [1]"]))
    ask(page, f"What does the notice say? {evil}")
    expect(page.locator(".turn .foot")).to_have_count(1)
    expect(page.locator(".sheet img")).to_have_count(1)
    assert page.evaluate("window.pwned") is None
    for name in ("Notice", "Edit this question"):  # the passage as text, and the question in its box
        page.get_by_role("button", name=name).first.click()
    expect(page.locator("#question textarea")).to_have_value(re.compile("script"))
    expect(page.locator("section.words")).to_contain_text("<script>")
    assert page.evaluate("window.pwned") is None
    assert page.locator("#columns script, #columns iframe, #talk img, #sidebar img").count() == 0
    assert page.locator("#talk a:not([href^='/matters/'])").count() == 0
    assert page.locator("#columns a[href^='http']").count() == 0


def test_a_question_is_edited_asked_again_rated_and_copied(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply(["First [1]."]), Reply(["Second [1]."]), Reply(["Third [1]."]))
    ask(page, "What about delivery?")
    expect(page.locator(".turn .written")).to_contain_text("First")
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".turn .written")).to_contain_text("Second")
    page.get_by_role("button", name="Edit this question").click()
    expect(page.locator("#question textarea")).to_have_value("What about delivery?")
    ask(page, "What about insurance?")
    expect(page.locator(".turn .written")).to_contain_text("Third")
    expect(page.locator("h3.question")).to_have_text(["What about insurance?"])
    page.get_by_role("button", name="Helpful", exact=True).click()
    expect(page.get_by_role("button", name="Helpful", exact=True)).to_have_attribute("aria-pressed", "true")
    text = copied(page, "Copy as text")
    assert re.search(r"Third \[1\]\. \(! not confirmed: .*\)\n\n\[1\] sample-supply-agreement\.pdf, .*p\. \d", text)


def test_citations_are_walked_by_key_and_the_page_grows(page: Page, engine: FakeEngine) -> None:
    engine.enqueue(Reply(["One [1]. Two [2]. Three [3]."]))
    ask(page, "What is owed on termination?")
    heading = page.locator("#evidence-heading")
    expect(heading).to_have_text("Citation 1 of 3")
    page.keyboard.press("Alt+PageDown")
    expect(heading).to_have_text("Citation 2 of 3")
    page.locator(".sheet").focus()
    page.keyboard.press("ArrowRight")
    expect(heading).to_have_text("Citation 3 of 3")
    page.locator(".sheet").focus()
    page.keyboard.press("ArrowLeft")
    expect(heading).to_have_text("Citation 2 of 3")
    for _ in range(3):
        page.get_by_role("button", name="Larger").click()
    expect(page.locator(".sheet img")).to_have_attribute("src", re.compile(r"zoom=(1\.5|2)"))


def test_the_scope_is_chosen_and_kept_with_its_conversation(page: Page, engine: FakeEngine) -> None:
    go_to_a_new_matter(page, "Two")
    upload(page, ("a.pdf", make_pdf(LEASE)), ("b.pdf", make_pdf(["1. Fee. The fee is $9."])))
    expect(page.locator(".scope")).to_contain_text("Two – 2 of 2 documents")
    page.get_by_label("Ask b.pdf").uncheck()
    expect(page.locator(".scope")).to_contain_text("Two – 1 of 2 documents")
    engine.enqueue(Reply(["Rent [1]."]))
    ask(page, "What is the rent?")
    expect(page.locator(".coverage")).to_contain_text("Searched 1 document, 3 pages")
    page.reload()
    expect(page.locator(".scope")).to_contain_text("Two – 1 of 2 documents")


def test_the_boxes_of_the_scope_show_what_is_asked_whatever_is_added_or_removed(page: Page) -> None:
    def ticked() -> dict[str | None, bool]:
        rows = page.locator(".documents [role=row]").all()
        return {row.get_attribute("data-name"): row.locator("input").is_checked() for row in rows}

    go_to_a_new_matter(page, "Boxes")
    upload(page, *((f"{name}.pdf", make_pdf([f"1. Fee. It is {name}."])) for name in "abc"))
    expect(page.locator(".scope")).to_contain_text("Boxes – 3 of 3 documents")
    page.get_by_label("Ask b.pdf").uncheck()
    expect(page.locator(".scope")).to_contain_text("Boxes – 2 of 3 documents")
    of_document(page, "Remove", "a.pdf")
    expect(page.locator(".scope")).to_contain_text("Boxes – 1 of 2 documents")
    assert ticked() == {"b.pdf": False, "c.pdf": True}
    page.get_by_label("Ask all documents").check()
    expect(page.locator(".scope")).to_contain_text("Boxes – 2 of 2 documents")
    assert ticked() == {"b.pdf": True, "c.pdf": True}


def test_what_is_deleted_is_gone_and_an_answer_says_so(page: Page, engine: FakeEngine) -> None:
    go_to_a_new_matter(page, "Gone")
    upload(page, ("lease.pdf", make_pdf(LEASE)))
    expect(page.locator(".documents [data-state=ready]")).to_have_count(1)
    engine.enqueue(Reply([TERMINATION]))
    ask(page, "Who may end the Larkspur lease?")
    expect(page.locator(".chip")).to_contain_text("word for word")
    of_document(page, "Remove", "lease.pdf")
    expect(page.locator(".chip")).to_contain_text("document removed")
    expect(page.locator("#evidence")).to_contain_text("This document was removed")
    of_conversation(page, "Delete")
    expect(page.locator(".turn")).to_have_count(0)
    page.get_by_role("button", name="Delete this matter").click()
    expect(page.locator(".scope")).to_contain_text("Sample")


def test_a_narrow_window_shows_one_area_at_a_time(page: Page, engine: FakeEngine) -> None:
    page.set_viewport_size({"width": 420, "height": 800})
    expect(page.locator("#chat")).to_be_visible()
    expect(page.locator("#evidence")).to_be_hidden()
    engine.enqueue(Reply([SAMPLE]))
    ask(page, "Can the customer end it?")
    page.locator(".chip").first.click()
    expect(page.locator("#evidence")).to_be_visible()
    expect(page.locator("#chat")).to_be_hidden()
    page.get_by_role("button", name="Documents", exact=True).click()
    expect(page.locator("#sidebar")).to_be_visible()


def test_an_original_is_downloaded_as_it_came(page: Page) -> None:
    with page.expect_download() as download:
        of_document(page, "Download", "sample-supply-agreement.pdf")
    shipped = Path(__file__).parents[2] / "webapp" / "sample" / "sample-supply-agreement.pdf"
    assert download.value.path().read_bytes() == shipped.read_bytes()
