"""The frame of the page: its first minute, the evidence that is away until there is some, dialogs, and what the page
says while files are read, while the server is away, and where nothing can be asked.
"""

import re
from urllib.parse import urlsplit

from playwright.sync_api import Page, Route, expect

from tests.end_to_end.test_accessibility import findings
from tests.pdfs import make_pdf
from tests.webapp.browser import LEASE, TERMINATION, ask, find, go_to_a_new_matter, needs_chromium, upload
from tests.webapp.fake_engine import FakeEngine, Reply
from tests.webapp.states import LONG, lit

pytestmark = needs_chromium

# Of the placeholder against the box: the tokens' contrast is measured elsewhere, and this says that they are used.
PLACEHOLDER = """() => {
  const box = document.querySelector('#question textarea'), token = (name) => {
    const probe = document.body.appendChild(document.createElement('i'));
    probe.style.color = `var(--${name})`;
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  };
  return getComputedStyle(box, '::placeholder').color === token('soft')
    && getComputedStyle(document.querySelector('#composer')).backgroundColor === token('card');
}"""


FAVICON = "async () => [...new Uint8Array(await (await fetch('/favicon.ico')).arrayBuffer())].slice(0, 4)"
KEPT = "async () => (await fetch(document.querySelector('script[src*=assets]').src)).headers.get('cache-control')"
SHOWN_FROM_ITS_START = """
(y) => Math.abs([...document.querySelectorAll('.turn')].at(-1).getBoundingClientRect().top - y) < 60"""


def width(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box
    return box["width"]


def test_the_first_minute_is_a_wide_question_box_and_three_things_to_do(page: Page, engine: FakeEngine) -> None:
    expect(page.locator(".ways h3")).to_have_text(["Ask", "Every mention", "Summarise"])
    expect(page.locator("#evidence")).to_be_hidden()
    assert width(page, "#question textarea") > 650
    for light in ("light", "dark"):
        lit(page, light)
        assert page.evaluate(PLACEHOLDER)
    icon = page.locator("link[rel=icon]").first.get_attribute("href")
    assert icon
    assert icon.startswith("data:image/svg+xml,")
    assert page.evaluate(FAVICON) == [0, 0, 1, 0]
    assert page.evaluate("async () => (await fetch('/pwa_icon/192')).status") == 200
    assert "immutable" in page.evaluate(KEPT)
    expect(page.locator(".engine")).to_contain_text("Answers are written by")
    for size in ({"width": 360, "height": 740}, {"width": 2560, "height": 1440}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1440, "height": 900})

    page.get_by_role("button", name="“governing law”").click()
    expect(page.locator(".turn h3")).to_contain_text("governing law")
    expect(page.locator("#evidence")).to_be_visible()
    toggle = page.get_by_role("button", name="Evidence")
    assert toggle.get_attribute("aria-expanded") == "true"
    toggle.click()
    expect(page.locator("#evidence")).to_be_hidden()
    page.reload()
    expect(page.locator(".turn h3")).to_contain_text("governing law")
    expect(page.locator("#evidence")).to_be_hidden()
    page.locator("#talk [data-do=cite]").first.click()
    expect(page.locator("#evidence")).to_be_visible()


def test_dialogs_give_the_focus_back_and_nothing_leaves_by_these_settings(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator(".skip").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#question textarea")).to_be_focused()
    for name, words in (("help", "Every mention"), ("about", "Nothing. Documents, questions and answers stay on")):
        page.locator(f"[data-dialog={name}]").first.click()
        expect(page.locator(f"#dialog-{name}")).to_contain_text(words)
        assert findings(page) == []
        page.keyboard.press("Escape")
        expect(page.locator(f"#dialog-{name}")).to_be_hidden()
        assert page.evaluate("document.activeElement.dataset.dialog") == name


def test_a_question_waits_for_documents_that_are_read_or_is_asked_of_those_that_are_ready(
    page: Page, engine: FakeEngine
) -> None:
    go_to_a_new_matter(page, "Reading")
    ask(page, "Who may give ninety days’ notice?")
    expect(page.locator(".notice")).to_contain_text("There is no document to ask.")
    expect(page.locator("#question textarea")).to_have_value("Who may give ninety days’ notice?")
    upload(page, ("lease.pdf", make_pdf(LEASE)))
    expect(page.locator(".scope")).to_contain_text("1 of 1")
    upload(page, ("long.pdf", make_pdf(LONG[:1000])), ("again.pdf", make_pdf(LEASE)))
    expect(page.locator(".notice")).to_contain_text("Already in this matter: “again.pdf” as “lease.pdf”.")
    page.locator("#send").click()
    expect(page.locator(".turn")).to_contain_text("1 document is still being read.")
    expect(page.locator(".reading")).to_contain_text("1 of 2 read")
    expect(page.get_by_role("button", name="Ask the 1 that is ready")).to_be_visible()
    engine.enqueue(Reply([TERMINATION]))
    page.locator("[data-wait]").click()
    expect(page.locator(".reading")).to_have_count(0, timeout=600_000)  # as long as a busy machine takes to read it
    expect(page.locator(".chip").first).to_be_visible()
    expect(page.locator(".coverage")).to_contain_text("Searched 2 documents")
    expect(page.locator("#question textarea")).to_have_value("")

    page.get_by_role("button", name="Edit this question").click()
    expect(page.locator(".notice")).to_contain_text("You are editing")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".notice")).to_have_count(0)
    expect(page.locator("#question textarea")).to_have_value("")


