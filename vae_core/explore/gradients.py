"""Two estimates of one gradient of the ELBO: by the score function, and by reparameterisation.

Shapes: N draws, D latent dimensions.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ..distributions import Sampler


class TwoGradients(NamedTuple):
    """Estimates of d ELBO / d mean from one draw each, `(N, D)`, of the same draws, in nats a unit of the mean.

    Attributes:
        score: by the score function.
        reparameterised: by reparameterisation.

    Example:
        >>> TwoGradients(torch.ones(3, 1), torch.zeros(3, 1)).score.mean().item()
        1.0
    """

    score: Tensor
    reparameterised: Tensor


def two_gradients(
    log_joint: Callable[[Tensor], Tensor], mean: Tensor, scale: Tensor, draws: int, sampler: Sampler
) -> TwoGradients:
    """The gradient of ELBO = E_q[log p(x, z) - log q(z)] in the mean of q = N(mean, diag scale^2), estimated from each of N draws.

    By the score function, (log p(x, z) - log q(z)) d log q(z) / d mean = (log p(x, z) - log q(z)) (z - mean) / scale^2, which needs no
    derivative of the model; by reparameterisation, z = mean + scale e, the derivative d log p(x, z) / dz, where that of log q(z) is
    zero. Both are unbiased.

    Args:
        log_joint: gives log p(x, z) `(N,)`, in nats, of codes `(N, D)`; differentiable.
        mean: the mean of q, `(D,)`.
        scale: its standard deviations, `(D,)`.
        draws: how many, N.
        sampler: where the noise comes from.

    Returns:
        The estimates of each draw.

    Example:
        >>> found = two_gradients(lambda z: -0.5 * z.square().sum(1), torch.ones(2), torch.ones(2), 50_000, Sampler.seeded(0))
        >>> [round(each.mean().item(), 1) for each in found]  # the gradient of -|mean|^2 / 2 is -mean
        [-1.0, -1.0]

    Source:
        Williams (1992); Kingma & Welling (2014); Mohamed et al. (2020), sections 4 and 5.
    """
    noise = sampler.normal((draws, len(mean)), mean.device).to(mean)
    codes = (mean + scale * noise).requires_grad_()
    with torch.enable_grad():
        joint = log_joint(codes)
        (slope,) = torch.autograd.grad(joint.sum(), codes)
    log_q = torch.distributions.Normal(mean, scale).log_prob(codes.detach()).sum(1)
    score = (joint.detach() - log_q)[:, None] * noise / scale
    return TwoGradients(score, slope)
