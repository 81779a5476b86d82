"""Runs the HTTP server: one process that owns the data folder, with a port for the page and one for commands.

The page's port is for browsers. The commands' port is on loopback, of the system's choice, so that a proxy that
publishes the page does not publish it too. Requests are told apart by the port of their connection, which no client can
forge.
"""

import asyncio
import contextlib
import ipaddress
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import FrameType

import uvicorn
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from webapp.core.data_folder import RunningServer, claim
from webapp.core.errors import AlreadyServing, SettingsInvalid
from webapp.core.log import log, open_log, suppress_output
from webapp.core.settings import Settings
from webapp.page.mount import mount_page
from webapp.service.caller import Caller
from webapp.service.health import Health
from webapp.service.startup import GOODBYE_SECONDS, Startup
from webapp.store.guests import MOST_GUESTS
from webapp.web.audit_routes import audit_routes
from webapp.web.authentication import LocalLogin
from webapp.web.command_routes import cli_app
from webapp.web.connections import MOST_CONNECTIONS, MOST_OF_A_PEER, connections_of
from webapp.web.document_routes import document_routes
from webapp.web.export_routes import export_routes
from webapp.web.forms import style_routes
from webapp.web.health import health_routes
from webapp.web.middleware import SecurityMiddleware
from webapp.web.palette_routes import palette_routes
from webapp.web.people_routes import People
from webapp.web.session_gate import SessionGate
from webapp.web.sign_in_routes import FirstAdministrator, SignIn

# For an idle connection. uvicorn's default of 5 s ended just as an idle page polled again, and its request was lost; a
# proxy keeps connections longer still (Caddy for 120 s).
KEPT_ALIVE_SECONDS = 150
# For blocking calls of an act of the page, mostly to a database. Python's default is six on two cores; one user has up
# to four.
SHORT_THREADS = 32
POLL_SECONDS = 0.2  # between two looks whether the stores are open
END_SECONDS = 8.0  # after SIGTERM or Ctrl-C; a container is given ten before it is killed


def make_app(startup: Startup, login: LocalLogin | None = None, first: FirstAdministrator | None = None) -> FastAPI:
    """Build the ASGI application of the page's port; `login` admits browsers with `local`, `first` the first
    administrator with `accounts`.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        threads = ThreadPoolExecutor(SHORT_THREADS, "pincite-short")
        asyncio.get_running_loop().set_default_executor(threads)
        startup.start()
        yield
        await run_in_threadpool(startup.close)

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    health = Health(startup)
    app.include_router(health_routes(startup, health))
    app.include_router(document_routes(startup.opened))
    if startup.settings.access == "accounts":
        app.include_router(SignIn(startup.settings, startup.opened, first or FirstAdministrator()).router())
        app.add_middleware(SessionGate, opened=startup.opened)  # within the one that is added next
    if startup.settings.access in ("accounts", "behind-proxy"):
        app.include_router(style_routes())
        app.include_router(People(startup.settings, startup.opened).router())
    app.include_router(audit_routes(startup.opened))
    app.include_router(palette_routes(startup.opened))
    app.include_router(export_routes(startup.opened))
    app.add_middleware(SecurityMiddleware, settings=startup.settings, login=login)
    mount_page(app, startup, health)  # last: it handles every path that no route above does
    return app


class Ports:
    """ASGI dispatcher: requests to `address` go to `commands`, others to `page`."""

    def __init__(self, page: ASGIApp, commands: ASGIApp, address: tuple[str, int]) -> None:
        self._page, self._commands, self._address = page, commands, address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Dispatch a request."""
        is_command = scope["type"] == "http" and tuple(scope.get("server") or ()) == self._address
        await (self._commands if is_command else self._page)(scope, receive, send)


def most_of_a_peer(settings: Settings) -> Callable[[str], int]:
    """Connection limit per peer address: lower only for guests who connect directly, not through a proxy."""
    if settings.access != "demo" or settings.guests_per_address >= MOST_GUESTS:
        return lambda _peer: MOST_CONNECTIONS
    trusted = [ipaddress.ip_network(network) for network in settings.trusted_networks]

    def most(peer: str) -> int:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return MOST_OF_A_PEER
        by_proxy = address.is_loopback or any(address in network for network in trusted)
        return MOST_CONNECTIONS if by_proxy else MOST_OF_A_PEER

    return most


