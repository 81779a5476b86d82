"""Documents read and embedded on a real Ray cluster of this machine become the same index as those read without."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.core.errors import ClusterUnavailable
from retrieval.core.limits import Limits
from retrieval.ingest import Ingest
from retrieval.ray_cluster import RayCluster
from tests.pdfs import make_pdf
from tests.retrieval.stores import HashingEmbedder, Stores, contract, opened
from tests.retrieval.test_ingest import indexed

pytestmark = pytest.mark.long
RAY = Path(sys.executable).with_name("ray")


@pytest.fixture(scope="module")
def cluster_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster of two CPUs, as `ray start` makes one."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("ray")
    options = "--head --block --num-cpus=2 --num-gpus=0 --include-dashboard=false --disable-usage-stats".split()
    command = [str(RAY), "start", *options, f"--port={port}", "--node-ip-address=127.0.0.1", f"--temp-dir={folder}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as started:
        try:
            yield f"127.0.0.1:{port}"
        finally:
            started.send_signal(signal.SIGINT)


def reached(address: str, seconds: float = 60) -> RayCluster:
    """The cluster, once it answers."""
    end = time.monotonic() + seconds
    while True:
        try:
            return RayCluster(address, HashingEmbedder, Limits())
        except ClusterUnavailable:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def on_cluster(stores: Stores, address: str) -> tuple[RayCluster, Stores]:
    cluster = reached(address)
    embedder = cluster.embedder(stores.embedder)
    ingest = Ingest(stores.library, stores.vectors, stores.lexical, embedder, workers=cluster)
    return cluster, replace(stores, ingest=ingest)


def test_the_same_files_make_the_same_index_with_a_cluster_and_without(cluster_address: str, tmp_path: Path) -> None:
    files = [make_pdf(contract(n)) for n in range(8)] + [b"%PDF-1.4 and nothing else"]
    found = []
    for name in ("alone", "cluster"):
        with opened(tmp_path / name) as stores:
            matter = stores.library.create_matter("Acme")
            for n, data in enumerate(files):
                stores.library.accept(matter.id, f"{n}.pdf", data)
            if name == "cluster":
                cluster, stores = on_cluster(stores, cluster_address)
                assert len(cluster.readers) == 2
                stores.ingest.run()
                cluster.close()
            else:
                stores.ingest.run()
            records = [(r.name, r.state, r.pages, r.reason) for r in stores.library.documents(matter.id)]
            found.append((records, indexed(stores, matter.id)))
    assert found[0] == found[1]
    assert [state for _, state, _, _ in found[1][0]] == ["ready"] * 8 + ["failed"]


def test_a_cluster_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ClusterUnavailable, match="nobody listens"):
        RayCluster("127.0.0.1:1", HashingEmbedder, Limits())
