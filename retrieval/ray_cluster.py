"""Reads and embeds documents on an existing Ray cluster, for the `Ingest` of this machine, which keeps the indexes.

Each CPU of the cluster gets a reader: an actor with a converter process of its own, caged as on this machine, and the
search model, on a GPU where the cluster has some. Documents and their text travel to the cluster and back, and Ray has
no sign-in: whoever reaches the cluster can read them and run what they like. So it is for a trusted network only, and
by command only.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from socket import create_connection
from threading import Lock, current_thread, main_thread
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrieval.core.documents import Document
from retrieval.core.errors import ClusterUnavailable, ExtraMissing, UnreadableFile
from retrieval.core.limits import Limits
from retrieval.reading.converter_process import POLL_S, Converted, ConverterDied, ConverterProcess, OnMember, OnPage

if TYPE_CHECKING:
    from retrieval.search.embedder import Embedder

_AT_ONCE = 3  # calls of a reader: it converts one document, embeds the chunks of another, and says how far it is
_CONNECT_S = 5
_ANSWER_S = 120  # in which a reader has to start, which loads the search model


class RayCluster:
    """A connection to a Ray cluster, with its readers."""

    def __init__(self, address: str, make_embedder: "Callable[[], Embedder]", limits: Limits) -> None:
        """`address` as Ray has it ("10.0.0.5:6379", "ray://…"); `make_embedder` makes the search model of a reader.

        Raises ExtraMissing, and ClusterUnavailable where it cannot be reached or has another search model.
        """
        try:
            import ray
        except ImportError as error:
            raise ExtraMissing(what="Reading on a Ray cluster", extra="ray") from error
        self._ray, self.address = ray, address
        _check(address)
        try:
            with _own_signals():
                ray.init(address=address, log_to_driver=False, configure_logging=False)
            resources = ray.cluster_resources()  # type: ignore[no-untyped-call]
        except Exception as error:  # whatever Ray raises, the user learns that it is the cluster
            raise ClusterUnavailable(address=address, reason="it does not answer") from error
        cpus, gpus = int(resources.get("CPU", 0)), resources.get("GPU", 0)
        if not cpus:
            raise ClusterUnavailable(address=address, reason="it has no CPU to give")
        actor: Any = ray.remote(_Reader)
        shares = actor.options(max_concurrency=_AT_ONCE, num_cpus=1, num_gpus=gpus / cpus)
        self.limits = limits
        self._make_reader = partial(shares.remote, make_embedder, limits)
        self.readers = [self._make_reader() for _ in range(cpus)]
        self._free = list(range(cpus))
        self._lock = Lock()

    def close(self) -> None:
        """End the readers and the connection."""
        self._ray.shutdown()

    def embedder(self, local: "Embedder") -> "RayEmbedder":
        """The embedder whose passages the readers embed. Raises ClusterUnavailable where they have another model."""
        try:
            versions = set(self._ray.get([reader.version.remote() for reader in self.readers], timeout=_ANSWER_S))
        except Exception as error:  # the same: a reader that does not start
            raise ClusterUnavailable(address=self.address, reason="its readers do not start") from error
        if versions != {local.version}:
            raise ClusterUnavailable(address=self.address, reason="its machines have another search model")
        return RayEmbedder(self, local)

    @property
    def count(self) -> int:
        """How many documents are converted at once."""
        return len(self.readers)

    def converter(self, go_on: Callable[[], None]) -> "RayConverter":
        """A converter for one thread, by a reader that no other thread has."""
        with self._lock:
            return RayConverter(self, self._free.pop(), go_on)

    def give_back(self, reader: int) -> None:
        """A thread that ends gives its reader back."""
        with self._lock:
            self._free.append(reader)

    def wait(self, reference: Any, look: Callable[[], None]) -> Any:
        """The value of a call, once it is there; `look` is called every half second until then.

        Raises ConverterDied where the reader has ended.
        """
        try:
            while not self._ray.wait([reference], timeout=POLL_S)[0]:
                look()
            return self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            raise ConverterDied(type(error).__name__) from error

    def restart(self, reader: int) -> None:
        """End a reader and start another in its place."""
        self._ray.kill(self.readers[reader])
        self.readers[reader] = self._make_reader()


def _check(address: str) -> None:
    """Raise ClusterUnavailable where nobody listens at an address: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        create_connection((host, int(port)), _CONNECT_S).close()
    except (OSError, ValueError, OverflowError) as error:
        raise ClusterUnavailable(address=address, reason="nobody listens there") from error


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep this process's way to end on SIGTERM, which Ray replaces in the main thread."""
    is_main = current_thread() is main_thread()
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if is_main:
            signal.signal(signal.SIGTERM, before)


