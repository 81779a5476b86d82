"""Questions to every document that its facts answer: which they are, and the rows that facts make."""

from collections.abc import Iterator

import pytest

from tests.webapp.answers.test_each_document import run
from tests.webapp.page.pages import ready
from webapp.answers.answer import Scope
from webapp.answers.each_facts import FactAsked, fact_asked, is_named
from webapp.answers.each_signs import asked_of_one
from webapp.core.settings import load_settings
from webapp.service.workspace import Workspace
from webapp.store.users import LOCAL_USER


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Which of our leases were signed by Ada Brandt?", FactAsked("signatures", "Ada Brandt")),
        ("Are any of the deeds signed by Tallow Holdings LLC?", FactAsked("signatures", "Tallow Holdings LLC")),
        ("Who signed each lease?", FactAsked("signatures")),
        ("Which leases is Tallow Holdings a party to?", FactAsked("parties", "Tallow Holdings")),
        ("Which of my contracts are with Tallow?", FactAsked("parties", "Tallow")),
        ("Who are the parties to each lease?", FactAsked("parties")),
        ("What are the dates of all leases?", FactAsked("date")),
        ("When was each amendment signed?", FactAsked("date", kind="signed")),
        ("Which lease is the oldest?", FactAsked("date", pick="earliest")),
        ("Which agreement has the most recent date?", FactAsked("date", pick="latest")),
        ("Which NDA has the earliest effective date?", FactAsked("date", pick="earliest", kind="effective")),
        ("Give me the title of each document.", FactAsked("title")),
        ("Which of my contracts allow assignment?", None),
        ("Which lease has the latest expiration date?", None),
        ("What is the delivery date of each contract?", None),
        ("Which contracts must be signed by both parties?", None),
        ("Which contracts are signed by Ada Brandt without a witness?", None),
        ("Which leases are dated before 2020?", None),
        ("What does each contract say about the parties' liability?", None),
    ],
)
def test_a_question_is_answered_by_facts_where_it_asks_for_nothing_else(question: str, asked: FactAsked | None) -> None:
    assert fact_asked(question, asked_of_one(question)) == asked


@pytest.mark.parametrize(
    ("asked", "name", "fits"),
    [
        ("Tallow Holdings", "Tallow Holdings, Inc.", True),
        ("Tallow Holdings LLC", "TALLOW HOLDINGS L.L.C.", True),
        ("Tallow", "Tallow Holdings, Inc.", True),
        ("Holdings", "Tallow Holdings, Inc.", False),
        ("Tallow Farms", "Tallow Holdings, Inc.", False),
        ("The Company", "Tallow Holdings, Inc.", False),
    ],
)
def test_a_company_is_named_with_or_without_its_legal_form(asked: str, name: str, fits: bool) -> None:
    assert is_named(asked, [name]) is fits


CONTRACTS = {
    "barn.pdf": (
        "BARN LEASE\n"
        'This Barn Lease is made as of May 4, 2016 by and between Tallow Holdings LLC ("Landlord") and Quern '
        'Mills, Inc. ("Tenant").\n1. Rent. Tenant pays $10 a month.\n2. Term. Ten years.\n'
        "IN WITNESS WHEREOF, the parties "
        "have executed this Lease.\nTALLOW HOLDINGS LLC\nBy: /s/ Ada Brandt\nName: Ada Brandt\nTitle: Manager\n"
    ),
    "mill.pdf": (
        "MILLING AGREEMENT\n"
        'This Milling Agreement is made as of June 9, 2011 by and between Quern Mills, Inc. ("Miller") '
        'and Ostler Farms Ltd ("Farmer").\n1. Milling. Miller mills what Farmer brings.\n2. Price. $3 a sack, to be '
        "signed for by a driver.\n"
        "IN WITNESS WHEREOF, the parties have executed this Agreement.\nOSTLER FARMS LTD\nBy: /s/ Bo Lind\n"
        "Name: Bo Lind\nTitle: Director\n"
    ),
    "note.pdf": "NOTE\nThe barn was painted red. Ada Brandt chose the colour and told Quern Mills, Inc. of it.\n",
}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Scope]]:
    with Workspace(load_settings(data_dir=tmp_path_factory.mktemp("data"))) as workspace:
        matter = workspace.access.create(LOCAL_USER, "Shelf")
        records = tuple(ready(workspace, matter, name, text) for name, text in CONTRACTS.items())
        yield workspace, Scope(matter.id, records)


@pytest.mark.parametrize(
    ("question", "rows", "says"),
    [
        (
            "Which of my contracts are signed by Ada Brandt?",
            [("found", "yes"), ("not_found", ""), ("not_found", "")],
            "Found in 1 of 3 documents (yes in 1); not found in 2.",
        ),
        (
            "Which agreements is Ostler Farms a party to?",
            [("not_found", ""), ("found", "yes"), ("not_found", "")],
            "Found in 1 of 3 documents (yes in 1); not found in 2.",
        ),
        (
            "Which contract has the earliest date?",
            [("found", "May 4, 2016"), ("found", "June 9, 2011"), ("not_found", "")],
            "The earliest date is June 9, 2011: “mill.pdf”. Found in 2 of 3 documents; not found in 1.",
        ),
    ],
)
def test_the_rows_of_such_a_question_come_from_the_facts(
    shelf: tuple[Workspace, Scope], question: str, rows: list[tuple[str, str]], says: str
) -> None:
    answer, _ = run(*shelf, None, question)
    assert [(row.state, row.answer) for row in answer.documents] == rows
    assert answer.text == says
    assert all(row.citations and row.citations[0].verified for row in answer.documents if row.state == "found")
    assert all(row.reason for row in answer.documents if row.state == "not_found")
