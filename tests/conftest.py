"""What tests of several rooms need."""

from collections.abc import Iterator

import pytest

from tests.postgres import postgres_programs, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL of the tests' own, started once."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    with running_postgres(programs) as address:
        yield address
