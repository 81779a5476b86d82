"""Reader of the weights of a finished folder, dequantised and under transformers' names, as a server uses them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from merge.buffers import BufferPool
from merge.checkpoint import DTYPES, StoredTensor, read_index, read_tensor
from merge.fp8 import SCALE_SUFFIX, dequantize
from merge.shards import stored_layout

Shapes = Mapping[str, tuple[int, ...]]


class SafetensorsWeights:
    """Weights of an FP8 or bf16 folder."""

    def __init__(self, folder: Path, *, fp8: bool) -> None:
        self.stored: dict[str, StoredTensor] = read_index(folder)
        self.fp8 = fp8

    def sound(self, shapes: Shapes) -> list[str]:
        """The tensors of `shapes` that are stored with the right shape and dtype, and with their scale."""
        layout = stored_layout(shapes, fp8=self.fp8)
        valid = {name for name in layout.keys() & self.stored.keys() if self.stored[name].layout == layout[name]}
        invalid_scales = {name for name in layout if name.endswith(SCALE_SUFFIX)} - valid
        return [name for name in shapes if name in valid and name + SCALE_SUFFIX not in invalid_scales]

    def raw(self, name: str, buffers: BufferPool | None = None) -> torch.Tensor:
        """A tensor in its stored dtype, in a buffer of `buffers` or in new memory."""
        stored = self.stored[name]
        into = buffers.tensor("stored", stored.shape, DTYPES[stored.dtype]) if buffers else None
        return read_tensor(stored, into)

    def values(self, name: str) -> torch.Tensor:
        """The values of a tensor, bf16."""
        tensor = self.raw(name)
        if tensor.dtype != torch.float8_e4m3fn:
            return tensor
        return dequantize(tensor, self.raw(name + SCALE_SUFFIX))


class GgufWeights:
    """Weights of a GGUF, under transformers' names, with the rows of q and k in transformers' order."""

    def __init__(self, folder: Path) -> None:
        import gguf

        from merge.gguf_export import FILE

        reader = gguf.GGUFReader(folder / FILE)
        self.fields = {name: _field(reader, name) for name in reader.fields if not name.startswith("tokenizer.")}
        self.template = _field(reader, "tokenizer.chat_template")
        self.tokens = len(reader.fields["tokenizer.ggml.tokens"].data)
        layers = int(self.fields["llama.block_count"])
        self._config = {"head_dim": self.fields["llama.attention.key_length"]}
        by_gguf_name = {tensor.name: tensor for tensor in reader.tensors}
        names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, layers)
        self._tensors = {}
        for name in _llama_names(layers):
            gguf_name = names.get_name(name, try_suffixes=(".weight",))
            if gguf_name in by_gguf_name:
                self._tensors[name] = by_gguf_name.pop(gguf_name)
        self._tensors |= by_gguf_name

    def names(self) -> set[str]:
        """Names of the tensors: transformers' where it is known, else the GGUF's."""
        return set(self._tensors)

    def sound(self, shapes: Shapes) -> list[str]:
        """The tensors of `shapes` that are stored with the right shape."""
        return [name for name, shape in shapes.items() if name in self._tensors and self.shape_of(name) == shape]

    def shape_of(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, in transformers' order of dimensions."""
        return tuple(int(n) for n in reversed(self._tensors[name].shape))

    def values(self, name: str) -> torch.Tensor:
        """The values of a tensor, float32."""
        from gguf.quants import dequantize as dequantize_blocks

        from merge.gguf_export import separate

        tensor = self._tensors[name]
        values = torch.from_numpy(dequantize_blocks(tensor.data, tensor.tensor_type).copy()).view(self.shape_of(name))
        return separate(name, values, self._config).float()


def open_weights(folder: Path, format_: str) -> SafetensorsWeights | GgufWeights:
    """Open the weights of a build. Raises CheckpointError."""
    return GgufWeights(folder) if format_ == "gguf" else SafetensorsWeights(folder, fp8=format_ == "fp8")


def _llama_names(layers: int) -> list[str]:
    from merge.architecture import expected_shapes

    sizes = dict.fromkeys(("hidden_size", "intermediate_size", "vocab_size", "num_attention_heads"), 1)
    return list(expected_shapes({"architectures": ["LlamaForCausalLM"], "num_hidden_layers": layers, **sizes}))


def _field(reader: Any, name: str) -> Any:
    field = reader.fields.get(name)
    return field.contents() if field is not None else None
