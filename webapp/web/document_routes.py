"""HTTP routes of documents: a page as an image with highlights, where its words stand, the original file, a passage as
text.

Every id is authorised for the user of the request; a document that they may not see gives the same 404 as one that does
not exist. No path or file name from the client is opened. Slow work is scheduled fairly between users (`fair_turns`),
and cancelled when the client disconnects.
"""

import asyncio
import contextlib
import hashlib
import re
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Annotated, Any, BinaryIO, Literal, TypeVar

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from retrieval import (
    FORMATS,
    DocumentRecord,
    NoSuchDocument,
    NoSuchMatter,
    NoSuchText,
    OriginalMissing,
    own_words,
)
from webapp.core.errors import (
    Congested,
    NotAllowed,
    PageImageTooSlow,
    PageNotShown,
    PrivilegedDocument,
    RequestMalformed,
    SessionEnded,
    TextsWaiting,
    TooSlow,
)
from webapp.core.results import Range
from webapp.core.urls import DOCUMENTS
from webapp.exports.redline import MEDIA_TYPES, to_docx, to_html
from webapp.service.compare import changes as find_changes
from webapp.service.fair_turns import Deadline
from webapp.service.page_images import RENDER_SECONDS, PageView, PlacedWord, bounded
from webapp.service.page_views import spans_of, view_of, words_view
from webapp.service.workspace import Workspace
from webapp.store.audit import Act
from webapp.store.users import User
from webapp.web.authentication import user_of
from webapp.web.downloads import disposition
from webapp.web.error_responses import StrictRoute, answered, error_response

