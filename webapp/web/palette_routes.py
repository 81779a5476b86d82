"""HTTP route of the palette: the names of what a user can go to from a matter, found by words.

A matter that the user may not see gives the same 404 as one that does not exist.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from retrieval import NoSuchMatter
from webapp.core.errors import NotAllowed, SessionEnded
from webapp.service.palette import places
from webapp.service.workspace import Workspace
from webapp.web.authentication import user_of
from webapp.web.error_responses import StrictRoute, answered, error_response

LONGEST = 200  # characters that are searched for
_STATUS = ((SessionEnded, 401), (NotAllowed, 403))


def palette_routes(opened: Callable[[], Workspace]) -> APIRouter:
    """Build the route; `opened` waits for the stores and raises their errors."""
    router = APIRouter(route_class=StrictRoute)

    @router.get("/matters/{matter_id}/palette")
    async def palette(
        request: Request, matter_id: str, words: Annotated[str, Query(max_length=LONGEST)] = ""
    ) -> Response:
        return await run_in_threadpool(_respond, request, opened, matter_id, words)

    return router


def _respond(request: Request, opened: Callable[[], Workspace], matter_id: str, words: str) -> Response:
    try:
        workspace = opened()
        user = user_of(request, workspace, active=True)
        with workspace.audit.refusals(user, matter_id=matter_id):
            found = [row.model_dump() for row in places(workspace, user, matter_id, words)]
    except NoSuchMatter:
        return error_response(NoSuchMatter(matter="…"), 404)
    except Exception as error:  # noqa: BLE001 (the one place where an error of this route is answered, as a sentence)
        return answered(error, _STATUS)
    return JSONResponse(found, headers={"Cache-Control": "no-store"})
