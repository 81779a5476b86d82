"""Struck words are known as deleted, however the line through them is drawn; other lines strike nothing."""

from collections.abc import Callable

import pytest
from reportlab.pdfgen.canvas import Canvas

from retrieval.core.documents import Document
from retrieval.reading.pdf import read_pdf
from retrieval.reading.struck import named_pages
from retrieval.structure.clauses import outline
from tests.pdfs import annotated, drawn

Draw = Callable[[Canvas], object]


def read(data: bytes) -> Document:
    return read_pdf(data, name="a.pdf", document_id="a")


def struck_words(document: Document) -> list[str]:
    return [remark.words for remark in document.remarks_of("struck")]


def text(canvas: Canvas, words: str = "Live GONE words", y: float = 700) -> Canvas:
    """The second word of the usual line reaches from 94 to 127."""
    canvas.drawString(72, y, words)
    return canvas


def one_path(canvas: Canvas) -> None:
    text(canvas)
    text(canvas, y=650)
    path = canvas.beginPath()
    for y in (703, 653):
        path.moveTo(94, y)
        path.lineTo(127, y)
    canvas.drawPath(path)


def turned(canvas: Canvas) -> None:
    canvas.translate(300, 300)
    canvas.rotate(90)
    canvas.translate(-72, -700)
    text(canvas)
    canvas.line(94, 703, 127, 703)


def in_a_table(canvas: Canvas) -> None:
    for k in range(4):
        canvas.line(60, 712 - 15 * k, 500, 712 - 15 * k)
    text(canvas)
    canvas.line(94, 703, 127, 703)


STRIKES: dict[str, Draw] = {
    "line": lambda c: (text(c), c.line(94, 703, 127, 703)),
    "coloured line": lambda c: (text(c), c.setStrokeColorRGB(1, 0, 0), c.line(94, 703, 127, 703)),
    "bar": lambda c: (text(c), c.rect(94, 703, 33, 0.7, stroke=0, fill=1)),
    "two lines": lambda c: (text(c), c.line(94, 702, 127, 702), c.line(94, 704, 127, 704)),
    "before the words": lambda c: (c.line(94, 703, 127, 703), text(c)),
    "one path": one_path,
    "turned": turned,
    "in a table": in_a_table,
}


def watermark_in_a_table(canvas: Canvas) -> None:
    canvas.saveState()
    canvas.setFont("Times-Roman", 90)
    canvas.translate(100, 300)
    canvas.rotate(40)
    canvas.drawString(0, 0, "DRAFT")
    canvas.restoreState()
    for x in range(60, 500, 10):
        for y in range(290, 600, 20):
            canvas.line(x, y, x, y + 18)


NO_STRIKES: dict[str, Draw] = {
    "short rules across a watermark": watermark_in_a_table,
    "underline": lambda c: (text(c), c.line(94, 698.5, 127, 698.5)),
    "rule above": lambda c: (text(c), c.line(60, 711, 400, 711)),
    "rule that runs on": lambda c: (text(c), c.line(60, 703, 500, 703)),
    "blank to fill in": lambda c: (text(c, "Live ________ words"), c.line(94, 703, 137, 703)),
    "white line": lambda c: (text(c), c.setStrokeGray(1), c.line(94, 703, 127, 703)),
    "fraction": lambda c: (text(c, "1", 706), c.line(70, 704, 80, 704), text(c, "2", 693)),
    "frame": lambda c: (text(c), c.rect(70, 690, 300, 25)),
}


@pytest.mark.parametrize("name", STRIKES)
def test_a_line_through_words_deletes_them(name: str) -> None:
    document = read(drawn(STRIKES[name]))
    assert set(document.text.split()) == {"Live", "words"}
    assert set(struck_words(document)) == {"GONE"}
    assert [w.kind for w in document.warnings] == ["redline"]


@pytest.mark.parametrize("name", NO_STRIKES)
def test_other_lines_delete_nothing(name: str) -> None:
    document = read(drawn(NO_STRIKES[name]))
    assert (document.remarks, document.warnings) == ((), ())


def test_a_strike_out_annotation_deletes_its_words_and_a_note_on_it_is_a_comment() -> None:
    quad = "/QuadPoints [96 710 132 710 96 698 132 698] /Rect [96 698 132 710]"
    line = [(72, 700, "Live GONE words")]
    document = read(annotated(line, [f"/Subtype /StrikeOut {quad} /Contents (per client) /T (Ann Lee)"]))
    assert document.text.split() == ["Live", "words"]
    assert struck_words(document) == ["GONE"]
    assert [(m.words, m.detail) for m in document.remarks_of("comment")] == [("per client", "Ann Lee")]
    hidden = read(annotated(line, [f"/Subtype /StrikeOut {quad} /F 2"]))
    assert hidden.text == "Live GONE words"


