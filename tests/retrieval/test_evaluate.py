import json
from pathlib import Path
from typing import Any

import pytest

from retrieval.core.errors import BadQueries, NoFiles
from retrieval.evaluate import Evaluation, Paths, Scope, evaluate
from retrieval.search.embedder import Embedder
from tests.pdfs import make_pdf
from tests.retrieval.stores import HashingEmbedder

pytestmark = pytest.mark.slow

LEASE = ["1. Rent. The Tenant pays a monthly rent.\n2. Repairs. The Landlord repairs the roof.", "3. Term. Two years."]
LOAN = ["1. Interest. The Borrower pays interest.\n2. Fees. There are no fees."]


@pytest.fixture
def pdfs(tmp_path: Path) -> Path:
    folder = tmp_path / "pdfs"
    folder.mkdir()
    for name, pages in (("lease", LEASE), ("lease-copy", LEASE), ("loan", LOAN)):
        (folder / f"{name}.pdf").write_bytes(make_pdf(pages))
    return folder


def run(
    tmp_path: Path, pdfs: Path, queries: list[Any], scope: Scope = "document", embedder: Embedder | None = None
) -> tuple[Evaluation, list[dict[str, Any]], dict[str, dict[str, Any]]]:
    path = tmp_path / "queries.jsonl"
    path.write_text("".join((q if isinstance(q, str) else json.dumps(q)) + "\n" for q in queries))
    done = evaluate(
        Paths(pdfs, path, tmp_path / "out", tmp_path / "eval"),
        embedder or HashingEmbedder(),
        count=lambda text: len(text.split()),
        scope=scope,
        budget=200,
        on_progress=lambda *_: None,
    )
    texts = {row["contract"]: row for row in read(tmp_path / "out" / "texts.jsonl")}
    return done, read(tmp_path / "out" / "results.jsonl"), texts


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_query_gets_a_line_under_the_names_of_the_files(tmp_path: Path, pdfs: Path) -> None:
    queries = [
        {"id": "a", "question": "Who repairs the roof?", "contract": "lease"},
        {"id": "b", "question": "Who repairs the roof?", "contract": "lease-copy"},
        {"id": "c", "question": "Anything?", "contract": "no such file"},
    ]
    done, rows, texts = run(tmp_path, pdfs, queries)
    assert (done.contracts, len(done.outcomes), done.failed) == (3, 3, ())
    assert [(round(a.seconds, 5), a.tokens, a.confidence) for a in done.outcomes] == [
        (row["seconds"], row["context_tokens"], row["confidence"]) for row in rows
    ]
    assert [row["id"] for row in rows] == ["a", "b", "c"]
    assert [{h["contract"] for h in row["hits"]} for row in rows] == [{"lease"}, {"lease-copy"}, set()]
    assert texts["lease"]["page_starts"] == [0, texts["lease"]["text"].index("\f") + 1]
    for row in rows:
        assert 0 <= row["context_tokens"] <= 200
        assert isinstance(row["confidence"], float)
    sent = "".join(texts["lease"]["text"][s["start"] : s["end"]] for s in rows[0]["context"])
    assert "repairs the roof" in sent


def test_a_hit_counts_for_every_contract_that_says_the_same(tmp_path: Path, pdfs: Path) -> None:
    for name in ("alder", "birch"):
        cover = f"SUPPLY AGREEMENT with {name}\n" * 12
        (pdfs / f"{name}.pdf").write_bytes(make_pdf([cover, "1. Risk\nThe risk passes when the goods are loaded."]))
    _, (row,), texts = run(tmp_path, pdfs, [{"id": "a", "question": "When does the risk pass?"}], "all")
    first, second = row["hits"][:2]
    assert {first["contract"], second["contract"]} == {"alder", "birch"}
    for hit in (first, second):
        assert "The risk passes" in texts[hit["contract"]]["text"][hit["start"] : hit["end"]]


def test_pages_that_a_query_names_are_compared_with_those_found(tmp_path: Path, pdfs: Path) -> None:
    query = {"question": "Who repairs the roof?", "contract": "lease"}
    pages: list[dict[str, Any]] = [{"pages": [1]}, {"pages": [2]}, {"pages": [7]}, {}]
    done, _, _ = run(tmp_path, pdfs, [{"id": str(n), **query, **known} for n, known in enumerate(pages)])
    assert [a.first_page for a in done.outcomes] == [True, False, False, None]
    assert [a.any_page for a in done.outcomes][0::2] == [True, False]
    assert done.outcomes[3].any_page is None


def test_the_page_of_a_hit_is_the_one_that_says_what_was_asked(tmp_path: Path, pdfs: Path) -> None:
    query = {"id": "a", "question": "How many years is the term?", "contract": "lease", "pages": [2]}
    done, (row,), texts = run(tmp_path, pdfs, [query])
    (hit,) = row["hits"]
    assert hit["start"] < texts["lease"]["page_starts"][1] < hit["end"]  # it begins on the page before
    assert hit["page"] == 2
    assert (done.outcomes[0].first_page, done.outcomes[0].any_page) == (True, True)


def test_over_all_contracts_the_title_is_put_before_the_question(tmp_path: Path, pdfs: Path) -> None:
    queries = [{"id": "a", "question": "what is paid?", "title": "loan with interest"}, {"id": "b", "question": "who?"}]
    _, rows, _ = run(tmp_path, pdfs, queries, "all")
    assert rows[0]["hits"][0]["contract"] == "loan"
    assert len(rows) == 2


def test_files_are_taken_in_once_and_those_that_went_are_forgotten(tmp_path: Path, pdfs: Path) -> None:
    class Counting(HashingEmbedder):
        texts = 0

        def passages(self, texts: Any) -> Any:
            Counting.texts += len(texts)
            return super().passages(texts)

    query = [{"id": "a", "question": "who?", "contract": "lease"}]
    run(tmp_path, pdfs, query, embedder=Counting())
    first = Counting.texts
    (pdfs / "loan.pdf").unlink()
    done, _, texts = run(tmp_path, pdfs, query, embedder=Counting())
    assert Counting.texts - first < 5  # the questions, no document
    assert done.contracts == 2
    assert set(texts) == {"lease", "lease-copy"}


@pytest.mark.parametrize(
    ("queries", "sentence"),
    [
        (["{"], "line 1: it is not JSON"),
        (
            [{"id": "a", "question": "who?", "contract": "lease"}, {"id": "b"}],
            "line 2: it has no text under “question”",
        ),
        ([[]], "line 1: it has no text under “id”"),
        (
            [{"id": "a", "question": "who?", "contract": "lease", "pages": "3"}],
            "line 1: “pages” is no list of page numbers",
        ),
    ],
)
def test_a_file_of_questions_that_cannot_be_used_names_the_line(
    tmp_path: Path, pdfs: Path, queries: list[Any], sentence: str
) -> None:
    with pytest.raises(BadQueries, match=sentence):
        run(tmp_path, pdfs, queries)


def test_a_folder_without_pdfs_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoFiles, match="There is no PDF in"):
        run(tmp_path, tmp_path, [])
