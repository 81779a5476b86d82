"""Where a quotation and a phrase differ in what counts as the same words, and where they do not."""

import pytest

from retrieval.structure.phrase_search import each_mention
from retrieval.structure.quote_match import find_quote
from tests.documents import document


@pytest.mark.parametrize(
    ("text", "words", "as_quotation", "as_phrase"),
    [
        ("a change of control", "change of control", True, True),
        ("a change\nof  control", "change of control", True, True),
        ("a Change of Control", "change of control", False, True),  # capitals are a quotation's words
        ("a non-exclusive licence", "exclusive licence", False, True),  # a part of a compound
        ("a termi\u2010nated licence", "nated licence", False, False),  # a part of a word
        ("the Licensee shallnot pay", "shall not pay", True, False),  # a space lost on the page or in the quotation
        ("in direct relation to it", "indirect relation", False, False),  # which makes another word
        ("a non exclusive licence", "non-exclusive licence", False, False),
        ("pay $1.50 in all", "1.50 in all", False, True),  # the sign
        ("pay 10.5% in all", "pay 10.5", False, True),
        ("pay 2.10.5 in all", "10.5 in all", False, False),
        ("pay 1.50 in all", "pay 1.", False, True),
        ("the Licensor’s liability", "Licensor", True, True),
        ("the Licensor’s liability", "s liability", False, False),
    ],
)
def test_a_quotation_and_a_phrase_stand_where_their_rules_allow(
    text: str, words: str, as_quotation: bool, as_phrase: bool
) -> None:
    page = document(text)
    assert (find_quote(page, words) is not None, any(each_mention(page, words))) == (as_quotation, as_phrase)
