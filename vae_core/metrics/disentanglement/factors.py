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
    """Posterior means beside the known factors of N images.

    Attributes:
        codes: `(N, D)`.
        factors: `(N, F)`, integers from 0.
        dimensions: the names of the columns of codes.
        names: the names of the factors.

    Example:
        >>> found = Representation(torch.zeros(2, 1), torch.tensor([[0], [1]]), ["z[0]"], ["shape"])
        >>> found.codes.shape, found.names
        (torch.Size([2, 1]), ['shape'])
    """

    codes: Tensor
    factors: Tensor
    dimensions: list[str]
    names: list[str]


def represented(evaluation: Evaluation) -> Representation:
    """The `representation` of the images of an evaluation's split.

    Args:
        evaluation: the model and its data.

    Returns:
        Codes and factors, with their names.

    Raises:
        ValueError: for data without known factors.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.data import Data
        >>> from vae_core.models import VAE, Signature
        >>> images = torch.zeros(10, 1, 4, 4, dtype=torch.uint8)
        >>> factors = torch.stack([torch.arange(10) % 2, torch.arange(10) % 5], -1)
        >>> data = Data("own", "test", images, torch.zeros(10, dtype=torch.long), (), factors)
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> evaluation = Evaluation(model, data, train=data)
        >>> represented(evaluation).codes.shape
        torch.Size([10, 2])
    """
    return representation(
        {block: evaluation.encoded.means[block] for block in evaluation.blocks}, evaluation.data
    )


def representation(means: Mapping[str, Tensor], data: Data) -> Representation:
    """Posterior means of all blocks side by side, and the factors that vary, on the CPU.

    Args:
        means: posterior means `(N, D)` of each block, of the data's images.
        data: the data, with N images.

    Returns:
        Codes and factors, with their names.

    Raises:
        ValueError: for data without known factors.

    Example:
        >>> factors = torch.tensor([[0, 3], [1, 3]])
        >>> images, labels = torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.zeros(2, dtype=torch.long)
        >>> data = Data("own", "test", images, labels, (), factors, factor_names=("shape", "scale"))
        >>> found = representation({"z": torch.zeros(2, 2)}, data)
        >>> found.dimensions, found.names  # the scale does not vary
        (['z[0]', 'z[1]'], ['shape'])
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
    """Which factors `(N, F)` take more than one value, `(F,)` bool.

    Args:
        factors: `(N, F)`.

    Returns:
        True or False for each factor, `(F,)`.

    Example:
        >>> varying(torch.tensor([[0, 3], [1, 3]])).tolist()
        [True, False]
    """
    return (factors != factors[0]).any(0)


def half_of(n: int) -> int:
    """Images to fit on, and to test on, in each part of n."""
    return min(PART_IMAGES, n // (2 * PARTS))


def parts(
    codes: Tensor, factors: Tensor, generator: torch.Generator
) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Five disjoint random parts of some images, for classifiers: 1,000 images to fit on and as many to test on, or what there is.

    A factor that does not vary among those to fit on is left out.

    Args:
        codes: `(N, D)`.
        factors: `(N, F)`, integers from 0.
        generator: of the choice.

    Returns:
        Codes and factors to fit on, then codes and factors to test on, for each part; no part of fewer than
            100 images.

    Example:
        >>> codes, factors = torch.zeros(200, 3), torch.arange(200)[:, None] % 2
        >>> found = parts(codes, factors, torch.Generator().manual_seed(0))
        >>> len(found), [tuple(rows.shape) for rows in found[0]]
        (5, [(20, 3), (20, 1), (20, 3), (20, 1)])
    """
    half = half_of(len(codes))
    if half < 10:
        return []
    order = torch.randperm(len(codes), generator=generator)[: 2 * PARTS * half]
    halves = []
    for fitted, tested in (rows.split(half) for rows in order.split(2 * half)):
        kept = varying(factors[fitted])
        halves.append((codes[fitted], factors[fitted][:, kept], codes[tested], factors[tested][:, kept]))
    return halves
