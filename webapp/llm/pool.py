"""Chooses the LLM server for an answer: the least-loaded configured one, else the embedded one, else none."""

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from webapp.core.errors import EngineAway
from webapp.core.metrics import ENGINES
from webapp.core.settings import Settings
from webapp.llm.choice import Choice
from webapp.llm.client import LLMClient, Message, OnPrompt, Timeouts
from webapp.llm.embedded import EmbeddedServer

STARTING_SECONDS = 20.0  # that an answer waits for the embedded server to start: a small model takes one or two
HEALTH_SECONDS = 5.0  # between two health checks of the servers, however many pages are open
TRIAL_SECONDS = 1.0  # for the health check of a server whose circuit is due, before a user waits for it


@dataclass(frozen=True, slots=True)
class Backend:
    """A leased LLM server; `client` is None if there is none, and the answer is key language then.

    `tokenizer` is the setting of that name; `on_prompt` is told what is sent to it.
    """

    client: LLMClient | None
    tokenizer: str | None = None
    on_prompt: OnPrompt | None = None

    def stream(self, messages: Sequence[Message], *, max_tokens: int) -> AsyncGenerator[str]:
        """`LLMClient.stream` of the server. Raises RuntimeError if there is none."""
        if self.client is None:
            raise RuntimeError("a language model was to be asked, and there is none")
        return self.client.stream(messages, max_tokens=max_tokens, on_prompt=self.on_prompt)


# Leases a server for one answer; raises EngineError if none is available.
Lease = Callable[[], AbstractAsyncContextManager[Backend]]

State = Literal["ready", "loading", "away", "none"]


class EnginePool:
    """Load balancer over the LLM servers of one process. Thread-safe once started."""

    def __init__(self, settings: Settings, choice: Choice | None = None) -> None:
        """`choice` counts where the settings name no model."""
        self._settings = settings
        self._timeouts = Timeouts(first=settings.llm_first_token_seconds, silence=settings.llm_silence_seconds)
        self._rotation = itertools.count()
        self._lock = threading.Lock()  # held while the servers change
        self._is_started = False
        self._health: tuple[float, State] | None = None  # time and result of the last health check
        self._clients: list[LLMClient] = []
        self._embedded_server: EmbeddedServer | None = None
        self._set(choice)

    def _set(self, choice: Choice | None) -> None:
        """Set the servers: those of the settings, else the chosen one. An embedded one is started by `start`."""
        settings = self._settings
        key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else None
        urls, model, file = settings.llm_urls, settings.llm_model, settings.llm_file
        if not urls and not file and choice is not None:
            urls, model = ((choice.url,), choice.model or None) if choice.url else ((), None)
            file = Path(choice.file) if choice.file else None
        self._clients = [LLMClient(url, key, model, timeouts=self._timeouts) for url in urls]
        self._embedded_server = EmbeddedServer(file) if file else None
        self._health = None

    def use(self, choice: Choice | None) -> None:
        """Have answers written by another model from now on, where the settings name none. Those that are being
        written end as they began; of an embedded model they break off.
        """
        with self._lock:
            last = self._embedded_server
            self._set(choice)
        if last is not None:
            last.stop()
        if self._is_started:
            self.start()

    def start(self) -> None:
        """Start the embedded server, if there is one, without waiting for it; further calls do nothing."""
        with self._lock:
            self._is_started = True
            server = self._embedded_server
            if server is not None and not self._clients:
                url, key = server.start()
                self._clients = [LLMClient(url, key, timeouts=self._timeouts, embedded=server)]

    def wait(self, seconds: float) -> None:
        """Wait up to `seconds` until the embedded server is up, if there is one."""
        if self._embedded_server is not None:
            self._embedded_server.wait(seconds)

    def stop(self) -> None:
        """Stop the embedded server."""
        with self._lock:
            self._is_started = False
            if self._embedded_server is not None:
                self._embedded_server.stop()

    @asynccontextmanager
    async def lease(self, on_prompt: OnPrompt | None = None) -> AsyncIterator[Backend]:
        """Lease a server for one answer; it counts as in flight until the block ends, and `on_prompt` is told what is
        sent to it.

        Raises EngineAway, without waiting, if no server is available.
        """
        server = self._embedded_server
        backend = await self._choose() if server is None else await self._embedded(server)
        if backend.client is None:
            yield backend
            return
        backend.client.in_flight += 1
        try:
            yield replace(backend, on_prompt=on_prompt)
        finally:
            backend.client.in_flight -= 1
            backend.client.circuit.end_trial()

    @property
    def is_configured(self) -> bool:
        """Whether there is a language model."""
        return bool(self._clients) or self._embedded_server is not None

    async def state(self) -> State:
        """State for `/readyz`: "ready" if any server is; the servers are checked at most every HEALTH_SECONDS."""
        clients = self._clients
        if not clients:
            return "none" if self._embedded_server is None else "loading"
        if self._health is None or time.monotonic() - self._health[0] > HEALTH_SECONDS:
            # Set before the check, so that concurrent callers do not check again.
            self._health = time.monotonic(), self._health[1] if self._health else "loading"
            states = await asyncio.gather(*(client.state() for client in clients))
            for client, state in zip(clients, states, strict=True):
                if state == "ready":
                    client.circuit.end_pause()
            best: State = next((state for state in ("ready", "loading") if state in states), "away")
            self._health = time.monotonic(), best
        for circuit in ("closed", "open", "due"):
            ENGINES.labels(circuit).set(sum(client.circuit.state == circuit for client in clients))
        return self._health[1]

    def writer(self) -> tuple[str, str]:
        """Name and URL of a server that is in use; without a name until it has described itself."""
        return max(
            ((client.name, client.url) for client in self._clients), default=("", ""), key=lambda row: bool(row[0])
        )

    async def _embedded(self, server: EmbeddedServer) -> Backend:
        """Lease the embedded server, after waiting for its start; its supervisor restarts it, so its circuit is not
        used.
        """
        self.start()
        end = time.monotonic() + STARTING_SECONDS
        while server.state == "starting" and time.monotonic() < end:
            await asyncio.sleep(0.05)
        if server is not self._embedded_server:  # another model was chosen meanwhile
            raise EngineAway()
        return self._backend(self._clients[0])

    async def _choose(self) -> Backend:
        """Lease a server whose circuit is due and that is back, else the one with the fewest leases (ties:
        round robin).
        """
        clients = self._clients
        if not clients:
            return Backend(None)
        rotation = next(self._rotation)
        for client in clients:
            if client.circuit.state == "due" and client.circuit.allow_request() and await self._is_back(client):
                return self._backend(client)
        candidates = [
            (client.in_flight, (n - rotation) % len(clients), client)
            for n, client in enumerate(clients)
            if client.circuit.state == "closed"
        ]
        if not candidates:
            raise EngineAway()
        return self._backend(min(candidates, key=lambda row: row[:2])[2])

    async def _is_back(self, client: LLMClient) -> bool:
        try:
            back = await client.state(TRIAL_SECONDS) == "ready"
        except BaseException:  # the trial is over whatever ended it; raised again
            client.circuit.end_trial()
            raise
        if not back:
            client.circuit.record_failure()
        return back

    def _backend(self, client: LLMClient) -> Backend:
        return Backend(client, self._settings.tokenizer)
