"""Locks of sign-in, by account and by address, on a clock of the test's own."""

import pytest

from webapp.core.errors import TooManyAttempts
from webapp.web.sign_in_throttle import (
    FIRST_LOCK_SECONDS,
    FORGET_SECONDS,
    FREE_OF_ACCOUNT,
    FREE_OF_ADDRESS,
    LONGEST_LOCK_SECONDS,
    MOST_KEYS,
    SignInThrottle,
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> SignInThrottle:
    return SignInThrottle(clock)


def _is_locked(throttle: SignInThrottle, account: str, address: str) -> bool:
    try:
        throttle.attempt(account, address)
    except TooManyAttempts:
        return True
    return False


def test_each_further_failure_doubles_the_lock_of_an_account_from_wherever_it_comes(
    throttle: SignInThrottle, clock: Clock
) -> None:
    for n in range(FREE_OF_ACCOUNT):
        throttle.attempt("ada", f"address {n}")
    seconds = FIRST_LOCK_SECONDS
    for n in range(8):
        clock.now += seconds - 1
        assert _is_locked(throttle, "ada", f"other {n}")
        clock.now += 1
        assert not _is_locked(throttle, "ada", f"other {n}")
        seconds = min(2 * seconds, LONGEST_LOCK_SECONDS)
    assert seconds == LONGEST_LOCK_SECONDS
    assert not _is_locked(throttle, "bea", "other 1")


def test_a_success_or_an_hour_without_an_attempt_begins_anew(throttle: SignInThrottle, clock: Clock) -> None:
    for _ in range(3):
        for _ in range(FREE_OF_ACCOUNT - 1):
            throttle.attempt("ada", "here")
        throttle.succeeded("ada", "here")
    for _ in range(FREE_OF_ACCOUNT):
        throttle.attempt("ada", "here")
    assert _is_locked(throttle, "ada", "here")
    clock.now += FORGET_SECONDS + 1
    for _ in range(FREE_OF_ACCOUNT):
        throttle.attempt("ada", "here")


def test_an_address_is_locked_whichever_accounts_it_tries_and_no_other_address_is(throttle: SignInThrottle) -> None:
    for n in range(FREE_OF_ADDRESS):
        throttle.attempt(f"account {n}", "there")
    assert _is_locked(throttle, "ada", "there")
    assert not _is_locked(throttle, "ada", "here")


def test_those_who_sign_in_do_not_lock_the_address_that_they_share(throttle: SignInThrottle) -> None:
    for n in range(3 * FREE_OF_ADDRESS):
        throttle.attempt(f"account {n}", "office")
        throttle.succeeded(f"account {n}", "office")


def test_one_who_has_an_account_does_not_wipe_out_what_the_address_failed_at(throttle: SignInThrottle) -> None:
    for n in range(FREE_OF_ADDRESS - 1):
        throttle.attempt(f"account {n}", "there")
        throttle.attempt("mine", "there")
        throttle.succeeded("mine", "there")
    throttle.attempt("one more", "there")
    assert _is_locked(throttle, "mine", "there")


def test_memory_is_bounded(throttle: SignInThrottle) -> None:
    for n in range(MOST_KEYS):
        throttle.attempt(str(n), f"address {n}")
    assert len(throttle._counts) == MOST_KEYS
