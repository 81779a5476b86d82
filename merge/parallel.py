"""Threads for work on tensors: two at a time, each with one torch thread.

torch's own threads spin while they wait for each other: with other work on the machine they are several times slower
than one thread. A third tensor at a time would take more memory without more speed, as two keep a disk busy.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

WORKERS = 2
Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield `work(item)` of all items, in order, computed by two threads.

    An error, or closing the iterator, cancels items that are not begun. Meanwhile torch has one thread in this process.
    """
    torch_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(WORKERS, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield from pool.map(work, items)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(torch_threads)


def run_in_thread(work: Callable[[], Result]) -> Future[Result]:
    """Start `work` in its own thread."""
    pool = ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,))
    try:
        return pool.submit(work)
    finally:
        pool.shutdown(wait=False)
