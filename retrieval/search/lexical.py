"""Word index: BM25 over the stems of chunks, in tantivy; one index a matter.

Queries are built term by term. A person's text never reaches tantivy's query parser, which rejects much of it.
"""

import json
import math
import shutil
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Literal

import tantivy

from retrieval.core.errors import StoreUnavailable
from retrieval.structure.chunks import Chunk
from retrieval.structure.scripts import spaced

_HEAP_BYTES = 15_000_000  # tantivy's least for a writer; a document is far below it
_MOST_ALIKE = 10_000  # chunks that are told to have the same words
OPENING = 3_000  # characters in which a contract names itself and its parties

# Two indexes, since BM25 weighs by how many rows there are and how long they are: a row for each chunk, and a row for
# the opening of each document.
_Kind = Literal["chunks", "openings"]
_KINDS: tuple[_Kind, ...] = ("chunks", "openings")
_STOP_WORDS = (
    "a an and any are as at be been but by can could do does for from had has have how i if in into is it its may me"
    " of on or our shall should so such than that the their them then there these they this those to under upon us was"
    " we were what when where which who whom whose why will with would you your contract agreement"
)


def stems_of(text: str) -> list[str]:
    """The words of a text as the index holds them, words that say nothing left out."""
    return [stem for stem in _analyzer().analyze(spaced(text)) if stem not in _stop_stems()]


def rarity(holding: int, of: int) -> float:
    """Inverse document frequency as BM25 has it, ln(1 + (N − n + ½) / (n + ½)), of a stem that n of N texts hold."""
    return math.log(1 + (of - holding + 0.5) / (holding + 0.5))


