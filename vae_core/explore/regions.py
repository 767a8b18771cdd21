"""Where a density has its mass in a plane: highest-density regions and their outlines, of a density itself or of draws.

Shapes: S draws, H W positions of a grid.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

# Positions of a grid along each axis, and shares of its mass that a density is outlined at.
POSITIONS, SHARES = 80, (0.5, 0.9)

# How far an outline may lie from the line that it stands for, in cells of the grid: a pixel or so.
ALLOWED = 0.2

# Bandwidths that are tried, as shares of Scott's, which suits one Gaussian and blurs clusters; and how many draws they are tried on.
BANDWIDTHS, TRIED = (1.0, 0.7, 0.5, 0.35, 0.25, 0.18), 800


class Region(NamedTuple):
    """The smallest region that holds a share of a density's mass (Hyndman, 1996): the outlines of its pieces and holes, closed, `(n, 2)` each."""

    share: float
    rings: list[np.ndarray]


def regions_of_density(
    log_density: Callable[[Tensor], Tensor], draws: Tensor, shares: tuple[float, ...] = SHARES
) -> list[Region]:
    """Highest-density regions of a density of the plane, on a grid: log p of places `(S, 2)`, and draws of it `(S, 2)`, which say at what
    density a share of the mass lies above.

    >>> draws = torch.randn(4000, 2, generator=torch.Generator().manual_seed(0))
    >>> (region,) = regions_of_density(lambda z: -0.5 * z.square().sum(-1), draws, (0.9,))
    >>> len(region.rings), abs(float(np.linalg.norm(region.rings[0], axis=1).mean()) / 2.146 - 1) < 0.05  # sqrt(2 log 10)
    (1, True)
    """
    axes = _grid(draws)
    x, y = torch.meshgrid(*axes, indexing="xy")
    field = log_density(torch.stack([x, y], -1).flatten(0, 1)).unflatten(0, x.shape)
    levels = [log_density(draws).quantile(1 - share).item() for share in shares]
    return _regions(field, axes, levels, shares)


def regions_of_draws(draws: Tensor, shares: tuple[float, ...] = SHARES, wider: float = 1.0) -> list[Region]:
    """Highest-density regions of draws `(S, 2)`, by a kernel density: Gaussian kernels whose width along each axis is a share of Scott's rule,
    chosen by the likelihood of each draw under the others, and `wider` than that by a factor: where draws are placed at items, many fall on
    one, and the likelihood takes each for a cluster.

    >>> draws = torch.randn(4000, 2, generator=torch.Generator().manual_seed(0))
    >>> apart = torch.cat([draws - 9, draws + 9])
    >>> [len(region.rings) for region in regions_of_draws(apart)]  # two pieces, and none between them
    [2, 2]
    """
    width = draws.std(0).clamp(min=1e-6) * len(draws) ** (-1 / 6)
    width = width * _best_share(draws / width) * wider
    x, y = axes = _grid(draws, 3 * width)
    kernels = [
        (-0.5 * ((at[:, None] - draws[:, d]) / width[d]).square()).exp() for d, at in enumerate((x, y))
    ]
    field = kernels[1] @ kernels[0].T / len(draws)  # (H, W)
    at_draws = _interpolated(field, axes, draws)
    levels = [at_draws.quantile(1 - share).item() for share in shares]
    return _regions(field, axes, levels, shares)


