"""Whether a page counts as read when its text has the words that it shows: 1,000 mixed pages of known truth.

    python -m bench.coverage LABELS/pdf [--pages 1000] [--seed 17] [--show 20] [--keep FOLDER]

The pages are made from those of contracts (`bench/mixed_pages.py`): as they are, as scans whole, in strips, tiles and
forms, with stamps and running lines, beside pictures with and without words. They are read as `add` reads them, but
without recognition, so that what counts is whether it is known that a page has to be recognised. `--show` names pages
that were taken for what they are not, `--keep` writes the documents into a folder. Falsely read: the page shows words
that its text does not have, and nothing says so; none should be. Falsely unreadable: its text has all of them; at most
1 % should be.
"""

import argparse
import time
from collections import Counter
from pathlib import Path

from bench.mixed_pages import KINDS, PARTLY, READ, UNREADABLE, documents
from retrieval import Document
from retrieval.reading.pdf import read_pdf

STATES = (READ, PARTLY, UNREADABLE)


def main() -> None:
    """Print what the pages of each kind were taken for, then the two shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pdfs", type=Path)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    taken: Counter[tuple[str, str]] = Counter()
    wrong: list[str] = []
    seconds = 0.0
    for number, (data, kinds) in enumerate(documents(args.pdfs, args.pages, args.seed)):
        name = f"mixed-{number:03}.pdf"
        if args.keep:
            args.keep.mkdir(parents=True, exist_ok=True)
            (args.keep / name).write_bytes(data)
        start = time.perf_counter()
        document = read_pdf(data, name=name, document_id=name)
        seconds += time.perf_counter() - start
        for page, (kind, state) in enumerate(zip(kinds, states(document), strict=True), 1):
            taken[kind, state] += 1
            if (state == READ) != (KINDS[kind][1] == READ):
                wrong.append(f"{name}, page {page}: {kind} was taken for {state}")
    print(table(taken))
    print(f"{seconds:.1f} s, {1000 * seconds / max(1, taken.total()):.0f} ms a page")
    print("\n".join(wrong[: args.show]))


def states(document: Document) -> list[str]:
    """What each page was taken for."""
    return [READ if p.readable and not p.partly else PARTLY if p.readable else UNREADABLE for p in document.pages]


def table(taken: Counter[tuple[str, str]]) -> str:
    """What the pages of each kind were taken for, and the two shares."""
    rows = [f"{'kind':<26}{'truth':<14}" + "".join(f"{state:>12}" for state in STATES)]
    for kind, (_, truth, _) in KINDS.items():
        rows.append(f"{kind:<26}{truth:<14}" + "".join(f"{taken[kind, state]:>12}" for state in STATES))
    wordless = sum(n for (kind, state), n in taken.items() if KINDS[kind][1] != READ and state == READ)
    doubted = sum(n for (kind, state), n in taken.items() if KINDS[kind][1] == READ and state != READ)
    in_pictures = sum(n for (kind, _), n in taken.items() if KINDS[kind][1] != READ)
    in_text = taken.total() - in_pictures
    rows.append(f"falsely read: {wordless} of {in_pictures} ({wordless / (in_pictures or 1):.1%})")
    rows.append(f"falsely unreadable: {doubted} of {in_text} ({doubted / (in_text or 1):.1%})")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
