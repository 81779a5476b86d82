"""Work for answers that keeps a core busy: as much of it at a time as there are cores, first come, first served.

Fifty searches begun at once would take turns at each core and at Python's lock, and each would end with the last.
"""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import ParamSpec, TypeVar

from joblib import cpu_count

P = ParamSpec("P")
T = TypeVar("T")


async def on_a_core(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` returns or raises, once a core was free for it."""
    told = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(_cores(), partial(told.run, work, *args, **kwargs))


@cache
def _cores() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cpu_count(only_physical_cores=True), "pincite-answers")
