"""The gate: what every request must pass, and what every answer carries, whichever route it is for.

In: a name for this machine that is this machine's (with `local`: a page elsewhere can make its own name lead here) and
someone who was let in, no sender that is another site, a body that is not larger than anything we take and that keeps
coming. Out: a content security policy, so that
whatever a document or a model writes, the page asks no other host for anything and runs no script of theirs.
"""

import asyncio
import time
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webapp.core.limits import FILES_AT_ONCE
from webapp.core.log import log
from webapp.core.quotas import quota_of
from webapp.core.settings import MIB, Settings, is_loopback
from webapp.web.authentication import GUEST_COOKIE, GUEST_SECONDS, Guest, LocalDoor, guest_key

MOST_BODY = 2 * MIB  # of what is no upload: a question is a few kB, the ids of 20,000 documents are 1.3 MB
BODY_SECONDS = 60.0  # for a body, and without a byte of it: its sender is gone, or holds the connection for nothing
LEAST_RATE = 8 * 1024  # bytes a second of a long body: half of what a telephone on the edge of a cell sends
UPLOADS = "/gradio_api/upload"
METRICS = "/metrics"
HEALTH = ("/healthz", "/readyz")  # for whoever watches the server: they say nothing of anyone

# What gradio's page needs inline: its start script and its styles, functions made from the text of `js=` handlers, and
# images and workers that it makes from bytes of its own. Nothing of it names another host.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def answer_headers(settings: Settings) -> dict[str, str]:
    """What every answer carries."""
    ancestors = " ".join(["'self'", *(settings.framed_by or "").split(",")]).rstrip()
    framing = {"Content-Security-Policy": f"{POLICY}; frame-ancestors {ancestors}"}
    if not settings.framed_by:  # it knows no list of sites; it is for browsers that do not know frame-ancestors
        framing["X-Frame-Options"] = "SAMEORIGIN"
    return framing | HEADERS


