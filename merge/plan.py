"""Plan of a build, made before the first weight is read: tensors, blocks, and the share of each parent.

A block is the unit that is written, recorded and resumed from: one safetensors shard in every format.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from merge.checkpoint import Checkpoint
from merge.errors import BadRecipeValue, ParentsDiffer, TiedHeadLosesWeights, VocabulariesDiffer
from merge.recipe import Recipe
from merge.schedule import Schedule, Share

# Config keys that determine the shape of a tensor or the meaning of its rows.
SAME_IN_BOTH = (
    "num_hidden_layers",
    "hidden_size",
    "intermediate_size",
    "num_attention_heads",
    "num_key_value_heads",
    "vocab_size",
)
# bf16 bytes of a block: 2 GB make FP8 shards of 1 GB, so that a 7B model has 8 and an interruption costs one at most.
BLOCK_BYTES = 2_000_000_000
# Packages whose version may affect bits of the result.
PACKAGES = ("torch", "mergekit", "compressed-tensors", "gguf", "safetensors")


@dataclass(frozen=True)
class Plan:
    """Plan of one build.

    `shares` maps tensors to shares, in build order; `blocks` maps tensors to shapes, for each block.
    """

    recipe: Recipe
    base: Checkpoint
    other: Checkpoint
    shares: dict[str, Share]
    blocks: list[dict[str, tuple[int, ...]]]

    @property
    def source_bytes(self) -> int:
        """Bytes to be read from both sources."""
        stored = [parent.stored(name) for name in self.shares for parent in (self.base, self.other)]
        return sum(tensor.stop - tensor.start for tensor in stored)

    def identity(self) -> dict[str, Any]:
        """What determines the bytes of the result, apart from the output formats."""
        return {
            "recipe_sha256": hashlib.sha256(self.recipe.text).hexdigest(),
            "sources": {"base": self.base.identity(), "other": self.other.identity()},
            "versions": {package: version(package) for package in PACKAGES},
            "blocks": len(self.blocks),
        }


def make_plan(recipe: Recipe, base: Checkpoint, other: Checkpoint, block_bytes: int = BLOCK_BYTES) -> Plan:
    """Check that parents and recipe fit together, and plan the build. Raises ParentsDiffer or RecipeError."""
    check_parents(base, other)
    layers = int(base.config["num_hidden_layers"])
    if recipe.layers not in (None, layers):
        raise BadRecipeValue(
            path=recipe.path,
            line=recipe.layers_line,
            key="layer_range",
            value=[0, recipe.layers],
            expected=f"These models have {layers} layers: [0, {layers}].",
        )
    schedule = Schedule(recipe, layers)
    shares = {name: schedule.share(name) for name in base.shapes}
    return Plan(recipe, base, other, shares, split_into_blocks(base.shapes, block_bytes))


def check_parents(base: Checkpoint, other: Checkpoint) -> None:
    """Raise ParentsDiffer unless the two can be merged tensor by tensor."""
    folders = {"base_folder": base.folder, "other_folder": other.folder}
    if base.family != other.family:
        raise ParentsDiffer(key="architecture", base=base.family, other=other.family, **folders)
    for key in SAME_IN_BOTH:
        if base.config.get(key) != other.config.get(key):
            raise ParentsDiffer(key=key, base=base.config.get(key), other=other.config.get(key), **folders)
    if len(base.shapes) < len(other.shapes):
        raise TiedHeadLosesWeights(**folders)
    for name, shape in base.shapes.items():
        if other.shapes.get(name, shape) != shape:
            raise ParentsDiffer(key=f"the shape of {name}", base=shape, other=other.shapes[name], **folders)
    _check_vocabularies(base, other)


def _check_vocabularies(base: Checkpoint, other: Checkpoint) -> None:
    vocabularies = [_vocabulary(parent) for parent in (base, other)]
    if not all(vocabularies):
        return
    base_tokens, other_tokens = vocabularies
    for number in sorted(base_tokens.keys() & other_tokens.keys()):
        token, other_token = base_tokens[number], other_tokens[number]
        if token != other_token:
            difference = f"token {number} is {token!r} in {base.folder} and {other_token!r} in {other.folder}"
            raise VocabulariesDiffer(difference=difference)


def _vocabulary(parent: Checkpoint) -> dict[int, str]:
    """{token number: token} from tokenizer.json; empty without one."""
    file = parent.folder / "tokenizer.json"
    if not file.exists():
        return {}
    vocabulary = json.loads(file.read_bytes()).get("model", {}).get("vocab", {})
    if isinstance(vocabulary, list):  # a unigram model: [[token, score], …]
        return {number: entry[0] for number, entry in enumerate(vocabulary)}
    return {number: token for token, number in vocabulary.items()}


def split_into_blocks(shapes: dict[str, tuple[int, ...]], block_bytes: int) -> list[dict[str, tuple[int, ...]]]:
    """Split the tensors, in order, into blocks of at most `block_bytes` in bf16; a larger tensor has its own block."""
    blocks: list[dict[str, tuple[int, ...]]] = [{}]
    block_size = 0
    for name, shape in shapes.items():
        size = 2 * math.prod(shape)
        if blocks[-1] and block_size + size > block_bytes:
            blocks.append({})
            block_size = 0
        blocks[-1][name] = shape
        block_size += size
    return blocks
