"""The class of codes and observations, and codes under another class.

Shapes: N examples, D latent dimensions, K classes.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.distributions import Distribution

from ..conditionals import Env
from ..distributions import Draw, diagonal_normal, mean
from ..labels import before_the_class, class_log_joint, has_label, needs_observation, uniform_log_prior
from ..model import Inferred, Model
from ..names import LABEL
from ..priors import one_hot
from .codes import Codes, decode, prior_codes


@torch.no_grad()
def swapped(model: Model, kept: Mapping[str, Tensor], to: Sequence[int] | None = None) -> Codes:
    """The codes of a swap: some blocks kept, the others at their prior's mean for every class, or each of some.

    Usually the blocks that are kept are `Model.styles`: those whose prior does not read the class, and all of them where the decoder reads
    the class itself (z is held, y is changed).

    Args:
        model: a model with classes.
        kept: the kept blocks, `(N, D)` each.
        to: the classes, all unless given.

    Returns:
        A code `(N K, D)` for each latent, item after item, class after class; with the class where the decoder reads it.

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
        ValueError: for a model that does not read the class, and for one whose encoder or decoder reads it, where the observation has to
            be looked at again under each class (`class_of`).

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
    if needs_observation(model):
        raise ValueError(
            "the class by the bound needs the observation here, since the encoder or the decoder reads the class: give it to explore.class_of"
        )
    posteriors: dict[str, Distribution] = {name: diagonal_normal(means[name], scales[name]) for name in means}
    log_joint = class_log_joint(
        model, Inferred(posteriors, dict(means)), uniform_log_prior(model.classes, model.device)
    )
    return log_joint.softmax(-1)


@torch.no_grad()
def class_of(model: Model, batch: Env, draw: Draw = mean, draws: int = 1) -> Tensor:
    """q(c | x) of observations: the model's own classifier where it has one, else the class by the bound.

    The bound is looked at under each class, softmax_c(ELBO(x, c)) with pi uniform, its latents drawn by `draw` where a posterior reads the
    class, and the mean of so many draws; a class that the batch holds is not looked at.

    Args:
        model: the model.
        batch: at least the observation, under "x".
        draw: what stands for a posterior that reads the class: its mean, or a draw.
        draws: how many, where one is drawn.

    Returns:
        Probabilities `(N, K)`.

    Raises:
        ValueError: for a model that does not read the class.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CVAE, Signature
        >>> model = CVAE(latent=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> class_of(model, {"x": torch.zeros(3, 1, 4, 4)}).sum(-1).round(decimals=4).tolist()
        [1.0, 1.0, 1.0]

    Source:
        docs/objectives.md, section 7 (class by the bound).
    """
    inferred = before_the_class(model, batch, draw)
    if LABEL in inferred.posteriors:
        return inferred.posteriors[LABEL].probs  # type: ignore[attr-defined]
    prior = uniform_log_prior(model.classes, model.device)
    bounds = [class_log_joint(model, inferred, prior, draw) for _ in range(draws)]
    return torch.stack(bounds).mean(0).softmax(-1)


@torch.no_grad()
def with_class(model: Model, batch: Env, scored: bool = False) -> dict[str, Tensor]:
    """The batch with a class, where encoder or decoder reads one that the batch lacks: the likeliest by the bound (`class_of`).

    Args:
        model: the model.
        batch: at least the observation, under "x".
        scored: whether the bound of the batch is asked for, so that a class which a prior alone reads is needed too.

    Returns:
        The batch, with the class one-hot under "y" where it was needed.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CVAE, Signature
        >>> model = CVAE(latent=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> with_class(model, {"x": torch.zeros(3, 1, 4, 4)})["y"].sum(-1).tolist()
        [1.0, 1.0, 1.0]
    """
    is_read = LABEL in {*model.encoder_reads, *model.coded} or (scored and has_label(model))
    if LABEL in batch or LABEL in model.latents or not is_read:
        return dict(batch)
    return {**batch, LABEL: one_hot(class_of(model, batch).argmax(-1), model.classes)}