def test_while_the_server_is_away_the_page_says_so_and_sends_the_question_later(page: Page, engine: FakeEngine) -> None:
    page.context.set_offline(True)
    ask(page, "What happens if the buyer pays late?")
    expect(page.locator("#server-away")).to_contain_text("The server cannot be reached.")
    expect(page.locator("#question textarea")).to_have_value("What happens if the buyer pays late?")
    assert findings(page) == []
    engine.enqueue(Reply(["The price bears interest [1]."]))
    page.context.set_offline(False)
    expect(page.locator(".turn h3")).to_contain_text("pays late")
    expect(page.locator("#server-away")).to_have_count(0)
    expect(page.locator(".foot")).to_be_visible()


def test_what_is_typed_while_a_question_waits_stays_and_an_answer_that_is_lost_is_not_asked_for_twice(
    page: Page, engine: FakeEngine
) -> None:
    words, following = "What happens if the buyer pays late?", "Which law governs?"
    engine.enqueue(Reply(["The price bears interest [1]."]))
    lost: list[int] = []

    def lose(route: Route) -> None:
        lost.append(route.fetch().status)  # the server takes it, and the page does not hear of it
        route.abort()

    page.route("**/queue/join*", lose, times=1)
    page.route("**/healthz", lambda route: route.abort())
    ask(page, words)
    expect(page.locator("#server-away")).to_be_visible()
    page.locator("#question textarea").fill(following)
    page.unroute_all()
    expect(page.locator("#server-away")).to_have_count(0)
    expect(page.locator(".foot")).to_be_visible()
    assert lost == [200]
    expect(page.locator(".turn h3")).to_have_text([re.compile("pays late")])
    expect(page.locator("#question textarea")).to_have_value(following)


def test_a_page_that_is_loaded_anew_keeps_what_was_typed_and_sends_what_could_not_be_sent(
    page: Page, engine: FakeEngine
) -> None:
    words, sample = "What happens if the buyer pays late?", page.url
    page.locator("#question textarea").fill(words)
    page.reload()
    expect(page.locator("#question textarea")).to_have_value(words)
    page.goto(page.url)  # another person, perhaps
    expect(page.locator(".scope")).to_be_visible()
    expect(page.locator("#question textarea")).to_have_value("")

    go_to_a_new_matter(page, "Empty")
    ask(page, words)
    expect(page.locator(".notice")).to_contain_text("There is no document to ask.")
    page.context.set_offline(True)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#server-away")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#server-away")).to_have_count(0)
    page.reload()
    expect(page.locator("#question textarea")).to_have_value(words)
    with page.expect_response("**/looks/*"):
        pass
    expect(page.locator(".notice")).to_have_count(0)  # it was asked, and refused: not once more
    page.goto(sample)
    expect(page.locator(".scope")).to_contain_text("Sample")
    expect(page.locator("#question textarea")).to_be_visible()

    listening: list[Route] = []
    page.route("**/queue/data?*", lambda route: listening.append(route))
    page.get_by_role("button", name="New conversation").click()
    while not listening:
        page.wait_for_timeout(50)
    page.context.set_offline(True)
    listening[0].abort()  # gradio takes no act from here on, and loads the page once the server is back
    expect(page.locator("#server-away")).to_be_visible()
    ask(page, words)
    engine.enqueue(Reply(["The price bears interest [1]."]))
    page.unroute_all()
    page.context.set_offline(False)
    expect(page.locator(".turn h3")).to_have_text(re.compile("pays late"))
    expect(page.locator(".foot")).to_be_visible()
    expect(page.locator("#question textarea")).to_have_value("")
    expect(page.locator("#server-away")).to_have_count(0)


def test_a_page_at_rest_asks_whether_anything_has_changed_and_takes_no_event_for_it(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))

    def looked() -> list[str]:
        """What the page asked gradio's queue for until a look told that nothing has changed."""
        asked.clear()
        with page.expect_response("**/looks/*") as look:
            pass
        assert look.value.json() == {"changed": False}
        return [path for path in asked if "/queue/" in path]

    for _ in range(3):  # what loaded the page may still be under way
        if not looked():
            break
    assert looked() == []


def test_a_second_search_is_scrolled_to_and_offers_the_other_forms(page: Page) -> None:
    find(page, "terminate")
    expect(page.locator(".turn")).to_contain_text("These exact words only")
    find(page, "Supplier")
    expect(page.locator(".turn")).to_have_count(2)
    top = page.locator("#talk").bounding_box()
    assert top
    page.wait_for_function(SHOWN_FROM_ITS_START, arg=top["y"])
    form = page.locator(".turn .forms button").first
    word = re.sub(r" \(.*", "", form.inner_text())
    form.click()
    expect(page.locator(".turn h3").last).to_contain_text(f"“{word}”")
