"""The table of formats: what is recognised by its first bytes, and what is not."""

import pytest

from retrieval.core.errors import EmptyFile, UnreadableFile, UnsupportedFormat
from retrieval.reading.formats import FORMATS, format_of, without_suffix
from tests.pdfs import make_pdf


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"junk before\n%PDF-2.0", "PDF"),
        (b" " * 1019 + b"%PDF-1.7", "PDF"),
        (make_pdf(["Words."]), "PDF"),
    ],
)
def test_a_file_is_recognised_by_its_first_bytes_whatever_its_name(head: bytes, name: str) -> None:
    assert format_of(head, "x.doc") is FORMATS[name]


@pytest.mark.parametrize(
    ("head", "error", "sentence"),
    [
        (b"", EmptyFile, "“x.pdf” is empty."),
        (b"PK\x03\x04 a Word file", UnsupportedFormat, "“x.pdf” is not a PDF, "),
        (b" " * 1020 + b"%PDF-1.7", UnsupportedFormat, "“x.pdf” is not a PDF, "),
    ],
)
def test_a_file_of_no_format_is_refused_with_the_formats_there_are(
    head: bytes, error: type[UnreadableFile], sentence: str
) -> None:
    with pytest.raises(error) as raised:
        format_of(head, "x.pdf")
    assert str(raised.value).startswith(sentence)


@pytest.mark.parametrize(
    ("name", "without"), [("lease.pdf", "lease"), ("lease.pdf.pdf", "lease.pdf"), ("lease.v2", "lease.v2"), ("", "")]
)
def test_a_suffix_of_a_format_is_taken_off_once(name: str, without: str) -> None:
    assert without_suffix(name) == without
