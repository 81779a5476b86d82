"""How long a search takes in a matter of 10,000 and of 100,000 chunks, and where the time goes.

    python -m bench.scale LABELS [--sizes 10000 100000] [--contracts 20] [--questions 200] [--alike]

The matter is real in all that a search touches: its documents stand in the library, their chunks in Chroma and in
tantivy. It is filled with copies of the contracts in LABELS; the vector of a copy's chunk is synthetic, the original's
and as much noise, so that no two are the same; with --alike its words count as the same, as on one form, else not.
Each question of `queries.jsonl` is asked once, of the whole matter, by one reader, after a few that nobody counts.
"""

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import wraps
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from retrieval import Document
from retrieval.core.documents import Span
from retrieval.library.database import open_database
from retrieval.library.files import Files
from retrieval.library.library import Library
from retrieval.reading.pdf import read_pdf
from retrieval.search.embedder import LocalEmbedder
from retrieval.search.lexical import OPENING, Lexical
from retrieval.search.search import Searcher
from retrieval.search.vectors import Vectors
from retrieval.structure.chunks import Chunk, cut

UNCOUNTED = 5  # questions that load what is loaded once


class Timed:
    """Stands before a store and adds up what its methods take."""

    def __init__(self, store: Any, name: str, seconds: dict[str, list[float]]) -> None:
        self._store, self._name, self._seconds = store, name, seconds

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._store, attribute)
        return self._timed(value) if callable(value) else value

    def _timed(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def timed(*args: Any, **kwargs: Any) -> Any:
            began = perf_counter()
            try:
                return method(*args, **kwargs)
            finally:
                self._seconds[self._name][-1] += perf_counter() - began

        return timed


def main() -> None:
    """Fill, ask and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--contracts", type=int, default=20, help="how many are copied")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--alike", action="store_true", help="copies count as contracts on one form")
    given = parser.parse_args()
    embedder = LocalEmbedder()
    queries = [
        json.loads(line)["question"] for line in (given.labels / "queries.jsonl").read_text("utf-8").splitlines()
    ]
    questions = list(dict.fromkeys(queries))[: given.questions + UNCOUNTED]
    files = sorted((given.labels / "pdf").glob("*.pdf"))
    sources = [_read(file, embedder) for file in files[:: max(1, len(files) // given.contracts)]]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        database = open_database(f"sqlite:///{folder / 'bench.db'}")
        library = Library(database, Files(folder / "files"), max_file_mib=1_000_000)
        with closing(Vectors(folder / "vectors")) as vectors, closing(Lexical(folder / "lexical")) as lexical:
            matter = library.create_matter("bench").id
            copies = _Copies(sources, alike=given.alike)
            for size in sorted(given.sizes):
                with Progress(console=Console(stderr=True), transient=True) as bar:
                    task = bar.add_task(f"filling up to {size:,} chunks", total=size, completed=copies.made)
                    while copies.made < size:
                        copies.add(library, vectors, lexical, matter)
                        bar.update(task, completed=copies.made)
                _ask(matter, library, vectors, lexical, questions, copies.made)
        database.dispose()


def _read(file: Path, embedder: LocalEmbedder) -> tuple[bytes, Document, NDArray[np.float32]]:
    data = file.read_bytes()
    document = read_pdf(data, name=file.name, document_id=file.stem)
    return data, document, embedder.passages([text for _, text in cut(document)])


class _Copies:
    """Contracts one after another, again and again, each time as another document."""

    def __init__(self, sources: Sequence[tuple[bytes, Document, NDArray[np.float32]]], *, alike: bool) -> None:
        self._sources, self._alike, self._number, self._dice = sources, alike, 0, np.random.default_rng(7)
        self.made = 0

    def add(self, library: Library, vectors: Vectors, lexical: Lexical, matter: str) -> None:
        """Make the next one and put it into the matter as the ingest does."""
        data, document, originals = self._sources[self._number % len(self._sources)]
        self._number += 1
        name = f"{self._number} {document.name}"
        record = library.accept(matter, name, data + f"\n% copy {self._number}".encode())
        copy = replace(document, id=record.id, name=name)
        library.keep_text(record, copy)
        apart = "" if self._alike else f"{self._number} "
        pieces = list(cut(document))
        chunks = [Chunk(Span(record.id, c.span.start, c.span.end), apart + c.words) for c, _ in pieces]
        if chunks:
            vectors.add(matter, chunks, self._noisy(originals))
            lexical.add(matter, f"{name}\n{copy.text[:OPENING]}", chunks, [text for _, text in pieces])
        library.jobs.save(replace(record, state="ready", pages=len(document.pages)))
        self.made += len(chunks)

    def _noisy(self, originals: NDArray[np.float32]) -> NDArray[np.float32]:
        noise = self._dice.standard_normal(originals.shape).astype(np.float32)
        mixed = originals + noise / np.linalg.norm(noise, axis=1, keepdims=True)
        return np.asarray(mixed / np.linalg.norm(mixed, axis=1, keepdims=True), np.float32)


def _ask(
    matter: str, library: Library, vectors: Vectors, lexical: Lexical, questions: Sequence[str], size: int
) -> None:
    seconds: dict[str, list[float]] = defaultdict(list)
    # An embedder of its own: one remembers questions.
    parts = {"embedding": LocalEmbedder(), "Chroma": vectors, "tantivy": lexical, "documents": library}
    timed: dict[str, Any] = {name: Timed(part, name, seconds) for name, part in parts.items()}
    searcher = Searcher(timed["documents"], timed["Chroma"], timed["tantivy"], timed["embedding"])
    for question in questions:
        for name in parts:
            seconds[name].append(0.0)
        began = perf_counter()
        searcher.search(matter, question)
        seconds["whole"].append(perf_counter() - began)
    counted = {name: values[UNCOUNTED:] for name, values in seconds.items()}
    counted["rest"] = [w - sum(counted[n][i] for n in parts) for i, w in enumerate(counted["whole"])]
    print(f"{size:,} chunks, {len(counted['whole'])} questions, milliseconds")
    for name in ("whole", *parts, "rest"):
        cuts = quantiles(counted[name], n=20)
        print(f"  {name:<12} p50 {1000 * cuts[9]:7.1f}   p95 {1000 * cuts[18]:7.1f}", flush=True)


if __name__ == "__main__":
    main()
