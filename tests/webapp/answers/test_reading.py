"""How a question is read: its kind by the table, and whether it stands alone, may lean, or leans."""

import pytest

from webapp.answers.history import Turn, recent_turns
from webapp.answers.kinds import KINDS, Kind
from webapp.answers.reading import leaning, pieces, read_question, two_parts

ASKED = [Turn("Who must carry insurance?", "Supplier must [1].", "Who must carry insurance?")]

EXAMPLES = [(kind, example) for kind in KINDS for example in kind.examples]
COUNTEREXAMPLES = [(kind, example) for kind in KINDS for example in kind.counterexamples]


@pytest.mark.parametrize(("kind", "question"), EXAMPLES, ids=[question for _, question in EXAMPLES])
def test_an_example_is_read_as_its_kind(kind: Kind, question: str) -> None:
    assert read_question(question, ASKED, documents=3).kind == kind.name


@pytest.mark.parametrize(("kind", "question"), COUNTEREXAMPLES, ids=[question for _, question in COUNTEREXAMPLES])
def test_a_counterexample_is_not(kind: Kind, question: str) -> None:
    assert read_question(question, ASKED, documents=3).kind != kind.name


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_a_kind_has_examples_of_both(kind: Kind) -> None:
    assert len(kind.examples) >= 4
    assert len(kind.counterexamples) >= 2


def test_a_kind_needs_what_its_row_says() -> None:
    for kind, question in EXAMPLES:
        if kind.needs == "turn":
            assert read_question(question, (), documents=3).kind != kind.name
        if kind.needs == "several documents":
            assert read_question(question, ASKED, documents=1).kind != kind.name


@pytest.mark.parametrize(
    ("question", "phrase"),
    [
        ("How often is Delaware mentioned?", "Delaware"),
        ("How many times does the word “escrow” appear?", "escrow"),
        ("Find every mention of Acme Holdings", "Acme Holdings"),
        ("Does the term 'Net Sales' occur anywhere?", "Net Sales"),
    ],
)
def test_the_phrase_whose_mentions_are_counted(question: str, phrase: str) -> None:
    assert read_question(question).phrase == phrase


@pytest.mark.parametrize(
    "question", ["How much?", "And for how long?", "Why?", "By when?", "And then?", "What about us?"]
)
def test_a_question_that_says_nothing_of_its_own_is_searched_with_the_one_before(question: str) -> None:
    assert read_question(question, ASKED).leaning == leaning(question) == "leans"


@pytest.mark.parametrize(
    "question",
    [
        "And who pays the costs?",
        "When does it end?",
        "What about the Customer?",
        "Can they look at our books?",
        "Are there exceptions?",
    ],
)
def test_a_question_that_may_lean_says_how_sure_it_must_be_to_stand_alone(question: str) -> None:
    reading = read_question(question, ASKED)
    assert (reading.leaning, reading.question) == ("may lean", question)
    assert 0.4 < reading.sure < 1


@pytest.mark.parametrize(
    "question",
    [
        "What is the governing law?",
        "What is the governing law for this contract?",
        "How long does the agreement last?",
        "Can the licensee pass its licence on?",
        "After termination, what survives?",
        "Any exceptions to the non-compete?",
        "Are there any services to be provided after the termination of this contract?",
        "And what is the notice period for termination without cause?",
        "And what is the rent in the bakery lease?",
        "Can the Supplier assign its rights to an affiliate?",
    ],
)
def test_a_question_that_stands_alone_is_searched_alone(question: str) -> None:
    assert read_question(question, ASKED).leaning == "stands alone"


def test_the_first_question_stands_alone() -> None:
    assert read_question("How much?").leaning == "stands alone"


@pytest.mark.parametrize("thanks", ["Thanks. ", "OK, ", "Hi, ", "Great, thank you! "])
def test_a_courtesy_before_a_question_is_no_part_of_it(thanks: str) -> None:
    reading = read_question(f"{thanks}What is the governing law?", ASKED)
    assert (reading.kind, reading.question) == ("question", "What is the governing law?")


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "What is the notice period and who bears the costs?",
            ("What is the notice period?", "who bears the costs?"),
        ),
        (
            "Which law governs the lease? Who insures the goods?",
            ("Which law governs the lease?", "Who insures the goods?"),
        ),
        (
            "What are the notice period and the governing law?",
            ("What are the notice period?", "What are the governing law?"),
        ),
        (
            "Tell me the term, the rent as well as the deposit.",
            ("What is the term?", "What is the rent?", "What is the deposit?"),
        ),
        ("What is the price? And the delivery time?", ("What is the price?", "What is the delivery time?")),
        (
            "How many users are included and what does one more cost? And who may terminate for lack of funds?",
            ("How many users are included? what does one more cost?", "who may terminate for lack of funds?"),
        ),
    ],
)
def test_a_two_part_question_is_two(question: str, parts: tuple[str, ...]) -> None:
    assert two_parts(question) == parts


@pytest.mark.parametrize(
    "question",
    [
        "What are the reps and warranties?",
        "Can this contract be terminated for convenience, and under what conditions?",
        "Does it roll over on its own, and for how long?",
        "Is there a no-fault exit, and how much notice does it take?",
        "Who may inspect records, and how often?",
        "What happens to books and records?",
    ],
)
def test_not_every_and_makes_two_parts(question: str) -> None:
    assert two_parts(question) == ()


def test_a_part_that_leans_on_the_one_before_it_is_still_a_question_that_was_put() -> None:
    question = "What is the hourly rate and when does it end?"
    assert two_parts(question) == ()
    assert list(pieces(question)) == ["What is the hourly rate?", "when does it end?"]


def test_the_latest_turns_are_kept_whole() -> None:
    turns = [Turn("a " * n, "b " * n, "") for n in (5, 3, 2)]
    assert recent_turns(turns, lambda text: len(text.split()), 10) == turns[1:]
    assert recent_turns(turns, lambda text: len(text.split()), 3) == []


def test_a_turn_that_found_nothing_takes_no_room() -> None:
    assert recent_turns([Turn("a", "b", "a"), Turn("c", "", "c")], lambda text: len(text.split()), 10) == [
        Turn("a", "b", "a")
    ]
