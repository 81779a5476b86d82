"""Retrieval over a folder of PDFs and a file of questions, written down so that it can be scored.

The PDFs go through the same library, ingest and search as anyone's, in stores of their own below the data folder; they
are taken in once and again only when a file, the chunker or the search model changes.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

from retrieval.database import open_database
from retrieval.documents import Document, Span
from retrieval.embedder import Embedder
from retrieval.errors import BadQueries, NoPdfs
from retrieval.files import Files
from retrieval.ingest import Ingest
from retrieval.lexical import Lexical
from retrieval.library import Library
from retrieval.packing import Packed, pack
from retrieval.search import Results, Searcher
from retrieval.tables import DocumentRecord
from retrieval.vectors import Vectors

MATTER = "evaluation"
Scope = Literal["document", "all"]
Progress = Callable[[str, int, int], None]  # what is being done, how much of it is done, and of how much


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was written: how many contracts and queries, files that could not be read, median seconds a query."""

    contracts: int
    queries: int
    failed: tuple[str, ...]
    seconds_p50: float


def evaluate(
    pdfs: Path,
    queries: Path,
    out: Path,
    *,
    folder: Path,
    embedder: Embedder,
    count: Callable[[str], int],
    scope: Scope = "document",
    budget: int = 2400,
    on_progress: Progress,
) -> Evaluation:
    """Ask every query of the file and write `texts.jsonl` and `results.jsonl` into `out`.

    Of a query only `id`, `question` and `contract` (with scope "document") or `title` (with "all") are read. `folder`
    keeps the stores between runs. Raises NoPdfs, BadQueries and what the stores raise.
    """
    asked = _read_queries(queries, scope)
    files = sorted(pdfs.glob("*.pdf"))
    if not files:
        raise NoPdfs(folder=pdfs)
    folder.mkdir(parents=True, exist_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    database = open_database(f"sqlite:///{folder / 'evaluation.db'}")
    library = Library(database, Files(folder / "files"), max_file_mib=1_000_000)
    with closing(Vectors(folder / "vectors")) as vectors, closing(Lexical(folder / "lexical")) as lexical:
        ingest = Ingest(library, vectors, lexical, embedder)
        matter_id, ids = _take_in(library, ingest, files, on_progress)
        failed = tuple(r.name for r in library.documents(matter_id) if r.state != "ready")
        ready = {r.id for r in library.documents(matter_id) if r.state == "ready"}
        held = {contract: id_ for contract, id_ in ids.items() if id_ in ready}
        _write(out / "texts.jsonl", _texts(held, partial(library.document, matter_id)))
        searcher = Searcher(library, vectors, lexical, embedder)
        contracts = {id_: contract for contract, id_ in held.items()}
        seconds: list[float] = []

        def row(query: _Query) -> dict[str, Any]:
            names = contracts | ({held[query.contract]: query.contract} if query.contract in held else {})
            inside = None if scope == "all" else [held[query.contract]] if query.contract in held else []
            began = perf_counter()
            results = searcher.search(matter_id, query.question, inside)
            packed = pack((h.chunk for h in results.hits), partial(library.document, matter_id), count, budget)
            seconds.append(perf_counter() - began)
            on_progress("asking", len(seconds), len(asked))
            return _row(query, names, results, packed, seconds[-1])

        _write(out / "results.jsonl", map(row, asked))
    database.dispose()
    return Evaluation(len(held), len(asked), failed, sorted(seconds)[len(seconds) // 2] if seconds else 0.0)


@dataclass(frozen=True, slots=True)
class _Query:
    id: str
    question: str  # with the contract's title before it where all are searched
    contract: str  # the one to search; empty for all


def _read_queries(path: Path, scope: Scope) -> list[_Query]:
    need = ("id", "question", "contract") if scope == "document" else ("id", "question")
    rows: list[_Query] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadQueries(path=path, line=0, reason="it cannot be read as text") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise BadQueries(path=path, line=number, reason="it is not JSON") from error
        missing = [key for key in need if not isinstance(row, dict) or not isinstance(row.get(key), str)]
        if missing:
            raise BadQueries(path=path, line=number, reason=f"it has no text under “{missing[0]}”")
        title = row.get("title") if scope == "all" else None
        question = f"Consider the {title}; {row['question']}" if title else row["question"]
        rows.append(_Query(row["id"], question, row["contract"] if scope == "document" else ""))
    return rows


def _take_in(library: Library, ingest: Ingest, files: list[Path], on_progress: Progress) -> tuple[str, dict[str, str]]:
    """Make the matter hold exactly these files; its id, and each contract's document id."""
    matter = next((m for m in library.matters() if m.name == MATTER), None) or library.create_matter(MATTER)
    ingest.repair()
    ids: dict[str, str] = {}
    for done, file in enumerate(files, 1):
        ids[file.stem] = library.accept_path(matter.id, file).id
        on_progress("adding", done, len(files))
    for record in library.documents(matter.id):
        if record.id not in ids.values():
            ingest.remove(matter.id, record.id)
    total = len(set(ids.values()))
    ready = {r.id for r in library.documents(matter.id) if r.state == "ready"}

    def tell(record: DocumentRecord) -> None:
        if record.state in ("ready", "failed"):
            ready.add(record.id)
        on_progress("reading and indexing", len(ready), total)

    ingest.run(tell)
    return matter.id, ids


def _texts(held: Mapping[str, str], document_of: Callable[[str], Document]) -> Iterator[dict[str, Any]]:
    for contract, id_ in held.items():
        document = document_of(id_)
        yield {"contract": contract, "text": document.text, "page_starts": [p.start for p in document.pages]}


def _row(query: _Query, names: Mapping[str, str], results: Results, packed: Packed, seconds: float) -> dict[str, Any]:
    return {
        "id": query.id,
        "hits": [_place(names, h.chunk.span) | {"page": h.chunk.page} for h in results.hits],
        "context": [_place(names, span) for passage in packed.passages for span in passage.spans],
        "context_tokens": packed.tokens,
        "seconds": round(seconds, 5),
        "confidence": float(results.confidence),
    }


def _place(names: Mapping[str, str], span: Span) -> dict[str, Any]:
    return {"contract": names[span.document_id], "start": span.start, "end": span.end}


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
