"""Restores a backup into an empty data folder, when every file in it has been compared with its digest.

The records come last, in one transaction. While a file named `restore-unfinished` lies in the data folder nothing opens
it, and another restore begins anew.
"""

import hashlib
import os
import shutil
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

import sqlalchemy as sa
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from retrieval import Files, database, snapshot
from webapp.core.data_folder import LOCK_NAME
from webapp.core.errors import BackupUnusable, RestoreRefused
from webapp.core.results import DamageState, RestoredRow
from webapp.core.settings import Settings
from webapp.core.stream import Event, Progress, Result
from webapp.service.backup_manifest import (
    CHAINS,
    Entry,
    Manifest,
    Seldom,
    damaged_row,
    document_names,
    read_manifest,
)
from webapp.service.workspace import AUDIT_HEAD, UNFINISHED_RESTORE, address_of_database, place_of_files
from webapp.store.audit import Act, Audit
from webapp.store.schema import password_links, sessions
from webapp.store.users import LOCAL_USER


def restore(folder: Path, settings: Settings | None, *, is_partial: bool = False) -> Iterator[Event[RestoredRow]]:
    """Check a backup, and restore it into an empty data folder that this process owns; yields progress and one result.

    Every digest is checked first. Where files are damaged or missing nothing is restored, unless `is_partial`: then
    all but these is. Without `settings` it is only checked. Raises BackupUnusable (damage of manifest or records
    among others), RestoreRefused, and what the stores raise.
    """
    manifest = read_manifest(folder)
    damaged = yield from _check(folder, manifest)
    names = document_names(folder)
    if lost := [entry for entry in damaged if entry.startswith("records/")]:
        raise BackupUnusable(folder=folder, reason=f"its records are damaged or missing ({', '.join(lost)})")
    goes_on = settings is not None and (is_partial or not damaged)
    fault = ""
    if settings is not None and goes_on:
        fault = yield from _restore(settings, folder, manifest, damaged)
        yield Progress(label="restore", state="ready")
    yield Result(
        RestoredRow(
            folder=str(folder),
            restored=goes_on,
            made_at=manifest.made_at,
            documents=manifest.documents,
            records=sum(manifest.tables.values()),
            files=len(manifest.files),
            bytes=sum(entry.bytes for entry in manifest.files),
            damaged=tuple(damaged_row(path, names, state) for path, state in damaged.items()),
            missing=tuple(damaged_row(path, names, "missing") for path in manifest.missing),
            audit_fault=fault,
        )
    )


def _check(folder: Path, manifest: Manifest) -> Generator[Progress, None, dict[str, DamageState]]:
    """Compare each file with its digest; returns those that differ, with their state."""
    damaged: dict[str, DamageState] = {}
    progress = Seldom()
    for done, entry in enumerate(manifest.files):
        if progress.is_due():
            yield Progress(label="restore", state="checking", done=done, total=len(manifest.files))
        state = _state(folder, entry)
        if state:
            damaged[entry.path] = state
    return damaged


def _state(folder: Path, entry: Entry) -> DamageState | None:
    try:
        with (folder / entry.path).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "damaged"
    return None if digest == entry.sha256 else "damaged"


def _restore(
    settings: Settings, folder: Path, manifest: Manifest, damaged: Mapping[str, str]
) -> Generator[Progress, None, str]:
    """Fill the data folder; returns what is wrong with the chain of the audit log, or nothing."""
    target, unfinished = settings.data_dir, settings.data_dir / UNFINISHED_RESTORE
    _empty(target)
    engine = database.open_database(address_of_database(settings))
    files = Files(place_of_files(settings))
    try:
        if not snapshot.is_empty(engine):
            raise RestoreRefused(place="The database")
        unfinished.touch()
        progress = Seldom()
        entries = [entry for entry in manifest.paths("files") if entry.path not in damaged]
        for done, entry in enumerate(entries):
            if progress.is_due():
                yield Progress(label="restore", state="files", done=done, total=len(entries))
            with (folder / entry.path).open("rb") as stream, files.receive(stream) as arrival:
                if arrival.sha256 != entry.sha256:
                    raise BackupUnusable(folder=folder, reason=f"{entry.path} changed while it was read")
                files.keep(arrival, entry.path.removeprefix("files/"))
        for entry in manifest.paths("keys"):
            if entry.path not in damaged:
                shutil.copyfile(folder / entry.path, target / Path(entry.path).name)
        yield Progress(label="restore", state="records")
        chains = [(chain, manifest.revisions[chain.version_table]) for chain in CHAINS]
        snapshot.load(engine, folder / "records", chains, manifest.tables)
        for chain in CHAINS:  # up to date, where an older version made the backup
            database.migrate(engine, chain.folder, chain.version_table)
        with database.writing(engine) as connection:  # what ended since the backup was made does not begin again
            for table in (sessions, password_links):
                connection.execute(sa.delete(table))
        audit = Audit(engine, target / AUDIT_HEAD)
        fault = audit.verify().fault
        audit.record(LOCAL_USER, Act.RESTORE)
        os.sync()
        unfinished.unlink()
        return fault
    except (CommandError, ValueError, KeyError, SQLAlchemyError) as error:
        reason = str(error) if isinstance(error, ValueError) else "its records are not those of this version"
        raise BackupUnusable(folder=folder, reason=reason) from error
    finally:
        files.close()
        engine.dispose()


def _empty(target: Path) -> None:
    """Empty a data folder into which a restore was broken off. Raises RestoreRefused for one that holds anything."""
    rest = [path for path in target.iterdir() if path.name not in (LOCK_NAME, "log")]
    if not (target / UNFINISHED_RESTORE).exists():
        if rest:
            raise RestoreRefused(place=f"The data folder {target}")
        return
    for path in rest:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != UNFINISHED_RESTORE:
            path.unlink()
