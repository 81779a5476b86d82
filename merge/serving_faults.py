"""Faults in config, tokenizer and GGUF header that make a server load a wrong model without an error."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from merge.checkpoint import Checkpoint
from merge.errors import NoServableTemplate
from merge.inspection import Finding
from merge.serving import RESAVED_TOKENIZER, chat_template, refuses_system, serving_config, tokenizer_files
from merge.weights import GgufWeights

CONFIG, TOKENIZER_CONFIG = "config.json", "tokenizer_config.json"


def config_faults(config: dict[str, Any], format_: str, base: Checkpoint | None) -> Iterable[Finding]:
    """Yield missing and contradictory values of config.json; with `base`, also values that differ from the base's."""
    if "rope_theta" not in config:
        yield CONFIG, "rope_theta is missing: TGI would assume 10,000"
    theta = (config.get("rope_parameters") or {}).get("rope_theta")
    if theta is None:
        yield CONFIG, "rope_parameters.rope_theta is missing: transformers 5 reads it there"
    elif "rope_theta" in config and config["rope_theta"] != theta:
        yield CONFIG, f"rope_theta is {config['rope_theta']} and rope_parameters.rope_theta {theta}"
    for key in ("torch_dtype", "dtype"):
        if config.get(key) != "bfloat16":
            yield CONFIG, f"{key} is {config.get(key)} and must be bfloat16"
    if str(config.get("architectures")).startswith("['Mistral") and "sliding_window" not in config:
        yield CONFIG, "sliding_window is missing: transformers would assume 4,096; null must be explicit"
    if format_ == "fp8":
        yield from ((CONFIG, what) for what in _quantization_faults(config.get("quantization_config")))
    elif "quantization_config" in config:
        yield CONFIG, "it has a quantization_config and the weights are bf16"
    if base is not None:
        expected = serving_config(base.config)
        for key in sorted(expected.keys() & config.keys()):
            if config[key] != expected[key]:
                yield CONFIG, f"{key} is {config[key]} and the base's is {expected[key]}"


def tokenizer_faults(folder: Path, base: Checkpoint | None) -> Iterable[Finding]:
    """Yield tokenizer files that TGI cannot load or does not read;
    with `base`, also files that differ from the base's.
    """
    file = folder / TOKENIZER_CONFIG
    config = json.loads(file.read_bytes()) if file.exists() else {}
    if config.get("tokenizer_class") == RESAVED_TOKENIZER:
        yield (
            TOKENIZER_CONFIG,
            f"the tokenizer was saved by transformers 5 ({RESAVED_TOKENIZER}): TGI cannot load it",
        )
    template = chat_template(config)
    if template is None and (folder / "chat_template.jinja").exists():
        yield TOKENIZER_CONFIG, "chat_template is missing: TGI does not read chat_template.jinja"
    if template is not None:
        refusal = refuses_system(template, config)
        if refusal is not None:
            yield TOKENIZER_CONFIG, f"the chat template refuses a system message ({refusal})"
    if base is None:
        return
    try:
        expected = tokenizer_files(base.folder)
    except NoServableTemplate as error:
        yield TOKENIZER_CONFIG, str(error)
        return
    for name, content in expected.items():
        if not (folder / name).exists():
            yield name, "it is missing, and the base has it"
        elif (folder / name).read_bytes() != content:
            yield name, "it differs from the base's"


def gguf_faults(weights: GgufWeights, base: Checkpoint | None) -> Iterable[Finding]:
    """Yield values missing in the header of a GGUF; with `base`, also values that differ from the base's."""
    fields = weights.fields
    for key in ("llama.rope.freq_base", "llama.context_length", "llama.attention.head_count_kv"):
        if key not in fields:
            yield "model.gguf", f"{key} is missing: llama.cpp would use its default"
    if weights.template and refuses_system(weights.template, {}):
        yield "model.gguf", "the chat template refuses a system message"
    if base is None:
        return
    config = serving_config(base.config)
    expected = {
        "llama.rope.freq_base": config["rope_theta"],
        "llama.context_length": config["max_position_embeddings"],
        "llama.attention.head_count": config["num_attention_heads"],
        "llama.vocab_size": config["vocab_size"],
    }
    for key, value in expected.items():
        if key in fields and float(fields[key]) != float(value):
            yield "model.gguf", f"{key} is {fields[key]} and the base's is {value}"
    if weights.tokens != config["vocab_size"]:
        yield "model.gguf", f"it has {weights.tokens} tokens and the model {config['vocab_size']}"


def _quantization_faults(quantization: dict[str, Any] | None) -> Iterable[str]:
    from compressed_tensors.quantization import QuantizationConfig
    from pydantic import ValidationError

    if quantization is None:
        yield "quantization_config is missing: the server would read FP8 codes as weights"
        return
    try:
        parsed = QuantizationConfig.model_validate(quantization)
    except (ValidationError, ValueError) as error:
        yield f"compressed-tensors cannot read quantization_config ({str(error).splitlines()[0]})"
        return
    scheme = parsed.config_groups.get("group_0")
    weights = getattr(scheme, "weights", None)
    if parsed.format != "float-quantized" or weights is None or weights.strategy != "channel" or weights.num_bits != 8:
        yield "quantization_config is not float-quantized with 8 bits and one scale per channel"
    if "lm_head" not in (parsed.ignore or []):
        yield "quantization_config does not ignore lm_head, which is bf16"