def _best_share(scaled: Tensor) -> float:
    """The share of a unit width under which each draw is likeliest, left out itself; equal ones, as of places, are left out too."""
    some = scaled[:: max(1, len(scaled) // TRIED)]
    square = torch.cdist(some, some).square()
    square = square.masked_fill(square < 1e-12, torch.inf)

    def likelihood(share: float) -> float:
        each = (-0.5 * square / share**2).logsumexp(-1)
        return each[each.isfinite()].mean().item() - 2 * np.log(share)

    best, most = BANDWIDTHS[0], likelihood(BANDWIDTHS[0])
    for share in BANDWIDTHS[1:]:  # it rises to one top, and falls from there
        if (found := likelihood(share)) <= most:
            break
        best, most = share, found
    return best


def _grid(draws: Tensor, margin: Tensor | float = 0.0) -> tuple[Tensor, Tensor]:
    """Positions along both axes, over all but the farthest thousandth of the draws and a little more."""
    low, high = draws.quantile(0.0005, dim=0), draws.quantile(0.9995, dim=0)
    room = 0.1 * (high - low) + margin + 1e-6
    x, y = (
        torch.linspace(a, b, POSITIONS)
        for a, b in zip((low - room).tolist(), (high + room).tolist(), strict=True)
    )
    return x, y


def _interpolated(field: Tensor, axes: tuple[Tensor, Tensor], places: Tensor) -> Tensor:
    """Between the values of a grid, bilinear, `(S,)`."""
    ends = [(at[0], at[-1]) for at in axes]
    unit = torch.stack(
        [2 * (places[:, d] - low) / (high - low) - 1 for d, (low, high) in enumerate(ends)], -1
    )
    found = torch.nn.functional.grid_sample(
        field[None, None], unit[None, None], align_corners=True, padding_mode="border"
    )
    return found[0, 0, 0]


def _regions(
    field: Tensor, axes: tuple[Tensor, Tensor], levels: list[float], shares: tuple[float, ...]
) -> list[Region]:
    x, y = (at.numpy() for at in axes)
    values = field.double().numpy()
    cell = np.array([x[1] - x[0], y[1] - y[0]])
    return [
        Region(share, [simplified(ring, ALLOWED * cell) for ring in rings(values, x, y, level)])
        for share, level in zip(shares, levels, strict=True)
    ]


def simplified(ring: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """A closed line `(n, 2)` without the corners that lie no farther from the line than is allowed along x and y, `(2,)`.

    >>> square = np.array([[0.0, 0.0], [1.0, 0.01], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
    >>> simplified(square, np.array([0.1, 0.1])).tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]

    Source: Douglas & Peucker (1973).
    """
    places = np.concatenate([ring, ring[:1]]) / allowed
    far = int(np.linalg.norm(places - places[0], axis=1).argmax())
    kept, left = {0, far}, [(0, far), (far, len(ring))]
    while left:
        first, last = left.pop()
        if last - first < 2:
            continue
        along, rest = places[last] - places[first], places[first + 1 : last] - places[first]
        t = np.clip(rest @ along / max(along @ along, 1e-12), 0, 1)
        distance = np.linalg.norm(rest - t[:, None] * along, axis=1)
        if distance.max() > 1:
            middle = first + 1 + int(distance.argmax())
            kept.add(middle)
            left += [(first, middle), (middle, last)]
    return ring[sorted(kept)]


# The edges of a cell that a line of equal height crosses, by which of its corners are above: 1, 2, 4, 8 for (0, 0), (0, 1), (1, 1), (1, 0)
# in rows and columns; edges 0 to 3 from each corner to the next. The higher side lies to the right throughout.
_CROSSED = {
    1: ((0, 3),),
    2: ((1, 0),),
    3: ((1, 3),),
    4: ((2, 1),),
    5: ((0, 3), (2, 1)),
    6: ((2, 0),),
    7: ((2, 3),),
    8: ((3, 2),),
    9: ((0, 2),),
    10: ((1, 0), (3, 2)),
    11: ((1, 2),),
    12: ((3, 1),),
    13: ((0, 1),),
    14: ((3, 0),),
}
_CORNERS = ((0, 0), (0, 1), (1, 1), (1, 0))


def rings(field: np.ndarray, x: np.ndarray, y: np.ndarray, level: float) -> list[np.ndarray]:
    """The closed lines along which a field `(H, W)` at positions x `(W,)` and y `(H,)` has one level, `(n, 2)` each, by marching squares.

    What lies beyond the grid is below, so that a line that would leave it runs along its border.

    >>> rings(np.array([[1.0]]), np.array([0.0]), np.array([0.0]), 0.5)[0].shape
    (4, 2)
    """
    step = [at[1] - at[0] if len(at) > 1 else 1.0 for at in (x, y)]
    x, y = (np.concatenate([[at[0] - s], at, [at[-1] + s]]) for at, s in zip((x, y), step, strict=True))
    lowest = level - np.clip(
        level - np.min(field), 1e-3 * (abs(level) + 1), 100.0
    )  # a log density may be -inf
    field = np.pad(np.maximum(field, lowest), 1, constant_values=lowest)
    above = field > level
    rows, columns = field.shape
    which = np.zeros((rows - 1, columns - 1), int)
    for bit, (r, c) in enumerate(_CORNERS):
        which |= above[r : r + rows - 1, c : c + columns - 1].astype(int) << bit
    following = {}
    for row, column in zip(*np.nonzero((which > 0) & (which < 15)), strict=True):
        for start, end in _CROSSED[int(which[row, column])]:
            following[_edge(row, column, start)] = _edge(row, column, end)
    found = []
    while following:
        ring, at = [], next(iter(following))
        while at in following:
            ring.append(at)
            at = following.pop(at)
        found.append(np.array([_crossing(field, x, y, edge, level) for edge in ring]))
    return sorted(found, key=len, reverse=True)


def _edge(row: int, column: int, number: int) -> tuple[int, int, int, int]:
    """The two nodes of an edge of a cell, in one order whichever cell asks."""
    (r, c), (s, d) = _CORNERS[number], _CORNERS[(number + 1) % 4]
    first, second = sorted([(int(row) + r, int(column) + c), (int(row) + s, int(column) + d)])
    return (*first, *second)


def _crossing(
    field: np.ndarray, x: np.ndarray, y: np.ndarray, edge: tuple[int, int, int, int], level: float
) -> tuple[float, float]:
    """Where an edge has the level, in a straight line between its ends."""
    r, c, s, d = edge
    low, high = field[r, c], field[s, d]
    share = (level - low) / (high - low)
    return float(x[c] + share * (x[d] - x[c])), float(y[r] + share * (y[s] - y[r]))
