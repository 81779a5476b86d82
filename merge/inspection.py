"""Inspection of the weights of a finished folder: names, shapes, dtypes, finiteness, and norms against the report.

Each weight is read once. The report has the norm of each merged tensor, computed from its parents before rounding. A
wrong scale, a shard of another model or a damaged block has another norm, and is found without the sources.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch

from merge.architecture import expected_shapes
from merge.buffers import BufferPool
from merge.checkpoint import DTYPES, read_tensor
from merge.direct import PIECE
from merge.errors import MergeError
from merge.fp8 import SCALE_SUFFIX, dequantize
from merge.parallel import map_in_threads
from merge.report import Row
from merge.shards import stored_layout
from merge.slerp import CHUNK
from merge.weights import GgufWeights, SafetensorsWeights

Finding = tuple[str, str]
"""(file or tensor, what is wrong with it)."""

# Relative. Rounding to e4m3 with an error of 0.027 changes a norm by less than 0.001; to bf16 or 8 bits by less than
# that.
NORM_TOLERANCE = 0.005
# e4m3 codes without their sign: 448, the largest value, and NaN.
LARGEST, NOT_A_NUMBER = 0x7E, 0x7F


def tensor_faults(weights: SafetensorsWeights, config: dict[str, Any], rows: list[Row]) -> Iterable[Finding]:
    """Yield the faults of the tensors of an FP8 or bf16 folder."""
    plain = {key: value for key, value in config.items() if key != "quantization_config"}
    try:
        shapes = expected_shapes(plain, "the build")
    except MergeError as error:
        yield "config.json", str(error)
        return
    layout, stored = stored_layout(shapes, fp8=weights.fp8), weights.stored
    for name in sorted(layout.keys() ^ stored.keys()):
        yield name, "it is missing" if name in layout else "the architecture has no such tensor"
    for name in sorted(layout.keys() & stored.keys()):
        if stored[name].layout != layout[name]:
            dtype, shape = layout[name]
            yield name, f"it is {stored[name].dtype} {list(stored[name].shape)} and must be {dtype} {list(shape)}"
    names = weights.sound(shapes)
    norms = {row.tensor: row.norm for row in rows}
    buffers = BufferPool()
    faults = map_in_threads(lambda name: _tensor_fault(weights, name, norms.get(name), buffers), names)
    yield from ((name, fault) for name, fault in zip(names, faults, strict=True) if fault)


def gguf_tensor_faults(weights: GgufWeights, rows: list[Row]) -> Iterable[Finding]:
    """Yield the faults of the tensors of a GGUF."""
    shapes = {row.tensor: tuple(row.shape) for row in rows}
    for name in sorted(shapes.keys() ^ weights.names()):
        yield name, "it is missing" if name in shapes else "the report has no such tensor"
    for row in rows:
        if row.tensor not in weights.names():
            continue
        if weights.shape_of(row.tensor) != shapes[row.tensor]:
            yield row.tensor, f"its shape is {list(weights.shape_of(row.tensor))} and must be {row.shape}"
            continue
        fault = _norm_fault(_norm(weights.values(row.tensor)), row.norm)
        if fault:
            yield row.tensor, fault


def _tensor_fault(
    weights: SafetensorsWeights, name: str, reported_norm: float | None, buffers: BufferPool
) -> str | None:
    stored, squares, short_rows = weights.stored[name], 0.0, 0
    rows, dtype = stored.shape[0], DTYPES[stored.dtype]
    scale = weights.raw(name + SCALE_SUFFIX) if dtype == torch.float8_e4m3fn else None
    if scale is not None and not bool((torch.isfinite(scale) & (scale > 0)).all()):
        return "a scale is not a positive number"
    width = math.prod(stored.shape[1:])
    step, rows_at_a_time = max(1, CHUNK // width), max(1, PIECE // width)
    for first in range(0, rows, rows_at_a_time):
        part = stored.rows(first, min(first + rows_at_a_time, rows))
        read = read_tensor(part, buffers.tensor("stored", part.shape, dtype))
        if scale is None:
            squares += _norm(read) ** 2
            continue
        scales = scale[first : first + rows_at_a_time]
        for tensor, its_scale in zip(torch.split(read, step), torch.split(scales, step), strict=True):
            largest = (tensor.view(torch.uint8) & 0x7F).amax(dim=1)
            if bool((largest == NOT_A_NUMBER).any()):
                return "it holds NaN"
            short_rows += int(((largest != LARGEST) & (largest != 0)).sum())
            values = buffers.tensor("values", tensor.shape, torch.bfloat16)
            squares += _norm(dequantize(tensor, its_scale, values)) ** 2
    # By construction the largest value of a row is 448; otherwise the scale wastes range or clips values.
    if short_rows > rows // 100:
        return f"{short_rows} of {rows} rows do not reach 448: these scales belong to other values"
    return _norm_fault(math.sqrt(squares), reported_norm)


def _norm(tensor: torch.Tensor) -> float:
    flat, squares = tensor.view(-1), 0.0
    for start in range(0, flat.numel(), CHUNK):
        chunk = flat[start : start + CHUNK].float()
        squares += torch.dot(chunk, chunk).item()
    return math.sqrt(squares)


def _norm_fault(found: float, reported: float | None) -> str | None:
    if not math.isfinite(found):
        return "it holds values that are not finite"
    if reported is None:
        return "the report has no such tensor"
    if abs(found - reported) > NORM_TOLERANCE * reported:
        times = found / reported if reported else math.inf
        return f"its norm is {times:.3f} times the one in the report: its scale or its values are wrong"
    return None
