"""Reads whether a clause entails a statement or answers a question: a small cross-encoder over pairs of texts.

It is MiniLM (22M), whose embeddings are taken from the packaged model as they are and whose six layers are trained
further, on labelled contracts and on statements made from them (`bench/train_entailment.py`). No trained file is
packaged: what was tried helped too little (docs/entailment.md). One that a user trained serves the marks only as far as
the figures of its card say that it helps.

A pair is read as `[CLS] statement [SEP] clause [SEP]`; the heads see the first token, the mean and the maximum of the
statement's tokens: what is altered is one word of the statement, and a mean alone drowns it. A file holds int8 rows
with a scale each, and its lineage.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.core.errors import EntailmentUnavailable
from retrieval.search.embedder import PACKAGED_NAME, batches, has_bfloat16, packaged_folder, padded

if TYPE_CHECKING:
    import torch

Pair = tuple[str, str]  # a statement or a question, and a clause
Weights = dict[str, NDArray[Any]]

# What a card has to show of statements about contracts that the model was not trained on, before its readings count:
# how many it was tried on, right and wrong ones each; what share of the right ones it takes, and of the wrong ones at
# most with them; what share of the wrong ones it stops, and of the right ones at most with them.
LEAST_TRIED = 50
TAKES_RIGHT, TAKES_WRONG = 0.5, 0.15
STOPS_WRONG, STOPS_RIGHT = 0.2, 0.05
LENGTH = 144  # tokens of a pair; a longer clause is cut at its end
HEADS = "heads"  # float[4, 3 * dimension]: follows, contradicts, silent; answers


@dataclass(frozen=True)
class Reading:
    """How a statement stands to a clause: probabilities that add up to one."""

    follows: float
    contradicts: float
    silent: float


@dataclass(frozen=True)
class Bars:
    """Probabilities from which a reading counts: that a statement follows, that its clause contradicts it; None where
    nothing shows that it helps.
    """

    follows: float | None = None
    contradicts: float | None = None


class Entailment(Protocol):
    """Entailment: whether a clause says what a statement says, and whether it answers a question."""

    @property
    def bars(self) -> Bars:
        """From where its readings count."""

    def read(self, pairs: Sequence[Pair]) -> Sequence[Reading]:
        """Read each (statement, clause)."""

    def answers(self, pairs: Sequence[Pair]) -> Sequence[float]:
        """The probability that the clause answers the question, of each (question, clause)."""


def bars_of(lineage: Mapping[str, Any]) -> Bars:
    """From where the readings of a model count, by the figures of its card; nowhere without figures."""
    tried = lineage.get("figures", {})
    if min(tried.get("right", 0), tried.get("wrong", 0)) < LEAST_TRIED:
        return Bars()
    takes, stops = tried.get("follows", {}), tried.get("contradicts", {})
    is_reader = takes and takes["right"] >= TAKES_RIGHT and takes["wrong"] <= TAKES_WRONG
    is_doubter = stops and stops["wrong"] >= STOPS_WRONG and stops["right"] <= STOPS_RIGHT
    return Bars(takes["bar"] if is_reader else None, stops["bar"] if is_doubter else None)


def load_entailment(path: Path) -> Entailment:
    """The entailment model of a file made by `bench/train_entailment.py`. None is packaged (docs/entailment.md).

    Raises EntailmentUnavailable when the file is none, or is one for another model.
    """
    return CrossEncoder(*load_weights(path))


class CrossEncoder:
    """The cross-encoder in this process, built at first use."""

    def __init__(self, weights: Weights, lineage: Mapping[str, Any]) -> None:
        """`weights`: what was trained, by the names that the model has for it, and the heads."""
        self._weights = weights
        self.lineage = lineage
        self.bars = bars_of(lineage)

    @cached_property
    def _network(self) -> "tuple[torch.nn.Module, torch.Tensor, torch.Tensor]":
        """The encoder, and the heads' weights, float32[4, 3 * dimension], and biases, float32[4]."""
        import torch
        from transformers import AutoModel
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        encoder = AutoModel.from_pretrained(packaged_folder(), add_pooling_layer=False, local_files_only=True)
        tensors = {name: torch.from_numpy(rows.astype(np.float32)) for name, rows in self._weights.items()}
        heads, bias = tensors.pop(f"{HEADS}.weight"), tensors.pop(f"{HEADS}.bias")
        encoder.load_state_dict(tensors, strict=False)
        return encoder.eval(), heads, bias

    @cached_property
    def _tokenizer(self) -> Any:
        return pair_tokenizer()

    def read(self, pairs: Sequence[Pair]) -> Sequence[Reading]:
        """Read each (statement, clause)."""
        import torch

        rows = torch.softmax(self.logits(pairs)[:, :3], 1).tolist()
        return [Reading(*row) for row in rows]

    def answers(self, pairs: Sequence[Pair]) -> Sequence[float]:
        """The probability that the clause answers the question, of each (question, clause)."""
        import torch

        found: list[float] = torch.sigmoid(self.logits(pairs)[:, 3]).tolist()
        return found

    def logits(self, pairs: Sequence[Pair]) -> "torch.Tensor":
        """What the heads say of each pair before it is made a probability, float32[n, 4]."""
        import torch

        encoder, heads, bias = self._network
        found = torch.zeros(len(pairs), len(bias))
        read = self._tokenizer.encode_batch(list(pairs))
        for batch in batches([len(each.ids) for each in read]):
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
                states = pooled(encoder, [read[i].ids for i in batch], [read[i].type_ids for i in batch])
            found[batch] = states @ heads.T + bias
        return found


