"""Likelihoods of tables, p(x | parents), one distribution of every feature.

Shapes: B examples, F features, K classes. Densities and probabilities are of the features in their own units.
"""

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import (
    Bernoulli,
    Distribution,
    Independent,
    LogNormal,
    NegativeBinomial,
    Normal,
    Poisson,
    constraints,
)

from ..conditionals import Conditional, Env, Likelihood, full_precision
from ..distributions import diagonal_normal
from ..kinds import Table
from ..names import LABEL, LIBRARY
from ..readings import AS_STORED

# The least log standard deviation of a real feature, in units of that of the training rows: what is nearly constant keeps a density.
LOG_DEVIATION_FLOOR = -6.0

# The range of log theta, the inverse dispersion of counts: at its end they are Poisson but for a part in a million.
LOG_THETA_RANGE = (-7.0, 14.0)

# The range of the log mean of a count.
LOG_MEAN_RANGE = (-16.0, 16.0)

# The least mean of a count that has a share of the library: no count that was seen is impossible.
LEAST_MEAN = 1e-8


class GaussianFeatures(Likelihood):
    """p(x | parents) = prod_j N(x_j; m_j + s_j net_j, (s_j g_j)^2), m and s the mean and scale of the training rows, g learned.

    log p = sum_j -log(2 pi)/2 - log(s_j g_j) - (x_j - m_j - s_j net_j)^2 / (2 s_j^2 g_j^2): a density of
    the features in their own units. g stays above exp(-6).

    Args:
        net: gives `(B, F)` of the parents, in standard deviations of the training rows.
        given: the parents' names.
        table: the features, with m and s.
        shared: one g for all features; else one for each.

    Example:
        >>> table = Table(("height",), ("real",), (170.0,), (10.0,), (150.0,), (190.0,))
        >>> p = GaussianFeatures(nn.Identity(), "z", table=table)({"z": torch.tensor([[1.0]])})
        >>> p.mean.item(), round(p.stddev.item(), 4)
        (180.0, 10.0)

    Source:
        docs/objectives.md, section 3 (tables).
    """

    reading = AS_STORED
    mean: Tensor
    scale: Tensor

    def __init__(self, net: nn.Module, *given: str, table: Table, shared: bool = False):
        super().__init__(net, *given)
        self.register_buffer("mean", torch.tensor(table.mean))
        self.register_buffer("scale", torch.tensor(table.scale))
        self.raw = nn.Parameter(torch.empty(() if shared else table.size))
        self.set_gamma(torch.ones_like(self.raw))

    @property
    def gamma(self) -> Tensor:
        """The standard deviations in units of those of the training rows, `(F,)` or one number."""
        return (LOG_DEVIATION_FLOOR + F.softplus(self.raw)).exp()

    @torch.no_grad()
    def set_gamma(self, gamma: Tensor) -> None:
        """Raises ValueError for a gamma that is not above the floor, or not finite."""
        if not ((gamma.log() > LOG_DEVIATION_FLOOR) & gamma.isfinite()).all():
            raise ValueError(f"gamma must be above exp({LOG_DEVIATION_FLOOR:g}), got {gamma.min().item():g}")
        self.raw.copy_((gamma.log() - LOG_DEVIATION_FLOOR).expm1().log())

    def forward(self, env: Env) -> Distribution:
        loc = self.mean + self.scale * self.output(env)
        return diagonal_normal(loc, (self.scale * self.gamma).expand_as(loc))


class BernoulliFeatures(Likelihood):
    """p(x | parents) = prod_j Bernoulli(x_j; sigmoid(net_j)) of features that are 0 or 1.

    Args:
        net: gives logits `(B, F)` of the parents.
        given: the parents' names.

    Example:
        >>> p = BernoulliFeatures(nn.Identity(), "z")({"z": torch.zeros(1, 3)})
        >>> p.log_prob(torch.ones(1, 3))  # 3 log(1/2)
        tensor([-2.0794])

    Source:
        docs/objectives.md, section 3 (tables).
    """

    reading = AS_STORED

    def forward(self, env: Env) -> Distribution:
        bits = Bernoulli(logits=self.output(env), validate_args=False)
        return Independent(bits, 1, validate_args=False)


class Counts(Likelihood):
    """Counts whose expected shares of the library size l the net gives: mu = l softmax(net(parents)). l is a parent more, which the net
    does not read."""

    reading = AS_STORED

    def __init__(self, net: nn.Module, *given: str, also: Sequence[str] = ()):
        super().__init__(net, *given, LIBRARY, *(name for name in also if name not in given))
        self._read = given

    @property
    def mean_given(self) -> tuple[str, ...]:
        return (*self._read, LIBRARY)

    def means(self, env: Env) -> Tensor:
        """mu, `(B, F)`."""
        logits = full_precision(self.net(*(env[name] for name in self._read)))
        return (env[LIBRARY] * logits.softmax(-1)).clamp(min=LEAST_MEAN)

    @abstractmethod
    def forward(self, env: Env) -> Distribution: ...


