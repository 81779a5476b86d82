"""Authenticates requests: determines the user of a request, for routes and for handlers of the page.

local         one user: whoever opened the address that `pincite serve` printed, on this machine
accounts      people who sign in; each browser has the token of a session in a cookie
behind-proxy  a proxy authenticates the user and names them in a header, which is trusted only from that proxy
demo          each browser is a user of its own for an hour, by a random id in a signed cookie

A header or cookie that is missing, repeated or malformed is refused; there is no fallback to another user.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, Self

from webapp.core.errors import GuestGone, NotAllowed, SessionEnded
from webapp.core.settings import Settings, is_loopback
from webapp.service.workspace import Workspace
from webapp.store.users import GUEST, LOCAL_USER, PROXY, User
from webapp.web.client_addresses import address_of

GUEST_COOKIE = "pincite_guest"
SESSION_COOKIE = "pincite_session"
SECRET_HEADER = "X-Pincite-Proxy-Secret"  # noqa: S105  # nosec B105 (the header's name)
GUEST_SECONDS = 3600
LOCAL_SECONDS = 180 * 24 * 3600  # half a year, from the last time that the printed address was opened
_LONGEST_NAME = 255  # characters, as in the database


class IncomingRequest(Protocol):
    """Common interface of FastAPI's and gradio's requests."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers by name, case-insensitive."""

    @property
    def cookies(self) -> Mapping[str, str]:
        """Cookies by name."""

    @property
    def client(self) -> Any:
        """The peer; `host` is its address."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Guest session of one browser, for an hour from `since` (Unix time); its cookie is `id.since.signature`."""

    id: str
    since: int

    @classmethod
    def arriving(cls) -> Self:
        """Create a guest with an unguessable id."""
        return cls(secrets.token_hex(16), int(time.time()))

    @classmethod
    def of(cls, cookies: Mapping[str, str], key: bytes) -> Self | None:
        """Verify the guest cookie; None if there is none, its signature is not ours, or the hour is over."""
        id_, _, rest = cookies.get(GUEST_COOKIE, "").partition(".")
        since, _, signature = rest.partition(".")
        if not hmac.compare_digest(signature.encode(), _signature(id_, since, key).encode()):
            return None
        guest = cls(id_, int(since))
        return guest if time.time() < guest.since + GUEST_SECONDS else None

    def cookie(self, key: bytes) -> str:
        """Value of the signed cookie."""
        return f"{self.id}.{self.since}.{_signature(self.id, str(self.since), key)}"

    @property
    def user(self) -> User:
        """The user of this guest."""
        return User(f"{GUEST}{self.id}", "Guest")

    @property
    def ends_at(self) -> datetime:
        """End of the guest's hour."""
        return datetime.fromtimestamp(self.since + GUEST_SECONDS, UTC)


