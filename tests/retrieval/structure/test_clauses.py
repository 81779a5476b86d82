"""One table for each drafting habit: what a contract says, and the outline read from it."""

import pytest

from retrieval.core.documents import Document, Page
from retrieval.structure.clauses import outline, pin_cite, section_at
from tests.documents import document

ARTICLES = """MASTER AGREEMENT
ARTICLE I
DEFINITIONS
1.1 Affiliate. "Affiliate" means any entity under common control.
1.2 Product. The goods that Schedule 1 lists.
ARTICLE II – SUPPLY
2.1 Orders. Customer shall order as follows:
(a) in writing; and
(b) at least thirty days before delivery, in which case
(i) by post or
(ii) by courier.
2.2 Price. As agreed under
Section 2.1 and not otherwise.
"""
SECTIONS = """Section 1. Term. This Agreement begins on
March 1, 2020.
Section 2. Payment. Customer pays within
30. days of invoice.
Section 3. Notices
"""
BARE = """1. Term
The term is two years.
2. Fees
2.1 The fee is $5,000.
2.2 Interest is due at
4.5 percent.
3. Liability
"""
NO_HEADS = """1.1 First.
1.2 Second.
2.1 Third, since no line says 2.
2.1.1 Below third.
2.2 Fourth.
"""
NUMBER_ALONE = """8.
INDEMNIFICATION
8.1
By Supplier. Supplier shall indemnify.
8.2
By Customer. Customer shall indemnify.
"""
SCHEDULES = """1. Supply
2. Price
EXHIBIT A
PRICES
1. Widgets
2. Gadgets
Schedule 2 Service Levels
1. Uptime
"""
ZEROES = """3.0 TERM
3.1 Initial Term. Two years.
4.0 FEES
4.1 Rates. As listed.
"""
NINTH_LETTER = "5. Duties\n" + "".join(f"({letter}) to do so;\n" for letter in "abcdefghij")
LETTERS = """2. Rights
A. Rights of the Licensor.
B. Rights of the Licensee.
(1) To use the Mark.
(2) To sublicense.
"""
GLUED = """2.1General
The rules apply.
2.2Personnel of the Supplier
2.3“Steering Committee” means three persons.
2.4 percent is due.
"""
INLINE = """Section 1. The parties agree (a) to meet and (b) to speak; 2. is no clause here.
Section 2. They agree (i) on time and (ii) in person.
"""
WRAPPED = """1. Prices
The prices of the goods are set out in
Exhibit C. They hold for a year, or for as long as is said in
Schedule 2, whichever is less.
2. Law
as in Section
1.4 of it.
EXHIBIT C
Prices
1. Widgets
"""
FILED = """Exhibit 10.24
SUPPLY AGREEMENT
ARTICLE 1 TERM
1.1 Two years.
ARTICLE 2 FEE
2.1 None.
"""
SCHEDULED = """SCHEDULE 1
Fees
(a) one
(b) two
SCHEDULE 2
Times
1.1 Daily.
1.2 Weekly.
ANNEX A
1. First.
"""
UPPER_ROMAN = """I. TERM
The term is a year.
II. FEE
A. The fee is $5.
B. It is due at once.
III. LAW
"""
WORDS = """ARTICLE ONE
TERM
1.1 A year.
ARTICLE TWO
FEE
2.1 None.
"""
BULLETS = """1. Duties
• to pay
• to deliver
2. Rights
- to audit
"""
PAGED = "\f".join(
    f"ACME SUPPLY AGREEMENT\n{number}. Clause {word}\nThe words of clause {word}.\nSource: ACME CORP, 8-K, "
    f"1/2/2020\n{number}"
    for number, word in enumerate(["one", "two", "three", "four"], 1)
)
CONTENTS = (
    "TABLE OF CONTENTS\n1. Term ........ 1\n2. Fee ........ 2\n3. Law ........ 3\n4. Notices ........ 4\nExhibit A "
    "........ 9\f"
    "1. Term\nOne year.\n2. Fee\nNone.\f3. Law\nThat of Ohio.\n4. Notices\nBy post.\nExhibit A\nForm of notice"
)
PROSE = """This letter sets out what we agreed. You will deliver the goods.
We will pay you on the terms that were discussed in May."""

