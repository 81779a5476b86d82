"""Searches for what structure answers: its places come first, and nothing else is pushed out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.search.question_kinds import folded, kinds_of
from retrieval.search.search import Results, Searcher
from retrieval.search.structural_places import Source
from retrieval.structure.facts import find_facts
from tests.court_pdfs import transcript
from tests.documents import document
from tests.pdfs import make_pdf
from tests.retrieval.stores import Stores, opened

FILLER = "The parties shall act in good faith and shall keep each other informed of what matters to them both. " * 4
CLAUSES = "\n".join(f"{n}. Heading {n}\n{n}.1 {FILLER}\n{n}.2 {FILLER}" for n in range(3, 9))
SUPPLY = [
    f"""SUPPLY AGREEMENT
This Supply Agreement is made as of May 5, 2020 by and between Acme Tools Inc., a Delaware corporation ("Supplier"),
and Bolt Works LLC, a Texas limited liability company ("Buyer").
WHEREAS, the Supplier makes tools; and
WHEREAS, the Buyer wishes to buy them,
NOW, THEREFORE, the parties agree as follows:
1. Definitions
1.1 "Net Sales" means all amounts that the Buyer invoices less returns.
1.2 "Territory" means the country of France and its overseas departments.
2. Supply
2.1 The Supplier shall supply the goods {FILLER}
2.2 The Buyer shall pay within thirty days. {FILLER}
""",
    f"""{CLAUSES}
9. Survival
9.1 Section 5 survives the termination of this Agreement for two years.
10. Notices
10.1 Notices shall be in writing and sent to:
If to Supplier: Acme Tools Inc., 1 Main Street, Dover, Delaware 19901
If to Buyer: Bolt Works LLC, 9 Oak Road, Austin, Texas 78701
""",
    """IN WITNESS WHEREOF, the parties have executed this Agreement.
ACME TOOLS INC.
By: /s/ Ann Archer
Name: Ann Archer
Title: President
BOLT WORKS LLC
By: /s/ Bob Baker
Name: Bob Baker
Title: Manager
EXHIBIT A
PRICE LIST
Hammers cost nine dollars each.
""",
]
LEASE = [
    """LEASE
This Lease is made on June 1, 2019 between Castle Homes Ltd. (the "Landlord") and Dora Doe (the "Tenant").
1. Rent. The Tenant shall pay a rent of nine hundred dollars.
2. Repairs. The Landlord shall keep the roof in good repair.
3. Pets. The Tenant may keep one dog.
"""
]

LETTER = [
    """Doe & Roe LLP
March 3, 2021
Dear Mr. Smith:
We represent Castle Homes Ltd. and demand the rent that is due for the month of February.
Sincerely,
Jane Roe
Partner
"""
]
COMPLAINT = [
    """For filing only
IN THE CIRCUIT COURT OF MARION COUNTY
Case No. 21-CV-0042
CASTLE HOMES LTD., Plaintiff,
v.
DORA DOE, Defendant.
COMPLAINT
1. The plaintiff is the owner of the house.
2. The defendant has not paid the rent.
"""
]


ORDER = [
    """IN THE CIRCUIT COURT OF MARION COUNTY
