"""Work for answers: no more at a time than there are cores, in the order it came, in the context of who asked."""

import asyncio
import threading
from contextvars import ContextVar

import pytest
from joblib import cpu_count

from webapp.core.cpu_pool import run_on_core

ASKED = ContextVar[int]("ASKED")
MEETING_S = 30


def test_no_more_at_a_time_than_cores_and_first_come_first_served() -> None:
    cores = cpu_count(only_physical_cores=True)
    questions = 100 * cores  # a whole number of meetings
    lock, busy, most, order = threading.Lock(), 0, 0, list[int]()
    all_at_work = threading.Barrier(cores)

    def work() -> int:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
            order.append(ASKED.get())
        all_at_work.wait(MEETING_S)  # nobody goes on before every core is taken
        with lock:
            busy -= 1
        return ASKED.get()

    async def ask(number: int) -> int:
        ASKED.set(number)
        return await run_on_core(work)

    async def many() -> list[int]:
        return await asyncio.gather(*(ask(number) for number in range(questions)))

    assert asyncio.run(many()) == list(range(questions))
    assert most == cores
    assert all(abs(number - place) < cores for place, number in enumerate(order))


def test_what_it_raises_is_heard() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(run_on_core(divmod, 1, 0))
