"""Directions that are found on a page: those that change the observation most at a code, those to a class or to a number of each item.

Shapes: N items, D latent dimensions.
"""

import numpy as np
import torch
from torch import Tensor

from latent_explorer.caches import colourings, encodings
from latent_explorer.caches.kept import by_identity
from vae_core import Checkpoint
from vae_core.explore import Fitted, Principal, class_direction, number_direction, principal_directions

# How many of the directions that change an observation most are shown.
MOST_PRINCIPAL = 5


def principal(checkpoint: Checkpoint, code: dict[str, Tensor], block: str) -> Principal:
    """What changes the observation most at a code `(1, D)` of each latent."""
    rounded = tuple(
        (name, tuple(np.round(part[0].double().numpy(), 4).tolist())) for name, part in code.items()
    )
    return _principal(checkpoint, rounded, block)


@by_identity
def _principal(
    checkpoint: Checkpoint, code: tuple[tuple[str, tuple[float, ...]], ...], block: str
) -> Principal:
    means = torch.from_numpy(checkpoint.atlas.means[block])
    codes = {name: torch.tensor([numbers], dtype=means.dtype) for name, numbers in code}
    return principal_directions(checkpoint.model, codes, block, MOST_PRINCIPAL, checkpoint.kind, means)


@by_identity
def to_class(checkpoint: Checkpoint, block: str, number: int) -> Fitted:
    """The direction to a class. Raises ValueError where there is none."""
    members = torch.from_numpy(checkpoint.atlas.labels == number)
    return class_direction(encodings.codes(checkpoint)[block][0], members)


@by_identity
def to_column(checkpoint: Checkpoint, block: str, name: str) -> Fitted:
    """The direction along which a column or a feature grows. Raises ValueError where there is none."""
    values = torch.from_numpy(colourings.numbers(checkpoint, name))
    return number_direction(encodings.codes(checkpoint)[block][0], values)


@by_identity
def spread(checkpoint: Checkpoint, block: str, vector: tuple[float, ...]) -> float:
    """The standard deviation of the encodings along a unit vector."""
    return (encodings.codes(checkpoint)[block][0] @ torch.tensor(vector)).std().item()
