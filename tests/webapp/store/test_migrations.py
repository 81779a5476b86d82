"""Migrations: from every older version a database with rows in it is brought to the tables that the code declares."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from retrieval import LIBRARY_CHAIN, database
from retrieval.library import schema as library_schema
from webapp.store import schema
from webapp.store.users import CHAIN

CHAINS = (LIBRARY_CHAIN, CHAIN)
DECLARED = {**library_schema.metadata.tables, **schema.metadata.tables}


def revisions(chain: Any) -> list[str]:
    """All of a package's migrations, the oldest first."""
    script = ScriptDirectory(str(chain.folder), version_locations=[str(chain.folder)])
    return [each.revision for each in script.walk_revisions()][::-1]


STEPS = [(chain, revision) for chain in CHAINS for revision in revisions(chain)]


@pytest.mark.parametrize(("chain", "revision"), STEPS, ids=[f"{c.version_table} {r}" for c, r in STEPS])
def test_rows_of_an_older_version_are_kept_and_its_tables_become_those_of_this_one(
    engine: sa.Engine, chain: Any, revision: str
) -> None:
    with database.rebuilding(engine) as connection:
        for each in CHAINS:
            newest = revisions(each)[-1]
            database.upgrade(connection, each.folder, each.version_table, revision if each is chain else newest)
    with database.writing(engine) as connection:
        tables = [table for table in _tables(connection).sorted_tables if not table.name.endswith("_version")]
        for table in tables:
            connection.execute(sa.insert(table).values({c.name: _value(c) for c in table.columns if _needs(c)}))
    for each in CHAINS:
        database.migrate(engine, each.folder, each.version_table)
    with database.reading(engine) as connection:
        for table in tables:
            assert connection.scalar(sa.select(sa.func.count()).select_from(sa.table(table.name))) == 1, table.name
        assert _differences(connection) == []


def test_an_empty_database_gets_the_tables_that_the_code_declares(engine: sa.Engine) -> None:
    for each in CHAINS:
        database.migrate(engine, each.folder, each.version_table)
    with database.reading(engine) as connection:
        assert {table for table in _tables(connection).tables if not table.endswith("_version")} == set(DECLARED)
        assert _differences(connection) == []


def _tables(connection: sa.Connection) -> sa.MetaData:
    tables = sa.MetaData()
    tables.reflect(connection)
    return tables


def _needs(column: sa.Column[Any]) -> bool:
    return not column.nullable or column.primary_key


def _value(column: sa.Column[Any]) -> Any:
    """A value of the column's type; the same in every table, so that each row finds those that it refers to."""
    values = {sa.Boolean: True, sa.Integer: 1, sa.DateTime: datetime(2026, 1, 1, tzinfo=UTC), sa.JSON: []}
    return next((value for kind, value in values.items() if isinstance(column.type, kind)), "x")


def _differences(connection: sa.Connection) -> list[Any]:
    declared = sa.MetaData(naming_convention=database.CONSTRAINT_NAMES)
    for table in DECLARED.values():
        table.to_metadata(declared)
    ours = {"include_name": lambda name, kind, _: kind != "table" or name in DECLARED}
    return list(compare_metadata(MigrationContext.configure(connection, opts=ours), declared))
