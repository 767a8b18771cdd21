"""Sprites with known factors, rendered here: a white square, ellipse or heart on black, 64x64.

The grid is dSprites' (Matthey et al., 2017): 3 shapes x 6 scales x 40 orientations x 32 x 32 positions = 737,280
images. The pixels are our own rendering, so results are comparable in kind with dSprites', not in value.
Shapes of tensors: N images, S side.
"""

import math

import torch
from torch import Tensor

from ..kinds import Image
from ..models import Signature
from .fingerprint import KNOWN
from .grid import combinations
from .source import Data, Dataset, Origin, shuffled

SIDE = 64
SHAPES = ("square", "ellipse", "heart")
FACTORS = {"shape": 3, "scale": 6, "orientation": 40, "x": 32, "y": 32}
_SUPERSAMPLING = 2
# No sprite reaches further than 14 pixels from its centre, which is 16 or more from the border: only a window is computed.
_WINDOW = 28


def grid_size() -> int:
    """Number of combinations of the factors: 737,280."""
    return math.prod(FACTORS.values())


def factors_of(index: Tensor) -> Tensor:
    """The factors `(N, 5)` of images numbered as a mixed-radix number over `FACTORS`, shape slowest.

    >>> factors_of(torch.tensor([0, 1, 32, 737279])).tolist()
    [[0, 0, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 1, 0], [2, 5, 39, 31, 31]]
    """
    return combinations(index, tuple(FACTORS.values()))


def render(factors: Tensor) -> Tensor:
    """Images `(N, 1, S, S)`, uint8, anti-aliased over a 2x2 sub-pixel grid, of integer factors `(N, 5)`."""
    _, scale, orientation, x, y = (column.float()[:, None, None] for column in factors.unbind(-1))
    size = SIDE * (0.5 + 0.1 * scale) / 6
    angle = 2 * math.pi * orientation / FACTORS["orientation"]
    (left, dx), (top, dy) = (_window(SIDE * (0.25 + 0.5 * place / 31)) for place in (x, y))
    right, down = dx[:, None, :], dy[:, :, None]
    u = (right * angle.cos() + down * angle.sin()) / size
    v = (down * angle.cos() - right * angle.sin()) / size
    inside = torch.empty(u.shape, dtype=torch.bool)
    for number, test in enumerate((_square, _ellipse, _heart)):
        rows = factors[:, 0] == number
        inside[rows] = test(u[rows], v[rows])
    coverage = torch.nn.functional.avg_pool2d(inside[:, None].float(), _SUPERSAMPLING)[:, 0]
    images = torch.zeros(len(factors), 1, SIDE, SIDE, dtype=torch.uint8)
    pixels = torch.arange(_WINDOW)
    rows, columns = top[:, None] + pixels, left[:, None] + pixels
    items = torch.arange(len(factors))[:, None, None]
    images[items, 0, rows[:, :, None], columns[:, None, :]] = (coverage * 255).round().to(torch.uint8)
    return images


def _window(centre: Tensor) -> tuple[Tensor, Tensor]:
    """The first pixel of the window round each centre `(N, 1, 1)`, and its sub-pixels' distances from the centre, `(N, 2 * 28)`."""
    first = centre.flatten().floor().long() - _WINDOW // 2
    ticks = (torch.arange(_WINDOW * _SUPERSAMPLING) + 0.5) / _SUPERSAMPLING
    return first, first[:, None] + ticks - centre.flatten()[:, None]


def _square(u: Tensor, v: Tensor) -> Tensor:
    return (u.abs() < 0.9) & (v.abs() < 0.9)


def _ellipse(u: Tensor, v: Tensor) -> Tensor:
    return (u / 1.2) ** 2 + (v / 0.7) ** 2 < 1


def _heart(u: Tensor, v: Tensor) -> Tensor:
    a, b = 1.1 * u, 0.15 - 1.1 * v
    return (a**2 + b**2 - 1) ** 3 - a**2 * b**3 < 0


def _sprites(split: str, limit: int | None) -> Data:
    """A fixed random part of the sprites' grid: 50,000 images to train, 10,000 others to test; the class is the shape."""
    order = shuffled(grid_size())
    index = order[:50_000] if split == "train" else order[50_000:60_000]
    factors = factors_of(index[:limit])  # rendering takes its time: no more than is asked for
    images = torch.cat([render(part) for part in factors.split(2_000)])
    names = tuple(FACTORS)
    return Data("sprites", split, images, factors[:, 0], SHAPES, factors, factor_names=names)


SPRITES = Dataset(
    Signature(Image(1, SIDE, SIDE), SHAPES),
    _sprites,
    "64x64 sprites rendered here, factors shape, scale, orientation, x, y, offline",
    tuple(FACTORS),
    name="sprites",
    origin=Origin(KNOWN["sprites"].fingerprints),
)
