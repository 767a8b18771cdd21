"""Objectives that hold a number of nats: the rate, by dual ascent on beta or by an annealed capacity, or the distortion.

Shapes: B examples.
"""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from ..conditionals import Env
from ..distributions import whole_mean
from ..fields import WhileTraining
from ..model import Terms
from .declared import OfBound, Setting, Trained
from .parts import Bound, Weighting, above_zero


class Constrained(Weighting):
    """min D subject to E_x KL <= delta nats an example, by dual ascent on the multiplier beta (the KKT form of a beta-VAE).

    theta, phi descend D + beta (KL - delta); beta <- beta exp(speed (KL_average - delta) / max(delta, 1)),
    kept within `RANGE`, with an exponential average of the batches' KL (decay 0.99) and no update before
    `WARMUP` batches have been seen, or a tenth of the `steps` of a short training. beta (KL - delta) = 0 at
    the optimum: where KL stays below delta at the least beta, the constraint is inactive.

    Args:
        delta: greatest mean rate, nats.
        speed: of the ascent.
        steps: of the training in all.

    Raises:
        ValueError: for a delta that is not above 0.

    Example:
        >>> terms = Terms({"x": torch.tensor([-10.0])}, {"z": torch.tensor([2.0])}, {})
        >>> weighting = Constrained(delta=16.0)
        >>> weighting(terms, {}), weighting.state()["rate"]  # 10 + 1 (2 - 16)
        (tensor([-4.]), 2.0)

    Source:
        docs/objectives.md, section 6 (a constraint).
    """

    RANGE = (0.01, 1000.0)
    WARMUP = 200
    log_beta: Tensor
    average: Tensor
    batches: Tensor

    def __init__(self, delta: float, speed: float = 0.01, steps: int | None = None):
        super().__init__()
        above_zero(delta=delta)
        self.delta, self.speed = delta, speed
        self.waits = self.WARMUP if steps is None else min(self.WARMUP, steps // 10)
        for name in ("log_beta", "average", "batches"):
            self.register_buffer(name, torch.zeros(()))

    def forward(self, terms: Terms, batch: Env) -> Tensor:
        if self.training:
            self._ascend(whole_mean(terms.rate))
        return terms.distortion + self.log_beta.exp() * (terms.rate - self.delta)

    def _ascend(self, rate: Tensor) -> None:
        _average(self.average, self.batches, rate)
        step = self.speed * (self.average - self.delta) / max(self.delta, 1.0)
        _move(self.log_beta, torch.where(self.batches > self.waits, step, 0.0), self.RANGE)

    def state(self) -> dict[str, float]:
        """beta, the average rate, and whether the constraint binds (1 or 0)."""
        beta = self.log_beta.exp().item()
        return {"beta": beta, "rate": self.average.item(), "active": float(beta > 1.01 * self.RANGE[0])}


class Capacity(Weighting):
    """D + weight |KL - C(t)|, KL the batch's mean, C rising from 0 to `capacity` nats over `steps` batches, `()` nats.

    Args:
        capacity: what C rises to, nats.
        steps: batches over which it does.
        weight: of the distance.

    Raises:
        ValueError: for one of them that is not above 0.

    Example:
        >>> terms = Terms({"x": torch.tensor([-10.0])}, {"z": torch.tensor([2.0])}, {})
        >>> weighting = Capacity(capacity=20.0, steps=10)
        >>> weighting(terms, {}), weighting.state()  # C is 2 at the first of 10 batches: 10 + 1000 |2 - 2|
        (tensor(10.), {'capacity': 2.0})

    Source:
        Burgess et al. (2018); docs/objectives.md, section 6 (a capacity).
    """

    batches: Tensor

    def __init__(self, capacity: float, steps: int = 10_000, weight: float = 1000.0):
        super().__init__()
        above_zero(capacity=capacity, steps=steps, weight=weight)
        self.capacity, self.steps, self.weight = capacity, steps, weight
        self.register_buffer("batches", torch.zeros(()))

    @property
    def now(self) -> Tensor:
        """C(t) in nats."""
        return self.capacity * (self.batches / self.steps).clamp(max=1.0)

    def forward(self, terms: Terms, batch: Env) -> Tensor:
        if self.training:
            self.batches += 1
        side = (
            whole_mean(terms.rate) - self.now
        ).sign()  # of all processes' batch, so that their gradients add up to its own
        return terms.distortion.mean() + self.weight * side * (terms.rate.mean() - self.now)

    def state(self) -> dict[str, float]:
        return {"capacity": self.now.item()}


class Geco(Weighting):
    """min KL subject to E D <= tolerance nats an example, by a multiplier lambda.

    Loss KL + lambda (D - tolerance), `(B,)` nats; lambda <- lambda clamp(exp(speed (D_average - tolerance)
    / max(|tolerance|, 1)), 0.9, 1.05).

    Args:
        tolerance: greatest mean distortion, nats; it may be negative for densities.
        speed: of the multiplier.

    Raises:
        ValueError: for a tolerance that is not finite.

    Example:
        >>> terms = Terms({"x": torch.tensor([-10.0])}, {"z": torch.tensor([2.0])}, {})
        >>> Geco(tolerance=8.0).eval()(terms, {})  # 2 + 1 (10 - 8)
        tensor([4.])

    Source:
        Rezende & Viola (2018); docs/objectives.md, section 6 (GECO).
    """

    RANGE = (1e-4, 1e4)
    log_multiplier: Tensor
    average: Tensor
    batches: Tensor

    def __init__(self, tolerance: float, speed: float = 0.01):
        super().__init__()
        if not math.isfinite(tolerance):
            raise ValueError(f"the tolerance must be a number of nats, got {tolerance}")
        self.tolerance, self.speed = tolerance, speed
        for name in ("log_multiplier", "average", "batches"):
            self.register_buffer(name, torch.zeros(()))

    def forward(self, terms: Terms, batch: Env) -> Tensor:
        if self.training:
            _average(self.average, self.batches, whole_mean(terms.distortion))
            step = self.speed * (self.average - self.tolerance) / max(abs(self.tolerance), 1.0)
            _move(self.log_multiplier, step.clamp(math.log(0.9), math.log(1.05)), self.RANGE)
        return terms.rate + self.log_multiplier.exp() * (terms.distortion - self.tolerance)

    def state(self) -> dict[str, float]:
        """lambda, and 1 / lambda, which is the beta of an equal beta-VAE."""
        multiplier = self.log_multiplier.exp().item()
        return {"lambda": multiplier, "beta": 1 / multiplier, "distortion": self.average.item()}


def _average(average: Tensor, batches: Tensor, value: Tensor) -> None:
    """One more value into an exponential average of decay 0.99, in place; early on it is the plain mean."""
    batches += 1
    average.lerp_(value, torch.clamp(1 / batches, min=0.01))


def _move(log_number: Tensor, step: Tensor, range_: tuple[float, float]) -> None:
    """The logarithm of a number that is kept in a range, moved by a step, in place: a recorded step reads it where it lies."""
    log_number.copy_((log_number + step).clamp(*map(math.log, range_)))


@dataclass(frozen=True, kw_only=True)
class ConstrainedVAE(OfBound):
    """min D subject to E KL <= delta, by dual ascent on beta: the KKT form of a beta-VAE.

    Raises:
        ValueError: for a delta that is not above 0, or a negative weight.

    Example:
        >>> from types import SimpleNamespace
        >>> ConstrainedVAE(delta=16.0).says(SimpleNamespace(found={"beta": 1.5, "active": 1.0}, rates=None))
        'rate ≤ 16 nats: β = 1.50 by dual ascent'

    Source:
        docs/objectives.md, section 6 (a constraint).
    """

    comparable: ClassVar[bool] = False

    delta: Annotated[float, WhileTraining(0.1, 100.0)]
    """Greatest mean rate, nats an example."""

    def __post_init__(self):
        super().__post_init__()
        above_zero(delta=self.delta)

    def build(self, setting: Setting) -> Bound:
        return self.bound(setting, Constrained(self.delta, steps=setting.steps))

    def weigh(self, bound: Bound) -> None:
        assert isinstance(bound.weighting, Constrained)
        bound.weighting.delta = self.delta

    def says(self, card: Trained) -> str:
        found = card.found
        ending = (
            f": β = {found['beta']:.2f} by dual ascent" if found.get("active") else ": constraint inactive"
        )
        return " · ".join([f"rate ≤ {self.delta:g} nats{ending if found else ''}", *self.beside()])


@dataclass(frozen=True, kw_only=True)
class AnnealedCapacity(OfBound):
    """D + 1000 |KL - C(t)|, the capacity C annealed over the first half of the training (Burgess et al., 2018).

    Raises:
        ValueError: for a capacity that is not above 0, or a negative weight.

    Example:
        >>> from types import SimpleNamespace
        >>> AnnealedCapacity(capacity=25.0).says(SimpleNamespace(found={}, rates=None))
        'capacity annealed to 25 nats'

    Source:
        Burgess et al. (2018); docs/objectives.md, section 6 (a capacity).
    """

    comparable: ClassVar[bool] = False

    capacity: Annotated[float, WhileTraining(0.1, 100.0)]
    """Capacity C that the mean rate is annealed to, nats an example."""

    def __post_init__(self):
        super().__post_init__()
        above_zero(capacity=self.capacity)

    def build(self, setting: Setting) -> Bound:
        return self.bound(setting, Capacity(self.capacity, max(1, setting.steps // 2)))

    def weigh(self, bound: Bound) -> None:
        assert isinstance(bound.weighting, Capacity)
        bound.weighting.capacity = self.capacity

    def says(self, card: Trained) -> str:
        return " · ".join([f"capacity annealed to {self.capacity:g} nats", *self.beside()])


@dataclass(frozen=True, kw_only=True)
class GECO(OfBound):
    """min KL subject to E D <= tolerance, by a multiplier on the distortion (Rezende & Viola, 2018).

    Raises:
        ValueError: for a tolerance that is not finite, or a negative weight.

    Example:
        >>> from types import SimpleNamespace
        >>> GECO(tolerance=80.0).says(SimpleNamespace(found={"beta": 0.5}, rates=None))
        'distortion ≤ 80 nats: β = 0.50'

    Source:
        Rezende & Viola (2018); docs/objectives.md, section 6 (GECO).
    """

    comparable: ClassVar[bool] = False

    tolerance: Annotated[float, WhileTraining(1.0, 1000.0)]
    """Greatest mean distortion, nats an example."""

    def __post_init__(self):
        super().__post_init__()
        Geco(self.tolerance)

    def build(self, setting: Setting) -> Bound:
        return self.bound(setting, Geco(self.tolerance))

    def weigh(self, bound: Bound) -> None:
        assert isinstance(bound.weighting, Geco)
        bound.weighting.tolerance = self.tolerance

    def says(self, card: Trained) -> str:
        found = card.found
        beta = f": β = {found['beta']:.2f}" if "beta" in found else ""
        return " · ".join([f"distortion ≤ {self.tolerance:g} nats{beta}", *self.beside()])
