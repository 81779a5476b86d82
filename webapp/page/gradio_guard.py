"""Guard in front of Gradio's routes: an allow-list, ownership of sessions, and request bodies built anew.

Gradio has routes that the page does not use: files by path, runs without a stream, a proxy, an editor. Only the routes
listed here exist, so that a later version of Gradio adds none. Gradio also gives the events and the state of a session
to any client that names it, and browsers choose the name: here a session belongs to the first user who uses it, and
other users are refused; likewise the progress of an upload. Uploads are received by `uploads`, not by Gradio, and
Gradio gets the body of an event as `events` rebuilds it. Whether a page has anything new to show is answered here: each
open page asks that every few seconds, and an event of Gradio takes several times the processor.
"""

import re
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retrieval import DiskFull, PinciteError
from webapp.core.errors import (
    EventMalformed,
    NotUploaded,
    TooManyEvents,
    TooManyStreams,
    TooManyUploads,
    TooMuchArriving,
)
from webapp.core.log import record_error
from webapp.page.events import SESSION, Events, parsed, session_of
from webapp.page.sent_acts import SentActs
from webapp.page.session_table import MOST_STREAMS, MOST_STREAMS_SHARED, NOBODY, SessionTable
from webapp.page.uploads import OnBytes, UploadStore
from webapp.service.startup import Startup
from webapp.store.users import LOCAL_USER, User
from webapp.web.authentication import user_of

MOST_EVENTS = 300  # pending events of one user, in all their pages: a page has two or three
# Without an owner: the empty page, its scripts and styles.
_OPEN = re.compile(
    r"/(?:(?:config|theme\.css|favicon\.ico|manifest\.json|robots\.txt|pwa_icon/(?:192|512)|gradio_api/app_id)?"
    r"|(?:static|assets)/.{1,300})"
)
_OWNED = re.compile(
    r"/(?:gradio_api/(?P<what>queue/data|queue/join|cancel|upload_progress|upload)"
    r"|(?P<page>gradio_api/heartbeat|looks)/(?P<session>[^/]+))"
)
NOT_HERE = PlainTextResponse("There is nothing here.", 404)
NOT_YOURS = PlainTextResponse("This page belongs to someone else.", 403)
# HTTP status of an error; 400 for the others.
_STATUS = {
    NotUploaded: 403,
    TooManyEvents: 429,
    TooManyStreams: 429,
    TooManyUploads: 429,
    TooMuchArriving: 503,
    DiskFull: 507,
}


class Gradio(Protocol):
    """Functions of Gradio that the guard needs: its events, its sessions and their pending events, upload progress."""

    @property
    def events(self) -> Events:
        """The events of the page."""

    def knows(self, session: str) -> bool:
        """Whether a session has a message queue."""

    async def look(self, session: str, request: Request) -> bool | None:
        """Whether the page of a session has anything new to show; None without a page."""

    def under_way(self, session: str) -> int:
        """Number of unfinished events of a session."""

    def forget(self, session: str) -> None:
        """Cancel the events of a session and drop its messages; for an upload, stop tracking its progress."""

    def end(self, session: str) -> None:
        """End a session: drop its events and its state."""

    def on_bytes(self, upload_id: str) -> OnBytes:
        """Callback that reports the progress of an upload to the page."""

    def on_end(self, upload_id: str) -> None:
        """Report the end of an upload to the page."""


