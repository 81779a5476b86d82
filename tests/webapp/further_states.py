"""States of the page that `states` leaves out: of accounts and administration, without a language model, of what opens.

They take a minute and a server of their own, so they are looked at on demand: by axe, or in a picture.
"""

from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.pdfs import make_pdf
from tests.webapp.browser import ask, go_to_a_new_matter, upload, visitor
from tests.webapp.commands import Pincite
from tests.webapp.embeddings import embeddings
from tests.webapp.states import QUESTION, State, begin_anew

EMAIL, PASSWORD = "ada@firm.example", "ferry lantern osprey 7"
LEASES = {
    "Brook Street.pdf": "The Tenant may sublet the premises with the Landlord's prior written consent.",
    "Canal Wharf.pdf": "The Tenant shall not assign this Lease or sublet the premises, in whole or in part.",
    "Dock Road.pdf": "The Tenant may sublet up to half of the premises without consent.",
    "East Quay.pdf": "",
}


def lease(name: str, subletting: str) -> bytes:
    """A lease of two pages, with a clause on subletting or without one."""
    third = f"3. Subletting. {subletting}\n" if subletting else ""
    first = (
        f"LEASE AGREEMENT\nThis Lease is made on March 1, 2024 between {name.removesuffix('.pdf')} Holdings Ltd.\n"
        '("Landlord") and Bramble Foods Inc. ("Tenant").\n'
        "1. Term. The term is ten years.\n2. Rent. The monthly rent is $4,200, due on the first day of each month.\n"
    )
    return make_pdf([first + third, "4. Termination. Either party may end this Lease by ninety days' written notice."])


def further_states(browser: Browser, folder: Path, *, search_model: bool = False) -> Iterator[State]:
    """The states by name, each with its page; the page is wide and light, and is to be left so."""
    with embeddings() as vectors:
        settings = {"PINCITE_ACCESS": "accounts", "PINCITE_OCR": "no"}
        settings |= {} if search_model else {"PINCITE_EMBEDDINGS_URL": vectors}
        with Pincite(folder, settings).serving() as server, visitor(browser) as context:
            page = context.new_page()
            assert server.process.stdout is not None
            server.process.stdout.readline()  # that there is no administrator yet
            page.goto(server.process.stdout.readline().strip())
            yield "the first account is made", page
            page.get_by_label("Name", exact=True).fill("Ada Lovelace")
            page.get_by_label("E-mail address").fill(EMAIL)
            for label in ("New password", "The same again"):
                page.get_by_label(label).fill(PASSWORD)
            page.get_by_role("button", name="Create the account").click()
            expect(page.locator(".documents [data-state=ready]")).to_have_count(1)
            yield from _of_what_opens(page)
            yield from _of_several_documents(page)
            yield from _of_people(page, server.url)


def _of_what_opens(page: Page) -> Iterator[State]:
    expect(page.locator(".engine")).to_contain_text("no writing model is set")
    for name in ("help", "about"):
        page.locator(f"[data-dialog={name}]").first.click()
        expect(page.locator(f"#dialog-{name}")).to_be_visible()
        yield f"the dialog {name}", page
        page.keyboard.press("Escape")
    page.locator(".engine [data-dialog=model]").click()
    expect(page.locator("section.models")).to_be_visible()
    yield "a better model is chosen", page
    page.locator("[data-do=hide-models]").click()
    page.locator(".matter-acts summary").click()
    yield "a matter is made", page
    page.locator(".matter-acts summary").click()
    ask(page, QUESTION)
    expect(page.locator(".turn")).to_contain_text("Key language")
    expect(page.locator(".sheet .layer")).to_be_visible()
    yield "key language", page
    page.locator(".take summary").last.click()
    yield "what is downloaded", page
    page.locator(".take summary").last.click()
    page.locator(".conversations").get_by_role("button", name="More about “").first.click()
    yield "the menu of a conversation", page
    page.locator(".conversations-list .row-menu").get_by_role("button", name="Rename").click()
    yield "a conversation is renamed", page
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Read the document").click()
    expect(page.locator(".reader .layer")).to_be_visible()
    page.locator(".find input").fill("Supplier")
    page.locator(".find input").press("Enter")
    expect(page.locator(".find .count")).to_contain_text(" of ")
    page.locator(".notes summary").click()
    page.locator("form.note textarea").fill("Ask the client whether notice was given in writing.")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator(".notes .said")).to_be_visible()
    page.locator(".notes .said").scroll_into_view_if_needed()
    yield "words are found and a note is kept", page
    page.get_by_role("button", name="Delete the note").click()
    expect(page.locator("#dialog-confirm")).to_be_visible()
    yield "a deletion is confirmed", page
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Close the document").click()
    begin_anew(page)


def _of_several_documents(page: Page) -> Iterator[State]:
    go_to_a_new_matter(page, "Leases")
    upload(page, *((name, lease(name, words)) for name, words in LEASES.items()))
    expect(page.locator(".scope")).to_contain_text("4 of 4")
    expect(page.locator(".ways .example").first).to_be_visible()
    yield "a matter of several documents", page
    ask(page, "Which of the leases allow subletting?")
    expect(page.locator(".each tbody tr")).to_have_count(4)
    expect(page.locator(".turn .foot")).to_be_visible()
    yield "a question to each document", page
    ask(page, "What is the monthly rent in the Dock Road lease?")
    expect(page.locator(".turn")).to_have_count(2)
    yield "a second question", page


def _of_people(page: Page, url: str) -> Iterator[State]:
    people = page.locator("a.people").get_attribute("href")
    page.goto(f"{url}{people}")
    yield "people of a matter", page
    for name, path in (
        ("administration", "/administration"),
        ("the state of the server", "/administration/status"),
        ("an account", "/account"),
        ("a page that is not there", "/matters/none/people"),
    ):
        page.goto(f"{url}{path}")
        yield name, page
    page.goto(f"{url}/administration")
    page.get_by_role("link", name="Audit log").click()
    expect(page.locator("table")).to_be_visible()
    yield "the audit log", page
    page.goto(f"{url}/account")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.locator("h1")).to_have_text("You are signed out")
    yield "signed out", page
    page.goto(url)
    expect(page.locator("h1")).to_have_text("Sign in")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill("not this one, I fear")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("[role=alert]")).to_be_visible()
    yield "a wrong password", page
