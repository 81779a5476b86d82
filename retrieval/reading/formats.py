"""Table of the file formats that become documents: how each is recognised, and what converts it.

A new format is a row here and a converter beside `pdf.py`; the page images and the download still know PDFs alone.
Converters run in a process of their own (`converter_process`), for what a file holds may bring its process down;
elsewhere a file is only recognised, by its first bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from retrieval.core.documents import Document
from retrieval.core.errors import EmptyFile, UnsupportedFormat
from retrieval.core.limits import Limits
from retrieval.reading import pdf
from retrieval.reading.coverage import Recognise

# Bytes at the beginning of a file by which each format is recognised: within so many, PDF readers accept junk before
# %PDF- (ISO 32000-1, annex H).
HEAD = 1024


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
class Format:
    """One row of the table."""

    name: str  # as messages have it
    suffixes: tuple[str, ...]  # of file names, the usual one first
    media_type: str
    recognises: Callable[[bytes], bool]  # whether a file's first `HEAD` bytes are of this format
    convert: Converter
    version: int  # of the converter


FORMATS = {
    row.name: row
    for row in (Format("PDF", (".pdf",), "application/pdf", pdf.is_pdf, pdf.read_pdf, pdf.CONVERTER_VERSION),)
}
NAMES = " or ".join(FORMATS)
SUFFIXES = tuple(suffix for row in FORMATS.values() for suffix in row.suffixes)


def format_of(data: bytes, name: str) -> Format:
    """The format of a file, or of its beginning, by the first `HEAD` bytes.

    Raises EmptyFile, or UnsupportedFormat for a file of none.
    """
    if not data:
        raise EmptyFile(name=name)
    found = next((row for row in FORMATS.values() if row.recognises(data[:HEAD])), None)
    if found is None:
        raise UnsupportedFormat(name=name, formats=NAMES)
    return found


def without_suffix(name: str) -> str:
    """A file's name without the suffix of its format."""
    return next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)), name)
