"""The terms of the bound of one example, averaged over draws of its posteriors.

Shapes: n draws, D latent dimensions.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from ..conditionals import Env
from ..distributions import Draw, is_diagonal_normal, kl_per_dimension, log_factors
from ..model import Inferred, Model, Terms


class Mean(NamedTuple):
    """A mean over n draws and its standard error, in nats; the error is 0 where every draw gives the same, as a closed form does.

    Attributes:
        value: the mean.
        se: its standard error.

    Example:
        >>> Mean(1.5, 0.1).value
        1.5
    """

    value: float
    se: float


class WeighedBound(NamedTuple):
    """What the bound of one example is made of.

    Attributes:
        terms: as `Model.terms` gives them, one number a draw, `(n,)` nats.
        inferred: the posteriors, n times the same unless they read one another's draws, and the draws themselves.
        per_dimension: the KL of each dimension, mean over the draws, `(D,)` nats, which sum to the block's; no entry where it does not
            divide over them.

    Example:
        >>> sorted(WeighedBound.__annotations__)
        ['inferred', 'per_dimension', 'terms']
    """

    terms: Terms
    inferred: Inferred
    per_dimension: dict[str, Tensor]

    def mean(self, values: Tensor) -> Mean:
        """Of values `(n,)`, one a draw."""
        values = values.double()
        se = values.std() / math.sqrt(len(values)) if len(values) > 1 else torch.zeros(())
        return Mean(values.mean().item(), se.item())


@torch.no_grad()
def weigh(model: Model, example: Env, draws: int, draw: Draw) -> WeighedBound:
    """ELBO(x) = E_q[ log p(x | z) ] - sum_k KL(q(z_k | x) || p(z_k)), term by term, at draws of z ~ q(z | x).

    Args:
        model: the model.
        example: one example as the model scores it, each value `(1, ...)`; with its class where the bound is conditioned on it.
        draws: n, how many.
        draw: how the latents are drawn, such as `Sampler.seeded(0)`.

    Returns:
        The terms at each draw, and the KL of each dimension.

    Raises:
        ValueError: where the example lacks what the model needs.

    Example:
        >>> from vae_core.distributions import Sampler
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> found = weigh(model, {"x": torch.zeros(1, 1, 4, 4)}, 8, Sampler.seeded(0))
        >>> found.terms.elbo.shape, found.per_dimension["z"].shape
        (torch.Size([8]), torch.Size([2]))
        >>> torch.allclose(found.per_dimension["z"].sum(), found.terms.kl["z"].mean())
        True

    Source:
        docs/objectives.md, section 1 (the bound).
    """
    batch = {name: value.expand(draws, *value.shape[1:]) for name, value in example.items()}
    inferred = model.infer(batch, draw)
    terms = model.terms(batch, draw, inferred)
    shares = {name: dimension_shares(model, name, q, inferred.env) for name, q in inferred.posteriors.items()}
    return WeighedBound(
        terms, inferred, {name: share.mean(0) for name, share in shares.items() if share is not None}
    )


def dimension_shares(model: Model, name: str, q: Distribution, env: Env) -> Tensor | None:
    """The KL of each dimension, in closed form where the model's own term is, else at the draws.

    Args:
        model: the model.
        name: of the latent block.
        q: its posterior, of n examples.
        env: what was inferred and given, `(n, ...)` each.

    Returns:
        `(n, D)` nats, which sum to the block's; None where the KL does not divide over dimensions.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> found = model.infer({"x": torch.zeros(3, 1, 4, 4)})
        >>> dimension_shares(model, "z", found.posteriors["z"], found.env).shape
        torch.Size([3, 2])
    """
    p = model.p[name](env)
    exact = None if name in model.by_draws else kl_per_dimension(q, p)
    if exact is not None:
        return exact.expand(len(env[name]), -1)
    if not (isinstance(q, Independent) and is_diagonal_normal(q)):
        return None
    log_p = log_factors(p, env[name])
    return None if log_p is None else q.base_dist.log_prob(env[name]) - log_p
