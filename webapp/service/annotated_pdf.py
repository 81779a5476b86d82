"""Highlights the cited words in a copy of a PDF, as annotations that every PDF reader shows and can remove.

What is written is appended (an incremental update): the bytes of the original stay as they are. pdfium finds where the
words stand and pypdf appends the annotations, in a process of its own with limits of time and memory, as for all work
on what users bring.
"""

import io
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from retrieval import Child, DocumentRecord, Library
from webapp.core.errors import NotAnnotated
from webapp.core.limits import without_codes
from webapp.core.places import place_numbers
from webapp.core.results import TurnResult, mark_of
from webapp.core.wording import cite, marks_in_words
from webapp.service.fair_turns import Deadline
from webapp.service.page_images import PageView, lines_on_page
from webapp.service.page_views import view_of

MOST_BYTES = 64 << 20  # of a PDF; above, pypdf takes more memory and time than a request may
MOST_HIGHLIGHTS = 2_000  # of one PDF
_MEMORY_MIB = 3_072  # of address space: the libraries take 0.6 GB, pypdf ten times the file
_MORE_BYTES = 16 << 20  # that annotations add at most
_LOOK_SECONDS = 0.1
_STATUS_BYTES = 1_000
_COLOURS = {"sure": "ffe680", "part": "fff4bf", "doubt": "ffdcb8", "gone": "e4e4e4"}  # by the style of a mark

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Highlight:
    """The cited words on one page, the style of their mark, and what is written on them: number, pin cite, mark."""

    view: PageView
    style: str
    words: str


def highlights_of(library: Library, record: DocumentRecord, answer: TurnResult) -> list[Highlight]:
    """The cited words on each page of a document; those that are cited twice are highlighted once."""
    found: dict[PageView, list[tuple[str, str]]] = {}
    for at, (number, row) in enumerate(zip(place_numbers(answer.citations), answer.citations, strict=True)):
        if row.document_id != record.id or row.removed or not row.spans:
            continue
        document = library.text(record, row.text_version)
        if document is None:
            continue
        mark = mark_of(answer, at)
        words = without_codes(f"[{number}] {cite(row)} ({marks_in_words([mark])})")
        pages = {document.page_at(start).number for start, _ in row.spans}
        pages |= {document.page_at(max(start, end - 1)).number for start, end in row.spans}
        for page in range(min(pages), max(pages) + 1):
            view = view_of(document, record, page, row.spans, 1.0)
            if view.ranges or view.boxes:
                found.setdefault(view, []).append((mark.style, words))
    return [Highlight(view, each[0][0], "\n".join(words for _, words in each)) for view, each in found.items()]


def annotate(data: bytes, highlights: Sequence[Highlight], note: str, name: str, deadline: Deadline) -> bytes:
    """A copy of a PDF with these highlights; `note` stands on the first page that has one.

    Raises NotAnnotated.
    """
    if len(data) > MOST_BYTES:
        raise NotAnnotated(document=name, reason="it is too large")
    child = Child(_serve, "pincite-annotations", memory_mib=_MEMORY_MIB)
    try:
        pipe = child.pipe()
        pipe.send((tuple(highlights[:MOST_HIGHLIGHTS]), note))
        pipe.send_bytes(data)
        status, reason = json.loads(_message(pipe, _STATUS_BYTES, deadline))
        if status == "done":
            return _message(pipe, len(data) + _MORE_BYTES, deadline)
    except (EOFError, OSError, ValueError) as error:  # it crashed, or sent what is none of its messages
        _log.warning("a PDF was not annotated: %s", type(error).__name__)
        reason = "it could not be read"
    except TimeoutError:
        reason = "it took too long"
    finally:
        child.stop()
    raise NotAnnotated(document=name, reason=_REASONS.get(str(reason), "it could not be read"))


_REASONS = {
    "encrypted": "it is protected",
    "nothing": "its words were not found where they are drawn",
    "it took too long": "it took too long",
}


def _message(pipe: Connection, most_bytes: int, deadline: Deadline) -> bytes:
    while not pipe.poll(_LOOK_SECONDS):
        if deadline.left <= 0 or deadline.given_up:
            raise TimeoutError
    return pipe.recv_bytes(most_bytes)


# What runs in the process


def _serve(pipe: Connection) -> None:
    highlights, note = pipe.recv()
    data = pipe.recv_bytes()
    for name in ("pypdf", "pypdfium2"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        written = _annotated(data, highlights, note)
    except _Refused as refused:
        pipe.send_bytes(json.dumps(["failed", str(refused)]).encode())
    except Exception as error:  # noqa: BLE001 (its message may quote the document)
        pipe.send_bytes(json.dumps(["failed", type(error).__name__]).encode())
    else:
        pipe.send_bytes(json.dumps(["done", ""]).encode())
        pipe.send_bytes(written)


class _Refused(Exception):
    """A PDF that is not annotated, and why."""


def _annotated(data: bytes, highlights: Sequence[Highlight], note: str) -> bytes:
    from pypdf import PdfReader, PdfWriter

    if PdfReader(io.BytesIO(data)).is_encrypted:
        raise _Refused("encrypted")
    placed = _placed(data, highlights)
    if not placed:
        raise _Refused("nothing")
    writer = PdfWriter(io.BytesIO(data), incremental=True)
    for highlight, boxes in placed:
        writer.add_annotation(highlight.view.page - 1, _highlight(highlight, boxes))
    first, boxes = placed[0]
    page = writer.pages[first.view.page - 1]
    writer.add_annotation(page, _note(note, float(page.cropbox.left) + 6, boxes[0][3]))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


Edges = tuple[float, float, float, float]


def _placed(data: bytes, highlights: Sequence[Highlight]) -> list[tuple[Highlight, list[Edges]]]:
    """The highlights whose words are found, each with the boxes of its lines, in points."""
    import pypdfium2 as pdfium

    pdf = pdfium.PdfDocument(data)
    try:
        found = []
        for highlight in highlights:
            if boxes := lines_on_page(pdf, highlight.view):
                found.append((highlight, boxes))
        return found
    finally:
        pdf.close()


def _highlight(highlight: Highlight, boxes: Sequence[Edges]) -> Any:
    from pypdf.annotations import Highlight as Annotation
    from pypdf.generic import ArrayObject, FloatObject, NameObject, TextStringObject

    corners = [
        edge for left, bottom, right, top in boxes for edge in (left, top, right, top, left, bottom, right, bottom)
    ]
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    annotation = Annotation(
        rect=(min(lefts), min(bottoms), max(rights), max(tops)),
        quad_points=ArrayObject([FloatObject(round(edge, 2)) for edge in corners]),
        highlight_color=_COLOURS[highlight.style],
        printing=True,
        title_bar="pincite",
    )
    annotation[NameObject("/Contents")] = TextStringObject(highlight.words)
    return annotation


def _note(words: str, left: float, top: float) -> Any:
    """A note in the margin."""
    from pypdf.annotations import Text

    return Text(text=words, rect=(left, top - 20, left + 20, top), title_bar="pincite")