CASTLE HOMES LTD., Plaintiff,
v.
DORA DOE, Defendant.
ORDER ON THE MOTION TO DISMISS
The motion is denied.
IT IS SO ORDERED.
Dated: May 2, 2022
/s/ Ada Lane
Hon. Ada Lane
Circuit Court Judge
"""
]


FILES = {
    "Supply.pdf": SUPPLY,
    "Lease.pdf": LEASE,
    "Letter.pdf": LETTER,
    "Complaint.pdf": COMPLAINT,
    "Order.pdf": ORDER,
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("structure")) as stores:
        matter = stores.library.create_matter("Deals")
        for name, pages in FILES.items():
            stores.library.accept(matter.id, name, make_pdf(pages))
        stores.ingest.run()
        yield stores


def search(stores: Stores, question: str, *names: str) -> Results:
    searcher = Searcher(stores.library, stores.vectors, stores.lexical, stores.embedder)
    (matter,) = stores.library.matters()
    ids = [record.id for record in stores.library.documents(matter.id) if not names or record.name in names]
    return searcher.search(matter.id, question, ids)


def places(stores: Stores, results: Results) -> list[str]:
    (matter,) = stores.library.matters()
    return [
        " ".join(stores.library.document(matter.id, span.document_id).slice(span).split()) for span in results.places
    ]


@pytest.mark.parametrize(
    ("question", "kind", "says"),
    [
        ("What does Section 1.2 say?", "section", "1.2 “Territory” means the country of France"),
        ("What is in Exhibit A?", "section", "EXHIBIT A PRICE LIST"),
        ("Who are the parties?", "parties", "by and between Acme Tools Inc., a Delaware corporation"),
        ("Who is the Buyer?", "party", "Bolt Works LLC, a Texas limited liability company"),
        ("When was it signed?", "date", "May 5, 2020"),
        ("Date of the Supply Agreement?", "date", "May 5, 2020"),
        ("What is this document?", "title", "SUPPLY AGREEMENT"),
        ("Who signed for Bolt Works?", "signatures", "Bob Baker"),
        ("Why did the parties enter into this agreement?", "recitals", "WHEREAS, the Supplier makes tools"),
        ("Where must notices to the Buyer be sent?", "address", "9 Oak Road"),
        ("How is Net Sales defined?", "definition", "all amounts that the Buyer invoices less returns"),
        ("What is on the last page?", "page", "IN WITNESS WHEREOF"),
        ("Summarise the clause on survival.", "topic", "9.1 Section 5 survives"),
        ("What is the survival?", "heading", "9.1 Section 5 survives"),
    ],
)
def test_the_place_that_answers_comes_first(stores: Stores, question: str, kind: str, says: str) -> None:
    results = search(stores, question, "Supply.pdf")
    plain = says.replace("“", '"').replace("”", '"')
    assert results.kind == kind
    assert plain in places(stores, results)[0]
    assert results.found
    assert not results.doubtful
    assert results.hits[0].chunk.span.shared(results.places[0])


@pytest.mark.parametrize(
    ("question", "document", "says"),
    [
        ("Who signed the letter?", "Letter.pdf", "Jane Roe"),
        ("What is the date of the letter?", "Letter.pdf", "March 3, 2021"),
        ("What is the case number?", "Complaint.pdf", "21-CV-0042"),
        ("In which court was it filed?", "Complaint.pdf", "CIRCUIT COURT OF MARION COUNTY"),
        ("Who is the defendant?", "Complaint.pdf", "DORA DOE, Defendant"),
        ("Who is the judge?", "Order.pdf", "Hon. Ada Lane"),
    ],
)
def test_letters_and_court_papers_answer_too(stores: Stores, question: str, document: str, says: str) -> None:
    results = search(stores, question, document)
    assert says in places(stores, results)[0]
    assert results.found


def test_the_first_hits_say_why_they_are_there_and_the_others_follow_as_they_would(stores: Stores) -> None:
    results = search(stores, "What does Section 1.2 say?", "Supply.pdf")
    plain = search(stores, "What does the clause on the territory say?", "Supply.pdf")
    assert results.hits[0].why == "Section 1.2"
    assert [hit.score for hit in results.hits] == sorted((hit.score for hit in results.hits), reverse=True)
    assert {hit.chunk for hit in results.hits} == {hit.chunk for hit in plain.hits}


def test_of_a_long_section_only_the_best_part_comes_before_the_ordinary_answer(stores: Stores) -> None:
    whole = search(stores, "What do sections 3 to 8 say?", "Supply.pdf")
    asked = search(stores, "Do sections 3 to 8 survive the termination of this Agreement?", "Supply.pdf")
    first = [hit for hit in asked.hits if hit.why.startswith("Section ")]
    assert sum(len(hit.chunk.span) for hit in first) <= 4_000
    assert len(first) < len([hit for hit in whole.hits if hit.why.startswith("Section ")])
    (matter,) = stores.library.matters()
    after = asked.hits[len(first)].chunk.span
    assert "survives" in stores.library.document(matter.id, after.document_id).slice(after)


def test_a_section_that_is_not_there_is_said_and_the_last_comes_first(stores: Stores) -> None:
    results = search(stores, "What does Section 14 say?", "Supply.pdf")
    assert results.absent == "There is no Section 14 in this document; the last is Section 10."
    assert not results.found
    assert results.places == ()
    assert results.hits[0].why == "nearest: Section 10"


def test_what_one_document_has_is_not_absent_from_several(stores: Stores) -> None:
    assert search(stores, "What does Section 9 say?", "Lease.pdf").absent
    both = search(stores, "What does Section 9 say?", "Lease.pdf", "Supply.pdf")
    assert (both.absent, len(both.places)) == ("", 1)
    gone = search(stores, "What does Section 14 say?", "Lease.pdf", "Supply.pdf")
    assert gone.absent == "There is no Section 14 in any of 2 documents."


def test_what_one_of_two_named_documents_lacks_is_told_of_it(stores: Stores) -> None:
    results = search(stores, "Compare Section 9 of Lease.pdf and of Supply.pdf", "Lease.pdf", "Supply.pdf")
    assert results.absent == "There is no Section 9 in Lease.pdf; the last is Section 3."
    assert len(results.places) == 1


def test_a_number_of_any_length_is_not_there(stores: Stores) -> None:
    absent = search(stores, f"What does Section {'9' * 20} say?", "Lease.pdf").absent
    assert absent == f"There is no Section {'9' * 20} in this document; the last is Section 3."


def test_several_documents_take_turns(stores: Stores) -> None:
    results = search(stores, "What does Section 2 say?", "Lease.pdf", "Supply.pdf")
    assert len({span.document_id for span in results.places}) == 2
    assert len({hit.chunk.span.document_id for hit in results.hits[:2]}) == 2 or results.hits[0].why == "Section 2"


@pytest.mark.parametrize(
    "question", ["Who is the Guarantor?", "How is “Change of Control” defined?", "What is page 40?"]
)
def test_where_a_document_has_not_what_a_kind_needs_the_search_goes_on_as_it_was(stores: Stores, question: str) -> None:
    results = search(stores, question, "Supply.pdf")
    assert (results.kind, results.places, results.absent) == ("", (), "")
    assert all(not hit.why.startswith(("parties", "definition", "page")) for hit in results.hits)


def test_lines_that_are_in_no_transcript_are_told_of_those_that_were_searched(tmp_path: Path) -> None:
    with opened(tmp_path) as stores:
        matter = stores.library.create_matter("Testimony")
        for name, data in (("Lease.pdf", make_pdf(LEASE)), ("Marchant Dep.pdf", transcript())):
            stores.library.accept(matter.id, name, data)
        stores.ingest.run()
        searcher = Searcher(stores.library, stores.vectors, stores.lexical, stores.embedder)
        ids = [record.id for record in stores.library.documents(matter.id)]
        sentence = "There is no 99:1 in Marchant Dep.pdf; its numbered lines run from 41:1 to 43:6."
        assert searcher.search(matter.id, "What is at 99:1?", ids).absent == sentence
        stores.library.accept(matter.id, "Other Dep.pdf", transcript(first=80))
        stores.ingest.run()
        ids = [record.id for record in stores.library.documents(matter.id)]
        sentence = "There is no 99:1 in any of the documents that were searched."
        assert searcher.search(matter.id, "What is at 99:1?", ids).absent == sentence


@pytest.mark.parametrize(
    ("question", "clauses"),
    [
        ("What is the term?", ["Section 2"]),
        ("What is the termination?", ["Section 1"]),
        ("What are the fees?", ["Section 3"]),
        ("What is the survival?", []),
    ],
)
def test_a_heading_of_the_same_sense_answers_and_none_of_another_word(question: str, clauses: list[str]) -> None:
    text = document(
        "1. Termination\nEither party may end it for good cause.\n2. Duration\nIt runs for four years.\n"
        "3. Prices\nThe goods cost $5.\n4. General\nThis is the whole of it.\n"
    )
    source = Source(find_facts(text), lambda: text)
    (sign,) = (sign for sign in kinds_of(folded(question)) if sign.kind.name == "heading")
    assert [place.what for place in sign.kind.find(source, question, sign.match)] == clauses
