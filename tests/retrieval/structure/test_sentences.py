"""Sentences of a document: what is one, and what none runs across."""

import time

import pytest

from retrieval.core.documents import Document
from retrieval.structure.reflow import own_words
from retrieval.structure.sentences import fragments, sentences, units
from tests.clock import within
from tests.documents import document

CONTRACT = document(
    "LICENCE AGREEMENT\n2. TERM\n2.1 Term. The initial term is thirty (30) months from March 1, 2020. The Licensee "
    "shall not\n"
    "pay any fee for a non\u2010exclusive licence.\n2.2 Notices\nAll notices go to Acme Holdings, Inc. in New York. "
    "The Agreement\n1\f"
    "LICENCE AGREEMENT\nmay be ended by either party on 60 days' notice.\n3. LIABILITY\nNeither party is liable for "
    "lost profits.\n2\f"
    "LICENCE AGREEMENT\n4. LAW\nThe laws of Delaware apply.\n3"
)


def texts(page: Document) -> list[str]:
    return [" ".join(page.slice(sentence).split()) for sentence in sentences(page)]


def test_no_sentence_is_a_heading_or_runs_across_one() -> None:
    found = texts(CONTRACT)
    assert found[0] == "The initial term is thirty (30) months from March 1, 2020."
    assert not any("TERM" in t or "LIABILITY" in t or "2.2 Notices" in t for t in found)
    assert "Neither party is liable for lost profits." in found


@pytest.mark.parametrize(
    "name", ["Halcyon Pte. Ltd. of Singapore", "Reef Pty. Ltd.", "Tan Sdn. Bhd. (KL)", "Messrs. Lee"]
)
def test_no_sentence_ends_within_the_name_of_a_company(name: str) -> None:
    line = f"The agreement is made between {name} and Greywater Ventures LLP on 3 October 2024."
    assert texts(document(line)) == [line]


@pytest.mark.parametrize(
    "sentence",
    [
        "The Tenant shall pay a deposit of £______________ as security for its obligations.",
        "The Tenant shall pay a deposit of £ .............. as security for its obligations.",
        "This Deed is made on the ........ day of ............ 20.... between Ash Limited and Elm Limited.",
        "The Products are sold in the territory of the Distributor and in __________.",
        "The Supplier delivers each order within 30 days of acceptance to the depot at .............. .",
    ],
)
def test_a_sentence_with_a_blank_to_fill_in_is_one(sentence: str) -> None:
    assert sentence in texts(document(f"1. Terms\n{sentence}\n2. Law\nThe laws of Delaware apply."))


@pytest.mark.parametrize(
    "line",
    [
        "Signed by the director on behalf of the company: ______________",
        "4.2 Payment of the deposit by the tenant .............. 17",
        "By: ______________ Name: ______________ Title: ______________",
        "the rent that is due on it\n____________________\n1 Omitted and filed apart with the clerk.",
    ],
)
def test_a_line_to_sign_on_and_a_leader_and_a_rule_are_in_no_sentence(line: str) -> None:
    assert not any("___" in t or "...." in t for t in texts(document(f"1. Terms\n{line}\n2. Law\nOhio law.")))


@pytest.mark.parametrize("between", ["\n", "\n ", " \n", "_\n", ".", "_"])
def test_hostile_blanks_take_no_time(between: str) -> None:
    with within(2, time.monotonic):
        sentences(document(f"The tenant shall pay the ________{between * 20_000}words of the rent to the landlord."))


def test_a_contents_page_has_no_sentences() -> None:
    rows = "\n".join(f"{i}. Representations and warranties of the party {'.' * 30} {i + 3}" for i in range(1, 12))
    page = document(f"TABLE OF CONTENTS\n{rows}\fThe party of the first part warrants its title.")
    assert texts(page) == ["The party of the first part warrants its title."]


def test_a_table_is_one_sentence() -> None:
    rows = [
        "Product Minimum Price",
        "Widgets 1,000 units $12.50",
        "Gadgets 2,000 units $9.75",
        "Sprockets 300 units $4.10",
    ]
    prose = (
        "The Supplier sells the Products to the Customer at the prices that the table below gives for each of them, "
        "and no other."
    )
    page = document("\n".join([prose] * 4 + rows + [prose] * 4))
    assert " ".join(rows) in texts(page)
    assert texts(page).count(prose) == 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "1. Berth. Pier Four.\n2. Rent\n$90 per month\n3. Law. The laws of Ohio govern.\n",
            ["1. Berth. Pier Four.", "2. Rent $90 per month"],
        ),
        ("4. Deposit: None.\nIN WITNESS WHEREOF, the parties have signed this agreement.\n", ["4. Deposit: None."]),
        ("1. Berth\n2. Rent; Deposit\n3. Law.\n", []),  # headings alone
        ("2. Term. Initial Term. The term of this lease is a year.\n", []),
        ("2. Guests. Upon Notice\nthe tenant may have guests in the boat.\n", []),
        ("The tenant pays.\nTwo years.\n", []),  # no clause
    ],
)
def test_a_clause_that_is_no_sentence_is_a_fragment(text: str, said: list[str]) -> None:
    page = document(text)
    found = fragments(page, page.span(0, len(text)), sentences(page))
    assert [" ".join(page.slice(span).split()) for _, span in found] == said


