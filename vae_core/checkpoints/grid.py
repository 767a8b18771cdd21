"""A grid of betas, at which an atlas was made or a frontier measured, and what lies between its points.

Shapes: R points of the grid.
"""

import itertools
from collections.abc import Mapping

import numpy as np


def corners(grid: Mapping[str, np.ndarray], betas: Mapping[str, float]) -> list[tuple[int, float]]:
    """The points of a grid round these betas with their shares, which add up to 1; betas beyond the ends count as the ends.

    >>> corners({"z": np.array([0.1, 1.0, 10.0])}, {"z": 10**0.25})
    [(1, 0.75), (2, 0.25)]
    """
    sides = [_between(np.unique(grid[block]), beta) for block, beta in betas.items()]
    near = []
    for combination in itertools.product(*sides):
        here = [grid[block] == value for block, (value, _) in zip(betas, combination, strict=True)]
        place = int(np.flatnonzero(np.logical_and.reduce(here))[0]) if here else 0
        near.append((place, round(float(np.prod([share for _, share in combination])), 9)))
    return near


def _between(known: np.ndarray, beta: float) -> list[tuple[float, float]]:
    """The one or two betas of a grid round a beta, with their shares; a hundredth of the way is no way."""
    place = float(np.interp(np.log(beta), np.log(known), np.arange(len(known))))
    low = int(place)
    share = place - low
    if share < 0.01 or share > 0.99:
        return [(float(known[round(place)]), 1.0)]
    return [(float(known[low]), 1 - share), (float(known[low + 1]), share)]


def nearest(betas: np.ndarray, beta: float) -> float:
    """The beta of a grid that is nearest by its logarithm."""
    return float(betas[np.abs(np.log(betas / beta)).argmin()])
