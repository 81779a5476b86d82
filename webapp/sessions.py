"""The page's doors: which of gradio's routes are open at all, and whose a session and an upload are.

Gradio brings routes that the page does not use: files by their path, runs without a stream, a proxy, an editor. They are
not there for anyone, and neither is one that a later gradio brings. It also hands the events of a session, and what the
session remembers, to whoever names it, and the name is made up by the browser: a session belongs to the first user who
uses it, and is refused to every other. So is the progress of an upload. What is uploaded must come from a user, and all
that is on its way must leave room on the disk.
"""

import json
import re
from collections import OrderedDict
from contextlib import suppress

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retrieval import PinciteError
from webapp.arriving import Arriving
from webapp.identity import user_of
from webapp.opening import Opening

MOST_SESSIONS = 50_000  # remembered; a page that has been left is the first to be forgotten
# The same for everyone: the empty page, and what it is drawn with.
_OPEN = re.compile(
    r"/(?:(?:config|theme\.css|favicon\.ico|manifest\.json|robots\.txt|gradio_api/app_id)?|(?:static|assets)/.+)"
)
_OWNED = re.compile(
    r"/gradio_api/(?:queue/data|heartbeat/(?P<session>[^/]+)|(?P<upload>upload)|upload_progress|(?P<told>queue/join|cancel))"
)
NOT_HERE = PlainTextResponse("There is nothing here.", 404)
NOT_YOURS = PlainTextResponse("This page belongs to someone else.", 403)
FULL = PlainTextResponse("Too much is being added at the moment. Try again in a few minutes.", 503)


class Sessions:
    """ASGI application around the page's."""

    def __init__(self, app: ASGIApp, opening: Opening, arriving: Arriving) -> None:
        self._app = app
        self._opening = opening
        self._arriving = arriving
        self._owners: OrderedDict[str, str] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what the page uses and what is nobody else's."""
        app = self._app
        if scope["type"] == "http" and not _OPEN.fullmatch(scope["path"]):
            owned = _OWNED.fullmatch(scope["path"])
            if owned is None:
                app = NOT_HERE
            else:
                request = Request(scope, receive)
                asked = request.query_params
                name = owned["session"] or asked.get("session_hash") or f"upload {asked.get('upload_id', '')}"
                if owned["told"]:
                    body = await request.body()
                    name, receive = _session(body), _again(body, receive)
                if not await self._is_theirs(name, request, upload=bool(owned["upload"])):
                    app = NOT_YOURS
                elif owned["upload"] and not await run_in_threadpool(self._arriving.takes_more):
                    app = FULL
        await app(scope, receive, send)

    async def _is_theirs(self, name: str, request: Request, *, upload: bool) -> bool:
        if self._opening.workspace is None and not upload:  # nothing is anyone's yet
            return True
        try:
            workspace = self._opening.workspace
            if workspace is None:
                workspace = await run_in_threadpool(self._opening.opened)
            user = await run_in_threadpool(user_of, request, workspace)
        except PinciteError:  # the page tells them why, in a session that is nobody's yet
            return not upload and name not in self._owners
        if name in ("", "upload "):  # nobody's
            return True
        owner = self._owners.setdefault(name, user.id)
        self._owners.move_to_end(name)
        while len(self._owners) > MOST_SESSIONS:
            self._owners.popitem(last=False)
        return owner == user.id


def _session(body: bytes) -> str:
    """The session that an event names; "" where the body is no event, which gradio then says."""
    with suppress(ValueError, AttributeError):
        return str(json.loads(body).get("session_hash") or "")
    return ""


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that has been read, to be read once more."""
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return left.pop() if left else await receive()

    return receiving
