"""Backs up the records, files and keys of a data folder while it is used, and restores them into an empty one.

A backup is a folder: `records/` (each table of the database as JSON lines), `files/` (the file store's, under their
keys), `keys/` (those of the data folder), and `manifest.json`, with the digest of each of them and of itself. The
manifest is written last: a folder without one is no backup.

Records are read in one transaction, and files after it. A document that came in after it is not there, and no file is
deleted until all are copied. Indexes are not taken: they are made anew at the next start.
"""

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, BinaryIO

from alembic.util import CommandError
from pydantic import BaseModel, Field, SecretStr, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from retrieval import LIBRARY_CHAIN, Files, Library, database, snapshot
from webapp.core.data_folder import LOCK_NAME
from webapp.core.errors import BackupFailed, BackupUnusable, RestoreRefused
from webapp.core.results import BackupRow, DamagedRow, DamageState, RestoredRow
from webapp.core.settings import PREFIX, Settings
from webapp.core.stream import Event, Progress, Result
from webapp.service.workspace import UNFINISHED_RESTORE, address_of_database, place_of_files
from webapp.store import users

MANIFEST = "manifest.json"
FORMAT = 1
BLOCK = 1 << 20
PROGRESS_SECONDS = 1.0
CHAINS = (LIBRARY_CHAIN, users.CHAIN)
_PATH = re.compile(  # where a file of a backup may lie; a manifest is not trusted
    r"records/\w{1,63}\.jsonl|keys/\w{1,63}\.key|files/[0-9a-f]{2}/[0-9a-f]{64}(\.\d{1,9})?\.(pdf|text\.json\.gz)"
)


class Entry(BaseModel):
    """A file of a backup."""

    path: str = Field(pattern=rf"^({_PATH.pattern})$")
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What is in a backup, and what it was made of."""

    format: int
    pincite: str
    made_at: str
    database: str  # sqlite or postgresql
    revisions: dict[str, str]  # the newest migration of each package, by its version table
    settings: dict[str, str]  # those that were not the default, without secrets
    tables: dict[str, int]  # rows
    documents: int
    missing: list[str]  # files that the file store no longer had, or had damaged
    files: list[Entry]

    def paths(self, folder: str) -> list[Entry]:
        """The files in one of its folders."""
        return [entry for entry in self.files if entry.path.startswith(f"{folder}/")]


# Backup


def backup(library: Library, settings: Settings, folder: Path) -> Iterator[Event[BackupRow]]:
    """Write a backup into a new or empty folder; yields progress and one result. Raises BackupFailed.

    Whatever ends it before, nothing is left in the folder.
    """
    with _writing(folder, settings.data_dir):
        made_at, entries = datetime.now(UTC).isoformat(timespec="seconds"), list[Entry]()
        every = _Seldom()
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
                if every():
                    yield Progress(label="backup", state="files", done=done, total=len(wanted))
                if not _copied(library, folder, key, entries) and is_needed:
                    missing.append(f"files/{key}")
        _copy_keys(settings.data_dir, folder, entries)
        manifest = Manifest(
            format=FORMAT,
            pincite=_version(),
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
        _write_manifest(folder, manifest)
        yield Progress(label="backup", state="ready", done=len(wanted), total=len(wanted))
    names = _names(folder)
    yield Result(
        BackupRow(
            folder=str(folder),
            documents=manifest.documents,
            records=sum(tables.values()),
            files=len(entries),
            bytes=sum(entry.bytes for entry in entries),
            missing=tuple(_damaged(path, names, "missing") for path in missing),
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
    """Copy the keys of the data folder, so that sessions outlive the move."""
    (folder / "keys").mkdir()
    for key in sorted(data_dir.glob("*.key")):
        with _digested(folder, f"keys/{key.name}", entries) as out:
            out.write(key.read_bytes())


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest when all else is on the disk, with its own digest."""
    os.sync()
    body = manifest.model_dump(mode="json")
    draft = folder / f"{MANIFEST}.new"
    draft.write_text(json.dumps(body | {"sha256": _digest_of(body)}, ensure_ascii=False, indent=1), "utf-8")
    draft.replace(folder / MANIFEST)
    os.sync()


