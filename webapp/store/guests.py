"""Expiry of demo guests, whose number is limited, and the thread that deletes what has expired."""

import threading
from collections.abc import Callable

from webapp.core.log import user_error

SWEEP_SECONDS = 30.0  # between two deletions of guests
MOST_GUESTS = 100  # at the same time; for each a sample of 12 pages is indexed


class Sweeper:
    """Background thread that calls `delete` every `seconds`, from construction until `stop`."""

    def __init__(self, delete: Callable[[], object], seconds: float = SWEEP_SECONDS) -> None:
        """`delete` deletes what has expired; its errors are logged."""
        self._delete = delete
        self._seconds = seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pincite-sweeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; what remains is deleted after the next start."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            try:
                self._delete()
            except Exception as error:  # noqa: BLE001 (whatever fails, the thread goes on)
                user_error(error)  # logged; tried again at the next sweep
