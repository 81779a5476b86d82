"""A data folder with real stores, opened as the application opens it, and an embedder that is fast."""

import random
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.core.limits import Limits
from retrieval.ingest import Ingest
from retrieval.library.database import open_database
from retrieval.library.files import Files
from retrieval.library.library import Library
from retrieval.search.embedder import Embedder
from retrieval.search.lexical import Lexical
from retrieval.search.vectors import Vectors


class HashingEmbedder:
    """Counts of hashed words as unit vectors: equal texts are equal, and nothing has to be loaded."""

    def __init__(self, name: str = "hashing", dimension: int = 64) -> None:
        self.name = self.version = name
        self.dimension = dimension

    @property
    def vocabulary(self) -> frozenset[str]:
        return frozenset()

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.full((len(texts), self.dimension), 1e-3, np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[zlib.crc32(word.encode()) % self.dimension] += 1
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.passages(texts)

    def aim(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        return queries


@dataclass(frozen=True)
class Stores:
    library: Library
    vectors: Vectors
    lexical: Lexical
    embedder: Embedder
    ingest: Ingest


@contextmanager
def opened(
    folder: Path, embedder: Embedder | None = None, *, workers: int = 2, limits: Limits | None = None
) -> Iterator[Stores]:
    folder.mkdir(parents=True, exist_ok=True)
    library = Library(open_database(f"sqlite:///{folder}/pincite.db"), Files(folder / "files"))
    vectors, lexical = Vectors(folder / "vectors"), Lexical(folder / "words")
    embedder = embedder or HashingEmbedder()
    ingest = Ingest(library, vectors, lexical, embedder, workers=workers, limits=limits)
    try:
        yield Stores(library, vectors, lexical, embedder, ingest)
    finally:
        ingest.stop()
        lexical.close()
        vectors.close()
        library.close()


_WORDS = (
    "apron barge cedar dredge ferry gravel hull ingot jetty kelp lumber mast nickel oar pier quay rope sail".split()
)


def contract(n: int, pages: int = 3) -> list[str]:
    """Pages of a small agreement unlike every other; no line recurs from page to page, as running headers do."""
    return [_page(random.Random(f"{n} {page}"), n, page) for page in range(1, pages + 1)]


def _page(chance: random.Random, n: int, page: int) -> str:
    goods, port, ship = (" ".join(chance.sample(_WORDS, 4)) for _ in range(3))
    return (
        f"{page}.1 Goods. The Seller of agreement {n} delivers {goods} to the Buyer.\n"
        f"{page}.2 Delivery. The {port} are brought to the port in State {n} within thirty days.\n"
        f"{page}.3 Fees. For {ship} the Buyer pays {n * 100 + page} dollars; the law of State {n} governs.\n"
    )
