"""Two tensors in work at a time, one thread each; or one piece of work beside others.

torch's own threads spin while they wait for each other: with other work on the machine they are several times slower
than one. And a third tensor would be more memory than more speed, as two keep a disk busy.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

WORKERS = 2
Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Results in order. An error, or the reader stopping, cancels what has not begun."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(WORKERS, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield from pool.map(work, items)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)


def beside(work: Callable[[], Result]) -> Future[Result]:
    """Start work in a thread of its own."""
    pool = ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,))
    try:
        return pool.submit(work)
    finally:
        pool.shutdown(wait=False)
