"""Words of images: read in whatever way they lie, in a process that may fail without the document."""

import io
import multiprocessing
from collections.abc import Iterator

import numpy as np
import pypdfium2 as pdfium
import pytest
from numpy.typing import NDArray

from retrieval.core.documents import Document
from retrieval.core.limits import Limits
from retrieval.reading.converter_process import ConverterProcess
from retrieval.reading.line_order import in_order
from retrieval.reading.pdf import read_pdf
from retrieval.reading.recognition import Recogniser
from tests.pdfs import make_pdf
from tests.scans import cropped, of_pictures, picture

RENT = "Tenant shall pay rent of $10,500 per month\non the first day of each month."

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser()


@pytest.fixture(scope="module")
def mixed() -> bytes:
    """A page of text, a scan of two lines, and a page of text."""
    pdf = pdfium.PdfDocument(make_pdf(["One."]))
    for more in (of_pictures([picture(RENT, dots=200)]), make_pdf(["Three."])):
        pdf.import_pages(pdfium.PdfDocument(more))
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


@pytest.fixture
def converter(request: pytest.FixtureRequest) -> Iterator[ConverterProcess]:
    converter = ConverterProcess(request.param)
    yield converter
    converter.stop()
    assert multiprocessing.active_children() == []


def converted(converter: ConverterProcess, data: bytes) -> tuple[Document, list[int]]:
    seen: list[int] = []
    done = converter.convert(data, name="x.pdf", document_id="x", on_page=lambda page, _: seen.append(page))
    return done.document, seen


@pytest.mark.parametrize("turned", [0, 90, 180, 270, 4])
def test_lines_are_read_whichever_way_they_lie(recogniser: Recogniser, turned: int) -> None:
    image = cropped(picture(RENT, dots=150, turned=turned), 40)
    reading = recogniser.read(np.array(image))
    assert "\n".join(" ".join(word.text for word in row) for row in reading.rows) == RENT
    assert reading.unread == 0


@pytest.mark.parametrize("converter", [Limits()], indirect=True)
def test_a_scanned_page_among_others_is_recognised_with_its_places(converter: ConverterProcess, mixed: bytes) -> None:
    document, seen = converted(converter, mixed)
    assert seen == [1, 2, 3]
    assert document.text == f"One.\f{RENT}\fThree."
    assert (document.unreadable_pages, document.partly_read_pages, document.recognised_pages) == ((), (), (2,))
    assert [document.text[m.start : m.end] for m in document.remarks_of("recognised")] == RENT.split("\n")
    assert all(90 <= int(m.detail) <= 100 for m in document.remarks)
    known = read_pdf(make_pdf([RENT]), name="x.pdf", document_id="x")
    assert overlap(document, boxes_of(make_pdf([RENT]), known)) > 0.6


def boxes_of(data: bytes, document: Document) -> NDArray[np.float64]:
    """The boxes of the words of a page of text."""
    pdf = pdfium.PdfDocument(data)
    textpage = pdf[0].get_textpage()
    boxes = []
    at = 0
    for word in document.text.split():
        at = document.text.index(word, at)
        of_word = np.array([textpage.get_charbox(i, loose=True) for i in range(at, at + len(word))])
        boxes.append([*of_word[:, :2].min(axis=0), *of_word[:, 2:].max(axis=0)])
        at += len(word)
    textpage.close()
    pdf.close()
    return np.array(boxes)


def overlap(document: Document, boxes: NDArray[np.float64]) -> float:
    """The mean overlap of the boxes of words on page 2, as the share of both that they have in common."""
    found = document.boxes_on(document.pages[1])[:, 2:] / 10
    low, high = np.maximum(found[:, :2], boxes[:, :2]), np.minimum(found[:, 2:], boxes[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = [np.prod(each[:, 2:] - each[:, :2], axis=1) for each in (found, boxes)]
    return float(np.mean(shared / (areas[0] + areas[1] - shared)))


@pytest.mark.parametrize("converter", [Limits(ocr_seconds=0.01), Limits(ocr_mib=256), Limits(ocr=False)], indirect=True)
def test_a_page_that_cannot_be_recognised_is_named_and_the_rest_is_read(
    converter: ConverterProcess, mixed: bytes
) -> None:
    document, seen = converted(converter, mixed)
    assert (document.text, seen) == ("One.\f\fThree.", [1, 2, 3])
    assert (document.unreadable_pages, document.recognised_pages) == ((2,), ())


def line(left: float, top: float, width: float, height: float = 20, skew: float = 0.0) -> NDArray[np.float32]:
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) + np.array([left, top])
    sine, cosine = np.sin(skew), np.cos(skew)
    return np.array(corners @ np.array([[cosine, sine], [-sine, cosine]]), np.float32)


def test_columns_of_prose_are_read_one_after_the_other_under_their_heading() -> None:
    heading, foot = line(100, 0, 700), line(100, 900, 700)
    left = [line(0, 100 + 30 * n, 400) for n in range(4)]
    right = [line(500, 100 + 30 * n, 400) for n in range(4)]
    mingled = [row for pair in zip(left, right, strict=True) for row in pair]
    for skew in (0.0, 0.03):
        turned = [line(*_left_top(each), _width(each), skew=skew) for each in (foot, *mingled, heading)]
        assert in_order(turned) == [[9], [1], [3], [5], [7], [2], [4], [6], [8], [0]]


def _left_top(corners: NDArray[np.float32]) -> tuple[float, float]:
    return float(corners[0, 0]), float(corners[0, 1])


def _width(corners: NDArray[np.float32]) -> float:
    return float(corners[1, 0] - corners[0, 0])


def test_cells_of_a_table_are_read_row_by_row() -> None:
    cells = [line(x, 100 + 30 * n, width) for n in range(4) for x, width in ((600, 80), (0, 300), (800, 90))]
    assert in_order(cells) == [[1, 0, 2], [4, 3, 5], [7, 6, 8], [10, 9, 11]]
