"""Ingests documents: bytes → Document → Facts + [Chunk] → float32[n, dim] → vectors + lexical → ready.

A worker thread takes one document through all steps (`Ingest._ingest`); reading and chunking run in a process of the
thread's own, embedding and indexing in this one. The job's row holds the progress of a document, which is "ready" only
after both indexes have it. So a crash at any point leaves a row that `repair` queues again, and each step is
idempotent.
"""

import logging
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.core.documents import Document, ReadingWarning
from retrieval.core.errors import (
    ConverterCrashed,
    MatterFull,
    NoSuchDocument,
    NotAllRead,
    OriginalMissing,
    PinciteError,
    TooMuchText,
    UnreadableFile,
)
from retrieval.core.limits import Limits
from retrieval.core.page_numbers import not_read
from retrieval.ingest_members import take_members
from retrieval.ingest_workers import Converter, Converters, Stopped, Workers
from retrieval.library.jobs import JobLost
from retrieval.library.library import Allows, Library
from retrieval.library.schema import DocumentRecord
from retrieval.reading.converter_process import Converted, ConverterDied, ConverterProcess
from retrieval.reading.formats import FORMATS
from retrieval.search.indexes import Indexes
from retrieval.search.lexical import OPENING

if TYPE_CHECKING:
    from retrieval.search.embedder import Embedder
    from retrieval.search.lexical import Lexical
    from retrieval.search.vectors import Vectors

ATTEMPTS = 3  # a converter that dies on the same file for the third time will die on it again
PROGRESS_S = 0.2  # between two saves of the progress; each is a write to the disk
# Chunks per batch, enough that some are nearly equally long; between batches progress is saved and `stop` takes effect.
EMBEDDED_AT_ONCE = 128

OnChange = Callable[[DocumentRecord], None]

_log = logging.getLogger(__name__)


