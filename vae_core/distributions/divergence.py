"""The diagonal normal distribution, and the divergence between two distributions, whole and by dimension, in nats.

Shapes: B examples, D dimensions.
"""

from typing import TypeGuard

from torch import Tensor
from torch.distributions import Distribution, Independent, Normal
from torch.distributions import kl_divergence as closed_form_kl


def diagonal_normal(loc: Tensor, scale: Tensor, event: int = 1) -> Independent:
    """N(loc, diag scale^2), the last `event` dimensions being one event.

    Args:
        loc: means, `(..., D)`.
        scale: standard deviations, which broadcast with them.
        event: how many of the last dimensions are one event.

    Returns:
        The distribution, whose log-density is the sum over the event, in nats.

    Example:
        >>> import torch
        >>> diagonal_normal(torch.zeros(5, 3), torch.ones(5, 3)).log_prob(torch.zeros(5, 3)).shape
        torch.Size([5])
    """
    return Independent(Normal(loc, scale, validate_args=False), event, validate_args=False)


def is_diagonal_normal(d: Distribution) -> TypeGuard[Independent]:
    """Whether a distribution is N(loc, diag scale^2), which its mean and scale say all of.

    Args:
        d: the distribution.

    Returns:
        Whether it is one.

    Example:
        >>> import torch
        >>> is_diagonal_normal(diagonal_normal(torch.zeros(2), torch.ones(2))), is_diagonal_normal(Normal(0.0, 1.0))
        (True, False)
    """
    return isinstance(d, Independent) and isinstance(d.base_dist, Normal)


def kl_divergence(q: Distribution, p: Distribution, z: Tensor) -> Tensor:
    """KL(q || p), `(B,)` nats: exact where torch knows the pair, else log q(z) - log p(z) at the given draw.

    The estimate uses the draw that the decoder saw, so that the ELBO stays one expectation. For a single
    example it may be negative.

    Args:
        q: the posteriors, batch shape `(B,)`.
        p: the prior, batch shape `(B,)` or `()`.
        z: a draw of q, `(B, D)`; read only where there is no closed form.

    Returns:
        One divergence an example, summed over dimensions.

    Example:
        >>> import torch
        >>> q, p = (diagonal_normal(torch.full((1, 2), m), torch.ones(1, 2)) for m in (1.0, 0.0))
        >>> kl_divergence(q, p, torch.zeros(1, 2)).tolist()
        [1.0]

    Source:
        docs/objectives.md, section 1 (divergences).
    """
    try:
        return closed_form_kl(q, p)
    except NotImplementedError:
        return q.log_prob(z) - p.log_prob(z)


def kl_per_dimension(q: Distribution, p: Distribution) -> Tensor | None:
    """KL(q_j || p_j) of each dimension, `(B, D)` nats, where both factorise over dimensions; otherwise None.

    For N(m_1, v_1) and N(m_2, v_2) it is (log(v_2 / v_1) + (v_1 + (m_1 - m_2)^2) / v_2 - 1) / 2.

    Args:
        q: the posteriors, batch shape `(B,)`.
        p: the prior, batch shape `(B,)` or `()`.

    Returns:
        The divergences, which sum to `kl_divergence`; None unless both are diagonal Gaussians.

    Example:
        >>> import torch
        >>> q = diagonal_normal(torch.ones(2, 3), torch.ones(2, 3))
        >>> kl_per_dimension(q, diagonal_normal(torch.zeros(3), torch.ones(3))).tolist()[0]
        [0.5, 0.5, 0.5]

    Source:
        docs/objectives.md, section 1 (divergences).
    """
    if not (is_diagonal_normal(q) and is_diagonal_normal(p)):
        return None
    return closed_form_kl(q.base_dist, p.base_dist)