MOST_SPANS = 64  # in one request
MOST_VERSIONS = 10_000
MOST_CHARACTERS = 50_000  # of text in one response: a passage has a few thousand
DOWNLOADS_OF_ONE = 8  # concurrent downloads of originals by one user
BLOCK = 256 * 1024  # bytes of a file per chunk of a response
# For a document or a passage; a file of 200 MiB is read from a disk in 1 s, from a remote store in 10.
READ_SECONDS = 30.0
# Revalidated each time, so that nobody sees what was deleted or is no longer theirs; mostly answered with 304.
_PRIVATE = {"Cache-Control": "private, no-cache"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Places:
    """Query parameters that say what a request is about: spans of a document's text, in the text of that `version`.

    Without a version they are in the text that is searched.
    """

    span: Annotated[list[str], Query(max_length=MOST_SPANS, default_factory=list)]
    version: Annotated[int | None, Query(ge=1, le=MOST_VERSIONS)] = None

    @property
    def ranges(self) -> list[Range]:
        """[start, end) of each. Raises _Malformed."""
        return _ranges(self.span)


def document_routes(opened: Callable[[], Workspace]) -> APIRouter:
    """Build the routes; `opened` waits for the stores and raises their errors."""
    router = APIRouter(prefix=DOCUMENTS, route_class=StrictRoute)
    downloads: Counter[str] = Counter()

    @router.get("/{document_id}/pages/{number}.png")
    async def page(
        request: Request,
        matter_id: str,
        document_id: str,
        number: int,
        places: Annotated[_Places, Depends()],
        zoom: float = 1.0,
    ) -> Response:
        by = time.monotonic() + RENDER_SECONDS

        async def respond(target: _Target) -> Response:
            try:
                return await _image(target, request, number, places, zoom, by)
            except TimeoutError:
                raise PageImageTooSlow(page=number, document=target.record.name) from None

        return await _respond(request, opened, matter_id, document_id, respond)

    @router.get("/{document_id}/pages/{number}.json")
    async def words(
        request: Request,
        matter_id: str,
        document_id: str,
        number: int,
        version: Annotated[int | None, Query(ge=1, le=MOST_VERSIONS)] = None,
    ) -> Response:
        by = time.monotonic() + RENDER_SECONDS

        async def respond(target: _Target) -> Response:
            try:
                return await _words(target, number, version, by)
            except TimeoutError:
                raise PageImageTooSlow(page=number, document=target.record.name) from None

        return await _respond(request, opened, matter_id, document_id, respond)

    @router.get("/{document_id}.pdf")
    async def original(request: Request, matter_id: str, document_id: str) -> Response:
        return await _respond(request, opened, matter_id, document_id, lambda target: _original(target, downloads))

    @router.get("/{document_id}/changes/{other_id}")
    async def changes(
        request: Request, matter_id: str, document_id: str, other_id: str, form: Literal["html", "docx"] = "html"
    ) -> Response:
        return await _respond(request, opened, matter_id, document_id, lambda target: _changes(target, other_id, form))

    @router.get("/{document_id}/text")
    async def text(
        request: Request, matter_id: str, document_id: str, places: Annotated[_Places, Depends()]
    ) -> Response:
        return await _respond(request, opened, matter_id, document_id, lambda target: _text(target, places))

    return router


class _Download(StreamingResponse):
    """Streamed file: a client on a slow connection holds one block in memory, not a file of 200 MiB."""

    def __init__(self, file: BinaryIO, downloads: Counter[str], key: str, **more: Any) -> None:
        super().__init__(self._blocks(), **more)
        self._file, self._downloads, self._key = file, downloads, key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file; meanwhile it counts as a download of its user."""
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
    """A malformed span."""


@dataclass(frozen=True, slots=True)
class _Target:
    """Document of a request, after authorisation."""

    workspace: Workspace
    user: User
    record: DocumentRecord

    @property
    def key(self) -> str:
        """The user's key in the fair scheduler."""
        return self.workspace.share_key(self.user)

    async def record_act(self, act: Act, **detail: int | str) -> None:
        """Record what is about to be sent of the document."""
        audit, of = self.workspace.audit, self.record
        await run_in_threadpool(lambda: audit.record(self.user, act, matter_id=of.matter_id, object=of.id, **detail))

    async def read(self, work: Callable[[], T]) -> T:
        """Run `work` in the user's turn. Raises TooSlow, TextsWaiting and what `work` raises."""
        try:
            return await self.workspace.reads.run(self.key, READ_SECONDS, lambda _: work())
        except TimeoutError:
            raise TooSlow(seconds=READ_SECONDS) from None


async def _image(target: _Target, request: Request, number: int, places: _Places, zoom: float, by: float) -> Response:
    """Render a page as PNG, or answer 304 if the client has it.

    Raises TimeoutError at the time `by` (monotonic clock).
    """
    workspace, record, ranges = target.workspace, target.record, places.ranges

    def find(_: Deadline) -> tuple[PageView, bytes | None]:
        view = view_of(workspace.library.text(record, places.version), record, number, ranges, bounded(zoom))
        return view, workspace.page_renderer.kept(view)

    def draw(deadline: Deadline) -> bytes:
        original = partial(workspace.library.original, record.matter_id, record.id)
        return workspace.page_renderer.image(view, record.name, original, deadline, target.key)

    view, png = await workspace.reads.run(target.key, by - time.monotonic(), find)
    headers = _PRIVATE | {"ETag": f'"{hashlib.sha256(repr(view).encode()).hexdigest()[:32]}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    png = png or await workspace.draws.run(target.key, by - time.monotonic(), draw)
    await target.record_act(Act.PAGE, page=number)
    return Response(png, media_type="image/png", headers=headers)


async def _words(target: _Target, number: int, version: int | None, by: float) -> Response:
    """Send the text of a page, where it begins in the document's, and where each of its words stands on the image.

    Raises TimeoutError at the time `by` (monotonic clock).
    """
    workspace, record = target.workspace, target.record

    def find(_: Deadline) -> tuple[PageView, int]:
        document = workspace.library.document(record.matter_id, record.id, version)
        return words_view(document, record, number), document.pages[number - 1].start

    def place(deadline: Deadline) -> list[PlacedWord]:
        original = partial(workspace.library.original, record.matter_id, record.id)
        return workspace.page_renderer.words(view, record.name, original, deadline, target.key)

    view, start = await workspace.reads.run(target.key, by - time.monotonic(), find)
    placed = await workspace.draws.run(target.key, by - time.monotonic(), place)
    await target.record_act(Act.PAGE, page=number)
    return JSONResponse({"start": start, "text": view.text, "words": placed}, headers=_PRIVATE)


async def _original(target: _Target, downloads: Counter[str]) -> Response:
    """Send the original file; `downloads` counts each user's concurrent downloads."""
    record = target.record
    if downloads[target.key] >= DOWNLOADS_OF_ONE:
        raise TextsWaiting()
    file = await target.read(lambda: target.workspace.library.open_original(record.matter_id, record.id))
    with contextlib.ExitStack() as closing:
        closing.callback(file.close)  # where it cannot be recorded it is not sent
        await target.record_act(Act.ORIGINAL)
        closing.pop_all()
    media_type = FORMATS[record.format].media_type
    shown = disposition(record.name, inline=media_type in _SHOWN)
    headers = _PRIVATE | {"Content-Disposition": shown, "Content-Length": str(record.bytes)}
    return _Download(file, downloads, target.key, media_type=media_type, headers=headers)


# Originals that a browser may show under this address, for it runs nothing in them. An HTML file is only downloaded.
_SHOWN = frozenset(("application/pdf", "text/plain", "image/png", "image/jpeg"))


async def _changes(target: _Target, other_id: str, form: str) -> Response:
    """Compare a document with a newer version of it, to which the user must have access too."""
    workspace, old = target.workspace, target.record

    def compared() -> bytes:
        new = workspace.access.record(target.user, old.matter_id, other_id)
        if form == "docx":
            workspace.sharing.check_export(target.user, old.matter_id, old, new)
            rows = list(find_changes(workspace, target.user, old, new, Act.EXPORT, form=form))
            return to_docx(old.name, new.name, rows)
        rows = list(find_changes(workspace, target.user, old, new))
        return to_html(old.name, new.name, rows, docx="?form=docx").encode()

    headers = dict(_PRIVATE)
    if form == "docx":
        name = f"Changes from {PurePath(old.name).stem}.docx"
        headers["Content-Disposition"] = disposition(name, inline=False)
    return Response(await target.read(compared), media_type=MEDIA_TYPES[form], headers=headers)


async def _text(target: _Target, places: _Places) -> Response:
    """Send the text of a passage."""
    ranges = places.ranges

    def words() -> str:
        document = target.workspace.library.document(target.record.matter_id, target.record.id, places.version)
        spans = spans_of(document, ranges)
        if sum(map(len, spans)) > MOST_CHARACTERS:
            raise _Malformed
        return own_words(document, *spans)

    text = await target.read(words)
    await target.record_act(Act.PAGE, passages=len(ranges), **({"at": "{}-{}".format(*ranges[0])} if ranges else {}))
    return PlainTextResponse(text, headers=_PRIVATE)


async def _respond(
    request: Request,
    opened: Callable[[], Workspace],
    matter_id: str,
    document_id: str,
    respond: Callable[[_Target], Coroutine[Any, Any, Response]],
) -> Response:
    """Authorise the user of a request for a document and call `respond`; an error is answered as sentence and hint.

    The authorisation runs in the threads that all routes share; slow work has threads of its own.
    """

    def authorise() -> _Target:
        workspace = opened()
        user = user_of(request, workspace, active=True)
        with workspace.audit.refusals(user, matter_id=matter_id, object=document_id):
            return _Target(workspace, user, workspace.access.record(user, matter_id, document_id))

    try:
        return await _until_disconnect(request, respond(await run_in_threadpool(authorise)))
    except (NoSuchMatter, NoSuchDocument):
        return error_response(NoSuchDocument(document="…"), 404)
    except _Malformed:
        return error_response(RequestMalformed(part="span"), 422)
    except Exception as error:  # noqa: BLE001 (the one place where an error of these routes is answered, as a sentence)
        return answered(error, _STATUS)


_STATUS = (
    (SessionEnded, 401),
    (NotAllowed, 403),
    (PrivilegedDocument, 403),
    (PageNotShown, 404),
    (NoSuchText, 404),
    (OriginalMissing, 410),
    (TooSlow, 503),
    (Congested, 429),
)


async def _until_disconnect(request: Request, response: Coroutine[Any, Any, Response]) -> Response:
    """Await a response; it is cancelled if the client disconnects first."""

    async def disconnect() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    response_task, disconnect_task = asyncio.ensure_future(response), asyncio.ensure_future(disconnect())
    try:
        await asyncio.wait((response_task, disconnect_task), return_when=asyncio.FIRST_COMPLETED)
        return response_task.result() if response_task.done() else _DISCONNECTED
    finally:
        response_task.cancel()
        disconnect_task.cancel()


_DISCONNECTED = Response(status_code=499)  # nginx's code for a client that disconnected; it is never received


def _ranges(spans: Sequence[str]) -> list[Range]:
    """Parse [start, end) of "START-END". Raises _Malformed."""
    ranges = []
    for span in spans:
        match = re.fullmatch(r"(\d{1,9})-(\d{1,9})", span, re.ASCII)
        if match is None or int(match[1]) >= int(match[2]):
            raise _Malformed
        ranges.append((int(match[1]), int(match[2])))
    return list(_merge(ranges))


def _merge(ranges: list[Range]) -> Iterator[Range]:
    """Merge overlapping ranges: 64 times a whole document is one document."""
    start, end = -1, -1
    for a, b in sorted(ranges):
        if a > end:
            if end > start:
                yield start, end
            start, end = a, b
        end = max(end, b)
    if end > start:
        yield start, end
