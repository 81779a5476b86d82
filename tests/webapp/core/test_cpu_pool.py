"""Work for answers: no more at a time than there are cores, in the order it came, in the context of who asked."""

import asyncio
import threading
import time
from contextvars import ContextVar

import pytest
from joblib import cpu_count

from webapp.core.cpu_pool import on_a_core

ASKED = ContextVar[int]("ASKED")


def test_no_more_at_a_time_than_cores_and_first_come_first_served() -> None:
    lock, busy, most, order = threading.Lock(), 0, 0, list[int]()

    def work() -> int:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
            order.append(ASKED.get())
        time.sleep(0.01)
        with lock:
            busy -= 1
        return ASKED.get()

    async def asking(number: int) -> int:
        ASKED.set(number)
        return await on_a_core(work)

    async def many() -> list[int]:
        return await asyncio.gather(*(asking(number) for number in range(20)))

    cores = cpu_count(only_physical_cores=True)
    assert asyncio.run(many()) == list(range(20))
    assert most == min(cores, 20)
    assert all(abs(number - place) < cores for place, number in enumerate(order))


def test_what_it_raises_is_heard() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(on_a_core(divmod, 1, 0))
