"""Fit the weights by which a search knows whether its subject is there,
and see what they are worth on what they have not seen.

    python -m bench.confidence LABELS [OUT.json]

LABELS as for `bench.heldout`. Every question is asked, of contracts that speak of it and of contracts that do not, with
an adapter that has seen neither the contract nor, for the second table, the kind of clause; the weights are then fitted
on three quarters of the contracts (and kinds) and tried on the last. Both outcomes weigh the same, so that how common a
clause is counts for nothing. With OUT.json the weights of all of them, and the threshold below which 5 % of what is
there lies, are written.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from bench.heldout import VARIANTS, Bench, Variant, opened
from bench.score import read
from retrieval.search.confidence import EVEN, Signs

MISSED = 0.05  # of what is there, for the threshold
RIDGE = 1.0
Floats = NDArray[np.float64]


class Search(NamedTuple):
    """What one search showed, and whether its subject is there."""

    contract: str
    category: str
    view: str
    present: bool
    signs: Signs


def main() -> int:
    """Ask, fit, tell; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--cache", type=Path, default=Path(gettempdir()) / "pincite-heldout")
    options = parser.parse_args()
    with opened(options.labels, options.cache) as bench:
        seen = searches(bench, options.labels, VARIANTS["full"])
        _tell("contracts not seen", seen, *_cross_validated(bench, seen, by_category=False))
        unseen = searches(bench, options.labels, VARIANTS["types"])
        _tell("contracts and kinds of clause not seen", unseen, *_cross_validated(bench, unseen, by_category=True))
        _, threshold = _cross_validated(bench, seen, by_category=False)
    if options.out:
        weights = fit(seen)
        kept = {
            "bias": round(float(weights[-1]), 4),
            "weights": Signs(*(round(float(w), 4) for w in weights[:-1]))._asdict(),
            "threshold": round(threshold, 3),
            "lineage": {
                "labels": f"{len(seen)} questions on {len(bench.contract_fold)} contracts of {options.labels.name}",
                "adapter": "one that has not seen the contract",
                "threshold": f"{MISSED:.0%} of what is there lies below it, on contracts not seen",
            },
        }
        options.out.write_text(json.dumps(kept, indent=2) + "\n", "utf-8")
    return 0


def searches(bench: Bench, labels: Path, variant: Variant) -> list[Search]:
    """Every question, of what is there and of what is not."""
    found = []
    for name, present in (("queries.jsonl", True), ("absent.jsonl", False)):
        rows = read(labels / name)
        for part, searcher in bench.parts(variant):
            for row in track([row for row in rows if bench.belongs(row, part)], f"{name}, part {part.contracts + 1}"):
                inside = [bench.corpus.document_ids[row["contract"]]]
                signs = searcher.search(bench.corpus.matter_id, row["question"], inside).signs
                found.append(Search(row["contract"], row["category"], row["view"], present, signs))
    return found


def fit(searches: Sequence[Search]) -> Floats:
    """Logistic regression by Newton's method with a light ridge: float64[signs + 1], the bias last."""
    signs = np.array([s.signs for s in searches])
    present = np.array([s.present for s in searches], np.float64)
    mean, spread = signs.mean(0), signs.std(0)
    rows = np.c_[(signs - mean) / spread, np.ones(len(signs))]
    share = np.where(present == 1, 0.5 / present.mean(), 0.5 / (1 - present.mean()))
    ridge = np.diag([*[RIDGE] * signs.shape[1], 0.0])
    weights = np.zeros(rows.shape[1])
    for _ in range(30):
        likely = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (share * (likely - present)) + ridge @ weights
        curve = (rows * (share * likely * (1 - likely))[:, None]).T @ rows + ridge
        weights -= np.linalg.solve(curve, slope)
    scaled = weights[:-1] / spread
    return np.append(scaled, weights[-1] - scaled @ mean)


def _cross_validated(bench: Bench, searches: Sequence[Search], *, by_category: bool) -> tuple[Floats, float]:
    """The confidence in each, by weights from others; and the threshold that misses so few of what is there."""
    folds = [(bench.contract_fold[s.contract], bench.category_fold[s.category] if by_category else 0) for s in searches]
    confidence = np.zeros(len(searches))
    for fold in set(folds):
        kept = [
            s for s, (a, b) in zip(searches, folds, strict=True) if a != fold[0] and (not by_category or b != fold[1])
        ]
        weights = fit(kept)
        mine = np.array([f == fold for f in folds])
        signs = np.array([s.signs for s in searches])[mine]
        confidence[mine] = 1 / (1 + np.exp(-(np.c_[signs, np.ones(len(signs))] @ weights)))
    present = np.array([s.present for s in searches])
    return confidence, float(np.quantile(confidence[present], MISSED))


def _tell(name: str, searches: Sequence[Search], confidence: Floats, threshold: float) -> None:
    present = np.array([s.present for s in searches])
    groups = defaultdict(lambda: ([], []))  # type: ignore[var-annotated]
    for s, c in zip(searches, confidence, strict=True):
        groups[s.category, s.view][s.present].append(c)
    both = [(there, absent) for absent, there in groups.values() if absent and there]
    within = np.average([_auroc(*pair) for pair in both], weights=[len(absent) for _, absent in both])
    print(f"{name}: AUROC within kinds {within:.3f}, pooled {_auroc(confidence[present], confidence[~present]):.3f}")
    for at in (threshold, EVEN):
        there, absent = (confidence[present] < at).mean(), (confidence[~present] < at).mean()
        print(f"   below {at:.3f}: {there:.1%} of what is there, {absent:.1%} of what is not")


def _auroc(there: Sequence[float] | Floats, absent: Sequence[float] | Floats) -> float:
    ordered = np.sort(there)
    below, up_to = (np.searchsorted(ordered, absent, side) for side in ("left", "right"))
    return float(np.mean(1 - (below + up_to) / 2 / len(ordered)))


if __name__ == "__main__":
    sys.exit(main())
