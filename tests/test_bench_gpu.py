import json
from pathlib import Path

import pytest
import torch

from bench.gpu import FULL, LAYERS_OF_LOGITS, SMALL, Ceilings, float8_product, run
from bench.gpu_memory import MISTRAL
from merge.architecture import expected_shapes
from merge.shards import layout_bytes, stored_layout


def test_the_full_size_is_the_model_whose_memory_is_told() -> None:
    assert FULL.model == MISTRAL
    assert layout_bytes(stored_layout(expected_shapes(FULL.config), fp8=True)) == MISTRAL.weights()
    assert sum(out * into for out, into in FULL.matrices.values()) == 218_103_808


def test_a_limit_is_the_slower_of_bytes_and_operations() -> None:
    peak = Ceilings(100.0, {"bfloat16": 10.0, "float8_e4m3fn": 20.0})
    assert peak.limit(500, {"bfloat16": 10}) == 5
    assert peak.limit(500, {"bfloat16": 60, "float8_e4m3fn": 40}) == 8


@pytest.mark.long
def test_the_float8_product_of_the_ceiling_is_the_product() -> None:
    rows, weight = (torch.randn(n, 64, generator=torch.Generator().manual_seed(n)).bfloat16() for n in (16, 32))
    exact = rows.float() @ weight.float().t()
    assert float((float8_product(rows, weight)().float() - exact).norm() / exact.norm()) < 0.05


@pytest.mark.long
def test_every_part_runs_at_a_small_size_without_a_gpu(tmp_path: Path) -> None:
    report = run(tmp_path, SMALL, 3600)
    assert json.loads(json.dumps(report)) == report
    assert 0 < report["written"]["bytes"]["fp8"] - report["written"]["fp8_by_arithmetic"] < 10_000  # the header
    for name, most in (("bf16", 0.02), ("fp8", 0.1)):
        assert 0 < report["logits"][name]["error"] < most
    assert report["logits"]["layers"] == LAYERS_OF_LOGITS < SMALL.model.layers
    linear = SMALL.model.layers * len(SMALL.matrices)
    assert report["loaded fp8"]["multiplies"] == {"bfloat16 x bfloat16": linear + 1}
    assert report["loaded fp8"]["as_it_should"] is True
    assert report["loaded fp8"]["path"] == "the weights are unpacked, bfloat16 is multiplied"
    assert [(row["model"], row["batch"]) for row in report["answers"]] == [
        (name, batch) for name in ("bf16", "fp8") for batch in SMALL.batches
    ]
    for row in report["answers"]:
        assert row["kept_gib"] == pytest.approx(row["kept_gib_by_arithmetic"])
        assert row["tokens_per_s"] > 0
        assert row["first_token_s"] > 0
    assert report["embedder"]["chunks_per_s"] > 0
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_what_there_is_no_time_for_is_left_out_and_told(tmp_path: Path) -> None:
    report = run(tmp_path, SMALL, 0)
    assert all("left" in report[f"loaded {name}"]["left_out"] for name in ("bf16", "fp8"))
    assert "answers" not in report
