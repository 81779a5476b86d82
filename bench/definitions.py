"""Precision and recall of the terms that are found, against terms that were marked by reading.

    python -m bench.definitions FOLDER_OF_PDFS [--missed]

`definitions.tsv` beside this file holds, for 20 contracts of CUAD of different drafting habits, each term that a reader
found defined (document and term, nothing else). Terms count as equal without regard to capitals. Intervals are 95 %
bootstraps over contracts.
"""

import argparse
import random
from collections import defaultdict
from pathlib import Path

from retrieval.reading.pdf import read_pdf
from retrieval.structure.definitions import find_definitions

LABELS = Path(__file__).with_suffix(".tsv")
_DRAWS = 2_000


def main() -> None:
    """Print precision, recall and F1 over all terms, and with --missed what was missed and what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pdfs", type=Path)
    parser.add_argument("--missed", action="store_true")
    args = parser.parse_args()
    counts = []
    for document_id, marked in labels().items():
        data = (args.pdfs / f"{document_id}.pdf").read_bytes()
        found = {d.term.casefold() for d in find_definitions(read_pdf(data, name=document_id, document_id=document_id))}
        counts.append((len(found & marked), len(found), len(marked)))
        if args.missed:
            print(f"{document_id}\n  missed: {sorted(marked - found)}\n  wrong: {sorted(found - marked)}")
    rng = random.Random(7)
    draws = [_scores(rng.choices(counts, k=len(counts))) for _ in range(_DRAWS)]
    for name, value, drawn in zip(
        ("precision", "recall", "F1"), _scores(counts), zip(*draws, strict=True), strict=True
    ):
        low, high = (sorted(drawn)[int(_DRAWS * q)] for q in (0.025, 0.975))
        print(f"{name:<10} {value:.3f}  [{low:.3f}, {high:.3f}]")
    right, found_, marked_ = (sum(column) for column in zip(*counts, strict=True))
    print(f"{len(counts)} contracts, {marked_} terms marked, {found_} found, {right} of them right")


def labels() -> dict[str, set[str]]:
    """The marked terms of each contract, without capitals; a contract may have none."""
    terms: dict[str, set[str]] = defaultdict(set)
    for row in LABELS.read_text("utf-8").splitlines()[1:]:
        document_id, term = row.split("\t")
        terms[document_id] |= {term.casefold()} if term else set()
    return terms


def _scores(counts: list[tuple[int, int, int]]) -> tuple[float, float, float]:
    right, found, marked = (sum(column) for column in zip(*counts, strict=True))
    return right / (found or 1), right / (marked or 1), 2 * right / ((found + marked) or 1)


if __name__ == "__main__":
    main()