PROSE = "The Licensee pays the fees that are due under this clause within thirty days of each invoice that it receives."


@pytest.mark.parametrize(
    "whole",
    [
        "The Licensee shall not assign the rights that it has under this\nAgreement.",  # the last line is all capitals
        "The Licensee shall not disclose the Confidential Information except under the Securities Act\n"
        "Regulations and the Exchange Act Rules",
        "The Licensee shall not register a mark without reference to\nthe Owner. ",
        "The Licensee pays in accordance with the Specification\nby the System Completion Date.",
        "The Licensee pays the price to the account of the Licensor in\nU.S. Dollars.",
        "The Licensee is bound by the laws of the\nPeople's Republic Of China\nand by the rules of the port.",
        "The Licensee is liable under Section\n4.2 of the Master Agreement and under Exhibit\nA.",
        "The Licensee gives the region that is described in the attached\nEXHIBIT D.",
        "The Licensee pays the fees that are set out in Exhibit\nA.",
        "The Licensee relies on the knowledge of Nicholas J.\nPelliccione and Anne K. Kirby.",
        "The Licensee holds the permit that is named in this\nAgreement\u037e",  # a Greek question mark
    ],
)
def test_a_sentence_keeps_its_last_line(whole: str) -> None:
    page = document(
        f"1. Fees. {PROSE}\n{whole}\n2. Law. The laws of Ohio govern this lease in every respect.\n{PROSE}\n"
    )
    found = texts(page)
    assert " ".join(whole.split()) in found
    assert "The laws of Ohio govern this lease in every respect." in found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3. Fees and payment\nThe Supplier shall send an invoice.\n4. Law\nThe laws of Ohio govern.\n", 2),
        ("The buyer pays the price.\nLIMITATION OF LIABILITY\nThe seller is not liable for lost profits.\n", 2),
        (f"(a) a vote to end the venture\nLiquidation\n{PROSE}\n{PROSE}\n", 3),
    ],
)
def test_no_sentence_is_joined_over_a_heading(text: str, found: int) -> None:
    page = document(text)
    assert len(sentences(page)) == found
    assert [u.kind for u in units(page)].count("heading") >= 1


def test_items_after_and_and_or_are_sentences_of_their_own() -> None:
    page = document(
        "1. Guests. The Tenant shall not:\n(a) receive guests at night; or\n(b) lend the key to anyone; and\n"
        "(c) keep any dogs on board.\n"
    )
    assert texts(page)[-3:] == [
        "(a) receive guests at night; or",
        "(b) lend the key to anyone; and",
        "(c) keep any dogs on board.",
    ]


def test_captions_parties_signatures_and_rows_are_units() -> None:
    rows = ["Gadgets 2,000 units $9.75", "Widgets 1,000 units $12.50", "Sprockets 300 units $4.10"]
    page = document(
        "\n".join(
            [
                "LICENCE AGREEMENT",
                "between ACME, INC. and BETA LLC",
                "FEES",
                *[PROSE] * 4,
                *rows,
                "The parties have signed this agreement on the day below.",
                "By: /s/ Jane Roe",
                "Name: Jane Roe",
            ]
        )
    )
    kinds = {" ".join(page.slice(unit.span).split()): unit.kind for unit in units(page)}
    assert kinds["LICENCE AGREEMENT between ACME, INC. and BETA LLC"] == "line"
    assert [kinds[row] for row in rows] == ["row"] * 3
    assert any("Jane Roe" in words and kind in ("line", "heading") for words, kind in kinds.items())
    assert set(page.text.split()) == {word for words in kinds for word in words.split()}  # each is in one


NOTICE = "Confidential treatment was asked for parts of this exhibit.\nA copy was filed with\nthe Commission."


def test_a_notice_of_several_lines_is_no_part_of_a_sentence_that_crosses_the_page() -> None:
    said = (
        "The first page tells of boats.",
        "The second one tells of berths.",
        "The third page tells of piers and goes on to",
        "the harbour of the town that is named above.",
    )
    page = document("\f".join(f"{words}\n{NOTICE}\nPage {n} of 4" for n, words in enumerate(said, 1)))
    assert [own_words(page, s) for s in sentences(page)] == [*said[:2], " ".join(said[2:])]


def test_a_page_number_in_words_is_no_part_of_a_sentence() -> None:
    page = document("The carrier is not liable for acts of God, fires,\nPage -4-\nfloods, wars and strikes.\n")
    assert [own_words(page, s) for s in sentences(page)] == [
        "The carrier is not liable for acts of God, fires, floods, wars and strikes."
    ]
