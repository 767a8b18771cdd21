"""Likelihoods: what p(x | latents) may be, of images and of tables."""

from .images import (
    LOG_GAMMA_FLOOR,
    BernoulliPixels,
    CategoricalPixels,
    ContinuousBernoulliPixels,
    GaussianPixels,
    OptimalGaussianPixels,
)
from .tables import (
    BernoulliFeatures,
    Columns,
    GaussianFeatures,
    Library,
    MixedFeatures,
    NegativeBinomialCounts,
    PoissonCounts,
    Total,
    negative_binomial,
)

__all__ = [
    "LOG_GAMMA_FLOOR",
    "BernoulliFeatures",
    "BernoulliPixels",
    "CategoricalPixels",
    "Columns",
    "ContinuousBernoulliPixels",
    "GaussianFeatures",
    "GaussianPixels",
    "Library",
    "MixedFeatures",
    "NegativeBinomialCounts",
    "OptimalGaussianPixels",
    "PoissonCounts",
    "Total",
    "negative_binomial",
]
