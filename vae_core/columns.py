"""Columns that are computed one after the other and stand side by side."""

from collections.abc import Iterable
from itertools import chain

import torch
from torch import Tensor


def side_by_side(columns: Iterable[Tensor], count: int) -> Tensor:
    """`count` columns `(N, ...)` as `(N, ..., count)`.

    Where no gradient is wanted each is written where it stays as soon as it comes: small tensors that are kept one by one hold the memory
    of the large ones that come and go between them, gigabytes of a thousand columns.

    >>> with torch.no_grad():
    ...     side_by_side((torch.full((2,), float(c)) for c in range(3)), 3).tolist()
    [[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]
    """
    if torch.is_grad_enabled():
        return torch.stack(list(columns), -1)
    each = iter(columns)
    first = next(each)
    found = first.new_empty(*first.shape, count)
    for number, column in enumerate(chain([first], each)):
        found[..., number] = column
    return found