class Lexical:
    """The word index. Raises StoreUnavailable where tantivy fails."""

    def __init__(self, folder: Path) -> None:
        """Keep one index a matter below `folder`."""
        self.folder = folder
        self._indexes: dict[tuple[str, _Kind], tantivy.Index] = {}
        self._lock = threading.Lock()  # tantivy allows one writer an index

    def add(self, matter_id: str, opening: str, chunks: Sequence[Chunk], texts: Sequence[str]) -> None:
        """Add a document: the words in which it names itself, its chunks, and the words each is found by.

        What was there of it is replaced, in the same commit: each waits for the disk.
        Raises ValueError for chunks of several documents.
        """
        if len(chunks) != len(texts):
            raise ValueError(f"chunks ({len(chunks)}) do not match texts ({len(texts)})")
        (document_id,) = {c.span.document_id for c in chunks}
        with self._writer(matter_id, "openings") as writer:
            writer.delete_documents_by_term("document_id", document_id)
            writer.add_document(tantivy.Document(document_id=document_id, body=spaced(opening)))
        with self._writer(matter_id, "chunks") as writer:
            writer.delete_documents_by_term("document_id", document_id)
            for c, text in zip(chunks, texts, strict=True):
                row = {"id": c.id, "document_id": document_id, "words": c.words, "body": spaced(text)}
                writer.add_document(tantivy.Document(**row))

    def remove(self, matter_id: str, document_id: str) -> None:
        """Remove a document's chunks; nothing happens where there are none."""
        for kind in _KINDS:
            with self._writer(matter_id, kind) as writer:
                writer.delete_documents_by_term("document_id", document_id)

    def drop(self, matter_id: str) -> None:
        """Delete a matter's indexes."""
        with self._lock, _mapped():
            for kind in _KINDS:
                self._indexes.pop((matter_id, kind), None)
            shutil.rmtree(self.folder / matter_id, ignore_errors=True)

    def has_removed(self, matter_id: str) -> bool:
        """Whether words of documents that were removed may still be in a segment of the matter's indexes."""
        with self._lock:
            return any(self._segments_with_removed(matter_id, kind) for kind in _KINDS)

    def beside_removed(self, matter_id: str) -> set[str]:
        """List the ids of the documents that share a segment with one that was removed.

        tantivy keeps the words of deleted rows until it writes a segment anew, and drops one that has no others. When
        these documents have been added again, the segments are gone.
        """
        found: set[str] = set()
        with self._lock, _mapped():
            for kind in _KINDS:
                if segments := self._segments_with_removed(matter_id, kind):
                    searcher = self._index(matter_id, kind).searcher()
                    hits = searcher.search(tantivy.Query.all_query(), max(1, searcher.num_docs), count=False).hits
                    found |= {str(searcher.doc(at)["document_id"][0]) for _, at in hits if at.segment_ord in segments}
        return found

    def _segments_with_removed(self, matter_id: str, kind: "_Kind") -> set[int]:
        """Places of the segments that have deleted rows, as the index's file of segments (meta.json) lists them."""
        file = self.folder / matter_id / kind / "meta.json"
        if not file.exists():
            return set()
        segments = json.loads(file.read_text("utf-8"))["segments"]
        return {place for place, segment in enumerate(segments) if segment["deletes"]}

    def query(
        self, matter_id: str, stems: Mapping[str, float], document_ids: Collection[str] | None, k: int
    ) -> dict[Chunk, float]:
        """Find the k chunks with the highest BM25 for weighted stems (of `stems_of`), in some documents or in all."""
        with _mapped():
            index = self._index(matter_id, "chunks")
            term = partial(tantivy.Query.term_query, index.schema, "body")
            wanted = [tantivy.Query.boost_query(term(stem), weight) for stem, weight in stems.items()]
            if not wanted or (document_ids is not None and not document_ids):
                return {}
            query = _within(index.schema, wanted, "document_id", document_ids)
            searcher = index.searcher()
            return {_chunk(searcher.doc(at)): score for score, at in searcher.search(query, k, count=False).hits}

    def documents(
        self, matter_id: str, stems: Collection[str], document_ids: Collection[str] | None, k: int
    ) -> dict[str, float]:
        """Find the k documents whose name and opening have the highest BM25 for some stems, by id."""
        with _mapped():
            index = self._index(matter_id, "openings")
            term = partial(tantivy.Query.term_query, index.schema, "body")
            if not stems or (document_ids is not None and not document_ids):
                return {}
            query = _within(index.schema, [term(stem) for stem in stems], "document_id", document_ids)
            searcher = index.searcher()
            hits = searcher.search(query, k, count=False).hits
            return {str(searcher.doc(at)["document_id"][0]): score for score, at in hits}

    def same_words(self, matter_id: str, chunk: Chunk, document_ids: Collection[str] | None = None) -> list[Chunk]:
        """Find chunks of other documents, of some or of all, with the same words under the same headings;
        in reading order.
        """
        with _mapped():
            index = self._index(matter_id, "chunks")
            equal = tantivy.Query.term_query(index.schema, "words", chunk.words)
            query = _within(index.schema, [equal], "document_id", document_ids)
            searcher = index.searcher()
            found = [_chunk(searcher.doc(at)) for _, at in searcher.search(query, _MOST_ALIKE, count=False).hits]
        return sorted((c for c in found if c.span.document_id != chunk.span.document_id), key=lambda c: c.span)

    def chunks_of(self, matter_id: str, document_id: str) -> list[Chunk]:
        """List the chunks of a document in reading order."""
        with _mapped():
            index = self._index(matter_id, "chunks")
            searcher = index.searcher()
            own = tantivy.Query.term_query(index.schema, "document_id", document_id)
            hits = searcher.search(own, max(1, searcher.num_docs), count=False).hits
            return sorted((_chunk(searcher.doc(at)) for _, at in hits), key=lambda c: c.span)

    def document_ids(self, matter_id: str) -> set[str]:
        """List the ids of the documents that have chunks here."""
        with _mapped():
            searcher = self._index(matter_id, "chunks").searcher()
            if searcher.num_docs == 0:
                return set()
            hits = searcher.search(tantivy.Query.all_query(), searcher.num_docs, count=False).hits
            return {str(searcher.doc(at)["document_id"][0]) for _, at in hits}

    def close(self) -> None:
        """Close the indexes."""
        self._indexes.clear()

    def rarity(self, matter_id: str, stems: Collection[str], kind: "_Kind" = "chunks") -> dict[str, float]:
        """The `rarity` of stems over the matter's chunks, or over the openings of its documents."""
        with _mapped():
            searcher = self._index(matter_id, kind).searcher()
            return {stem: rarity(searcher.doc_freq("body", stem), searcher.num_docs) for stem in stems}

    def held(self, matter_id: str, stems: Collection[str]) -> dict[str, int]:
        """Count the chunks of the matter that hold each of some stems."""
        with _mapped():
            searcher = self._index(matter_id, "chunks").searcher()
            return {stem: searcher.doc_freq("body", stem) for stem in stems}

    def stems_with(self, matter_id: str, prefix: str, limit: int) -> list[str]:
        """List the stems of the matter's chunks that begin with a prefix, those of most chunks first."""
        with _mapped():
            searcher = self._index(matter_id, "chunks").searcher()
            return [str(stem) for stem, _ in searcher.terms_with_prefix("body", prefix, limit=limit)]

    def share(self, matter_id: str, stems: Mapping[str, float], chunks: Collection[Chunk]) -> float:
        """The greatest share of weighted stems that one of some chunks holds, in [0, 1], rarer ones counting more.

        The index knows which chunk holds which stem; to read it from the text takes the outline of the whole document.
        """
        worth = {stem: stems[stem] * rarity for stem, rarity in self.rarity(matter_id, stems).items()}
        if not worth or not chunks:
            return 0.0
        with _mapped():
            index = self._index(matter_id, "chunks")
            term = partial(tantivy.Query.term_query, index.schema, "body")
            held = [tantivy.Query.const_score_query(term(stem), value) for stem, value in worth.items()]
            query = _within(index.schema, held, "id", [c.id for c in chunks])
            found = index.searcher().search(query, 1, count=False).hits
        return min(1.0, found[0][0] / sum(worth.values())) if found else 0.0  # tantivy adds in float32

    def _index(self, matter_id: str, kind: "_Kind") -> tantivy.Index:
        if (matter_id, kind) not in self._indexes:
            folder = self.folder / matter_id / kind
            folder.mkdir(parents=True, exist_ok=True)
            index = tantivy.Index(_schema(), path=str(folder), reuse=True)
            index.register_tokenizer("stems", _analyzer())
            self._indexes[matter_id, kind] = index
        return self._indexes[matter_id, kind]

    @contextmanager
    def _writer(self, matter_id: str, kind: "_Kind") -> Iterator[tantivy.IndexWriter]:
        with self._lock, _mapped():
            index = self._index(matter_id, kind)
            writer = index.writer(heap_size=_HEAP_BYTES, num_threads=1)
            yield writer
            writer.commit()
            writer.wait_merging_threads()
            index.reload()


