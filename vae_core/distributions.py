"""Distributions with one event per example, the divergence between two, and where the noise of a draw comes from.

Everything is in nats. Shapes: B examples, D dimensions.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, singledispatch
from typing import Any, ClassVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributions import (
    Bernoulli,
    Categorical,
    Distribution,
    Independent,
    MixtureSameFamily,
    Normal,
    OneHotCategorical,
    Uniform,
    constraints,
    register_kl,
)
from torch.distributions import kl_divergence as closed_form_kl

Draw = Callable[[Distribution], Tensor]


def diagonal_normal(loc: Tensor, scale: Tensor, event: int = 1) -> Independent:
    """N(loc, diag scale^2); the last `event` dimensions are the event.

    >>> diagonal_normal(torch.zeros(5, 3), torch.ones(5, 3)).log_prob(torch.zeros(5, 3)).shape
    torch.Size([5])
    """
    return Independent(Normal(loc, scale, validate_args=False), event, validate_args=False)


class BinaryPixels(Independent):
    """Independent Bernoulli pixels; every dimension after the first is the event.

    Grey values are no data for it: its log_prob raises ValueError for them (on the CPU, where looking costs next to nothing).
    """

    def __init__(self, logits: Tensor):
        super().__init__(Bernoulli(logits=logits, validate_args=False), logits.dim() - 1, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        if value.device.type == "cpu" and value.frac().any():
            raise ValueError(
                "a Bernoulli likelihood scores pixels that are 0 or 1: binarise grey images, or choose a likelihood for them"
            )
        return super().log_prob(value)


class ContinuousBernoulli(Distribution):
    """The density on [0, 1] that is proportional to p^x (1 - p)^(1 - x), of a logit t (Loaiza-Ganem & Cunningham, 2019).

    log p(x) = t (x - 1/2) - log(sinh(t/2) / (t/2)), which is exact for every t; torch's own clamps p to float precision, and loses
    0.2 nats a pixel at t = -20, where the background of a digit lies.

    >>> ContinuousBernoulli(torch.zeros(1)).log_prob(torch.tensor([0.3])).exp().item()
    1.0
    """

    arg_constraints: ClassVar = {}  # type: ignore[assignment]
    support = constraints.unit_interval  # type: ignore[assignment]

    def __init__(self, logits: Tensor):
        self.logits = logits
        super().__init__(logits.shape, validate_args=False)

    @property
    def mean(self) -> Tensor:
        """1/2 + (coth(t/2) - 2/t) / 2."""
        h = self.logits / 2
        small = h.abs() < 0.1
        safe = torch.where(small, 1.0, h)
        return 0.5 + torch.where(small, h / 3 - h**3 / 45, 1 / torch.tanh(safe) - 1 / safe) / 2

    def log_prob(self, value: Tensor) -> Tensor:
        return self.logits * (value - 0.5) - self._log_sinhc()

    def icdf(self, value: Tensor) -> Tensor:
        """log(1 + u (e^t - 1)) / t, by symmetry with t <= 0."""
        t, up = self.logits, self.logits > 0
        u, down = torch.where(up, 1 - value, value), -t.abs()
        small = down > -1e-3
        safe = torch.where(small, -1.0, down)
        exact = torch.log1p(u * torch.expm1(safe)) / safe
        found = torch.where(small, u + down * u * (1 - u) / 2, exact)
        return torch.where(up, 1 - found, found).clamp(0, 1)

    def _log_sinhc(self) -> Tensor:
        h = self.logits.abs() / 2
        small = h < 0.1
        safe = torch.where(small, 1.0, h)
        return torch.where(
            small, h**2 / 6 - h**4 / 180, safe + torch.log1p(-torch.exp(-2 * safe)) - torch.log(2 * safe)
        )


def continuous_bernoulli(logits: Tensor) -> Independent:
    """Independent continuous Bernoulli pixels; every dimension after the first is the event."""
    return Independent(ContinuousBernoulli(logits), logits.dim() - 1, validate_args=False)


class GreyLevels(Distribution):
    """A categorical distribution over K equally spaced grey levels 0, 1/(K-1), ..., 1.

    Its logits are `(..., K)`: one categorical for each pixel.

    >>> d = GreyLevels(torch.zeros(1, 3))
    >>> [round(v.item(), 3) for v in (d.mean, d.log_prob(torch.tensor([0.5])).exp())]
    [0.5, 0.333]
    """

    arg_constraints: ClassVar = {}  # type: ignore[assignment]
    support = constraints.unit_interval  # type: ignore[assignment]

    def __init__(self, logits: Tensor):
        self.log_probs = logits.log_softmax(-1)
        super().__init__(logits.shape[:-1], validate_args=False)

    @property
    def levels(self) -> int:
        return self.log_probs.shape[-1]

    @property
    def mean(self) -> Tensor:
        values = torch.linspace(0, 1, self.levels, device=self.log_probs.device, dtype=self.log_probs.dtype)
        return self.log_probs.exp() @ values

    def log_prob(self, value: Tensor) -> Tensor:
        level = (value * (self.levels - 1)).round().long()
        return self.log_probs.gather(-1, level.unsqueeze(-1)).squeeze(-1)


def grey_levels(logits: Tensor) -> Independent:
    """Independent pixels of K grey levels from logits `(B, ..., K)`."""
    return Independent(GreyLevels(logits), logits.dim() - 2, validate_args=False)


class GaussianMixture(MixtureSameFamily):
    """sum_i w_i N(m_i, diag s_i^2) over M components.

    Its density is one matrix product, log w_i + c_i - (z^2 . s_i^-2) / 2 + z . (m_i s_i^-2), in double precision, where the
    difference of large numbers loses nothing, instead of M densities side by side.
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

    By Jensen's inequality, since logsumexp is convex (Hershey & Olsen, 2007)."""


