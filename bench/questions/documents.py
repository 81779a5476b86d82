"""PDFs of the documents that were written for the questions: contracts, case files, a regulation, amendments.

Their texts lie in `texts/`: paragraphs with an empty line between, `| ` before a line that is printed as it stands,
`===` for a new page. Every person, company and case in them is invented.
"""

import io
import textwrap
from functools import cache
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

TEXTS = Path(__file__).parent / "texts"
WIDTH, LINES = 92, 52  # characters a line, lines a page
MARGIN, TOP = 60, 60


def names() -> tuple[str, ...]:
    """Names of all documents, without an ending."""
    return tuple(sorted(path.stem for path in TEXTS.glob("*.txt")))


@cache
def pdf(name: str) -> bytes:
    """A document as a PDF; the same bytes each time."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setTitle(name)
    for page in _pages((TEXTS / f"{name}.txt").read_text(encoding="utf-8")):
        text = canvas.beginText(MARGIN, A4[1] - TOP)
        text.setFont("Times-Roman", 10.5, leading=13.5)
        text.textLines("\n".join(page), trim=0)
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _pages(text: str) -> list[list[str]]:
    pages: list[list[str]] = []
    for part in text.split("\n===\n"):
        lines = [line for paragraph in part.strip("\n").split("\n\n") for line in [*_lines(paragraph), ""]]
        pages += [lines[at : at + LINES] for at in range(0, len(lines), LINES)]
    return pages


def _lines(paragraph: str) -> list[str]:
    if paragraph.startswith("|"):
        return [line.removeprefix("|").removeprefix(" ") for line in paragraph.splitlines()]
    return textwrap.wrap(" ".join(paragraph.split()), WIDTH)
