"""Who may have an answer written now, who waits for their turn, and who is sent away: first come, first served.

Without a bound on what is written at once, every answer slows all the others down until none arrives in time; without
a bound on what waits, nobody is told. For one event loop.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator

from webapp.core.errors import NetworkWaiting, QuestionsWaiting, TooManyQuestions
from webapp.core.metrics import QUEUE_SECONDS, WAITING, WRITING
from webapp.store.users import LOCAL_USER, User


class Admission:
    """The line of questions in one process."""

    def __init__(self, at_once: int, most_waiting: int, per_user: int, per_address: int) -> None:
        """`at_once` answers are written, `most_waiting` questions wait; of both together there are `per_user` of one user and
        `per_address` of the guests of one address.
        """
        self._at_once, self._most_waiting = at_once, most_waiting
        self._per_user, self._per_address = per_user, per_address
        self._inside: set[Place] = set()
        self._line: deque[Place] = deque()
        self._of: Counter[str] = Counter()

    def enter(self, user: User, share_key: str) -> "Place":
        """A place for one question, which its holder must `leave`; `share_key` as `Workspace.share_key` gives it.

        Raises QuestionsWaiting, NetworkWaiting or TooManyQuestions. The local user, whose machine it is, may ask as much as
        fits.
        """
        if user != LOCAL_USER and self._of[user.id] >= self._per_user:
            raise QuestionsWaiting(count=self._per_user)
        if share_key != user.id and self._of[share_key] >= self._per_address:
            raise NetworkWaiting(count=self._per_address)
        if len(self._inside) >= self._at_once and len(self._line) >= self._most_waiting:
            raise TooManyQuestions(count=len(self._line))
        place = Place(self, {user.id, share_key})
        self._of.update(place.counted)
        self._line.append(place)
        self._move_up()
        return place

    def _before(self, place: "Place") -> int:
        """How many answers are before it: at least the one that it waits for, and those of all who came earlier."""
        return 0 if place in self._inside else self._line.index(place) + 1

    def _leave(self, place: "Place") -> None:
        self._of.subtract(place.counted)
        self._of += Counter()  # forgets who has none
        if place in self._inside:
            self._inside.discard(place)
        else:
            self._line.remove(place)
        self._move_up()

    def _move_up(self) -> None:
        moved = list(self._line)
        while self._line and len(self._inside) < self._at_once:
            self._inside.add(self._line.popleft())
        WAITING.set(len(self._line))
        WRITING.set(len(self._inside))
        for place in moved:
            place.moved.set()


class Place:
    """One question's place in the line."""

    def __init__(self, admission: Admission, counted: set[str]) -> None:
        self.counted = counted  # for whom it is one of those under way
        self.moved = asyncio.Event()
        self._admission = admission
        self._left = False

    async def turn(self) -> AsyncGenerator[int]:
        """Wait for its turn; yields how many answers are before it, each time that there are fewer."""
        told = 0
        with QUEUE_SECONDS.time():
            while before := self._admission._before(self):
                if before != told:
                    told = before
                    yield before
                await self.moved.wait()
                self.moved.clear()

    def leave(self) -> None:
        """Make room for the next one, whether its turn has come or not."""
        if not self._left:
            self._left = True
            self._admission._leave(self)
