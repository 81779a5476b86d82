"""HTTP route of conversations: the export of one as a file.

What the user may not read gives the same 404 as what does not exist.
"""

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from retrieval import NoSuchMatter
from webapp.core.errors import NoSuchConversation, NotAllowed, SessionEnded
from webapp.core.log import user_error
from webapp.core.urls import conversation_url
from webapp.exports.conversation import MEDIA_TYPES, WRITERS, Form
from webapp.service.conversation_export import exported
from webapp.service.workspace import Workspace
from webapp.web.authentication import user_of
from webapp.web.error_responses import StrictRoute, error_response


def conversation_routes(opened: Callable[[], Workspace]) -> APIRouter:
    """Build the route; `opened` waits for the stores and raises their errors."""
    router = APIRouter(route_class=StrictRoute)

    @router.get(conversation_url("{matter_id}", "{conversation_id}"))
    async def export(request: Request, matter_id: str, conversation_id: str, form: Form = "html") -> Response:
        return await run_in_threadpool(_export, request, opened, matter_id, conversation_id, form)

    return router


def _export(
    request: Request, opened: Callable[[], Workspace], matter_id: str, conversation_id: str, form: Form
) -> Response:
    try:
        workspace = opened()
        user = user_of(request, workspace, active=True)
        with workspace.audit.refusals(user, matter_id=matter_id, object=conversation_id):
            matter = workspace.access.matter_by_id(user, matter_id)
            export = exported(workspace, user, matter, conversation_id)
        headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="conversation.{form}"'}
        return Response(WRITERS[form](export), media_type=MEDIA_TYPES[form], headers=headers)
    except Exception as error:  # noqa: BLE001 (the one place where an error of this route is answered, as a sentence)
        sentence = user_error(error)
        statuses = ((NoSuchMatter, 404), (NoSuchConversation, 404), (SessionEnded, 401), (NotAllowed, 403))
        return error_response(sentence, next((code for kind, code in statuses if isinstance(sentence, kind)), 503))
