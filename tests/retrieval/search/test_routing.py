"""Which documents a question names: titles, short names, file names, parties; and what only looks like a name."""

from collections.abc import Iterator

import pytest

from retrieval.search.routing import Route, Router
from tests.pdfs import make_pdf
from tests.retrieval.stores import Stores, opened

CONTRACTS = {
    "Acme lease": "OFFICE LEASE between Acme Holdings LLC and Northwind Traders Inc.\n"
    "1. Governing Law. This Lease is governed by the laws of the State of Oregon.",
    "Contoso loan": "LOAN AGREEMENT between Contoso Bank, a New York corporation, and Fabrikam GmbH\n"
    "1. Secrecy. Confidential Information means all that is marked so. The terms of this loan are secret.",
    "2019 Contoso lease": "LEASE AGREEMENT dated 1 May 2019 between Contoso Bank (“Landlord”) and Litware Ltd. "
    "(“Tenant”)\n"
    "1. Rent. Litware pays rent. Section 4 of the United States Bankruptcy Code applies to Litware.",
    "2023 Contoso lease": "LEASE AGREEMENT dated 7 June 2023 between Contoso Bank (“Landlord”) and Litware Ltd. "
    "(“Tenant”)",
    "msa-globex-v2": "MASTER SERVICES AGREEMENT by and between Globex Corporation (“Supplier”) and Initech, a Delaware"
    " corporation (“Customer”)",
    "consulting-2020": "CONSULTING AGREEMENT\nThis Consulting Agreement is made as of May 1, 2020 by and between Wayne "
    "Diversified REIT, Inc. (the “Company”) and Gunston Consulting, LLC (the “Consultant”).",
}
# Its opening, as long as openings are, names nobody; page 2 does.
WITHIN = ["FORM OF FRANCHISE\n" + "The franchisee keeps the premises clean and bright.\n" * 70]
WITHIN += ["Signed: Umbrella Burgers Corporation, and Stark Fast Food Polska Sp. z o.o., as franchisee."]
LEASES = ["2019 Contoso lease", "2023 Contoso lease"]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("routing")) as stores:
        matter = stores.library.create_matter("Deals")
        for name, text in CONTRACTS.items():
            stores.library.accept(matter.id, f"{name}.pdf", make_pdf([text]))
        stores.library.accept(matter.id, "ex-10.pdf", make_pdf(WITHIN))
        stores.ingest.run()
        yield stores


def routed(stores: Stores, question: str, *scope: str) -> tuple[Route, list[str], list[str]]:
    """The route; the names of the documents meant and of the close ones, in alphabetical order."""
    (matter,) = stores.library.matters()
    names = {r.id: r.name.removesuffix(".pdf") for r in stores.library.documents(matter.id)}
    within = [id_ for id_, name in names.items() if name in scope] if scope else None
    route = Router(stores.library, stores.lexical, matter.id, within).route(question)
    return route, sorted(names[id_] for id_ in route.document_ids or ()), sorted(names[id_] for id_ in route.close)


CLEAR = [
    ("What does Wayne reimburse?", "consulting-2020", "What does Wayne reimburse?"),
    # a title before the question
    (
        "Consider the Loan Agreement between Contoso Bank and Fabrikam GmbH; what is the interest rate?",
        "Contoso loan",
        "what is the interest rate?",
    ),
    ("Regarding the Acme lease: who pays for repairs?", "Acme lease", "who pays for repairs?"),
    (
        "Consider the Franchise Agreement between Umbrella Burgers Corporation and Stark Fast Food Polska; who cleans?",
        "ex-10",
        "who cleans?",
    ),
    # a short name
    ("Who repairs the roof in the Acme lease?", "Acme lease", "Who repairs the roof in the contract?"),
    ("What is the rent under the Northwind Traders lease?", "Acme lease", "What is the rent under the contract?"),
    ("Is the lease with Acme Holdings assignable?", "Acme lease", "Is contract assignable?"),
    ("Is Acme's lease assignable?", "Acme lease", "Is contract assignable?"),
    ("What is the rent in the Contoso lease of 2023?", "2023 Contoso lease", "What is the rent in the contract?"),
    ("What is the rent in the 2019 Contoso lease?", "2019 Contoso lease", "What is the rent in the contract?"),
    # a file name
    ("who repairs the roof in the acme lease?", "Acme lease", "who repairs the roof in the contract?"),
    ("What is owed under msa-globex-v2.pdf?", "msa-globex-v2", "What is owed under contract?"),
    # a party, which stays part of what is asked
    ("What must Fabrikam pay?", "Contoso loan", "What must Fabrikam pay?"),
    ("Does Initech have to insure?", "msa-globex-v2", "Does Initech have to insure?"),
]


