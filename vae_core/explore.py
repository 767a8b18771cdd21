"""What a user does with a model, for any model: infer and generate, with some variables fixed.

Shapes: N items, D latent dimensions, T positions, K classes, C H W image. Images come back in [0, 1].
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, MixtureSameFamily

from .conditionals import Env
from .distributions import Draw, diagonal_normal, kl_per_dimension, mean
from .labels import class_log_joint, has_label, uniform_log_prior
from .model import Inferred, Model
from .names import IMAGE, LABEL
from .priors import one_hot

Codes = dict[str, Tensor]

# A unit is active where the posterior mean varies over the data: Var_x(E_q[z_j]) > 0.01 (Burda et al., 2016).
ACTIVE_VARIANCE = 0.01


def blocks(model: Model) -> list[str]:
    """The latent blocks that have a map, a traversal and dimensions: all latents but the class."""
    return [name for name in model.latents if name != LABEL]


@torch.no_grad()
def encode(model: Model, batch: Env) -> dict[str, Distribution]:
    """The posterior of each latent given the image: a class that the batch holds is not looked at."""
    return model.infer({name: value for name, value in batch.items() if name != LABEL}).posteriors


def codes_of(means: Mapping[str, Tensor]) -> Codes:
    """What a decoder reads of posterior means: a class is the most probable one, not a blend of several."""
    return {
        name: one_hot(mean.argmax(-1), mean.shape[-1]) if name == LABEL else mean
        for name, mean in means.items()
    }


@torch.no_grad()
def decode(model: Model, codes: Env) -> Tensor:
    """The mean image of `codes` (all latents, `(N, D)` each), kept within [0, 1]: `(N, C, H, W)`."""
    return model.generate(codes, only=[IMAGE])[IMAGE].clamp(0, 1)


@torch.no_grad()
def reconstruct(model: Model, batch: Env) -> Tensor:
    """Decode the posterior means; the class is not needed, since every latent is fixed."""
    return decode(model, codes_of({name: q.mean for name, q in encode(model, batch).items()}))


def holdable(model: Model) -> list[str]:
    """The variables that can be held while the rest is drawn: latent blocks, observations other than the image, the class."""
    observed = [name for name in model.observed if name != IMAGE]
    return [*blocks(model), *observed, *([LABEL] if has_label(model) else [])]


@torch.no_grad()
def complete(model: Model, fixed: Env, n: int = 1, draw: Draw = mean) -> dict[str, Tensor]:
    """Every variable of the generative net, where those in `fixed` `(N, ...)` are given: infer what they inform, generate the rest.

    A latent whose posterior can be had from the fixed variables alone is drawn from it: of a fixed coarse image the u behind it, of a
    fixed image all latents. The other latents are drawn from the generative net; what is observed is its mean. `n` draws if
    nothing is fixed.
    """
    known = set(fixed)
    for name, net in model.q.items():
        if set(net.given) <= known:
            known.add(name)
    inferred = model.infer(fixed, draw, only=[name for name in model.q if name in known])
    return _generated(model, inferred.env, n, draw, list(model.p))


def _generated(model: Model, env: Env, n: int, draw: Draw, names: Sequence[str]) -> dict[str, Tensor]:
    """`generate`, with latents drawn by `draw` and observations at their mean."""
    values = dict(env)
    for name in names:
        values = model.generate(values, n, draw if name in model.latents else mean, only=[name])
    return values


@torch.no_grad()
def prior_codes(model: Model, inputs: Env, n: int = 1, draw: Draw = mean) -> Codes:
    """Latents from the prior, `(N, D)` each, given the inputs it needs; their means unless `draw` samples."""
    last = max(list(model.p).index(name) for name in model.latents)
    values = _generated(model, inputs, n, draw, list(model.p)[: last + 1])
    return {name: values[name] for name in model.latents}


@torch.no_grad()
def sample(model: Model, inputs: Env, n: int = 1, draw: Draw = mean) -> Tensor:
    """Mean images of latents from the prior: class-conditional where the class is among `inputs`."""
    return decode(model, prior_codes(model, inputs, n, draw))


@torch.no_grad()
def traverse(
    model: Model, start: Mapping[str, Tensor], block: str, dimensions: Sequence[int], values: Tensor
) -> Tensor:
    """Images `(len(dimensions), T, C, H, W)`: one coordinate of `block` at a time takes each of its `values`.

    `start` holds one code `(D,)` for each block; `values` is `(len(dimensions), T)`. All other coordinates stay.
    """
    rows, steps = values.shape
    codes = {name: code.expand(rows, steps, -1).clone() for name, code in start.items()}
    for row, dimension in enumerate(dimensions):
        codes[block][row, :, dimension] = values[row]
    images = decode(model, {name: code.flatten(0, 1) for name, code in codes.items()})
    return images.unflatten(0, (rows, steps))


@torch.no_grad()
def swap(model: Model, kept: Mapping[str, Tensor], classes: int) -> Tensor:
    """Images `(N, K, C, H, W)`: each item's kept blocks `(N, D)` with the others at their prior's mean for every class."""
    n = len(next(iter(kept.values())))
    repeated = {name: code.repeat_interleave(classes, 0) for name, code in kept.items()}
    device = next(iter(kept.values())).device
    label = one_hot(torch.arange(classes, device=device).repeat(n), classes)
    codes = prior_codes(model, {**repeated, LABEL: label})
    return decode(model, codes).unflatten(0, (n, classes))


@torch.no_grad()
def priors_by_class(model: Model, block: str, classes: int) -> Independent | None:
    """p(block | y) for each class, batch shape `(K,)`; `()` where the class does not matter; None if other parents do."""
    conditional = model.p[block]
    if set(conditional.given) - {LABEL}:
        return None
    return conditional({LABEL: torch.eye(classes, device=_device(model))})


def reads_label(model: Model, block: str) -> bool:
    """Whether the prior of the block is conditioned on the class: whether it is a labelled block."""
    return LABEL in model.p[block].given


@torch.no_grad()
def prior_distance(model: Model, block: str, classes: int) -> float | None:
    """Least distance between two class priors, |m_c - m_c'| / s with s the larger of their mean scales; None without classes."""
    prior = priors_by_class(model, block, classes)
    if prior is None or not prior.batch_shape:
        return None
    scale = prior.stddev.mean(-1)
    distance = torch.cdist(prior.mean, prior.mean) / torch.maximum(scale[:, None], scale[None, :])
    return distance[~torch.eye(classes, dtype=torch.bool, device=distance.device)].min().item()


