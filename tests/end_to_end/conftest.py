"""What the tests in a browser need."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.webapp.browser import chromium, opened, visitor
from tests.webapp.commands import Server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The page of the file's own `server`, ready to be asked."""
    with visitor(browser) as context:
        yield opened(context, server.address)