TABLE = [
    (
        ARTICLES,
        ["Article I", "1.1", "1.2", "Article II", "2.1", "2.1(a)", "2.1(b)", "2.1(b)(i)", "2.1(b)(ii)", "2.2"],
    ),
    (SECTIONS, ["1", "2", "3"]),
    (BARE, ["1", "2", "2.1", "2.2", "3"]),
    (NO_HEADS, ["1.1", "1.2", "2.1", "2.1.1", "2.2"]),
    (NUMBER_ALONE, ["8", "8.1", "8.2"]),
    (
        SCHEDULES,
        [
            "1",
            "2",
            "Exhibit A",
            "Exhibit A, Section 1",
            "Exhibit A, Section 2",
            "Schedule 2",
            "Schedule 2, paragraph 1",
        ],
    ),
    (ZEROES, ["3.0", "3.1", "4.0", "4.1"]),
    (NINTH_LETTER, ["5", *(f"5({letter})" for letter in "abcdefghij")]),
    (LETTERS, ["2", "2(A)", "2(B)", "2(B)(1)", "2(B)(2)"]),
    (GLUED, ["2.1", "2.2", "2.3"]),
    (INLINE, ["1", "2"]),
    (WRAPPED, ["1", "2", "Exhibit C", "Exhibit C, Section 1"]),
    (FILED, ["Article 1", "1.1", "Article 2", "2.1"]),
    (
        SCHEDULED,
        [
            "Schedule 1",
            "Schedule 1, paragraph (a)",
            "Schedule 1, paragraph (b)",
            "Schedule 2",
            "Schedule 2, paragraph 1.1",
            "Schedule 2, paragraph 1.2",
            "Annex A",
            "Annex A, paragraph 1",
        ],
    ),
    (UPPER_ROMAN, ["Section I", "Section II", "Section II(A)", "Section II(B)", "Section III"]),
    (WORDS, ["Article ONE", "1.1", "Article TWO", "2.1"]),
    (BULLETS, ["1", "2"]),
    (PAGED, ["1", "2", "3", "4"]),
    (CONTENTS, ["1", "2", "3", "4", "Exhibit A"]),
    (PROSE, []),
]
HABITS = (
    "articles sections bare no_heads number_alone schedules zeroes ninth_letter letters glued inline wrapped filed "
    "scheduled upper_roman words bullets paged contents prose"
).split()


@pytest.mark.parametrize(("text", "numbers"), TABLE, ids=HABITS)
def test_the_outline_of_a_drafting_habit(text: str, numbers: list[str]) -> None:
    assert [clause.number for clause in outline(document(text))] == numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1. Berth. One boat may moor.\n7. Rent. The rent is $90.\n", ["1", "7"]),
        (
            "1. Berth. One boat.\n2. Hours. Day and night.\n14. Rent. It is $90.\n15. Law. Ohio's.\n",
            ["1", "2", "14", "15"],
        ),
        ("Section 2. Berth. One boat.\nSection 31. Rent. It is $90.\n", ["2", "31"]),
        (
            "1. Berth\nThese may moor:\n(a) one\n(b) two\n9. Rent\nIt is $90.\n9.1 Due daily.\n",
            ["1", "1(a)", "1(b)", "9", "9.1"],
        ),
        (
            "1. Berth. One boat.\n9. Rent. It is $90.\nEXHIBIT A\nPRICES\n1. Boats\n2. Oars\n",
            ["1", "9", "Exhibit A", "Exhibit A, Section 1", "Exhibit A, Section 2"],
        ),
        # No section: a figure, the end of a reference, quoted words, a number that comes in its turn.
        ("1. Berth. One boat.\nThe rent is due within\n30. Interest. It runs.\n", ["1"]),
        ("1. Berth. One boat.\n30. days is the notice.\n", ["1"]),
        (
            "1. Berth. One boat.\n60 the boats are counted.\n40. Boats are counted every year by the master.\n",
            ["1"],
        ),
        ("1. Berth. The following is added:\n12. Oars. They are lent.\n", ["1"]),
        ("1. Berth. One boat.\n12. Oars. They are lent.\n2. Rent. It is $90.\n", ["1", "2"]),
    ],
)
def test_sections_go_on_after_a_gap_where_both_have_headings(text: str, numbers: list[str]) -> None:
    assert [clause.number for clause in outline(document(text))] == numbers


