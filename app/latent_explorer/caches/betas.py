"""What a multi-rate model keeps along the betas of one block: rates and active dimensions as they were measured, and encodings on one plane.

Nothing here depends on the block's own beta: a checkpoint is asked for at one of them, `along`, so that it is made once.

Shapes: R betas, N items, D dimensions.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from latent_explorer.caches import checkpoints
from latent_explorer.caches.kept import by_identity, by_identity_few
from vae_core import Checkpoint
from vae_core.checkpoints import CheckpointError, Frontier
from vae_core.estimates import Estimate
from vae_core.explore import active_units, in_units_of_the_prior, principal_plane, rate_per_dimension
from vae_core.multirate import usual
from vae_core.names import LABEL
from vae_core.priors import one_hot

# Items that stand for all on a map that moves while one drags, and those whose encodings give a rate where none was measured.
DOTS, READ = 1000, 10_000


class Kept(NamedTuple):
    """What a block keeps at one beta.

    rate: nats, with its standard error and how many items it is the mean of where it was measured there; between measured betas interpolated, the
    error then NaN.
    kl: of each dimension, nats, `(D,)`. active: 1 for an active dimension, 0 for another, 0.5 where the measured betas around differ.
    total, distortion: of the whole model, where they were measured.
    """

    beta: float
    rate: Estimate
    kl: list[float]
    active: list[float]
    total: float | None = None
    distortion: float | None = None


class Cloud(NamedTuple):
    """Encodings of a block on one plane at each beta of the atlas: `places` `(R, N, 2)` in standard deviations of the prior; the plane's axes
    `(D, 2)` and shares `(2,)`; the items."""

    betas: list[float]
    places: np.ndarray
    axes: Tensor
    shares: list[float]
    items: np.ndarray


def frontier(checkpoint: Checkpoint) -> Frontier | None:
    """What the card holds; None where nothing was measured, or it is damaged, which the page says."""
    try:
        return checkpoint.frontier
    except CheckpointError:
        return None


def along(checkpoint: Checkpoint, block: str) -> Checkpoint:
    """The checkpoint with the block at its usual beta and the others as they are."""
    return checkpoints.at_betas(checkpoint, {**checkpoint.betas, block: usual(checkpoint.model)[block]})


@by_identity
def kept_along(checkpoint: Checkpoint, block: str) -> list[Kept]:
    """What the block keeps at each beta that was measured, the others as they are: of the card's frontier, or of the atlas where the card has none."""
    measured = frontier(checkpoint)
    if measured is not None:
        betas = np.unique(measured.betas[block]).tolist()
        return [_measured(measured, block, {**checkpoint.betas, block: beta}) for beta in betas]
    grid = checkpoint.atlas_grid
    return [
        _of_atlas(checkpoint, block, {**checkpoint.betas, block: beta})
        for beta in np.unique(grid.betas[block]).tolist()
    ]


def _measured(measured: Frontier, block: str, betas: Mapping[str, float]) -> Kept:
    near = measured.near(betas)
    numbers, first = measured.at(betas), near[0][0].numbers[f"rate_{block}"]
    kl = sum(share * np.array(point.kl[block]) for point, share in near)
    lit = [_largest(point.kl[block], point.numbers[f"active_units_{block}"].value) for point, _ in near]
    error = first.se if len(near) == 1 else float("nan")
    rate = Estimate(numbers[f"rate_{block}"], error, first.n)
    return Kept(betas[block], rate, _rounded(kl), _agreed(lit), numbers["rate"], numbers["distortion"])


def _largest(kl: tuple[float, ...], count: float) -> np.ndarray:
    """The dimensions with the largest KL, as many as are active: a card says how many."""
    lit = np.zeros(len(kl))
    lit[np.argsort(-np.array(kl), kind="stable")[: round(count)]] = 1
    return lit


def _agreed(lit: list[np.ndarray]) -> list[float]:
    """1 where all say so, 0 where none does, else 0.5."""
    mean = np.mean(lit, axis=0)
    return np.where((mean > 0) & (mean < 1), 0.5, mean).tolist()


def _of_atlas(checkpoint: Checkpoint, block: str, betas: Mapping[str, float]) -> Kept:
    near, found = checkpoint.atlas_grid.corners(betas), []
    for place, share in near:
        here = {name: float(values[place]) for name, values in checkpoint.atlas_grid.betas.items()}
        found.append((*_read(checkpoint.at(here), block), share))
    kl = np.sum([share * each for each, _, share in found], axis=0)
    n = min(READ, len(checkpoint.atlas))
    rate = Estimate(float(kl.sum()), float("nan"), n)
    return Kept(betas[block], rate, _rounded(kl), _agreed([lit for _, lit, _ in found]))


@by_identity
def _read(checkpoint: Checkpoint, block: str) -> tuple[np.ndarray, np.ndarray]:
    """KL of each dimension, NaN where it does not divide over them, and which are active, by the encodings at a point of the atlas."""
    atlas, rows = checkpoint.atlas, _spread(len(checkpoint.atlas), READ)
    means, scales = (
        {name: torch.from_numpy(np.ascontiguousarray(part[name][rows])) for name in checkpoint.model.latents}
        for part in (atlas.means, atlas.scales)
    )
    labels = torch.from_numpy(atlas.labels[rows])
    kl = rate_per_dimension(checkpoint.model, block, means, scales, labels)
    active = active_units(means[block]).numpy().astype(float)
    return (np.full(len(active), np.nan) if kl is None else kl.numpy()), active


def _spread(count: int, most: int) -> np.ndarray:
    """Numbers of items, evenly over all."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int))


def _rounded(values: Any) -> list[float]:
    return np.round(np.asarray(values, float), 4).tolist()


@by_identity_few
def cloud(checkpoint: Checkpoint, block: str) -> Cloud:
    """The encodings of a block at each beta of the atlas, the others as they are, on the principal axes of them all together."""
    grid, rows = checkpoint.atlas_grid, _spread(len(checkpoint.atlas), DOTS)
    betas, codes = np.unique(grid.betas[block]).tolist(), []
    for beta in betas:
        at = {**checkpoint.betas, block: beta}
        means = {name: torch.from_numpy(grid.means_of(name, rows, at)) for name in checkpoint.model.latents}
        codes.append(prior_units(checkpoint, block, at, {**means, **labels_of(checkpoint, rows)}))
    plane = principal_plane(torch.cat(codes))
    places = torch.stack(codes) @ plane.axes
    return Cloud(betas, places.numpy(), plane.axes, plane.shares.tolist(), rows)


def labels_of(checkpoint: Checkpoint, rows: np.ndarray) -> dict[str, Tensor]:
    """The class of items as a variable, where there is one."""
    atlas = checkpoint.atlas
    return {LABEL: one_hot(torch.from_numpy(atlas.labels[rows]), len(atlas.classes))} if atlas.classes else {}


def prior_units(
    checkpoint: Checkpoint, block: str, betas: Mapping[str, float], codes: Mapping[str, Tensor]
) -> Tensor:
    """`in_units_of_the_prior` of the model at some betas."""
    return in_units_of_the_prior(checkpoint.at(betas).model, block, dict(codes))
