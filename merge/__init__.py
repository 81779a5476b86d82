"""Two checkpoints become one verified FP8 checkpoint."""
