"""The table of kinds of question that structure answers, walked row by row."""

import re

import pytest

from retrieval.search.question_kinds import KINDS, Kind, folded, kinds_of
from tests.clock import within


def names_of(question: str) -> list[str]:
    return [sign.kind.name for sign in kinds_of(folded(question))]


@pytest.mark.parametrize(("name", "question"), [(kind.name, e) for kind in KINDS for e in kind.examples])
def test_an_example_is_of_its_kind_before_any_other(name: str, question: str) -> None:
    assert names_of(question)[0] == name


@pytest.mark.parametrize(("name", "question"), [(kind.name, c) for kind in KINDS for c in kind.counterexamples])
def test_a_counterexample_is_not_of_the_kind(name: str, question: str) -> None:
    assert name not in names_of(question)


@pytest.mark.parametrize(
    "question",
    [
        "Is there a cap on liability under this contract?",
        "Can a party go after the other's clients?",
        "When does this deal end if nobody does anything?",
        "How long does the agreement last?",
        "What is the notice period required to terminate the renewal?",
        "Under whose law is this to be interpreted?",
        "Who owns what gets created under the deal?",
        "What is the renewal term for this contract?",
        "Does anyone other than the parties get rights?",
    ],
)
def test_a_question_about_a_clause_is_of_no_kind(question: str) -> None:
    assert set(names_of(question)) <= {"heading"}  # which a heading alone decides


def test_line_ends_and_typographic_apostrophes_change_nothing() -> None:
    assert names_of("Who’s  the\nlandlord?") == names_of("who's the landlord?") == ["party"]


def triggers() -> list[str]:
    """Words, pairs of words and beginnings of the table's own questions, and what patterns trip over."""
    questions = [question.lower() for kind in KINDS for question in (*kind.examples, *kind.counterexamples)]
    split = [re.findall(r"\w+|\S", question) for question in questions]
    starts = {" ".join(words[:n]) + " " for words in split for n in (1, 2, 4)}
    return sorted(starts | {" ", "(", '"', "“", "'", "a", "A ", "1", "1.", "(a)", "I ", "x-", "sections 1, 2 and "})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_no_row_is_slow_for_what_is_said_again_and_again(kind: Kind) -> None:
    for trigger in triggers():
        question = folded(trigger * (8_000 // len(trigger)))
        with within(0.5):  # 0.05 s on a machine that does nothing else
            any(sign(question) for sign in kind.signs)
