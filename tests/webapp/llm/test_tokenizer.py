"""Counting as the served model does."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mistral_common.protocol.instruct.messages import AssistantMessage, UserMessage
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

from tests.gguf import make_gguf
from tests.webapp.fake_engine import FakeEngine
from webapp.core.errors import EngineAway, EngineKeyRefused, EngineRefused, SettingsInvalid
from webapp.llm import tokenizer as tokens
from webapp.llm.client import ServerInfo
from webapp.llm.embedded import EmbeddedServer

CLAUSE = "The Borrower shall, upon not less than ten days’ prior notice, prepay the Loans (Section 2.1(b))."


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    engine = EmbeddedServer(make_gguf(tmp_path_factory.mktemp("model") / "noise.gguf"))
    address = engine.start()
    assert engine.wait(60)
    yield address
    engine.stop()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("a", 1),
        ("a b", 2),
        ("a  b", 3),  # white space counts as it stands
        ("a\n\nb", 4),
        (" a", 2),
        ("<s>[INST]", 6),  # no control token can be written into a text
    ],
)
def test_mistral_counts_text_as_it_stands(text: str, count: int) -> None:
    assert tokens.mistral()(text) == count


def test_mistral_counts_the_same_from_many_threads() -> None:
    texts = [f"{n} {CLAUSE}" for n in range(400)]
    tokens.mistral.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(tokens.mistral(), texts)) == [tokens.mistral()(text) for text in texts]


@pytest.mark.parametrize("turns", range(1, 12, 2))
def test_the_template_of_mistral_takes_at_most_what_is_set_aside(turns: int) -> None:
    texts = [f"{n}. {CLAUSE}" for n in range(turns)]
    roles = (UserMessage, AssistantMessage)
    messages = [roles[n % 2](content=text) for n, text in enumerate(texts)]
    prompt = MistralTokenizer.v1().encode_chat_completion(ChatCompletionRequest(messages=messages)).tokens
    template = len(prompt) - sum(tokens.mistral()(text) for text in texts)
    assert template + turns // 2 <= tokens.MISTRAL.overhead(turns), "one token a turn stays in reserve"


def test_llama_cpp_counts_with_the_tokenizer_of_its_model(llama: tuple[str, str]) -> None:
    count = tokens.from_llama_cpp(*llama)
    assert [count(text) for text in ("", "a b", "a  b", "1998", "’")] == [0, 3, 4, 4, 3]  # a token a character, or byte
    assert [tokens.mistral()(text) for text in ("a b", "a  b", "1998", "’")] == [2, 3, 5, 1]


def test_a_server_that_cannot_count_is_an_engine_error(llama: tuple[str, str]) -> None:
    with pytest.raises(EngineKeyRefused):
        tokens.from_llama_cpp(llama[0], "guess")("a")
    with FakeEngine("vllm") as server, pytest.raises(EngineRefused):
        tokens.from_llama_cpp(server.url, None)("a")
    with pytest.raises(EngineAway):
        tokens.from_llama_cpp(server.url + "/v1", None)("a")


def test_a_tokenizer_in_a_folder_is_used(tmp_path: Path) -> None:
    words = {"model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "who": 1}, "unk_token": "[UNK]"}}
    (tmp_path / "tokenizer.json").write_text(json.dumps({**words, "pre_tokenizer": {"type": "Whitespace"}}))
    assert tokens.from_pretrained(str(tmp_path))("who pays ?") == 3


def test_a_folder_without_a_tokenizer_is_an_invalid_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="PINCITE_TOKENIZER"):
        tokens.from_pretrained(str(tmp_path))


def test_the_engine_decides_who_counts_unless_the_setting_does(tmp_path: Path, llama: tuple[str, str]) -> None:
    tgi, cpp = (ServerInfo(name, "m", 4096, name, "m") for name in ("tgi", "llama.cpp"))
    assert tokens.token_counter(tgi, "http://127.0.0.1:1", None, None) == (tokens.mistral(), tokens.MISTRAL)
    assert tokens.token_counter(cpp, *llama, None) == (tokens.from_llama_cpp(*llama), tokens.ANY_OTHER)
    with pytest.raises(SettingsInvalid):
        tokens.token_counter(cpp, *llama, str(tmp_path))
