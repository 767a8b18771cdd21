"""Distributions of pixels: binary, continuous in [0, 1], and of grey levels."""

from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Independent, constraints


class BinaryPixels(Independent):
    """Independent Bernoulli pixels: log p(x) = sum_i x_i log p_i + (1 - x_i) log(1 - p_i), p = sigmoid(logits).

    Every dimension after the first is the event. Grey values are no data for it.

    Args:
        logits: `(B, ...)`, one a pixel.

    Raises:
        ValueError: from `log_prob`, for values other than 0 and 1; on the CPU, where looking costs next to
            nothing.

    Example:
        >>> pixels = BinaryPixels(torch.zeros(1, 1, 2, 2))
        >>> round(pixels.log_prob(torch.ones(1, 1, 2, 2)).item(), 4)  # 4 log(1/2)
        -2.7726

    Source:
        docs/objectives.md, section 3 (Bernoulli).
    """

    def __init__(self, logits: Tensor):
        super().__init__(
            _Bernoulli(logits=logits, validate_args=False), logits.dim() - 1, validate_args=False
        )

    def log_prob(self, value: Tensor) -> Tensor:
        if value.device.type == "cpu" and not _binary(value):
            raise ValueError(
                "a Bernoulli likelihood scores pixels that are 0 or 1: binarise grey images, or choose a likelihood for them"
            )
        return super().log_prob(value)


class _Bernoulli(Bernoulli):
    """Torch's, scored by `_LogBernoulli` on a CPU."""

    def log_prob(self, value: Tensor) -> Tensor:
        if value.device.type != "cpu":
            return super().log_prob(value)
        return _LogBernoulli.apply(*torch.broadcast_tensors(self.logits, value))


class _LogBernoulli(torch.autograd.Function):
    """x log p + (1 - x) log(1 - p) of each pixel, p = sigmoid(t), as x t - max(t, 0) - log(1 + e^-|t|).

    On a CPU torch's own takes three times as long, nearly all of it for log1p, and is no more exact. Without it a pixel errs by half a step
    of its float at 1: 6e-8 nats.

    >>> t, x = torch.linspace(-90, 90, 64), torch.tensor([0.0, 1.0]).repeat(32)
    >>> exact = Bernoulli(logits=t.double()).log_prob(x.double())
    >>> torch.allclose(_LogBernoulli.apply(t, x).double(), exact, rtol=1e-6, atol=6e-8)
    True
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, value: Tensor) -> Tensor:
        ctx.save_for_backward(logits, value)
        rest = logits.abs().neg_().exp_().add_(1.0).log_()
        # In this order: where the pixel is as the logit says, the first two are the same number.
        return (value * logits).sub_(logits.clamp(min=0.0)).sub_(rest)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor | None]:  # type: ignore[override]
        logits, value = ctx.saved_tensors
        return grad * (value - logits.sigmoid()), grad * logits if ctx.needs_input_grad[1] else None


def _binary(value: Tensor) -> bool:
    """Whether all are 0 or 1: half a step from 1/2, and no further.

    >>> [_binary(torch.tensor(values)) for values in ([0.0, 1.0], [1.0], [], [0.0, 0.5], [0.0, 2.0], [-1.0], [float("nan")])]
    [True, True, True, False, False, False, False]
    """
    if not value.numel():
        return True
    least, most = (value - 0.5).abs_().aminmax()
    return bool(least == 0.5) and bool(most == 0.5)


class ContinuousBernoulli(Distribution):
    """The density on [0, 1] that is proportional to p^x (1 - p)^(1 - x), of a logit t.

    log p(x) = t (x - 1/2) - log(sinh(t/2) / (t/2)), which is exact for every t; torch's own clamps p to
    float precision, and loses 0.2 nats a pixel at t = -20, where the background of a digit lies.

    Args:
        logits: t, of any shape: one distribution each.

    Example:
        >>> ContinuousBernoulli(torch.zeros(1)).log_prob(torch.tensor([0.3])).exp().item()
        1.0

    Source:
        Loaiza-Ganem & Cunningham (2019); docs/objectives.md, section 3.
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
        value_below = torch.where(small, u + down * u * (1 - u) / 2, exact)
        return torch.where(up, 1 - value_below, value_below).clamp(0, 1)

    def _log_sinhc(self) -> Tensor:
        h = self.logits.abs() / 2
        small = h < 0.1
        safe = torch.where(small, 1.0, h)
        return torch.where(
            small, h**2 / 6 - h**4 / 180, safe + torch.log1p(-torch.exp(-2 * safe)) - torch.log(2 * safe)
        )


def continuous_bernoulli(logits: Tensor) -> Independent:
    """Independent continuous Bernoulli pixels, `(B, ...)` logits: every dimension after the first is the event.

    Args:
        logits: t, `(B, ...)`.

    Returns:
        The distribution, batch shape `(B,)`.

    Example:
        >>> continuous_bernoulli(torch.zeros(2, 1, 4, 4)).log_prob(torch.full((2, 1, 4, 4), 0.3)).tolist()
        [0.0, 0.0]

    Source:
        Loaiza-Ganem & Cunningham (2019).
    """
    return Independent(ContinuousBernoulli(logits), logits.dim() - 1, validate_args=False)


class GreyLevels(Distribution):
    """A categorical distribution over K equally spaced grey levels 0, 1/(K-1), ..., 1.

    Args:
        logits: `(..., K)`, one categorical for each pixel.

    Example:
        >>> d = GreyLevels(torch.zeros(1, 3))
        >>> [round(v.item(), 3) for v in (d.mean, d.log_prob(torch.tensor([0.5])).exp())]
        [0.5, 0.333]

    Source:
        docs/objectives.md, section 3 (categorical).
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
    """Independent pixels of K grey levels from logits `(B, ..., K)`: every dimension between the first and the last is the event.

    Args:
        logits: `(B, ..., K)`, K logits a pixel.

    Returns:
        The distribution, batch shape `(B,)`.

    Example:
        >>> pixels = grey_levels(torch.zeros(1, 2, 2, 4))
        >>> round(pixels.log_prob(torch.zeros(1, 2, 2)).item(), 4)  # 4 log(1/4)
        -5.5452
    """
    return Independent(GreyLevels(logits), logits.dim() - 2, validate_args=False)
