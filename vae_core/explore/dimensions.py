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
    """KL(q_j || p_j) in nats, mean over the items, `(D,)`; None where posterior and prior do not factorise, or there is no posterior.

    `labels` `(N,)` select the prior of a labelled block; where a prior has other latents as parents, they are at their means.
    """
    if model.q[block].stands_in:
        return None
    model = model.as_trained()
    prior = prior_given(model, block, {**codes_of(means), LABEL: one_hot(labels, model.classes)})
    found = kl_per_dimension(diagonal_normal(means[block], scales[block]), prior)
    return None if found is None else found.mean(0)


def active_units(means: Tensor) -> Tensor:
    """Which dimensions are active, `(D,)` bool: Var_x(E_q[z_j]) > 0.01 (Burda et al., 2016).

    >>> active_units(torch.tensor([[0.0, 1.0], [0.0, -1.0]])).tolist()
    [False, True]
    """
    return activity(means) > ACTIVE_VARIANCE


def activity(means: Tensor) -> Tensor:
    """Var_x(E_q[z_j]), `(D,)`: how much the posterior mean of each dimension varies over the items."""
    return means.var(0)


def neighbours(codes: Tensor, code: Tensor, k: int, item: int | None = None) -> Tensor:
    """The k items whose codes `(N, D)` are nearest to a code `(D,)` by Euclidean distance, nearest first; `item` is left out.

    >>> codes = torch.tensor([[0.0], [5.0], [1.0]])
    >>> neighbours(codes, codes[0], 2, item=0).tolist()
    [2, 1]
    """
    distance = torch.linalg.vector_norm(codes - code, dim=-1)
    if item is not None:
        distance[item] = torch.inf
    return distance.topk(min(k, len(codes) - (item is not None)), largest=False).indices
