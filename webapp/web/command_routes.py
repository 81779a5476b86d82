"""`/cli/…`: the commands' verbs as lines of JSON, for whoever has the token that lies in the data folder.

They are an application of their own, on a loopback port of its own that no proxy publishes (`server`). The token is looked
at before a byte of a body is read, and a body has a limit.
"""

import contextlib
import secrets
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Body, FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from retrieval import FileTooLarge
from webapp.core.data_folder import ARRIVING
from webapp.core.log import known, log
from webapp.core.results import AcceptedRow, Row
from webapp.core.settings import MIB, Settings
from webapp.core.stream import Error, Event, Result, encoded
from webapp.service.commands import Verbs
from webapp.web.middleware import MOST_BODY, limited

Text = Annotated[str, Body(embed=True)]
OptionalText = Annotated[str | None, Body(embed=True)]
OVER = 20  # times the largest file: so much of one that is too large is read past
_NO_KEY = PlainTextResponse("This needs the key of the data folder.", 401, headers={"Connection": "close"})


ACCEPT = "/cli/accept"  # whose body is a file


class Keyed:
    """ASGI middleware: who has no key is refused before anything of their body is read."""

    def __init__(self, app: ASGIApp, token: str, most_file: int) -> None:
        """`most_file`: bytes of a file that is kept; of a larger one the rest is read past, so that its sender is told."""
        self._app = app
        self._key = f"Bearer {token}".encode()
        self._most_file = most_file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer who may not pass; hand on the rest."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not secrets.compare_digest(headers.get("authorization", "").encode(), self._key):
            await _NO_KEY(scope, receive, send)
            return
        limit = OVER * self._most_file if scope["path"] == ACCEPT else MOST_BODY
        try:
            await self._app(scope, limited(receive, limit), send)
        except ClientDisconnect:  # a command that was ended in the middle of what it sent
            log.info("request broken off")


def cli_app(settings: Settings, token: str, verbs: Callable[[], Verbs]) -> ASGIApp:
    """The routes as an application; `token` opens them."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(cli_routes(settings, verbs))
    return Keyed(app, token, settings.max_file_mib * MIB)


def cli_routes(settings: Settings, verbs: Callable[[], Verbs]) -> APIRouter:
    """The routes; `verbs` waits for the stores and raises what keeps them from opening."""
    router = APIRouter(prefix="/cli")

    @router.get("/hello")
    async def hello() -> None:
        """Tell a command that this server owns the folder."""

    @router.post(ACCEPT.removeprefix("/cli"))
    async def accept(request: Request, matter: str, name: str) -> StreamingResponse:
        arrived = await _receive(request, settings)

        def rows() -> Iterator[Event[Row]]:
            with contextlib.closing(arrived):
                if arrived.size > settings.max_file_mib * MIB:
                    raise FileTooLarge(
                        name=name, size_mib=round(arrived.size / MIB, 3), limit_mib=settings.max_file_mib
                    )
                yield Result(AcceptedRow(document_id=verbs().accept(matter, arrived.path, name)))

        return _lines(rows())

    @router.post("/follow")
    def follow(matter: Text, document_ids: Annotated[list[str], Body(embed=True)]) -> StreamingResponse:
        return _lines(row for row in verbs().follow(matter, document_ids))

    @router.post("/search")
    def search(matter: Text, question: Text, document: OptionalText = None) -> StreamingResponse:
        return _lines(row for row in verbs().search(matter, question, document))

    @router.post("/mentions")
    def mentions(matter: Text, phrase: Text, document: OptionalText = None) -> StreamingResponse:
        return _lines(row for row in verbs().mentions(matter, phrase, document))

    @router.post("/ask")
    async def ask(matter: Text, question: Text, document: OptionalText = None) -> StreamingResponse:
        async def rows() -> AsyncGenerator[Event[Row]]:
            mine = await run_in_threadpool(verbs)
            async for progress in iterate_in_threadpool(mine.before_ask(matter, question, document)):
                yield progress
            async with contextlib.aclosing(mine.answer(matter, question, document)) as answer:
                async for row in answer:
                    yield row

        return StreamingResponse(_encoded(rows()), media_type="application/x-ndjson")

    @router.post("/summary")
    async def summary(matter: Text, document: Text) -> StreamingResponse:
        async def rows() -> AsyncGenerator[Event[Row]]:
            mine = await run_in_threadpool(verbs)
            async for progress in iterate_in_threadpool(mine.before_summary(matter, document)):
                yield progress
            async with contextlib.aclosing(mine.summarise(matter, document)) as summary:
                async for row in summary:
                    yield row

        return StreamingResponse(_encoded(rows()), media_type="application/x-ndjson")

    @router.post("/remove")
    def remove(matter: Text, document: Text) -> StreamingResponse:
        return _lines(row for row in verbs().remove(matter, document))

    @router.post("/reindex")
    def reindex(matter: OptionalText = None) -> StreamingResponse:
        return _lines(row for row in verbs().reindex(matter))

    @router.post("/matters")
    def matters() -> StreamingResponse:
        return _lines(row for row in verbs().matters())

    @router.post("/create_matter")
    def create_matter(name: Text) -> StreamingResponse:
        return _lines(row for row in verbs().create_matter(name))

    @router.post("/delete_matter")
    def delete_matter(name: Text) -> StreamingResponse:
        return _lines(row for row in verbs().delete_matter(name))

    return router


class _Arrived:
    """A file that came in a request; it lies in the data folder until `close`."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.NamedTemporaryFile(dir=folder, prefix=ARRIVING)  # noqa: SIM115 (closed by `close`)
        self.path = Path(self._file.name)
        self.size = 0

    def take(self, block: bytes, most: int) -> None:
        """Keep a block; past `most` bytes only count, so that the sender is heard out and can be told why."""
        self.size += len(block)
        if self.size <= most:
            self._file.write(block)

    def flush(self) -> None:
        """Let others read all of it."""
        self._file.flush()

    def close(self) -> None:
        """Delete it."""
        self._file.close()


async def _receive(request: Request, settings: Settings) -> _Arrived:
    arrived = _Arrived(settings.data_dir)
    try:
        async for block in request.stream():
            await run_in_threadpool(arrived.take, block, settings.max_file_mib * MIB)
        arrived.flush()
    except BaseException:  # also a sender that went away: the file is deleted; raised again
        arrived.close()
        raise
    return arrived


def _lines(rows: Iterable[Event[Row]]) -> StreamingResponse:
    return StreamingResponse(_encoded(iterate_in_threadpool(rows)), media_type="application/x-ndjson")


async def _encoded(rows: AsyncIterator[Event[Row]]) -> AsyncIterator[bytes]:
    """Events as lines; an error becomes the last of them."""
    try:
        async for row in rows:
            yield encoded(row)
    except Exception as error:  # noqa: BLE001 (an error becomes the last event)
        yield encoded(Error.of(known(error)))
