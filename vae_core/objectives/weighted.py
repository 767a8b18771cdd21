"""The negative bound at one beta for each block, a beta-VAE.

Shapes: B examples.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Annotated

import torch
from torch import Tensor

from ..conditionals import Env
from ..fields import WhileTraining
from ..model import Terms
from .classes import ClassifierTerm, ClassTerm
from .declared import OfBound, Setting, Trained
from .parts import Beta, Bound, Regulariser, Rising, above_zero, betas, betas_for, not_negative


class Weighted(Rising):
    """D + sum_k beta_k KL_k, `(B,)` nats: the negative bound at beta = 1, a beta-VAE elsewhere.

    Below beta = 1 it is no bound on the log-likelihood.

    Args:
        beta: one number, or one for each latent block.
        warmup: batches over which beta rises from 0 to its value, without which a prior that follows the
            encoder (a vamp) may never leave the solution in which no latent says anything.

    Raises:
        ValueError: for a beta that is not above 0.

    Example:
        >>> terms = Terms({"x": torch.tensor([-10.0])}, {"z": torch.tensor([2.0])}, {})
        >>> Weighted(4.0)(terms, {})  # 10 + 4 x 2
        tensor([18.])
        >>> Weighted(0.0)
        Traceback (most recent call last):
        ValueError: beta must be above 0, got 0.0

    Source:
        Higgins et al. (2017); docs/objectives.md, section 6 (a fixed price).
    """

    def __init__(self, beta: Beta = 1.0, warmup: int = 0):
        super().__init__(warmup)
        for value in beta.values() if isinstance(beta, Mapping) else (beta,):
            above_zero(beta=value)
        self.beta = beta

    def forward(self, terms: Terms, batch: Env) -> Tensor:
        blocks = list(terms.kl)
        if isinstance(self.beta, Mapping) and set(self.beta) > set(
            blocks
        ):  # one stage of a model: the others have theirs too
            blocks = list(self.beta)
        beta = betas(self.beta, blocks)
        rate = reduce(torch.add, (beta[name] * kl for name, kl in terms.kl.items()))
        return terms.distortion + self.risen(rate)


def elbo(beta: Beta = 1.0, class_weight: float = 0.0, classifier_weight: float = 0.0) -> Bound:
    """mean_b [ D + sum_k beta_k KL_k + alpha CE(class by the bound, y) - lambda log q(y|x) ], nats: what most models are trained by.

    Args:
        beta: one number, or one for each latent block.
        class_weight: alpha.
        classifier_weight: lambda.

    Returns:
        The objective, without the terms whose weight is 0.

    Raises:
        ValueError: for a beta that is not above 0, or a negative weight.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> sorted(elbo(beta=4.0)(model, {"x": torch.zeros(3, 1, 4, 4)}).parts)
        ['distortion', 'rate_z']

    Source:
        Higgins et al. (2017); docs/objectives.md, sections 6 to 8.
    """
    not_negative(class_weight=class_weight, classifier_weight=classifier_weight)
    regularisers: list[Regulariser] = [ClassTerm(class_weight)] if class_weight else []
    regularisers += [ClassifierTerm(classifier_weight)] if classifier_weight else []
    return Bound(Weighted(beta), regularisers)


@dataclass(frozen=True, kw_only=True)
class OfBeta(OfBound):
    """What the objectives have in common that weigh each rate by a fixed beta (`Weighted`).

    Raises:
        ValueError: for a beta that is not above 0, or a negative weight.

    Example:
        >>> ELBO(beta=4.0).beta
        4.0
    """

    beta: Annotated[Beta, WhileTraining(0.01, 100.0)] = 1.0
    """Weight of the rate: one number, or one for each latent block."""

    def __post_init__(self):
        super().__post_init__()
        Weighted(self.beta)

    def weigh(self, bound: Bound) -> None:
        assert isinstance(bound.weighting, Weighted)
        bound.weighting.beta = self.beta


@dataclass(frozen=True, kw_only=True)
class ELBO(OfBeta):
    """D + sum_k beta_k KL_k: the bound itself at beta = 1, a beta-VAE elsewhere (Higgins et al., 2017).

    Raises:
        ValueError: for a beta that is not above 0, or a negative weight or warm-up; from `build`, for a
            beta of a block that the model lacks.

    Example:
        >>> from types import SimpleNamespace
        >>> ELBO(beta={"z_l": 2.0, "z_u": 1.0}).says(SimpleNamespace(found={}, rates=None))
        'β(z_l) = 2 · β(z_u) = 1'

    Source:
        Higgins et al. (2017); docs/objectives.md, section 6 (a fixed price).
    """

    beta_warmup: int = 0
    """Steps over which beta rises from 0: a vamp prior needs some thousands, or no latent may ever say anything."""

    def __post_init__(self):
        super().__post_init__()
        not_negative(beta_warmup=self.beta_warmup)

    def build(self, setting: Setting) -> Bound:
        bound = self.bound(setting, Weighted(self.beta, self.beta_warmup))
        # A class that every batch holds is no block of the bound: it has no rate to be weighed.
        betas_for(self.beta, setting.model)
        return bound

    def says(self, card: Trained) -> str:
        return " · ".join([*of_betas(self.beta), *self.beside()])


def of_betas(beta: Beta) -> list[str]:
    """The betas in words.

    >>> of_betas({"z_l": 2.0, "z_u": 1.0})
    ['β(z_l) = 2', 'β(z_u) = 1']
    """
    if isinstance(beta, Mapping):
        return [f"β({block}) = {value:g}" for block, value in beta.items()]
    return [f"β = {beta:g}"]
