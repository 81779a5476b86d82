"""Whose sessions are whose, how many one user has, and when what nobody hears goes."""

import asyncio

import pytest

import webapp.page.session_table
from webapp.core.errors import TooManyStreams
from webapp.page.session_table import MOST_OF_NOBODY, MOST_OF_ONE, NOBODY, SWEEP_SECONDS, UNHEARD_SECONDS, SessionTable


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(webapp.page.session_table, "time", clock)
    return clock


def table(forgotten: list[str]) -> SessionTable:
    return SessionTable(forgotten.append, forgotten.append)


def test_a_session_belongs_to_whoever_used_it_first() -> None:
    sessions = table([])
    assert sessions.enter("a", "ann")
    assert not sessions.enter("a", "ben")
    assert not sessions.enter("a", NOBODY)
    assert sessions.enter("a", "ann")


def test_what_was_nobodys_becomes_the_first_users() -> None:
    sessions = table([])
    assert sessions.enter("a", NOBODY)
    assert sessions.enter("a", "ann")
    assert not sessions.enter("a", "ben")
    assert (sessions.of(NOBODY), sessions.of("ann")) == ([], ["a"])


def test_who_opens_many_loses_their_own_and_nobody_elses() -> None:
    forgotten: list[str] = []
    sessions = table(forgotten)
    assert sessions.enter("anns", "ann")
    for n in range(MOST_OF_ONE + 50):
        assert sessions.enter(f"m{n}", "mallory")
        assert sessions.enter("m0", "mallory"), "what is used stays"
    for n in range(MOST_OF_NOBODY + 50):
        assert sessions.enter(f"n{n}", NOBODY)
    assert len(sessions.of("mallory")) == MOST_OF_ONE
    assert len(sessions.of(NOBODY)) == MOST_OF_NOBODY
    assert sessions.of("ann") == ["anns"]
    assert "anns" not in forgotten
    assert "m0" not in forgotten
    assert len(forgotten) == 100


def test_what_nobody_listens_to_goes_after_a_minute(clock: Clock) -> None:
    forgotten: list[str] = []
    sessions = table(forgotten)
    sessions.enter("heard", "ann")
    sessions.enter("unheard", "ann")

    async def listened() -> None:
        async with sessions.listening("heard"):
            clock.now += UNHEARD_SECONDS + 1
            sessions.enter("other", "ben")
            assert forgotten == ["unheard"]
        clock.now += SWEEP_SECONDS + 1
        sessions.enter("other", "ben")
        assert "heard" not in forgotten, "its minute begins when the listener leaves"
        clock.now += UNHEARD_SECONDS
        sessions.enter("other", "ben")
        assert "heard" in forgotten

    asyncio.run(listened())


def test_streams_are_counted_by_each_of_their_keys() -> None:
    sessions = table([])
    most = {"ann": 2, "address": 3, "ben": 2}.get

    async def opened() -> None:
        async with sessions.stream({"ann", "address"}, most), sessions.stream({"ann", "address"}, most):
            with pytest.raises(TooManyStreams, match="2 open connections"):
                async with sessions.stream({"ann", "address"}, most):
                    raise AssertionError
            async with sessions.stream({"ben", "address"}, most):
                with pytest.raises(TooManyStreams, match="3 open connections"):
                    async with sessions.stream({"ben", "address"}, most):
                        raise AssertionError
            async with sessions.stream({"unlimited"}, most):
                pass
        async with sessions.stream({"ann", "address"}, most):
            pass

    asyncio.run(opened())
