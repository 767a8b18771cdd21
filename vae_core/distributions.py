"""Distributions with one event per example, the divergence between two, and where the noise of a draw comes from.

Everything is in nats. Shapes: B examples, D dimensions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, singledispatch

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Independent, Normal
from torch.distributions import kl_divergence as closed_form_kl

Draw = Callable[[Distribution], Tensor]


def diagonal_normal(loc: Tensor, scale: Tensor) -> Independent:
    """N(loc, diag scale^2); the last dimension is the event.

    >>> diagonal_normal(torch.zeros(5, 3), torch.ones(5, 3)).log_prob(torch.zeros(5, 3)).shape
    torch.Size([5])
    """
    return Independent(Normal(loc, scale, validate_args=False), 1, validate_args=False)


def bernoulli(logits: Tensor) -> Independent:
    """Independent Bernoulli pixels; every dimension after the first is the event."""
    return Independent(Bernoulli(logits=logits, validate_args=False), logits.dim() - 1, validate_args=False)


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
    """The expectation: what a page shows when it says "decoded"."""
    return d.mean


def rsample(d: Distribution) -> Tensor:
    """A draw the gradient passes through. Raises NotImplementedError where there is none (a discrete latent),
    because a plain draw would lose the gradient to the posterior without a word."""
    return d.rsample()


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
def _(d: Bernoulli, sampler: Sampler) -> Tensor:
    return (sampler.uniform(tuple(d.probs.shape), d.probs.device) < d.probs).float()
