"""The demo's guests: how much one of them may have, and that all of it is deleted when their hour is over."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webapp.log import known, log

if TYPE_CHECKING:
    from webapp.workspace import Workspace

SWEEP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much one user may have, over all their matters; `mib` of documents."""

    matters: int
    documents: int
    mib: int


ALLOWANCE = Allowance(matters=5, documents=20, mib=50)
MOST_GUESTS = 100  # at a time; for each a sample of 12 pages is indexed


class Sweeper:
    """Deletes guests whose hour is over, in a thread of its own until `stop`."""

    def __init__(self, workspace: "Workspace") -> None:
        self._workspace = workspace
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pincite-guests", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; who is left is deleted after the next start."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(SWEEP_SECONDS):
            sweep(self._workspace)


def sweep(workspace: "Workspace") -> None:
    """Delete the guests whose hour is over. What cannot be deleted now is logged, and tried again at the next sweep."""
    try:
        for user in workspace.access.guests_over():
            workspace.delete_user(user)
            log.info("guest gone")
    except Exception as error:
        known(error)
