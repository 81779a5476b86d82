"""Owners of Gradio's sessions: which user each belongs to, a limit of sessions for each user, expiry of unused ones.

Gradio keeps the pending messages of the 2,000 newest sessions, of all users together, until a browser reads them. A
user who opens many would evict those of others, and a browser that is gone would have events under way for ever. Here
each user has a limit, past which their own least recently used session is dropped, and the pending messages of a
session without listeners are deleted after a minute. For one event loop.
"""

import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from webapp.core.errors import TooManyStreams

NOBODY = ""  # the user id of requests without access, and of all requests before the database is open
MOST_OF_ONE = 200  # sessions of one user, open pages and closed ones
MOST_OF_NOBODY = 500
MOST_STREAMS = 60  # open streams of one user; a page has two
MOST_STREAMS_SHARED = 300  # of all users who share an address, and of NOBODY
UNHEARD_SECONDS = 60.0  # without a listener; a page listens while it has an event under way
SWEEP_SECONDS = 5.0  # between two deletions
CAPACITY = 50_000  # sessions in all, for Gradio: more than two hundred users can have


@dataclass(slots=True)
class _Session:
    owner: str
    used_at: float
    listeners: int = 0


class SessionTable:
    """The sessions of one process, by name."""

    def __init__(self, forget: Callable[[str], None], end: Callable[[str], None]) -> None:
        """`forget` deletes a session's pending messages in Gradio, `end` also its page state."""
        self._forget, self._end = forget, end
        self._sessions: dict[str, _Session] = {}
        self._of: defaultdict[str, OrderedDict[str, None]] = defaultdict(OrderedDict)
        self._streams: Counter[str] = Counter()
        self._swept = 0.0

    def enter(self, name: str, user_id: str) -> bool:
        """Claim a session for a user if it has no owner; return whether it is the user's now."""
        self._sweep()
        session = self._sessions.get(name)
        if session is not None and session.owner not in (user_id, NOBODY):
            return False
        if session is None:
            session = self._sessions[name] = _Session(user_id, 0.0)
        elif session.owner != user_id:
            self._leave(name, session)
            session.owner = user_id
        session.used_at = time.monotonic()
        mine = self._of[user_id]
        mine[name] = None
        mine.move_to_end(name)
        while len(mine) > (MOST_OF_ONE if user_id != NOBODY else MOST_OF_NOBODY):
            self._drop(next(iter(mine)))
        return True

    def of(self, user_id: str) -> list[str]:
        """The names of a user's sessions, least recently used first."""
        return list(self._of.get(user_id, ()))

    @asynccontextmanager
    async def stream(self, keys: set[str], most: Callable[[str], int | None]) -> AsyncIterator[None]:
        """Count an open stream under each key while the block runs.

        Raises TooManyStreams where `most(key)` are open.
        """
        for key in keys:
            limit = most(key)
            if limit is not None and self._streams[key] >= limit:
                raise TooManyStreams(count=limit)
        self._streams.update(keys)
        try:
            yield
        finally:
            self._streams.subtract(keys)
            self._streams += Counter()  # drops keys with zero

    @asynccontextmanager
    async def listening(self, name: str) -> AsyncIterator[None]:
        """Mark a session as listened to while the block runs."""
        session = self._sessions[name]
        session.listeners += 1
        try:
            yield
        finally:
            session.listeners -= 1
            session.used_at = time.monotonic()

    def _sweep(self) -> None:
        now = time.monotonic()
        if now - self._swept < SWEEP_SECONDS:
            return
        self._swept = now
        for name, session in self._sessions.items():
            if not session.listeners and now - session.used_at > UNHEARD_SECONDS:
                self._forget(name)

    def _drop(self, name: str) -> None:
        self._leave(name, self._sessions.pop(name))
        self._end(name)

    def _leave(self, name: str, session: _Session) -> None:
        theirs = self._of[session.owner]
        theirs.pop(name, None)
        if not theirs:
            del self._of[session.owner]
