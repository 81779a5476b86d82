"""Lock of the data folder: one process owns it, and `server.json` tells others how to reach that process if it serves.

Embedded Chroma does not see what another process wrote and tantivy allows one writer, so the process that opens the
indexes holds the lock until it closes them. The operating system releases the lock when its process ends, kill -9
included, but does not delete `server.json`. Taking the lock therefore deletes the file that a dead server left, and a
file beside a held lock is always the holder's.
"""

import contextlib
import json
import os
import pwd
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock
import httpx2

from retrieval import DataFolderBusy, DataFolderUnusable

LOCK_NAME, SERVER_NAME = "lock", "server.json"
ARRIVING = "arriving-"  # prefix of the names of files that a server is still receiving
ACCOUNT_HEADER = "X-Pincite-Account"  # by which a command tells the server whose it is, for the audit log
POLL_SECONDS = 0.2
HELLO_SECONDS = 2.0  # loopback answers in milliseconds, but a server that is loading models shares its cores


def os_account() -> str:
    """Name of the operating system's account that this process runs as; its number where it has no name."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


@dataclass(frozen=True)
class RunningServer:
    """The server that owns the folder: `url` and `token` for commands on loopback, `page` the address for a browser."""

    url: str
    token: str
    page: str

    def client(self, timeout: httpx2.Timeout | float) -> httpx2.Client:
        """An HTTP client that sends the token.

        Proxies of the environment are ignored: the server is on this machine.
        """
        headers = {"Authorization": f"Bearer {self.token}", ACCOUNT_HEADER: os_account()}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=timeout, trust_env=False)

    def is_alive(self) -> bool:
        """Whether the server responds and accepts the token."""
        try:
            with self.client(HELLO_SECONDS) as client:
                return client.get("/cli/hello").status_code == 200
        except httpx2.HTTPError:
            return False


class FolderLock:
    """Ownership of the folder by this process, until `release`."""

    def __init__(self, folder: Path, lock: filelock.BaseFileLock) -> None:
        """Deletes what an owner that was killed left: `server.json` and files half received."""
        self.folder = folder
        self._lock = lock
        (folder / SERVER_NAME).unlink(missing_ok=True)
        for orphan in folder.glob(f"{ARRIVING}*"):
            orphan.unlink(missing_ok=True)

    def publish(self, url: str, page: str) -> RunningServer:
        """Write `server.json` (mode 600) with `url`, a new random token and `page`;
        other processes send commands there.

        `page` is the address to open in a browser, with the key that admits it.
        """
        served = RunningServer(url, secrets.token_urlsafe(32), page)
        draft = self.folder / f"{SERVER_NAME}.new"
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600, exist_ok=False)
        draft.write_text(json.dumps(asdict(served)), "utf-8")
        draft.replace(self.folder / SERVER_NAME)
        return served

    def release(self) -> None:
        """Release the lock. Close everything in the folder first."""
        (self.folder / SERVER_NAME).unlink(missing_ok=True)
        self._lock.release()


def make_folder(folder: Path) -> None:
    """Create the data folder (mode 700) if it does not exist. Raises DataFolderUnusable."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise DataFolderUnusable(reason=f"{folder} is not writable")
    except OSError as error:
        raise DataFolderUnusable(reason=f"{folder}: {error.strerror}") from error


def claim(folder: Path, *, wait_seconds: float, on_wait: Callable[[], None]) -> FolderLock | RunningServer:
    """Lock `folder` for this process, or return the server that holds it.

    Sets the umask of this process to 077, so that all it writes from here on is readable by its user alone, also in a
    folder that others may read. While another command holds the lock this waits, and calls `on_wait` once. Raises
    DataFolderBusy after `wait_seconds`, DataFolderUnusable when the folder cannot be created or written.
    """
    make_folder(folder)
    os.umask(0o077)
    lock = filelock.FileLock(folder / LOCK_NAME, thread_local=False)
    deadline = time.monotonic() + wait_seconds
    waiting = False
    while True:
        try:
            lock.acquire(blocking=False)
            return FolderLock(folder, lock)
        except filelock.Timeout:
            served = _read_server(folder)
        except OSError as error:
            raise DataFolderUnusable(reason=f"{folder}: {error.strerror}") from error
        if served is not None and served.is_alive():
            return served
        if time.monotonic() >= deadline:
            raise DataFolderBusy()
        if not waiting:
            on_wait()
            waiting = True
        time.sleep(POLL_SECONDS)


def _read_server(folder: Path) -> RunningServer | None:
    with contextlib.suppress(OSError, ValueError, KeyError):
        row = json.loads((folder / SERVER_NAME).read_text("utf-8"))
        return RunningServer(str(row["url"]), str(row["token"]), str(row["page"]))
    return None
