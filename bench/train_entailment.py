"""Train the model that reads statements against clauses, or see what it says of contracts and kinds it has not seen.

    python -m bench.train_entailment LABELS OUT.npz            trains on all of LABELS
    python -m bench.train_entailment LABELS --folds 4          trains on parts, measures on the rest, writes nothing

LABELS is a folder with what there is of `cuad/` (see `bench/cuad.py`), `contractnli/dev.json` and `maud/`
(`queries.jsonl`, `texts/`; the form of LegalBench-RAG). MiniLM's embeddings stay as they are; its six layers and the
heads are trained, on one core in about half an hour. With `--folds` a part of the contracts, of ContractNLI's
statements, of the kinds of clause and of the kinds of alteration is left out each time, all at once.

Your own contracts work the same way: a `cuad/` folder of yours is enough. Set PINCITE_ENTAILMENT_MODEL to the file.

`--test FILE.jsonl` tries what was trained on statements about contracts of LABELS, each a line with `document`,
`statement`, `gold` (words of the clause that bears it) and `right`, as in `bench/statements`; their contracts are left
out of the training. The figures go into the file's card, and its readings count as far as they say that it helps:
without them, nowhere.
"""

import argparse
import hashlib
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from rich.progress import track

from bench.entailment_pairs import (
    ANSWERS,
    CONTRADICTS,
    FOLLOWS,
    NO_ANSWER,
    RIGHT_OF,
    SILENT,
    LeftOut,
    Made,
    from_headings,
    from_questions,
    from_sentences,
    from_statements,
    from_written,
    variants_of,
    written_of,
)
from bench.labelled_text import Contract, contractnli, cuad, maud
from bench.saying import folded
from bench.score import read as rows_of
from bench.train_adapter import folds_of
from retrieval.search.embedder import PACKAGED_NAME, LocalEmbedder, has_bfloat16, packaged_folder
from retrieval.search.entailment import (
    HEADS,
    STOPS_RIGHT,
    TAKES_WRONG,
    CrossEncoder,
    Reading,
    Weights,
    bars_of,
    pair_tokenizer,
    pooled,
    save_weights,
)

EPOCHS, RATE, HEADS_RATE, BATCH = 1, 7e-5, 1e-3, 2048  # BATCH: tokens of a step
SENTENCES = {"cuad": 17, "contractnli": 8, "maud": 18}  # of a contract, each used in two or three pairs
QUESTIONS, HEADINGS = 0.3, 4  # share of a contract's questions; how many of its headings
LICENCE = (
    "labels of CUAD v1 and ContractNLI: CC BY 4.0; MAUD: CC BY 4.0, its questions' form MIT; "
    "statements altered from their contracts' sentences"
)


def main() -> int:
    """Read, make pairs, train, write; the exit status."""
    options = _options()
    torch.set_num_threads(1)
    every = read(options.labels)
    tests = rows_of(options.test) if options.test else []
    left_out = {*options.without, *(Path(row["document"]).stem for row in tests)}
    contracts = [c for c in every if c.name not in left_out]
    if options.folds:
        cross_validate(contracts, options.folds, options.share, options.fold)
        return 0
    started = time.monotonic()
    made = pairs(contracts, seed=0, share=options.share)
    weights = train(made)
    figures_of_card = tried(CrossEncoder(weights, {}), every, tests) if tests else {}
    digest = hashlib.sha256("\n".join(m.text + m.clause for m in made).encode()).hexdigest()[:8]
    lineage = {
        "name": f"entailment-{digest}",
        "model": PACKAGED_NAME,
        "labels": f"{len(made)} pairs from {len(contracts)} contracts of CUAD v1, ContractNLI and MAUD",
        "licence": LICENCE,
        "settings": {"epochs": EPOCHS, "rate": RATE, "heads_rate": HEADS_RATE, "tokens_a_step": BATCH},
        "left_out": sorted(left_out),
        "figures": figures_of_card,
        "minutes_on_one_core": round((time.monotonic() - started) / 60),
    }
    save_weights(options.out, weights, lineage)
    print(f"{options.out}: {lineage['labels']}, {options.out.stat().st_size / 1e6:.1f} MB")
    print(f"figures: {figures_of_card or 'none'}; its readings count from {bars_of(lineage)}")
    return 0


