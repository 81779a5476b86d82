"""Chooses the LLM server for an answer: the least-loaded configured one, else the embedded one, else none."""

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Literal

from webapp.core.errors import EngineAway
from webapp.core.metrics import ENGINES
from webapp.core.settings import Settings
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

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else None
        self._timeouts = Timeouts(first=settings.llm_first_token_seconds, silence=settings.llm_silence_seconds)
        self._clients = [LLMClient(url, key, settings.llm_model, timeouts=self._timeouts) for url in settings.llm_urls]
        self._rotation = itertools.count()
        self._embedded_server = EmbeddedServer(settings.llm_file) if settings.llm_file else None
        self._health: tuple[float, State] | None = None  # time and result of the last health check

    def start(self) -> None:
        """Start the embedded server, if a model file is set, without waiting for it; further calls do nothing."""
        if self._embedded_server is not None:
            url, key = self._embedded_server.start()
            if not self._clients:
                self._clients = [LLMClient(url, key, timeouts=self._timeouts, embedded=self._embedded_server)]

    def stop(self) -> None:
        """Stop the embedded server."""
        if self._embedded_server is not None:
            self._embedded_server.stop()

    @asynccontextmanager
    async def lease(self, on_prompt: OnPrompt | None = None) -> AsyncIterator[Backend]:
        """Lease a server for one answer; it counts as in flight until the block ends, and `on_prompt` is told what is
        sent to it.

        Raises EngineAway, without waiting, if no server is available.
        """
        backend = await self._choose() if self._embedded_server is None else await self._embedded(self._embedded_server)
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
        if not self._clients:
            return "none" if self._embedded_server is None else "loading"
        if self._health is None or time.monotonic() - self._health[0] > HEALTH_SECONDS:
            # Set before the check, so that concurrent callers do not check again.
            self._health = time.monotonic(), self._health[1] if self._health else "loading"
            states = await asyncio.gather(*(client.state() for client in self._clients))
            for client, state in zip(self._clients, states, strict=True):
                if state == "ready":
                    client.circuit.end_pause()
            best: State = next((state for state in ("ready", "loading") if state in states), "away")
            self._health = time.monotonic(), best
        for circuit in ("closed", "open", "due"):
            ENGINES.labels(circuit).set(sum(client.circuit.state == circuit for client in self._clients))
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
        return self._backend(self._clients[0])

    async def _choose(self) -> Backend:
        """Lease a server whose circuit is due and that is back, else the one with the fewest leases (ties:
        round robin).
        """
        if not self._clients:
            return Backend(None)
        rotation = next(self._rotation)
        for client in self._clients:
            if client.circuit.state == "due" and client.circuit.allow_request() and await self._is_back(client):
                return self._backend(client)
        candidates = [
            (client.in_flight, (n - rotation) % len(self._clients), client)
            for n, client in enumerate(self._clients)
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
