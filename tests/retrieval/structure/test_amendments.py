"""Amendments: what each instruction does, to what, and with which words; and what is no amendment."""

import json

import pytest

from retrieval.structure.amendments import find_amendments
from retrieval.structure.facts import Facts, from_json, to_json
from tests.clock import within
from tests.documents import document
from tests.retrieval.structure.amending_documents import DOCUMENTS

_HEAD = """FIRST AMENDMENT TO SUPPLY AGREEMENT

This First Amendment (this “Amendment”) is made on 1 June 2021 between Alder Ltd (the “Supplier”) and Birch plc (the
“Buyer”) and amends the Supply Agreement dated 3 March 2020 between them (the “Agreement”).

The parties agree as follows:
"""
_TAIL = """
9. Except as amended by this Amendment, the Agreement remains in full force and effect. This Amendment may be amended
only in writing.

IN WITNESS WHEREOF the parties have signed.
"""

# The instruction; its actions and targets (* new, ~ a part of it), several apart from each other by |; the words that
# it takes out; the beginning of those that it puts in.
INSTRUCTIONS = [
    (
        "1. Section 4.2 of the Agreement is hereby deleted in its entirety.",
        "deleted",
        "Section 4.2",
        None,
        None,
    ),
    (
        "1. Clause 7 (Exclusivity) shall be deleted.",
        "deleted",
        "Clause 7",
        None,
        None,
    ),
    (
        "1. Section 4.2 is deleted and replaced with the following:\n“4.2 Payment. Invoices are due within 60 "
        "days. Late sums bear interest.”",
        "replaced",
        "Section 4.2",
        None,
        "“4.2 Payment",
    ),
    (
        "1. Section 4.2 is hereby amended and restated in its entirety to read as follows:\n4.2 Payment. "
        "Invoices are due within 60 days.\nLate sums bear interest.\n2. Section 5 is hereby deleted.",
        "replaced|deleted",
        "Section 4.2|Section 5",
        None,
        "4.2 Payment",
    ),
    (
        "1. In Section 4.2, the words “thirty (30) days” are replaced with “sixty (60) days”.",
        "words_exchanged",
        "Section 4.2",
        "“thirty (30) days”",
        "“sixty (60) days”",
    ),
    (
        "1. Section 4.2 is amended by replacing “thirty (30) days” with “sixty (60) days”.",
        "words_exchanged",
        "Section 4.2",
        "“thirty (30) days”",
        "“sixty (60) days”",
    ),
    (
        '1. Section 4.2 of the Agreement is hereby amended by deleting the words "thirty (30) days" and '
        'substituting therefor the words "sixty (60) days".',
        "words_exchanged",
        "Section 4.2",
        '"thirty (30) days"',
        '"sixty (60) days"',
    ),
    (
        "1. Section 4.2 shall be amended by the deletion of the words “thirty days” and the substitution of the "
        "words “sixty days” therefor.",
        "words_exchanged",
        "Section 4.2",
        "“thirty days”",
        "“sixty days”",
    ),
    (
        "1. In clause 4.2 delete “thirty days” and insert “sixty days”.",
        "words_exchanged",
        "Clause 4.2",
        "“thirty days”",
        "“sixty days”",
    ),
    (
        "1. Clause 4.2: the figure “30” shall be substituted by the figure “60”.",
        "words_exchanged",
        "Clause 4.2",
        "“30”",
        "“60”",
    ),
    (
        "1. Substituting “sixty” for “thirty” in Section 4.2.",
        "words_exchanged",
        "Section 4.2",
        "“thirty”",
        "“sixty”",
    ),
    (
        "1. Section 2.1 is amended by inserting the words “and Canada” after the words “United States”.",
        "added",
        "Section 2.1",
        None,
        "“and Canada”",
    ),
    (
        "1. The following new Section 4.5 is added after Section 4.4:\n“4.5 Audit. The Buyer may audit the "
        "Supplier once a year.”",
        "added",
        "Section 4.5*",
        None,
        "“4.5 Audit",
    ),
    (
        "1. A new clause 4A shall be inserted after clause 4 as follows:\n“4A Audit. The Buyer may audit the "
        "Supplier once a year.”",
        "added",
        "Clause 4A*",
        None,
        "“4A Audit",
    ),
    (
        "1. The following sentence is added at the end of Section 6.1: “The cap does not apply to fraud.”",
        "added",
        "Section 6.1",
        None,
        "“The cap",
    ),
    (
        "1. References in the Agreement to “Alder Ltd” shall be read as references to “Alder Group Ltd”.",
        "words_exchanged",
        "the agreement",
        "“Alder Ltd”",
        "“Alder Group Ltd”",
    ),
    (
        "1. All references to the Old Site shall be read as references to the New Site.",
        "words_exchanged",
        "the agreement",
        "the Old Site",
        "the New Site",
    ),
    (
        "1. The Term is hereby extended to 31 December 2026.",
        "extended",
        "definition of “Term”",
        None,
        None,
    ),
    (
        "1. The Expiration Date is extended until March 1, 2027.",
        "extended",
        "definition of “Expiration Date”",
        None,
        None,
    ),
    (
        "1. The parties hereby agree to extend the Term through June 30, 2025.",
        "extended",
        "definition of “Term”",
        None,
        None,
    ),
    (
        "1. Section 9.1 (Term) is amended to read: “This Agreement ends on 31 December 2026.”",
        "replaced",
        "Section 9.1",
        None,
        "“This Agreement",
    ),
    (
        "1. The definition of “Territory” in Section 1.1 is deleted and replaced with: “Territory” means the world.",
        "replaced",
        "definition of “Territory”",
        None,
        "“Territory” means",
    ),
    (
        "1. Exhibit A to the Agreement is hereby deleted and replaced in its entirety with Exhibit A attached "
        "hereto.\n2. Schedule 2 is amended by adding Lyon.",
        "replaced|added",
        "Exhibit A|Schedule 2",
        None,
        None,
    ),
    (
        "1. The Agreement is hereby amended and restated in its entirety in the form set out in Schedule 1.",
        "restated",
        "the agreement",
        None,
        None,
    ),
    (
        "1. Section 3 of the Agreement is amended as follows:\n(a) the first sentence of Section 3.1 is "
        "deleted; and\n(b) Section 3.2 is deleted in its entirety.\n2. Section 5 is deleted.",
        "amended|deleted|deleted",
        "Section 3.1~|Section 3.2|Section 5",
        None,
        None,
    ),
    (
        "1. Clause 5 shall be amended as follows:\n(a) by deleting clause 5.2; and\n(b) by replacing the word "
        "“ten” in clause 5.3 with “twelve”.",
        "deleted|words_exchanged",
        "Clause 5.2|Clause 5.3",
        "“ten”",
        "“twelve”",
    ),
    (
        "1. Section 8.1 is amended by increasing the cap from $1,000,000 to $2,500,000.",
        "words_exchanged",
        "Section 8.1",
        "$1,000,000",
        "$2,500,000",
    ),
    (
        "1. Article V, Section 2 is hereby deleted.",
        "deleted",
        "Article V, Section 2",
        None,
        None,
    ),
    (
        "1. Section 2 of Article V is hereby deleted in its entirety.",
        "deleted",
        "Article V, Section 2",
        None,
        None,
    ),
    (
        "1. The parties agree that Section 4.2 be deleted.",
        "deleted",
        "Section 4.2",
        None,
        None,
    ),
    (
        "1. Section 4.2 shall no longer apply.",
        "deleted",
        "Section 4.2",
        None,
        None,
    ),
    (
        "1. Section 4.2 is hereby waived and shall be of no further force or effect.",
        "deleted",
        "Section 4.2",
        None,
        None,
    ),
    (
        "1. Delete Clause 12 and replace it with: “12. Notices may be given by e-mail.”",
        "replaced",
        "Clause 12",
        None,
        "“12. Notices",
    ),
    (
        "1. Notwithstanding Section 9.1 of the Agreement, the Term shall be extended by two years.",
        "extended",
        "Section 9.1, definition of “Term”",
        None,
        None,
    ),
    (
        "1. The price in Schedule 1 is changed from EUR 10 to EUR 12 per unit.",
        "words_exchanged",
        "Schedule 1",
        "EUR 10",
        "EUR 12 per unit",
    ),
    (
        "1. Section 4.2 of the Agreement shall read as follows: “Invoices are due within 60 days.”",
        "replaced",
        "Section 4.2",
        None,
        "“Invoices",
    ),
    (
        "1. Amendment of Section 4.2. The reference to “30 days” in Section 4.2 of the Agreement is hereby "
        "changed to “60 days”.",
        "words_exchanged",
        "Section 4.2",
        "“30 days”",
        "“60 days”",
    ),
    (
        "1. Sections 4.2 and 4.3 are hereby deleted and intentionally omitted.",
        "deleted",
        "Section 4.2, Section 4.3",
        None,
        None,
    ),
    (
        "1. Paragraph (b) of Section 6 is hereby deleted.",
        "deleted",
        "Section 6(b)",
        None,
        None,
    ),
]


