"""Takes the files out of a PDF that carries some: a portfolio, attachments of the file, and those pinned to a page.

pdfium walks the tree of names and the annotations; it must never run in two threads of one process.
"""

import ctypes
import re
from collections.abc import Iterator
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from retrieval.core.limits import Limits
from retrieval.reading.containers import TOO_LARGE, Member, bounded, path_parts

_MOST_ANNOTATIONS = 20_000  # that are looked at in one file: links are annotations too
_FOLDER = re.compile(r"\A<\d+>")  # of a portfolio, before the name of a file
_FILE = re.compile(rb"/EF\s*<<")  # an embedded file in a file specification


def may_have_attachments(data: bytes) -> bool:
    """Whether a PDF may have files in it: their streams say so, whatever else of the file is packed."""
    return b"EmbeddedFile" in data or _FILE.search(data) is not None


def pdf_members(data: bytes, limits: Limits) -> Iterator[Member]:
    """The files in a PDF, first those of the file, then those of its pages; none where it cannot be opened."""
    try:
        pdf = pdfium.PdfDocument(data)
    except pdfium.PdfiumError:  # whoever reads its text says what is wrong with it
        return
    try:
        yield from bounded(_attachments(pdf), _member, limits, "further attachments", "a file")
    finally:
        pdf.close()


def _attachments(pdf: pdfium.PdfDocument) -> Iterator[Any]:
    for index in range(pdfium_c.FPDFDoc_GetAttachmentCount(pdf)):
        if attachment := pdfium_c.FPDFDoc_GetAttachment(pdf, index):
            yield attachment
    left = _MOST_ANNOTATIONS
    for index in range(len(pdf)):
        try:
            page = pdf[index]
        except pdfium.PdfiumError:
            continue
        try:
            for at in range(min(pdfium_c.FPDFPage_GetAnnotCount(page), left)):
                left -= 1
                yield from _pinned(page, at)
        finally:
            page.close()


def _pinned(page: pdfium.PdfPage, at: int) -> Iterator[Any]:
    """The file of an annotation, if it has one."""
    if annotation := pdfium_c.FPDFPage_GetAnnot(page, at):
        try:
            is_file = pdfium_c.FPDFAnnot_GetSubtype(annotation) == pdfium_c.FPDF_ANNOT_FILEATTACHMENT
            if is_file and (attachment := pdfium_c.FPDFAnnot_GetFileAttachment(annotation)):
                yield attachment
        finally:
            pdfium_c.FPDFPage_CloseAnnot(annotation)


def _member(attachment: Any, most: int) -> Member:
    path = path_parts(_FOLDER.sub("", _name(attachment)))
    size = ctypes.c_ulong()
    if not pdfium_c.FPDFAttachment_GetFile(attachment, None, 0, size):
        return Member(path, None, "its bytes are not in the file")
    if size.value > most:
        return Member(path, None, TOO_LARGE)
    buffer = ctypes.create_string_buffer(size.value)
    pdfium_c.FPDFAttachment_GetFile(attachment, buffer, size, size)
    return Member(path, buffer.raw[: size.value])


def _name(attachment: Any) -> str:
    size = min(pdfium_c.FPDFAttachment_GetName(attachment, None, 0), 8_000)  # bytes of UTF-16, a final zero among them
    buffer = ctypes.create_string_buffer(size)
    pdfium_c.FPDFAttachment_GetName(attachment, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw.decode("utf-16-le", "replace").rstrip("\0")
