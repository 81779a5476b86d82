"""Key language: clauses whole, of the documents that bear on a question; and places that structure names."""

from collections.abc import Sequence

import pytest

from retrieval import Chunk, Document, Hit, Passage, Sentence, pin_cite
from retrieval.core.documents import Page
from tests.documents import document
from webapp.answers.key_language import KeyLanguage, KeySentence, beside, joined, key_language, quote_places

LONG = "".join(
    f"({letter}) The Tenant shall keep room {n} of the house clean and dry at all times.\n" * 2
    for n, letter in enumerate("abcdefghijkl", 1)
)
TEXT = f"""LEASE
Lease No. 7
between Acme Ltd. ("Landlord") and Bolt LLC ("Tenant")
\f1. Duties. The Tenant shall:
{LONG}2. Rent. The rent is $900.
ACME LTD.
By: /s/ Ann Archer
Title: President
"""
PAGE = TEXT.index("\f") + 1
DOCUMENT = Document("d", "Lease.pdf", TEXT, (Page(1, "1", 0, PAGE), Page(2, "2", PAGE, len(TEXT))))


def quoted(*words: tuple[str, str]) -> list[KeySentence]:
    spans = [DOCUMENT.span(TEXT.index(first), TEXT.index(last) + len(last)) for first, last in words]
    return list(quote_places(spans, lambda _: DOCUMENT))


def test_what_is_no_sentence_is_quoted_as_the_page_has_it() -> None:
    preamble, block = quoted(("LEASE", '("Tenant")'), ("ACME LTD.", "President"))
    assert preamble.text == 'LEASE Lease No. 7 between Acme Ltd. ("Landlord") and Bolt LLC ("Tenant")'
    assert block.text == "ACME LTD. By: /s/ Ann Archer Title: President"
    assert (preamble.page, block.page) == (1, 2)


def test_white_space_at_the_ends_of_a_place_does_not_move_its_page() -> None:
    (place,) = quoted(("\f1. Duties", "shall:\n"))
    assert (place.page, place.text) == (2, "1. Duties. The Tenant shall:")


def test_a_long_place_ends_at_an_item_and_says_so() -> None:
    (place,) = quoted(("1. Duties", "The rent is $900."))
    words = DOCUMENT.slice(place.span)
    assert place.text.endswith(" …")
    assert 500 < len(words) <= 1_500
    assert words.endswith("dry at all times.")
    assert TEXT[place.span.end :].lstrip().startswith("(")


def test_a_place_within_another_is_quoted_once() -> None:
    assert len(quoted(("LEASE", '("Tenant")'), ("Lease No. 7", "7"))) == 1


def test_all_places_together_are_bounded() -> None:
    places = [DOCUMENT.span(PAGE + n, PAGE + 1_400 + n) for n in range(9)]
    assert sum(len(key.span) for key in quote_places(places, lambda _: DOCUMENT)) <= 6_000


def test_sentences_follow_the_places_that_do_not_hold_them() -> None:
    whole, rent, block = quoted(("LEASE", '("Tenant")'), ("The rent", "$900."), ("ACME", "President"))
    (inside,) = quoted(("Lease No. 7", "No. 7"))
    assert beside([whole], [inside, rent, block], 2) == (whole, rent)
    assert beside([whole, block], [rent], 1) == (whole, block)


CHARTER = """BOAT CHARTER
1. Boat. The boat is the Heron, which lies at Pier Four.
2. Term. Nine weeks.
3. Deposit
None
4. Crew; Guests
5. Law. The laws of Malta govern this charter.
SCHEDULE 1
Oars
Two
"""


def words_in_common(question: str, sentences: Sequence[Sentence]) -> list[float]:
    asked = set(question.lower().split())
    return [len(asked & set(s.words.lower().replace(".", "").split())) + s.hit_score for s in sentences]


def asked_of(question: str, *documents: Document, most: int = 4, hits: Sequence[Hit] = ()) -> KeyLanguage:
    passages = [
        Passage(**pin_cite(each, each.span(0, len(each.text))).where(), n=n, text=each.text)
        for n, each in enumerate(documents, 1)
    ]
    by_id = {each.id: each for each in documents}
    return key_language(question, passages, by_id, hits, most=most, relevance=words_in_common)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("nine", "2. Term. Nine weeks."),
        ("none", "3. Deposit None"),
        ("malta", "5. Law. The laws of Malta govern this charter."),
        ("crew", None),
        ("oars", None),
    ],
)
def test_a_clause_that_is_no_sentence_can_be_quoted(word: str, text: str | None) -> None:
    assert [clause.text for clause in asked_of(word, document(CHARTER)).clauses] == ([text] if text else [])


SERVICES = """SERVICES AGREEMENT
1. Fees. The Customer pays $900 a month. Late sums bear interest. The interest will not exceed $50 in any month.
2. Support. The Supplier shall:
(a) answer calls within two hours;
(b) keep spare parts;
(c) visit every site.
3. Law. The laws of Malta govern.
"""


