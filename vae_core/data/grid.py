"""Grids of known factors, whose combinations are numbered.

Shapes: N combinations, F factors.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def combinations(index: Tensor, sizes: Sequence[int]) -> Tensor:
    """The factors `(N, F)` of combinations numbered as mixed-radix numbers over their sizes, the first factor slowest.

    >>> combinations(torch.tensor([0, 1, 2, 5]), (3, 2)).tolist()
    [[0, 0], [0, 1], [1, 0], [2, 1]]
    """
    columns = []
    for size in reversed(sizes):
        columns.append(index % size)
        index = index // size
    return torch.stack(columns[::-1], dim=-1)
