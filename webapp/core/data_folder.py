"""One process owns a data folder: the lock says which, and `server.json` says how to reach it when it serves.

Embedded Chroma does not see what another process wrote and tantivy allows one writer, so whoever opens the indexes
holds the lock until it is done. The lock is the operating system's and falls with its process, kill -9 included; the
server's file does not, so whoever takes the lock removes the file that a dead server left. A file beside a held lock
is therefore always that of the holder.
"""

import contextlib
import json
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock
import httpx2

from retrieval import DataFolderBusy, DataFolderUnusable

LOCK_NAME, SERVER_NAME = "lock", "server.json"
ARRIVING = "arriving-"  # how the names of files begin that a server is still receiving
POLL_SECONDS = 0.2
HELLO_SECONDS = 2.0  # loopback answers in milliseconds, but a server that is loading models shares its cores


@dataclass(frozen=True)
class Served:
    """A server owns the folder: where it takes commands on loopback and with which token, and the page's address."""

    url: str
    token: str
    page: str

    def client(self, timeout: httpx2.Timeout | float) -> httpx2.Client:
        """A client that carries the token; the environment's proxies are left out, the server being on this machine."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=timeout, trust_env=False)

    def answers(self) -> bool:
        """Whether that server is there and takes the token."""
        try:
            with self.client(HELLO_SECONDS) as client:
                return client.get("/cli/hello").status_code == 200
        except httpx2.HTTPError:
            return False


class Owned:
    """The folder as this process owns it, until `release`."""

    def __init__(self, folder: Path, lock: filelock.BaseFileLock) -> None:
        self.folder = folder
        self._lock = lock
        (folder / SERVER_NAME).unlink(missing_ok=True)
        for left in folder.glob(f"{ARRIVING}*"):
            left.unlink(missing_ok=True)

    def publish(self, url: str, page: str) -> Served:
        """Tell other processes of this user that the owner takes commands at `url`, and make the token they need.

        `page` is the address to open in a browser, with whatever lets its reader in.
        """
        served = Served(url, secrets.token_urlsafe(32), page)
        draft = self.folder / f"{SERVER_NAME}.new"
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600, exist_ok=False)
        draft.write_text(json.dumps(asdict(served)), "utf-8")
        draft.replace(self.folder / SERVER_NAME)
        return served

    def release(self) -> None:
        """Give the folder up; nothing of it may be open any more."""
        (self.folder / SERVER_NAME).unlink(missing_ok=True)
        self._lock.release()


def make_folder(folder: Path) -> None:
    """The data folder, readable by its user alone. Raises DataFolderUnusable."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise DataFolderUnusable(reason=f"{folder} may not be written")
    except OSError as error:
        raise DataFolderUnusable(reason=f"{folder}: {error.strerror}") from error


def claim(folder: Path, *, wait_seconds: float, on_wait: Callable[[], None]) -> Owned | Served:
    """Own `folder`, or learn which server does.

    While a plain command holds the folder this waits for it, having called `on_wait` once. Raises DataFolderBusy when
    `wait_seconds` have passed, DataFolderUnusable when the folder cannot be made or written.
    """
    make_folder(folder)
    os.umask(0o077)  # what an owner writes is their user's alone, also in a folder that others may read
    lock = filelock.FileLock(folder / LOCK_NAME, thread_local=False)
    deadline = time.monotonic() + wait_seconds
    told = False
    while True:
        try:
            lock.acquire(blocking=False)
            return Owned(folder, lock)
        except filelock.Timeout:
            served = _read_server(folder)
        except OSError as error:
            raise DataFolderUnusable(reason=f"{folder}: {error.strerror}") from error
        if served is not None and served.answers():
            return served
        if time.monotonic() >= deadline:
            raise DataFolderBusy()
        if not told:
            on_wait()
            told = True
        time.sleep(POLL_SECONDS)


def _read_server(folder: Path) -> Served | None:
    with contextlib.suppress(OSError, ValueError, KeyError):
        told = json.loads((folder / SERVER_NAME).read_text("utf-8"))
        return Served(str(told["url"]), str(told["token"]), str(told["page"]))
    return None
