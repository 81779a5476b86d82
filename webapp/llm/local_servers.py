"""Finds the language model servers of this machine: Ollama, LM Studio, llama.cpp and vLLM, at their usual ports.

Only loopback and these four ports are asked, without a key; no part of an address comes from a client.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import httpx2

from webapp.llm.chat import storable

PORTS: Final = (11434, 1234, 8080, 8000)  # of Ollama, LM Studio, llama.cpp, vLLM
CONNECT_SECONDS, READ_SECONDS = 0.5, 2.0  # on loopback, where nothing listens is refused at once
MOST_MODELS = 100  # of one server
_MOST_BYTES = 1 << 20
_LONGEST_NAME = 200
_MOST_TOKENS = 1 << 30


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model that a server of this machine offers. `window` is None where it is not known before it is loaded."""

    server: str  # "Ollama"
    url: str
    model: str
    window: int | None = None
    bytes: int | None = None
    needs_key: bool = False

    @property
    def name(self) -> str:
        """The name that `pincite model use` takes: "ollama/qwen3:4b"."""
        return f"{self.server.lower().replace(' ', '-')}/{self.model}"


def local_models(ports: Sequence[int] = PORTS) -> list[LocalModel]:
    """The models of all servers that are found, by server."""
    with ThreadPoolExecutor(len(ports), "pincite-find") as pool:
        return [model for models in pool.map(_models_at, ports) for model in models]


def _models_at(port: int) -> list[LocalModel]:
    """The models of the server at a port; none where there is no server, or none that is known."""
    url = f"http://127.0.0.1:{port}"
    timeout = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    try:
        with httpx2.Client(base_url=url, timeout=timeout, trust_env=False, verify=False) as client:
            for path, read in _PROBES.items():
                status, body = _get(client, path)
                if status in (401, 403):
                    return [LocalModel("Server", url, f"port {port}", needs_key=True)]
                if models := list(islice(read(client, body), MOST_MODELS)):
                    return models
    except (httpx2.HTTPError, httpx2.InvalidURL):
        pass
    return []


def _get(client: httpx2.Client, path: str) -> tuple[int, Any]:
    """Status and JSON body of a GET; a body that is too large or no JSON is None."""
    with client.stream("GET", path) as response:
        body = b""
        for block in response.iter_bytes():
            body += block
            if len(body) > _MOST_BYTES:
                return response.status_code, None
    try:
        return response.status_code, json.loads(body) if response.is_success else None
    except (ValueError, RecursionError):
        return response.status_code, None


def _rows(body: Any, key: str) -> Iterator[dict[str, Any]]:
    rows = body.get(key) if isinstance(body, dict) else None
    yield from (row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()


def _name(row: dict[str, Any], *keys: str) -> str:
    name = next((row[key] for key in keys if isinstance(row.get(key), str)), "")
    return storable(name) if len(name) <= _LONGEST_NAME else ""


def _number(value: Any) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 < value <= _MOST_TOKENS * 1024 else None


def _ollama(client: httpx2.Client, body: Any) -> Iterator[LocalModel]:
    """The models of Ollama that run on this machine: those of its cloud, and those that only embed, are left out."""
    rows = [row for row in _rows(body, "models") if not row.get("remote_host") and not row.get("remote_model")]
    loaded = {_name(row, "name", "model"): row for row in _rows(_get(client, "/api/ps")[1], "models")} if rows else {}
    for row in rows:
        name, details = _name(row, "name", "model"), row.get("details")
        family = details.get("family") if isinstance(details, dict) else ""
        if name and not name.endswith("cloud") and "bert" not in str(family) and "embed" not in name:
            window = _number(loaded.get(name, {}).get("context_length"))
            yield LocalModel("Ollama", str(client.base_url).rstrip("/"), name, window, _number(row.get("size")))


def _lm_studio(client: httpx2.Client, body: Any) -> Iterator[LocalModel]:
    for row in _rows(body, "data"):
        if (name := _name(row, "id")) and row.get("type") in ("llm", "vlm"):
            window = _number(row.get("loaded_context_length"))
            yield LocalModel("LM Studio", str(client.base_url).rstrip("/"), name, window)


def _llama_cpp(client: httpx2.Client, body: Any) -> Iterator[LocalModel]:
    settings = body.get("default_generation_settings") if isinstance(body, dict) else None
    window = _number(settings.get("n_ctx")) if isinstance(settings, dict) else None
    if window:
        name = _name(body, "model_alias", "model_path").rsplit("/", 1)[-1] or "model"
        yield LocalModel("llama.cpp", str(client.base_url).rstrip("/"), name, window)


def _others(client: httpx2.Client, body: Any) -> Iterator[LocalModel]:
    """The models of vLLM, which tells their window, or of another server that lists its models as it does."""
    for row in _rows(body, "data"):
        if name := _name(row, "id"):
            window = _number(row.get("max_model_len"))
            yield LocalModel("vLLM" if window else "Server", str(client.base_url).rstrip("/"), name, window)


_PROBES: Final[dict[str, Callable[[httpx2.Client, Any], Iterator[LocalModel]]]] = {
    "/api/tags": _ollama,
    "/api/v0/models": _lm_studio,
    "/props": _llama_cpp,
    "/v1/models": _others,
}
