"""Token counts of a prompt, as the served model's tokenizer and chat template give them.

The tokenizer of Mistral-7B v0.1 and v0.2, and so of the merge that pincite is built around, is part of mistral-common:
exact for text, and offline. A llama.cpp server (the embedded one too) counts over HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import httpx2

from webapp.core.errors import EngineAway, EngineFault, EngineSilent, SettingsInvalid
from webapp.llm.client import http_options
from webapp.llm.dialects import LLAMA_CPP, ServerInfo, refusal

TokenCounter = Callable[[str], int]

# Texts in the cache. Passages are counted for every question, of several users at once: some thousand texts of 2,000
# characters.
_CACHE_SIZE: Final = 8192
_COUNT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Template:
    """Upper bound of the tokens that a chat template adds: for each message, and once for the prompt."""

    per_message: int
    fixed: int

    def overhead(self, messages: int) -> int:
        """Tokens beside the texts of so many messages (counted after `merge_roles`)."""
        return self.fixed + self.per_message * messages


# "[INST] … [/INST]" takes seven, "</s>" one, "<s>" one. One more for each message is in reserve: TGI tokenizes the
# rendered template as one text, and tokens may fall differently at the borders.
MISTRAL: Final = Template(per_message=8, fixed=1)
# "<|im_start|>user … <|im_end|>" takes five, the start of an answer three, a short default system text twenty. Some
# templates have longer default texts; pincite is not made for their models.
ANY_OTHER: Final = Template(per_message=8, fixed=40)


def token_counter(
    info: ServerInfo, url: str, api_key: str | None, tokenizer: str | None
) -> tuple[TokenCounter, Template]:
    """Choose the token counter and the template for a server.

    `tokenizer` (PINCITE_TOKENIZER), a folder or hub id, takes precedence; then the server's own if it is llama.cpp;
    else Mistral's. Raises SettingsInvalid for an unusable `tokenizer`.
    """
    if tokenizer is not None:
        return from_pretrained(tokenizer), ANY_OTHER
    if info.dialect == LLAMA_CPP.name:
        return from_llama_cpp(url, api_key), ANY_OTHER
    return mistral(), MISTRAL


@cache
def mistral() -> TokenCounter:
    """Token counter of Mistral-7B v0.1/v0.2. Counts white space as it is. Offline, thread-safe."""
    from mistral_common.tokens.tokenizers.mistral import MistralTokenizer  # 0.7 s

    encode = MistralTokenizer.v1().instruct_tokenizer.tokenizer.encode
    return lru_cache(_CACHE_SIZE)(lambda text: len(encode(text, bos=False, eos=False)))


@cache
def from_pretrained(tokenizer: str) -> TokenCounter:
    """Token counter from a folder's `tokenizer.json`, or of a model on the hub. Thread-safe. Raises SettingsInvalid."""
    from tokenizers import Tokenizer

    try:
        folder = Path(tokenizer)
        loaded = (
            Tokenizer.from_file(str(folder / "tokenizer.json"))
            if folder.is_dir()
            else Tokenizer.from_pretrained(tokenizer)
        )
    except Exception as error:  # the library raises bare Exception
        reason = "that folder has no tokenizer.json, and no model of that name can be loaded"
        raise SettingsInvalid(setting="PINCITE_TOKENIZER", reason=reason) from error
    return lru_cache(_CACHE_SIZE)(lambda text: len(loaded.encode(text, add_special_tokens=False).ids))


@lru_cache(maxsize=4)
def from_llama_cpp(url: str, api_key: str | None) -> TokenCounter:
    """Token counter of a llama.cpp server, over HTTP: a few ms for each text not in the cache. Thread-safe.

    The counter raises EngineError.
    """
    # No keep-alive: a connection would outlive a restart of the server, and nobody closes this client.
    http = httpx2.Client(
        **http_options(url, api_key), timeout=_COUNT_SECONDS, limits=httpx2.Limits(max_keepalive_connections=0)
    )

    @lru_cache(_CACHE_SIZE)
    def count(text: str) -> int:
        try:
            response = http.post("/tokenize", json={"content": text})
        except httpx2.TimeoutException as error:
            raise EngineSilent(seconds=_COUNT_SECONDS) from error
        except httpx2.HTTPError as error:
            raise EngineAway() from error
        if not response.is_success:
            raise refusal(LLAMA_CPP, response.status_code, response.text)
        try:
            return len(response.json()["tokens"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise EngineFault(reason="the response has no tokens") from error

    return count
