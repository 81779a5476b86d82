"""Search over real stores: scope, order and confidence."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from retrieval.core.documents import Span
from retrieval.search.embedder import LocalEmbedder
from retrieval.search.search import Searcher, beside_neighbours
from retrieval.structure.chunks import Chunk
from tests.pdfs import make_pdf
from tests.retrieval.stores import Stores, opened

LEASE = """OFFICE LEASE between Acme Holdings LLC and Northwind Traders Inc.
1. Rent. The Tenant shall pay a monthly rent of $18,550 on the first day of each month.
2. Governing Law. This Lease is governed by the laws of the State of Oregon.
3. Repairs. The Landlord shall keep the roof and the outer walls in good repair.
"""
LOAN = """LOAN AGREEMENT between Contoso Bank and Fabrikam GmbH
1. Interest. The Borrower shall pay interest at a rate of six percent a year on the unpaid balance.
2. Governing Law. This Agreement is governed by the laws of the State of New York.
3. Prepayment. The Borrower may prepay the loan at any time without penalty.
"""


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("search"), LocalEmbedder()) as stores:
        matter = stores.library.create_matter("Deals")
        for name, text in (("Acme lease.pdf", LEASE), ("Contoso loan.pdf", LOAN)):
            stores.library.accept(matter.id, name, make_pdf([text]))
        stores.ingest.run()
        yield stores


@pytest.fixture(scope="module")
def searcher(stores: Stores) -> Searcher:
    return Searcher(stores.library, stores.vectors, stores.lexical, stores.embedder)


def matter_id(stores: Stores) -> str:
    return stores.library.matters()[0].id


def test_a_question_that_names_a_document_is_answered_from_it_alone(stores: Stores, searcher: Searcher) -> None:
    results = searcher.search(matter_id(stores), "What is the governing law in the Acme lease?")
    texts = {stores.library.document(matter_id(stores), h.chunk.span.document_id).name for h in results.hits}
    assert texts == {"Acme lease.pdf"}


def test_the_scope_wins_over_a_name_in_the_question(stores: Stores, searcher: Searcher) -> None:
    loan = next(r.id for r in stores.library.documents(matter_id(stores)) if r.name == "Contoso loan.pdf")
    results = searcher.search(matter_id(stores), "What is the governing law in the Acme lease?", [loan])
    assert {h.chunk.span.document_id for h in results.hits} == {loan}


def test_hits_come_in_the_order_of_their_scores_and_the_same_each_time(stores: Stores, searcher: Searcher) -> None:
    first, second = (searcher.search(matter_id(stores), "Who pays interest?").hits for _ in range(2))
    assert first == second
    scores = [hit.score for hit in first]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_of_equal_chunks_the_one_beside_a_better_one_comes_first() -> None:
    borders = [0, 10, 20, 30, 40]
    first, second, third, fourth = (Chunk(Span("d", a, b), "") for a, b in pairwise(borders))
    elsewhere = Chunk(Span("e", 10, 20), "")
    scores = beside_neighbours({first: 1.0, second: 0.5, fourth: 0.5, elsewhere: 0.5})
    assert scores[first] > scores[second] > scores[fourth] == scores[elsewhere]
    assert max(beside_neighbours({first: 1.0, second: 1.0, third: 1.0}).values()) == pytest.approx(1.0)


@pytest.mark.slow
def test_what_one_of_many_contracts_on_one_form_says_is_among_the_hits(tmp_path: Path) -> None:
    term = "The obligations under this Agreement continue for three years from the date of disclosure."
    changed = term.replace("three", "some seven")
    form = [Chunk(Span("", n, n + 1), "the form") for n in range(4)]
    with opened(tmp_path / "forms", LocalEmbedder()) as stores:
        matter = stores.library.create_matter("Forms").id
        alike, other = (stores.embedder.passages([text] * len(form)) for text in (term, changed))
        for n in range(80):  # with four clauses each, more than a search asks for at first
            odd, id_ = n == 70, f"{n:02}"
            chunks = [replace(c, span=replace(c.span, document_id=id_)) for c in form]
            chunks = [replace(c, words="longer") for c in chunks] if odd else chunks
            stores.vectors.add(matter, chunks, other if odd else alike)
            stores.lexical.add(matter, f"Deal {n}", chunks, [changed if odd else term] * len(chunks))
        searcher = Searcher(stores.library, stores.vectors, stores.lexical, stores.embedder)
        hits = searcher.search(matter, "For how many years, three, do the obligations continue?").hits
        one, other_id = dict.fromkeys(hit.chunk.span.document_id for hit in hits)  # of those that are alike, one
        assert other_id == "70"
        assert [hit.chunk.words for hit in hits] == ["the form"] * 4 + ["longer"] * 4
        assert len({c.span.document_id for c in searcher.same_words(matter, hits[0].chunk)}) == 78
        assert searcher.same_words(matter, hits[0].chunk, [one, other_id]) == []


def test_what_is_there_is_more_certain_than_what_is_not(stores: Stores, searcher: Searcher) -> None:
    there = searcher.search(matter_id(stores), "May the borrower repay the loan early?")
    absent = searcher.search(matter_id(stores), "Which songs does the choir sing at Easter?")
    assert there.found
    assert not absent.found
    assert there.confidence > absent.confidence


def test_nothing_in_scope_finds_nothing(stores: Stores, searcher: Searcher) -> None:
    results = searcher.search(matter_id(stores), "Who pays?", [])
    assert results.hits == ()
    assert not results.found