BY_HAND = {
    "line": "/Subtype /Line /L [95 704 128 704.6] /Rect [93 702 130 706]",
    "ink": "/Subtype /Ink /InkList [[95 704 103 705.5 111 702.5 119 705 128 703.5]] /Rect [93 700 130 708]",
    "several lines": "/Subtype /PolyLine /Vertices [95 704 110 704.5 128 704] /Rect [93 700 130 708]",
    "bar": "/Subtype /Square /IC [1 0 0] /Rect [95 703.5 128 704.5]",
    "strike-out without quads": "/Subtype /StrikeOut /Rect [95 698 128 709]",
}
NOT_BY_HAND = {
    "underline": "/Subtype /Ink /InkList [[95 698 128 698]] /Rect [93 697 130 699]",
    "circle": "/Subtype /Ink /InkList [[92 704 111 714 131 704 111 694 92 704]] /Rect [90 692 133 716]",
    "highlighter": "/Subtype /Ink /CA .4 /InkList [[95 704 128 704]] /Rect [93 698 130 710]",
    "frame": "/Subtype /Square /Rect [94 696 129 712]",
    "line that runs on": "/Subtype /Line /L [60 704 500 704] /Rect [60 702 500 706]",
    "nothing": "/Subtype /Ink /InkList [[]] /Rect [95 702 128 706]",
}


@pytest.mark.parametrize("name", [*BY_HAND, *NOT_BY_HAND])
def test_a_line_that_an_annotation_draws_through_words_deletes_them(name: str) -> None:
    document = read(annotated([(72, 700, "Live GONE words")], [(BY_HAND | NOT_BY_HAND)[name]]))
    assert struck_words(document) == (["GONE"] if name in BY_HAND else [])


def test_a_redline_reads_as_its_live_words_and_a_struck_clause_is_gone_with_its_heading() -> None:
    def page(canvas: Canvas) -> None:
        canvas.drawString(72, 700, "5.1 Term. The term is")
        canvas.drawString(172, 700, "three years")
        canvas.line(172, 703, 221, 703)
        canvas.setFillColorRGB(0, 0, 1)
        canvas.drawString(226, 700, "five years")
        canvas.line(226, 698.5, 270, 698.5)
        canvas.setFillGray(0)
        for y, words in ((680, "5.2 Exclusivity. The Licensee is"), (666, "exclusive in all countries.")):
            canvas.drawString(72, y, words)
            canvas.line(72, y + 3, 72 + canvas.stringWidth(words, "Times-Roman", 11), y + 3)
        canvas.drawString(72, 646, "5.3 Royalty. The royalty is six percent.")

    document = read(drawn(page))
    assert (
        " ".join(document.text.split()) == "5.1 Term. The term is five years 5.3 Royalty. The royalty is six percent."
    )
    assert struck_words(document) == ["three years", "5.2 Exclusivity. The Licensee is exclusive in all countries."]
    inserted = document.remarks_of("inserted")
    assert [document.text[m.start : m.end] for m in inserted] == ["five years"]
    at, end = document.text.index("The term"), document.text.index("5.3")
    ranges = ((inserted[0].start, inserted[0].end), (at, end), (end, end + 9))
    states = [document.status_of([document.span(*each)]) for each in ranges]
    assert states == ["inserted", "partly_inserted", ""]
    blanks = [row for row in document.boxes.tolist() if document.text[row[0] : row[1]].isspace()]
    edges = [edge for row in blanks for edge in (row[2], row[4])]
    assert edges == pytest.approx([1720, 2200, 720, 2130, 720, 1845], abs=10)
    assert [w.text for w in document.warnings] == [
        "2 passages are struck out on page 1; they are left out of what is read and searched as live text."
    ]
    assert [clause.number for clause in outline(document)] == ["5.1", "5.3"]


def test_coloured_underlined_words_are_insertions_only_in_a_redline() -> None:
    def inserted(canvas: Canvas) -> None:
        canvas.setFillColorRGB(0, 0, 1)
        canvas.drawString(72, 700, "blue words")
        canvas.line(72, 698.5, 120, 698.5)

    assert read(drawn(inserted)).remarks == ()
    both = read(drawn(inserted, STRIKES["line"]))
    assert [m.kind for m in both.remarks] == ["inserted", "struck"]


def test_an_address_in_blue_is_no_insertion() -> None:
    def address(canvas: Canvas) -> None:
        STRIKES["line"](canvas)
        canvas.setFillColorRGB(0, 0, 1)
        canvas.drawString(72, 600, "ann@lee.example")
        canvas.line(72, 598.5, 145, 598.5)
        canvas.drawString(72, 500, "our terms")
        canvas.line(72, 498.5, 113, 498.5)
        canvas.linkURL("https://lee.example", (70, 495, 120, 512))

    assert [m.kind for m in read(drawn(address)).remarks] == ["struck"]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([3], "page 3"),
        ([3, 3], "page 3"),
        ([1, 2], "pages 1 and 2"),
        ([9, 1, 4, 5, 3], "pages 1, 3 to 5 and 9"),
        (list(range(1, 60, 2)), "pages 1, 3, 5, 7, 9, 11, 13, 15, 17 and more"),
    ],
)
def test_pages_are_named_in_words(numbers: list[int], words: str) -> None:
    assert named_pages(numbers) == words
