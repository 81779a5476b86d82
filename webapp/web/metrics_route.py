"""`/metrics` for Prometheus. How much is asked is nobody's business but the operator's.

That a request comes from this machine says nothing: behind a proxy every user's does. So a token opens it; without one
it is there only for the one user of `PINCITE_ACCESS=local`.
"""

import secrets
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from webapp.core.settings import Settings


def metrics_route(settings: Settings) -> APIRouter:
    """The route: 401 for a wrong token; 404 where nobody may read it."""
    router = APIRouter()
    token = settings.metrics_token

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
