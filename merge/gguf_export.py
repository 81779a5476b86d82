"""GGUF writer for llama.cpp: writes the merge tensor by tensor, at offsets known before the first is merged.

The `gguf` package names the tensors, packs the header and quantises. It does not convert: llama.cpp's rotary embedding
rotates neighbouring pairs where transformers' rotates halves, so that the rows of q and k are permuted here.

Supports Llama and Mistral with a SentencePiece vocabulary. Norms are float32, as llama.cpp expects.
"""

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from gguf.quants import quantize

from merge.architecture import head_dim, layer_of
from merge.direct import write_at
from merge.errors import NoSentencePiece, NotForGguf
from merge.plan import Plan
from merge.serving import DEFAULT_ROPE_THETA, chat_template, serving_config, tokenizer_files
from merge.shards import file_sha256, flush, make_room

FILE = "model.gguf"
TYPES = {"q8_0": gguf.GGMLQuantizationType.Q8_0, "f16": gguf.GGMLQuantizationType.F16}
FILE_TYPES = {"q8_0": gguf.LlamaFileType.MOSTLY_Q8_0, "f16": gguf.LlamaFileType.MOSTLY_F16}
# Values converted at a time: a whole embedding matrix in float32 would be the largest object in memory.
CONVERTED_VALUES = 1 << 22


class GgufModel:
    """Writer of one GGUF file; a `Model` of `merge.build`."""

    def __init__(self, folder: Path, plan: Plan, kind: str) -> None:
        """`kind` is a key of TYPES. Raises NotForGguf or NoSentencePiece."""
        check_supported(plan)
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / FILE
        self._config, self._last = plan.base.config, len(plan.blocks) - 1
        writer = gguf.GGUFWriter(path=None, arch="llama")
        _write_metadata(writer, plan, kind)
        names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, int(self._config["num_hidden_layers"]))
        at, offsets = 0, {}
        for name, shape in plan.base.shapes.items():
            type_ = tensor_type(shape, kind)
            stored = gguf.quant_shape_to_byte_shape(shape, type_)
            size = int(np.prod(stored))
            gguf_name = names.get_name(name, try_suffixes=(".weight",))
            if gguf_name is None:  # every tensor of the two supported families has a name
                raise KeyError(name)
            writer.add_tensor_info(gguf_name, shape, np.dtype(np.float32), size, type_)
            offsets[name] = (at, type_)
            at += gguf.GGUFWriter.ggml_pad(size, writer.data_alignment)
        self._header = _header(writer, folder / "header.tmp")
        start = len(self._header)
        self._places = {name: (start + offset, type_) for name, (offset, type_) in offsets.items()}
        self.bytes = start + at

    def begin(self, block: int) -> "GgufBlock":  # noqa: ARG002 - one file holds every block
        """Create the file if it does not exist; data of other blocks is kept."""
        make_room(self._file, self.bytes)
        write_at(self._file, self._header, 0)
        return GgufBlock(self._file, self._places, self._config)

    def complete(self) -> dict[str, str]:
        """Return {file name: SHA-256}."""
        return {FILE: file_sha256(self._file)}


