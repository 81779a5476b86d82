"""Whether an engine is asked at all: after failures in a row nobody waits for it, until one question finds it back.

closed   it is asked
open     it is left alone for a pause
due      the pause is over: the next question tries it, and how that ends closes the circuit or opens it for longer
"""

import threading
import time
from collections.abc import Callable
from typing import Final, Literal

State = Literal["closed", "open", "due"]

FAILURES: Final = 2  # in a row: one may be a connection that broke, of an engine that is well
FIRST_PAUSE: Final = 2.0  # seconds; an engine that was restarted by its supervisor is back after a few
LONGEST_PAUSE: Final = 30.0  # seconds; a model of 7B takes one to five minutes to load


class Circuit:
    """The circuit of one engine. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._pause = FIRST_PAUSE
        self._until: float | None = None  # when the pause ends; None while closed
        self._tried = False  # by a question whose outcome is not known yet

    @property
    def state(self) -> State:
        """As it is now."""
        with self._lock:
            return self._state()

    def enter(self) -> bool:
        """Whether a question may ask the engine; of those that come when it is due, the first."""
        with self._lock:
            state = self._state()
            self._tried = self._tried or state == "due"
            return state != "open"

    def succeeded(self) -> None:
        """The engine answered, be it with a refusal."""
        with self._lock:
            self._failures, self._pause, self._until, self._tried = 0, FIRST_PAUSE, None, False

    def failed(self) -> None:
        """It did not answer, or broke off."""
        with self._lock:
            self._failures += 1
            if self._until is not None and self._tried:
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
            if self._failures >= FAILURES:
                self._until, self._tried = self._clock() + self._pause, False

    def left(self) -> None:
        """A question went away without an outcome: another may try."""
        with self._lock:
            self._tried = False

    def seen(self) -> None:
        """It says that it is well: the pause is over."""
        with self._lock:
            if self._until is not None:
                self._until = self._clock()

    def _state(self) -> State:
        if self._until is None:
            return "closed"
        return "open" if self._tried or self._clock() < self._until else "due"