@pytest.mark.parametrize(("words", "actions", "targets", "old", "new"), INSTRUCTIONS)
def test_an_instruction_is_read(words: str, actions: str, targets: str, old: str | None, new: str | None) -> None:
    text = document(f"{_HEAD}{words}{_TAIL}")
    found = find_amendments(text)
    assert "|".join(amendment.action for amendment in found) == actions
    named = [", ".join(f"{t.label()}{'*' * t.new}{'~' * t.part}" for t in amendment.targets) for amendment in found]
    assert "|".join(named) == targets
    assert old is None or old in [text.slice(amendment.old) for amendment in found if amendment.old]
    put_in = [text.slice(amendment.new) for amendment in found if amendment.new]
    assert new is None or any(words.startswith(new) for words in put_in)
    assert {str(amendment.of.day) for amendment in found} == {"2020-03-03"}
    assert {amendment.of.title.lower() for amendment in found} == {"supply agreement"}


@pytest.mark.parametrize(
    ("opening", "title", "day", "number", "made"),
    [
        (
            "AMENDMENT NO. 2\nTO MANUFACTURING AGREEMENT\nTHIS AMENDMENT NO. 2 to the Manufacturing Agreement "
            "dated as of "
            "December 8, 2009 is entered into as of May 1, 2018.",
            "MANUFACTURING AGREEMENT",
            "2009-12-08",
            2,
            "2018-05-01",
        ),
        (
            "SECOND AMENDMENT TO SERVICES AGREEMENT\nThis SECOND AMENDMENT TO SERVICES AGREEMENT, dated as of "
            "March 1, 2016, "
            "is made between A Co and B Co.\nWHEREAS they entered into that certain Services Agreement dated as "
            "of January 1, "
            "2004;",
            "SERVICES AGREEMENT",
            "2004-01-01",
            2,
            "2016-03-01",
        ),
        (
            "DEED OF VARIATION\n\nThis Deed is made on 3 July 2018 and is supplemental to the Lease dated 12 "
            "May 2015 "
            "between the same parties.",
            "Lease",
            "2015-05-12",
            0,
            "2018-07-03",
        ),
        (
            'Now mutually agree to amend the Distribution Agreement ("Agreement") with an Effective Date of '
            "March 1, 1996 as "
            "follows: ",
            "Distribution Agreement",
            "1996-03-01",
            0,
            "None",
        ),
        (
            "AMENDED AND RESTATED LOAN AGREEMENT\n\nThis Amended and Restated Loan Agreement is made on 7 July "
            "2023 and "
            "amends and restates the Loan Agreement dated 3 March 2020.",
            "LOAN AGREEMENT",
            "2020-03-03",
            0,
            "2023-07-07",
        ),
    ],
)
def test_an_instrument_names_its_agreement(opening: str, title: str, day: str, number: int, made: str) -> None:
    (found,) = find_amendments(document(f"{opening}\n1. Section 4 is hereby deleted.\n"))
    of = found.of
    assert (of.title, str(of.day), of.number, str(of.made)) == (title, day, number, made)


