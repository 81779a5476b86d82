"""Manifest of a backup: what is in it, with the digest of each file and of itself, and what it was made of."""

import hashlib
import json
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from retrieval import LIBRARY_CHAIN
from webapp.core.errors import BackupUnusable
from webapp.core.results import DamagedRow, DamageState
from webapp.store import users

MANIFEST = "manifest.json"
FORMAT = 1
CHAINS = (LIBRARY_CHAIN, users.CHAIN)  # of migrations, by which the tables of a backup are made again
PROGRESS_SECONDS = 1.0
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


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest when all else is on the disk, with its own digest."""
    os.sync()
    body = manifest.model_dump(mode="json")
    draft = folder / f"{MANIFEST}.new"
    draft.write_text(json.dumps(body | {"sha256": digest_of(body)}, ensure_ascii=False, indent=1), "utf-8")
    draft.replace(folder / MANIFEST)
    os.sync()


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a backup. Raises BackupUnusable."""
    try:
        body = json.loads((folder / MANIFEST).read_bytes())
        digest = body.pop("sha256")
        if body["format"] != FORMAT:
            raise BackupUnusable(folder=folder, reason="another version of pincite made it")
        if digest != digest_of(body):
            raise BackupUnusable(folder=folder, reason=f"its {MANIFEST} is damaged")
        return Manifest.model_validate(body)
    except FileNotFoundError as error:
        raise BackupUnusable(folder=folder, reason=f"it has no {MANIFEST}") from error
    except OSError as error:
        raise BackupUnusable(folder=folder, reason=(error.strerror or str(error)).lower()) from error
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        raise BackupUnusable(folder=folder, reason=f"its {MANIFEST} is damaged") from error


def digest_of(body: Mapping[str, Any]) -> str:
    """SHA-256 of a manifest without its own digest."""
    return hashlib.sha256(json.dumps(body, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def document_names(folder: Path) -> dict[str, tuple[str, ...]]:
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


def damaged_row(path: str, names: Mapping[str, tuple[str, ...]], state: DamageState) -> DamagedRow:
    """Row for a file that is missing or damaged, with the names of its documents."""
    return DamagedRow(file=path, documents=names.get(Path(path).name.partition(".")[0], ()), state=state)


class Seldom:
    """Rate limit of progress: one event a second."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def is_due(self) -> bool:
        """Whether it is time for another event; then it counts as sent."""
        now = time.monotonic()
        if now - self._last < PROGRESS_SECONDS:
            return False
        self._last = now
        return True
