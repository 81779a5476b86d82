"""The weights of a finished folder as servers see them: dequantised, under their original names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from merge.checkpoint import DTYPES, StoredTensor, read_index, read_tensor
from merge.fp8 import SCALE_SUFFIX, dequantize
from merge.scratch import Scratch
from merge.shards import stored_layout

Shapes = Mapping[str, tuple[int, ...]]


class SafetensorsWeights:
    """The shards of an FP8 or bf16 folder."""

    def __init__(self, folder: Path, *, fp8: bool) -> None:
        self.stored: dict[str, StoredTensor] = read_index(folder)
        self.fp8 = fp8

    def sound(self, shapes: Shapes) -> list[str]:
        """Those of a model's tensors that are stored in their shape and dtype, with their scale: the ones that can be read."""
        layout = stored_layout(shapes, fp8=self.fp8)
        right = {name for name in layout.keys() & self.stored.keys() if self.stored[name].layout == layout[name]}
        scales = {name for name in layout if name.endswith(SCALE_SUFFIX)} - right
        return [name for name in shapes if name in right and name + SCALE_SUFFIX not in scales]

    def raw(self, name: str, scratch: Scratch | None = None) -> torch.Tensor:
        """A tensor in the dtype it is stored in, in memory of its own or in the thread's scratch."""
        stored = self.stored[name]
        into = scratch.tensor("stored", stored.shape, DTYPES[stored.dtype]) if scratch else None
        return read_tensor(stored, into)

    def values(self, name: str) -> torch.Tensor:
        """bf16 values."""
        tensor = self.raw(name)
        if tensor.dtype != torch.float8_e4m3fn:
            return tensor
        return dequantize(tensor, self.raw(name + SCALE_SUFFIX))


class GgufWeights:
    """The tensors of a GGUF under the names of the config's architecture, rows of q and k back in their order."""

    def __init__(self, folder: Path) -> None:
        import gguf

        from merge.gguf_export import FILE

        reader = gguf.GGUFReader(folder / FILE)
        self.fields = {name: _field(reader, name) for name in reader.fields if not name.startswith("tokenizer.")}
        self.template = _field(reader, "tokenizer.chat_template")
        self.tokens = len(reader.fields["tokenizer.ggml.tokens"].data)
        layers = int(self.fields["llama.block_count"])
        self._config = {"head_dim": self.fields["llama.attention.key_length"]}
        theirs = {tensor.name: tensor for tensor in reader.tensors}
        names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, layers)
        self._tensors = {}
        for ours in _llama_names(layers):
            name = names.get_name(ours, try_suffixes=(".weight",))
            if name in theirs:
                self._tensors[ours] = theirs.pop(name)
        self._tensors |= theirs

    def names(self) -> set[str]:
        """The tensors, under their names in transformers; unknown ones under their own."""
        return set(self._tensors)

    def sound(self, shapes: Shapes) -> list[str]:
        """Those of a model's tensors that are there in their shape."""
        return [name for name, shape in shapes.items() if name in self._tensors and self.shape_of(name) == shape]

    def shape_of(self, name: str) -> tuple[int, ...]:
        """Its shape."""
        return tuple(int(n) for n in reversed(self._tensors[name].shape))

    def values(self, name: str) -> torch.Tensor:
        """float32 values."""
        from gguf.quants import dequantize as dequantize_blocks

        from merge.gguf_export import separate

        tensor = self._tensors[name]
        values = torch.from_numpy(dequantize_blocks(tensor.data, tensor.tensor_type).copy()).view(self.shape_of(name))
        return separate(name, values, self._config).float()


def open_weights(folder: Path, format_: str) -> SafetensorsWeights | GgufWeights:
    """The weights of a build. Raises CheckpointError."""
    return GgufWeights(folder) if format_ == "gguf" else SafetensorsWeights(folder, fp8=format_ == "fp8")


def _llama_names(layers: int) -> list[str]:
    from merge.architecture import expected_shapes

    sizes = dict.fromkeys(("hidden_size", "intermediate_size", "vocab_size", "num_attention_heads"), 1)
    return list(expected_shapes({"architectures": ["LlamaForCausalLM"], "num_hidden_layers": layers, **sizes}))


def _field(reader: Any, name: str) -> Any:
    field = reader.fields.get(name)
    return field.contents() if field is not None else None
