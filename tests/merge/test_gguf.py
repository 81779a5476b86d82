"""The GGUF in llama.cpp."""

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import torch

from merge.architecture import head_dim
from merge.build import build
from merge.checkpoint import open_checkpoint
from merge.errors import MergeError, NoSentencePiece, NotForGguf
from merge.gguf_export import interleave, separate
from merge.verify import verify
from tests.merge import pico

pytestmark = pytest.mark.slow

SIZES: dict[str, Any] = {"vocab_size": 32000, "hidden_size": 128, "intermediate_size": 192, "num_hidden_layers": 2}
PROMPT = [1, 415, 2296, 349, 264, 1369, 297, 272, 3654]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """OUT with bf16/ and gguf/ (f16), and the two parents: wide weights, so that the next token is clear."""
    folder = tmp_path_factory.mktemp("gguf")
    parents = [pico.make_model(folder / name, seed, spread=0.3, **SIZES) for seed, name in enumerate(("base", "other"))]
    for parent in parents:
        pico.add_sentencepiece(parent)
    recipe = pico.write_recipe(folder / "recipe.yaml", *parents, layers=2)
    build(recipe, folder / "out", ("bf16", "gguf"), gguf_type="f16", block_bytes=9_000_000)
    return folder / "out", parents[0], parents[1]


@pytest.mark.filterwarnings("ignore")
def test_its_greedy_tokens_are_those_of_transformers_on_f16(
    folders: tuple[Path, Path, Path], record_property: Any
) -> None:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folders[0] / "bf16", dtype=torch.float16)
    tokens, gaps = list(PROMPT), []
    with torch.no_grad():
        for _ in range(12):
            logits = model(torch.tensor([tokens])).logits[0, -1].float()
            best, second = logits.topk(2).values.tolist()
            gaps.append(best - second)
            tokens.append(int(logits.argmax()))
    record_property("logits_spread", float(logits.std()))
    record_property("smallest_top_2_gap", min(gaps))
    assert min(gaps) > 0.02  # ten times the rounding of f16 at these logits
    assert in_llama_cpp(folders[0] / "gguf" / "model.gguf", PROMPT, 12) == tokens[len(PROMPT) :]


def test_its_header_says_what_llama_cpp_would_guess(folders: tuple[Path, Path, Path]) -> None:
    import gguf

    reader = gguf.GGUFReader(folders[0] / "gguf" / "model.gguf")
    said = {name: field.contents() for name, field in reader.fields.items() if not name.startswith("tokenizer.ggml.s")}
    assert said["llama.rope.freq_base"] == 1e6
    assert said["llama.context_length"] == 512
    assert said["llama.attention.head_count_kv"] == 2
    assert len(said["tokenizer.ggml.tokens"]) == 32000
    assert said["tokenizer.ggml.bos_token_id"] == 1


def test_it_verifies_and_a_changed_value_does_not(folders: tuple[Path, Path, Path], tmp_path: Path) -> None:
    out, base, other = folders
    opened = open_checkpoint(str(base)), open_checkpoint(str(other))
    assert verify(out / "gguf", opened).faults == []
    copy = tmp_path / "gguf"
    copy.mkdir()
    for file in (out / "gguf").iterdir():
        os.link(file, copy / file.name)
    data = bytearray((copy / "model.gguf").read_bytes())
    data[-4000:] = bytes(4000)
    (copy / "model.gguf").unlink()
    (copy / "model.gguf").write_bytes(data)
    assert {fault.check for fault in verify(copy, opened).faults} >= {"files", "values"}


def test_q8_0_verifies_against_its_sources(folders: tuple[Path, Path, Path], tmp_path: Path) -> None:
    recipe = pico.write_recipe(tmp_path / "recipe.yaml", *folders[1:], layers=2)
    (folder,) = build(recipe, tmp_path / "out", ("gguf",), gguf_type="q8_0")  # build verifies
    assert (folder / "model.gguf").stat().st_size < 0.6 * (folders[0] / "gguf" / "model.gguf").stat().st_size


def test_rows_of_q_and_k_change_places_and_back() -> None:
    config = pico.CONFIG
    name, rows = "model.layers.0.self_attn.k_proj.weight", 2 * head_dim(pico.CONFIG)
    weight = torch.arange(rows)[:, None] * torch.ones(1, 3)
    assert interleave(name, weight, config)[:4, 0].tolist() == [0, 8, 1, 9]  # heads of 16: x0 y0 x1 y1
    assert torch.equal(separate(name, interleave(name, weight, config), config), weight)
    assert interleave("model.layers.0.self_attn.v_proj.weight", weight, config) is weight


REFUSED: dict[str, tuple[dict[str, Any], type[MergeError], str]] = {
    "no tokenizer.model": ({}, NoSentencePiece, "no tokenizer.model"),
    "qwen": ({"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2"}, NotForGguf, "qwen2"),
    "scaled rope": ({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, NotForGguf, "llama3"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_it_cannot_hold_is_said_before_the_merge(name: str, tmp_path: Path) -> None:
    config, error, words = REFUSED[name]
    parents = [pico.make_model(tmp_path / each, 1, **config) for each in ("base", "other")]
    with pytest.raises(error, match=words) as caught:
        build(pico.write_recipe(tmp_path / "recipe.yaml", *parents), tmp_path / "out", ("gguf",))
    assert caught.value.hint


def in_llama_cpp(file: Path, prompt: list[int], count: int) -> list[int]:
    """Greedy tokens of the engine that the web app embeds."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(file)
    params.n_ctx, params.n_parallel, params.warmup, params.cpuparams.n_threads = 256, 1, False, 1
    server = xllamacpp.Server(params)
    body = {"prompt": prompt, "n_predict": count, "temperature": 0, "return_tokens": True, "ignore_eos": True}
    request = urllib.request.Request(
        f"{server.listening_address}/completion", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return list(json.load(response)["tokens"])
