"""Every state of the page, reached as a reader reaches it.

What is looked at in each is for the caller: axe, or a picture.
"""

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Literal

from playwright.sync_api import Browser, Page, expect

from tests.pdfs import make_pdf
from tests.scans import scanned
from tests.webapp.browser import LEASE, ask, find, go_to_a_new_matter, of_document, upload, visitor
from tests.webapp.commands import Pincite
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine, Reply

State = tuple[str, Page]
Light = Literal["light", "dark"]

QUESTION = "Can the Customer end the contract without giving a reason?"
# Sentences: quoted, compared, computed, not confirmed (figure, quotation), without a citation, absent.
ANSWER = [
    "Yes: “Customer may end this Agreement, without giving a reason, by one hundred eighty (180) days’ notice that "
    "takes effect on or after March 1, 2027.” [1]\n\n",
    "If it takes effect before March 1, 2029, the Customer pays a fee of $350,000 [1]. "
    "A departure before March 1, 2029 costs the Customer $350,000 [1]. "
    "Notice for March 1, 2027 must be given by September 2, 2026 [1].\n\n",
    "- The Supplier must hand back deposits within 25 days [1].\n",
    "- It owes nothing further: “no fee of any kind falls due” [1].\n",
    "- The Customer may also demand a discount of its own choice.\n",
    "- The passages do not mention a like right of the Supplier.\n",
]
SLOWLY = [word + " " for word in " ".join(ANSWER).split(" ")]
SUMMARY = [
    "The lease is “made between Larkspur Holdings and Bramble Foods” [1].\n",
    "The rent is “$4,200, due on the first day of each month” [2].\n",
    "Either party may end it by “ninety days' written notice” [3].",
]
LONG = [f"{n}. Delivery. {'The Supplier shall deliver, rain or shine. ' * 2}\n" * 4 for n in range(6000)]


def states(browser: Browser, folder: Path, *, search_model: bool = False) -> Iterator[State]:
    """The states by name, each with its page; the page is wide and light, and is to be left so.

    With `search_model` the search is as it is in use, and not seen to load: what is found then fits what is asked.
    """
    models_are_there = Event()
    with FakeEngine("tgi") as engine, embeddings(models_are_there) as vectors:
        settings = {"PINCITE_LLM_URL": engine.url, "PINCITE_ACCESS": "behind-proxy", "PINCITE_OCR": "no"}
        settings |= {} if search_model else {"PINCITE_EMBEDDINGS_URL": vectors}
        with Pincite(folder, settings).serving() as server:
            with visitor(browser) as nobody:
                page = nobody.new_page()
                page.goto(server.address)
                expect(page.locator(".notice")).to_be_visible()
                expect(page.locator("#part-folder")).to_be_hidden()  # there is nothing to add to
                yield "no access", page
            with visitor(browser, extra_http_headers={"X-Forwarded-User": "ada"}) as context:
                page = context.new_page()
                page.goto(server.address)
                expect(page.locator(".scope")).to_be_visible()
                if not search_model:
                    expect(page.locator(".health")).to_contain_text("Search is starting")
                    yield "models are loading", page
                models_are_there.set()
                expect(page.locator(".health[data-state=ready]")).to_be_visible()
                yield from _of_answers(page, engine)
                yield from _of_documents(page, engine)
                yield from _without_engine(page, engine)


def lit(page: Page, light: Light) -> None:
    """Show the page in one light, and wait until no colour is changing any more."""
    page.emulate_media(color_scheme=light)
    follows = "(dark) => !document.querySelector('#columns') || document.body.classList.contains('dark') === dark"
    page.wait_for_function(follows, arg=light == "dark")
    page.wait_for_function("document.getAnimations().every((each) => !(each instanceof CSSTransition))")


def begin_anew(page: Page) -> None:
    """A new conversation."""
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".turn")).to_have_count(0)


