"""What to optimise. A rule weighs the bound (`RULES`), and penalties add what the bound alone does not ask for.

Sum over dimensions, mean over the batch, nats. Shapes: B examples, K classes.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal, Uniform

from .conditionals import Env, full_precision
from .distributions import Draw, diagonal_normal, rsample, whole_mean
from .labels import class_log_joint, has_label, uniform_log_prior
from .model import Inferred, Model, Terms
from .multirate import Rates, rate_name
from .names import LABEL

Beta = float | Mapping[str, float]


class Loss(NamedTuple):
    """`total` is what to minimise; `parts` are its unweighted terms by name, means over the batch in nats, without gradient."""

    total: Tensor
    parts: dict[str, Tensor]


class Objective(nn.Module, ABC):
    """Called with a model and a batch. What is learned or counted beside the model is a parameter or buffer of it."""

    @abstractmethod
    def forward(self, model: Model, batch: Env, draw: Draw = rsample) -> Loss: ...

    def state(self) -> dict[str, float]:
        """What the objective itself has found, by name, such as the multiplier of a constraint."""
        return {}

    def groups(self) -> list[dict[str, Any]]:
        """Its parameters that Adam trains by options of their own, as groups of an optimiser; others go with the model's."""
        return []


class Rule(nn.Module, ABC):
    """From the terms of the bound, and the batch they are of, to one number an example, `(B,)`, or for the batch, `()`."""

    @abstractmethod
    def forward(self, terms: Terms, batch: Env) -> Tensor: ...

    def completed(self, batch: Env, draw: Draw) -> Env:
        """The batch with the inputs that the rule itself chooses."""
        return batch

    def state(self) -> dict[str, float]:
        return {}


class Weighted(Rule):
    """D + sum_k beta_k KL_k: the negative bound at beta = 1, a beta-VAE elsewhere (Higgins et al., 2017).

    Below beta = 1 it is no bound on the log-likelihood. `warmup`: batches over which beta rises from 0 to its value, without which
    a prior that follows the encoder (a vamp) may never leave the solution in which no latent says anything.
    Raises ValueError for a beta that is not above 0.

    >>> Weighted(0.0)
    Traceback (most recent call last):
    ValueError: beta must be above 0, got 0.0
    """

    batches: Tensor

    def __init__(self, beta: Beta = 1.0, warmup: int = 0):
        super().__init__()
        for value in beta.values() if isinstance(beta, Mapping) else (beta,):
            _above_zero(beta=value)
        self.beta, self.warmup = beta, warmup
        if warmup:
            self.register_buffer("batches", torch.zeros(()))

    def forward(self, terms: Terms, batch: Env) -> Tensor:
        blocks = list(terms.kl)
        if isinstance(self.beta, Mapping) and set(self.beta) > set(
            blocks
        ):  # one stage of a model: the others have theirs too
            blocks = list(self.beta)
        beta = betas(self.beta, blocks)
        rate = reduce(torch.add, (beta[name] * kl for name, kl in terms.kl.items()))
        return terms.distortion + (rate * self._share() if self.warmup and self.training else rate)

    def _share(self) -> Tensor:
        self.batches += 1
        return (self.batches / self.warmup).clamp(max=1.0)


class Constrained(Rule):
    """min D subject to E_x KL <= delta nats an example, by dual ascent on the multiplier beta (the KKT form of a beta-VAE).

    theta, phi descend D + beta (KL - delta); beta <- beta exp(speed (KL_average - delta) / max(delta, 1)), kept within
    `RANGE`, with an exponential average of the batches' KL (decay 0.99) and no update before `WARMUP` batches have been seen,
    or a tenth of the `steps` of a short training.
    beta (KL - delta) = 0 at the optimum: where KL stays below delta at the least beta, the constraint is inactive.
    """

    RANGE = (0.01, 1000.0)
    WARMUP = 200
    log_beta: Tensor
    average: Tensor
    batches: Tensor

    def __init__(self, delta: float, speed: float = 0.01, steps: int | None = None):
        super().__init__()
        _above_zero(delta=delta)
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
        if self.batches > self.waits:
            step = self.speed * (self.average - self.delta) / max(self.delta, 1.0)
            self.log_beta = (self.log_beta + step).clamp(*map(math.log, self.RANGE))

    def state(self) -> dict[str, float]:
        """beta, the average rate, and whether the constraint binds (1 or 0)."""
        beta = self.log_beta.exp().item()
        return {"beta": beta, "rate": self.average.item(), "active": float(beta > 1.01 * self.RANGE[0])}


