"""Train the embedder's adapter on labelled contracts, or see what that would bring on contracts it has not seen.

    python -m bench.train_adapter LABELS OUT.npz          trains on all of LABELS
    python -m bench.train_adapter LABELS --folds 4        trains on parts, measures on the rest, writes nothing

LABELS is a folder with `pdf/` and `queries.jsonl`: {"contract", "question", "gold": [passages], "category"} a line,
where `contract` is a file's name without `.pdf`. Each question is put as `search` puts it, alone and joined with the
drafting language of its kinds of clause, against all chunks of its contract: softmax over their cosines, the marked
ones being right. Both matrices start at the identity and are held near it, so that kinds of clause without labels lose
nothing.

Your own labels work the same way; set PINCITE_EMBEDDING_ADAPTER to the file,
and the indexes are made anew by themselves.
"""

import argparse
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from retrieval.core.documents import Document
from retrieval.reading.pdf import read_pdf
from retrieval.search.adapter import Adapter
from retrieval.search.clause_types import TypeMatcher, core
from retrieval.search.embedder import PACKAGED_NAME, Embedder, LocalEmbedder
from retrieval.search.search import joined
from retrieval.structure.chunks import Chunk, cut
from retrieval.structure.quote_match import find_quote

EPOCHS, RATE, TEMPERATURE, NEARNESS = 6, 3e-4, 0.05, 0.01
OVERLAP = 0.3  # of the shorter of chunk and passage, for a chunk to count as right
FIRST = 12  # chunks; about what 2,400 tokens hold
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Example:
    """One question: its vectors alone and joined, and which chunks of its contract are right."""

    contract: str
    category: str
    vectors: Array  # [2, dim]
    right: list[int]


def main() -> int:
    """Read, embed, train, write; the exit status."""
    options = _options()
    queries = [json.loads(line) for line in (options.labels / "queries.jsonl").read_text("utf-8").splitlines()]
    embedder = LocalEmbedder()
    _, chunks, examples = material(_documents(options.labels / "pdf", queries), queries, embedder)
    if options.folds:
        _cross_validate(chunks, examples, options.folds)
        return 0
    query, passage = train(chunks, examples)
    digest = hashlib.sha256((options.labels / "queries.jsonl").read_bytes()).hexdigest()[:8]
    lineage = {
        "name": f"{options.labels.name}-{digest}",
        "model": PACKAGED_NAME,
        "labels": f"{len(examples)} questions on {len(chunks)} contracts of {options.labels.name}",
        "licence": options.licence,
        "settings": {"epochs": EPOCHS, "rate": RATE, "temperature": TEMPERATURE, "nearness": NEARNESS},
    }
    Adapter(query, passage, lineage).save(options.out)
    print(f"{options.out}: {lineage['labels']}, {options.out.stat().st_size / 1e6:.1f} MB")
    return 0


def train(chunks: dict[str, Array], examples: Sequence[Example]) -> tuple[Array, Array]:
    """Fit both matrices, float32[dim, dim] each, one step a contract."""
    torch.manual_seed(0)
    order = np.random.default_rng(0)
    by_contract = defaultdict(list)
    for example in examples:
        by_contract[example.contract].append(example)
    eye = torch.eye(next(iter(chunks.values())).shape[1])
    query, passage = torch.nn.Parameter(eye.clone()), torch.nn.Parameter(eye.clone())
    optimizer = torch.optim.Adam([query, passage], lr=RATE)
    contracts = sorted(by_contract)
    for _ in range(EPOCHS):
        for contract in order.permutation(contracts):
            mine = by_contract[contract]
            asked = torch.nn.functional.normalize(torch.tensor(np.concatenate([e.vectors for e in mine])) @ query)
            there = torch.nn.functional.normalize(torch.tensor(chunks[contract]) @ passage)
            scores = asked @ there.T / TEMPERATURE
            wrong = torch.ones_like(scores, dtype=torch.bool)
            for row, right in enumerate(right for e in mine for right in [e.right] * len(e.vectors)):
                wrong[row, right] = False
            missed = torch.logsumexp(scores, 1) - torch.logsumexp(scores.masked_fill(wrong, -1e9), 1)
            moved = (query - eye).square().sum() + (passage - eye).square().sum()
            optimizer.zero_grad()
            (missed.mean() + NEARNESS * moved).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return query.detach().numpy(), passage.detach().numpy()


