"""Likelihoods of images, p(x | parents), one distribution of every pixel.

Shapes: B examples, C H W image, K grey levels.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Distribution

from ..conditionals import Env, Likelihood
from ..distributions import BinaryPixels, continuous_bernoulli, diagonal_normal, grey_levels, whole_mean
from ..names import IMAGE
from ..readings import BINARY, Dequantised, Levels

# The least log gamma of a Gaussian likelihood: gamma above 0.0025, a fraction of one of 256 grey levels.
LOG_GAMMA_FLOOR = -6.0


class BernoulliPixels(Likelihood):
    """p(x | parents) = prod_i Bernoulli(x_i; sigmoid(net_i)) of binary images: log p = sum_i x_i log p_i + (1 - x_i) log(1 - p_i).

    Grey values are no data for it and are refused (`BinaryPixels`).

    Args:
        net: gives logits `(B, C, H, W)` of the parents.
        given: the parents' names.

    Example:
        >>> pixels = BernoulliPixels(nn.Unflatten(1, (1, 2, 2)), "z")
        >>> p = pixels({"z": torch.zeros(3, 4)})
        >>> p.batch_shape, p.event_shape, p.mean[0].flatten().tolist()
        (torch.Size([3]), torch.Size([1, 2, 2]), [0.5, 0.5, 0.5, 0.5])

    Source:
        docs/objectives.md, section 3 (Bernoulli).
    """

    reading = BINARY

    def forward(self, env: Env) -> Distribution:
        return BinaryPixels(self.output(env))


class ContinuousBernoulliPixels(Likelihood):
    """p(x | parents) = prod_i C(p_i) p_i^x_i (1 - p_i)^(1 - x_i) with p = sigmoid(net): a density of grey images in [0, 1].

    Without C(p) = 2 atanh(1 - 2p) / (1 - 2p) it would integrate to less than one.

    Args:
        net: gives logits `(B, C, H, W)` of the parents.
        given: the parents' names.

    Example:
        >>> pixels = ContinuousBernoulliPixels(nn.Unflatten(1, (1, 2, 2)), "z")
        >>> pixels({"z": torch.zeros(1, 4)}).log_prob(torch.full((1, 1, 2, 2), 0.3))  # uniform on [0, 1] at p = 1/2
        tensor([0.])

    Source:
        Loaiza-Ganem & Cunningham (2019); docs/objectives.md, section 3.
    """

    reading = Dequantised()

    def forward(self, env: Env) -> Distribution:
        return continuous_bernoulli(self.output(env))


class GaussianPixels(Likelihood):
    """p(x | parents) = N(x; net, gamma^2 I): log p = -D/2 log(2 pi) - D log gamma - |x - net|^2 / (2 gamma^2), constants kept.

    gamma is a standard deviation. A learned one stays above exp(-6) and has its optimum where gamma^2 is
    the mean squared error.

    Args:
        net: gives means `(B, C, H, W)` of the parents.
        given: the parents' names.
        gamma: where it begins, or stays: one number `()`, or one for each pixel `(C, H, W)`.
        learned: whether gamma is a parameter; fixed otherwise.

    Raises:
        ValueError: for a gamma that is not above the floor, or not finite.

    Example:
        >>> pixels = GaussianPixels(nn.Unflatten(1, (1, 2, 2)), "z", gamma=torch.tensor(0.5))
        >>> p = pixels({"z": torch.zeros(1, 4)})
        >>> round(pixels.gamma.item(), 4), p.log_prob(torch.zeros(1, 1, 2, 2)).detach()  # 4 (log 2 - log(2 pi) / 2)
        (0.5, tensor([-0.9032]))

    Source:
        Rybkin et al. (2021), the optimal gamma; docs/objectives.md, section 3 (Gaussian).
    """

    reading = Dequantised()
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
    """p(x | parents) = N(x; net, gamma^2 I) with the gamma that fits best: gamma^2 = |x - net|^2 / D, mean over the batch.

    Its log-density is the profile likelihood -D/2 (log MSE + 1 + log 2 pi) of sigma-VAE. While training,
    gamma comes from the batch that is scored (detached: by the envelope theorem the gradient is the same);
    afterwards it is the exponential average of those, so that what is measured is the density of one model.

    Args:
        net: gives means `(B, C, H, W)` of the parents.
        given: the parents' names.
        name: the variable that is scored.

    Example:
        >>> pixels = OptimalGaussianPixels(nn.Unflatten(1, (1, 2, 2)), "z")
        >>> p = pixels({"z": torch.zeros(1, 4), "x": torch.full((1, 1, 2, 2), 0.5)})
        >>> round(pixels.gamma.item(), 4)
        0.5

    Source:
        Rybkin et al. (2021); docs/objectives.md, section 3 (sigma-VAE).
    """

    reading = Dequantised()
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
    """p(x | parents) = prod_i Cat(x_i; softmax(net_i)) over K grey levels 0, 1/(K-1), ..., 1.

    Args:
        net: gives `(B, K C, H, W)` of the parents, K logits a pixel.
        given: the parents' names.
        levels: K.

    Example:
        >>> pixels = CategoricalPixels(nn.Unflatten(1, (4, 2, 2)), "z", levels=4)
        >>> pixels({"z": torch.zeros(1, 16)}).log_prob(torch.zeros(1, 1, 2, 2))  # 4 log(1/4)
        tensor([-5.5452])

    Source:
        docs/objectives.md, section 3 (categorical).
    """

    def __init__(self, net: nn.Module, *given: str, levels: int):
        super().__init__(net, *given)
        self.levels, self.reading = levels, Levels(levels)

    def forward(self, env: Env) -> Distribution:
        logits = self.output(env).unflatten(1, (self.levels, -1)).movedim(1, -1)
        return grey_levels(logits)
