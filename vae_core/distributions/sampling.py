"""What stands for a distribution: its mean, or a draw, whose noise has a stated source."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, singledispatch
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributions import (
    Bernoulli,
    Distribution,
    Independent,
    MixtureSameFamily,
    Normal,
    OneHotCategorical,
    Uniform,
)

from .flows import NormalizingFlow
from .pixels import ContinuousBernoulli, GreyLevels

Draw = Callable[[Distribution], Tensor]


def mean(d: Distribution) -> Tensor:
    """The expectation of a distribution, and of a class the most probable one: what a page shows when it says "decoded".

    Args:
        d: the distribution.

    Returns:
        A tensor of the shape of one draw.

    Example:
        >>> mean(Normal(2.0, 1.0)).item(), mean(OneHotCategorical(probs=torch.tensor([0.4, 0.6]))).tolist()
        (2.0, [0.0, 1.0])
    """
    return d.mode if isinstance(d, OneHotCategorical) else d.mean


def rsample(d: Distribution) -> Tensor:
    """A draw that the gradient passes through, z = mu + sigma * noise for a Gaussian.

    A plain draw would lose the gradient to the posterior without a word.

    Args:
        d: the distribution.

    Returns:
        A draw of it.

    Raises:
        NotImplementedError: where there is no such draw, as for a discrete latent.

    Example:
        >>> loc = torch.zeros(3, requires_grad=True)
        >>> rsample(Normal(loc, 1.0)).sum().backward()
        >>> loc.grad.tolist()
        [1.0, 1.0, 1.0]

    Source:
        Kingma & Welling (2014), the reparametrisation.
    """
    return d.rsample()


def whole_mean(values: Tensor) -> Tensor:
    """The mean without gradient over the whole batch, `()`, also where several processes hold a part of it each.

    Args:
        values: of any shape; of this process.

    Returns:
        The mean of all processes' values.

    Example:
        >>> whole_mean(torch.tensor([1.0, 3.0])).item()
        2.0
    """
    mean = values.detach().mean()
    if dist.is_available() and dist.is_initialized():
        dist.all_reduce(mean)
        mean = mean / dist.get_world_size()
    return mean


# scikit-learn takes no larger seed.
SEEDS = 2**32


def check_seed(seed: int) -> None:
    """Refuses what is no seed of all generators.

    Args:
        seed: a whole number.

    Raises:
        ValueError: for a seed outside 0 to 2^32 - 1.

    Example:
        >>> check_seed(-1)
        Traceback (most recent call last):
        ValueError: the seed must be between 0 and 4294967295, got -1
    """
    if not 0 <= seed < SEEDS:
        raise ValueError(f"the seed must be between 0 and {SEEDS - 1}, got {seed}")


@dataclass(frozen=True)
class Sampler:
    """A draw whose noise has a stated source: called with a distribution, it gives a draw of it.

    Attributes:
        generator: own stream of random numbers; None is torch's global one, which visitors of one server
            share.
        temperature: factor on the standard deviation of Gaussians (1 is the distribution itself).
        rank: which of the `ranks` processes this is.
        ranks: the noise of a batch `ranks` times as long is drawn, and this rank's rows are kept, so that
            the number of training processes never changes the numbers.

    Example:
        >>> d = Normal(torch.zeros(2), torch.ones(2))
        >>> bool((Sampler.seeded(3)(d) == Sampler.seeded(3)(d)).all()), Sampler.seeded(3, temperature=0.0)(d).tolist()
        (True, [0.0, 0.0])
    """

    generator: torch.Generator | None = None
    temperature: float = 1.0
    rank: int = 0
    ranks: int = 1

    @classmethod
    def seeded(cls, seed: int, temperature: float = 1.0) -> "Sampler":
        """Noise from a CPU generator of its own: the same pictures on every device.

        >>> a, b = (Sampler.seeded(3).normal((2,), torch.device("cpu")) for _ in range(2))
        >>> bool((a == b).all())
        True
        """
        return cls(torch.Generator().manual_seed(seed), temperature)

    def normal(self, shape: tuple[int, ...], device: torch.device) -> Tensor:
        return self._rows(torch.randn, shape, device)

    def uniform(self, shape: tuple[int, ...], device: torch.device) -> Tensor:
        return self._rows(torch.rand, shape, device)

    def grey(self, shape: tuple[int, ...], device: torch.device) -> Tensor:
        """Uniform integers 0 to 254 as uint8: `grey < pixel` holds with probability pixel / 255, exactly."""
        return self._rows(partial(torch.randint, 255, dtype=torch.uint8), shape, device)

    def _rows(self, noise: Callable[..., Tensor], shape: tuple[int, ...], device: torch.device) -> Tensor:
        whole = (shape[0] * self.ranks, *shape[1:])
        source = device if self.generator is None else self.generator.device
        drawn = noise(whole, generator=self.generator, device=source)
        if self.ranks > 1:
            drawn = drawn[self.rank * shape[0] : (self.rank + 1) * shape[0]]
        return drawn.to(device)

    def __call__(self, d: Distribution) -> Tensor:
        return _draw(d, self)


@singledispatch
def seeded_draw(d: Distribution, sampler: Sampler) -> Tensor:
    """A draw of a distribution with the noise of a sampler; `seeded_draw.register` teaches it another distribution.

    Args:
        d: the distribution.
        sampler: gives noise by `normal` and `uniform`, and the `temperature` that scales deviations from the mean.

    Returns:
        A tensor of the shape of one draw.

    Raises:
        NotImplementedError: for a distribution that it has not been taught.

    Example:
        >>> from torch.distributions import Exponential
        >>> @seeded_draw.register
        ... def _(d: Exponential, sampler: Sampler) -> Tensor:
        ...     return -(-sampler.uniform(tuple(d.rate.shape), d.rate.device)).log1p() / d.rate
        >>> Sampler.seeded(0)(Exponential(torch.ones(2))).shape
        torch.Size([2])
    """
    raise NotImplementedError(
        f"no seeded draw for {type(d).__name__}: register one with vae_core.distributions.seeded_draw.register"
    )


_draw = seeded_draw


@_draw.register
def _(d: Independent, sampler: Sampler) -> Tensor:
    return _draw(d.base_dist, sampler)


@_draw.register
def _(d: Normal, sampler: Sampler) -> Tensor:
    return d.loc + sampler.temperature * d.scale * sampler.normal(tuple(d.loc.shape), d.loc.device)


@_draw.register
def _(d: Uniform, sampler: Sampler) -> Tensor:
    return d.low + (d.high - d.low) * sampler.uniform(tuple(d.low.shape), d.low.device)


@_draw.register
def _(d: Bernoulli, sampler: Sampler) -> Tensor:
    return (sampler.uniform(tuple(d.probs.shape), d.probs.device) < d.probs).float()


@_draw.register
def _(d: ContinuousBernoulli, sampler: Sampler) -> Tensor:
    return d.icdf(sampler.uniform(tuple(d.logits.shape), d.logits.device))


@_draw.register
def _(d: GreyLevels, sampler: Sampler) -> Tensor:
    return _index(d.log_probs, sampler) / (d.levels - 1)


@_draw.register
def _(d: OneHotCategorical, sampler: Sampler) -> Tensor:
    return torch.nn.functional.one_hot(_index(d.logits, sampler), d.event_shape[-1]).to(d.logits)


@_draw.register
def _(d: MixtureSameFamily, sampler: Sampler) -> Tensor:
    index = _index(d.mixture_distribution.logits, sampler)  # type: ignore[attr-defined]
    parts: Any = d.component_distribution.base_dist  # type: ignore[attr-defined]
    rows = index[..., None, None].expand(*index.shape, 1, parts.loc.shape[-1])
    loc, scale = (
        part.expand(*index.shape, *parts.loc.shape[-2:]).gather(-2, rows) for part in (parts.loc, parts.scale)
    )
    return _draw(Normal(loc.squeeze(-2), scale.squeeze(-2), False), sampler)


@_draw.register
def _(d: NormalizingFlow, sampler: Sampler) -> Tensor:
    return d.pushed(sampler.temperature * sampler.normal((*d.batch_shape, *d.event_shape), d.device))


def _index(log_probs: Tensor, sampler: Sampler) -> Tensor:
    """A category for each row of `(..., K)`: the first whose cumulated probability exceeds a uniform number."""
    uniform = sampler.uniform((*log_probs.shape[:-1], 1), log_probs.device)
    return (log_probs.softmax(-1).cumsum(-1) < uniform).sum(-1).clamp(max=log_probs.shape[-1] - 1)
