"""What the dimensions of a block do over many examples: rate, activity, neighbours.

Shapes: N examples, D latent dimensions.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from ..distributions import diagonal_normal, kl_per_dimension
from ..model import Model
from ..names import LABEL
from ..priors import one_hot
from .codes import codes_of
from .priors import prior_given

# A unit is active where the posterior mean varies over the data: Var_x(E_q[z_j]) > 0.01 (Burda et al., 2016).
ACTIVE_VARIANCE = 0.01


@torch.no_grad()
def rate_per_dimension(
    model: Model,
    block: str,
    means: Mapping[str, Tensor],
    scales: Mapping[str, Tensor],
    labels: Tensor,
) -> Tensor | None:
    """KL(q_j || p_j) of each dimension of a block, mean over the items, in nats.

    Where a prior has other latents as parents, those are at their means.

    Args:
        model: the model.
        block: name of the latent block.
        means: posterior means `(N, D)` of each latent.
        scales: posterior standard deviations `(N, D)`.
        labels: classes `(N,)`, which select the prior of a labelled block.

    Returns:
        `(D,)`, which sums to the block's rate; None where posterior and prior do not factorise, and where there is no posterior.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> ones = {name: torch.ones(1, 2) for name in model.blocks}
        >>> rate_per_dimension(model, "z_u", ones, ones, torch.tensor([0])).tolist()
        [0.5, 0.5]
        >>> rate_per_dimension(model, "z_l", ones, ones, torch.tensor([0])).tolist()  # from the prototype (8, 0)
        [24.5, 0.5]

    Source:
        docs/objectives.md, section 1 (divergences).
    """
    if model.q[block].stands_in:
        return None
    model = model.as_trained()
    prior = prior_given(model, block, {**codes_of(means), LABEL: one_hot(labels, model.classes)})
    found = kl_per_dimension(diagonal_normal(means[block], scales[block]), prior)
    return None if found is None else found.mean(0)


def active_units(means: Tensor) -> Tensor:
    """Which dimensions are active, `(D,)` bool, of posterior means `(N, D)`: Var_x(E_q[z_j]) > 0.01.

    Args:
        means: posterior means `(N, D)`.

    Returns:
        True or False for each dimension, `(D,)`.

    Example:
        >>> active_units(torch.tensor([[0.0, 1.0], [0.0, -1.0]])).tolist()
        [False, True]

    Source:
        Burda et al. (2016).
    """
    return activity(means) > ACTIVE_VARIANCE


def activity(means: Tensor) -> Tensor:
    """Var_x(E_q[z_j]), `(D,)`: how much the posterior mean of each dimension varies over the items `(N, D)`.

    Args:
        means: posterior means `(N, D)`.

    Returns:
        The variance of each dimension, `(D,)`.

    Example:
        >>> activity(torch.tensor([[0.0, 1.0], [0.0, -1.0]])).tolist()
        [0.0, 2.0]

    Source:
        Burda et al. (2016).
    """
    return means.var(0)


def neighbours(codes: Tensor, code: Tensor, k: int, item: int | None = None) -> Tensor:
    """The items whose codes are nearest to a code by Euclidean distance, nearest first.

    Args:
        codes: of all items, `(N, D)`.
        code: the code, `(D,)`.
        k: how many; fewer where there are not so many.
        item: an item that is left out.

    Returns:
        The items' numbers, `(k,)`.

    Example:
        >>> codes = torch.tensor([[0.0], [5.0], [1.0]])
        >>> neighbours(codes, codes[0], 2, item=0).tolist()
        [2, 1]
    """
    distance = torch.linalg.vector_norm(codes - code, dim=-1)
    if item is not None:
        distance[item] = torch.inf
    return distance.topk(min(k, len(codes) - (item is not None)), largest=False).indices
