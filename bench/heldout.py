"""Cross-validate the product's own search: each contract is asked with an adapter that has not seen it.

    python -m bench.heldout LABELS OUT [--scope document|all] [--variant NAME]...

LABELS as for `bench.train_adapter`, with `absent.jsonl` beside `queries.jsonl`. For each variant (see VARIANTS) it
writes OUT/SCOPE/VARIANT/texts.jsonl and results.jsonl as `bench.score` reads them, absent/results.jsonl beside them for
what is not there, and labels/ with the questions that were asked; so

    python -m bench.score OUT/document/full/labels OUT/document/full --against OUT/document/no-adapter \\
        --absent OUT/document/full/absent

tells what the adapter adds to contracts it has not seen.
For "types" the kind of clause that is asked for was left out of the training, too.

What was read, and the vectors before the adapter, are kept in CACHE between runs;
search is exact over the moved vectors where the product asks Chroma.
"""

import argparse
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Literal, NamedTuple, cast

import numpy as np
from rich.progress import track

from bench.remembered import Remembered
from bench.score import read
from bench.train_adapter import Array, folds_of, material, train
from retrieval.evaluate import Corpus, QueryRow, Scope, open_corpus, read_queries, run_queries, write_rows
from retrieval.search.adapter import Adapter, load_adapter, packaged
from retrieval.search.clause_types import Match, TypeMatcher
from retrieval.search.embedder import PACKAGED_NAME
from retrieval.search.lexical import Lexical
from retrieval.search.search import Searcher
from retrieval.search.vectors import Vectors
from retrieval.structure.chunks import Chunk
from webapp.llm.tokenizer import mistral

FOLDS = 4
BUDGET = 2400
Learned = Literal["none", "contracts", "types", "shipped"]


@dataclass(frozen=True)
class Variant:
    """What takes part in a search; `adapter` says what its training left out."""

    words: bool = True
    vectors: bool = True
    types: bool = True
    adapter: Learned = "contracts"


VARIANTS = {
    "full": Variant(),
    "no-adapter": Variant(adapter="none"),
    "no-types": Variant(types=False),
    "fusion": Variant(types=False, adapter="none"),
    "words": Variant(vectors=False, types=False, adapter="none"),
    "vectors": Variant(words=False, types=False, adapter="none"),
    "types": Variant(adapter="types"),
    "shipped": Variant(adapter="shipped"),
}


class Moved:
    """All chunks of a corpus in memory, moved by an adapter or not; asked as `Vectors` is."""

    def __init__(self, chunks: Sequence[Chunk], raw: Array, adapter: Adapter | None) -> None:
        self._chunks = chunks
        self._vectors = adapter.passages(raw) if adapter else raw
        self._documents = np.array([c.span.document_id for c in chunks])

    def query(self, _matter_id: str, vector: Array, document_ids: Collection[str] | None, k: int) -> dict[Chunk, float]:
        """The k chunks nearest to `vector`, float32[dim], with their cosine."""
        rows = np.arange(len(self._chunks))
        if document_ids is not None:
            rows = np.flatnonzero(np.isin(self._documents, list(document_ids)))
        scores = self._vectors[rows] @ vector
        return {self._chunks[rows[i]]: float(scores[i]) for i in np.argsort(-scores, kind="stable")[:k]}


class _NoVectors(Moved):
    def query(self, *_: object) -> dict[Chunk, float]:
        return {}


class _NoWords(Lexical):
    def query(self, *_: object) -> dict[Chunk, float]:
        return {}


class _NoTypes:
    def match(self, *_: object) -> list[Match]:
        return []

    def typicality(self, *_: object) -> float:
        return 0.0


class _Untyped(Searcher):
    @cached_property
    def _types(self) -> TypeMatcher:
        return cast(TypeMatcher, _NoTypes())


