from hypothesis import given
from hypothesis import strategies as st

from retrieval.search.packing import Packed, pack
from retrieval.structure.chunks import Chunk, chunk
from tests.documents import document

CLAUSE = "The Supplier shall deliver the goods within thirty (30) days after it has accepted an order. " * 4
DOCUMENT = document("".join(f"{n}. Duty {n}\n{CLAUSE}\n" for n in range(1, 13)))
CHUNKS = chunk(DOCUMENT)


def words(text: str) -> int:
    return len(text.split())


def packed(chunks: list[Chunk], budget: int) -> Packed:
    return pack(chunks, lambda _: DOCUMENT, words, budget)


@given(st.permutations(CHUNKS), st.integers(0, 1200))
def test_the_budget_is_kept_and_what_is_left_holds_nothing_that_was_left_out(chunks: list[Chunk], budget: int) -> None:
    result = packed(chunks, budget)
    assert sum(words(p.as_sent()) for p in result.passages) <= result.tokens <= budget
    taken = [span for p in result.passages for span in p.spans]
    out = [c for c in chunks if not any(span.contains(c.span) for span in taken)]
    assert len(out) == result.left_out
    for c in out:
        more = packed([*(c for c in chunks if c not in out), c], 10**6).tokens
        assert more > budget


@given(st.permutations(CHUNKS))
def test_touching_chunks_become_one_passage(chunks: list[Chunk]) -> None:
    result = packed(chunks, 10**6)
    assert [p.spans for p in result.passages] == [(DOCUMENT.span(0, len(DOCUMENT.text)),)]


def test_passages_are_numbered_in_rank_order_under_their_pin_cites_and_one_document_is_named_once() -> None:
    result = packed([CHUNKS[8], CHUNKS[2]], 10**6)
    assert [p.as_sent().split("\n")[0] for p in result.passages] == [
        "[1] Agreement.pdf, Section 9 (Duty 9), page 1",
        "[2] Section 3 (Duty 3), page 1",
    ]
    assert [p.document for p in result.passages] == ["Agreement.pdf"] * 2


def test_of_several_documents_each_passage_names_its_own() -> None:
    lease = document(DOCUMENT.text, id_="l", name="Lease.pdf")
    chunks = [chunk(lease)[8], CHUNKS[2], CHUNKS[5]]
    result = pack(chunks, {"d": DOCUMENT, "l": lease}.__getitem__, words, 10**6)
    assert [p.as_sent().split("\n")[0] for p in result.passages] == [
        "[1] Lease.pdf, Section 9 (Duty 9), page 1",
        "[2] Agreement.pdf, Section 3 (Duty 3), page 1",
        "[3] Agreement.pdf, Section 6 (Duty 6), page 1",
    ]


def test_a_passage_too_long_for_the_budget_is_passed_over_for_the_next() -> None:
    short = CHUNKS[5]
    result = packed([*CHUNKS[:3], short], words(CLAUSE) + 20)
    assert result.left_out == 3
    assert len(result.passages) == 1


def test_nothing_found_is_nothing_packed() -> None:
    assert packed([], 100).passages == ()
