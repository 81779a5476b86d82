"""The server: one process that owns the data folder, and its routes."""

import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from webapp.cli_routes import cli_routes
from webapp.errors import AlreadyServing, SettingsInvalid
from webapp.evidence_routes import evidence_routes
from webapp.gate import Gate
from webapp.log import log, nothing_printed, open_log
from webapp.metrics_route import metrics_route
from webapp.opening import GOODBYE_SECONDS, Opening
from webapp.ownership import Served, claim
from webapp.records import LOCAL_USER
from webapp.settings import Settings
from webapp.ui import mount_page
from webapp.verbs import Verbs

# A connection that waits for its next request. uvicorn's own 5 s are over just as an idle page looks again, and what it had
# begun to send was lost; a proxy keeps its connections longer still (Caddy for 120 s).
KEPT_ALIVE_SECONDS = 150


def make_app(opening: Opening, token: str) -> FastAPI:
    """The routes. `token` opens `/cli/…`."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        opening.start()
        yield
        await run_in_threadpool(opening.close)

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "up"}

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        states = await run_in_threadpool(opening.states)
        states["engine"] = await opening.workspace.writers.state() if opening.workspace else "loading"
        ready = states["stores"] == states["embedder"] == "ready"
        return JSONResponse(states, status_code=200 if ready else 503)

    app.include_router(metrics_route(opening.settings))
    app.include_router(cli_routes(opening.settings, token, lambda: Verbs(opening.opened(), LOCAL_USER)))
    app.include_router(evidence_routes(opening.opened))
    app.add_middleware(Gate, settings=opening.settings)
    mount_page(app, opening)  # last: it answers whatever no route above does
    return app


def uvicorn_config(app: FastAPI) -> uvicorn.Config:
    """How the routes are served."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEPT_ALIVE_SECONDS,
        timeout_graceful_shutdown=GOODBYE_SECONDS,
        server_header=False,
        proxy_headers=False,  # else a client's header could say that it is on this machine
    )


def serve(settings: Settings, *, on_wait: Callable[[], None], on_open: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; `on_open` hears the address once the port is open.

    Raises AlreadyServing, SettingsInvalid (the port is taken), DataFolderBusy or DataFolderUnusable.
    """
    owner = claim(settings.data_dir, wait_seconds=settings.busy_wait_seconds, on_wait=on_wait)
    if isinstance(owner, Served):
        raise AlreadyServing(url=owner.url)
    try:
        open_log(settings.data_dir)
        with _listen(settings) as listening:
            served = owner.publish(_address(listening))
            app = make_app(Opening(settings), served.token)
            log.info("serving", url=served.url)
            # uvicorn ends in good order and then raises the signal it got once more: SIGTERM would end us right there.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            with contextlib.suppress(KeyboardInterrupt):
                on_open(served.url)
                with nothing_printed():
                    uvicorn.Server(uvicorn_config(app)).run(sockets=[listening])
    finally:
        owner.release()


def _listen(settings: Settings) -> socket.socket:
    """The open port. Asked before the models are loaded, so that a port that is taken is told at once."""
    try:
        family, _, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=128)
    except OSError as error:
        reason = f"{settings.host}:{settings.port} cannot be listened on ({(error.strerror or str(error)).lower()})"
        raise SettingsInvalid(setting="PINCITE_PORT", reason=reason) from error


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
