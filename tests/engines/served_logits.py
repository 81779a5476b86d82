"""Next-token logits as vLLM serves them, beside those of transformers, for the prompts of `merge.logits`."""

from pathlib import Path
from typing import Any

import torch

from merge import logits
from tests.engines.servers import Server

LENGTHS = (6, 12, 18, logits.LENGTH)  # of each prompt: so many of its tokens are sent, and the next is asked for


def served(server: Server, vocabulary: int) -> torch.Tensor:
    """Log-probabilities of every token after each beginning of each prompt, float32 [prompts, lengths, vocabulary]."""
    prompts = logits.prompts(vocabulary).tolist()
    return torch.stack([torch.stack([_next(server, prompt[:n], vocabulary) for n in LENGTHS]) for prompt in prompts])


def _next(server: Server, prompt: list[int], vocabulary: int) -> torch.Tensor:
    asked: dict[str, Any] = {"model": "merge", "prompt": prompt, "max_tokens": 1, "temperature": 0, "logprobs": -1}
    answer = server.post("/v1/completions", asked | {"return_tokens_as_token_ids": True})
    [told] = answer["choices"][0]["logprobs"]["top_logprobs"]
    row = torch.full((vocabulary,), torch.nan)
    for name, value in told.items():
        row[int(name.removeprefix("token_id:"))] = value
    if row.isnan().any():
        raise ValueError(f"{int(row.isnan().sum())} of {vocabulary} tokens have no log-probability")
    return row


def of_transformers(folder: Path) -> torch.Tensor:
    """Logits at the same places, float32 [prompts, lengths, vocabulary]."""
    taken: torch.Tensor = logits.logits(folder)[:, [n - 1 for n in LENGTHS]]
    return taken
