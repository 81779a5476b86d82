"""Expiry of demo guests: their number is limited, and a thread deletes the data of those whose session has expired."""

import threading
from collections.abc import Callable

from webapp.core.log import user_error

SWEEP_SECONDS = 30.0  # between two deletions
MOST_GUESTS = 100  # at the same time; for each a sample of 12 pages is indexed


class Sweeper:
    """Background thread that calls `delete` every SWEEP_SECONDS, from construction until `stop`."""

    def __init__(self, delete: Callable[[], None]) -> None:
        """`delete` deletes the guests whose session has expired; its errors are logged."""
        self._delete = delete
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pincite-guests", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; guests that remain are deleted after the next start."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(SWEEP_SECONDS):
            try:
                self._delete()
            except Exception as error:  # noqa: BLE001 (whatever fails for one guest, the thread goes on for the others)
                user_error(error)  # logged; tried again at the next sweep
