"""What is made of one dimension of a block: which items have least and most of it, what it writes, its rate over beta.

Shapes: N items.
"""

import numpy as np
import torch
from torch import Tensor

from latent_explorer.caches import checkpoints, encodings
from latent_explorer.caches.kept import by_identity
from vae_core import Checkpoint
from vae_core.explore import change_of_dimension, extremes

# Items at either end, and items over which a change is averaged, evenly spread over the atlas.
EACH, OVER = 8, 100
# The ends between which a dimension is moved: quantiles of its posterior means.
ENDS = (0.025, 0.975)


@by_identity
def at_ends(checkpoint: Checkpoint, block: str, dimension: int) -> tuple[list[int], list[int]]:
    """The items with the lowest posterior means, lowest first, and with the highest, highest first."""
    low, high = extremes(
        torch.from_numpy(checkpoint.atlas.means[block][:, dimension].astype(np.float32)), EACH
    )
    return low.tolist(), high.tolist()


@by_identity
def ends(checkpoint: Checkpoint, block: str, dimension: int) -> tuple[float, float]:
    """Between which values it lies for 95 % of the items."""
    low, high = np.quantile(checkpoint.atlas.means[block][:, dimension], ENDS)
    return float(low), float(high)


@by_identity
def change(checkpoint: Checkpoint, block: str, dimension: int) -> Tensor:
    """The mean absolute change of what is decoded, from one of `ends` to the other, over some items."""
    items = np.unique(np.linspace(0, len(checkpoint.atlas) - 1, OVER).round().astype(int)).tolist()
    codes = encodings.item_codes(checkpoint, items)
    return change_of_dimension(checkpoint.model, codes, block, dimension, *ends(checkpoint, block, dimension))


@by_identity
def rate_over_betas(
    checkpoint: Checkpoint, block: str, dimension: int
) -> tuple[list[float], list[float]] | None:
    """Its KL in nats at each beta of the atlas's grid, that of other blocks as they are; None where there is no such grid, and where the KL does not divide
    over dimensions."""
    if block not in checkpoint.betas:
        return None
    betas = np.unique(checkpoint.atlas_grid.betas[block]).tolist()
    rates = [
        encodings.rates(checkpoints.at_betas(checkpoint, {**checkpoint.betas, block: beta}))[block][0]
        for beta in betas
    ]
    if len(betas) < 2 or any(rate is None for rate in rates):
        return None
    return betas, [float(rate[dimension]) for rate in rates if rate is not None]
