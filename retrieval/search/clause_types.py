"""Classifies a question by the kinds of clause it asks for, and expands the search with their drafting language.

The words of a question are seldom the words of the clause: "can they hand this deal to someone else?" is answered under
"Assignment". `data/clause_types.yaml` holds, for each kind, how people ask and how such clauses are drafted. A question
is matched to none, one or several kinds by its meaning and its words; their drafting language then joins the question's
own in the search.
"""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray

from retrieval.search.embedder import Embedder
from retrieval.search.lexical import rarity, stems_of

DATA = Path(__file__).parent / "data"
LIST = DATA / "clause_types.yaml"

# Measured on labelled contracts with wordings the list was not written from; flat within a third of each.
_LEAST = 0.3  # a match below this is none
_NEAR = 0.08  # kinds this close behind the best one count too, ...
_MOST = 3  # ... up to so many
_SHARPNESS = 20.0  # of the weights among them
_WORDS = 0.25  # weight of the words in common, beside a score in [-1, 1] of the meaning

_ASIDE = re.compile(
    r"\b(?:(?:in|under|of|to|for|by|from)\s+)?(?:this|the|our|any)\s+(?:contract|agreement|deal|document)s?\b"
    r"|^(?:is|are) there (?:an?|any)\b"
    r"|^do(?:es)? (?:this|the) (?:contract|agreement) (?:include|contain|provide for|have|specify|say)(?: an?| any)?\b"
    r"|\b(?:clause|provision)s?\b"
    r"|\b(?:specified|provided|included|designated|required)\b(?= *(?:in|under|$|\?))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ClauseType:
    """One kind of clause: ways to ask for it, its name first, words that such clauses use,
    and typical sentences of theirs.
    """

    name: str
    asks: tuple[str, ...]
    words: tuple[str, ...]
    samples: tuple[str, ...]


class Match(NamedTuple):
    """A kind of clause that a question asks for; the weights of all matches of a question sum to 1."""

    type: ClauseType
    weight: float
    vector: NDArray[np.float32]  # [dim], the mean of its samples


def core(question: str) -> str:
    """What a question asks, without the words that every question about a contract has:
    "Is there a … clause in this contract?".
    """
    asked = question
    for _ in range(2):  # taking one aside away may bring another to the beginning
        asked = " ".join(_ASIDE.sub(" ", asked).split()).strip(" ?.")
    return asked if len(asked) > 5 else question


@lru_cache(maxsize=1)
def clause_types() -> tuple[ClauseType, ...]:
    """Load the list of clause types, once."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rows = yaml.load(LIST.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  # nosec B506 (both loaders are safe ones)
    return tuple(ClauseType(r["name"], (r["name"], *r["asks"]), tuple(r["words"]), tuple(r["samples"])) for r in rows)


class TypeMatcher:
    """Matches questions to kinds of clause by their words and by one embedder's vectors."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        """Vectors of the list come with the package for its own model;
        for another they are made once, into `folder`.
        """
        self._types = clause_types()
        vectors = _vectors(embedder, folder)
        self._asks, self._ask_type = vectors["asks"], _owners([t.asks for t in self._types])
        self._samples, self._sample_type = vectors["samples"], _owners([t.samples for t in self._types])
        self._named = vectors["named"]
        self._centres = _centres(self._asks, self._ask_type)
        self._typical = _centres(self._samples, self._sample_type)
        self._aimed_samples = embedder.aim(self._samples)
        self._holders = _holders(self._types)

    def match(self, asked: str, vector: NDArray[np.float32]) -> list[Match]:
        """Match kinds of clause to what is asked (`core` of a question) and its vector, float32[dim].

        The likeliest first; may be empty.
        """
        scores = self._meaning(vector) + _WORDS * self._words(asked)
        best = [int(i) for i in np.argsort(-scores)[:_MOST]]
        top = scores[best[0]]
        if top < _LEAST:
            return []
        near = [i for i in best if scores[i] >= top - _NEAR]
        weights = np.exp((scores[near] - top) * _SHARPNESS)
        weights /= weights.sum()
        return [Match(self._types[i], float(w), self._typical[i]) for i, w in zip(near, weights, strict=True)]

    def typicality(self, matches: Sequence[Match], sentences: NDArray[np.float32]) -> float:
        """How much nearer one of some sentences, float32[n, dim], is to a sample of the matched kinds than to those of
        all others; in [-2, 2], and 0 without matches or sentences.
        """
        if not matches or not len(sentences):
            return 0.0
        of_kind = np.isin(self._sample_type, [self._types.index(match.type) for match in matches])
        cosines = sentences @ self._aimed_samples.T
        return float((cosines[:, of_kind].max(1) - cosines[:, ~of_kind].max(1)).max())

    def _words(self, asked: str) -> NDArray[np.float32]:
        """[types]: the share of the question's stems, each by its rarity, that a kind's words and ways to ask have."""
        none = np.zeros(len(self._types), np.float32)
        shares, whole = none.copy(), 0.0
        for stem in dict.fromkeys(stems_of(asked)):
            holders = self._holders.get(stem, none)
            worth = rarity(int(holders.sum()), len(holders))
            shares, whole = shares + worth * holders, whole + worth
        return shares / (whole or 1.0)

    def _meaning(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """[types]: nearest ask, centre of the asks (twice), name with words, nearest sample.

        Each alone is right less often.
        """
        nearest_ask = np.maximum.reduceat(self._asks @ vector, _starts(self._ask_type))
        nearest_sample = np.maximum.reduceat(self._samples @ vector, _starts(self._sample_type))
        scores: NDArray[np.float32] = (
            nearest_ask + 2 * (self._centres @ vector) + self._named @ vector + nearest_sample
        ) / 5
        return scores


def weighted_stems(question: Sequence[str], matches: Sequence[tuple[Sequence[str], float]]) -> dict[str, float]:
    """The stems to search for: the question's own, and those of each match's words by its weight."""
    weights: defaultdict[str, float] = defaultdict(float)
    for stem in question:
        weights[stem] += 1.0
    for stems, weight in matches:
        for stem, n in Counter(stems).items():
            weights[stem] += weight * min(n, 2)
    return weights


def make_vectors(embedder: Embedder) -> dict[str, NDArray[np.float16]]:
    """Vectors of the list: asks [n, dim], samples [m, dim], and name with words [types, dim]."""
    return {name: embedder.queries(rows).astype(np.float16) for name, rows in _texts().items()}


def _texts() -> dict[str, list[str]]:
    types = clause_types()
    return {
        "asks": [core(a) for t in types for a in t.asks],
        "samples": [s for t in types for s in t.samples],
        "named": [f"{t.name}: {', '.join(t.words)}" for t in types],
    }


def _vectors(embedder: Embedder, folder: Path) -> dict[str, NDArray[np.float32]]:
    name = file_name(embedder.name)
    for at in (DATA, folder):
        if (at / name).exists():
            with np.load(at / name) as file:
                return {key: file[key].astype(np.float32) for key in file.files}
    vectors = make_vectors(embedder)
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{name}.partial.npz"
    np.savez(partial, **vectors)  # type: ignore[arg-type]
    partial.replace(folder / name)
    return {key: v.astype(np.float32) for key, v in vectors.items()}


def file_name(model: str) -> str:
    """The vectors' file for a model: changes with what it holds vectors of, so that no stale one is read."""
    digest = hashlib.sha256(json.dumps(_texts()).encode()).hexdigest()[:12]
    return f"clause_types.{re.sub(r'[^A-Za-z0-9._-]+', '-', model)}.{digest}.npz"


def _holders(types: Sequence[ClauseType]) -> dict[str, NDArray[np.float32]]:
    """For each stem 1 where a kind has it among its words and ways to ask, else 0, float32[types]."""
    holders: defaultdict[str, NDArray[np.float32]] = defaultdict(lambda: np.zeros(len(types), np.float32))
    for i, kind in enumerate(types):
        for stem in stems_of(" ".join((*kind.words, *map(core, kind.asks)))):
            holders[stem][i] = 1.0
    return dict(holders)


def _owners(groups: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(groups)), [len(g) for g in groups])


def _starts(owners: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.flatnonzero(np.diff(owners, prepend=-1))


def _centres(vectors: NDArray[np.float32], owners: NDArray[np.int64]) -> NDArray[np.float32]:
    sums = np.add.reduceat(vectors, _starts(owners))
    centres: NDArray[np.float32] = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return centres
