"""What the tests of the stores need."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from retrieval import database


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """An empty database: SQLite, then PostgreSQL."""
    engine = database.open_database(database_url)
    yield engine
    engine.dispose()
