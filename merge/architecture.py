"""Tensor names and shapes of Llama, Mistral and Qwen models, from config.json.

They are in build order: embeddings, layers from first to last, final norm, head.
"""

import re
from typing import Any

from merge.errors import UnsupportedModel

FAMILY = {
    "LlamaForCausalLM": "llama",
    "MistralForCausalLM": "mistral",
    "Qwen2ForCausalLM": "qwen2",
    "Qwen3ForCausalLM": "qwen3",
}
EMBEDDINGS, HEAD = "model.embed_tokens.weight", "lm_head.weight"
_LAYER = re.compile(r"^model\.layers\.(\d+)\.")
# Old Llama checkpoints store this table, which every library computes itself.
_BUFFER = re.compile(r"rotary_emb\.inv_freq$")


def layer_of(tensor: str) -> int | None:
    """The number of a tensor's layer; None for embeddings, final norm and head."""
    match = _LAYER.match(tensor)
    return int(match.group(1)) if match else None


def is_linear(tensor: str) -> bool:
    """Whether a tensor is the weight of a Linear inside a layer, which FP8 applies to; all others stay bf16."""
    return layer_of(tensor) is not None and tensor.endswith("_proj.weight")


def is_buffer(tensor: str) -> bool:
    """Whether a stored tensor is a buffer, which is not a weight and is not merged."""
    return _BUFFER.search(tensor) is not None


def family(config: dict[str, Any], folder: object) -> str:
    """The model family: llama, mistral, qwen2 or qwen3. Raises UnsupportedModel."""
    names = config.get("architectures") or [None]
    if names[0] not in FAMILY:
        raise UnsupportedModel(folder=folder, key="architectures", value=names[0], supported=", ".join(FAMILY))
    if "quantization_config" in config:
        method = (config["quantization_config"] or {}).get("quant_method")
        raise UnsupportedModel(
            folder=folder, key="quantization_config", value=method, supported="unquantised fp32, fp16 and bf16 weights"
        )
    return FAMILY[names[0]]


def head_dim(config: dict[str, Any]) -> int:
    """Width of one attention head."""
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


def is_tied(config: dict[str, Any]) -> bool:
    """Whether lm_head is the embedding matrix and has no tensor. In these families a missing key means no."""
    return bool(config.get("tie_word_embeddings", False))


def expected_shapes(config: dict[str, Any], folder: object = "the model") -> dict[str, tuple[int, ...]]:
    """Names and shapes of all tensors, in build order. Raises UnsupportedModel, also for a missing size."""
    kind = family(config, folder)
    try:
        hidden, inner = int(config["hidden_size"]), int(config["intermediate_size"])
        vocab, layers = int(config["vocab_size"]), int(config["num_hidden_layers"])
        heads = int(config["num_attention_heads"])
    except KeyError as error:
        raise UnsupportedModel(
            folder=folder, key=error.args[0], value="(missing)", supported="configs that name every size"
        ) from error
    queries = heads * head_dim(config)
    keys = int(config.get("num_key_value_heads") or heads) * head_dim(config)
    shapes: dict[str, tuple[int, ...]] = {EMBEDDINGS: (vocab, hidden)}
    for i in range(layers):
        attention = {"q_proj": (queries, hidden), "k_proj": (keys, hidden), "v_proj": (keys, hidden)}
        attention["o_proj"] = (hidden, queries)
        mlp = {"gate_proj": (inner, hidden), "up_proj": (inner, hidden), "down_proj": (hidden, inner)}
        layer: dict[str, tuple[int, ...]] = {"input_layernorm.weight": (hidden,)}
        for name, shape in attention.items():
            layer[f"self_attn.{name}.weight"] = shape
            if _attention_bias(kind, config, name):
                layer[f"self_attn.{name}.bias"] = shape[:1]
        if kind == "qwen3":
            layer |= {f"self_attn.{n}_norm.weight": (head_dim(config),) for n in ("q", "k")}
        layer["post_attention_layernorm.weight"] = (hidden,)
        for name, shape in mlp.items():
            layer[f"mlp.{name}.weight"] = shape
            if config.get("mlp_bias"):
                layer[f"mlp.{name}.bias"] = shape[:1]
        shapes |= {f"model.layers.{i}.{name}": shape for name, shape in layer.items()}
    shapes["model.norm.weight"] = (hidden,)
    if not is_tied(config):
        shapes[HEAD] = (vocab, hidden)
    return shapes


def _attention_bias(kind: str, config: dict[str, Any], projection: str) -> bool:
    if kind == "qwen2":  # always has biases, on q, k and v only
        return projection != "o_proj"
    return bool(config.get("attention_bias"))
