"""What tests of several rooms need."""

import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.postgres import empty_database, postgres_programs, running_postgres
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine

# How long an example takes is the machine's affair: others work on it, too.
hypothesis.settings.register_profile(
    "shared machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("shared machine")

# A child process imports the main module of its parent, here pytest, which takes longer than what it is started for.
sys.modules["__main__"].__spec__ = None
sys.modules["__main__"].__dict__.pop("__file__", None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL of the tests' own, started once."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    with running_postgres(programs) as address:
        yield address


@pytest.fixture(params=["one machine", pytest.param("a firm", marks=pytest.mark.database)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database: SQLite, then PostgreSQL; whatever tests the records runs on both."""
    if request.param == "one machine":
        return f"sqlite:///{tmp_path / 'records.db'}"
    return empty_database(request.getfixturevalue("postgres"))


@pytest.fixture(scope="module")
def engine() -> Iterator[FakeEngine]:
    """A server of a language model that writes what it is told to."""
    with FakeEngine("tgi") as engine:
        yield engine


@pytest.fixture(scope="module")
def embeddings_url() -> Iterator[str]:
    """The address of a server that embeds without a model."""
    with embeddings() as url:
        yield url
