"""Config and chat template as servers of both generations read them."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from merge.errors import MergeError
from merge.serving import MISTRAL_TEMPLATE, refuses_system, render, serving_config, tokenizer_files
from tests.merge import pico

pytestmark = pytest.mark.slow

MISTRAL = {"architectures": ["MistralForCausalLM"]}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0}
NEW = {"rope_parameters": {"rope_theta": 1e6, "rope_type": "default"}}
# base config → what must stand in the result
CONFIGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "written by transformers 4": ({"rope_theta": 1e6, "sliding_window": None}, {"rope_theta": 1e6, **NEW}),
    "written by transformers 5": (NEW, {"rope_theta": 1e6, **NEW}),
    "says no theta": ({}, {"rope_theta": 1e4, "rope_parameters": {"rope_theta": 1e4, "rope_type": "default"}}),
    "null window stays": ({"sliding_window": None}, {"sliding_window": None}),
    "a window that is not said": ({}, {"sliding_window": 4096}),
    "scaled, written by 4": (
        {"rope_theta": 5e5, "rope_scaling": LLAMA3},
        {"rope_scaling": LLAMA3, "rope_parameters": {**LLAMA3, "rope_theta": 5e5}},
    ),
    "scaled, written by 5": (
        {"rope_parameters": {**LLAMA3, "rope_theta": 5e5}},
        {"rope_theta": 5e5, "rope_scaling": LLAMA3, "rope_parameters": {**LLAMA3, "rope_theta": 5e5}},
    ),
    "dtype in both keys": ({"torch_dtype": "float32"}, {"torch_dtype": "bfloat16", "dtype": "bfloat16"}),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_config_says_everything_in_old_and_new_keys(name: str) -> None:
    base, expected = CONFIGS[name]
    config = serving_config(MISTRAL | base)
    assert {key: config[key] for key in expected} == expected


@pytest.mark.filterwarnings("ignore")
def test_transformers_reads_the_theta_and_window_that_were_meant(built: Path) -> None:
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(built / "bf16")
    assert config.rope_parameters["rope_theta"] == 1e6
    assert config.sliding_window is None


def test_tokenizer_files_are_copied_byte_for_byte_but_for_the_template(built: Path, parents: tuple[Path, Path]) -> None:
    base, folder = parents[0], built / "fp8"
    assert (folder / "special_tokens_map.json").read_bytes() == (base / "special_tokens_map.json").read_bytes()
    ours, theirs = (json.loads((f / "tokenizer_config.json").read_text()) for f in (folder, base))
    assert ours.pop("chat_template") == MISTRAL_TEMPLATE
    assert theirs.pop("chat_template") == pico.OLD_TEMPLATE
    assert ours == theirs


def test_a_template_that_accepts_a_system_message_is_left_alone(tmp_path: Path) -> None:
    text = '{"chat_template":   "{% for m in messages %}{{ m[\'content\'] }}{% endfor %}"}'
    (tmp_path / "tokenizer_config.json").write_text(text)
    assert tokenizer_files(tmp_path) == {"tokenizer_config.json": text.encode()}


def test_a_template_in_a_file_of_its_own_is_put_where_tgi_reads_it(tmp_path: Path) -> None:
    template = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    (tmp_path / "tokenizer_config.json").write_text("{}")
    (tmp_path / "chat_template.jinja").write_text(template)
    assert json.loads(tokenizer_files(tmp_path)["tokenizer_config.json"])["chat_template"] == template


TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
TURNS = [("user", "Q"), ("assistant", "A"), ("user", "R")]


def test_the_mistral_template_folds_the_system_message_into_the_first_turn() -> None:
    assert refuses_system(pico.OLD_TEMPLATE, TOKENS) is not None
    assert refuses_system(MISTRAL_TEMPLATE, TOKENS) is None
    assert (
        render(MISTRAL_TEMPLATE, TOKENS, [("system", "S"), *TURNS]) == "<s>[INST] S\n\nQ [/INST] A</s>[INST] R [/INST]"
    )
    assert render(MISTRAL_TEMPLATE, TOKENS, TURNS) == "<s>[INST] Q [/INST] A</s>[INST] R [/INST]"


@pytest.mark.filterwarnings("ignore")
def test_its_tokens_are_those_of_mistral_common() -> None:
    """The tokenizer and prompt format of the base, by its makers: Mistral-7B-Instruct v0.1 and v0.2."""
    from mistral_common.protocol.instruct.messages import AssistantMessage, UserMessage
    from mistral_common.protocol.instruct.request import ChatCompletionRequest
    from mistral_common.tokens.tokenizers.mistral import MistralTokenizer
    from sentencepiece import SentencePieceProcessor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        turns = [UserMessage(content="Who pays?"), AssistantMessage(content="The buyer."), UserMessage(content="When?")]
        theirs = MistralTokenizer.v1().encode_chat_completion(ChatCompletionRequest(messages=turns)).tokens
    pieces = SentencePieceProcessor(model_file=str(pico.SENTENCEPIECE))
    text = render(MISTRAL_TEMPLATE, TOKENS, [("user", "Who pays?"), ("assistant", "The buyer."), ("user", "When?")])
    ours: list[int] = []
    for part in text.removeprefix("<s>").split("</s>"):
        ours += [pieces.eos_id()] if ours else [pieces.bos_id()]
        ours += pieces.encode(part)
    assert ours == theirs


def test_every_error_has_a_sentence_and_a_hint() -> None:
    def below(error: type[MergeError]) -> list[type[MergeError]]:
        return [error, *(deeper for each in error.__subclasses__() for deeper in below(each))]

    leaves = [error for error in below(MergeError) if not error.__subclasses__()]
    assert len(leaves) > 25
    for error in leaves:
        assert error.sentence != MergeError.sentence
        assert error.hint_text
        assert error.sentence.endswith((".", "}"))
