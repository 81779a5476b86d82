"""Background startup: opens the workspace and loads the models while the server already accepts requests."""

import gc
import threading
from collections.abc import Callable

from retrieval import PinciteError
from webapp.core.log import log, user_error
from webapp.core.settings import Settings
from webapp.service.workspace import Workspace

RETRY_SECONDS = 5.0  # between two attempts to open stores that are away
GOODBYE_SECONDS = 5  # for requests under way to end after Ctrl-C
LOADING_SECONDS = 2  # for the thread of this module to end after that; loading a model ends with the process


class Startup:
    """Opens the workspace in a thread, and retries while a store or model is away."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.workspace: Workspace | None = None
        self.warm = False
        self._fault: PinciteError | None = None
        self._tried = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._open, name="pincite-open", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop the thread and close the workspace."""
        self._closing.set()
        self._thread.join(LOADING_SECONDS)
        if self.workspace is not None:
            self.workspace.close()

    @property
    def is_loading(self) -> bool:
        """Whether the thread is at work; after `close`, on what cannot be stopped, a model that is loaded."""
        return self._thread.is_alive()

    def opened(self) -> Workspace:
        """Wait for the first attempt and return the workspace. Raises the error that keeps it from opening."""
        self._tried.wait()
        if self.workspace is None:
            raise self._fault or PinciteError()
        return self.workspace

    def states(self) -> dict[str, str]:
        """States for `/readyz`: "ready", "loading" or "away" of the stores and of the search model (`embedder`)."""
        failed = "away" if self._fault is not None else "loading"
        if self.workspace is None:
            return {"stores": failed, "embedder": "loading"}
        try:
            self.workspace.library.matters()
            stores = "ready"
        except PinciteError:
            stores = "away"
        return {"stores": stores, "embedder": "ready" if self.warm else failed}

    def _open(self) -> None:
        for step in (self._open_stores, self._open_models):
            while not self._closing.is_set() and not self._done(step):
                self._closing.wait(RETRY_SECONDS)

    def _done(self, step: Callable[[], None]) -> bool:
        try:
            step()
            self._fault = None
        except Exception as error:  # noqa: BLE001 (/readyz reports any error, and the step is retried)
            self._fault = user_error(error)
            log.warning("not ready", reason=type(self._fault).__name__)
        finally:
            self._tried.set()
        return self._fault is None

    def _open_stores(self) -> None:
        self.workspace = Workspace(self.settings, background=True)

    def _open_models(self) -> None:
        if self.workspace is None:
            raise RuntimeError("the stores are opened first")
        self.workspace.engine_pool.start()
        try:
            self.workspace.warm()
        except PinciteError as error:
            self.workspace.fault = error
            raise
        self.workspace.fault = None
        gc.collect()
        gc.freeze()  # what is loaded stays loaded; a collection that scans it pauses every answer for 0.3 s
        self.warm = True
        if not self._closing.is_set():
            self.workspace.work_in_background()
