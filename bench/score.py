"""Score a search: how much of the labelled passages its results hold, and on which page they lie.

    python -m bench.score LABELS RESULTS [--against OTHER_RESULTS] [--absent RESULTS_OF_ABSENT]

LABELS has `queries.jsonl` (and `absent.jsonl`), as `bench.cuad` makes them; RESULTS has `texts.jsonl` and
`results.jsonl`, as `pincite eval` and `bench.heldout` write them. Texts are compared by letters and digits alone, so
that line breaks, hyphens and quotation marks of an extractor do not count. Each figure is a mean over questions; beside
it stands the 95 % interval of a bootstrap over contracts. A question without a result counts as zero.

answerable  every marked passage lies wholly in the context that would be sent
R@k         share of the marked letters that the first k hits hold
P@1, hit@1  share of the first hit that is marked; whether any of it is
page@1      the first hit names a page on which a marked passage stands, in the right contract
route@1     the first hit is of the right contract
foreign@8   share of the first eight hits that are of another contract

With --against: what RESULTS adds to OTHER_RESULTS, paired. With --absent: how well the confidence separates questions
that are answered from those that are not, as the area under the ROC curve, over all and within each kind of clause and
wording (a kind's own frequency is then no help).
"""

import argparse
import json
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000
SLACK = 2  # letters of a passage that may be missing at its ends
HITS = 64
NO_RESULT = -1.0  # below every confidence
Row = dict[str, Any]
Marked = NDArray[np.bool_]


class Folded(NamedTuple):
    """Letters and digits of a text in lower case, and the offset of each in the text."""

    text: str
    offsets: NDArray[np.int64]

    def range(self, start: int, end: int) -> slice:
        """The letters of a range of the text's own offsets."""
        first, last = np.searchsorted(self.offsets, (start, end))
        return slice(int(first), int(last))

    def marked(self, ranges: Iterable[tuple[int, int]]) -> Marked:
        """Which letters lie in any of some ranges, bool[len(text)]."""
        marks = np.zeros(len(self.text), dtype=np.bool_)
        for start, end in ranges:
            marks[self.range(start, end)] = True
        return marks

    def places(self, passage: str) -> list[slice]:
        """Every place where a passage stands, by its letters."""
        letters, at, found = fold(passage).text, -1, []
        while letters and (at := self.text.find(letters, at + 1)) >= 0:
            found.append(slice(at, at + len(letters)))
        return found


def fold(text: str) -> Folded:
    """A text by its letters and digits alone."""
    kept = [
        (letter.lower(), offset)
        for offset, character in enumerate(text)
        for letter in unicodedata.normalize("NFKC", character)
        if letter.isalnum()
    ]
    return Folded("".join(letter for letter, _ in kept), np.array([offset for _, offset in kept], dtype=np.int64))


def figures_of(query: Row, result: Row | None, text: Folded) -> dict[str, float]:
    """The figures of one question; `text` is that of the contract that answers it."""
    contract = query["contract"]
    hits = result["hits"][:HITS] if result else []
    sent = text.marked((c["start"], c["end"]) for c in (result or {}).get("context", ()) if c["contract"] == contract)
    held = {k: text.marked((h["start"], h["end"]) for h in hits[:k] if h["contract"] == contract) for k in (1, 8, HITS)}
    near = sent if sent.any() else held[HITS]
    gold = [max(text.places(g), key=lambda place: near[place].sum(), default=None) for g in query["gold"]]
    wanted = np.zeros(len(text.text), dtype=np.bool_)
    for place in gold:
        if place is not None:
            wanted[place] = True
    whole = all(place is not None and sent[place].sum() >= place.stop - place.start - SLACK for place in gold)
    here = bool(hits) and hits[0]["contract"] == contract
    share = {k: float((marks & wanted).sum() / max(1, wanted.sum())) for k, marks in held.items()}
    first = text.range(hits[0]["start"], hits[0]["end"]) if here else slice(0, 0)
    return {
        "answerable": float(whole),
        "R@8": share[8],
        "R@64": share[HITS],
        "P@1": float(wanted[first].sum() / max(1, first.stop - first.start)),
        "hit@1": float(wanted[first].any()),
        "page@1": float(here and hits[0]["page"] in query["gold_pages"]),
        "route@1": float(here),
        "foreign@8": float(np.mean([h["contract"] != contract for h in hits[:8]])) if hits else 1.0,
    }


