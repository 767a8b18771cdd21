"""What the prior of a block says beside the encodings."""

import torch
from torch import Tensor

from latent_explorer.caches import encodings
from latent_explorer.caches.kept import by_identity
from vae_core import Checkpoint
from vae_core.explore import prior_distance_of, prior_log_density
from vae_core.explore.components import Marginals, Parts, Sampled, marginals, responsibilities, shape_of
from vae_core.metrics.holes import COUNT, Holes, holes
from vae_core.metrics.separation import Overlap, comparable, posterior_overlap, prior_overlap

# Numbers that a comparison of all items with all components of a prior goes through: a second or two.
MOST_WORK = 300_000_000
FLOW_WORK = 20_000

# What is said of a code by its block's prior: how far it is from the prior's mean, and log p in nats.
PRIOR_MEASURES = {"distance": prior_distance_of, "log density": prior_log_density}


@by_identity
def usual_under_prior(checkpoint: Checkpoint, measure: str) -> dict[str, tuple[float, float]]:
    """Between which values nine in ten items of the atlas lie, for each block: the 5% and 95% quantiles."""
    means = encodings.item_codes(checkpoint, list(range(len(checkpoint.atlas))))
    values = {
        block: PRIOR_MEASURES[measure](checkpoint.model, block, means) for block in checkpoint.model.blocks
    }
    return {
        block: (float(value.quantile(0.05)), float(value.quantile(0.95))) for block, value in values.items()
    }


@by_identity
def prior_of(checkpoint: Checkpoint, block: str) -> Parts | Sampled | None:
    """A block's prior as what can be drawn and has a density; None where it reads other latents."""
    return shape_of(checkpoint.model, block)


def _work(prior: Parts | Sampled, dimensions: int) -> int:
    """Numbers that the density of one code takes: of a flow, those of its nets."""
    return len(prior.weights) * (dimensions if isinstance(prior, Parts) else FLOW_WORK)


@by_identity
def usage(checkpoint: Checkpoint, block: str) -> Tensor:
    """The share of the atlas that each component of the prior is responsible for, at the posterior means, `(M,)`; where that would take
    long, of every so many items."""
    prior = prior_of(checkpoint, block)
    assert prior is not None
    means = encodings.codes(checkpoint)[block][0]
    every = max(1, _work(prior, means.shape[1]) * len(means) // MOST_WORK)
    return responsibilities(prior, means[::every]).mean(0)


@by_identity
def prior_holes(checkpoint: Checkpoint, block: str) -> Holes:
    """Draws of the prior by density ratio: fewer where components, items and dimensions are so many that it would take minutes."""
    prior = prior_of(checkpoint, block)
    assert prior is not None
    means, scales = encodings.codes(checkpoint)[block]
    each = 2 * (len(means) // 2 * means.shape[1] + _work(prior, means.shape[1]))
    return holes(prior, means, scales, max(200, min(COUNT, 10 * MOST_WORK // each)), seed=0)


@by_identity
def densities(checkpoint: Checkpoint, block: str, dimension: int) -> Marginals:
    """The prior and the aggregate posterior of one dimension."""
    prior = prior_of(checkpoint, block)
    assert prior is not None
    return marginals(prior, *encodings.codes(checkpoint)[block], dimension)


@by_identity
def class_overlap(checkpoint: Checkpoint, block: str, of_priors: bool, of: tuple[int, ...]) -> Overlap | None:
    """Divergences between some classes of a block: of their priors, None where these are no Gaussians of the class, or of their encodings,
    None where these are too many to compare."""
    if of_priors:
        return prior_overlap(checkpoint.model, block, of)
    means, scales = encodings.codes(checkpoint)[block]
    if not comparable(len(of), means.shape[1]):
        return None
    places = torch.full((len(checkpoint.atlas.classes),), -1)
    places[list(of)] = torch.arange(len(of))
    return posterior_overlap(means, scales, places[torch.from_numpy(checkpoint.atlas.labels)], len(of))


def closest_component(checkpoint: Checkpoint, block: str, chosen: Tensor) -> Tensor:
    """The component of the prior that codes `(n, D)` most probably come from, `(n,)`."""
    prior = prior_of(checkpoint, block)
    assert prior is not None
    return responsibilities(prior, chosen).argmax(-1)
