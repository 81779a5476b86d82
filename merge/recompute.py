"""Recomputation of sampled tensors from the sources by mergekit's own kernels, and diagnosis of those that differ.

A wrong tensor is fitted as x·base + y·other. The two coefficients and the residual tell a wrong t, swapped parents, a
wrong scale and a tensor of another model apart.
"""

import math
import random
from collections.abc import Iterator

import torch

from merge.architecture import is_linear
from merge.buffers import BufferPool
from merge.checkpoint import read_tensor
from merge.fp8 import SCALE_SUFFIX, quantize
from merge.plan import Plan
from merge.schedule import Share
from merge.slerp import CHUNK, NEARLY_PARALLEL, Mix, measure, mix
from merge.weights import GgufWeights, SafetensorsWeights

# Values in all, up to which every tensor is recomputed; of a larger model one of each kind in each file.
RECOMPUTED_VALUES = 50_000_000
# Share of values that may differ: a sum in another order rounds some to the neighbouring number.
DIFFERING_SHARE = 0.01
# Limit of |stored - merged| / |merged| in a GGUF: q8_0 has 8 bits, f16 11.
GGUF_ERROR = 0.01
# Limit of the residual: e4m3 leaves about 0.027, a tensor of another model about 1.
FOREIGN_RESIDUAL = 0.15


def recompute(plan: Plan, weights: SafetensorsWeights | GgufWeights) -> Iterator[tuple[str, str | None]]:
    """Yield (tensor, fault or None) for each sampled tensor that can be read."""
    # One at a time: the temporaries of two of mergekit's kernels leave up to 0.8 GB in malloc's free lists.
    buffers, dtype = BufferPool(), getattr(torch, plan.recipe.dtype)
    for name in sample(plan, weights):
        a = read_tensor(plan.base.stored(name), buffers.tensor("a", plan.base.shapes[name], dtype))
        b = read_tensor(plan.other.stored(name), buffers.tensor("b", plan.base.shapes[name], dtype))
        expected = reference(a, b, plan.shares[name]).to(torch.bfloat16)
        agrees = _agrees(weights, name, expected, buffers)
        yield name, None if agrees else diagnose(a, b, plan.shares[name], weights.values(name))


def sample(plan: Plan, weights: SafetensorsWeights | GgufWeights) -> list[str]:
    """All tensors of a small model; of a large one, an attention,
    an MLP and the smallest other tensor of each block.
    """
    shapes = {name: plan.base.shapes[name] for name in weights.sound(plan.base.shapes)}
    if sum(math.prod(shape) for shape in shapes.values()) <= RECOMPUTED_VALUES:
        return list(shapes)
    groups: dict[tuple[str, str], list[str]] = {}
    for number, block in enumerate(plan.blocks):
        for name in block.keys() & shapes.keys():
            kind = "attention" if "self_attn" in name else "mlp" if "mlp" in name else "other"
            groups.setdefault((f"{number}", kind), []).append(name)
    chosen = []
    for (block_number, kind), names in groups.items():
        if kind == "other":
            chosen.append(min(sorted(names), key=lambda name: math.prod(shapes[name])))
        else:
            # Seeded, so that the same folder gets the same sample.
            seeded = random.Random(block_number + kind)  # noqa: S311  # nosec B311 (chooses a sample, no secret)
            chosen.append(seeded.choice(sorted(n for n in names if is_linear(n)) or names))
    return sorted(chosen, key=list(shapes).index)


def reference(a: torch.Tensor, b: torch.Tensor, share: Share) -> torch.Tensor:
    """Merge two tensors by mergekit's slerp, or as a weighted sum in float32."""
    if share.weights is not None:
        return (a.float() * share.weights[0]).add_(b.float() * share.weights[1]).div_(share.divisor).to(a.dtype)
    from mergekit.merge_methods.slerp import slerp

    merged: torch.Tensor = slerp(torch.tensor([share.t]), a[None], b[None])[0]
    return merged