class Ruler(NamedTuple):
    """Where a traversal goes: coordinates `(D, T)` at `ticks` `(T,)` standard deviations of the prior from its mean."""

    ticks: Tensor
    values: Tensor
    mean: Tensor
    scale: Tensor

    def nearest(self, code: Tensor) -> Tensor:
        """The tick nearest to each coordinate of a code `(D,)`; -1 where it lies more than half a step outside, `(D,)`."""
        position = (code - self.mean) / self.scale
        gap = (position[:, None] - self.ticks).abs().min(-1)
        half = (self.ticks[1] - self.ticks[0]) / 2
        return torch.where(gap.values <= half + 1e-6, gap.indices, -1)


@torch.no_grad()
def ruler(model: Model, block: str, env: Env, span: float, steps: int) -> Ruler:
    """`steps` equal steps over +-`span` standard deviations of the block's prior given what `env` holds `(1, ...)`."""
    prior = prior_given(model, block, env)
    mean, scale = (part.reshape(-1, part.shape[-1])[0] for part in (prior.mean, prior.stddev))
    ticks = torch.linspace(-span, span, steps, device=mean.device)
    return Ruler(ticks, mean[:, None] + scale[:, None] * ticks, mean, scale)


@torch.no_grad()
def prior_given(model: Model, block: str, env: Env) -> Distribution:
    """p(block | parents), with the parents that `env` does not hold generated from what it holds, by their means."""
    others = {name: value for name, value in env.items() if name != block}
    return model.p[block](model.generate(others, only=model.p[block].given))


@torch.no_grad()
def class_posterior(
    model: Model, means: Mapping[str, Tensor], scales: Mapping[str, Tensor], classes: int
) -> Tensor:
    """q(c|x) from the posteriors' parameters, `(N, K)`: the model's own classifier where it has one, else Bayes' rule
    (`labels.class_log_joint`, pi uniform).

    Raises ValueError for a model that does not read the class.
    """
    if LABEL in model.latents:
        return means[LABEL]
    posteriors: dict[str, Distribution] = {name: diagonal_normal(means[name], scales[name]) for name in means}
    log_joint = class_log_joint(
        model, Inferred(posteriors, dict(means)), uniform_log_prior(classes, _device(model))
    )
    return log_joint.softmax(-1)


@torch.no_grad()
def rate_per_dimension(
    model: Model,
    block: str,
    means: Mapping[str, Tensor],
    scales: Mapping[str, Tensor],
    labels: Tensor,
    classes: int,
) -> Tensor | None:
    """KL(q_j || p_j) in nats, mean over the items, `(D,)`; None where posterior and prior do not factorise.

    `labels` `(N,)` select the prior of a labelled block; where a prior has other latents as parents, they are at their means.
    """
    prior = prior_given(model, block, {**codes_of(means), LABEL: one_hot(labels, classes)})
    found = kl_per_dimension(diagonal_normal(means[block], scales[block]), prior)
    return None if found is None else found.mean(0)


def prior_components(model: Model, block: str) -> Independent | None:
    """The components of a block's mixture prior, batch shape `(M,)`; None for any other prior."""
    conditional = model.p[block]
    prior = None if conditional.given else conditional({})
    return prior.component_distribution if isinstance(prior, MixtureSameFamily) else None  # type: ignore[return-value]


def active_units(means: Tensor) -> Tensor:
    """Which dimensions are active, `(D,)` bool: Var_x(E_q[z_j]) > 0.01 (Burda et al., 2016).

    >>> active_units(torch.tensor([[0.0, 1.0], [0.0, -1.0]])).tolist()
    [False, True]
    """
    return activity(means) > ACTIVE_VARIANCE


def activity(means: Tensor) -> Tensor:
    """Var_x(E_q[z_j]), `(D,)`: how much the posterior mean of each dimension varies over the items."""
    return means.var(0)


def neighbours(codes: Tensor, code: Tensor, k: int, item: int | None = None) -> Tensor:
    """The k items whose codes `(N, D)` are nearest to a code `(D,)` by Euclidean distance, nearest first; `item` is left out.

    >>> codes = torch.tensor([[0.0], [5.0], [1.0]])
    >>> neighbours(codes, codes[0], 2, item=0).tolist()
    [2, 1]
    """
    distance = torch.linalg.vector_norm(codes - code, dim=-1)
    if item is not None:
        distance[item] = torch.inf
    return distance.topk(min(k, len(codes) - (item is not None)), largest=False).indices


def _device(model: Model) -> torch.device:
    return next(model.parameters()).device