def uvicorn_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """Configuration of uvicorn."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        http=connections_of(most_of_a_peer(settings)),
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEPT_ALIVE_SECONDS,
        timeout_graceful_shutdown=GOODBYE_SECONDS,
        server_header=False,
        proxy_headers=False,  # else a client's header could say that it is on this machine
    )


class _Server(uvicorn.Server):
    """uvicorn's server with a forced exit END_SECONDS after the signal; unfinished work is left to the next start.

    A thread cannot be stopped from outside, and Python waits for all of them. The stores are consistent at any moment,
    as after a crash.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Handle the signal."""
        if not self.should_exit:
            timer = threading.Timer(END_SECONDS, _end)
            timer.daemon = True
            timer.start()
            if hasattr(signal, "alarm"):  # no thread runs while a library that is being loaded holds the interpreter
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.alarm(int(END_SECONDS) + 1)
        super().handle_exit(sig, frame)


def _end() -> None:
    log.error("ended in the middle of its work", seconds=END_SECONDS)
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(1)


def serve(
    settings: Settings,
    *,
    on_wait: Callable[[], None],
    on_open: Callable[[str], None],
    on_first: Callable[[str], None],
) -> None:
    """Serve until Ctrl-C or SIGTERM; `on_open` is called with the address once the port is open, and `on_first`, with
    `accounts` and from another thread, with the link for the first administrator while there is none.

    Raises AlreadyServing, SettingsInvalid (the port is taken), DataFolderBusy or DataFolderUnusable.
    """
    owner = claim(settings.data_dir, wait_seconds=settings.busy_wait_seconds, on_wait=on_wait)
    if isinstance(owner, RunningServer):
        raise AlreadyServing(url=owner.page)
    try:
        open_log(settings.data_dir)
        with _listen(settings) as listening, socket.create_server(("127.0.0.1", 0)) as commands:
            url = _address(listening)
            login = LocalLogin(settings.data_dir) if settings.access == "local" else None
            server = owner.publish(_address(commands), login.address(url) if login else url)
            if settings.access == "accounts":  # a port that the system chose is known from here on
                settings = settings.model_copy(update={"public_url": settings.public_url or url})
            startup, first = Startup(settings), FirstAdministrator()
            routes = cli_app(settings, server.token, partial(_caller, startup))
            app = Ports(make_app(startup, login, first), routes, commands.getsockname())
            log.info("serving", url=url)
            # uvicorn shuts down and then raises the signal again: SIGTERM would end the process there.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            with contextlib.suppress(KeyboardInterrupt):
                on_open(server.page)
                if settings.access == "accounts":
                    link = first.address(settings.page_url)
                    threading.Thread(target=_offer_first, args=(startup, link, on_first), daemon=True).start()
                with suppress_output():
                    _Server(uvicorn_config(app, settings)).run(sockets=[listening, commands])
    finally:
        owner.release()
    if startup.is_loading:  # Python would wait for it, for seconds
        sys.stdout.flush()
        os._exit(0)


def _offer_first(startup: Startup, link: str, on_first: Callable[[str], None]) -> None:
    """Once the stores are open: tell the link for the first administrator if there is none."""
    while (workspace := startup.workspace) is None:
        time.sleep(POLL_SECONDS)
    if not workspace.accounts.has_administrator():
        on_first(link)


def _listen(settings: Settings) -> socket.socket:
    """Open the port. Called before the models are loaded, so that a port in use is reported at once."""
    try:
        family, _, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=128)
    except OSError as error:
        reason = f"{settings.host}:{settings.port} cannot be listened on ({(error.strerror or str(error)).lower()})"
        raise SettingsInvalid(setting="PINCITE_PORT", reason=reason) from error


def _caller(startup: Startup, account: str) -> Caller:
    """Executor of the commands that an account of the operating system gives. Waits for the stores."""
    workspace = startup.opened()
    return Caller(workspace, workspace.operator(account))


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
