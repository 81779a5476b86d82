"""Compare sampled tensors of a build with the sources, by mergekit's own kernels, and name what went wrong.

A tensor that is wrong is fitted as x·base + y·other. The two numbers and what is left over tell a wrong t, swapped
parents, a wrong scale and a foreign tensor apart.
"""

import math
import random
from collections.abc import Iterator

import torch

from merge.architecture import is_linear
from merge.checkpoint import read_tensor
from merge.fp8 import SCALE_SUFFIX, quantize
from merge.plan import Plan
from merge.schedule import Share
from merge.scratch import Scratch
from merge.slerp import NEARLY_PARALLEL, PIECE, Mix, measure, mix
from merge.weights import GgufWeights, SafetensorsWeights

# Up to this many elements in all, every tensor is recomputed; beyond, one of each kind a file.
ALL_OF = 50_000_000
# The same sum taken in another order rounds some values to the neighbouring number.
MAY_DIFFER = 0.01
# |stored - merged| / |merged| of sound GGUF blocks: q8_0 keeps 8 bits, f16 11.
GGUF_ERROR = 0.01
# e4m3 leaves about 0.027; a foreign tensor leaves about 1.
FOREIGN_RESIDUAL = 0.15


def recompute(plan: Plan, weights: SafetensorsWeights | GgufWeights) -> Iterator[tuple[str, str | None]]:
    """(tensor, what is wrong with its values or None) for each sampled tensor that can be read."""
    # One at a time: the temporaries of two of mergekit's kernels at once leave up to 0.8 GB in malloc's hands.
    scratch, dtype = Scratch(), getattr(torch, plan.recipe.dtype)
    for name in sample(plan, weights):
        a = read_tensor(plan.base.stored(name), scratch.tensor("a", plan.base.shapes[name], dtype))
        b = read_tensor(plan.other.stored(name), scratch.tensor("b", plan.base.shapes[name], dtype))
        expected = reference(a, b, plan.shares[name]).to(torch.bfloat16)
        agrees = _agrees(weights, name, expected, scratch)
        yield name, None if agrees else diagnose(a, b, plan.shares[name], weights.values(name))


def sample(plan: Plan, weights: SafetensorsWeights | GgufWeights) -> list[str]:
    """All tensors of a small model; of a large one an attention, an MLP and the smallest other tensor in each file."""
    shapes = {name: plan.base.shapes[name] for name in weights.sound(plan.base.shapes)}
    if sum(math.prod(shape) for shape in shapes.values()) <= ALL_OF:
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
            # Seeded: a second look at the same folder looks at the same tensors.
            seeded = random.Random(block_number + kind)  # noqa: S311  # nosec B311 (chooses what to look at, no secret)
            chosen.append(seeded.choice(sorted(n for n in names if is_linear(n)) or names))
    return sorted(chosen, key=list(shapes).index)


def reference(a: torch.Tensor, b: torch.Tensor, share: Share) -> torch.Tensor:
    """The merged tensor by mergekit's slerp, or by the weighted sum in float32."""
    if share.weights is not None:
        return (a.float() * share.weights[0]).add_(b.float() * share.weights[1]).div_(share.divisor).to(a.dtype)
    from mergekit.merge_methods.slerp import slerp

    merged: torch.Tensor = slerp(torch.tensor([share.t]), a[None], b[None])[0]
    return merged


def diagnose(a: torch.Tensor, b: torch.Tensor, share: Share, found: torch.Tensor) -> str:
    """One sentence on how `found` was made instead."""
    geometry = measure(a, b)
    right = mix(share, geometry.cosine)
    x, y, residual = fit(a, b, found)
    if residual > FOREIGN_RESIDUAL:
        return f"it is no mix of these two models (what is left over is {residual:.0%}): it comes from another one"
    if abs(geometry.cosine) > NEARLY_PARALLEL:
        return "its values differ from those recomputed from the sources"
    size = geometry.norm_of(Mix(x, y)) / (geometry.norm_of(right) or 1.0)
    expected = [size * part / right.divisor for part in (right.of_a, right.of_b)]
    if abs(size - 1) > 0.1 and _close(x, expected[0]) and _close(y, expected[1]):
        return f"its values are {size:.2f} times what the sources give: the scale is wrong"
    t = _share_of(x, y, geometry.cosine, share)
    if abs(t - (1 - share.t)) < 0.02 and abs(share.t - 0.5) > 0.02:
        return f"the parents are swapped: base and other have each other's share (t = {share.t:.2f})"
    if abs(t - share.t) > 0.01:
        return f"it was made with t = {t:.2f}, the recipe says {share.t:.2f}"
    return "its values differ from those recomputed from the sources"


def fit(a: torch.Tensor, b: torch.Tensor, found: torch.Tensor) -> tuple[float, float, float]:
    """x, y that minimise |found - x·a - y·b|, and that length over |found|."""
    u, v, w = (tensor.flatten().double() for tensor in (a, b, found))
    aa, bb, ab = float(u @ u), float(v @ v), float(u @ v)
    aw, bw, ww = float(u @ w), float(v @ w), float(w @ w)
    determinant = aa * bb - ab * ab
    if determinant <= 1e-9 * aa * bb:  # parallel: only their sum can be told
        x, y = (aw / aa if aa else 0.0), 0.0
    else:
        x, y = (aw * bb - bw * ab) / determinant, (bw * aa - aw * ab) / determinant
    left = max(0.0, ww - x * aw - y * bw)
    return x, y, math.sqrt(left / ww) if ww else 0.0


def _agrees(weights: SafetensorsWeights | GgufWeights, name: str, expected: torch.Tensor, scratch: Scratch) -> bool:
    if isinstance(weights, GgufWeights):
        exact = expected.float()
        return float((weights.values(name) - exact).norm()) <= GGUF_ERROR * float(exact.norm())
    found = weights.raw(name, scratch)
    if found.dtype == torch.float8_e4m3fn:
        quantized, scale, _ = quantize(expected, scratch.tensor("quantized", expected.shape, found.dtype))
        same_scale = _few_differ(weights.raw(name + SCALE_SUFFIX).view(torch.int16), scale.view(torch.int16))
        return same_scale and _few_differ(found.view(torch.uint8), quantized.view(torch.uint8))
    return _few_differ(found.view(torch.int16), expected.view(torch.int16))


def _few_differ(found: torch.Tensor, expected: torch.Tensor) -> bool:
    """At most 1 % of the codes differ. One that does not is always allowed: a norm of 64 values has no 1 %."""
    pieces = zip(*(torch.split(codes.view(-1), PIECE) for codes in (found, expected)), strict=True)
    differ = sum(int(torch.count_nonzero(x != y)) for x, y in pieces)
    return differ <= max(1, MAY_DIFFER * found.numel())


def _share_of(x: float, y: float, cosine: float, share: Share) -> float:
    """The t whose coefficients stand to each other as x to y."""
    if share.weights is not None:
        return y / (x + y) if x + y else 0.0
    angle = math.acos(cosine)
    return math.atan2(y * math.sin(angle), x + y * cosine) / angle


def _close(found: float, expected: float) -> bool:
    return abs(found - expected) < 0.05 * max(1.0, abs(expected))
