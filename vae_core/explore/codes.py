"""What a model makes of images, of classes and of its priors: infer and generate, with some variables fixed.

Shapes: N examples, D latent dimensions, K classes. Decoded means come back as they are shown: images in [0, 1].
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.distributions import Distribution

from ..conditionals import Env, Likelihood
from ..distributions import Draw, diagonal_normal, mean
from ..labels import class_log_joint, has_label, uniform_log_prior
from ..model import Inferred, Model
from ..names import IMAGE, LABEL
from ..priors import one_hot

Codes = dict[str, Tensor]


# Images that are decoded at once on a CPU: what nets make of more falls out of its caches.
AT_ONCE = 64


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


def mean_code(means: Mapping[str, Tensor]) -> Codes:
    """The mean `(1, D)` of posterior means `(N, D)` in each latent, as a decoder reads it (`codes_of`).

    >>> mean_code({"z": torch.tensor([[1.0, 0.0], [3.0, 2.0]])})["z"].tolist()
    [[2.0, 1.0]]
    """
    return codes_of({name: codes.mean(0, keepdim=True) for name, codes in means.items()})


@torch.no_grad()
def decode(model: Model, codes: Env) -> Tensor:
    """The mean of x given `codes` (all latents, `(N, D)` each), as its kind is shown: images `(N, C, H, W)` within [0, 1].

    A class that only the spread of x reads (the dispersion of counts) need not be there: the mean is the same for each.
    """
    if LABEL in model.inputs(*codes):
        uniform = torch.full((len(next(iter(codes.values()))), model.classes), 1 / model.classes)
        codes = {**codes, LABEL: uniform.to(model.device)}
    size = AT_ONCE if model.device.type == "cpu" else max(1, *map(len, codes.values()))
    parts = zip(*(code.split(size) for code in codes.values()), strict=True)
    images = [model.generate(dict(zip(codes, part, strict=True)), only=[IMAGE])[IMAGE] for part in parts]
    return likelihood_of(model).reading.shown(torch.cat(images))


def likelihood_of(model: Model) -> Likelihood:
    """p(x | parents). Raises ValueError for a model without one."""
    likelihood = dict(model.p).get(IMAGE)
    if not isinstance(likelihood, Likelihood):
        raise ValueError(
            "the model has no likelihood of observations, so there is nothing to show or to score"
        )
    return likelihood


@torch.no_grad()
def reconstruct(model: Model, batch: Env) -> Tensor:
    """Decode the posterior means; the class is not needed, since every latent is fixed."""
    return decode(model, codes_of({name: q.mean for name, q in encode(model, batch).items()}))


def holdable(model: Model) -> list[str]:
    """The variables that can be held while the rest is drawn: latent blocks, observations other than the image, the class."""
    observed = [name for name in model.observed if name != IMAGE]
    return [*model.blocks, *observed, *([LABEL] if has_label(model) else [])]


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
def swapped(model: Model, kept: Mapping[str, Tensor], to: Sequence[int] | None = None) -> Codes:
    """Codes `(N K, D)`, item after item: its kept blocks `(N, D)` with the others at their prior's mean for every class, or each of `to`."""
    n, device = len(next(iter(kept.values()))), next(iter(kept.values())).device
    classes = torch.tensor(range(model.classes) if to is None else to, device=device)
    repeated = {name: code.repeat_interleave(len(classes), 0) for name, code in kept.items()}
    label = one_hot(classes.repeat(n), model.classes)
    return prior_codes(model, {**repeated, LABEL: label})


@torch.no_grad()
def swap(model: Model, kept: Mapping[str, Tensor], to: Sequence[int] | None = None) -> Tensor:
    """Images `(N, K, C, H, W)` of the codes of `swapped`."""
    return decode(model, swapped(model, kept, to)).unflatten(
        0, (-1, model.classes if to is None else len(to))
    )


@torch.no_grad()
def class_posterior(model: Model, means: Mapping[str, Tensor], scales: Mapping[str, Tensor]) -> Tensor:
    """q(c|x) from the posteriors' parameters, `(N, K)`: the model's own classifier where it has one, else by the bound
    (softmax of per-class ELBOs, `labels.class_log_joint`, pi uniform).

    Raises ValueError for a model that does not read the class.
    """
    if LABEL in model.latents:
        return means[LABEL]
    posteriors: dict[str, Distribution] = {name: diagonal_normal(means[name], scales[name]) for name in means}
    log_joint = class_log_joint(
        model, Inferred(posteriors, dict(means)), uniform_log_prior(model.classes, model.device)
    )
    return log_joint.softmax(-1)
