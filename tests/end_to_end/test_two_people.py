"""Two people in two browsers: one shares a matter and what they asked, the other reads it until they are taken out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, expect

from tests.pdfs import make_pdf
from tests.webapp.browser import LEASE, ask, needs_chromium, of_conversation, opened, upload, visitor
from tests.webapp.commands import Pincite, Server
from tests.webapp.embeddings import embeddings
from webapp.service.people_commands import AddUser

pytestmark = needs_chromium

PASSWORD = "walking in the larkspur meadow"


@contextmanager
def _invited(browser: Browser, server: Server, email: str, *, administrator: bool = False) -> Iterator[BrowserContext]:
    """The browser of someone who was added, set their password by the link, and signed in."""
    [row] = server.run(AddUser(email, administrator=administrator))
    with visitor(browser) as context:
        page = context.new_page()
        page.goto(row.link or "")
        page.get_by_label("New password").fill(PASSWORD)
        page.get_by_label("The same again").fill(PASSWORD)
        page.get_by_role("button", name="Set the password").click()
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.locator(".account .name")).to_have_text(email)
        page.close()
        yield context


def test_what_one_shares_another_reads_until_they_are_taken_out(browser: Browser, tmp_path: Path) -> None:
    with embeddings() as url:
        settings = {"PINCITE_EMBEDDINGS_URL": url, "PINCITE_ACCESS": "accounts", "PINCITE_OCR": "no"}
        with (
            Pincite(tmp_path, settings).serving() as server,
            _invited(browser, server, "ann@firm.example", administrator=True) as hers,
            _invited(browser, server, "ben@firm.example") as his,
        ):
            ann = opened(hers, server.url)
            ann.get_by_text("New matter").click()
            ann.get_by_label("Name of the matter").fill("Larkspur")
            ann.get_by_role("button", name="Create").click()
            expect(ann.locator(".scope")).to_contain_text("Larkspur – 0 of 0")
            upload(ann, ("lease.pdf", make_pdf(LEASE)))
            expect(ann.locator(".documents [data-state=ready]")).to_have_count(1)
            ask(ann, "What is the monthly rent?")
            expect(ann.locator("#part-past .turn")).to_contain_text("$4,200")
            of_conversation(ann, "Share with this matter")
            expect(ann.locator(".conversations")).to_contain_text("Shared")
            here = ann.url

            ben = opened(his, server.url)
            expect(ben.locator("#matter")).not_to_contain_text("Larkspur")
            ben.goto(here)
            expect(ben.locator(".scope")).to_be_visible()
            assert "4,200" not in ben.content()

            ann.get_by_role("link", name="People").click()
            ann.get_by_label("Let in a person").fill("ben@firm.example")
            ann.get_by_label("Role").first.select_option("viewer")
            ann.get_by_role("button", name="Let in", exact=True).click()
            expect(ann.get_by_role("row", name="ben@firm.example")).to_contain_text("Viewer")

            ben.goto(here)
            expect(ben.locator("#part-past .turn")).to_contain_text("$4,200")
            expect(ben.locator(".conversations")).to_contain_text("ann@firm.example")
            expect(ben.locator("[data-do=edit], [data-do=rate], [data-do=again]")).to_have_count(0)
            ben.get_by_role("button", name="More about lease.pdf").click()
            expect(ben.locator(".documents-list .row-menu")).to_contain_text("Summarise")
            expect(ben.locator("[data-do=remove], [data-do=privilege]")).to_have_count(0)  # which a viewer may not
            ben.keyboard.press("Escape")

            ann.get_by_role("row", name="ben@firm.example").get_by_role("button", name="Take out").click()
            expect(ann.get_by_role("row", name="ben@firm.example")).to_have_count(0)
            ben.locator(".conversations [data-do=open]").click()
            expect(ben.locator("#matter")).not_to_contain_text("Larkspur")
            expect(ben.locator("#part-past")).not_to_contain_text("$4,200")
