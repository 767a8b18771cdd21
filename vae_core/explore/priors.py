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
from ..distributions import NormalizingFlow, is_diagonal_normal
from ..model import Model
from ..names import LABEL
from .codes import Codes


@torch.no_grad()
def priors_by_class(model: Model, block: str, classes: Sequence[int] | None = None) -> Distribution | None:
    """p(block | y) for each class, or each of some, batch shape `(K,)`; `()` where the class does not matter; None where other latents do.

    Args:
        model: the model.
        block: name of the latent block.
        classes: the classes, all unless given.

    Returns:
        The priors as one distribution, or None. Each has draws, a log-density and a mean; scales that say all of it a Gaussian alone has.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> priors_by_class(model, "z_l").mean.tolist(), priors_by_class(model, "z_u").batch_shape
        ([[8.0, 0.0], [0.0, 8.0]], torch.Size([]))
    """
    conditional = model.p[block]
    if set(conditional.given) - {LABEL}:
        return None
    rows = torch.eye(model.classes, device=model.device)
    some = classes is not None and LABEL in conditional.given
    return conditional({LABEL: rows[list(classes or ())] if some else rows})


@torch.no_grad()
def prior_distance(model: Model, block: str) -> float | None:
    """Least distance between two class priors, |m_c - m_c'| / s with s the larger of their mean scales, where these are Gaussians.

    Args:
        model: the model.
        block: name of the latent block.

    Returns:
        The distance in standard deviations; None where there are no two class priors, and where they are no Gaussians, of which mean and
        scale do not say how far apart they lie.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> round(prior_distance(model, "z_l"), 3)  # 8 sqrt(2)
        11.314

    Source:
        docs/objectives.md, section 4 (prototypes).
    """
    prior = priors_by_class(model, block)
    if prior is None or not (is_diagonal_normal(prior) and prior.batch_shape) or model.classes < 2:
        return None
    scale = prior.stddev.mean(-1)
    distance = torch.cdist(prior.mean, prior.mean) / torch.maximum(scale[:, None], scale[None, :])
    return distance[~torch.eye(model.classes, dtype=torch.bool, device=distance.device)].min().item()


@torch.no_grad()
def prior_given(model: Model, block: str, env: Env) -> Distribution:
    """p(block | parents), parents that are not given being generated from what is, by their means.

    Args:
        model: the model.
        block: name of the latent block.
        env: what is given, `(N, ...)` each.

    Returns:
        The prior, batch shape `(N,)`, or `()` where it reads nothing.

    Raises:
        ValueError: where an input that the prior reads, such as the class, is not given.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> prior_given(model, "z_l", {"y": torch.tensor([[0.0, 1.0]])}).mean.tolist()
        [[0.0, 8.0]]
    """
    others = {name: value for name, value in env.items() if name != block}
    given = model.p[block].given
    values = model.generate(others, only=given)
    if missing := [name for name in given if name not in values]:
        raise ValueError(
            f"the prior p({block} | {', '.join(given)}) reads {', '.join(missing)}, and none is given: "
            + ('give the class as "y", one-hot' if missing == [LABEL] else "give it beside the code")
        )
    return model.p[block](values)


def prior_components(model: Model, block: str) -> Independent | None:
    """The components of a block's mixture prior, batch shape `(M,)`; None for any other prior.

    Args:
        model: the model.
        block: name of the latent block.

    Returns:
        N(m_i, diag s_i^2) for each component, or None.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2, prior="mixture", components=3).build(Signature(Image(1, 4, 4), ()))
        >>> prior_components(model, "z").batch_shape
        torch.Size([3])
    """
    conditional = model.p[block]
    prior = None if conditional.given else conditional({})
    return prior.component_distribution if isinstance(prior, MixtureSameFamily) else None  # type: ignore[return-value]


