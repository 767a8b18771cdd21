"""The covariance of the aggregate posterior held at the identity: DIP-VAE.

Shapes: B examples, D dimensions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from torch import Tensor

from ..conditionals import Env
from ..distributions import is_diagonal_normal
from ..fields import WhileTraining
from ..model import Inferred, Model, Terms
from .declared import OfBound, Setting, Trained
from .gathered import whole_batch
from .parts import Bound, Loss, Regulariser, free_priors, not_negative
from .weighted import Weighted


class Covariance(Regulariser):
    """lambda_od sum_{i != j} C_ij^2 + lambda_d sum_i (C_ii - 1)^2, of a covariance C `(D, D)` of one block.

    C is that of the posterior means, Cov[mu(x)] (DIP-VAE-I), or that of the aggregate posterior,
    Cov[mu(x)] + E[diag sigma^2(x)] (DIP-VAE-II), both over the batch, divided by B. One number a batch, which
    is of squared units of the latents and not of nats.

    Args:
        block: name of the latent block.
        apart: lambda_od, the weight of what is beside the diagonal.
        diagonal: lambda_d.
        of_means: whether C is that of the means alone.

    Raises:
        ValueError: for a negative weight.

    Example:
        >>> import torch
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> batch = {"x": torch.zeros(3, 1, 4, 4)}
        >>> inferred = model.infer(batch)
        >>> covariance = Covariance("z", 1.0, 10.0, of_means=True)
        >>> covariance(model, batch, inferred, model.terms(batch, inferred=inferred)).item()  # of three images that are one: 10 (1 + 1)
        20.0

    Source:
        Kumar et al. (2018), arXiv 1711.00848, equations 6 and 7; docs/objectives.md, section 6 (the covariance).
    """

    def __init__(self, block: str, apart: float, diagonal: float, of_means: bool):
        super().__init__(1.0)
        not_negative(dip_weight=apart, dip_diagonal=diagonal)
        self.block, self.of_means = block, of_means
        self.apart, self.diagonal = apart, diagonal
        self.name = f"covariance_{block}"

    def of(self, inferred: Inferred) -> Tensor:
        """C, `(D, D)`."""
        q = inferred.posteriors[self.block]
        means = whole_batch(q.mean) if self.training else q.mean
        centred = means - means.mean(0)
        covariance = centred.T @ centred / len(means)
        if self.of_means:
            return covariance
        scales = whole_batch(q.stddev) if self.training else q.stddev
        return covariance + scales.square().mean(0).diag()

    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor:
        apart, diagonal = penalties(self.of(inferred))
        return self.apart * apart + self.diagonal * diagonal

    def loss(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Loss:
        apart, diagonal = penalties(self.of(inferred))
        told: Mapping[str, Tensor] = {f"covariance_{self.block}": apart, f"variance_{self.block}": diagonal}
        parts = {name: part.detach() for name, part in told.items()}
        return Loss(self.apart * apart + self.diagonal * diagonal, parts)


def penalties(covariance: Tensor) -> tuple[Tensor, Tensor]:
    """How far a covariance is from the identity.

    Args:
        covariance: C, `(D, D)`.

    Returns:
        sum_{i != j} C_ij^2 and sum_i (C_ii - 1)^2, `()` each.

    Example:
        >>> import torch
        >>> [part.item() for part in penalties(torch.tensor([[1.0, 0.5], [0.5, 3.0]]))]
        [0.5, 4.0]

    Source:
        Kumar et al. (2018), arXiv 1711.00848.
    """
    diagonal = covariance.diagonal()
    apart = covariance - diagonal.diag()
    return apart.square().sum(), (diagonal - 1).square().sum()


# lambda_d over lambda_od unless it is given, as in disentanglement_lib's studies.
USUAL = {"I": 10.0, "II": 1.0}


@dataclass(frozen=True, kw_only=True)
class DIPVAE(OfBound):
    """The bound, and how far the covariance of the unlabelled latents is from the identity (DIP-VAE; Kumar et al., 2018).

    Raises:
        ValueError: for a negative weight; from `build`, where every prior reads the class.

    Example:
        >>> from types import SimpleNamespace
        >>> DIPVAE(dip_weight=10.0, dip="I").says(SimpleNamespace(found={}, rates=None))
        'DIP-VAE-I: the bound, covariances of the posterior means × 10, their variances from 1 × 100'

    Source:
        Kumar et al. (2018), arXiv 1711.00848; docs/objectives.md, section 6.
    """

    dip_weight: Annotated[float, WhileTraining(0.0, 1000.0)]
    """lambda_od: weight of the squared covariances between dimensions."""
    dip: Literal["I", "II"] = "II"
    """I: covariance of the posterior means; II: of the aggregate posterior, that is with the posterior variances."""
    dip_diagonal: float | None = None
    """lambda_d: weight of the squared distances of the variances from 1; 10 times the other of I, as much of II unless given."""

    def __post_init__(self):
        super().__post_init__()
        not_negative(dip_weight=self.dip_weight, dip_diagonal=self.dip_diagonal or 0.0)

    @property
    def diagonal(self) -> float:
        """lambda_d."""
        return USUAL[self.dip] * self.dip_weight if self.dip_diagonal is None else self.dip_diagonal

    def build(self, setting: Setting) -> Bound:
        parts = covariances(setting.model, self.dip_weight, self.diagonal, self.dip == "I")
        return self.bound(setting, Weighted(), *parts)

    def weigh(self, bound: Bound) -> None:
        for part in bound.regularisers:
            if isinstance(part, Covariance):
                part.apart, part.diagonal = self.dip_weight, self.diagonal

    def says(self, card: Trained) -> str:
        what = "the posterior means" if self.dip == "I" else "the aggregate posterior"
        said = f"covariances of {what} × {self.dip_weight:g}, their variances from 1 × {self.diagonal:g}"
        return " · ".join([f"DIP-VAE-{self.dip}: the bound, {said}", *self.beside()])


def covariances(model: Model, apart: float, diagonal: float, of_means: bool) -> list[Regulariser]:
    """One regulariser for each block whose prior reads nothing.

    Args:
        model: the model.
        apart: lambda_od.
        diagonal: lambda_d.
        of_means: whether the covariance is that of the means alone.

    Returns:
        One `Covariance` a block.

    Raises:
        ValueError: where there is no such block, or its prior is no Gaussian: of a mixture or a flow the identity
            is not what the covariance should be.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> [part.name for part in covariances(model, 10.0, 10.0, of_means=False)]
        ['covariance_z']
    """
    priors = free_priors(model)
    if not priors:
        raise ValueError(
            "every prior of this model reads the class, so that no covariance is left to weigh: choose elbo"
        )
    if not all(map(is_diagonal_normal, priors.values())):
        raise ValueError(
            "a DIP-VAE wants the covariance of N(0, I), which a mixture or a flow has not: choose the prior normal"
        )
    return [Covariance(name, apart, diagonal, of_means) for name in priors]
