"""Reader of safetensors checkpoints, tensor by tensor.

It reads piece by piece (`direct`) instead of a memory map: mapped pages count as memory of this process, and a source
of 29 GB would look like 29 GB. Values are cast on the way, so that a float32 source is never in memory as float32.

A file is 8 bytes of header length, a JSON header {name: {dtype, shape, data_offsets}}, then the data
(https://github.com/huggingface/safetensors#format).
"""

import hashlib
import json
import math
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from merge.architecture import EMBEDDINGS, HEAD, expected_shapes, family, is_buffer, is_tied
from merge.direct import FileEnded, pieces
from merge.errors import (
    DamagedShard,
    MissingShard,
    MissingTensor,
    NoConfig,
    NoWeights,
    ShapesDiffer,
    UnexpectedTensor,
    UnsupportedDtype,
)
from merge.hub import locate

DTYPES = {
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
}
SOURCE_DTYPES = ("F32", "F16", "BF16")
INDEX = "model.safetensors.index.json"
# Bytes. Real headers are far shorter; a damaged length field can claim terabytes.
LONGEST_HEADER = 100_000_000


@dataclass(frozen=True)
class StoredTensor:
    """Location of a tensor: bytes [start, stop) of `file`."""

    file: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int

    @property
    def layout(self) -> tuple[str, tuple[int, ...]]:
        """Its safetensors dtype and its shape."""
        return self.dtype, self.shape

    def rows(self, first: int, last: int) -> "StoredTensor":
        """The location of its rows [first, last)."""
        size = (self.stop - self.start) // self.shape[0]
        shape = (last - first, *self.shape[1:])
        return replace(self, shape=shape, start=self.start + first * size, stop=self.start + last * size)


@dataclass(frozen=True)
class Checkpoint:
    """One parent model: folder, commit on the hub (None for a local folder), config, and tensors by name."""

    ref: str
    folder: Path
    revision: str | None
    config: dict[str, Any]
    tensors: dict[str, StoredTensor]

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the tensors that its config.json requires, in build order."""
        return expected_shapes(self.config, self.folder)

    @property
    def family(self) -> str:
        """llama, mistral, qwen2 or qwen3."""
        return family(self.config, self.folder)

    def stored(self, name: str) -> StoredTensor:
        """The location of a tensor; that of a tied head is that of the embeddings."""
        return self.tensors[EMBEDDINGS if name == HEAD and HEAD not in self.tensors else name]

    def identity(self) -> dict[str, Any]:
        """What identifies the checkpoint in a manifest: names, commit, config hash and file sizes."""
        files = sorted({tensor.file for tensor in self.tensors.values()})
        return {
            "model": self.ref,
            "revision": self.revision,
            "config_sha256": hashlib.sha256((self.folder / "config.json").read_bytes()).hexdigest(),
            "files": [{"name": file.name, "bytes": file.stat().st_size} for file in files],
        }


def open_checkpoint(ref: str) -> Checkpoint:
    """Find a model, read the headers of its files and check them against its config.

    Raises CheckpointError, ParentsDiffer, HubError or NoSpace.
    """
    folder, revision = locate(ref)
    checkpoint = Checkpoint(ref, folder, revision, read_config(folder), read_index(folder))
    for name, shape in checkpoint.shapes.items():
        if name not in checkpoint.tensors:
            raise MissingTensor(folder=folder, tensor=name)
        _check_tensor(folder, name, shape, checkpoint.tensors[name])
    for name in checkpoint.tensors.keys() - checkpoint.shapes.keys():
        # A tied model may store its head as well.
        if not is_buffer(name) and not (name == HEAD and is_tied(checkpoint.config)):
            raise UnexpectedTensor(folder=folder, tensor=name, architecture=checkpoint.config["architectures"][0])
    return checkpoint


def read_config(folder: Path) -> dict[str, Any]:
    """Parse config.json. Raises NoConfig."""
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except FileNotFoundError as error:
        raise NoConfig(folder=folder, reason="the file does not exist") from error
    except ValueError as error:
        raise NoConfig(folder=folder, reason=f"it is not JSON ({error})") from error
    if not isinstance(config, dict):
        raise NoConfig(folder=folder, reason="it is not a JSON object")
    return config


def read_index(folder: Path) -> dict[str, StoredTensor]:
    """All tensors of a folder, by name. Raises NoWeights, MissingShard, DamagedShard or MissingTensor."""
    index = folder / INDEX
    if not index.exists():
        if not (folder / "model.safetensors").exists():
            raise NoWeights(folder=folder)
        return read_header(folder / "model.safetensors")
    try:
        weight_map: dict[str, str] = dict(json.loads(index.read_bytes())["weight_map"])
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedShard(shard=index, reason="it is not the index of a safetensors checkpoint") from error
    tensors: dict[str, StoredTensor] = {}
    for shard in sorted(set(weight_map.values())):
        if not (folder / shard).exists():
            raise MissingShard(folder=folder, shard=shard)
        tensors |= read_header(folder / shard)
    for name in weight_map:
        if name not in tensors:
            raise MissingTensor(folder=folder, tensor=name)
    return tensors


def read_header(file: Path) -> dict[str, StoredTensor]:
    """Parse the header of one safetensors file. Raises DamagedShard."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > min(size - 8, LONGEST_HEADER):
            raise DamagedShard(shard=file, reason=f"its header claims {length} bytes and the file has {size}")
        try:
            header = json.loads(stream.read(length))
            tensors = {
                name: StoredTensor(
                    file, entry["dtype"], tuple(entry["shape"]), *(8 + length + at for at in entry["data_offsets"])
                )
                for name, entry in header.items()
                if name != "__metadata__"
            }
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedShard(shard=file, reason="its header is not that of a safetensors file") from error
    end = max((tensor.stop for tensor in tensors.values()), default=8 + length)
    if end != size:
        raise DamagedShard(shard=file, reason=f"it has {size} bytes, and {end} by its header")
    return tensors


def read_tensor(
    stored: StoredTensor, into: torch.Tensor | None = None, digest: "hashlib._Hash | None" = None
) -> torch.Tensor:
    """Read a tensor into `into`, cast to its dtype; without `into`, into a new tensor of the stored dtype.

    `digest` is updated with the stored bytes. Raises DamagedShard if the file becomes shorter.
    """
    source = DTYPES[stored.dtype]
    tensor = torch.empty(stored.shape, dtype=source) if into is None else into
    flat, done = tensor.view(-1), 0
    try:
        for piece in pieces(stored.file, stored.start, stored.stop):
            if digest is not None:
                digest.update(piece.numpy().data)
            # A file may hold a tensor at an odd byte, where no value can be read in place.
            values = (piece.clone() if stored.start % source.itemsize else piece).view(source)
            flat[done : done + len(values)].copy_(values)
            done += len(values)
    except FileEnded as error:
        raise DamagedShard(shard=stored.file, reason="it became shorter while it was read") from error
    return tensor


def _check_tensor(folder: Path, name: str, shape: tuple[int, ...], tensor: StoredTensor) -> None:
    if tensor.shape != shape:
        raise ShapesDiffer(tensor=name, found=list(tensor.shape), folder=folder, expected=list(shape))
    if tensor.dtype not in SOURCE_DTYPES:
        raise UnsupportedDtype(tensor=name, folder=folder, dtype=tensor.dtype)
    if tensor.stop - tensor.start != math.prod(shape) * DTYPES[tensor.dtype].itemsize:
        raise DamagedShard(shard=tensor.file, reason=f"{name} has {tensor.stop - tensor.start} bytes for its shape")