class RayConverter:
    """A `ConverterProcess` on the cluster, used from one thread; only `interrupt` may come from another."""

    def __init__(self, cluster: RayCluster, reader: int, go_on: Callable[[], None]) -> None:
        self._cluster, self._reader, self._go_on = cluster, reader, go_on
        self._is_held = True

    def convert(
        self,
        data: bytes,
        *,
        name: str,
        document_id: str,
        on_page: OnPage,
        max_characters: int | None = None,
        labels: bool = True,
    ) -> Converted:
        """As `ConverterProcess.convert` has it."""
        options = {"name": name, "document_id": document_id, "max_characters": max_characters, "labels": labels}
        return self._call("convert", on_page, data, options)

    def unpack(self, data: bytes, *, name: str, document_id: str, on_member: OnMember) -> None:
        """As `ConverterProcess.unpack` has it, on this machine."""
        converter = ConverterProcess(self._cluster.limits, self._go_on)
        try:
            converter.unpack(data, name=name, document_id=document_id, on_member=on_member)
        finally:
            converter.stop()

    def cut(self, document: Document, *, chunks: bool = True) -> Converted:
        """As `ConverterProcess.cut` has it."""
        return self._call("cut", lambda _page, _pages: None, document, chunks)

    def interrupt(self) -> None:
        """End the reader under a `convert` in another thread, which then raises ConverterDied."""
        self._cluster.restart(self._reader)

    def stop(self) -> None:
        """Give the reader back, for good."""
        if self._is_held:
            self._is_held = False
            self._cluster.give_back(self._reader)

    def _call(self, method: str, on_page: OnPage, *given: object) -> Converted:
        reader = self._cluster.readers[self._reader]

        def look() -> None:
            self._go_on()
            page, pages = self._cluster.wait(reader.progress.remote(), self._go_on)
            if page:
                on_page(page, pages)

        try:
            outcome = self._cluster.wait(getattr(reader, method).remote(*given), look)
        except BaseException:  # the work of a reader that nobody waits for must not go on
            self._cluster.restart(self._reader)
            raise
        if isinstance(outcome, Converted):
            return outcome
        raise outcome


class RayEmbedder:
    """An embedder whose passages are embedded on the cluster; questions are on this machine."""

    def __init__(self, cluster: RayCluster, local: "Embedder") -> None:
        self._cluster, self._local = cluster, local
        self.name, self.version, self.dimension = local.name, local.version, local.dimension
        self.queries, self.aim = local.queries, local.aim
        self._turns, self._lock = cycle(range(len(cluster.readers))), Lock()

    @property
    def vocabulary(self) -> frozenset[str]:
        """Words that the model knows whole, in small letters."""
        return self._local.vocabulary

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed passages, float32[n, dimension], each of length 1. Raises ClusterUnavailable."""
        with self._lock:
            reader = next(self._turns)
        try:
            vectors = self._cluster.wait(self._cluster.readers[reader].embed.remote(list(texts)), lambda: None)
        except ConverterDied as error:
            raise ClusterUnavailable(address=self._cluster.address, reason="a reader ended") from error
        return np.array(vectors, np.float32)


class _Reader:
    """What an actor runs: a converter process and a search model.

    It returns the errors of a file: one that is raised would arrive wrapped in another.
    """

    def __init__(self, make_embedder: "Callable[[], Embedder]", limits: Limits) -> None:
        self._converter = ConverterProcess(limits)
        self._embedder = make_embedder()
        self._page = 0, 0

    def version(self) -> str:
        return self._embedder.version

    def progress(self) -> tuple[int, int]:
        return self._page

    def convert(self, data: bytes, options: dict[str, Any]) -> "Converted | Exception":
        self._page = 0, 0
        return _outcome(lambda: self._converter.convert(data, on_page=self._turn, **options))

    def cut(self, document: Document, chunks: bool) -> "Converted | Exception":
        return _outcome(lambda: self._converter.cut(document, chunks=chunks))

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        return self._embedder.passages(texts)

    def _turn(self, page: int, pages: int) -> None:
        self._page = page, pages


def _outcome(work: Callable[[], Converted]) -> "Converted | Exception":
    try:
        return work()
    except (UnreadableFile, ConverterDied) as error:
        return error
