"""bytes → Document → [Chunk] → float32[n, dim] → vectors + lexical → ready.

A worker's thread takes one document through all of it (`Ingest._ingest`); converting and cutting happen in a process of
the thread's own, embedding and indexing in this one. The job's row says how far a document has come, and it is "ready"
only after both indexes have it. So a crash at any point leaves a row that `repair` lets wait again, and doing a step
twice is the same as doing it once.
"""

import logging
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.core.documents import Document
from retrieval.core.errors import (
    ConverterCrashed,
    MatterFull,
    NoSuchDocument,
    PinciteError,
    TooMuchText,
    UnreadableFile,
)
from retrieval.core.limits import Limits
from retrieval.ingest_workers import Stopped, Workers
from retrieval.library.library import Library
from retrieval.library.schema import DocumentRecord
from retrieval.reading.converter_process import Converted, ConverterDied, ConverterProcess
from retrieval.reading.formats import HEAD, format_of
from retrieval.search.indexes import Indexes
from retrieval.search.lexical import OPENING

if TYPE_CHECKING:
    from retrieval.search.embedder import Embedder
    from retrieval.search.lexical import Lexical
    from retrieval.search.vectors import Vectors

ATTEMPTS = 3  # a converter that dies on the same file for the third time will die on it again
PROGRESS_S = 0.2  # between two notes of progress; each is a write to the disk
# Chunks, enough that some are nearly equally long; progress is noted and `stop` obeyed between two batches.
EMBEDDED_AT_ONCE = 128

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
        limits: Limits | None = None,
    ) -> None:
        """`workers`: documents read at once, each in a process; `limits`: of each."""
        self._library = library
        self._indexes = Indexes(library, vectors, lexical, embedder)
        self._embedder = embedder
        self._limits = limits or Limits()
        claim = partial(library.jobs.claim, workers)
        self._workers = Workers(workers, claim, self._attempt, self._give_back, self._limits)
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

    def _ingest(self, record: DocumentRecord, converter: ConverterProcess) -> None:
        known = self._library.text(record)
        converted = self._convert(record, converter) if known is None else converter.cut(known)
        document = converted.document
        record = self._note(
            replace(
                record,
                state="indexing",
                page=0,
                pages=len(document.pages),
                unreadable_pages=document.unreadable_pages,
                characters=len(document.text),
            )
        )
        if self._room(record) < record.characters:  # another of the matter was read meanwhile, or the text was known
            raise MatterFull(name=record.name, limit=self._limits.matter_characters)
        vectors = self._embed(record, converted)
        record = replace(record, state="ready", page=record.pages, reason=_what_is_missing(document))
        self._indexes.put(
            record, document.text[:OPENING], converted.chunks, converted.texts, vectors, self._workers.go_on
        )
        self._tell(record)

    def _convert(self, record: DocumentRecord, converter: ConverterProcess) -> Converted:
        noted = float("-inf")  # the first page tells at once how many there are

        def on_page(page: int, pages: int) -> None:
            nonlocal noted
            self._workers.go_on()
            if monotonic() - noted >= PROGRESS_S:
                self._note(replace(record, page=page, pages=pages))
                noted = monotonic()

        room = self._room(record)
        data = self._library.original(record.matter_id, record.id)
        try:
            converted = converter.convert(
                data,
                name=record.name,
                document_id=record.id,
                on_page=on_page,
                max_characters=min(room, self._limits.characters),
                # They are read for convenience only, and a file may be made to crash on them.
                labels=not record.attempts,
            )
        except TooMuchText as error:
            if room < self._limits.characters:
                raise MatterFull(name=record.name, limit=self._limits.matter_characters) from error
            raise
        self._library.keep_text(record, converted.document, version=format_of(data[:HEAD], record.name).version)
        return converted

    def _room(self, record: DocumentRecord) -> int:
        """How many characters the matter may hold beside its other documents."""
        return max(0, self._limits.matter_characters - self._library.characters(record.matter_id, record.id))

    def _embed(self, record: DocumentRecord, converted: Converted) -> NDArray[np.float32]:
        """What the chunks are found by, float32[len(chunks), dimension]."""
        vectors = np.zeros((len(converted.chunks), self._embedder.dimension), np.float32)
        for start in range(0, len(converted.chunks), EMBEDDED_AT_ONCE):
            self._workers.go_on()
            batch = converted.texts[start : start + EMBEDDED_AT_ONCE]
            vectors[start : start + len(batch)] = self._embedder.passages(batch)
            last = converted.chunks[start + len(batch) - 1]
            self._note(replace(record, page=converted.document.page_at(last.span.start).number))
        return vectors

    def _attempt(self, record: DocumentRecord, converter: ConverterProcess) -> None:
        """One attempt at one document; whatever is the file's fault ends in its record."""
        with suppress(NoSuchDocument):  # removed while it was worked on: there is nothing to note it in
            try:
                self._tell(record)
                self._ingest(record, converter)
            except UnreadableFile as error:
                self._fail(record, error)
            except ConverterDied as error:
                self._workers.go_on()
                _log.warning("the converter died on %s: %s", record.id, error)
                attempts = record.attempts + 1
                if attempts < ATTEMPTS:
                    self._note(replace(record, state="waiting", page=0, attempts=attempts))
                else:
                    self._fail(
                        replace(record, attempts=attempts), ConverterCrashed(name=record.name, attempts=attempts)
                    )
            except (PinciteError, Stopped):
                raise
            except Exception:  # noqa: BLE001 (one document's unforeseen fault is its own: the worker goes on)
                reference = uuid.uuid4().hex[:6]
                _log.exception("ref %s: ingest of %s", reference, record.id)
                self._note(replace(record, state="failed", reason=f"Something went wrong (ref {reference})."))

    def _give_back(self, record: DocumentRecord) -> None:
        self._library.jobs.give_back(record)
        self._tell(replace(record, state="waiting", page=0, attempts=0))

    def _fail(self, record: DocumentRecord, error: PinciteError) -> None:
        if record.pages:  # it may have been ready once, and what the indexes have of it would be found
            self._indexes.remove(record.matter_id, record.id)
        self._note(replace(record, state="failed", characters=0, reason=f"{error} {error.hint}".strip()))

    def _note(self, record: DocumentRecord) -> DocumentRecord:
        self._library.jobs.save(record)
        self._tell(record)
        return record

    def _tell(self, record: DocumentRecord) -> None:
        if self._on_change is None:
            return
        try:
            self._on_change(record)
        except Exception:  # noqa: BLE001 (whoever follows must not stop the work)
            _log.exception("whoever follows the ingest failed on %s", record.id)


def _what_is_missing(document: Document) -> str | None:
    """A sentence for a document that cannot be searched, or not all of it."""
    unreadable, pages = len(document.unreadable_pages), len(document.pages)
    if not document.text.strip():
        return f"“{document.name}” carries no text that can be searched; it may be a scan."
    if unreadable:
        return f"{unreadable} of {pages} pages show something but carry no text that can be searched."
    return None
