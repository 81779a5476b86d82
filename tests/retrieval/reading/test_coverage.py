"""What a page shows, and what of it is read."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from retrieval.core.documents import Document
from retrieval.core.limits import Limits
from retrieval.reading.images import read_image
from retrieval.reading.pdf import read_pdf
from retrieval.reading.recognition import Reading, ReadWord
from retrieval.reading.writing import Grey
from tests.pdfs import SHOWS_PICTURE, annotated, make_pdf
from tests.scans import Draw, cropped, drawn, of_pictures, photograph, picture, raw_pdf, scanned, stream, strips

LEASE = """4. Rent. Tenant shall pay rent of $10,500 per month on the first day
of each month, without notice, demand or set-off of any kind.
5. Deposit. Tenant has paid a deposit of $31,500, which Landlord shall
hold in trust for the term of this lease."""
STAMP = "Case 2:24-cv-01873-MRH-JPD  Document 118-4  Filed 09/16/24  Page 2 of 4  PageID #: 2212"
BODY = "\n".join(f"{n}. The Supplier shall keep each record of part {n} for seven years." for n in range(1, 30))
WORDS = cropped(picture(LEASE))


def read(data: bytes) -> Document:
    return read_pdf(data, name="a.pdf", document_id="a")


def beside(canvas: Canvas, lines: list[str], draw: Draw) -> None:
    """Text, and something else on its page."""
    drawing = canvas.beginText(72, 770)
    drawing.setFont("Times-Roman", 11, leading=14)
    drawing.textLines("\n".join(lines))
    canvas.drawText(drawing)
    draw(canvas)


def image(canvas: Canvas, shown: Image.Image, left: float, bottom: float, width: float) -> None:
    canvas.drawImage(ImageReader(shown), left, bottom, width, width * shown.height / shown.width)


def outlines(canvas: Canvas, top: float = 700) -> None:
    """Words drawn as shapes: a square for each stroke of each letter, as drawing programs convert them."""
    shades = np.array(cropped(picture(LEASE, dots=72), 0))
    height, width = shades.shape
    for y in range(height):
        x = 0
        while x < width:
            run = x
            while run < width and shades[y, run] < 140:
                run += 1
            if run > x:
                canvas.rect(72 + x, top - y, run - x, 1, stroke=0, fill=1)
            x = max(run, x + 1)


NOT_READ: dict[str, Callable[[], bytes]] = {
    "a scan": lambda: scanned(LEASE),
    "a scan with a filing stamp": lambda: scanned(LEASE, draw=lambda c: c.drawString(60, 820, STAMP)),
    "a scan of strips in forms": lambda: drawn(strips(picture(LEASE), 12)),
    "a scan on its side": lambda: of_pictures([picture(LEASE, turned=90)]),
    "a pale scan": lambda: of_pictures([picture(LEASE).point(lambda shade: 170 + shade // 4)]),
    "white words on black": lambda: of_pictures([picture(LEASE).point(lambda shade: 255 - shade)]),
    "words drawn as shapes": lambda: drawn(outlines),
}


def hidden_picture(how: str) -> bytes:
    """A page whose words are in the picture of a stamp annotation, or of a pattern that fills a rectangle."""
    words = picture(LEASE, dots=100)
    image = f"/Type /XObject /Subtype /Image /Width {words.width} /Height {words.height} /ColorSpace /DeviceGray "
    drawing = stream(b"595 0 0 842 0 0 cm /I Do", "/Type /XObject /Subtype /Form /BBox [0 0 595 842] " + RESOURCES)
    tile = "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 595 842] /XStep 595 /YStep 842 "
    stamp = b"<< /Type /Annot /Subtype /Stamp /F 4 /Rect [0 0 595 842] /AP << /N 4 0 R >> >>"
    is_stamp = how == "stamp"
    return raw_pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Pattern << /P 4 0 R >> >> "
        + (b"/Annots [6 0 R] >>" if is_stamp else b"/Contents 6 0 R >>"),
        drawing if is_stamp else stream(b"595 0 0 842 0 0 cm /I Do", tile + RESOURCES),
        stream(words.tobytes(), image + "/BitsPerComponent 8 "),
        stamp if is_stamp else stream(b"/Pattern cs /P scn 0 0 595 842 re f"),
    )


RESOURCES = "/Resources << /XObject << /I 5 0 R >> >> "
NOT_READ |= {
    "a picture in a stamp annotation": lambda: hidden_picture("stamp"),
    "a picture in a pattern": lambda: hidden_picture("pattern"),
}

READ_IN_PART: dict[str, Draw] = {
    "a picture of words": lambda c: image(c, WORDS, 72, 200, 400),
    "words drawn as shapes": lambda c: outlines(c, 200),
}

READ: dict[str, Draw] = {
    "nothing else": lambda _: None,
    "a photograph": lambda c: image(c, photograph(), 72, 60, 400),
    "a logo of a word": lambda c: image(c, cropped(picture("ACME")), 72, 60, 200),
    "a seal": lambda c: image(c, seal(), 72, 60, 160),
    "a signature": lambda c: image(c, signature(), 72, 60, 200),
    "a table's rules": lambda c: c.grid([72 + 40 * n for n in range(12)], [60 + 15 * n for n in range(20)]),
    "a dotted line": lambda c: [c.circle(72 + 4 * n, 60, 0.7, fill=1) for n in range(100)],
    "a watermark": lambda c: (
        c.setFillGray(0.8),
        c.rotate(50),
        c.setFont("Helvetica", 120),
        c.drawString(200, 0, "DRAFT"),
    ),
}


def seal() -> Image.Image:
    shown = Image.new("L", (400, 400), 255)
    pen = ImageDraw.Draw(shown)
    for radius in (190, 180, 120):
        pen.ellipse((200 - radius, 200 - radius, 200 + radius, 200 + radius), outline=0, width=3)
    for n in range(24):
        letter = Image.new("L", (400, 400), 0)
        ImageDraw.Draw(letter).text((190, 25), "NOTARYPUBLIC"[n % 12], fill=255, font_size=30)
        shown.paste(0, mask=letter.rotate(15 * n))
    return shown


def signature() -> Image.Image:
    shown = Image.new("L", (400, 120), 255)
    curve = [(20 + 3 * n, 60 + (30 - n / 5) * ((n * n) % 7 - 3) / 3) for n in range(120)]
    ImageDraw.Draw(shown).line(curve, fill=30, width=3)
    return shown


@pytest.mark.parametrize("data", NOT_READ.values(), ids=NOT_READ)
def test_a_page_whose_words_are_in_a_picture_is_unreadable(data: Callable[[], bytes]) -> None:
    document = read(data())
    assert (document.unreadable_pages, document.partly_read_pages) == ((1,), ())


@pytest.mark.parametrize("draw", READ_IN_PART.values(), ids=READ_IN_PART)
def test_a_page_of_text_that_shows_other_words_too_is_read_in_part(draw: Draw) -> None:
    document = read(drawn(lambda canvas: beside(canvas, BODY.split("\n")[:20], draw)))
    assert (document.unreadable_pages, document.partly_read_pages) == ((), (1,))
    assert document.text.startswith("1. The Supplier")


@pytest.mark.parametrize("draw", READ.values(), ids=READ)
def test_what_has_no_words_makes_no_page_unreadable(draw: Draw) -> None:
    document = read(drawn(lambda canvas: beside(canvas, BODY.split("\n"), draw)))
    assert (document.unreadable_pages, document.partly_read_pages) == ((), ())


def test_an_empty_page_and_an_empty_scan_are_read() -> None:
    assert read(make_pdf(["", "words"])).unreadable_pages == ()
    assert read(of_pictures([Image.new("L", (800, 1100), 236)])).unreadable_pages == ()


@pytest.mark.parametrize("kind", ["/Stamp", "/Square", "/FreeText", "/Widget /FT /Btn /Ff 65536", "/Widget /FT /Sig"])
def test_a_picture_of_words_in_an_annotation_is_seen(kind: str) -> None:
    shown = Image.new("L", (600, 150), 255)
    for line in range(2):
        ImageDraw.Draw(shown).text((20, 15 + 60 * line), "Received by the clerk on 4 March", fill=0, font_size=32)
    lines = [(72, 700 - 14 * k, line) for k, line in enumerate(BODY.split("\n")[:10])]
    annotation = f"/Subtype {kind} /T (a) /Rect [100 300 300 350] {SHOWS_PICTURE}"
    data = annotated(lines, [annotation], picture="200 0 0 50 0 0 cm /Im Do", image=shown.tobytes())
    assert read(data).partly_read_pages == (1,)


def test_a_long_picture_is_read_in_bands_that_cut_no_line() -> None:
    strip = Image.new("L", (400, 4_000), 255)
    pen = ImageDraw.Draw(strip)
    for row in range(130):
        pen.text((20, 20 + 30 * row), f"Line {row} of a talk that goes on.", fill=0, font_size=20)
    bands: list[Grey] = []

    def recognise(image: Grey) -> Reading:
        bands.append(image)
        box = (10.0, 10.0, 60.0, 30.0)
        return Reading(((ReadWord(f"band{len(bands)}", box, 0.9),),), 0)

    data = io.BytesIO()
    strip.save(data, "PNG")
    document = read_image(
        data.getvalue(), name="x.png", document_id="d", limits=Limits(), on_page=lambda *_: None, recognise=recognise
    )
    assert len(bands) == 2
    assert all(np.ptp(edge) < 100 for band in bands for edge in (band[0], band[-1]))
    assert document.text.split() == [f"band{n + 1}" for n in range(len(bands))]
    highs = [int(top) for *_, top in document.boxes.tolist()]
    assert highs == sorted(highs, reverse=True)
