import io

import pypdf
import pypdfium2 as pdfium
import pytest
from pypdf.constants import PageLabelStyle

from retrieval.core.documents import LINE_END_HYPHEN
from retrieval.core.errors import TooManyPages
from retrieval.core.limits import Limits
from retrieval.reading.char_boxes import page_text
from retrieval.reading.pdf import read_pdf
from tests.pdfs import make_pdf


def test_pages_and_offsets_are_those_of_the_file() -> None:
    seen: list[tuple[int, int]] = []
    document = read_pdf(
        make_pdf(["One.\nTwo.", "Three."]), name="a.pdf", document_id="a", on_page=lambda *at: seen.append(at)
    )
    assert [document.text[p.start : p.end].split() for p in document.pages] == [["One.", "Two."], ["Three."]]
    assert [(p.number, p.label) for p in document.pages] == [(1, "1"), (2, "2")]
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_a_hyphen_at_a_line_end_is_told_from_one_within_a_line() -> None:
    text = read_pdf(make_pdf(["The Supplier shall in-\ndemnify a third-party."]), name="a.pdf", document_id="a").text
    assert f"in{LINE_END_HYPHEN}demnify" in text
    assert "third-party" in text


def test_a_character_of_the_text_is_found_again_on_the_page() -> None:
    data = make_pdf(["Payment is due\nwithin thirty days."])
    document = read_pdf(data, name="a.pdf", document_id="a")
    pdf = pdfium.PdfDocument(data)
    textpage = pdf[0].get_textpage()
    assert page_text(textpage) == document.text
    textpage.close()
    pdf.close()


def test_declared_page_labels_are_kept_beside_the_numbers() -> None:
    writer = pypdf.PdfWriter(io.BytesIO(make_pdf(["preface", "body", "body"])))
    writer.set_page_label(0, 0, style=PageLabelStyle.LOWERCASE_ROMAN)
    writer.set_page_label(1, 2, style=PageLabelStyle.DECIMAL, prefix="A-")
    out = io.BytesIO()
    writer.write(out)
    document = read_pdf(out.getvalue(), name="a.pdf", document_id="a")
    assert [(p.number, p.label) for p in document.pages] == [(1, "i"), (2, "A-1"), (3, "A-2")]


def test_too_many_pages_are_refused_with_both_numbers() -> None:
    with pytest.raises(TooManyPages, match="has 3 pages; the limit is 2"):
        read_pdf(make_pdf(["a", "b", "c"]), name="long.pdf", document_id="a", limits=Limits(pages=2))
