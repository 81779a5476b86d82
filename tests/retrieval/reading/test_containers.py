"""ZIP archives and files within PDFs: what is taken out of them, and what is refused."""

import io
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import replace

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, StreamObject, TextStringObject

from retrieval.core.errors import DamagedFile
from retrieval.core.limits import Limits
from retrieval.reading import containers
from retrieval.reading.attachments import may_have_attachments, pdf_members
from retrieval.reading.containers import Member, is_of_the_system, zip_members
from tests.pdfs import make_pdf


def zipped(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return out.getvalue()


def members(data: bytes, limits: Limits | None = None) -> list[Member]:
    return list(zip_members(data, limits or Limits()))


def test_the_files_of_an_archive_come_with_their_folders() -> None:
    found = members(zipped({"Closing set/": b"", "Closing set/02 Escrow.pdf": b"%PDF", "côté.txt": b"x"}))
    assert found == [Member(("Closing set", "02 Escrow.pdf"), b"%PDF"), Member(("côté.txt",), b"x")]


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("../../etc/passwd", ("etc", "passwd")),
        ("/folder/x.pdf", ("folder", "x.pdf")),
        ("C:\\Users\\x.pdf", ("Users", "x.pdf")),
        ("./a/./b/../x.pdf", ("a", "b", "x.pdf")),
        ("..", ("unnamed",)),
        ("a/" * 50 + "x.pdf", ("a",) * 11 + ("x.pdf",)),
    ],
)
def test_a_path_is_only_a_name(path: str, named: tuple[str, ...]) -> None:
    assert [each.path for each in members(zipped({path: b"x"}))] == [named]


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        (".DS_Store", True),
        ("a/.git/config", True),
        ("__MACOSX/._x.pdf", True),
        ("a/Thumbs.db", True),
        ("~$lease.docx", True),
        ("../lease.pdf", False),
        ("a.b/lease.v2.pdf", False),
    ],
)
def test_files_of_the_system_are_told_from_those_of_people(path: str, hidden: bool) -> None:
    assert is_of_the_system(path) is hidden
    assert bool(members(zipped({path: b"x"}))) is not hidden


def encrypted() -> bytes:
    data = bytearray(zipped({"x.pdf": b"%PDF-1.7"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    return bytes(data)


def linked() -> bytes:
    """An archive of a symbolic link."""
    out = io.BytesIO()
    link = zipfile.ZipInfo("lease.pdf")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(link, b"../lease.pdf")
    return out.getvalue()


def lying() -> bytes:
    """An archive whose member says that it has one byte, and has a million."""
    data = bytearray(zipped({"x.txt": bytes(1_000_000)}))
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 1)
    return bytes(data)


def damaged() -> bytes:
    data = bytearray(zipped({"x.txt": b"some words of a text"}))
    data[40] ^= 0xFF
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "limits", "reason"),
    [
        (encrypted(), Limits(), "it is protected by a password"),
        (
            zipped({"x.bin": bytes(3 << 20)}),
            Limits(),
            "it is packed too tightly for a document, as a trap is",
        ),
        (zipped({"x.bin": b"12" * (1 << 20)}, zipfile.ZIP_STORED), Limits(file_mib=1), "it is larger than the limit"),
        (linked(), Limits(), "it is only a link to another file"),
        (damaged(), Limits(), "it is damaged"),
        (lying(), Limits(), "it is damaged"),
    ],
    ids=["encrypted", "bomb", "large", "link", "damaged", "lying"],
)
def test_a_member_that_is_not_taken_is_named_with_the_reason(data: bytes, limits: Limits, reason: str) -> None:
    [member] = members(data, limits)
    assert (member.data, member.reason) == (None, reason)


def test_members_are_counted_and_their_bytes_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MOST_MEMBERS", 2)
    monkeypatch.setattr(containers, "MOST_BYTES", 5)
    found = members(zipped({"a": b"1234", "b": b"12", "c": b"1", "d": b"1"}))
    assert [(each.path, each.data) for each in found] == [
        (("a",), b"1234"),
        (("b",), None),
        (("2 more files",), None),
    ]


@pytest.mark.parametrize("data", [b"PK\x03\x04 no archive", zipped({"x": b"y"})[:-30]])
def test_a_broken_archive_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedFile):
        members(data)


def portfolio(files: Mapping[str, bytes], pinned: Mapping[str, bytes] | None = None) -> bytes:
    """A PDF with files of its own, and files that are pinned to its page."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(make_pdf(["Cover sheet"]))))
    for name, data in files.items():
        writer.add_attachment(name, data)
    notes = ArrayObject()
    for name, data in (pinned or {}).items():
        stream = StreamObject()
        stream.set_data(data)
        stream[NameObject("/Type")] = NameObject("/EmbeddedFile")
        held = DictionaryObject({NameObject("/F"): writer._add_object(stream)})
        file = {"/Type": NameObject("/Filespec"), "/F": TextStringObject(name), "/EF": held}
        note = {
            "/Type": NameObject("/Annot"),
            "/Subtype": NameObject("/FileAttachment"),
            "/Rect": ArrayObject(map(FloatObject, (10, 10, 30, 30))),
            "/FS": DictionaryObject({NameObject(key): value for key, value in file.items()}),
        }
        notes.append(writer._add_object(DictionaryObject({NameObject(key): value for key, value in note.items()})))
    if notes:
        writer.pages[0][NameObject("/Annots")] = notes
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_the_files_of_a_portfolio_and_those_pinned_to_a_page_are_members() -> None:
    data = portfolio({"01 Lease.pdf": b"%PDF-1", "<4>02 Side.txt": b"side"}, {"../note.txt": b"note"})
    assert may_have_attachments(data)
    assert list(pdf_members(data, Limits())) == [
        Member(("01 Lease.pdf",), b"%PDF-1"),
        Member(("02 Side.txt",), b"side"),
        Member(("note.txt",), b"note"),
    ]


def test_a_pdf_without_files_is_not_opened_for_them() -> None:
    assert not may_have_attachments(make_pdf(["Words."]))


def test_an_attachment_that_is_too_large_is_named() -> None:
    small = replace(Limits(), file_mib=0)
    [member] = pdf_members(portfolio({"big.bin": b"12"}), small)
    assert (member.path, member.data, member.reason) == (("big.bin",), None, "it is larger than the limit")
