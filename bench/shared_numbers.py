"""How many clauses have a cited number that another clause of their document has, too: a pin cite that is not one.

    python -m bench.shared_numbers FOLDER_OF_PDFS [--show 5] [--told 20]

The number is what a citation shows before the heading in brackets: "Schedule 1, paragraph 2.1". `--show` lists the
contracts that have the most, with some of the numbers; `--told` lists some that only a page or the words above them
tell apart, to be read: there the document itself repeats a number, or its outline was read wrongly.
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from retrieval import Document, outline
from retrieval.reading.pdf import read_pdf

_TOLD_BY = (" on page ", " under “")


def main() -> None:
    """Print the share of clauses, then the contracts that have them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pdfs", type=Path)
    parser.add_argument("--show", type=int, default=5)
    parser.add_argument("--told", type=int, default=0)
    args = parser.parse_args()
    counts = {document.name: Counter(clause.label() for clause in outline(document)) for document in _read(args.pdfs)}
    shared = {name: {label: n for label, n in labels.items() if n > 1} for name, labels in counts.items()}
    clauses = sum(labels.total() for labels in counts.values())
    double = sum(sum(labels.values()) for labels in shared.values())
    told = [f"{name[:40]}  {label}" for name, labels in counts.items() for label in labels if _is_told(label)]
    contracts = sum(bool(labels) for labels in shared.values())
    print(f"{double} of {clauses} clauses share their number ({double / (clauses or 1):.2%}), in {contracts} contracts")
    print(f"{len(told)} are told apart by a page or the words above them ({len(told) / (clauses or 1):.2%})")
    for name in sorted(counts, key=lambda name: -sum(shared[name].values()))[: args.show]:
        if shared[name]:
            print(f"{name[:60]}  {dict(list(shared[name].items())[:6])}")
    for line in random.Random(1).sample(told, min(args.told, len(told))):
        print(line)


def _is_told(label: str) -> bool:
    return any(words in label for words in _TOLD_BY)


def _read(pdfs: Path) -> Iterator[Document]:
    for path in sorted(pdfs.glob("*.pdf")):
        yield read_pdf(path.read_bytes(), name=path.stem, document_id=path.stem)


if __name__ == "__main__":
    main()
