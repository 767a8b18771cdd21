"""What a model makes of images and of its priors: infer and generate, with some variables fixed.

Shapes: N examples, D latent dimensions. Decoded means come back as they are shown: images in [0, 1].
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import torch
from torch import Tensor
from torch.distributions import Distribution

from ..conditionals import Env, Likelihood
from ..distributions import Draw, mean
from ..labels import has_label
from ..model import Model
from ..names import IMAGE, LABEL
from ..priors import one_hot

Codes = dict[str, Tensor]


# Images that are decoded at once on a CPU: what nets make of more falls out of its caches.
AT_ONCE = 64


@torch.no_grad()
def encode(model: Model, batch: Env) -> dict[str, Distribution]:
    """The posterior q(z | x) of each latent given the observation, or q(z | x, y) where the encoder reads the class.

    A class that the model infers itself is not looked at, whether or not the batch holds it.

    Args:
        model: the model.
        batch: what the encoder reads (`Model.encoder_reads`): the observation, under "x", `(N, C, H, W)` or `(N, F)`, and for a
            conditional VAE the class, under "y", one-hot `(N, K)`.

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
    given = {name: value for name, value in batch.items() if name != LABEL or LABEL not in model.latents}
    if LABEL in model.encoder_reads and LABEL not in given:
        raise ValueError(
            'the encoder of this model reads the class, and none is given: give it as "y", one-hot '
            f"{model.classes} wide, or read it from the observation (explore.class_of)"
        )
    return model.infer(given).posteriors


def encoded_by_batch(
    model: Model, batches: Iterable[Env], count: int, draw: Draw | None = None
) -> tuple[Codes, Codes, Codes]:
    """Posterior means, scales and, with `draw`, a draw each of `count` examples that come in batches, `(N, D)` for each latent.

    A posterior that reads the draw of another block, as bottom-up, is drawn after it; its mean and scale are those at the other's mean.
    They are written where they stay: small tensors that are kept from many batches would hold the memory of large ones between them.
    """
    found: tuple[Codes, Codes, Codes] = ({}, {}, {})
    start, chained = 0, any(set(model.q[name].given) & set(model.blocks) for name in model.blocks)
    for batch in batches:
        size = len(batch[IMAGE])
        drawn = model.infer(batch, draw).env if chained and draw is not None else {}
        for name, q in encode(model, batch).items():
            values = (q.mean, q.stddev, *(() if draw is None else (drawn[name] if chained else draw(q),)))
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
        codes: what a code is made of (`Model.coded`): all latents, `(N, D)` each, and the class, one-hot, where the decoder reads one.

    Returns:
        Images `(N, C, H, W)`, or rows `(N, F)`.

    Raises:
        ValueError: where an input that the decoder needs, such as the class or a rate, is not given, and for a model
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
        _check_class(model, codes)
        uniform = torch.full((len(next(iter(codes.values()))), model.classes), 1 / model.classes)
        codes = {**codes, LABEL: uniform.to(model.device)}
    size = AT_ONCE if model.device.type == "cpu" else max(1, *map(len, codes.values()))
    parts = zip(*(code.split(size) for code in codes.values()), strict=True)
    images = [model.generate(dict(zip(codes, part, strict=True)), only=[IMAGE])[IMAGE] for part in parts]
    return likelihood_of(model).reading.shown(torch.cat(images))


def _check_class(model: Model, codes: Env) -> None:
    """Raises ValueError where a code lacks the class that the decoder reads."""
    if LABEL in model.coded and LABEL not in {*model.latents, *codes}:
        raise ValueError(
            f'the decoder of this model reads the class, and none is given: give it as "y", one-hot {model.classes} wide'
        )


@torch.no_grad()
def settled(model: Model, codes: Env, moved: Collection[str]) -> Codes:
    """The codes with the latents that hang below the moved ones generated anew, at their mean (`Model.below`).

    Of a hierarchy z2 -> z1 -> x a decoder reads z1 alone: z2 shows by the z1 that is generated from it. Of a model whose decoder reads all
    of its blocks nothing changes.

    Args:
        model: the model.
        codes: a code `(N, D)` of each latent.
        moved: the latents that were moved.

    Returns:
        Codes `(N, D)`, in the order in which they were given.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import Ladder, Signature
        >>> model = Ladder(latent=(3, 2)).build(Signature(Image(1, 4, 4), ()))
        >>> codes = {"z2": torch.randn(5, 2), "z1": torch.zeros(5, 3)}
        >>> anew = settled(model, codes, ["z2"])
        >>> bool((anew["z1"] == model.p["z1"](codes).mean).all()), settled(model, codes, ["z1"])["z1"].any().item()
        (True, False)
    """
    below = model.below(*moved)
    if not below:
        return dict(codes)
    values = model.generate({name: code for name, code in codes.items() if name not in below}, only=below)
    return {name: values[name] for name in codes}


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
    """The observation decoded from its posterior means; the class is needed where encoder or decoder reads it.

    Args:
        model: the model.
        batch: the observation, under "x", `(N, C, H, W)` or `(N, F)`, and the class, under "y", for a conditional VAE.

    Returns:
        E[x | E q(z | x)] as `decode` gives it, of the shape of the observation.

    Raises:
        ValueError: where an input that the model needs, such as the class or a rate, is not given.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> reconstruct(model, {"x": torch.zeros(3, 1, 4, 4)}).shape
        torch.Size([3, 1, 4, 4])
    """
    means = {name: q.mean for name, q in encode(model, batch).items()}
    given = {name: batch[name] for name in model.coded if name not in means and name in batch}
    return decode(model, codes_of({**means, **given}))


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
    inferred = model.infer(fixed, draw, only=model.inferable(fixed))
    return _generated(model, inferred.env, n, draw, list(model.p))


def _generated(model: Model, env: Env, n: int, draw: Draw, names: Sequence[str]) -> dict[str, Tensor]:
    """`generate`, with latents drawn by `draw` and observations at their mean."""
    values = dict(env)
    for name in names:
        values = model.generate(values, n, draw if name in model.latents else mean, only=[name])
    return values


@torch.no_grad()
def prior_codes(model: Model, inputs: Env, n: int = 1, draw: Draw = mean) -> Codes:
    """Codes from the prior, given the inputs it needs: a draw or the mean of each latent, beside the class where the decoder reads it.

    Args:
        model: the model.
        inputs: what is given, such as a class `(N, K)`, one-hot.
        n: how many if nothing is given.
        draw: what stands for a distribution: its mean, or a draw.

    Returns:
        A code `(N, D)` for each latent, and the class where it is part of a code (`Model.coded`).

    Raises:
        ValueError: where an input that the prior or the decoder needs, such as the class, is not given.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> prior_codes(model, {"y": torch.eye(2)})["z_l"].tolist()  # the prototypes of both classes
        [[8.0, 0.0], [0.0, 8.0]]
    """
    last = max(list(model.p).index(name) for name in model.latents)
    _check_class(model, inputs)
    values = _generated(model, inputs, n, draw, list(model.p)[: last + 1])
    return {name: values[name] for name in model.coded}


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
