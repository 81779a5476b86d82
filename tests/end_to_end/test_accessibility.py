"""The page for whoever sees little or uses no mouse: axe on every state, and the whole way by keyboard."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.pdfs import make_pdf
from tests.webapp.browser import LEASE, TERMINATION, go_to_a_new_matter, needs_chromium
from tests.webapp.fake_engine import FakeEngine, Reply
from tests.webapp.further_states import further_states
from tests.webapp.states import lit, states

pytestmark = needs_chromium

TAKES_LONG = [pytest.mark.long, pytest.mark.timeout(900)]
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def findings(page: Page) -> list[str]:
    """What axe holds to be serious or critical, each with the elements."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{each['impact']}: {each['id']}: {[node['html'][:200] for node in each['nodes']]}"
        for each in found
        if each["impact"] in ("moderate", "serious", "critical")
    ]


def nothing_found(shown: Iterable[tuple[str, Page]], dark: int) -> None:
    """Look at each state, every second one (from `dark` on) dark and narrow, the others light and wide."""
    found: dict[str, list[str]] = {}
    for count, (name, page) in enumerate(shown):
        if count % 2 == dark:
            lit(page, "dark")
            page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        found[name] = findings(page)
        lit(page, "light")
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    assert {name: told for name, told in found.items() if told} == {}
    assert len(found) > 20


@pytest.mark.parametrize("dark", [1, pytest.param(0, marks=TAKES_LONG)])  # which half of the states
def test_axe_has_nothing_moderate_or_worse_against_any_state_light_and_wide_or_dark_and_narrow(
    browser: Browser, tmp_path: Path, dark: int
) -> None:
    nothing_found(states(browser, tmp_path), dark)


@pytest.mark.parametrize("dark", [pytest.param(half, marks=TAKES_LONG) for half in (0, 1)])
def test_axe_has_nothing_moderate_or_worse_against_dialogs_menus_and_the_pages_of_people(
    browser: Browser, tmp_path: Path, dark: int
) -> None:
    nothing_found(further_states(browser, tmp_path), dark)


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there, in sight, with a ring around it."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            break
    assert page.evaluate(FOCUS, selector) == "seen"


FOCUS = """(selector) => {
  const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
  if (!at.matches(selector)) return at.outerHTML.slice(0, 200);
  if (!(box.width && box.top >= 0 && box.bottom <= innerHeight)) return 'out of sight';
  const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  return outlined || style.boxShadow !== 'none' ? 'seen' : 'no ring';
}"""


def test_a_contract_is_uploaded_asked_and_cited_by_keyboard_alone(page: Page, engine: FakeEngine) -> None:
    go_to_a_new_matter(page, "Keyboard")
    page.reload()
    expect(page.locator(".scope")).to_contain_text("Keyboard")
    lease: FilePayload = {"name": "lease.pdf", "mimeType": "application/pdf", "buffer": make_pdf(LEASE)}
    page.on("filechooser", lambda chooser: chooser.set_files(lease))
    tab_to(page, "#upload button")
    page.keyboard.press("Enter")
    expect(page.locator("[data-name='lease.pdf']")).to_contain_text("ready, 3 pages")

    engine.enqueue(Reply([TERMINATION + " The rent is $4,200 [2]."]))
    tab_to(page, "#question textarea")
    page.keyboard.type("Who may end the lease?")
    page.keyboard.press("Enter")
    expect(page.locator(".chip").first).to_be_visible()
    assert page.evaluate(FOCUS, "#question textarea") == "seen"

    page.keyboard.press("Shift+Tab")  # back from the question: into the answer
    while not page.evaluate("document.activeElement.matches('.chip')"):
        page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUS, ".chip") == "seen"
    page.keyboard.press("Enter")
    expect(page.locator("#evidence-heading")).to_have_text("Citation 2 of 2")
    assert page.evaluate(FOCUS, "#evidence-heading") == "seen"
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#evidence-heading")).to_have_text("Citation 1 of 2")
    tab_to(page, "[data-key=next]")
    page.keyboard.press("Enter")
    expect(page.locator("#evidence-heading")).to_have_text("Citation 2 of 2")
    assert page.evaluate(FOCUS, "[data-key=next]") == "seen"  # though it leads nowhere now
    page.keyboard.press("Escape")
    assert page.evaluate(FOCUS, ".chip") == "seen"
