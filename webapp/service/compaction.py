"""Compaction after deletions: overwrites what was deleted in database and indexes, so that it is in no file any more.

Deleting hides at once; a database, Chroma and tantivy keep the bytes for a while. A file in the data folder says that
compaction is due, so that what a crash or a stop left is done after the next start.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from webapp.core.log import log, user_error

DUE = "compaction-due"  # a file in the data folder
PAUSE_SECONDS = 1.0  # before each compaction: other deletions may follow, and words are written anew meanwhile


class Compaction:
    """Compacts when something was deleted: in a background thread after `start`, else once when it is closed."""

    def __init__(self, folder: Path, compact: Callable[[], bool]) -> None:
        """`compact` returns whether all is done; its errors are logged, and it is called again."""
        self._due = folder / DUE
        self._compact = compact
        self._requests = 0
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_due(self) -> bool:
        """Whether something that was deleted may still be in a file."""
        return self._due.exists()

    @contextmanager
    def deleting(self) -> Iterator[None]:
        """Compact after the block, in which something is deleted, also if it ends half way."""
        self._due.touch()
        try:
            yield
        finally:
            self._due.touch()  # the first may have been taken for an earlier deletion's
            self._requests += 1
            self._wanted.set()

    def start(self) -> None:
        """Compact in the background from now on."""
        if self.is_due:
            self._wanted.set()
        self._thread = threading.Thread(target=self._run, name="pincite-compaction", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread; where there was none, compact what was deleted since, as far as nothing is waited for."""
        self._stopping.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()
        elif self._requests:
            self._done()

    def _run(self) -> None:
        while self._wanted.wait() and not self._stopping.wait(PAUSE_SECONDS):
            self._wanted.clear()
            if not self._done():
                self._wanted.set()

    def _done(self) -> bool:
        requests = self._requests
        try:
            is_done = self._compact()
        except Exception as error:  # noqa: BLE001 (a store is away, or busy; tried again)
            user_error(error)  # logged
            return False
        if is_done and self._requests == requests:
            self._due.unlink(missing_ok=True)
            log.info("compacted")
        return is_done