class GgufBlock:
    """Writer of one block's tensors, each at its offset in the one file."""

    def __init__(
        self, file: Path, places: dict[str, tuple[int, gguf.GGMLQuantizationType]], config: dict[str, Any]
    ) -> None:
        self._file, self._places, self._config = file, places, config

    def add(self, name: str, tensor: torch.Tensor) -> dict[str, float]:
        """Convert and store one merged bf16 tensor; nothing to report."""
        at, type_ = self._places[name]
        rows = interleave(name, tensor, self._config)
        step = max(1, CONVERTED_VALUES // rows.shape[-1]) if rows.ndim > 1 else len(rows)
        for start in range(0, len(rows), step):
            values = rows[start : start + step].float().numpy()
            data = np.ascontiguousarray(quantize(values, type_)).data.cast("B")
            write_at(self._file, data, at)
            at += len(data)
        return {}

    def end(self) -> dict[str, str]:
        """Flush; the file is final only after the last block."""
        flush(self._file)
        return {}


def check_supported(plan: Plan) -> None:
    """Raise NotForGguf or NoSentencePiece if the merge cannot be written as GGUF."""
    config = serving_config(plan.base.config)
    if plan.base.family not in ("llama", "mistral"):
        raise NotForGguf(reason=f"{plan.base.family} is not supported, only Llama and Mistral are")
    if config["rope_parameters"]["rope_type"] != "default":
        raise NotForGguf(reason=f"rope_type {config['rope_parameters']['rope_type']} is not supported")
    if config.get("attention_bias") or config.get("mlp_bias"):
        raise NotForGguf(reason="biases are not supported")
    if not (plan.base.folder / "tokenizer.model").exists():
        raise NoSentencePiece(folder=plan.base.folder)


def tensor_type(shape: tuple[int, ...], kind: str) -> gguf.GGMLQuantizationType:
    """The GGML type of a tensor: float32 for vectors, `kind` for matrices,
    or f16 if q8_0's blocks of 32 do not fit the rows.
    """
    if len(shape) == 1:
        return gguf.GGMLQuantizationType.F32
    if kind == "q8_0" and shape[-1] % 32:
        return TYPES["f16"]
    return TYPES[kind]


def interleave(name: str, tensor: torch.Tensor, config: dict[str, Any]) -> torch.Tensor:
    """Permute the rows of q and k from halves [x0 x1 … y0 y1 …] of each head to pairs [x0 y0 x1 y1 …];
    others unchanged.
    """
    if layer_of(name) is None or not name.endswith(("q_proj.weight", "k_proj.weight")):
        return tensor
    half = head_dim(config) // 2
    return tensor.view(-1, 2, half, tensor.shape[1]).transpose(1, 2).reshape(tensor.shape)


def separate(name: str, tensor: torch.Tensor, config: dict[str, Any]) -> torch.Tensor:
    """The inverse of `interleave`."""
    if layer_of(name) is None or not name.endswith(("q_proj.weight", "k_proj.weight")):
        return tensor
    half = head_dim(config) // 2
    return tensor.view(-1, half, 2, tensor.shape[1]).transpose(1, 2).reshape(tensor.shape)


def _write_metadata(writer: gguf.GGUFWriter, plan: Plan, kind: str) -> None:
    config = plan.base.config
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(plan.recipe.path.stem)
    writer.add_file_type(FILE_TYPES[kind])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(int(config["max_position_embeddings"]))
    writer.add_embedding_length(int(config["hidden_size"]))
    writer.add_block_count(int(config["num_hidden_layers"]))
    writer.add_feed_forward_length(int(config["intermediate_size"]))
    writer.add_head_count(int(config["num_attention_heads"]))
    writer.add_head_count_kv(int(config.get("num_key_value_heads") or config["num_attention_heads"]))
    writer.add_key_length(head_dim(config))
    writer.add_value_length(head_dim(config))
    writer.add_layer_norm_rms_eps(float(config.get("rms_norm_eps", 1e-6)))
    writer.add_rope_dimension_count(head_dim(config))
    # Without it llama.cpp assumes 10,000, and the model writes nonsense after a few hundred tokens.
    writer.add_rope_freq_base(float(serving_config(config).get("rope_theta", DEFAULT_ROPE_THETA)))
    writer.add_vocab_size(int(config["vocab_size"]))
    _write_vocabulary(writer, plan)


def _write_vocabulary(writer: gguf.GGUFWriter, plan: Plan) -> None:
    vocabulary = gguf.SentencePieceVocab(plan.base.folder)
    tokens, scores, types = (list(column) for column in zip(*vocabulary.all_tokens(), strict=True))
    size = int(plan.base.config["vocab_size"])
    if len(tokens) > size:
        raise NotForGguf(reason=f"tokenizer.model has {len(tokens)} tokens and the embeddings {size} rows")
    for number in range(len(tokens), size):  # rows that pad the embeddings to a round number
        tokens.append(f"[PAD{number}]".encode())
        scores.append(-10_000.0)
        types.append(gguf.TokenType.UNUSED)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    pieces = vocabulary.sentencepiece_tokenizer
    writer.add_bos_token_id(int(plan.base.config.get("bos_token_id", pieces.bos_id())))
    writer.add_eos_token_id(_first(plan.base.config.get("eos_token_id", pieces.eos_id())))
    writer.add_unk_token_id(pieces.unk_id())
    files = tokenizer_files(plan.base.folder)
    tokenizer_config = json.loads(files.get("tokenizer_config.json", b"{}"))
    writer.add_add_bos_token(bool(tokenizer_config.get("add_bos_token", True)))
    writer.add_add_eos_token(bool(tokenizer_config.get("add_eos_token", False)))
    template = chat_template(tokenizer_config)
    if template:
        writer.add_chat_template(template)


def _first(value: int | list[int]) -> int:
    return int(value[0] if isinstance(value, list) else value)


def _header(writer: gguf.GGUFWriter, file: Path) -> bytes:
    """The bytes in front of the tensor data, padded; via a temporary file, as the package writes to files only."""
    writer.write_header_to_file(file)
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    header = file.read_bytes()
    file.unlink()
    return header + b"\0" * (-len(header) % writer.data_alignment)
