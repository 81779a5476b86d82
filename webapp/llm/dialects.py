"""Differences between chat-completions servers (TGI, vLLM, llama.cpp, others), as a table of dialects.

The servers share one route and differ in where they report their context window and model, how they report a prompt
that is too long, whether a stop string stays in the text, and what switches thinking off. Support for another server is
another row.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

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
    SwitchRefused,
)
from webapp.llm.chat import storable
from webapp.llm.thinking import REFUSES_SWITCH, TEMPLATE_SWITCH

JsonPath = tuple[str | int, ...]  # keys and indexes that lead to a value; ITS leads to the row of the model
ITS: Final = "*"


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What a server reports about itself.

    `model` is the name that requests must give, `window` the context window in tokens (prompt and answer together),
    `name` what the log and `ask --json` show, `served` what the server calls its model. `thinks`: it is known to think
    before it answers, whatever is asked.
    """

    dialect: str
    model: str
    window: int
    name: str
    served: str
    thinks: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of server.

    `probe` is the path of a GET whose JSON response has a number at `window` on this kind of server, and on no row
    above it. `model` is where that response has the name that requests give, or the name itself; `served` is where it
    names the model that it serves, if elsewhere. `too_long` matches the error for a prompt that exceeds the window.
    `keeps_stop`: whether the stop string is part of the text. `no_thinking` are the fields of a request that switch
    thinking off, `less_thinking` those for a model that thinks all the same. `rendering`: the path of a POST that shows
    a prompt as the chat template renders it, and where in its response. `loads_late`: a model is loaded when it is
    first asked, and its window is known from then on.
    """

    name: str
    probe: str
    window: JsonPath
    model: JsonPath | str
    too_long: re.Pattern[str]
    keeps_stop: bool
    served: JsonPath = ()
    no_thinking: Mapping[str, Any] = field(default_factory=dict)
    less_thinking: Mapping[str, Any] = field(default_factory=dict)
    rendering: tuple[str, JsonPath] | None = None
    loads_late: bool = False


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_TGI = (r"must have less than \d+ tokens", r"`max_new_tokens` must be <= \d+")
# The last of a prompt that fills the window to the last token.
_VLLM = (r"maximum context length", r"maximum model length", r"max_model_len", r"max_tokens must be at least 1")
_LLAMA = (r"exceed_context_size_error", r"exceeds the available context size")
_ANY = (*_TGI, *_VLLM, *_LLAMA, r"context_length_exceeded", r"context (length|size|window)", r"prompt is too long")

_BY_TEMPLATE: Final = {"chat_template_kwargs": TEMPLATE_SWITCH}
_BY_EFFORT: Final = {"reasoning_effort": "none"}
_LOW_EFFORT: Final = {"reasoning_effort": "low"}  # gpt-oss cannot do without

TGI: Final = Dialect(
    "tgi",
    "/info",
    ("max_total_tokens",),
    "tgi",
    _any_of(*_TGI),
    keeps_stop=True,
    served=("model_id",),
    rendering=("/chat_tokenize", ("templated_text",)),
)
LLAMA_CPP: Final = Dialect(
    "llama.cpp",
    "/props",
    ("default_generation_settings", "n_ctx"),  # of one slot: the whole context divided by the number of slots
    ("model_alias",),
    _any_of(*_LLAMA),
    keeps_stop=False,
    no_thinking=_BY_TEMPLATE,
    less_thinking={"chat_template_kwargs": {**TEMPLATE_SWITCH, **_LOW_EFFORT}},
)
VLLM: Final = Dialect(
    "vllm",
    "/v1/models",
    ("data", 0, "max_model_len"),
    ("data", 0, "id"),
    _any_of(*_VLLM),
    keeps_stop=False,
    no_thinking=_BY_TEMPLATE,
    less_thinking={**_BY_TEMPLATE, **_LOW_EFFORT},
    rendering=("/tokenize", ("token_strs",)),
)
# Until a model is loaded its window is taken to be DEFAULT_WINDOW, the least with which these two load one.
OLLAMA: Final = Dialect(
    "ollama",
    "/api/ps",
    ("models", ITS, "context_length"),
    ("models", 0, "name"),
    _any_of(*_ANY),
    keeps_stop=False,
    no_thinking=_BY_EFFORT,
    less_thinking=_LOW_EFFORT,
    loads_late=True,
)
LM_STUDIO: Final = Dialect(
    "lm-studio",
    "/api/v0/models",
    ("data", ITS, "loaded_context_length"),
    ("data", 0, "id"),
    _any_of(*_ANY),
    keeps_stop=False,
    no_thinking={**_BY_TEMPLATE, **_BY_EFFORT},
    less_thinking={**_BY_TEMPLATE, **_LOW_EFFORT},
    loads_late=True,
)
OTHER: Final = Dialect(
    "other",
    "/v1/models",
    (),
    ("data", 0, "id"),
    _any_of(*_ANY),
    keeps_stop=True,
    no_thinking={**_BY_TEMPLATE, **_BY_EFFORT},
    less_thinking={**_BY_TEMPLATE, **_LOW_EFFORT},
)

# In the order in which they are probed.
DIALECTS: Final = (TGI, LLAMA_CPP, OLLAMA, LM_STUDIO, VLLM)
BY_NAME: Final = {dialect.name: dialect for dialect in (*DIALECTS, OTHER)}

# For servers that report no window: that of the model pincite is built around, and a common minimum.
DEFAULT_WINDOW: Final = 4096
_LONGEST_NAME: Final = 200  # characters of a model's name that are kept
_MOST_TOKENS: Final = 1 << 30  # of a window; a larger number is none

# Finish reasons of a text that is not complete.
INCOMPLETE: Final[Mapping[str, type[EngineError]]] = MappingProxyType({"abort": StreamCut, "error": EngineFault})

_BY_STATUS: Final[Mapping[int, type[EngineError]]] = MappingProxyType(
    {
        401: EngineKeyRefused,
        403: EngineKeyRefused,
        413: PromptTooLong,
        429: EngineBusy,
        502: EngineAway,  # a proxy whose server is gone
        503: EngineLoading,
        504: EngineAway,
    }
)
_MAY_MEAN_TOO_LONG: Final = (400, 422)
# The server's word for the kind of error. Its message is not kept: it may quote the prompt.
_KIND: Final = re.compile(r"[A-Za-z_]{1,40}")


def identify(dialect: Dialect, body: object, *, model: str | None = None) -> ServerInfo | None:
    """Read the JSON response to `dialect.probe`; None if it is not a response of that dialect."""
    window = _at(body, dialect.window, model) if dialect.window else DEFAULT_WINDOW
    if dialect.loads_late and window is None and isinstance(_at(body, dialect.window[:1]), list):
        window = DEFAULT_WINDOW
    if not isinstance(window, int) or not 0 < window <= _MOST_TOKENS:
        return None
    if isinstance(dialect.model, str):
        model = dialect.model  # the server accepts no other
    elif not model:
        reported = _at(body, dialect.model)
        if dialect.loads_late and not reported:  # none is loaded; the list of all says which there are
            return None
        model = reported if isinstance(reported, str) and reported else dialect.name
    short = storable(model.rsplit("/", 1)[-1])
    name = dialect.name if short == dialect.name else f"{dialect.name} {short}"
    return ServerInfo(dialect.name, model, window, name, _served(_at(body, dialect.served), model))


def _served(reported: object, model: str) -> str:
    """The name of the model that is served, as the server reports it; of a path on its disk the last part."""
    said = storable(reported if isinstance(reported, str) and reported else model)
    return (said.rsplit("/", 1)[-1] if said.startswith("/") else said)[:_LONGEST_NAME]


def refusal(dialect: Dialect, status: int, body: str) -> EngineError:
    """Map an HTTP status other than 2xx to an EngineError; its `values` hold the status and the kind, for the log."""
    if status in _MAY_MEAN_TOO_LONG and dialect.too_long.search(body):
        return PromptTooLong(status=status, kind=kind(body))
    if status in _MAY_MEAN_TOO_LONG and REFUSES_SWITCH.search(body):
        return SwitchRefused(status=status, kind=kind(body))
    unlisted = EngineFault if status >= 500 else EngineRefused
    return _BY_STATUS.get(status, unlisted)(status=status, kind=kind(body))


def fault(dialect: Dialect, event: object) -> EngineError:
    """Map an error event inside a stream to an EngineError, by its text: TGI gives all of them the same status."""
    body = event if isinstance(event, str) else json.dumps(event, default=str)
    error = PromptTooLong if dialect.too_long.search(body) else EngineFault
    return error(status=200, kind=kind(body))


def kind(body: str) -> str:
    """The kind of error that a JSON body names ("overloaded", "BadRequestError"), else "json",
    "text" or "bare" (empty).
    """
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return "text" if body.strip() else "bare"
    error = parsed.get("error") if isinstance(parsed, dict) else None
    for level in (error, parsed):
        for key in ("error_type", "type", "code"):
            value = level.get(key) if isinstance(level, dict) else None
            if isinstance(value, str) and _KIND.fullmatch(value):
                return value
    return "json"


def rendered(body: object, path: JsonPath) -> str:
    """The end of a prompt as a server renders it, a text or the texts of its tokens; "" if it is not there."""
    prompt = _at(body, path)
    if isinstance(prompt, list):
        prompt = "".join(token for token in prompt[-_LAST_TOKENS:] if isinstance(token, str))
    return prompt[-_LAST_CHARACTERS:] if isinstance(prompt, str) else ""


_LAST_TOKENS, _LAST_CHARACTERS = 40, 400


def _at(value: object, path: JsonPath, model: str | None = None) -> object:
    for step in path:
        try:
            value = _its(value, model) if step == ITS else value[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _its(rows: object, model: str | None) -> object:
    """The row of a list that is about a model, the first where none is asked for."""
    if not isinstance(rows, list):
        return None
    names = ("id", "name", "model")
    its = [row for row in rows if isinstance(row, dict) and (not model or model in [row.get(name) for name in names])]
    return its[0] if its else None
