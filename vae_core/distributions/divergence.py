"""The diagonal normal distribution, and the divergence between two distributions, whole and by dimension, in nats.

Shapes: B examples, D dimensions.
"""

from torch import Tensor
from torch.distributions import Distribution, Independent, Normal
from torch.distributions import kl_divergence as closed_form_kl


def diagonal_normal(loc: Tensor, scale: Tensor, event: int = 1) -> Independent:
    """N(loc, diag scale^2); the last `event` dimensions are the event.

    >>> import torch
    >>> diagonal_normal(torch.zeros(5, 3), torch.ones(5, 3)).log_prob(torch.zeros(5, 3)).shape
    torch.Size([5])
    """
    return Independent(Normal(loc, scale, validate_args=False), event, validate_args=False)


def kl_divergence(q: Distribution, p: Distribution, z: Tensor) -> Tensor:
    """KL(q || p), `(B,)` nats: exact where torch knows the pair, else log q(z) - log p(z) at the given draw z ~ q.

    The estimate uses the draw that the decoder saw, so that the ELBO stays one expectation.
    """
    try:
        return closed_form_kl(q, p)
    except NotImplementedError:
        return q.log_prob(z) - p.log_prob(z)


def kl_per_dimension(q: Distribution, p: Distribution) -> Tensor | None:
    """KL(q_j || p_j), `(B, D)` nats, where both factorise over dimensions; otherwise None.

    >>> import torch
    >>> q = diagonal_normal(torch.ones(2, 3), torch.ones(2, 3))
    >>> kl_per_dimension(q, diagonal_normal(torch.zeros(3), torch.ones(3))).tolist()[0]
    [0.5, 0.5, 0.5]
    """
    if not (isinstance(q, Independent) and isinstance(p, Independent)):
        return None
    if not (isinstance(q.base_dist, Normal) and isinstance(p.base_dist, Normal)):
        return None
    return closed_form_kl(q.base_dist, p.base_dist)
