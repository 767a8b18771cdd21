"""What the features of a table do: which move along a path of codes, and which tell two groups of rows apart.

Shapes: N rows, T positions, F features.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ..kinds import Table


def moved(table: Table, rows: Tensor) -> Tensor:
    """How far each feature runs along rows `(..., T, F)`: the last minus the first, in standard deviations of the training rows, `(..., F)`;
    of counts the logarithm of 1 + x.

    >>> table = Table(("a", "b"), ("real", "real"), (0.0, 0.0), (2.0, 1.0), (0.0, 0.0), (1.0, 1.0))
    >>> moved(table, torch.tensor([[0.0, 1.0], [4.0, 1.0]])).tolist()
    [2.0, 0.0]
    """
    standardised = table.standardised(rows)
    return standardised[..., -1, :] - standardised[..., 0, :]


class Differences(NamedTuple):
    """By feature, `(F,)`: means of both groups, and how far they are apart (`score`). Of counts also log2 of the ratio of the means of counts
    scaled to the same library (`fold`), NaN elsewhere."""

    first: Tensor
    second: Tensor
    score: Tensor
    fold: Tensor


# A count that is added to both means before their ratio is taken, so that a gene nobody has seen has a fold change of 0.
PSEUDO = 0.5


def differences(table: Table, first: Tensor, second: Tensor) -> Differences:
    """What tells two groups of rows `(N, F)` apart, second minus first.

    score: Welch's t, (m2 - m1) / sqrt(v1 / n1 + v2 / n2), of the features (of log(1 + x) of counts, scaled to the median library of both
    groups); 0 where neither varies. Rows chosen by their codes are no random sample: it orders features, and tests nothing.

    >>> table = Table(("a",), ("real",), (0.0,), (1.0,), (0.0,), (1.0,))
    >>> found = differences(table, torch.tensor([[0.0], [2.0]]), torch.tensor([[4.0], [6.0]]))
    >>> found.first.item(), found.second.item(), round(found.score.item(), 3)
    (1.0, 5.0, 2.828)
    """
    counts = torch.tensor([kind == "count" for kind in table.types])
    both = torch.cat([first, second]).double()
    if counts.any():
        library = both[:, counts].sum(1, keepdim=True).clamp(min=1)
        both[:, counts] = both[:, counts] * library.median() / library
    a, b = both.split([len(first), len(second)])
    log_a, log_b = (torch.where(counts, part.clamp(min=0).log1p(), part) for part in (a, b))
    spread = sum(part.var(0, correction=min(1, len(part) - 1)) / len(part) for part in (log_a, log_b))
    gap = log_b.mean(0) - log_a.mean(0)
    score = torch.where(
        torch.as_tensor(spread) > 0, gap / torch.as_tensor(spread).clamp(min=1e-12).sqrt(), 0.0
    )
    fold = ((b.mean(0) + PSEUDO) / (a.mean(0) + PSEUDO)).log2().masked_fill(~counts, torch.nan)
    return Differences(first.double().mean(0), second.double().mean(0), score, fold)
