"""What the dimensions of a block do over many examples: rate, activity, neighbours.

Shapes: N examples, D latent dimensions.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.distributions import Independent

from ..conditionals import Env
from ..distributions import Sampler, diagonal_normal, kl_per_dimension, log_factors
from ..model import Model
from ..names import LABEL
from ..priors import one_hot
from .codes import codes_of, decode, settled
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

    Where a prior has other latents as parents, those are at their means; where it is had at draws (`Model.by_draws`), it is
    log q(z_j) - log p(z_j) at a draw of a fixed seed.

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
    codes, q = (
        {**codes_of(means), LABEL: one_hot(labels, model.classes)},
        diagonal_normal(means[block], scales[block]),
    )
    if block in model.by_draws:
        return _rate_at_draws(model, block, q, codes)
    found = kl_per_dimension(q, prior_given(model, block, codes))
    return None if found is None else found.mean(0)


def _rate_at_draws(model: Model, block: str, q: Independent, codes: Env) -> Tensor | None:
    """Mean of log q(z_j) - log p(z_j | parents), `(D,)`, at z ~ q and the parents that are inferred from it."""
    draw = Sampler.seeded(0)
    z = draw(q)
    above = model.informed_by(block)
    known = {name: code for name, code in codes.items() if name not in above} | {block: z}
    wanted = [name for name in model.p[block].given if name in above]
    env = model.infer(known, draw, only=wanted).env
    log_p = log_factors(model.p[block](env), z)
    return None if log_p is None else (q.base_dist.log_prob(z) - log_p).mean(0)


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
        The variance of each dimension, `(D,)`; of one item nothing varies.

    Example:
        >>> activity(torch.tensor([[0.0, 1.0], [0.0, -1.0]])).tolist()
        [0.0, 2.0]

    Source:
        Burda et al. (2016).
    """
    return means.var(0, correction=min(1, len(means) - 1))


def extremes(values: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The items with the lowest values, lowest first, and those with the highest, highest first.

    Args:
        values: of the items, `(N,)`, such as the posterior mean of a dimension.
        k: how many of each; fewer where there are not so many.

    Returns:
        The numbers of both, `(k,)` each.

    Example:
        >>> [items.tolist() for items in extremes(torch.tensor([0.5, -1.0, 2.0]), 2)]
        [[1, 0], [2, 0]]
    """
    order = values.argsort(stable=True)
    return order[:k], order.flip(0)[:k]


@torch.no_grad()
def change_of_dimension(
    model: Model, codes: Mapping[str, Tensor], block: str, dimension: int, low: float, high: float
) -> Tensor:
    """What a dimension writes: mean over codes of |E[x | z, z_j = high] - E[x | z, z_j = low]|, number by number.

    Args:
        model: a model with a decoder.
        codes: a code `(N, D)` of each latent.
        block: the block that has the dimension.
        dimension: which of its dimensions.
        low: the one value that it takes.
        high: the other.

    Returns:
        The mean change, of the shape of an observation.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> change_of_dimension(model, {"z": torch.zeros(3, 2)}, "z", 1, -1.0, 1.0).shape
        torch.Size([1, 4, 4])
    """
    shown = []
    for value in (low, high):
        moved = {name: part.clone() for name, part in codes.items()}
        moved[block][:, dimension] = value
        shown.append(decode(model, settled(model, moved, [block])))
    return (shown[1] - shown[0]).abs().mean(0)


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
