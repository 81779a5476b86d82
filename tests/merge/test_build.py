import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from merge.build import build
from merge.errors import (
    BuildBusy,
    DamagedShard,
    MergeError,
    MissingShard,
    MissingTensor,
    NoServableTemplate,
    NoSpace,
    NotFiniteWeights,
    NoWeights,
    OutputExists,
    ParentsDiffer,
    ShapesDiffer,
    TiedHeadLosesWeights,
    UnexpectedTensor,
    UnsupportedDtype,
    UnsupportedModel,
    VocabulariesDiffer,
)
from tests.merge import pico
from tests.merge.conftest import BLOCK_BYTES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_the_folder_is_what_transformers_and_safetensors_read(built: Path) -> None:
    folder = built / "fp8"
    index = json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"]
    assert len(set(index.values())) > 1
    for file in set(index.values()):
        with safe_open(folder / file, "pt") as shard:
            for name in shard.keys():  # noqa: SIM118 - not a dict
                assert index[name] == file
                is_fp8 = shard.get_tensor(name).dtype == torch.float8_e4m3fn
                assert is_fp8 == name.endswith("_proj.weight")


def test_fp8_is_the_bf16_merge_quantised(built: Path) -> None:
    from merge.fp8 import quantize

    fp8 = {k: v for f in (built / "fp8").glob("*.safetensors") for k, v in load_file(f).items()}
    bf16 = {k: v for f in (built / "bf16").glob("*.safetensors") for k, v in load_file(f).items()}
    for name, weight in bf16.items():
        if name.endswith("_proj.weight"):
            quantized, scale, _ = quantize(weight)
            assert torch.equal(fp8[name].view(torch.uint8), quantized.view(torch.uint8))
            assert torch.equal(fp8[name + "_scale"], scale)
        else:
            assert torch.equal(fp8[name], weight)


def test_every_file_may_be_read_by_another_user_whatever_the_umask(recipe: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        build(recipe, tmp_path / "out")
    finally:
        os.umask(before)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "out").iterdir()}
    assert set(modes.values()) == {0o644}, modes


def test_two_builds_have_the_same_bytes_and_nothing_else_is_left(recipe: Path, tmp_path: Path) -> None:
    build(recipe, tmp_path / "one", block_bytes=BLOCK_BYTES)
    build(recipe, tmp_path / "two", block_bytes=BLOCK_BYTES)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert {p.name for p in tmp_path.iterdir()} == {"recipe.yaml", "one", "two"}


KILLED = """
import os, signal, sys
from pathlib import Path
from merge.build import build
def progress(done, total):
    if done > float(sys.argv[3]) * 1e6:
        os.kill(os.getpid(), signal.SIGKILL)
build(Path(sys.argv[1]), Path(sys.argv[2]), ("fp8", "bf16"), block_bytes=50_000, progress=progress)
"""


def test_killed_twice_and_run_again_it_gives_the_same_bytes(recipe: Path, tmp_path: Path) -> None:
    blocks = []
    for at in (0.3, 0.6):  # of 0.76 MB of sources
        command = [sys.executable, "-W", "ignore", "-c", KILLED, str(recipe), str(tmp_path / "out"), str(at)]
        assert subprocess.run(command, cwd=ROOT, check=False).returncode == -9
        assert not (tmp_path / "out").exists()
        journal = tmp_path / "out.partial" / "journal.jsonl"
        blocks.append(len(journal.read_text().splitlines()) - 1)
        with journal.open("a") as stream:
            stream.write('{"rows": [{"tensor"}')  # killed in the middle of this line as well
    assert 0 < blocks[0] < blocks[1]  # the half line is not among them
    first = next((tmp_path / "out.partial" / "fp8").glob("model-00001*"))
    written = first.stat().st_mtime_ns
    for folder in ("out", "uninterrupted"):
        build(recipe, tmp_path / folder, ("fp8", "bf16"), block_bytes=50_000)
    assert (tmp_path / "out" / "fp8" / first.name).stat().st_mtime_ns == written  # resumed, not written again
    for name in ("fp8", "bf16"):
        assert contents(tmp_path / "out" / name) == contents(tmp_path / "uninterrupted" / name)


def test_what_another_recipe_left_is_not_resumed_from(parents: tuple[Path, Path], tmp_path: Path) -> None:
    partial = tmp_path / "out.partial"
    partial.mkdir()
    (partial / "journal.jsonl").write_text('another build\n{"rows": [], "hashes": {}}\n')
    (partial / "model-00001-of-00009.safetensors").write_bytes(b"old")
    build(pico.write_recipe(tmp_path / "recipe.yaml", *parents), tmp_path / "out")
    assert not list((tmp_path / "out").glob("*of-00009*"))


def test_a_build_that_does_not_verify_never_gets_its_name(recipe: Path, tmp_path: Path) -> None:
    """A shard finished before the interruption and damaged since."""
    from merge.errors import VerificationFailed

    class Stopped(Exception):
        pass

    def stop(done: int, _total: int) -> None:
        if done > 500_000:
            raise Stopped

    with pytest.raises(Stopped):
        build(recipe, tmp_path / "out", block_bytes=BLOCK_BYTES, progress=stop)
    shard = tmp_path / "out.partial" / "model-00001-of-00002.safetensors"
    data = bytearray(shard.read_bytes())
    data[-1] ^= 0x40
    shard.write_bytes(data)
    with pytest.raises(VerificationFailed, match="SHA-256"):
        build(recipe, tmp_path / "out", block_bytes=BLOCK_BYTES)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_noticed_before_the_first_byte(tmp_path: Path) -> None:
    """600 layers of large matrices whose files are holes:
    their merge in FP8 would take 2.4 TB, more than any disk here has.
    """
    config = {"num_hidden_layers": 600, "hidden_size": 16384, "intermediate_size": 65536}
    parents = [sparse_model(tmp_path / name, **config) for name in ("base", "other")]
    recipe = pico.write_recipe(tmp_path / "recipe.yaml", *parents, layers=600)
    with pytest.raises(NoSpace, match="GB free"):
        build(recipe, tmp_path / "out")
    assert not list((tmp_path / "out.partial").glob("*.safetensors"))


