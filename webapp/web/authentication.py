"""Who asks: the user of a request, the same for a route and for a handler of the page.

local         whoever opened the address that `pincite serve` printed, on this machine, is its one user
behind-proxy  someone else authenticates and names the user in a header, which counts only from that someone
demo          each browser is its own user for an hour, by a random id in a signed cookie

Whatever is missing, doubled or not as it should be is refused; nothing here falls back to another user.
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

from webapp.core.errors import GuestGone, NotAllowed
from webapp.core.settings import Settings, is_loopback
from webapp.store.users import LOCAL_USER, User
from webapp.web.client_addresses import address_of

GUEST_COOKIE = "pincite_guest"
SECRET_HEADER = "X-Pincite-Proxy-Secret"  # noqa: S105  # nosec B105 (the header's name)
GUEST_SECONDS = 3600
LOCAL_SECONDS = 180 * 24 * 3600  # half a year, from the last time that the printed address was opened
_LONGEST_NAME = 255  # characters, as the records hold them


class IncomingRequest(Protocol):
    """What the requests of FastAPI and of gradio have in common."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Without regard to case."""

    @property
    def cookies(self) -> Mapping[str, str]:
        """By name."""

    @property
    def client(self) -> Any:
        """The peer: `host` is its address."""


class Welcome(Protocol):
    """`Workspace.welcome`: keeps who comes for the first time, and refuses a guest who is one too many."""

    def __call__(self, user: User, ends_at: datetime | None = None, address: str = "") -> None:
        """Raises DemoFull and NetworkFull."""


@dataclass(frozen=True, slots=True)
class Guest:
    """One browser in the demo, from `since` (seconds since 1970) for an hour; as a cookie `id.since.signature`."""

    id: str
    since: int

    @classmethod
    def arriving(cls) -> Self:
        """A new one, whom nobody can guess."""
        return cls(secrets.token_hex(16), int(time.time()))

    @classmethod
    def of(cls, cookies: Mapping[str, str], key: bytes) -> Self | None:
        """The guest whom the cookie names; None where there is none, it was not signed by us, or the hour is over."""
        id_, _, rest = cookies.get(GUEST_COOKIE, "").partition(".")
        since, _, signature = rest.partition(".")
        if not hmac.compare_digest(signature.encode(), _signature(id_, since, key).encode()):
            return None
        guest = cls(id_, int(since))
        return guest if time.time() < guest.since + GUEST_SECONDS else None

    def cookie(self, key: bytes) -> str:
        """The cookie's value."""
        return f"{self.id}.{self.since}.{_signature(self.id, str(self.since), key)}"

    @property
    def user(self) -> User:
        """Their user."""
        return User(f"guest-{self.id}", "Guest")

    @property
    def ends_at(self) -> datetime:
        """When their hour is over."""
        return datetime.fromtimestamp(self.since + GUEST_SECONDS, UTC)


class LocalDoor:
    """The way in with `local`: a token in the address that is printed at the start, kept as a cookie from then on.

    Every user of a machine reaches its loopback; the token is what tells them apart. It is made anew at each start. The
    cookie is made of a key in the data folder, so that a restart closes no page; its name is the key's own too, for
    cookies know no ports and two servers on one machine must not overwrite each other's.
    """

    def __init__(self, folder: Path) -> None:
        """The data folder must be there. Raises OSError."""
        key = signing_key(folder, "local.key")
        self.token = secrets.token_urlsafe(32)
        self._name = f"pincite_{hmac.new(key, b'name', hashlib.sha256).hexdigest()[:12]}"
        self._value = hmac.new(key, b"cookie", hashlib.sha256).hexdigest()

    @property
    def cookie(self) -> str:
        """The Set-Cookie header of whoever brought the token."""
        return f"{self._name}={self._value}; Path=/; Max-Age={LOCAL_SECONDS}; HttpOnly; SameSite=Lax"

    @property
    def cookies(self) -> dict[str, str]:
        """The same as a client sends it."""
        return {self._name: self._value}

    def address(self, url: str) -> str:
        """The address to open."""
        return f"{url}/?token={self.token}"

    def takes(self, token: str) -> bool:
        """Whether this is the token."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    def admits(self, cookies: Mapping[str, str]) -> bool:
        """Whether these cookies are of someone who brought the token."""
        return hmac.compare_digest(cookies.get(self._name, "").encode(), self._value.encode())


def guest_key(folder: Path) -> bytes:
    """What guests' cookies are signed with."""
    return signing_key(folder, "guests.key")


def signing_key(folder: Path, name: str) -> bytes:
    """A key of the data folder, made at the first call, so that a restart sends nobody away."""
    file = folder / name
    with contextlib.suppress(FileExistsError):
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(secrets.token_bytes(32))
    return file.read_bytes()


def user_of(request: IncomingRequest, settings: Settings, welcome: Welcome) -> User:
    """The user of a request, whom the records know, with a sample of their own from the first request on.

    Raises NotAllowed (GuestGone where a guest's hour is over,
    DemoFull and NetworkFull where there are too many of them), and what the stores raise.
    """
    if settings.access == "behind-proxy":
        user = _named_by_proxy(request, settings)
        welcome(user)
        return user
    if settings.access == "demo":
        guest = Guest.of(request.cookies, guest_key(settings.data_dir))
        if guest is None:
            raise GuestGone()
        welcome(guest.user, guest.ends_at, address_of(request, settings))
        return guest.user
    if settings.access == "local" and _is_here(request):
        return LOCAL_USER  # welcomed when the data folder was opened
    raise NotAllowed()


def _named_by_proxy(request: IncomingRequest, settings: Settings) -> User:
    """The user whom the proxy names. Its id is made from the name, so that no name is another kind of user's id."""
    secret = settings.proxy_secret
    if secret is not None:
        told = _only(request.headers, SECRET_HEADER)
        if not hmac.compare_digest(told.encode(), secret.get_secret_value().encode()):
            raise NotAllowed()
    elif not _is_here(request):
        raise NotAllowed()
    name = _only(request.headers, settings.user_header)
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise NotAllowed()
    return User(f"proxy-{hashlib.sha256(name.encode()).hexdigest()[:32]}", name)


def _only(headers: Any, name: str) -> str:
    """The value of a header that is there once: of two, one may be the client's own. Raises NotAllowed."""
    values = headers.getlist(name) if hasattr(headers, "getlist") else [headers.get(name) or headers.get(name.lower())]
    if len(values) != 1 or not values[0]:
        raise NotAllowed()
    try:
        return str(values[0]).encode("latin-1").decode("utf-8").strip()  # how ASGI gives them, and what proxies send
    except UnicodeError as error:
        raise NotAllowed() from error


def _is_here(request: IncomingRequest) -> bool:
    return request.client is not None and is_loopback(str(request.client.host))


def _signature(id_: str, since: str, key: bytes) -> str:
    return hmac.new(key, f"{id_}.{since}".encode(), hashlib.sha256).hexdigest()