def pair_tokenizer() -> Any:
    """MiniLM's tokenizer for pairs, which cuts the clause where a pair is too long."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(packaged_folder()) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LENGTH, strategy="only_second")
    return tokenizer


def pooled(encoder: "torch.nn.Module", ids: Sequence[Sequence[int]], types: Sequence[Sequence[int]]) -> "torch.Tensor":
    """What the heads see of each pair, float32[n, 3 * dimension]:
    the first token, and the mean and the maximum of the statement's.
    """
    import torch

    sides = torch.tensor(padded(types, 2))  # 0 the statement, 1 the clause, 2 filling
    states = encoder(
        input_ids=torch.tensor(padded(ids, 0)),
        attention_mask=(sides < 2).long(),
        token_type_ids=(sides == 1).long(),
    ).last_hidden_state.float()
    own = (sides == 0).unsqueeze(2)
    mean = (states * own).sum(1) / own.sum(1)
    return torch.cat([states[:, 0], mean, states.masked_fill(~own, -1e4).amax(1)], 1)


def save_weights(path: Path, weights: Mapping[str, NDArray[np.float32]], lineage: Mapping[str, Any]) -> None:
    """Save what was trained: matrices as int8 rows with a scale each, the rest in float16; about 11 MB."""
    arrays: Weights = {"lineage": np.array(json.dumps(lineage))}
    for name, rows in weights.items():
        if rows.ndim == 2 and not name.startswith(HEADS):
            scale = np.abs(rows).max(1, keepdims=True) / 127
            arrays[f"{name}:int8"] = np.round(rows / np.maximum(scale, 1e-12)).astype(np.int8)
            arrays[f"{name}:scale"] = scale.astype(np.float32)
        else:
            arrays[name] = rows.astype(np.float16)
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


def load_weights(path: Path) -> tuple[Weights, dict[str, Any]]:
    """Read a file of `save_weights`, and its lineage. Raises EntailmentUnavailable when it is none for this model."""
    try:
        with np.load(path, allow_pickle=False) as file:
            lineage = json.loads(str(file["lineage"]))
            whole = {name: file[name] for name in file.files if ":" not in name and name != "lineage"}
            for name in (each.removesuffix(":int8") for each in file.files if each.endswith(":int8")):
                whole[name] = file[f"{name}:int8"] * file[f"{name}:scale"]
            made_for = lineage["model"]
    except (OSError, ValueError, KeyError) as error:
        raise EntailmentUnavailable(reason=f"“{path.name}” is none") from error
    if made_for != PACKAGED_NAME:
        raise EntailmentUnavailable(reason=f"“{path.name}” was trained for {made_for}, not {PACKAGED_NAME}")
    if not {f"{HEADS}.weight", f"{HEADS}.bias"} <= whole.keys():
        raise EntailmentUnavailable(reason=f"“{path.name}” has no heads")
    return whole, lineage
