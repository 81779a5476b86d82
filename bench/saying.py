"""Saying: what the marks of an answer are worth. Statements as a language model writes them, right and subtly wrong,
quotations that are clipped, calculations, and what an answer in key language leaves out.

    python -m bench.saying LABELS OUT [--half open] [--set statements] [--kept] [--show]

LABELS is a folder of contracts as for the other benches. Each statement goes through the whole of an answer: its
question is searched, the passages are packed for a window of 4,096 tokens, and a stand-in for a language model writes
the statement, with the number of the passage that holds the clause which bears it; where none holds it, the clause's
own words are searched with the question. OUT keeps the data folder, so that only the first run reads the documents, and
the answers (OUT/answers), which `--kept` scores again. Of the half called `blind` only totals are printed: it is not to
be looked at while something is changed for the better.
"""

import argparse
import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.copying_engine import PASSAGE, StandIn
from bench.finding import add, opened, parser
from bench.score import read
from webapp.answers.prompt import NOT_THERE
from webapp.core.stream import Result
from webapp.service.caller import Caller
from webapp.service.commands import Ask

STATEMENTS = Path(__file__).parent / "statements"
SETS = ("statements", "calculations", "completeness")
STATES = ("supported", "computed", "compared", "unsupported", "uncited", "absent", "aside")
WORST_FIRST = ("unsupported", "uncited", "absent", "compared", "computed", "supported")
TICKED, MARKED = ("supported", "computed"), ("unsupported", "uncited")
NOT_SENT = "not sent"  # no passage of the prompt holds the clause
Row = dict[str, Any]


def main() -> int:
    """Ask, keep the answers, and print the tables."""
    options = _options()
    for name in options.set or SETS:
        for half in options.half or ("open", "blind"):
            rows = read(STATEMENTS / f"{name}.{half}.jsonl")
            at = options.out / "answers" / f"{name}.{half}.jsonl"
            if not options.kept:
                _answer(name, rows, options, at)
            kept = {row["id"]: row for row in read(at)}
            pairs = [(row, kept[row["id"]]) for row in rows]
            print(f"\n{name}, {half} half: {len(rows)} of {len({row['document'] for row in rows})} documents")
            print(_report(name, pairs, by_kind=half == "open"), flush=True)
            if options.show and half == "open":
                print("\n".join(_shown(name, pairs)))
    return 0


class Writer:
    """Stand-in for a language model: writes the statement that was set, with the numbers of the passages that hold its
    clauses; without such a passage, that the passages do not say.
    """

    def __init__(self) -> None:
        self.statement = ""
        self.gold: Sequence[str] = ()
        self.cited: list[str] = []

    def set(self, statement: str, gold: str | Sequence[str]) -> None:
        """Set what is written next."""
        self.statement, self.cited = statement, []
        self.gold = [gold] if isinstance(gold, str) else gold

    def __call__(self, prompt: str) -> str:
        """The answer to a prompt."""
        parts = PASSAGE.split(prompt.rpartition("Question:")[0])
        passages = [(number, folded(text)) for number, text in zip(parts[1::2], parts[2::2], strict=True)]
        holders = [next((n for n, text in passages if folded(gold) in text), "") for gold in self.gold]
        self.cited = list(dict.fromkeys(holders)) if all(holders) else []
        return cited(self.statement, self.cited) if self.cited else NOT_THERE


def cited(statement: str, numbers: Sequence[str]) -> str:
    """A statement with the numbers of its passages before its last full stop."""
    return f"{statement.removesuffix('.')} {''.join(f'[{number}]' for number in numbers)}."


def folded(text: str) -> str:
    """Letters and digits alone, so that line ends, hyphens and quotation marks make no difference."""
    return re.sub(r"[\W_]+", "", text.casefold())


def state_of(sentences: Sequence[Row]) -> str:
    """The state of a statement: the worst of its sentences that claim something."""
    states = [sentence["state"] for sentence in sentences]
    return next((state for state in WORST_FIRST if state in states), "aside")


# Asking


def _answer(name: str, rows: Sequence[Row], options: argparse.Namespace, at: Path) -> None:
    at.parent.mkdir(parents=True, exist_ok=True)
    answers = _key_language if name == "completeness" else _marks
    with answers(options.labels, options.out / "data") as answer, at.open("w", 1, encoding="utf-8") as out:
        for row in rows:
            start = time.perf_counter()
            kept = {"id": row["id"], **answer(row), "seconds": round(time.perf_counter() - start, 2)}
            out.write(json.dumps(kept, ensure_ascii=False) + "\n")


