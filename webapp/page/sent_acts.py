"""Answers an act that is sent again because its answer was lost: with the same one, done once (idempotency key).

A connection that breaks after the server took an act looks to the page as if it had not; it sends the act again, under
the same number. The last act of each session is kept, which is enough: the page sends them one after the other.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NUMBER = re.compile(r"\d{1,9}")
_MOST = 10_000  # sessions
_LONGEST_WAIT = 30.0  # seconds for the answer of the first that was sent

_Answer = asyncio.Future[list[Message] | None]  # None: it was not taken


class SentActs:
    """The last act of each session, by its user and the number that its page gave it, and its answer.

    A page that is loaded while the database opens is nobody's at first. For one event loop.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[str, tuple[str, str, _Answer]] = OrderedDict()

    def once(self, session: str, user_id: str, number: str, app: ASGIApp) -> ASGIApp:
        """An app that answers this act of a session: `app`, or what it answered when its user sent the act before.

        An act that was refused, or that has no number, is done anew.
        """
        if not _NUMBER.fullmatch(number):
            return app
        last = self._last.get(session)
        if last and last[:2] == (user_id, number):
            return partial(_again, last[2], lambda: self._anew(session, user_id, number, app))
        return self._anew(session, user_id, number, app)

    def _anew(self, session: str, user_id: str, number: str, app: ASGIApp) -> ASGIApp:
        answer = asyncio.get_running_loop().create_future()
        self._last[session] = (user_id, number, answer)
        self._last.move_to_end(session)
        if len(self._last) > _MOST:
            self._last.popitem(last=False)
        return partial(_first, answer, app)

    def forget(self, session: str) -> None:
        """Drop a session's last act: what came of it is gone, and if it is sent again it is done again."""
        self._last.pop(session, None)


async def _first(answer: _Answer, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    sent: list[Message] = []

    async def send_and_keep(message: Message) -> None:
        sent.append(message)
        await send(message)

    try:
        await app(scope, receive, send_and_keep)
    finally:
        taken = bool(sent) and sent[0].get("status") == 200
        answer.set_result(sent if taken else None)


async def _again(answer: _Answer, anew: Callable[[], ASGIApp], scope: Scope, receive: Receive, send: Send) -> None:
    done, _ = await asyncio.wait([answer], timeout=_LONGEST_WAIT)
    messages = answer.result() if done else None
    if messages is None:
        await anew()(scope, receive, send)
        return
    for message in messages:
        await send(message)
