"""How clauses are cited, one table for each drafting habit: a cite names one place of its document."""

from collections import Counter

import pytest

from retrieval.structure.clauses import outline, section_at
from tests.documents import document

EU = """REGULATION (EU) 2030/1 OF THE PARLIAMENT AND OF THE COUNCIL
Whereas:
(1) Goods are sold across borders. Article 8(1) of the Charter provides for it.
(2) Buyers should be protected.
(12) The Treaty mandates it.
HAVE ADOPTED THIS REGULATION:
CHAPTER I
General provisions
Article 1
Subject-matter and objectives
1. This Regulation lays down rules.
2. This Regulation protects buyers.
Article 2
Material scope
1. This Regulation applies to sales.
2. This Regulation does not apply to the sale:
(a) of land;
(b) of ships.
CHAPTER II
Principles
Article 3
Good faith
1. Each party acts in good faith.
ANNEX I
Model clauses
1. Purpose
1.1 The purpose is this.
2. Use
(a) first
"""
BRITISH = """SERVICES AGREEMENT
THIS AGREEMENT is dated 3 March 2031
PARTIES
(1) MARLOW FINANCE PLC, a company incorporated in England with number 0123 (the "Customer"); and
(2) BRIGHT SOFTWARE LIMITED, incorporated in England (the "Supplier").
BACKGROUND
(A) The Customer carries on the business of finance.
(B) The Supplier supplies software.
AGREED TERMS
1. Interpretation
1.1 The definitions in this clause apply.
2. Fees and payment
2.1 The Customer shall pay the Fees.
2.2 If the Customer fails to pay on the day when it is due:
(a) interest is due; and
(b) the Supplier may suspend the Services.
3. Limitation of liability
3.1 Nothing limits liability.
Schedule 1 Services description
1. Scope
1.1 The Services are these.
2. Delivery
2.1 The Supplier shall work in sprints:
(a) of two weeks; and
(b) with a review.
Schedule 2
Part 1
Fees
1. The fee is 5.
Part 2
Rates
1. Daily.
"""
AMERICAN = """SUPPLY AGREEMENT
RECITALS
A. Seller makes widgets.
B. Buyer wants widgets.
ARTICLE I
DEFINITIONS
1.1 Affiliate. An entity under common control.
ARTICLE II
SALE
2.1 Orders. Buyer orders:
(a) in writing; and
(b) in time.
EXHIBIT A
PRICES
1. Widgets
2.1 Rebates. None.
EXHIBIT B
FORM OF NOTE
1. Payments. At maturity.
2. Law. Ohio.
"""
SECTIONS_OF_ARTICLES = """ARTICLE I
Definitions
Section 1. Terms. As used.
Section 2. Others. As said.
ARTICLE II
Sale
Section 1. Orders. In writing.
(a) By post.
"""
TREATY = """Article 1
The Parties agree to trade.
Article 2
1. Each Party shall open its market.
2. A Party may:
(a) close it; or
(b) open it.
Article 3
1. Disputes are settled.
"""
GERMAN = """§ 1 Gegenstand
(1) Der Verkäufer liefert.
(2) Der Käufer zahlt.
§ 2 Mängel
(1) Mängel sind anzuzeigen:
a) sofort;
b) schriftlich.
"""
RUN_ON = """ARTICLE I
GENERAL
1. Term. A year.
2. Law. Ohio.
ARTICLE II
PRICE
3. Price. Five dollars.
4. Tax. None.
"""
CHAPTERS = """CHAPTER I
SALE
Article 1
Goods are sold.
Article 2
They are paid.
CHAPTER II
LEASE
Article 1
Goods are let.
"""
ATTACHED_TERMS = """ORDER FORM
1. Goods. Ten widgets.
2. Price. Five dollars.
3. Place. Dayton.
4. Date. May 1.
IN WITNESS WHEREOF the parties have signed.
TERMS AND CONDITIONS
These apply to every order.
1. Offers. All are free.
2. Prices. They are net.
3. Delivery. It is ex works.
"""
NUMBERED_PARTIES = """This AGREEMENT is made BETWEEN
1. Marlow Data Corp., a Delaware corporation ("Marlow"); and
2. Bright Science Limited, a company registered in England ("Bright").
A. Marlow publishes journals.
B. Bright reads them.
It is agreed as follows:
1. Definitions
In this Agreement words have their meaning.
2. Appointment
2.1 Marlow appoints Bright.
3. Duration
Three years.
"""
LETTERED = """A. AUTHORITY
1. Solicit orders.
2. Deliver goods.
(a) at once
B. CANCELLATION
1. By notice.
C. LAW
"""
LISTS_IN_SECTIONS = """1. Duties
Supplier shall:
1. Deliver;
2. Install; and
3. Train.
2. Rights
Customer may inspect.
3. Law
Ohio.
"""
LIST_BEGINS_AGAIN = """1. Reset Rate
On the Reset Date the Agent shall:
(a) find the rate; and
(b) tell the Company.
The Company shall on the next day:
(a) pay; and
(b) publish.
2. Law
Ohio.
"""
CONTENTS = (
    "SUPPLY AGREEMENT\nTABLE OF CONTENTS\n"
    + "".join(
        f"{n}. Duty of {word}\n" for n, word in enumerate("Alfa Bravo Carol Delta Echo Fox Golf Hotel".split(), 1)
    )
    + "\f"
    + "".join(
        f"{n}. Duty of {word}\n" + "The party shall do what it can, whenever it can.\n" * 5
        for n, word in enumerate("Alfa Bravo Carol Delta Echo Fox Golf Hotel".split(), 1)
    )
)
NESTED_EXHIBITS = """1. Supply
2. Price
EXHIBIT A
SPECIFICATION
None.
EXHIBIT B
FORM OF LICENSE
1. Grant
As EXHIBIT A says.
EXHIBIT A
LICENSED MARKS
1. None.
EXHIBIT C
OTHERS
"""
SPECIFICATION = """1. Supply
As specified.
EXHIBIT A
SPECIFICATION
A.1 Detector
A.1.1 Requirements:
1. It detects.
2. It tells.
A.1.2 Performance:
1. At once.
A.2 Generator
"""
WRITTEN_OUT = """SECTION ONE. DEFINITIONS
A. Term means three years.
SECTION TWO. GRANT
A. License. As said.
"""
NO_STOP = """7 HOURS OF WORK
7.1 From nine to five.
8 HOLIDAYS
8.1 Twenty-five days.
"""
NO_STOP_ABOVE_WORDS = """7 HOURS OF WORK
7.1 From nine to five, and in the weeks of the fair
10 DAYS A FORTNIGHT
8 HOLIDAYS
8.1 Twenty-five days.
9 THIRD PARTY RIGHTS
Nobody else may enforce this Agreement.
10 GOVERNING LAW
The laws of England govern this Agreement.
12 APPLES
3 PEARS
"""

