"""Where the prior has mass and the aggregate posterior has little, by the density ratio log q(z) - log p(z).

Shapes: N images, D dimensions of a block, S draws. Nats.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ..distributions import aggregate_log_joint
from ..explore.components import Parts, Sampled, draws, log_density, shape_of
from .base import Estimate, Evaluation, bootstrap

COUNT = 2000


@torch.no_grad()
def prior_holes(evaluation: Evaluation) -> dict[str, Estimate]:
    """prior_holes_<block>: share of 2,000 draws of the prior whose density ratio log q(z) - log p(z) is lower than that of 95 % of new
    encodings (`holes`): 5 % where q = p.

    What is above 5 % says that q and p differ; near 5 % it says little. A finite mean of narrow posteriors is rough, and the ratio of
    encodings as rough as that of the prior's draws: with 38 % of the prior's mass emptied, a slab around 0 in one of 8 dimensions, it is
    still 5 %, with 68 % emptied 11 % (10,000 posteriors of scale .2; a test plants them). `coverage` has more power there.

    The error is a bootstrap over draws, given the images. Nothing for blocks whose prior reads other latents.
    """
    numbers = {}
    for block in evaluation.blocks:
        if (prior := shape_of(evaluation.model, block)) is not None:
            if isinstance(prior, Parts):
                prior = Parts(*(part.cpu() for part in prior))  # draws are made there, alike for every device
            encoded = evaluation.encoded.means[block].cpu(), evaluation.encoded.scales[block].cpu()
            numbers[f"prior_holes_{block}"] = holes(prior, *encoded, COUNT, evaluation.seed).share()
    return numbers


# A low density ratio is one below that of all but this share of the places where new images are encoded.
EMPTIEST = 0.05


class Holes(NamedTuple):
    """Draws of the prior `(S, D)`, the lowest density ratio first, log q(z) - log p(z) of each `(S,)`, nats, and the same of draws from
    encodings that q does not hold `(S,)`."""

    codes: Tensor
    log_ratio: Tensor
    reference: Tensor

    def share(self) -> Estimate:
        """Share of the prior's draws of a density ratio below that of all but 5 % of the encodings, with a bootstrap error: 5 % where q = p."""

        def below(rows: Tensor) -> float:
            # The same row numbers in both samples are as good as others: they are in unrelated orders.
            edge = self.reference[rows].quantile(EMPTIEST)
            return (self.log_ratio[rows] < edge).double().mean().item()

        n = len(self.log_ratio)
        whole = (self.log_ratio < self.reference.quantile(EMPTIEST)).double().mean().item()
        return Estimate(whole, bootstrap(below, n, torch.Generator().manual_seed(0)), n)


@torch.no_grad()
def holes(prior: Parts | Sampled, means: Tensor, scales: Tensor, count: int, seed: int) -> Holes:
    """Draws of the prior in the order of the density ratio log q(z) - log p(z): codes of a low one a decoder has hardly met in training (Rosca, Lakshminarayanan & Mohamed, 2018).

    q(z) is the mean of the posteriors of every other item. A finite mean is too low between its posteriors, the more so in many
    dimensions, also where new images are encoded: so the ratio is compared with that at draws from the posteriors of the items left out.
    """
    codes, _ = draws(prior, count, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    left_means, left_scales = means[1::2], scales[1::2]
    chosen = torch.randint(len(left_means), (count,), generator=generator)
    noise = torch.randn(count, means.shape[1], generator=generator)
    encodings = left_means[chosen] + left_scales[chosen] * noise

    def ratio(z: Tensor) -> Tensor:
        return aggregate_log_joint(z, means[::2], scales[::2]) - log_density(prior, z)

    ratios = ratio(codes)
    order = ratios.argsort()
    return Holes(codes[order], ratios[order], ratio(encodings))
