from hypothesis import given
from hypothesis import strategies as st

from retrieval.search.packing import Packed, pack
from retrieval.structure.chunks import Chunk, chunk
from retrieval.structure.clauses import outline
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
def test_chunks_that_touch_follow_each_other_as_a_passage_for_each_clause(chunks: list[Chunk]) -> None:
    result = packed(chunks, 10**6)
    assert [p.spans[0].start for p in result.passages] == [clause.span.start for clause in outline(DOCUMENT)]
    assert [a.spans[0].end for a in result.passages[:-1]] == [b.spans[0].start for b in result.passages[1:]]
    assert [p.as_sent().split("\n")[0] for p in result.passages[:2]] == [
        "[1] Agreement.pdf, Section 1 (Duty 1), page 1",
        "[2] Section 2",
    ]


def test_a_passage_holds_one_section_and_small_subsections_of_one_are_together() -> None:
    text = (
        "OFFICE LEASE\nThis Lease is made on May 1, 2031.\n"
        "1. Rent\n1.1 The rent is $900.\n1.2 It is due monthly.\n"
        f"2. Repairs\n2.1 {CLAUSE * 2}\n2.2 Roof. By the landlord.\n2.3 Doors. By the tenant.\n2.4 {CLAUSE * 2}\n"
        "(a) walls; and\n(b) floors.\f3. Law. Ohio.\nSchedule 1\nKeys\n1. Front door.\n"
    )
    lease = document(text, name="Lease.pdf")
    sent = [p.as_sent().split("\n") for p in pack(chunk(lease), lambda _: lease, words, 10**6).passages]
    assert [lines[0] for lines in sent] == [
        "[1] Lease.pdf, page 1",
        "[2] Section 1",
        "[3] Section 2",
        "[4] Sections 2.2–2.3",
        "[5] Section 2.4",
        "[6] Section 3, page 2",
        "[7] Schedule 1",
    ]
    assert [lines[1][:14] for lines in sent[1:]] == [
        "1. Rent 1.1 Th",
        "2. Repairs 2.1",
        "2.2 Roof. By t",
        "2.4 The Suppli",
        "3. Law. Ohio.",
        "Schedule 1 Key",
    ]


def test_a_hundred_passages_are_counted_under_their_numbers_of_three_digits() -> None:
    digits = document("".join(f"{n}. Duty {n}\n{CLAUSE}\n" for n in range(1, 121)))

    def characters(text: str) -> int:
        return len(text)

    for budget in (50_000, 10**6):
        result = pack(chunk(digits), lambda _: digits, characters, budget)
        assert len(result.passages) > 99
        assert sum(characters(p.as_sent()) for p in result.passages) <= result.tokens <= budget


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


FEES = "".join(f"Year {n} ${n},000 ${n}00\n" for n in range(1, 160))
PROSE = "The Supplier shall deliver the goods within thirty (30) days after it has accepted an order and no later.\n"
SCHEDULE = document(f"12. Duty\n{PROSE * 40}13. Fees\nThe fees are these:\nYear Rent Deposit\n{FEES}14. Law\n{PROSE}")


def test_a_passage_that_begins_within_a_table_names_its_columns_and_is_counted_with_them() -> None:
    def is_within(each: Chunk) -> bool:
        return SCHEDULE.slice(each.span).startswith("Year 1") and each.span.start > SCHEDULE.text.index("Year 9")

    below = [each for each in chunk(SCHEDULE) if is_within(each)][:1]
    result = pack(below, lambda _: SCHEDULE, words, 10**6)
    (passage,) = result.passages
    assert passage.as_sent().startswith(
        "[1] Agreement.pdf, Section 13 (Fees), page 1, columns: Year Rent Deposit\nYear 1"
    )
    assert words(passage.as_sent()) <= result.tokens


def test_other_passages_name_no_columns() -> None:
    others = [each for each in chunk(SCHEDULE) if not SCHEDULE.slice(each.span).startswith("Year")]
    assert not any("columns" in p.as_sent() for p in pack(others, lambda _: SCHEDULE, words, 10**6).passages)
    rows_only = document(f"12. Duty\n{PROSE * 40}13. Fees\nThe fees are these:\n{FEES}14. Law\n{PROSE}")
    assert not any("columns" in p.as_sent() for p in pack(chunk(rows_only), lambda _: rows_only, words, 10**6).passages)
