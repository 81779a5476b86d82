"""Table of the file formats: how each is recognised, and what makes a document of it, or takes files out of it.

A new format is a row here and a converter beside `pdf.py`. Converters run in a process of their own
(`converter_process`), for what a file holds may bring its process down; elsewhere a file is only recognised, by a few
bytes at known places (`Peek`): by its first ones; by the names within, where it is one of the many kinds of ZIP or OLE
files; and where nothing marks it, as with text, by its suffix and bytes that can be text.
"""

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from retrieval.core.documents import Document
from retrieval.core.errors import DamagedFile, EmptyFile, UnsupportedFormat
from retrieval.core.limits import Limits
from retrieval.reading import attachments, html, images, mail, markdown, outlook, pdf, plain_text
from retrieval.reading.containers import Member, zip_members
from retrieval.reading.coverage import Recognise

HEAD = 1 << 16  # bytes at the beginning of a file
_PDF_HEAD = 1024  # within so many, PDF readers accept junk before %PDF- (ISO 32000-1, annex H)
_NAMES_READ = 1 << 20  # bytes of the directory of a ZIP
_OLE_NAMES_READ = 1 << 14  # of that of an OLE file, 128 an entry: the first ones tell
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_END = b"PK\x05\x06"
_ZIP64 = 0xFFFFFFFF  # stands for an offset that is written elsewhere; then what stands before the end is looked at
_ZIP_END_WITHIN = (1 << 16) + 22  # bytes of the end of a ZIP: its last record, and a comment behind it


class Converter(Protocol):
    """Makes a document of a file's bytes. Raises the UnreadableFile family."""

    def __call__(
        self,
        data: bytes,
        *,
        name: str,
        document_id: str,
        limits: Limits,
        on_page: Callable[[int, int], None],
        recognise: Recognise | None,
    ) -> Document:
        """`on_page(page, pages)` is called after each page, and for page 0 when the file is open.

        Of `limits` a converter minds pages, characters and labels, without which each page's label is its number and
        nothing of the file is read for it; whoever started its process minds time and memory. `recognise` reads the
        words of an image; without it the pages that need it are unreadable.
        """


@dataclass(frozen=True, slots=True)
class Peek:
    """What the format of a file is told by: its name in small letters, its first `HEAD` bytes, and, of a ZIP or OLE
    file, where the names within it stand.
    """

    name: str
    head: bytes
    names: bytes

    def is_zip_with(self, *names: bytes) -> bool:
        """Whether it is a ZIP that has members of all these names, or of names with these parts."""
        return self.head.startswith(_ZIP) and all(name in self.names for name in names)

    def is_ole_with(self, name: str) -> bool:
        """Whether it is an OLE file that has a stream of this name."""
        return self.head.startswith(_OLE) and name.encode("utf-16-le") in self.names


@dataclass(frozen=True, slots=True)
class Format:
    """One row of the table; `convert`, `members` or both.

    `as_pdf` turns the bytes into a PDF that the page renderer draws; without it the file has no page images, and its
    pages are shown as text.
    """

    name: str  # as messages have it
    suffixes: tuple[str, ...]  # of file names, the usual one first
    media_type: str
    recognises: Callable[[Peek], bool]
    convert: Converter | None = None  # None: it is no document itself
    version: int = 1  # of the converter; raised when the same bytes would give another text
    members: Callable[[bytes, Limits], Iterator[Member]] | None = None  # the files within it
    may_have_members: Callable[[bytes], bool] = lambda _data: True  # a cheap sign, looked for outside of the cage
    as_pdf: Callable[[bytes], bytes] | None = None


def _is_archive(peek: Peek) -> bool:
    """Whether it is a ZIP of files, not one of the formats that are ZIP files themselves (Office, OpenDocument,
    Pages and its kin).
    """
    parts = (b"[Content_Types].xml", b"mimetypeapplication/", b"META-INF/manifest.xml", b"Index/Document.iwa")
    return (
        peek.is_zip_with()
        and bool(peek.names)
        and not any(part in peek.names or part in peek.head[:200] for part in parts)
    )


def _is_text(suffixes: tuple[str, ...]) -> Callable[[Peek], bool]:
    return lambda peek: peek.name.endswith(suffixes) and plain_text.is_plausible(peek.head)


_EMBEDDED = b"word/embeddings/"  # where a Word file has the files that are in it


def _read_word(data: bytes, **options: Any) -> Document:
    from retrieval.reading.docx import read_docx  # it loads lxml, which few processes need

    return read_docx(data, **options)


def _files_in_word(data: bytes, limits: Limits) -> Iterator[Member]:
    return zip_members(data, limits, _EMBEDDED.decode())


def _image(name: str, suffixes: tuple[str, ...], media_type: str, recognises: Callable[[bytes], bool]) -> Format:
    return Format(
        name,
        suffixes,
        media_type,
        lambda peek: recognises(peek.head),
        images.read_image,
        pdf.CONVERTER_VERSION,
        as_pdf=images.as_pdf,
    )


_HTML, _MAIL, _MARKDOWN, _TEXT = (".html", ".htm", ".xhtml"), (".eml",), (".md", ".markdown"), (".txt", ".text")

