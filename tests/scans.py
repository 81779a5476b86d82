"""Scans that the tests make for themselves: pages as pictures, with or without words in the file."""

import io
from collections.abc import Callable, Sequence

import numpy as np
import pypdfium2 as pdfium
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from tests.pdfs import make_pdf

Draw = Callable[[Canvas], object]


def picture(page: str, *, dots: float = 150, turned: int = 0) -> Image.Image:
    """A page of text as a grey picture, turned by so many degrees to the left."""
    pdf = pdfium.PdfDocument(make_pdf([page]))
    image: Image.Image = pdf[0].render(scale=dots / 72, grayscale=True).to_pil()
    pdf.close()
    return image.rotate(turned, expand=True, fillcolor=255)


def cropped(image: Image.Image, margin: int = 20) -> Image.Image:
    """What of a picture has ink, with a little round it."""
    left, top, right, bottom = image.point(lambda shade: 255 * (shade < 128)).getbbox() or (0, 0, 1, 1)
    return image.crop((left - margin, top - margin, right + margin, bottom + margin))


def scanned(*pages: str, dots: float = 150, draw: Draw = lambda _: None, below: Draw = lambda _: None) -> bytes:
    """Pages of text as full-page pictures alone; `draw` draws on each, `below` under its picture."""
    return of_pictures([picture(page, dots=dots) for page in pages], draw=draw, below=below)


def of_pictures(pictures: Sequence[Image.Image], *, draw: Draw = lambda _: None, below: Draw = lambda _: None) -> bytes:
    """The same of pictures that are there."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    for each in pictures:
        below(canvas)
        canvas.drawImage(ImageReader(each), 0, 0, *A4)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def photograph(width: int = 600, height: int = 400) -> Image.Image:
    """Something with shades and edges and no words: hills before a sky, with the grain of a film."""
    x, y = np.meshgrid(np.linspace(0, 12, width), np.linspace(0, 1, height))
    hills = 0.55 + 0.12 * np.sin(x) + 0.05 * np.sin(3.7 * x + 1)
    shade = np.where(y < hills, 225 - 60 * y, 60 + 90 * y + 25 * np.sin(40 * x * y))
    grain = np.random.default_rng(1).normal(0, 9, shade.shape)
    return Image.fromarray(np.clip(shade + grain, 0, 255).astype(np.uint8))


def strips(image: Image.Image, count: int) -> Draw:
    """Draw a picture as so many strips, each an image of its own in a form of its own."""
    height = image.height // count

    def draw(canvas: Canvas) -> None:
        for n in range(count):
            part = image.crop((0, n * height, image.width, (n + 1) * height))
            canvas.beginForm(f"strip{n}")
            canvas.drawImage(ImageReader(part), 0, 0, A4[0], A4[1] / count)
            canvas.endForm()
            canvas.saveState()
            canvas.translate(0, A4[1] * (1 - (n + 1) / count))
            canvas.doForm(f"strip{n}")
            canvas.restoreState()

    return draw


def drawn(draw: Draw) -> bytes:
    """One page."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def stream(data: bytes, more: str = "") -> bytes:
    """A stream of bytes with more in its dictionary."""
    return b"<< %b/Length %d >>\nstream\n%b\nendstream" % (more.encode(), len(data), data)


def raw_pdf(*objects: bytes) -> bytes:
    """A PDF of numbered objects, the catalog first."""
    out = b"%PDF-1.4\n"
    starts = []
    for number, each in enumerate(objects, 1):
        starts.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    size = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(out))
    return b"%bxref\n0 %d\n0000000000 65535 f \n%b%b" % (out, size, table, trailer)
