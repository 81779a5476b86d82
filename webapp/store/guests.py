"""The demo's guests: how many there may be at a time, and that all of theirs is deleted when their hour is over."""

import threading
from collections.abc import Callable

from webapp.core.log import known

SWEEP_SECONDS = 30.0


MOST_GUESTS = 100  # at a time; for each a sample of 12 pages is indexed


class Sweeper:
    """Has the guests deleted whose hour is over, again and again in a thread of its own until `stop`."""

    def __init__(self, delete: Callable[[], None]) -> None:
        self._delete = delete
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pincite-guests", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; who is left is deleted after the next start."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(SWEEP_SECONDS):
            try:
                self._delete()
            except Exception as error:  # noqa: BLE001 (one guest's fault keeps no other guest's hour from ending)
                known(error)  # logged; tried again at the next sweep
