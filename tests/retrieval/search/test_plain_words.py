"""Questions of everyday English in the words of contracts."""

import time

import pytest

from retrieval.search.plain_words import in_contract_words
from tests.clock import within


@pytest.mark.parametrize(
    ("plain", "legal"),
    [
        ("How can the Customer end this agreement?", "How can the Customer terminate this agreement?"),
        ("How do we get out of the lease?", "How do we terminate this agreement?"),
        ("What if the supplier goes bust?", "What if the supplier becomes insolvent or bankrupt?"),
        ("Can they put up the price?", "Can they increase the price?"),
        ("Can we sell it on to others?", "Can we resell to others?"),
        ("When can she be fired?", "When can she employment terminated?"),
        ("When does the term end?", "When does the term end?"),
        ("Who may terminate this agreement?", "Who may terminate this agreement?"),
        ("What does the backend do?", "What does the backend do?"),
        ("", ""),
    ],
)
def test_everyday_words_become_those_of_contracts_and_others_stay(plain: str, legal: str) -> None:
    assert in_contract_words(plain) == legal


def test_what_it_puts_in_is_not_put_into_other_words_again() -> None:
    once = in_contract_words("Can they hack us, throw us out, and keep it secret if we get out of the deal?")
    assert in_contract_words(once) == once


@pytest.mark.parametrize("part", ["keep ", "give a ", "the most ", "tell ", "a ", "pay x ", "let someone "])
def test_hostile_questions_take_no_time(part: str) -> None:
    with within(0.2, time.monotonic):
        in_contract_words(part * (1_000 // len(part)))