# In the order in which they are asked: what has no mark of its own comes after all that has one.
FORMATS = {
    row.name: row
    for row in (
        Format(
            "PDF",
            (".pdf",),
            "application/pdf",
            lambda peek: pdf.is_pdf(peek.head[:_PDF_HEAD]) and not peek.head.startswith((_ZIP, _OLE)),
            pdf.read_pdf,
            pdf.CONVERTER_VERSION,
            members=attachments.pdf_members,
            may_have_members=attachments.may_have_attachments,
            as_pdf=lambda data: data,
        ),
        Format(
            "DOCX",
            (".docx", ".docm", ".dotx"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            lambda peek: peek.is_zip_with(b"[Content_Types].xml", b"word/") or peek.is_ole_with("EncryptedPackage"),
            _read_word,
            2,
            members=_files_in_word,
            may_have_members=lambda data: _EMBEDDED in data,
        ),
        _image("JPEG", (".jpg", ".jpeg"), "image/jpeg", images.is_jpeg),
        _image("PNG", (".png",), "image/png", images.is_png),
        _image("TIFF", (".tif", ".tiff"), "image/tiff", images.is_tiff),
        Format("ZIP", (".zip",), "application/zip", _is_archive, members=zip_members),
        Format(
            "MSG",
            (".msg",),
            "application/vnd.ms-outlook",
            lambda peek: peek.is_ole_with("__substg1.0_"),
            outlook.read_msg,
            2,
            members=outlook.msg_members,
        ),
        Format(
            "EML",
            _MAIL,
            "message/rfc822",
            lambda peek: _is_text(_MAIL)(peek) and mail.is_mail(peek.head),
            mail.read_eml,
            2,
            members=mail.eml_members,
        ),
        Format("HTML", _HTML, "text/html", _is_text(_HTML), html.read_html, 2),
        Format("MD", _MARKDOWN, "text/markdown", _is_text(_MARKDOWN), markdown.read_markdown, 2),
        Format("TXT", _TEXT, "text/plain", _is_text(_TEXT), plain_text.read_text, 2),
    )
}
SUFFIXES = tuple(suffix for row in FORMATS.values() for suffix in row.suffixes)
NAMES = ", ".join(list(FORMATS)[:-1]) + f" or {list(FORMATS)[-1]}"


def format_of(file: bytes | BinaryIO, name: str) -> Format:
    """The format of a file, given whole or to be sought in.

    Raises EmptyFile, DamagedFile for one that was cut off before what tells its format, or UnsupportedFormat for a file
    of none.
    """
    peek = _peek(io.BytesIO(file) if isinstance(file, bytes) else file, name)
    if not peek.head or peek.head.startswith(_ZIP_END):  # or a ZIP of nothing
        raise EmptyFile(name=name)
    if peek.head.startswith((_ZIP, _OLE)) and not peek.names:
        raise DamagedFile(name=name)
    found = next((row for row in FORMATS.values() if row.recognises(peek)), None)
    if found is None:
        raise UnsupportedFormat(name=name, formats=NAMES, way_out=_way_out(peek))
    return found


def without_suffix(name: str) -> str:
    """A file's name without the suffix of its format."""
    return next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)), name)


def _peek(file: BinaryIO, name: str) -> Peek:
    file.seek(0)
    head = file.read(HEAD)
    names = b""
    if head.startswith(_ZIP):
        names = _zip_names(file)
    elif head.startswith(_OLE) and len(head) > 512:
        sector = 1 << min(head[30], 12)
        file.seek((int.from_bytes(head[48:52], "little") + 1) * sector)  # where its directory begins, or past the end
        names = file.read(_OLE_NAMES_READ)
    return Peek(name.lower(), head, names)


def _zip_names(file: BinaryIO) -> bytes:
    """The directory of a ZIP, as far as it is read here."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _ZIP_END_WITHIN))
    end = file.read(_ZIP_END_WITHIN)
    at = end.rfind(_ZIP_END)
    if at < 0 or at + 20 > len(end):
        return b""
    length, start = struct.unpack_from("<II", end, at + 12)
    if start == _ZIP64:
        return end[:at]
    file.seek(start)
    return file.read(min(length, _NAMES_READ))


# What users have that is not read, by suffix, and what they can do about it.
_PRINT = "Save or print it as PDF and add that file."
_AS_TEXT = "If it is a text, let its name end in .txt; else save or print it as PDF. Then add that file."
_WORD = "Open it in Word or LibreOffice, save it as .docx or PDF, and add that file."
_UNPACK = "Unpack it and add the files in it, or pack them as a ZIP."
_WAYS_OUT = {
    (".doc", ".dot", ".rtf", ".odt", ".fodt", ".wpd", ".wps"): _WORD,
    (".pages",): "Open it in Pages, export it as PDF or .docx, and add that file.",
    (".xls", ".xlsx", ".xlsm", ".xlsb", ".ods", ".csv", ".numbers"): "Print its sheets to a PDF and add that file.",
    (".ppt", ".pptx", ".pptm", ".odp", ".key"): "Export its slides as PDF and add that file.",
    (".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz"): _UNPACK,
    (".pst", ".ost", ".mbox", ".olm"): "Save its messages as .eml or .msg files and add those.",
    (".heic", ".heif", ".gif", ".webp", ".bmp", ".avif", ".svg"): "Save the picture as JPEG or PNG and add that file.",
    (".mp3", ".mp4", ".m4a", ".mov", ".wav", ".avi"): "Have it transcribed and add the transcript.",
    (
        ".txt",
        ".text",
        ".md",
        ".htm",
        ".html",
        ".eml",
    ): "Open it in an editor, save it as UTF-8 text, and add that.",
}


def _way_out(peek: Peek) -> str:
    if peek.is_ole_with("WordDocument") or peek.head.startswith(b"{\\rtf"):
        return _WORD
    other = _AS_TEXT if plain_text.is_plausible(peek.head) else _PRINT
    return next((way for suffixes, way in _WAYS_OUT.items() if peek.name.endswith(suffixes)), other)