class LocalLogin:
    """Login with `local`: a token in the address that is printed at the start, exchanged for a cookie.

    Every user of a machine can connect to its loopback; the token authenticates the one who started the server. It is
    new at each start. The cookie is derived from a key in the data folder, so that a restart closes no page, and so is
    its name: cookies are shared between ports, and two servers on one machine must not overwrite each other's.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` is the data folder, which must exist. Raises OSError."""
        key = signing_key(folder, "local.key")
        self.token = secrets.token_urlsafe(32)
        self._name = f"pincite_{hmac.new(key, b'name', hashlib.sha256).hexdigest()[:12]}"
        self._value = hmac.new(key, b"cookie", hashlib.sha256).hexdigest()

    @property
    def cookie(self) -> str:
        """Set-Cookie header for a browser with the token."""
        return f"{self._name}={self._value}; Path=/; Max-Age={LOCAL_SECONDS}; HttpOnly; SameSite=Lax"

    @property
    def cookies(self) -> dict[str, str]:
        """The cookie as a client sends it."""
        return {self._name: self._value}

    def address(self, url: str) -> str:
        """The address to open, with the token."""
        return f"{url}/?token={self.token}"

    def takes(self, token: str) -> bool:
        """Whether this is the token; compared in constant time."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    def admits(self, cookies: Mapping[str, str]) -> bool:
        """Whether these cookies contain the cookie; compared in constant time."""
        return hmac.compare_digest(cookies.get(self._name, "").encode(), self._value.encode())


def guest_key(folder: Path) -> bytes:
    """HMAC key for guest cookies."""
    return signing_key(folder, "guests.key")


def signing_key(folder: Path, name: str) -> bytes:
    """HMAC key in the data folder, created at the first call, so that sessions survive a restart."""
    file = folder / name
    with contextlib.suppress(FileExistsError):
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(secrets.token_bytes(32))
    return file.read_bytes()


def session_cookie(settings: Settings) -> str:
    """Name of the cookie with the session of `accounts`; under https a browser takes it only over https, for this host
    and the whole site.
    """
    return f"__Host-{SESSION_COOKIE}" if settings.page_url.startswith("https://") else SESSION_COOKIE


def user_of(request: IncomingRequest, workspace: Workspace, *, active: bool = False) -> User:
    """Authenticate a request; returns its user, who is registered at the first request.

    `active`: the request is an act of the person, which keeps a session from ending; what an open page asks by itself
    does not. Raises NotAllowed (SessionEnded without a session, GuestGone if a guest's hour is over, DemoFull and
    NetworkFull past the limits of guests), and what the stores raise.
    """
    settings, welcome = workspace.settings, workspace.welcome
    if settings.access == "accounts":
        token = request.cookies.get(session_cookie(settings), "")
        signed_in = workspace.sessions.user(token, active=active) if token else None
        if signed_in is None:
            raise SessionEnded()
        welcome(signed_in)
        return signed_in
    if settings.access == "behind-proxy":
        user = _named_by_proxy(request, settings)
        if workspace.accounts.is_disabled(user):
            raise NotAllowed()
        welcome(user)
        return user
    if settings.access == "demo":
        guest = Guest.of(request.cookies, guest_key(settings.data_dir))
        if guest is None:
            raise GuestGone()
        welcome(guest.user, guest.ends_at, address_of(request, settings))
        return guest.user
    if settings.access == "local" and _is_local(request):
        return LOCAL_USER  # registered when the data folder was opened
    raise NotAllowed()


def _named_by_proxy(request: IncomingRequest, settings: Settings) -> User:
    """The user whom the proxy names.

    The id is a hash of the name, so that no name is the id of another kind of user.
    """
    secret = settings.proxy_secret
    if secret is not None:
        value = _only(request.headers, SECRET_HEADER)
        if not hmac.compare_digest(value.encode(), secret.get_secret_value().encode()):
            raise NotAllowed()
    elif not _is_local(request):
        raise NotAllowed()
    name = _only(request.headers, settings.user_header)
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise NotAllowed()
    return User(f"{PROXY}{hashlib.sha256(name.encode()).hexdigest()[:32]}", name)


def _only(headers: Any, name: str) -> str:
    """Value of a header that occurs once; of two, one may be forged by the client. Raises NotAllowed."""
    values = headers.getlist(name) if hasattr(headers, "getlist") else [headers.get(name) or headers.get(name.lower())]
    if len(values) != 1 or not values[0]:
        raise NotAllowed()
    try:
        return str(values[0]).encode("latin-1").decode("utf-8").strip()  # ASGI decodes Latin-1, proxies send UTF-8
    except UnicodeError as error:
        raise NotAllowed() from error


def _is_local(request: IncomingRequest) -> bool:
    return request.client is not None and is_loopback(str(request.client.host))


def _signature(id_: str, since: str, key: bytes) -> str:
    return hmac.new(key, f"{id_}.{since}".encode(), hashlib.sha256).hexdigest()
