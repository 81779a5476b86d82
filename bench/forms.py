"""How much of a matter can be found by meaning when its contracts are all on one form.

    python -m bench.forms LABELS [--documents 100 300 600]

Each document has the first clauses of one contract, the same in all, and some of another contract's, which no other
has. Two stores hold them: Chroma with its own settings, and ours. Each clause of some documents is then sought by its
own vector, so that an exact search would find all: among its document's only, and among the whole matter's.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import chromadb
import numpy as np
from numpy.typing import NDArray

from retrieval.core.documents import Span
from retrieval.reading.pdf import read_pdf
from retrieval.search.embedder import LocalEmbedder
from retrieval.search.search import CANDIDATES
from retrieval.search.vectors import Vectors
from retrieval.structure.chunks import Chunk, cut

FORM, OWN = 80, 20  # clauses of a document
ASKED = 40  # documents whose clauses are sought


class Plain:
    """Chroma as it comes, but for cosines and as wide a search as ours."""

    def __init__(self, where: Path) -> None:
        self._client: Any = chromadb.PersistentClient(str(where))

    def add(self, matter_id: str, chunks: Sequence[Chunk], vectors: NDArray[np.float32]) -> None:
        """As Vectors.add."""
        rows = [{"document_id": c.span.document_id} for c in chunks]
        self._collection(matter_id).upsert(ids=[c.id for c in chunks], embeddings=vectors, metadatas=rows)

    def query(self, matter_id: str, vector: NDArray[np.float32], document_ids: list[str] | None, k: int) -> set[str]:
        """As Vectors.query, but for what comes back: ids of chunks."""
        where = document_ids and {"document_id": {"$in": document_ids}}
        found = self._collection(matter_id).query(
            query_embeddings=[vector], n_results=k, where=where, include=["metadatas", "distances"]
        )
        return set(found["ids"][0])

    def close(self) -> None:
        """As Vectors.close."""
        self._client.close()

    def _collection(self, matter_id: str) -> Any:
        space = {"hnsw": {"space": "cosine", "ef_search": CANDIDATES}}
        return self._client.get_or_create_collection(matter_id, configuration=space, embedding_function=None)


def main() -> None:
    """Fill both, seek, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--documents", type=int, nargs="+", default=[100, 300, 600])
    given = parser.parse_args()
    most = max(given.documents)
    vectors = _clauses(sorted((given.labels / "pdf").glob("*.pdf")), FORM + OWN * most)
    form, own = vectors[:FORM], vectors[FORM:].reshape(most, OWN, -1)
    print("documents  store    filled in  one document: found, ms   whole matter, own clauses: found, ms")
    for documents in given.documents:
        for name, store in (("Chroma", Plain), ("pincite", Vectors)):
            with tempfile.TemporaryDirectory() as folder, closing(store(Path(folder))) as opened:
                began = perf_counter()
                for n in range(documents):
                    opened.add("forms", _chunks(n), np.concatenate([form, own[n]]))
                filled = perf_counter() - began
                inside, outside = _seek(opened.query, form, own[:documents])
            print(f"{documents:9}  {name:7} {filled:8.1f} s     {inside}            {outside}", flush=True)


def _clauses(files: Sequence[Path], count: int) -> NDArray[np.float32]:
    """Vectors of so many clauses no two of which are equal, float32[count, dimension]."""
    embedder = LocalEmbedder()
    texts: dict[str, None] = {}
    for file in files:
        document = read_pdf(file.read_bytes(), name=file.name, document_id=file.stem)
        texts.update(dict.fromkeys(text for _, text in cut(document)))
        if len(texts) >= count:
            return embedder.passages(list(texts)[:count])
    raise SystemExit(f"{len(texts):,} clauses in these contracts are too few; {count:,} are wanted.")


def _chunks(n: int) -> list[Chunk]:
    return [Chunk(Span(f"{n:064x}", i, i + 1), "") for i in range(FORM + OWN)]


def _seek(query: Callable[..., Any], form: NDArray[np.float32], own: NDArray[np.float32]) -> tuple[str, str]:
    def found(only_inside: bool) -> Iterator[tuple[bool, float]]:
        for n in range(0, len(own), max(1, len(own) // ASKED)):
            chunks, vectors = _chunks(n), np.concatenate([form, own[n]])
            scope, first = ([chunks[0].span.document_id], 0) if only_inside else (None, FORM)
            for sought, vector in zip(chunks[first:], vectors[first:], strict=True):
                began = perf_counter()
                hits = query("forms", vector, scope, CANDIDATES)
                yield sought in hits or sought.id in hits, perf_counter() - began

    def told(results: list[tuple[bool, float]]) -> str:
        share = sum(was_found for was_found, _ in results) / len(results)
        return f"{share:6.1%} {1000 * median(seconds for _, seconds in results):5.1f}"

    return told(list(found(True))), told(list(found(False)))


if __name__ == "__main__":
    main()
