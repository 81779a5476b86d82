"""Fair scheduler for slow work: a thread pool that serves users round robin, with time-outs and limits for each user.

Slow work of one user must not stop that of others. So it has its own threads, of which one user never holds all; users
are served in rotation, each with a FIFO queue of their own; every piece of work has a time limit that includes its
wait; and work whose caller is cancelled is given up. Python cannot end a thread, so the work checks `Deadline.over`
from time to time, and counts to its user until it ends. For one event loop.
"""

import asyncio
import contextlib
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from retrieval import PinciteError

T = TypeVar("T")
_GRACE_SECONDS = 1.0  # past the time limit, for work to end by itself with an error that says more than TimeoutError


class Deadline:
    """Deadline and cancellation flag of one piece of work."""

    def __init__(self, seconds: float) -> None:
        """The deadline is `seconds` from now."""
        self.by = time.monotonic() + seconds
        self._given_up = False

    @property
    def left(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self.by - time.monotonic()

    @property
    def given_up(self) -> bool:
        """Whether the work is cancelled: its caller has left, or the server stops."""
        return self._given_up

    @property
    def over(self) -> bool:
        """Whether the work should end now: cancelled, or past its deadline."""
        return self._given_up or self.left <= 0

    def give_up(self) -> None:
        """Cancel the work."""
        self._given_up = True


class FairScheduler:
    """Scheduler and thread pool for one kind of work."""

    def __init__(self, name: str, at_once: int, per_user: int, full: Callable[[int], PinciteError]) -> None:
        """`at_once` pieces run, of one user at most one fewer; `per_user` of one user may run or wait.

        `full(per_user)` makes the error for a piece past that limit.
        """
        self._at_once, self._per_user, self._full = at_once, per_user, full
        self._most_running = max(1, at_once - 1)
        self._pool = ThreadPoolExecutor(at_once, f"pincite-{name}")
        self._running: Counter[str] = Counter()
        self._deadlines: set[Deadline] = set()  # of the work that runs
        self._lines: OrderedDict[str, deque[asyncio.Future[None]]] = (
            OrderedDict()
        )  # by user; the next to be served first
        self._closed = False

    async def run(self, key: str, seconds: float, work: Callable[[Deadline], T]) -> T:
        """Run `work` for the user `key` on a thread of the pool; return or raise what it does.

        Raises the error of `full`, and TimeoutError if it takes longer than `seconds`, waiting included. If this is
        cancelled, so is the work.
        """
        deadline = Deadline(seconds)
        if self._running[key] + len(self._lines.get(key, ())) >= self._per_user:
            raise self._full(self._per_user)
        await self._wait(key, deadline)
        self._deadlines.add(deadline)
        loop = asyncio.get_running_loop()
        try:
            future = self._pool.submit(work, deadline)
        except RuntimeError as error:  # the server stops
            self._done(key, deadline)
            raise TimeoutError from error

        def done(_: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._done, key, deadline)

        future.add_done_callback(done)
        try:
            async with asyncio.timeout(max(deadline.left, 0) + _GRACE_SECONDS):
                return await asyncio.wrap_future(future)
        finally:
            deadline.give_up()

    def close(self) -> None:
        """Cancel all work and start no more. Thread-safe."""
        self._closed = True
        for deadline in list(self._deadlines):
            deadline.give_up()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _wait(self, key: str, deadline: Deadline) -> None:
        """Wait in the user's queue until a thread is assigned."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(key, deque()).append(place)
        self._advance()
        try:
            async with asyncio.timeout(deadline.left):
                await place
        except BaseException:  # cancelled or late: the place is given up; raised again
            if place.done() and not place.cancelled():  # a thread was assigned at the same moment
                self._running[key] -= 1
            else:
                self._leave(key, place)
            self._advance()
            raise

    def _advance(self) -> None:
        """Assign free threads to waiting work, round robin over the users."""
        while not self._closed and self._running.total() < self._at_once:
            key = next((key for key in self._lines if self._running[key] < self._most_running), None)
            if key is None:
                return
            place = self._lines[key][0]
            self._leave(key, place)
            if place.done():  # cancelled; `_wait` is about to notice
                continue
            if key in self._lines:
                self._lines.move_to_end(key)
            self._running[key] += 1
            place.set_result(None)

    def _leave(self, key: str, place: asyncio.Future[None]) -> None:
        line = self._lines.get(key)
        if line is not None and place in line:
            line.remove(place)
            if not line:
                del self._lines[key]

    def _done(self, key: str, deadline: Deadline) -> None:
        self._deadlines.discard(deadline)
        self._running[key] -= 1
        self._running += Counter()  # drops keys with zero
        self._advance()
