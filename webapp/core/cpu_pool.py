"""Thread pool for CPU-bound work, one worker per physical core, first in, first out.

Without a bound, fifty searches started at once would share the cores and Python's lock,
and all would end with the last.
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


async def run_on_core(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work` in the pool, in the caller's context variables; return or raise what it does."""
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(_pool(), partial(context.run, work, *args, **kwargs))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cpu_count(only_physical_cores=True), "pincite-answers")