class Capacity(Rule):
    """D + weight |KL - C(t)|, KL the batch's mean, C rising from 0 to `capacity` nats over `steps` batches (Burgess et al., 2018)."""

    batches: Tensor

    def __init__(self, capacity: float, steps: int = 10_000, weight: float = 1000.0):
        super().__init__()
        _above_zero(capacity=capacity, steps=steps, weight=weight)
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


class Geco(Rule):
    """min KL subject to E D <= tolerance nats an example (Rezende & Viola, 2018).

    Loss KL + lambda (D - tolerance); lambda <- lambda clamp(exp(speed (D_average - tolerance) / max(|tolerance|, 1)), 0.9, 1.05).
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
            self.log_multiplier = (self.log_multiplier + step.clamp(math.log(0.9), math.log(1.05))).clamp(
                *map(math.log, self.RANGE)
            )
        return terms.rate + self.log_multiplier.exp() * (terms.distortion - self.tolerance)

    def state(self) -> dict[str, float]:
        """lambda, and 1 / lambda, which is the beta of an equal beta-VAE."""
        multiplier = self.log_multiplier.exp().item()
        return {"lambda": multiplier, "beta": 1 / multiplier, "distortion": self.average.item()}


class MultiRate(Rule):
    """D + sum_k beta_k KL_k with betas of its own for each example, which the nets read too (Bae et al., 2023).

    log beta_k is uniform over the range that the rates were made for, or drawn more often from its ends, which are fitted worst
    (`ends`, with the shares of `ENDS`); a batch that holds a rate keeps it. Without a warm-up of beta: the nets learn all rates at once.
    """

    # Parts of the range with the shares of the draws that come from them; the rest is uniform.
    ENDS = ((0.0, 0.3, 0.2), (0.65, 1.0, 0.45))

    def __init__(self, rates: Mapping[str, Rates], ends: bool = False):
        super().__init__()
        self.ranges = {block: tuple(map(math.log, rate.trained)) for block, rate in rates.items()}
        self.parts = self.ENDS if ends else ()

    def completed(self, batch: Env, draw: Draw) -> Env:
        missing = [block for block in self.ranges if rate_name(block) not in batch]
        return {
            **batch,
            **{rate_name(block): self._drawn(block, next(iter(batch.values())), draw) for block in missing},
        }

    def _drawn(self, block: str, like: Tensor, draw: Draw) -> Tensor:
        """One log beta an example, `(B, 1)`."""
        low, high = self.ranges[block]
        zero = torch.zeros(len(like), 1, device=like.device)
        unit = Uniform(zero, zero + 1, validate_args=False)
        place = draw(unit)
        if self.parts:
            left = draw(unit)
            for start, end, share in self.parts:
                here, left = (left >= 0) & (left < share), left - share
                place = torch.where(here, start + (end - start) * place, place)
        return low + (high - low) * place

    def forward(self, terms: Terms, batch: Env) -> Tensor:
        betas = {block: batch[rate_name(block)].squeeze(-1).exp() for block in self.ranges}
        return terms.distortion + reduce(torch.add, (betas[name] * kl for name, kl in terms.kl.items()))


# The rules by name, as the option `objective` spells them.
RULES: dict[str, type[Rule]] = {
    "elbo": Weighted,
    "constrained": Constrained,
    "capacity": Capacity,
    "geco": Geco,
    "multi-rate": MultiRate,
}


class Penalty(nn.Module, ABC):
    """A term beside the bound, `weight` times one number an example; `name` stands in progress and history.

    `adam`: options by which its own parameters are trained, where they do not go with the model's.
    """

    name: str
    adam: ClassVar[dict[str, Any]] = {}

    def __init__(self, weight: float):
        super().__init__()
        self.weight = weight

    @abstractmethod
    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor: ...

    def loss(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Loss:
        """What it adds to the loss of a batch and to its parts."""
        value = self(model, batch, inferred, terms).mean()
        return Loss(self.weight * value, {self.name: value.detach()})


class ClassTerm(Penalty):
    """CE(softmax_c(log pi_c - KL(c)), y), `(B,)`, of the class by the bound (`labels.class_log_joint`), pi uniform.

    A term without a parameter of its own, which makes the encoder say what the class prior means.
    """

    name = "class"

    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor:
        y = batch[LABEL]
        log_joint = class_log_joint(model, inferred, uniform_log_prior(y.shape[-1], y.device))
        return F.cross_entropy(log_joint, y, reduction="none")


class ClassifierTerm(Penalty):
    """-log q(y|x), `(B,)`, of a model that has a classifier in its inference net; weighted by lambda."""

    name = "classifier"

    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor:
        return -reduce(torch.add, terms.score.values())


class Adversary(Penalty):
    """CE(g(z), y), `(B,)`, of an adversary g that reads the class from a block which should not tell it.

    g descends the cross-entropy while the encoder ascends `weight` times it, by a reversed gradient (Ganin et al., 2016). g reads the
    draw and the posterior's mean: what a probe on means would find is taken out as well.
    """

    name = "adversary"

    def __init__(self, weight: float, block: str, dimensions: int, classes: int, hidden: int = 128):
        super().__init__(1.0)
        self.strength, self.block = weight, block
        self.net = nn.Sequential(
            nn.Linear(dimensions, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, classes),
        )

    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor:
        codes = torch.stack([inferred.env[self.block], inferred.posteriors[self.block].mean])
        guess = self.net(_Reversed.apply(codes, self.strength))
        return torch.stack([F.cross_entropy(part, batch[LABEL], reduction="none") for part in guess]).mean(0)


class _Reversed(torch.autograd.Function):
    """The identity, whose gradient is multiplied by -strength."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return -ctx.strength * gradients[0], None


