"""Writes what a converter made of a file as JSON, and reads it: for the pipe of its process and for the text store.

{"text": str, "pages": [[number, label, start, end, readable, partly, bates, exhibit]],
 "remarks": [[start, end, kind, words, detail]], "warnings": [[page, kind, text]], "boxes": [int]}

What an older version wrote has fewer fields; the last ones of a page, and all but text and pages, may be missing.
"""

from typing import Any, get_args

import numpy as np

from retrieval.core.documents import Document, Page, ReadingWarning, Remark, RemarkKind, WarningKind, no_boxes

_REMARK_KINDS, _WARNING_KINDS = set(get_args(RemarkKind)), set(get_args(WarningKind))


def to_json(document: Document) -> dict[str, Any]:
    """All of a document but its id, name and version."""
    return {
        "text": document.text,
        "pages": [
            [p.number, p.label, p.start, p.end, p.readable, p.partly, p.bates, p.exhibit] for p in document.pages
        ],
        "remarks": [[m.start, m.end, m.kind, m.words, m.detail] for m in document.remarks],
        "warnings": [[w.page, w.kind, w.text] for w in document.warnings],
        "boxes": document.boxes.ravel().tolist(),
    }


def from_json(body: dict[str, Any], *, document_id: str, name: str, version: int) -> Document:
    """A document from what `to_json` made of it. Raises ValueError, KeyError and TypeError for anything else."""
    boxes = np.array(body["boxes"], np.int32).reshape(-1, 6) if body.get("boxes") else no_boxes()
    return Document(
        document_id,
        name,
        str(body["text"]),
        tuple(_page(*row) for row in body["pages"]),
        version,
        tuple(_remark(*row) for row in body.get("remarks", ())),
        tuple(_warning(*row) for row in body.get("warnings", ())),
        boxes,
    )


def _page(number: int, label: str, start: int, end: int, readable: bool, partly: bool = False, *named: str) -> Page:
    return Page(int(number), str(label), int(start), int(end), bool(readable), bool(partly), *map(str, named))


def _remark(start: int, end: int, kind: RemarkKind, words: str, detail: str) -> Remark:
    if kind not in _REMARK_KINDS:
        raise ValueError("no such kind of remark")
    return Remark(int(start), int(end), kind, str(words), str(detail))


def _warning(page: int | None, kind: WarningKind, text: str) -> ReadingWarning:
    if kind not in _WARNING_KINDS:
        raise ValueError("no such kind of warning")
    return ReadingWarning(None if page is None else int(page), kind, str(text))
