"""Words that do not say what a page shows: somebody else's OCR layer, and characters without a meaning."""

from collections.abc import Callable
from pathlib import Path

import pytest
import reportlab
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from retrieval.core.documents import Document
from retrieval.reading.ocr_layer import is_implausible
from retrieval.reading.pdf import read_pdf
from retrieval.reading.recognition import Reading, ReadWord
from retrieval.reading.writing import Grey
from tests.scans import Draw, raw_pdf, scanned, stream

VERA = str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf")
LEASE = "4. Rent. Tenant shall pay rent of $10,500 per month on the first day\nof each month."
BAD = "4. Rent. Tenant sha11 pay rent of $lO,5OO per m0nth on the first day\nof each m0nth."


def invisible(words: str, mode: int = 3) -> Draw:
    """Words over the place where `tests.pdfs.make_pdf` has them, in text render mode 3 or another one."""

    def draw(canvas: Canvas) -> None:
        layer = canvas.beginText(72, 770)
        layer.setFont("Times-Roman", 11, leading=14)
        layer.setTextRenderMode(mode)
        layer.textLines(words)
        canvas.drawText(layer)

    return draw


def reading(words: str) -> Callable[[Grey], Reading]:
    """A recognition that finds these words, 14 points apart, whatever it is shown."""

    def recognise(_: Grey) -> Reading:
        lines = [line.split() for line in words.split("\n")]
        rows = [[word_at(word, i, n) for i, word in enumerate(line)] for n, line in enumerate(lines)]
        return Reading(tuple(map(tuple, rows)), 0.0)

    def word_at(word: str, i: int, n: int) -> ReadWord:
        return ReadWord(word, (60.0 * i, 30.0 * n, 50.0 + 60 * i, 25.0 + 30 * n), 0.93)

    return recognise


def read(data: bytes, recognise: Callable[[Grey], Reading | None] | None = None) -> Document:
    return read_pdf(data, name="a.pdf", document_id="a", recognise=recognise)


def test_a_layer_that_can_be_read_is_kept_as_recognised_text() -> None:
    document = read(scanned(LEASE, draw=invisible(LEASE)), reading("nonsense"))
    assert document.text == LEASE
    assert [(m.start, m.end, m.kind, m.detail) for m in document.remarks] == [(0, len(LEASE), "recognised", "")]
    assert (document.unreadable_pages, document.partly_read_pages) == ((), ())


def test_words_under_a_scan_are_its_layer_however_they_are_written() -> None:
    document = read(scanned(LEASE, below=invisible(LEASE, 0)))
    assert document.text == LEASE
    assert [(m.start, m.end, m.kind) for m in document.remarks] == [(0, len(LEASE), "recognised")]
    assert document.warnings == ()


def test_a_layer_of_other_words_than_its_page_shows_is_recognised_anew() -> None:
    other = "Every notice under this agreement takes effect\nafter somebody posted it to the party that receives it."
    document = read(scanned(LEASE, draw=invisible(other)), reading(LEASE))
    assert document.text == LEASE
    assert {(m.kind, m.detail) for m in document.remarks} == {("recognised", "93")}
    assert read(scanned(LEASE, draw=invisible(LEASE)), reading(LEASE)).remarks_of("recognised")[0].detail == ""


def test_a_bad_layer_is_recognised_anew() -> None:
    document = read(scanned(LEASE, draw=invisible(BAD)), reading(LEASE))
    assert document.text == LEASE
    assert {(m.kind, m.detail) for m in document.remarks} == {("recognised", "93")}
    assert len(document.boxes) == len(LEASE.split())


@pytest.mark.parametrize("recognise", [None, lambda _: None, reading("Rent.")], ids=["off", "failed", "little found"])
def test_a_bad_layer_stays_where_nothing_better_was_found(recognise: Callable[[Grey], Reading | None] | None) -> None:
    document = read(scanned(LEASE, draw=invisible(BAD)), recognise)
    assert document.text == BAD
    assert document.recognised_pages == (1,)


@pytest.mark.parametrize(
    ("words", "bad"),
    [
        (LEASE, False),
        (BAD, True),
        ("The 1st and 2nd notices, Form 10-K, 3M, B2B, Section 4A and A1.", False),
        ("Tl1e Ten ant shali p@y l0O d0llars 0n the f1rst", True),
        ("x q " * 40, True),
        ("", False),
    ],
)
def test_words_that_nobody_writes_are_told(words: str, bad: bool) -> None:
    assert is_implausible(words) is bad


def meaningless(words: str) -> bytes:
    """A page of which the second line is written in numbers of glyphs, by a font that does not say what they mean."""
    face = TTFont("Vera", VERA).face
    glyphs = "".join(f"{face.charToGlyph[ord(character)]:04x}" for character in words)
    widths = " ".join(
        f"{glyph} [{face.getCharWidth(code):.0f}]" for code, glyph in face.charToGlyph.items() if code < 128
    )
    font = Path(VERA).read_bytes()
    content = (
        "BT /T 11 Tf 72 770 Td (LOAN AGREEMENT between the Lender and the Borrower) Tj ET "
        f"BT /V 11 Tf 72 740 Td <{glyphs}> Tj ET BT /T 11 Tf 72 710 Td (4.3 The Borrower may prepay the Loan.) Tj ET"
    )
    return raw_pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /T 5 0 R /V 6 0 R >> >> >>",
        stream(content.encode()),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /V /Encoding /Identity-H /DescendantFonts [7 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /V /CIDToGIDMap /Identity /FontDescriptor 8 0 R "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /W [" + widths.encode() + b"] >>",
        b"<< /Type /FontDescriptor /FontName /V /Flags 4 /FontBBox [0 -250 1000 950] /ItalicAngle 0 /Ascent 930 "
        b"/Descent -240 /CapHeight 730 /StemV 80 /FontFile2 9 0 R >>",
        stream(font, f"/Length1 {len(font)} "),
    )


def test_characters_that_mean_nothing_are_named_or_recognised_in_their_place() -> None:
    words = "4.1 The Borrower shall pay interest at the rate of 9.5 per cent."
    named = read(meaningless(words))
    assert (named.unreadable_pages, named.partly_read_pages) == ((), (1,))
    first, *_, last = named.text.split("\n")
    assert first.startswith("LOAN AGREEMENT")
    assert last.startswith("4.3 The Borrower")
    assert "4.1" not in named.text
    document = read(meaningless(words), reading(words))
    assert document.text.split("\n") == [first, words, last]
    assert (document.partly_read_pages, document.recognised_pages) == ((), (1,))
