"""Rewrites that training pairs are made with: what keeps the sense, what changes it, and what the pairs then say."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from bench.entailment_pairs import (
    ANSWERS,
    CONTRADICTS,
    FOLLOWS,
    NO_ANSWER,
    SILENT,
    LeftOut,
    from_questions,
    from_sentences,
    from_statements,
    from_written,
    variants_of,
    written_of,
)
from bench.labelled_text import Asked, Contract, Stated
from bench.paraphrases import (
    condition_moved,
    exchanged,
    first_part,
    gerund,
    limit_dropped,
    modal_shifted,
    negated,
    opposite,
    passive,
    same_words,
)
from bench.train_entailment import tried
from retrieval import Reading

SENTENCES = [
    "The Supplier shall deliver all goods within thirty (30) days, unless the Buyer agrees otherwise.",
    "If the Buyer fails to pay, the Supplier may terminate this Agreement upon written notice.",
    "The Buyer shall not disclose any Confidential Information to a third party.",
    "The Supplier will keep records of its deliveries for at least two years.",
    "Any dispute shall be settled by the courts of Utrecht, and the Buyer waives its objections.",
    "The Buyer may inspect the goods before delivery.",
]
PARTIES = [["Supplier"], ["Buyer", "Purchaser"]]


def contract() -> Contract:
    return Contract("cuad", "trial", list(SENTENCES), [""] * len(SENTENCES), [list(p) for p in PARTIES])


@pytest.mark.parametrize(
    ("rewrite", "before", "after"),
    [
        (
            condition_moved,
            SENTENCES[1],
            "The Supplier may terminate this Agreement upon written notice if the Buyer fails to pay.",
        ),
        (
            condition_moved,
            "The Buyer may cancel the order if the goods are late.",
            "If the goods are late, the Buyer may cancel the order.",
        ),
        (
            passive,
            "The Buyer shall pay the fee within ten days.",
            "The fee shall be paid by the Buyer within ten days.",
        ),
        (passive, "The Buyer shall not disclose any secret.", "Any secret shall not be disclosed by the Buyer."),
        (passive, "The term shall commence on the Effective Date.", None),
        (first_part, SENTENCES[4], "Any dispute shall be settled by the courts of Utrecht."),
        (first_part, "The Buyer shall pay the price in full to the seller; provided that it is due.", None),
    ],
)
def test_rewrites_that_keep_the_sense(rewrite: Callable[[str], str | None], before: str, after: str | None) -> None:
    found = rewrite(before)
    assert (found and found.replace("by The", "by the")) == after


SHIFTED = ("need not", "is not obliged to", "may, if it wishes, not")


@pytest.mark.parametrize(
    ("rewrite", "before", "after"),
    [
        (negated, "The Buyer shall not assign it.", ["The Buyer shall assign it."]),
        (modal_shifted, "The Buyer may not assign it.", [f"The Buyer {words} assign it." for words in SHIFTED]),
        (
            opposite,
            "Notice is given before delivery.",
            ["Notice is given after delivery.", "Notice is given no earlier than delivery."],
        ),
        (
            exchanged(PARTIES),
            "The Buyer pays the Supplier.",
            ["The Supplier pays the Buyer.", "The Supplier pays the Supplier.", "The Buyer pays the Buyer."],
        ),
        (limit_dropped, "The Buyer must keep it all at its own place of business.", [None]),
    ],
)
def test_rewrites_that_change_the_sense(
    rewrite: Callable[[str, random.Random], str | None], before: str, after: list[str | None]
) -> None:
    found = {rewrite(before, random.Random(seed)) for seed in range(12)}
    assert found <= set(after)


def test_a_limit_that_is_dropped_is_gone() -> None:
    for seed in range(6):
        found = limit_dropped(SENTENCES[0], random.Random(seed))
        assert found is not None
        assert "unless" not in found
        assert found.startswith("The Supplier shall deliver all goods within thirty (30) days")


def test_words_of_one_sense_keep_negations_and_figures() -> None:
    for seed in range(20):
        for sentence in SENTENCES:
            found = same_words(sentence, random.Random(seed), 0.9).lower()
            assert ("thirty (30)" in found) == ("thirty (30)" in sentence)
            if "shall not" in sentence:
                assert any(word in found for word in ("not", "prohibited", "cannot", "barred", "no right"))


def test_forms_of_verbs() -> None:
    assert [gerund(verb) for verb in ("make", "assign", "submit", "agree", "sell")] == [
        "making",
        "assigning",
        "submitting",
        "agreeing",
        "selling",
    ]


def test_pairs_say_what_was_done_to_them() -> None:
    made = list(from_sentences(contract(), 6, random.Random(0)))
    kinds = {m.kind.partition(":")[0] for m in made}
    assert kinds == {"sentence", "altered"}
    for m in made:
        if m.kind == "sentence:reworded":
            assert m.right == FOLLOWS
        elif m.kind.startswith("altered:"):
            assert m.right & FOLLOWS == 0
            assert (m.text, m.clause) != (SENTENCES[0], SENTENCES[0])
    assert made == list(from_sentences(contract(), 6, random.Random(0)))


def test_a_question_is_set_beside_what_answers_it_and_what_does_not() -> None:
    asked = contract()
    asked.asked = [Asked("May the Buyer look at the goods?", "Inspection", [5])]
    made = list(from_questions(asked, 1.0, random.Random(0)))
    assert SENTENCES[5] in next(m.clause for m in made if m.right == ANSWERS)
    assert all(SENTENCES[5] not in m.clause for m in made if m.right == NO_ANSWER)


def test_a_statement_that_is_denied_turns_what_is_right_of_it() -> None:
    stated = contract()
    stated.stated = [Stated("Goods may be inspected.", "inspect", 0, [5]), Stated("No tax is due.", "tax", 2, [])]
    variants = {"inspect": [("No goods may be inspected.", -1)] * 3, "tax": [("A tax is due.", -1)] * 3}
    made = list(from_statements(stated, variants, random.Random(0)))
    right = {(m.text, m.right) for m in made if SENTENCES[5] in m.clause and m.kind == "statement:inspect"}
    assert ("Goods may be inspected.", FOLLOWS) in right
    assert {r for text, r in right if text.startswith("No goods")} <= {CONTRADICTS}
    assert all(m.right == SILENT for m in made if m.kind == "statement:tax")


def test_statements_written_by_reading_are_found_in_their_contract() -> None:
    written = [("trial", "The Buyer may inspect", FOLLOWS, "The Buyer is free to look at the goods.")]
    made = list(from_written(contract(), written, random.Random(0)))
    assert all(SENTENCES[5] in m.clause for m in made if m.right == FOLLOWS)
    assert not list(from_written(Contract("cuad", "another", [], []), written, random.Random(0)))


def test_the_tables_are_whole() -> None:
    variants = variants_of()
    assert len(variants) == 17
    assert all({sign for _, sign in each} == {1, -1} for each in variants.values())
    right = [r for _, _, r, _ in written_of()]
    assert right.count(FOLLOWS) > 200
    assert len(right) - right.count(FOLLOWS) > 350


def test_what_is_left_out_is_of_a_contract_or_a_kind() -> None:
    made = [m for seed in range(8) for m in from_sentences(contract(), 6, random.Random(seed))]
    assert all(m in LeftOut(contracts=frozenset(["trial"])) for m in made)
    out = LeftOut(kinds=frozenset(["negation"]))
    assert {m.kind for m in made if m in out} == {"altered:negation"}


@dataclass(frozen=True)
class Reader:
    """A model that holds every statement with "must" in it to follow, and every one with "never" to be contradicted."""

    def read(self, pairs: Sequence[tuple[str, str]]) -> list[Reading]:
        """Read each by its words."""
        return [Reading(0.9 * ("must" in s), 0.9 * ("never" in s), 0.1) for s, _ in pairs]


def test_the_figures_of_a_card_are_shares_of_statements_whose_clause_is_in_the_labels() -> None:
    contract = Contract("cuad", "own", SENTENCES, [""] * len(SENTENCES))
    said = [("The Supplier must deliver in 30 days", True)] * 20 + [("The Supplier never delivers", False)] * 20
    rows = [
        {
            "document": "own.pdf",
            "statement": statement,
            "gold": "deliver all goods within thirty (30) days",
            "right": right,
        }
        for statement, right in said
    ]
    elsewhere = [{**rows[0], "gold": "what no clause says"}, {**rows[0], "document": "other.pdf"}]
    card = tried(Reader(), [contract], [*rows, *elsewhere])
    assert (card["right"], card["wrong"]) == (20, 20)
    assert card["follows"]["right"] == card["contradicts"]["wrong"] == 1
    assert card["follows"]["wrong"] == card["contradicts"]["right"] == 0
    assert tried(Reader(), [contract], []) == {"right": 0, "wrong": 0}
