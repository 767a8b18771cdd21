"""How like the data samples are, and how diverse, by the features of a classifier that was trained on the data.

Shapes: M samples, N observations, F features.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .base import Estimate, bootstrap
from .coverage import DRAWS, NEAREST, neighbourhoods


def diversity(samples: Tensor, data: Tensor, train: Tensor, seed: int) -> dict[str, Estimate]:
    """sample_coverage, sample_density, sample_frechet and judge_frechet, of features of samples `(M, F)`, of the split and of training images `(N, F)`.

    sample_coverage: the share of images with a sample nearer than their 5th nearest other image: 1 - 2^-5 = 97 % of samples from the
    data's own distribution; few where some kinds of images are never drawn. sample_density: in how many such balls of images a sample
    lies, divided by 5: 1 of the data's own. Both of at most 5,000 of each, chosen by the seed (Naeem et al., 2020).
    sample_frechet: `frechet` of samples and split, with a bootstrap error; judge_frechet: that of training images and split, which is
    what as many other images of the same kind have (Heusel et al., 2017, with this classifier's features in place of Inception's: values
    compare models of one data set, measured by one command).
    """
    if min(len(samples), len(data), len(train)) <= NEAREST:
        return {}
    generator = torch.Generator().manual_seed(seed)
    some, there = (part[torch.randperm(len(part), generator=generator)[:DRAWS]] for part in (samples, data))
    near = neighbourhoods(there, some)
    return {
        "sample_coverage": Estimate.share(near.covered),
        "sample_density": Estimate.mean(near.density),
        "sample_frechet": _with_error(samples, data, generator),
        "judge_frechet": _with_error(train, data, generator),
    }


def _with_error(a: Tensor, b: Tensor, generator: torch.Generator) -> Estimate:
    """`frechet` with the error of which `a` there are, whose moments are added up in single precision there."""
    there = _rooted(b.double())
    middle = a.mean(0)
    near = a - middle

    def resampled(rows: Tensor) -> float:
        mean, covariance = (part.double() for part in _moments(near[rows]))
        return _apart((mean + middle.double(), covariance), there)

    return Estimate(_apart(_moments(a.double()), there), bootstrap(resampled, len(a), generator), len(a))


def frechet(a: Tensor, b: Tensor) -> float:
    """|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a^1/2 C_b C_a^1/2)^1/2): the squared Frechet distance of the Gaussians of the moments of `(M, F)` and `(N, F)`.

    >>> a = torch.tensor([[0.0], [2.0]])  # variance 2
    >>> round(frechet(a, a + 3.0), 6), round(frechet(a, 2 * a - 1), 6)  # 3^2; (2 - 1)^2 * 2
    (9.0, 2.0)

    Source:
        Dowson & Landau (1982).
    """
    return _apart(_moments(a.double()), _rooted(b.double()))


class _Rooted(NamedTuple):
    """Mean, covariance, and the covariance's root."""

    mean: Tensor
    covariance: Tensor
    root: Tensor


def _rooted(x: Tensor) -> _Rooted:
    mean, covariance = _moments(x)
    values, axes = torch.linalg.eigh(covariance)
    return _Rooted(mean, covariance, axes * values.clamp(min=0).sqrt() @ axes.mT)


def _apart(a: tuple[Tensor, Tensor], b: _Rooted) -> float:
    """`frechet` of means and covariances; the trace is the same whichever of the two roots is taken."""
    mean, covariance = a
    between = torch.linalg.eigvalsh(b.root @ covariance @ b.root).clamp(min=0).sqrt().sum()
    return ((mean - b.mean).square().sum() + covariance.trace() + b.covariance.trace() - 2 * between).item()


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean `(F,)` and covariance `(F, F)` of `(N, F)`."""
    centred = x - x.mean(0)
    return x.mean(0), centred.mT @ centred / (len(x) - 1)
