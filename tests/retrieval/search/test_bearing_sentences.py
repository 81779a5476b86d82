"""The sentence of a chunk that bears most on a question, and the order of hits by it."""

import numpy as np
import pytest

from retrieval.core.documents import Document
from retrieval.core.errors import NoSuchDocument
from retrieval.search.bearing_sentences import (
    Bearing,
    SentenceVectors,
    bearing_sentences,
    by_bearing,
    close_to_first,
)
from retrieval.search.embedder import LocalEmbedder
from retrieval.search.lexical import stems_of
from retrieval.structure.chunks import Chunk, chunk
from tests.documents import document

TEXT = """LEASE

1. Rent. The Tenant pays a monthly rent of $500. The rent is paid on the first day of each month.

2. Repairs. The Landlord repairs the roof at its own cost. The Tenant keeps the garden tidy.

3. Term. Two years.

4. Intellectual property

4.1 Drawings that the Tenant makes of the house are the Landlord's.
"""
EMBEDDER = LocalEmbedder()


def bearing_of(question: str, lease: Document) -> str:
    (whole,) = chunk(lease)
    aim = EMBEDDER.aim(EMBEDDER.queries([question]))[0]
    found = bearing_sentences([whole], lambda _: lease, SentenceVectors(EMBEDDER), aim, stems_of(question))
    return lease.slice(found[whole].span)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Who has to fix the roof?", "The Landlord repairs the roof"),
        ("Who looks after the garden?", "keeps the garden tidy"),
        ("On which day is the rent due?", "on the first day"),
        ("How long is the term?", "Two years"),  # a clause of which nothing is a sentence
        ("Intellectual property", "Drawings that the Tenant makes"),  # a heading alone says nothing
    ],
)
def test_the_bearing_sentence_is_the_one_that_answers(question: str, words: str) -> None:
    assert words in bearing_of(question, document(TEXT))


def test_items_without_a_heading_bear() -> None:
    assert "in coin" in bearing_of("in coin", document("1. Payment\n\n(a) in coin\n\n(b) by cheque\n"))


def test_a_document_that_goes_meanwhile_has_no_bearing_sentence() -> None:
    def gone(document_id: str) -> Document:
        raise NoSuchDocument(document=document_id)

    chunks = chunk(document(TEXT))
    assert bearing_sentences(chunks, gone, SentenceVectors(EMBEDDER), np.ones(384, np.float32), []) == {}


def test_only_chunks_that_rank_close_to_the_first_are_read() -> None:
    a, b, c = (Chunk(document(TEXT).span(i, i + 1), str(i)) for i in range(3))
    assert close_to_first([a, b, c], {a: 1.0, b: 0.8, c: 0.5}) == [a, b]
    assert close_to_first([], {}) == []


def test_a_nearer_sentence_comes_first_and_scores_stay_in_order() -> None:
    spans = [document(TEXT).span(i, i + 1) for i in range(4)]
    a, b, c, d = (Chunk(span, str(i)) for i, span in enumerate(spans))
    scores = {a: 1.0, b: 0.95, c: 0.9, d: 0.3}
    vector = np.zeros(1, np.float32)
    bearing = {a: Bearing(spans[0], vector, 0.2), b: Bearing(spans[1], vector, 0.6)}
    assert by_bearing([a, b, c, d], scores, [a, b, c], bearing) == {b: 1.0, a: 0.95, c: 0.9, d: 0.3}
