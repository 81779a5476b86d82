"""The page's doors: which of gradio's routes are open at all, whose a session is, and what of a request gradio gets.

Gradio brings routes that the page does not use: files by their path, runs without a stream, a proxy, an editor. They are
not there for anyone, and neither is one that a later gradio brings. It also hands the events of a session, and what the
session remembers, to whoever names it, and the name is made up by the browser: a session belongs to the first user who
uses it, and is refused to every other. So is the progress of an upload. Uploads are received here and not by gradio
(`arriving`), and of an event gradio gets a body that is made anew (`events`).
"""

import re
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retrieval import PinciteError
from webapp.core.errors import (
    EventMalformed,
    NotUploaded,
    TooManyEvents,
    TooManyStreams,
    TooManyUploads,
    TooMuchArriving,
)
from webapp.core.log import noted
from webapp.page.events import SESSION, Events, parsed, session_of
from webapp.page.session_table import MOST_STREAMS, MOST_STREAMS_SHARED, NOBODY, SessionTable
from webapp.page.uploads import Arriving, OnBytes
from webapp.service.startup import Opening
from webapp.store.users import LOCAL_USER, User
from webapp.web.authentication import user_of

MOST_EVENTS = 300  # of one user, in all their pages, told or not: a page has two or three under way
# The same for everyone: the empty page, and what it is drawn with.
_OPEN = re.compile(
    r"/(?:(?:config|theme\.css|favicon\.ico|manifest\.json|robots\.txt|gradio_api/app_id)?|(?:static|assets)/.{1,300})"
)
_OWNED = re.compile(
    r"/gradio_api/(?:heartbeat/(?P<session>[^/]+)|(?P<what>queue/data|queue/join|cancel|upload_progress|upload))"
)
NOT_HERE = PlainTextResponse("There is nothing here.", 404)
NOT_YOURS = PlainTextResponse("This page belongs to someone else.", 403)
# A refusal's status; whatever else of our tree is raised is a 400.
_STATUS = {NotUploaded: 403, TooManyEvents: 429, TooManyStreams: 429, TooManyUploads: 429, TooMuchArriving: 503}


class Gradio(Protocol):
    """What is asked of gradio about its page: its events, its sessions and what they have under way, an upload's progress."""

    @property
    def events(self) -> Events:
        """The events of the page."""

    def knows(self, session: str) -> bool:
        """Whether anything waits to be told to a session."""

    def under_way(self, session: str) -> int:
        """How many events of a session are not at their end."""

    def forget(self, session: str) -> None:
        """Nothing of what is under way is told any more."""

    def leave(self, session: str) -> None:
        """The session is over."""

    def on_bytes(self, upload_id: str) -> OnBytes:
        """Who is told how far an upload is."""

    def on_end(self, upload_id: str) -> None:
        """The upload has ended."""


