"""The body of a document runs on past its footnotes, whose words are a flow of their own."""

import pytest

from retrieval.core.documents import Document, Page, Remark
from retrieval.structure.clauses import outline, pin_cite
from retrieval.structure.layout import working_text
from retrieval.structure.phrase_search import each_mention, in_context
from retrieval.structure.quote_match import find_quote
from retrieval.structure.reflow import own_spans, own_words
from retrieval.structure.sentences import note_units, sentences

FIRST = "1. Renewal. The option is exercised only by written notice delivered to the Landlord at least\n"
NOTE = "3 See Lease, Exhibit 7, where the parties agreed upon a different form and"
SECOND = "two hundred seventy days before the end of the term.\n2. Rent. The tenant pays the rent each month.\n"
REST = "a later day, which the letter names."


@pytest.fixture
def document() -> Document:
    first, second = FIRST + NOTE, SECOND + REST
    text = f"{first}\f{second}"
    pages = (Page(1, "1", 0, len(first)), Page(2, "2", len(first) + 1, len(text)))
    notes = (
        Remark(len(FIRST), len(first), "footnote", detail="3"),
        Remark(len(text) - len(REST), len(text), "footnote"),
    )
    return Document("x", "x.pdf", text, pages, remarks=notes)


def test_a_sentence_runs_on_past_a_footnote(document: Document) -> None:
    sentence = next(s for s in sentences(document) if "notice" in document.slice(s))
    assert own_words(document, sentence).endswith(
        "delivered to the Landlord at least two hundred seventy days before the end of the term."
    )
    above, below = own_spans(document, sentence)
    assert document.slice(above).strip().endswith("to the Landlord at least")
    assert document.slice(below).strip() == SECOND.split("\n")[0]


def test_a_footnote_goes_on_on_the_next_page(document: Document) -> None:
    (note,) = note_units(document)
    assert own_words(document, note.span) == f"{NOTE} {REST}"
    assert note.kind == "sentence"
    assert pin_cite(document, note.span).section == "Footnote 3"
    assert pin_cite(document, document.span(note.span.end - 5, note.span.end)).section == "Footnote 3"


@pytest.mark.parametrize(
    "phrase",
    ["at least two hundred seventy days", "agreed upon a different form and a later day", "the rent each month"],
)
def test_a_phrase_is_found_in_either_flow(document: Document, phrase: str) -> None:
    (mention,) = each_mention(document, phrase)
    assert own_words(document, mention) == phrase
    assert str(in_context(document, mention)).count(phrase) == 1
    found = find_quote(document, phrase)
    assert found is not None
    assert found.span == mention


def test_footnotes_are_no_clauses_and_stand_last_in_what_is_indexed(document: Document) -> None:
    assert [clause.number for clause in outline(document)] == ["1", "2"]
    words = working_text(document, 0, len(document.text))
    assert "at least two hundred seventy days" in words
    assert words.endswith(REST)


def test_a_line_that_both_of_two_pages_begin_with_runs_above_them() -> None:
    pages = [
        "ICA No. 20118 - Final award\n" + "The tribunal heard the witnesses of each side.\n" * 4 + "The operator pays",
        "ICA No. 20118 - Final award\nfour thousand dirhams in each year.\n" + "The claim is dismissed.\n" * 4,
    ]
    text = "\f".join(pages)
    spans = (Page(1, "1", 0, len(pages[0])), Page(2, "2", len(pages[0]) + 1, len(text)))
    assert len(list(each_mention(Document("x", "x.pdf", text, spans), "pays four thousand dirhams"))) == 1
