"""What the prior of a block says: its classes, moments, densities and distances.

Shapes: N codes, D latent dimensions, K classes, M components.
"""

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Distribution, Independent, MixtureSameFamily

from ..conditionals import Env
from ..model import Model
from ..names import LABEL
from .codes import Codes


@torch.no_grad()
def priors_by_class(model: Model, block: str, classes: Sequence[int] | None = None) -> Independent | None:
    """p(block | y) for each class, or each of some, batch shape `(K,)`; `()` where the class does not matter; None if other parents do."""
    conditional = model.p[block]
    if set(conditional.given) - {LABEL}:
        return None
    rows = torch.eye(model.classes, device=model.device)
    return conditional({LABEL: rows if classes is None else rows[list(classes)]})


@torch.no_grad()
def prior_distance(model: Model, block: str) -> float | None:
    """Least distance between two class priors, |m_c - m_c'| / s with s the larger of their mean scales; None where there are no two."""
    prior = priors_by_class(model, block)
    if prior is None or not prior.batch_shape or model.classes < 2:
        return None
    scale = prior.stddev.mean(-1)
    distance = torch.cdist(prior.mean, prior.mean) / torch.maximum(scale[:, None], scale[None, :])
    return distance[~torch.eye(model.classes, dtype=torch.bool, device=distance.device)].min().item()


@torch.no_grad()
def prior_given(model: Model, block: str, env: Env) -> Distribution:
    """p(block | parents), with the parents that `env` does not hold generated from what it holds, by their means."""
    others = {name: value for name, value in env.items() if name != block}
    return model.p[block](model.generate(others, only=model.p[block].given))


def prior_components(model: Model, block: str) -> Independent | None:
    """The components of a block's mixture prior, batch shape `(M,)`; None for any other prior."""
    conditional = model.p[block]
    prior = None if conditional.given else conditional({})
    return prior.component_distribution if isinstance(prior, MixtureSameFamily) else None  # type: ignore[return-value]


@torch.no_grad()
def class_means(model: Model, means: Mapping[str, Tensor], members: Tensor) -> Codes:
    """The mean of every class in each latent, `(K, D)`: of its prior p(z | c) where that reads the class and nothing else, otherwise of
    the posterior means `(N, D)` of its examples, whose classes are the one-hot rows `members` `(N, K)`; of a class, that class."""
    shares, found = F.normalize(members.T, p=1, dim=-1), {}
    for name, codes in means.items():
        prior = priors_by_class(model, name) if name in model.labelled else None
        found[name] = shares @ codes if prior is None else prior.mean
    return found | ({LABEL: torch.eye(members.shape[1], device=members.device)} if LABEL in means else {})


def _priors(model: Model, block: str, codes: Env) -> list[Distribution]:
    """p(block | parents); for each class where it reads one that `codes` does not hold, one row where it reads nothing else."""
    if block not in model.labelled or LABEL in codes:
        return [prior_given(model, block, codes)]
    # As many rows as codes for each of a thousand classes would not fit, and a prior of the class alone is the same in each.
    n = len(next(iter(codes.values()))) if codes and set(model.p[block].given) != {LABEL} else 1
    rows = torch.eye(model.classes, device=model.device)
    return [prior_given(model, block, {**codes, LABEL: row.expand(n, -1)}) for row in rows]


@torch.no_grad()
def prior_moments(model: Model, block: str, codes: Env) -> tuple[Tensor, Tensor]:
    """Mean and variance of p(block | parents), `(N, D)`, or `(1, D)` without parents but the class; a class not in `codes` is drawn uniformly.

    Var z = E[s^2 + m^2] - (E m)^2 over the classes' means m and scales s.
    """
    priors = _priors(model, block, codes)
    means = torch.stack([prior.mean for prior in priors])
    variances = torch.stack([prior.variance for prior in priors])
    middle = means.mean(0)
    spread = (variances + (means - middle).square()).mean(0)
    return middle.reshape(-1, middle.shape[-1]), spread.reshape(-1, middle.shape[-1])


@torch.no_grad()
def prior_distance_of(model: Model, block: str, codes: Env) -> Tensor:
    """|z - E z|, the distance of the block's code from its prior's mean (`prior_moments`), `(N,)`."""
    return (codes[block] - prior_moments(model, block, codes)[0]).norm(dim=-1)


@torch.no_grad()
def prior_log_density(model: Model, block: str, codes: Env) -> Tensor:
    """log p(block | parents), `(N,)` nats; a class that `codes` does not hold is summed out: log 1/K sum_c p(z | c)."""
    each = torch.stack([prior.log_prob(codes[block]) for prior in _priors(model, block, codes)])
    return each.logsumexp(0) - math.log(len(each))


@torch.no_grad()
def class_of_codes(model: Model, codes: Env) -> Tensor | None:
    """p(c | z) = softmax_c sum_b log p(z_b | c) over the labelled blocks b, pi uniform, `(N, K)`; None where no block's prior reads it.

    What the generative net says of a code: no posterior and no image is involved.
    """
    labelled = model.labelled
    if not labelled:
        return None
    known = {name: code for name, code in codes.items() if name != LABEL}
    terms = [
        torch.stack([prior.log_prob(known[name]) for prior in _priors(model, name, known)], -1)
        for name in labelled
    ]
    return torch.stack(terms).sum(0).softmax(-1)
