"""Which questions are put to every document, and what they ask of one."""

import pytest

from tests.clock import within
from webapp.answers.each_signs import COMPARE, COMPARE_ALL, EACH, asked_of_one, compared, names_several


@pytest.mark.parametrize("question", EACH.examples)
def test_questions_to_every_document_are_known(question: str) -> None:
    assert EACH.in_question(question)


@pytest.mark.parametrize("question", EACH.counterexamples)
def test_questions_to_one_document_or_to_all_together_are_left(question: str) -> None:
    assert not EACH.in_question(question)


@pytest.mark.parametrize("question", COMPARE.examples)
def test_comparisons_are_known(question: str) -> None:
    assert COMPARE.in_question(question)


@pytest.mark.parametrize("question", COMPARE.counterexamples)
def test_other_questions_are_no_comparisons(question: str) -> None:
    assert not COMPARE.in_question(question)


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Which of my contracts allow assignment without consent?", "allow assignment without consent"),
        ("What is the governing law of each agreement?", "What is the governing law"),
        ("List the notice period for every lease.", "the notice period"),
        ("Do any of our leases cap the tenant's liability?", "cap the tenant's liability"),
        ("Is there a non-disparagement clause in any of the contracts?", "a non-disparagement clause"),
        ("Which of the leases?", "Which of the leases?"),
    ],
)
def test_what_is_asked_of_one_document(question: str, asked: str) -> None:
    assert asked_of_one(question) == asked


@pytest.mark.parametrize("question", COMPARE_ALL.examples)
def test_a_comparison_without_names_is_one_of_all(question: str) -> None:
    assert COMPARE_ALL.in_question(question)


@pytest.mark.parametrize("question", COMPARE_ALL.counterexamples)
def test_a_comparison_within_a_document_is_none_of_all(question: str) -> None:
    assert not COMPARE_ALL.in_question(question)


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Compare the termination rights in the contract and the contract.", "What are the termination rights"),
        ("Compare the rent of the office lease with that in the loan agreement.", "What is the rent"),
        ("How do the contract and the contract differ on late payment?", "What is the late payment"),
        ("Which has the longer term, the contract or the contract?", "What is the term"),
        ("What is the difference between the price in the contract and that in the contract?", "What is the price"),
        ("Compare the clauses on assignment.", "What is the assignment"),
        ("Is the cap in the contract higher than that in the contract?", "What is the cap"),
        ("Compare the notice periods of Acme Corp and Baker.", "What are the notice periods"),
        ("Under the contract and under the contract, when is rent due?", "when is rent due"),
    ],
)
def test_a_comparison_asks_of_each_what_it_compares(question: str, asked: str) -> None:
    assert compared(question) == asked


def test_names_that_are_set_side_by_side_are_several() -> None:
    assert names_several("When is rent due under the contract and under the contract?")
    assert not names_several("What does the contract demand and what does the contract offer?")


@pytest.mark.parametrize("words", ["my ", "our  ", "which of my ", "each one of the ", "A a b ", "("])
def test_a_long_question_takes_no_time(words: str) -> None:
    question = (words * 8_000)[:8_000]
    with within(0.5):
        for signs in (EACH, COMPARE, COMPARE_ALL):
            signs.in_question(question)
        asked_of_one(question), compared(question), names_several(question)