@pytest.mark.parametrize("style", DOCUMENTS)
def test_an_amending_document_is_read_whatever_its_style(style: str) -> None:
    text, title, day, instructions = DOCUMENTS[style]
    found = find_amendments(document(text))
    targets = [", ".join(f"{t.label()}{'*' * t.new}{'~' * t.part}" for t in a.targets) for a in found]
    told = [f"{a.action} {each}" for a, each in zip(found, targets, strict=True)]
    assert told == instructions
    assert not found or (found[0].of.title, str(found[0].of.day)) == (title, day)


@pytest.mark.parametrize(
    ("words", "targets"),
    [
        ("Clause 4 of the Agreement is hereby deleted.", ["Clause 4"]),
        ("Clause 4 of the Supply Agreement dated 3 March 2020 is hereby deleted.", ["Clause 4"]),
        ("Clause 4 of Amendment No. 7 is hereby deleted.", ["Clause 4 of Amendment No. 7"]),
        (
            "Clauses 4 and 6 of the Third Amendment are hereby deleted.",
            ["Clause 4 of Third Amendment", "Clause 6 of Third Amendment"],
        ),
        ("Clause 4 of this First Amendment is hereby deleted.", ["the agreement"]),
        ("Clause 4 of Amendment No. 1 is hereby deleted.", ["the agreement"]),
        ("In Addendum No. 3, Clause 4 is hereby deleted.", ["Clause 4 of Addendum No. 3"]),
        ("Clause 4 of the Haulage Services Agreement is hereby deleted.", ["Clause 4 of Haulage Services Agreement"]),
        (
            "Clause 4 of the Supply Agreement dated 9 May 2011 is deleted.",
            ["Clause 4 of Supply Agreement dated 9 May 2011"],
        ),
        ("Section 12 of the Late Payment Act is amended by a new Act.", ["Section 12 of Late Payment Act"]),
    ],
)
def test_a_place_is_of_the_document_that_its_words_name(words: str, targets: list[str]) -> None:
    found = [t for a in find_amendments(document(f"{_HEAD}1. {words}{_TAIL}")) for t in a.targets]
    assert [t.label() for t in found] == targets


