"""Spherical (slerp) and linear interpolation of two tensors, in float32, in chunks that fit in the CPU cache.

Replaces mergekit's `slerp` and `linear` kernels by the same mathematics in two passes, without temporaries of the
tensor's size: measured on two cores several times as fast, and the cosine is known as well. mergekit's kernels are the
reference: `recompute.py` and the tests compare with them.

    pass 1   |a|, |b|, a·b                 float32 chunks, summed in float64
    then     two coefficients              float64
    pass 2   weight_a·a + weight_b·b       float32, rounded once to the working dtype

Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from merge.schedule import Share

# Values of a chunk: 2^18 float32 values are 1 MiB, so that the chunks of both parents fit in the second-level cache.
CHUNK = 1 << 18
# |cosine| beyond which the angle is too small to divide by its sine (mergekit's threshold).
NEARLY_PARALLEL = 0.9995
# Norm below which a vector has no direction (mergekit's threshold).
NO_LENGTH = 1e-8


@dataclass(frozen=True)
class Geometry:
    """Norms of two tensors and the cosine of the angle between them."""

    norm_a: float
    norm_b: float
    cosine: float

    @property
    def distance(self) -> float:
        """|b - a| / |a|; 0 if |a| is 0."""
        squared = self.norm_a**2 + self.norm_b**2 - 2 * self.cosine * self.norm_a * self.norm_b
        return math.sqrt(max(0.0, squared)) / self.norm_a if self.norm_a else 0.0

    def norm_of(self, mix: "Mix") -> float:
        """The norm of the combination that `mix` gives, without computing it."""
        x, y = mix.weight_a / mix.divisor * self.norm_a, mix.weight_b / mix.divisor * self.norm_b
        return math.sqrt(max(0.0, x**2 + y**2 + 2 * self.cosine * x * y))

    @property
    def is_finite(self) -> bool:
        """False if a tensor has NaN or infinity, or values that overflow float32 when squared."""
        return math.isfinite(self.norm_a) and math.isfinite(self.norm_b)


def measure(a: torch.Tensor, b: torch.Tensor) -> Geometry:
    """Norms and cosine of two tensors of the same shape, of any floating dtype."""
    aa = bb = ab = 0.0
    for x, y, _ in _chunks(a, b):
        aa += torch.dot(x, x).item()
        bb += torch.dot(y, y).item()
        ab += torch.dot(x, y).item()
    norm_a, norm_b = math.sqrt(aa), math.sqrt(bb)
    lengths = (norm_a if norm_a > NO_LENGTH else 1.0) * (norm_b if norm_b > NO_LENGTH else 1.0)
    return Geometry(norm_a, norm_b, min(1.0, max(-1.0, ab / lengths)))


@dataclass(frozen=True)
class Mix:
    """Coefficients of (weight_a·a + weight_b·b) / divisor.

    `fell_back`: slerp of nearly parallel tensors, done linearly.
    """

    weight_a: float
    weight_b: float
    divisor: float = 1.0
    fell_back: bool = False


def mix(share: Share, cosine: float) -> Mix:
    """The coefficients of a tensor, from its share and the cosine of its parents."""
    if share.weights is not None:
        return Mix(*share.weights, share.divisor)
    t = share.t
    if abs(cosine) > NEARLY_PARALLEL:
        return Mix(1 - t, t, fell_back=True)
    angle = math.acos(cosine)
    # Exactly (1, 0) at t=0 and (0, 1) at t=1, which leaves the parent's bits unchanged.
    return Mix(math.sin((1 - t) * angle) / math.sin(angle), math.sin(t * angle) / math.sin(angle))


def combine_(a: torch.Tensor, b: torch.Tensor, mix: Mix) -> torch.Tensor:
    """Combine two tensors by `mix`, in place: the result overwrites `a`, to save a third tensor of that size."""
    flat = a.view(-1)
    for x, y, span in _chunks(a, b):
        # Each product is rounded before the sum, as in mergekit: a fused multiply-add leaves a residue where the
        # parents cancel to zero.
        x.mul_(mix.weight_a).add_(y.mul_(mix.weight_b))
        # The divisor is not part of the weights: values halfway between two bf16 numbers would round the other way.
        flat[span].copy_(x.div_(mix.divisor) if mix.divisor != 1 else x)
    return a


def _chunks(a: torch.Tensor, b: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor, slice]]:
    """Yield both tensors in chunks as float32, with their range, in two buffers that the next chunk overwrites."""
    flat_a, flat_b = a.view(-1), b.view(-1)
    size = flat_a.numel()
    x, y = torch.empty(min(CHUNK, size)), torch.empty(min(CHUNK, size))
    for start in range(0, size, CHUNK):
        span = slice(start, min(start + CHUNK, size))
        length = span.stop - span.start
        yield x[:length].copy_(flat_a[span]), y[:length].copy_(flat_b[span]), span
