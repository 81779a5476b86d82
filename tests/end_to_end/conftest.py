"""What the tests in a browser need."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.webapp.browser import chromium, opened, visitor
from tests.webapp.commands import Pincite, Server
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def engine() -> Iterator[FakeEngine]:
    """The engine of `server`."""
    with FakeEngine("tgi") as engine:
        yield engine


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of `server`."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def server(engine: FakeEngine, data_folder: Path) -> Iterator[Server]:
    """A server for all tests that can share one, since each takes seconds to start: every test makes matters of its
    own, and leaves the sample as it is.
    """
    with embeddings() as url:
        settings = {"PINCITE_EMBEDDINGS_URL": url, "PINCITE_LLM_URL": engine.url, "PINCITE_MAX_FILE_MIB": "1"}
        with Pincite(data_folder, settings).serving() as server:
            server.wait_for_the_sample()
            yield server


@pytest.fixture
def page(browser: Browser, server: Server, engine: FakeEngine) -> Iterator[Page]:
    """The page of `server`, ready to be asked."""
    engine.forget()  # what a test that failed has left
    with visitor(browser) as context:
        yield opened(context, server.address)
