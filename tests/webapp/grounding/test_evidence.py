"""Statements that cite a clause about something else, and what of a statement was compared at all."""

import pytest

from retrieval import Passage, pin_cite
from tests.documents import document
from webapp.grounding.check import CheckedSentence, check

CLAUSES = (
    "1. Parties. This lease is between Pier Holdings, Inc. (“Owner”) and Marsh Boats, LLC (“Tenant”).",
    "2. Rent. The Tenant shall pay the Owner $900 a month for the berth. A late payment bears interest.",
    "3. Insurance. The Tenant shall keep the boat insured against storm and theft and name the Owner as an insured.",
    "4. Noise. Engines shall not run between dusk and dawn. Guests sleep aboard only with written consent.",
    "5. Pier. The Owner repairs the pier, the lamps and the fresh water taps, and clears ice from them in winter.",
    "6. Courts. A dispute that mediation cannot settle is heard by the courts of Maine without a jury.",
    "7. End. Either party may terminate this lease on notice. Title to fixtures remains with the Owner.",
)
LEASE = document("\n".join(CLAUSES) + "\n")
PASSAGES = tuple(
    Passage(**pin_cite(LEASE, LEASE.span(at, at + len(clause))).where(), n=n, text=clause)
    for n, clause in enumerate(CLAUSES, 1)
    if (at := LEASE.text.index(clause)) >= 0
)


def sentence(answer: str) -> CheckedSentence:
    (found,) = check(answer, PASSAGES, {"d": LEASE}).sentences
    return found


@pytest.mark.parametrize(
    ("statement", "clause", "another"),
    [
        ("Running an engine at night, between dusk and dawn, is forbidden", 4, 5),
        ("Ice in winter has to be cleared from the pier by the owner", 5, 6),
        ("Disputes that cannot be settled by mediation go to the courts of Maine", 6, 3),
        ("Both sides can end the lease if they give notice of it", 7, 4),
        ("Fixtures stay the property of the owner, who keeps ownership of them", 7, 4),
        ("The boat must be covered against storms and theft by insurance", 3, 6),
    ],
)
def test_a_statement_that_shares_hardly_a_word_with_what_it_cites_is_not_confirmed(
    statement: str, clause: int, another: int
) -> None:
    assert sentence(f"{statement} [{clause}].").state == "compared"
    wrong = sentence(f"{statement} [{another}].")
    assert (wrong.state, wrong.reason) == ("unsupported", "the cited passage says nothing of this")


@pytest.mark.parametrize(
    "answer",
    [
        "The lease does not say whether pets or children are allowed [4].",  # nothing bears that
        "About mediation, juries, disputes and the courts the lease says the following [2]:",
        "“Engines shall not run between dusk and dawn” is what clause four says of them [4].",
        "Nothing else [3].",
    ],
)
def test_what_claims_nothing_of_a_clause_or_quotes_it_need_not_share_its_words(answer: str) -> None:
    assert "says nothing of this" not in sentence(answer).reason


@pytest.mark.parametrize(
    ("answer", "how"),
    [
        ("Disputes are heard without a jury [6].", "words"),
        ("Engines are not to run between dusk and dawn [4].", "words"),
        ("The courts of Maine hear disputes without a jury [6].", ""),  # a name
        ("The owner clears ice from the lamps and taps [5].", ""),  # a party
        ("Rent for the berth is $900 a month [2].", ""),
        ("It says “Guests sleep aboard only with written consent” of those who come by [4].", ""),
    ],
)
def test_a_statement_without_figure_and_name_says_that_only_words_were_compared(answer: str, how: str) -> None:
    found = sentence(answer)
    assert (found.state, found.how) == ("compared", how)


@pytest.mark.parametrize(
    "answer",
    [
        "Please let me know if anything else about the lease is unclear [2].",
        "If you need more details on the rent, feel free to ask [2].",
        "I hope this helps with your question!",
        "I'm happy to explain any of these clauses [1][3].",
        "As a language model I can't give legal advice [6].",
        "Please speak with a qualified attorney about this.",
    ],
)
def test_an_offer_to_help_states_nothing(answer: str) -> None:
    found = sentence(answer)
    assert (found.state, found.cites, found.reason) == ("aside", (), "")


@pytest.mark.parametrize(
    "answer",
    [
        "Let me know if you have questions, the Tenant shall pay for the lamps [2].",
        "Feel free to ask about the rent of $950 a month [2].",
        "The Owner is happy to explain the noise rules to guests who sleep aboard at night [2].",
    ],
)
def test_what_is_said_of_the_contract_is_no_offer(answer: str) -> None:
    assert sentence(answer).state == "unsupported" or sentence(answer).cites
