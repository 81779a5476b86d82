"""Keeps both indexes, vectors and words, equal to the ready documents of the library.

The library is the record; what stands here can be dropped and made again. One lock lies over all changes: tantivy has
one writer, and no document may be removed while it is being added.
"""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.library.library import Library
from retrieval.library.schema import DocumentRecord
from retrieval.search.vectors import VECTORS_VERSION
from retrieval.structure.chunks import CHUNKER_VERSION, Chunk

if TYPE_CHECKING:
    from retrieval.search.embedder import Embedder
    from retrieval.search.lexical import Lexical
    from retrieval.search.vectors import Vectors

_AT_ONCE = 1_000  # vectors added between two looks at whether the work is to end


class Indexes:
    """Both indexes as `Ingest` fills and repairs them; searching asks the two themselves."""

    def __init__(self, library: Library, vectors: "Vectors", lexical: "Lexical", embedder: "Embedder") -> None:
        self._library = library
        self._vectors = vectors
        self._lexical = lexical
        self._embedder = embedder
        self._lock = threading.Lock()

    def put(
        self,
        record: DocumentRecord,
        opening: str,
        chunks: Sequence[Chunk],
        texts: Sequence[str],
        vectors: NDArray[np.float32],
        go_on: Callable[[], None],
    ) -> None:
        """Index these chunks of a document in both, and no others; then save its record, which says that it is ready.

        `opening`: the document's first words, which name it; `vectors`: float32[len(chunks), dimension]. `go_on` is
        called between steps of a second; what it raises leaves a part, which the next attempt replaces. Raises
        NoSuchDocument when it has been removed meanwhile.
        """
        with self._lock:
            self._library.record(record.matter_id, record.id)
            if self._library.indexed_with(record.matter_id) is None:
                self._library.set_indexed_with(record.matter_id, self._versions())
            self._vectors.remove(record.matter_id, record.id)
            if chunks:
                for start in range(0, len(chunks), _AT_ONCE):
                    go_on()
                    self._vectors.add(
                        record.matter_id, chunks[start : start + _AT_ONCE], vectors[start : start + _AT_ONCE]
                    )
                go_on()
                self._lexical.add(record.matter_id, f"{record.name}\n{opening}", chunks, texts)
            else:
                self._lexical.remove(record.matter_id, record.id)
            self._library.jobs.save(record)

    def put_words(self, record: DocumentRecord, opening: str, chunks: Sequence[Chunk], texts: Sequence[str]) -> None:
        """Add a document that is ready to the word index again, as `put` did. Raises NoSuchDocument."""
        with self._lock:
            if chunks and self._library.record(record.matter_id, record.id).state == "ready":
                self._lexical.add(record.matter_id, f"{record.name}\n{opening}", chunks, texts)

    def beside_removed(self, matter_id: str) -> set[str]:
        """List the ids of the documents to `put_words` of, so that no word of a removed one is left in an index."""
        return self._lexical.beside_removed(matter_id)

    def has_removed(self, matter_id: str) -> bool:
        """Whether words of documents that were removed may still be in the word index."""
        return self._lexical.has_removed(matter_id)

    def compact(self) -> None:
        """Overwrite what was removed from the vector store."""
        with self._lock:
            self._vectors.compact()

    def remove(self, matter_id: str, document_id: str) -> None:
        """Remove a document from both; the library has removed it first."""
        with self._lock:
            self._take_out(matter_id, document_id)

    def drop(self, matter_id: str) -> None:
        """Delete a matter's indexes."""
        with self._lock:
            self._vectors.drop(matter_id)
            self._lexical.drop(matter_id)

    def make_anew(self, matter_id: str) -> None:
        """Rebuild a matter's indexes: drop them and requeue its documents."""
        versions = self._versions()  # first: a model that is away must not cost the indexes that are there
        with self._lock:
            self._vectors.drop(matter_id)
            self._lexical.drop(matter_id)
            self._library.jobs.index_again(matter_id)
            # Last: a crash before it drops and queues once more, and never mixes vectors of two models.
            self._library.set_indexed_with(matter_id, versions)

    def repair(self, matter_id: str) -> None:
        """Repair both: remove what belongs to no ready document, and requeue ready documents that are not in both.

        A matter that was indexed under another chunker or search model, or whose vectors were stored in another way, is
        made anew.
        """
        if self._library.indexed_with(matter_id) not in (None, self._versions()):
            self.make_anew(matter_id)
            return
        ready = {r.id: r for r in self._library.documents(matter_id) if r.state == "ready"}
        with self._lock:
            in_both = self._vectors.document_ids(matter_id), self._lexical.document_ids(matter_id)
            for document_id in (in_both[0] | in_both[1]) - ready.keys():
                self._take_out(matter_id, document_id)
        for document_id in ready.keys() - (in_both[0] & in_both[1]):
            if self._has_words(ready[document_id]):
                self._library.jobs.try_again(ready[document_id])

    def _take_out(self, matter_id: str, document_id: str) -> None:
        self._vectors.remove(matter_id, document_id)
        self._lexical.remove(matter_id, document_id)

    def _has_words(self, record: DocumentRecord) -> bool:
        document = self._library.text(record)
        return document is None or bool(document.text.strip())

    def _versions(self) -> str:
        return f"chunks {CHUNKER_VERSION}, vectors {VECTORS_VERSION}, {self._embedder.version}"