def test_what_is_no_instruction_of_an_amending_instrument_changes_nothing() -> None:
    ordinary = document(
        "SUPPLY AGREEMENT\n\nMade on 3 March 2020.\n1. Amendment. This Agreement may be amended only in "
        "writing. Section 4 "
        "shall not be amended except by a deed.\n2. Exhibit A may be amended from time to time. If Section 5 is "
        "amended, "
        "the Buyer is told.\n3. “Act” means the Sale of Goods Act 1979, as amended.\n4. In clause 3 “Buyer” "
        "includes its "
        "affiliates.\n"
    )
    assert find_amendments(ordinary) == ()


def test_new_words_are_no_instructions() -> None:
    text = document(
        f"{_HEAD}1. Section 4 is deleted and replaced with the following:\n“4. The Buyer may say that "
        f"Section 5 is deleted. Section 6 is hereby amended by deleting “ten”.”\n2. Section 7 is deleted.{_TAIL}"
    )
    found = find_amendments(text)
    assert [(a.action, a.targets[0].number) for a in found] == [("replaced", "4"), ("deleted", "7")]
    assert found[0].new is not None
    assert text.slice(found[0].new).endswith("“ten”.”")


def test_several_instruments_of_one_file_amend_for_themselves() -> None:
    filler = "The parties have read this Amendment and sign it below by their officers.\n" * 25
    text = document(
        f"{_HEAD}1. Section 4 is deleted.\n{filler}SECOND AMENDMENT TO SUPPLY AGREEMENT\n\nThis Second "
        f"Amendment is made on 1 June 2022 and amends the Supply Agreement dated 3 March 2020.\n1. Section 5 is "
        f"hereby deleted.\n{filler}"
    )
    assert [(a.of.number, a.targets[0].number) for a in find_amendments(text)] == [(1, "4"), (2, "5")]


def test_amendments_are_kept_with_the_facts() -> None:
    facts = Facts(amendments=find_amendments(document(f"{_HEAD}1. Section 4 is hereby deleted.{_TAIL}")))
    assert facts.amendments
    assert from_json("d", json.loads(json.dumps(to_json(facts)))) == facts


@pytest.mark.parametrize(
    "words",
    [
        "Section 1 is deleted. ",
        "is amended ",
        "“",
        '"',
        "Section 1 is replaced with the following: “A ",
        "replace “x” with ",
        " ",
        "\n",
        "1. Section 1 is deleted and replaced with the following:\n",
        "FIRST AMENDMENT TO SUPPLY AGREEMENT\n",
        "the Supply Agreement dated 3 March 2020 ",
        "Agreement ",
        "In clause 4 ",
        "by deleting (a) ",
        "the term ",
        "Section 1(a)(b) (",
        "agree that ",
        "references to x ",
        "amended and restated ",
        "; and (a) ",
    ],
)
def test_no_text_takes_longer_than_it_is_long(words: str) -> None:
    text = document(_HEAD + words * (100_000 // len(words)), id_=words)
    with within(5):
        find_amendments(text)
