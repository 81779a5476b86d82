"""The page's doors: which of gradio's routes are open at all, whose a session is, and what of a request gradio gets.

Gradio brings routes that the page does not use: files by their path, runs without a stream, a proxy, an editor. They are
not there for anyone, and neither is one that a later gradio brings. It also hands the events of a session, and what the
session remembers, to whoever names it, and the name is made up by the browser: a session belongs to the first user who
uses it, and is refused to every other. So is the progress of an upload. Uploads are received here and not by gradio
(`arriving`), and of an event gradio gets a body that is made anew (`events`).
"""

import re
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retrieval import PinciteError
from webapp.arriving import Arriving, OnBytes
from webapp.errors import EventMalformed, NotUploaded, TooManyEvents, TooManyUploads, TooMuchArriving
from webapp.events import SESSION, Events, parsed, session_of
from webapp.identity import user_of
from webapp.log import noted
from webapp.opening import Opening
from webapp.records import LOCAL_USER, User

MOST_SESSIONS = 50_000  # remembered; a page that has been left is the first to be forgotten
MOST_EVENTS = 300  # of one user, in all their pages, told or not: a page has two or three under way
# The same for everyone: the empty page, and what it is drawn with.
_OPEN = re.compile(
    r"/(?:(?:config|theme\.css|favicon\.ico|manifest\.json|robots\.txt|gradio_api/app_id)?|(?:static|assets)/.+)"
)
_OWNED = re.compile(
    r"/gradio_api/(?:queue/data|heartbeat/(?P<session>[^/]+)|(?P<upload>upload)|upload_progress|(?P<told>queue/join|cancel))"
)
NOT_HERE = PlainTextResponse("There is nothing here.", 404)
NOT_YOURS = PlainTextResponse("This page belongs to someone else.", 403)
# A refusal's status; whatever else of our tree is raised is a 400.
_STATUS = {NotUploaded: 403, TooManyEvents: 429, TooManyUploads: 429, TooMuchArriving: 503}


@dataclass(frozen=True, slots=True)
class Gradio:
    """What is asked of gradio about its page: its events, its sessions and what they have under way, an upload's progress."""

    events: Events
    knows: Callable[[str], bool]
    under_way: Callable[[str], int]
    on_bytes: Callable[[str], OnBytes]
    on_end: Callable[[str], None]


class Sessions:
    """ASGI application around the page's."""

    def __init__(self, app: ASGIApp, opening: Opening, arriving: Arriving, gradio: Gradio) -> None:
        self._app = app
        self._opening = opening
        self._arriving = arriving
        self._gradio = gradio
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._of: defaultdict[str, set[str]] = defaultdict(set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what the page uses and what is nobody else's."""
        if scope["type"] != "http" or _OPEN.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            owned = _OWNED.fullmatch(scope["path"])
            app: ASGIApp = NOT_HERE
            if owned and owned["upload"]:
                app = await self._upload(Request(scope, receive))
            elif owned and owned["told"]:
                app, receive = await self._event(Request(scope, receive), owned["told"])
            elif owned:
                app = await self._heard(Request(scope, receive), owned["session"])
        except PinciteError as error:
            noted(error)
            app = PlainTextResponse(f"{error} {error.hint}".strip(), _STATUS.get(type(error), 400))
        await app(scope, receive, send)

    async def _heard(self, request: Request, session: str | None) -> ASGIApp:
        """What is told of a session's events or of an upload."""
        upload = request.query_params.get("upload_id")
        name = session or request.query_params.get("session_hash") or ""
        if upload is None and not SESSION.fullmatch(name):
            raise EventMalformed()
        user_id = await self._user_id(request)
        if not self._is_theirs(name or f"upload {upload}", user_id):
            return NOT_YOURS
        unknown = request.url.path.endswith("/queue/data") and not self._gradio.knows(name)
        return NOT_HERE if unknown else self._app  # gradio would break off in the middle of its answer

    async def _event(self, request: Request, what: str) -> tuple[ASGIApp, Receive]:
        """An event, or the end of one, with the body that gradio gets."""
        body = await request.body()
        told = parsed(body)
        session = session_of(told)
        user_id = await self._user_id(request)
        if not self._is_theirs(session, user_id):
            return NOT_YOURS, request.receive
        if what == "queue/join":
            self._refuse_too_many(user_id)
            body = self._gradio.events.cleaned(told, partial(self._arriving.theirs, user_id or ""))
            request.scope["headers"] = [
                (name, str(len(body)).encode() if name == b"content-length" else value)
                for name, value in request.scope["headers"]
            ]
        return self._app, _again(body, request.receive)

    async def _upload(self, request: Request) -> Response:
        """Receive files for the user of the request; the answer is their paths, as gradio's own route gives them."""
        user = await self._user(request, wait=True)
        user_id = user.id if user else None
        upload_id = request.query_params.get("upload_id", "")
        if user is None or not self._is_theirs(f"upload {upload_id}", user_id if upload_id else None):
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
        return JSONResponse([str(upload.path) for upload in uploads])

    async def _user(self, request: Request, *, wait: bool = False) -> User | None:
        """The request's user; None where it is nobody, or while nothing is anyone's yet."""
        if self._opening.workspace is None and not wait:
            return None
        try:
            return await run_in_threadpool(lambda: user_of(request, self._opening.opened()))
        except PinciteError:  # the page tells them why, in a session that is nobody's yet
            return None

    async def _user_id(self, request: Request) -> str | None:
        user = await self._user(request)
        return user.id if user else None

    def _is_theirs(self, name: str, user_id: str | None) -> bool:
        """Whether a session or an upload is this user's; from here on it is, where it was nobody's."""
        if user_id is None:
            return name not in self._owners
        owner = self._owners.setdefault(name, user_id)
        self._of[owner].add(name)
        self._owners.move_to_end(name)
        while len(self._owners) > MOST_SESSIONS:
            left, whose = self._owners.popitem(last=False)
            self._of[whose].discard(left)
        return owner == user_id

    def _refuse_too_many(self, user_id: str | None) -> None:
        if user_id in (None, LOCAL_USER.id):  # nobody's events do nothing, and the local user's machine is theirs
            return
        if sum(map(self._gradio.under_way, self._of[user_id or ""])) >= MOST_EVENTS:
            raise TooManyEvents(count=MOST_EVENTS)


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that has been read, to be read once more."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return left.pop() if left else await receive()

    return receiving
