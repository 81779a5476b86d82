"""`pincite eval`: retrieval measured on a folder of PDFs, in a folder of its own that the matters never see."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Literal, TypeVar

from retrieval import DataFolderBusy, evaluate, load_embedder
from webapp.core.data_folder import RunningServer, claim
from webapp.core.log import open_log
from webapp.core.results import EvaluationRow
from webapp.core.settings import load_settings
from webapp.core.stream import Event, Progress, Result
from webapp.llm.tokenizer import mistral

Scope = Literal["document", "all"]
Figure = TypeVar("Figure", int, float)
SPREAD = {"lowest": 0.0, "p10": 0.1, "p50": 0.5, "p90": 0.9, "highest": 1.0}


def run(
    pdfs: Path,
    queries: Path,
    out: Path,
    *,
    scope: Scope,
    budget: int,
    on_wait: Callable[[], None],
) -> Iterator[Event[EvaluationRow]]:
    """Progress, then one result. Raises NoFiles, BadQueries, DataFolderBusy and what the stores raise."""
    settings = load_settings()
    folder = settings.data_dir / "eval"
    owner = claim(folder, wait_seconds=settings.busy_wait_seconds, on_wait=on_wait)
    if isinstance(owner, RunningServer):
        raise DataFolderBusy()
    told: SimpleQueue[Progress | None] = SimpleQueue()
    try:
        open_log(settings.data_dir)
        with ThreadPoolExecutor(1, "pincite-eval") as pool:
            work = pool.submit(
                evaluate.evaluate,
                evaluate.Paths(pdfs, queries, out, folder),
                load_embedder(settings.embedding_model, settings.embeddings_url, adapter=settings.embedding_adapter),
                count=mistral(),
                scope=scope,
                budget=budget,
                on_progress=lambda label, done, total: told.put(
                    Progress(label=label, state="", done=done, total=total)
                ),
            )
            work.add_done_callback(lambda _: told.put(None))
            yield from iter(told.get, None)
            done = work.result()
        yield Result(figures(done, scope))
    finally:
        owner.release()


def figures(done: evaluate.Evaluation, scope: Scope) -> EvaluationRow:
    """What an evaluation came to."""
    asked = done.asked
    return EvaluationRow(
        scope=scope,
        contracts=done.contracts,
        queries=len(asked),
        failed=done.failed,
        found=sum(a.found for a in asked),
        seconds_p50=_at([a.seconds for a in asked], 0.5),
        seconds_p95=_at([a.seconds for a in asked], 0.95),
        tokens_p50=_at([a.tokens for a in asked], 0.5),
        tokens_max=max((a.tokens for a in asked), default=None),
        confidence={name: _at([a.confidence for a in asked], share) for name, share in SPREAD.items()},
        with_pages=sum(a.first_page is not None for a in asked),
        first_page=_share([a.first_page for a in asked if a.first_page is not None]),
        any_page=_share([a.any_page for a in asked if a.any_page is not None]),
    )


def _at(values: Sequence[Figure], share: float) -> Figure | None:
    """The value below which that share of them lies."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)] if values else None


def _share(outcomes: Sequence[bool]) -> float | None:
    return sum(outcomes) / len(outcomes) if outcomes else None
