"""Evaluates retrieval on a folder of PDFs and a file of queries, and writes the results for scoring.

The PDFs go through the same library, ingest and search as in use, in stores of their own below the data folder; they
are ingested again only when a file, the chunker or the embedding model changes.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Literal, TypedDict

from retrieval.core.documents import Document, Span
from retrieval.core.errors import BadQueries, NoFiles
from retrieval.ingest import Ingest
from retrieval.library.database import open_database
from retrieval.library.files import Files
from retrieval.library.library import Library
from retrieval.library.schema import DocumentRecord
from retrieval.reading.formats import FORMATS
from retrieval.search.embedder import Embedder
from retrieval.search.lexical import Lexical
from retrieval.search.packing import Packed, pack
from retrieval.search.search import Results, Searcher
from retrieval.search.vectors import Vectors

MATTER = "evaluation"
Scope = Literal["document", "all"]
Progress = Callable[[str, int, int], None]  # step, units done, units in all


class ContractText(TypedDict):
    """A row of `texts.jsonl`: the text of a contract, which offsets refer to, and the start of each page."""

    contract: str
    text: str
    page_starts: list[int]


class ContractSpan(TypedDict):
    """[start, end) of a contract's text."""

    contract: str
    start: int
    end: int


class HitSpan(ContractSpan):
    """The span of a hit, and the page of its citation."""

    page: int


class QueryRow(TypedDict):
    """A row of `results.jsonl`: the hits for a query, and the spans of them that would be sent to a language model."""

    id: str
    hits: list[HitSpan]
    context: list[ContractSpan]
    context_tokens: int
    seconds: float
    confidence: float


