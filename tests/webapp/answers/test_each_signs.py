"""Which questions are put to every document, and what they ask of one."""

import time

import pytest

from webapp.answers.each_signs import COMPARE, EACH, asked_of_one, compared


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


def test_a_comparison_asks_of_each_what_it_compares() -> None:
    assert compared("Compare the termination rights in the contract and the contract.") == "the termination rights"
    assert compared("Compare the rent of the office lease with that in the loan agreement.") == "the rent"


@pytest.mark.parametrize("words", ["my ", "our  ", "which of my ", "each one of the ", "A a b ", "("])
def test_a_long_question_takes_no_time(words: str) -> None:
    question = (words * 8_000)[:8_000]
    start = time.process_time()
    EACH.in_question(question), COMPARE.in_question(question), asked_of_one(question), compared(question)
    assert time.process_time() - start < 0.5