@contextmanager
def _marks(contracts: Path, folder: Path) -> Iterator[Callable[[Row], Row]]:
    """What marks a statement gets."""
    writer = Writer()
    with StandIn(writer) as engine, opened(folder, llm_url=engine.url) as caller:

        def answer(row: Row) -> Row:
            writer.set(row["statement"], row["gold"])
            words = row["gold"] if isinstance(row["gold"], str) else " ".join(row["gold"])
            for question in (row["question"], f"{row['question']} {words}"):
                result = _ask(caller, contracts, row, question)
                if writer.cited:
                    break
            sentences = result["sentences"] if writer.cited else []
            quotes = [each["quote"] for each in result["citations"] if each["verified"] and each["quote"]]
            pages = [each["page"] for each in result["citations"]]
            state = state_of(sentences) if sentences else NOT_SENT
            return {"state": state, "sentences": sentences, "quotes": quotes, "pages": pages}

        yield answer


@contextmanager
def _key_language(contracts: Path, folder: Path) -> Iterator[Callable[[Row], Row]]:
    """What an answer without a language model shows."""
    with opened(folder, llm_url=None) as caller:

        def answer(row: Row) -> Row:
            result = _ask(caller, contracts, row, row["question"])
            shown = [each["text"] for each in result["key_language"]]
            return {"found": result["found"], "shown": [result["answer"], *shown]}

        yield answer


def _ask(caller: Caller, contracts: Path, row: Row, question: str) -> Row:
    """Ask in a matter that has the row's document, and what amends or is amended by it, and nothing else."""
    names = sorted({row["document"], *row.get("beside", ())})
    matter = names[0].removesuffix(".pdf")
    add(caller, matter, names, contracts)
    [result] = [event.row for event in caller.run(Ask(matter, question)) if isinstance(event, Result)]
    return {"sentences": [], **result.model_dump(mode="json")}


# Scores


def _report(name: str, pairs: Sequence[tuple[Row, Row]], *, by_kind: bool) -> str:
    match name:
        case "statements":
            return _statements(pairs, by_kind=by_kind)
        case "calculations":
            return _calculations(pairs, by_kind=by_kind)
    return _completeness(pairs)


def _statements(pairs: Sequence[tuple[Row, Row]], *, by_kind: bool) -> str:
    groups: dict[str, list[str]] = defaultdict(list)
    for row, kept in pairs:
        is_quotation = row["kind"].startswith("clipped") or row["kind"] == "whole quotation"
        group = "quotations, " if is_quotation else "right, " if row["right"] else "wrong, "
        groups[f"{group}all" if not is_quotation else f"{group}{row['kind'].split()[0]}"].append(kept["state"])
        if by_kind or (not row["right"] and row["kind"] == "party"):
            groups[group + row["kind"]].append(kept["state"])
    lines = [_heading(), *(_line(group, states) for group, states in sorted(groups.items()))]
    right, wrong = groups["right, all"], groups["wrong, all"]
    lines += [
        f"right: unsupported or uncited {_share(right, MARKED)}, goal 5 %",
        f"right: supported or computed {_share(right, TICKED)}, goal 50 %",
        f"wrong: supported or computed {_share(wrong, TICKED)}, goal 15 %",
        f"wrong: unsupported or uncited {_share(wrong, MARKED)}",
        f"of the statements that are supported or computed {_right(right, wrong)} are right",
        f"parties exchanged near-verbatim: supported or computed {_share(groups['wrong, party'], TICKED)}, goal 2 %",
        f"clipped quotations: supported {_share(groups['quotations, clipped'], TICKED)}, goal 0 %",
        f"clipped quotations: cited word for word {sum(_is_quoted(row, kept) for row, kept in pairs)}, goal 0",
        f"marked ones pinned to the page of their clause: {_pages(pairs, MARKED)}",
        f"others pinned to the page of their clause: {_pages(pairs, ('supported', 'compared'))}",
    ]
    return "\n".join(lines)


def _right(right: Sequence[str], wrong: Sequence[str]) -> str:
    """How many of the ticked statements are right: a tick that a wrong one gets as easily is worth nothing."""
    ticked = [sum(state in TICKED for state in states) for states in (right, wrong)]
    return f"{ticked[0]} of {sum(ticked)}"


