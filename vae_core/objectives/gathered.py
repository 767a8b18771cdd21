"""The batch of all processes, where several hold a part of it each.

Shapes: B examples over R processes.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


class _Gathered(torch.autograd.Function):
    """The rows of all processes, `(B / R, ...)` each, as `(B, ...)`; a gradient returns to the rows it is of."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        parts = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, rows)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        whole = gradients[0].clone()
        dist.all_reduce(whole)
        return whole.chunk(dist.get_world_size())[dist.get_rank()]


def whole_batch(rows: Tensor) -> Tensor:
    """The batch of all processes, with gradient, where several hold a part of it each."""
    return _Gathered.apply(rows.contiguous()) if _several() else rows  # type: ignore[return-value]


def first_row(share: int) -> int:
    """Where this process's rows begin in the whole batch, of which it holds so many."""
    return dist.get_rank() * share if _several() else 0


def _several() -> bool:
    return dist.is_available() and dist.is_initialized()
