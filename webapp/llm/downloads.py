"""Fetches language models in GGUF from the Hugging Face hub: those of a short list, each with its digest.

Model → part file, from where it broke off → SHA-256 compared → the file, under its own name

Revision, size and digest of each are fixed here, so that nothing else than what was published then is ever used.
"""

import hashlib
import os
import shutil
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import filelock
import httpx2

from webapp.core.errors import ModelDamaged, ModelFetching, ModelNotFetched, NoRoomForModel
from webapp.core.settings import is_loopback
from webapp.core.stream import Progress

HUB: Final = "https://huggingface.co"
CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
_HOSTS: Final = ("huggingface.co", "hf.co")  # and what is below them, where the hub sends a download on to
_MOST_REDIRECTS = 5
_BLOCK = 1 << 20
_SPARE = 256 << 20  # bytes that are left on the disk
_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Download:
    """A model that can be fetched. `window`: the tokens that it was made for; it is served with less."""

    name: str
    title: str
    repository: str
    revision: str
    file: str
    bytes: int
    sha256: str
    licence: str
    window: int

    @property
    def path(self) -> str:
        """Path of the file at the hub."""
        return f"/{self.repository}/resolve/{self.revision}/{self.file}"


# Models that answer without thinking. Digests as several people published them who had compared the file.
DOWNLOADS: Final = (
    Download(
        "granite-4.1-3b",
        "Granite 4.1 3B, of IBM",
        "ibm-granite/granite-4.1-3b-GGUF",
        "ab4701481089b58a082ef63cc1cee738887293ff",
        "granite-4.1-3b-Q4_K_M.gguf",
        2_099_501_664,
        "662b0626cd58f443baea23559b469df6576a81d349649c59413b36a9fb32eb29",
        "Apache-2.0",
        131_072,
    ),
    Download(
        "ministral-3-3b",
        "Ministral 3 3B Instruct, of Mistral",
        "mistralai/Ministral-3-3B-Instruct-2512-GGUF",
        "eb599d408350ea2bb60452cb86be7c7b2fc28227",
        "Ministral-3-3B-Instruct-2512-Q4_K_M.gguf",
        2_147_023_008,
        "9ed150d4367e68df0ac8e1540f6ddc65b42d0ee26378329d1ecbca60f93fc5f8",
        "Apache-2.0",
        262_144,
    ),
    Download(
        "qwen3-4b",
        "Qwen3 4B Instruct 2507, of Alibaba",
        "bartowski/Qwen_Qwen3-4B-Instruct-2507-GGUF",
        "ae44f08e1392f39c0e474af10c3ff8355c8b6688",
        "Qwen_Qwen3-4B-Instruct-2507-Q4_K_M.gguf",
        2_497_280_736,
        "2fde00ce69dd4899c70d020845e2638353015bba0fdf161b3eb965f2bca4464e",
        "Apache-2.0",
        262_144,
    ),
    Download(
        "granite-4.1-8b",
        "Granite 4.1 8B, of IBM",
        "ibm-granite/granite-4.1-8b-GGUF",
        "865b82c2e7970d82e3731278c88c57ae7138359c",
        "granite-4.1-8b-Q4_K_M.gguf",
        5_347_914_400,
        "ed902ac9eb6adce5a90c6a08c8ea201b50e23fdc5976d1cd0362006afac5309e",
        "Apache-2.0",
        131_072,
    ),
)


def hub_of(environment: Mapping[str, str] = os.environ) -> str:
    """The hub: that of Hugging Face, or the mirror that the operator's `HF_ENDPOINT` names."""
    return (environment.get("HF_ENDPOINT") or HUB).rstrip("/")


