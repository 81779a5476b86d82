"""An engine that is away is left alone, and found again; several share the load."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.webapp.fake_engine import FakeEngine, Reply
from webapp.core.errors import EngineAway
from webapp.core.settings import load_settings
from webapp.llm.circuit_breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, CircuitBreaker
from webapp.llm.pool import EnginePool


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def opened() -> tuple[CircuitBreaker, Clock]:
    clock = Clock()
    circuit = CircuitBreaker(clock)
    for _ in range(FAILURES):
        circuit.record_failure()
    return circuit, clock


def test_failures_in_a_row_open_it_and_one_success_between_them_does_not() -> None:
    circuit = CircuitBreaker(Clock())
    for _ in range(3):
        circuit.record_failure()
        circuit.record_success()
    assert circuit.state == "closed"
    for _ in range(FAILURES):
        circuit.record_failure()
    assert circuit.state == "open"  # type: ignore[comparison-overlap]  # the failures changed it
    assert not circuit.allow_request()


def test_after_its_pause_one_question_tries_and_only_one() -> None:
    circuit, clock = opened()
    clock.now = FIRST_PAUSE
    assert circuit.state == "due"
    assert circuit.allow_request()
    assert not circuit.allow_request()
    circuit.end_trial()  # the reader stopped: nothing is known, the next one may try
    assert circuit.allow_request()
    circuit.record_success()
    assert circuit.state == "closed"  # type: ignore[comparison-overlap]  # the success changed it


def test_each_trial_that_fails_doubles_the_pause_up_to_a_bound() -> None:
    circuit, clock = opened()
    pauses = []
    for _ in range(8):
        began = clock.now
        while not circuit.allow_request():
            clock.now += 0.5
        pauses.append(clock.now - began)
        circuit.record_failure()
    assert pauses[:4] == [2, 4, 8, 16]
    assert pauses[-1] == LONGEST_PAUSE


def test_an_engine_that_says_it_is_well_is_tried_at_once() -> None:
    circuit, _ = opened()
    circuit.end_pause()
    assert circuit.state == "due"


# --- choosing among several


def engine_pool(tmp_path: Path, *urls: str) -> EnginePool:
    return EnginePool(load_settings(data_dir=tmp_path, llm_url=",".join(urls)))


async def read(engine_pool: EnginePool) -> str:
    from webapp.llm.client import Message

    async with engine_pool.lease() as backend:
        assert backend.client is not None
        return "".join([piece async for piece in backend.client.stream([Message("user", "Who pays?")], max_tokens=9)])


def test_answers_go_to_the_engine_that_writes_least(tmp_path: Path) -> None:
    async def run(urls: tuple[str, str]) -> None:
        await asyncio.gather(*(read(chosen) for chosen in [engine_pool(tmp_path, *urls)] for _ in range(10)))

    with FakeEngine("tgi") as first, FakeEngine("vllm") as second:
        for engine in (first, second):
            engine.enqueue(*[Reply(pace=0.05)] * 10)
        asyncio.run(run((first.url, second.url)))
        assert (len(first.asked), len(second.asked)) == (5, 5)


def test_an_engine_whose_circuit_is_open_is_passed_over_and_comes_back_when_it_is_well(tmp_path: Path) -> None:
    async def run(chosen: EnginePool, gone: FakeEngine) -> None:
        away, here = chosen._clients
        for _ in range(FAILURES):
            away.circuit.record_failure()
        for _ in range(4):
            assert await read(chosen)
        assert gone.asked == []
        assert await chosen.state() == "ready"  # the page asks for it every few seconds: the engine says it is well
        assert await read(chosen)
        assert len(gone.asked) == 1
        assert (away.circuit.state, here.circuit.state) == ("closed", "closed")
        assert (away.in_flight, here.in_flight) == (0, 0)

    with FakeEngine("tgi") as gone, FakeEngine("tgi") as other:
        asyncio.run(run(engine_pool(tmp_path, gone.url, other.url), gone))


def test_where_all_are_away_that_is_known_at_once(tmp_path: Path) -> None:
    async def run(chosen: EnginePool) -> float:
        (engine,) = chosen._clients
        for _ in range(FAILURES):
            engine.circuit.record_failure()
        began = time.monotonic()
        for _ in range(20):
            with pytest.raises(EngineAway):
                await read(chosen)
        return time.monotonic() - began

    with FakeEngine("tgi") as server:
        server.enqueue(Reply(first=60))
        assert asyncio.run(run(engine_pool(tmp_path, server.url))) < 1
        assert server.asked == []
