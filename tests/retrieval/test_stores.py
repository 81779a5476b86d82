"""The two indexes, real ones: what is added is found, in its scope only, and what is removed is gone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.core.documents import Span
from retrieval.search.lexical import Lexical, stems_of
from retrieval.search.vectors import Vectors
from retrieval.structure.chunks import Chunk
from tests.retrieval.chroma_server import ChromaServer

MATTER, OTHER = "a" * 32, "b" * 32
TEXTS = {
    Chunk(Span("lease", 0, 40), "rent"): "The tenant pays a rent of $18,550 a month.",
    Chunk(Span("lease", 40, 90), "term"): "The lease begins on March 1 and ends after two years.",
    Chunk(Span("loan", 0, 50), "loan"): "The borrower repays the loan with interest.",
}
CHUNKS = list(TEXTS)
AXES = np.eye(3, 8, dtype=np.float32)


@pytest.fixture
def lexical(tmp_path: Path) -> Iterator[Lexical]:
    index = Lexical(tmp_path / "words")
    index.add(MATTER, "Acme-lease.pdf LEASE between Acme and Smith", CHUNKS[:2], list(TEXTS.values())[:2])
    index.add(MATTER, "Loan 7.pdf LOAN AGREEMENT", CHUNKS[2:], list(TEXTS.values())[2:])
    yield index
    index.close()


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ChromaServer(tmp_path_factory.mktemp("chroma")) as server:
        yield server.url


@pytest.fixture(params=["folder", pytest.param("server", marks=pytest.mark.database)])
def vectors(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Vectors]:
    store = Vectors(tmp_path / "vectors" if request.param == "folder" else request.getfixturevalue("chroma"))
    store.drop(MATTER)
    store.add(MATTER, CHUNKS, AXES)
    yield store
    store.close()


def asked(lexical: Lexical, text: str) -> dict[str, float]:
    return dict.fromkeys(stems_of(text), 1.0)


@pytest.mark.parametrize(
    ("question", "best"),
    [("What is the rent?", 0), ("18,550", 0), ("Who borrows, and who is repaid?", 2), ("two-year terms beginning", 1)],
)
def test_words_find_their_stems_and_bare_amounts(lexical: Lexical, question: str, best: int) -> None:
    found = lexical.query(MATTER, asked(lexical, question), None, 8)
    assert max(found, key=lambda c: found[c]) == CHUNKS[best]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ('"', ()),
        ("+-&&||!(){}", ()),
        ("\\", ()),
        ("[* TO *]", ()),
        ('"rent of the tenant"', (0,)),  # a phrase that stands nowhere: its words are sought
        ("text:rent", (0,)),
        ("foo AND (rent", (0,)),
        ("-rent", (0,)),
        ("rent~2^", (0,)),
        ("ren*", ()),
    ],
)
def test_no_question_is_taken_for_a_query_language(lexical: Lexical, question: str, found: tuple[int, ...]) -> None:
    assert set(lexical.query(MATTER, asked(lexical, question), None, 8)) == {CHUNKS[n] for n in found}


def test_a_chunk_comes_back_with_its_span_section_and_page(lexical: Lexical, vectors: Vectors) -> None:
    assert set(lexical.query(MATTER, asked(lexical, "rent lease loan"), None, 8)) == set(CHUNKS)
    assert set(vectors.query(MATTER, AXES[0], None, 8)) == set(CHUNKS)


def test_the_nearest_vector_is_found_with_its_cosine(vectors: Vectors) -> None:
    found = vectors.query(MATTER, AXES[1], None, 1)
    assert found == {CHUNKS[1]: pytest.approx(1.0, abs=1e-5)}


def test_a_scope_of_many_documents_holds_whether_or_not_it_is_the_whole_matter(vectors: Vectors) -> None:
    dice = np.random.default_rng(3)
    chunks = [Chunk(Span(f"deal {n}", 0, 1), f"{n}") for n in range(20)]
    near = _unit(dice.standard_normal((20, 16)))
    vectors.add(OTHER, chunks, near)
    scope = [c.span.document_id for c in chunks]
    assert vectors.query(OTHER, near[0], scope, 5) == vectors.query(OTHER, near[0], None, 5)
    assert set(vectors.query(OTHER, near[0], scope[1:], 30)) == set(chunks[1:])
    (second,) = vectors.query(OTHER, near[0], scope[1:], 1)
    assert second == chunks[1 + int(np.argmax(near[1:] @ near[0]))]
    vectors.drop(OTHER)


@pytest.mark.slow
def test_contracts_on_one_form_hide_no_clause_of_any(vectors: Vectors) -> None:
    dice = np.random.default_rng(7)
    form = _unit(dice.standard_normal((10, 64)))
    own = _unit(dice.standard_normal((300, 4, 64)))
    chunks = [[Chunk(Span(f"deal {n}", i, i + 1), "") for i in range(14)] for n in range(len(own))]
    for n in range(0, len(own), 20):  # each call takes its time
        rows = [np.concatenate([form, its_own]) for its_own in own[n : n + 20]]
        vectors.add(OTHER, [each for its_chunks in chunks[n : n + 20] for each in its_chunks], np.concatenate(rows))
    for n in range(0, len(own), 20):
        assert set(vectors.query(OTHER, form[0], [f"deal {n}"], 64)) == set(chunks[n])
        nearest = vectors.query(OTHER, own[n, 0], [f"deal {n}"], 14)
        assert nearest == pytest.approx(
            dict(zip(chunks[n], [*(form @ own[n, 0]), *(own[n] @ own[n, 0])], strict=True)), abs=1e-5
        )
    vectors.drop(OTHER)


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), np.float32)


def test_a_search_stays_in_its_documents_and_its_matter(lexical: Lexical, vectors: Vectors) -> None:
    everything = asked(lexical, "rent lease loan interest")
    assert set(lexical.query(MATTER, everything, ["loan"], 8)) == {CHUNKS[2]}
    assert set(vectors.query(MATTER, AXES[0], ["loan"], 8)) == {CHUNKS[2]}
    assert lexical.query(MATTER, everything, [], 8) == vectors.query(MATTER, AXES[0], [], 8) == {}
    assert lexical.query(OTHER, everything, None, 8) == vectors.query(OTHER, AXES[0], None, 8) == {}


@pytest.mark.parametrize(
    "words", ["rent", "rent interest loan", "lease of two years, rent", "borrower", "absent", "the"]
)
@pytest.mark.parametrize("chunks", [CHUNKS, CHUNKS[:2], CHUNKS[1:2], []])
def test_the_share_of_words_is_that_of_the_chunk_that_has_most(
    lexical: Lexical, words: str, chunks: list[Chunk]
) -> None:
    stems = {stem: 1.0 + i for i, stem in enumerate(stems_of(words))}
    rarity = lexical.rarity(MATTER, stems)
    worth = {stem: weight * rarity[stem] for stem, weight in stems.items()}
    held = [sum(worth[stem] for stem in worth if stem in stems_of(TEXTS[c])) for c in chunks]
    whole = sum(worth.values())
    assert lexical.share(MATTER, stems, chunks) == pytest.approx(max(held, default=0.0) / whole if whole else 0.0)


def test_words_that_say_nothing_of_a_contract_are_left_out_however_they_are_stemmed() -> None:
    assert stems_of("Why does any of it say what must be paid?") == ["say", "must", "paid"]


@pytest.mark.parametrize(("named", "best"), [("the Acme lease", "lease"), ("loan number 7", "loan"), ("Jones", None)])
def test_a_document_is_found_by_its_file_name_and_opening(lexical: Lexical, named: str, best: str | None) -> None:
    found = lexical.documents(MATTER, stems_of(named), None, 8)
    assert max(found, key=lambda id_: found[id_], default=None) == best


def test_a_removed_document_is_gone_and_the_others_stay(lexical: Lexical, vectors: Vectors) -> None:
    for store in (lexical, vectors):
        assert store.document_ids(MATTER) == {"lease", "loan"}
        store.remove(MATTER, "lease")
        store.remove(MATTER, "never there")
        assert store.document_ids(MATTER) == {"loan"}
        store.drop(MATTER)
        assert store.document_ids(MATTER) == set()


def test_a_document_that_is_added_again_is_replaced(lexical: Lexical) -> None:
    moved = Chunk(Span("lease", 0, 35), "fee")
    lexical.add(MATTER, "Acme-lease-2.pdf", [moved], ["The tenant pays a fee."])
    assert set(lexical.query(MATTER, asked(lexical, "tenant rent lease fee"), ["lease"], 9)) == {moved}
    assert lexical.documents(MATTER, asked(lexical, "Smith"), None, 9) == {}
    assert lexical.document_ids(MATTER) == {"lease", "loan"}


def test_what_was_added_is_there_after_a_restart(tmp_path: Path, lexical: Lexical) -> None:
    lexical.close()
    assert Lexical(tmp_path / "words").document_ids(MATTER) == {"lease", "loan"}
    for _ in range(2):
        store = Vectors(tmp_path / "again")
        store.add(MATTER, CHUNKS, AXES)
        store.close()
    again = Vectors(tmp_path / "again")
    assert again.document_ids(MATTER) == {"lease", "loan"}
    again.close()


def test_the_same_words_are_found_in_other_documents_of_the_scope(lexical: Lexical) -> None:
    rent, loan = CHUNKS[0], CHUNKS[2]
    assert lexical.same_words(MATTER, rent) == []
    copies = [Chunk(Span(name, 5, 45), rent.words) for name in ("third", "second")]
    for copy in copies:
        lexical.add(MATTER, copy.span.document_id, [copy, replace(loan, span=copy.span)], [TEXTS[rent]] * 2)
    assert lexical.same_words(MATTER, rent) == copies[::-1]
    assert lexical.same_words(MATTER, copies[0], ["lease", "third"]) == [rent]
    assert lexical.same_words(OTHER, rent) == []


def test_lists_of_different_lengths_are_refused(lexical: Lexical, vectors: Vectors) -> None:
    with pytest.raises(ValueError, match=r"chunks \(3\) do not match texts \(1\)"):
        lexical.add(MATTER, "", CHUNKS, ["one"])
    with pytest.raises(ValueError, match=r"chunks \(3\) do not match vectors \(2\)"):
        vectors.add(MATTER, CHUNKS, AXES[:2])
