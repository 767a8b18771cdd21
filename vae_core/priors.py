"""Priors of latent blocks: standard, fixed class prototypes, learned class Gaussians.

Shapes: B examples, D latent dimensions, K classes. A class arrives as a one-hot row `(B, K)` under the name `y`.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Distribution

from .conditionals import Conditional, Env
from .distributions import diagonal_normal


class StandardNormal(Conditional):
    """N(0, I) in D dimensions."""

    loc: Tensor

    def __init__(self, dimensions: int):
        super().__init__()
        self.register_buffer("loc", torch.zeros(dimensions))

    def forward(self, env: Env) -> Distribution:
        return diagonal_normal(self.loc, torch.ones_like(self.loc))


class Prototypes(Conditional):
    """N(s e_c, I): fixed means on scaled axes, every pair s sqrt(2) apart (Almudevar et al., arXiv 2401.09180, fix theirs too).

    Fixed, because nothing in the bound pushes learned means apart. Needs D >= K; for s >= 6 the classes hardly overlap.
    """

    means: Tensor

    def __init__(self, classes: int, dimensions: int, separation: float, given: str = "y"):
        super().__init__(given)
        if dimensions < classes:
            raise ValueError(
                f"prototypes of {classes} classes need at least {classes} labelled dimensions, got {dimensions}"
            )
        if not separation > 0:
            raise ValueError(f"the separation of prototypes must be above 0, got {separation}")
        self.register_buffer("means", separation * torch.eye(classes, dimensions))

    def forward(self, env: Env) -> Distribution:
        (y,) = self.parents(env)
        loc = y @ self.means
        return diagonal_normal(loc, torch.ones_like(loc))


class ClassGaussians(Conditional):
    """N(m_c, diag s_c^2) with learned means and scales, one Gaussian per class, drawn at distance ~1 from each other."""

    def __init__(self, classes: int, dimensions: int, given: str = "y"):
        super().__init__(given)
        self.means = nn.Parameter(torch.randn(classes, dimensions) / math.sqrt(2 * dimensions))
        self.log_scales = nn.Parameter(torch.zeros(classes, dimensions))

    def forward(self, env: Env) -> Distribution:
        (y,) = self.parents(env)
        return diagonal_normal(y @ self.means, (y @ self.log_scales).exp())


def bayes_error(distance: float) -> float:
    """Error of Bayes' rule between two N(m, I) whose means are `distance` apart: Phi(-distance / 2).

    >>> round(bayes_error(2.0), 4)
    0.1587
    """
    return 0.5 * math.erfc(distance / (2 * math.sqrt(2)))


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """Labels `(B,)` as rows `(B, K)` of float32: a class is a tensor like every other variable.

    >>> one_hot(torch.tensor([1]), 3).tolist()
    [[0.0, 1.0, 0.0]]
    """
    return F.one_hot(labels, classes).float()