class GradioGuard:
    """ASGI middleware in front of Gradio's application; see the module docstring."""

    def __init__(self, app: ASGIApp, startup: Startup, upload_store: UploadStore, gradio: Gradio) -> None:
        self._app = app
        self._startup = startup
        self._upload_store = upload_store
        self._gradio = gradio
        self._sent = SentActs()
        self._table = SessionTable(self._forget, gradio.end)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward allowed Gradio routes whose session belongs to this user; else answer 404, 403, 429, 400 or 503."""
        if scope["type"] != "http" or _OPEN.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            owned = _OWNED.fullmatch(scope["path"])
            request = Request(scope, receive)
            app: ASGIApp = NOT_HERE
            match owned and (owned["what"] or owned["page"]):
                case "upload":
                    app = await self._upload(request)
                case "queue/join" | "cancel" as route:
                    app, receive = await self._event(request, route)
                case "looks" if owned:
                    app = await self._look(request, owned["session"])
                case "gradio_api/heartbeat" if owned:
                    app = await self._stream(request, "heartbeat", owned["session"])
                case "queue/data" as route:
                    app = await self._stream(request, route, _one(request, "session_hash"))
                case "upload_progress" as route:
                    app = await self._stream(request, route, _one(request, "upload_id"))
        except PinciteError as error:
            app = _refused(error)
        await app(scope, receive, send)

    def _forget(self, session: str) -> None:
        self._sent.forget(session)
        self._gradio.forget(session)

    async def _stream(self, request: Request, route: str, name: str) -> ASGIApp:
        """Check a request for a stream: of a session's events, of its heartbeat, or of an upload's progress."""
        if not SESSION.fullmatch(name):
            raise EventMalformed()
        user = await self._user(request)
        user_id = user.id if user else NOBODY
        if not self._table.enter(f"upload {name}" if route == "upload_progress" else name, user_id):
            return NOT_YOURS
        if route == "queue/data" and not self._gradio.knows(name):
            return NOT_HERE  # Gradio would break off in the middle of its response
        kind = "heartbeat" if route == "heartbeat" else "events"

        async def counted_stream(scope: Scope, receive: Receive, send: Send) -> None:
            async with AsyncExitStack() as contexts:
                try:
                    await contexts.enter_async_context(self._counted(kind, user))
                except PinciteError as error:
                    await _refused(error)(scope, receive, send)
                    return
                if route == "queue/data":
                    await contexts.enter_async_context(self._table.listening(name))
                await self._app(scope, receive, send)

        return counted_stream

    async def _look(self, request: Request, session: str) -> Response:
        """Answer whether the user's page of this session has anything new to show."""
        if request.method != "GET" or not SESSION.fullmatch(session):
            raise EventMalformed()
        user = await self._user(request)
        if not self._table.enter(session, user.id if user else NOBODY):
            return NOT_YOURS
        async with self._counted("looks", user):
            has_changed = await self._gradio.look(session, request)
        if has_changed is None:
            return NOT_HERE
        return JSONResponse({"changed": has_changed}, headers={"Cache-Control": "no-store"})

    async def _event(self, request: Request, route: str) -> tuple[ASGIApp, Receive]:
        """Check an event or its cancellation; return what answers it, and the body that Gradio gets."""
        user = await self._user(request)
        async with self._counted("body", user):
            body = await request.body()
        event = parsed(body)
        session = session_of(event)
        user_id = user.id if user else NOBODY
        if not self._table.enter(session, user_id):
            return NOT_YOURS, request.receive
        if route == "queue/join":
            self._refuse_too_many(user_id)
            body = self._gradio.events.cleaned(event, partial(self._upload_store.theirs, user_id))
            request.scope["headers"] = [
                (name, str(len(body)).encode() if name == b"content-length" else value)
                for name, value in request.scope["headers"]
            ]
            sent = self._sent.once(session, user_id, request.headers.get("x-act", ""), self._app)
            return sent, _replay(body, request.receive)
        return self._app, _replay(body, request.receive)

    async def _upload(self, request: Request) -> Response:
        """Receive files for the user of the request; respond with their handles."""
        user = await self._user(request, wait=True)
        upload_id = _one(request, "upload_id") if "upload_id" in request.query_params else ""
        if upload_id and not SESSION.fullmatch(upload_id):
            raise EventMalformed()
        if user is None or (upload_id and not self._table.enter(f"upload {upload_id}", user.id)):
            return NOT_YOURS
        try:
            uploads = await self._upload_store.receive(
                request.stream(),
                request.headers.get("content-type", ""),
                user.id,
                self._gradio.on_bytes(upload_id),
                self._startup.opened().share_key(user),
            )
        finally:
            self._gradio.on_end(upload_id)
        return JSONResponse([upload.handle for upload in uploads])

    async def _user(self, request: Request, *, wait: bool = False) -> User | None:
        """The user of the request; None without access, and before the workspace is open unless `wait`."""
        if self._startup.workspace is None and not wait:
            return None

        def named() -> User:
            return user_of(request, self._startup.opened())

        try:
            return await run_in_threadpool(named)
        except PinciteError:  # the page shows the reason, in a session without an owner
            return None

    def _counted(self, kind: str, user: User | None) -> AbstractAsyncContextManager[None]:
        """Count a stream or body of this kind for the user, and for all who share their address."""
        keys = {user.id, self._startup.opened().share_key(user)} if user else {NOBODY}
        limits = {
            f"{kind} {key}": MOST_STREAMS if user and key == user.id else MOST_STREAMS_SHARED
            for key in keys
            if key != LOCAL_USER.id
        }
        return self._table.stream(set(limits), limits.get)

    def _refuse_too_many(self, user_id: str) -> None:
        if user_id != LOCAL_USER.id and sum(map(self._gradio.under_way, self._table.of(user_id))) >= MOST_EVENTS:
            raise TooManyEvents(count=MOST_EVENTS)


def _one(request: Request, name: str) -> str:
    """The value of a query parameter. Raises EventMalformed unless there is exactly one: Gradio might use another."""
    values = request.query_params.getlist(name)
    if len(values) != 1:
        raise EventMalformed()
    return values[0]


def _refused(error: PinciteError) -> Response:
    record_error(error)
    return PlainTextResponse(f"{error} {error.page_hint}".strip(), _STATUS.get(type(error), 400))


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that first returns this body."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again
