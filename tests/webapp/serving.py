"""The evidence's routes behind the gate, without the page, on a free port in a thread of the test's process."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2
import uvicorn
from fastapi import FastAPI

from webapp.evidence_routes import evidence_routes
from webapp.gate import Gate
from webapp.opening import Opening
from webapp.server import uvicorn_config
from webapp.settings import Settings
from webapp.workspace import Workspace

LIKE_A_BROWSER = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Running:
    """A server that runs: its address, and what it opened."""

    url: str
    opening: Opening
    clients: list[httpx2.Client] = field(default_factory=list)

    @property
    def workspace(self) -> Workspace:
        return self.opening.opened()

    def browser(self, **headers: str) -> httpx2.Client:
        """A browser of its own, with its own cookies."""
        headers = LIKE_A_BROWSER | headers
        client = httpx2.Client(base_url=self.url, trust_env=False, timeout=30, headers=headers)
        self.clients.append(client)
        return client


@contextmanager
def running(settings: Settings, extend: Callable[[FastAPI, Opening], object] | None = None) -> Iterator[Running]:
    """Serve until the block ends; `extend` may add routes of the test's own. The search model is not loaded."""
    opening = Opening(settings)
    opening._open_models = lambda: None  # type: ignore[method-assign]
    app = FastAPI()
    app.include_router(evidence_routes(opening.opened))
    if extend:
        extend(app, opening)
    app.add_middleware(Gate, settings=settings)
    server = uvicorn.Server(uvicorn_config(app))
    opening.start()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        there = Running(f"http://127.0.0.1:{listening.getsockname()[1]}", opening)
        try:
            yield there
        finally:
            for client in there.clients:
                client.close()
            server.should_exit = True
            thread.join(30)
            opening.close()