class Split(NamedTuple):
    """The parts of log q(z|x) - log p(z) at one draw an example, `(B,)`, which they sum to; of means I(n; z), TC(q(z)) and
    sum_j KL(q(z_j) || p(z_j)). The last is None where the prior does not factorise."""

    information: Tensor
    correlation: Tensor
    dimensions: Tensor | None


class RateParts(Penalty):
    """D + alpha I(n; z) + beta TC(q(z)) + gamma sum_j KL(q(z_j) || p(z_j)): beta-TCVAE (Chen et al., 2018).

    What it adds to a bound of beta = 1 is `(alpha - 1) I + (beta - 1) TC + (gamma - 1) sum_j KL`, `(B,)`, of one block: the three sum to the
    rate in the mean, so that at alpha = beta = gamma = 1 the loss is the negative bound, exactly. The aggregates are those of N = `images`
    training images, estimated from the batch (`log_aggregates`, which says how far off they are).
    """

    def __init__(
        self,
        block: str,
        images: int,
        beta: float,
        alpha: float = 1.0,
        gamma: float = 1.0,
        factorises: bool = True,
    ):
        super().__init__(1.0)
        _not_negative(tc_alpha=alpha, tc_beta=beta, tc_gamma=gamma)
        self.block, self.images, self.factorises = block, images, factorises
        self.alpha, self.beta, self.gamma = alpha, beta, gamma

    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor:
        return self._weighed(self.split(model, inferred))

    def loss(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Loss:
        split = self.split(model, inferred)
        names = ("index_information", "total_correlation", "dimension_kl")
        parts = {name: part for name, part in zip(names, split, strict=True) if part is not None}
        means = {f"{name}_{self.block}": part.detach().mean() for name, part in parts.items()}
        return Loss(self._weighed(split).mean(), means)

    def _weighed(self, split: Split) -> Tensor:
        weighed = (self.alpha - 1) * split.information + (self.beta - 1) * split.correlation
        return weighed if split.dimensions is None else weighed + (self.gamma - 1) * split.dimensions

    def split(self, model: Model, inferred: Inferred) -> Split:
        """The split at the draws of a batch, estimated among the posteriors of the whole batch."""
        q, z = inferred.posteriors[self.block], inferred.env[self.block]
        loc, scale, first = q.mean, q.stddev, 0
        if self.training:  # held-out images are whole on every process
            loc, scale, first = _whole_batch(loc), _whole_batch(scale), _first_row(len(z))
        own = torch.arange(first, first + len(z), device=z.device)
        joint, each = log_aggregates(z, loc, scale, own, self.images)
        parts = q.log_prob(z) - joint, joint - each.sum(-1)
        if not self.factorises:
            return Split(*parts, None)
        prior: Any = model.p[self.block]({})
        return Split(*parts, (each - prior.base_dist.log_prob(z)).sum(-1))


def log_aggregates(z: Tensor, mean: Tensor, scale: Tensor, own: Tensor, images: int) -> tuple[Tensor, Tensor]:
    """Estimates of log q(z) `(M,)` and log q(z_j) `(M, D)` at draws z `(M, D)`, with q = 1/N sum_n N(mean_n, diag scale_n^2) over N images
    of which the batch holds B, `(B, D)` each; row `own` `(M,)` is the posterior that a draw is of.

    q(z) = 1/N q(z|own) + (N-1)/N mean of the B - 1 others: stratified, as the MSS of Chen et al. (2018), with equal weights of the others.
    Exact where B = N, and an unbiased estimate of q(z) below, whose logarithm is too low. So I is overestimated, at most to log N where a
    batch holds no near posteriors, sum_j KL(q(z_j) || p(z_j)) is underestimated, and TC, a difference of both, errs either way.

    >>> z, mean = torch.zeros(1, 2), torch.tensor([[0.0, 0.0], [100.0, 0.0]])
    >>> joint, each = log_aggregates(z, mean, torch.ones(2, 2), torch.tensor([0]), images=2)
    >>> round(joint.item(), 4), [round(value, 4) for value in each[0].tolist()]  # half of a Gaussian, and a whole one
    (-2.531, [-1.6121, -0.9189])
    """
    batch = len(mean)
    share = torch.full((len(z), batch), (images - 1) / (images * max(batch - 1, 1)), device=z.device)
    share[torch.arange(len(z), device=z.device), own] = 1 / images
    log_share, each = share.log(), Normal(mean, scale, False).log_prob(z[:, None])
    return (each.sum(-1) + log_share).logsumexp(1), (each + log_share[..., None]).logsumexp(1)


class Discriminator(Penalty):
    """D + R + gamma TC(q(z)), with the last by a discriminator: FactorVAE (Kim & Mnih, 2018).

    What it adds to a bound of beta = 1 is `TC = E log(d(z) / (1 - d(z)))`, `(B,)`, of one block, times the weight gamma. d tells draws of q(z) from
    draws of prod_j q(z_j), which are those of the batch with each dimension permuted among its images. d has six leaky ReLU layers of
    `width`; it descends its cross-entropy by an Adam of its own and sees no gradient of the penalty, nor the encoder one of the
    cross-entropy. The estimate is exact for the best d, and no bound for another. `loss` counts the cross-entropy once; at log 2 d tells
    nothing apart.
    """

    adam: ClassVar[dict[str, Any]] = {"lr": 1e-4, "betas": (0.5, 0.9)}

    def __init__(self, weight: float, block: str, dimensions: int, width: int = 1000):
        super().__init__(weight)
        _above_zero(tc_weight=weight, discriminator_width=width)
        self.block, self.name = block, f"total_correlation_{block}"
        widths = [dimensions] + 6 * [width]
        hidden = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.LeakyReLU(0.2))]
        self.net = nn.Sequential(*hidden, nn.Linear(width, 1), nn.Flatten(0))

    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor:
        fixed = {name: parameter.detach() for name, parameter in self.net.named_parameters()}
        return full_precision(torch.func.functional_call(self.net, fixed, inferred.env[self.block]))

    def loss(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Loss:
        found = super().loss(model, batch, inferred, terms)
        if not self.training:  # nothing to learn from held-out images
            return found
        told = self.cross_entropy(inferred.env[self.block].detach())
        return Loss(found.total + told, found.parts | {f"discriminator_{self.block}": told.detach()})

    def cross_entropy(self, z: Tensor) -> Tensor:
        """Of d, in nats, over draws z `(B, D)`, with noise from torch's generator."""
        whole, first = _whole_batch(z), _first_row(len(z))
        order = torch.rand_like(whole).argsort(0)[first : first + len(z)]
        real, product = full_precision(self.net(torch.cat([z, whole.gather(0, order)]))).chunk(2)
        return (F.softplus(-real) + F.softplus(product)).mean() / 2


# What the option `objective` calls the total correlation beside a bound of beta = 1.
CORRELATIONS: dict[str, type[Penalty]] = {"tc": RateParts, "factor": Discriminator}


class _Gathered(torch.autograd.Function):
    """The rows of all processes, `(B / R, ...)` each, as `(B, ...)`; a gradient returns to the rows it is of."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        parts = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, rows)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        whole = gradients[0].clone()
        dist.all_reduce(whole)
        return whole.chunk(dist.get_world_size())[dist.get_rank()]


def _whole_batch(rows: Tensor) -> Tensor:
    """The batch of all processes, with gradient, where several hold a part of it each."""
    return _Gathered.apply(rows.contiguous()) if _several() else rows  # type: ignore[return-value]


def _first_row(share: int) -> int:
    """Where this process's rows begin in the whole batch, of which it holds so many."""
    return dist.get_rank() * share if _several() else 0


def _several() -> bool:
    return dist.is_available() and dist.is_initialized()


class Bound(Objective):
    """rule(terms) + sum of penalties, mean over the batch.

    `names` restricts the terms of the bound to some variables: one stage of a model that is trained stage by stage.
    """

    def __init__(self, rule: Rule, penalties: Sequence[Penalty] = ()):
        super().__init__()
        self.rule, self.penalties = rule, nn.ModuleList(penalties)
        self.names: Collection[str] | None = None

    def forward(self, model: Model, batch: Env, draw: Draw = rsample) -> Loss:
        batch = self.rule.completed(batch, draw)
        inferred = model.infer(batch, draw)
        terms = model.terms(batch, draw, inferred)
        total, parts = self.rule(_only(terms, self.names), batch).mean(), _parts(terms)
        for penalty in self.penalties:
            added: Loss = penalty.loss(model, batch, inferred, terms)  # type: ignore[operator]
            total, parts = total + added.total, parts | added.parts
        return Loss(total, parts)

    def state(self) -> dict[str, float]:
        return self.rule.state()

    def groups(self) -> list[dict[str, Any]]:
        return [{"params": list(p.parameters()), **p.adam} for p in self.penalties if p.adam]  # type: ignore[dict-item]


def elbo(beta: Beta = 1.0, class_weight: float = 0.0, classifier_weight: float = 0.0) -> Bound:
    """mean_b [ D + sum_k beta_k KL_k + alpha CE(class by the bound, y) - lambda log q(y|x) ]: what most models are trained by.

    Raises ValueError for a beta that is not above 0 or a negative weight.
    """
    _not_negative(class_weight=class_weight, classifier_weight=classifier_weight)
    penalties: list[Penalty] = [ClassTerm(class_weight)] if class_weight else []
    penalties += [ClassifierTerm(classifier_weight)] if classifier_weight else []
    return Bound(Weighted(beta), penalties)


class SemiSupervised(Objective):
    """mean_l[-L(x, y)] + mean_u[-U(x)] + lambda mean_l[-log q(y|x)]: the M2 of Kingma et al. (2014), the missing label summed out.

    L(x, y) is the bound of a model with the class in both nets; U(x) = sum_y q(y|x) (L(x, y) - log q(y|x)) <= log p(x), with equality
    to logsumexp_y L(x, y) at the best q. A row of zeros under `y` is a missing label.
    """

    def __init__(self, beta: Beta = 1.0, classifier_weight: float = 1.0):
        super().__init__()
        _not_negative(classifier_weight=classifier_weight)
        self.rule, self.classifier_weight = Weighted(beta), classifier_weight

    def forward(self, model: Model, batch: Env, draw: Draw = rsample) -> Loss:
        known = batch[LABEL].sum(-1) > 0
        labelled, rest = ({name: value[rows] for name, value in batch.items()} for rows in (known, ~known))
        total, parts = torch.zeros((), device=known.device), {}
        if known.any():
            terms = model.terms(labelled, draw)
            score = -reduce(torch.add, terms.score.values()).mean()
            parts = {**_parts(terms), "classifier": score.detach()}
            total = total + self.rule(terms, labelled).mean() + self.classifier_weight * score
        if not known.all():
            unlabelled = -enumerated(model, rest, draw, self.rule).mean()
            parts["unlabelled"] = unlabelled.detach()
            total = total + unlabelled
        return Loss(total, parts)


def enumerated(model: Model, batch: Env, draw: Draw = rsample, rule: Rule | None = None) -> Tensor:
    """U(x) = sum_y q(y|x) (L(x, y) - log q(y|x)), `(B,)` nats: the class summed out, exactly.

    L is minus `rule(terms)`, the negative bound unless given.
    """
    log_q, bounds = class_bounds(model, batch, draw, rule)
    return (log_q.exp() * (bounds - log_q)).sum(-1)


def class_bounds(model: Model, batch: Env, draw: Draw, rule: Rule | None = None) -> tuple[Tensor, Tensor]:
    """log q(c|x) and L(x, c) for each class, `(B, K)` each, of a model whose inference net has a classifier.

    Latents are Gaussian and drawn with the same noise for every class: each L keeps its expectation, their differences
    lose most of their variance.
    """
    given = {name: value for name, value in batch.items() if name != LABEL}
    features = model.infer(given, only=[name for name in model.q if name not in model.latents]).env
    log_q = model.q[LABEL](features).logits  # type: ignore[union-attr]
    size, classes = log_q.shape

    def shared(q: Any) -> Tensor:
        """One draw of noise an example for all its classes, so that the noise does not hide how their bounds differ."""
        one = diagonal_normal(torch.zeros_like(q.mean[::classes]), torch.ones_like(q.mean[::classes]))
        return q.mean + q.stddev * draw(one).repeat_interleave(classes, 0)

    repeated = {name: value.repeat_interleave(classes, 0) for name, value in features.items()}
    inferred = model.infer(
        {**repeated, LABEL: torch.eye(classes, device=log_q.device).repeat(size, 1)}, shared
    )
    terms = model.terms(
        repeated, shared, inferred
    )  # the class is in `inferred` alone: its score was had once
    bounds = terms.elbo if rule is None else -rule(terms, batch)
    return log_q, bounds.view(size, classes)


def betas(beta: Beta, blocks: list[str]) -> dict[str, float]:
    """One beta for each latent block. Raises ValueError for a block the model lacks, or one left out.

    >>> betas(2.0, ["z_l", "z_u"])
    {'z_l': 2.0, 'z_u': 2.0}
    """
    if not isinstance(beta, Mapping):
        return dict.fromkeys(blocks, float(beta))
    if set(beta) != set(blocks):
        raise ValueError(
            f"beta is given for {', '.join(beta)}, but the latent blocks are {', '.join(blocks)}: "
            "give one number, or one for each block"
        )
    return {name: float(beta[name]) for name in blocks}


def adversaries(model: Model, weight: float, classes: int) -> list[Penalty]:
    """One adversary for each block that no class conditions. Raises ValueError where there is none."""
    priors = _free_priors(model)
    if not (has_label(model) and priors):
        raise ValueError("an adversary needs a model with a class and an unlabelled block: leave it out")
    return [Adversary(weight, name, p.event_shape[0], classes) for name, p in priors.items()]


def rate_parts(
    model: Model, images: int, beta: float, alpha: float = 1.0, gamma: float = 1.0
) -> list[Penalty]:
    """Weights on the parts of the rate of each block whose prior reads nothing; a labelled block keeps its rate as it is.

    Raises ValueError where there is no such block, or a gamma for a prior that does not factorise.
    """
    priors = _free_priors(model)
    _need_free(priors)
    factorise = {name: _factorises(p) for name, p in priors.items()}
    if gamma != 1 and not all(factorise.values()):
        raise ValueError("a mixture prior has no dimensions to be weighed one by one: leave out --tc-gamma")
    return [RateParts(name, images, beta, alpha, gamma, whole) for name, whole in factorise.items()]


def discriminators(model: Model, weight: float, width: int = 1000) -> list[Penalty]:
    """One discriminator for each block whose prior reads nothing. Raises ValueError where there is none."""
    priors = _free_priors(model)
    _need_free(priors)
    return [Discriminator(weight, name, p.event_shape[0], width) for name, p in priors.items()]


def _free_priors(model: Model) -> dict[str, Distribution]:
    """The priors that read nothing, neither the class nor another latent, by block."""
    return {name: model.p[name]({}) for name in model.latents if not model.p[name].given and name != LABEL}


def _need_free(priors: Collection[str]) -> None:
    if not priors:
        raise ValueError(
            "every prior of this model reads the class, so no block has a total correlation of its own: choose the objective elbo"
        )


def _factorises(p: Distribution) -> bool:
    return isinstance(p, Independent) and isinstance(p.base_dist, Normal)


def _parts(terms: Terms) -> dict[str, Tensor]:
    """Distortion (of each observed variable where there are several) and rate of each block, means over the batch."""
    several = len(terms.log_likelihood) > 1
    fits = {f"distortion_{n}" if several else "distortion": -v for n, v in terms.log_likelihood.items()}
    rates = {f"rate_{name}": kl for name, kl in terms.kl.items()}
    return {name: value.detach().mean() for name, value in {**fits, **rates}.items()}


def _only(terms: Terms, names: Collection[str] | None) -> Terms:
    if names is None:
        return terms
    fits, rates = ({n: v for n, v in part.items() if n in names} for part in (terms.log_likelihood, terms.kl))
    return Terms(fits, rates, terms.score)


def _average(average: Tensor, batches: Tensor, value: Tensor) -> None:
    """One more value into an exponential average of decay 0.99, in place; early on it is the plain mean."""
    batches += 1
    average.lerp_(value, torch.clamp(1 / batches, min=0.01))


def _above_zero(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be above 0, got {value}")


def _not_negative(**values: float) -> None:
    for name, value in values.items():
        if not 0 <= value < math.inf:
            raise ValueError(f"the {name.replace('_', ' ')} must be 0 or more, got {value}")