def _digest_of(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _version() -> str:
    try:
        return version("pincite")
    except PackageNotFoundError:  # a checkout that is not installed
        return "unknown"


# Restore


def restore(folder: Path, settings: Settings | None, *, is_partial: bool = False) -> Iterator[Event[RestoredRow]]:
    """Check a backup, and restore it into an empty data folder that this process owns; yields progress and one result.

    Every digest is checked first. Where files are damaged or missing nothing is restored, unless `is_partial`: then
    all but these is. Without `settings` it is only checked. Raises BackupUnusable (damage of manifest or records
    among others), RestoreRefused, and what the stores raise.
    """
    manifest = read_manifest(folder)
    damaged = yield from _check(folder, manifest)
    names = _names(folder)
    if lost := [entry for entry in damaged if entry.startswith("records/")]:
        raise BackupUnusable(folder=folder, reason=f"its records are damaged or missing ({', '.join(lost)})")
    goes_on = settings is not None and (is_partial or not damaged)
    if settings is not None and goes_on:
        yield from _restore(settings, folder, manifest, damaged)
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
            damaged=tuple(_damaged(path, names, state) for path, state in damaged.items()),
            missing=tuple(_damaged(path, names, "missing") for path in manifest.missing),
        )
    )


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a backup. Raises BackupUnusable."""
    try:
        body = json.loads((folder / MANIFEST).read_bytes())
        digest = body.pop("sha256")
        if body["format"] != FORMAT:
            raise BackupUnusable(folder=folder, reason="another version of pincite made it")
        if digest != _digest_of(body):
            raise BackupUnusable(folder=folder, reason=f"its {MANIFEST} is damaged")
        return Manifest.model_validate(body)
    except FileNotFoundError as error:
        raise BackupUnusable(folder=folder, reason=f"it has no {MANIFEST}") from error
    except OSError as error:
        raise BackupUnusable(folder=folder, reason=(error.strerror or str(error)).lower()) from error
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        raise BackupUnusable(folder=folder, reason=f"its {MANIFEST} is damaged") from error


def _check(folder: Path, manifest: Manifest) -> Generator[Progress, None, dict[str, DamageState]]:
    """Compare each file with its digest; returns those that differ, with their state."""
    damaged: dict[str, DamageState] = {}
    every = _Seldom()
    for done, entry in enumerate(manifest.files):
        if every():
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


def _restore(settings: Settings, folder: Path, manifest: Manifest, damaged: Mapping[str, str]) -> Iterator[Progress]:
    target, unfinished = settings.data_dir, settings.data_dir / UNFINISHED_RESTORE
    _empty(target)
    engine = database.open_database(address_of_database(settings))
    files = Files(place_of_files(settings))
    try:
        if not snapshot.is_empty(engine):
            raise RestoreRefused(place="The database")
        unfinished.touch()
        every = _Seldom()
        entries = [entry for entry in manifest.paths("files") if entry.path not in damaged]
        for done, entry in enumerate(entries):
            if every():
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
        os.sync()
        unfinished.unlink()
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


# Names


def _names(folder: Path) -> dict[str, tuple[str, ...]]:
    """The names of each document in the records of a backup, by id; what cannot be read is left out."""
    names: dict[str, list[str]] = {}
    try:
        with (folder / "records" / "documents.jsonl").open("rb") as lines:
            columns = json.loads(next(lines))
            for line in lines:
                row = dict(zip(columns, json.loads(line), strict=True))
                names.setdefault(row["document_id"], []).append(row["name"])
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        pass  # the records themselves are named as damaged then
    return {document_id: tuple(dict.fromkeys(each)) for document_id, each in names.items()}


def _damaged(path: str, names: Mapping[str, tuple[str, ...]], state: DamageState) -> DamagedRow:
    return DamagedRow(file=path, documents=names.get(Path(path).name.partition(".")[0], ()), state=state)


class _Seldom:
    """Whether it is time for another event: at most one a second."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def __call__(self) -> bool:
        now = time.monotonic()
        if now - self._last < PROGRESS_SECONDS:
            return False
        self._last = now
        return True
