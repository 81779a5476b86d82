"""Health check of stores, search model and language model, for `/readyz` and for every page."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from webapp.core.hosts import host_of
from webapp.service.startup import Startup

HEALTH_SECONDS = 0.5  # the result of one check of the stores is used for so long


class Health:
    """Cached health check: one check serves all callers within HEALTH_SECONDS. It has a thread of its own.

    Pages may wait for a store in all the other threads, and a health check must not wait with them.
    """

    def __init__(self, startup: Startup) -> None:
        self._startup = startup
        self._is_local = startup.settings.access == "local"
        self._thread = ThreadPoolExecutor(1, "pincite-health")
        self._check: asyncio.Task[dict[str, str]] | None = None
        self._start = 0.0

    async def states(self) -> dict[str, str]:
        """State of each part as `/readyz` reports it: "ready", "loading" or "away"; for `engine` also "none"."""
        now = time.monotonic()
        if self._check is None or (self._check.done() and now - self._start > HEALTH_SECONDS):
            self._check, self._start = asyncio.create_task(self._states()), now
        return await asyncio.shield(self._check)

    def writer(self) -> str:
        """The language model that writes the answers, and where it runs; "" without one."""
        workspace = self._startup.workspace
        name, url = workspace.engine_pool.writer() if workspace else ("", "")
        place = f"at {host}" if (host := host_of(url)) else "on this computer" if self._is_local else "on this server"
        return f"{name or 'a language model'} {place}" if url else ""

    async def _states(self) -> dict[str, str]:
        states = await asyncio.get_running_loop().run_in_executor(self._thread, self._startup.states)
        workspace = self._startup.workspace
        return states | {"engine": await workspace.engine_pool.state() if workspace else "loading"}
