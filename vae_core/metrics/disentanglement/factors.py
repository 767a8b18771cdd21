"""Posterior means beside the known factors of the data, and the parts that classifiers are fitted on.

Shapes: N images, D dimensions, F factors.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from ...data import Data
from ..base import Evaluation

PARTS, PART_IMAGES = 5, 1000


class Representation(NamedTuple):
    """Codes `(N, D)` and factors `(N, F)`, integers from 0, with the names of the columns of both."""

    codes: Tensor
    factors: Tensor
    dimensions: list[str]
    names: list[str]


def represented(evaluation: Evaluation) -> Representation:
    """The `representation` of the split's images."""
    return representation(
        {block: evaluation.encoded.means[block] for block in evaluation.blocks}, evaluation.data
    )


def representation(means: Mapping[str, Tensor], data: Data) -> Representation:
    """Posterior means of the blocks `(N, D)` of the data's images, side by side, and the factors that vary among these; on the CPU.

    Raises ValueError for data without known factors.
    """
    if data.factors is None:
        raise ValueError(f"the factors of {data.name} are not known: choose sprites")
    factors = data.factors.cpu()
    kept = varying(factors)
    names = data.factor_names or tuple(f"factor {f}" for f in range(len(kept)))
    return Representation(
        torch.cat([*means.values()], -1).cpu(),
        factors[:, kept],
        [f"{block}[{j}]" for block, mean in means.items() for j in range(mean.shape[1])],
        [name for name, keep in zip(names, kept.tolist(), strict=True) if keep],
    )


def varying(factors: Tensor) -> Tensor:
    """Which factors `(N, F)` take more than one value, `(F,)` bool."""
    return (factors != factors[0]).any(0)


def half_of(n: int) -> int:
    """Images to fit on, and to test on, in each part of n."""
    return min(PART_IMAGES, n // (2 * PARTS))


def parts(
    codes: Tensor, factors: Tensor, generator: torch.Generator
) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Five disjoint random parts: codes and factors to fit on, then to test on, 1,000 images each or what there is; none of fewer
    than 100 images. A factor that does not vary among those to fit on is left out."""
    half = half_of(len(codes))
    if half < 10:
        return []
    order = torch.randperm(len(codes), generator=generator)[: 2 * PARTS * half]
    halves = []
    for fitted, tested in (rows.split(half) for rows in order.split(2 * half)):
        kept = varying(factors[fitted])
        halves.append((codes[fitted], factors[fitted][:, kept], codes[tested], factors[tested][:, kept]))
    return halves
