"""The table of formats: what is recognised by its bytes or, where nothing marks them, by its name; and what is not."""

import io
from pathlib import Path

import pytest

from retrieval.core.errors import DamagedFile, EmptyFile, UnreadableFile, UnsupportedFormat
from retrieval.reading.formats import FORMATS, NAMES, format_of, without_suffix
from tests.mail_files import eml, msg, ole
from tests.pdfs import make_pdf
from tests.retrieval.reading.test_containers import zipped

WORD = zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"})
SHEETS = zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<w/>"})
OPEN_TEXT = zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "META-INF/manifest.xml": b"<w/>"})


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"junk before\n%PDF-2.0", "PDF"),
        (b" " * 1019 + b"%PDF-1.7", "PDF"),
        (make_pdf(["Words."]), "PDF"),
        (zipped({"a.pdf": make_pdf(["Words."])}, 0), "ZIP"),
        (zipped({f"{n:0>200}.txt": b"x" for n in range(2_000)}), "ZIP"),
        (zipped({"a.txt": b"x"}) + b"comment" * 99, "ZIP"),
        (WORD, "DOCX"),
        (zipped({f"word/media/{n}.png": b"x" for n in range(3_000)} | {"[Content_Types].xml": b"<Types/>"}), "DOCX"),
        (ole({"EncryptedPackage": b"x"}), "DOCX"),
        (msg("words"), "MSG"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_with_a_mark_is_recognised_by_it_whatever_its_name(data: bytes, name: str) -> None:
    assert format_of(data, "x.doc") is FORMATS[name]
    assert format_of(io.BytesIO(data), "x.txt") is FORMATS[name]


@pytest.mark.parametrize(
    ("data", "file", "name"),
    [
        (b"words", "notes.TXT", "TXT"),
        ("words".encode("utf-16"), "notes.txt", "TXT"),
        (b"# words", "notes.md", "MD"),
        (b"<p>words", "page.htm", "HTML"),
        (eml("words").as_bytes(), "mail.eml", "EML"),
    ],
)
def test_a_text_is_recognised_by_its_name_and_bytes_that_can_be_text(data: bytes, file: str, name: str) -> None:
    assert format_of(data, file) is FORMATS[name]
    with pytest.raises(UnsupportedFormat):
        format_of(data, "noname")
    with pytest.raises(UnsupportedFormat):
        format_of(b"\0\1\2" * 99, file)


@pytest.mark.parametrize(
    ("data", "file", "way_out"),
    [
        (b" " * 1020 + b"%PDF-1.7", "x.pdf", "PDF"),
        (b"\0\1\2" * 99, "x.bin", "Save or print it as PDF"),
        (b"The rent is due.", "README", ".txt"),
        (zipped({"Index/Document.iwa": b"x", "preview.jpg": b"x"}), "x.pages", "Pages"),
        (b"\0\0\0\x18ftypheic\0", "x.heic", "JPEG"),
        (ole({"WordDocument": b"x"}), "x.doc", ".docx"),
        (b"{\\rtf1 words}", "x.rtf", ".docx"),
        (OPEN_TEXT, "x.odt", ".docx"),
        (SHEETS, "x.xlsx", "sheets"),
        (b"x", "x.pptx", "slides"),
        (b"Rar!", "x.rar", "ZIP"),
        (b"From x\n", "x.mbox", ".eml"),
    ],
)
def test_a_file_of_no_format_is_refused_with_the_formats_there_are_and_a_way_out(
    data: bytes, file: str, way_out: str
) -> None:
    with pytest.raises(UnsupportedFormat) as raised:
        format_of(data, file)
    assert str(raised.value) == f"“{file}” is not a {NAMES}."
    assert way_out in raised.value.hint


def test_the_guide_names_every_format_with_its_suffixes() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "formats.md").read_text("utf-8")
    rows = [line for line in guide.split("\n") if line.startswith("| ")]
    for row in FORMATS.values():
        assert [suffix for suffix in row.suffixes if not any(f"`{suffix}`" in each for each in rows)] == []


@pytest.mark.parametrize("data", [b"", zipped({})], ids=["of no bytes", "an archive of nothing"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    with pytest.raises(EmptyFile) as raised:
        format_of(data, "x.zip")
    assert isinstance(raised.value, UnreadableFile)


@pytest.mark.parametrize("data", [WORD, ole({"WordDocument": b"x"})], ids=["ZIP", "OLE"])
def test_a_file_that_was_cut_off_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedFile):
        format_of(data[:60], "x.docx")


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("lease.pdf", "lease"),
        ("lease.pdf.pdf", "lease.pdf"),
        ("lease.docx", "lease"),
        ("mail.eml", "mail"),
        ("lease.v2", "lease.v2"),
        ("", ""),
    ],
)
def test_a_suffix_of_a_format_is_taken_off_once(name: str, without: str) -> None:
    assert without_suffix(name) == without
