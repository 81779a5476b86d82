"""HTTP routes of the commands (`/cli/…`), derived from their classes: a command as JSON in, its events as NDJSON out.

They are an application of their own, on a separate loopback port that no proxy publishes (`server`). The bearer token,
which is stored in the data folder, is checked before any of a body is read, and the size of a body is limited.
"""

import contextlib
import secrets
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, Response, StreamingResponse
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from webapp.core.data_folder import ARRIVING
from webapp.core.limits import MIB
from webapp.core.log import log, user_error
from webapp.core.settings import Settings
from webapp.core.stream import Error, Event, T, encoded
from webapp.service.caller import Caller
from webapp.service.command import Command, FileCommand
from webapp.service.command_table import COMMANDS
from webapp.store.audit import REFUSALS
from webapp.web.error_responses import StrictRoute
from webapp.web.middleware import MOST_BODY, limit_body

Endpoint = Callable[[Request], Awaitable[Response]]
OVER = 20  # times the largest file: so much of one that is too large is received and discarded
_NO_KEY = PlainTextResponse("This needs the key of the data folder.", 401, headers={"Connection": "close"})


def path_of(name: str) -> str:
    """Path of a command's route."""
    return f"/cli/{name}"


_OF_FILES = {path_of(name) for name, kind in COMMANDS.items() if issubclass(kind, FileCommand)}  # whose body is a file


class BearerTokenMiddleware:
    """ASGI middleware: refuses a request without the bearer token before any of its body is read."""

    def __init__(self, app: ASGIApp, token: str, most_file: int) -> None:
        """`most_file`: bytes of a file that are kept; the rest is discarded, so that the client gets the error."""
        self._app = app
        self._key = f"Bearer {token}".encode()
        self._most_file = most_file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 without the token; forward other requests, their bodies limited."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not secrets.compare_digest(headers.get("authorization", "").encode(), self._key):
            await _NO_KEY(scope, receive, send)
            return
        limit = OVER * self._most_file if scope["path"] in _OF_FILES else MOST_BODY
        try:
            await self._app(scope, limit_body(receive, limit), send)
        except ClientDisconnect:  # a command that was ended while it sent its request
            log.info("request broken off")


def cli_app(settings: Settings, token: str, caller: Callable[[], Caller]) -> ASGIApp:
    """Build the ASGI application; `token` is its bearer token.

    `caller` waits for the stores and raises their errors.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.router.route_class = StrictRoute
    app.add_api_route("/cli/hello", _hello, methods=["GET"])
    for name, kind in COMMANDS.items():
        endpoint = _file_endpoint(kind, settings, caller) if issubclass(kind, FileCommand) else _endpoint(kind, caller)
        app.add_api_route(path_of(name), endpoint, methods=["POST"])
    return BearerTokenMiddleware(app, token, settings.max_file_mib * MIB)


async def _hello() -> None:
    """Confirm that this server owns the data folder."""


def _endpoint(kind: type[Command[T]], caller: Callable[[], Caller]) -> Endpoint:
    """Endpoint of a command whose fields are the JSON body: streams its events; 422 for a malformed command."""
    reader = TypeAdapter(kind)

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        with _as_422():
            command = reader.validate_json(body)
        return _lines(_events(caller, command))

    return endpoint


def _file_endpoint(kind: type[FileCommand[T]], settings: Settings, caller: Callable[[], Caller]) -> Endpoint:
    """Endpoint of a command whose file is the body and whose fields are query parameters."""
    reader = TypeAdapter(kind)

    async def endpoint(request: Request) -> Response:
        with _as_422():
            command = reader.validate_python(dict(request.query_params) | {"path": Path()})
        upload = await _receive(request, settings)
        return _lines(_file_events(caller, command, upload))

    return endpoint


@contextlib.contextmanager
def _as_422() -> Iterator[None]:
    """Have FastAPI answer 422 for a malformed command, without repeating the input."""
    try:
        yield
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False, include_input=False)) from error


async def _events(caller: Callable[[], Caller], command: Command[T]) -> AsyncGenerator[Event[T]]:
    """Execute a command; yields its events. Blocking calls run in threads."""
    executor = await run_in_threadpool(caller)
    try:
        async for progress in iterate_in_threadpool(command.prepare(executor)):
            yield progress
        events = await run_in_threadpool(command.run, executor)
        if isinstance(events, Iterator):
            async for event in iterate_in_threadpool(events):
                yield event
            return
        async with contextlib.aclosing(events):
            async for event in events:
                yield event
    except REFUSALS as error:
        await run_in_threadpool(executor.refused, command, error)
        raise


async def _file_events(
    caller: Callable[[], Caller], command: FileCommand[T], upload: "_TemporaryUpload"
) -> AsyncGenerator[Event[T]]:
    """Execute a command with an uploaded file, which is deleted at the end; yields its events. Raises FileTooLarge."""
    with contextlib.closing(upload):
        executor = await run_in_threadpool(caller)
        executor.workspace.library.check_size(command.name, upload.size)
        async with contextlib.aclosing(_events(lambda: executor, replace(command, path=upload.path))) as events:
            async for event in events:
                yield event


class _TemporaryUpload:
    """Temporary file in the data folder that holds an upload until `close`."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.NamedTemporaryFile(dir=folder, prefix=ARRIVING)  # noqa: SIM115 (closed by `close`)
        self.path = Path(self._file.name)
        self.size = 0

    def take(self, block: bytes, most: int) -> None:
        """Write a block; past `most` bytes it is only counted, so that the client sends all and gets the error."""
        self.size += len(block)
        if self.size <= most:
            self._file.write(block)

    def flush(self) -> None:
        """Flush the file, so that it can be read by its path."""
        self._file.flush()

    def close(self) -> None:
        """Delete the file."""
        self._file.close()


async def _receive(request: Request, settings: Settings) -> _TemporaryUpload:
    upload = _TemporaryUpload(settings.data_dir)
    try:
        async for block in request.stream():
            await run_in_threadpool(upload.take, block, settings.max_file_mib * MIB)
        upload.flush()
    except BaseException:  # also a client that disconnects: the file is deleted; raised again
        upload.close()
        raise
    return upload


def _lines(events: AsyncIterator[Event[T]]) -> StreamingResponse:
    return StreamingResponse(_encoded(events), media_type="application/x-ndjson")


async def _encoded(events: AsyncIterator[Event[T]]) -> AsyncIterator[bytes]:
    """Encode events as NDJSON; an error becomes the last event."""
    try:
        async for event in events:
            yield encoded(event)
    except Exception as error:  # noqa: BLE001 (an error becomes the last event)
        yield encoded(Error.of(user_error(error)))