class ConvexityBound(GaussianMixture):
    """A mixture whose divergence from a Gaussian is the bound sum_i w_i KL(q || N_i) >= KL(q || p).

    Equal to KL(q || G) - log Z with G the *single* Gaussian prod_i N_i^w_i / Z: a learned mixture collapses under it."""


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

    >>> q = diagonal_normal(torch.ones(2, 3), torch.ones(2, 3))
    >>> kl_per_dimension(q, diagonal_normal(torch.zeros(3), torch.ones(3))).tolist()[0]
    [0.5, 0.5, 0.5]
    """
    if not (isinstance(q, Independent) and isinstance(p, Independent)):
        return None
    if not (isinstance(q.base_dist, Normal) and isinstance(p.base_dist, Normal)):
        return None
    return closed_form_kl(q.base_dist, p.base_dist)


def mean(d: Distribution) -> Tensor:
    """The expectation, and of a class the most probable one: what a page shows when it says "decoded"."""
    return d.mode if isinstance(d, OneHotCategorical) else d.mean


def rsample(d: Distribution) -> Tensor:
    """A draw the gradient passes through. Raises NotImplementedError where there is none (a discrete latent),
    because a plain draw would lose the gradient to the posterior without a word."""
    return d.rsample()


def whole_mean(values: Tensor) -> Tensor:
    """The mean without gradient over the whole batch, also where several processes hold a part of it each."""
    mean = values.detach().mean()
    if dist.is_available() and dist.is_initialized():
        dist.all_reduce(mean)
        mean = mean / dist.get_world_size()
    return mean


# scikit-learn takes no larger seed.
SEEDS = 2**32


def check_seed(seed: int) -> None:
    """Raises ValueError for what is no seed of all generators.

    >>> check_seed(-1)
    Traceback (most recent call last):
    ValueError: the seed must be between 0 and 4294967295, got -1
    """
    if not 0 <= seed < SEEDS:
        raise ValueError(f"the seed must be between 0 and {SEEDS - 1}, got {seed}")


@dataclass(frozen=True)
class Sampler:
    """A draw whose noise has a stated source.

    generator: own stream of random numbers; None is torch's global one, which visitors of one server share.
    temperature: factor on the standard deviation of Gaussians (1 is the distribution itself).
    rank, ranks: draw the noise of a batch `ranks` times as long and keep this rank's rows, so that the number
        of training processes never changes the numbers.
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
def _draw(d: Distribution, sampler: Sampler) -> Tensor:
    raise NotImplementedError(
        f"no seeded draw for {type(d).__name__}: register one in vae_core.distributions"
    )


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


def _index(log_probs: Tensor, sampler: Sampler) -> Tensor:
    """A category for each row of `(..., K)`: the first whose cumulated probability exceeds a uniform number."""
    uniform = sampler.uniform((*log_probs.shape[:-1], 1), log_probs.device)
    return (log_probs.softmax(-1).cumsum(-1) < uniform).sum(-1).clamp(max=log_probs.shape[-1] - 1)
