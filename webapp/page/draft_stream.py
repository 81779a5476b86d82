"""HTTP route of a turn that is being written: its HTML as server-sent events, for the page's script.

Gradio's events would carry it too, each checked, compared with the last and queued in Python (decision 19). They still
bring its beginning and its end: where this stream cannot be had the page shows the finished answer at one of its looks.
An event holds how much of the HTML that was sent before stays, in UTF-16 units as scripts count, and what follows it.
"""

import json
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from retrieval import NoSuchMatter, PinciteError
from webapp.core.errors import NoSuchConversation, NotAllowed, SessionEnded, TooManyStreams
from webapp.core.log import user_error
from webapp.core.urls import DRAFT
from webapp.page.handlers import ControllerFactory
from webapp.page.updates import draft_html
from webapp.service.running import Running
from webapp.store.audit import REFUSALS
from webapp.web.error_responses import StrictRoute, answered

AUTHORISED_SECONDS = 1.0  # for which a stream goes on without a look at who may read it
STREAMS_OF_ONE = 60  # concurrent streams of one user, each of a page on which an answer is being written
_STATUS = (
    (SessionEnded, 401),
    (NotAllowed, 403),
    (NoSuchMatter, 404),
    (NoSuchConversation, 404),
    (TooManyStreams, 429),
)
# A proxy passes each event on at once. After a broken connection a browser asks again in two seconds.
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_BEGINNING = "retry: 2000\n\n"
_STILL_THERE = ": \n\n"
_END = "event: end\ndata: 1\n\n"

Follow = Callable[[], Awaitable[Running | None]]
"""Authorises the user of the request, and finds the turn; None where it is not being written any more."""


def draft_routes(controllers: ControllerFactory) -> APIRouter:
    """Build the route."""
    router = APIRouter(route_class=StrictRoute)
    streams: Counter[str] = Counter()

    @router.get(DRAFT)
    async def draft(request: Request, matter_id: str, conversation_id: str, turn_id: str) -> Response:
        async def follow() -> Running | None:
            controller = await controllers.of(request)
            return await run_in_threadpool(controller.followed, matter_id, conversation_id, turn_id)

        try:
            controller = await controllers.of(request)
            try:
                running = await follow()
            except REFUSALS as error:
                await run_in_threadpool(controller.refused, error, matter_id, conversation_id)
                raise
            if streams[controller.share_key] >= STREAMS_OF_ONE:
                raise TooManyStreams(count=STREAMS_OF_ONE)
        except Exception as error:  # noqa: BLE001 (the one place where an error of this route is answered, as a sentence)
            return answered(error, _STATUS)
        return _Stream(_events(running, follow), streams, controller.share_key)

    return router


class _Stream(StreamingResponse):
    """Server-sent events, counted under a user's key while they are sent."""

    def __init__(self, events: AsyncGenerator[str], streams: Counter[str], key: str) -> None:
        super().__init__(events, media_type="text/event-stream", headers=_HEADERS)
        self._streams, self._key = streams, key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events until the turn ends or the browser is gone."""
        self._streams[self._key] += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams[self._key] -= 1
            if not self._streams[self._key]:
                del self._streams[self._key]


async def _events(running: Running | None, follow: Follow) -> AsyncGenerator[str]:
    """The turn as it grows; whoever may read it no longer is sent no more of it."""
    yield _BEGINNING
    sent, authorised_at = "", time.monotonic()
    if running is not None:
        async with aclosing(running.follow()) as batches:
            async for is_new in batches:
                if time.monotonic() > authorised_at + AUTHORISED_SECONDS:
                    try:
                        await follow()
                    except PinciteError as error:
                        user_error(error)
                        return
                    authorised_at = time.monotonic()
                if not is_new:
                    yield _STILL_THERE
                    continue
                html = str(draft_html(running))
                yield _event(sent, html)
                sent = html
    yield _END


def _event(sent: str, html: str) -> str:
    kept = _common(sent, html)
    units = len(html[:kept].encode("utf-16-le", "surrogatepass")) // 2
    told = json.dumps({"keep": units, "html": html[kept:]}, ensure_ascii=False, separators=(",", ":"))
    return f"data: {told}\n\n"


def _common(one: str, other: str) -> int:
    """Length of the longest common prefix."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
