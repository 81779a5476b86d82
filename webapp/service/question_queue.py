"""Bounded FIFO queue for answers: N run, M wait, more are refused.

Without a limit on the answers that run, each slows down all others until none arrives in time; without a limit on those
that wait, users wait in vain instead of being refused. For one event loop.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator

from webapp.core.errors import NetworkWaiting, QuestionsWaiting, TooManyQuestions
from webapp.core.metrics import QUEUE_SECONDS, WAITING, WRITING
from webapp.store.users import LOCAL_USER, User


class QuestionQueue:
    """The queue of one process."""

    def __init__(self, at_once: int, most_waiting: int, per_user: int, per_address: int) -> None:
        """`at_once` questions run and `most_waiting` wait;
        of both, at most `per_user` are of one user and `per_address` of the guests of one address.
        """
        self._at_once, self._most_waiting = at_once, most_waiting
        self._per_user, self._per_address = per_user, per_address
        self._running: set[QueueTicket] = set()
        self._waiting: deque[QueueTicket] = deque()
        self._counts: Counter[str] = Counter()  # places by user id and share key

    def enter(self, user: User, share_key: str) -> "QueueTicket":
        """Return a place in the queue, which its holder must `leave`; `share_key` is that of `Workspace.share_key`.

        Raises QuestionsWaiting, NetworkWaiting or TooManyQuestions. The local user has no limit of their own.
        """
        if user != LOCAL_USER and self._counts[user.id] >= self._per_user:
            raise QuestionsWaiting(count=self._per_user)
        if share_key != user.id and self._counts[share_key] >= self._per_address:
            raise NetworkWaiting(count=self._per_address)
        if len(self._running) >= self._at_once and len(self._waiting) >= self._most_waiting:
            raise TooManyQuestions(count=len(self._waiting))
        place = QueueTicket(self, {user.id, share_key})
        self._counts.update(place.keys)
        self._waiting.append(place)
        self._advance()
        return place

    def borrow(self) -> "QueueTicket | None":
        """A running place for one more window of a question that runs; None if none is free or others wait for it."""
        if self._waiting or len(self._running) >= self._at_once:
            return None
        place = QueueTicket(self, set())
        self._running.add(place)
        WRITING.set(len(self._running))
        return place

    @property
    def counts(self) -> tuple[int, int]:
        """How many questions run, and how many wait."""
        return len(self._running), len(self._waiting)

    def _position(self, place: "QueueTicket") -> int:
        """Position in the queue, from 1; 0 if the question runs."""
        return 0 if place in self._running else self._waiting.index(place) + 1

    def _leave(self, place: "QueueTicket") -> None:
        self._counts.subtract(place.keys)
        self._counts += Counter()  # drops keys with zero
        if place in self._running:
            self._running.discard(place)
        else:
            self._waiting.remove(place)
        self._advance()

    def _advance(self) -> None:
        moved = list(self._waiting)
        while self._waiting and len(self._running) < self._at_once:
            self._running.add(self._waiting.popleft())
        WAITING.set(len(self._waiting))
        WRITING.set(len(self._running))
        for place in moved:
            place.moved.set()


class QueueTicket:
    """One question in the queue, from `QuestionQueue.enter` to `leave`."""

    def __init__(self, queue: QuestionQueue, keys: set[str]) -> None:
        self.keys = keys  # user id and share key that it counts for
        self.moved = asyncio.Event()
        self._queue = queue
        self._left = False

    async def turn(self) -> AsyncGenerator[int]:
        """Wait until the question may run; yields its position in the queue at first and whenever that changes."""
        last = 0
        with QUEUE_SECONDS.time():
            while position := self._queue._position(self):
                if position != last:
                    last = position
                    yield position
                await self.moved.wait()
                self.moved.clear()

    def leave(self) -> None:
        """Leave the queue, running or waiting; further calls do nothing."""
        if not self._left:
            self._left = True
            self._queue._leave(self)