def _pages(pairs: Sequence[tuple[Row, Row]], states: Sequence[str]) -> str:
    """How many statements in these states, right or wrong, are pinned to the page of the clause that bears them."""
    pinned = [row["page"] in kept["pages"][:1] for row, kept in pairs if kept["state"] in states]
    return f"{sum(pinned)} of {len(pinned)}"


def _is_quoted(row: Row, kept: Row) -> bool:
    """Whether a clipped quotation is cited as it was clipped."""
    clipped = {folded(words) for words in re.findall(r'"([^"]+)"', row["statement"])}
    return row["kind"].startswith("clipped") and any(folded(quote) in clipped for quote in kept["quotes"])


def _calculations(pairs: Sequence[tuple[Row, Row]], *, by_kind: bool) -> str:
    groups: dict[str, list[str]] = defaultdict(list)
    for row, kept in pairs:
        groups[f"{row['expected']}, all"].append(kept["state"])
        if by_kind:
            groups[f"{row['expected']}, {row['kind']}"].append(kept["state"])
    wrong = [*groups["wrong, all"], *groups["not computed, all"]]
    lines = [_heading(), *(_line(group, states) for group, states in sorted(groups.items()))]
    lines.append(
        f"right ones computed {_share(groups['right, all'], TICKED)}; "
        f"wrong ones, and those not to be computed, supported or computed {_share(wrong, TICKED)}, goal 0 %"
    )
    return "\n".join(lines)


def _completeness(pairs: Sequence[tuple[Row, Row]]) -> str:
    parts: dict[str, list[bool]] = defaultdict(list)
    for row, kept in pairs:
        held = _held(row, kept)
        for must, is_there in held:
            parts[must["part"]].append(is_there)
        parts["answers that hold all"].append(all(is_there for _, is_there in held))
    seconds = sorted(kept["seconds"] for _, kept in pairs)
    lines = [f"{part:24}{sum(each):5} of {len(each):3}" for part, each in sorted(parts.items())]
    words = sorted(len(" ".join(kept["shown"][1:]).split()) for _, kept in pairs)
    lines.append(f"words shown: median {words[len(words) // 2]}, most {words[-1]}")
    return "\n".join([*lines, f"seconds: median {seconds[len(seconds) // 2]}, most {seconds[-1]}"])


def _held(row: Row, kept: Row) -> list[tuple[Row, bool]]:
    """What an answer must show, each with whether it does."""
    text = folded(" ".join(kept["shown"])) if kept["found"] else ""
    return [(each, folded(each["words"]) in text) for each in row["must"]]


def _heading() -> str:
    return f"{'':38}{'of':>5}" + "".join(f"{state:>12}" for state in (*STATES, NOT_SENT))


def _line(group: str, states: Sequence[str]) -> str:
    counts = Counter(states)
    return f"{group:38}{len(states):5}" + "".join(f"{counts[state]:12}" for state in (*STATES, NOT_SENT))


def _share(states: Sequence[str], which: Sequence[str]) -> str:
    """Share of the statements that were sent."""
    sent = [state for state in states if state != NOT_SENT]
    hits = sum(state in which for state in sent)
    return f"{100 * hits / max(1, len(sent)):.1f} % ({hits} of {len(sent)})"


def _shown(name: str, pairs: Sequence[tuple[Row, Row]]) -> Iterator[str]:
    """The open rows that are not as they should be."""
    for row, kept in pairs:
        if name == "completeness":
            if lacks := [each["words"] for each, is_there in _held(row, kept) if not is_there]:
                yield f"{row['id']}: {row['question']} LACKS {lacks}"
            continue
        is_right = row.get("right", row.get("expected") == "right")
        verdict = "right" if is_right else "wrong"
        if kept["state"] in (MARKED if is_right else TICKED) or (is_right and name == "calculations"):
            why = "; ".join(f"{s.get('doubt', '')} {list(s.get('missing', ()))}" for s in kept["sentences"])
            yield f"{row['id']} {row['kind']}, {verdict}: {row['statement']} {kept['state']} {why}"


def _options() -> argparse.Namespace:
    options = parser(__doc__, SETS)
    options.add_argument("--show", action="store_true", help="print what is not as it should be of the open half")
    return options.parse_args()


if __name__ == "__main__":
    sys.exit(main())
