"""What was measured of a checkpoint, and what is cheap enough to be measured for a page."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from latent_explorer.caches import encodings, sources
from latent_explorer.caches.kept import by_identity
from vae_core import Checkpoint
from vae_core.distributions import Sampler
from vae_core.explore import class_of, class_posterior
from vae_core.labels import has_label, needs_observation
from vae_core.metrics import Estimate
from vae_core.metrics.calibration import Reliability, calibration_error, confidence_and_right, reliability
from vae_core.metrics.disentanglement import information_shares, representation

# Observations that are decoded under each class where that is how the class is had, times classes: a second or two.
MOST_DECODED = 20_000


def tells_classes(checkpoint: Checkpoint) -> bool:
    """Whether the model tells a class from another."""
    return has_label(checkpoint.model) and len(checkpoint.atlas.classes) > 1


def class_of_item(checkpoint: Checkpoint, item: int) -> Tensor | None:
    """p(class | x) of an item, `(1, K)`; None where no class is told, and where that needs an original that is not at hand."""
    return class_of_items(checkpoint, np.array([item])) if tells_classes(checkpoint) else None


def class_of_items(checkpoint: Checkpoint, items: np.ndarray) -> Tensor | None:
    """p(class | x) of some items `(n, K)`, of their posteriors, or where more is needed of the originals; None where these are not at hand."""
    model = checkpoint.model
    if not needs_observation(model):
        means, scales = (
            {name: pair[i][items] for name, pair in encodings.codes(checkpoint).items()} for i in (0, 1)
        )
        return class_posterior(model, means, scales)
    source = sources.originals(checkpoint)
    if source is None:
        return None
    return class_of(model, source.scored_by(model).batch(torch.from_numpy(items), Sampler.seeded(0)))


@by_identity
def calibrated(checkpoint: Checkpoint) -> tuple[Reliability, Estimate] | None:
    """How often the class that q(c|x) names is right, by how sure it is, over the atlas; None where no class is told from another, or that
    needs originals that are not at hand. Where each item is decoded under every class, of so many items, evenly spread."""
    if not tells_classes(checkpoint):
        return None
    count = len(checkpoint.atlas)
    if needs_observation(checkpoint.model):
        count = min(count, max(1, MOST_DECODED // len(checkpoint.atlas.classes)))
    items = np.unique(np.linspace(0, len(checkpoint.atlas) - 1, count).round().astype(int))
    posterior = class_of_items(checkpoint, items)
    if posterior is None:
        return None
    labels = torch.from_numpy(checkpoint.atlas.labels[items])
    confidence, right = confidence_and_right(posterior.double().log(), labels)
    return reliability(confidence, right), calibration_error(
        confidence, right, torch.Generator().manual_seed(0)
    )


class Factors(NamedTuple):
    """What each dimension has to do with each known factor, `(D, F)`: I(z_j; f) / H(f), and its importance to trees where that was
    measured; the names of both, and n."""

    information: np.ndarray
    importance: np.ndarray | None
    dimensions: list[str]
    names: list[str]
    images: int


@by_identity
def factors(checkpoint: Checkpoint) -> Factors | None:
    """As the card has it, or counted over the atlas where it does not; None for data whose factors are not known."""
    written = None if checkpoint.betas else checkpoint.card.factors
    importance = written and written.importance
    if written and written.information:
        known = np.array(written.information), list(written.dimensions), list(written.factors), written.n
    elif (source := sources.of_factors(checkpoint)) is not None:
        means = {block: encodings.codes(checkpoint)[block][0] for block in checkpoint.model.blocks}
        seen = representation(means, source)
        shares = information_shares(seen.codes, seen.factors).numpy()
        known = shares, seen.dimensions, seen.names, len(source)
    else:
        return None
    information, dimensions, names, images = known
    trees = None if importance is None else np.array(importance)
    return Factors(information, trees, dimensions, names, images)
