"""Gate in front of all routes with `accounts`: without a session only the sign-in pages, health and Gradio's own files.

What a browser opens as a page leads to the sign-in page; anything else is refused with 401, by which an open page knows
that its session has ended. The routes behind the gate authenticate the request again.
"""

import re
from collections.abc import Callable
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from retrieval import PinciteError
from webapp.core.errors import SessionEnded
from webapp.core.log import user_error
from webapp.service.workspace import Workspace
from webapp.web.authentication import session_cookie
from webapp.web.middleware import HEALTH, METRICS
from webapp.web.single_sign_on import CALLBACK

_OPEN = re.compile(
    rf"/sign-in(?:/.*)?|{CALLBACK}|/sign-out|/signed-out|/set-password|/first-administrator|/account(?:/.*)?"
    r"|/theme\.css|/favicon\.ico|/manifest\.json|/robots\.txt|/pwa_icon/(?:192|512)|/(?:static|assets)/.*"
)


class SessionGate:
    """ASGI middleware; see the module docstring."""

    def __init__(self, app: ASGIApp, opened: Callable[[], Workspace]) -> None:
        """`opened` waits for the stores and raises their errors."""
        self._app, self._opened = app, opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, lead it to the sign-in page, or refuse it."""
        refusal = await self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    async def _refusal(self, scope: Scope) -> ASGIApp | None:
        path = scope["path"]
        if path in HEALTH or path == METRICS or _OPEN.fullmatch(path):
            return None
        request = Request(scope)

        def is_signed_in() -> bool:
            workspace = self._opened()
            token = request.cookies.get(session_cookie(workspace.settings), "")
            return bool(token) and workspace.sessions.user(token) is not None

        try:
            if await run_in_threadpool(is_signed_in):
                return None
        except PinciteError as error:
            told = user_error(error)
            return PlainTextResponse(f"{told} {told.page_hint}".strip(), 503, headers={"Retry-After": "5"})
        is_page = path == "/" or "text/html" in request.headers.get("accept", "")
        if is_page and scope["method"] in ("GET", "HEAD"):
            query = scope["query_string"].decode("latin-1")
            wanted = f"{path}?{query}" if query else path
            to = "/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='')}"
            return RedirectResponse(to, 303, headers={"Cache-Control": "no-store"})
        ended = SessionEnded()
        told_as = {"error": str(ended), "hint": ended.page_hint}
        return JSONResponse(told_as, 401, headers={"Cache-Control": "no-store"})
