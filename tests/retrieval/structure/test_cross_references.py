"""Where references lead: to the clause they name, to nothing, or away from the contract."""

import pytest

from retrieval.structure.cross_references import find_references
from tests.clock import within
from tests.documents import document

CONTRACT = """SUPPLY AGREEMENT
This Supply Agreement is made between Acme Inc. and Bramble Ltd. on the first day of May and sets out the terms upon
which Acme supplies goods to Bramble. The parties have had the advice of their lawyers on all of it and have agreed as
follows, each for good consideration that the other has received, and each with the authority of its board, which has
met and has resolved to enter into it. What the parties said to each other before that day does not count, and neither
does what they wrote. Nothing here makes either of them the agent or the partner of the other, whatever one may say.
ARTICLE I
DEFINITIONS
1.1 Goods. The goods of Schedule 2.
ARTICLE II
SUPPLY
2.1 Orders. Bramble orders
(a) in writing; and
(b) thirty days ahead, by
(i) post or
(ii) courier.
2.2 Price. The price is (x) fixed and (y) due at once.
ARTICLE III
TERM
The term is two years.
SCHEDULE 2
GOODS
1. Widgets
2. Gadgets
{}
"""


def _leads(words: str) -> list[str | None]:
    """What the references of a sentence lead to: the clause's number, None where to nothing,
    "–" where out of the contract.
    """
    page = document(CONTRACT.replace("two years.", f"two years. {words}").format(""))
    at = page.text.find(words)
    inside = [r for r in find_references(page) if at <= r.span.start < at + len(words)]
    return ["–" if r.external else r.target.number if r.target else None for r in inside]


@pytest.mark.parametrize(
    ("words", "targets"),
    [
        ("See Section 2.1.", ["2.1"]),
        ("See Section 2.1(b)(ii).", ["2.1(b)(ii)"]),
        ("See Section 2.2(y).", ["2.2"]),  # in its running text
        ("Sections 2.1 and 2.2 apply.", ["2.1", "2.2"]),
        ("Sections 2.1(a), (b) or 2.2", ["2.1(a)", "2.1(b)", "2.2"]),
        ("under Article II of this Agreement", ["Article II"]),
        ("under Article 2 hereof", ["Article II"]),
        ("under Section 2", ["Article II"]),
        ("clause 3 above", ["Article III"]),
        ("§ 2.2 applies", ["2.2"]),
        ("as Schedule 2 says", ["Schedule 2"]),
        ("as Schedule “2” says", ["Schedule 2"]),
        ("paragraph 1 of Schedule 2", ["Schedule 2, paragraph 1", "Schedule 2"]),
        ("of this Section", ["Article III"]),
        ("Section 2.1 (Orders) of the Agreement", ["2.1"]),
        ("Section 2.1 in the event of delay", ["2.1"]),
        ("Section 2.1 to the extent", ["2.1"]),
        ("SECTION 2.1 SHALL APPLY", ["2.1"]),
    ],
)
def test_a_reference_leads_to_its_clause(words: str, targets: list[str | None]) -> None:
    assert _leads(words) == targets


@pytest.mark.parametrize(
    "words", ["Section 2.9", "Section 2.1(d)", "Article IX", "Exhibit A", "Schedule 3", "clause 14"]
)
def test_a_reference_to_nothing_is_a_finding(words: str) -> None:
    assert _leads(f"as {words} says") == [None]


@pytest.mark.parametrize(
    "words",
    [
        "Section 2 of the Code",
        "Section 2.1 of the Exchange Act",
        "Sections 1 and 2 of the Securities Act of 1933, as amended",
        "Article 2 of the GDPR",
        "Section 3 of the Master Agreement",
        "Section 2.1 of the U.S. Bankruptcy Code",
        "Section 2.1 thereof",
        "Section 2.1 (Price) thereof",
        "11 U.S.C. § 3",
        "Internal Revenue Code Section 3",
        "Section 3 under the Exchange Act",
        "Section 3 German Pharmaceuticals Act",
        "Sec. 3 AMG",
        "Exhibit A to the Services Agreement",
        "Section 2 of its bylaws",
        "Section 2.1 of the License Agreement",
        "Section 2.h of the Trust Agreement",
    ],
)
def test_what_belongs_to_something_else_never_leads_into_the_contract(words: str) -> None:
    assert set(_leads(f"as {words} says")) == {"–"}


def test_all_of_a_chain_belongs_to_what_its_end_names() -> None:
    assert _leads("Article II, Section 2.1 of the General Terms of the Tariff") == ["–", "–"]


@pytest.mark.parametrize("many", [2, 9, 12, 60])
def test_a_long_list_belongs_to_what_its_end_names(many: int) -> None:
    listed = ", ".join(["Section 2.1"] * many)
    assert _leads(f"{listed} of this Agreement") == ["2.1"] * many
    assert _leads(f"{listed} of the Code") == ["–"] * many


def test_references_in_a_row_are_read_in_time_that_grows_with_them() -> None:
    page = document(CONTRACT.format("Section 2.1(a)(b)(c) " * 50_000))
    with within(3):  # 0.8 s; each asking all that come next, 4 s
        assert len(find_references(page)) > 40_000


@pytest.mark.parametrize("words", ["Rule 144", "Section 409A", "Sections of it", "the paragraph", "Exhibits hereto"])
def test_what_names_no_place_of_the_contract_is_resolved_to_none(words: str) -> None:
    assert set(_leads(f"as {words} says")) <= {None, "–"}


def test_a_mark_alone_is_read_from_where_it_stands() -> None:
    page = document(CONTRACT.replace("(ii) courier.", "(ii) courier, as paragraph (a) and clause (i) say.").format(""))
    marks = [r for r in find_references(page) if r.label.split()[-1].startswith("(")]
    assert [r.target and r.target.number for r in marks] == ["2.1(a)", "2.1(b)(i)"]


def test_a_schedule_refers_to_itself_first() -> None:
    page = document(CONTRACT.replace("2. Gadgets", "2. Gadgets. As section 1 and Section 2.1 say.").format(""))
    found = [r.target for r in find_references(page) if r.span.start > page.text.index("SCHEDULE 2")]
    assert [clause and clause.heading for clause in found] == ["Widgets", "Orders"]


def test_an_amendment_speaks_of_the_agreement_that_it_amends() -> None:
    text = (
        "AMENDMENT NO. 1\n1. Term\nSection 1 of the Agreement is replaced. Section 2 of this Amendment stays.\n2. "
        "Fee\nNone."
    )
    assert [(r.external, r.target is None) for r in find_references(document(text))] == [(True, True), (False, False)]


def test_headings_and_pages_of_contents_are_no_references() -> None:
    contents = (
        "TABLE OF CONTENTS\nSection 1. Term ........ 1\nSection 2. Fee ........ 2\nSection 3. Law ........ 3\nArticle "
        "4 ........ 9"
    )
    body = "Section 1. Term\nTwo years.\nSection 2. Fee\nNone."
    assert find_references(document(f"{contents}\f{body}")) == ()
