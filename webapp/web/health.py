"""HTTP routes for operators: `/healthz` and `/readyz` for health checks, `/metrics` for Prometheus."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from webapp.service.health import Health
from webapp.service.startup import Startup


def health_routes(startup: Startup, health: Health) -> APIRouter:
    """Build the routes. `/readyz` answers 503 until stores and search model are ready; the language model may be away.

    Usage figures are for the operator only. The client's address cannot authorise them: behind a proxy every request
    comes from this machine. So `/metrics` needs a token (401 for a wrong one); without one configured it is served only
    to the one user of `PINCITE_ACCESS=local`, and is 404 otherwise.
    """
    router = APIRouter()
    settings = startup.settings
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