@torch.no_grad()
def class_means(model: Model, means: Mapping[str, Tensor], members: Tensor) -> Codes:
    """The mean of every class in each latent.

    It is that of its prior p(z | c) where that reads the class and nothing else, otherwise of the posterior
    means of its examples; of a class, that class.

    Args:
        model: the model.
        means: posterior means `(N, D)` of each latent.
        members: the examples' classes, one-hot `(N, K)`.

    Returns:
        `(K, D)` for each latent.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> means = {"z_l": torch.zeros(2, 2), "z_u": torch.tensor([[1.0, 0.0], [0.0, 3.0]])}
        >>> found = class_means(model, means, torch.eye(2))
        >>> found["z_u"].tolist(), found["z_l"].tolist()
        ([[1.0, 0.0], [0.0, 3.0]], [[8.0, 0.0], [0.0, 8.0]])
    """
    shares, found = F.normalize(members.T, p=1, dim=-1), {}
    for name, codes in means.items():
        prior = priors_by_class(model, name) if name in model.labelled else None
        found[name] = shares @ codes if prior is None else prior.mean
    classes = {LABEL: torch.eye(members.shape[1], device=members.device)}
    return found | (classes if LABEL in {*means, *model.coded} else {})


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
    """Mean and variance of p(block | parents), a class that is not given being drawn uniformly.

    Var z = E[s^2 + m^2] - (E m)^2 over the classes' means m and scales s. Those of a flow have no closed form and are those of seeded
    draws (`estimated_moments`).

    Args:
        model: the model.
        block: name of the latent block.
        codes: what is given, `(N, ...)` each.

    Returns:
        Mean and variance, `(N, D)` each, or `(1, D)` without parents.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> mean, variance = prior_moments(model, "z_l", {})
        >>> mean.tolist(), variance.tolist()  # of prototypes at (8, 0) and (0, 8)
        ([[4.0, 4.0]], [[17.0, 17.0]])
    """
    priors = _priors(model, block, codes)
    means = torch.stack([prior.mean for prior in priors])
    variances = torch.stack([prior.variance for prior in priors])
    middle = means.mean(0)
    spread = (variances + (means - middle).square()).mean(0)
    return middle.reshape(-1, middle.shape[-1]), spread.reshape(-1, middle.shape[-1])


@torch.no_grad()
def estimated_moments(model: Model, block: str) -> bool:
    """Whether mean and scale of a block's prior have no closed form, and stand for those of seeded draws (`distributions.NormalizingFlow`).

    Args:
        model: the model.
        block: name of the latent block.

    Returns:
        False where the prior is a Gaussian or a mixture of some, or reads other latents.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> estimated_moments(VAE(latent=2).build(Signature(Image(1, 4, 4), ())), "z")
        False
    """
    return isinstance(priors_by_class(model, block), NormalizingFlow)


@torch.no_grad()
def prior_distance_of(model: Model, block: str, codes: Env) -> Tensor:
    """|z - E z|, the Euclidean distance of the block's code from its prior's mean (`prior_moments`).

    Args:
        model: the model.
        block: name of the latent block.
        codes: its code `(N, D)`, and what else is given.

    Returns:
        One distance a code, `(N,)`.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> prior_distance_of(model, "z", {"z": torch.tensor([[3.0, 4.0]])}).tolist()
        [5.0]
    """
    return (codes[block] - prior_moments(model, block, codes)[0]).norm(dim=-1)


@torch.no_grad()
def prior_log_density(model: Model, block: str, codes: Env) -> Tensor:
    """log p(block | parents), in nats; a class that is not given is summed out: log 1/K sum_c p(z | c).

    Args:
        model: the model.
        block: name of the latent block.
        codes: its code `(N, D)`, and what else is given.

    Returns:
        One log-density a code, `(N,)`.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> prior_log_density(model, "z", {"z": torch.zeros(1, 2)})  # -log(2 pi)
        tensor([-1.8379])
    """
    each = torch.stack([prior.log_prob(codes[block]) for prior in _priors(model, block, codes)])
    return each.logsumexp(0) - math.log(len(each))


@torch.no_grad()
def class_of_codes(model: Model, codes: Env) -> Tensor | None:
    """p(c | z) = softmax_c sum_b log p(z_b | c) over the labelled blocks b, pi uniform.

    What the generative net says of a code: no posterior and no image is involved.

    Args:
        model: the model.
        codes: a code `(N, D)` of each latent.

    Returns:
        Probabilities `(N, K)`; None where no block's prior reads the class.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> class_of_codes(model, {"z_l": torch.tensor([[8.0, 0.0], [4.0, 4.0]]), "z_u": torch.zeros(2, 2)}).round(decimals=4).tolist()
        [[1.0, 0.0], [0.5, 0.5]]
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
