"""Opens the workspace behind an open port: the server answers at once, and loads what takes long meanwhile."""

import contextlib
import gc
import threading
from collections.abc import Callable

from retrieval import PinciteError
from webapp.core.log import known, log
from webapp.core.settings import Settings
from webapp.service.workspace import Workspace

RETRY_SECONDS = 5.0  # between two tries to open stores that are away
GOODBYE_SECONDS = 5  # how long what is under way may still take after Ctrl-C
LOADING_SECONDS = 2  # and after that a model that is being loaded, which ends with the process


class Opening:
    """Opens the workspace in the background, and tries again while a store is away."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.workspace: Workspace | None = None
        self.warm = False
        self._fault: PinciteError | None = None
        self._tried = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._open, name="pincite-open", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Stop the work in the background and let go of the stores."""
        self._closing.set()
        self._thread.join(LOADING_SECONDS)
        if self.workspace is not None:
            self.workspace.close()

    def opened(self) -> Workspace:
        """The workspace, waited for until the first try is over. Raises what keeps it from opening."""
        self._tried.wait()
        if self.workspace is None:
            raise self._fault or PinciteError()
        return self.workspace

    def states(self) -> dict[str, str]:
        """What `/readyz` tells: "ready", "loading" or "away" of stores and search model."""
        stores = "away" if self._fault is not None and self.workspace is None else "loading"
        if self.workspace is not None:
            with contextlib.suppress(PinciteError):
                stores = "ready" if self.workspace.stores_answer() else "away"
        away = self._fault is not None and self.workspace is not None
        return {"stores": stores, "embedder": "ready" if self.warm else "away" if away else "loading"}

    def _open(self) -> None:
        for step in (self._open_stores, self._open_models):
            while not self._closing.is_set() and not self._done(step):
                self._closing.wait(RETRY_SECONDS)

    def _done(self, step: Callable[[], None]) -> bool:
        try:
            step()
            self._fault = None
        except Exception as error:  # noqa: BLE001 (whatever keeps it from opening is told by /readyz, and tried again)
            self._fault = known(error)
            log.warning("not ready", reason=type(self._fault).__name__)
        finally:
            self._tried.set()
        return self._fault is None

    def _open_stores(self) -> None:
        self.workspace = Workspace(self.settings, background=True)

    def _open_models(self) -> None:
        if self.workspace is None:
            raise RuntimeError("the stores are opened first")
        self.workspace.writers.start()
        try:
            self.workspace.warm()
        except PinciteError as error:
            self.workspace.fault = error
            raise
        self.workspace.fault = None
        gc.collect()
        gc.freeze()  # what is loaded stays; a collection that looks through it stops every answer for a third of a second
        self.warm = True
        if not self._closing.is_set():
            self.workspace.work_in_background()
