"""Runs work that may crash or never end in a child process (sandbox): nothing else goes down with it.

It is started when it is first needed and kept until `stop`; what is asked and answered goes through a pipe. It is the
cage of all work on what users bring: it may be given a limit for its memory, leaves no core file, is the first to go
when the machine's memory runs out, and ends when its owner does, also after kill -9.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread

_spawn = get_context("spawn")  # a forked process would inherit locks that other threads hold
_ENDING_S = 2  # a process whose pipe has ended is gone after milliseconds


class Child:
    """One process, used from one thread at a time; only `kill` may come from another."""

    def __init__(self, serve: Callable[[Connection], None], name: str, *, memory_mib: int | None = None) -> None:
        """`serve`, a function of a module, is what the process does; it ends when its pipe does.

        `memory_mib`: of address space, where the system has such a limit; None for as much as there is.
        """
        self._serve, self._name, self._memory_mib = serve, name, memory_mib
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def pipe(self) -> Connection:
        """The pipe to the process, which is started where it does not live."""
        if self._process is not None and not self._process.is_alive():
            self.stop()
        if self._pipe is None:
            ours, theirs = _spawn.Pipe()
            with theirs:  # closed here, so that the end of the process is the end of the pipe
                given = (self._serve, theirs, self._memory_mib)
                process = _spawn.Process(target=_run, args=given, name=self._name, daemon=True)
                process.start()
            self._process, self._pipe = process, ours
        return self._pipe

    def exit_code(self) -> int | None:
        """How the process ended once its pipe has: its exit code, or minus the signal that ended it;
        None while it lives.
        """
        if self._process is None:
            return None
        self._process.join(_ENDING_S)
        return self._process.exitcode

    def kill(self) -> None:
        """End the process under whoever waits for it; they meet the end of the pipe."""
        if process := self._process:
            process.kill()

    def stop(self) -> None:
        """End the process. The next `pipe` starts another."""
        process, pipe, self._process, self._pipe = self._process, self._pipe, None, None
        if process is not None:
            process.kill()
            process.join()
        if pipe is not None:
            pipe.close()


def how_it_ended(code: int | None) -> str:
    """An exit code in words, for the log."""
    if code is None:
        return "it still runs"
    try:
        return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"signal {-code}"


def _run(serve: Callable[[Connection], None], pipe: Connection, memory_mib: int | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the owner's to handle
    _end_with_the_owner()
    _limit(memory_mib)
    with suppress(OSError):  # if memory runs out, the system ends this process and not its owner
        Path("/proc/self/oom_score_adj").write_text("1000")
    with suppress(EOFError, OSError):  # the owner is gone
        serve(pipe)


def _end_with_the_owner() -> None:
    """End this process when its owner has ended in whatever way, also in the middle of a long computation."""
    owner = parent_process()
    if owner is None:
        return
    if sys.platform == "linux":
        # The owner's end of a pipe closes with it, and the kernel then sends SIGIO, which ends a process that has not
        # asked for it. A thread would have to wait for the interpreter, which a regular expression holds for as long as
        # it runs.
        import fcntl

        sentinel = owner.sentinel
        fcntl.fcntl(sentinel, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(sentinel, fcntl.F_SETFL, fcntl.fcntl(sentinel, fcntl.F_GETFL) | os.O_ASYNC)
        if not owner.is_alive():  # it ended before there was anyone to tell
            os._exit(1)
    else:
        Thread(target=_wait_for_the_end_of, args=(owner,), name="pincite-owner", daemon=True).start()


def _wait_for_the_end_of(owner: BaseProcess) -> None:
    owner.join()
    os._exit(1)


def _limit(memory_mib: int | None) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the document
    if memory_mib is not None:
        with suppress(OSError, ValueError):  # macOS takes no limit below what is mapped already
            resource.setrlimit(resource.RLIMIT_AS, (memory_mib << 20, memory_mib << 20))
