"""How often a result that does not follow is computed: random dates, amounts, shares and periods put to real clauses.

    python -m bench.calculations FOLDER_OF_PDFS [--documents 40] [--each 6] [--seed 7] [--show 0]

A sentence names a random result, and none, some or all of the operands that the clause has; so a calculation of one
operand with another hits by chance alone. Bound: 1 % of the sentences. Exit 0 where it is met, else 1.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

from retrieval import Document, Facts, Span, find_facts, outline
from retrieval.reading.pdf import read_pdf
from webapp.grounding.calculations import Source, compute
from webapp.grounding.operands import as_day, days, quantities

BOUND = 0.01
_LONGEST_CLAUSE = 3_000  # characters
_ROUND = (
    1,
    2,
    3,
    5,
    10,
    12,
    15,
    20,
    24,
    25,
    30,
    36,
    50,
    60,
    75,
    90,
    100,
    120,
    150,
    180,
    200,
    250,
    300,
    400,
    500,
    600,
    750,
)


def main() -> int:
    """Print how many random results were computed, by kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pdfs", type=Path)
    parser.add_argument("--documents", type=int, default=40)
    parser.add_argument("--each", type=int, default=6, help="sentences a clause and kind")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", type=int, default=0, help="print so many that were computed")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    tried: Counter[str] = Counter()
    computed: Counter[str] = Counter()
    for path in sorted(args.pdfs.glob("*.pdf"))[: args.documents]:
        document = read_pdf(path.read_bytes(), name=path.stem, document_id=path.stem)
        facts = find_facts(document)
        for source in _sources(document, facts):
            for kind, sentence in _sentences(source, rng, args.each):
                computation = compute(sentence, [source])
                tried[kind] += 1
                if computation:
                    computed[kind] += 1
                    if computed.total() <= args.show:
                        print(f"COMPUTED {sentence!r}\n    {computation.text} ({computation.rule})")
    for kind, count in sorted(tried.items()):
        print(f"{kind:40} {computed[kind]:6} of {count:6} {computed[kind] / count:8.4f}")
    share = computed.total() / max(tried.total(), 1)
    print(f"{'all':40} {computed.total():6} of {tried.total():6} {share:8.4f}  <= {BOUND}")
    return 0 if share <= BOUND else 1


def _sources(document: Document, facts: Facts) -> Iterator[Source]:
    """Yield the clauses of a document that have an operand, each as the clause that bears a sentence."""
    for clause in outline(document):
        if len(clause.span) <= _LONGEST_CLAUSE:
            source = Source(document, (clause.span,), (clause.span,), facts.dates)
            if any(quantities(document, [clause.span])) or any(days(document, [clause.span], facts.dates)):
                yield source


def _sentences(source: Source, rng: random.Random, each: int) -> Iterator[tuple[str, str]]:
    """Yield kind and text of sentences with a random result, with operands of the clause or without."""
    spans: list[Span] = list(source.bearing)
    dates = [as_day(day.value) for day in days(source.document, spans, source.dates)]
    found = list(quantities(source.document, spans))
    periods = [q.shown for q in found if q.unit[0] == "period"]
    amounts = [q for q in found if q.unit[0] == "amount"]
    shares = [q.shown for q in found if q.unit == ("share",)]
    for _ in range(each):
        day = as_day(_random_day(rng, source))
        if periods:
            yield "date, no operand named", f"The term ends on {day}."
            yield "date, no operand named", f"Notice must be given by {day}."
            yield "date, period named", f"It is {rng.choice(periods)}, so it ends on {day}."
        if periods and dates:
            yield "date, all named", f"The {rng.choice(periods)} from {rng.choice(dates)} end on {day}."
        if dates:
            months = rng.choice(_ROUND[:14])
            yield "period", f"The term lasts {months} months."
        if amounts:
            amount = _random_amount(rng, amounts[0].value, amounts[0].unit[1])
            one = rng.choice(amounts).shown
            yield "amount, no operand named", f"The total is {amount}."
            yield "amount, no operand named", f"The amount is {amount} a year."
            yield "amount, one named", f"It is {one} at first, and then {amount} in total, an increase."
            yield "amount, two named", f"From {one} to {rng.choice(amounts).shown} the difference is {amount}."
        if amounts and shares:
            amount = _random_amount(rng, amounts[0].value, amounts[0].unit[1])
            yield "amount, share named", f"The share of {rng.choice(shares)} comes to {amount}."
        if shares:
            yield "share", f"Together the shares come to {rng.choice(_ROUND[:16])}% in total."


def _random_day(rng: random.Random, source: Source) -> date:
    """A day within ten years of the document's, every other one the first or the last of a month."""
    own = next((each.value for each in source.dates if each.value), date(2010, 1, 1))
    day = own + timedelta(days=rng.randint(-365, 3_650))
    first = day.replace(day=1)
    return rng.choice((day, day, first, first - timedelta(days=1)))


def _random_amount(rng: random.Random, near: Fraction, currency: str) -> str:
    """A round amount of about as many digits as another."""
    scale = 10 ** max(0, len(str(int(near))) - 2)
    return f"{currency}{rng.choice(_ROUND) * scale:,}"


if __name__ == "__main__":
    sys.exit(main())
