"""Evaluates the search on a folder of PDFs and a file of questions, and writes what can be scored.

The PDFs go through the same library, ingest and search as anyone's, in stores of their own below the data folder; they
are taken in once and again only when a file, the chunker or the search model changes.
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
from retrieval.reading.formats import NAMES, SUFFIXES
from retrieval.search.embedder import Embedder
from retrieval.search.lexical import Lexical
from retrieval.search.packing import Packed, pack
from retrieval.search.search import Results, Searcher
from retrieval.search.vectors import Vectors
from retrieval.structure.best_sentence import where_said

MATTER = "evaluation"
Scope = Literal["document", "all"]
Progress = Callable[[str, int, int], None]  # what is being done, how much of it is done, and of how much


class ContractText(TypedDict):
    """A row of `texts.jsonl`: the text of a contract, in which offsets count, and where its pages begin."""

    contract: str
    text: str
    page_starts: list[int]


class ContractSpan(TypedDict):
    """[start, end) of a contract's text."""

    contract: str
    start: int
    end: int


class HitSpan(ContractSpan):
    """The span of a hit, and the page that it is cited by."""

    page: int


class QueryRow(TypedDict):
    """A row of `results.jsonl`: what was found for a query, and what of it would be sent."""

    id: str
    hits: list[HitSpan]
    context: list[ContractSpan]
    context_tokens: int
    seconds: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What one query came to: `tokens` of passages, and the confidence that its subject is there.

    `first_page` and `any_page`: whether the first hit, or any passage, is on a page that the query names; None where it
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
    """How many contracts were searched, files that could not be read, and what each query came to."""

    contracts: int
    failed: tuple[str, ...]
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Paths:
    """Where an evaluation reads and writes; `folder` keeps the stores between runs."""

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
    """Ask every query of a file over a folder of PDFs, and write `texts.jsonl` and `results.jsonl`.

    Of a query only `id`, `question` and `contract` (with scope "document") or `title` (with "all") are read, and
    `pages` where the answer's are known. Raises NoFiles, BadQueries and what the stores raise.
    """
    queries = read_queries(paths.queries, scope)
    paths.out.mkdir(parents=True, exist_ok=True)
    with taken_in(paths.pdfs, paths.folder, embedder, on_progress) as corpus:
        write_rows(paths.out / "texts.jsonl", corpus.texts())
        searcher = Searcher(corpus.library, corpus.vectors, corpus.lexical, embedder)
        outcomes: list[Asked] = []

        def rows() -> Iterator[QueryRow]:
            for row, outcome in ask(corpus, searcher, queries, scope=scope, count=count, budget=budget):
                outcomes.append(outcome)
                on_progress("asking", len(outcomes), len(queries))
                yield row

        write_rows(paths.out / "results.jsonl", rows())
    return Evaluation(len(corpus.held), corpus.failed, tuple(outcomes))


@dataclass(frozen=True)
class Corpus:
    """A folder of PDFs that has been taken in: its stores, each contract's document id, and the files that failed."""

    library: Library
    vectors: Vectors
    lexical: Lexical
    matter_id: str
    held: Mapping[str, str]
    failed: tuple[str, ...]

    def document(self, document_id: str) -> Document:
        """A document as it was read."""
        return self.library.document(self.matter_id, document_id)

    def texts(self) -> Iterator[ContractText]:
        """The text of each contract, in which offsets count."""
        for contract, id_ in self.held.items():
            document = self.document(id_)
            yield {"contract": contract, "text": document.text, "page_starts": [p.start for p in document.pages]}


@contextmanager
def taken_in(pdfs: Path, folder: Path, embedder: Embedder, on_progress: Progress) -> Iterator[Corpus]:
    """The PDFs of a folder in stores below `folder`, which keeps them for the next time. Raises NoFiles."""
    files = sorted(path for suffix in SUFFIXES for path in pdfs.glob(f"*{suffix}"))
    if not files:
        raise NoFiles(folder=pdfs, formats=NAMES, suffixes=" or ".join(SUFFIXES))
    folder.mkdir(parents=True, exist_ok=True)
    database = open_database(f"sqlite:///{folder / 'evaluation.db'}")
    library = Library(database, Files(folder / "files"), max_file_mib=1_000_000)
    with closing(Vectors(folder / "vectors")) as vectors, closing(Lexical(folder / "lexical")) as lexical:
        matter_id, ids = _take_in(library, Ingest(library, vectors, lexical, embedder), files, on_progress)
        records = {record.id: record for record in library.documents(matter_id)}
        failed = tuple(record.name for record in records.values() if record.state != "ready")
        held = {contract: id_ for contract, id_ in ids.items() if records[id_].state == "ready"}
        yield Corpus(library, vectors, lexical, matter_id, held, failed)
    database.dispose()


