"""A session of the page belongs to whoever opened it first.

Gradio hands the events of a session to whoever names it, and the name is made up by the browser. So the streams of a
session are bound to the first user who listens, and refused to every other.
"""

import re
from collections import OrderedDict
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from retrieval import PinciteError
from webapp.identity import user_of

if TYPE_CHECKING:
    from webapp.server import Opening

MOST_SESSIONS = 50_000  # remembered; a page that has been left is the first to be forgotten
_STREAM = re.compile(r"/gradio_api/(?:queue/data$|heartbeat/(?P<session>[^/]+)$)")


class Sessions:
    """ASGI middleware before the page."""

    def __init__(self, app: ASGIApp, opening: "Opening") -> None:
        self._app = app
        self._opening = opening
        self._owners: OrderedDict[str, str] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what is no stream of a session, or one of the user's own."""
        app = self._app
        if scope["type"] == "http" and (stream := _STREAM.search(scope["path"])):
            request = Request(scope)
            session = stream["session"] or request.query_params.get("session_hash", "")
            if self._opening.workspace is not None and not await self._is_theirs(session, request):
                app = PlainTextResponse("This page belongs to someone else.", 403)
        await app(scope, receive, send)

    async def _is_theirs(self, session: str, request: Request) -> bool:
        workspace = self._opening.workspace
        assert workspace is not None
        try:
            user = await run_in_threadpool(user_of, request, workspace)
        except PinciteError:  # the page tells them why, in a session that is nobody's yet
            return session not in self._owners
        owner = self._owners.setdefault(session, user.id)
        self._owners.move_to_end(session)
        while len(self._owners) > MOST_SESSIONS:
            self._owners.popitem(last=False)
        return owner == user.id
