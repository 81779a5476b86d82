"""Prometheus metrics.

Labels are names from the code, never a user's text; `docs/operations.md` explains each metric.
"""

import time
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:
    from retrieval import DocumentRecord

# Histogram buckets in seconds: from what feels immediate to the time-out for a first word.
_WAITS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120)
_READING = (0.5, 1, 2, 5, 10, 30, 60, 300, 900)

ANSWERS = Counter("pincite_answers", "Questions answered, by how it ended.", ["outcome"])
SUMMARIES = Counter("pincite_summaries", "Documents summarised, by how it ended.", ["outcome"])
FIRST_TOKEN_SECONDS = Histogram(
    "pincite_first_token_seconds", "From a question's turn to the first text of its answer.", buckets=_WAITS
)
TOKENS = Counter("pincite_tokens", "Tokens of prompts as packed; of answers, the pieces that came.", ["kind"])
SEARCHES = Counter("pincite_searches", "Searches, those for answers included.")
PACKING_SECONDS = Histogram(
    "pincite_packing_seconds", "From a question's turn to its packed passages: search included.", buckets=_WAITS
)
WAITING = Gauge("pincite_questions_waiting", "Questions that wait for their turn.")
WRITING = Gauge("pincite_answers_under_way", "Answers that are being written.")
QUEUE_SECONDS = Histogram("pincite_queue_seconds", "How long questions waited for their turn.", buckets=_WAITS)
RETRIES = Counter("pincite_engine_retries", "Requests made again before a first text.")
ENGINES = Gauge("pincite_engines", "Language model servers by the state of their circuit.", ["circuit"])
DOCUMENTS = Counter("pincite_ingest_documents", "Documents that ended as ready or as failed.", ["state"])
PAGES = Counter("pincite_ingest_pages", "Pages of documents that became ready.")
INGEST_SECONDS = Histogram(
    "pincite_ingest_seconds", "From the first page read to ready or failed, a document.", buckets=_READING
)
ERRORS = Counter(
    "pincite_errors", "Errors by class: those that were told to a user, and those behind a reference.", ["error"]
)


class IngestCounter:
    """Callback for `Ingest` that counts documents and times them. Thread-safe."""

    def __init__(self) -> None:
        self._start_times: dict[tuple[str, str], float] = {}

    def __call__(self, record: "DocumentRecord") -> None:
        """Note the new state of a document."""
        key = record.matter_id, record.id
        if record.state in ("reading", "indexing"):
            self._start_times.setdefault(key, time.monotonic())
            return
        started_at = self._start_times.pop(key, None)
        if record.state in ("ready", "failed"):
            DOCUMENTS.labels(record.state).inc()
            PAGES.inc(record.pages if record.state == "ready" else 0)
            if started_at is not None:
                INGEST_SECONDS.observe(time.monotonic() - started_at)
