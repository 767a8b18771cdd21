"""What a model makes of images, of classes and of its priors: infer and generate, with some variables fixed.

Shapes: N examples, D latent dimensions, K classes. Decoded means come back as they are shown: images in [0, 1].
"""

from collections.abc import Iterable, Mapping, Sequence

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
    """The posterior q(z | x) of each latent given the observation; a class that the batch holds is not looked at.

    Args:
        model: the model.
        batch: at least the observation, under "x", `(N, C, H, W)` or `(N, F)`.

    Returns:
        A distribution of N codes for each latent.

    Raises:
        ValueError: where the batch lacks what the inference net reads.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> {name: q.mean.shape for name, q in encode(model, {"x": torch.zeros(3, 1, 4, 4)}).items()}
        {'z_l': torch.Size([3, 2]), 'z_u': torch.Size([3, 2])}
    """
    return model.infer({name: value for name, value in batch.items() if name != LABEL}).posteriors


def encoded_by_batch(
    model: Model, batches: Iterable[Env], count: int, draw: Draw | None = None
) -> tuple[Codes, Codes, Codes]:
    """Posterior means, scales and, with `draw`, a draw each of `count` examples that come in batches, `(N, D)` for each latent.

    They are written where they stay: small tensors that are kept from many batches would hold the memory of large ones between them.
    """
    found: tuple[Codes, Codes, Codes] = ({}, {}, {})
    start = 0
    for batch in batches:
        size = len(batch[IMAGE])
        for name, q in encode(model, batch).items():
            values = (q.mean, q.stddev, *(() if draw is None else (draw(q),)))
            for part, value in zip(found, values, strict=False):
                if name not in part:
                    part[name] = value.new_empty(count, *value.shape[1:])
                part[name][start : start + size] = value
        start += size
    return found


def codes_of(means: Mapping[str, Tensor]) -> Codes:
    """What a decoder reads of posterior means `(N, D)`: a class is the most probable one, not a blend of several.

    Args:
        means: posterior means `(N, D)` of each latent; of a class its probabilities `(N, K)`.

    Returns:
        A code for each latent, of the same shape.

    Example:
        >>> codes_of({"z": torch.tensor([[0.5]]), "y": torch.tensor([[0.3, 0.7]])})
        {'z': tensor([[0.5000]]), 'y': tensor([[0., 1.]])}
    """
    return {
        name: one_hot(mean.argmax(-1), mean.shape[-1]) if name == LABEL else mean
        for name, mean in means.items()
    }


def mean_code(means: Mapping[str, Tensor]) -> Codes:
    """The mean `(1, D)` of posterior means `(N, D)` in each latent, as a decoder reads it (`codes_of`).

    Args:
        means: posterior means `(N, D)` of each latent.

    Returns:
        A code `(1, D)` for each latent.

    Example:
        >>> mean_code({"z": torch.tensor([[1.0, 0.0], [3.0, 2.0]])})["z"].tolist()
        [[2.0, 1.0]]
    """
    return codes_of({name: codes.mean(0, keepdim=True) for name, codes in means.items()})


@torch.no_grad()
def decode(model: Model, codes: Env) -> Tensor:
    """E[x | codes], as its kind is shown: images within [0, 1], the features of a table in their own units.

    A class that only the spread of x reads (the dispersion of counts) need not be there: the mean is the
    same for each.

    Args:
        model: the model.
        codes: all latents, `(N, D)` each, and what else the decoder reads.

    Returns:
        Images `(N, C, H, W)`, or rows `(N, F)`.

    Raises:
        ValueError: where an input that the decoder needs, such as a rate, is not given, and for a model
            without a decoder (`Model.no_decoder`).

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> decode(model, {"z": torch.zeros(3, 2)}).shape
        torch.Size([3, 1, 4, 4])
    """
    if model.no_decoder:
        raise ValueError(model.no_decoder)
    if LABEL in model.inputs(*codes):
        uniform = torch.full((len(next(iter(codes.values()))), model.classes), 1 / model.classes)
        codes = {**codes, LABEL: uniform.to(model.device)}
    size = AT_ONCE if model.device.type == "cpu" else max(1, *map(len, codes.values()))
    parts = zip(*(code.split(size) for code in codes.values()), strict=True)
    images = [model.generate(dict(zip(codes, part, strict=True)), only=[IMAGE])[IMAGE] for part in parts]
    return likelihood_of(model).reading.shown(torch.cat(images))


