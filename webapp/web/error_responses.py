"""Answers an error of a route as JSON: `{"error": sentence, "hint": what to do}`, also where the framework refuses a
malformed request.
"""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute

from retrieval import PinciteError
from webapp.core.errors import RequestMalformed
from webapp.core.log import user_error

_PARTS = ("query", "path", "body", "header")  # of a request, which the framework puts before the name


def error_response(error: PinciteError, status: int) -> Response:
    """The response of an error."""
    return JSONResponse({"error": str(error), "hint": error.page_hint}, status, headers={"Cache-Control": "no-store"})


def answered(error: Exception, statuses: Iterable[tuple[type[Exception], int]]) -> Response:
    """The response of whatever a route met: its sentence, with the status of the first kind that it is, else 503."""
    sentence = user_error(error)
    return error_response(sentence, next((status for kind, status in statuses if isinstance(sentence, kind)), 503))


class StrictRoute(APIRoute):
    """Route that answers 422 to a malformed request, with the name of the part that is wrong and not its value."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of the route, with its validation errors answered."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except RequestValidationError as error:
                places = [each.get("loc", ()) for each in error.errors()]
                names = [str(part) for place in places for part in place if part not in _PARTS]
                return error_response(RequestMalformed(part=names[0][:80] if names else "body"), 422)

        return handle
