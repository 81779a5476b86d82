"""Places that questions name, and the clauses that they mean."""

import pytest

from retrieval.core.documents import Document, Page
from retrieval.structure.place_names import PlaceName, find_named, named_places, not_there
from tests.clock import within

TEXT = """SUPPLY AGREEMENT
This Agreement is made between Acme Inc. ("Supplier") and Bolt LLC ("Buyer").
1. Definitions
1.1 "Net Sales" means all sales.
1.2 "Territory" means France.
2. Supply
2.1 The Supplier shall supply the goods
(a) on time; and
(b) in full.
2.2 The Buyer shall pay as Section 8 of the Code requires.
3. Term
The term is one year and is extended by 12 months.
SCHEDULE 1
PRICES
1. Price list
1.1 Widgets cost one dollar.
2. Discounts
EXHIBIT B
FORM OF NOTICE
"""
DOCUMENT = Document("d", "Supply.pdf", TEXT, (Page(1, "1", 0, len(TEXT)),))


@pytest.mark.parametrize(
    ("question", "labels"),
    [
        ("What does Section 7.2(b) say?", ["Section 7.2(b)"]),
        ("§ 4 and §5", ["Section 4", "Section 5"]),
        ("clauses 12 and 13", ["Clause 12", "Clause 13"]),
        ("sections 4 to 6", ["Section 4", "Section 5", "Section 6"]),
        ("Sections 2.1 through 2.3", ["Section 2.1", "Section 2.2", "Section 2.3"]),
        ("Sections 2.1(a) and (b)", ["Section 2.1(a)", "Section 2.1(b)"]),
        ("exhibits a and c?", ["Exhibit A", "Exhibit C"]),
        ("what's in exhibit a?", ["Exhibit A"]),
        ("Exhibits A to C", ["Exhibit A", "Exhibit B", "Exhibit C"]),
        ("the second schedule", ["Schedule 2"]),
        ("Article Five", ["Article 5"]),
        ("art. IV", ["Article IV"]),
        ("paragraph 3 of Schedule 2", ["Schedule 2, paragraph 3"]),
        ("Schedule 2, paragraphs 3 and 4", ["Schedule 2, paragraph 3", "Schedule 2, paragraph 4"]),
        ("What does para. (c) of clause 9 add?", ["Clause 9, paragraph (c)"]),
        ("What does 8.1 say?", ["Section 8.1"]),
        ("8.2(b)", ["Section 8.2(b)"]),
        ("Is 2.5 percent due?", []),
        ("Section 409A of the Internal Revenue Code", []),
        ("under 17 U.S.C. section 102", []),
        ("Can a party schedule a meeting?", []),
        ("Which section I must read?", []),
        ("Is there an exhibit?", []),
    ],
)
def test_places_are_read_from_a_question(question: str, labels: list[str]) -> None:
    assert [place.label() for place in named_places(question)[0]] == labels


@pytest.mark.parametrize(
    ("asked", "begins"),
    [
        ("Section 2.1(b)", "(b) in full"),
        ("clause 2", "2. Supply"),
        ("article III", "3. Term"),
        ("Article II, Section 2.2", "2.2 The Buyer"),
        ("paragraph (a) of Section 2.1", "(a) on time"),
        ("exhibit b", "EXHIBIT B"),
        ("Schedule One", "SCHEDULE 1"),
        ("the first schedule", "SCHEDULE 1"),
        ("paragraph 1.1 of Schedule 1", "1.1 Widgets"),
        ("Section 1.1", '1.1 "Net Sales"'),
    ],
)
def test_a_place_is_found_in_the_outline(asked: str, begins: str) -> None:
    (name,) = named_places(asked)[0]
    clause = find_named(DOCUMENT, name)
    assert clause is not None
    assert DOCUMENT.slice(clause.span).startswith(begins)


REGULATION = """REGULATION
(1) It is good that batteries last.
(2) It is good that they are safe.
CHAPTER I
General provisions
Article 1
Scope
1. This Regulation applies to batteries.
2. It does not apply to toys.
CHAPTER II
Duties
Article 2
Manufacturers
1. A manufacturer shall test each battery.
ANNEX I
Tests
1. Heat.
2. Cold.
"""


@pytest.mark.parametrize(
    ("asked", "begins"),
    [
        ("Chapter II", "CHAPTER II\nDuties"),
        ("chapter one", "CHAPTER I\nGeneral"),
        ("Article 1(2)", "2. It does not apply"),
        ("paragraph 2 of Article 1", "2. It does not apply"),
        ("Annex 1, paragraph 2", "2. Cold"),
    ],
)
def test_chapters_articles_and_annexes_are_told_apart(asked: str, begins: str) -> None:
    regulation = Document("r", "Regulation.pdf", REGULATION, (Page(1, "1", 0, len(REGULATION)),))
    (name,) = named_places(asked)[0]
    clause = find_named(regulation, name)
    assert clause is not None
    assert regulation.slice(clause.span).startswith(begins)


def test_the_last_article_is_said_and_not_the_last_chapter() -> None:
    regulation = Document("r", "Regulation.pdf", REGULATION, (Page(1, "1", 0, len(REGULATION)),))
    gone = not_there(regulation, *named_places("Article 17")[0])
    assert gone is not None
    assert gone.sentence == "There is no Article 17 in this document; the last is Article 2."


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("Section 14", "There is no Section 14 in this document; the last is Section 3."),
        ("clause 4", "There is no Clause 4 in this document; the last is Clause 3."),
        ("Section 2.9", "There is no Section 2.9 in this document; the last of Section 2 is Section 2.2."),
        ("Section 2.1(f)", "There is no Section 2.1(f) in this document; the last of Section 2.1 is Section 2.1(b)."),
        ("Section 14.2", "There is no Section 14 in this document; the last is Section 3."),
        ("Exhibit C", "There is no Exhibit C in this document; the last is Exhibit B."),
        ("Annex 2", "There is no Annex 2 in this document."),
    ],
)
def test_what_is_not_there_is_said_with_the_last_that_is(asked: str, sentence: str) -> None:
    (name,) = named_places(asked)[0]
    assert find_named(DOCUMENT, name) is None
    gone = not_there(DOCUMENT, name)
    assert gone is not None
    assert gone.sentence == sentence


@pytest.mark.parametrize("asked", ["Section 8", "Section 0", "recital Z", "paragraph 9 of Schedule 1"])
def test_nothing_is_called_absent_that_the_document_writes_or_an_outline_may_miss(asked: str) -> None:
    (name,) = named_places(asked)[0]
    assert find_named(DOCUMENT, name) is None
    assert not_there(DOCUMENT, name) is None


@pytest.mark.parametrize("trigger", ["section ", "section 1, ", "\n", " ", "1. ", "Exhibit ", "section\n1 and "])
def test_whether_a_number_is_written_is_told_in_linear_time(trigger: str) -> None:
    text = trigger * (1_000_000 // len(trigger))
    document = Document("h", "Hostile.pdf", text, (Page(1, "1", 0, len(text)),))
    with within(10):  # 1 s with its outline, on a machine that does nothing else
        not_there(document, PlaceName("section", "77"))
        not_there(document, PlaceName("exhibit", "Q"))
