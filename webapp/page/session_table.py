"""Whose each session of the page is, how many one user has, and which nobody listens to any more.

Gradio keeps what a session is told until somebody hears it, for the 2,000 sessions that began last, whoever began them.
So one who opens many would push out the others, and one whose browser went away would have events under way for ever:
here each user has a number of sessions of their own, of which the one unused for longest goes first, and what is told to a
session that nobody listens to goes after a minute. For one event loop.
"""

import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from webapp.core.errors import TooManyStreams

NOBODY = ""  # who has no access, and everyone before the records are there
MOST_OF_ONE = 200  # sessions of one user: of a page that is open, and of those that were
MOST_OF_NOBODY = 500
MOST_STREAMS = 60  # open at a time for one user: a page has two
MOST_STREAMS_SHARED = 300  # for all who share an address, and for nobody
UNHEARD_SECONDS = 60.0  # a page listens as long as something of it is under way
SWEEP_SECONDS = 5.0
CAPACITY = 50_000  # sessions in all, more than two hundred users have


@dataclass(slots=True)
class _Session:
    owner: str
    used_at: float
    listeners: int = 0


class SessionTable:
    """The sessions of one process."""

    def __init__(self, forget: Callable[[str], None], leave: Callable[[str], None]) -> None:
        """`forget` has gradio forget what a session was told, `leave` also where its page was."""
        self._forget, self._left = forget, leave
        self._sessions: dict[str, _Session] = {}
        self._of: defaultdict[str, OrderedDict[str, None]] = defaultdict(OrderedDict)
        self._streams: Counter[str] = Counter()
        self._swept = 0.0

    def enter(self, name: str, user_id: str) -> bool:
        """Whether a session is this user's; from here on it is, where it was nobody's."""
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
        """The sessions of a user."""
        return list(self._of.get(user_id, ()))

    @asynccontextmanager
    async def stream(self, keys: set[str], most: Callable[[str], int | None]) -> AsyncIterator[None]:
        """While the block runs a stream is open, counted under these keys. Raises TooManyStreams."""
        for key in keys:
            limit = most(key)
            if limit is not None and self._streams[key] >= limit:
                raise TooManyStreams(count=limit)
        self._streams.update(keys)
        try:
            yield
        finally:
            self._streams.subtract(keys)
            self._streams += Counter()  # forgets who has none

    @asynccontextmanager
    async def listening(self, name: str) -> AsyncIterator[None]:
        """While the block runs somebody listens to a session."""
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
        self._left(name)

    def _leave(self, name: str, session: _Session) -> None:
        theirs = self._of[session.owner]
        theirs.pop(name, None)
        if not theirs:
            del self._of[session.owner]