class Sessions:
    """ASGI application around the page's."""

    def __init__(self, app: ASGIApp, opening: Opening, arriving: Arriving, gradio: Gradio) -> None:
        self._app = app
        self._opening = opening
        self._arriving = arriving
        self._gradio = gradio
        self._table = SessionTable(gradio.forget, gradio.leave)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what the page uses and what is nobody else's."""
        if scope["type"] != "http" or _OPEN.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            owned = _OWNED.fullmatch(scope["path"])
            request = Request(scope, receive)
            app: ASGIApp = NOT_HERE
            match owned and (owned["what"] or "heartbeat"):
                case "upload":
                    app = await self._upload(request)
                case "queue/join" | "cancel" as told:
                    app, receive = await self._event(request, told)
                case "heartbeat" if owned:
                    app = await self._heard(request, "heartbeat", owned["session"])
                case "queue/data" as heard:
                    app = await self._heard(request, heard, _one(request, "session_hash"))
                case "upload_progress" as heard:
                    app = await self._heard(request, heard, _one(request, "upload_id"))
        except PinciteError as error:
            app = _refused(error)
        await app(scope, receive, send)

    async def _heard(self, request: Request, heard: str, name: str) -> ASGIApp:
        """A stream: of a session's events, of its being there, or of an upload."""
        if not SESSION.fullmatch(name):
            raise EventMalformed()
        user = await self._user(request)
        user_id = user.id if user else NOBODY
        if not self._table.enter(f"upload {name}" if heard == "upload_progress" else name, user_id):
            return NOT_YOURS
        if heard == "queue/data" and not self._gradio.knows(name):
            return NOT_HERE  # gradio would break off in the middle of its answer
        kind = "heartbeat" if heard == "heartbeat" else "events"

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            async with AsyncExitStack() as open_:
                try:
                    await open_.enter_async_context(self._counted(kind, user))
                except PinciteError as error:
                    await _refused(error)(scope, receive, send)
                    return
                if heard == "queue/data":
                    await open_.enter_async_context(self._table.listening(name))
                await self._app(scope, receive, send)

        return counted

    async def _event(self, request: Request, what: str) -> tuple[ASGIApp, Receive]:
        """An event, or the end of one, with the body that gradio gets."""
        user = await self._user(request)
        async with self._counted("body", user):
            body = await request.body()
        told = parsed(body)
        session = session_of(told)
        user_id = user.id if user else NOBODY
        if not self._table.enter(session, user_id):
            return NOT_YOURS, request.receive
        if what == "queue/join":
            self._refuse_too_many(user_id)
            body = self._gradio.events.cleaned(told, partial(self._arriving.theirs, user_id))
            request.scope["headers"] = [
                (name, str(len(body)).encode() if name == b"content-length" else value)
                for name, value in request.scope["headers"]
            ]
        return self._app, _again(body, request.receive)

    async def _upload(self, request: Request) -> Response:
        """Receive files for the user of the request; the answer is under what each can be taken in."""
        user = await self._user(request, wait=True)
        upload_id = _one(request, "upload_id") if "upload_id" in request.query_params else ""
        if upload_id and not SESSION.fullmatch(upload_id):
            raise EventMalformed()
        if user is None or (upload_id and not self._table.enter(f"upload {upload_id}", user.id)):
            return NOT_YOURS
        try:
            uploads = await self._arriving.receive(
                request.stream(),
                request.headers.get("content-type", ""),
                user.id,
                self._gradio.on_bytes(upload_id),
                self._opening.opened().share_key(user),
            )
        finally:
            self._gradio.on_end(upload_id)
        return JSONResponse([upload.told for upload in uploads])

    async def _user(self, request: Request, *, wait: bool = False) -> User | None:
        """The request's user; None where it is nobody, or while nothing is anyone's yet."""
        if self._opening.workspace is None and not wait:
            return None
        try:
            return await run_in_threadpool(lambda: user_of(request, self._opening.opened()))
        except PinciteError:  # the page tells them why, in a session that is nobody's yet
            return None

    def _counted(self, kind: str, user: User | None) -> AbstractAsyncContextManager[None]:
        """A place among those that a user, and who shares an address with them, has for streams or bodies of one kind."""
        whose = {user.id, self._opening.opened().share_key(user)} if user else {NOBODY}
        limits = {
            f"{kind} {key}": MOST_STREAMS if user and key == user.id else MOST_STREAMS_SHARED
            for key in whose
            if key != LOCAL_USER.id
        }
        return self._table.stream(set(limits), limits.get)

    def _refuse_too_many(self, user_id: str) -> None:
        if user_id != LOCAL_USER.id and sum(map(self._gradio.under_way, self._table.of(user_id))) >= MOST_EVENTS:
            raise TooManyEvents(count=MOST_EVENTS)


def _one(request: Request, name: str) -> str:
    """The value of a parameter that is there once: of two gradio might take the other. Raises EventMalformed."""
    values = request.query_params.getlist(name)
    if len(values) != 1:
        raise EventMalformed()
    return values[0]


def _refused(error: PinciteError) -> Response:
    noted(error)
    return PlainTextResponse(f"{error} {error.hint}".strip(), _STATUS.get(type(error), 400))


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that has been read, to be read once more."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return left.pop() if left else await receive()

    return receiving