TABLE = {
    "european": (
        EU,
        "Recital (1)|Recital (2)|Recital (12)|Chapter I|Article 1|Article 1(1)|Article 1(2)|Article 2|Article 2(1)"
        "|Article 2(2)|Article 2(2)(a)|Article 2(2)(b)|Chapter II|Article 3|Article 3(1)|Annex I|Annex I, paragraph 1"
        "|Annex I, paragraph 1.1|Annex I, paragraph 2|Annex I, paragraph 2(a)",
    ),
    "british": (
        BRITISH,
        "Party (1)|Party (2)|Recital (A)|Recital (B)|Section 1|Section 1.1|Section 2|Section 2.1|Section 2.2"
        "|Section 2.2(a)|Section 2.2(b)|Section 3|Section 3.1|Schedule 1|Schedule 1, paragraph 1"
        "|Schedule 1, paragraph 1.1|Schedule 1, paragraph 2|Schedule 1, paragraph 2.1|Schedule 1, paragraph 2.1(a)"
        "|Schedule 1, paragraph 2.1(b)|Schedule 2|Schedule 2, Part 1|Schedule 2, Part 1, paragraph 1"
        "|Schedule 2, Part 2|Schedule 2, Part 2, paragraph 1",
    ),
    "american": (
        AMERICAN,
        "Recital A|Recital B|Article I|Section 1.1|Article II|Section 2.1|Section 2.1(a)|Section 2.1(b)|Exhibit A"
        "|Exhibit A, Section 1|Exhibit A, Section 2.1|Exhibit B|Exhibit B, Section 1|Exhibit B, Section 2",
    ),
    "sections of articles": (
        SECTIONS_OF_ARTICLES,
        "Article I|Article I, Section 1|Article I, Section 2|Article II|Article II, Section 1|Article II, Section 1(a)",
    ),
    "treaty": (
        TREATY,
        "Article 1|Article 2|Article 2(1)|Article 2(2)|Article 2(2)(a)|Article 2(2)(b)|Article 3|Article 3(1)",
    ),
    "german": (
        GERMAN,
        "Section 1|Section 1(1)|Section 1(2)|Section 2|Section 2(1)|Section 2(1)(a)|Section 2(1)(b)",
    ),
    "sections run on through articles": (
        RUN_ON,
        "Article I|Section 1|Section 2|Article II|Section 3|Section 4",
    ),
    "articles begin again in a chapter": (
        CHAPTERS,
        "Chapter I|Chapter I, Article 1|Chapter I, Article 2|Chapter II|Chapter II, Article 1",
    ),
    "attached terms": (
        ATTACHED_TERMS,
        "Section 1|Section 2|Section 3|Section 4|Terms and Conditions|Terms and Conditions, Section 1"
        "|Terms and Conditions, Section 2|Terms and Conditions, Section 3",
    ),
    "numbered parties": (
        NUMBERED_PARTIES,
        "Party 1|Party 2|Recital A|Recital B|Section 1|Section 2|Section 2.1|Section 3",
    ),
    "lettered": (
        LETTERED,
        "Section A|Section A(1)|Section A(2)|Section A(2)(a)|Section B|Section B(1)|Section C",
    ),
    "lists in sections": (LISTS_IN_SECTIONS, "Section 1|Section 1(1)|Section 1(2)|Section 1(3)|Section 2|Section 3"),
    "a list begins again": (
        LIST_BEGINS_AGAIN,
        "Section 1|Section 1(a)|Section 1(b)|Section 1(a) under “The Company shall on the next”"
        "|Section 1(b) under “The Company shall on the next”|Section 2",
    ),
    "contents without pages": (CONTENTS, "|".join(f"Section {n}" for n in range(1, 9))),
    "exhibits of an exhibit": (
        NESTED_EXHIBITS,
        "Section 1|Section 2|Exhibit A|Exhibit B|Exhibit B, Section 1|Exhibit B, Exhibit A"
        "|Exhibit B, Exhibit A, Section 1|Exhibit C",
    ),
    "specification": (
        SPECIFICATION,
        "Section 1|Exhibit A|Exhibit A, paragraph A.1|Exhibit A, paragraph A.1.1|Exhibit A, paragraph A.1.1(1)"
        "|Exhibit A, paragraph A.1.1(2)|Exhibit A, paragraph A.1.2|Exhibit A, paragraph A.1.2(1)"
        "|Exhibit A, paragraph A.2",
    ),
    "numbers written out": (WRITTEN_OUT, "Section 1|Section 1(A)|Section 2|Section 2(A)"),
    "no full stop after a number": (NO_STOP, "Section 7|Section 7.1|Section 8|Section 8.1"),
    "no full stop after a number, above mere words": (
        NO_STOP_ABOVE_WORDS,
        "Section 7|Section 7.1|Section 8|Section 8.1|Section 9|Section 10",
    ),
}


