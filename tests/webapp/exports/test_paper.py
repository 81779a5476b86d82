"""An answer that is taken along, as text, HTML and a Word file: its words, warnings and notes, what was searched."""

import io
import zipfile
from typing import Any

import pytest
from docx import Document
from lxml import etree

from tests.webapp.exports.turns import AT, PLACE, cited, documents, mentions, sentence, turn
from webapp.core.results import NamedRow
from webapp.exports.memo import to_docx
from webapp.exports.paper import STOPPED, Origin, Paper, paper_of, paper_of_answer
from webapp.exports.plain_text import to_text
from webapp.exports.rich_text import to_fragment, to_page
from webapp.store.conversations import SavedTurn

TEXT = "The rent is “$1” [1]. It is late [2].\n1. It is $2 [1].\n- A **bold** claim."
OTHER = {"section": "Section 9 (Audit)", "page": 8, "page_label": "8"}
ANSWERED = turn(
    TEXT,
    citations=[cited(1), cited(2, None, **OTHER), cited(1, None)],
    sentences=[
        sentence("“$1” [1].", TEXT, at=[0]),
        sentence("late [2].", TEXT, "compared", "", at=[1]),
        sentence("$2 [1].", TEXT, "unsupported", "", doubt="not in the cited passage: $2", at=[2]),
        sentence("claim.", TEXT, "uncited", ""),
    ],
)


def address(row: NamedRow) -> str:
    return f"https://firm.example/{row.document_id[:3]}.pdf#page={getattr(row, 'page', 0)}"


ORIGIN = Origin("Acme", "Ann", address)
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
EVIL = "<b>x</b> \x00\x01\x0b\ud800\ufffe =1+1 \u202egnp.exe ]]> &amp; \U0001f600"


def parts(paper: Paper) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(to_docx(paper, who="Ann", at=AT))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def words(xml: bytes) -> str:
    return "".join(node.text or "" for node in etree.fromstring(xml).iter(f"{W}t"))


def test_text_has_the_warnings_one_number_a_place_and_what_was_searched() -> None:
    assert to_text(paper_of_answer(ANSWERED)) == (
        "Of 4 sentences, marked: 1 “not confirmed”, 1 “no citation”.\n\n"
        "The rent is “$1” [1]. ✓ It is late [2]. ≈\n\n"
        "1. It is $2 [1]. (! not confirmed: not in the cited passage: $2)\n"
        "- A bold claim. (! no citation)\n\n"
        "[1] lease.pdf, Section 2 (Rent), p. 1 (PDF page 3): “the rent is $1”\n"
        "[2] lease.pdf, Section 9 (Audit), p. 8\n\n"
        "✓ word for word on the page\n≈ figures and names compared; meaning not read\n"
        "Searched 2 documents, 14 pages; 2 pages unreadable; read 2 of the 9 passages found.\n"
        "Pages 3-4 of lease.pdf could not be read."
    )


def test_html_has_the_same_with_links_to_places_that_have_an_address() -> None:
    html = to_fragment(paper_of_answer(ANSWERED, ORIGIN))
    assert "The rent is “$1”<sup>1</sup>." in html
    assert '<ol><li value="1">It is $2<sup>1</sup>.' in html
    assert "(! not confirmed: not in the cited passage: $2)" in html
    assert "(! no citation)" in html
    assert "A <b>bold</b> claim." in html
    assert '[2] <a href="https://firm.example/ddd.pdf#page=8">lease.pdf, Section 9 (Audit), p. 8</a>' in html
    assert html.count("<a ") == 2
    assert "<a " not in to_fragment(paper_of_answer(ANSWERED))
    gone = turn("It is [1].", citations=[cited(removed=True)])
    assert "<a " not in to_fragment(paper_of_answer(gone, ORIGIN))


