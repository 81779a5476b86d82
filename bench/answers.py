"""Questions asked of a running server,
with the section and page of the first citation and the seconds to the first word.

    pincite serve &
    python -m bench.answers                               thirty-six questions about the sample, six not answered there
    python -m bench.answers --contracts FOLDER --most 10  "What is the governing law?" of each contract

Prints a table. Of the sample, it says for each question whether the expected page and section are cited first, or among
all citations, and whether what is not there was refused.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from retrieval import DataFolderBusy
from webapp.cli.client import Client
from webapp.core.data_folder import RunningServer, claim
from webapp.core.settings import load_settings
from webapp.core.stream import Result, Text
from webapp.service.commands import Accept, Ask, Follow

QUESTIONS = Path(__file__).parent.parent / "docs" / "sample" / "questions.jsonl"
LAW = "What is the governing law?"


def main() -> int:
    """Ask and print."""
    options = _options()
    server = claim(load_settings().data_dir, wait_seconds=0, on_wait=lambda: None)
    if not isinstance(server, RunningServer):
        server.release()
        sys.exit("Start `pincite serve` first.")
    client = Client(server)
    rows = list(_contracts(client, options.contracts, options.most) if options.contracts else _sample(client))
    first = [row["first"] for row in rows if row["first"] is not None]
    if first:
        print(f"seconds to the first word: median {statistics.median(first):.1f}, most {max(first):.1f}")
    print(f"seconds to the checked answer: median {statistics.median(r['seconds'] for r in rows):.1f}")
    return 0


def _sample(client: Client) -> Iterator[dict[str, Any]]:
    questions = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    right = refused = 0
    for q in questions:
        row = _ask(client, "Sample", q["question"], None)
        places = [(c.page, c.section) for c in row["answer"].citations]
        if q["section"] is None:
            verdict = "refused" if not row["answer"].found else "NOT REFUSED"
            refused += verdict == "refused"
        else:
            hits = [
                page == q["page"] and q["section"].split("(")[0].split(",")[0] in section for page, section in places
            ]
            verdict = "first" if hits[:1] == [True] else "among" if any(hits) else "MISSED"
            right += verdict == "first"
        cited = f"{places[0][1][:34]}, p. {places[0][0]}" if places else "-"
        expected = f"{q['section']}, p. {q['page']}" if q["section"] else "not there"
        print(f"{q['question'][:62]:63}{expected:20}{cited:44}{verdict:12}{row['words']}", flush=True)
        yield row
    there = sum(q["section"] is not None for q in questions)
    print(f"cited first: {right} of {there}; refused: {refused} of {len(questions) - there}")


def _contracts(client: Client, folder: Path, most: int) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*.pdf"))[:most]:
        [accepted] = (e.row for e in client.run(Accept(path, path.name, "Bench")) if isinstance(e, Result))
        document_id = accepted.document_id
        for _ in client.run(Follow("Bench", [document_id])):
            pass
        row = _ask(client, "Bench", LAW, document_id)
        cited = row["answer"].citations[:1]
        place = f"p. {cited[0].page:<4} {cited[0].section[:40]:41}{cited[0].quote or ''}" if cited else "-"
        print(f"{path.stem[:40]:41}{place[:150]}", flush=True)
        yield row


def _ask(client: Client, matter: str, question: str, document: str | None) -> dict[str, Any]:
    began, first = time.perf_counter(), None
    for event in client.run(Ask(matter, question, document)):
        if isinstance(event, Text) and first is None:
            first = time.perf_counter() - began
        if isinstance(event, Result):
            seconds = time.perf_counter() - began
            words = f"{first:.1f} s" if first is not None else "-"
            return {"answer": event.row, "first": first, "seconds": seconds, "words": words}
    raise DataFolderBusy()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contracts", type=Path)
    parser.add_argument("--most", type=int, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