class PoissonCounts(Counts):
    """p(x | l, parents) = prod_j Poisson(x_j; mu_j), mu = l softmax(net) with the library size l, one more parent.

    log p = sum_j x_j log mu_j - mu_j - log x_j!.

    Args:
        net: gives logits `(B, F)` of the parents but l.
        given: their names.
        also: parents that the net does not read.

    Example:
        >>> p = PoissonCounts(nn.Identity(), "z")({"z": torch.zeros(1, 2), "library": torch.tensor([[10.0]])})
        >>> p.mean.tolist()
        [[5.0, 5.0]]

    Source:
        docs/objectives.md, section 3 (tables).
    """

    def forward(self, env: Env) -> Distribution:
        return Independent(Poisson(self.means(env), validate_args=False), 1, validate_args=False)


class NegativeBinomialCounts(Counts):
    """p(x | l, parents) = prod_j NB(x_j; mu_j, theta_j), mu = l softmax(net), Var x_j = mu_j + mu_j^2 / theta_j.

    log p = sum_j lgamma(x_j + theta_j) - lgamma(theta_j) - lgamma(x_j + 1) + theta_j log(theta_j / (theta_j
    + mu_j)) + x_j log(mu_j / (theta_j + mu_j)), with the library size l, one more parent; theta is learned.

    Args:
        net: gives logits `(B, F)` of the parents but l.
        given: their names.
        features: F.
        classes: K, for a theta of each feature and class, which then is a parent; 0 for one of each
            feature.

    Example:
        >>> counts = NegativeBinomialCounts(nn.Identity(), "z", features=2)
        >>> p = counts({"z": torch.zeros(1, 2), "library": torch.tensor([[6.0]])})
        >>> p.mean.tolist(), p.variance.tolist()  # theta begins at 1
        ([[3.0, 3.0]], [[12.0, 12.0]])

    Source:
        Lopez et al. (2018), scVI; docs/objectives.md, section 3 (tables).
    """

    def __init__(self, net: nn.Module, *given: str, features: int, classes: int = 0):
        super().__init__(net, *given, also=[LABEL] if classes else [])
        self.classes = classes
        self.log_theta = nn.Parameter(torch.zeros(classes, features) if classes else torch.zeros(features))

    def forward(self, env: Env) -> Distribution:
        log_theta = env[LABEL] @ self.log_theta if self.classes else self.log_theta
        return Independent(negative_binomial(self.means(env), log_theta), 1, validate_args=False)


class MixedFeatures(Likelihood):
    """Real features, counts and binary ones side by side: the product of `GaussianFeatures`, negative binomials and Bernoullis.

    Counts have no library here, since their columns are of different things: mu_j = exp(net_j + log mean_j)
    with the mean of the training rows.

    Args:
        net: gives `(B, F)` of the parents.
        given: the parents' names.
        table: the features, with their types.

    Example:
        >>> table = Table(("age", "smokes"), ("real", "binary"), (50.0, 0.5), (10.0, 0.5), (30.0, 0.0), (70.0, 1.0))
        >>> MixedFeatures(nn.Identity(), "z", table=table)({"z": torch.zeros(1, 2)}).mean.tolist()
        [[50.0, 0.5]]

    Source:
        docs/objectives.md, section 3 (tables).
    """

    reading = AS_STORED
    mean: Tensor
    scale: Tensor

    def __init__(self, net: nn.Module, *given: str, table: Table):
        super().__init__(net, *given)
        self.register_buffer("mean", torch.tensor(table.mean))
        self.register_buffer("scale", torch.tensor(table.scale))
        self._columns = {kind: table.columns(kind) for kind in ("real", "count", "binary")}
        real, count = (len(self._columns[kind]) for kind in ("real", "count"))
        self.raw = nn.Parameter(torch.full((real,), math.log(math.expm1(-LOG_DEVIATION_FLOOR))))
        self.log_theta = nn.Parameter(torch.zeros(count))

    def forward(self, env: Env) -> Distribution:
        out = self.output(env)
        real, count, binary = (self._columns[kind].to(out.device) for kind in ("real", "count", "binary"))
        loc = self.mean[real] + self.scale[real] * out[:, real]
        deviation = self.scale[real] * (LOG_DEVIATION_FLOOR + F.softplus(self.raw)).exp()
        typical = self.mean[count].expm1().clamp(min=LEAST_MEAN).log()
        counts = (out[:, count] + typical).clamp(*LOG_MEAN_RANGE).exp()
        parts = [
            (real, Normal(loc, deviation.expand_as(loc), validate_args=False)),
            (count, negative_binomial(counts, self.log_theta)),
            (binary, Bernoulli(logits=out[:, binary], validate_args=False)),
        ]
        return Columns([(columns, part) for columns, part in parts if len(columns)], out.shape[1])


