"""Mixtures of Gaussians, and how the divergence from a Gaussian to one is had.

Shapes: B examples, D dimensions, M components.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, register_kl
from torch.distributions import kl_divergence as closed_form_kl


class GaussianMixture(MixtureSameFamily):
    """p(z) = sum_i w_i N(z; m_i, diag s_i^2) over M components.

    Its density is one matrix product, log w_i + c_i - (z^2 . s_i^-2) / 2 + z . (m_i s_i^-2), in double
    precision, where the difference of large numbers loses nothing, instead of M densities side by side. It
    has no closed-form divergence from a Gaussian: `kl_divergence` estimates that at a draw.

    Example:
        >>> two = Independent(Normal(torch.tensor([[-1.0], [1.0]]), torch.ones(2, 1)), 1)
        >>> p = GaussianMixture.of(torch.zeros(2), two)
        >>> p.mean, p.log_prob(torch.zeros(1, 1))
        (tensor([0.]), tensor([-1.4189]))

    Source:
        docs/objectives.md, section 4 (mixture).
    """

    @classmethod
    def of(cls, log_weights: Tensor, components: Independent) -> "GaussianMixture":
        """Unnormalised log-weights and components, `(..., M)` each."""
        return cls(Categorical(logits=log_weights, validate_args=False), components, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        parts: Any = self.component_distribution.base_dist  # type: ignore[attr-defined]
        if self.batch_shape or value.device.type == "mps":  # a mixture for each example; no doubles there
            return super().log_prob(value)
        loc, precision, z = parts.loc.double(), parts.scale.double().pow(-2), value.double()
        constant = self.mixture_distribution.logits + (  # type: ignore[attr-defined]
            0.5 * (precision / (2 * math.pi)).log() - 0.5 * precision * loc.square()
        ).sum(-1)
        each = torch.cat([z.square(), z], -1) @ torch.cat([-0.5 * precision, precision * loc], -1).mT
        return (each + constant).logsumexp(-1).to(value.dtype)


class HersheyOlsen(GaussianMixture):
    """A mixture whose divergence from a Gaussian is the closed-form bound -logsumexp_i(log w_i - KL(q || N_i)) >= KL(q || p).

    It follows from Jensen's inequality, since logsumexp is convex.

    Example:
        >>> two = Independent(Normal(torch.tensor([[-1.0], [1.0]]), torch.ones(2, 1)), 1)
        >>> q = Independent(Normal(torch.tensor([[1.0]]), torch.ones(1, 1)), 1)
        >>> closed_form_kl(q, HersheyOlsen.of(torch.zeros(2), two))  # the true one is 0.337
        tensor([0.5662])

    Source:
        Hershey & Olsen (2007); docs/objectives.md, section 4.
    """


class ConvexityBound(GaussianMixture):
    """A mixture whose divergence from a Gaussian is the bound sum_i w_i KL(q || N_i) >= KL(q || p).

    It equals KL(q || G) - log Z with G the *single* Gaussian prod_i N_i^w_i / Z: a learned mixture
    collapses under it.

    Example:
        >>> two = Independent(Normal(torch.tensor([[-1.0], [1.0]]), torch.ones(2, 1)), 1)
        >>> q = Independent(Normal(torch.tensor([[1.0]]), torch.ones(1, 1)), 1)
        >>> closed_form_kl(q, ConvexityBound.of(torch.zeros(2), two))  # the true one is 0.337
        tensor([1.])

    Source:
        docs/objectives.md, section 4.
    """


def _component_divergences(q: Independent, p: MixtureSameFamily) -> tuple[Tensor, Tensor]:
    """log w_i and KL(q || N_i), `(B, M)`."""
    parts, one = p.component_distribution, q.base_dist
    pairs = closed_form_kl(Normal(one.loc.unsqueeze(-2), one.scale.unsqueeze(-2), False), parts.base_dist)  # type: ignore[attr-defined]
    return p.mixture_distribution.logits, pairs.sum(-1)  # type: ignore[attr-defined]


@register_kl(Independent, HersheyOlsen)
def _hershey_olsen(q: Independent, p: HersheyOlsen) -> Tensor:
    log_weights, divergences = _component_divergences(q, p)
    return -(log_weights - divergences).logsumexp(-1)


@register_kl(Independent, ConvexityBound)
def _convexity(q: Independent, p: ConvexityBound) -> Tensor:
    log_weights, divergences = _component_divergences(q, p)
    return (log_weights.exp() * divergences).sum(-1)


# How the divergence from a Gaussian to a mixture is had: at the decoder's own draw, or by a closed-form bound.
MIXTURE_DIVERGENCES: dict[str, type[GaussianMixture]] = {
    "monte-carlo": GaussianMixture,
    "hershey-olsen": HersheyOlsen,
    "convexity": ConvexityBound,
}
