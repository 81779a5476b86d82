"""Servers of this machine that are found, with their models and windows."""

from typing import Any

import pytest

from tests.webapp.fake_engine import FakeEngine, Kind
from tests.webapp.llm.test_client import unused_url
from webapp.llm.local_servers import MOST_MODELS, PORTS, LocalModel, local_models

FOUND: dict[Kind, tuple[str, str, int | None]] = {
    "ollama": ("Ollama", "ollama/saul:7b", 8192),
    "lm-studio": ("LM Studio", "lm-studio/saul-7b", 8192),
    "llama.cpp": ("llama.cpp", "llama.cpp/saul.gguf", 8192),
    "vllm": ("vLLM", "vllm/legal/saul-slerp", 8192),
    "other": ("Server", "server/house-model", None),
}


@pytest.mark.parametrize("kind", FOUND)
def test_a_server_is_found_with_its_models_and_their_window(kind: Kind) -> None:
    with FakeEngine(kind, window=8192) as server:
        [model] = local_models([server.port])
        assert (model.server, model.name, model.window) == FOUND[kind]
        assert model.url == server.url
        assert not model.needs_key


def test_where_nothing_listens_and_where_something_else_does_nothing_is_found() -> None:
    with FakeEngine("vllm") as server:
        server.told = lambda _: None  # type: ignore[method-assign, assignment]
        assert local_models([int(unused_url().rpartition(":")[2]), server.port]) == []


def test_a_server_that_asks_for_a_key_gets_none_and_is_told() -> None:
    with FakeEngine("vllm", key="secret") as server:
        assert local_models([server.port]) == [LocalModel("Server", server.url, f"port {server.port}", needs_key=True)]


TAGS: Any = {
    "models": [
        {"name": "qwen3:4b", "size": 2_600_000_000, "details": {"family": "qwen3"}},
        {"name": "nomic-embed-text:latest", "details": {"family": "nomic-bert"}},
        {"name": "glm-5:cloud", "remote_host": "https://ollama.com", "remote_model": "glm-5"},
        {"name": "kimi:1t-cloud"},
        {"name": 7},
        "nonsense",
    ]
}


def test_of_ollama_what_runs_elsewhere_and_what_only_embeds_is_left_out() -> None:
    with FakeEngine("ollama") as server:
        server.told = lambda path: TAGS if path == "/api/tags" else {"models": []}  # type: ignore[method-assign]
        assert local_models([server.port]) == [LocalModel("Ollama", server.url, "qwen3:4b", None, 2_600_000_000)]


@pytest.mark.parametrize(
    "body", [[], {}, {"models": None}, {"models": {"a": 1}}, {"data": "x"}, "x", {"models": [{"name": "n" * 300}]}]
)
def test_what_no_server_of_ours_says_is_none(body: Any) -> None:
    with FakeEngine("other") as server:
        server.told = lambda _: body  # type: ignore[method-assign, assignment]
        assert local_models([server.port]) == []


def test_a_server_with_very_many_models_is_cut_off() -> None:
    rows = [{"id": f"m{n}", "max_model_len": 4096} for n in range(500)]
    with FakeEngine("vllm") as server:
        server.told = lambda path: {"data": rows} if path == "/v1/models" else None  # type: ignore[method-assign]
        assert len(local_models([server.port])) == MOST_MODELS


def test_only_the_usual_ports_of_this_machine_are_asked() -> None:
    assert PORTS == (11434, 1234, 8080, 8000)
