"""Distributions with one event per example, the divergence between two, and where the noise of a draw comes from.

Everything is in nats. Shapes: B examples, D dimensions.
"""

from .aggregate import RateDecomposition, aggregate_log_density, aggregate_log_joint, log_factors
from .divergence import diagonal_normal, is_diagonal_normal, kl_divergence, kl_per_dimension
from .flows import MOMENT_DRAWS, NormalizingFlow
from .mixtures import MIXTURE_DIVERGENCES, ConvexityBound, GaussianMixture, HersheyOlsen
from .one_hot import OneHot
from .pixels import BinaryPixels, ContinuousBernoulli, GreyLevels, continuous_bernoulli, grey_levels
from .sampling import SEEDS, Draw, Sampler, check_seed, mean, rsample, seeded_draw, whole_mean

__all__ = [
    "MIXTURE_DIVERGENCES",
    "MOMENT_DRAWS",
    "SEEDS",
    "BinaryPixels",
    "ContinuousBernoulli",
    "ConvexityBound",
    "Draw",
    "GaussianMixture",
    "GreyLevels",
    "HersheyOlsen",
    "NormalizingFlow",
    "OneHot",
    "RateDecomposition",
    "Sampler",
    "aggregate_log_density",
    "aggregate_log_joint",
    "check_seed",
    "continuous_bernoulli",
    "diagonal_normal",
    "grey_levels",
    "is_diagonal_normal",
    "kl_divergence",
    "kl_per_dimension",
    "log_factors",
    "mean",
    "rsample",
    "seeded_draw",
    "whole_mean",
]