def test_a_memo_has_real_footnotes_and_a_place_that_is_cited_again_refers_to_its_own() -> None:
    files = parts(paper_of([ANSWERED], ORIGIN))
    document, notes = etree.fromstring(files["word/document.xml"]), etree.fromstring(files["word/footnotes.xml"])
    references = [node.get(f"{W}id") for node in document.iter(f"{W}footnoteReference")]
    assert references == ["1", "2"]
    texts = {node.get(f"{W}id"): "".join(node.itertext()) for node in notes if node.get(f"{W}type") is None}
    assert (
        texts["1"]
        .strip()
        .startswith("lease.pdf, Section 2 (Rent), p. 1 (PDF page 3): “the rent is $1” (✓ word for word on the page;")
    )
    assert texts["2"].strip() == "lease.pdf, Section 9 (Audit), p. 8 (≈ figures and names compared; meaning not read)"
    [again] = [node.text for node in document.iter(f"{W}instrText")]
    bookmarks = [node.get(f"{W}name") for node in document.iter(f"{W}bookmarkStart")]
    assert str(again).split()[:2] == ["NOTEREF", bookmarks[0]]
    assert b'TargetMode="External"' in files["word/_rels/footnotes.xml.rels"]
    assert b"https://firm.example/ddd.pdf#page=8" in files["word/_rels/footnotes.xml.rels"]
    read = Document(io.BytesIO(to_docx(paper_of([ANSWERED], ORIGIN), who="Ann", at=AT)))
    assert (read.core_properties.title, read.core_properties.author) == ("Why?", "Ann")
    told = [paragraph.text for paragraph in read.paragraphs]
    assert told[1] == "Asked by Ann on November 27, 2026, 09:05 UTC · Acme · Written by saul"
    assert told[-1] == "Pages 3-4 of lease.pdf could not be read."
    assert "1.\tIt is $21. (! not confirmed: not in the cited passage: $2)" in told  # the number is raised


def test_a_conversation_is_one_paper_whose_notes_go_on_and_which_says_what_is_left_out() -> None:
    paper = paper_of([ANSWERED, ANSWERED], ORIGIN, left_out=1)
    assert [note.number for note in paper.notes] == [1, 2, 3, 4]
    for text in (to_text(paper), to_page(paper), words(parts(paper)["word/document.xml"])):
        assert "It is late" in text
    for text in (to_page(paper), words(parts(paper)["word/document.xml"])):
        assert "2 questions in Acme" in text
        assert "1 question left out, with what draws on privileged documents." in text


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (turn("Half", state="stopped", citations=[]), STOPPED),
        (turn("", found=False, error="The engine is away.", hint="Wait."), "The engine is away. Wait."),
        (documents(("a.pdf", "found", "$5"), ("b.pdf", "not_read", "")), "b.pdf\tNot read"),
        (documents(("a.pdf", "found", "$5"), ("b.pdf", "not_found", "")), "a.pdf\tFound\t“$5”\tSection 2 (Rent)"),
        (mentions("rent", ("the ", "rent", " is")), "lease.pdf, Section 2 (Rent), p. 1 (PDF page 3): the rent is"),
    ],
)
def test_every_kind_of_turn_can_be_taken_along_and_says_what_was_searched(made: SavedTurn, expected: str) -> None:
    paper = paper_of([made], ORIGIN)
    assert expected in to_text(paper)
    text = words(parts(paper)["word/document.xml"])
    for each in (to_text(paper), to_page(paper), text):
        assert "2 pages unreadable" in each
    assert expected.partition("\t")[0] in text


def test_what_is_hostile_is_words_in_every_file() -> None:
    place: dict[str, Any] = PLACE | {"document": EVIL, "section": EVIL}
    evil = turn(f"{EVIL} [1].", EVIL, citations=[cited(**place)], notices=[{"error": EVIL, "hint": EVIL}])
    paper = paper_of([evil], ORIGIN)
    for html in (to_page(paper), to_fragment(paper)):
        assert "<b>x" not in html
        assert "&lt;b&gt;x" in html
    for part, xml in parts(paper).items():
        if part.endswith((".xml", ".rels")):
            etree.fromstring(xml)  # it is well formed
    text = words(parts(paper)["word/document.xml"])
    assert "<b>x</b>  =1+1 gnp.exe ]]> &amp; \U0001f600" in text
    for out in (text, to_text(paper), to_page(paper)):
        assert not set("\x00\x01\x0b\ud800\ufffe\u202e") & set(out)
