"""What to optimise. A rule weighs the bound (`RULES`), and penalties add what the bound alone does not ask for.

Sum over dimensions, mean over the batch, nats. Shapes: B examples, K classes.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Uniform

from .conditionals import Env
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
    `RANGE`, with an exponential average of the batches' KL (decay 0.99) and no update before `WARMUP` batches have been seen.
    beta (KL - delta) = 0 at the optimum: where KL stays below delta at the least beta, the constraint is inactive.
    """

    RANGE = (0.01, 1000.0)
    WARMUP = 200
    log_beta: Tensor
    average: Tensor
    batches: Tensor

    def __init__(self, delta: float, speed: float = 0.01):
        super().__init__()
        _above_zero(delta=delta)
        self.delta, self.speed = delta, speed
        for name in ("log_beta", "average", "batches"):
            self.register_buffer(name, torch.zeros(()))

    def forward(self, terms: Terms, batch: Env) -> Tensor:
        if self.training:
            self._ascend(whole_mean(terms.rate))
        return terms.distortion + self.log_beta.exp() * (terms.rate - self.delta)

    def _ascend(self, rate: Tensor) -> None:
        _average(self.average, self.batches, rate)
        if self.batches > self.WARMUP:
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
    """A term beside the bound, `weight` times one number an example; `name` stands in progress and history."""

    name: str

    def __init__(self, weight: float):
        super().__init__()
        self.weight = weight

    @abstractmethod
    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor: ...


class ClassTerm(Penalty):
    """CE(softmax_c(log pi_c - KL(c)), y), `(B,)`: Bayes' rule over the model's own terms (`labels.class_log_joint`), pi uniform.

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
            value = penalty(model, batch, inferred, terms)
            parts[penalty.name] = value.detach().mean()  # type: ignore[index]
            total = total + penalty.weight * value.mean()
        return Loss(total, parts)

    def state(self) -> dict[str, float]:
        return self.rule.state()


def elbo(beta: Beta = 1.0, class_weight: float = 0.0, classifier_weight: float = 0.0) -> Bound:
    """mean_b [ D + sum_k beta_k KL_k + alpha CE(Bayes' rule, y) - lambda log q(y|x) ]: what most models are trained by.

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
    blocks = [name for name in model.latents if not model.p[name].given and name != LABEL]
    if not (has_label(model) and blocks):
        raise ValueError("an adversary needs a model with a class and an unlabelled block: leave it out")
    sizes = {name: model.p[name]({}).event_shape[0] for name in blocks}
    return [Adversary(weight, name, size, classes) for name, size in sizes.items()]


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
