"""What a page does not show is not in its text: each case draws SECRET somewhere, or words that have to stay."""

import zlib
from collections.abc import Callable

import pytest
from PIL import Image
from reportlab.lib.colors import Color
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from retrieval.core.documents import Document
from retrieval.reading.pdf import read_pdf
from retrieval.reading.visible import layers_are_off
from tests.hostile import one_page, stream
from tests.pdfs import annotated, drawn

Draw = Callable[[Canvas], object]
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def read(data: bytes) -> Document:
    return read_pdf(data, name="a.pdf", document_id="a")


def words(canvas: Canvas, text: str, y: float = 700, *, gray: float = 0, mode: int = 0, x: float = 72) -> Canvas:
    canvas.setFillGray(gray)
    line = canvas.beginText(x, y)
    line.setTextRenderMode(mode)
    line.textOut(text)
    line.setTextRenderMode(0)
    canvas.drawText(line)
    return canvas


def box(canvas: Canvas, gray: float = 0, alpha: float = 1) -> Canvas:
    """Over the second word of "Pay SECRET now"."""
    canvas.setFillColor(Color(gray, gray, gray, alpha=alpha))
    canvas.rect(92, 697, 45, 12, fill=1, stroke=0)
    return canvas


def picture(shade: int | str, wide: int = 8, high: int = 8) -> ImageReader:
    return ImageReader(Image.new("RGB", (wide, high), (shade,) * 3 if isinstance(shade, int) else shade))


def scan() -> ImageReader:
    """Stripes, as letters are, on a page."""
    image = Image.new("L", (300, 400), 255)
    for x in range(0, 300, 3):
        image.paste(0, (x, 0, x + 1, 400))
    return ImageReader(image)


def in_black_box(canvas: Canvas) -> None:
    box(canvas)
    words(canvas, "SECRET", x=94)


def clipped(canvas: Canvas) -> None:
    canvas.saveState()
    path = canvas.beginPath()
    path.rect(0, 0, 2, 2)
    canvas.clipPath(path, stroke=0)
    words(canvas, "SECRET")
    canvas.restoreState()


def scaled(canvas: Canvas) -> None:
    canvas.saveState()
    canvas.scale(0.05, 0.05)
    words(canvas, "SECRET", 14_000, x=2_000)
    canvas.restoreState()


def transparent(canvas: Canvas) -> None:
    canvas.setFillAlpha(0)
    words(canvas, "SECRET")
    canvas.setFillAlpha(1)


def thick_line(canvas: Canvas) -> None:
    words(canvas, "Pay SECRET now")
    canvas.setLineWidth(12)
    canvas.line(92, 703, 137, 703)


