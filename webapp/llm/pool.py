"""Which engine writes the next answer: the one with least to do of those that are set, else the bundled model, else none."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from webapp.core.errors import EngineAway
from webapp.core.metrics import ENGINES
from webapp.core.settings import Settings
from webapp.llm.bundled import EmbeddedEngine
from webapp.llm.client import Engine, Timeouts

# The bundled model reads some 250 tokens a second on two cores: with more, its first word would take too long.
EMBEDDED_PASSAGES = 700
EMBEDDED_SECONDS = 20.0  # it is there after one or two; a slow disk takes longer
HEALTH_SECONDS = 5.0  # between two questions to the engines how they are, however many pages are open
TRIAL_SECONDS = 1.0  # for an engine that was away to say that it is back, before a reader waits for it


@dataclass(frozen=True, slots=True)
class Writer:
    """What writes an answer. `engine` is None where there is none: answers are key language then.

    `tokenizer` is the setting of that name. `most_passages` bounds the tokens of passages below what the window leaves,
    for an engine that reads slowly. A `trusted` engine's draft is shown with its marks where it fails its checks;
    another's is replaced by key language.
    """

    engine: Engine | None
    tokenizer: str | None = None
    most_passages: int | None = None
    trusted: bool = True


# Gives a writer for one answer, or raises an EngineError where there is none to be had.
Lease = Callable[[], AbstractAsyncContextManager[Writer]]

State = Literal["ready", "loading", "away", "none"]


class Writers:
    """The engines of one process. Safe to use from several threads once started."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else None
        self._timeouts = Timeouts(first=settings.llm_first_token_seconds, silence=settings.llm_silence_seconds)
        self._engines = [Engine(url, key, settings.llm_model, timeouts=self._timeouts) for url in settings.llm_urls]
        self._turn = itertools.count()
        self._embedded = EmbeddedEngine() if not self._engines and EmbeddedEngine.available() else None
        self._seen: tuple[float, State] | None = None

    def start(self) -> None:
        """Start the bundled model where that is what writes; returns at once, and a second call is free."""
        if self._embedded is not None:
            url, key = self._embedded.start()
            if not self._engines:
                self._engines = [Engine(url, key, timeouts=self._timeouts, embedded=self._embedded)]

    def stop(self) -> None:
        """End the bundled model."""
        if self._embedded is not None:
            self._embedded.stop()

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Writer]:
        """The engine for one answer, counted as its own for as long as the block lasts.

        Raises EngineAway at once where every engine is known to be away.
        """
        writer = await self._bundled() if self._embedded is not None else await self._choose()
        if writer.engine is None:
            yield writer
            return
        writer.engine.in_flight += 1
        try:
            yield writer
        finally:
            writer.engine.in_flight -= 1
            writer.engine.circuit.left()

    @property
    def trusted(self) -> bool:
        """Whether it is an engine that was chosen, and not the bundled model or none."""
        return bool(self._settings.llm_urls)

    async def state(self) -> State:
        """What `/readyz` tells: "ready" where one of the engines is. Asked at most every few seconds."""
        if not self._engines:
            return "none" if self._embedded is None else "loading"
        if self._seen is None or time.monotonic() - self._seen[0] > HEALTH_SECONDS:
            self._seen = (
                time.monotonic(),
                self._seen[1] if self._seen else "loading",
            )  # who comes meanwhile asks not again
            states = await asyncio.gather(*(engine.state() for engine in self._engines))
            for engine, state in zip(self._engines, states, strict=True):
                if state == "ready":
                    engine.circuit.seen()
            best: State = next((state for state in ("ready", "loading") if state in states), "away")
            self._seen = time.monotonic(), best
        for circuit in ("closed", "open", "due"):
            ENGINES.labels(circuit).set(sum(engine.circuit.state == circuit for engine in self._engines))
        return self._seen[1]

    async def _bundled(self) -> Writer:
        """The bundled model, waited for while it starts: it restarts by itself, so that it has no circuit."""
        if self._embedded is None:
            raise RuntimeError("there is no bundled model where engines are set")
        self.start()
        end = time.monotonic() + EMBEDDED_SECONDS
        while self._embedded.state == "starting" and time.monotonic() < end:
            await asyncio.sleep(0.05)
        return Writer(self._engines[0], self._settings.tokenizer, most_passages=EMBEDDED_PASSAGES, trusted=False)

    async def _choose(self) -> Writer:
        """One that may be back is tried first, by this question alone; else the one that writes least."""
        if not self._engines:
            return Writer(None)
        turn = next(self._turn)
        for engine in self._engines:
            if engine.circuit.state == "due" and engine.circuit.enter() and await self._is_back(engine):
                return self._writer(engine)
        ready = [(engine.in_flight, (n - turn) % len(self._engines), engine) for n, engine in enumerate(self._engines)]
        ready = [row for row in ready if row[2].circuit.state == "closed"]
        if not ready:
            raise EngineAway()
        return self._writer(min(ready, key=lambda row: row[:2])[2])

    async def _is_back(self, engine: Engine) -> bool:
        try:
            back = await engine.state(TRIAL_SECONDS) == "ready"
        except BaseException:  # the trial is over whatever ended it; raised again
            engine.circuit.left()
            raise
        if not back:
            engine.circuit.failed()
        return back

    def _writer(self, engine: Engine) -> Writer:
        return Writer(engine, self._settings.tokenizer)
