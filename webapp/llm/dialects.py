"""What TGI, vLLM, llama.cpp and other chat-completions servers do differently, as rows.

They share one route and differ in where they tell their window, what they call their model, how they say that a
prompt is too long, and whether a stop string stays in the text. A new server is a new row.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from webapp.core.errors import (
    EngineAway,
    EngineBusy,
    EngineError,
    EngineFault,
    EngineKeyRefused,
    EngineLoading,
    EngineRefused,
    PromptTooLong,
    StreamCut,
)

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine says of itself.

    `model` is what requests must name, `window` is in tokens (prompt and answer together), `name` is what the log and
    `ask --json` say.
    """

    dialect: str
    model: str
    window: int
    name: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """One row: how a kind of server differs from the others.

    `probe` is a GET whose answer holds a number at `window` on this kind of server and on no row above it.
    `model` is where that answer names the model, or the name itself.
    """

    name: str
    probe: str
    window: Path
    model: Path | str
    too_long: re.Pattern[str]
    keeps_stop: bool


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_TGI = (r"must have less than \d+ tokens", r"`max_new_tokens` must be <= \d+")
_VLLM = (r"maximum context length", r"maximum model length", r"max_model_len")
_LLAMA = (r"exceed_context_size_error", r"exceeds the available context size")
_ANY = (*_TGI, *_VLLM, *_LLAMA, r"context_length_exceeded", r"context (length|size|window)", r"prompt is too long")

TGI: Final = Dialect("tgi", "/info", ("max_total_tokens",), "tgi", _any_of(*_TGI), keeps_stop=True)
LLAMA_CPP: Final = Dialect(
    "llama.cpp",
    "/props",
    ("default_generation_settings", "n_ctx"),  # what one slot gets: the whole context divided by the slots
    ("model_alias",),
    _any_of(*_LLAMA),
    keeps_stop=False,
)
VLLM: Final = Dialect(
    "vllm", "/v1/models", ("data", 0, "max_model_len"), ("data", 0, "id"), _any_of(*_VLLM), keeps_stop=False
)
OTHER: Final = Dialect("other", "/v1/models", (), ("data", 0, "id"), _any_of(*_ANY), keeps_stop=True)

# In the order in which they are asked: the first three know themselves by their window.
DIALECTS: Final = (TGI, LLAMA_CPP, VLLM)
BY_NAME: Final = {dialect.name: dialect for dialect in (*DIALECTS, OTHER)}

# The window of the model that pincite is built around, and a common least for servers that do not say theirs.
UNTOLD_WINDOW: Final = 4096

# A reason that ends a text without completing it.
INCOMPLETE: Final[Mapping[str, type[EngineError]]] = MappingProxyType({"abort": StreamCut, "error": EngineFault})

_BY_STATUS: Final[Mapping[int, type[EngineError]]] = MappingProxyType(
    {
        401: EngineKeyRefused,
        403: EngineKeyRefused,
        413: PromptTooLong,
        429: EngineBusy,
        502: EngineAway,  # a proxy whose engine is gone
        503: EngineLoading,
        504: EngineAway,
    }
)
_MAY_MEAN_TOO_LONG: Final = (400, 422)
# What kind of error it is, in one word of the engine's. Its sentences are not kept: they may quote the prompt.
_KIND: Final = re.compile(r"[A-Za-z_]{1,40}")


def identify(dialect: Dialect, answer: object, *, model: str | None = None) -> EngineInfo | None:
    """What the answer to `dialect.probe` says, or None when it is not an answer of that dialect."""
    window = _at(answer, dialect.window) if dialect.window else UNTOLD_WINDOW
    if not isinstance(window, int) or window <= 0:
        return None
    if isinstance(dialect.model, str):
        model = dialect.model  # the server knows no other
    elif not model:
        told = _at(answer, dialect.model)
        model = told if isinstance(told, str) and told else dialect.name
    short = model.rsplit("/", 1)[-1]
    name = dialect.name if short == dialect.name else f"{dialect.name} {short}"
    return EngineInfo(dialect.name, model, window, name)


def refusal(dialect: Dialect, status: int, body: str) -> EngineError:
    """The error that an HTTP status other than 2xx means; `values` holds the status and the kind, for the log."""
    if status in _MAY_MEAN_TOO_LONG and dialect.too_long.search(body):
        return PromptTooLong(status=status, kind=kind(body))
    unlisted = EngineFault if status >= 500 else EngineRefused
    return _BY_STATUS.get(status, unlisted)(status=status, kind=kind(body))


def fault(dialect: Dialect, told: object) -> EngineError:
    """The error that an error line inside a stream means. TGI gives each the same status, so only its words tell."""
    body = told if isinstance(told, str) else json.dumps(told, default=str)
    what = PromptTooLong if dialect.too_long.search(body) else EngineFault
    return what(status=200, kind=kind(body))


def kind(body: str) -> str:
    """What kind of error a JSON body of any shape says it is: "overloaded", "BadRequestError"; else "text" or "json"."""
    try:
        told = json.loads(body)
    except ValueError:
        return "text" if body.strip() else "bare"
    error = told.get("error") if isinstance(told, dict) else None
    for level in (error, told):
        for key in ("error_type", "type", "code"):
            said = level.get(key) if isinstance(level, dict) else None
            if isinstance(said, str) and _KIND.fullmatch(said):
                return said
    return "json"


def _at(answer: object, path: Path) -> object:
    for step in path:
        try:
            answer = answer[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return None
    return answer