def read(labels: Path) -> list[Contract]:
    """The contracts of a folder of labels."""
    found: list[Contract] = []
    if (labels / "cuad").exists():
        found += cuad(labels / "cuad")
    if (labels / "contractnli").exists():
        found += contractnli(labels / "contractnli" / "dev.json")
    if (labels / "maud").exists():
        found += maud(labels / "maud")
    return found


def pairs(contracts: Sequence[Contract], *, seed: int, share: float = 1.0) -> list[Made]:
    """Every pair that is made of the contracts, the same each time; `share`: how many of their sentences."""
    made: list[Made] = []
    variants, written = variants_of(), written_of()
    for contract in contracts:
        rng = random.Random(f"{contract.name} {seed}")
        made += from_sentences(contract, round(SENTENCES[contract.source] * share), rng)
        made += from_questions(contract, QUESTIONS * share, rng)
        made += from_headings(contract, round(HEADINGS * share), rng)
        made += from_statements(contract, variants, rng)
        made += from_written(contract, written, rng)
    return made


def train(made: Sequence[Made], *, epochs: int = EPOCHS, seed: int = 0) -> Weights:
    """Train the layers and the heads on pairs: what may be right of each is made likely, one step a batch of tokens."""
    from transformers import AutoModel

    torch.manual_seed(seed)
    order = random.Random(seed)
    encoder = AutoModel.from_pretrained(packaged_folder(), add_pooling_layer=False, local_files_only=True).train()
    encoder.embeddings.requires_grad_(False)
    heads = torch.nn.Linear(3 * encoder.config.hidden_size, 4)
    torch.nn.init.zeros_(heads.weight)
    layers = [p for p in encoder.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [{"params": layers, "lr": RATE}, {"params": heads.parameters(), "lr": HEADS_RATE}], weight_decay=0.01
    )
    read_pairs = pair_tokenizer().encode_batch([(m.text, m.clause) for m in made])
    steps = [step for _ in range(epochs) for step in _steps([len(e.ids) for e in read_pairs], order)]
    warm = max(1, len(steps) // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda at: min((at + 1) / warm, max(0.02, (len(steps) - at) / (len(steps) - warm + 1)))
    )
    for step in track(steps, "training"):
        with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
            states = pooled(encoder, [read_pairs[i].ids for i in step], [read_pairs[i].type_ids for i in step])
        loss(heads(states), [made[i].right for i in step]).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(layers, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    weights = {name: rows.numpy() for name, rows in encoder.state_dict().items() if name.startswith("encoder.")}
    return weights | {f"{HEADS}.{name}": rows.numpy() for name, rows in heads.state_dict().items()}


def loss(logits: torch.Tensor, right: Sequence[int]) -> torch.Tensor:
    """How unlikely what may be right is, in the mean; logits float32[n, 4]."""
    bits = torch.tensor(right)
    likely = torch.log_softmax(logits[:, :3], 1)
    allowed = torch.stack([bits & bit > 0 for bit in (FOLLOWS, CONTRADICTS, SILENT)], 1)
    stated = -torch.logsumexp(likely.masked_fill(~allowed, -1e4), 1)
    asked = torch.nn.functional.binary_cross_entropy_with_logits(
        logits[:, 3], (bits & ANSWERS > 0).float(), reduction="none"
    )
    return torch.where(bits >= ANSWERS, asked, stated).mean()


def _steps(lengths: Sequence[int], order: random.Random) -> Iterator[list[int]]:
    """Positions of pairs, in batches of nearly the same length, in any order."""
    by_length = sorted(range(len(lengths)), key=lambda i: lengths[i] * order.uniform(0.9, 1.1))
    batches: list[list[int]] = [[]]
    for i in by_length:
        if batches[-1] and (len(batches[-1]) + 1) * lengths[i] > BATCH:
            batches.append([])
        batches[-1].append(i)
    order.shuffle(batches)
    yield from batches


# What it says of what it has not seen --------------------------------------------------------------------------------


def cross_validate(contracts: Sequence[Contract], folds: int, share: float, only: int | None = None) -> None:
    """Leave out a part of contracts, statements, kinds of clause and of alteration at a time; print figures on it."""
    of_contract = folds_of((c.name for c in contracts), folds)
    kinds = {s.kind for c in contracts for s in c.stated} | {a.kind for c in contracts for a in c.asked}
    of_kind = folds_of(kinds, folds) | {kind: i % folds for i, kind in enumerate(RIGHT_OF)}
    everything = pairs(contracts, seed=0, share=share)
    embedder = LocalEmbedder()
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    for fold in range(folds) if only is None else [only]:
        out = LeftOut(
            frozenset(n for n, i in of_contract.items() if i == fold),
            frozenset(k for k, i in of_kind.items() if i == fold),
        )
        kept = [m for m in everything if m not in out]
        held = [m for m in everything if m.contract in out.contracts]
        print(f"fold {fold}: {len(kept)} pairs to train on, {len(held)} held; kinds left out: {len(out.kinds)}")
        model = CrossEncoder(train(kept), {})
        for name, found in figures(held, model, embedder, out.kinds).items():
            rows[name].append(found)
            print(f"  {name:60}" + "  ".join(f"{k} {v:.3f}" for k, v in found.items()), flush=True)
    print("\nmean over folds")
    for name, each in rows.items():
        print(f"{name:62}" + "  ".join(f"{k} {np.mean([e[k] for e in each]):.3f}" for k in each[0]))


def figures(
    held: Sequence[Made], model: CrossEncoder, embedder: LocalEmbedder, new: frozenset[str]
) -> dict[str, dict[str, float]]:
    """AUROC of the model, of MiniLM's cosine and of shared words, task by task; `new`: kinds it was not trained on."""
    logits = model.logits([(m.text, m.clause) for m in held]).float()
    likely = torch.log_softmax(logits[:, :3], 1)
    measures = {
        "follows": likely[:, 0].numpy(),
        "polarity": (likely[:, 0] - likely[:, 1]).numpy(),
        "mentioned": -likely[:, 2].numpy(),
        "answers": logits[:, 3].numpy(),
    }
    others = {
        "cosine": (embedder.queries([m.text for m in held]) * embedder.passages([m.clause for m in held])).sum(1),
        "words": np.array([shared_words(m.text, m.clause) for m in held]),
    }
    found: dict[str, dict[str, float]] = {}
    for task, (measure, good, bad) in tasks(held, new).items():
        if min(len(good), len(bad)) > 4:
            scores = {"model": measures[measure], **others}
            found[f"{task} ({len(good)} / {len(bad)})"] = {k: auroc(v[good], v[bad]) for k, v in scores.items()}
    return found


class Reader(Protocol):
    """What reads statements beside clauses."""

    def read(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Reading]:
        """Read each (statement, clause)."""


def tried(model: Reader, contracts: Sequence[Contract], rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What a model says of statements beside the clauses that bear them: the figures of its card.

    `follows`: the share of right ones at or above the bar that lets the most wrong ones pass that may; `contradicts`:
    the share of wrong ones at or above the bar that stops the most right ones that may.
    """
    by_name = {contract.name: contract for contract in contracts}
    found = [
        (row, clause) for row in rows if (clause := _bearing(by_name.get(Path(row["document"]).stem), row["gold"]))
    ]
    readings = model.read([(row["statement"], clause) for row, clause in found])
    sides = {
        side: [r for r, (row, _) in zip(readings, found, strict=True) if row["right"] == side] for side in (True, False)
    }
    card: dict[str, Any] = {"right": len(sides[True]), "wrong": len(sides[False])}
    if all(sides.values()):
        bar = _bar([r.follows for r in sides[False]], TAKES_WRONG)
        card["follows"] = {"bar": bar} | {n: _above([r.follows for r in sides[s]], bar) for n, s in _SIDES}
        bar = _bar([r.contradicts for r in sides[True]], STOPS_RIGHT)
        card["contradicts"] = {"bar": bar} | {n: _above([r.contradicts for r in sides[s]], bar) for n, s in _SIDES}
    return card


_SIDES = (("right", True), ("wrong", False))


def _bearing(contract: Contract | None, gold: str) -> str:
    """The sentence of a contract that has some words, or the two that have them; empty where none has."""
    for width in (1, 2) if contract else ():
        for i in range(len(contract.sentences)):  # type: ignore[union-attr]
            clause = " ".join(contract.sentences[i : i + width])  # type: ignore[union-attr]
            if folded(gold) in folded(clause):
                return clause
    return ""


def _bar(scores: Sequence[float], share: float) -> float:
    """The lowest bar that at most a share of scores reach."""
    falling = sorted(scores, reverse=True)
    reached = falling[int(share * len(falling))]
    return float(np.nextafter(reached, 2.0))


def _above(scores: Sequence[float], bar: float) -> float:
    return round(sum(score >= bar for score in scores) / len(scores), 3)


Task = tuple[str, list[int], list[int]]  # what of the model is looked at; pairs that should have more of it, and less


def tasks(held: Sequence[Made], new: frozenset[str]) -> dict[str, Task]:
    """What is to be told apart, by the positions of pairs; kinds of `new` apart from the rest."""
    sort, kind = zip(*(m.kind.split(":", 1) for m in held), strict=True)

    def where(
        *, sorts: Sequence[str], right: int = 31, kinds: Sequence[str] = (), unseen: bool | None = None
    ) -> list[int]:
        return [
            i
            for i, m in enumerate(held)
            if sort[i] in sorts
            and m.right & right == m.right
            and (not kinds or kind[i] in kinds)
            and (unseen is None or (kind[i] in new) == unseen)
        ]

    found: dict[str, Task] = {}
    reworded = where(sorts=["sentence"], right=FOLLOWS)
    found["sentence reworded / another"] = "follows", reworded, where(sorts=["sentence"], right=SILENT)
    for each in RIGHT_OF:
        mark = " (kind not trained on)" if each in new else ""
        found[f"sentence reworded / {each}{mark}"] = "follows", reworded, where(sorts=["altered"], kinds=[each])
    right, wrong = where(sorts=["written"], right=FOLLOWS), where(sorts=["written"], kinds=["wrong"])
    found["statement written by reading: right / wrong"] = "follows", right, wrong
    for unseen in (False, True):
        mark = " (kinds not trained on)" if unseen else ""
        yes, no = (where(sorts=["question"], right=r, unseen=unseen) for r in (ANSWERS, NO_ANSWER))
        found[f"question: answers / does not{mark}"] = "answers", yes, no
        said = [where(sorts=["statement"], right=r, unseen=unseen) for r in (FOLLOWS, CONTRADICTS, SILENT)]
        found[f"ContractNLI: mentioned / not{mark}"] = "mentioned", said[0] + said[1], said[2]
        found[f"ContractNLI: follows / contradicts{mark}"] = "polarity", said[0], said[1]
    return found


def shared_words(text: str, clause: str) -> float:
    """The share of a text's longer words that a clause has."""
    words = {w[:6] for w in text.lower().split() if len(w) > 3}
    return len(words & {w[:6] for w in clause.lower().split()}) / (len(words) or 1)


def auroc(good: np.ndarray, bad: np.ndarray) -> float:
    """How often one of `good` is above one of `bad`."""
    ranks = np.concatenate([good, bad]).argsort(kind="stable").argsort()
    return float((ranks[: len(good)].sum() - len(good) * (len(good) - 1) / 2) / (len(good) * len(bad)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--fold", type=int, help="only this one of them")
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the sentences, questions and headings that are used by default"
    )
    parser.add_argument("--test", type=Path, help="statements to try it on, for the figures of its card")
    parser.add_argument("--without", nargs="*", default=[], help="names of contracts that are left out")
    options = parser.parse_args()
    if bool(options.out) == bool(options.folds):
        parser.error("give either OUT.npz or --folds")
    return options


if __name__ == "__main__":
    sys.exit(main())
