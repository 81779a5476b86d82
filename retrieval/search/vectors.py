"""Chunk vectors in Chroma, embedded in the data folder or on a server; one collection a matter.

Chroma finds the nearest along a graph (HNSW) whose links are the nearest of each vector. Contracts on one form have
clauses whose vectors are equal; with some hundred of them the links of each lead only to the others, and much of the
matter cannot be reached any more (docs/retrieval.md has figures). So every chunk stands in APART dimensions more, at
a place that follows from its id. A question is zero in them, and no cosine with it changes its order.
"""

import shutil
import subprocess
import sys
from collections.abc import Collection as AbstractCollection
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from retrieval.core.errors import StoreUnavailable
from retrieval.structure.chunks import Chunk

VECTORS_VERSION = 3  # raised when vectors are stored in another way; what was indexed before is indexed again

# It searches among as many as are asked for. With Chroma's own 16 neighbours and 100 one chunk in 10,000 was never
# found.
_SPACE = {"hnsw": {"space": "cosine", "ef_search": 256, "ef_construction": 200, "max_neighbors": 32}}
APART = 8  # as many as a digest has numbers
_SHARE = 0.2  # of a stored vector's length, in the dimensions that keep equal ones apart
_MEANING = float(np.sqrt(1 - _SHARE**2))  # what remains for the meaning, and so the cosine of a text with itself
_SERVER_SECONDS = 60  # for one request; what a server takes longer for it has lost
_FEW = 8  # documents that are sought out at once; with more of them it is first seen whether they are the whole matter
_PAGE = 5_000  # rows fetched at a time when a collection is read whole


class Vectors:
    """The vector store. Raises StoreUnavailable where Chroma fails or cannot be reached."""

    def __init__(self, where: Path | str, *, token: str | None = None) -> None:
        """Open Chroma in a folder, or on the server at an http(s) URL."""
        import chromadb
        from chromadb.config import Settings

        self._sessions: list[Any] = []
        self._folder = where if isinstance(where, Path) else None
        with _mapped():
            if isinstance(where, Path):
                quiet = Settings(anonymized_telemetry=False)
                self._client: Any = chromadb.PersistentClient(str(where), settings=quiet)
            else:
                at = urlsplit(where)
                self._client = chromadb.HttpClient(
                    host=at.hostname or "localhost",
                    port=at.port or (443 if at.scheme == "https" else 8000),
                    ssl=at.scheme == "https",
                    headers={"Authorization": f"Bearer {token}"} if token else None,
                    settings=Settings(anonymized_telemetry=False),
                )
                # Chroma waits for ever for its server, and leaves its connections open when it is closed.
                apis = (self._client._server, self._client._admin_client._server)
                self._sessions = [api._session for api in apis]
                for session in self._sessions:
                    session.timeout = _SERVER_SECONDS

    def add(self, matter_id: str, chunks: Sequence[Chunk], vectors: NDArray[np.float32]) -> None:
        """Add chunks with their unit vectors, float32[len(chunks), dim]; a chunk that is there already is replaced."""
        if len(chunks) != len(vectors):
            raise ValueError(f"chunks ({len(chunks)}) do not match vectors ({len(vectors)})")
        with _mapped():
            collection = self._collection(matter_id)
            step = self._client.get_max_batch_size()
            for i in range(0, len(chunks), step):
                part = chunks[i : i + step]
                rows = [{"document_id": c.span.document_id} for c in part]
                ids = [c.id for c in part]
                stored = np.hstack([_MEANING * vectors[i : i + step], _SHARE * _apart(ids)])
                collection.upsert(ids=ids, embeddings=stored, metadatas=rows)

    def remove(self, matter_id: str, document_id: str) -> None:
        """Remove a document's chunks; nothing happens where there are none."""
        with _mapped():
            self._collection(matter_id).delete(where={"document_id": document_id})

    def drop(self, matter_id: str) -> None:
        """Delete a matter's collection."""
        with _mapped():
            if matter_id in {c.name for c in self._client.list_collections()}:
                self._client.delete_collection(matter_id)

    def compact(self) -> None:
        """Overwrite what was deleted, and delete the graphs of matters that are gone; nothing happens on a server.

        Nothing may be added or removed meanwhile. The vectors of a document that was removed stay in the graph of its
        matter until that is made anew.
        """
        if self._folder is None:
            return
        with _mapped():
            graphs = [path for path in self._folder.iterdir() if path.is_dir()]
            program = Path(__file__).with_name("chroma_file.py")
            command = [sys.executable, "-I", str(program), str(self._folder / "chroma.sqlite3")]
            done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 (a file of ours)
        for path in graphs:
            if path.name not in done.stdout.split():
                shutil.rmtree(path, ignore_errors=True)

    def query(
        self, matter_id: str, vector: NDArray[np.float32], document_ids: AbstractCollection[str] | None, k: int
    ) -> dict[Chunk, float]:
        """Find the k chunks nearest to `vector`, float32[dim], with their cosine, in some documents only, or in all."""
        if document_ids is not None and not document_ids:
            return {}
        if document_ids is not None and len(document_ids) > _FEW:
            nearest, scope = self.query(matter_id, vector, None, k), frozenset(document_ids)
            if all(chunk.span.document_id in scope for chunk in nearest):  # then they are the nearest in the scope, too
                return nearest
        where = None if document_ids is None else {"document_id": {"$in": list(document_ids)}}
        with _mapped():
            found = self._collection(matter_id).query(
                query_embeddings=[np.pad(vector, (0, APART))], n_results=k, where=where, include=["distances"]
            )
        rows = zip(found["ids"][0], found["distances"][0], strict=True)
        return {Chunk.of(id_): (1.0 - distance) / _MEANING for id_, distance in rows}

    def document_ids(self, matter_id: str) -> set[str]:
        """List the ids of the documents that have chunks here."""
        with _mapped():
            collection = self._collection(matter_id)
            seen: set[str] = set()
            for offset in range(0, collection.count(), _PAGE):
                rows = collection.get(limit=_PAGE, offset=offset, include=[])
                seen.update(Chunk.of(id_).span.document_id for id_ in rows["ids"])
            return seen

    def close(self) -> None:
        """Close the folder, or the connections to the server."""
        self._client.close()
        for session in self._sessions:
            session.close()

    def _collection(self, matter_id: str) -> Any:
        return self._client.get_or_create_collection(matter_id, configuration=_SPACE, embedding_function=None)


def _apart(ids: Sequence[str]) -> NDArray[np.float32]:
    """A unit vector for each id, float32[len(ids), APART]: as good as random, and the same whenever it is asked for."""
    digests = [np.frombuffer(sha256(id_.encode()).digest(), "<u4") for id_ in ids]
    places = np.array(digests, np.float32) / 2**31 - 1
    return np.asarray(places / np.linalg.norm(places, axis=1, keepdims=True), np.float32)


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except ValueError as error:  # what Chroma raises when its server does not answer
        if "connect" in str(error).lower():
            raise StoreUnavailable(store="vector store") from error
        raise
    except Exception as error:  # Chroma raises its own tree, its client library's and plain RuntimeError
        raise StoreUnavailable(store="vector store") from error