def diagnose(a: torch.Tensor, b: torch.Tensor, share: Share, found: torch.Tensor) -> str:
    """Explain in one sentence how the tensor `found` differs from the merge of `a` and `b`."""
    geometry = measure(a, b)
    correct = mix(share, geometry.cosine)
    x, y, residual = fit(a, b, found)
    if residual > FOREIGN_RESIDUAL:
        return f"it is not a mix of these two models (residual {residual:.0%}): it comes from another one"
    if abs(geometry.cosine) > NEARLY_PARALLEL:
        return "its values differ from those recomputed from the sources"
    ratio = geometry.norm_of(Mix(x, y)) / (geometry.norm_of(correct) or 1.0)
    expected = [ratio * weight / correct.divisor for weight in (correct.weight_a, correct.weight_b)]
    if abs(ratio - 1) > 0.1 and _close(x, expected[0]) and _close(y, expected[1]):
        return f"its values are {ratio:.2f} times those recomputed from the sources: the scale is wrong"
    t = _share_of(x, y, geometry.cosine, share)
    if abs(t - (1 - share.t)) < 0.02 and abs(share.t - 0.5) > 0.02:
        return f"the parents are swapped: base and other have each other's share (t = {share.t:.2f})"
    if abs(t - share.t) > 0.01:
        return f"it was made with t = {t:.2f}, the recipe says {share.t:.2f}"
    return "its values differ from those recomputed from the sources"


def fit(a: torch.Tensor, b: torch.Tensor, found: torch.Tensor) -> tuple[float, float, float]:
    """Least squares: x and y that minimise |found - x·a - y·b|, and that residual over |found|."""
    u, v, w = (tensor.flatten().double() for tensor in (a, b, found))
    aa, bb, ab = float(u @ u), float(v @ v), float(u @ v)
    aw, bw, ww = float(u @ w), float(v @ w), float(w @ w)
    determinant = aa * bb - ab * ab
    if determinant <= 1e-9 * aa * bb:  # parallel: only x + y is determined
        x, y = (aw / aa if aa else 0.0), 0.0
    else:
        x, y = (aw * bb - bw * ab) / determinant, (bw * aa - aw * ab) / determinant
    residual_squares = max(0.0, ww - x * aw - y * bw)
    return x, y, math.sqrt(residual_squares / ww) if ww else 0.0


def _agrees(weights: SafetensorsWeights | GgufWeights, name: str, expected: torch.Tensor, buffers: BufferPool) -> bool:
    if isinstance(weights, GgufWeights):
        exact = expected.float()
        return float((weights.values(name) - exact).norm()) <= GGUF_ERROR * float(exact.norm())
    found = weights.raw(name, buffers)
    if found.dtype == torch.float8_e4m3fn:
        quantized, scale, _ = quantize(expected, buffers.tensor("quantized", expected.shape, found.dtype))
        same_scale = _few_differ(weights.raw(name + SCALE_SUFFIX).view(torch.int16), scale.view(torch.int16))
        return same_scale and _few_differ(found.view(torch.uint8), quantized.view(torch.uint8))
    return _few_differ(found.view(torch.int16), expected.view(torch.int16))


def _few_differ(found: torch.Tensor, expected: torch.Tensor) -> bool:
    """Whether at most DIFFERING_SHARE of the codes differ, or one: a norm may have fewer than 100 values."""
    chunks = zip(*(torch.split(codes.view(-1), CHUNK) for codes in (found, expected)), strict=True)
    count = sum(int(torch.count_nonzero(x != y)) for x, y in chunks)
    return count <= max(1, DIFFERING_SHARE * found.numel())


def _share_of(x: float, y: float, cosine: float, share: Share) -> float:
    """The t whose coefficients have the ratio x : y."""
    if share.weights is not None:
        return y / (x + y) if x + y else 0.0
    angle = math.acos(cosine)
    return math.atan2(y * math.sin(angle), x + y * cosine) / angle


def _close(found: float, expected: float) -> bool:
    return abs(found - expected) < 0.05 * max(1.0, abs(expected))
