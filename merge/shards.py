"""Writer of safetensors shards, tensor by tensor, as bf16 or FP8."""

import hashlib
import json
import math
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from merge.architecture import is_linear
from merge.buffers import BufferPool
from merge.checkpoint import DTYPES, INDEX
from merge.direct import write_at
from merge.fp8 import SCALE_SUFFIX, quantize

Layout = dict[str, tuple[str, tuple[int, ...]]]
"""Stored tensor name → (safetensors dtype, shape)."""


def stored_layout(shapes: Mapping[str, tuple[int, ...]], *, fp8: bool) -> Layout:
    """The stored tensors of a model: bf16, or FP8 with a scale tensor for each."""
    layout: Layout = {}
    for name, shape in shapes.items():
        if fp8 and is_linear(name):
            layout[name] = ("F8_E4M3", shape)
            layout[name + SCALE_SUFFIX] = ("BF16", (shape[0], 1))
        else:
            layout[name] = ("BF16", shape)
    return layout


def layout_bytes(layout: Layout) -> int:
    """Bytes of all tensors of a layout."""
    return sum(math.prod(shape) * DTYPES[dtype].itemsize for dtype, shape in layout.values())


class ShardedModel:
    """Writer of the safetensors files of one format, a `Model` of `merge.build`: block i of the build is shard i."""

    def __init__(self, folder: Path, blocks: list[dict[str, tuple[int, ...]]], *, fp8: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._fp8 = folder, fp8
        self._layouts = [stored_layout(block, fp8=fp8) for block in blocks]
        self._buffers = BufferPool()

    @property
    def bytes(self) -> int:
        """Bytes of all tensors."""
        return sum(layout_bytes(layout) for layout in self._layouts)

    def begin(self, block: int) -> "Shard":
        """Start writing shard `block`, replacing a file of that name."""
        file = ShardFile(self._folder / self._name(block), self._layouts[block])
        return Shard(file, self._buffers, fp8=self._fp8)

    def complete(self) -> dict[str, str]:
        """Write the index if there is more than one shard; returns {file name: SHA-256}."""
        if len(self._layouts) == 1:
            return {}
        weight_map = {name: self._name(i) for i, layout in enumerate(self._layouts) for name in layout}
        index = {"metadata": {"total_size": self.bytes}, "weight_map": weight_map}
        write_text(self._folder / INDEX, json.dumps(index, indent=2) + "\n")
        return {INDEX: file_sha256(self._folder / INDEX)}

    def _name(self, block: int) -> str:
        total = len(self._layouts)
        return "model.safetensors" if total == 1 else f"model-{block + 1:05d}-of-{total:05d}.safetensors"


class Shard:
    """Writer of one block as one safetensors file."""

    def __init__(self, file: "ShardFile", buffers: BufferPool, *, fp8: bool) -> None:
        self._file, self._buffers, self._fp8 = file, buffers, fp8

    def add(self, name: str, tensor: torch.Tensor) -> dict[str, float]:
        """Store one merged bf16 tensor; returns {"fp8_error": error} if it is quantised. Thread-safe."""
        if not (self._fp8 and is_linear(name)):
            self._file.write(name, tensor)
            return {}
        buffer = self._buffers.tensor("quantized", tensor.shape, torch.float8_e4m3fn)
        quantized, scale, error = quantize(tensor, buffer)
        self._file.write(name, quantized)
        self._file.write(name + SCALE_SUFFIX, scale)
        return {"fp8_error": error}

    def end(self) -> dict[str, str]:
        """Close the file; returns {file name: SHA-256}."""
        self._file.close()
        return {self._file.file.name: file_sha256(self._file.file)}


class ShardFile:
    """A safetensors file of known layout, written in any order and from several threads.

    All sizes are known in advance, so that the header is written first and each tensor at its offset. Wide dtypes come
    first, which aligns every tensor to its width.
    """

    def __init__(self, file: Path, layout: Layout) -> None:
        order = sorted(layout, key=lambda name: -DTYPES[layout[name][0]].itemsize)
        header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
        self._places: dict[str, tuple[int, int]] = {}
        at = 0
        for name in order:
            dtype, shape = layout[name]
            size = math.prod(shape) * DTYPES[dtype].itemsize
            header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + size]}
            self._places[name] = (at, size)
            at += size
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        self.file, self._start = file, 8 + len(text)
        file.unlink(missing_ok=True)
        make_room(file, self._start + at)
        write_at(file, struct.pack("<Q", len(text)) + text, 0)

    def write(self, name: str, tensor: torch.Tensor) -> None:
        """Write one tensor at its offset."""
        at, size = self._places[name]
        data = tensor.contiguous().view(-1).view(torch.uint8).numpy().data
        if len(data) != size:
            raise ValueError(f"{name} has {len(data)} bytes, its layout {size}")
        write_at(self.file, data, self._start + at)

    def close(self) -> None:
        """Flush the complete file to disk."""
        flush(self.file)


def make_room(file: Path, size: int) -> None:
    """Create a file of `size` bytes, readable by all, or resize it; existing data is kept."""
    file.touch()
    file.chmod(0o644)  # whatever the umask: a server in a container is another user
    os.truncate(file, size)


def flush(file: Path) -> None:
    """Write a file through to disk (fsync), so that it survives a power failure."""
    with file.open("r+b") as stream:
        os.fsync(stream.fileno())


def write_text(file: Path, content: str | bytes) -> None:
    """Write a small file that all users can read, whatever the umask."""
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    file.chmod(0o644)


def file_sha256(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