def test_the_clause_of_the_bearing_sentence_is_quoted_whole_with_that_sentence_emphasised() -> None:
    fees, support = (asked_of(words, document(SERVICES)).clauses[0] for words in ("late sums bear", "spare parts"))
    assert fees.text == SERVICES.splitlines()[1]
    assert [fees.text[a:b] for a, b in fees.emphasis] == ["Late sums bear interest."]
    assert support.text == " ".join(SERVICES.splitlines()[2:6])
    assert [support.text[a:b] for a, b in support.emphasis] == ["(b) keep spare parts;"]
    assert support.section == "Section 2(b) (Support)"


def test_a_clause_that_two_questions_lead_to_is_quoted_once_with_both_sentences_emphasised() -> None:
    first, then = (asked_of(words, document(SERVICES)).clauses for words in ("pays a month", "late sums bear"))
    (clause,) = joined(first, then)
    assert [clause.text[a:b] for a, b in clause.emphasis] == [
        "The Customer pays $900 a month.",
        "Late sums bear interest.",
    ]


def test_clauses_without_the_kind_of_value_that_is_asked_for_give_way_to_one_that_has_it() -> None:
    text = "1. Rent. The rent is due and the rent is payable.\n2. Sum. The rent amounts to $900.\n"
    (clause,) = asked_of("How much is the rent due", document(text)).clauses
    assert clause.text == "2. Sum. The rent amounts to $900."
    assert len(asked_of("Is the rent due", document(text)).clauses) == 2


def test_clauses_of_which_none_has_the_kind_of_value_that_is_asked_for_say_what_they_lack() -> None:
    lease = document("1. Rent. The rent is due.\n2. Sale. The rent ends.\n")
    found = asked_of("How much is the rent", lease)
    assert (len(found.clauses), found.lacks) == (2, "amount")
    assert asked_of("Is the rent due", lease).lacks == ""


def leases(count: int) -> list[Document]:
    return [document(f"1. Rent. The rent of house {n} is due on Monday.\n", id_=f"d{n}") for n in range(count)]


def test_each_document_that_bears_is_quoted_and_those_beyond_the_bound_are_told() -> None:
    few, many = asked_of("rent", *leases(6)), asked_of("rent", *leases(11))
    assert ([c.document_id for c in few.clauses], few.further) == ([f"d{n}" for n in range(6)], ())
    assert ([c.document_id for c in many.clauses], many.further) == (
        [f"d{n}" for n in range(8)],
        ("d8", "d9", "d10"),
    )


def test_the_best_clause_is_first_and_the_others_are_in_page_order() -> None:
    text = "1. One. The rent is due.\n2. Two. The old rent is due.\n3. Three. The very old rent is due.\n"
    found = asked_of("the very old rent", document(text)).clauses
    assert [clause.section for clause in found] == ["Section 3 (Three)", "Section 1 (One)", "Section 2 (Two)"]
    assert len(asked_of("the very old rent", document(text), most=2).clauses) == 2


def test_of_sentences_that_say_as_much_the_one_in_the_best_hit_is_first() -> None:
    lease = document("1. One. The rent is due.\n2. Two. The rent is paid.\n")
    best = Hit(Chunk(lease.span(lease.text.index("2."), len(lease.text)), ""), 0.9, "")
    assert asked_of("rent", lease).clauses[0].text.startswith("1.")
    assert asked_of("rent", lease, hits=[best]).clauses[0].text.startswith("2.")


def test_nothing_is_quoted_that_has_nothing_to_do_with_the_question() -> None:
    assert asked_of("zebra", document(SERVICES)) == asked_of("rent") == KeyLanguage()


def test_what_is_quoted_of_a_clause_over_two_pages_has_the_page_of_its_bearing_sentence() -> None:
    lease = document("1. Rent. The rent is due.\fLate rent bears interest.\n2. Law. The laws of Malta govern.\n")
    (clause,) = asked_of("late interest", lease).clauses
    assert (clause.page, clause.text) == (2, "1. Rent. The rent is due. Late rent bears interest.")


def fees(years: int) -> Document:
    prose = "The fees of the years are those of the table below, and are due on the first day of the year.\n"
    rows = "\n".join(f"Year {n}  ${n}00  {n}0 users" for n in range(1, years + 1))
    return document(f"1. Fees. {prose * max(3, years // 5)}Year  Fee  Users\n{rows}\n")


def test_the_row_of_a_table_that_bears_is_emphasised_and_of_a_long_table_a_few_rows_are_quoted_with_its_heads() -> None:
    (short,) = asked_of("year 3 users", fees(8), most=1).clauses
    assert [short.text[a:b] for a, b in short.emphasis] == ["Year 3 $300 30 users"]
    (long,) = asked_of("year 77 users", fees(90), most=1).clauses
    assert long.text.startswith("Year Fee Users ")
    assert long.text.endswith("Year 77 $7700 770 users")
    assert len(long.text.split("Year ")) == 5  # the heads and three rows
