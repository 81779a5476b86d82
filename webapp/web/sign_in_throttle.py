"""Throttle of sign-in: locks an account, or an address, for a time that doubles with each further failure.

An attempt counts as failed until it has succeeded, so that many at the same time are counted like one after another. An
attempt during a lock is refused unread and does not lengthen it. Counts are kept in memory, for an hour after the last
attempt; accounts that do not exist are counted like others.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from webapp.core.errors import TooManyAttempts

FREE_OF_ACCOUNT = 5  # failures without a lock: a person who tries the passwords that they know
FREE_OF_ADDRESS = 50  # an office behind one address
FIRST_LOCK_SECONDS, LONGEST_LOCK_SECONDS = 30.0, 900.0  # at most 4 tries an hour for a password once it is locked
FORGET_SECONDS = 3600.0
MOST_KEYS = 50_000  # accounts and addresses; past it the one that was tried longest ago is forgotten


@dataclass(slots=True)
class _Count:
    failures: int = 0
    tried_at: float = 0.0
    locked_until: float = 0.0


class SignInThrottle:
    """Counts of failed attempts, by account and by address. For one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: OrderedDict[tuple[str, str], _Count] = OrderedDict()

    def attempt(self, account: str, address: str) -> None:
        """Count an attempt. Raises TooManyAttempts during a lock, whichever it is."""
        now = self._clock()
        keys = ((("account", account), FREE_OF_ACCOUNT), (("address", address), FREE_OF_ADDRESS))
        counts = [(self._count(key, now), free) for key, free in keys]
        if any(now < count.locked_until for count, _ in counts):
            raise TooManyAttempts()
        for count, free in counts:
            count.failures += 1
            count.tried_at = now
            if count.failures >= free:
                doubled = FIRST_LOCK_SECONDS * 2.0 ** min(count.failures - free, 30)
                count.locked_until = now + min(doubled, LONGEST_LOCK_SECONDS)

    def succeeded(self, account: str, address: str) -> None:
        """Forget the failures of an account, and that this attempt of the address was one."""
        self._counts.pop(("account", account), None)
        count = self._counts.get(("address", address))
        if count is not None:
            count.failures -= 1
            count.locked_until = 0.0 if count.failures < FREE_OF_ADDRESS else count.locked_until

    def _count(self, key: tuple[str, str], now: float) -> _Count:
        count = self._counts.get(key)
        if count is None or now - count.tried_at > FORGET_SECONDS:
            count = self._counts[key] = _Count()
        self._counts.move_to_end(key)
        while len(self._counts) > MOST_KEYS:
            self._counts.popitem(last=False)
        return count