@pytest.mark.parametrize(("question", "document", "asked"), CLEAR)
def test_a_named_document_is_found_and_its_name_taken_out(
    stores: Stores, question: str, document: str, asked: str
) -> None:
    route, meant, close = routed(stores, question)
    assert (meant, route.question, close) == ([document], asked, [])


NAMED = {
    "alder-lease": "LEASE AGREEMENT\n"
    "This Lease Agreement is made as of March 3, 2021 between Alder Estates Inc. and Birch Coffee LLC.\n1. "
    "Rent. Tenant pays $900.",
    "alder-lease-am1": "FIRST AMENDMENT TO LEASE AGREEMENT\n"
    "This First Amendment is made as of June 1, 2022 between Alder Estates Inc. and Birch Coffee LLC and "
    "amends the Lease Agreement.\n1. Section 1 is deleted.",
    "ex-7": "SECOND AMENDMENT TO LEASE AGREEMENT\n"
    "This Second Amendment is made as of June 1, 2023 between Alder Estates Inc. and Birch Coffee LLC and "
    "amends the Lease Agreement.\n1. Section 2 is deleted.",
    "hosting": "WEB HOSTING AGREEMENT\n"
    "This Agreement is made on July 15, 2022 between Cedar Data Ltd. and Birch Coffee LLC.\n1. Rent of "
    "servers. Customer pays 30 pounds.",
    "ex-9": "AMENDMENT NO. 2\n"
    "This Amendment No. 2 to the Web Hosting Agreement is made on May 1, 2024 between Cedar Data Ltd. and "
    "Birch Coffee LLC.\n1. Section 1 is deleted.",
    "fir-complaint": "COMPLAINT\nFir Traders Inc. v. Gull Air LLC\nPlaintiff asks for damages of $9,000.",
    "dune": "SUPPLY AGREEMENT\n"
    "This Agreement is made on July 15, 2020 between Dune Motors Corp. and Elm Castings Ltd.\n1. Supplier "
    "shall not release the lease of any plant.",
}
CALLED = [
    # two names with one kind for both; a kind that is more than a paper, where it is spoken of as one
    (
        "Compare the Alder and the Dune agreement",
        "Compare the contract and the contract",
        "alder-lease dune",
    ),
    # a kind of document alone, and one with a word before it
    ("Who are the parties to the lease?", "Who are the parties to the contract?", "alder-lease"),
    ("And of our lease?", "And of our contract?", "alder-lease"),
    ("when is the web hosting agreement dated", "when is the contract dated", "hosting"),
    (
        "Compare the lease agreement and the hosting agreement",
        "Compare the contract and the contract",
        "alder-lease hosting",
    ),
    ("Is the rent due under alder-lease.pdf?", "Is the rent due under contract?", "alder-lease"),
    # a place in a named document
    ("What about Section 3 of the Dune supply agreement?", "What about Section 3 of the contract?", "dune"),
    ("Clause 1 of the Elm Castings Supply Agreement", "Clause 1 of the contract", "dune"),
    (
        "compare 4.2 of the lease agreement and the dune agreement",
        "compare 4.2 of the contract and the contract",
        "alder-lease dune",
    ),
    ("How does section 3 of the Dune supply agreement end?", "How does section 3 of the contract end?", "dune"),
    ("How much does the complaint demand?", "How much does the contract demand?", "fir-complaint"),
    ("Who handles the complaint of a customer?", "Who handles the complaint of a customer?", ""),
    # an amendment by its number
    ("What does the First Amendment say?", "What does the contract say?", "alder-lease-am1"),
    ("When was amendment 1 signed?", "When was contract signed?", "alder-lease-am1"),
    ("Who signed the second amendment to the lease?", "Who signed the contract?", "ex-7"),
    ("Who signed the 2nd amendment of the web hosting agreement?", "Who signed the contract?", "ex-9"),
    ("Who signed the second amendment of the Alder lease agreement?", "Who signed the contract?", "ex-7"),
    ("What did Amendment No. 2 delete?", "What did contract delete?", "ex-7 ex-9"),
    ("What did the Cedar Amendment II delete?", "What did the contract delete?", "ex-9"),
    # none of these
    ("Can Dune terminate an agreement?", "Can Dune terminate an agreement?", "dune"),
    ("Can Dune terminate this agreement?", "Can Dune terminate this agreement?", "dune"),
    ("How does the Supplier release the lease?", "How does the Supplier release the contract?", "alder-lease"),
    ("What does the Third Amendment say?", "What does the Third Amendment say?", ""),
    ("Is the amendment in force?", "Is the amendment in force?", ""),
    ("Who holds the deed?", "Who holds the deed?", ""),
    ("What does the entire agreement clause say?", "What does the entire agreement clause say?", ""),
    ("When does the agreement end?", "When does the agreement end?", ""),
]


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("named")) as stores:
        matter = stores.library.create_matter("Named")
        for name, text in NAMED.items():
            stores.library.accept(matter.id, f"{name}.pdf", make_pdf([text]))
        stores.ingest.run()
        yield stores


