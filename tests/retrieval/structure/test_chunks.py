from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from retrieval.structure.chunks import LONG, Chunk, chunk, cut
from tests.documents import document

LINES = st.sampled_from(
    "ARTICLE II|2.1 Orders. Customer shall order.|(a) in writing;|(i) by post|EXHIBIT B|12|Source: ACME, 8-K, 1/2/2020|"
    "The Supplier shall deliver the goods within thirty (30) days after it has accepted an order.|9.9|\f|   |"
    "Confidential|word|1. Term|2. Price".split("|")
)
TEXTS = st.one_of(st.text(max_size=400), st.lists(LINES, max_size=120).map("\n".join))


@given(TEXTS)
def test_chunks_tile_the_document(text: str) -> None:
    chunks = chunk(document(text))
    assert "".join(document(text).slice(c.span) for c in chunks) == (text if text.strip() else "")
    assert all(a.span.end == b.span.start for a, b in pairwise(chunks))
    assert all(len(c.span) for c in chunks)


@given(TEXTS)
def test_a_chunk_is_no_longer_than_the_model_reads(text: str) -> None:
    assert all(len(c.span) <= LONG for c in chunk(document(text)))


@given(TEXTS)
def test_a_chunk_is_known_by_its_id(text: str) -> None:
    assert all(Chunk.of(c.id) == c for c in chunk(document(text)))


def test_a_chunk_begins_where_a_clause_begins() -> None:
    clause = "The Supplier shall deliver the goods within thirty (30) days after it has accepted an order. " * 4
    text = "".join(f"{n}. Duty\n{clause}\n" for n in range(1, 6))
    assert [document(text).slice(c.span)[:7] for c in chunk(document(text))] == [f"{n}. Duty" for n in range(1, 6)]


def test_a_long_clause_is_cut_between_sentences() -> None:
    text = "1. Duty\n" + "The Supplier shall deliver the goods in time and in good order. " * 40
    chunks = chunk(document(text))
    assert len(chunks) > 2
    assert all(document(text).slice(c.span).rstrip().endswith("order.") for c in chunks)


def test_what_is_indexed_has_the_headings_above_the_words() -> None:
    text = "ARTICLE II SUPPLY\n2.1 Orders. Customer shall order in writing."
    (_, indexed), *_ = cut(document(text))
    assert indexed.startswith("SUPPLY: ARTICLE II")


def test_chunks_are_alike_where_words_and_headings_are() -> None:
    law = "This Agreement is governed by the laws of Oregon."
    first, *_ = chunk(document(f"4. Law\n{law}"))
    again, *_ = chunk(document(f"  4. Law\n\f{law.replace(' by', chr(10) + 'by')}"))
    other, *_ = chunk(document(f"4. Forum\n{law}"))
    changed, *_ = chunk(document(f"4. Law\n{law.replace('Oregon', 'Ohio')}"))
    assert first.words == again.words
    assert len({c.words for c in (first, other, changed)}) == 3
