"""Where things lie on the map of a block: outlines of priors and posteriors, codes that are no item's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution

from latent_explorer.caches import checkpoints, encodings
from latent_explorer.caches.kept import MOST_LARGE, by_identity, by_identity_few, identity, kept
from latent_explorer.components.map import Contour, Ellipse, Shape
from vae_core import Checkpoint
from vae_core.distributions import Sampler, diagonal_normal, is_diagonal_normal
from vae_core.explore import prior_components, priors_by_class
from vae_core.explore.regions import SHARES, Region, regions_of_draws
from vae_core.projections import JOINT, place

# Draws of a prior that are placed on a map to outline it, for each class; and those whose region is outlined.
PRIOR_DRAWS, REGION_DRAWS = 200, 1000

# How much wider the kernels of draws that are placed at items are than those of draws that lie anywhere.
WIDER = 2.0


# Up to how many components of a mixture prior get an outline of their own, and up to how many classes: more would hide the dots.
FEW_COMPONENTS, MOST_CLASSES = 12, 30


def prior_shapes(checkpoint: Checkpoint, block: str, of: tuple[int, ...] | None = None) -> Sequence[Shape]:
    """Where draws of the block's prior land on its map: of each class that has a Gaussian, and each of a few components, an ellipse; of any
    other prior the regions that hold them, of each class or of all.

    of: the classes to outline; all of them unless given, and none where they are many.
    """
    if block in checkpoint.model.labelled and of is None:
        count = len(checkpoint.atlas.classes)
        of = tuple(range(count)) if count <= MOST_CLASSES else ()
    if of == () or (prior := priors_by_class(checkpoint.model, block, of)) is None:
        return []
    parts = prior_components(checkpoint.model, block)
    few = parts is not None and parts.batch_shape[0] <= FEW_COMPONENTS
    of_classes = is_diagonal_normal(prior) and len(prior.batch_shape) > 0
    return (_ellipses_between if few or of_classes else _regions)(checkpoint, block, of)


def _ellipses_between(checkpoint: Checkpoint, block: str, of: tuple[int, ...] | None) -> list[Ellipse]:
    """Between the points of a grid of betas the outlines are interpolated as the items are."""
    corners = checkpoint.atlas_grid.corners(checkpoint.betas)
    near = [
        _ellipses(
            checkpoints.at_betas(
                checkpoint,
                {name: float(betas[number]) for name, betas in checkpoint.atlas_grid.betas.items()},
            ),
            block,
            of,
        )
        for number, _ in corners
    ]
    shares = [share for _, share in corners]
    return [
        replace(
            parts[0],
            centre=sum(share * part.centre for share, part in zip(shares, parts, strict=True)),
            covariance=sum(share * part.covariance for share, part in zip(shares, parts, strict=True)),
        )
        for parts in zip(*near, strict=True)
    ]


@by_identity
def _ellipses(checkpoint: Checkpoint, block: str, of: tuple[int, ...] | None) -> list[Ellipse]:
    """Of the Gaussians of some classes, or of the components of a mixture."""
    parts = prior_components(checkpoint.model, block)
    placed = _placed_draws(checkpoint, block, of, PRIOR_DRAWS, parts)
    # A component that nobody separated from the others overlaps several clusters: its core says where it is.
    share = 0.9 if parts is None else 0.5
    return [
        _ellipse(each, *_named(checkpoint, block, of, number, parts is not None), share)
        for number, each in enumerate(placed)
    ]


@by_identity
def _regions(checkpoint: Checkpoint, block: str, of: tuple[int, ...] | None) -> list[Contour]:
    """Of priors whose draws are what is known of where they lie: of each class, or of all."""
    found = []
    for number, placed in enumerate(_placed_draws(checkpoint, block, of, REGION_DRAWS)):
        label, whose = _named(checkpoint, block, of, number, False)
        found += contours(
            regions_of_draws(torch.from_numpy(placed).float(), _shares(whose), WIDER), label, whose
        )
    return found


def _shares(whose: int | None) -> tuple[float, ...]:
    """The shares of its draws that a prior is outlined at: one of a class, lest outlines hide the dots."""
    return SHARES if whose is None else SHARES[-1:]


def contours(regions: Sequence[Region], label: str, whose: int | None) -> list[Contour]:
    """Regions in the colour of their class, the largest with a name."""
    largest = max(region.share for region in regions)
    return [
        Contour(region.rings, region.share, label if region.share == largest else "", whose)
        for region in regions
        if region.rings
    ]


def _named(
    checkpoint: Checkpoint, block: str, of: tuple[int, ...] | None, number: int, component: bool
) -> tuple[str, int | None]:
    """What a part of a prior is called, and of which class it is."""
    if of and block in checkpoint.model.labelled:
        return checkpoint.atlas.classes[of[number]], of[number]
    return (f"#{number + 1}" if component else f"p({block})"), None


def _placed_draws(
    checkpoint: Checkpoint,
    block: str,
    of: tuple[int, ...] | None,
    count: int,
    components: Distribution | None = None,
) -> list[np.ndarray]:
    """Places `(count, 2)` of draws of each class, of each of some components, or of the whole prior."""
    prior = components or priors_by_class(checkpoint.model, block, of)
    assert prior is not None
    with torch.no_grad():
        draws = Sampler.seeded(0)(prior.expand((count, *prior.batch_shape))).numpy()
    draws = draws.reshape(count, -1, draws.shape[-1])
    known, coordinates = _placed(checkpoint, block)
    # The nearest item alone: the mean of several would draw every outline towards the middle of the map.
    return [place(draws[:, number], known, coordinates, k=1) for number in range(draws.shape[1])]


def _ellipse(placed: np.ndarray, label: str, number: int | None, share: float) -> Ellipse:
    """Median and covariance of the share of the draws that lies nearest to their median."""
    centre = np.median(placed, axis=0)
    distance = np.linalg.norm(placed - centre, axis=1)
    kept = placed[distance <= np.quantile(distance, share)]
    return Ellipse(centre, np.cov(kept.T), label, number)


@kept(MOST_LARGE, lambda checkpoint: identity(checkpoint)[:2])  # the same at all betas
def frame(checkpoint: Checkpoint, block: str) -> np.ndarray:
    """Round what a map of the block is drawn at every beta: the coordinates at all betas, `(R N, 2)`."""
    return np.concatenate([atlas.coordinates[block] for atlas in checkpoint.atlas_grid.atlases])


def place_on_map(checkpoint: Checkpoint, block: str, codes: Mapping[str, Tensor], k: int = 8) -> np.ndarray:
    """Where codes `(n, D)` of each latent lie on the map of a block, or of all of them, at the present betas, `(n, 2)`."""
    parts = mapped(checkpoint, block)
    return place(torch.cat([codes[part] for part in parts], 1).numpy(), *_placed(checkpoint, block), k)


@by_identity_few
def _placed(checkpoint: Checkpoint, block: str) -> tuple[np.ndarray, np.ndarray]:
    """Codes `(m, D)` and places `(m, 2)` of the items that UMAP placed, beside which others are placed."""
    atlas = checkpoint.atlas
    known = [atlas.means[part][atlas.placed] for part in mapped(checkpoint, block)]
    return np.concatenate(known, axis=1), atlas.coordinates[block][atlas.placed]


def mapped(checkpoint: Checkpoint, block: str) -> list[str]:
    """The latents that a place of the map stands for: the block, or all of them on the map of all."""
    return checkpoint.model.blocks if block == JOINT else [block]


def posterior_ellipse(
    checkpoint: Checkpoint,
    block: str,
    codes: Mapping[str, tuple[Tensor, Tensor]],
    image: str = "x",
    number: int | None = None,
) -> Ellipse:
    """Where draws of a posterior, mean and scale `(1, D)` of each latent, land on the block's map, each at the item nearest to it."""
    sampler = Sampler.seeded(0)
    draws = {
        part: sampler(diagonal_normal(*codes[part]).expand((PRIOR_DRAWS, 1)))[:, 0]
        for part in mapped(checkpoint, block)
    }
    names = ", ".join(draws)
    placed = place_on_map(checkpoint, block, draws, k=1)
    return replace(_ellipse(placed, f"q({names} | {image})", number, 0.9), kind="posterior")


@by_identity
def item_posterior(checkpoint: Checkpoint, block: str, item: int) -> Ellipse:
    """`posterior_ellipse` of an item, in the colour of its class."""
    pair = {
        name: (mean[[item]], scale[[item]]) for name, (mean, scale) in encodings.codes(checkpoint).items()
    }
    return posterior_ellipse(checkpoint, block, pair, number=int(checkpoint.atlas.labels[item]))
