"""Worker threads of the ingest, each with a converter process of its own; in the background, or until nothing waits.

One path through the code for both: a worker that is patient waits for the bell where another one ends.
"""

import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from time import monotonic

from retrieval.core.errors import PinciteError
from retrieval.core.limits import Limits
from retrieval.library.schema import DocumentRecord
from retrieval.reading.converter_process import ConverterProcess

YIELDS = 10  # steps of priority, of 19: whoever asks gets nine parts of a core, reading one
LEAVES_S = 7  # of the ten seconds in which a server that is told to stop has to have stopped
RETRY_S = 30  # after a store or the search model was away, and to look for what nobody rang for

_log = logging.getLogger(__name__)


class Stopped(Exception):
    """`stop` was called; what was begun waits again."""


class Workers:
    """`count` threads over a queue: `claim` takes from it, `attempt` does the work, `give_back` undoes a claim.

    `attempt` may raise a PinciteError when the fault is not the document's, which then waits behind the others;
    it calls `go_on` between its steps.
    """

    def __init__(
        self,
        count: int,
        claim: Callable[[], DocumentRecord | None],
        attempt: Callable[[DocumentRecord, ConverterProcess], None],
        give_back: Callable[[DocumentRecord], object],
        limits: Limits,
    ) -> None:
        self._count = count
        self._limits = limits
        self._claim = claim
        self._attempt = attempt
        self._give_back = give_back
        self._bell = threading.Condition()
        self._rings = 0
        self._stopping = threading.Event()
        self._converters: set[ConverterProcess] = set()
        self._threads: list[threading.Thread] = []

    def run(self) -> None:
        """Work until nothing waits. Raises what `attempt` raises, once all threads have stopped."""
        self._stopping.clear()
        with ThreadPoolExecutor(self._count, "pincite-ingest") as pool:
            works = [pool.submit(self._work, patient=False) for _ in range(self._count)]
            try:
                for work in as_completed(works):
                    work.result()
            except BaseException:  # Ctrl-C too
                self._interrupt()
                raise

    def start(self) -> None:
        """Work in the background until `stop`."""
        self._stopping.clear()
        for n in range(self._count):
            name, patient = f"pincite-ingest-{n}", {"patient": True}
            thread = threading.Thread(target=self._work, kwargs=patient, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def wake(self) -> None:
        """Say that there may be something to do."""
        with self._bell:
            self._rings += 1
            self._bell.notify_all()

    def stop(self) -> None:
        """End the work, in the background or in another thread's `run`.

        A thread that a store or a model keeps longer than `LEAVES_S` is left behind;
        what it holds waits again at the next start.
        """
        self._interrupt()
        end = monotonic() + LEAVES_S
        for thread in self._threads:
            thread.join(max(0.0, end - monotonic()))
        if late := sum(thread.is_alive() for thread in self._threads):
            _log.warning("ingest ends with %d documents under way", late)
        self._threads.clear()

    def go_on(self) -> None:
        """Raise Stopped when the work is to end."""
        if self._stopping.is_set():
            raise Stopped

    def _work(self, *, patient: bool) -> None:
        if patient:
            _give_way()
        converter = ConverterProcess(self._limits, self.go_on)
        self._converters.add(converter)
        claimed: DocumentRecord | None = None
        try:
            while not self._stopping.is_set():
                heard = self._rings
                try:
                    claimed = claimed or self._claim()
                    if claimed:
                        self._attempt(claimed, converter)
                        claimed = None
                        continue
                except PinciteError as error:  # a store or the search model is away: the file is not to blame
                    if not patient:
                        raise
                    _log.warning("ingest waits %d s: %s", RETRY_S, type(error).__name__)
                    if claimed:
                        with suppress(PinciteError):  # else it stays with this worker until the records are back
                            self._give_back(claimed)
                            claimed = None
                if not patient:
                    return
                converter.stop()  # an idle process holds 43 MB; another starts in half a second
                self._wait(heard)
        except Stopped:
            pass
        finally:
            self._converters.discard(converter)
            converter.stop()
            if claimed:
                with suppress(PinciteError):  # else `repair` finds it at the next start
                    self._give_back(claimed)

    def _wait(self, heard: int) -> None:
        with self._bell:
            self._bell.wait_for(lambda: self._rings != heard or self._stopping.is_set(), RETRY_S)

    def _interrupt(self) -> None:
        self._stopping.set()
        for converter in tuple(self._converters):
            converter.interrupt()
        self.wake()


def _give_way() -> None:
    """Let questions go first: this thread,
    the threads that compute for it and its converter process yield the processor.
    """
    if sys.platform == "linux":  # elsewhere a thread has no priority of its own
        me = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, me, os.getpriority(os.PRIO_PROCESS, me) + YIELDS)