def likelihood_of(model: Model) -> Likelihood:
    """The model's likelihood p(x | parents).

    Args:
        model: the model.

    Returns:
        The likelihood of the observation x.

    Raises:
        ValueError: for a model without one.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> type(likelihood_of(model)).__name__
        'BernoulliPixels'
    """
    likelihood = dict(model.p).get(IMAGE)
    if not isinstance(likelihood, Likelihood):
        raise ValueError(
            "the model has no likelihood of observations, so there is nothing to show or to score"
        )
    return likelihood


@torch.no_grad()
def reconstruct(model: Model, batch: Env) -> Tensor:
    """The observation decoded from its posterior means; the class is not needed, since every latent is fixed.

    Args:
        model: the model.
        batch: at least the observation, under "x", `(N, C, H, W)` or `(N, F)`.

    Returns:
        E[x | E q(z | x)] as `decode` gives it, of the shape of the observation.

    Raises:
        ValueError: where an input that the model needs, such as a rate, is not given.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> reconstruct(model, {"x": torch.zeros(3, 1, 4, 4)}).shape
        torch.Size([3, 1, 4, 4])
    """
    return decode(model, codes_of({name: q.mean for name, q in encode(model, batch).items()}))


def holdable(model: Model) -> list[str]:
    """The variables that can be held while the rest is drawn: latent blocks, observations other than the image, the class.

    Args:
        model: the model.

    Returns:
        Their names.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> holdable(model)
        ['z_l', 'z_u', 'y']
    """
    observed = [name for name in model.observed if name != IMAGE]
    return [*model.blocks, *observed, *([LABEL] if has_label(model) else [])]


