"""Normalising flows as distributions: exact draws and log-densities, moments by seeded draws.

Shapes: B examples, D dimensions, K columns of what a flow is conditioned on.
"""

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import cast
from weakref import WeakKeyDictionary

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, Transform

# Draws whose moments stand for those of a flow, which has none in closed form; half of them mirror the others' noise.
MOMENT_DRAWS = 2048

# Rows that a flow is run on at once: each is some thousands of numbers on the way.
ROWS = 8192

# Rows that a flow is run on at once: each is some thousands of numbers on the way.
ROWS = 8192


_REMEMBERED: WeakKeyDictionary[torch.nn.Module, tuple[object, dict[object, tuple[Tensor, Tensor]]]] = (
    WeakKeyDictionary()
)


class NormalizingFlow(Distribution):
    """The distribution of z = f^-1(e), e ~ N(0, I): log p(z) = log N(f(z); 0, I) + log |det df/dz|, f invertible.

    Its mean and variance have no closed form: they are those of 2,048 draws whose noise is seeded, the same at every call, and carry no
    gradient. Its divergence from a Gaussian has none either: `kl_divergence` estimates that at a draw.

    Args:
        flow: what gives f, from codes to noise, for rows of a context `(..., K)` or None.
        dimensions: D.
        context: what f is conditioned on, `(B, K)`; None where it is on nothing.
        batch_shape: that of the context unless given.

    Example:
        >>> from torch.distributions.transforms import AffineTransform
        >>> half = NormalizingFlow(lambda context: AffineTransform(0.0, 2.0, event_dim=1), 1)  # e = 2 z, so z ~ N(0, 1/4)
        >>> half.log_prob(torch.zeros(1)).item(), round(half.stddev.item(), 1)  # log 2 - log(2 pi) / 2
        (-0.2257..., 0.5)

    Source:
        Rezende & Mohamed (2015); Papamakarios et al. (2021); docs/objectives.md, section 4 (flow).
    """

    arg_constraints = {}  # type: ignore[assignment]  # noqa: RUF012 (torch's own way)
    has_rsample = True

    def __init__(
        self,
        flow: Callable[[Tensor | None], Transform],
        dimensions: int,
        context: Tensor | None = None,
        batch_shape: Size | None = None,
    ):
        batch = batch_shape if batch_shape is not None else Size() if context is None else context.shape[:-1]
        super().__init__(batch, Size([dimensions]), validate_args=False)
        self.flow, self.context = flow, context

    def expand(self, batch_shape: Size, _instance: object = None) -> "NormalizingFlow":
        batch = Size(batch_shape)
        context = None if self.context is None else self.context.expand(*batch, self.context.shape[-1])
        return NormalizingFlow(self.flow, self.event_shape[0], context, batch)

    def log_prob(self, value: Tensor) -> Tensor:
        def density(z: Tensor, context: Tensor | None) -> Tensor:
            noise, log_det = _noise_and_log_det(self.flow(context), z)
            return -0.5 * noise.square().sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi) + log_det

        return self._by_rows(density, value)

    def pushed(self, noise: Tensor) -> Tensor:
        """z = f^-1(e) of noise `(..., *batch, D)`."""
        return self._by_rows(lambda e, context: cast(Tensor, self.flow(context).inv(e)), noise)

    def _by_rows(self, function: Callable[[Tensor, Tensor | None], Tensor], value: Tensor) -> Tensor:
        """The function of rows `(N, D)` and their context, of so many at once as fit; never in half precision."""
        shape = torch.broadcast_shapes(value.shape, (*self.batch_shape, *self.event_shape))
        rows = _few(value.expand(shape).reshape(-1, shape[-1]))
        contexts: Sequence[Tensor | None] = [None] * len(rows)
        if self.context is not None:
            told = self.context.expand(*shape[:-1], self.context.shape[-1])
            contexts = _few(told.reshape(-1, told.shape[-1]))
        with torch.autocast(value.device.type, enabled=False):
            found = torch.cat([function(_full(r), c) for r, c in zip(rows, contexts, strict=True)])
        return found.reshape((*shape[:-1], *found.shape[1:]))

    def rsample(self, sample_shape: Size | tuple[int, ...] = ()) -> Tensor:
        shape = (*sample_shape, *self.batch_shape, *self.event_shape)
        return self.pushed(torch.randn(shape, device=self.device))

    @property
    def mean(self) -> Tensor:
        return self._moments[0]

    @property
    def variance(self) -> Tensor:
        return self._moments[1]

    @cached_property
    def _moments(self) -> tuple[Tensor, Tensor]:
        """Mean and variance, `(*batch, D)`, of which those of equal contexts are computed once."""
        shape = (*self.batch_shape, *self.event_shape)
        if self.context is None:
            return tuple(part.expand(shape) for part in self._known_moments(None))  # type: ignore[return-value]
        rows, place = self.context.reshape(-1, self.context.shape[-1]).unique(dim=0, return_inverse=True)
        each = [self._known_moments(row) for row in rows]
        return tuple(torch.stack(part)[place].reshape(shape) for part in zip(*each, strict=True))  # type: ignore[return-value]

    def _known_moments(self, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """Those of the last weights of a flow are remembered: a page asks for them again and again."""
        if not isinstance(self.flow, torch.nn.Module):
            return self._moments_of(context)
        state = tuple((id(p), p._version) for p in self.flow.parameters())
        if _REMEMBERED.get(self.flow, (None, {}))[0] != state:
            _REMEMBERED[self.flow] = (state, {})
        known = _REMEMBERED[self.flow][1]
        row = None if context is None else tuple(context.tolist())
        if row not in known:
            known[row] = self._moments_of(context)
        mean, variance = known[row]
        return mean.to(self.device), variance.to(self.device)

    @torch.no_grad()
    def _moments_of(self, context: Tensor | None) -> tuple[Tensor, Tensor]:
        half = torch.randn(MOMENT_DRAWS // 2, *self.event_shape, generator=torch.Generator().manual_seed(0))
        one = NormalizingFlow(self.flow, self.event_shape[0], context)
        drawn = one.pushed(torch.cat([half, -half]).to(self.device))
        return drawn.mean(0), drawn.var(0)

    @property
    def device(self) -> torch.device:
        if self.context is not None:
            return self.context.device
        held = self.flow.parameters() if isinstance(self.flow, torch.nn.Module) else iter(())
        return next((value.device for value in held), torch.device("cpu"))


def _few(rows: Tensor) -> Sequence[Tensor]:
    return rows.split(ROWS) if len(rows) > ROWS else [rows]


def _full(x: Tensor) -> Tensor:
    return x.float() if x.dtype.itemsize < 4 else x


def _noise_and_log_det(transform: Transform, z: Tensor) -> tuple[Tensor, Tensor]:
    """f(z) and log |det df/dz|, in one pass where the transform has one for both."""
    both = getattr(transform, "call_and_ladj", None)
    if both is not None:
        return both(z)
    noise = cast(Tensor, transform(z))
    return noise, transform.log_abs_det_jacobian(z, noise)
