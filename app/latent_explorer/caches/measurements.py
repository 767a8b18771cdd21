"""What was measured of a checkpoint, and what is cheap enough to be measured for a page."""

from typing import NamedTuple

import numpy as np
import torch

from latent_explorer.caches import encodings, sources
from latent_explorer.caches.kept import by_identity
from vae_core import Checkpoint
from vae_core.explore import class_posterior
from vae_core.labels import has_label
from vae_core.metrics import Estimate
from vae_core.metrics.calibration import Reliability, calibration_error, confidence_and_right, reliability
from vae_core.metrics.disentanglement import information_shares, representation


@by_identity
def calibrated(checkpoint: Checkpoint) -> tuple[Reliability, Estimate] | None:
    """How often the class that q(c|x) names is right, by how sure it is, over the atlas; None where no class is told from another."""
    if not has_label(checkpoint.model) or len(checkpoint.atlas.classes) < 2:
        return None
    means, scales = ({name: pair[i] for name, pair in encodings.codes(checkpoint).items()} for i in (0, 1))
    posterior = class_posterior(checkpoint.model, means, scales).double()
    confidence, right = confidence_and_right(posterior.log(), torch.from_numpy(checkpoint.atlas.labels))
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
