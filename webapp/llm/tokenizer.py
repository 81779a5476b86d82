"""Counts tokens as the model that is served would, and what its chat template adds to the texts.

Mistral-7B v0.1 and v0.2, and so the merge that pincite is built around, have their tokenizer inside mistral-common:
exact for text, without a network. A llama.cpp server (the embedded one too) counts for us over HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import httpx2

from webapp.core.errors import EngineAway, EngineFault, EngineSilent, SettingsInvalid
from webapp.llm.client import http_options
from webapp.llm.dialects import LLAMA_CPP, EngineInfo, refusal

TokenCounter = Callable[[str], int]

# Passages are counted anew for every question, by several readers at once: some thousand texts of 2,000 characters.
_REMEMBERED: Final = 8192
_ASKING: Final = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Template:
    """What a chat template adds, in tokens, at most: for each turn, and once for the prompt."""

    per_message: int
    fixed: int

    def overhead(self, messages: int) -> int:
        """Tokens beside the texts of so many turns (counted after `fold`)."""
        return self.fixed + self.per_message * messages


# "[INST] … [/INST]" takes seven, "</s>" one, "<s>" one. One more a turn is in reserve: TGI renders the template as text
# before it splits that into tokens, which may fall differently at the borders.
MISTRAL: Final = Template(per_message=8, fixed=1)
# "<|im_start|>user … <|im_end|>" takes five, an opened answer three, a system text that the template adds of itself
# 22 (SmolLM2). Templates with longer texts of their own exist; they belong to models that pincite is not made for.
ANY_OTHER: Final = Template(per_message=8, fixed=40)


def counting(info: EngineInfo, url: str, api_key: str | None, tokenizer: str | None) -> tuple[TokenCounter, Template]:
    """The counter and the template for an engine.

    `tokenizer` (PINCITE_TOKENIZER) is a folder or hub id and wins; a llama.cpp server counts itself; else Mistral's.
    """
    if tokenizer is not None:
        return from_pretrained(tokenizer), ANY_OTHER
    if info.dialect == LLAMA_CPP.name:
        return from_llama_cpp(url, api_key), ANY_OTHER
    return mistral(), MISTRAL


@cache
def mistral() -> TokenCounter:
    """Mistral's tokenizer, v0.1/v0.2 of the 7B model; white space counts as it stands. Offline. Any thread."""
    from mistral_common.tokens.tokenizers.mistral import MistralTokenizer  # 0.7 s

    encode = MistralTokenizer.v1().instruct_tokenizer.tokenizer.encode
    return lru_cache(_REMEMBERED)(lambda text: len(encode(text, bos=False, eos=False)))


@cache
def from_pretrained(tokenizer: str) -> TokenCounter:
    """The tokenizer in a folder's `tokenizer.json`, or of a model on the hub. Any thread.

    Raises SettingsInvalid when there is none.
    """
    from tokenizers import Tokenizer

    try:
        folder = Path(tokenizer)
        loaded = (
            Tokenizer.from_file(str(folder / "tokenizer.json"))
            if folder.is_dir()
            else Tokenizer.from_pretrained(tokenizer)
        )
    except Exception as error:  # the library raises bare Exception
        reason = "there is no tokenizer.json in that folder, nor a model of that name within reach"
        raise SettingsInvalid(setting="PINCITE_TOKENIZER", reason=reason) from error
    return lru_cache(_REMEMBERED)(lambda text: len(loaded.encode(text, add_special_tokens=False).ids))


@lru_cache(maxsize=4)
def from_llama_cpp(url: str, api_key: str | None) -> TokenCounter:
    """The tokenizer of a llama.cpp server, asked over HTTP: a few ms a text that it has not seen. Any thread.

    The counter raises EngineAway, EngineSilent, EngineFault, or what a refusal means.
    """
    # No connection is kept: it would outlive a restart of the server, and there is nobody to close it.
    http = httpx2.Client(
        **http_options(url, api_key), timeout=_ASKING, limits=httpx2.Limits(max_keepalive_connections=0)
    )

    @lru_cache(_REMEMBERED)
    def count(text: str) -> int:
        try:
            response = http.post("/tokenize", json={"content": text})
        except httpx2.TimeoutException as error:
            raise EngineSilent(seconds=_ASKING) from error
        except httpx2.HTTPError as error:
            raise EngineAway() from error
        if not response.is_success:
            raise refusal(LLAMA_CPP, response.status_code, response.text)
        try:
            return len(response.json()["tokens"])
        except (ValueError, KeyError, TypeError) as error:
            raise EngineFault(reason="no tokens in the answer") from error

    return count
