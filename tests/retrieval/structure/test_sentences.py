"""Sentences of a document: what is one, and what none runs across."""

import pytest

from retrieval.core.documents import Document
from retrieval.structure.sentences import fragments, sentences
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
