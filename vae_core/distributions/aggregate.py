"""The aggregate posterior q(z) = 1/N sum_n q(z|x_n) of Gaussian posteriors, and what it makes of the rate.

Everything is in nats. Shapes: N posteriors, D dimensions, M draws.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Distribution, Normal

from .divergence import is_diagonal_normal

# Draws that meet all posteriors at once, and how many numbers of them at the most: beyond, they would leave the cache.
ROWS, NUMBERS = 256, 2**19
# And without gradients, of one dimension.
CACHED = 2**17


class RateDecomposition(NamedTuple):
    """The parts of log q(z|x) - log p(z) at M draws, in nats.

    Their means are I(n; z), KL(q(z) || p(z)), TC(q(z)) and, summed over D, sum_j KL(q(z_j) || p(z_j)). The
    first two sum to the rate, and the last two to the second.

    Attributes:
        information: log q(z|x) - log q(z), `(M,)`; its mean is the index information I(n; z).
        aggregate: log q(z) - log p(z), `(M,)`; its mean is KL(q(z) || p(z)).
        correlation: log q(z) - sum_j log q(z_j), `(M,)`; its mean is the total correlation.
        dimensions: log q(z_j) - log p(z_j), `(M, D)`; None where the prior does not factorise.

    Example:
        >>> own, joint, each = torch.tensor([0.0]), torch.tensor([-1.0]), torch.tensor([[-1.0, -0.5]])
        >>> found = RateDecomposition.at(own, joint, each, log_prior=torch.tensor([-3.0]), log_factors=each - 1.0)
        >>> found.information.item(), found.aggregate.item(), found.correlation.item(), found.dimensions.tolist()
        (1.0, 2.0, 0.5, [[1.0, 1.0]])

    Source:
        Hoffman & Johnson (2016); Chen et al. (2018), the decomposition of the rate; docs/objectives.md,
            section 6.
    """

    information: Tensor
    aggregate: Tensor
    correlation: Tensor
    dimensions: Tensor | None

    @classmethod
    def at(
        cls, own: Tensor, joint: Tensor, each: Tensor, log_prior: Tensor, log_factors: Tensor | None
    ) -> "RateDecomposition":
        """From log q(z|x), log q(z) and log p(z), `(M,)`, and log q(z_j) and log p(z_j), `(M, D)`, at the same draws."""
        dimensions = None if log_factors is None else each - log_factors
        return cls(own - joint, joint - log_prior, joint - each.sum(-1), dimensions)


def log_factors(p: Distribution, z: Tensor) -> Tensor | None:
    """log p(z_j), `(M, D)` nats, of a Gaussian that factorises over dimensions; None of any other distribution.

    Args:
        p: the distribution of z.
        z: draws `(M, D)`.

    Returns:
        The log-density of each dimension, which sum to log p(z); or None.

    Example:
        >>> from vae_core.distributions import diagonal_normal
        >>> p = diagonal_normal(torch.zeros(2), torch.ones(2))
        >>> log_factors(p, torch.tensor([[0.0, 1.0]]))
        tensor([[-0.9189, -1.4189]])
    """
    if is_diagonal_normal(p):
        return p.base_dist.log_prob(z)
    return None


def aggregate_log_density(
    z: Tensor, mean: Tensor, scale: Tensor, log_weights: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """log q(z) and log q(z_j), nats, under the aggregate q = sum_n w_n N(mean_n, diag scale_n^2) of N posteriors.

    Args:
        z: draws `(M, D)`.
        mean: means of the posteriors `(N, D)`.
        scale: their standard deviations `(N, D)`.
        log_weights: log w_n of each posterior at each draw, `(M, N)`; 1/N each unless given.

    Returns:
        log q(z), `(M,)`, and log q(z_j), `(M, D)`.

    Example:
        >>> z, mean = torch.zeros(1, 2), torch.tensor([[0.0, 0.0], [100.0, 0.0]])
        >>> joint, each = aggregate_log_density(z, mean, torch.ones(2, 2))
        >>> round(joint.item(), 4), [round(value, 4) for value in each[0].tolist()]  # half of a Gaussian, and a whole one
        (-2.531, [-1.6121, -0.9189])

    Source:
        Hoffman & Johnson (2016), the aggregate posterior; docs/objectives.md, section 4 (Vamp).
    """
    if log_weights is None and not any(part.requires_grad for part in (z, mean, scale)):
        joint, each = _densities(z, mean, scale)
        return joint - math.log(len(mean)), each - math.log(len(mean))
    joints, marginals = [], []
    for first in range(0, len(z), ROWS):
        rows, total, each = z[first : first + ROWS], None, []
        weights = None if log_weights is None else log_weights[first : first + ROWS]
        step = max(1, NUMBERS // (len(rows) * len(mean)))
        for j in range(0, z.shape[1], step):
            some = slice(j, j + step)
            log_q = Normal(mean[:, some], scale[:, some], False).log_prob(rows[:, None, some])
            part = log_q.sum(-1) if step > 1 else log_q[..., 0]
            total = part if total is None else total + part
            each.append((log_q if weights is None else log_q + weights[..., None]).logsumexp(1))
        assert total is not None  # a block has a dimension
        joints.append((total if weights is None else total + weights).logsumexp(1))
        marginals.append(torch.cat(each, -1))
    constant = -math.log(len(mean)) if log_weights is None else 0.0
    return torch.cat(joints) + constant, torch.cat(marginals) + constant


def aggregate_log_joint(z: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    """log q(z) alone, `(M,)`, without gradient: `aggregate_log_density` of all posteriors alike, without its marginals, which take most of its time.

    Args:
        z: draws `(M, D)`.
        mean: means of the posteriors `(N, D)`.
        scale: their standard deviations `(N, D)`.

    Returns:
        log q(z) in nats, `(M,)`.

    Example:
        >>> z, mean = torch.zeros(1, 2), torch.tensor([[0.0, 0.0], [100.0, 0.0]])
        >>> round(aggregate_log_joint(z, mean, torch.ones(2, 2)).item(), 4)
        -2.531
    """
    return _densities(z, mean, scale, marginals=False)[0] - math.log(len(mean))


@torch.no_grad()
def _densities(z: Tensor, mean: Tensor, scale: Tensor, *, marginals: bool = True) -> tuple[Tensor, Tensor]:
    """log sum_n N(z; mean_n, diag scale_n^2), `(M,)`, and of each dimension `(M, D)`, in place in memory that a processor's cache holds."""
    count, at_once = len(mean), CACHED if z.device.type == "cpu" else 64 * CACHED
    step = max(1, at_once // count)
    middle, spread = mean.mT.contiguous(), scale.mT.contiguous()
    narrow, top = (spread * math.sqrt(2)).reciprocal(), -spread.log() - math.log(2 * math.pi) / 2
    joint, each = z.new_empty(len(z)), torch.empty_like(z)
    held, total = z.new_empty(2, step, count)
    for first in range(0, len(z), step):
        rows = z[first : first + step]
        log_q, whole = held[: len(rows)], total[: len(rows)].zero_()
        for j in range(z.shape[1]):
            torch.sub(rows[:, j, None], middle[j], out=log_q)
            torch.addcmul(top[j], log_q.mul_(narrow[j]), log_q, value=-1, out=log_q)
            whole += log_q
            if marginals:
                each[first : first + step, j] = _log_sum(log_q)
        joint[first : first + step] = _log_sum(whole)
    return joint, each


def _log_sum(log_q: Tensor) -> Tensor:
    """`logsumexp` of each row, `(M,)`; its argument is written over.

    What is e^80 times less than the greatest counts for nothing: it is kept from numbers so small that a processor takes twenty times as
    long for each.
    """
    greatest = log_q.amax(1)
    return log_q.sub_(greatest[:, None]).clamp_(min=-80).exp_().sum(1).log_() + greatest
