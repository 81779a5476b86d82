"""HTTP routes of documents: a page as an image with words highlighted, the original file, a passage as text.

The user comes from the request and every id is asked for in their name; what they may not see and what does not exist
are one and the same 404. Nothing is read from a path or a name that the client gives. Whatever can take long is done in
the user's turn (`shares`), and given up when the client leaves.
"""

import asyncio
import hashlib
import re
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, BinaryIO, TypeVar
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from retrieval import (
    FORMATS,
    UNNAMED,
    Document,
    DocumentRecord,
    NoSuchDocument,
    NoSuchMatter,
    OriginalMissing,
    PinciteError,
    Span,
    own_spans,
    own_words,
)
from webapp.core.errors import Congested, NotAllowed, PageNotShown, PageTooSlow, TextsWaiting, TooSlow
from webapp.core.log import user_error
from webapp.service.fair_turns import Deadline
from webapp.service.page_images import RENDER_SECONDS, PageView, bounded
from webapp.service.workspace import Workspace
from webapp.web.authentication import user_of

DOCUMENTS = "/matters/{matter_id}/documents"
MOST_SPANS = 64  # in one request
MOST_CHARACTERS = 50_000  # of text in one answer: a passage has a few thousand
DOWNLOADS_OF_ONE = 8  # originals that one user fetches at a time, however slowly
BLOCK = 256 * 1024  # bytes of a file that are handed on at a time
# For a document or a passage; a file of 200 MiB comes from a disk in 1 s, from a store elsewhere in 10.
READ_SECONDS = 30.0
# Asked for again each time, so that nobody sees what was deleted or is not theirs any more; mostly answered with 304.
_PRIVATE = {"Cache-Control": "private, no-cache"}

T = TypeVar("T")
Range = tuple[int, int]  # [start, end) of a document's text
Spans = Annotated[list[str], Query(alias="span", max_length=MOST_SPANS, default_factory=list)]


def page_url(matter_id: str, document_id: str, page: int, spans: Iterable[Range] = (), zoom: float = 1.0) -> str:
    """The address of the image of a page (1-based), the spans highlighted;
    parts of them on other pages are left out.
    """
    asked = [("span", f"{start}-{end}") for start, end in spans] + ([("zoom", f"{zoom:g}")] if zoom != 1.0 else [])
    return f"{_url(matter_id, document_id)}/pages/{page}.png" + (f"?{urlencode(asked)}" if asked else "")


def pdf_url(matter_id: str, document_id: str, page: int | None = None) -> str:
    """The address of the original; browsers open it at `page`."""
    return f"{_url(matter_id, document_id)}.pdf" + (f"#page={page}" if page else "")


def _url(matter_id: str, document_id: str) -> str:
    return f"{DOCUMENTS.format(matter_id=matter_id)}/{document_id}"


def document_routes(opened: Callable[[], Workspace]) -> APIRouter:
    """The routes; `opened` waits for the stores and raises what keeps them from opening."""
    router = APIRouter(prefix=DOCUMENTS)
    downloads: Counter[str] = Counter()

    @router.get("/{document_id}/pages/{number}.png")
    async def page(
        request: Request, matter_id: str, document_id: str, number: int, span: Spans, zoom: float = 1.0
    ) -> Response:
        by = time.monotonic() + RENDER_SECONDS

        async def answer(asked: _Asked) -> Response:
            try:
                return await _image(asked, request, number, _ranges(span), zoom, by)
            except TimeoutError:
                raise PageTooSlow(page=number, document=asked.record.name) from None

        return await _answered(request, opened, matter_id, document_id, answer)

    @router.get("/{document_id}.pdf")
    async def original(request: Request, matter_id: str, document_id: str) -> Response:
        return await _answered(request, opened, matter_id, document_id, lambda asked: _original(asked, downloads))

    @router.get("/{document_id}/text")
    async def text(request: Request, matter_id: str, document_id: str, span: Spans) -> Response:
        return await _answered(request, opened, matter_id, document_id, lambda asked: _text(asked, _ranges(span)))

    return router


class _Download(StreamingResponse):
    """A file piece by piece: a reader on a slow line holds one piece in memory, not a file of 200 MiB."""

    def __init__(self, file: BinaryIO, downloads: Counter[str], key: str, **more: Any) -> None:
        super().__init__(self._blocks(), **more)
        self._file, self._downloads, self._key = file, downloads, key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, counted under its user's key for as long as that takes."""
        self._downloads[self._key] += 1
        try:
            with self._file:
                await super().__call__(scope, receive, send)
        finally:
            self._downloads[self._key] -= 1
            if not self._downloads[self._key]:
                del self._downloads[self._key]

    async def _blocks(self) -> AsyncGenerator[bytes]:
        while block := await run_in_threadpool(self._file.read, BLOCK):
            yield block


