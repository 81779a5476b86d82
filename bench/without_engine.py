"""Seconds from a question to its complete answer where no language model is set up.

    python -m bench.without_engine LABELS OUT [--contracts 10] [--questions 3]

Asks the packaged sample and contracts of LABELS, from the shortest to the longest at even steps, each in a matter of
its own. OUT keeps the data folder, so that only the first run reads the documents. One question is asked before the
clock runs: models are loaded then.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.finding import opened
from bench.score import read
from webapp.core.results import AnswerResult
from webapp.core.stream import Result
from webapp.service.caller import Caller
from webapp.service.commands import Accept, Ask, Follow
from webapp.service.workspace import packaged_sample

SAMPLE_QUESTIONS = Path(__file__).parents[1] / "docs/sample/questions.jsonl"
Asked = tuple[str, Path, list[str]]  # matter, file, questions


def main() -> int:
    """Ask, and print median, 95th percentile and longest for the sample and for the contracts."""
    options = _options()
    with opened(options.out, llm_url=None) as caller:
        for name, asked in _asked(options.labels, options.contracts, options.questions).items():
            print(f"{name}: {_seconds(caller, asked)}", flush=True)
    return 0


def _asked(labels: Path, contracts: int, questions: int) -> dict[str, list[Asked]]:
    by_length = sorted(read(labels / "contracts.jsonl"), key=lambda row: int(row["pages"]))
    chosen = [by_length[int(at)] for at in np.linspace(0, len(by_length) - 1, contracts)]
    queries: dict[str, list[str]] = {row["id"]: [] for row in chosen}
    for query in read(labels / "queries.jsonl"):
        if query["view"] == "plain" and query["contract"] in queries:
            queries[query["contract"]].append(query["question"])
    sample = packaged_sample()
    if sample is None:
        raise FileNotFoundError("the sample contract is not installed")
    return {
        "sample": [("Bench sample", sample, [row["question"] for row in read(SAMPLE_QUESTIONS)[: 3 * questions]])],
        f"{contracts} contracts": [(row["id"], labels / row["file"], queries[row["id"]][:questions]) for row in chosen],
    }


def _seconds(caller: Caller, asked: list[Asked]) -> str:
    taken, engines = [], set()
    for matter, path, questions in asked:
        if not caller.records(caller.matter_or_new(matter)):
            added = [e.row.document_id for e in caller.run(Accept(path, path.name, matter)) if isinstance(e, Result)]
            for _ in caller.run(Follow(matter, added)):
                pass
        list(_answers(caller, matter, questions[:1]))
        for question in questions:
            start = time.perf_counter()
            engines |= {answer.engine for answer in _answers(caller, matter, [question])}
            taken.append(time.perf_counter() - start)
    p50, p95 = np.percentile(taken, [50, 95])
    return f"{len(taken)} questions, p50 {p50:.2f} s, p95 {p95:.2f} s, longest {max(taken):.2f} s (engine: {engines})"


def _answers(caller: Caller, matter: str, questions: list[str]) -> Iterator[AnswerResult]:
    for question in questions:
        yield from (event.row for event in caller.run(Ask(matter, question)) if isinstance(event, Result))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--contracts", type=int, default=10)
    parser.add_argument("--questions", type=int, default=3, help="of each contract; of the sample thrice as many")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
