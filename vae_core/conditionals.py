"""Conditional distributions of a named variable given named parents: likelihoods, posteriors and features.

Shapes: B examples, D latent dimensions, C H W image.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Distribution, OneHotCategorical

from .distributions import BinaryPixels, continuous_bernoulli, diagonal_normal, grey_levels, whole_mean
from .names import IMAGE
from .pixels import BINARY, Dequantised, Levels, Pixels

Env = Mapping[str, Tensor]

# Keeps scales within [exp(-6), exp(4)], that is log-variances within [-12, 8], where float32 has no trouble.
LOG_SCALE_RANGE = (-6.0, 4.0)

# The least log gamma of a Gaussian likelihood: gamma above 0.0025, a fraction of one of 256 grey levels.
LOG_GAMMA_FLOOR = -6.0


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

    def start(self, images: Tensor, labels: Tensor) -> None:
        """Set what begins at the training set, before the first step: images `(N, C, H, W)` in [0, 1], labels `(N,)`."""


class Feature(Parented):
    """A deterministic function of the parents that several conditionals read, computed once a run.

    In the inference net only, it has no term:
    `{"h": Feature(trunk, "x"), "z_l": DiagonalGaussian(head_l, "h"), "z_u": DiagonalGaussian(head_u, "h")}`.
    Where the generative net has the name too, it is an observation derived from others, such as an image of lower resolution.
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


class Likelihood(Conditional):
    """p(image | parents), scored on what `pixels` makes of an 8-bit image."""

    pixels: Pixels

    def __init__(self, net: nn.Module, *given: str):
        super().__init__(*given)
        self.net = net

    def output(self, env: Env) -> Tensor:
        """What the net says of the parents."""
        return full_precision(self.net(*self.parents(env)))


class BernoulliPixels(Likelihood):
    """prod_i Bernoulli(x_i; sigmoid(net_i)) for binary images: log p = sum_i x_i log p_i + (1 - x_i) log(1 - p_i).

    `net(*parents)` gives logits `(B, C, H, W)`. Grey values are no data for it and are refused.
    """

    pixels = BINARY

    def forward(self, env: Env) -> Distribution:
        return BinaryPixels(self.output(env))


class ContinuousBernoulliPixels(Likelihood):
    """prod_i C(p_i) p_i^x_i (1 - p_i)^(1 - x_i) with p = sigmoid(net), a density of grey images in [0, 1].

    Without C(p) = 2 atanh(1 - 2p) / (1 - 2p) it would integrate to less than one (Loaiza-Ganem & Cunningham, 2019).
    """

    pixels = Dequantised()

    def forward(self, env: Env) -> Distribution:
        return continuous_bernoulli(self.output(env))


class GaussianPixels(Likelihood):
    """N(x; net, gamma^2 I): log p = -D/2 log(2 pi) - D log gamma - |x - net|^2 / (2 gamma^2), constants kept.

    gamma is a standard deviation. Fixed, or learned as one number, or one for each pixel (`gamma` of shape (C, H, W));
    a learned one stays above exp(-6) and has its optimum where gamma^2 is the mean squared error (Rybkin et al., 2021).
    """

    pixels = Dequantised()
    raw: Tensor

    def __init__(self, net: nn.Module, *given: str, gamma: Tensor, learned: bool = True):
        super().__init__(net, *given)
        if learned:
            self.raw = nn.Parameter(torch.empty_like(gamma))
        else:
            self.register_buffer("raw", torch.empty_like(gamma))
        self.set_gamma(gamma)

    @property
    def gamma(self) -> Tensor:
        """The standard deviation, one number or `(C, H, W)`: exp(-6 + softplus(raw)), whose floor keeps the density finite."""
        return (LOG_GAMMA_FLOOR + F.softplus(self.raw)).exp()

    @torch.no_grad()
    def set_gamma(self, gamma: Tensor) -> None:
        """Raises ValueError for a gamma that is not above the floor, or not finite."""
        if not ((gamma.log() > LOG_GAMMA_FLOOR) & gamma.isfinite()).all():
            raise ValueError(
                f"gamma must be above exp({LOG_GAMMA_FLOOR:g}), about 0.0025, got {gamma.min().item():g}"
            )
        self.raw.copy_((gamma.log() - LOG_GAMMA_FLOOR).expm1().log())

    def forward(self, env: Env) -> Distribution:
        loc = self.output(env)
        return diagonal_normal(loc, self.gamma.expand_as(loc), event=loc.dim() - 1)


class OptimalGaussianPixels(Likelihood):
    """N(x; net, gamma^2 I) with the gamma that fits best: gamma^2 = |x - net|^2 / D, mean over the batch.

    The profile likelihood -D/2 (log MSE + 1 + log 2 pi) of sigma-VAE (Rybkin et al., 2021). While training, gamma comes from the
    batch that is scored (detached: by the envelope theorem the gradient is the same); afterwards it is the exponential average
    of those, so that what is measured is the density of one model.
    """

    pixels = Dequantised()
    mse: Tensor
    batches: Tensor

    def __init__(self, net: nn.Module, *given: str, name: str = IMAGE):
        super().__init__(net, *given)
        self.name = name
        self.register_buffer("mse", torch.ones(()))
        self.register_buffer("batches", torch.zeros(()))

    def forward(self, env: Env) -> Distribution:
        loc = self.output(env)
        mse = self.mse
        if self.training and self.name in env:
            mse = self._seen(whole_mean((env[self.name] - loc).square()))
        return diagonal_normal(loc, _root(mse).expand_as(loc), event=loc.dim() - 1)

    @property
    def gamma(self) -> Tensor:
        """The standard deviation that the last batches had, `()`."""
        return _root(self.mse)

    def _seen(self, mse: Tensor) -> Tensor:
        """Keep the average of about the last hundred batches."""
        self.batches += 1
        self.mse.lerp_(mse, torch.clamp(1 / self.batches, min=0.01))
        return mse


def _root(mse: Tensor) -> Tensor:
    return mse.sqrt().clamp(min=math.exp(LOG_GAMMA_FLOOR))


class CategoricalPixels(Likelihood):
    """prod_i Cat(x_i; softmax(net_i)) over K grey levels; `net(*parents)` gives `(B, K C, H, W)`, K logits a pixel."""

    def __init__(self, net: nn.Module, *given: str, levels: int):
        super().__init__(net, *given)
        self.levels, self.pixels = levels, Levels(levels)

    def forward(self, env: Env) -> Distribution:
        logits = self.output(env).unflatten(1, (self.levels, -1)).movedim(1, -1)
        return grey_levels(logits)


class Classifier(Conditional):
    """q(y | parents) = Cat(softmax(net(*parents))), a class as a one-hot row `(B, K)`."""

    def __init__(self, net: nn.Module, *given: str):
        super().__init__(*given)
        self.net = net

    def forward(self, env: Env) -> Distribution:
        return OneHotCategorical(logits=full_precision(self.net(*self.parents(env))), validate_args=False)
