"""One row for each way in which contracts define terms, and for what only looks like one."""

import pytest

from retrieval.structure.definitions import defined, definitions_used, find_definitions, uses_of_terms
from tests.documents import document


def _terms(text: str) -> list[str]:
    return [d.term for d in find_definitions(document(text))]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("“Affiliate” means any entity under common control.", ["Affiliate"]),
        ('1.1 "Net Sales" shall mean gross sales less returns.', ["Net Sales"]),
        ("(a) ‘Field’ means oncology.", ["Field"]),
        ("(4) 'state of health' means the remaining capacity.", ["state of health"]),
        ("1. Definitions\nBusiness Day: a day on which banks are open.\nFees: the sums due.", ["Business Day", "Fees"]),
        ("“Losses” has the meaning set forth in Section 9.", ["Losses"]),
        ("“Affiliate” means, with respect to a Party, any entity.", ["Affiliate"]),
        ("“Cause”, as used in this Section 3, means fraud.", ["Cause"]),
        ("“Control” and “Controlled” mean ownership of half the votes.", ["Control", "Controlled"]),
        ("“Business” or the “Business of Emerald” means trade.", ["Business", "Business of Emerald"]),
        ("the term “control” means the power to direct.", ["control"]),
        ("This Supply Agreement (the “Agreement”) is made by", ["Agreement"]),
        ("Acme Inc. (“Acme” or the “Company”) and", ["Acme", "Company"]),
        ("(each, a “Party” and collectively, the “Parties”)", ["Party", "Parties"]),
        ("Acme Inc. (hereinafter referred to as the “Seller”)", ["Seller"]),
        ("Acme Inc., hereinafter called “Seller,” agrees", ["Seller"]),
        ("referred to individually as a “Party” and collectively as the “Parties”.", ["Party", "Parties"]),
        ("(this “Agreement”, and together with the Schedules, the “Contract”)", ["Agreement", "Contract"]),
        ("1.2 Contract Services shall mean the work that is ordered.", ["Contract Services"]),
        ("1.1 TRANSPORTATION QUANTITY – shall mean the daily quantity.", ["TRANSPORTATION QUANTITY"]),
        ("Business Day means a day other than a Sunday.\nTerritory means the world.", ["Business Day", "Territory"]),
        ("1. Definitions\n1.1 “Site” The place that Schedule 1 names.", ["Site"]),
        ("the American Arbitration Association (AAA)", ["AAA"]),
        (
            "the services (the Services). The Services are due. Pay (the Fee) for them; the Fee is $5.",
            ["Services", "Fee"],
        ),
        ("“Maximum Daily Quantity (MDQ)” means the quantity.", ["Maximum Daily Quantity"]),
        ("the “Change\nof Control” means a sale.", ["Change of Control"]),
        ("Definitions\nRoyalty / Royalties shall have the meaning set forth in Article 3.", ["Royalty", "Royalties"]),
    ],
)
def test_each_way_of_defining_a_term_is_found(text: str, terms: list[str]) -> None:
    assert _terms(text) == terms


@pytest.mark.parametrize(
    "text",
    [
        "The Goods are sold “as is”.",
        "the film entitled “Change of Heart” is shown",
        "the phrase “Authorized Distributor” on all labels",
        "This means that nothing is due.",
        "1. Notices\nOffice Address: one Main Street.",
        "It shall mean nothing.",
        "items (e.g., “widgets”) are sold",
        "as set out on Exhibit “A” attached hereto",
        "information marked (whether as marked “confidential” or not)",
        "the Sellers (Acme and Delaware) shall pay",
    ],
)
def test_titles_and_scare_quotes_define_nothing(text: str) -> None:
    assert _terms(text) == []


LIST = """1. Definitions
1.1 “Field” means oncology and nothing else.
1.2 “Field Sales” means sales in the Field. It excludes taxes.
1.3 “Losses” has the meaning set forth in Section 2.
2. Indemnity
The Supplier pays all damages, costs and fees (“Losses”). Nothing else is due.
3. Sales
The Licensee reports Field Sales and Losses. The fields of others, the Fields and a Fielding do not count.
"""


def test_a_definition_runs_to_the_end_of_its_sentence() -> None:
    page = document(LIST)
    spans = {d.where.start: page.slice(d.span) for d in find_definitions(page)}
    assert list(spans.values()) == [
        "1.1 “Field” means oncology and nothing else.",
        "1.2 “Field Sales” means sales in the Field.",
        "1.3 “Losses” has the meaning set forth in Section 2.",
        "2. Indemnity\nThe Supplier pays all damages, costs and fees (“Losses”).",
    ]


def test_of_several_definitions_the_one_with_the_meaning_counts() -> None:
    page = document(LIST)
    assert page.slice(defined(page)["Losses"].span).endswith("and fees (“Losses”).")


def test_a_term_is_used_by_its_very_words_the_longest_first() -> None:
    page = document(LIST)
    clause = page.span(LIST.index("3. Sales"), len(LIST))
    assert [d.term for d in definitions_used(page, clause)] == ["Field Sales", "Losses", "Field"]
    assert definitions_used(page, page.span(LIST.index("The fields"), LIST.index("fields of"))) == []


def test_each_use_of_a_term_has_its_place_and_its_definition() -> None:
    page = document("“Field” means oncology.\nThe Fields are open; a field of wheat is none. The Field is closed.")
    found = list(uses_of_terms(page, page.span(0, len(page.text))))
    assert [page.slice(span) for span, _ in found] == ["Field", "Field", "Field"]
    assert [span.start for span, _ in found] == [1, page.text.index("Fields"), page.text.rindex("Field")]
    assert {definition.term for _, definition in found} == {"Field"}


def test_a_passage_that_defines_a_term_does_not_bring_it() -> None:
    page = document(LIST)
    assert [d.term for d in definitions_used(page, page.span(0, LIST.index("2. Indemnity")))] == ["Losses"]


def test_a_term_defined_in_capitals_is_used_without_them() -> None:
    page = document("“CONTENT” means text.\nThe Content is free; the content of this page is not.")
    assert [d.term for d in definitions_used(page, page.span(22, len(page.text)))] == ["CONTENT"]
