"""Memory that is used again for the next tensor.

Fresh memory is cleared by the kernel at the first touch: for tensors of 100 MB that costs as much processor time as
merging them.
"""

import math
import threading

import torch


class Scratch(threading.local):
    """Room for tensors by role. Each thread has its own, as large as its largest tensor so far, for as long as it lives."""

    def __init__(self) -> None:
        self._rooms: dict[str, torch.Tensor] = {}

    def tensor(self, role: str, shape: tuple[int, ...] | torch.Size, dtype: torch.dtype) -> torch.Tensor:
        """A tensor of undefined values; good until this thread asks for the same role again."""
        size = math.prod(shape) * dtype.itemsize
        if role not in self._rooms or self._rooms[role].numel() < size:
            self._rooms.pop(role, None)  # before the larger one is made
            self._rooms[role] = torch.empty(size, dtype=torch.uint8)
        return self._rooms[role][:size].view(dtype).view(shape)
