"""bytes → Document → [Chunk] → float32[n, dim] → vectors + lexical → ready.

A worker's thread takes one document through all of it (`Ingest._ingest`); reading happens in a process of the thread's
own, embedding and indexing in this one. The job's row says how far a document has come, and it is "ready" only after
both indexes have it. So a crash at any point leaves a row that `repair` lets wait again, and doing a step twice is the
same as doing it once.
"""

import logging
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.chunks import Chunk, chunk, indexed_text
from retrieval.documents import Document
from retrieval.errors import NoSuchDocument, PinciteError, ReaderCrashed, UnreadableFile
from retrieval.indexes import Indexes
from retrieval.lexical import OPENING
from retrieval.library import Library
from retrieval.reader import Reader, ReaderDied
from retrieval.tables import DocumentRecord
from retrieval.workers import Stopped, Workers

if TYPE_CHECKING:
    from retrieval.embedder import Embedder
    from retrieval.lexical import Lexical
    from retrieval.vectors import Vectors

ATTEMPTS = 3  # a reader that dies on the same file for the third time will die on it again
PROGRESS_S = 0.2  # between two notes of progress; each is a write to the disk
EMBEDDED_AT_ONCE = (
    128  # chunks, enough that some are nearly equally long; progress is told and `stop` obeyed between them
)

OnChange = Callable[[DocumentRecord], None]

_log = logging.getLogger(__name__)


