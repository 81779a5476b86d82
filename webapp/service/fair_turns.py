"""Fair turns at work that takes long: so much of it at a time, a share for each user, and each user in their turn.

Work that nobody foresaw to be slow must stop nobody else. So it has threads of its own, of which one user never holds
all; users come round in turn, whoever asks for much waits behind their own; what is asked for has a time by which it is
over, the wait included; and who has left is dropped. Python cannot end a thread: the work looks at `Turn.over` from time
to time, and counts to its user's share until it has ended. For one event loop.
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
_GRACE_SECONDS = 1.0  # after its time for work to end by itself, and to say more than that it was slow


class Turn:
    """One piece of work, from the moment it was asked for."""

    def __init__(self, seconds: float) -> None:
        """It has to be over in so many seconds."""
        self.by = time.monotonic() + seconds
        self._given_up = False

    @property
    def left(self) -> float:
        """Seconds that are left of its time."""
        return self.by - time.monotonic()

    @property
    def given_up(self) -> bool:
        """Whether nobody waits for it any more: who asked has left, or the server stops."""
        return self._given_up

    @property
    def over(self) -> bool:
        """Whether it has to end now."""
        return self._given_up or self.left <= 0

    def give_up(self) -> None:
        """Have it end."""
        self._given_up = True


class Shares:
    """The line for one kind of work."""

    def __init__(self, name: str, at_once: int, per_user: int, full: Callable[[int], PinciteError]) -> None:
        """`at_once` pieces are worked on, of one user all but one of them; `per_user` of theirs may be there, waiting or not.

        `full` makes the error of who asks for more than that.
        """
        self._at_once, self._per_user, self._full = at_once, per_user, full
        self._most_running = max(1, at_once - 1)
        self._pool = ThreadPoolExecutor(at_once, f"pincite-{name}")
        self._running: Counter[str] = Counter()
        self._turns: set[Turn] = set()  # that run
        self._lines: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()  # whose turn is next stands first
        self._closed = False

    async def run(self, key: str, seconds: float, work: Callable[[Turn], T]) -> T:
        """What `work` gives, done for the user `key` on a thread of these; raises what it raises.

        Raises the error of `full`, and TimeoutError where it was not over in `seconds`, waiting included. Cancelled, it
        leaves the line, and work that has begun is given up.
        """
        turn = Turn(seconds)
        if self._running[key] + len(self._lines.get(key, ())) >= self._per_user:
            raise self._full(self._per_user)
        await self._wait(key, turn)
        self._turns.add(turn)
        loop = asyncio.get_running_loop()
        try:
            doing = self._pool.submit(work, turn)
        except RuntimeError as error:  # the server stops
            self._done(key, turn)
            raise TimeoutError from error

        def done(_: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits
                loop.call_soon_threadsafe(self._done, key, turn)

        doing.add_done_callback(done)
        try:
            async with asyncio.timeout(max(turn.left, 0) + _GRACE_SECONDS):
                return await asyncio.wrap_future(doing)
        finally:
            turn.give_up()

    def close(self) -> None:
        """Give up all of it; nothing is begun any more. From any thread."""
        self._closed = True
        for turn in list(self._turns):
            turn.give_up()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _wait(self, key: str, turn: Turn) -> None:
        """Wait in the user's line until it is their turn, which is taken."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(key, deque()).append(place)
        self._move_up()
        try:
            async with asyncio.timeout(turn.left):
                await place
        except BaseException:  # cancelled or late, the place in the line is given up; raised again
            if place.done() and not place.cancelled():  # it came just as who asked for it left
                self._running[key] -= 1
            else:
                self._leave(key, place)
            self._move_up()
            raise

    def _move_up(self) -> None:
        """Give what is free to those whose turn it is, one piece of work at a time to each."""
        while not self._closed and self._running.total() < self._at_once:
            key = next((key for key in self._lines if self._running[key] < self._most_running), None)
            if key is None:
                return
            place = self._lines[key][0]
            self._leave(key, place)
            if place.done():  # who waited has left, and only has not been told so yet
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

    def _done(self, key: str, turn: Turn) -> None:
        self._turns.discard(turn)
        self._running[key] -= 1
        self._running += Counter()  # forgets who has none
        self._move_up()
