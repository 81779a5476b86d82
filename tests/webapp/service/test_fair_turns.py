"""Fair turns: who gets one when, and that each is given back however its work ends."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.clock import within
from webapp.core.errors import SearchesWaiting
from webapp.service.fair_turns import Deadline, FairScheduler

SECONDS = 10.0  # more than any of this takes


@contextmanager
def shares(at_once: int = 2, per_user: int = 100) -> Iterator[FairScheduler]:
    made = FairScheduler("test", at_once, per_user, lambda count: SearchesWaiting(count=count))
    yield made
    made.close()


class Work:
    """Work that runs until it is let go, and what of it has begun."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.go = threading.Event()

    def named(self, name: str) -> Callable[[Deadline], str]:
        def work(_: Deadline) -> str:
            self.begun.append(name)
            assert self.go.wait(SECONDS)
            return name

        return work


async def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


def in_a_loop(test: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await test()

    asyncio.run(run())


def test_one_user_never_has_all_of_it() -> None:
    async def test() -> None:
        work = Work()
        with shares(at_once=3) as line:
            eve = [asyncio.create_task(line.run("eve", SECONDS, work.named(f"eve {n}"))) for n in range(9)]
            await until(lambda: len(work.begun) == 2)
            ann = asyncio.create_task(line.run("ann", SECONDS, work.named("ann")))
            await until(lambda: "ann" in work.begun)
            assert len(work.begun) == 3
            work.go.set()
            assert await ann == "ann"
            assert await asyncio.gather(*eve) == [f"eve {n}" for n in range(9)]

    in_a_loop(test)


def test_users_come_round_in_turn_however_much_one_of_them_asks_for() -> None:
    async def test() -> None:
        began: list[str] = []

        def work(name: str) -> Callable[[Deadline], None]:
            def note(_: Deadline) -> None:
                began.append(name)
                time.sleep(0.02)

            return note

        first = Work()
        with shares(at_once=1) as line:
            busy = asyncio.create_task(line.run("eve", SECONDS, first.named("first")))
            await until(lambda: first.begun)
            asked = [asyncio.create_task(line.run("eve", SECONDS, work("eve"))) for _ in range(20)]
            await asyncio.sleep(0)
            asked += [asyncio.create_task(line.run(name, SECONDS, work(name))) for name in ("ann", "bob") for _ in "12"]
            await asyncio.sleep(0)
            first.go.set()
            await asyncio.gather(busy, *asked)
        assert began[:6] == ["eve", "ann", "bob", "eve", "ann", "bob"]

    in_a_loop(test)


def test_who_asks_for_too_much_is_told_and_others_are_not() -> None:
    async def test() -> None:
        work = Work()
        with shares(per_user=3) as line:
            eve = [asyncio.create_task(line.run("eve", SECONDS, work.named("eve"))) for _ in range(3)]
            await until(lambda: work.begun)
            with pytest.raises(SearchesWaiting, match="3 searches"):
                await line.run("eve", SECONDS, work.named("more"))
            work.go.set()
            assert await line.run("ann", SECONDS, work.named("ann")) == "ann"
            await asyncio.gather(*eve)
            assert await line.run("eve", SECONDS, work.named("again")) == "again"

    in_a_loop(test)


def test_waiting_counts_to_the_time_and_who_waited_in_vain_is_out_of_the_line() -> None:
    async def test() -> None:
        work = Work()
        with shares() as line:
            busy = asyncio.create_task(line.run("eve", SECONDS, work.named("busy")))
            await until(lambda: work.begun)
            with within(1, time.monotonic), pytest.raises(TimeoutError):
                await line.run("eve", 0.2, work.named("late"))
            work.go.set()
            await busy
            assert work.begun == ["busy"]

    in_a_loop(test)


def test_work_that_does_not_look_at_the_clock_is_not_waited_for_and_counts_until_it_has_ended() -> None:
    async def test() -> None:
        work = Work()
        with shares() as line:
            with within(3, time.monotonic), pytest.raises(TimeoutError):
                await line.run("eve", 0.1, work.named("deaf"))
            with pytest.raises(TimeoutError):
                await line.run("eve", 0.1, work.named("next"))
            work.go.set()
            assert await line.run("eve", SECONDS, work.named("then")) == "then"
            assert work.begun == ["deaf", "then"]

    in_a_loop(test)


def test_who_leaves_is_dropped_from_the_line_and_their_work_told_to_end() -> None:
    async def test() -> None:
        told, work = threading.Event(), Work()

        def until_told(turn: Deadline) -> None:
            work.begun.append("working")
            while not turn.over:
                time.sleep(0.01)
            told.set()

        with shares() as line:
            working = asyncio.create_task(line.run("eve", SECONDS, until_told))
            await until(lambda: work.begun)
            waiting = asyncio.create_task(line.run("eve", SECONDS, work.named("waiting")))
            await asyncio.sleep(0)
            waiting.cancel()
            working.cancel()
            assert await asyncio.to_thread(told.wait, SECONDS)
            work.go.set()
            assert await line.run("eve", SECONDS, work.named("next")) == "next"
            assert work.begun == ["working", "next"]

    in_a_loop(test)


def test_what_work_raises_is_raised_and_gives_the_turn_back() -> None:
    async def test() -> None:
        def fails(_: Deadline) -> None:
            raise ValueError("so")

        with shares(at_once=1, per_user=1) as line:
            for _ in range(5):
                with pytest.raises(ValueError, match="so"):
                    await line.run("eve", SECONDS, fails)

    in_a_loop(test)


def test_a_turn_that_comes_just_as_its_user_leaves_goes_to_the_next() -> None:
    async def test() -> None:
        work = Work()
        work.go.set()
        with shares(at_once=1) as line:
            for _ in range(50):
                asked = [asyncio.create_task(line.run(name, SECONDS, work.named(name))) for name in ("eve", "ann")]
                for _ in range(3):
                    await asyncio.sleep(0)
                asked[0].cancel()
                assert await asked[1] == "ann"

    in_a_loop(test)


def test_closing_ends_what_runs_and_begins_nothing_more() -> None:
    async def test() -> None:
        work = Work()

        def until_over(turn: Deadline) -> str:
            work.begun.append("")
            while not turn.over:
                time.sleep(0.01)
            return "ended"

        with shares() as line:
            running = asyncio.create_task(line.run("eve", SECONDS, until_over))
            waiting = asyncio.create_task(line.run("eve", 0.5, work.named("waiting")))
            await until(lambda: work.begun)
            await asyncio.to_thread(line.close)
            assert await running == "ended"
            with pytest.raises(TimeoutError):
                await waiting
            with pytest.raises(TimeoutError):
                await line.run("ann", 0.2, work.named("ann"))
            assert work.begun == [""]

    in_a_loop(test)


def test_many_that_leave_at_the_same_time_leave_no_gap() -> None:
    async def test() -> None:
        work = Work()
        with shares(at_once=1) as line:
            busy = asyncio.create_task(line.run("eve", 0.3, work.named("busy")))
            late = [
                asyncio.create_task(line.run(name, 0.3, work.named(name)))
                for name in ("eve", "ann", "bob")
                for _ in "123"
            ]
            await until(lambda: work.begun)
            threading.Timer(0.3, work.go.set).start()
            await asyncio.gather(busy, *late, return_exceptions=True)
            assert not line._lines
            assert await line.run("ann", SECONDS, work.named("next")) == "next"
            await until(lambda: not line._running.total())

    in_a_loop(test)
