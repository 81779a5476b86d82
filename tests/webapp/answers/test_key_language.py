"""Places that structure names are quoted whole, as their pages have them."""

import pytest

from retrieval import Document, Passage, pin_cite
from retrieval.core.documents import Page
from tests.documents import document
from webapp.answers.key_language import KeySentence, beside, key_language, quote_places

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


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("Term", "2. Term. Nine weeks."),
        ("Deposit", "3. Deposit None"),
        ("laws", "The laws of Malta govern this charter."),
        ("Crew", None),
        ("Oars", None),
    ],
)
def test_a_clause_that_is_no_sentence_can_be_quoted(word: str, text: str | None) -> None:
    charter = document(CHARTER)
    passage = Passage(**pin_cite(charter, charter.span(0, len(CHARTER))).where(), n=1, text=CHARTER)
    keys = key_language(word, [passage], {"d": charter}, relevance=lambda asked, read: [asked in s.words for s in read])
    assert [key.text for key in keys] == ([text] if text else [])
