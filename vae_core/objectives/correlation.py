"""The total correlation of a block, weighed apart from the rest of its rate: beta-TCVAE and FactorVAE.

Shapes: B examples, D dimensions.
"""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..conditionals import Env, full_precision
from ..distributions import RateDecomposition, aggregate_log_density, is_diagonal_normal, log_factors
from ..fields import WhileTraining
from ..model import Inferred, Model, Terms
from .declared import OfBound, Setting, Trained
from .gathered import first_row, whole_batch
from .parts import Bound, Loss, Objective, Regulariser, above_zero, free_priors, not_negative
from .weighted import Weighted


class RateParts(Regulariser):
    """D + alpha I(n; z) + beta TC(q(z)) + gamma sum_j KL(q(z_j) || p(z_j)): beta-TCVAE.

    What it adds to a bound of beta = 1 is `(alpha - 1) I + (beta - 1) TC + (gamma - 1) sum_j KL`, `(B,)`
    nats, of one block: the three sum to the rate in the mean, so that at alpha = beta = gamma = 1 the loss
    is the negative bound, exactly. The aggregates are those of N training images, estimated from the batch
    (`minibatch_log_density`, which says how far off they are).

    Args:
        block: name of the latent block.
        images: N.
        beta: weight of the total correlation.
        alpha: weight of the index information.
        gamma: weight of the dimension-wise KL.

    Raises:
        ValueError: for a negative weight.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> batch = {"x": torch.zeros(3, 1, 4, 4)}
        >>> inferred = model.infer(batch)
        >>> parts = RateParts("z", images=100, beta=1.0)
        >>> parts(model, batch, inferred, model.terms(batch, inferred=inferred)).abs().tolist()  # 0 at weights of 1
        [0.0, 0.0, 0.0]

    Source:
        Chen et al. (2018), arXiv 1802.04942; docs/objectives.md, section 6 (a price for the total
            correlation).
    """

    def __init__(
        self,
        block: str,
        images: int,
        beta: float,
        alpha: float = 1.0,
        gamma: float = 1.0,
    ):
        super().__init__(1.0)
        not_negative(tc_alpha=alpha, tc_beta=beta, tc_gamma=gamma)
        self.block, self.images = block, images
        self.alpha, self.beta, self.gamma = alpha, beta, gamma

    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor:
        return self._weighed(self.decomposition(model, inferred))

    def loss(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Loss:
        rate = self.decomposition(model, inferred)
        parts = {"index_information": rate.information, "total_correlation": rate.correlation}
        if rate.dimensions is not None:
            parts["dimension_kl"] = rate.dimensions.sum(-1)
        means = {f"{name}_{self.block}": part.detach().mean() for name, part in parts.items()}
        return Loss(self._weighed(rate).mean(), means)

    def _weighed(self, rate: RateDecomposition) -> Tensor:
        weighed = (self.alpha - 1) * rate.information + (self.beta - 1) * rate.correlation
        return weighed if rate.dimensions is None else weighed + (self.gamma - 1) * rate.dimensions.sum(-1)

    def decomposition(self, model: Model, inferred: Inferred) -> RateDecomposition:
        """The decomposition of the rate at the draws of a batch, estimated among the posteriors of the whole batch."""
        q, z = inferred.posteriors[self.block], inferred.env[self.block]
        loc, scale, first = q.mean, q.stddev, 0
        if self.training:  # held-out images are whole on every process
            loc, scale, first = whole_batch(loc), whole_batch(scale), first_row(len(z))
        own = torch.arange(first, first + len(z), device=z.device)
        joint, each = minibatch_log_density(z, loc, scale, own, self.images)
        prior = model.p[self.block]({})
        return RateDecomposition.at(q.log_prob(z), joint, each, prior.log_prob(z), log_factors(prior, z))


def minibatch_log_density(
    z: Tensor, mean: Tensor, scale: Tensor, own: Tensor, images: int
) -> tuple[Tensor, Tensor]:
    """Estimates of log q(z) and log q(z_j), nats, with q = 1/N sum_n N(mean_n, diag scale_n^2) over N images, B of them in the batch.

    q(z) = 1/N q(z|own) + (N-1)/N mean of the B - 1 others: stratified, as the MSS of Chen et al. (2018),
    with equal weights of the others. Exact where B = N, and an unbiased estimate of q(z) below, whose
    logarithm is too low. So I is overestimated, at most to log N where a batch holds no near posteriors,
    sum_j KL(q(z_j) || p(z_j)) is underestimated, and TC, a difference of both, errs either way.

    Args:
        z: draws `(M, D)`.
        mean: posterior means of the batch, `(B, D)`.
        scale: posterior standard deviations, `(B, D)`.
        own: which row of them each draw is of, `(M,)`.
        images: N.

    Returns:
        log q(z), `(M,)`, and log q(z_j), `(M, D)` (`aggregate_log_density`).

    Example:
        >>> mean, scale, own = torch.tensor([[0.0], [100.0]]), torch.ones(2, 1), torch.tensor([0])
        >>> joint, each = minibatch_log_density(torch.zeros(1, 1), mean, scale, own, images=2)
        >>> round(joint.item(), 4)  # half of a Gaussian: log(1/2) - log(2 pi) / 2
        -1.6121

    Source:
        docs/objectives.md, section 6 (from the batch); Chen et al. (2018).
    """
    batch = len(mean)
    share = torch.full((len(z), batch), (images - 1) / (images * max(batch - 1, 1)), device=z.device)
    share = share.scatter(1, own[:, None], 1 / images)
    return aggregate_log_density(z, mean, scale, share.log())


class Discriminator(Regulariser):
    """D + R + gamma TC(q(z)), with the last by a discriminator: FactorVAE.

    What it adds to a bound of beta = 1 is `TC = E log(d(z) / (1 - d(z)))`, `(B,)` nats, of one block, times
    the weight gamma. d tells draws of q(z) from draws of prod_j q(z_j), which are those of the batch with
    each dimension permuted among its images. d has six leaky ReLU layers; it descends its cross-entropy by
    an Adam of its own and sees no gradient of the regulariser, nor the encoder one of the cross-entropy.
    The estimate is exact for the best d, and no bound for another. `loss` counts the cross-entropy once; at
    log 2 d tells nothing apart.

    Args:
        weight: gamma.
        block: name of the latent block.
        dimensions: its dimensions, D.
        width: units in each of the six layers.

    Raises:
        ValueError: for a weight or a width that is not above 0.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> batch = {"x": torch.zeros(3, 1, 4, 4)}
        >>> inferred = model.infer(batch)
        >>> discriminator = Discriminator(10.0, "z", dimensions=2, width=8)
        >>> discriminator(model, batch, inferred, model.terms(batch, inferred=inferred)).shape
        torch.Size([3])

    Source:
        Kim & Mnih (2018), arXiv 1802.05983; docs/objectives.md, section 6 (from a discriminator).
    """

    adam: ClassVar[dict[str, Any]] = {"lr": 1e-4, "betas": (0.5, 0.9)}

    def __init__(self, weight: float, block: str, dimensions: int, width: int = 1000):
        super().__init__(weight)
        above_zero(tc_weight=weight, discriminator_width=width)
        self.block, self.name = block, f"total_correlation_{block}"
        widths = [dimensions] + 6 * [width]
        hidden = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.LeakyReLU(0.2))]
        self.net = nn.Sequential(*hidden, nn.Linear(width, 1), nn.Flatten(0))

    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor:
        fixed = {name: parameter.detach() for name, parameter in self.net.named_parameters()}
        return full_precision(torch.func.functional_call(self.net, fixed, inferred.env[self.block]))

    def loss(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Loss:
        loss = super().loss(model, batch, inferred, terms)
        if not self.training:  # nothing to learn from held-out images
            return loss
        told = self.cross_entropy(inferred.env[self.block].detach())
        return Loss(loss.total + told, loss.parts | {f"discriminator_{self.block}": told.detach()})

    def cross_entropy(self, z: Tensor) -> Tensor:
        """Of d, in nats, over draws z `(B, D)`, with noise from torch's generator."""
        whole, first = whole_batch(z), first_row(len(z))
        order = torch.rand_like(whole).argsort(0)[first : first + len(z)]
        real, product = full_precision(self.net(torch.cat([z, whole.gather(0, order)]))).chunk(2)
        return (F.softplus(-real) + F.softplus(product)).mean() / 2


def rate_parts(
    model: Model, images: int, beta: float, alpha: float = 1.0, gamma: float = 1.0
) -> list[Regulariser]:
    """Weights on the parts of the rate of each block whose prior reads nothing; a labelled block keeps its rate as it is.

    Args:
        model: the model.
        images: how many training images there are, N.
        beta: weight of the total correlation.
        alpha: weight of the index information.
        gamma: weight of the dimension-wise KL.

    Returns:
        One `RateParts` a block.

    Raises:
        ValueError: where there is no such block, a weight is negative, or a gamma other than 1 is given for
            a prior that does not factorise.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> [part.block for part in rate_parts(model, images=100, beta=6.0)]
        ['z']
    """
    priors = free_priors(model)
    _need_free(priors)
    if gamma != 1 and not all(map(is_diagonal_normal, priors.values())):
        raise ValueError(
            "a mixture or a flow has no dimensions to be weighed one by one: leave out --tc-gamma"
        )
    return [RateParts(name, images, beta, alpha, gamma) for name in priors]


def discriminators(model: Model, weight: float, width: int = 1000) -> list[Regulariser]:
    """One discriminator for each block whose prior reads nothing.

    Args:
        model: the model.
        weight: gamma, of the total correlation.
        width: units in each of a discriminator's six layers.

    Returns:
        One `Discriminator` a block.

    Raises:
        ValueError: where there is no such block, or a weight or a width is not above 0.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> [part.block for part in discriminators(model, weight=10.0, width=8)]
        ['z']
    """
    priors = free_priors(model)
    _need_free(priors)
    return [Discriminator(weight, name, p.event_shape[0], width) for name, p in priors.items()]


def _need_free(priors: Collection[str]) -> None:
    if not priors:
        raise ValueError(
            "every prior of this model reads the class, so that no total correlation is left to weigh: choose elbo"
        )


@dataclass(frozen=True, kw_only=True)
class BetaTCVAE(OfBound):
    """The rate of unlabelled blocks as index information, total correlation and dimension-wise KL, each weighed (Chen et al., 2018).

    Raises:
        ValueError: for a negative weight.

    Example:
        >>> from types import SimpleNamespace
        >>> BetaTCVAE(tc_beta=6.0).says(SimpleNamespace(found={}, rates=None))
        'β-TCVAE: rate of the unlabelled latents as index information × 1, total correlation × 6, dimension-wise KL × 1'

    Source:
        Chen et al. (2018), arXiv 1802.04942; docs/objectives.md, section 6.
    """

    tc_beta: Annotated[float, WhileTraining(0.0, 100.0)]
    """Weight of the total correlation, 1 in the bound itself."""
    tc_alpha: Annotated[float, WhileTraining(0.0, 10.0)] = 1.0
    """Weight of the index information, 1 in the bound itself."""
    tc_gamma: Annotated[float, WhileTraining(0.0, 10.0)] = 1.0
    """Weight of the dimension-wise KL, 1 in the bound itself."""

    def __post_init__(self):
        super().__post_init__()
        not_negative(tc_beta=self.tc_beta, tc_alpha=self.tc_alpha, tc_gamma=self.tc_gamma)

    def build(self, setting: Setting) -> Bound:
        weights = (self.tc_beta, self.tc_alpha, self.tc_gamma)
        return self.bound(setting, Weighted(), *rate_parts(setting.model, setting.images, *weights))

    def lend(self, objective: Objective, setting: Setting) -> None:
        rate_parts(
            setting.model, setting.images, self.tc_beta, self.tc_alpha, self.tc_gamma
        )  # which refuses what it cannot weigh
        super().lend(objective, setting)

    def weigh(self, bound: Bound) -> None:
        for part in bound.regularisers:
            if isinstance(part, RateParts):
                part.beta, part.alpha, part.gamma = self.tc_beta, self.tc_alpha, self.tc_gamma

    def says(self, card: Trained) -> str:
        weighed = f"index information × {self.tc_alpha:g}, total correlation × {self.tc_beta:g}, dimension-wise KL × {self.tc_gamma:g}"
        return " · ".join([f"β-TCVAE: rate of the unlabelled latents as {weighed}", *self.beside()])


@dataclass(frozen=True, kw_only=True)
class FactorVAE(OfBound):
    """The bound and the total correlation of unlabelled blocks, as a discriminator estimates it (Kim & Mnih, 2018).

    Raises:
        ValueError: for a `tc_weight` or a width that is not above 0, or another negative weight.

    Example:
        >>> from types import SimpleNamespace
        >>> FactorVAE(tc_weight=10.0).says(SimpleNamespace(found={}, rates=None))
        'FactorVAE: the bound, and total correlation × 10'

    Source:
        Kim & Mnih (2018), arXiv 1802.05983; docs/objectives.md, section 6.
    """

    comparable: ClassVar[bool] = False

    tc_weight: Annotated[float, WhileTraining(0.1, 100.0)]
    """gamma: weight of the total correlation beside the bound."""
    discriminator_width: int = 1000
    """Units in each of the six layers of the discriminator: 1000 as in the paper; fewer cost a CPU less, and learn slower."""

    def __post_init__(self):
        super().__post_init__()
        above_zero(tc_weight=self.tc_weight, discriminator_width=self.discriminator_width)

    def build(self, setting: Setting) -> Bound:
        return self.bound(
            setting, Weighted(), *discriminators(setting.model, self.tc_weight, self.discriminator_width)
        )

    def weigh(self, bound: Bound) -> None:
        for part in bound.regularisers:
            if isinstance(part, Discriminator):
                part.weight = self.tc_weight

    def says(self, card: Trained) -> str:
        return " · ".join(
            [f"FactorVAE: the bound, and total correlation × {self.tc_weight:g}", *self.beside()]
        )
