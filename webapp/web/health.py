"""Routes for whoever runs the server: `/healthz` and `/readyz` for health checks, `/metrics` for Prometheus."""

import asyncio
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from webapp.service.startup import Opening

HEALTH_SECONDS = 0.5  # so long one look at the stores is told to all who ask


def health_routes(opening: Opening) -> APIRouter:
    """The routes. `/readyz` answers 503 until stores and search model are ready; the engine may be away.

    How much is asked is nobody's business but the operator's. That a request comes from this machine says nothing: behind a
    proxy every user's does. So a token opens `/metrics` (401 for a wrong one); without one it is there only for the one user
    of `PINCITE_ACCESS=local`, and 404 else.
    """
    router = APIRouter()
    health, settings = _Health(opening), opening.settings
    token = settings.metrics_token

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "up"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        states = await health.states()
        ready = states["stores"] == states["embedder"] == "ready"
        return JSONResponse(states, status_code=200 if ready else 503)

    @router.get("/metrics")
    def metrics(authorization: Annotated[str, Header()] = "") -> Response:
        if token is None and settings.access != "local":
            raise HTTPException(404)
        if token is not None:
            expected = f"Bearer {token.get_secret_value()}"
            if not secrets.compare_digest(authorization.encode(), expected.encode()):
                raise HTTPException(401)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


class _Health:
    """How stores, search and engine are: one look for all who ask within HEALTH_SECONDS, in a thread of its own.

    Pages may wait for a store in all the other threads, and whoever watches the server must not be kept waiting.
    """

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._thread = ThreadPoolExecutor(1, "pincite-health")
        self._looking: asyncio.Task[dict[str, str]] | None = None
        self._began = 0.0

    async def states(self) -> dict[str, str]:
        """As `/readyz` tells them."""
        now = time.monotonic()
        if self._looking is None or (self._looking.done() and now - self._began > HEALTH_SECONDS):
            self._looking, self._began = asyncio.create_task(self._look()), now
        return await asyncio.shield(self._looking)

    async def _look(self) -> dict[str, str]:
        states = await asyncio.get_running_loop().run_in_executor(self._thread, self._opening.states)
        workspace = self._opening.workspace
        return states | {"engine": await workspace.writers.state() if workspace else "loading"}