@pytest.mark.parametrize(("question", "asked", "documents"), CALLED)
def test_a_document_is_meant_by_what_it_calls_itself_and_an_amendment_by_its_number(
    named: Stores, question: str, asked: str, documents: str
) -> None:
    route, meant, _ = routed(named, question)
    assert (meant, route.question) == (documents.split(), asked)


def test_where_one_document_is_in_scope_its_kind_says_nothing(named: Stores) -> None:
    question = "How long does the lease run?"
    assert routed(named, question)[1] == ["alder-lease"]
    assert routed(named, question, "alder-lease")[0] == Route(None, question)


CLOSE = [
    ("What is the rent in the Contoso lease?", "Contoso lease", LEASES),
    ("What must Litware pay?", "Litware", LEASES),
    ("What does Contoso owe?", "Contoso", ["2019 Contoso lease", "2023 Contoso lease", "Contoso loan"]),
]


@pytest.mark.parametrize(("question", "name", "documents"), CLOSE)
def test_documents_that_a_name_fits_equally_are_close(
    stores: Stores, question: str, name: str, documents: list[str]
) -> None:
    route, meant, close = routed(stores, question)
    assert (route.name, meant, close) == (name, documents, documents)


@pytest.mark.parametrize(
    "question",
    [
        "What is the governing law?",
        "What does Section 2 of the Agreement say?",
        "Is the Umbrella lease assignable?",
        "Is the lease assignable?",
        "What is the definition of Confidential Information?",
        "May we sell in the United States?",
        "Which laws of New York apply?",
        "Does a Delaware corporation have to sign?",
        "What does the Supplier have to do?",
        "As to termination: who may terminate?",
    ],
)
def test_what_only_looks_like_a_name_means_no_document(stores: Stores, question: str) -> None:
    route, _, close = routed(stores, question)
    assert (route.document_ids, route.question, close) == (None, question, [])


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("How much is the consultant paid?", ["consulting-2020"]),
        ("What must the supplier deliver?", ["msa-globex-v2"]),
        ("May the tenant sublet?", []),  # two documents have one
        ("May the company terminate?", []),  # most have one
        ("May the subcontractor terminate?", []),
        ("What must the supplier pay under the Acme lease?", []),  # a name goes before
    ],
)
def test_a_document_is_meant_by_the_role_of_its_party_where_no_other_has_one(
    stores: Stores, question: str, document: list[str]
) -> None:
    route, _, _ = routed(stores, question)
    (matter,) = stores.library.matters()
    names = {r.id: r.name.removesuffix(".pdf") for r in stores.library.documents(matter.id)}
    assert [names[id_] for id_ in route.meant] == document
    assert not (route.meant and route.document_ids)


def test_two_names_mean_both_documents_and_leave_no_choice(stores: Stores) -> None:
    route, meant, close = routed(stores, "Compare the Acme lease and the Contoso loan.")
    assert (meant, close) == (["Acme lease", "Contoso loan"], [])
    assert route.question == "Compare the contract and the contract."


def test_only_documents_in_scope_can_be_meant(stores: Stores) -> None:
    question = "What is the rent in the Contoso lease?"
    assert routed(stores, question, "2019 Contoso lease", "Acme lease")[1:] == (["2019 Contoso lease"], [])
    assert routed(stores, question, "Acme lease")[1:] == ([], [])


def test_a_name_that_fits_many_tells_none_apart(stores: Stores) -> None:
    matter = stores.library.create_matter("Many")
    for n in range(6):
        stores.library.accept(matter.id, f"{n}.pdf", make_pdf([f"LEASE number {n} between Acme Inc. and tenant {n}"]))
    stores.ingest.run()
    for question in ("Who signed the Acme lease?", "What does Acme owe?"):
        route = Router(stores.library, stores.lexical, matter.id, None).route(question)
        assert route == Route(None, question)
