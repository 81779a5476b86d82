"""Fuses two rankings of chunks: a convex sum of scores, each scaled to [0, 1] by its least and greatest (min-max).

Inside one contract this beats reciprocal rank fusion (Bruch, Gai and Ingber, "An Analysis of Fusion Functions for
Hybrid Retrieval", TOIS 2023, find the same in general): ranks throw away how far apart two chunks are.
"""

from collections.abc import Mapping
from typing import TypeVar

Item = TypeVar("Item")


def fuse(words: Mapping[Item, float], vectors: Mapping[Item, float], weight: float) -> dict[Item, float]:
    """Score of every item in either ranking, in [0, 1]: `weight` of its words and the rest of its vector.

    An item that one ranking does not hold counts there as that ranking's least.
    """
    a, b = _scaled(words), _scaled(vectors)
    return {i: weight * a.get(i, 0.0) + (1 - weight) * b.get(i, 0.0) for i in {**a, **b}}


def _scaled(scores: Mapping[Item, float]) -> dict[Item, float]:
    if not scores:
        return {}
    least, greatest = min(scores.values()), max(scores.values())
    spread = greatest - least
    return {i: (s - least) / spread if spread else 1.0 for i, s in scores.items()}
