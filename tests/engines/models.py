"""The models of the real servers: the merge of two small Mistral parents in every format, and one that thinks.

What the merge writes is noise. The one that thinks writes what it was made to: a token leads to the next one.
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import torch
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer
from safetensors.torch import load_file, save_file

from merge.build import build
from tests.engines.cases import ANSWER, THOUGHT
from tests.merge import pico

SIZES: Final[dict[str, Any]] = {
    "vocab_size": 32_000,
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 4,
    "max_position_embeddings": 32_768,
}
THINK, DONE = 31_998, 31_999  # of rare characters, which no text here has
FORMATS = ("fp8", "bf16", "gguf")


def make_merge(folder: Path) -> Path:
    """Two parents and their merge; returns the folder with fp8/, bf16/ and gguf/."""
    parents = [pico.make_model(folder / name, seed, **SIZES) for seed, name in enumerate(("base", "other"))]
    for parent in parents:
        pico.add_sentencepiece(parent)
    recipe = pico.write_recipe(folder / "recipe.yaml", *parents, layers=4)
    build(recipe, folder / "merge", FORMATS, gguf_type="f16")
    return folder / "merge"


def make_thinker(folder: Path) -> Path:
    """A model that writes `<think>`, THOUGHT, `</think>` and ANSWER, and ends, whatever it is asked."""
    pico.make_model(folder, 0, shards=1, **SIZES)
    pico.add_sentencepiece(folder)
    encode = MistralTokenizer.v1().instruct_tokenizer.tokenizer.encode
    thought, answer = (encode(text, bos=False, eos=False) for text in (THOUGHT, ANSWER))
    prompt_end = encode("[/INST]", bos=False, eos=False)[-1]
    written = [prompt_end, THINK, *thought, DONE, *answer, pico.CONFIG["eos_token_id"]]
    assert len(set(written)) == len(written), "each token leads to one other"
    file = folder / "model.safetensors"
    weights = load_file(file)
    for name, weight in weights.items():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            weight.zero_()  # attention and MLP add nothing: what comes next depends on the last token alone
    tokens = weights["model.embed_tokens.weight"]
    head = torch.zeros_like(tokens)
    for token, following in pairwise(written):
        head[following] = tokens[token]
    save_file(weights | {"lm_head.weight": head}, file, metadata={"format": "pt"})
    _name_the_tags(folder)
    return folder


def _name_the_tags(folder: Path) -> None:
    """Write tokenizer.json, with the tags of thinking in the place of two pieces."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    told = json.loads(tokenizer.backend_tokenizer.to_str())
    vocabulary = told["model"]["vocab"]
    names = {THINK: "<think>", DONE: "</think>"}
    told["model"]["vocab"] = {names.get(token, piece): token for piece, token in vocabulary.items()}
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    told["added_tokens"] += [{"id": token, "content": name} | plain for token, name in names.items()]
    (folder / "tokenizer.json").write_text(json.dumps(told))
    (folder / "tokenizer.model").unlink()
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config |= {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": pico.MISTRAL_TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
