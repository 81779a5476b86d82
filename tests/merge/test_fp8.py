import json
import math
import warnings
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from merge.fp8 import QUANTIZATION_CONFIG, dequantize, quantize

STORED = json.loads((Path(__file__).parent / "fp8_vectors.json").read_text())


def tensor(field: str, dtype: torch.dtype) -> torch.Tensor:
    return (
        torch.frombuffer(bytearray.fromhex(STORED[field]), dtype=torch.uint8).view(dtype).view(STORED["shape"][0], -1)
    )


WEIGHT = tensor("weight_bf16", torch.bfloat16)


def round_to(value: Fraction, bits: int, smallest_exponent: int) -> Fraction:
    """To the nearest binary floating-point number with `bits` of significand, ties to even, in exact arithmetic."""
    if not value:
        return value
    exponent = max(math.floor(math.log2(abs(value))), smallest_exponent)
    if abs(value) >= Fraction(2) ** (exponent + 1):  # log2 rounded
        exponent += 1
    step = Fraction(2) ** (exponent - bits + 1)
    return round(value / step) * step


def in_exact_arithmetic(row: list[float]) -> tuple[Fraction, list[Fraction]]:
    """(scale, values before scaling) of one row, by the rules of bfloat16 and e4m3 and no torch."""
    scale = round_to(Fraction(max(abs(v) for v in row)) / 448, 8, -126) or Fraction(1, 128)
    quotients = [round_to(Fraction(v) / scale, 8, -126) for v in row]
    return scale, [round_to(min(max(q, Fraction(-448)), Fraction(448)), 4, -6) for q in quotients]


def test_bytes_are_llm_compressors() -> None:
    """Stored output of model_free_ptq: normal rows, tiny and huge ones, zeros, ties, subnormals."""
    quantized, scale, _ = quantize(WEIGHT)
    assert torch.equal(quantized.view(torch.uint8), tensor("weight_e4m3", torch.uint8))
    assert torch.equal(scale.view(torch.int16), tensor("scale_bf16", torch.int16))


@pytest.mark.parametrize("row", range(len(WEIGHT)))
def test_values_are_those_of_exact_arithmetic(row: int) -> None:
    quantized, scale, _ = quantize(WEIGHT[row : row + 1])
    expected_scale, expected = in_exact_arithmetic(WEIGHT[row].tolist())
    assert Fraction(scale.item()) == expected_scale
    assert [Fraction(v) for v in quantized[0].float().tolist()] == expected


def test_a_row_of_zeros_has_a_scale_and_no_nan() -> None:
    quantized, scale, error = quantize(torch.zeros(3, 8, dtype=torch.bfloat16))
    assert scale.tolist() == [[2.0**-7]] * 3
    assert not quantized.float().any()
    assert error == 0


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (1000, 700)])
def test_the_error_is_that_of_the_dequantised_weights(shape: tuple[int, int]) -> None:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(3)).bfloat16()
    quantized, scale, error = quantize(weight)
    back = quantized.to(torch.bfloat16) * scale  # torch's own conversion, not the table
    assert torch.equal(dequantize(quantized, scale), back)
    assert error == pytest.approx(float((back.double() - weight.double()).norm() / weight.double().norm()), abs=1e-6)


@pytest.mark.parametrize("scale", [1.0, 2.0**-7, 3.4e-5, 2.0**-120, 7e35])
def test_all_finite_codes_are_read_as_torch_reads_them(scale: float) -> None:
    codes = torch.arange(256, dtype=torch.uint8).view(torch.float8_e4m3fn).view(2, 128)[:, :-1]  # the last are NaN
    scales = torch.full((2, 1), scale, dtype=torch.bfloat16)
    assert torch.equal(dequantize(codes, scales), codes.to(torch.bfloat16) * scales)


def test_compressed_tensors_reads_the_config_as_its_fp8_dynamic_scheme() -> None:
    from compressed_tensors.quantization import QuantizationConfig, preset_name_to_scheme

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = QuantizationConfig.model_validate(QUANTIZATION_CONFIG)
        preset = preset_name_to_scheme("FP8_DYNAMIC", ["Linear"])
    (scheme,) = parsed.config_groups.values()
    for key in ("num_bits", "type", "strategy", "symmetric", "dynamic"):
        assert getattr(scheme.weights, key) == getattr(preset.weights, key)
        assert getattr(scheme.input_activations, key) == getattr(preset.input_activations, key)
    assert parsed.format == "float-quantized"
    assert parsed.ignore == ["lm_head"]
