"""Two versions of a contract, set anew: the changed clauses, and only they."""

import random
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from retrieval.core.documents import Document
from retrieval.reading.pdf import read_pdf
from retrieval.structure.comparison import ClauseChange, compare, word_changes
from tests.documents import document
from tests.pdfs import make_pdf

HEADINGS = (
    "Definitions Term Fees Delivery Inspection Title Warranties Insurance Indemnity Confidentiality Audit Notices "
    "Assignment Publicity Governing Disputes Severability Waiver Counterparts"
).split()
WORDS = (
    "the Supplier Customer shall may deliver goods within days notice written party agreement fees invoice property "
    "claims losses records premises products services orders price payment breach period business consent"
).split()


def clauses(seed: int) -> list[tuple[str, str]]:
    """Nineteen clauses, each a heading and some sentences unlike every other's."""
    chance = random.Random(seed)

    def sentence() -> str:
        return f"The {' '.join(chance.choices(WORDS, k=chance.randint(9, 25)))} {chance.randint(2, 999)} times."

    return [(heading, " ".join(sentence() for _ in range(chance.randint(1, 5)))) for heading in HEADINGS]


def printed(parts: list[tuple[str, str]], width: int, id_: str = "d") -> Document:
    """A PDF of the clauses, numbered as they stand, in lines of so many characters on pages of forty lines."""
    rows = ["SUPPLY AGREEMENT", ""]
    for n, (heading, words) in enumerate(parts, 1):
        rows += [*textwrap.wrap(f"{n}. {heading}. {words}", width), ""]
    pages = ["\n".join(rows[at : at + 40]) for at in range(0, len(rows), 40)]
    return read_pdf(make_pdf(pages), name=f"{id_}.pdf", document_id=id_)


@dataclass(frozen=True)
class Edit:
    """What is done to the clauses, and the (kind, heading) that a comparison is to find."""

    make: Callable[[list[tuple[str, str]]], list[tuple[str, str]]]
    found: set[tuple[str, str]]


def _replaced(parts: list[tuple[str, str]], at: int, words: Callable[[str], str]) -> list[tuple[str, str]]:
    return [*parts[:at], (parts[at][0], words(parts[at][1])), *parts[at + 1 :]]


EDITS = {
    "nothing": Edit(lambda p: p, set()),
    "a number": Edit(lambda p: _replaced(p, 2, lambda w: w.replace(w.split()[-2], "1,000")), {("changed", "Fees")}),
    "a not": Edit(lambda p: _replaced(p, 8, lambda w: w.replace("The ", "Not the ", 1)), {("changed", "Indemnity")}),
    "an added clause": Edit(
        lambda p: [*p[:5], ("Escrow", "The source code is held in escrow by a third person for ten years."), *p[5:]],
        {("added", "Escrow")},
    ),
    "a deleted clause": Edit(lambda p: [*p[:6], *p[7:]], {("gone", "Warranties")}),
    "a moved clause": Edit(lambda p: [*p[:3], *p[4:12], p[3], *p[12:]], {("moved", "Delivery")}),
    "three at once": Edit(
        lambda p: _replaced([*p[:6], *p[7:]], 1, lambda w: f"{w} It is renewed for one year."),
        {("gone", "Warranties"), ("changed", "Term")},
    ),
}


def told(changes: list[ClauseChange]) -> set[tuple[str, str]]:
    parts = [(change.kind, change.new or change.old) for change in changes if change.kind != "same"]
    return {(kind, part.clause.heading if part and part.clause else "") for kind, part in parts}


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("seed", range(10))
def test_what_was_edited_is_found_and_nothing_else_in_another_setting(name: str, seed: int) -> None:
    parts = clauses(seed)
    edit = EDITS[name]
    old, new = printed(parts, 88), printed(edit.make(parts), 61, "new")
    assert told(compare(old, new)) == edit.found


def test_of_a_changed_clause_the_words_are_told() -> None:
    old = document("1. Term. Either party may terminate on thirty (30) days’ notice.", id_="old")
    new = document("1. Term. Either party may terminate on sixty (60) days' notice in writing.", id_="new")
    [change] = compare(old, new)
    assert (change.kind, change.is_changed) == ("changed", True)
    assert [(op, words.strip()) for op, words in change.words() if op != "equal"] == [
        ("delete", "thirty"),
        ("insert", "sixty"),
        ("delete", "30"),
        ("insert", "60"),
        ("insert", "in writing"),
    ]


def test_other_quotation_marks_and_dashes_change_nothing() -> None:
    old = document("1. Goods. “Goods” – as sold – are the Seller’s.", id_="old")
    new = document('1. Goods. "Goods" - as sold - are the Seller\'s.', id_="new")
    assert [change.kind for change in compare(old, new)] == ["same"]


def test_the_pieces_make_both_texts_again() -> None:
    old, new = "The fee of $5 is due in May, not June.", "A fee of $6.50 falls due in June."
    pieces = list(word_changes(old, new))
    assert "".join(words for op, words in pieces if op != "insert") == old
    assert "".join(words for op, words in pieces if op != "delete").replace(" ", "") == new.replace(" ", "")


def test_documents_without_clauses_are_compared_by_sentences() -> None:
    old = document("We agree to lease the barn. The rent is ten dollars a month.", id_="old")
    new = document("We agree to lease the barn. The rent is twelve dollars a month.", id_="new")
    assert [change.kind for change in compare(old, new)] == ["same", "changed"]


def test_sentences_without_clauses_are_not_paired_for_having_no_name() -> None:
    """Each with each was compared where no clause had a number: a thousand sentences took 20 s."""
    rooms = [f"{a}{b}" for a in ("north", "south", "east", "west", "upper", "lower", "outer") for b in WORDS[7:16]]
    old = document(" ".join(f"The {room} is let to {room} and to no other." for room in rooms), id_="old")
    new = document(" ".join(f"The {room[::-1]} is sold to {room[::-1]} in May." for room in rooms), id_="new")
    assert {change.kind for change in compare(old, new)} == {"gone", "added"}