ELSEWHERE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>pincite</title><style>:root{color-scheme:light dark}body{font:1rem/1.5 ui-sans-serif,system-ui,sans-serif;
max-width:36rem;margin:16vh auto;padding:0 1.5rem}h1{font-size:1.25rem;line-height:1.3}</style>
<p><strong>pincite</strong></p>
<h1>This page opens from the address that pincite printed</h1>
<p>When pincite starts it prints an address that ends in a key, so that nobody else on this computer can open your
documents. Open that address once in this browser; from then on this page opens by itself.</p>
<p>If the window it was printed in is closed, enter <code>pincite serve</code> or <code>make run</code> in a terminal, as
you did to start it: it prints the address again.</p></html>"""


class Gate:
    """ASGI middleware around all routes."""

    def __init__(self, app: ASGIApp, settings: Settings, door: LocalDoor | None = None) -> None:
        """`door`: the way in with `local`; without one nobody comes in. With `demo` the data folder must be there."""
        self._app = app
        self._settings = settings
        self._door = door
        self._headers = answer_headers(settings)
        self._key = guest_key(settings.data_dir) if settings.access == "demo" else None
        together = settings.max_file_mib * FILES_AT_ONCE if self._key is None else quota_of(settings).mib
        self._most_upload = (together + 1) * MIB  # one for what the form adds
        self._too_large = {
            self._most_upload: PlainTextResponse(f"This is too large: {together} MiB can be added at once.", 413),
            MOST_BODY: PlainTextResponse(f"This is too large: {MOST_BODY // MIB} MiB is the limit.", 413),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what may not pass; hand on the rest."""
        if scope["type"] == "websocket":  # there is none: it is closed before it opens
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = self._most_upload if scope["path"] == UPLOADS else MOST_BODY
        refusal = self._refusal(scope["method"], headers, limit) or self._not_let_in(scope, headers)
        cookie = None if refusal else self._cookie(scope, headers)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                if scope["path"] in ("/", "/config"):  # a guest's cookie comes with it, and what a proxy said of itself
                    out["Cache-Control"] = "no-store"
                for name, value in self._headers.items():
                    out[name] = value
                if cookie:
                    out.append("Set-Cookie", cookie)
            await send(message)

        app = refusal or self._app
        # Gradio answers an Origin by letting that origin read: whether it may ask at all was decided above.
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"origin"]
        try:
            await app(scope, limited(receive, limit), sending)
        except ClientDisconnect:  # a browser that was closed during an upload: nobody is left to be answered
            log.info("request broken off")

    def _refusal(self, method: str, headers: Headers, limit: int) -> ASGIApp | None:
        if self._settings.access == "local" and not is_loopback(_host(headers.get("host", ""))):
            return PlainTextResponse("This address is not this machine's.", 421)
        if method not in ("GET", "HEAD", "OPTIONS") and _from_elsewhere(headers):
            return PlainTextResponse("Another site may not send this.", 403)
        length = headers.get("content-length", "0")
        if not (length.isdecimal() and len(length) < 20 and int(length) <= limit):
            return self._too_large[limit]
        return None

    def _not_let_in(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        """With `local`: whoever brings the token goes on with a cookie instead, and nobody else passes without one."""
        if self._settings.access != "local" or scope["path"] in HEALTH:
            return None
        if scope["path"] == METRICS and self._settings.metrics_token is not None:  # it asks for a token of its own
            return None
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        tokens = [value for name, value in asked if name == "token"]
        known = self._door is not None and self._door.admits(cookie_parser(headers.get("cookie", "")))
        if self._door is not None and (scope["method"], scope["path"]) == ("GET", "/") and tokens:
            brought = self._door.takes(tokens[0])
            if brought or known:  # an old address in a browser that was let in leads on as well
                rest = urlencode([(name, value) for name, value in asked if name != "token"])
                answer = RedirectResponse(f"/?{rest}" if rest else "/", 303)
                answer.headers["Cache-Control"] = "no-store"
                if brought:
                    answer.headers["Set-Cookie"] = self._door.cookie
                return answer
        if known:
            return None
        return HTMLResponse(ELSEWHERE, 403, headers={"Cache-Control": "no-store"})

    def _cookie(self, scope: Scope, headers: Headers) -> str | None:
        """A guest's cookie, for a browser that opens the page without one of ours; nowhere else, so that it gets one."""
        if self._key is None or (scope["method"], scope["path"]) != ("GET", "/"):
            return None
        if Guest.of(cookie_parser(headers.get("cookie", "")), self._key):
            return None
        encrypted = "https" in (scope["scheme"], headers.get("x-forwarded-proto"))
        value = Guest.arriving().cookie(self._key)
        site = "SameSite=Lax"
        if encrypted:
            # Inside another site's page a browser keeps no cookie but one that is for all sites and, being partitioned,
            # comes back only inside that same site's pages. What other sites send in its name is refused above.
            site = "SameSite=None; Secure; Partitioned" if self._settings.framed_by else "SameSite=Lax; Secure"
        return f"{GUEST_COOKIE}={value}; Path=/; Max-Age={GUEST_SECONDS}; HttpOnly; {site}"


def _host(host: str) -> str:
    """The name in a Host header, without its port and brackets; "" for what is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that a page of another origin sends this; programs say nothing."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host", "")


class TooLarge(HTTPException):
    """More came than was told or is taken; whichever framework reads the body says so."""

    def __init__(self) -> None:
        super().__init__(413, "This is too large.")


class Stalled(HTTPException):
    """A body stopped coming; told as TooLarge is."""

    def __init__(self) -> None:
        super().__init__(408, "The rest of this did not arrive.", headers={"Connection": "close"})


def limited(receive: Receive, limit: int) -> Receive:
    """The body as it comes in; raises TooLarge past `limit` bytes and Stalled where it stops coming.

    A length that was told has been checked before. What comes after the body, that the client left, is waited for as long
    as an answer takes.
    """
    got, whole = 0, False
    began = time.monotonic()

    async def receiving() -> Message:
        nonlocal got, whole
        if whole:
            return await receive()
        try:
            left = began + BODY_SECONDS + got / LEAST_RATE - time.monotonic()
            message = await asyncio.wait_for(receive(), max(0.0, min(BODY_SECONDS, left)))
        except TimeoutError as error:
            raise Stalled from error
        whole = not message.get("more_body", False)
        got += len(message.get("body", b""))
        if got > limit:
            raise TooLarge
        return message

    return receiving
