"""A process of one's own for work that may bring its process down, or never end: nothing else goes with it.

It is started when it is first needed and kept until `stop`; what is asked and answered goes through a pipe.
"""

import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

_spawn = get_context("spawn")  # a forked process would inherit locks that other threads hold


class Child:
    """One process, used from one thread at a time; only `kill` may come from another."""

    def __init__(self, serve: Callable[[Connection], None], name: str) -> None:
        """`serve`, a function of a module, is what the process does; it ends when its pipe does."""
        self._serve, self._name = serve, name
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def pipe(self) -> Connection:
        """The pipe to the process, which is started where it does not live."""
        if self._process is not None and not self._process.is_alive():
            self.stop()
        if self._pipe is None:
            ours, theirs = _spawn.Pipe()
            with theirs:  # closed here, so that the end of the process is the end of the pipe
                process = _spawn.Process(target=_run, args=(self._serve, theirs), name=self._name, daemon=True)
                process.start()
            self._process, self._pipe = process, ours
        return self._pipe

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


def _run(serve: Callable[[Connection], None], pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the owner's to handle
    with suppress(OSError):  # if memory runs out, the system ends this process and not its owner
        Path("/proc/self/oom_score_adj").write_text("1000")
    with suppress(EOFError, OSError):  # the owner is gone
        serve(pipe)
