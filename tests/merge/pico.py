"""Pico models: the shape of a real checkpoint in a few hundred kilobytes, made anew by the tests."""

import json
import shutil
from pathlib import Path
from typing import Any

import mistral_common
import torch
import yaml
from safetensors.torch import save_file

from merge.architecture import expected_shapes
from merge.serving import MISTRAL_TEMPLATE

SENTENCEPIECE = Path(mistral_common.__file__).parent / "data" / "tokenizer.model.v1"
# As the 2024 template of Mistral-7B-Instruct: it refuses a system message.
OLD_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% else %}{{ message['content'] + eos_token}}{% endif %}{% endfor %}"
)

CONFIG: dict[str, Any] = {
    "architectures": ["MistralForCausalLM"],
    "model_type": "mistral",
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 256,
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-5,
    "rope_theta": 1_000_000.0,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "torch_dtype": "bfloat16",
}

T = {
    "t": [
        {"filter": "self_attn", "value": [0, 0.5, 0.3, 0.7, 1]},
        {"filter": "mlp", "value": [1, 0.5, 0.7, 0.3, 0]},
        {"value": 0.5},
    ]
}


def make_model(
    folder: Path,
    seed: int,
    dtype: torch.dtype = torch.bfloat16,
    *,
    shards: int = 2,
    spread: float = 0.05,
    **config: Any,
) -> Path:
    """Random weights under `CONFIG` changed by `config`, in `shards` files, with a tokenizer and a card."""
    folder.mkdir(parents=True)
    config = CONFIG | config
    shapes = expected_shapes(config)
    generator = torch.Generator().manual_seed(seed)
    weights = {name: torch.randn(shape, generator=generator) * spread for name, shape in shapes.items()}
    for name in weights:
        if "norm" in name:
            weights[name] += 1
    # Neighbours of one family resemble each other; unrelated random vectors are all at right angles.
    shared = torch.Generator().manual_seed(0)
    for name, shape in shapes.items():
        weights[name] = (weights[name] + torch.randn(shape, generator=shared) * spread).to(dtype)
    names = list(weights)
    files: dict[str, str] = {}
    for i in range(shards):
        file = "model.safetensors" if shards == 1 else f"model-{i + 1:05d}-of-{shards:05d}.safetensors"
        part = names[i * len(names) // shards : (i + 1) * len(names) // shards]
        save_file({name: weights[name] for name in part}, folder / file, metadata={"format": "pt"})
        files |= dict.fromkeys(part, file)
    if shards > 1:
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": files}))
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    tokenizer = {"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>", "add_bos_token": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer | {"chat_template": OLD_TEMPLATE}))
    (folder / "special_tokens_map.json").write_text('{"bos_token": "<s>", "eos_token": "</s>"}')
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# A parent\n")
    return folder


def add_sentencepiece(folder: Path) -> None:
    """Mistral's own vocabulary of 32,000 tokens."""
    shutil.copyfile(SENTENCEPIECE, folder / "tokenizer.model")


def write_recipe(
    file: Path, base: Path, other: Path, *, method: str = "slerp", layers: int | None = 3, **keys: Any
) -> Path:
    """A recipe of the served model's form; `weights` are those of other and base, for linear."""
    sources: list[dict[str, Any]] = [{"model": str(other)}, {"model": str(base)}]
    for source, weight in zip(sources, keys.pop("weights", ()), strict=False):
        source["parameters"] = {"weight": weight}
    if layers is not None:
        for source in sources:
            source["layer_range"] = [0, layers]
    recipe = {
        ("models" if layers is None else "slices"): sources if layers is None else [{"sources": sources}],
        "merge_method": method,
        "base_model": str(base),
        "parameters": T,
        "dtype": "bfloat16",
    }
    file.write_text(yaml.safe_dump(recipe | keys, sort_keys=False))
    return file


__all__ = ["CONFIG", "MISTRAL_TEMPLATE", "OLD_TEMPLATE", "T", "add_sentencepiece", "make_model", "write_recipe"]
