"""Adapter of an embedder: two small matrices that teach it the language of contracts without touching its weights.

A question and the clause that answers it share few words, and a general model puts them apart. One matrix moves
question vectors, one moves passage vectors; both start at the identity and are trained on labelled contracts
(`bench/train_adapter.py`) so that a question comes closer to its passages than to the other chunks of the same
contract. The file carries its lineage.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.core.errors import EmbedderUnavailable

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Adapter:
    """`query` and `passage`: float32[dim, dim], applied from the right;
    `lineage` says what it was trained on and for.
    """

    query: NDArray[np.float32]
    passage: NDArray[np.float32]
    lineage: dict[str, Any]

    @property
    def name(self) -> str:
        """Tells indexes made with one adapter from those made with another."""
        return str(self.lineage["name"])

    def queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Adapt question vectors, float32[..., dim], each of length 1 again."""
        return _unit(vectors @ self.query)

    def passages(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Adapt passage vectors, float32[n, dim], each of length 1 again."""
        return _unit(vectors @ self.passage)

    def save(self, path: Path) -> None:
        """Save the adapter: float16, about 0.6 MB for 384 dimensions."""
        half = {"query": self.query.astype(np.float16), "passage": self.passage.astype(np.float16)}
        np.savez_compressed(path, **half, lineage=np.array(json.dumps(self.lineage)))  # type: ignore[arg-type]


def packaged(model: str) -> Path | None:
    """Find the adapter that ships with pincite for a model, if there is one."""
    path = DATA / f"adapter.{model}.npz"
    return path if path.exists() else None


def load_adapter(path: Path, model: str) -> Adapter:
    """Read an adapter. Raises EmbedderUnavailable when the file is none, or is one for another model."""
    try:
        with np.load(path, allow_pickle=False) as file:
            lineage = json.loads(str(file["lineage"]))
            adapter = Adapter(file["query"].astype(np.float32), file["passage"].astype(np.float32), lineage)
            made_for = lineage["model"], lineage["name"]
    except (OSError, ValueError, KeyError) as error:
        raise EmbedderUnavailable(reason=f"“{path.name}” is no adapter") from error
    if made_for[0] != model:
        raise EmbedderUnavailable(reason=f"the adapter “{path.name}” was trained for {made_for[0]}, not {model}")
    return adapter


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)
