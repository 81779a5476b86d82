"""`pincite eval`: evaluates retrieval on a folder of PDFs, in stores of its own apart from the matters."""

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
    """Evaluate retrieval; yields progress, then one result.

    Raises NoFiles, BadQueries, DataFolderBusy and what the stores raise.
    """
    settings = load_settings()
    folder = settings.data_dir / "eval"
    owner = claim(folder, wait_seconds=settings.busy_wait_seconds, on_wait=on_wait)
    if isinstance(owner, RunningServer):
        raise DataFolderBusy()
    events: SimpleQueue[Progress | None] = SimpleQueue()
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
                on_progress=lambda label, done, total: events.put(
                    Progress(label=label, state="", done=done, total=total)
                ),
            )
            work.add_done_callback(lambda _: events.put(None))
            yield from iter(events.get, None)
            evaluation = work.result()
        yield Result(figures(evaluation, scope))
    finally:
        owner.release()


def figures(evaluation: evaluate.Evaluation, scope: Scope) -> EvaluationRow:
    """Metrics of an evaluation: quantiles of time, tokens and confidence; share of queries with the right page."""
    outcomes = evaluation.outcomes
    return EvaluationRow(
        scope=scope,
        contracts=evaluation.contracts,
        queries=len(outcomes),
        failed=evaluation.failed,
        found=sum(o.found for o in outcomes),
        seconds_p50=_quantile([o.seconds for o in outcomes], 0.5),
        seconds_p95=_quantile([o.seconds for o in outcomes], 0.95),
        tokens_p50=_quantile([o.tokens for o in outcomes], 0.5),
        tokens_max=max((o.tokens for o in outcomes), default=None),
        confidence={name: _quantile([o.confidence for o in outcomes], share) for name, share in SPREAD.items()},
        with_pages=sum(o.first_page is not None for o in outcomes),
        first_page=_share([o.first_page for o in outcomes if o.first_page is not None]),
        any_page=_share([o.any_page for o in outcomes if o.any_page is not None]),
    )


def _quantile(values: Sequence[Figure], share: float) -> Figure | None:
    """The value below which that share of the values lies."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)] if values else None


def _share(outcomes: Sequence[bool]) -> float | None:
    return sum(outcomes) / len(outcomes) if outcomes else None
