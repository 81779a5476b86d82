"""Compaction of embedded Chroma's files: the room for further vectors holds nothing of the process's memory."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.core.documents import Span
from retrieval.search.vectors import Vectors
from retrieval.structure.chunks import Chunk

MATTER = "matter"
CANARY = b"zanzibarq" * 8


def _chunks(start: int, count: int) -> list[Chunk]:
    return [Chunk(Span(f"d{n}", 0, 1), "w") for n in range(start, start + count)]


def _unit(count: int, seed: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


@pytest.mark.parametrize("count", [9, 1_100], ids=["a graph without vectors yet", "a graph with vectors"])
def test_the_room_of_a_graph_is_blanked_and_its_vectors_stay(tmp_path: Path, count: int) -> None:
    stored = _unit(count, seed=1)
    vectors = Vectors(tmp_path)
    vectors.add(MATTER, _chunks(0, count), stored)
    if count < 1_000:  # none of them is in its graph yet
        for name in ("data_level0.bin", "length.bin"):
            [path] = tmp_path.glob(f"*/{name}")
            path.write_bytes(path.read_bytes()[: -len(CANARY)] + CANARY)
    vectors.compact()
    assert not [path for path in tmp_path.rglob("*.bin") if CANARY in path.read_bytes()]
    vectors.add(MATTER, _chunks(count, 5), _unit(5, seed=2))
    vectors.close()
    vectors = Vectors(tmp_path)
    for n, vector in ((3, stored[3]), (count, _unit(5, seed=2)[0])):
        assert {each.span.document_id for each in vectors.query(MATTER, vector, None, 1)} == {f"d{n}"}
    vectors.close()
