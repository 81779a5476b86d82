"""A PostgreSQL of the tests' own: in a temporary folder, on loopback, gone at the end."""

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from retrieval.library.database import open_database

_WHERE = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/pgsql-*/bin")


def postgres_programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl`, the newest there is; None where PostgreSQL is not installed."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = [folder for pattern in _WHERE for folder in Path("/").glob(pattern.lstrip("/"))]
    return max((f for f in folders if (f / "initdb").exists()), default=None)


@contextmanager
def running_postgres(programs: Path) -> Iterator[str]:
    """The address of the server, without a database: `postgresql://postgres@127.0.0.1:port`."""
    # initdb refuses to run as root; Debian's package brings this user.
    someone: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="pincite-postgres-"))
    if someone:
        shutil.chown(folder, "postgres", "postgres")
    port = _free_port()
    # A test's server may lose everything when the machine stops: no fsync.
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off -c full_page_writes=off"
    control = [str(programs / "pg_ctl"), "-D", str(folder / "data"), "-w"]

    def call(*command: str) -> None:
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, **someone)

    try:
        call(str(programs / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        call(*control, "-o", options, "-l", str(folder / "log"), "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}"
        finally:
            call(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def empty_database(server: str) -> str:
    """The address of an empty place for tables on the server: a schema, which is made at once, as a database is not."""
    name = f"test_{uuid.uuid4().hex}"
    engine = open_database(f"{server}/postgres")
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE SCHEMA {name}"))
    engine.dispose()
    return f"{server}/postgres?options=-csearch_path%3D{name}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