@pytest.mark.parametrize(("text", "labels"), TABLE.values(), ids=TABLE)
def test_a_clause_is_cited_as_its_drafting_habit_has_it(text: str, labels: str) -> None:
    assert [clause.label() for clause in outline(document(text))] == labels.split("|")


@pytest.mark.parametrize("text", [text for text, _ in TABLE.values()], ids=TABLE)
def test_no_two_clauses_have_one_number(text: str) -> None:
    twice = document(f"{text}\f{text}")  # a document that says everything again, on another page
    assert max(Counter(clause.number for clause in outline(twice)).values(), default=1) == 1


@pytest.mark.parametrize(
    ("text", "words", "section"),
    [
        (EU, "protects buyers", "Article 1(2) (Subject-matter and objectives)"),
        (EU, "of ships", "Article 2(2)(b) (Material scope)"),
        (BRITISH, "suspend the Services", "Section 2.2(b) (Fees and payment)"),
        (BRITISH, "with a review", "Schedule 1, paragraph 2.1(b) (Delivery)"),
        (BRITISH, "MARLOW", "Party (1)"),
        (ATTACHED_TERMS, "ex works", "Terms and Conditions, Section 3 (Delivery)"),
    ],
)
def test_a_place_is_cited_with_the_heading_of_its_clause(text: str, words: str, section: str) -> None:
    assert section_at(document(text), text.index(words)) == section


@pytest.mark.parametrize(
    "text",
    [
        "1. Law\nAs is said in\nSection 6.4.\n2. Price\nNone.",
        "1. Law\nWhat survives is in\nSection 2 (Price), Section 3 (Tax) and others.\n2. Price\nNone.",
        "1. Law\nAs it is in accordance with\nArticle 9.\n2. Price\nNone.",
        "1. Law\nThe price of the first term is that of\n1.1.2019 - 28.2.2019\n2. Price\nNone.",
    ],
)
def test_a_reference_that_goes_on_in_a_new_line_begins_no_clause(text: str) -> None:
    assert [clause.label() for clause in outline(document(text))] == ["Section 1", "Section 2"]


def test_a_heading_in_small_letters_is_one_and_a_sentence_is_none() -> None:
    text = "1. Fees and payment\n1.1 The fee is five dollars.\n2. If the fee is not paid:\n(a) it bears interest.\n"
    headings = {clause.label(): clause.heading for clause in outline(document(text))}
    assert headings == {"Section 1": "Fees and payment", "Section 1.1": "", "Section 2": "", "Section 2(a)": ""}
