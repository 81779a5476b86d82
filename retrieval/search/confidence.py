"""Estimates how likely it is that the documents speak of what was asked: a logistic model of a few signs of one search.

How common a kind of clause is takes no part: it alone separates present from absent with an AUROC of .78 on labelled
contracts, and says nothing about this contract. The weights come from labelled contracts (`bench/confidence.py`) and
lie in `data/confidence.json` with their lineage.
"""

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

WEIGHTS = Path(__file__).parent / "data" / "confidence.json"
EVEN = 0.5  # below it the subject is likelier to be absent than present


class Signs(NamedTuple):
    """What a search shows of whether its subject is there.

    `nearest`: the greatest cosine of a chunk, or of a bearing sentence of the first ones, to the question, joined with
    its kinds of clause. `sought`: the greatest share that a hit has of the words searched for, those of the kinds of
    clause among them, each counting by weight and rarity. `agreement`: the best joint score, 1 where words and meaning
    put the same chunk first. `typical`: how much nearer a bearing sentence is to the kinds of clause that are asked for
    than to all others.
    """

    nearest: float = 0.0
    sought: float = 0.0
    agreement: float = 0.0
    typical: float = 0.0


class Weights(NamedTuple):
    """A logistic model of `Signs`; a subject counts as found from `threshold` on."""

    bias: float
    weights: Signs
    threshold: float
    lineage: Mapping[str, Any]

    def confidence(self, signs: Signs) -> float:
        """In (0, 1): the likelihood that the subject is there, where it is as often as not."""
        return 1 / (1 + math.exp(-self.bias - sum(w * s for w, s in zip(self.weights, signs, strict=True))))


@lru_cache(maxsize=1)
def weights() -> Weights:
    """Load the weights that ship, once."""
    model = json.loads(WEIGHTS.read_text("utf-8"))
    return Weights(model["bias"], Signs(**model["weights"]), model["threshold"], model["lineage"])
