"""Rejects requests whose Host header is not ours (DNS rebinding), whose Origin is another site (CSRF), whose sender is
not admitted, or whose body is too large or stalls; adds the Content-Security-Policy and other headers to every
response.

The Host header and admission are checked with `PINCITE_ACCESS=local`. The policy keeps the page from loading anything
from another host, and from running scripts of one, whatever a document or a model writes.
"""

import asyncio
import time
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webapp.core.limits import FILES_AT_ONCE, MIB
from webapp.core.log import log
from webapp.core.settings import Settings, is_loopback
from webapp.web.authentication import GUEST_COOKIE, GUEST_SECONDS, Guest, LocalLogin, guest_key

MOST_BODY = 2 * MIB  # of a request that is not an upload: a question is a few kB, the ids of 20,000 documents 1.3 MB
BODY_SECONDS = 60.0  # for a short body, and between two pieces of any: past that the sender is gone, or is stalling
LEAST_RATE = 8 * 1024  # bytes a second of a long body: half of what a phone at the edge of a cell sends
UPLOADS = "/gradio_api/upload"
METRICS = "/metrics"
HEALTH = ("/healthz", "/readyz")  # open to anyone: their responses tell nothing of any user

# Gradio's page needs inline its start script and its styles, functions made from the text of `js=` handlers, and images
# and workers from `blob:` and `data:` URLs. None of it names another host.
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
POLICY_HEADER = "Content-Security-Policy"
FOR_GOOD = "public, max-age=31536000, immutable"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def answer_headers(settings: Settings) -> dict[str, str]:
    """The security headers of every response."""
    ancestors = " ".join(["'self'", *(settings.framed_by or "").split(",")]).rstrip()
    framing = {POLICY_HEADER: f"{POLICY}; frame-ancestors {ancestors}"}
    if settings.page_url.startswith("https://"):
        framing["Strict-Transport-Security"] = "max-age=31536000"
    if not settings.framed_by:  # for old browsers without frame-ancestors; it cannot list sites
        framing["X-Frame-Options"] = "SAMEORIGIN"
    return framing | HEADERS


