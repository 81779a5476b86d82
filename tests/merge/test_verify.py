"""Sound builds pass; each way to make a wrong one fails with a message of its own."""

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from merge.build import build
from merge.checkpoint import Checkpoint, open_checkpoint
from merge.errors import NotABuild
from merge.shards import file_sha256
from merge.verify import Fault, build_folders, check_logits, verify
from tests.merge import pico
from tests.merge.conftest import BLOCK_BYTES

pytestmark = pytest.mark.slow

Change = Callable[[Path], None]
Q = "model.layers.1.self_attn.q_proj.weight"


def sign_again(folder: Path) -> None:
    """Let the manifest agree with the files, as the manifest of a faulty builder would."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, facts in manifest["outputs"].items():
        if (folder / name).exists():
            facts["sha256"] = file_sha256(folder / name)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def shard_of(folder: Path, tensor: str) -> Path:
    return folder / str(json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"][tensor])


def edit_tensor(tensor: str, change: Callable[[torch.Tensor], torch.Tensor]) -> Change:
    def edit(folder: Path) -> None:
        shard = shard_of(folder, tensor)
        weights = load_file(shard)
        weights[tensor] = change(weights[tensor])
        save_file(weights, shard, metadata={"format": "pt"})
        shard.chmod(0o644)

    return edit


def edit_json(name: str, change: Callable[[dict[str, Any]], Any]) -> Change:
    def edit(folder: Path) -> None:
        content = json.loads((folder / name).read_text())
        change(content)
        (folder / name).write_text(json.dumps(content))

    return edit


def save_tokenizer_again(folder: Path) -> None:
    """What transformers 5 leaves: its own class name, and the template in a file of its own."""
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "chat_template.jinja").write_text(config.pop("chat_template"))
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"tokenizer_class": "TokenizersBackend"}))


def one_byte(folder: Path) -> None:
    shard = next(folder.glob("*.safetensors"))
    data = bytearray(shard.read_bytes())
    data[-1] ^= 1
    shard.write_bytes(data)


def add_nan(tensor: torch.Tensor) -> torch.Tensor:
    tensor.view(torch.uint8)[0, 0] = 0x7F
    return tensor


# Found without the sources: change → (check, message). The manifest is signed again but for the first two.
ALONE: dict[str, tuple[Change, str, str]] = {
    "one bit": (one_byte, "files", "its SHA-256 is not the manifest's"),
    "a mode": (lambda f: next(f.glob("*.safetensors")).chmod(0o600), "files", "mode 0600"),
    "a lost shard": (
        lambda f: next(f.glob("*.safetensors")).unlink(),
        "files",
        "it is missing, and the manifest lists it",
    ),
    "a scale off by two": (edit_tensor(Q + "_scale", lambda s: s * 2), "tensors", "2.000 times the one in the report"),
    "NaN": (edit_tensor(Q, add_nan), "tensors", "it holds NaN"),
    "a scale of zero": (edit_tensor(Q + "_scale", lambda s: s * 0), "tensors", "not a positive number"),
    "half the range": (edit_tensor(Q, lambda q: (q.float() / 2).to(q.dtype)), "tensors", "do not reach 448"),
    "another dtype": (
        edit_tensor("model.norm.weight", lambda w: w.float()),
        "tensors",
        "it is F32 [64] and must be BF16",
    ),
    "another shape": (edit_tensor(Q, lambda q: q[:32]), "tensors", "[32, 64] and must be F8_E4M3 [64, 64]"),
    "integers": (edit_tensor(Q, lambda q: q.view(torch.int8)), "tensors", "it is I8 [64, 64] and must be F8_E4M3"),
    "a short scale": (edit_tensor(Q + "_scale", lambda s: s[:32]), "tensors", "[32, 1] and must be BF16 [64, 1]"),
    "rope_theta": (edit_json("config.json", lambda c: c.pop("rope_theta")), "config", "rope_theta is missing"),
    "rope_parameters": (
        edit_json("config.json", lambda c: c.pop("rope_parameters")),
        "config",
        "rope_parameters.rope_theta is missing",
    ),
    "two thetas": (edit_json("config.json", lambda c: c.update(rope_theta=1e4)), "config", "rope_theta is 10000.0 and"),
    "sliding_window": (edit_json("config.json", lambda c: c.pop("sliding_window")), "config", "null must be explicit"),
    "torch_dtype": (edit_json("config.json", lambda c: c.pop("torch_dtype")), "config", "torch_dtype is None"),
    "no quantization": (
        edit_json("config.json", lambda c: c.pop("quantization_config")),
        "config",
        "quantization_config is missing",
    ),
    "lm_head quantised": (
        edit_json("config.json", lambda c: c["quantization_config"].update(ignore=[])),
        "config",
        "does not ignore lm_head",
    ),
    "a tokenizer saved again": (save_tokenizer_again, "tokenizer", "saved by transformers 5"),
    "a template in a file": (save_tokenizer_again, "tokenizer", "chat_template is missing"),
    "an old template": (
        edit_json("tokenizer_config.json", lambda c: c.update(chat_template=pico.OLD_TEMPLATE)),
        "tokenizer",
        "refuses a system message",
    ),
    "a report of another t": (
        lambda f: (
            (f / "report.json").write_text((f / "report.json").read_text().replace('"t": 0.5', '"t": 0.6')) and None
        ),
        "report",
        "the report says t = 0.6, the recipe 0.5",
    ),
}


@pytest.mark.parametrize("name", ALONE)
def test_a_folder_that_was_changed_is_found_with_and_without_the_sources(
    name: str, built: Path, tmp_path: Path, opened: tuple[Checkpoint, Checkpoint]
) -> None:
    change, check, words = ALONE[name]
    folder = copy(built / "fp8", tmp_path)
    change(folder)
    if check != "files":
        sign_again(folder)
    for parents in (None, opened):
        faults = verify(folder, parents).faults
        assert any(fault.check == check and words in fault.what for fault in faults), faults


def test_sound_folders_pass_with_and_without_sources(built: Path, opened: tuple[Checkpoint, Checkpoint]) -> None:
    for folder in build_folders(built):
        alone, full = verify(folder), verify(folder, opened)
        assert alone.faults == full.faults == []
        assert len(alone.unchecked) == 1
        assert full.unchecked == []
        assert full.figures["tensors_recomputed"] == 30


def rebuild(parents: tuple[Path, Path], tmp_path: Path, wrong: dict[str, Any], *, swap: bool = False) -> Path:
    """A build by a wrong recipe whose folder then claims the right one, in recipe, report and manifest."""
    base, other = reversed(parents) if swap else parents
    (made,) = build(
        pico.write_recipe(tmp_path / "wrong.yaml", base, other, **wrong), tmp_path / "out", block_bytes=BLOCK_BYTES
    )
    (right,) = build(pico.write_recipe(tmp_path / "right.yaml", *parents), tmp_path / "right", block_bytes=BLOCK_BYTES)
    for name in ("recipe.yaml", "config.json", "manifest.json"):
        shutil.copyfile(right / name, made / name)
    rows = json.loads((made / "report.json").read_text())
    shares = {row["tensor"]: row["t"] for row in json.loads((right / "report.json").read_text())}
    (made / "report.json").write_text(json.dumps([row | {"t": shares[row["tensor"]]} for row in rows]))
    sign_again(made)
    return made


def test_a_build_with_a_wrong_t_is_found_in_its_values(
    parents: tuple[Path, Path], opened: tuple[Checkpoint, Checkpoint], tmp_path: Path
) -> None:
    wrong = {"t": [{"filter": "self_attn", "value": 0.15}, *pico.T["t"][1:]]}
    folder = rebuild(parents, tmp_path, {"parameters": wrong})
    assert verify(folder).faults == []  # it agrees with itself: only the sources tell
    faults = verify(folder, opened).faults
    assert {fault.check for fault in faults} == {"values"}
    assert all("self_attn" in fault.where for fault in faults)
    assert "it was made with t = 0.15, the recipe says 0.30" in {f.what for f in faults if f.where == Q}


def test_swapped_parents_are_found_and_called_so(
    parents: tuple[Path, Path], opened: tuple[Checkpoint, Checkpoint], tmp_path: Path
) -> None:
    faults = verify(rebuild(parents, tmp_path, {}, swap=True), opened).faults
    said = {fault.where: fault.what for fault in faults}
    assert "the parents are swapped" in said["model.layers.0.self_attn.q_proj.weight"]
    assert "the parents are swapped" in said[Q]


def test_a_shard_of_another_model_is_found_and_called_so(
    parents: tuple[Path, Path], opened: tuple[Checkpoint, Checkpoint], built: Path, tmp_path: Path
) -> None:
    third = pico.make_model(tmp_path / "third", seed=3)
    recipe = pico.write_recipe(tmp_path / "recipe.yaml", third, parents[1], parameters={"t": 0})
    (foreign,) = build(recipe, tmp_path / "foreign", block_bytes=BLOCK_BYTES)
    folder = copy(built / "fp8", tmp_path)
    shutil.copyfile(foreign / "model-00002-of-00002.safetensors", folder / "model-00002-of-00002.safetensors")
    sign_again(folder)
    faults = [fault for fault in verify(folder, opened).faults if fault.check == "values"]
    said = {fault.where: fault.what for fault in faults}
    assert {shard_of(folder, name).name for name in said} == {"model-00002-of-00002.safetensors"}
    assert "it comes from another one" in said["model.layers.2.mlp.down_proj.weight"]


def test_a_wrong_scale_is_called_so_with_the_sources(
    opened: tuple[Checkpoint, Checkpoint], built: Path, tmp_path: Path
) -> None:
    folder = copy(built / "fp8", tmp_path)
    edit_tensor(Q + "_scale", lambda scale: scale / 2)(folder)
    sign_again(folder)
    said = {fault.what for fault in verify(folder, opened).faults if fault.check == "values"}
    assert said == {"its values are 0.50 times those recomputed from the sources: the scale is wrong"}


def test_other_sources_than_the_manifests_are_named(
    opened: tuple[Checkpoint, Checkpoint], built: Path, parents: tuple[Path, Path]
) -> None:
    faults = verify(built / "fp8", (opened[1], opened[0])).faults
    assert Fault("sources", "manifest.json", "") not in faults
    assert any(fault.check == "sources" and "the base model was" in fault.what for fault in faults)


def test_sources_of_another_size_are_named(built: Path, tmp_path: Path) -> None:
    for name, seed in (("base", 1), ("other", 2)):
        pico.make_model(tmp_path / name, seed, hidden_size=32, num_attention_heads=2, num_key_value_heads=1)
    smaller = open_checkpoint(str(tmp_path / "base")), open_checkpoint(str(tmp_path / "other"))
    for folder in build_folders(built):
        faults = verify(folder, smaller).faults
        assert any(fault.check == "sources" and "config_sha256" in fault.what for fault in faults), faults


@pytest.mark.filterwarnings("ignore")  # transformers and compressed-tensors, while they load a model
def test_transformers_loads_the_fp8_folder_and_its_logits_are_those_of_the_bf16_merge(built: Path) -> None:
    result = verify(built / "fp8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_logits(result, built / "bf16")
    assert result.faults == []
    assert 0.01 < result.figures["logits_error"] < 0.15  # 0.08 measured: three layers of e4m3 weights
    assert result.figures["logits_kl"] < 0.01


@pytest.mark.filterwarnings("ignore")
def test_logits_of_another_model_are_a_fault(built: Path, parents: tuple[Path, Path], tmp_path: Path) -> None:
    (foreign,) = build(
        pico.write_recipe(tmp_path / "r.yaml", *parents, parameters={"t": 1}), tmp_path / "bf16", ("bf16",)
    )
    result = verify(built / "fp8")
    check_logits(result, foreign)
    assert [fault.check for fault in result.faults] == ["logits"]


def test_what_is_no_build_is_an_error(tmp_path: Path, parents: tuple[Path, Path]) -> None:
    for folder in (tmp_path / "nowhere", parents[0]):
        with pytest.raises(NotABuild):
            [verify(each) for each in build_folders(folder)]


def copy(folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(folder, tmp_path / "copy")
    return tmp_path / "copy"
