"""The same recipe and models through mergekit 0.1.5 itself."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from mergekit.config import MergeConfiguration
from mergekit.merge import run_merge
from mergekit.options import MergeOptions
from safetensors.torch import load_file

from merge.build import build
from merge.checkpoint import open_checkpoint
from merge.plan import make_plan
from merge.recipe import read_recipe
from merge.report import read_report
from tests.merge import pico

pytestmark = pytest.mark.slow

F32, BF16, F16 = torch.float32, torch.bfloat16, torch.float16
EMBED_ONLY = {"t": [{"filter": "embed", "value": 0.9}, {"value": [0, 1]}]}
# (dtypes of base and other, config, recipe)
CASES: dict[str, tuple[tuple[torch.dtype, torch.dtype], dict[str, Any], dict[str, Any]]] = {
    "served recipe, fp32 beside bf16": ((BF16, F32), {}, {}),
    "fp32 and fp16": ((F32, F16), {"num_hidden_layers": 2}, {"layers": 2}),
    "tied heads, four layers": ((BF16, F32), {"tie_word_embeddings": True, "num_hidden_layers": 4}, {"layers": 4}),
    "ends are the parents": ((BF16, BF16), {}, {"parameters": {"t": [{"filter": "mlp", "value": 0}, {"value": 1}]}}),
    "a gradient without a filter": ((BF16, F32), {}, {"parameters": EMBED_ONLY}),
    "one layer": ((BF16, F32), {"num_hidden_layers": 1}, {"layers": 1}),
    "the models form": ((BF16, F32), {}, {"layers": None, "parameters": {"t": 0.4}}),
    "merged in float32": ((BF16, F32), {}, {"dtype": "float32", "out_dtype": "bfloat16"}),
    "llama": ((BF16, BF16), {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}, {}),
    "qwen2 has biases": ((BF16, F32), {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2"}, {}),
    "qwen3 has norms on q and k": (
        (BF16, BF16),
        {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "head_dim": 16},
        {},
    ),
    "linear": ((BF16, F32), {}, {"method": "linear", "parameters": {}, "weights": (0.3, [0.2, 0.8])}),
    "linear, one weight for both": ((BF16, F32), {}, {"method": "linear", "parameters": {"weight": [0.2, 0.8]}}),
    "linear, not normalised": (
        (BF16, F32),
        {},
        {"method": "linear", "parameters": {"weight": 0.7, "normalize": False}},
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")  # mergekit's own
def test_every_tensor_is_mergekits(name: str, tmp_path: Path) -> None:
    dtypes, config, keys = CASES[name]
    base = pico.make_model(tmp_path / "base", 1, dtypes[0], **config)
    other = pico.make_model(tmp_path / "other", 2, dtypes[1], shards=3, **config)
    recipe = pico.write_recipe(tmp_path / "recipe.yaml", base, other, **keys)
    theirs = by_mergekit(recipe, tmp_path / "mergekit")
    (folder,) = build(recipe, tmp_path / "ours", ("bf16",), block_bytes=150_000)
    ours = load(folder)
    shares = {row.tensor: row.t for row in read_report(folder)}
    assert ours.keys() == theirs.keys()
    for tensor, found in ours.items():
        apart = (found.view(torch.int16).int() - theirs[tensor].view(torch.int16).int()).abs()
        if "linear" in name:
            # mergekit's linear adds with a fused multiply-add: where the parents cancel, its rounding in float32 stays.
            apart[(found.float() - theirs[tensor].float()).abs() < 2.0**-22 * float(found.float().abs().max())] = 0
        assert int(apart.max()) <= 1, tensor
        # Equal weights make exact halves, which mergekit's fused multiply-add rounds by its own residue: more differ.
        if name != "linear, one weight for both":
            assert float((apart > 0).float().mean()) <= 0.01, tensor
        if shares[tensor] in (0, 1):
            assert int(apart.max()) == 0, tensor


@pytest.mark.parametrize("layers", [1, 2, 3, 4, 32])
def test_every_share_is_mergekits(layers: int, tmp_path: Path) -> None:
    base = pico.make_model(tmp_path / "base", 1, num_hidden_layers=layers, hidden_size=8, intermediate_size=8)
    other = pico.make_model(tmp_path / "other", 2, num_hidden_layers=layers, hidden_size=8, intermediate_size=8)
    recipe = read_recipe(pico.write_recipe(tmp_path / "recipe.yaml", base, other, layers=layers))
    plan = make_plan(recipe, open_checkpoint(str(base)), open_checkpoint(str(other)))
    assert {name: share.t for name, share in plan.shares.items()} == planned_by_mergekit(recipe.path)


def test_the_served_recipe_gives_the_shares_of_its_model_card() -> None:
    """By hand, from the card: lists of five over 32 layers."""
    from merge.schedule import Schedule

    path = Path(__file__).parents[2] / "merge" / "recipes" / "saul-mistral-v0.2-7b-slerp.yaml"
    schedule = Schedule(read_recipe(path), 32)
    expected = {
        "model.embed_tokens.weight": 0.5,
        "lm_head.weight": 0.5,
        "model.layers.31.input_layernorm.weight": 0.5,
        "model.layers.0.self_attn.q_proj.weight": 0.0,
        "model.layers.31.self_attn.q_proj.weight": 1.0,
        "model.layers.0.mlp.up_proj.weight": 1.0,
        "model.layers.31.mlp.up_proj.weight": 0.0,
        # layer 10 stands at 10/31·4 = 1.2903 on the list: between 0.5 and 0.3, and between 0.5 and 0.7
        "model.layers.10.self_attn.v_proj.weight": 0.5 - 0.2 * (40 / 31 - 1),
        "model.layers.10.mlp.down_proj.weight": 0.5 + 0.2 * (40 / 31 - 1),
    }
    assert {name: schedule.share(name).t for name in expected} == pytest.approx(expected)


def by_mergekit(recipe: Path, out: Path) -> dict[str, torch.Tensor]:
    config = MergeConfiguration.model_validate(yaml.safe_load(recipe.read_text()))
    run_merge(
        config, str(out), MergeOptions(copy_tokenizer=False, quiet=True, write_model_card=False, out_shard_size=150_000)
    )
    return load(out)


def planned_by_mergekit(recipe: Path) -> dict[str, float]:
    from mergekit.architecture import get_architecture_info
    from mergekit.io.tasks import SaveTensor
    from mergekit.plan import MergePlanner

    config = MergeConfiguration.model_validate(yaml.safe_load(recipe.read_text()))
    options = MergeOptions()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        architecture = get_architecture_info(config, options)
        planner = MergePlanner(config, architecture, options, config.base_model.config())
        tasks = [task for task in planner.plan_to_disk("unused") if isinstance(task, SaveTensor)]
    return {task.tensor_name: task.tensor_task.parameters["t"] for task in tasks}


def load(folder: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for file in folder.glob("*.safetensors") for name, tensor in load_file(file).items()}
