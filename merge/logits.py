"""Compare the next-token logits of an FP8 folder with those of the bf16 merge, through transformers on the CPU."""

from pathlib import Path
from typing import Any

# Prompts in the order of the vocabulary's use: any ids do, both models see the same.
PROMPTS, LENGTH = 4, 24
# |fp8 - bf16| / |bf16| of centred logits. Weights and activations each lose about 3 % a layer, and errors add up:
# far beyond this, another model is answering.
WORST_ERROR = 0.5


def compare(fp8: Path, bf16: Path) -> dict[str, Any]:
    """Error of the logits, share of positions with the same best token, mean KL divergence in nats.

    Reads both models into memory, one after the other.
    """
    import torch

    reference, found = _logits(bf16), _logits(fp8)
    centred = reference - reference.mean(dim=-1, keepdim=True)
    error = (found - found.mean(dim=-1, keepdim=True) - centred).norm() / centred.norm()
    p, q = torch.log_softmax(reference, dim=-1), torch.log_softmax(found, dim=-1)
    return {
        "logits_error": float(error),
        "logits_same_best": float((reference.argmax(-1) == found.argmax(-1)).float().mean()),
        "logits_kl": float((p.exp() * (p - q)).sum(-1).mean()),
    }


def _logits(folder: Path) -> Any:
    """float32 [prompts, length, vocabulary]."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, local_files_only=True)  # nosec B615 (a folder here)
    model.requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(0, model.config.vocab_size, (PROMPTS, LENGTH), generator=generator)
    with torch.no_grad():
        return model(tokens).logits.float()
