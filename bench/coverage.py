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
from collections.abc import Mapping
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
    seconds: dict[str, float] = dict.fromkeys(KINDS, 0.0)
    wrong: list[str] = []
    for number, (data, kinds) in enumerate(documents(args.pdfs, args.pages, args.seed)):
        name = f"mixed-{number:03}.pdf"
        if args.keep:
            args.keep.mkdir(parents=True, exist_ok=True)
            (args.keep / name).write_bytes(data)
        document, clock = _read(data, name)
        for page, (kind, state) in enumerate(zip(kinds, states(document), strict=True), 1):
            taken[kind, state] += 1
            seconds[kind] += clock[page] - clock[page - 1]
            if (state == READ) != (KINDS[kind][1] == READ):
                wrong.append(f"{name}, page {page}: {kind} was taken for {state}")
    print(table(taken, seconds))
    print("\n".join(wrong[: args.show]))


def _read(data: bytes, name: str) -> tuple[Document, list[float]]:
    """The document, and the time when it was opened and after each page."""
    clock: list[float] = []
    document = read_pdf(data, name=name, document_id=name, on_page=lambda *_: clock.append(time.perf_counter()))
    return document, clock


def states(document: Document) -> list[str]:
    """What each page was taken for."""
    return [READ if p.readable and not p.partly else PARTLY if p.readable else UNREADABLE for p in document.pages]


def table(taken: Counter[tuple[str, str]], seconds: Mapping[str, float]) -> str:
    """What the pages of each kind were taken for, how long one took to read, and the two shares."""
    rows = [f"{'kind':<26}{'truth':<14}" + "".join(f"{column:>12}" for column in (*STATES, "ms a page"))]
    for kind, (_, truth, _) in KINDS.items():
        counts = [taken[kind, state] for state in STATES]
        each = 1000 * seconds[kind] / (sum(counts) or 1)
        rows.append(f"{kind:<26}{truth:<14}" + "".join(f"{n:>12}" for n in counts) + f"{each:>12.1f}")
    wordless = sum(n for (kind, state), n in taken.items() if KINDS[kind][1] != READ and state == READ)
    doubted = sum(n for (kind, state), n in taken.items() if KINDS[kind][1] == READ and state != READ)
    in_pictures = sum(n for (kind, _), n in taken.items() if KINDS[kind][1] != READ)
    in_text = taken.total() - in_pictures
    rows.append(f"falsely read: {wordless} of {in_pictures} ({wordless / (in_pictures or 1):.1%})")
    rows.append(f"falsely unreadable: {doubted} of {in_text} ({doubted / (in_text or 1):.1%})")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