class _Malformed(Exception):
    """A span that is none."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A document that the user of a request may see. `key` is whose share its work counts to."""

    workspace: Workspace
    key: str
    record: DocumentRecord

    async def read(self, work: Callable[[], T]) -> T:
        """What `work` reads of the document, in the user's turn.

        Raises TooSlow, TextsWaiting and what `work` raises.
        """
        try:
            return await self.workspace.reads.run(self.key, READ_SECONDS, lambda _: work())
        except TimeoutError:
            raise TooSlow(seconds=READ_SECONDS) from None


async def _image(
    asked: _Asked, request: Request, number: int, ranges: Sequence[Range], zoom: float, by: float
) -> Response:
    """A page as an image, or 304 where the client has it. Raises TimeoutError where it is not there `by` then."""
    workspace, record = asked.workspace, asked.record

    def seen(_: Deadline) -> tuple[PageView, bytes | None]:
        view = _view(workspace.library.text(record), record, number, ranges, bounded(zoom))
        return view, workspace.page_renderer.kept(view)

    def drawn(turn: Deadline) -> bytes:
        original = partial(workspace.library.original, record.matter_id, record.id)
        return workspace.page_renderer.image(view, record.name, original, turn, asked.key)

    view, png = await workspace.reads.run(asked.key, by - time.monotonic(), seen)
    headers = _PRIVATE | {"ETag": f'"{hashlib.sha256(repr(view).encode()).hexdigest()[:32]}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    png = png or await workspace.draws.run(asked.key, by - time.monotonic(), drawn)
    return Response(png, media_type="image/png", headers=headers)


async def _original(asked: _Asked, downloads: Counter[str]) -> Response:
    """The file; `downloads` counts how many of them each user fetches now."""
    record = asked.record
    if downloads[asked.key] >= DOWNLOADS_OF_ONE:
        raise TextsWaiting()
    file = await asked.read(lambda: asked.workspace.library.open_original(record.matter_id, record.id))
    headers = _PRIVATE | {"Content-Disposition": _inline(record.name), "Content-Length": str(record.bytes)}
    return _Download(file, downloads, asked.key, media_type=FORMATS["PDF"].media_type, headers=headers)


async def _text(asked: _Asked, ranges: Sequence[Range]) -> Response:
    """The words of a passage."""

    def words() -> str:
        document = asked.workspace.library.document(asked.record.matter_id, asked.record.id)
        spans = _spans(document, ranges)
        if sum(map(len, spans)) > MOST_CHARACTERS:
            raise _Malformed
        return own_words(document, *spans)

    return PlainTextResponse(await asked.read(words), headers=_PRIVATE)


async def _answered(
    request: Request,
    opened: Callable[[], Workspace],
    matter_id: str,
    document_id: str,
    answer: Callable[[_Asked], Coroutine[Any, Any, Response]],
) -> Response:
    """`answer` for a document that the user of the request may see; an error as its sentence and its hint.

    The threads that all routes share know whether they may see it; whatever can take long has threads of its own.
    """

    def authorised() -> _Asked:
        workspace = opened()
        user = user_of(request, workspace.settings, workspace.welcome)
        return _Asked(workspace, workspace.share_key(user), workspace.access.record(user, matter_id, document_id))

    try:
        return await _while_there(request, answer(await run_in_threadpool(authorised)))
    except (NoSuchMatter, NoSuchDocument):
        return _told(NoSuchDocument(document="…"), 404)
    except _Malformed:
        return Response(status_code=422)
    except Exception as error:  # noqa: BLE001 (the one place where a route's fault is told, as a sentence)
        return _told(told := user_error(error), next((code for kind, code in _STATUS if isinstance(told, kind)), 503))


_STATUS = ((NotAllowed, 403), (PageNotShown, 404), (OriginalMissing, 410), (TooSlow, 503), (Congested, 429))


async def _while_there(request: Request, answer: Coroutine[Any, Any, Response]) -> Response:
    """The answer; where the client leaves before it is there, it is given up."""

    async def leaves() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    answering, leaving = asyncio.ensure_future(answer), asyncio.ensure_future(leaves())
    try:
        await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        return answering.result() if answering.done() else _NOBODY
    finally:
        answering.cancel()
        leaving.cancel()


_NOBODY = Response(status_code=499)  # as nginx notes a client that left; it is never received


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
    return list(_joined(ranges))


def _joined(ranges: list[Range]) -> Iterator[Range]:
    """The same characters, each once: 64 times a whole document is one document."""
    start, end = -1, -1
    for a, b in sorted(ranges):
        if a > end:
            if end > start:
                yield start, end
            start, end = a, b
        end = max(end, b)
    if end > start:
        yield start, end


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
    """A Content-Disposition that shows the file under its name (RFC 6266);
    no character of the name can end the header.
    """
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", name) or UNNAMED
    return f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
