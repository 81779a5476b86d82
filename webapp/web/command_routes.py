"""HTTP routes of the commands (`/cli/…`), made from their classes: a command as JSON in, its events as NDJSON out.

They are an application of their own, on a loopback port of its own that no proxy publishes (`server`). The bearer
token, which lies in the data folder, is checked before a byte of a body is read, and a body has a limit.
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
from webapp.service.commands import COMMANDS, Command, FileCommand
from webapp.web.middleware import MOST_BODY, limit_body

Endpoint = Callable[[Request], Awaitable[Response]]
OVER = 20  # times the largest file: so much of one that is too large is read past
_NO_KEY = PlainTextResponse("This needs the key of the data folder.", 401, headers={"Connection": "close"})


def path_of(name: str) -> str:
    """The path of a command's route."""
    return f"/cli/{name}"


_OF_FILES = {path_of(name) for name, kind in COMMANDS.items() if issubclass(kind, FileCommand)}  # whose body is a file


class Keyed:
    """ASGI middleware: refuses a request without the bearer token before anything of its body is read."""

    def __init__(self, app: ASGIApp, token: str, most_file: int) -> None:
        """`most_file`: bytes of a file that is kept; of a larger one the rest is read past,
        so that its sender is told.
        """
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
        except ClientDisconnect:  # a command that was ended in the middle of what it sent
            log.info("request broken off")


def cli_app(settings: Settings, token: str, caller: Callable[[], Caller]) -> ASGIApp:
    """The routes as an application; `token` opens them.

    `caller` waits for the stores and raises what keeps them closed.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_api_route("/cli/hello", _hello, methods=["GET"])
    for name, kind in COMMANDS.items():
        endpoint = _file_endpoint(kind, settings, caller) if issubclass(kind, FileCommand) else _endpoint(kind, caller)
        app.add_api_route(path_of(name), endpoint, methods=["POST"])
    return Keyed(app, token, settings.max_file_mib * MIB)


async def _hello() -> None:
    """Answer a command that looks whether this server owns the data folder."""


def _endpoint(kind: type[Command[T]], caller: Callable[[], Caller]) -> Endpoint:
    """Answers a request whose body is a command: its events as lines of JSON, or 422 for what is no such command."""
    reader = TypeAdapter(kind)

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        with _as_422():
            command = reader.validate_json(body)
        return _lines(_events(caller, command))

    return endpoint


def _file_endpoint(kind: type[FileCommand[T]], settings: Settings, caller: Callable[[], Caller]) -> Endpoint:
    """The same for a command in the address, whose file is the body."""
    reader = TypeAdapter(kind)

    async def endpoint(request: Request) -> Response:
        with _as_422():
            command = reader.validate_python(dict(request.query_params) | {"path": Path()})
        arrived = await _receive(request, settings)
        return _lines(_file_events(caller, command, arrived))

    return endpoint


@contextlib.contextmanager
def _as_422() -> Iterator[None]:
    """Have FastAPI answer 422 for what is no such command, without repeating what was sent."""
    try:
        yield
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False, include_input=False)) from error


async def _events(caller: Callable[[], Caller], command: Command[T]) -> AsyncGenerator[Event[T]]:
    """The events of a command; whatever may block does so in a thread."""
    mine = await run_in_threadpool(caller)
    async for progress in iterate_in_threadpool(command.prepare(mine)):
        yield progress
    events = await run_in_threadpool(command.run, mine)
    if isinstance(events, Iterator):
        async for event in iterate_in_threadpool(events):
            yield event
        return
    async with contextlib.aclosing(events):
        async for event in events:
            yield event


async def _file_events(
    caller: Callable[[], Caller], command: FileCommand[T], arrived: "_Arrived"
) -> AsyncGenerator[Event[T]]:
    """The events of a command whose file has arrived; then the file is deleted. Raises FileTooLarge."""
    with contextlib.closing(arrived):
        mine = await run_in_threadpool(caller)
        mine.workspace.library.check_size(command.name, arrived.size)
        async with contextlib.aclosing(_events(lambda: mine, replace(command, path=arrived.path))) as events:
            async for event in events:
                yield event


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


def _lines(events: AsyncIterator[Event[T]]) -> StreamingResponse:
    return StreamingResponse(_encoded(events), media_type="application/x-ndjson")


async def _encoded(events: AsyncIterator[Event[T]]) -> AsyncIterator[bytes]:
    """Events as lines; an error becomes the last of them."""
    try:
        async for event in events:
            yield encoded(event)
    except Exception as error:  # noqa: BLE001 (an error becomes the last event)
        yield encoded(Error.of(user_error(error)))
