"""A demo inside another site's page, as Hugging Face shows a Space:
a real browser, two sites, TLS before the server.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.caddy import caddy, free_port
from tests.webapp.browser import CHROMIUM, needs_chromium
from tests.webapp.commands import Pincite
from tests.webapp.embeddings import embeddings

pytestmark = needs_chromium


PORT = free_port()
DEMO, HOST, OTHER = (f"https://{name}.test:{PORT}" for name in ("demo", "host", "other"))
SITES = """
{{
    admin off
    skip_install_trust
    auto_https disable_redirects
}}
https://demo.test:{port} {{
    tls internal
    reverse_proxy {server}
}}
https://host.test:{port}, https://other.test:{port} {{
    tls internal
    header Content-Type text/html
    respond `<iframe src="https://demo.test:{port}/" width="1200" height="800"></iframe>`
}}
"""


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("sites")
    with embeddings() as url:
        settings = {"PINCITE_ACCESS": "demo", "PINCITE_FRAMED_BY": HOST, "PINCITE_EMBEDDINGS_URL": url}
        with Pincite(folder / "data", settings).serving() as server:
            server.wait_until_ready()
            with caddy(folder, SITES.format(port=PORT, server=server.url), PORT):
                yield


@pytest.fixture(scope="module")
def browser(sites: None) -> Iterator[Browser]:
    resolve = "--host-resolver-rules=MAP *.test 127.0.0.1"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", resolve])
        yield chromium
        chromium.close()


def test_a_site_that_is_named_shows_the_page_and_each_reader_is_a_guest(browser: Browser) -> None:
    page = browser.new_context(ignore_https_errors=True).new_page()
    page.goto(HOST)
    framed = page.frame_locator("iframe")
    expect(framed.locator("#part-matters")).to_contain_text("Sample")
    expect(framed.locator("#part-documents")).to_contain_text("sample-supply-agreement")
    expect(framed.locator(".demo")).to_contain_text("someone else’s server")
    expect(framed.get_by_role("link", name="Open it in a tab of its own")).to_be_visible()
    [cookie] = page.context.cookies()
    assert (cookie["sameSite"], cookie["secure"], cookie["httpOnly"]) == ("None", True, True)
    assert cookie.get("partitionKey") == "https://host.test"


def test_a_site_that_is_not_named_shows_nothing_of_it(browser: Browser) -> None:
    page = browser.new_context(ignore_https_errors=True).new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(OTHER)
    page.wait_for_timeout(1000)
    assert any("frame-ancestors" in words for words in refused)
    assert page.frame_locator("iframe").locator("#columns").count() == 0


def test_in_a_tab_of_its_own_it_is_a_page_like_any_other(browser: Browser) -> None:
    page = browser.new_context(ignore_https_errors=True).new_page()
    page.goto(DEMO)
    expect(page.locator("#part-matters")).to_contain_text("Sample")
    expect(page.locator(".demo")).to_be_visible()
    expect(page.locator(".framed-only")).to_be_hidden()
