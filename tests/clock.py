"""Limits of time that hold on a slow machine too: set on a quick one, they are widened as this one is slower."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_STEPS = 1_000_000
_QUICK = 0.04  # seconds of the steps on the machine where the limits were set


@contextmanager
def within(seconds: float, clock: Callable[[], float] = time.process_time) -> Iterator[None]:
    """The block takes at most `seconds` of `clock`, or what is `allowed` for them.

    Raises:
        AssertionError: it took longer.
    """
    began = clock()
    yield
    took = clock() - began
    if took > seconds:
        most = allowed(seconds)
        assert took <= most, f"{took:.2f} s; {seconds} s are {most:.2f} s on this machine"


def allowed(seconds: float) -> float:
    """`seconds`, or as many times that as this machine is slower just now, be it by what else is at work on it."""
    return seconds * max(1.0, max(_seconds_of_steps() for _ in range(3)) / _QUICK)


def _seconds_of_steps() -> float:
    began, total = time.monotonic(), 0
    for step in range(_STEPS):
        total += step
    return time.monotonic() - began