def _within(
    schema: tantivy.Schema, any_of: list[tantivy.Query], field: str, ids: Collection[str] | None
) -> tantivy.Query:
    """Any of the queries, scored by their sum, in the rows with one of these ids or in all."""
    query = tantivy.Query.boolean_query([(tantivy.Occur.Should, q) for q in any_of])
    if ids is None:
        return query
    scope = tantivy.Query.term_set_query(schema, field, list(ids))
    unscored = tantivy.Query.const_score_query(scope, 0.0)
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, unscored)])


def _schema() -> tantivy.Schema:
    fields = tantivy.SchemaBuilder()
    fields.add_text_field("id", stored=True, tokenizer_name="raw")
    fields.add_text_field("document_id", stored=True, tokenizer_name="raw")
    fields.add_text_field("words", tokenizer_name="raw")
    fields.add_text_field("body", tokenizer_name="stems")
    return fields.build()


@cache
def _stop_stems() -> frozenset[str]:
    return frozenset(_analyzer().analyze(_STOP_WORDS))


@cache
def _analyzer() -> tantivy.TextAnalyzer:
    plain = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.lowercase())
    return plain.filter(tantivy.Filter.ascii_fold()).filter(tantivy.Filter.stemmer("English")).build()


def _chunk(row: tantivy.Document) -> Chunk:
    return Chunk.of(row["id"][0])


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError, RuntimeError) as error:  # tantivy's faults arrive as ValueError
        raise StoreUnavailable(store="word index") from error