class Library(Conditional):
    """p(l), the library size, the sum of an example's counts: log-normal with the moments of the training rows' logarithms.

    `start` takes the moments; before it, log l is N(0, 1).

    Example:
        >>> library = Library()
        >>> library.start(torch.tensor([[1.0, 0.0], [3.0, 4.0]]), torch.zeros(2))
        >>> library.loc, library.scale
        (tensor([0.9730]), tensor([0.9730]))

    Source:
        Lopez et al. (2018); docs/objectives.md, section 3 (tables).
    """

    loc: Tensor
    scale: Tensor

    def __init__(self):
        super().__init__()
        self.register_buffer("loc", torch.zeros(1))
        self.register_buffer("scale", torch.ones(1))

    def forward(self, env: Env) -> Distribution:
        return Independent(LogNormal(self.loc, self.scale, validate_args=False), 1)

    @torch.no_grad()
    def start(self, images: Tensor, labels: Tensor) -> None:
        logs = Total()(images).log()
        self.loc.copy_(logs.mean(0))
        self.scale.copy_(logs.std(0, correction=0).clamp(min=0.01))


class Total(nn.Module):
    """The sum of an example's counts, `(B, F)` to `(B, 1)`; 1 for one without any, so that its logarithm exists.

    Example:
        >>> Total()(torch.tensor([[2.0, 3.0], [0.0, 0.0]])).tolist()
        [[5.0], [1.0]]
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.sum(1, keepdim=True).clamp(min=1)


def negative_binomial(mean: Tensor, log_theta: Tensor) -> NegativeBinomial:
    """NB of a mean mu and an inverse dispersion theta, whose variance is mu + mu^2 / theta.

    Args:
        mean: mu, above 0, of any shape.
        log_theta: log theta, which broadcasts with it; clamped to [-7, 14], at whose end counts are
            Poisson.

    Returns:
        torch's distribution, with total_count theta and logits log mu - log theta.

    Example:
        >>> found = negative_binomial(torch.tensor([3.0]), torch.tensor([0.0]))
        >>> round(found.mean.item(), 4), round(found.variance.item(), 4)
        (3.0, 12.0)

    Source:
        Lopez et al. (2018); docs/objectives.md, section 3 (tables).
    """
    log_theta = log_theta.clamp(*LOG_THETA_RANGE)
    return NegativeBinomial(log_theta.exp(), logits=mean.log() - log_theta, validate_args=False)


class Columns(Distribution):
    """A product of distributions of some columns each: log p(x) = sum over parts of log p(the part's columns), `(B,)` nats.

    Args:
        parts: the places of some columns, `(n,)`, and their distribution, `(B, n)`.
        features: how many columns there are in all, F.

    Example:
        >>> ones = Normal(torch.ones(1, 2), torch.ones(1, 2))
        >>> p = Columns([(torch.tensor([0, 2]), ones), (torch.tensor([1]), Poisson(torch.tensor([[5.0]])))], 3)
        >>> p.mean.tolist()
        [[1.0, 5.0, 1.0]]
    """

    arg_constraints: ClassVar = {}  # type: ignore[assignment]
    support = constraints.real_vector  # type: ignore[assignment]

    def __init__(self, parts: Sequence[tuple[Tensor, Distribution]], features: int):
        self.parts = parts
        super().__init__(parts[0][1].batch_shape[:-1], torch.Size([features]), validate_args=False)

    @property
    def mean(self) -> Tensor:
        return self.joined([part.mean for _, part in self.parts])

    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008 - as torch has it
        return self.joined([part.sample(sample_shape) for _, part in self.parts])

    def log_prob(self, value: Tensor) -> Tensor:
        return sum(part.log_prob(value[..., columns]).sum(-1) for columns, part in self.parts)  # type: ignore[return-value]

    def joined(self, values: Sequence[Tensor]) -> Tensor:
        """What each part has of its columns, in the order of the columns."""
        order = torch.cat([columns for columns, _ in self.parts]).argsort()
        return torch.cat(list(values), -1)[..., order]
