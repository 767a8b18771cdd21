"""What was measured of a checkpoint, read and checked; and what is cheap enough to be measured for a page."""

from typing import NamedTuple

import numpy as np
import torch

from latent_explorer import cards
from latent_explorer.caches import encodings, sources
from latent_explorer.caches.kept import by_identity
from latent_explorer.text import command
from vae_core import Checkpoint
from vae_core.checkpoints import CheckpointError
from vae_core.checkpoints.frontier import Frontier
from vae_core.explore import (
    class_posterior,
)
from vae_core.labels import has_label
from vae_core.metrics import Estimate
from vae_core.metrics.calibration import Reliability, calibration_error, judged_confidence, reliability
from vae_core.metrics.disentanglement import information_shares, representation


def frontier(checkpoint: Checkpoint) -> Frontier | None:
    """What was measured over the betas, if it was, by the blocks of this model. Raises CheckpointError for a damaged one."""
    measured = checkpoint.frontier
    if measured is None:
        return None
    try:
        if set(measured.blocks) != set(checkpoint.betas):
            raise ValueError(f"it is measured over the betas of {', '.join(measured.blocks)}")
        measured.columns()
        numbers = measured.at(checkpoint.betas)
        lines = [
            (point["kl"][block], point[f"active_units_{block}"]["value"])
            for point in measured.points
            for block in checkpoint.betas
        ]
        gaps = [
            (gap["value"], gap["se"], gap["share"]) for anchor in measured.anchors for gap in [anchor["gap"]]
        ]
        if not cards.each(cards.number)(
            [*numbers.values(), *(kl for kls, _ in lines for kl in kls), *(g for gap in gaps for g in gap)]
        ):
            raise ValueError("it holds something that is no number")
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise CheckpointError(
            f"its frontier is damaged ({error}): measure it anew with `{command('latent-explorer', 'frontier', checkpoint.folder)}`"
        ) from None
    return measured


@by_identity
def calibrated(checkpoint: Checkpoint) -> tuple[Reliability, Estimate] | None:
    """How often the class that q(c|x) names is right, by how sure it is, over the atlas; None where no class is told from another."""
    if not has_label(checkpoint.model) or len(checkpoint.atlas.classes) < 2:
        return None
    means, scales = ({name: pair[i] for name, pair in encodings.codes(checkpoint).items()} for i in (0, 1))
    posterior = class_posterior(checkpoint.model, means, scales).double()
    confidence, right = judged_confidence(posterior.log(), torch.from_numpy(checkpoint.atlas.labels))
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
    written = {} if checkpoint.betas else dict(checkpoint.card.get("factors") or {})
    if "information" not in written:
        if (source := sources.of_factors(checkpoint)) is None:
            return None
        seen = representation(
            {block: encodings.codes(checkpoint)[block][0] for block in checkpoint.model.blocks}, source
        )
        shares = information_shares(seen.codes, seen.factors).numpy()
        written |= {
            "information": shares,
            "dimensions": seen.dimensions,
            "factors": seen.names,
            "n": len(source),
        }
    importance = written.get("importance")
    return Factors(
        np.array(written["information"]),
        None if importance is None else np.array(importance),
        written["dimensions"],
        written["factors"],
        written["n"],
    )
