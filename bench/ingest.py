"""How fast contracts are taken in: pincite beside another program on the same files, and where the time goes.

    python -m bench.ingest LABELS [--against SCRIPT] [--contracts N]

LABELS is a folder with `contracts.jsonl`, each line with the `file` of a contract. pincite runs whole (accepting,
reading, outline, chunks, vectors, Chroma, tantivy) into a fresh data folder, once with the processor's bfloat16 where
it has it and once in float32. SCRIPT is a Python program called with LABELS and OUT that prints `ingest N pages, N
chunks, S s`. All run one after the other. No time counts the loading of the model, except the processor time of SCRIPT.
On a machine that does other things as well only processor times can be compared.

The ceiling is what the matrix products of the model take for the tokens that were embedded, without padding, at the
best rate of one such product measured in this run. The stages are timed one by one afterwards, each alone.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from time import perf_counter

import torch
from rich.console import Console
from rich.progress import Progress
from transformers import AutoConfig

from retrieval import Document
from retrieval.ingest import Ingest
from retrieval.library.database import open_database
from retrieval.library.files import Files
from retrieval.library.library import Library
from retrieval.reading.pdf import read_pdf
from retrieval.search.embedder import LocalEmbedder
from retrieval.search.lexical import OPENING, Lexical
from retrieval.search.vectors import Vectors
from retrieval.structure.chunks import Chunk, chunk, cut
from retrieval.structure.facts import find_facts

TOLD = re.compile(r"ingest (\d+) pages, (\d+) chunks, ([\d.]+) s")


@dataclass(frozen=True)
class Run:
    """One way to take the contracts in."""

    name: str
    pages: int
    chunks: int
    seconds: float
    processor: float  # seconds

    def __str__(self) -> str:
        pages, chunks, each = self.pages / self.seconds, self.chunks / self.seconds, 1000 * self.processor / self.pages
        return (
            f"{self.name:<12}{self.seconds:8.1f} s{pages:10.1f} pages/s{chunks:10.1f} chunks/s"
            f"{self.processor:10.1f} s of processor, {each:.0f} ms a page"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--against", type=Path, help="a script that takes the same contracts in")
    parser.add_argument("--contracts", type=int, default=10_000, help="how many, spread over the list")
    given = parser.parse_args()
    files = _sample(given.labels, given.contracts)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        baseline = _against(given.against, files, folder) if given.against else None
        if baseline:
            print(baseline, flush=True)
        widths = (True, False) if LocalEmbedder().bfloat16 else (False,)
        for bfloat16 in widths:
            embedder = LocalEmbedder(bfloat16=bfloat16)
            embedder.passages(["the model is loaded"])
            run = _pincite(files, folder / f"bfloat16-{bfloat16}", embedder)
            print(run, _times(run, baseline) if baseline else "", flush=True)
        _stages(files, folder / "stages", LocalEmbedder())


def _times(run: Run, baseline: Run) -> str:
    pages, processor = run.pages / baseline.pages, baseline.processor / run.processor
    return (
        f"  {pages * baseline.seconds / run.seconds:.1f} times by the clock, {pages * processor:.1f} by the processor"
    )


def _sample(labels: Path, count: int) -> list[Path]:
    rows = [json.loads(line) for line in (labels / "contracts.jsonl").read_text("utf-8").splitlines()]
    return [(labels / row["file"]).resolve() for row in rows[:: max(1, len(rows) // count)][:count]]


def _against(script: Path, files: Sequence[Path], folder: Path) -> Run:
    labels = folder / "labels"
    labels.mkdir()
    rows = ({"id": file.stem, "file": str(file), "title": file.stem} for file in files)
    (labels / "contracts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (labels / "queries.jsonl").touch()
    with Console(stderr=True).status(f"{script.name} takes {len(files)} contracts in"):
        command = [sys.executable, str(script), str(labels), str(folder / "against")]
        before = _processor_seconds()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = TOLD.search(done.stdout)
    if done.returncode or told is None:
        sys.exit(f"{script} failed:\n{done.stderr[-3000:]}")
    return Run(script.stem, int(told[1]), int(told[2]), float(told[3]), _processor_seconds() - before)


def _processor_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    return sum(each.ru_utime + each.ru_stime for each in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


@dataclass(frozen=True)
class Stores:
    """A data folder of its own."""

    library: Library
    vectors: Vectors
    lexical: Lexical


@contextmanager
def _stores(folder: Path) -> Iterator[Stores]:
    folder.mkdir()
    database = open_database(f"sqlite:///{folder / 'bench.db'}")
    library = Library(database, Files(folder / "files"), max_file_mib=1_000_000)
    with closing(Vectors(folder / "vectors")) as vectors, closing(Lexical(folder / "lexical")) as lexical:
        yield Stores(library, vectors, lexical)
    database.dispose()


def _pincite(files: Sequence[Path], folder: Path, embedder: LocalEmbedder) -> Run:
    name = "bfloat16" if embedder.bfloat16 else "float32"
    with _stores(folder) as stores, Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=len(files))
        ingest = Ingest(stores.library, stores.vectors, stores.lexical, embedder)
        began, before = perf_counter(), _processor_seconds()
        matter = stores.library.create_matter("bench").id
        for file in files:
            stores.library.accept_path(matter, file)
        ingest.run(lambda record: bar.advance(task, record.state in ("ready", "failed")))
        seconds, processor = perf_counter() - began, _processor_seconds() - before
        records = stores.library.documents(matter)
        if failed := [r.name for r in records if r.state != "ready"]:
            sys.exit(f"these failed: {failed}")
        chunks = sum(len(chunk(stores.library.document(matter, r.id))) for r in records)
        return Run(name, sum(r.pages for r in records), chunks, seconds, processor)


def _stages(files: Sequence[Path], folder: Path, embedder: LocalEmbedder) -> None:
    """Each stage alone, over all contracts, and the embedder's share of its ceiling."""
    seconds: dict[str, float] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        began = perf_counter()
        yield
        seconds[name] = seconds.get(name, 0.0) + perf_counter() - began

    texts: list[str] = []
    embedder.passages(["the model is loaded"])
    with _stores(folder) as stores, Progress(console=Console(stderr=True), transient=True) as bar:
        for file in bar.track(files, description="stages"):
            document, chunks, indexed = _read(file, stage)
            if not chunks:
                continue
            with stage("vectors"):
                vectors = embedder.passages(indexed)
            with stage("Chroma"):
                stores.vectors.add("bench", chunks, vectors)
            with stage("tantivy"):
                stores.lexical.add("bench", document.text[:OPENING], chunks, indexed)
            texts += indexed
    total = sum(seconds.values())
    print("stages, one after the other:", ", ".join(f"{n} {s:.1f} s ({s / total:.0%})" for n, s in seconds.items()))
    began = perf_counter()
    lengths = [len(ids) for ids in embedder.tokens(texts)]
    tokenising = perf_counter() - began
    rate = _rate(embedder.bfloat16)
    share = _flop(embedder.source, lengths) / rate / seconds["vectors"]
    dtype = "bfloat16" if embedder.bfloat16 else "float32"
    print(
        f"vectors: {len(texts) / seconds['vectors']:.1f} chunks/s of {sum(lengths) / len(texts):.0f} tokens, "
        f"{share:.0%} of the {rate / 1e9:.0f} GFLOP/s of a {dtype} matrix product on {torch.get_num_threads()} "
        f"threads; "
        f"tokenising is {tokenising / seconds['vectors']:.1%} of it"
    )


