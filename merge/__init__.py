"""Merges two checkpoints by a mergekit recipe, and writes and verifies the result as FP8, bf16 or GGUF."""
