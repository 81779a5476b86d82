"""The document routes behind the server's middleware, without the page, on a free port in a thread of the test."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from urllib.parse import urlencode, urlsplit

import httpx2
import uvicorn
from fastapi import FastAPI

from webapp.core.data_folder import make_folder
from webapp.core.settings import Settings
from webapp.page.draft_stream import draft_routes
from webapp.page.handlers import ControllerFactory
from webapp.page.uploads import UploadStore
from webapp.server import uvicorn_config
from webapp.service.health import Health
from webapp.service.startup import Startup
from webapp.service.workspace import Workspace
from webapp.web.audit_routes import audit_routes
from webapp.web.authentication import LocalLogin
from webapp.web.document_routes import document_routes
from webapp.web.export_routes import export_routes
from webapp.web.forms import style_routes
from webapp.web.middleware import SecurityMiddleware
from webapp.web.palette_routes import palette_routes
from webapp.web.people_routes import People
from webapp.web.session_gate import SessionGate
from webapp.web.sign_in_routes import FirstAdministrator, SignIn

# Loaded here and not in the server's thread: pytest compiles anyio anew, and where two threads compile at once Python
# 3.11 may lose count of its recursion (python/cpython#106905).
import_module("anyio._core._fileio")

LIKE_A_BROWSER = {"Sec-Fetch-Site": "same-origin"}


def text_url(matter_id: str, document_id: str, spans: Sequence[tuple[int, int]]) -> str:
    """The address of the words of the spans, as plain text."""
    asked = urlencode([("span", f"{start}-{end}") for start, end in spans])
    return f"/matters/{matter_id}/documents/{document_id}/text?{asked}"


def raw_connection(url: str, timeout: float = 30) -> socket.socket:
    """A bare connection to a server, for what no client would send."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 80), timeout)


@dataclass
class Running:
    """A server that runs: its address, and what it opened."""

    url: str
    startup: Startup
    login: LocalLogin | None = None
    first: FirstAdministrator = field(default_factory=FirstAdministrator)
    clients: list[httpx2.Client] = field(default_factory=list)

    @property
    def workspace(self) -> Workspace:
        return self.startup.opened()

    def browser(self, headers: Mapping[str, str] | None = None, *, let_in: bool = True) -> httpx2.Client:
        """A browser of its own, with its own cookies; with `local` one that was let in, unless said."""
        headers = LIKE_A_BROWSER | dict(headers or {})
        cookies = self.login.cookies if self.login and let_in else None
        client = httpx2.Client(base_url=self.url, trust_env=False, timeout=30, headers=headers, cookies=cookies)
        self.clients.append(client)
        return client


def mount_with_health(app: FastAPI, startup: Startup) -> None:
    """Mount the page, with a health check of its own."""
    from webapp.page.mount import mount_page  # gradio takes seconds, and most tests need no page

    mount_page(app, startup, Health(startup))


def with_drafts(app: FastAPI, startup: Startup) -> ControllerFactory:
    """Add the stream of what is being written, and what begins it."""
    controllers = ControllerFactory(startup, UploadStore(startup.settings))
    app.include_router(draft_routes(controllers))
    return controllers


@contextmanager
def running(settings: Settings, extend: Callable[[FastAPI, Startup], object] | None = None) -> Iterator[Running]:
    """Serve until the block ends; `extend` may add routes of the test's own. The search model is not loaded."""
    startup = Startup(settings)
    startup._open_models = lambda: None  # type: ignore[method-assign]
    app = FastAPI()
    app.include_router(document_routes(startup.opened))
    app.include_router(audit_routes(startup.opened))
    app.include_router(export_routes(startup.opened))
    app.include_router(palette_routes(startup.opened))
    make_folder(settings.data_dir)
    first = FirstAdministrator()
    if settings.access == "accounts":
        app.include_router(SignIn(settings, startup.opened, first).router())
        app.add_middleware(SessionGate, opened=startup.opened)
    if settings.access in ("accounts", "behind-proxy"):
        app.include_router(style_routes())
        app.include_router(People(settings, startup.opened).router())
    if extend:  # the page handles every path that no route above does
        extend(app, startup)
    login = LocalLogin(settings.data_dir) if settings.access == "local" else None
    app.add_middleware(SecurityMiddleware, settings=settings, login=login)
    server = uvicorn.Server(uvicorn_config(app, settings))
    startup.start()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        there = Running(f"http://127.0.0.1:{listening.getsockname()[1]}", startup, login, first)
        try:
            yield there
        finally:
            for client in there.clients:
                client.close()
            server.should_exit = True
            thread.join(30)
            startup.close()
