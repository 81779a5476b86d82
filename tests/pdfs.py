"""PDFs that the tests make for themselves."""

import io
from collections.abc import Sequence

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas


def make_pdf(pages: Sequence[str], *, title: str = "Test agreement") -> bytes:
    """One PDF page for each string; each line of it is drawn as it stands, 11 point on 14."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setTitle(title)
    for page in pages:
        text = canvas.beginText(72, A4[1] - 72)
        text.setFont("Times-Roman", 11, leading=14)
        text.textLines(page, trim=0)
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def drawings(pages: int) -> bytes:
    """Pages that show a shape and say nothing, as scans do."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    for _ in range(pages):
        canvas.rect(100, 100, 200, 200, fill=1)
        canvas.showPage()
    canvas.save()
    return out.getvalue()