def test_headings_are_read_from_the_line_and_from_the_next() -> None:
    headings = {c.number: c.heading for c in outline(document(ARTICLES + NUMBER_ALONE))}
    assert headings["Article I"] == "DEFINITIONS"
    assert headings["1.1"] == "Affiliate"
    assert headings["Article II"] == "SUPPLY"
    assert headings["2.1(a)"] == ""


def test_the_foot_of_a_page_between_a_number_and_its_heading_is_no_heading() -> None:
    words = "The parties agree as follows.\n" * 5
    text = (
        f"Page 1\n{words}Article 1\nSubject\n1. It is let.\n2. It is rented.\nArticle 2\fPage 2\nLiability\n"
        "1. It is capped.\n2. It is not.\nArticle 3\nCONFIDENTIALITY\fPage 3\n1. It is secret.\n2. It is kept."
    )
    headings = {c.number: c.heading for c in outline(document(text))}
    assert [headings[f"Article {n}"] for n in (1, 2, 3)] == ["Subject", "Liability", "CONFIDENTIALITY"]


def test_a_clause_ends_where_one_not_below_it_begins() -> None:
    text = document(ARTICLES)
    by_number = {c.number: c for c in outline(text)}
    assert text.slice(by_number["2.1"].span).rstrip().endswith("(ii) by courier.")
    assert by_number["Article II"].span.contains(by_number["2.1(b)(ii)"].span)
    parent = by_number["2.1(b)"].parent
    assert parent is not None
    assert outline(text)[parent].number == "2.1"


@pytest.mark.parametrize(
    ("at", "section"),
    [
        ("MASTER", ""),
        ("by courier", "Section 2.1(b)(ii) (Orders)"),
        ("As agreed", "Section 2.2 (Price)"),
        ("under common control", "Section 1.1 (Affiliate)"),
    ],
)
def test_the_pin_cite_names_the_innermost_clause_and_the_nearest_heading(at: str, section: str) -> None:
    assert section_at(document(ARTICLES), ARTICLES.index(at)) == section


@pytest.mark.parametrize(
    ("signed", "section"),
    [
        ("By: /s/ Jane Roe\nName: Jane Roe", "Signatures"),
        ("Name:\nfor Peregrine LLP", "Signatures"),
        ("10. Notices\nName: Jane Roe", "Section 10 (Notices)"),
        ("Jane Roe is told by post.", "Section 9 (Law)"),
        ("By: /s/ Jane Roe\nGUARANTY\nThe undersigned guarantees the rent of it.", ""),
        ("EXHIBIT A\nForm of Notice\nBy: ________\nName: Jane Roe", "Exhibit A (Form of Notice)"),
    ],
)
def test_a_signature_block_is_of_no_clause(signed: str, section: str) -> None:
    text = f"8. Rent\nIt is $4,200.\n9. Law\nIrish law governs.\n\n{signed}"
    assert section_at(document(text), len(text) - 4) == section
    assert section_at(document(text), text.index("Irish")) == "Section 9 (Law)"


def test_fields_within_a_clause_that_others_follow_do_not_end_it() -> None:
    text = (
        "1. Managers\nThese are they.\nName: Jane Roe\nfor Acme Limited\nThey meet monthly.\n2. Law\nIrish law governs."
    )
    assert section_at(document(text), text.index("They meet")) == "Section 1 (Managers)"


def test_a_pin_cite_names_the_section_and_page_where_its_words_begin_or_where_they_are_said() -> None:
    text = "1. Rent\nIt is $4,200.\f2. Law\nIrish law governs."
    source = Document("d", "lease.pdf", text, (Page(1, "i", 0, 21), Page(2, "ii", 22, len(text))))
    rent, law = (source.span(text.index(words), text.index(words) + len(words)) for words in ("$4,200", "Irish law"))
    cite = pin_cite(source, rent, law)
    assert (cite.document_id, cite.document, cite.section, cite.page, cite.page_label) == (
        "d",
        "lease.pdf",
        "Section 1 (Rent)",
        1,
        "i",
    )
    assert (cite.spans, cite.span) == ((rent, law), source.span(rent.start, law.end))
    said = pin_cite(source, rent, law, at=law.start)
    assert (said.section, said.page, said.page_label, said.spans) == ("Section 2 (Law)", 2, "ii", (rent, law))
