"""Circuit breaker for one LLM server.

closed   requests are sent
open     after failures in a row no request is sent for a pause
due      half-open: the pause is over, and one request is sent as a trial; its outcome closes the circuit, or opens it
         again for twice as long
"""

import threading
import time
from collections.abc import Callable
from typing import Final, Literal

State = Literal["closed", "open", "due"]

FAILURES: Final = 2  # in a row, until the circuit opens: a single one may be a broken connection to a healthy server
FIRST_PAUSE: Final = 2.0  # seconds; a server that its supervisor restarts is back after a few
LONGEST_PAUSE: Final = 30.0  # seconds; a model of 7B takes one to five minutes to load


class CircuitBreaker:
    """Counts the failures of one server and decides whether to send it a request. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` returns seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._pause = FIRST_PAUSE
        self._pause_end: float | None = None  # of the clock; None while closed
        self._trial = False  # whether a trial is under way

    @property
    def state(self) -> State:
        """The state now."""
        with self._lock:
            return self._state()

    def allow_request(self) -> bool:
        """Whether a request may be sent now; when the circuit is due, the first caller alone gets the trial."""
        with self._lock:
            state = self._state()
            self._trial = self._trial or state == "due"
            return state != "open"

    def record_success(self) -> None:
        """Note that the server responded, even if it refused the request."""
        with self._lock:
            self._failures, self._pause, self._pause_end, self._trial = 0, FIRST_PAUSE, None, False

    def record_failure(self) -> None:
        """Note that the server did not respond, or broke off."""
        with self._lock:
            self._failures += 1
            if self._pause_end is not None and self._trial:
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
            if self._failures >= FAILURES:
                self._pause_end, self._trial = self._clock() + self._pause, False

    def end_trial(self) -> None:
        """Note that a request ended without an outcome, so that another one may be the trial."""
        with self._lock:
            self._trial = False

    def end_pause(self) -> None:
        """Note that the server's health check succeeded: an open circuit is due at once."""
        with self._lock:
            if self._pause_end is not None:
                self._pause_end = self._clock()

    def _state(self) -> State:
        if self._pause_end is None:
            return "closed"
        return "open" if self._trial or self._clock() < self._pause_end else "due"
