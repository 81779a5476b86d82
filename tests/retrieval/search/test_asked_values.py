"""Kinds of value that questions ask for."""

import time

import pytest

from retrieval.search.asked_values import VALUE_KINDS, asked_values
from tests.clock import within


@pytest.mark.parametrize(
    ("question", "kinds", "holds", "lacks"),
    [
        ("How much is the monthly rent?", ["amount"], "Tenant pays $4,000 a month.", "Tenant pays rent in advance."),
        ("What is the late fee?", ["amount"], "a charge of fifty pounds", "Late payments bear a charge."),
        ("What percentage is the royalty?", ["share"], "five percent of Net Sales", "Royalties are due quarterly."),
        ("What interest rate applies?", ["share"], "1.5% a month", "Interest accrues on late payments."),
        ("How long does the term last?", ["period"], "for two years", "The term is set out below."),
        ("How much notice is required?", ["period"], "thirty days' notice", "by notice in writing"),
        ("How much holiday do I get?", ["period"], "25 days of vacation", "paid vacation"),
        ("On what date was it signed?", ["date"], "signed on March 3, 2020", "signed by both parties"),
        ("How many units must be bought?", ["number"], "at least 400 units", "shall buy units"),
        ("Which state governs?", ["name"], "the laws of Ohio", "the laws there in force"),
        ("What is the fee?", ["amount"], "2. Fee. $5", "2. Fee. As in Section 4.1 and Exhibit (b)"),
        ("How much is the deposit?", ["amount"], "a deposit of 900", "paid within thirty (30) days of May 3, 2020"),
        ("Who is the project manager?", ["name"], "The manager is Ann Archer", "The manager is chosen later"),
        ("Can Customer assign the contract?", [], "", ""),
        ("Who may terminate?", [], "", ""),
    ],
)
def test_a_question_asks_for_kinds_of_value_that_a_text_holds_or_lacks(
    question: str, kinds: list[str], holds: str, lacks: str
) -> None:
    asked = asked_values(question)
    assert [kind.name for kind in asked] == kinds
    assert all(kind.is_in(holds) and not kind.is_in(lacks) for kind in asked)


@pytest.mark.parametrize(
    ("question", "text", "became"),
    [
        ("How much is the deposit?", "a deposit of £______ as security", "left blank"),
        ("How much is the deposit?", "a deposit of £[          ] as security", "left blank"),
        ("How much is the deposit?", "a deposit of £ ......... as security", "left blank"),
        ("How much is the deposit?", "a deposit of £XX,XXX as security", "left blank"),
        ("How much is the deposit?", "a deposit of [insert amount] as security", "left blank"),
        ("How much is the deposit?", "the deposit: __________ dollars", "left blank"),
        ("How much is the deposit?", "a deposit of $[***] as security", "taken out"),
        ("How much is the deposit?", "a deposit of £900, held for [●] days", ""),
        ("How much is the deposit?", "a deposit of £900 on the ____ day of May", ""),
        ("How much is the deposit?", "[ ] a deposit of £900  [X] none", ""),
        ("How long does the term last?", "for a term of [●] years", "left blank"),
        ("How much notice is required?", "on ____ (__) business days' notice", "left blank"),
        ("How much notice is required?", "on 30 days' notice of a fee of £____", ""),
        ("What interest rate applies?", "interest at ____% a year", "left blank"),
        ("What interest rate applies?", "interest at [rate to be agreed] on sums", "left blank"),
        ("On what date was it signed?", "dated ____________ between", "left blank"),
        ("On what date was it signed?", "this ___ day of March 2020", "left blank"),
        ("On what date was it signed?", "dated 3 March 2020, for a fee of £____", ""),
        ("How many units must be bought?", "at least [***] units", "taken out"),
        ("How many units must be bought?", "at least 400 units at $____ each", ""),
        ("Who is the project manager?", "The manager is ____________.", "left blank"),
        ("How long does the term last?", "for a term of ● years", "left blank"),
        ("How much is the late fee?", "these charges: • a late fee of £25; • a fee of £100", ""),
        ("How much is the price?", "[the sum of £500,000]", ""),
        ("How much is the rent?", "a monthly rent ........ £1,200", ""),
        ("How much is the fee?", "Fees*** are £50 a month", ""),
        ("On what date was it signed?", "signed [on the Effective Date]", ""),
        ("Who is the project manager?", "The manager is Ann Archer.", ""),
        ("Which law governs?", "the laws of ______", ""),
    ],
)
def test_a_blank_is_told_for_the_kind_of_value_that_is_asked(question: str, text: str, became: str) -> None:
    assert next(filter(None, (kind.blank_in(text) for kind in asked_values(question))), "") == became


@pytest.mark.parametrize(
    "part",
    [
        "[",
        "[ ",
        "_",
        ".",
        "█",
        "…",
        "●",
        "[x",
        "* ",
        "£",
        "XXX,",
        "how ",
        "what is ",
        "which ",
        "what is the a ",
        "name of ",
        "A",
        " ",
        "(",
        "5",
    ],
)
def test_hostile_texts_take_no_time(part: str) -> None:
    with within(0.2, time.monotonic):
        text = part * (8_000 // len(part))
        for kind in VALUE_KINDS:
            kind.asks.search(text)
            kind.is_in(text)
            kind.blank_in(text)
