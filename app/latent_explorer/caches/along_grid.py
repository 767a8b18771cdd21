"""Where the items of a map lie along the beta grid of one block, for a browser that moves them while a handle of that beta moves.

Shapes: R betas of the grid, N items.
"""

from typing import NamedTuple
from urllib.parse import quote
from zlib import crc32

import numpy as np
import torch

from latent_explorer import PLACES
from latent_explorer.caches import layouts, maps
from latent_explorer.caches.betas import along
from latent_explorer.caches.kept import by_identity_few, stamps
from latent_explorer.caches.layouts import UMAP, Laid
from latent_explorer.components.map.selection import Grid
from latent_explorer.components.shared import pack
from vae_core import Checkpoint
from vae_core.multirate import rates_of

MOST_PANELS = 8  # of one request


class AlongGrid(NamedTuple):
    """The betas of a grid, rising, and the places there in 16 bits an axis of the map's own frame, first across and then up, `(R, 2, N)`."""

    betas: list[float]
    cells: np.ndarray


def address(checkpoint: Checkpoint) -> str | None:
    """Where a browser finds the places along a `{block}`; None of a model of one beta. It names the files, so that none are kept of others."""
    if not checkpoint.betas:
        return None
    of = crc32(repr(stamps(checkpoint.folder)).encode())
    return f"{PLACES}/{quote(checkpoint.name, safe='')}/{{block}}?of={of:08x}"


def answer(checkpoint: Checkpoint, block: str, names: list[str]) -> bytes:
    """The places on some panels along the betas of a block, the betas of others as they are, as `along.js` unpacks them.

    Raises ValueError for a block without a rate, and for panels that are none of the model's.
    """
    if block not in rates_of(checkpoint.model):
        raise ValueError(f"{checkpoint.name} has no beta of {block[:80]}")
    places = [layouts.laid(checkpoint, name) for name in names[:MOST_PANELS]]
    found = [along_grid(along(checkpoint, block), block, place) for place in places if place is not None]
    if not found or len(found) < len(names):
        raise ValueError(f"{checkpoint.name} has no map {', '.join(names)[:200] or 'without a name'}")
    return pack({"betas": found[0].betas, "panels": names}, *(each.cells.ravel() for each in found))


@by_identity_few
def along_grid(checkpoint: Checkpoint, block: str, place: Laid) -> AlongGrid:
    """The places of a layout at each beta of the block's grid; the checkpoint stands at any of them."""
    betas, frame = np.unique(checkpoint.atlas_grid.betas[block]).tolist(), layouts.frame(checkpoint, place)
    cells = [
        Grid.of(_places(checkpoint, {**checkpoint.betas, block: beta}, place), frame).cells.T
        for beta in betas
    ]
    return AlongGrid(betas, np.stack(cells))


def _places(checkpoint: Checkpoint, betas: dict[str, float], place: Laid) -> np.ndarray:
    """As `layouts.places` has them, without an atlas of its own at every beta."""
    grid = checkpoint.atlas_grid
    flat = layouts.plane(checkpoint, place)
    if flat is None or place.kind == UMAP:
        parts = [share * grid.atlases[point].coordinates[place.block] for point, share in grid.corners(betas)]
        return np.sum(parts, axis=0)
    items = np.arange(len(checkpoint.atlas))
    means = [grid.means_of(part, items, betas) for part in maps.mapped(checkpoint, place.block)]
    return flat.project(torch.from_numpy(np.concatenate(means, axis=1))).numpy()