def ask(
    corpus: Corpus,
    searcher: Searcher,
    queries: Iterable["Query"],
    *,
    scope: Scope,
    count: Callable[[str], int],
    budget: int,
) -> Iterator[tuple[QueryRow, Asked]]:
    """A row of `results.jsonl` for each query, and what it came to."""
    contracts = {id_: contract for contract, id_ in corpus.held.items()}
    for query in queries:
        own_id = corpus.held.get(query.contract)
        # Of equal files each query gets its own's name.
        names = contracts | ({own_id: query.contract} if own_id else {})
        inside = None if scope == "all" else [own_id] if own_id else []
        began = perf_counter()
        results = searcher.search(corpus.matter_id, query.question, inside)
        packed = pack((h.chunk for h in results.hits), corpus.document, count, budget)
        seconds = perf_counter() - began
        search = _Search(query, results, packed, seconds, cache(corpus.document))
        scoped = results.route.document_ids or inside
        spans = [
            chunk.span
            for hit in results.hits
            for chunk in (hit.chunk, *searcher.same_words(corpus.matter_id, hit.chunk, scoped))
        ]
        yield search.row(names, spans), search.outcome()


@dataclass(frozen=True, slots=True)
class Query:
    """One question of the file, and the pages of its answer where they are known."""

    id: str
    question: str  # with the contract's title before it where all are searched
    contract: str  # the one to search; empty for all
    pages: tuple[int, ...] = ()


def read_queries(path: Path, scope: Scope) -> list[Query]:
    """The queries of a file of JSON lines. Raises BadQueries, which names the line."""
    need = ("id", "question", "contract") if scope == "document" else ("id", "question")
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
        missing = [key for key in need if not isinstance(row, dict) or not isinstance(row.get(key), str)]
        if missing:
            raise BadQueries(path=path, line=number, reason=f"it has no text under “{missing[0]}”")
        title = row.get("title") if scope == "all" else None
        question = f"Consider the {title}; {row['question']}" if title else row["question"]
        pages = row.get("pages", [])
        if not isinstance(pages, list) or not all(isinstance(page, int) for page in pages):
            raise BadQueries(path=path, line=number, reason="“pages” is no list of page numbers")
        rows.append(Query(row["id"], question, row["contract"] if scope == "document" else "", tuple(pages)))
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


@dataclass(frozen=True, slots=True)
class _Search:
    """A query that was searched, what was packed of it, and how long both took."""

    query: Query
    results: Results
    packed: Packed
    seconds: float
    document_of: Callable[[str], Document]

    def row(self, names: Mapping[str, str], spans: Sequence[Span]) -> QueryRow:
        """`spans`: the hits in rank order, after each the clauses of other contracts that say the same."""
        return {
            "id": self.query.id,
            "hits": [{**_place(names, span), "page": self._page(span)} for span in spans],
            "context": [_place(names, span) for passage in self.packed.passages for span in passage.spans],
            "context_tokens": self.packed.tokens,
            "seconds": round(self.seconds, 5),
            "confidence": float(self.results.confidence),
        }

    def outcome(self) -> Asked:
        """What the query came to."""
        pages, hits = self.query.pages, self.results.hits
        first = self._page(hits[0].chunk.span) if hits else 0
        sent = {self._page(span) for passage in self.packed.passages for span in passage.spans}
        return Asked(
            seconds=self.seconds,
            tokens=self.packed.tokens,
            confidence=float(self.results.confidence),
            found=self.results.found,
            first_page=first in pages if pages else None,
            any_page=not sent.isdisjoint(pages) if pages else None,
        )

    def _page(self, span: Span) -> int:
        """The page that a citation of a span names: the one that says what was asked."""
        document = self.document_of(span.document_id)
        first, last = document.page_at(span.start), document.page_at(span.end - 1)
        if first is last:
            return first.number
        return document.page_at(where_said(document, (span,), self.results.route.question)).number


def _place(names: Mapping[str, str], span: Span) -> ContractSpan:
    return {"contract": names[span.document_id], "start": span.start, "end": span.end}


def write_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write one JSON object a line."""
    with path.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
