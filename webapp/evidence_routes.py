"""The evidence over HTTP: a page as an image with the words highlighted, the original, a passage as text.

The user comes from the request and every id is asked for in their name; what they may not see and what does not exist
are one and the same 404. Nothing is read from a path or a name that the client gives.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from retrieval import Document, DocumentRecord, NoSuchDocument, NoSuchMatter, PinciteError, Span, own_spans, own_words
from webapp.errors import NotAllowed, PageNotShown
from webapp.evidence_urls import Range
from webapp.identity import user_of
from webapp.log import known
from webapp.viewer import PageView, bounded
from webapp.workspace import Workspace

MOST_SPANS = 64  # in one request
# Asked for again each time, so that nobody sees what was deleted or is not theirs any more; mostly answered with 304.
_PRIVATE = {"Cache-Control": "private, no-cache"}

Spans = Annotated[list[str], Query(alias="span", max_length=MOST_SPANS, default_factory=list)]


def evidence_routes(opened: Callable[[], Workspace]) -> APIRouter:
    """The routes; `opened` waits for the stores and raises what keeps them from opening."""
    router = APIRouter(prefix="/matters/{matter_id}/documents")

    @router.get("/{document_id}/pages/{number}.png")
    def page(
        request: Request,
        matter_id: str,
        document_id: str,
        number: int,
        span: Spans,
        zoom: float = 1.0,
    ) -> Response:
        def image(workspace: Workspace, record: DocumentRecord) -> Response:
            view = _view(workspace.library.text(record), record, number, _ranges(span), bounded(zoom))
            tag = f'"{hashlib.sha256(repr(view).encode()).hexdigest()[:32]}"'
            if request.headers.get("if-none-match") == tag:
                return Response(status_code=304, headers=_PRIVATE | {"ETag": tag})
            png = workspace.viewer.image(
                view, record.name, lambda: workspace.library.original(record.matter_id, record.id)
            )
            return Response(png, media_type="image/png", headers=_PRIVATE | {"ETag": tag})

        return _answered(request, opened, matter_id, document_id, image)

    @router.get("/{document_id}.pdf")
    def original(request: Request, matter_id: str, document_id: str) -> Response:
        def pdf(workspace: Workspace, record: DocumentRecord) -> Response:
            data = workspace.library.original(record.matter_id, record.id)
            headers = _PRIVATE | {"Content-Disposition": _inline(record.name)}
            return Response(data, media_type="application/pdf", headers=headers)

        return _answered(request, opened, matter_id, document_id, pdf)

    @router.get("/{document_id}/text")
    def text(request: Request, matter_id: str, document_id: str, span: Spans) -> Response:
        def words(workspace: Workspace, record: DocumentRecord) -> Response:
            document = workspace.library.document(record.matter_id, record.id)
            return PlainTextResponse(own_words(document, *_spans(document, _ranges(span))), headers=_PRIVATE)

        return _answered(request, opened, matter_id, document_id, words)

    return router


class _Malformed(Exception):
    """A span that is none."""


def _answered(
    request: Request,
    opened: Callable[[], Workspace],
    matter_id: str,
    document_id: str,
    answer: Callable[[Workspace, DocumentRecord], Response],
) -> Response:
    """`answer` for a document that the user of the request may see; an error as its sentence and its hint."""
    try:
        workspace = opened()
        user = user_of(request, workspace)
        return answer(workspace, workspace.access.record(user, matter_id, document_id))
    except (NoSuchMatter, NoSuchDocument):
        return _told(NoSuchDocument(document="…"), 404)
    except _Malformed:
        return Response(status_code=422)
    except Exception as error:
        told = known(error)
        return _told(told, 403 if isinstance(told, NotAllowed) else 404 if isinstance(told, PageNotShown) else 503)


def _told(error: PinciteError, status: int) -> Response:
    return JSONResponse({"error": str(error), "hint": error.hint}, status, headers={"Cache-Control": "no-store"})


def _ranges(spans: Sequence[str]) -> list[Range]:
    """[start, end) of "START-END"; raises _Malformed."""
    ranges = []
    for span in spans:
        told = re.fullmatch(r"(\d{1,9})-(\d{1,9})", span, re.ASCII)
        if told is None or int(told[1]) >= int(told[2]):
            raise _Malformed
        ranges.append((int(told[1]), int(told[2])))
    return ranges


def _spans(document: Document, ranges: Sequence[Range]) -> list[Span]:
    """The ranges as far as there is text."""
    size = len(document.text)
    return [document.span(start, min(end, size)) for start, end in ranges if start < size]


def _view(
    document: Document | None, record: DocumentRecord, number: int, ranges: Sequence[Range], zoom: float
) -> PageView:
    """What is to be drawn; the ranges as they lie on the page, without the running lines between two pages.

    A document that is not read yet has no words to highlight.
    """
    if document is None:
        return PageView(record.id, number, zoom=zoom)
    if not 1 <= number <= len(document.pages):
        raise PageNotShown(page=number, document=record.name)
    page = document.pages[number - 1]
    own = [each for span in _spans(document, ranges) for each in own_spans(document, span)]
    here = [(max(span.start, page.start) - page.start, min(span.end, page.end) - page.start) for span in own]
    kept = tuple((start, end) for start, end in here if start < end)
    return PageView(record.id, number, document.text[page.start : page.end] if kept else "", kept, zoom)


def _inline(name: str) -> str:
    """A Content-Disposition that shows the file under its name (RFC 6266); no character of the name can end the header."""
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", name) or "document.pdf"
    return f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
