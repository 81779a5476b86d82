"""Backs up the records, files and keys of a data folder while it is used.

A backup is a folder: `records/` (each table of the database as JSON lines), `files/` (the file store's, under their
keys), `keys/` (those of the data folder), and `manifest.json`, with the digest of each of them and of itself. The
manifest is written last: a folder without one is no backup.

Records are read in one transaction, and files after it. A document that came in after it is not there, and no file is
deleted until all are copied. Indexes are not taken: they are made anew at the next start.
"""

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import SecretStr

from retrieval import Library
from webapp.core.errors import BackupFailed
from webapp.core.results import BackupRow
from webapp.core.settings import PREFIX, Settings
from webapp.core.stream import Event, Progress, Result
from webapp.service.backup_manifest import (
    CHAINS,
    FORMAT,
    MANIFEST,
    Entry,
    Manifest,
    Seldom,
    damaged_row,
    document_names,
    write_manifest,
)
from webapp.service.provenance import own_version

BLOCK = 1 << 20  # bytes that are copied at a time


def backup(library: Library, settings: Settings, folder: Path) -> Iterator[Event[BackupRow]]:
    """Write a backup into a new or empty folder; yields progress and one result. Raises BackupFailed.

    Whatever ends it before, nothing is left in the folder.
    """
    with _writing(folder, settings.data_dir):
        made_at, entries = datetime.now(UTC).isoformat(timespec="seconds"), list[Entry]()
        progress = Seldom()
        _copy_keys(settings.data_dir, folder, entries)
        with library.files_kept():
            tables: dict[str, int] = {}
            with library.snapshot() as records:
                (folder / "records").mkdir()
                for name in records.tables():
                    yield Progress(label="backup", state="records", done=len(tables))
                    with _digested(folder, f"records/{name}.jsonl", entries) as out:
                        tables[name] = records.write(name, out)
                revisions = {chain.version_table: records.revision(chain) for chain in CHAINS}
                wanted = records.files()
            missing: list[str] = []
            for done, (key, is_needed) in enumerate(sorted(wanted.items())):
                if progress.is_due():
                    yield Progress(label="backup", state="files", done=done, total=len(wanted))
                if not _copied(library, folder, key, entries) and is_needed:
                    missing.append(f"files/{key}")
        manifest = Manifest(
            format=FORMAT,
            pincite=own_version(),
            made_at=made_at,
            database="sqlite" if settings.database_url is None else "postgresql",
            revisions=revisions,
            settings=shown_settings(settings),
            tables=tables,
            documents=len({key for key in wanted if key.endswith(".pdf")}),
            missing=missing,
            files=entries,
        )
        yield Progress(label="backup", state="writing", done=len(wanted), total=len(wanted))
        write_manifest(folder, manifest)
        yield Progress(label="backup", state="ready", done=len(wanted), total=len(wanted))
    names = document_names(folder)
    yield Result(
        BackupRow(
            folder=str(folder),
            documents=manifest.documents,
            records=sum(tables.values()),
            files=len(entries),
            bytes=sum(entry.bytes for entry in entries),
            missing=tuple(damaged_row(path, names, "missing") for path in missing),
        )
    )


def shown_settings(settings: Settings) -> dict[str, str]:
    """The settings that are not the default, by variable; without secrets, and without passwords in addresses."""
    shown = {}
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if value not in (None, field.get_default(call_default_factory=True)) and not isinstance(value, SecretStr):
            shown[f"{PREFIX}{name.upper()}"] = re.sub(r"(?<=://)[^/,@]*@", "…@", str(value))
    return shown


@contextmanager
def _writing(folder: Path, data_dir: Path) -> Iterator[None]:
    """Make the folder, or take an empty one; empty it again when the block is ended by an error."""
    try:
        if folder.resolve().is_relative_to(data_dir.resolve()):
            raise BackupFailed(folder=folder, reason="it lies in the data folder")
        is_new = not folder.exists()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BackupFailed(folder=folder, reason="it is not empty")
    except OSError as error:
        raise BackupFailed(folder=folder, reason=(error.strerror or str(error)).lower()) from error
    try:
        yield
    except BaseException as error:  # whatever ended it, also who no longer waits for it; raised again
        for name in ("records", "files", "keys"):
            shutil.rmtree(folder / name, ignore_errors=True)
        for name in (MANIFEST, f"{MANIFEST}.new"):
            (folder / name).unlink(missing_ok=True)
        if is_new:
            folder.rmdir()
        if isinstance(error, OSError):
            raise BackupFailed(folder=folder, reason=(error.strerror or str(error)).lower()) from error
        raise


class _Digesting:
    """A file that is written, with the digest of what was written."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.sha256, self.size = hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        """Write some bytes."""
        self.sha256.update(data)
        self.size += len(data)
        return self._out.write(data)


@contextmanager
def _digested(folder: Path, path: str, entries: list[Entry]) -> Iterator[Any]:
    """Open a file of the backup for writing, and add it to the entries when the block ends."""
    with (folder / path).open("xb") as out:
        digesting = _Digesting(out)
        yield digesting
    entries.append(Entry(path=path, bytes=digesting.size, sha256=digesting.sha256.hexdigest()))


def _copied(library: Library, folder: Path, key: str, entries: list[Entry]) -> bool:
    """Copy a file of the file store; False where it is not there, or no longer what its name says."""
    stream = library.open_file(key)
    if stream is None:
        return False
    (folder / "files" / key).parent.mkdir(parents=True, exist_ok=True)
    with stream, _digested(folder, f"files/{key}", entries) as out:
        shutil.copyfileobj(stream, out, BLOCK)
    if key.endswith(".pdf") and entries[-1].sha256 != Path(key).stem:
        (folder / entries.pop().path).unlink()
        return False
    return True


def _copy_keys(data_dir: Path, folder: Path, entries: list[Entry]) -> None:
    """Copy the keys of the data folder, so that sessions outlive the move, and the head of the audit log.

    Before the records: these may then have rows after that head, never fewer.
    """
    (folder / "keys").mkdir()
    for key in sorted([*data_dir.glob("*.key"), *data_dir.glob("*.head")]):
        with _digested(folder, f"keys/{key.name}", entries) as out:
            out.write(key.read_bytes())