def material(
    documents: Mapping[str, Document], queries: Sequence[dict[str, object]], embedder: Embedder
) -> tuple[dict[str, list[Chunk]], dict[str, Array], list[Example]]:
    """Every contract's chunks, their vectors, float32[n, dim], and the questions whose passages were found in the text.

    `embedder.queries` gives vectors that no adapter has moved. Queries about other contracts are left out.
    """
    matcher = TypeMatcher(embedder, Path(gettempdir()))
    asked: dict[str, Array] = {}
    chunks: dict[str, list[Chunk]] = {}
    vectors: dict[str, Array] = {}
    examples: list[Example] = []
    by_contract = defaultdict(list)
    for query in queries:
        by_contract[str(query["contract"])].append(query)
    for contract, document in track(documents.items(), "embedding"):
        pieces = list(cut(document))
        chunks[contract] = [each for each, _ in pieces]
        vectors[contract] = embedder.queries([text for _, text in pieces])
        for query in by_contract[contract]:
            question = core(str(query["question"]))
            if question not in asked:
                vector = embedder.queries([question])[0]
                asked[question] = np.stack([vector, joined(vector, matcher.match(question, vector))])
            gold = query["gold"]
            assert isinstance(gold, list)
            spans = [m.span for passage in gold if (m := find_quote(document, passage))]
            right = [
                i
                for i, c in enumerate(chunks[contract])
                if any(c.span.shared(s) > OVERLAP * min(len(c.span), len(s)) for s in spans)
            ]
            if right:
                examples.append(Example(contract, str(query.get("category", "")), asked[question], right))
    return chunks, vectors, examples


def _documents(folder: Path, queries: Sequence[dict[str, object]]) -> dict[str, Document]:
    files = [folder / f"{contract}.pdf" for contract in sorted({str(query["contract"]) for query in queries})]
    return {
        file.stem: read_pdf(file.read_bytes(), name=file.name, document_id=file.stem)
        for file in track(files, "reading")
    }


def _cross_validate(chunks: dict[str, Array], examples: Sequence[Example], folds: int) -> None:
    contract_fold = folds_of((e.contract for e in examples), folds)
    category_fold = folds_of((e.category for e in examples), folds)
    eye = np.eye(next(iter(chunks.values())).shape[1], dtype=np.float32)
    figures = defaultdict(list)
    for fold in track(range(folds), "training"):
        kept = [e for e in examples if contract_fold[e.contract] != fold]
        held = [e for e in examples if contract_fold[e.contract] == fold]
        new = [e for e in held if category_fold[e.category] == fold]
        figures["contracts not seen"].append(_found(chunks, held, *train(chunks, kept)))
        figures["  without the adapter"].append(_found(chunks, held, eye, eye))
        narrower = [e for e in kept if category_fold[e.category] != fold]
        figures["contracts and kinds of clause not seen"].append(_found(chunks, new, *train(chunks, narrower)))
        figures["   without the adapter"].append(_found(chunks, new, eye, eye))
    print(f"{'share of questions':40}{'first right':>14}{f'all in {FIRST}':>12}")
    for name, rows in figures.items():
        first, all_ = np.mean(np.concatenate(rows), axis=0)
        print(f"{name:40}{first:14.3f}{all_:12.3f}")


def folds_of(names: Iterable[str], folds: int) -> dict[str, int]:
    """Names dealt out to so many parts by chance, the same each time."""
    order = np.random.default_rng(0).permutation(sorted(set(names)))
    return {str(name): i % folds for i, name in enumerate(order)}


def _found(chunks: dict[str, Array], examples: Sequence[Example], query: Array, passage: Array) -> Array:
    """[n, 2]: whether the first chunk by the joined vector is right, and whether all right ones are among the first."""
    adapter = Adapter(query, passage, {"name": "trial"})
    moved = {contract: adapter.passages(vectors) for contract, vectors in chunks.items()}
    rows = []
    for e in examples:
        order = np.argsort(-(moved[e.contract] @ adapter.queries(e.vectors[1])))
        rows.append((order[0] in e.right, set(e.right) <= set(order[:FIRST].tolist())))
    return np.array(rows, np.float32)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--licence", default="not stated", help="of the labels, for the file's lineage")
    options = parser.parse_args()
    if bool(options.out) == bool(options.folds):
        parser.error("give either OUT.npz or --folds")
    return options


if __name__ == "__main__":
    sys.exit(main())