def _of_answers(page: Page, engine: FakeEngine) -> Iterator[State]:
    last = page.locator(".turn").last
    expect(page.locator(".example").first).to_be_visible()
    yield "the sample", page
    engine.enqueue(Reply(SLOWLY, pace=0.2, fault="silence"))
    ask(page, QUESTION)
    expect(page.locator(".draft")).to_contain_text("without giving")
    yield "an answer is written", page
    page.locator("#stop").click()
    expect(last).to_contain_text("Stopped")
    yield "stopped", page
    begin_anew(page)
    engine.enqueue(Reply(ANSWER))
    ask(page, QUESTION)
    expect(page.locator(".chip").first).to_contain_text("Section 14.1")
    expect(page.locator(".sheet img")).to_be_visible()
    yield "answered", page
    page.locator(".beside summary").click()
    page.locator(".beside button").first.click()
    expect(page.locator(".pair .layer")).to_have_count(2)
    yield "two sources side by side", page
    page.get_by_role("button", name="Show one").click()
    expect(page.locator(".pair")).to_have_count(0)
    page.get_by_role("button", name="Read the document").click()
    expect(page.locator(".reader .layer")).to_be_visible()
    page.locator(".terms summary").click()
    page.locator(".outline summary").click()
    yield "a document is open", page
    page.keyboard.press("Control+k")
    expect(page.locator("#palette li").first).to_be_visible()
    yield "the palette", page
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Close the document").click()
    expect(page.locator(".reader")).to_have_count(0)
    page.locator(".legend summary").last.click()
    page.locator(".legend dl").last.scroll_into_view_if_needed()
    yield "what the marks say", page
    page.locator(".legend summary").last.click()
    page.get_by_role("button", name="Edit this question").click()
    expect(page.locator(".notice").first).to_contain_text("You are editing")
    yield "a question is edited", page
    begin_anew(page)
    find(page, "change of control")
    expect(page.locator(".mentions mark").first).to_be_visible()
    expect(page.locator(".sheet img")).to_be_visible()
    yield "every mention", page


def _of_documents(page: Page, engine: FakeEngine) -> Iterator[State]:
    go_to_a_new_matter(page, "Larkspur")
    yield "an empty matter", page
    upload(page, ("no.pdf", b"?"), ("cut off.pdf", make_pdf(LEASE)[:400]))
    expect(page.locator(".notice")).to_contain_text("no.pdf")
    expect(page.locator(".documents [data-state=failed]")).to_have_count(1)
    yield "uploads that failed", page
    upload(page, ("lease.pdf", make_pdf(LEASE)), ("scan.pdf", scanned(LEASE[0], LEASE[0])))
    expect(page.locator("[data-name='scan.pdf']")).to_contain_text("Pages 1-2 could not be read")
    expect(page.locator("[data-name='lease.pdf']")).to_contain_text("ready")
    engine.enqueue(Reply(SUMMARY))
    of_document(page, "Summarise", "lease.pdf")
    expect(page.locator(".stand")).to_contain_text("says what was checked")
    yield "a summary, and a document without text", page
    page.route("**/pages/*.png*", lambda route: route.abort())
    page.locator(".summary .mark").last.click()
    expect(page.locator(".sheet .broken")).to_be_visible()
    yield "a page that cannot be shown", page
    page.unroute("**/pages/*.png*")
    of_document(page, "Remove", "lease.pdf")
    expect(page.locator("#evidence")).to_contain_text("This document was removed")
    yield "a document was removed", page
    begin_anew(page)
    ask(page, "Who insures the goods?")  # what is left carries no text
    expect(page.locator(".turn")).to_contain_text("Nothing found")
    yield "nothing found", page
    begin_anew(page)
    leases = [(f"{year} Acme lease.pdf", make_pdf([f"1. Rent. The rent is ${year}."])) for year in (2019, 2023)]
    upload(page, *leases)
    expect(page.locator(".scope")).to_contain_text("Larkspur – 3 of 4 documents")
    ask(page, "What is the rent in the Acme lease?")
    expect(page.locator(".turn")).to_contain_text("Which one do you mean?")
    yield "two documents are meant", page
    page.get_by_label("Ask 2019 Acme lease.pdf").uncheck()
    page.get_by_role("button", name="More about scan.pdf").click()
    expect(page.locator(".documents-list .row-menu")).to_be_visible()
    yield "some documents are chosen, and the menu of one is open", page
    page.keyboard.press("Escape")
    of_document(page, "Remove", "cut off.pdf")
    expect(page.locator(".undo")).to_contain_text("“cut off.pdf” removed")
    yield "a document was removed, and can be shown again", page
    upload(page, ("long.pdf", make_pdf(LONG)))
    expect(page.locator(".documents progress")).to_be_visible()
    yield "a document is read", page
    page.locator("#matter").select_option(label="Sample")
    expect(page.locator(".scope")).to_contain_text("Sample")


def _without_engine(page: Page, engine: FakeEngine) -> Iterator[State]:
    last = page.locator(".turn").last
    engine.enqueue(Reply(SLOWLY, pace=0.2, fault="silence"))
    ask(page, QUESTION)
    expect(page.locator(".draft")).to_contain_text("without giving")
    engine.kill()
    expect(last).to_contain_text("broke off")
    yield "the engine broke off", page
    begin_anew(page)
    expect(page.locator(".health")).to_contain_text("The language model is not available")
    ask(page, "How long does a party have to put right a serious breach?")
    expect(last).to_contain_text("Key language: the documents’ own words")
    yield "the engine is away", page
