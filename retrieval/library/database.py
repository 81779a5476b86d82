"""Opens a database by its address, with whole transactions, and migrates its schema.

SQLite on one machine, PostgreSQL for a firm; what is written here is the same for both. Packages share one database:
each has its own chain of migrations under its own version table, and its own tables.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from retrieval.core.errors import DataFolderUnusable, ExtraMissing, StoreUnavailable, data_folder_error

BUSY_S = 30  # how long a transaction waits for another's end before it is an error
CONSTRAINT_NAMES = {  # the same in every database, so that a later migration can name what it changes
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
}


def open_database(url: str) -> Engine:
    """Open an engine for `sqlite:///file` or `postgresql://…` (a bare `postgres://` is taken too).

    Raises StoreUnavailable for an address that is none and ExtraMissing where the driver is not installed. Nothing is
    connected yet.
    """
    try:
        address = make_url(url)
        if address.get_backend_name() in {"postgresql", "postgres"}:
            address = address.set(drivername="postgresql+psycopg")
        if address.get_backend_name() != "sqlite":
            return create_engine(address, pool_pre_ping=True)
        engine = create_engine(address, connect_args={"timeout": BUSY_S})
    except ImportError as error:
        raise ExtraMissing(what="PostgreSQL", extra="postgres") from error
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreUnavailable(store="database") from error
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # Python's driver begins transactions late and not at all before DDL: with None it leaves them to `_begin_sqlite`,
    # and a migration that is killed half way leaves nothing behind.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads and then writes must own the write lock from its start: SQLite refuses the upgrade at
    # once, without waiting, when another has written in between.
    reads = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that is committed at the end of the block, or not at all.

    Raises StoreUnavailable (PostgreSQL) or DataFolderUnusable (SQLite) when the database cannot be used; violated
    constraints stay SQLAlchemy's IntegrityError.
    """
    with _mapped(engine), engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only reads; on SQLite it waits for no writer. Raises as `writing` does."""
    with _mapped(engine), engine.execution_options(reads_only=True).connect() as connection:
        yield connection


@contextmanager
def _mapped(engine: Engine) -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        if engine.dialect.name == "sqlite":
            raise data_folder_error(getattr(error, "orig", None) or error) from error
        raise StoreUnavailable(store="database") from error


def compact(engine: Engine) -> bool:
    """Overwrite what was deleted from an SQLite file: nothing of it is left in the file or in its log (WAL).

    False where a transaction that reads an older state is in the way. On PostgreSQL nothing happens: it overwrites by
    itself, in its own time. Raises as `writing` does.
    """
    if engine.dialect.name != "sqlite":
        return True
    with _mapped(engine), engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        if driver.execute("PRAGMA user_version").fetchone() == (0,):
            driver.execute("VACUUM")  # once: SQLite may have deleted before without overwriting
            driver.execute("PRAGMA user_version=1")
        driver.execute("PRAGMA busy_timeout=200")  # while it waits for readers, nobody can write
        try:
            is_blocked, *_ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            driver.execute(f"PRAGMA busy_timeout={BUSY_S * 1000}")
    return not is_blocked


def migrate(engine: Engine, folder: Path, version_table: str) -> None:
    """Bring one package's tables to its newest migration, in one transaction.

    `folder` holds the Alembic revisions (a plain folder of them, no `env.py`); `version_table` is the package's own.
    Raises as `writing` does.
    """
    with rebuilding(engine) as connection:
        upgrade(connection, folder, version_table)


def upgrade(connection: Connection, folder: Path, version_table: str, revision: str = "heads") -> None:
    """`migrate` within a transaction of `rebuilding`, to its newest migration or to an older one."""
    # Imported here: it takes longer than the rest of `retrieval.library` together.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(folder), version_locations=[str(folder)])

    def steps(current: Any, _context: object) -> Any:
        return script._upgrade_revs(revision, current)  # what alembic.command.upgrade itself calls

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, version_table=version_table)
        environment.run_migrations()


@contextmanager
def rebuilding(engine: Engine) -> Iterator[Connection]:
    """`writing`, in which a table may be made anew (SQLite can change little else of one).

    Dropping the old table would delete every row that refers to it, so SQLite minds references at the end only; the
    switch works outside a transaction alone (sqlite.org/lang_altertable.html, section 7).
    """
    if engine.dialect.name != "sqlite":
        with writing(engine) as connection:
            yield connection
        return
    with _mapped(engine), engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                if lost := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise DataFolderUnusable(reason=f"a row of {lost[0]} in the database refers to nothing")
        finally:
            driver.execute("PRAGMA foreign_keys=ON")