@torch.no_grad()
def complete(model: Model, fixed: Env, n: int = 1, draw: Draw = mean) -> dict[str, Tensor]:
    """Every variable of the generative net, where some are given: infer what they inform, generate the rest.

    A latent whose posterior can be had from the fixed variables alone is drawn from it: of a fixed coarse
    image the u behind it, of a fixed image all latents. The other latents are drawn from the generative
    net; what is observed is its mean.

    Args:
        model: the model.
        fixed: the given variables, `(N, ...)` each.
        n: how many are drawn if nothing is fixed.
        draw: what stands for a distribution of a latent: its mean, or a draw.

    Returns:
        Every variable by name, `(N, ...)`, or `(n, ...)`.

    Raises:
        ValueError: where an input that the model needs, such as the class, is not given.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> {name: values.shape for name, values in complete(model, {"y": torch.eye(2)}).items()}
        {'y': torch.Size([2, 2]), 'z_l': torch.Size([2, 2]), 'z_u': torch.Size([2, 2]), 'x': torch.Size([2, 1, 4, 4])}
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
    """Latents from the prior, given the inputs it needs.

    Args:
        model: the model.
        inputs: what is given, such as a class `(N, K)`, one-hot.
        n: how many if nothing is given.
        draw: what stands for a distribution: its mean, or a draw.

    Returns:
        A code `(N, D)` for each latent.

    Raises:
        ValueError: where an input that the prior needs is not given.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> prior_codes(model, {"y": torch.eye(2)})["z_l"].tolist()  # the prototypes of both classes
        [[8.0, 0.0], [0.0, 8.0]]
    """
    last = max(list(model.p).index(name) for name in model.latents)
    values = _generated(model, inputs, n, draw, list(model.p)[: last + 1])
    return {name: values[name] for name in model.latents}


@torch.no_grad()
def sample(model: Model, inputs: Env, n: int = 1, draw: Draw = mean) -> Tensor:
    """Mean observations of latents from the prior: class-conditional where the class is among the inputs.

    Args:
        model: the model.
        inputs: what is given, such as a class `(N, K)`, one-hot.
        n: how many if nothing is given.
        draw: what stands for a latent's distribution: its mean, or a draw.

    Returns:
        Images `(N, C, H, W)` or rows `(N, F)`, as `decode` gives them.

    Raises:
        ValueError: where an input that the model needs is not given.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> sample(model, {}, n=3).shape
        torch.Size([3, 1, 4, 4])
    """
    return decode(model, prior_codes(model, inputs, n, draw))


@torch.no_grad()
def swapped(model: Model, kept: Mapping[str, Tensor], to: Sequence[int] | None = None) -> Codes:
    """The codes of a swap: some blocks kept, the others at their prior's mean for every class, or each of some.

    Args:
        model: a model with classes.
        kept: the kept blocks, `(N, D)` each.
        to: the classes, all unless given.

    Returns:
        A code `(N K, D)` for each latent, item after item, class after class.

    Raises:
        ValueError: for a model without classes.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> swapped(model, {"z_u": torch.zeros(1, 2)})["z_l"].tolist()
        [[8.0, 0.0], [0.0, 8.0]]
    """
    if not model.classes:
        raise ValueError("a swap needs a model with classes: this one has none")
    n, device = len(next(iter(kept.values()))), next(iter(kept.values())).device
    classes = torch.tensor(range(model.classes) if to is None else to, device=device)
    repeated = {name: code.repeat_interleave(len(classes), 0) for name, code in kept.items()}
    label = one_hot(classes.repeat(n), model.classes)
    return prior_codes(model, {**repeated, LABEL: label})


@torch.no_grad()
def swap(model: Model, kept: Mapping[str, Tensor], to: Sequence[int] | None = None) -> Tensor:
    """Images of the codes of `swapped`: each item's kept blocks under every class.

    Args:
        model: a model with classes.
        kept: the kept blocks, `(N, D)` each.
        to: the classes, all unless given.

    Returns:
        `(N, K, C, H, W)`, or rows `(N, K, F)`, as `decode` gives them.

    Raises:
        ValueError: for a model without classes.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> swap(model, {"z_u": torch.zeros(3, 2)}).shape
        torch.Size([3, 2, 1, 4, 4])

    Source:
        docs/objectives.md, section 7 (sampling).
    """
    return decode(model, swapped(model, kept, to)).unflatten(
        0, (-1, model.classes if to is None else len(to))
    )


@torch.no_grad()
def class_posterior(model: Model, means: Mapping[str, Tensor], scales: Mapping[str, Tensor]) -> Tensor:
    """q(c | x) from the posteriors' parameters: the model's own classifier where it has one, else the class by the bound.

    By the bound it is softmax_c(log pi_c + ELBO(x, c)), pi uniform (`labels.class_log_joint`).

    Args:
        model: the model.
        means: posterior means `(N, D)` of each latent; of a class its probabilities `(N, K)`.
        scales: posterior standard deviations `(N, D)`.

    Returns:
        Probabilities `(N, K)`.

    Raises:
        ValueError: for a model that does not read the class.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> means, scales = {"z_l": torch.tensor([[8.0, 0.0]]), "z_u": torch.zeros(1, 2)}, torch.ones(1, 2)
        >>> class_posterior(model, means, {"z_l": scales, "z_u": scales}).round(decimals=4).tolist()
        [[1.0, 0.0]]

    Source:
        docs/objectives.md, section 7 (class by the bound).
    """
    if LABEL in model.latents:
        return means[LABEL]
    posteriors: dict[str, Distribution] = {name: diagonal_normal(means[name], scales[name]) for name in means}
    log_joint = class_log_joint(
        model, Inferred(posteriors, dict(means)), uniform_log_prior(model.classes, model.device)
    )
    return log_joint.softmax(-1)
