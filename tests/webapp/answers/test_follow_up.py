import pytest

from webapp.answers.follow_up import Turn, recent_turns, standalone_query

ASKED = [Turn("Who must carry insurance?", "Supplier must [1].", "Who must carry insurance?")]


@pytest.mark.parametrize(
    "question",
    [
        "And who pays for that?",
        "How much?",
        "When does it end?",
        "And for how long?",
        "What about the Customer?",
        "Why?",
    ],
)
def test_a_follow_up_is_searched_with_what_it_follows(question: str) -> None:
    assert standalone_query(ASKED, question) == f"Who must carry insurance? {question}"


@pytest.mark.parametrize(
    "question",
    [
        "What is the governing law?",
        "And what is the notice period for termination without cause?",
        "Can the Supplier assign its rights to an affiliate?",
    ],
)
def test_a_question_that_stands_alone_is_searched_alone(question: str) -> None:
    assert standalone_query(ASKED, question) == question


def test_the_first_question_stands_alone() -> None:
    assert standalone_query([], "How much?") == "How much?"


def test_a_follow_up_to_a_follow_up_keeps_the_first_question() -> None:
    second = Turn("How much?", "$5,000,000 [1].", standalone_query(ASKED, "How much?"))
    assert standalone_query([*ASKED, second], "And for how long?").startswith("Who must carry insurance? How much?")


def test_the_latest_turns_are_kept_whole() -> None:
    turns = [Turn("a " * n, "b " * n, "") for n in (5, 3, 2)]
    assert recent_turns(turns, lambda text: len(text.split()), 10) == turns[1:]
    assert recent_turns(turns, lambda text: len(text.split()), 3) == []
