"""What a distribution is, as named tensors: what a graph can give in its place.

Shapes: B examples, D dimensions, K classes, M components, C H W image.
"""

from typing import Any

from torch import Tensor
from torch.distributions import (
    Bernoulli,
    Distribution,
    Independent,
    LogNormal,
    MixtureSameFamily,
    NegativeBinomial,
    Normal,
    OneHotCategorical,
    Poisson,
)

from ..distributions import ContinuousBernoulli, GreyLevels
from ..likelihoods import Columns

# What each parameter is, for the file beside the graphs.
ABOUT = {
    "mean": "mean",
    "log_variance": "log of the variance of each dimension, nats",
    "log_weights": "log of the weight of each component",
    "means": "mean of each component",
    "log_variances": "log of the variance of each dimension of each component",
    "probabilities": "probability of each class",
    "logits": "log odds of 1 for each value; of a continuous Bernoulli, its natural parameter",
    "log_probabilities": "log probability of each level, the last axis",
    "scale": "standard deviation",
    "theta": "inverse dispersion of a negative binomial: the variance is mean + mean^2 / theta",
    "log_mean": "mean of the logarithm",
    "log_scale": "standard deviation of the logarithm",
    "value": "the value itself",
    "log_density": "log of the density, nats",
}


def parameters(distribution: Distribution) -> dict[str, Tensor]:
    """The parameters that make a distribution, by the names in `ABOUT`.

    Raises ValueError for one that has no such form.

    >>> import torch
    >>> from vae_core.distributions import diagonal_normal
    >>> list(parameters(diagonal_normal(torch.zeros(2), torch.ones(2))))
    ['mean', 'log_variance']
    """
    if isinstance(distribution, MixtureSameFamily):
        parts: Any = distribution.component_distribution
        inner = parts.base_dist
        weights = distribution.mixture_distribution.logits
        return {"log_weights": weights, "means": inner.loc, "log_variances": 2 * inner.scale.log()}
    if isinstance(distribution, Columns):
        return {"scale": distribution.joined([part.variance.sqrt() for _, part in distribution.parts])}
    inner = distribution.base_dist if isinstance(distribution, Independent) else distribution
    if isinstance(inner, LogNormal):
        return {"log_mean": inner.loc, "log_scale": inner.scale}
    if isinstance(inner, Normal):
        return {"mean": inner.loc, "log_variance": 2 * inner.scale.log()}
    if isinstance(inner, OneHotCategorical):
        return {"probabilities": inner.probs}
    if isinstance(inner, Bernoulli | ContinuousBernoulli):
        return {"logits": inner.logits}
    if isinstance(inner, GreyLevels):
        return {"log_probabilities": inner.log_probs}
    if isinstance(inner, NegativeBinomial):
        return {"mean": inner.mean, "theta": inner.total_count}
    if isinstance(inner, Poisson):
        return {"mean": inner.mean}
    raise ValueError(
        f"a distribution {type(inner).__name__} has no names for its parameters in ONNX, so this model cannot be exported: "
        "share its folder, and the plug-in that it is of"
    )


def shown_parameters(distribution: Distribution) -> dict[str, Tensor]:
    """The same of an observation, whose mean comes first whatever makes it."""
    found = parameters(distribution)
    mean = found.get("mean", distribution.mean)
    rest = {name: value.expand_as(mean) if name == "log_variance" else value for name, value in found.items()}
    return {"mean": mean, **{name: value for name, value in rest.items() if name != "mean"}}