@dataclass(frozen=True, slots=True)
class QueryOutcome:
    """Outcome of one query: `tokens` of passages, and the confidence that the documents address it.

    `first_page` and `any_page`: whether the first hit, or any passage, is on a page that the query names; None if it
    names none.
    """

    seconds: float
    tokens: int
    confidence: float
    found: bool
    first_page: bool | None
    any_page: bool | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Number of contracts searched, files that could not be read, and the outcome of each query."""

    contracts: int
    failed: tuple[str, ...]
    outcomes: tuple[QueryOutcome, ...]


@dataclass(frozen=True, slots=True)
class Paths:
    """Input and output paths of an evaluation; `folder` keeps the stores between runs."""

    pdfs: Path
    queries: Path
    out: Path
    folder: Path


def evaluate(
    paths: Paths,
    embedder: Embedder,
    *,
    count: Callable[[str], int],
    scope: Scope = "document",
    budget: int = 2400,
    on_progress: Progress,
) -> Evaluation:
    """Run every query of a file over a folder of PDFs, and write `texts.jsonl` and `results.jsonl`.

    Of a query only `id`, `question` and `contract` (with scope "document") or `title` (with "all") are read, and
    `pages` if the pages of the answer are known. Raises NoFiles, BadQueries and what the stores raise.
    """
    queries = read_queries(paths.queries, scope)
    paths.out.mkdir(parents=True, exist_ok=True)
    with open_corpus(paths.pdfs, paths.folder, embedder, on_progress) as corpus:
        write_rows(paths.out / "texts.jsonl", corpus.texts())
        searcher = Searcher(corpus.library, corpus.vectors, corpus.lexical, embedder)
        outcomes: list[QueryOutcome] = []

        def rows() -> Iterator[QueryRow]:
            for row, outcome in run_queries(corpus, searcher, queries, scope=scope, count=count, budget=budget):
                outcomes.append(outcome)
                on_progress("asking", len(outcomes), len(queries))
                yield row

        write_rows(paths.out / "results.jsonl", rows())
    return Evaluation(len(corpus.document_ids), corpus.failed, tuple(outcomes))


@dataclass(frozen=True)
class Corpus:
    """An ingested folder of PDFs: its stores, the document id of each contract, and the files that failed."""

    library: Library
    vectors: Vectors
    lexical: Lexical
    matter_id: str
    document_ids: Mapping[str, str]
    failed: tuple[str, ...]

    def document(self, document_id: str) -> Document:
        """The text of a document with its pages."""
        return self.library.document(self.matter_id, document_id)

    def texts(self) -> Iterator[ContractText]:
        """Rows of `texts.jsonl`, one for each contract."""
        for contract, id_ in self.document_ids.items():
            document = self.document(id_)
            yield {"contract": contract, "text": document.text, "page_starts": [p.start for p in document.pages]}


@contextmanager
def open_corpus(pdfs: Path, folder: Path, embedder: Embedder, on_progress: Progress) -> Iterator[Corpus]:
    """Ingest the PDFs of a folder into stores below `folder`, which are kept for the next run. Raises NoFiles."""
    (suffix,) = FORMATS["PDF"].suffixes
    files = sorted(pdfs.glob(f"*{suffix}"))
    if not files:
        raise NoFiles(folder=pdfs, formats="PDF", suffixes=suffix)
    folder.mkdir(parents=True, exist_ok=True)
    database = open_database(f"sqlite:///{folder / 'evaluation.db'}")
    library = Library(database, Files(folder / "files"), max_file_mib=1_000_000)
    with closing(Vectors(folder / "vectors")) as vectors, closing(Lexical(folder / "lexical")) as lexical:
        matter_id, ids = _ingest(library, Ingest(library, vectors, lexical, embedder), files, on_progress)
        records = {record.id: record for record in library.documents(matter_id)}
        failed = tuple(record.name for record in records.values() if record.state != "ready")
        ready_ids = {contract: id_ for contract, id_ in ids.items() if records[id_].state == "ready"}
        yield Corpus(library, vectors, lexical, matter_id, ready_ids, failed)
    database.dispose()


def run_queries(
    corpus: Corpus,
    searcher: Searcher,
    queries: Iterable["Query"],
    *,
    scope: Scope,
    count: Callable[[str], int],
    budget: int,
) -> Iterator[tuple[QueryRow, QueryOutcome]]:
    """Run each query; yields its row of `results.jsonl`, and its outcome."""
    contracts = {id_: contract for contract, id_ in corpus.document_ids.items()}
    for query in queries:
        own_id = corpus.document_ids.get(query.contract)
        # Equal files are one document: its name is that of the query's own contract.
        names = contracts | ({own_id: query.contract} if own_id else {})
        document_ids = None if scope == "all" else [own_id] if own_id else []
        start = perf_counter()
        results = searcher.search(corpus.matter_id, query.question, document_ids)
        context = pack((h.chunk for h in results.hits), corpus.document, count, budget)
        seconds = perf_counter() - start
        search = _Search(query, results, context, seconds, cache(corpus.document))
        routed_ids = results.route.document_ids or document_ids
        spans = [
            chunk.span
            for hit in results.hits
            for chunk in (hit.chunk, *searcher.same_words(corpus.matter_id, hit.chunk, routed_ids))
        ]
        yield search.row(names, spans), search.outcome()


@dataclass(frozen=True, slots=True)
class Query:
    """A query of the file, with the pages of its answer if they are known."""

    id: str
    question: str  # preceded by the contract's title if all contracts are searched
    contract: str  # the contract to search; empty for all
    pages: tuple[int, ...] = ()


def read_queries(path: Path, scope: Scope) -> list[Query]:
    """Parse a file of JSON lines. Raises BadQueries, which names the line."""
    required_keys = ("id", "question", "contract") if scope == "document" else ("id", "question")
    rows: list[Query] = []
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
        missing = [key for key in required_keys if not isinstance(row, dict) or not isinstance(row.get(key), str)]
        if missing:
            raise BadQueries(path=path, line=number, reason=f"it has no text under “{missing[0]}”")
        title = row.get("title") if scope == "all" else None
        question = f"Consider the {title}; {row['question']}" if title else row["question"]
        pages = row.get("pages", [])
        if not isinstance(pages, list) or not all(isinstance(page, int) for page in pages):
            raise BadQueries(path=path, line=number, reason="“pages” is no list of page numbers")
        rows.append(Query(row["id"], question, row["contract"] if scope == "document" else "", tuple(pages)))
    return rows


def _ingest(library: Library, ingest: Ingest, files: list[Path], on_progress: Progress) -> tuple[str, dict[str, str]]:
    """Make the matter contain exactly these files; returns its id, and the document id of each contract."""
    matter = next((m for m in library.matters() if m.name == MATTER), None) or library.create_matter(MATTER)
    ingest.repair()
    ids: dict[str, str] = {}
    for count, file in enumerate(files, 1):
        ids[file.stem] = library.accept_path(matter.id, file).id
        on_progress("adding", count, len(files))
    for record in library.documents(matter.id):
        if record.id not in ids.values():
            ingest.remove(matter.id, record.id)
    total = len(set(ids.values()))
    ready = {r.id for r in library.documents(matter.id) if r.state == "ready"}

    def report(record: DocumentRecord) -> None:
        if record.state in ("ready", "failed"):
            ready.add(record.id)
        on_progress("reading and indexing", len(ready), total)

    ingest.run(report)
    return matter.id, ids


@dataclass(frozen=True, slots=True)
class _Search:
    """The search for one query: results, packed context, and the time for both."""

    query: Query
    results: Results
    context: Packed
    seconds: float
    document_of: Callable[[str], Document]

    def row(self, names: Mapping[str, str], spans: Sequence[Span]) -> QueryRow:
        """Row of `results.jsonl`. `spans`: the hits by rank, each followed by same words of other contracts."""
        return {
            "id": self.query.id,
            "hits": [{**_place(names, span), "page": self._page(span)} for span in spans],
            "context": [_place(names, span) for passage in self.context.passages for span in passage.spans],
            "context_tokens": self.context.tokens,
            "seconds": round(self.seconds, 5),
            "confidence": float(self.results.confidence),
        }

    def outcome(self) -> QueryOutcome:
        """Outcome of the query."""
        pages, hits = self.query.pages, self.results.hits
        first = self._page(hits[0].chunk.span) if hits else 0
        context_pages = {self._page(span) for passage in self.context.passages for span in passage.spans}
        return QueryOutcome(
            seconds=self.seconds,
            tokens=self.context.tokens,
            confidence=float(self.results.confidence),
            found=self.results.found,
            first_page=first in pages if pages else None,
            any_page=not context_pages.isdisjoint(pages) if pages else None,
        )

    def _page(self, span: Span) -> int:
        """Page of a citation of a span: the page on which it says what was asked."""
        document = self.document_of(span.document_id)
        return document.page_at(self.results.where_said(document, span)).number


def _place(names: Mapping[str, str], span: Span) -> ContractSpan:
    return {"contract": names[span.document_id], "start": span.start, "end": span.end}


def write_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows as JSON lines."""
    with path.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
