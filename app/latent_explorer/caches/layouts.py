"""How the items of a block are laid out on its map: by UMAP, in the plane of their principal axes, or in that of two of their dimensions.

A panel of a map is named by its block and its layout, so that an outline that was drawn on it holds the same items wherever it is read.
Shapes: N items, R points of a grid of betas, D dimensions of a block.
"""

import re
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from latent_explorer.caches import encodings, maps
from latent_explorer.caches.kept import MOST_LARGE, by_identity_few, identity, kept
from latent_explorer.components.map.selection import Selection, selected_items
from vae_core import Checkpoint
from vae_core.explore.components import Plane, dimensions_plane, principal_plane
from vae_core.projections import JOINT

UMAP, PRINCIPAL, PAIR = LAYOUTS = ("UMAP", "principal axes", "two dimensions")

_AXES, _PAIR = re.compile(r"(.+)\.axes"), re.compile(r"(.+)\.(\d{1,6})\.(\d{1,6})")


class Laid(NamedTuple):
    """A block and how it is laid out; the pair is of dimensions, where two are shown."""

    block: str
    kind: str = UMAP
    pair: tuple[int, int] = (0, 1)

    @property
    def name(self) -> str:
        """Of the panel: that of the block where UMAP lays it out.

        >>> Laid("z").name, Laid("z", PRINCIPAL).name, Laid("z", PAIR, (3, 7)).name
        ('z', 'z.axes', 'z.3.7')
        """
        first, second = self.pair
        return {UMAP: self.block, PRINCIPAL: f"{self.block}.axes", PAIR: f"{self.block}.{first}.{second}"}[
            self.kind
        ]


def laid(checkpoint: Checkpoint, name: str) -> Laid | None:
    """What a panel of this name shows of the model; None where it has no such map."""
    widths = checkpoint.model.sizes
    if name in checkpoint.atlas.coordinates:
        return Laid(name)
    if (found := _AXES.fullmatch(name)) and found[1] in (*widths, JOINT):
        return Laid(found[1], PRINCIPAL)
    if (found := _PAIR.fullmatch(name)) and found[1] in (JOINT if are_lines(checkpoint) else "", *widths):
        pair = int(found[2]), int(found[3])
        fits = pair[0] != pair[1] and max(pair) < len(dimensions(checkpoint, found[1]))
        return Laid(found[1], PAIR, pair) if fits else None
    return None


def are_lines(checkpoint: Checkpoint) -> bool:
    """Whether there are several blocks of one dimension each: a map of one would be a line, so all are shown on one."""
    widths = checkpoint.model.sizes.values()
    return len(widths) > 1 and set(widths) == {1} and JOINT in checkpoint.atlas.coordinates


def dimensions(checkpoint: Checkpoint, block: str) -> list[tuple[str, int]]:
    """What the axes of a block's map are chosen from, each a block and a number: of all latents on the map of all."""
    sizes = checkpoint.model.sizes
    return [(part, number) for part in maps.mapped(checkpoint, block) for number in range(sizes[part])]


def pair_of(checkpoint: Checkpoint, place: Laid) -> tuple[tuple[str, int], tuple[str, int]]:
    """The block and the number of each axis, where two dimensions are shown."""
    offered = dimensions(checkpoint, place.block)
    across, up = place.pair
    return offered[across], offered[up]


def default(checkpoint: Checkpoint) -> str:
    """The layout that a model opens on: UMAP, and where each block has two dimensions and no more, or one, two of these."""
    flat = set(checkpoint.model.sizes.values()) == {2} or are_lines(checkpoint)
    return PAIR if flat else UMAP


def of_block(checkpoint: Checkpoint, block: str, kind: str, pair: tuple[int, int] = (0, 1)) -> Laid:
    """A block in a layout. Two dimensions are shown as themselves where others are laid out by UMAP, and one has no pair."""
    width = len(dimensions(checkpoint, block))
    if block != JOINT and width == 2 and (kind == PAIR or (kind == UMAP and default(checkpoint) == UMAP)):
        return Laid(block, PAIR, pair if kind == PAIR else (0, 1))
    if kind == PAIR and width < 2:
        return Laid(block, PRINCIPAL)
    return Laid(block, kind, pair)


@kept(
    MOST_LARGE, lambda checkpoint: identity(checkpoint)[:2]
)  # the same at all betas, so that items move and not the plane
def plane(checkpoint: Checkpoint, place: Laid) -> Plane | None:
    """The plane of a layout; None of UMAP, which is none."""
    if place.kind == UMAP:
        return None
    if place.kind == PAIR:
        return dimensions_plane(place.block, *place.pair, len(dimensions(checkpoint, place.block)))
    return principal_plane(torch.from_numpy(_at_all_betas(checkpoint, place.block)))


def _at_all_betas(checkpoint: Checkpoint, block: str) -> np.ndarray:
    """Posterior means at each point of the grid, `(R N, D)`."""
    parts = maps.mapped(checkpoint, block)
    means = [
        np.concatenate([atlas.means[part] for part in parts], axis=1)
        for atlas in checkpoint.atlas_grid.atlases
    ]
    return np.concatenate(means).astype(np.float32)


@by_identity_few
def places(checkpoint: Checkpoint, place: Laid) -> np.ndarray:
    """Where the items lie, `(N, 2)`."""
    flat = plane(checkpoint, place)
    if flat is None:
        return checkpoint.atlas.coordinates[place.block]
    return project(checkpoint, place, {name: mean for name, (mean, _) in encodings.codes(checkpoint).items()})


@kept(MOST_LARGE, lambda checkpoint: identity(checkpoint)[:2])
def frame(checkpoint: Checkpoint, place: Laid) -> np.ndarray:
    """Round what the map is drawn at every beta, `(R N, 2)`."""
    flat = plane(checkpoint, place)
    if flat is None:
        return maps.frame(checkpoint, place.block)
    return flat.project(torch.from_numpy(_at_all_betas(checkpoint, place.block))).numpy()


def project(checkpoint: Checkpoint, place: Laid, codes: dict[str, Tensor]) -> np.ndarray:
    """Where codes `(n, D)` of each latent lie, `(n, 2)`."""
    flat = plane(checkpoint, place)
    if flat is None:
        return maps.place_on_map(checkpoint, place.block, codes)
    return flat.project(torch.cat([codes[part] for part in maps.mapped(checkpoint, place.block)], 1)).numpy()


def rows(
    checkpoint: Checkpoint, selection: Selection | None, hidden: Collection[int], groups: np.ndarray
) -> np.ndarray:
    """The items of an outline, in increasing order, on whichever map of the model it was drawn; none of a hidden group `(N,)`."""
    place = None if selection is None else laid(checkpoint, selection.panel)
    if selection is None or place is None:
        return np.empty(0, dtype=np.intp)
    name = selection.panel
    return selected_items(
        selection, {name: places(checkpoint, place)}, groups, hidden, {name: frame(checkpoint, place)}
    )