ELSEWHERE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>pincite</title><style>:root{color-scheme:light dark}body{font:1rem/1.5 ui-sans-serif,system-ui,sans-serif;
max-width:36rem;margin:16vh auto;padding:0 1.5rem}h1{font-size:1.25rem;line-height:1.3}</style>
<p><strong>pincite</strong></p>
<h1>This page opens from the address that pincite printed</h1>
<p>When pincite starts it prints an address that ends in a key, so that nobody else on this computer can open your
documents. Open that address once in this browser; from then on this page opens by itself.</p>
<p>If the window it was printed in is closed, enter <code>pincite serve</code> or <code>make run</code> in a terminal,
as you did to start it: it prints the address again.</p></html>"""


class SecurityMiddleware:
    """ASGI middleware around all routes; see the module docstring."""

    def __init__(self, app: ASGIApp, settings: Settings, login: LocalLogin | None = None) -> None:
        """`login` admits browsers with `local`; without it none is. With `demo` the data folder must exist."""
        self._app = app
        self._settings = settings
        self._login = login
        self._headers = answer_headers(settings)
        self._key = guest_key(settings.data_dir) if settings.access == "demo" else None
        together = settings.max_file_mib * FILES_AT_ONCE if self._key is None else settings.quota.mib
        self._most_upload = (together + 1) * MIB  # one for the overhead of multipart/form-data
        self._too_large = {
            self._most_upload: PlainTextResponse(f"The upload is too large: {together} MiB can be added at once.", 413),
            MOST_BODY: PlainTextResponse(f"The request is too large: {MOST_BODY // MIB} MiB is the limit.", 413),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request or pass it on; add the headers to its response."""
        if scope["type"] == "websocket":  # pincite has no websocket route
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = self._most_upload if scope["path"] == UPLOADS else MOST_BODY
        refusal = self._refusal(scope["method"], headers, limit) or self._not_let_in(scope, headers)
        cookie = None if refusal else self._cookie(scope, headers)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                if scope["path"] in ("/", "/config"):  # they depend on the guest's cookie and the proxy's headers
                    out["Cache-Control"] = "no-store"
                elif scope["path"].startswith("/assets/") and message["status"] == 200:
                    out["Cache-Control"] = FOR_GOOD  # their names have a hash of what they are
                for name, value in self._headers.items():
                    if name != POLICY_HEADER or name not in out:  # a page without scripts has a stricter policy
                        out[name] = value
                if cookie:
                    out.append("Set-Cookie", cookie)
            await send(message)

        app = refusal or self._app
        # Gradio would allow any Origin to read its response (CORS); the origin was checked above.
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"origin"]
        try:
            await app(scope, limit_body(receive, limit), send_with_headers)
        except ClientDisconnect:  # a browser that was closed during an upload
            log.info("request broken off")

    def _refusal(self, method: str, headers: Headers, limit: int) -> ASGIApp | None:
        if self._settings.access == "local" and not is_loopback(_host(headers.get("host", ""))):
            return PlainTextResponse("This address does not belong to this computer.", 421)
        if method not in ("GET", "HEAD", "OPTIONS") and _is_cross_origin(headers):
            return PlainTextResponse("Another site may not send this request.", 403)
        length = headers.get("content-length", "0")
        if not (length.isdecimal() and len(length) < 20 and int(length) <= limit):
            return self._too_large[limit]
        return None

    def _not_let_in(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        """With `local`: exchange the token in the address for a cookie, and refuse requests that have neither."""
        if self._settings.access != "local" or scope["path"] in HEALTH:
            return None
        if scope["path"] == METRICS and self._settings.metrics_token is not None:  # its route checks its own token
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        tokens = [value for name, value in query if name == "token"]
        has_cookie = self._login is not None and self._login.admits(cookie_parser(headers.get("cookie", "")))
        if self._login is not None and (scope["method"], scope["path"]) == ("GET", "/") and tokens:
            has_token = self._login.takes(tokens[0])
            if has_token or has_cookie:  # with the cookie, an old token in the address does no harm
                rest = urlencode([(name, value) for name, value in query if name != "token"])
                response = RedirectResponse(f"/?{rest}" if rest else "/", 303)
                response.headers["Cache-Control"] = "no-store"
                if has_token:
                    response.headers["Set-Cookie"] = self._login.cookie
                return response
        if has_cookie:
            return None
        return HTMLResponse(ELSEWHERE, 403, headers={"Cache-Control": "no-store"})

    def _cookie(self, scope: Scope, headers: Headers) -> str | None:
        """A new guest cookie for a browser that loads the page without a valid one; no other route sets one."""
        if self._key is None or (scope["method"], scope["path"]) != ("GET", "/"):
            return None
        if Guest.of(cookie_parser(headers.get("cookie", "")), self._key):
            return None
        encrypted = "https" in (scope["scheme"], headers.get("x-forwarded-proto"))
        value = Guest.arriving().cookie(self._key)
        site = "SameSite=Lax"
        if encrypted:
            # In a frame of another site browsers store only cookies that are SameSite=None and, being partitioned, are
            # sent only within frames of that site. Cross-origin requests with them are refused above.
            site = "SameSite=None; Secure; Partitioned" if self._settings.framed_by else "SameSite=Lax; Secure"
        return f"{GUEST_COOKIE}={value}; Path=/; Max-Age={GUEST_SECONDS}; HttpOnly; {site}"


def _host(host: str) -> str:
    """The host name in a Host header, without port and brackets; "" if it is malformed."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_cross_origin(headers: Headers) -> bool:
    """Whether a browser marks the request as another site's (Sec-Fetch-Site, else Origin);
    other clients send neither.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    try:
        return origin is not None and urlsplit(origin).netloc != headers.get("host", "")
    except ValueError:  # no address
        return True


class TooLarge(HTTPException):
    """HTTP 413: a body is larger than its limit. Raised where the framework reads the body."""

    def __init__(self) -> None:
        super().__init__(413, "The request is too large.")


class Stalled(HTTPException):
    """HTTP 408: a body stalled. Raised like TooLarge."""

    def __init__(self) -> None:
        super().__init__(408, "The rest of this request did not arrive.", headers={"Connection": "close"})


def limit_body(receive: Receive, limit: int) -> Receive:
    """Wrap `receive` to raise TooLarge past `limit` bytes of body,
    and Stalled if the body is slower than the time-outs.

    Content-Length is checked before. After the body, the message that the client disconnected has no time-out.
    """
    received_bytes, complete = 0, False
    started_at = time.monotonic()

    async def receive_limited() -> Message:
        nonlocal received_bytes, complete
        if complete:
            return await receive()
        try:
            remaining = started_at + BODY_SECONDS + received_bytes / LEAST_RATE - time.monotonic()
            message = await asyncio.wait_for(receive(), max(0.0, min(BODY_SECONDS, remaining)))
        except TimeoutError as error:
            raise Stalled from error
        complete = not message.get("more_body", False)
        received_bytes += len(message.get("body", b""))
        if received_bytes > limit:
            raise TooLarge
        return message

    return receive_limited
