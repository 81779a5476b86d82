"""Which sentences of a contract are chosen for its summary."""

from pathlib import Path

import pytest

from retrieval.reading.pdf import read_pdf
from tests.documents import document
from webapp.answers.statements import LEAST_LINES, LINES_A_PAGE, essence, groups, statements
from webapp.service.workspace import packaged_sample

LEASE = """LEASE AGREEMENT

This Lease is made on March 1, 2024 between Larkspur Holdings LLC, a Delaware company, and
Bramble Foods, Inc., an Ohio corporation.

1. Definitions
“Premises” means the building and the land at 9 Alder Quay that it stands on.
“Rent” means the amount that Section 2 states for each month of the Term.
“Term” means the time from the day of this Lease until it ends.

2. Rent
Bramble Foods shall pay a monthly rent of $4,200, due on the first day of each month. It shall pay without set-off.

3. Termination
Either party may end this Lease by ninety (90) days' written notice to the other party.
Headings are for convenience only and do not affect how this Lease is read.

4. Governing Law
This Lease is governed by the laws of Delaware.

5. Repairs
Bramble Foods shall not, without the landlord's consent,
(a) alter the roof of the building;
(b) alter the walls of the building; or
(c) paint any of them blue.

IN WITNESS WHEREOF the parties have signed this lease by their officers.
By: ______________ Name: Jane Roe, who signs for the company
"""


def test_a_document_is_told_clause_by_clause_in_its_own_order() -> None:
    told = essence(document(LEASE))
    assert [(g.label, g.heading) for g in told] == [
        ("", ""),
        ("Section 1", "Definitions"),
        ("Section 2", "Rent"),
        ("Section 3", "Termination"),
        ("Section 4", "Governing Law"),
        ("Section 5", "Repairs"),
    ]
    assert all(g.statements for g in told)


def test_the_opening_names_the_parties_and_the_date() -> None:
    (parties,) = essence(document(LEASE))[0].statements
    assert "March 1, 2024 between Larkspur Holdings" in parties.text


def test_a_table_is_told_row_by_row_and_apart_from_the_words_around_it() -> None:
    prices = """1. Prices
Bramble Foods shall pay the following prices for what Larkspur Holdings delivers to it in each month.
Item and size Price Lead time
Flow meter, 2 inch $640.00 4 weeks
Flow meter, 3 inch $1,185.00 6 weeks
Spare part $9.50 none
After each year Larkspur Holdings shall credit five percent (5%) of what was paid in that year.
"""
    _, table, after = [s.text for s in statements(document(prices))]
    assert table.split("\n") == prices.split("\n")[2:6]
    assert after.startswith("After each year")


def test_a_clause_is_told_by_what_binds_and_not_by_what_is_formal() -> None:
    (end,) = essence(document(LEASE))[3].statements
    assert "ninety (90) days' written notice" in end.text


def test_a_list_is_one_statement_with_its_opening_words() -> None:
    (repairs,) = groups(document(LEASE))[5].statements
    assert repairs.text.startswith("Bramble Foods shall not")
    assert repairs.text.endswith("(c) paint any of them blue.")


def test_a_sentence_that_leans_on_the_one_before_it_brings_it_along() -> None:
    text = LEASE.replace("It shall pay without set-off.", "After that it shall pay $5,000 each month during the term.")
    first, second = essence(document(text))[2].statements
    assert (first.text[:13], second.text[:10]) == ("Bramble Foods", "After that")


def test_signatures_are_no_statements() -> None:
    assert not [s for s in statements(document(LEASE)) if "WITNESS" in s.text or "Jane Roe" in s.text]


def test_several_definitions_are_a_list_of_terms() -> None:
    assert [s.term for s in groups(document(LEASE))[1].definitions] == ["Premises", "Rent", "Term"]


@pytest.mark.parametrize(
    ("sentence", "term"),
    [
        ("“Business Day” means a day other than a Sunday.", "Business Day"),
        ('In this Agreement: "Affiliate" means an entity that controls a Party.', "Affiliate"),
        ("“Force Majeure Event” has the meaning given in Section 16.1.", "Force Majeure Event"),
        ("The Supplier shall deliver the “Goods” by means of a carrier.", ""),
        ("“Bid” means an offer.", "Bid"),
        ("1.1 Contract Year means twelve months from the Effective Date.", "Contract Year"),
    ],
)
def test_a_definition_is_known_by_its_form(sentence: str, term: str) -> None:
    (statement,) = statements(document(sentence))
    assert statement.term == term


def test_a_document_without_numbers_is_told_as_one() -> None:
    text = "The tenant shall pay a rent of $900 each month to the landlord. The landlord shall repair the roof at once."
    (whole,) = essence(document(text))
    assert (whole.label, whole.statements[0].text[:10]) == ("", "The tenant")


def test_a_document_without_sentences_has_nothing_to_tell() -> None:
    assert essence(document("EXHIBIT\n\n12\n")) == ()


def test_a_schedule_with_clauses_of_its_own_is_told_by_these() -> None:
    clauses = "".join(
        f"\n{n}. {heading}\nThe Supplier shall {act} within ten (10) days after each request.\n"
        for n, heading, act in ((1, "Support", "answer"), (2, "Reports", "report"), (3, "Audit", "open its books"))
    )
    told = essence(
        document(f"1. Supply\nThe Supplier shall supply the goods.\n\nSCHEDULE 2\nService Levels\n{clauses}")
    )
    assert [(g.part, g.label) for g in told][-3:] == [
        (told[-1].part, "Section 1"),
        (told[-1].part, "Section 2"),
        (told[-1].part, "Section 3"),
    ]
    assert told[-1].part.startswith("Schedule 2")


def test_the_sample_is_told_in_full_and_kept_short() -> None:
    sample = packaged_sample()
    assert isinstance(sample, Path)
    contract = read_pdf(sample.read_bytes(), name=sample.name, document_id="s")
    told = essence(contract)
    assert [g.label for g in told][:4] == ["", "Article 1", "Article 2", "Article 3"]
    assert [g.label for g in told][-1] == "Schedule 3"
    text = " ".join(s.text for g in told for s in g.statements)
    for words in (
        "QUILLMARSH INSTRUMENTS, INC.",
        "continues until February 28, 2030",
        "one hundred eighty (180) days’ notice",
        "four million dollars ($4,000,000)",
        "The laws of the State of New York govern",
        "without the prior written consent of the other",
    ):
        assert words in text
    lines = sum(len(g.statements) for g in told)
    assert lines <= 1.2 * (LEAST_LINES + LINES_A_PAGE * len(contract.pages))  # and what some of them lean on
    assert sum(len(g.definitions) for g in told) > 25
    assert "......" not in text  # the contents pages
