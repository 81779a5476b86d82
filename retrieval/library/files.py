"""Stores files by key, in a folder or at any address that fsspec knows (S3); content-addressed by `blobs`.

A file is whole or not there: it arrives beside its place, is flushed to the disk, and is renamed. A store elsewhere
(S3) shows a file only when its upload is complete.
"""

import errno
import hashlib
import logging
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from retrieval.core.errors import PackageMissing, StoreUnavailable, data_folder_error

T = TypeVar("T")
BLOCK = 1 << 20  # bytes copied at a time: a file is never in memory whole while it arrives

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Bytes that have arrived and have no key yet: `sha256` in hex, `size` in bytes."""

    path: Path
    sha256: str
    size: int


class Files:
    """Files by key (`ab/abcd….pdf`), in a folder or at an fsspec URL."""

    def __init__(self, place: str | Path) -> None:
        """`place`: a folder, made where there is none, or a URL such as `s3://bucket/prefix`.

        Raises DataFolderUnusable, StoreUnavailable, or PackageMissing (the store's driver is not installed).
        """
        self._remote: Any = None
        self._own = f"{uuid.uuid4().hex[:8]}-"  # prefix of the names of what arrives here
        if isinstance(place, str) and "://" in place:
            self._remote, self._root = _open_remote(place)
            self._arrivals = Path(tempfile.mkdtemp(prefix="pincite-"))
        else:
            self._root = str(place)
            self._arrivals = Path(place) / "arriving"
            with self._mapped():
                self._arrivals.mkdir(parents=True, exist_ok=True)

    def __repr__(self) -> str:
        return f"Files({self._root!r})"

    @contextmanager
    def receive(self, stream: BinaryIO, limit: int | None = None) -> Iterator[Arrival]:
        """Read `stream` to its end, or to just past `limit` bytes; what was not kept is gone when the block ends."""
        hasher, size = hashlib.sha256(), 0
        with self._mapped():
            handle, name = tempfile.mkstemp(prefix=self._own, dir=self._arrivals)
        path = Path(name)
        try:
            with self._mapped(), os.fdopen(handle, "wb") as out:
                while (limit is None or size <= limit) and (block := stream.read(BLOCK)):
                    hasher.update(block)
                    out.write(block)
                    size += len(block)
                out.flush()
                os.fsync(out.fileno())
            yield Arrival(path, hasher.hexdigest(), size)
        finally:
            path.unlink(missing_ok=True)

    def keep(self, arrival: Arrival, key: str) -> None:
        """Store what arrived under `key`, durably. What was there under that key is replaced."""
        with self._mapped():
            if self._remote is not None:
                self._remote.makedirs(self._at(key).rpartition("/")[0], exist_ok=True)
                self._remote.put_file(str(arrival.path), self._at(key))
                return
            target = Path(self._at(key))
            target.parent.mkdir(exist_ok=True)
            arrival.path.replace(target)
            for folder in (target.parent, target.parent.parent):
                _flush_folder(folder)

    def read(self, key: str) -> bytes | None:
        """Read the bytes under `key`; None where there is no such file, or it alone cannot be read."""
        return self._found(key, self._remote.cat_file if self._remote else lambda at: Path(at).read_bytes())

    def open(self, key: str) -> BinaryIO | None:
        """Open the file under `key`, to be read piece by piece and closed; None as `read` gives it."""
        return self._found(key, self._remote.open if self._remote else lambda at: Path(at).open("rb"))

    def head(self, key: str, size: int) -> bytes | None:
        """Read the first bytes of what is under `key`; None as `read` gives it."""

        def read(at: str) -> bytes:
            with self._remote.open(at) if self._remote else Path(at).open("rb") as file:
                return bytes(file.read(size))

        return self._found(key, read)

    def _found(self, key: str, how: Callable[[str], T]) -> T | None:
        with self._mapped():
            try:
                return how(self._at(key))
            except OSError as error:
                if not self._is_of_the_file(error):
                    raise
                self._look()
                if not isinstance(error, FileNotFoundError):
                    _log.error("%s cannot be read: %s", key, type(error).__name__)
        return None

    def delete(self, key: str) -> None:
        """Delete what is under `key`; it is no error when there is nothing."""
        with self._mapped(), suppress(FileNotFoundError):
            if self._remote is not None:
                self._remote.rm_file(self._at(key))
            else:
                Path(self._at(key)).unlink()

    def clear_arrivals(self) -> None:
        """Delete what a killed process had half received, not what arrives here meanwhile.

        Only who owns the data folder may call it.
        """
        with self._mapped():
            for path in self._arrivals.iterdir():
                if not path.name.startswith(self._own):
                    path.unlink(missing_ok=True)

    def close(self) -> None:
        """Delete the temporary folder that a store elsewhere receives through."""
        if self._remote is not None:
            shutil.rmtree(self._arrivals, ignore_errors=True)

    def _is_of_the_file(self, error: OSError) -> bool:
        """Whether an error may be one file's alone; a driver's EIO stands for all it has no other name for."""
        if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError | NotADirectoryError):
            return True
        return self._remote is None and error.errno in (errno.EIO, errno.ELOOP)

    def _look(self) -> None:
        """Raise what is raised where the store as a whole does not answer:
        a disk that is not mounted has no file either.
        """
        if self._remote is None:
            next(self._arrivals.iterdir(), None)
            return
        with suppress(FileNotFoundError):  # an empty prefix is none
            self._remote.ls(self._root, refresh=True)

    def _at(self, key: str) -> str:
        return f"{self._root}/{key}"

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each driver has exceptions of its own; what is not theirs is raised again
            if self._remote is not None:  # each driver has exceptions of its own
                raise StoreUnavailable(store="file store") from error
            if isinstance(error, OSError):
                raise data_folder_error(error) from error
            raise


def _open_remote(url: str) -> tuple[Any, str]:
    import fsspec.core

    try:
        remote, root = fsspec.core.url_to_fs(url)
    except ImportError as error:
        missing = getattr(error.__cause__, "name", None) or error  # fsspec says it in a sentence of its own
        raise PackageMissing(what=f"The file store {url.split(':', 1)[0]}", package=missing) from error
    except (OSError, ValueError) as error:
        raise StoreUnavailable(store="file store") from error
    return remote, root.rstrip("/")


def _flush_folder(folder: Path) -> None:
    """A rename is durable once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
