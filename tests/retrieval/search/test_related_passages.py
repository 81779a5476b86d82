"""What passages lean on comes beside them: the definitions of their terms, the sections they are subject to."""

from hypothesis import given
from hypothesis import strategies as st

from retrieval.core.documents import Span
from retrieval.search.packing import Packed, pack
from retrieval.search.related_passages import extras
from retrieval.structure.chunks import chunk
from tests.documents import document

FILLER = (
    "The parties say a good deal more about this and that, none of which matters much to anybody who reads on. " * 9
)
TEXT = f"""SUPPLY AGREEMENT
This Supply Agreement is made by Acme Inc. (the “Supplier”) with its customer.
1. Definitions
1.1 “Net Sales” means gross sales less returns.
1.2 “Quarter” has the meaning set forth in Section 5.
2. Royalty
{FILLER}
2.1 Subject to Section 4.2, the Supplier pays five percent of Net Sales each Quarter.
2.2 {FILLER}
3. Records
3.1 {FILLER}
4. Caps
4.1 {FILLER}
4.2 Cap. No royalty is above $5,000.
4.3 Subject to Section 4.1, nothing is due under Section 3.1.
5. Times
{FILLER} Royalties are due for three months each (a “Quarter”).
6. Last
{FILLER}
"""
DOCUMENT = document(TEXT)
CHUNKS = chunk(DOCUMENT)


def _span(begin: str, end: str) -> Span:
    return DOCUMENT.span(TEXT.index(begin), TEXT.index(end))


ROYALTY = _span("2.1 Subject", "2.2 ")
LAST = DOCUMENT.span(TEXT.index("6. Last"), len(TEXT))


def words(text: str) -> int:
    return len(text.split())


def _beside(*taken: Span) -> list[tuple[str, str]]:
    found = extras(taken, lambda _: DOCUMENT)
    return [(extra.why(taken.index(extra.passage) + 1), DOCUMENT.slice(extra.span).strip()[:12]) for extra in found]


def test_a_passage_brings_the_section_it_is_subject_to_and_the_definitions_of_its_terms() -> None:
    assert _beside(LAST, ROYALTY) == [
        ("referred to in [2]", "4.2 Cap. No "),
        ("definition of “Net Sales”", "1.1 “Net Sal"),
        ("definition of “Quarter”", "Royalties ar"),
    ]


def test_neither_what_is_there_already_nor_a_name_of_the_opening_is_brought() -> None:
    assert (
        _beside(ROYALTY, _span("1. Definitions", "2. Royalty"), _span("4.2 Cap", "4.3 "), _span("5. Times", "6. Last"))
        == []
    )


def test_a_mere_mention_brings_nothing_and_one_hop_is_all() -> None:
    assert [why for why, _ in _beside(_span("4.3 ", "5. Times"))] == ["referred to in [1]"]  # 4.1, and not 3.1


def _packed(ranks: list[int], budget: int) -> Packed:
    return pack([CHUNKS[rank] for rank in ranks], lambda _: DOCUMENT, words, budget)


@given(st.permutations(range(len(CHUNKS))), st.integers(0, 3000))
def test_extras_stay_within_the_budget_and_within_their_share(ranks: list[int], budget: int) -> None:
    result = _packed(ranks[: len(ranks) // 2], budget)
    assert sum(words(p.as_sent()) for p in result.passages) <= result.tokens <= budget
    extra = [p for p in result.passages if p.why]
    assert sum(words(p.as_sent()) for p in extra) <= 300
    assert [p.n for p in result.passages] == list(range(1, len(result.passages) + 1))
    assert result.passages[len(result.passages) - len(extra) :] == tuple(extra)
    spans = [span for p in result.passages for span in p.spans]
    assert not any(a.contains(b) for a in spans for b in spans if a != b)


def test_an_extra_stands_under_its_own_number_with_its_reason() -> None:
    at = next(i for i, c in enumerate(CHUNKS) if c.span.contains(ROYALTY))
    sent = [p.as_sent().split("\n")[0] for p in _packed([at], 2000).passages]
    assert sent == [
        "[1] Agreement.pdf, Section 2 (Royalty), page 1",
        "[2] Section 2.1",
        "[3] Section 4.2 (Cap), page 1, referred to in [2]",
        "[4] Section 1.1 (Definitions), page 1, definition of “Net Sales”",
        "[5] Section 5 (Times), page 1, definition of “Quarter”",
    ]


def test_a_small_budget_is_for_hits_alone() -> None:
    at = next(i for i, c in enumerate(CHUNKS) if c.span.contains(ROYALTY))
    assert {p.why for p in _packed([at], 1000).passages} == {""}