class Ingest:
    """Takes waiting documents into the indexes, and keeps the indexes equal to the library."""

    def __init__(
        self,
        library: Library,
        vectors: "Vectors",
        lexical: "Lexical",
        embedder: "Embedder",
        *,
        workers: int = 2,
        max_pages: int = 10_000,
    ) -> None:
        """`workers`: documents read at once, each in a process; `max_pages`: of one document."""
        self._library = library
        self._indexes = Indexes(library, vectors, lexical, embedder)
        self._embedder = embedder
        self._max_pages = max_pages
        self._workers = Workers(workers, library.jobs.claim, self._attempt, self._give_back)
        self._on_change: OnChange | None = None

    # The work

    def run(self, on_change: OnChange | None = None) -> None:
        """Work until nothing waits. `on_change` hears of each step of each document, in the worker's thread.

        Raises StoreUnavailable, DataFolderUnusable or EmbedderUnavailable; what was begun then waits again, as after
        Ctrl-C. A file that cannot be read raises nothing: its record says "failed" and why.
        """
        self._on_change = on_change
        self._workers.run()

    def start(self, on_change: OnChange | None = None) -> None:
        """Work in the background until `stop`, also on what is accepted later (`wake` tells of it).

        A store or search model that is away is logged and tried again every half minute.
        """
        self._on_change = on_change
        self._workers.start()

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._workers.wake()

    def stop(self) -> None:
        """End the work within seconds; what was begun waits again."""
        self._workers.stop()

    # The indexes and the library

    def repair(self) -> int:
        """Put right what a crash left; call it once, before any work. Returns how many documents wait.

        Interrupted jobs wait again, half-deleted matters and files without a document are deleted, and both indexes of
        each matter are compared with the library (`Indexes.repair`).
        """
        self._library.sweep()
        self._library.jobs.put_back()
        for matter_id in self._library.retired_matters():
            self._delete(matter_id)
        for matter in self._library.matters():
            self._indexes.repair(matter.id)
        return self._library.jobs.at_work()

    def reindex(self, matter_id: str | None = None) -> int:
        """Drop the indexes of one matter, or of all, and queue its documents; returns how many wait.

        `run`, or the background, then does the work from the text that was read before. Raises NoSuchMatter.
        """
        matters = self._library.matters() if matter_id is None else [self._library.matter(matter_id)]
        for matter in matters:
            self._indexes.make_anew(matter.id)
        self.wake()
        return self._library.jobs.at_work()

    def remove(self, matter_id: str, document_id: str) -> None:
        """Take a document out of the library and both indexes, also while it is being read. Raises NoSuchDocument."""
        self._library.remove(matter_id, document_id)
        self._indexes.remove(matter_id, document_id)

    def delete_matter(self, matter_id: str) -> None:
        """Delete a matter with everything in it. From the first moment nobody sees it. Raises NoSuchMatter."""
        self._library.retire_matter(matter_id)
        self._delete(matter_id)

    def _delete(self, matter_id: str) -> None:
        self._indexes.drop(matter_id)
        self._library.delete_matter(matter_id)

    # One document

    def _ingest(self, record: DocumentRecord, reader: Reader) -> None:
        document = self._library.text(record) or self._read(record, reader)
        record = self._note(
            replace(
                record, state="indexing", page=0, pages=len(document.pages), unreadable_pages=document.unreadable_pages
            )
        )
        chunks = chunk(document)
        texts, vectors = self._embed(record, document, chunks)
        record = replace(record, state="ready", page=record.pages, reason=_what_is_missing(document))
        self._indexes.put(record, document.text[:OPENING], chunks, texts, vectors)
        self._tell(record)

    def _read(self, record: DocumentRecord, reader: Reader) -> Document:
        noted = float("-inf")  # the first page tells at once how many there are

        def on_page(page: int, pages: int) -> None:
            nonlocal noted
            self._workers.go_on()
            if monotonic() - noted >= PROGRESS_S:
                self._note(replace(record, page=page, pages=pages))
                noted = monotonic()

        data = self._library.original(record.matter_id, record.id)
        document = reader.read(
            data, name=record.name, document_id=record.id, max_pages=self._max_pages, on_page=on_page
        )
        self._library.keep_text(record, document)
        return document

    def _embed(
        self, record: DocumentRecord, document: Document, chunks: Sequence[Chunk]
    ) -> tuple[list[str], NDArray[np.float32]]:
        """What the chunks are found by: their words, and float32[len(chunks), dimension]."""
        texts: list[str] = []
        vectors = np.zeros((len(chunks), self._embedder.dimension), np.float32)
        for start in range(0, len(chunks), EMBEDDED_AT_ONCE):
            self._workers.go_on()
            some = chunks[start : start + EMBEDDED_AT_ONCE]
            texts += [indexed_text(document, c) for c in some]
            vectors[start : start + len(some)] = self._embedder.passages(texts[start:])
            self._note(replace(record, page=document.page_at(some[-1].span.start).number))
        return texts, vectors

    def _attempt(self, record: DocumentRecord, reader: Reader) -> None:
        """One attempt at one document; whatever is the file's fault ends in its record."""
        with suppress(NoSuchDocument):  # removed while it was worked on: there is nothing to note it in
            try:
                self._tell(record)
                self._ingest(record, reader)
            except UnreadableFile as error:
                self._fail(record, error)
            except ReaderDied as error:
                self._workers.go_on()
                _log.warning("the reader died on %s: %s", record.id, error)
                attempts = record.attempts + 1
                if attempts < ATTEMPTS:
                    self._note(replace(record, state="waiting", page=0, attempts=attempts))
                else:
                    self._fail(replace(record, attempts=attempts), ReaderCrashed(name=record.name, attempts=attempts))
            except (PinciteError, Stopped):
                raise
            except Exception:
                reference = uuid.uuid4().hex[:6]
                _log.exception("ref %s: ingest of %s", reference, record.id)
                self._note(replace(record, state="failed", reason=f"Something went wrong (ref {reference})."))

    def _give_back(self, record: DocumentRecord) -> None:
        self._note(replace(record, state="waiting", page=0))

    def _fail(self, record: DocumentRecord, error: PinciteError) -> None:
        self._note(replace(record, state="failed", reason=f"{error} {error.hint}".strip()))

    def _note(self, record: DocumentRecord) -> DocumentRecord:
        self._library.jobs.save(record)
        self._tell(record)
        return record

    def _tell(self, record: DocumentRecord) -> None:
        if self._on_change is None:
            return
        try:
            self._on_change(record)
        except Exception:
            _log.exception("whoever follows the ingest failed on %s", record.id)


def _what_is_missing(document: Document) -> str | None:
    """A sentence for a document that cannot be searched, or not all of it."""
    unreadable, pages = len(document.unreadable_pages), len(document.pages)
    if not document.text.strip():
        return f"“{document.name}” carries no text that can be searched; it may be a scan."
    if unreadable:
        return f"{unreadable} of {pages} pages show something but carry no text that can be searched."
    return None
