"""An embedder whose raw vectors are kept in a file, so that trying another adapter embeds nothing again."""

import hashlib
import sqlite3
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from retrieval.search.adapter import Adapter
from retrieval.search.embedder import PACKAGED_NAME, LocalEmbedder, UnitVectors

DIMENSION = 384


class Remembered:
    """The packaged model with some adapter or none.

    UnitVectors before the adapter stay in `file`, by their text's SHA-256.
    """

    def __init__(self, file: Path, adapter: Adapter | None = None) -> None:
        self.name = PACKAGED_NAME
        self.version = f"{self.name} + {adapter.name}" if adapter else self.name
        self.dimension = DIMENSION
        self._adapter = adapter
        self._lock = threading.Lock()
        self._kept = sqlite3.connect(file, check_same_thread=False)
        self._kept.execute("CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB)")

    @cached_property
    def _model(self) -> LocalEmbedder:
        return LocalEmbedder()

    @property
    def vocabulary(self) -> frozenset[str]:
        """Words that the model knows whole."""
        return self._model.vocabulary

    def passages(self, texts: Sequence[str]) -> UnitVectors:
        """UnitVectors of what is searched, float32[n, dimension], each of length 1."""
        vectors = self.queries(texts)
        return self._adapter.passages(vectors) if self._adapter else vectors

    def aim(self, queries: UnitVectors) -> UnitVectors:
        """Query vectors, float32[..., dimension], moved to where passages lie, each of length 1."""
        return self._adapter.queries(queries) if self._adapter else queries

    def queries(self, texts: Sequence[str]) -> UnitVectors:
        """UnitVectors of texts, float32[n, dimension], each of length 1, as no adapter has moved them."""
        keys = [hashlib.sha256(text.encode()).digest() for text in texts]
        with self._lock:
            known = {key: row[0] for key in set(keys) if (row := self._row(key))}
            new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
            if new:
                made = self._model.queries(list(new.values()))
                known |= {key: vector.tobytes() for key, vector in zip(new, made, strict=True)}
                with self._kept:
                    self._kept.executemany("INSERT INTO vectors VALUES (?, ?)", [(key, known[key]) for key in new])
        rows = [np.frombuffer(known[key], np.float32) for key in keys]
        return np.stack(rows) if rows else np.zeros((0, DIMENSION), np.float32)

    def _row(self, key: bytes) -> tuple[bytes] | None:
        row: tuple[bytes] | None = self._kept.execute("SELECT vector FROM vectors WHERE text = ?", (key,)).fetchone()
        return row