class Bench:
    """A labelled corpus, and the parts of a search over it by variant and fold."""

    def __init__(self, corpus: Corpus, labels: Path, cache: Path) -> None:
        self.corpus, self._cache = corpus, cache
        rows = read(labels / "queries.jsonl")
        documents = {contract: corpus.document(id_) for contract, id_ in corpus.document_ids.items()}
        chunks, self._vectors, self._examples = material(documents, rows, self._embedder(None))
        self._chunks = [c for cut in chunks.values() for c in cut]
        self.contract_fold = folds_of(corpus.document_ids, FOLDS)
        self._adapters: dict[tuple[Learned, Part], Adapter | None] = {}
        self.category_fold = folds_of((row["category"] for row in rows), FOLDS)

    def parts(self, variant: Variant) -> "Iterator[tuple[Part, Searcher]]":
        """The parts that the questions of a variant are dealt out to, each with the search for it."""
        categories = range(FOLDS) if variant.adapter == "types" else (None,)
        for part in (Part(c, k) for c in range(FOLDS) for k in categories):
            yield part, self._searcher(variant, part)

    def belongs(self, row: dict[str, Any], part: "Part") -> bool:
        """Whether a question is of a part."""
        in_category = part.categories is None or self.category_fold[row["category"]] == part.categories
        return in_category and self.contract_fold.get(row["contract"]) == part.contracts

    def _searcher(self, variant: Variant, part: "Part") -> Searcher:
        adapter = self._adapter(variant.adapter, part)
        raw = np.concatenate(list(self._vectors.values()))
        vectors = (Moved if variant.vectors else _NoVectors)(self._chunks, raw, adapter)
        lexical = self.corpus.lexical if variant.words else _NoWords(self.corpus.lexical.folder)
        make = Searcher if variant.types else _Untyped
        return make(self.corpus.library, cast(Vectors, vectors), lexical, self._embedder(adapter))

    def _embedder(self, adapter: Adapter | None) -> Remembered:
        return Remembered(self._cache / "vectors.db", adapter)

    def _adapter(self, learned: Learned, part: "Part") -> Adapter | None:
        """What was learned without the contracts and the kinds of clause of a part; trained once."""
        if (learned, part) not in self._adapters:
            self._adapters[learned, part] = self._trained(learned, part)
        return self._adapters[learned, part]

    def _trained(self, learned: Learned, part: "Part") -> Adapter | None:
        if learned == "none":
            return None
        if learned == "shipped":
            path = packaged(PACKAGED_NAME)
            assert path is not None
            return load_adapter(path, PACKAGED_NAME)
        kept = [e for e in self._examples if self.contract_fold[e.contract] != part.contracts]
        if part.categories is not None:
            kept = [e for e in kept if self.category_fold[e.category] != part.categories]
        matrices = train(self._vectors, kept)
        return Adapter(*matrices, {"name": f"without {part}", "model": PACKAGED_NAME})


class Part(NamedTuple):
    """A quarter of the contracts, or of these the questions for a quarter of the kinds of clause."""

    contracts: int
    categories: int | None


@contextmanager
def opened(labels: Path, cache: Path) -> Iterator[Bench]:
    """The labelled contracts, taken in once and kept in `cache`."""
    cache.mkdir(parents=True, exist_ok=True)
    raw = Remembered(cache / "vectors.db")
    with open_corpus(labels / "pdf", cache / "stores", raw, lambda *_: None) as corpus:
        yield Bench(corpus, labels, cache)


def run(bench: Bench, labels: Path, out: Path, name: str, scope: Scope, contracts: set[str]) -> None:
    """Ask the questions of `labels` about some contracts as the variant of a name does and write what `bench.score`
    reads into `out`.
    """
    (out / "labels").mkdir(parents=True, exist_ok=True)
    write_rows(out / "texts.jsonl", bench.corpus.texts())
    files = {"queries.jsonl": out} | ({"absent.jsonl": out / "absent"} if scope == "document" else {})  # has no titles
    for file, folder in files.items():
        rows: list[QueryRow] = []
        mine: list[dict[str, Any]] = []
        for part, searcher in bench.parts(VARIANTS[name]):
            rows_of = [row for row in read(labels / file) if row["contract"] in contracts]
            held = [row for row in rows_of if bench.belongs(row, part)]
            ids = {row["id"] for row in held}
            queries = [query for query in read_queries(labels / file, scope) if query.id in ids]
            asked = run_queries(bench.corpus, searcher, queries, scope=scope, count=mistral(), budget=BUDGET)
            rows += (row for row, _ in track(asked, f"{scope}, {name}, part {part.contracts + 1}", total=len(queries)))
            mine += held
        folder.mkdir(exist_ok=True)
        write_rows(folder / "results.jsonl", rows)
        write_rows(out / "labels" / file, mine)


def main() -> int:
    """Take the contracts in, then ask; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--scope", choices=("document", "all"), action="append")
    parser.add_argument("--variant", choices=VARIANTS, action="append")
    parser.add_argument("--every", type=int, default=1, help="ask about every so many-th contract only")
    parser.add_argument("--cache", type=Path, default=Path(gettempdir()) / "pincite-heldout")
    options = parser.parse_args()
    with opened(options.labels, options.cache) as bench:
        contracts = set(sorted(bench.corpus.document_ids)[:: options.every])
        for scope in options.scope or ("document", "all"):
            for name in options.variant or VARIANTS:
                run(bench, options.labels, options.out / scope / name, name, scope, contracts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
