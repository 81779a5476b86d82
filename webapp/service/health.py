"""Health check of stores, search model and language model, for `/readyz` and for every page."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from webapp.service.startup import Startup

HEALTH_SECONDS = 0.5  # the result of one check of the stores is used for so long


class Health:
    """Cached health check: one check serves all callers within HEALTH_SECONDS. It has a thread of its own.

    Pages may wait for a store in all the other threads, and a health check must not wait with them.
    """

    def __init__(self, startup: Startup) -> None:
        self._startup = startup
        self._thread = ThreadPoolExecutor(1, "pincite-health")
        self._check: asyncio.Task[dict[str, str]] | None = None
        self._start = 0.0

    async def states(self) -> dict[str, str]:
        """State of each part as `/readyz` reports it: "ready", "loading" or "away"; for `engine` also "none"."""
        now = time.monotonic()
        if self._check is None or (self._check.done() and now - self._start > HEALTH_SECONDS):
            self._check, self._start = asyncio.create_task(self._states()), now
        return await asyncio.shield(self._check)

    async def _states(self) -> dict[str, str]:
        states = await asyncio.get_running_loop().run_in_executor(self._thread, self._startup.states)
        workspace = self._startup.workspace
        return states | {"engine": await workspace.engine_pool.state() if workspace else "loading"}
