"""The gate: what every request must pass, and what every answer carries, whichever route it is for.

In: a name for this machine that is this machine's (with `local`: a page elsewhere can make its own name lead here), no
sender that is another site, a body that is not larger than anything we take. Out: a content security policy, so that
whatever a document or a model writes, the page asks no other host for anything and runs no script of theirs.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webapp.identity import GUEST_COOKIE, GUEST_SECONDS, Guest, guest_key
from webapp.log import log
from webapp.quotas import quota_of
from webapp.settings import MIB, Settings, is_loopback

MOST_BODY = 16 * MIB  # of what is no upload: the page sends its chat's history along
FILES_AT_ONCE = 40  # in one upload, each as large as the settings allow
UPLOADS = ("/gradio_api/upload",)
OWN_LIMITS = ("/cli/",)  # these count for themselves, and say more

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


class Gate:
    """ASGI middleware around all routes."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """With `demo` the data folder must be there."""
        self._app = app
        self._settings = settings
        self._headers = answer_headers(settings)
        self._key = guest_key(settings.data_dir) if settings.access == "demo" else None
        together = settings.max_file_mib * FILES_AT_ONCE if self._key is None else quota_of(settings).mib
        self._most_upload = (together + 1) * MIB  # one for what the form adds
        self._too_large = PlainTextResponse(f"This is too large: {together} MiB can be added at once.", 413)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what may not pass; hand on the rest."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = self._limit(scope["path"])
        refusal = self._refusal(scope["method"], headers, limit)
        cookie = None if refusal else self._cookie(scope, headers)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    out[name] = value
                if cookie:
                    out.append("Set-Cookie", cookie)
            await send(message)

        app = refusal or self._app
        try:
            await app(scope, receive if limit is None else _counted(receive, limit), sending)
        except _TooLarge:
            await self._too_large(scope, receive, sending)
        except ClientDisconnect:  # a browser that was closed during an upload: nobody is left to be answered
            log.info("request broken off")

    def _refusal(self, method: str, headers: Headers, limit: int | None) -> ASGIApp | None:
        if self._settings.access == "local" and not is_loopback(_host(headers.get("host", ""))):
            return PlainTextResponse("This address is not this machine's.", 421)
        if method not in ("GET", "HEAD", "OPTIONS") and _from_elsewhere(headers):
            return PlainTextResponse("Another site may not send this.", 403)
        length = headers.get("content-length", "0")
        if limit is not None and not (length.isdecimal() and int(length) <= limit):
            return self._too_large
        return None

    def _limit(self, path: str) -> int | None:
        if path.startswith(OWN_LIMITS):
            return None
        return self._most_upload if path.startswith(UPLOADS) else MOST_BODY

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


class _TooLarge(Exception):
    """More came than was told or is taken."""


def _counted(receive: Receive, limit: int) -> Receive:
    """The body as it comes in; raises _TooLarge past `limit`. A length that was told has been checked before."""
    got = 0

    async def receiving() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > limit:
            raise _TooLarge
        return message

    return receiving
