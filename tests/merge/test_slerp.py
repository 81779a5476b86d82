import math

import pytest
import torch

from merge.schedule import Share
from merge.slerp import NEARLY_PARALLEL, combine_, measure, mix

pytestmark = pytest.mark.slow


def in_float64(a: torch.Tensor, b: torch.Tensor, t: float) -> torch.Tensor:
    """Shoemake's formula on whole vectors, written without a look at the code under test."""
    x, y = a.double().flatten(), b.double().flatten()
    cosine = float(x @ y / (x.norm() * y.norm()))
    if abs(cosine) > 0.9995:
        return ((1 - t) * x + t * y).reshape(a.shape)
    angle = math.acos(cosine)
    return ((math.sin((1 - t) * angle) * x + math.sin(t * angle) * y) / math.sin(angle)).reshape(a.shape)


def slerp(a: torch.Tensor, b: torch.Tensor, t: float) -> torch.Tensor:
    return combine_(a.clone(), b, mix(Share(t), measure(a, b).cosine))


def pair(size: int, cosine: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Two float32 vectors of different lengths at a given angle."""
    generator = torch.Generator().manual_seed(size)
    a = torch.randn(size, generator=generator, dtype=torch.float64)
    other = torch.randn(size, generator=generator, dtype=torch.float64)
    other -= (other @ a) / (a @ a) * a
    b = cosine * a / a.norm() + math.sqrt(1 - cosine**2) * other / other.norm()
    return a.float(), (3 * b).float()


@pytest.mark.parametrize("size", [2, 1000, (1 << 18) + 1, 3 << 18], ids=["two", "small", "a piece and one", "pieces"])
@pytest.mark.parametrize("t", [0.0, 0.1, 0.5, 0.93, 1.0])
@pytest.mark.parametrize("cosine", [-0.9, 0.0, 0.6, 0.999])
def test_values_are_those_of_the_formula_in_float64(size: int, t: float, cosine: float) -> None:
    a, b = pair(size, cosine)
    torch.testing.assert_close(slerp(a, b, t).double(), in_float64(a, b, t), rtol=2e-4, atol=2e-5 * 3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_t_0_and_t_1_return_the_parents_bit_for_bit(dtype: torch.dtype) -> None:
    a, b = (v.to(dtype) for v in pair(5000, 0.4))
    assert torch.equal(slerp(a, b, 0.0), a)
    assert torch.equal(slerp(a, b, 1.0), b)


@pytest.mark.parametrize(
    ("cosine", "linear"), [(0.9994, False), (0.9996, True), (-0.9996, True), (1.0, True), (0.0, False)]
)
def test_nearly_parallel_parents_fall_back_to_linear(cosine: float, linear: bool) -> None:
    assert (abs(cosine) > NEARLY_PARALLEL) is linear
    found = mix(Share(0.3), cosine)
    assert found.fell_back is linear
    assert ((found.weight_a, found.weight_b) == (0.7, 0.3)) is linear


def test_a_parent_of_zeros_is_mixed_as_mergekit_does() -> None:
    from mergekit.merge_methods.slerp import slerp as mergekit_slerp

    a, b = torch.zeros(100), torch.randn(100)
    torch.testing.assert_close(slerp(a, b, 0.3), mergekit_slerp(torch.tensor([0.3]), a[None], b[None])[0])


def test_the_length_of_the_merge_is_known_before_it_is_made() -> None:
    a, b = pair(4000, 0.3)
    geometry = measure(a, b)
    how = mix(Share(0.35), geometry.cosine)
    assert geometry.norm_of(how) == pytest.approx(float(combine_(a, b, how).norm()), rel=1e-5)


def test_not_finite_parents_are_noticed() -> None:
    for bad in (float("nan"), float("inf")):
        assert not measure(torch.tensor([1.0, bad]), torch.tensor([1.0, 2.0])).is_finite