def score(queries: Sequence[Row], folder: Path) -> dict[str, dict[str, float]]:
    """The figures of every question by its id."""
    results = {row["id"]: row for row in read(folder / "results.jsonl")}
    wanted = {query["contract"] for query in queries}
    texts = {row["contract"]: fold(row["text"]) for row in read(folder / "texts.jsonl") if row["contract"] in wanted}
    return {query["id"]: figures_of(query, results.get(query["id"]), texts[query["contract"]]) for query in queries}


def interval(values: Sequence[float], contracts: Sequence[str]) -> tuple[float, float]:
    """95 % interval of a mean, by drawing contracts anew."""
    by_contract = defaultdict(list)
    for value, contract in zip(values, contracts, strict=True):
        by_contract[contract].append(value)
    sums = np.array([(sum(group), len(group)) for group in by_contract.values()])
    drawn = np.random.default_rng(7).integers(0, len(sums), (DRAWS, len(sums)))
    totals = sums[drawn].sum(axis=1)
    low, high = np.percentile(totals[:, 0] / totals[:, 1], (2.5, 97.5))
    return float(low), float(high)


def auroc(present: Sequence[float], absent: Sequence[float]) -> float:
    """How often a question that is answered has more confidence than one that is not; equal ones count half."""
    more = np.subtract.outer(np.asarray(present), np.asarray(absent))
    return float(((more > 0) + (more == 0) / 2).mean())


def separation(labels: Path, folder: Path, absent: Path) -> tuple[float, float]:
    """AUROC over all kinds of clause that have both, and the mean within each by its absent questions."""
    groups: tuple[dict[Any, list[float]], dict[Any, list[float]]] = defaultdict(list), defaultdict(list)
    for group, name, results in ((groups[0], "queries.jsonl", folder), (groups[1], "absent.jsonl", absent)):
        confidence = {row["id"]: row["confidence"] for row in read(results / "results.jsonl")}
        for row in read(labels / name):
            group[row["category"], row["view"]].append(confidence.get(row["id"], NO_RESULT))
    present, missing = groups
    both = [kind for kind in missing if kind in present]
    pooled = auroc([c for kind in both for c in present[kind]], [c for kind in both for c in missing[kind]])
    within = [auroc(present[kind], missing[kind]) for kind in both]
    return pooled, float(np.average(within, weights=[len(missing[kind]) for kind in both]))


def read(path: Path) -> list[Row]:
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def main() -> int:
    """Print a table a wording; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--absent", type=Path)
    options = parser.parse_args()
    queries = read(options.labels / "queries.jsonl")
    mine = score(queries, options.results)
    others = score(queries, options.against) if options.against else None
    for view in sorted({query["view"] for query in queries}):
        asked = [query for query in queries if query["view"] == view]
        contracts = [query["contract"] for query in asked]
        print(f"{view}: {len(asked)} questions, {len(set(contracts))} contracts")
        for name in next(iter(mine.values())):
            values = [mine[query["id"]][name] for query in asked]
            low, high = interval(values, contracts)
            line = f"  {name:12} {np.mean(values):.3f} ({low:.3f} to {high:.3f})"
            if others:
                gains = [value - others[query["id"]][name] for value, query in zip(values, asked, strict=True)]
                low, high = interval(gains, contracts)
                line += f"   gain {np.mean(gains):+.3f} ({low:+.3f} to {high:+.3f})"
            print(line)
    if options.absent:
        pooled, within = separation(options.labels, options.results, options.absent)
        print(f"present against absent: AUROC {pooled:.3f}, within kinds of clause {within:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
