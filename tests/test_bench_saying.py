"""The statements of `bench.saying`: their halves share no document, and the stand-in writes them as a model would."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bench.saying import SETS, STATEMENTS, Writer, state_of
from webapp.answers.prompt import NOT_THERE

PROMPT = (
    "[1] lease.pdf, Section 2, p. 1\nThe term is seven\nyears.\n[2] lease.pdf, Section 3, p. 1\nRent is “$900”.\n"
    "Question: What is the rent?"
)


def rows(name: str, half: str) -> Iterator[dict[str, Any]]:
    for line in (STATEMENTS / f"{name}.{half}.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def test_the_halves_share_no_document_and_no_id_twice() -> None:
    documents = {half: {row["document"] for name in SETS for row in rows(name, half)} for half in ("open", "blind")}
    assert not documents["open"] & documents["blind"]
    assert min(len(each) for each in documents.values()) >= 14
    for name in SETS:
        for half in documents:
            ids = [row["id"] for row in rows(name, half)]
            assert len(ids) == len(set(ids)) > 25


@pytest.mark.parametrize("is_right", [True, False])
def test_each_half_has_a_hundred_statements_right_and_wrong(is_right: bool) -> None:
    for half in ("open", "blind"):
        assert sum(row["right"] is is_right for row in rows("statements", half)) >= 100


def test_no_more_than_a_few_words_of_a_contract_are_kept() -> None:
    for half in ("open", "blind"):
        for name in ("statements", "calculations"):
            for row in rows(name, half):
                gold = [row["gold"]] if isinstance(row["gold"], str) else row["gold"]
                assert all(len(words) <= 130 for words in gold), row["id"]


@pytest.mark.parametrize(
    ("gold", "written"),
    [
        ("The term is seven years", "It runs for long [1]."),
        (["seven years", 'is "$900"'], "It runs for long [1][2]."),
        ("Rent is $950", NOT_THERE),
        (["seven years", "$950"], NOT_THERE),
    ],
)
def test_the_stand_in_cites_the_passages_that_hold_the_clauses(gold: str | list[str], written: str) -> None:
    writer = Writer()
    writer.set("It runs for long.", gold)
    assert writer(PROMPT) == written


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["aside", "compared"], "compared"),
        (["supported", "unsupported"], "unsupported"),
        (["supported", "compared"], "compared"),
        (["aside"], "aside"),
    ],
)
def test_a_statement_is_as_good_as_its_worst_sentence(states: list[str], state: str) -> None:
    assert state_of([{"state": each} for each in states]) == state
