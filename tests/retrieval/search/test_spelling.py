"""Misspelled words of a question."""

import time
from collections.abc import Iterator

import pytest

from retrieval import Searcher
from retrieval.search.embedder import LocalEmbedder
from retrieval.search.spelling import Spelling, changes_between, respelled
from tests.clock import within
from tests.pdfs import make_pdf
from tests.retrieval.stores import HashingEmbedder, Stores, opened

LEASE = (
    "1. Termination. Either party may terminate this lease on ninety days' notice.\n"
    "2. Governing Law. The laws of Oregon govern this lease.\n"
    "3. Confidentiality. Northwind keeps the confidential information of Contoso secret.\n"
    "4. Chairs. The chair of the board signs."
)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("spelling"), LocalEmbedder()) as stores:
        stores.library.accept(stores.library.create_matter("Deals").id, "lease.pdf", make_pdf([LEASE]))
        stores.ingest.run()
        yield stores


@pytest.fixture(scope="module")
def matter_id(stores: Stores) -> str:
    return stores.library.matters()[0].id


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        ("Who may termiante?", "Who may terminate?"),
        ("Is there a confidentialty clause?", "Is there a confidential clause?"),
        ("Oragon law?", "Oregon law?"),
        ("What is secrt?", "What is secret?"),
        ("what does northwnd keep?", "what does northwind keep?"),
        ("Which songs does the choir sing?", "Which songs does the choir sing?"),  # a word, if none of the lease's
        ("Which songs do the choirs sing?", "Which songs do the choirs sing?"),  # the plural of a word
        ("May they sublicense it?", "May they sublicense it?"),  # as kinds of clause have it
        ("What did Contso sign?", "What did Contso sign?"),  # may be a name
        ("Mail to acme@exmaple.com?", "Mail to acme@exmaple.com?"),
        ("aaaaxq bbbbxq ccccxq ddddxq eeeexq?", "aaaaxq bbbbxq ccccxq ddddxq eeeexq?"),
    ],
)
def test_a_word_that_nothing_knows_is_searched_as_the_nearest_one(
    stores: Stores, matter_id: str, question: str, searched: str
) -> None:
    corrections = Spelling(stores.lexical, stores.embedder).corrections(matter_id, question)
    assert respelled(question, corrections) == searched


def test_results_tell_what_was_searched(stores: Stores, matter_id: str) -> None:
    searcher = Searcher(stores.library, stores.vectors, stores.lexical, stores.embedder)
    results = searcher.search(matter_id, "Who may termiante the lease?")
    assert results.corrections == {"termiante": "terminate"}
    assert results.as_searched("Who may termiante the lease?") == "Who may terminate the lease?"
    right = searcher.search(matter_id, "Who may terminate the lease?")
    assert [hit.chunk for hit in results.hits] == [hit.chunk for hit in right.hits]
    assert results.confidence == right.confidence


def test_nothing_is_corrected_where_the_model_tells_no_words(stores: Stores, matter_id: str) -> None:
    assert Spelling(stores.lexical, HashingEmbedder()).corrections(matter_id, "Who may termiante?") == {}


@pytest.mark.parametrize(
    ("a", "b", "changes"),
    [("law", "law", 0), ("lwa", "law", 1), ("lw", "law", 1), ("laaw", "law", 1), ("lew", "law", 1), ("abcd", "law", 3)],
)
def test_changes_between_words(a: str, b: str, changes: int) -> None:
    assert changes_between(a, b, 2) == changes


@pytest.mark.parametrize("part", ["termiante ", "a", "x@", "zz.", " "])
def test_a_hostile_question_takes_no_time(stores: Stores, matter_id: str, part: str) -> None:
    spelling = Spelling(stores.lexical, stores.embedder)
    spelling.corrections(matter_id, "Who termiantes?")
    with within(0.5, time.monotonic):
        spelling.corrections(matter_id, part * (8_000 // len(part)))
