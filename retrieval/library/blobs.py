"""Content-addressed blobs behind the documents: the bytes of each file once, and its canonical text beside them.

`possible_orphans` (the table `loose_files`) names the blobs that a crash may have left without a document. A blob is
named there before its first byte is stored, and when a document that held it goes; `sweep` looks there and nowhere
else, so it never deletes what belongs to another database.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import BinaryIO

import sqlalchemy as sa

from retrieval.core.errors import PinciteError
from retrieval.library.database import reading, writing
from retrieval.library.files import Arrival, Files
from retrieval.library.schema import documents, possible_orphans, texts
from retrieval.library.texts import Texts


class BlobStore:
    """Stores a blob while a document of any matter holds it. Safe to use from several threads."""

    def __init__(self, engine: sa.Engine, files: Files) -> None:
        self._engine = engine
        self._files = files
        self.texts = Texts(files)
        self._holders = 0  # blocks of `kept`
        self._holders_lock = Lock()
        self._locks = tuple(Lock() for _ in range(64))  # one blob is stored or deleted by one thread at a time

    @contextmanager
    def locked(self, document_id: str) -> Iterator[None]:
        """Lock a blob: while the block runs no other thread stores or deletes it."""
        with self._locks[hash(document_id) % len(self._locks)]:
            yield

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Delete no blob while the block runs, so that what a snapshot names can be copied; after it those that go."""
        with self._holders_lock:
            self._holders += 1
        try:
            yield
        finally:
            with self._holders_lock:
                self._holders -= 1
            with suppress(PinciteError):  # the database is away: the next start sweeps
                self.sweep()

    @property
    def is_kept(self) -> bool:
        """Whether a block of `kept` runs. A blob that a snapshot names is not deleted: `kept` began before that."""
        return self._holders > 0

    @contextmanager
    def storing(self, arrival: Arrival) -> Iterator[sa.Connection]:
        """Store the bytes, then run the block, which writes the document's row; both are durable when it ends.

        For who has it `locked`. Where the block raises, the bytes go again unless another matter holds them; a crash on
        the way leaves an orphan that is marked, never a document without its bytes.
        """
        with writing(self._engine) as connection:
            mark_orphans(connection, [arrival.sha256])
        self._files.keep(arrival, blob_key(arrival.sha256))
        try:
            with writing(self._engine) as connection:
                yield connection
                _unmark_orphan(connection, arrival.sha256)
        except BaseException:  # whatever ended it, nothing stays without a row; raised again
            with suppress(PinciteError):  # the database is away: the next start sweeps
                self._sweep(arrival.sha256)
            raise

    def has(self, document_id: str) -> bool:
        """Whether the bytes are there and can be read."""
        return self._files.head(blob_key(document_id), 1) is not None

    def original(self, document_id: str) -> bytes | None:
        """Read the bytes; None where they are gone."""
        return self._files.read(blob_key(document_id))

    def open_original(self, document_id: str) -> BinaryIO | None:
        """Open the bytes as a file; None where they are gone."""
        return self._files.open(blob_key(document_id))

    def sweep(self, document_ids: list[str] | None = None) -> None:
        """Delete the orphans among the blobs that are marked, or among some of them."""
        if document_ids is None:
            with reading(self._engine) as connection:
                document_ids = list(connection.scalars(sa.select(possible_orphans.c.document_id)))
        for document_id in document_ids:
            with self.locked(document_id):
                self._sweep(document_id)

    def _sweep(self, document_id: str) -> None:
        if self.is_kept:
            return  # it stays marked
        with reading(self._engine) as connection:
            held = connection.scalar(sa.select(sa.exists().where(documents.c.document_id == document_id)))
            versions = set(connection.scalars(sa.select(texts.c.version).where(texts.c.document_id == document_id)))
        if not held:
            self._files.delete(blob_key(document_id))
            for version in {1, *versions}:  # the first were kept before there was a table of them
                self.texts.delete(document_id, version)
        with writing(self._engine) as connection:
            if not held:
                connection.execute(sa.delete(texts).where(texts.c.document_id == document_id))
            _unmark_orphan(connection, document_id)


def mark_orphans(connection: sa.Connection, document_ids: list[str]) -> None:
    """Mark blobs as possible orphans, in the transaction that deletes their documents."""
    for document_id in document_ids:
        _unmark_orphan(connection, document_id)
        connection.execute(sa.insert(possible_orphans).values(document_id=document_id))


def _unmark_orphan(connection: sa.Connection, document_id: str) -> None:
    connection.execute(sa.delete(possible_orphans).where(possible_orphans.c.document_id == document_id))


def blob_key(document_id: str) -> str:
    """Key of the bytes of a document in the file store."""
    return f"{document_id[:2]}/{document_id}.pdf"  # whatever its format: there was one when the first were kept
