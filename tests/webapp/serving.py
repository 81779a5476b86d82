"""The evidence's routes behind the gate, without the page, on a free port in a thread of the test's process."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from urllib.parse import urlencode

import httpx2
import uvicorn
from fastapi import FastAPI

from webapp.core.data_folder import make_folder
from webapp.core.settings import Settings
from webapp.server import uvicorn_config
from webapp.service.startup import Opening
from webapp.service.workspace import Workspace
from webapp.web.authentication import LocalDoor
from webapp.web.document_routes import evidence_routes
from webapp.web.middleware import Gate

# Loaded here and not in the server's thread: pytest compiles anyio anew, and where two threads compile at once Python 3.11
# may lose count of its recursion (python/cpython#106905).
import_module("anyio._core._fileio")

LIKE_A_BROWSER = {"Sec-Fetch-Site": "same-origin"}


def text_url(matter_id: str, document_id: str, spans: Sequence[tuple[int, int]]) -> str:
    """The address of the words of the spans, as plain text."""
    asked = urlencode([("span", f"{start}-{end}") for start, end in spans])
    return f"/matters/{matter_id}/documents/{document_id}/text?{asked}"


@dataclass
class Running:
    """A server that runs: its address, and what it opened."""

    url: str
    opening: Opening
    door: LocalDoor | None = None
    clients: list[httpx2.Client] = field(default_factory=list)

    @property
    def workspace(self) -> Workspace:
        return self.opening.opened()

    def browser(self, *, let_in: bool = True, **headers: str) -> httpx2.Client:
        """A browser of its own, with its own cookies; with `local` one that was let in, unless said."""
        headers = LIKE_A_BROWSER | headers
        cookies = self.door.cookies if self.door and let_in else None
        client = httpx2.Client(base_url=self.url, trust_env=False, timeout=30, headers=headers, cookies=cookies)
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
    make_folder(settings.data_dir)
    door = LocalDoor(settings.data_dir) if settings.access == "local" else None
    app.add_middleware(Gate, settings=settings, door=door)
    server = uvicorn.Server(uvicorn_config(app, settings))
    opening.start()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        there = Running(f"http://127.0.0.1:{listening.getsockname()[1]}", opening, door)
        try:
            yield there
        finally:
            for client in there.clients:
                client.close()
            server.should_exit = True
            thread.join(30)
            opening.close()
