"""PDFs whose lines stand where the tests put them, in the order in which they are given."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from tests.pdfs import raw_pdf

FONT = "Times-Roman"


@dataclass(frozen=True)
class Placed:
    """A text at a place, in points from the left and the bottom of the page; without one, a rule of 140 points."""

    x: float
    y: float
    text: str = ""
    size: float = 10
    font: str = FONT


def placed_pdf(*pages: Iterable[Placed]) -> bytes:
    """A PDF of these pages."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    for page in pages:
        for each in page:
            if each.text:
                canvas.setFont(each.font, each.size)
                canvas.drawString(each.x, each.y, each.text)
            else:
                canvas.line(each.x, each.y, each.x + 140, each.y)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def wrapped(text: str, width: float, size: float = 10) -> list[str]:
    """The lines of a text in a column of this width."""
    return [str(line) for line in simpleSplit(text, FONT, size, width)]


def row_by_row(columns: Sequence[Sequence[str]], lefts: Sequence[float], top: float, size: float = 10) -> list[Placed]:
    """Columns of lines beside each other, the first line of each before the second of any."""
    return [
        Placed(x, top - 1.2 * size * i, lines[i], size)
        for i in range(max(map(len, columns)))
        for x, lines in zip(lefts, columns, strict=True)
        if i < len(lines)
    ]


def any_script_pdf(lines: Sequence[str]) -> bytes:
    """One page of lines in any script, drawn from the left in the order of their characters.

    What is seen are letters of Helvetica: a map says which characters they stand for.
    """
    codes = {character: 0x21 + i for i, character in enumerate(dict.fromkeys("".join(lines)))}
    entries = "".join(f"<{code:02x}> <{character.encode('utf-16-be').hex()}>\n" for character, code in codes.items())
    ranges = "begincmap 1 begincodespacerange <00> <ff> endcodespacerange"
    cmap = f"{ranges}\n{len(codes)} beginbfchar\n{entries}endbfchar endcmap"
    shown = (f"<{bytes(codes[character] for character in line).hex()}> Tj 0 -20 Td" for line in lines)
    content = f"BT /F 12 Tf 72 700 Td {' '.join(shown)} ET"
    return raw_pdf(
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R >>",
        f"<< /Length {len(cmap)} >>\nstream\n{cmap}\nendstream",
    )
