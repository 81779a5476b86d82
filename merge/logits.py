"""Comparison of the next-token logits of an FP8 folder with those of the bf16 merge, by transformers on the CPU."""

from pathlib import Path
from typing import Any

# Number and length of the prompts, of random token ids: any will do, as both models get the same.
PROMPTS, LENGTH = 4, 24
# Limit of |fp8 - bf16| / |bf16| of centred logits. Weights and activations each lose about 3 % a layer, and errors add
# up; a larger error is that of another model.
WORST_ERROR = 0.5


def compare(fp8: Path, bf16: Path) -> dict[str, Any]:
    """The `agreement` of the logits of two folders. Loads both models into memory, one after the other."""
    return agreement(logits(bf16), logits(fp8))


def agreement(reference: Any, quantized: Any) -> dict[str, Any]:
    """Relative error of the logits, share of positions with the same best token, and mean KL divergence in nats.

    Takes tensors of logits or of their log-softmax, float32 [..., vocabulary]: both give the same.
    """
    import torch

    centred = reference - reference.mean(dim=-1, keepdim=True)
    error = (quantized - quantized.mean(dim=-1, keepdim=True) - centred).norm() / centred.norm()
    p, q = torch.log_softmax(reference, dim=-1), torch.log_softmax(quantized, dim=-1)
    return {
        "logits_error": float(error),
        "logits_same_best": float((reference.argmax(-1) == quantized.argmax(-1)).float().mean()),
        "logits_kl": float((p.exp() * (p - q)).sum(-1).mean()),
    }


def prompts(vocabulary: int) -> Any:
    """The prompts, int64 [PROMPTS, LENGTH]."""
    import torch

    return torch.randint(0, vocabulary, (PROMPTS, LENGTH), generator=torch.Generator().manual_seed(0))


def logits(folder: Path) -> Any:
    """Logits of the prompts, float32 [PROMPTS, LENGTH, vocabulary]."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, local_files_only=True)  # nosec B615 (a folder here)
    model.requires_grad_(False)
    with torch.no_grad():
        return model(prompts(model.config.vocab_size)).logits.float()
