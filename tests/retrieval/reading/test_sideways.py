"""Pages that are shown on their side: their lines come in reading order, whichever way they run."""

import io

import pypdf
import pytest
from reportlab.pdfgen.canvas import Canvas

from retrieval.reading.pdf import read_pdf
from tests.pdfs import drawn

LINES = [
    "1. Purpose. The parties wish to discuss the sale of the",
    "foundry at Marlow in the spring of that year.",
    "2. Term. This Agreement ends three years after its date.",
]


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
@pytest.mark.parametrize("shown", [0, 90, 180, 270])
def test_lines_come_in_reading_order_whichever_way_they_run(turned: int, shown: int) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.translate(300, 300)
        canvas.rotate(turned)
        for row, line in enumerate(LINES):
            canvas.drawString(-200, 100 - 15 * row, line)

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(drawn(draw)))
    writer.pages[0].rotate(shown)
    data = io.BytesIO()
    writer.write(data)
    document = read_pdf(data.getvalue(), name="x.pdf", document_id="d")
    assert document.text.split() == " ".join(LINES).split()


def test_blocks_that_run_down_keep_their_order_and_upright_lines_theirs() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(200, 40, "Page 7")
        canvas.translate(300, 400)
        canvas.rotate(270)
        for block in range(2):
            for row, line in enumerate(LINES):
                canvas.drawString(-100 - 20 * block, 100 - 100 * block - 15 * row, line)

    document = read_pdf(drawn(draw), name="x.pdf", document_id="d")
    assert document.text.split() == ["Page", "7", *" ".join(LINES).split(), *" ".join(LINES).split()]