Stage = Callable[[str], AbstractContextManager[None]]


def _read(file: Path, stage: Stage) -> tuple[Document, list[Chunk], list[str]]:
    with stage("reading"):
        document = read_pdf(file.read_bytes(), name=file.name, document_id=file.stem)
    with stage("outline and chunks"):
        pieces = list(cut(document))
    with stage("facts"):
        find_facts(document)
    return document, [each for each, _ in pieces], [text for _, text in pieces]


def _flop(model: str, lengths: Sequence[int]) -> float:
    """What the matrix products of a BERT do for texts of so many tokens: projections, feed-forward, attention."""
    config = AutoConfig.from_pretrained(model)
    layers, width, inner = config.num_hidden_layers, config.hidden_size, config.intermediate_size
    each_token = 2 * (4 * width * width + 2 * width * inner)
    return float(layers * sum(n * each_token + 2 * 2 * n * n * width for n in lengths))


def _rate(bfloat16: bool) -> float:
    """Multiplications and additions a second of the model's largest product, the best of many."""
    dtype = torch.bfloat16 if bfloat16 else torch.float32
    a, b = torch.randn(1024, 384).to(dtype), torch.randn(384, 1536).to(dtype)
    best = float("inf")
    for _ in range(300):
        began = perf_counter()
        torch.matmul(a, b)
        best = min(best, perf_counter() - began)
    return 2 * a.shape[0] * a.shape[1] * b.shape[1] / best


if __name__ == "__main__":
    main()
