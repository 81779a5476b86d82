"""FP8 quantisation (e4m3) in the form of compressed-tensors, which TGI, vLLM and transformers all read.

One scale per output row; the server scales activations per token. The bits equal those of llm-compressor's data-free
FP8_DYNAMIC: every step is rounded to bfloat16 as there, and `float8_e4m3fn` rounds to nearest, ties to even.

    scale   = absmax(row) / 448                 bfloat16 [out, 1]; a row of zeros gets bfloat16's epsilon
    weight  = clamp(row / scale, -448, 448)     float8_e4m3fn [out, in]
"""

import math
from typing import Any

import torch

from merge.slerp import CHUNK

# The largest finite float8_e4m3fn (Micikevicius et al., "FP8 formats for deep learning", 2022).
E4M3_MAX = 448.0
SCALE_SUFFIX = "_scale"
E4M3_BIAS, BFLOAT16_BIAS = 7, 127
SIGN_AND_LOW_11 = -0x8000 | 0x07FF  # of 16 bits
# 2^120 times this is the first power of two that bfloat16 does not have.
LARGEST_ORDINARY = 2.0**8

# Only keys that compressed-tensors 0.9.1 has: the version in TGI rejects keys it does not know.
QUANTIZATION_CONFIG: dict[str, Any] = {
    "quant_method": "compressed-tensors",
    "format": "float-quantized",
    "quantization_status": "compressed",
    "config_groups": {
        "group_0": {
            "targets": ["Linear"],
            "weights": {
                "num_bits": 8,
                "type": "float",
                "strategy": "channel",
                "symmetric": True,
                "dynamic": False,
            },
            "input_activations": {
                "num_bits": 8,
                "type": "float",
                "strategy": "token",
                "symmetric": True,
                "dynamic": True,
            },
        }
    },
    "ignore": ["lm_head"],
}


def quantize(weight: torch.Tensor, into: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Quantise a bfloat16 weight [out, in] row by row; the codes are written to `into` if it is given.

    Returns codes (float8_e4m3fn [out, in]), scales (bfloat16 [out, 1]) and the error |dequantised - weight| / |weight|.
    """
    out, width = weight.shape
    quantized = torch.empty(out, width, dtype=torch.float8_e4m3fn) if into is None else into
    scale = torch.empty(out, 1, dtype=torch.bfloat16)
    error_squares = weight_squares = 0.0
    step = min(out, max(1, CHUNK // width))
    # Buffers for one chunk, reused for the next: allocating memory costs more than what is computed in it.
    halves = torch.empty(step, width, dtype=torch.bfloat16)
    exacts, errors = torch.empty(step, width), torch.empty(step, width)
    for start in range(0, out, step):
        rows = slice(start, min(start + step, out))
        chunk, length = weight[rows], min(step, out - start)
        half, exact, error = halves[:length], exacts[:length], errors[:length]
        scale[rows] = _scale(chunk, half)
        torch.div(chunk, scale[rows], out=half)
        if not _is_ordinary(scale[rows]):
            half.clamp_(-E4M3_MAX, E4M3_MAX)
        quantized[rows] = half
        exact.copy_(chunk)
        error.copy_(dequantize(quantized[rows], scale[rows], half)).sub_(exact)
        error_squares += torch.dot(error.view(-1), error.view(-1)).item()
        weight_squares += torch.dot(exact.view(-1), exact.view(-1)).item()
    return quantized, scale, math.sqrt(error_squares / weight_squares) if weight_squares else 0.0


def _is_ordinary(scale: torch.Tensor) -> bool:
    """Whether two shortcuts give the bits of the formulas above: no scale is subnormal or larger than any model has.

    A scale that was rounded to eight bits leaves a ratio of at most 450, which the conversion rounds to 448 by itself:
    nothing need be clamped. And the scale is still finite when multiplied by 2^120.
    """
    smallest, largest = torch.aminmax(scale)
    return bool(smallest >= torch.finfo(torch.bfloat16).tiny) and bool(largest < LARGEST_ORDINARY)


def dequantize(quantized: torch.Tensor, scale: torch.Tensor, into: torch.Tensor | None = None) -> torch.Tensor:
    """Dequantise to bfloat16 [out, in], as servers do, in `into` if it is given.

    The two codes for NaN are not handled and become ±480.
    """
    # The bits of e4m3 are moved to where bfloat16 has sign, exponent and mantissa, which is right for subnormals too; a
    # multiplication then corrects the exponent's bias. Eight times as fast as torch's conversion on the CPU.
    values = torch.empty(quantized.shape, dtype=torch.bfloat16) if into is None else into
    bits = values.view(torch.int16)
    bits.copy_(quantized.view(torch.int8))  # sign-extended into the upper byte
    bits <<= 4
    bits &= SIGN_AND_LOW_11
    bias = 2.0 ** (BFLOAT16_BIAS - E4M3_BIAS)
    return values.mul_(scale * bias) if _is_ordinary(scale) else values.mul_(bias).mul_(scale)


def _scale(rows: torch.Tensor, scratch: torch.Tensor) -> torch.Tensor:
    # Without the sign, floats are ordered like their bits read as integers: twice as fast as abs().amax().
    magnitudes = torch.bitwise_and(rows.view(torch.int16), 0x7FFF, out=scratch.view(torch.int16))
    scale = magnitudes.amax(dim=1, keepdim=True).view(torch.bfloat16) / E4M3_MAX
    return scale.masked_fill_(scale == 0, torch.finfo(torch.bfloat16).eps)
