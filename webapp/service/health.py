"""Health of the server: how stores, search model and engine are, for `/readyz` and for every page."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from webapp.service.startup import Startup

HEALTH_SECONDS = 0.5  # so long one look at the stores is told to all who ask


class Health:
    """One look for all who ask within HEALTH_SECONDS, in a thread of its own.

    Pages may wait for a store in all the other threads, and whoever watches the server must not be kept waiting.
    """

    def __init__(self, opening: Startup) -> None:
        self._opening = opening
        self._thread = ThreadPoolExecutor(1, "pincite-health")
        self._looking: asyncio.Task[dict[str, str]] | None = None
        self._began = 0.0

    async def states(self) -> dict[str, str]:
        """As `/readyz` tells them: "ready", "loading" or "away", of the engine also "none"."""
        now = time.monotonic()
        if self._looking is None or (self._looking.done() and now - self._began > HEALTH_SECONDS):
            self._looking, self._began = asyncio.create_task(self._look()), now
        return await asyncio.shield(self._looking)

    async def _look(self) -> dict[str, str]:
        states = await asyncio.get_running_loop().run_in_executor(self._thread, self._opening.states)
        workspace = self._opening.workspace
        return states | {"engine": await workspace.engine_pool.state() if workspace else "loading"}