def test_an_output_that_is_there_is_never_touched(recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputExists):
        build(recipe, tmp_path / "out")


def test_two_builds_of_one_folder_do_not_mix(recipe: Path, tmp_path: Path) -> None:
    with FileLock(tmp_path / "out.lock"), pytest.raises(BuildBusy):
        build(recipe, tmp_path / "out")


def lose_a_shard(folder: Path) -> None:
    (folder / "model-00002-of-00003.safetensors").unlink()


def cut_a_shard(folder: Path) -> None:
    shard = folder / "model-00002-of-00003.safetensors"
    shard.write_bytes(shard.read_bytes()[:-10])


def lose_all(folder: Path) -> None:
    for file in folder.glob("model*"):
        file.unlink()


def change_weights(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        shard = folder / "model-00001-of-00003.safetensors"
        weights = load_file(shard)
        change(weights)
        save_file(weights, shard)

    return changed


def change_config(**keys: object) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | keys))

    return changed


def change_vocabulary(folder: Path) -> None:
    for each, word in ((folder, "b"), (folder.parent / "base", "a")):
        (each / "tokenizer.json").write_text(json.dumps({"model": {"vocab": {"<s>": 0, word: 1}}}))


EMBED = "model.embed_tokens.weight"
OTHER_HEADS = {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32}
BAD_PARENTS: dict[str, tuple[Callable[[Path], None], type[MergeError], str]] = {
    "a shard is missing": (lose_a_shard, MissingShard, "model-00002-of-00003.safetensors is missing in"),
    "a shard is cut short": (cut_a_shard, DamagedShard, "by its header"),
    "no weights": (lose_all, NoWeights, "has no safetensors"),
    "a tensor is missing": (change_weights(lambda w: w.pop(EMBED)), MissingTensor, EMBED),
    "a tensor too many": (change_weights(lambda w: w.update(extra=torch.ones(2))), UnexpectedTensor, "extra"),
    "another shape": (change_weights(lambda w: w.update({EMBED: torch.ones(2, 2)})), ShapesDiffer, r"\[2, 2\]"),
    "integers": (change_weights(lambda w: w.update({EMBED: w[EMBED].int()})), UnsupportedDtype, "I32"),
    "NaN": (change_weights(lambda w: w[EMBED].view(-1)[5].fill_(float("nan"))), NotFiniteWeights, EMBED),
    "another vocabulary size": (change_config(vocab_size=300), ShapesDiffer, "300"),
    "more heads": (
        change_config(**OTHER_HEADS),
        ParentsDiffer,
        "num_attention_heads: 4 in",
    ),
    "another architecture": (change_config(architectures=["LlamaForCausalLM"]), ParentsDiffer, "architecture"),
    "outside the family": (change_config(architectures=["MixtralForCausalLM"]), UnsupportedModel, "Mixtral"),
    "quantised already": (change_config(quantization_config={"quant_method": "gptq"}), UnsupportedModel, "gptq"),
    "another vocabulary": (change_vocabulary, VocabulariesDiffer, "token 1 is 'a'"),
}


@pytest.mark.parametrize("name", BAD_PARENTS)
def test_a_parent_that_cannot_be_merged_is_an_error_with_a_hint(name: str, tmp_path: Path) -> None:
    change, error, words = BAD_PARENTS[name]
    base = pico.make_model(tmp_path / "base", 1)
    other = pico.make_model(tmp_path / "other", 2, torch.float32, shards=3)
    change(other)
    recipe = pico.write_recipe(tmp_path / "recipe.yaml", base, other)
    with pytest.raises(error, match=words) as caught:
        build(recipe, tmp_path / "out")
    assert caught.value.hint
    assert not (tmp_path / "out").exists()


def test_a_base_that_ties_its_head_refuses_one_that_does_not(tmp_path: Path) -> None:
    base = pico.make_model(tmp_path / "base", 1, tie_word_embeddings=True)
    other = pico.make_model(tmp_path / "other", 2)
    with pytest.raises(TiedHeadLosesWeights):
        build(pico.write_recipe(tmp_path / "recipe.yaml", base, other), tmp_path / "out")


def test_a_template_that_cannot_be_mended_is_refused(parents: tuple[Path, Path], tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(parents[0], base)
    template = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}<turn>"
    (base / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}))
    with pytest.raises(NoServableTemplate, match="no system"):
        build(pico.write_recipe(tmp_path / "recipe.yaml", base, parents[1]), tmp_path / "out")


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def sparse_model(folder: Path, **config: int) -> Path:
    """A checkpoint of any size whose file takes no room."""
    from merge.architecture import expected_shapes
    from merge.shards import ShardFile

    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(pico.CONFIG | config))
    layout = {name: ("BF16", shape) for name, shape in expected_shapes(pico.CONFIG | config).items()}
    ShardFile(folder / "model.safetensors", layout).close()
    return folder
