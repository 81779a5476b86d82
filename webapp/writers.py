"""Which engine writes the next answer: one of the addresses that are set, else the bundled model, else none."""

import asyncio
from collections.abc import Iterator
from itertools import cycle
from typing import Literal

from webapp.answer import Writer
from webapp.embedded import EmbeddedEngine
from webapp.engine import Engine
from webapp.settings import Settings

# The bundled model reads some 250 tokens a second on two cores: with more, its first word would take too long.
EMBEDDED_PASSAGES = 700
EMBEDDED_SECONDS = 20.0  # it is there after one or two; a slow disk takes longer

State = Literal["ready", "loading", "away", "none"]


class Writers:
    """The engines of one process. Safe to use from several threads once started."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else None
        self._engines = [Engine(url, key, settings.llm_model) for url in settings.llm_urls]
        self._turns: Iterator[int] = cycle(range(len(self._engines)))
        self._embedded = EmbeddedEngine() if not self._engines and EmbeddedEngine.available() else None

    def start(self) -> None:
        """Start the bundled model where that is what writes; returns at once, and a second call is free."""
        if self._embedded is not None:
            url, key = self._embedded.start()
            if not self._engines:
                self._engines = [Engine(url, key, embedded=self._embedded)]

    def stop(self) -> None:
        """End the bundled model."""
        if self._embedded is not None:
            self._embedded.stop()

    async def next(self) -> Writer:
        """The engine for one answer; of several the next that would answer now."""
        if self._embedded is not None:
            self.start()
            await asyncio.to_thread(self._embedded.wait, EMBEDDED_SECONDS)
            return Writer(self._engines[0], self._settings.tokenizer, most_passages=EMBEDDED_PASSAGES, trusted=False)
        return Writer(await self._choose(), self._settings.tokenizer)

    async def state(self) -> State:
        """What `/readyz` tells: "ready" where one of the engines is."""
        if not self._engines:
            return "none" if self._embedded is None else "loading"
        states = await asyncio.gather(*(engine.state() for engine in self._engines))
        return next((state for state in ("ready", "loading") if state in states), "away")

    async def _choose(self) -> Engine | None:
        if len(self._engines) < 2:
            return self._engines[0] if self._engines else None
        first = next(self._turns)
        engines = self._engines[first:] + self._engines[:first]
        for engine in engines:
            if await engine.state() == "ready":
                return engine
        return engines[0]
