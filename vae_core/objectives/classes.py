"""What keeps the class in a block or out of it: the class term, the classifier's score, an adversary.

Shapes: B examples, D dimensions, K classes.
"""

from functools import reduce
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..conditionals import Env
from ..labels import class_log_joint, has_label, uniform_log_prior
from ..model import Inferred, Model, Terms
from ..names import LABEL
from .parts import Regulariser, free_priors


class ClassTerm(Regulariser):
    """CE(softmax_c(log pi_c - KL(c)), y), `(B,)`, of the class by the bound (`labels.class_log_joint`), pi uniform.

    A term without a parameter of its own, which makes the encoder say what the class prior means.
    """

    name = "class"

    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor:
        y = batch[LABEL]
        log_joint = class_log_joint(model, inferred, uniform_log_prior(y.shape[-1], y.device))
        return F.cross_entropy(log_joint, y, reduction="none")


class ClassifierTerm(Regulariser):
    """-log q(y|x), `(B,)`, of a model that has a classifier in its inference net; weighted by lambda."""

    name = "classifier"

    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor:
        return -reduce(torch.add, terms.score.values())


class Adversary(Regulariser):
    """CE(g(z), y), `(B,)`, of an adversary g that reads the class from a block which should not tell it.

    g descends the cross-entropy while the encoder ascends `weight` times it, by a reversed gradient (Ganin et al., 2016). g reads the
    draw and the posterior's mean: what a probe on means would find is taken out as well.
    """

    name = "adversary"

    def __init__(self, weight: float, block: str, dimensions: int, classes: int, hidden: int = 128):
        super().__init__(1.0)
        self.strength, self.block = weight, block
        self.net = nn.Sequential(
            nn.Linear(dimensions, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, classes),
        )

    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor:
        codes = torch.stack([inferred.env[self.block], inferred.posteriors[self.block].mean])
        guess = self.net(_Reversed.apply(codes, self.strength))
        return torch.stack([F.cross_entropy(part, batch[LABEL], reduction="none") for part in guess]).mean(0)


class _Reversed(torch.autograd.Function):
    """The identity, whose gradient is multiplied by -strength."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return -ctx.strength * gradients[0], None


def adversaries(model: Model, weight: float, classes: int) -> list[Regulariser]:
    """One adversary for each block that no class conditions. Raises ValueError where there is none."""
    priors = free_priors(model)
    if not (has_label(model) and priors):
        raise ValueError("an adversary needs a model with a class and an unlabelled block: leave it out")
    return [Adversary(weight, name, p.event_shape[0], classes) for name, p in priors.items()]
