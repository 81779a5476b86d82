"""Worker threads of the ingest, each with a converter process of its own; in the background, or until the queue is
empty.

Both share one code path: a patient worker waits for a notification where another one ends.
"""

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager, suppress
from time import monotonic
from typing import Protocol

from retrieval.core.documents import Document
from retrieval.core.errors import PinciteError
from retrieval.library.jobs import LEASE_S
from retrieval.library.schema import DocumentRecord
from retrieval.reading.converter_process import Converted, OnMember, OnPage

NICENESS = 10  # of 19, added to that of the process: questions get nine parts of a core, reading one
STOP_S = 7  # of the ten seconds in which a server has to stop
RETRY_S = 30  # after a store or the embedding model was unavailable, and between two checks of the queue


class Converter(Protocol):
    """Converts files for one thread; see `ConverterProcess`. Only `interrupt` may come from another thread."""

    def convert(
        self,
        data: bytes,
        *,
        name: str,
        document_id: str,
        on_page: OnPage,
        max_characters: int | None = None,
        labels: bool = True,
    ) -> Converted:
        """Convert a file, find its facts, and cut it into chunks."""

    def unpack(self, data: bytes, *, name: str, document_id: str, on_member: OnMember) -> None:
        """Take the files out of a container."""

    def cut(self, document: Document, *, chunks: bool = True) -> Converted:
        """Find the facts of a text that is known, and cut it."""

    def interrupt(self) -> None:
        """End the work under a `convert` in another thread."""

    def stop(self) -> None:
        """Free what the converter holds."""


class Converters(Protocol):
    """A place that converts several documents at once."""

    @property
    def count(self) -> int:
        """How many."""

    def converter(self, go_on: Callable[[], None]) -> Converter:
        """A converter for a thread, which calls `go_on` every half second while it works."""


_log = logging.getLogger(__name__)


class Stopped(Exception):
    """`stop` was called; unfinished documents wait again."""


class Workers:
    """Thread pool over a queue: `claim` takes a document from it, `attempt` ingests it, `give_back` undoes a claim.

    `attempt` raises a PinciteError for an error that is not the document's, which is then queued behind the others; it
    calls `go_on` between its steps.
    """

    def __init__(
        self,
        count: int,
        claim: Callable[[], DocumentRecord | None],
        attempt: Callable[[DocumentRecord, Converter], None],
        give_back: Callable[[DocumentRecord], object],
        renew: Callable[[], None],
        converter: Callable[[Callable[[], None]], Converter],
    ) -> None:
        self._count = count
        self._renew = renew
        self._make_converter = converter
        self._claim = claim
        self._attempt = attempt
        self._give_back = give_back
        self._notification = threading.Condition()
        self._notifications = 0
        self._stopping = threading.Event()
        self._converters: set[Converter] = set()
        self._threads: list[threading.Thread] = []
        self._renewal = ExitStack()  # of the background threads

    def run(self) -> None:
        """Work until the queue is empty. Raises what `attempt` raises, once all threads have stopped."""
        self._stopping.clear()
        with self._renewing(), ThreadPoolExecutor(self._count, "pincite-ingest") as pool:
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
        self._renewal.enter_context(self._renewing())

    def wake(self) -> None:
        """Notify the threads of a new document."""
        with self._notification:
            self._notifications += 1
            self._notification.notify_all()

    def stop(self) -> None:
        """Stop the background threads, or another thread's `run`.

        A thread that is blocked in a store or a model for longer than `STOP_S` is abandoned; its document is queued
        again at the next start.
        """
        self._interrupt()
        self._renewal.close()
        end = monotonic() + STOP_S
        for thread in self._threads:
            thread.join(max(0.0, end - monotonic()))
        if late := sum(thread.is_alive() for thread in self._threads):
            _log.warning("ingest ends with %d documents under way", late)
        self._threads.clear()

    @contextmanager
    def _renewing(self) -> Iterator[None]:
        """Renew the leases of what is worked on, in a thread of its own, for as long as the block runs."""
        ended = threading.Event()

        def renew() -> None:
            while not ended.wait(LEASE_S / 3):
                with suppress(PinciteError):  # the database is away, and the leases may be lost
                    self._renew()

        thread = threading.Thread(target=renew, name="pincite-leases", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def go_on(self) -> None:
        """Raise Stopped if `stop` was called."""
        if self._stopping.is_set():
            raise Stopped

    def _work(self, *, patient: bool) -> None:
        if patient:
            _lower_priority()
        converter = self._make_converter(self.go_on)
        self._converters.add(converter)
        record: DocumentRecord | None = None
        try:
            while not self._stopping.is_set():
                last_notification = self._notifications
                try:
                    record = record or self._claim()
                    if record:
                        self._attempt(record, converter)
                        record = None
                        continue
                except PinciteError as error:  # a store or the embedding model is unavailable: no error of the file
                    if not patient:
                        raise
                    _log.warning("ingest waits %d s: %s", RETRY_S, type(error).__name__)
                    if record:
                        with suppress(PinciteError):  # else it stays with this worker until the database is back
                            self._give_back(record)
                            record = None
                if not patient:
                    return
                converter.stop()  # an idle process holds 43 MB; another starts in half a second
                self._wait(last_notification)
        except Stopped:
            pass
        finally:
            self._converters.discard(converter)
            converter.stop()
            if record:
                with suppress(PinciteError):  # else `repair` finds it at the next start
                    self._give_back(record)

    def _wait(self, last_notification: int) -> None:
        with self._notification:
            self._notification.wait_for(
                lambda: self._notifications != last_notification or self._stopping.is_set(), RETRY_S
            )

    def _interrupt(self) -> None:
        self._stopping.set()
        for converter in tuple(self._converters):
            converter.interrupt()
        self.wake()


def _lower_priority() -> None:
    """Lower the CPU priority (niceness) of this thread, and of the threads and process it starts, below questions."""
    if sys.platform == "linux":  # elsewhere a thread has no priority of its own
        me = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, me, os.getpriority(os.PRIO_PROCESS, me) + NICENESS)