class Ingest:
    """Ingest pipeline: indexes waiting documents, and keeps the indexes consistent with the library."""

    def __init__(
        self,
        library: Library,
        vectors: "Vectors",
        lexical: "Lexical",
        embedder: "Embedder",
        *,
        workers: int | Converters = 2,
        limits: Limits | None = None,
    ) -> None:
        """`workers`: documents read at once, each in a process of its own, or where else they are converted; `limits`
        of each document.
        """
        self._library = library
        self._indexes = Indexes(library, vectors, lexical, embedder)
        self._embedder = embedder
        self._limits = limits or Limits()
        # What is asked, in a matter, about each file that is found within another; for whoever has quotas.
        self.members_allowed: Callable[[str], Allows | None] = lambda _matter_id: None
        self.walled = False  # no matter may learn of another, not even by how soon a file that both have is read
        # Ready documents, by matter and id, whose facts are to be found, and those to be put in the word index again.
        self._without_facts: deque[tuple[str, str]] = deque()
        self._beside_removed: deque[tuple[str, str]] = deque()
        self._rewriting: set[tuple[str, str]] = set()  # of the latter, those at work
        count = workers if isinstance(workers, int) else workers.count
        converter = partial(ConverterProcess, self._limits) if isinstance(workers, int) else workers.converter
        self._workers = Workers(
            count, partial(self._claim, count), self._attempt, self._give_back, library.jobs.renew, converter
        )
        self._on_change: OnChange | None = None

    # The work

    def run(self, on_change: OnChange | None = None) -> None:
        """Ingest until no document waits. `on_change` is called for each step of each document, in the worker's thread.

        Raises StoreUnavailable, DataFolderUnusable or EmbedderUnavailable; unfinished documents then wait again, as
        after Ctrl-C. A file that cannot be read raises nothing: its record says "failed" and why.
        """
        self._on_change = on_change
        self._workers.run()

    def start(self, on_change: OnChange | None = None) -> None:
        """Ingest in the background until `stop`, also documents that are accepted later (see `wake`).

        If a store or the embedding model is unavailable, that is logged, and tried again every half minute.
        """
        self._on_change = on_change
        self._workers.start()

    def wake(self) -> None:
        """Notify the workers of a new document."""
        self._workers.wake()

    def stop(self) -> None:
        """Stop within seconds; unfinished documents wait again."""
        self._workers.stop()

    # What waits

    def pause(self, matter_id: str, document_id: str | None = None) -> int:
        """Pause a document, or all of a matter that are not ingested yet, also at work; returns how many."""
        return self._library.jobs.pause(matter_id, document_id)

    def resume(self, matter_id: str, document_id: str | None = None) -> int:
        """Queue paused documents again; returns how many."""
        return self._woken(self._library.jobs.resume(matter_id, document_id))

    def retry(self, matter_id: str, document_id: str | None = None) -> int:
        """Queue failed documents again; returns how many."""
        return self._woken(self._library.jobs.retry(matter_id, document_id))

    def _woken(self, queued: int) -> int:
        self.wake()
        return queued

    # The indexes and the library

    def repair(self) -> int:
        """Repair what a crash left; call it once, before any work. Returns the number of waiting documents.

        Interrupted jobs wait again, half-deleted matters and files without a document are deleted, and both indexes of
        each matter are compared with the library (`Indexes.repair`). What an older version read or found is made again
        in the background: a document whose converter is newer than its text waits to be read, and one whose facts are
        missing stays ready while they are found.
        """
        self._library.sweep()
        self._library.jobs.put_back()
        for matter_id in self._library.retired_matters():
            self._delete(matter_id)
        for matter in self._library.matters():
            self._indexes.repair(matter.id)
            self._read_again(matter.id)
        self._without_facts.extend(sorted(self._library.without_facts()))
        self._find_beside_removed()
        return self._library.jobs.at_work()

    def compact(self) -> bool:
        """Overwrite what was removed from the indexes, so that its words are in no file any more.

        The word index is written anew in the background, after all other work: False until it has been.
        """
        if not self._beside_removed and not self._rewriting:
            self._find_beside_removed()
            if not self._beside_removed:
                self._indexes.compact()
                return True
            self.wake()
        return False

    def _find_beside_removed(self) -> None:
        for matter in self._library.matters():
            ids = self._indexes.beside_removed(matter.id)
            self._beside_removed.extend((matter.id, document_id) for document_id in sorted(ids))

    def _read_again(self, matter_id: str) -> None:
        """Queue the documents whose text an older converter made."""
        newest = max(row.version for row in FORMATS.values())
        for record in self._library.documents(matter_id):
            older = record.state == "ready" and record.text_version < newest
            if older and record.text_version < self._library.converter_version(record):  # its first bytes are read
                self._library.jobs.try_again(record)

    def reindex(self, matter_id: str | None = None) -> int:
        """Drop the indexes of one matter, or of all, and queue its documents; returns the number of waiting documents.

        `run`, or the background ingest, then rebuilds them from the stored text. Raises NoSuchMatter.
        """
        matters = self._library.matters() if matter_id is None else [self._library.matter(matter_id)]
        for matter in matters:
            self._indexes.make_anew(matter.id)
        self.wake()
        return self._library.jobs.at_work()

    def remove(self, matter_id: str, document_id: str) -> None:
        """Remove a document from the library and both indexes, also while it is being read. Raises NoSuchDocument."""
        self._library.remove(matter_id, document_id)
        self._indexes.remove(matter_id, document_id)

    def delete_matter(self, matter_id: str) -> None:
        """Delete a matter with everything in it; it is hidden at once. Raises NoSuchMatter."""
        self._library.retire_matter(matter_id)
        self._delete(matter_id)

    def _delete(self, matter_id: str) -> None:
        self._indexes.drop(matter_id)
        self._library.delete_matter(matter_id)

    # One document

    def _claim(self, workers: int) -> DocumentRecord | None:
        """Claim the document whose turn it is; where none waits, a ready one that something is to be made again of."""
        claimed = self._library.jobs.claim(workers)
        for waiting in (self._without_facts, self._beside_removed):
            while claimed is None and waiting:
                with suppress(NoSuchDocument, IndexError):  # it was removed meanwhile, or another thread was faster
                    record = self._library.record(*waiting.popleft())
                    claimed = record if record.state == "ready" else None
                    if claimed and waiting is self._beside_removed:
                        self._rewriting.add((record.matter_id, record.id))
        return claimed

    def _put_words_again(self, record: DocumentRecord, converter: Converter) -> None:
        if not self._indexes.has_removed(record.matter_id):
            return  # a segment is written anew when there are several small ones, too
        document = self._library.text(record)
        if document is not None:
            conversion = converter.cut(document)
            self._indexes.put_words(record, document.text[:OPENING], conversion.chunks, conversion.texts)

    def _find_facts(self, record: DocumentRecord, converter: Converter) -> None:
        document = self._library.text(record)
        if document is not None:
            self._library.keep_facts(record, document, converter.cut(document, chunks=False).facts)

    def _ingest(self, record: DocumentRecord, converter: Converter) -> None:
        row = FORMATS[record.format]
        is_known = record.pages > 0 or not self.walled  # else its time would tell that another matter has the same file
        stored = self._library.text_to_index(record) if row.convert and is_known else None
        attachments = _of_attachments(record)
        data = b""
        if stored is None or (row.members and not record.pages):  # else they were taken out when it was read here
            try:
                data = self._library.original(record.matter_id, record.id)
            except OriginalMissing:
                if stored is None:
                    raise
            else:
                allows = self.members_allowed(record.matter_id)
                attachments = take_members(self._library, record, data, converter, allows)
                self.wake()
        if row.convert is None:
            self.remove(record.matter_id, record.id)
            return
        conversion = self._convert(record, data, converter) if stored is None else converter.cut(stored)
        self._index(record, conversion, attachments)

    def _index(self, record: DocumentRecord, conversion: Converted, attachments: tuple[ReadingWarning, ...]) -> None:
        document = conversion.document
        self._library.keep_facts(record, document, conversion.facts)
        record = self._save(
            replace(
                record,
                state="indexing",
                page=0,
                pages=len(document.pages),
                unreadable_pages=document.unreadable_pages,
                partly_read_pages=document.partly_read_pages,
                recognised_pages=document.recognised_pages,
                # A converter may tell of attachments too, and did so when the document was indexed before.
                reading_warnings=tuple(dict.fromkeys((*document.warnings, *attachments))),
                characters=len(document.text),
            )
        )
        if self._room(record) < record.characters:  # another document was read meanwhile, or the text was stored before
            raise MatterFull(name=record.name, limit=self._limits.matter_characters)
        vectors = self._embed(record, conversion)
        record = replace(
            record,
            state="ready",
            page=record.pages,
            reason=_missing_text(document),
            text_version=document.version,
        )
        self._indexes.put(
            record, document.text[:OPENING], conversion.chunks, conversion.texts, vectors, self._workers.go_on
        )
        self._notify(record)

    def _convert(self, record: DocumentRecord, data: bytes, converter: Converter) -> Converted:
        saved_at = float("-inf")  # the first page is saved at once, with the number of pages

        def on_page(page: int, pages: int) -> None:
            nonlocal saved_at
            self._workers.go_on()
            if monotonic() - saved_at >= PROGRESS_S:
                self._save(replace(record, page=page, pages=pages))
                saved_at = monotonic()

        room = self._room(record)
        try:
            conversion = converter.convert(
                data,
                name=record.name,
                document_id=record.id,
                on_page=on_page,
                max_characters=min(room, self._limits.characters),
                # Page labels are optional, and a hostile file may crash the converter with them.
                labels=not record.attempts,
            )
        except TooMuchText as error:
            if room < self._limits.characters:
                raise MatterFull(name=record.name, limit=self._limits.matter_characters) from error
            raise
        self._library.keep_text(record, conversion.document)
        return conversion

    def _room(self, record: DocumentRecord) -> int:
        """Characters that the matter may hold beside its other documents."""
        return max(0, self._limits.matter_characters - self._library.characters(record.matter_id, record.id))

    def _embed(self, record: DocumentRecord, conversion: Converted) -> NDArray[np.float32]:
        """Embeddings of the chunks, float32[len(chunks), dimension]."""
        vectors = np.zeros((len(conversion.chunks), self._embedder.dimension), np.float32)
        for start in range(0, len(conversion.chunks), EMBEDDED_AT_ONCE):
            self._workers.go_on()
            batch = conversion.texts[start : start + EMBEDDED_AT_ONCE]
            vectors[start : start + len(batch)] = self._embedder.passages(batch)
            last = conversion.chunks[start + len(batch) - 1]
            self._save(replace(record, page=conversion.document.page_at(last.span.start).number))
        return vectors

    def _attempt(self, record: DocumentRecord, converter: Converter) -> None:
        """Attempt one document; an error of the file is saved in its record."""
        with suppress(NoSuchDocument, JobLost):  # removed or paused meanwhile: there is no record to save to
            try:
                if record.state == "ready":
                    self._make_again(record, converter)
                    self._workers.go_on()
                    return
                self._notify(record)
                self._ingest(record, converter)
            except UnreadableFile as error:
                self._give_up(record, converter, error)
            except ConverterDied as error:
                self._workers.go_on()
                _log.warning("the converter died on %s: %s", record.id, error)
                attempts = record.attempts + 1
                if attempts < ATTEMPTS:
                    self._save(replace(record, state="waiting", page=0, attempts=attempts))
                else:
                    record = replace(record, attempts=attempts)
                    self._give_up(record, converter, ConverterCrashed(name=record.name, attempts=attempts))
            except (PinciteError, Stopped):
                raise
            except Exception:  # noqa: BLE001 (an unforeseen error of one document must not stop the worker)
                reference = uuid.uuid4().hex[:6]
                _log.exception("ref %s: ingest of %s", reference, record.id)
                self._rewriting.discard((record.matter_id, record.id))
                if record.state != "ready":
                    self._save(replace(record, state="failed", reason=f"Something went wrong (ref {reference})."))

    def _make_again(self, record: DocumentRecord, converter: Converter) -> None:
        """Find the facts of a ready document, or put it in the word index again."""
        key = record.matter_id, record.id
        with suppress(
            UnreadableFile, ConverterDied
        ):  # facts are found when they are asked for, words at the next start
            if key in self._rewriting:
                self._put_words_again(record, converter)
            else:
                self._find_facts(record, converter)
        self._rewriting.discard(key)

    def _give_back(self, record: DocumentRecord) -> None:
        if record.state == "ready":
            key = record.matter_id, record.id
            (self._beside_removed if key in self._rewriting else self._without_facts).append(key)
            self._rewriting.discard(key)
            return
        self._library.jobs.give_back(record)
        self._notify(replace(record, state="waiting", page=0, attempts=0))

    def _give_up(self, record: DocumentRecord, converter: Converter, error: PinciteError) -> None:
        """Keep a file that cannot be read as an older version read it, or else save what is wrong with it."""
        older = self._library.text(record) if record.pages else None
        if older is not None:
            with suppress(UnreadableFile, ConverterDied):
                self._index(record, converter.cut(older), _of_attachments(record))
                _log.warning("%s stays as version %d read it: %s", record.id, older.version, type(error).__name__)
                return
        self._fail(record, error)

    def _fail(self, record: DocumentRecord, error: PinciteError) -> None:
        if record.pages:  # it may have been ready before, and its index entries would still be found
            self._indexes.remove(record.matter_id, record.id)
        if isinstance(error, NotAllRead):
            record = replace(record, reading_warnings=(ReadingWarning(None, "attachments", str(error)),))
        self._save(replace(record, state="failed", characters=0, reason=f"{error} {error.hint}".strip()))

    def _save(self, record: DocumentRecord) -> DocumentRecord:
        self._library.jobs.save(record)
        self._notify(record)
        return record

    def _notify(self, record: DocumentRecord) -> None:
        if self._on_change is None:
            return
        try:
            self._on_change(record)
        except Exception:  # noqa: BLE001 (a callback must not stop the work)
            _log.exception("whoever follows the ingest failed on %s", record.id)


def _of_attachments(record: DocumentRecord) -> tuple[ReadingWarning, ...]:
    """What was said of the files within a document when it was read before."""
    return tuple(warning for warning in record.reading_warnings if warning.kind == "attachments")


def _missing_text(document: Document) -> str | None:
    """Sentence for a document that has no searchable text, or pages without any."""
    if not document.text.strip():
        return f"“{document.name}” has no text that can be searched; it may be a scan."
    return not_read(document.unreadable_pages, document.partly_read_pages) or None
