"""Snapshot of a database: writes all its tables, as they are at one moment, as JSON lines, and loads them again.

Tables are found in the database itself (reflection), so that those of every package are taken. Values are written in
one form for SQLite and PostgreSQL: a snapshot of either can be loaded into either.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa

from retrieval.library.blobs import blob_key
from retrieval.library.database import reading, rebuilding, upgrade
from retrieval.library.schema import documents, jobs, texts
from retrieval.library.texts import text_key

_AT_ONCE = 500  # rows inserted together

Value = str | int | float | bool | dict[str, str] | None  # as JSON has it; a dict is bytes


@dataclass(frozen=True, slots=True)
class Chain:
    """One package's migrations: their folder, and the table that holds how far they have come."""

    folder: Path
    version_table: str


class Snapshot:
    """All tables of a database in one transaction that only reads: it sees nothing of what is written meanwhile."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._tables = _reflected(connection)

    def tables(self) -> list[str]:
        """Names of all tables."""
        return sorted(self._tables.tables)

    def revision(self, chain: Chain) -> str:
        """The newest migration of a package that has been applied."""
        version = sa.table(chain.version_table, sa.column("version_num"))
        return str(self._connection.scalar(sa.select(version.c.version_num)))

    def write(self, name: str, out: BinaryIO) -> int:
        """Write a table as JSON lines, its columns first and then its rows; returns how many rows there are."""
        table = self._tables.tables[name]
        out.write(_line([column.name for column in table.columns]))
        count = 0
        for row in self._connection.execute(sa.select(*map(_readable, table.columns)), execution_options=_STREAMED):
            out.write(_line([_plain(value) for value in row]))
            count += 1
        return count

    def files(self) -> dict[str, bool]:
        """Keys of the files that the documents have in the file store, and whether each must be there.

        A text may not be written yet; that of a ready document is.
        """
        searched = (
            sa.select(documents.c.document_id, documents.c.text_version).join(jobs).where(jobs.c.state == "ready")
        )
        ready = {(row.document_id, row.text_version) for row in self._connection.execute(searched)}
        held = set(self._connection.scalars(sa.select(documents.c.document_id)))
        kept = self._connection.execute(sa.select(texts.c.document_id, texts.c.version))
        found = {text_key(*row): tuple(row) in ready for row in kept if row.document_id in held}
        return found | {blob_key(document_id): True for document_id in held}


@contextmanager
def snapshot(engine: sa.Engine) -> Iterator[Snapshot]:
    """Open a snapshot. Raises as `database.reading` does."""
    with reading(_unchanging(engine)) as connection:
        yield Snapshot(connection)


def is_empty(engine: sa.Engine) -> bool:
    """Whether the database has no table."""
    with reading(engine) as connection:
        return not sa.inspect(connection).get_table_names()


def load(engine: sa.Engine, folder: Path, chains: Iterable[tuple[Chain, str]], counts: dict[str, int]) -> None:
    """Make the tables in an empty database, each package's at a revision, and insert the rows of a snapshot's files.

    All in one transaction. `folder` has a file NAME.jsonl for each table of `counts`, its rows. Raises ValueError when
    a table is none of these packages' or has another number of rows at the end, alembic's CommandError for a revision
    that is not known, and as `database.writing` does.
    """
    with rebuilding(engine) as connection:
        of_versions = set()
        for chain, revision in chains:
            upgrade(connection, chain.folder, chain.version_table, revision)
            of_versions.add(chain.version_table)
        tables = _reflected(connection)
        if unknown := counts.keys() - tables.tables.keys():
            raise ValueError(f"table {min(unknown)} is not known")
        for table in tables.sorted_tables:
            if table.name in counts and table.name not in of_versions:
                _insert(connection, table, folder / f"{table.name}.jsonl")
        for name, count in counts.items():
            found = connection.scalar(sa.select(sa.func.count()).select_from(tables.tables[name]))
            if found != count:
                raise ValueError(f"table {name} has {found} rows instead of {count}")


_STREAMED = {"stream_results": True, "yield_per": _AT_ONCE}


def _unchanging(engine: sa.Engine) -> sa.Engine:
    """An engine whose transactions see one moment only; SQLite's do anyway."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _reflected(connection: sa.Connection) -> sa.MetaData:
    tables = sa.MetaData()
    tables.reflect(connection)
    return tables


def _line(values: Sequence[Value]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _readable(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """A column as it is selected: JSON as the text that is stored, in which nothing is put in another order."""
    return sa.cast(column, sa.Text) if isinstance(column.type, sa.JSON) else column


def _plain(value: Any) -> Value:
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    if isinstance(value, bytes | memoryview):
        return {"base64": base64.b64encode(value).decode()}
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be written")


def _insert(connection: sa.Connection, table: sa.Table, file: Path) -> None:
    with file.open("rb") as lines:
        head = next(lines, None)
        if head is None:
            raise ValueError(f"{file.name} is empty: even the names of its columns are missing")
        columns = [table.c[name] for name in json.loads(head)]
        if connection.scalar(sa.select(sa.exists().select_from(table))):
            connection.execute(sa.delete(table))  # rows that a migration put there
        values = {column.name: _written(connection, column) for column in columns}
        rows = ({c.name: _value(c, v) for c, v in zip(columns, json.loads(line), strict=True)} for line in lines)
        while some := list(islice(rows, _AT_ONCE)):
            connection.execute(sa.insert(table).values(values), some)
    for column in columns:
        _go_on_after(connection, column)


def _written(connection: sa.Connection, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """The parameter by which a column's value is inserted: JSON as the text that was stored."""
    if not isinstance(column.type, sa.JSON):
        return sa.bindparam(column.name, type_=column.type)
    text = sa.bindparam(column.name, type_=sa.Text)
    return text if connection.dialect.name == "sqlite" else sa.cast(text, column.type)


def _value(column: sa.Column[Any], value: Value) -> Any:
    if isinstance(value, dict):
        return base64.b64decode(value["base64"])
    if isinstance(column.type, sa.DateTime) and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value


def _go_on_after(connection: sa.Connection, column: sa.Column[Any]) -> None:
    """Have PostgreSQL number the next row after the last of these; SQLite does by itself."""
    if connection.dialect.name == "sqlite":
        return
    of = {"table": column.table.name, "column": column.name}
    sequence = connection.scalar(sa.text("SELECT pg_get_serial_sequence(:table, :column)"), of)
    last = connection.scalar(sa.select(sa.func.max(column))) if sequence else None
    if last is not None:
        connection.execute(sa.text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last})
