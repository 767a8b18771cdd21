"""What to optimise: how the terms of the bound are weighted. An objective is called with a model and a batch.

Sum over dimensions, mean over the batch, nats.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import reduce
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .conditionals import Env
from .distributions import Draw, rsample
from .labels import class_log_joint, uniform_log_prior
from .model import Model
from .names import LABEL

Beta = float | Mapping[str, float]


class Loss(NamedTuple):
    """`total` is what to minimise; `parts` are its unweighted terms by name, means over the batch in nats, without gradient."""

    total: Tensor
    parts: dict[str, Tensor]


class Objective(nn.Module, ABC):
    @abstractmethod
    def forward(self, model: Model, batch: Env, draw: Draw = rsample) -> Loss: ...


class ELBO(Objective):
    """mean_b [ D + sum_k beta_k KL_k + alpha CE(softmax_c(log pi_c - KL(c)), y) ].

    beta: one weight for all latent blocks, or one for each (Higgins et al., 2017); 1 is the negative ELBO.
    class_weight: alpha. The class posterior is Bayes' rule over the model's own terms (`labels.class_log_joint`) with pi
    uniform: a term without a parameter of its own, which makes the encoder say what the prior means.

    Raises ValueError for a beta that is not above 0 or a negative class weight.

    >>> ELBO(beta=0.0)
    Traceback (most recent call last):
    ValueError: beta must be above 0, got 0.0
    """

    def __init__(self, beta: Beta = 1.0, class_weight: float = 0.0):
        super().__init__()
        for value in beta.values() if isinstance(beta, Mapping) else (beta,):
            if not 0 < value < float("inf"):
                raise ValueError(f"beta must be above 0, got {value}")
        if not 0 <= class_weight < float("inf"):
            raise ValueError(f"the class weight must be 0 or more, got {class_weight}")
        self.beta, self.class_weight = beta, class_weight

    def forward(self, model: Model, batch: Env, draw: Draw = rsample) -> Loss:
        inferred = model.infer(batch, draw)
        terms = model.terms(batch, draw, inferred)
        beta = betas(self.beta, list(terms.kl))
        parts = {"distortion": terms.distortion} | {f"rate_{name}": kl for name, kl in terms.kl.items()}
        weights = {"distortion": 1.0} | {f"rate_{name}": value for name, value in beta.items()}
        if self.class_weight:
            y = batch[LABEL]
            log_joint = class_log_joint(model, inferred, uniform_log_prior(y.shape[-1], y.device))
            parts["class"] = F.cross_entropy(log_joint, y, reduction="none")
            weights["class"] = self.class_weight
        total = reduce(torch.add, (weights[name] * part for name, part in parts.items())).mean()
        return Loss(total, {name: part.detach().mean() for name, part in parts.items()})


def betas(beta: Beta, blocks: list[str]) -> dict[str, float]:
    """One beta for each latent block. Raises ValueError for a block the model lacks, or one left out.

    >>> betas(2.0, ["z_l", "z_u"])
    {'z_l': 2.0, 'z_u': 2.0}
    """
    if not isinstance(beta, Mapping):
        return dict.fromkeys(blocks, float(beta))
    if set(beta) != set(blocks):
        raise ValueError(
            f"beta is given for {', '.join(beta)}, but the latent blocks are {', '.join(blocks)}: "
            "give one number, or one for each block"
        )
    return {name: float(beta[name]) for name in blocks}
