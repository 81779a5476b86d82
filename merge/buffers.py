"""Reusable memory buffers for tensors.

The kernel clears new memory when it is first touched:
for tensors of 100 MB that takes as much CPU time as merging them.
"""

import math
import threading

import torch


class BufferPool(threading.local):
    """Buffers by role, separate for each thread; each is as large as the largest tensor it has held."""

    def __init__(self) -> None:
        self._buffers: dict[str, torch.Tensor] = {}

    def tensor(self, role: str, shape: tuple[int, ...] | torch.Size, dtype: torch.dtype) -> torch.Tensor:
        """An uninitialised tensor in the buffer of `role`, valid until this thread's next call for the same role."""
        size = math.prod(shape) * dtype.itemsize
        if role not in self._buffers or self._buffers[role].numel() < size:
            self._buffers.pop(role, None)  # freed before the larger one is allocated
            self._buffers[role] = torch.empty(size, dtype=torch.uint8)
        return self._buffers[role][:size].view(dtype).view(shape)
