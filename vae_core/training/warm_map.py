"""A UMAP that follows a training: a few epochs of descent at each look, begun where the last one ended. Shapes: N items, D dimensions."""

import numpy as np

from ..umap import umap

ITEMS, FEWEST = 500, 30  # that are placed at most; of fewer than those there is no map
EPOCHS, RATE = 5, 0.5  # of a look
WITHIN = 10.0  # where the items lie at first, from side to side
SEED = 20_241


class WarmMap:
    """The places of the same items as their codes change.

    Example:
        >>> codes = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
        >>> followed = WarmMap()
        >>> first, second = followed.step(codes), followed.step(codes + 0.01)
        >>> first.shape, float(np.abs(second - first).max()) < float(np.ptp(first))
        ((40, 2), True)

    Source:
        McInnes, Healy & Melville (2018), arXiv 1802.03426; docs/decisions/0030-moving-umap.md.
    """

    def __init__(self):
        self.places: np.ndarray | None = None

    def step(self, codes: np.ndarray) -> np.ndarray:
        """The places `(N, 2)` of codes `(N, D)` a look later, about their middle; what is no number lies at 0."""
        found = umap(
            np.nan_to_num(codes, posinf=0.0, neginf=0.0),
            seed=SEED,
            epochs=EPOCHS,
            rate=RATE,
            start=self.places,
        )
        self.places = moved = np.nan_to_num(found - found.mean(0))
        return moved


def mapped(items: int, sizes: dict[str, int]) -> int:
    """How many of the items a map is made of: none where every block is seen whole, or there are too few."""
    return min(items, ITEMS) if items >= FEWEST and any(size > 2 for size in sizes.values()) else 0
