"""Finding: what was asked, where it stands, and in which documents. Questions by kind, conversations of four turns,
amended documents, and questions put to sixty contracts.

    python -m bench.finding LABELS OUT [--set places] [--half open] [--kept]

LABELS is a folder of contracts as for the other benches; documents that were written for the questions come from
`bench/questions`. OUT keeps the data folder, so that only the first run reads the documents, and the answers
(OUT/answers), which `--kept` scores again. Without PINCITE_LLM_URL no language model answers. The halves called
`blind` are not to be looked at while something is changed for the better: they tell whether what was learned from the
open ones holds.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.questions import documents, scores
from bench.score import read
from webapp.core.data_folder import RunningServer, claim
from webapp.core.results import AnswerResult
from webapp.core.settings import load_settings
from webapp.core.stream import Result
from webapp.service.caller import Caller
from webapp.service.commands import Accept, Ask, Follow
from webapp.service.workspace import Workspace
from webapp.store.users import LOCAL_USER

QUESTIONS = Path(__file__).parent / "questions"
SETS = ("places", "conversations", "amendments", "every_document")
Json = dict[str, Any]


def main() -> int:
    """Ask, keep the answers, and print the scores by kind."""
    options = parser(__doc__, SETS).parse_args()
    for name in options.set or SETS:
        for half in options.half or ("open", "blind"):
            labels = read(QUESTIONS / f"{name}.{half}.jsonl")
            at = options.out / "answers" / f"{name}.{half}.jsonl"
            if not options.kept:
                _ask(labels, options.labels, options.out / "data", at)
            print(f"\n{name}, {half} half")
            print(report(name, labels, {row["id"]: row for row in read(at)}), flush=True)
    return 0


def report(name: str, labels: Sequence[Json], answers: Mapping[str, Json]) -> str:
    """Scores of one set of questions as a table. An answer has `id`, `answers` (one for each turn) and `seconds`."""
    pairs = [(label, answers[label["id"]]) for label in labels]
    match name:
        case "places":
            return scores.table([(x["kind"], scores.place_scores(x, y["answers"][-1])) for x, y in pairs])
        case "conversations":
            turns = [turn for x, y in pairs for turn in zip(x["turns"], y["answers"], strict=True)]
            return scores.table([(turn["kind"], scores.turn_scores(turn, answer)) for turn, answer in turns])
        case "amendments":
            return scores.table([(x["kind"], scores.amendment_scores(x, y["answers"][-1])) for x, y in pairs])
    return _every_document(pairs)


def _every_document(pairs: Sequence[tuple[Json, Json]]) -> str:
    lines = [f"{'question':72}{'rows':>8}{'right':>6}{'wrong':>6}{'of':>5}{'unclear':>8}{'other':>6}{'seconds':>9}"]
    counts = [scores.DocumentCounts.of(label, kept["answers"][-1]) for label, kept in pairs]
    for (label, kept), c in zip(pairs, counts, strict=True):
        cells = f"{c.rows:5}/{c.documents:2}{c.right:6}{c.wrong:6}{c.labelled:5}{c.unclear:8}{c.unlabelled:6}"
        lines.append(f"{label['question'][:71]:72}{cells}{kept['seconds']:9.1f}")
    precision, recall, strict = scores.precision_and_recall(counts)
    lines.append(
        f"precision {precision:.3f}, recall {recall:.3f}; precision if what has no label is absent {strict:.3f}"
    )
    return "\n".join(lines)


# Asking


def _ask(labels: Sequence[Json], contracts: Path, folder: Path, at: Path) -> None:
    at.parent.mkdir(parents=True, exist_ok=True)
    with opened(folder) as caller, at.open("w", encoding="utf-8") as out:
        for matter, names in sorted(_documents_of(labels).items()):
            add(caller, matter, names, contracts)
        for label in labels:
            start = time.perf_counter()
            answers = [answer.model_dump(mode="json") for answer in _answers(caller, label)]
            row = {"id": label["id"], "answers": answers, "seconds": round(time.perf_counter() - start, 2)}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


@contextmanager
def opened(folder: Path, **given: Any) -> Iterator[Caller]:
    """A data folder, opened without a server for as long as it is used; `given` are its settings."""
    owner = claim(folder, wait_seconds=0, on_wait=lambda: None)
    if isinstance(owner, RunningServer):
        sys.exit(f"A server uses {folder}.")
    try:
        with Workspace(load_settings(data_dir=folder, **given)) as workspace:
            yield Caller(workspace, LOCAL_USER)
    finally:
        owner.release()


def _documents_of(labels: Sequence[Json]) -> dict[str, list[str]]:
    """The documents of each matter: those written for it, and the contracts that any question of the set names."""
    wanted: dict[str, set[str]] = {label["matter"]: set() for label in labels}
    for path in QUESTIONS.glob("*.jsonl"):  # of both halves, so that both search the same documents
        for label in read(path):
            wanted.get(label["matter"], set()).update(_named(label))
    for name in documents.names():
        matter = name.partition("_")[0] if name.startswith("amend") else "made"
        wanted.get(matter, set()).add(f"{name}.pdf")
    return {matter: sorted(names) for matter, names in wanted.items()}


def _named(label: Json) -> set[str]:
    turns = label.get("turns", [label])
    places = {place["document"] for turn in turns for place in turn.get("places", ())}
    listed = {name for key in ("found", "not_found", "unknown") for name in label.get(key, ())}
    return places | listed | ({label["document"]} if label.get("document") else set())


def add(caller: Caller, matter: str, names: Sequence[str], contracts: Path) -> None:
    """Add documents by name to a matter, those it does not have yet; contracts lie in the folder of labels."""
    here = {record.name for record in caller.records(caller.matter_or_new(matter))}
    written = set(documents.names())
    folder = caller.workspace.settings.data_dir.parent / "pdf"
    folder.mkdir(exist_ok=True)
    added = []
    for name in (name for name in names if name not in here):
        path = contracts / "pdf" / name
        if (stem := name.removesuffix(".pdf")) in written:
            path = folder / name
            path.write_bytes(documents.pdf(stem))
        added += [
            event.row.document_id for event in caller.run(Accept(path, name, matter)) if isinstance(event, Result)
        ]
    if added:
        for _ in caller.run(Follow(matter, added)):
            pass


def _answers(caller: Caller, label: Json) -> list[AnswerResult]:
    """The answers to the turns of a conversation, or to a question, after the questions before it, if any."""
    turns = label.get("turns") or [*label.get("history", ()), label]
    asked = (Ask(label["matter"], t["question"], t.get("document"), continues=n > 0) for n, t in enumerate(turns))
    return [event.row for ask in asked for event in caller.run(ask) if isinstance(event, Result)]


def parser(description: str | None, sets: Sequence[str]) -> argparse.ArgumentParser:
    """The options of a bench that asks sets of labelled questions and keeps the answers."""
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("labels", type=Path)
    options.add_argument("out", type=Path)
    options.add_argument("--set", action="append", choices=sets, help="one of the sets; all unless given")
    options.add_argument("--half", action="append", choices=("open", "blind"), help="one half; both unless given")
    options.add_argument("--kept", action="store_true", help="score the answers of the last run again")
    return options


if __name__ == "__main__":
    sys.exit(main())
