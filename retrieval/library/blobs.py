"""The files behind the documents, each content once: its bytes, and its canonical text beside them.

`loose_files` names the content that a crash may have left without a document that holds it. A content is named there
before its first byte is kept, and when a document that held it goes; `sweep` looks there and nowhere else, so it can
never delete what belongs to another database.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import BinaryIO

import sqlalchemy as sa

from retrieval.core.errors import PinciteError
from retrieval.library.database import reading, writing
from retrieval.library.files import Arrival, Files
from retrieval.library.schema import documents, loose_files
from retrieval.library.texts import Texts


class Shelf:
    """Keeps content while a document of any matter holds it. Safe to use from several threads."""

    def __init__(self, engine: sa.Engine, files: Files) -> None:
        self._engine = engine
        self._files = files
        self.texts = Texts(files)
        self._locks = tuple(Lock() for _ in range(64))  # one content is kept or deleted by one thread at a time

    @contextmanager
    def holding(self, document_id: str) -> Iterator[None]:
        """While the block runs no other thread keeps or deletes this content."""
        with self._locks[hash(document_id) % len(self._locks)]:
            yield

    @contextmanager
    def keeping(self, arrival: Arrival) -> Iterator[sa.Connection]:
        """Keep the bytes, then run the block, which writes the document's row; both are durable when it ends.

        For who is `holding` it. Where the block raises, the bytes go again unless another matter holds them; a crash on the
        way leaves a loose file, never a document without its bytes.
        """
        with writing(self._engine) as connection:
            loosen(connection, [arrival.sha256])
        self._files.keep(arrival, _key(arrival.sha256))
        try:
            with writing(self._engine) as connection:
                yield connection
                _tighten(connection, arrival.sha256)
        except BaseException:  # whatever ended it, nothing stays without a row; raised again
            with suppress(PinciteError):  # the database is away: the next start sweeps
                self._sweep(arrival.sha256)
            raise

    def original(self, document_id: str) -> bytes | None:
        """The bytes; None where they are gone."""
        return self._files.read(_key(document_id))

    def open_original(self, document_id: str) -> BinaryIO | None:
        """The same as an open file."""
        return self._files.open(_key(document_id))

    def sweep(self, document_ids: list[str] | None = None) -> None:
        """Delete those loose files (all of them unless said) that no matter holds."""
        if document_ids is None:
            with reading(self._engine) as connection:
                document_ids = list(connection.scalars(sa.select(loose_files.c.document_id)))
        for document_id in document_ids:
            with self.holding(document_id):
                self._sweep(document_id)

    def _sweep(self, document_id: str) -> None:
        with reading(self._engine) as connection:
            held = connection.scalar(sa.select(sa.exists().where(documents.c.document_id == document_id)))
        if not held:
            self._files.delete(_key(document_id))
            self.texts.delete(document_id)
        with writing(self._engine) as connection:
            _tighten(connection, document_id)


def loosen(connection: sa.Connection, document_ids: list[str]) -> None:
    """Note, in the transaction that takes their rows away, that nothing may hold these contents any more."""
    for document_id in document_ids:
        _tighten(connection, document_id)
        connection.execute(sa.insert(loose_files).values(document_id=document_id))


def _tighten(connection: sa.Connection, document_id: str) -> None:
    connection.execute(sa.delete(loose_files).where(loose_files.c.document_id == document_id))


def _key(document_id: str) -> str:
    return f"{document_id[:2]}/{document_id}.pdf"