HIDDEN: dict[str, Draw] = {
    "white on white": lambda c: words(c, "SECRET", gray=1),
    "nearly white": lambda c: words(c, "SECRET", gray=0.98),
    "white across black letters": lambda c: (words(c, "Live words that stand here"), words(c, "SECRET", 702, gray=1)),
    "grey on the same grey": lambda c: (
        c.setFillGray(0.9),
        c.rect(50, 600, 400, 150, 0, 1),
        words(c, "SECRET", gray=0.9),
    ),
    "invisible": lambda c: words(c, "SECRET", mode=3),
    "invisible over words": lambda c: (words(c, "Live words that stand here"), words(c, "SECRET", mode=3)),
    "transparent": transparent,
    "tiny": scaled,
    "clipped away": clipped,
    "below the page": lambda c: words(c, "SECRET", -40),
    "right of the page": lambda c: words(c, "SECRET", x=650),
}
COVERED: dict[str, Draw] = {
    "black box": lambda c: (words(c, "Pay SECRET now"), box(c)),
    "white box": lambda c: (words(c, "Pay SECRET now"), box(c, 1)),
    "image": lambda c: (words(c, "Pay SECRET now"), c.drawImage(picture(0), 92, 697, 45, 12)),
    "thick line": thick_line,
    "black on black": in_black_box,
    "box with a label": lambda c: (words(c, "Pay SECRET now"), box(c), words(c, "[redacted]", gray=1, x=94)),
}
SHOWN: dict[str, Draw] = {
    "on a shade": lambda c: (c.setFillGray(0.8), c.rect(70, 690, 200, 20, 0, 1), words(c, "These words stay")),
    "white on black": lambda c: (
        c.setFillGray(0),
        c.rect(70, 690, 200, 20, 0, 1),
        words(c, "These words stay", gray=1),
    ),
    "highlighted": lambda c: (words(c, "These words stay"), box(c, 0.7, alpha=0.4)),
    "outlined": lambda c: (words(c, "These words stay"), c.rect(70, 690, 200, 20)),
    "pale": lambda c: (c.setFont("Times-Roman", 7), words(c, "These words stay", gray=0.75)),
    "on a watermark": lambda c: (c.setFont("Times-Roman", 60), words(c, "These words stay", gray=0.88)),
    "small print": lambda c: (c.setFont("Times-Roman", 3), words(c, "These words stay")),
    "outlines of letters": lambda c: words(c, "These words stay", mode=1),
    "on an image": lambda c: (c.drawImage(picture("lightblue"), 60, 600, 300, 200), words(c, "These words stay")),
    "an invisible layer over a scan": lambda c: (
        c.drawImage(scan(), 0, 0, 595, 842),
        words(c, "These words stay", mode=3),
    ),
    "a layer under a scan": lambda c: (words(c, "These words stay"), c.drawImage(scan(), 0, 0, 595, 842)),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_words_that_nobody_sees_are_taken_out_and_the_page_is_named(name: str) -> None:
    document = read(drawn(lambda c: words(c, "First page."), lambda c: (HIDDEN[name](c), words(c, "Live.", 650))))
    assert "SECRET" not in document.text
    assert "Live." in document.text
    assert {m.kind for m in document.remarks} == {"hidden"}
    assert [(w.page, w.kind) for w in document.warnings] == [(2, "hidden_text")]
    assert "SECRET" not in repr((document.remarks, document.warnings))


@pytest.mark.parametrize("name", COVERED)
def test_words_under_a_box_are_taken_out_as_a_redaction_that_leaks(name: str) -> None:
    document = read(drawn(lambda c: (COVERED[name](c), words(c, "Live.", 650))))
    assert "SECRET" not in document.text
    assert "Live." in document.text
    assert name == "black on black" or document.text.split()[:1] == ["Pay"]
    assert {m.kind for m in document.remarks} == {"covered"}
    assert [(w.page, w.kind) for w in document.warnings] == [(1, "leaking_redaction")]
    assert "SECRET" not in repr((document.remarks, document.warnings))


@pytest.mark.parametrize("name", SHOWN)
def test_words_that_are_seen_stay(name: str) -> None:
    document = read(drawn(lambda c: SHOWN[name](c)))
    assert document.text == "These words stay"
    assert (document.remarks_of("hidden", "covered", "struck"), document.warnings) == ((), ())


def test_words_under_an_annotation_that_is_drawn_are_covered_and_under_a_highlight_are_not() -> None:
    square = "/Subtype /Square /IC [0 0 0] /C [0 0 0] /Rect [92 697 145 712]"
    highlight = "/Subtype /Highlight /C [1 1 0] /Rect [92 697 145 712] /QuadPoints [92 712 145 712 92 697 145 697]"
    line = [(72, 700, "Pay SECRET now")]
    assert read(annotated(line, [square])).text.split() == ["Pay", "now"]
    assert read(annotated(line, [highlight])).text == "Pay SECRET now"


def test_a_box_takes_only_the_letters_that_it_covers_and_the_rest_keep_their_places() -> None:
    document = read(drawn(lambda c: (words(c, "Pay SECRET now"), box(c))))
    assert document.text == "Pay        now"
    (left, _, right, _), *_ = document.boxes[:, 2:].tolist()
    assert (round(left / 10), round(right / 10)) == (72, 88)
    assert [document.text[start:end] for start, end, *_ in document.boxes.tolist()] == ["Pay", "now"]


@pytest.mark.parametrize(("state", "is_off"), [("/OFF [7 0 R]", True), ("/BaseState /OFF", True), ("/OFF []", False)])
def test_words_of_a_layer_that_is_off_are_taken_out(state: str, is_off: bool) -> None:
    properties = b"/OCProperties << /OCGs [7 0 R] /D << %s >> >>" % state.encode()
    resources = b"/Font << /F1 6 0 R >> /Properties << /MC0 7 0 R >>"
    content = b"/OC /MC0 BDC BT /F1 11 Tf 72 600 Td (SECRET terms) Tj ET EMC BT /F1 11 Tf 72 700 Td (Live) Tj ET"
    more = {5: b"null", 6: FONT, 7: b"<< /Type /OCG /Name (Draft) >>"}
    document = read(one_page(content, resources, more, catalog=properties))
    assert ("SECRET" not in document.text) is is_off
    assert "Live" in document.text


def test_words_of_a_form_in_a_layer_that_is_off_are_taken_out() -> None:
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /OC 7 0 R /Resources << /Font << /F1 6 0 R >> >>"
    form = stream(b"BT /F1 11 Tf 72 600 Td (SECRET terms) Tj ET", entries)
    properties = b"/OCProperties << /OCGs [7 0 R] /D << /OFF [7 0 R] >> >>"
    content = b"/X Do BT /F1 11 Tf 72 700 Td (Live) Tj ET"
    more = {5: form, 6: FONT, 7: b"<< /Type /OCG /Name (Draft) >>"}
    document = read(one_page(content, b"/XObject << /X 5 0 R >> /Font << /F1 6 0 R >>", more, catalog=properties))
    assert document.text.split() == ["Live"]


def test_layers_are_found_in_the_catalog_of_a_newer_file() -> None:
    def packed(objects: bytes) -> bytes:
        return b"5 0 obj\n<< /Type /ObjStm /N 1 >>\nstream\n" + zlib.compress(objects) + b"\nendstream"

    assert layers_are_off(packed(b"<< /OCProperties << /D << /OFF [7 0 R] >> >> >>"))
    assert not layers_are_off(packed(b"<< /OCProperties << /D << /OFF [ ] >> >> >>"))
    assert not layers_are_off(packed(b"<< /Type /Catalog >>"))
    assert not layers_are_off(b"5 0 obj\n<< /Type /ObjStm >>\nstream\nnot packed\nendstream")


def test_words_beyond_the_crop_box_are_taken_out() -> None:
    data = drawn(lambda c: (c.setCropBox((0, 500, 595, 842)), words(c, "Live"), words(c, "SECRET", 300)))
    assert read(data).text.split() == ["Live"]


def test_a_line_that_a_page_break_cut_is_read_once_and_is_no_hidden_text() -> None:
    def cut_line(canvas: Canvas) -> None:
        words(canvas, "Live.", 750)
        path = canvas.beginPath()
        path.rect(0, 720, 595, 100)
        canvas.clipPath(path, stroke=0)
        words(canvas, "the lease ends")

    document = read(drawn(cut_line, lambda c: words(c, "the lease ends in May.")))
    assert document.text.split() == "Live. the lease ends in May.".split()
    assert document.warnings == ()


def test_a_line_that_a_margin_cuts_short_stays_whole() -> None:
    def short(canvas: Canvas) -> None:
        path = canvas.beginPath()
        path.rect(0, 0, 110, 842)
        canvas.clipPath(path, stroke=0)
        words(canvas, "These words stay whole")

    assert read(drawn(short)).text == "These words stay whole"


def test_a_turned_page_is_looked_at_as_it_is_shown() -> None:
    def turned(canvas: Canvas) -> None:
        canvas.setPageRotation(90)
        canvas.translate(0, -300)  # the page is 595 points high now
        words(canvas, "Pay SECRET now")
        box(canvas)
        words(canvas, "Live.", 650)

    assert sorted(read(drawn(turned)).text.split()) == ["Live.", "Pay", "now"]
