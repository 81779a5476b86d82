"""`pincite eval`: retrieval measured on a folder of PDFs, in a folder of its own that the matters never see."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Literal

from retrieval import DataFolderBusy, evaluate, load_embedder
from webapp.log import open_log
from webapp.ownership import Served, claim
from webapp.rows import Row, progress, result
from webapp.settings import load_settings
from webapp.tokens import mistral


def run(
    pdfs: Path,
    queries: Path,
    out: Path,
    *,
    scope: Literal["document", "all"],
    budget: int,
    on_wait: Callable[[], None],
) -> Iterator[Row]:
    """Progress, then one result. Raises NoPdfs, BadQueries, DataFolderBusy and what the stores raise."""
    settings = load_settings()
    folder = settings.data_dir / "eval"
    owner = claim(folder, wait_seconds=settings.busy_wait_seconds, on_wait=on_wait)
    if isinstance(owner, Served):
        raise DataFolderBusy()
    told: SimpleQueue[Row | None] = SimpleQueue()
    try:
        open_log(settings.data_dir)
        with ThreadPoolExecutor(1, "pincite-eval") as pool:
            work = pool.submit(
                evaluate.evaluate,
                pdfs,
                queries,
                out,
                folder=folder,
                embedder=load_embedder(
                    settings.embedding_model, settings.embeddings_url, adapter=settings.embedding_adapter
                ),
                count=mistral(),
                scope=scope,
                budget=budget,
                on_progress=lambda what, done, total: told.put(progress(what, "", done, total)),
            )
            work.add_done_callback(lambda _: told.put(None))
            yield from iter(told.get, None)
            done = work.result()
        yield result(
            contracts=done.contracts, queries=done.queries, failed=list(done.failed), seconds_p50=done.seconds_p50
        )
    finally:
        owner.release()
