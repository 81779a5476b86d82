"""How many of the places that contracts refer to are found, and a sample to read: what leads where.

    python -m bench.references FOLDER_OF_PDFS [--sample 100] [--seed 1]

What is external (Section 409A of the Code) must never lead into the contract; that is for a reader to see, so the
sample shows each reference in its sentence with the clause it leads to. `--near` samples only those that lead into the
contract with a law, a rule or another agreement named close by.
"""

import argparse
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from retrieval import Document
from retrieval.reading.pdf import read_pdf
from retrieval.structure.cross_references import Reference, find_references

_AROUND = 70  # characters shown on each side
_NEAR = 50  # characters in which something else is named
_ELSE = re.compile(
    r"\b(?:Act|Code|Statute|Regulation|Directive|Ordinance|Treaty|Rule|Law|GDPR|ERISA|thereof|therein)\b|U\.?S\.?C"
    r"|C\.?F\.?R"
    r"|\b[A-Z]\w+ (?:Agreement|Contract|Plan)\b"
)


def main() -> None:
    """Print what the references lead to, by kind, then the sample."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pdfs", type=Path)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--near", action="store_true")
    args = parser.parse_args()
    found = list(_found(args.pdfs))
    counts = Counter((_kind(r), _leads(r)) for _, r in found)
    print(f"{'':<12}{'resolved':>10}{'to nothing':>12}{'external':>10}{'share resolved of its own':>28}")
    for kind in [*dict.fromkeys(kind for (kind, _), _ in counts.most_common()), "all"]:
        clause, nothing, external = (
            sum(n for (k, led), n in counts.items() if led == leads and kind in (k, "all")) for leads in _LEADS
        )
        print(f"{kind:<12}{clause:>10}{nothing:>12}{external:>10}{clause / ((clause + nothing) or 1):>28.3f}")
    if args.near:
        found = [(d, r) for d, r in found if r.target and any(_ELSE.search(part) for part in _beside(d, r, _NEAR))]
        print(f"{len(found)} lead into the contract with something else named close by")
    for document, reference in random.Random(args.seed).sample(found, min(args.sample, len(found))):
        before, after = _beside(document, reference, _AROUND)
        target = reference.target.label() if reference.target else _leads(reference)
        words = " ".join(document.slice(reference.span).split())
        print(f"{document.name[:16]}  … {before} [{words}] {after} …  → {target}")


_LEADS = ("clause", "nothing", "external")


def _found(pdfs: Path) -> Iterator[tuple[Document, Reference]]:
    for path in sorted(pdfs.glob("*.pdf")):
        document = read_pdf(path.read_bytes(), name=path.stem, document_id=path.stem)
        yield from ((document, reference) for reference in find_references(document))


def _leads(reference: Reference) -> str:
    return "external" if reference.external else "clause" if reference.target else "nothing"


def _kind(reference: Reference) -> str:
    return reference.label.split()[0].lower()


def _beside(document: Document, reference: Reference, width: int) -> tuple[str, str]:
    start, end = reference.span.start, reference.span.end
    before, after = document.text[max(0, start - width) : start], document.text[end : end + width]
    return " ".join(before.split()), " ".join(after.split())


if __name__ == "__main__":
    main()
