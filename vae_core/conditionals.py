"""Conditional distributions of a named variable given named parents: likelihoods, posteriors and features.

Shapes: B examples, D latent dimensions, C H W image.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn
from torch.distributions import Distribution

from .distributions import bernoulli, diagonal_normal

Env = Mapping[str, Tensor]

# Keeps scales within [exp(-6), exp(4)], that is log-variances within [-12, 8], where float32 has no trouble.
LOG_SCALE_RANGE = (-6.0, 4.0)


def full_precision(x: Tensor) -> Tensor:
    """What mixed precision made half of becomes float32 again: densities are never computed in half precision."""
    return x.float() if x.dtype.itemsize < 4 else x


class Parented(nn.Module, ABC):
    """A module that reads named tensors: `given` names them, in order."""

    def __init__(self, *given: str):
        super().__init__()
        self.given = given

    def parents(self, env: Env) -> list[Tensor]:
        return [env[name] for name in self.given]


class Conditional(Parented):
    """p(. | given): called with named tensors, it returns a distribution of `batch_shape` `(B,)`, or `()` without parents."""

    @abstractmethod
    def forward(self, env: Env) -> Distribution: ...


class Feature(Parented):
    """A deterministic function of the parents that several conditionals read, computed once a run.

    It stands in the inference net only (`Model` knows it by that) and has neither prior nor term:
    `{"h": Feature(trunk, "x"), "z_l": DiagonalGaussian(head_l, "h"), "z_u": DiagonalGaussian(head_u, "h")}`.
    """

    def __init__(self, net: nn.Module, *given: str):
        super().__init__(*given)
        self.net = net

    def forward(self, env: Env) -> Tensor:
        return self.net(*self.parents(env))


class DiagonalGaussian(Conditional):
    """N(mu, diag sigma^2) with (mu, log sigma) the halves of `net(*parents)`, which is `(B, 2D)`."""

    def __init__(self, net: nn.Module, *given: str):
        super().__init__(*given)
        self.net = net

    def forward(self, env: Env) -> Distribution:
        loc, log_scale = full_precision(self.net(*self.parents(env))).chunk(2, dim=-1)
        return diagonal_normal(loc, log_scale.clamp(*LOG_SCALE_RANGE).exp())


class BernoulliPixels(Conditional):
    """prod_i Bernoulli(x_i; sigmoid(net_i)) for binary images: log p = sum_i x_i log p_i + (1 - x_i) log(1 - p_i).

    `net(*parents)` gives logits `(B, C, H, W)`. Grey values are no data for it: binarise them (`vae_core.data`).
    """

    def __init__(self, net: nn.Module, *given: str):
        super().__init__(*given)
        self.net = net

    def forward(self, env: Env) -> Distribution:
        return bernoulli(full_precision(self.net(*self.parents(env))))
