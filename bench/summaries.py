"""How much of what lawyers marked in contracts a summary holds, and how long it is.

    python -m bench.summaries LABELS [--contracts 160]

A marked passage counts as held when half of its letters lie in the summary. Beside it, at the same number of sentences
of each clause: the first ones, and random ones. Exit 0 when the summary holds more than either, else 1.
"""

import argparse
import json
import random
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from retrieval import Document, Span
from retrieval.reading.pdf import read_pdf
from webapp.answers.statements import Group, essence, groups

HALF = 0.5


def _letters(text: str) -> tuple[str, list[int]]:
    """Letters and digits of a text in lower case, and where each stands."""
    kept = [(c.lower(), at) for at, c in enumerate(text) if c.isalnum() and len(c.lower()) == 1]
    return "".join(c for c, _ in kept), [at for _, at in kept]


def _marked(document: Document, queries: Sequence[dict[str, object]]) -> list[tuple[str, list[Span]]]:
    """Each category that is marked in the document, with all places of its passages."""
    flat, at = _letters(document.text)
    out = []
    for query in queries:
        spans = []
        for passage in query["gold"]:  # type: ignore[attr-defined]
            wanted, _ = _letters(passage)
            start = flat.find(wanted)
            if wanted and start >= 0:
                spans.append(document.span(at[start], at[start + len(wanted) - 1] + 1))
        if spans:
            out.append((str(query["category"]), spans))
    return out


def _holds(summary: Sequence[Span], marked: Span) -> bool:
    inside = sum(marked.shared(s) for s in summary)
    return inside >= HALF * len(marked)


def _first(whole: Sequence[Group], counts: Sequence[int]) -> list[Span]:
    return [s.span for group, n in zip(whole, counts, strict=True) for s in group.statements[:n]]


def _random(whole: Sequence[Group], counts: Sequence[int], dice: random.Random) -> list[Span]:
    return [s.span for group, n in zip(whole, counts, strict=True) for s in dice.sample(group.statements, n)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--contracts", type=int, default=160)
    parser.add_argument("--categories", action="store_true", help="each kind of clause on a line of its own")
    given = parser.parse_args()
    queries = defaultdict(list)
    for line in (given.labels / "queries.jsonl").read_text("utf-8").splitlines():
        if (query := json.loads(line))["view"] == "plain":
            queries[query["contract"]].append(query)
    held: dict[str, list[bool]] = defaultdict(list)
    by_category: dict[str, list[bool]] = defaultdict(list)
    shares, lengths, dice = [], [], random.Random(7)
    for name in sorted(queries)[: given.contracts]:
        data = (given.labels / "pdf" / f"{name}.pdf").read_bytes()
        document = read_pdf(data, name=f"{name}.pdf", document_id=name)
        whole, summary = groups(document), essence(document)
        counts = [len(group.statements) for group in summary]
        ways = {
            "summary": [s.span for group in summary for s in group.statements],
            "first sentences": _first(whole, counts),
            "random sentences": _random(whole, counts, dice),
        }
        for category, spans in _marked(document, queries[name]):
            for way, told in ways.items():
                held[way].append(any(_holds(told, span) for span in spans))
            by_category[category].append(held["summary"][-1])
        shares.append({way: sum(map(len, told)) / max(len(document.text), 1) for way, told in ways.items()})
        lengths.append(sum(counts))
    for way, found in held.items():
        share = sum(row[way] for row in shares) / len(shares)
        print(
            f"{way:<18}{sum(found) / len(found):6.1%} of {len(found)} marked kinds of clause, in {share:.1%} of the "
            f"text"
        )
    print(f"lines: median {sorted(lengths)[len(lengths) // 2]}, most {max(lengths)}")
    if given.categories:
        for category, found in sorted(by_category.items(), key=lambda row: sum(row[1]) / len(row[1])):
            print(f"  {category:<40}{sum(found) / len(found):5.0%} of {len(found)}")
    rates = {way: sum(found) / len(found) for way, found in held.items()}
    sys.exit(0 if rates["summary"] == max(rates.values()) else 1)


if __name__ == "__main__":
    main()