def fetch(model: Download, folder: Path, hub: str = HUB) -> Generator[Progress]:
    """Fetch a model into a folder, from where an earlier attempt broke off; yields progress in megabytes.

    Closing the iterator stops it, and keeps what has arrived. Raises ModelNotFetched, ModelDamaged, ModelFetching and
    NoRoomForModel.
    """
    if (folder / model.file).exists():
        return
    with _errors(model), _lock(model, folder), _Part(folder / f".{model.file}.part") as part:
        yield from _told(model, "checking", part.read())
        if part.size < model.bytes:
            needed, free = model.bytes - part.size + _SPARE, shutil.disk_usage(folder).free
            if free < needed:
                raise NoRoomForModel(model=model.title, needed=gigabytes(needed), free=gigabytes(free))
            yield from _told(model, "fetching", _received(model, part, hub))
        if part.size != model.bytes or part.digest.hexdigest() != model.sha256:
            part.path.unlink()
            raise ModelDamaged(model=model.title)
        part.path.replace(folder / model.file)
    yield Progress(label=model.title, state="ready", done=model.bytes // _MB, total=model.bytes // _MB)


def gigabytes(count: int) -> str:
    """A size as it is told: "2.1 GB"."""
    return f"{count / 1e9:.1f} GB"


@contextmanager
def _errors(model: Download) -> Iterator[None]:
    """Raise what goes wrong in the block as an error of ours."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise ModelNotFetched(model=model.title, reason="HF_HUB_OFFLINE forbids it")
    try:
        yield
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ModelNotFetched(model=model.title, reason="the hub cannot be reached, or broke off") from error
    except OSError as error:
        raise ModelNotFetched(model=model.title, reason=(error.strerror or "the disk failed").lower()) from error


@contextmanager
def _lock(model: Download, folder: Path) -> Iterator[None]:
    """Keep others from fetching the same model into the folder during the block."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with filelock.FileLock(folder / f".{model.file}.lock", timeout=0, thread_local=False):
            yield
    except filelock.Timeout:
        raise ModelFetching(model=model.title) from None


class _Part:
    """The part of a file that has arrived, and its digest."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch(mode=0o600)
        self._file = path.open("r+b")
        self.begin_anew(keep=True)

    def __enter__(self) -> "_Part":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def begin_anew(self, *, keep: bool = False) -> None:
        """Go back to the beginning; without `keep` nothing is left of it."""
        self.size, self.digest = 0, hashlib.sha256()
        self._file.seek(0)
        if not keep:
            self._file.truncate()

    def read(self) -> Iterator[int]:
        """Read what is there; yields how much was read."""
        while block := self._file.read(_BLOCK):
            self._count(block)
            yield self.size

    def append(self, block: bytes) -> None:
        """Write what has arrived next."""
        self._file.write(block)
        self._count(block)

    def flush(self) -> None:
        """Have all of it on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def _count(self, block: bytes) -> None:
        self.digest.update(block)
        self.size += len(block)


def _told(model: Download, state: str, counts: Iterator[int]) -> Iterator[Progress]:
    """Progress of a step that yields how many bytes are done: a line for each of 500 parts."""
    step, last = max(model.bytes // 500, _MB), -1
    for count in counts:
        if count // step != last:
            last = count // step
            yield Progress(label=model.title, state=state, done=count // _MB, total=model.bytes // _MB)


def _received(model: Download, part: _Part, hub: str) -> Iterator[int]:
    """Append what is missing; yields how much is there. Of a hub that sends all of it, it begins anew."""
    timeout = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    with (
        httpx2.Client(timeout=timeout, trust_env=not _is_here(hub)) as client,
        _opened(client, model, part.size, hub) as response,
    ):
        if response.status_code == 200:
            part.begin_anew()
        elif response.headers.get("content-range", "").partition("-")[0] != f"bytes {part.size}":
            raise ModelNotFetched(model=model.title, reason=f"the hub answered {response.status_code}")
        for block in response.iter_raw():
            part.append(block)
            yield part.size
            if part.size > model.bytes:  # another file
                return
    part.flush()
    if part.size < model.bytes:
        raise ModelNotFetched(model=model.title, reason="the hub broke off")


@contextmanager
def _opened(client: httpx2.Client, model: Download, start: int, hub: str) -> Iterator[httpx2.Response]:
    """The response with the file from byte `start`, or all of it; followed to where the hub sends it on, and no other
    host.
    """
    headers = {"user-agent": "pincite", "accept-encoding": "identity"}
    if start:
        headers["range"] = f"bytes={start}-"
    url = httpx2.URL(f"{hub}{model.path}")
    for _ in range(_MOST_REDIRECTS):
        with client.stream("GET", url, headers=headers) as response:
            if not response.is_redirect:
                if response.status_code not in (200, 206):
                    raise ModelNotFetched(model=model.title, reason=f"the hub answered {response.status_code}")
                yield response
                return
            url = url.join(response.headers.get("location", ""))
            if not _is_of_hub(url, hub):
                raise ModelNotFetched(model=model.title, reason="the hub sends it on to a host that is not its own")
    raise ModelNotFetched(model=model.title, reason="the hub sends it on without end")


def _is_of_hub(url: httpx2.URL, hub: str) -> bool:
    own = httpx2.URL(hub)
    if (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port):
        return True
    return url.scheme == "https" and any(url.host == host or url.host.endswith(f".{host}") for host in _HOSTS)


def _is_here(url: str) -> bool:
    return is_loopback(urlsplit(url).hostname or "")
