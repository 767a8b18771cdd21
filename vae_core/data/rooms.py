"""Rooms with known factors, rendered here: a coloured object in the corner of a room, seen by a camera that turns, 64x64 in colour.

The factors and their numbers of values are those of 3D Shapes (Burgess & Kim, 2018): 10 hues of the floor, 10 of the wall, 10 of the
object, 8 sizes, 4 shapes and 15 turns = 480,000 images. The pixels are our own rendering, so results are comparable in kind with those on
3D Shapes, not in value. Hues run from red to violet and do not close their circle, so that one number can tell them.

What is seen of floor, wall and object depends on size, shape and turn alone: rays are cast for these 480 views, and the colours are
laid over them, in whole numbers, so that every machine makes the same images. Shapes of tensors: N images, V views, S side, R rays.
"""

import colorsys
import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..kinds import Image
from ..models import Signature
from .fingerprint import KNOWN
from .grid import combinations
from .mapped import Mapped, OnDisk
from .source import Data, Dataset, Origin, shuffled

SIDE = 64
SHAPES = ("box", "cylinder", "capsule", "sphere")
FACTORS = {"floor": 10, "wall": 10, "object": 10, "size": 8, "shape": 4, "turn": 15}

_SUPERSAMPLING = 2
# Hues from red to violet in steps that look alike; saturation and value of the colours.
_HUES = (0.0, 0.06, 0.11, 0.16, 0.25, 0.36, 0.46, 0.53, 0.6, 0.7)
_PAINTS = {"floor": (0.62, 0.92), "wall": (0.5, 0.98), "object": (0.9, 0.95)}

# Lengths are those of the room, degrees those of the camera's way round its middle; z points up.
_SIZES, _TURNS = (0.8, 1.5), (-35.0, 35.0)
_DISTANCE, _HEIGHT, _LOOKS_AT, _VIEW = 4.4, 2.3, 0.72, 0.4
_WALL = 1.9
_LIGHT = (-0.35, -0.55, 1.0)
_LIGHT_SPREAD, _LIGHT_POINTS = 0.22, 8
_INWARD = torch.tensor([[1.0, -1.0, 0.0], [-1.0, -1.0, 0.0]], dtype=torch.float64) / math.sqrt(2)
"""The normals of both walls."""


def grid_size() -> int:
    """Number of combinations of the factors: 480,000."""
    return math.prod(FACTORS.values())


def factors_of(index: Tensor) -> Tensor:
    """The factors `(N, 6)` of images numbered as a mixed-radix number over `FACTORS`, the floor's hue slowest.

    >>> factors_of(torch.tensor([0, 1, 15, 479999])).tolist()
    [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 1, 0], [9, 9, 9, 7, 3, 14]]
    """
    return combinations(index, tuple(FACTORS.values()))


def render(factors: Tensor) -> Tensor:
    """Images `(N, 3, S, S)`, uint8, anti-aliased over a 2x2 sub-pixel grid, of integer factors `(N, 6)`."""
    images = torch.empty(len(factors), 3, SIDE, SIDE, dtype=torch.uint8)
    if not len(factors):
        return images
    views, view = factors[:, 3:].unique(dim=0, return_inverse=True)
    layers = torch.stack([_layers(*each) for each in views.tolist()])
    palettes = [_palette(part) for part in ("floor", "wall", "object")]
    for rows in torch.arange(len(factors)).split(500):
        seen, hues = layers[view[rows]].float(), factors[rows, :3].unbind(-1)
        colours = torch.stack([palette[hue] for palette, hue in zip(palettes, hues, strict=True)], -1)
        mixed = (colours @ seen[:, :3].flatten(2) / 255).floor()  # of whole numbers, which float32 holds
        images[rows] = (mixed.view(-1, 3, SIDE, SIDE) + seen[:, 3:]).clamp(max=255).to(torch.uint8)
    return images


def _palette(part: str) -> Tensor:
    """The colours of the hues, `(10, 3)`, from 0 to 255."""
    colours = torch.tensor([colorsys.hsv_to_rgb(hue, *_PAINTS[part]) for hue in _HUES], dtype=torch.float64)
    return (255 * colours).round().float()


class _Hit(NamedTuple):
    """Where rays meet a thing: how far along them, infinite where they do not, and its outward normal there, `(R, 3)`."""

    far: Tensor
    normal: Tensor


_Caster = Callable[[Tensor, Tensor], _Hit]


@cache
def _layers(size: int, shape: int, turn: int) -> Tensor:
    """How bright floor, wall, object and white are in each pixel of a view, `(4, S, S)` from 0 to 255."""
    eye, rays = _camera(turn)
    cast = _shape(shape, _between(*_SIZES, size, FACTORS["size"]))
    floor, wall, thing = _floor(eye, rays), _walls(eye, rays), cast(eye, rays)
    seen = torch.stack([floor.far, wall.far, thing.far]).argmin(0)
    on_floor, on_wall = (eye + hit.far.clamp(max=1e3)[:, None] * rays for hit in (floor, wall))
    light = torch.tensor(_LIGHT, dtype=torch.float64)
    light = light / light.norm()
    bright = [
        (0.62 + 0.38 * _lit(cast, on_floor, seen == 0)) * _corner(on_floor),
        (0.55 + 0.5 * _diffuse(wall.normal, light)) * (1 - _dark(on_wall[:, 2])),
        0.42 + 0.58 * _diffuse(thing.normal, light),
        _highlight(thing.normal, light, rays),
    ]
    parts = torch.stack([torch.where(seen == min(part, 2), each, 0.0) for part, each in enumerate(bright)])
    side = SIDE * _SUPERSAMPLING
    means = torch.nn.functional.avg_pool2d(parts.view(1, 4, side, side), _SUPERSAMPLING)[0]
    return (255 * means).round().clamp(max=255).to(torch.uint8)


def _between(low: float, high: float, step: int, steps: int) -> float:
    return low + (high - low) * step / (steps - 1)


@cache
def _camera(turn: int) -> tuple[Tensor, Tensor]:
    """The eye `(3,)` and the directions of its rays `(R, 3)`, from left to right and from top to bottom."""
    angle = math.radians(_between(*_TURNS, turn, FACTORS["turn"]))
    eye = torch.tensor(
        [_DISTANCE * math.sin(angle), -_DISTANCE * math.cos(angle), _HEIGHT], dtype=torch.float64
    )
    ahead = torch.tensor([0.0, 0.0, _LOOKS_AT], dtype=torch.float64) - eye
    ahead = ahead / ahead.norm()
    right = torch.linalg.cross(ahead, torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64))
    right = right / right.norm()
    up = torch.linalg.cross(right, ahead)
    side = SIDE * _SUPERSAMPLING
    # A little off the middle, so that no ray meets an edge exactly, where rounding would decide.
    ticks = _VIEW * (2 * (torch.arange(side, dtype=torch.float64) + 0.5003) / side - 1)
    rays = ahead + ticks[None, :, None] * right - ticks[:, None, None] * up
    return eye, (rays / rays.norm(dim=-1, keepdim=True)).reshape(-1, 3)


def _floor(eye: Tensor, rays: Tensor) -> _Hit:
    far = -eye[2] / rays[:, 2]
    return _Hit(torch.where(far > 0, far, math.inf), torch.zeros_like(rays))


def _walls(eye: Tensor, rays: Tensor) -> _Hit:
    """Two walls that meet in a corner behind the object."""
    along = (-_WALL - eye @ _INWARD.T) / (rays @ _INWARD.T)
    far, which = torch.where(along > 0, along, math.inf).min(-1)
    return _Hit(far, _INWARD[which])


def _diffuse(normal: Tensor, light: Tensor) -> Tensor:
    return (normal @ light).clamp(min=0)


def _highlight(normal: Tensor, light: Tensor, rays: Tensor) -> Tensor:
    """White where a shiny thing mirrors the light, `(R,)`."""
    half = light - rays
    return 0.38 * (normal * half / half.norm(dim=-1, keepdim=True)).sum(-1).clamp(min=0) ** 24


def _dark(distance: Tensor) -> Tensor:
    """The share of light that is missing at a distance from an edge of the room."""
    return 0.22 * (-distance.clamp(min=0) / 0.12).exp()


def _corner(at: Tensor) -> Tensor:
    """Less light on the floor near the walls."""
    return (1 - _dark(_WALL + at @ _INWARD.T)).prod(-1)


def _lit(cast: _Caster, at: Tensor, seen: Tensor) -> Tensor:
    """The share of a light of some width that reaches points, `(R,)`, of those that are seen."""
    turns = 2 * math.pi * (torch.arange(_LIGHT_POINTS, dtype=torch.float64) + 0.3) / _LIGHT_POINTS
    wide = _LIGHT_SPREAD * ((torch.arange(_LIGHT_POINTS) * 5 % _LIGHT_POINTS + 0.5) / _LIGHT_POINTS).sqrt()
    spread = torch.stack([wide * turns.cos(), wide * turns.sin(), torch.zeros_like(turns)], -1)
    lights = torch.tensor(_LIGHT, dtype=torch.float64) + spread
    near = seen & (at[:, :2].norm(dim=-1) < 2.5)  # further away no shadow falls
    points, towards = at[near].repeat(len(lights), 1), lights.repeat_interleave(int(near.sum()), 0)
    lit = torch.ones(len(at), dtype=torch.float64)
    lit[near] = cast(points, towards).far.isinf().double().view(len(lights), -1).mean(0)
    return lit


def _shape(shape: int, size: float) -> _Caster:
    """What casts rays `(R, 3)` from points `(3,)` or `(R, 3)` at a thing of that shape and size, which stands in the middle of the floor."""
    return (
        lambda o, d: _box(o, d, 0.52 * size, 1.04 * size),
        lambda o, d: _cylinder(o, d, 0.54 * size, 1.1 * size),
        lambda o, d: _capsule(o, d, 0.42 * size, 1.45 * size),
        lambda o, d: _capsule(o, d, 0.6 * size, 1.2 * size),
    )[shape]


def _convex(parts: list[tuple[Tensor, Tensor, Tensor]]) -> _Hit:
    """Where rays enter what several things have in common: of each where rays enter and leave it, `(R,)`, and its normal, `(R, 3)`."""
    enters, leaves, normals = (torch.stack(each) for each in zip(*parts, strict=True))
    (enter, last), leave = enters.max(0), leaves.min(0).values
    normal = normals.gather(0, last[None, :, None].expand(1, -1, 3))[0]
    return _Hit(torch.where((enter < leave) & (enter > 1e-6), enter, math.inf), normal)


def _slab(o: Tensor, d: Tensor, axis: Tensor, low: float, high: float) -> tuple[Tensor, Tensor, Tensor]:
    """Between two planes across an axis `(3,)`."""
    start, speed = o @ axis, d @ axis
    ends = torch.stack([(low - start) / speed, (high - start) / speed])
    return ends.min(0).values, ends.max(0).values, -speed.sign()[:, None] * axis


def _box(o: Tensor, d: Tensor, half: float, height: float) -> _Hit:
    turned = math.radians(28)
    across = torch.tensor([math.cos(turned), math.sin(turned), 0.0], dtype=torch.float64)
    along = torch.tensor([-math.sin(turned), math.cos(turned), 0.0], dtype=torch.float64)
    up = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    return _convex(
        [_slab(o, d, across, -half, half), _slab(o, d, along, -half, half), _slab(o, d, up, 0, height)]
    )


def _cylinder(o: Tensor, d: Tensor, radius: float, height: float) -> _Hit:
    up = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    enter, leave = _round(o[..., :2], d[:, :2], radius)
    at = (o + enter.clamp(max=1e3)[:, None] * d) * (1 - up)
    return _convex([(enter, leave, at / radius), _slab(o, d, up, 0, height)])


def _capsule(o: Tensor, d: Tensor, radius: float, height: float) -> _Hit:
    """All points within a radius of an upright segment; a sphere where the segment is a point."""
    low, high = radius, height - radius
    side, _ = _round(o[..., :2], d[:, :2], radius)
    z = o[..., 2] + side.clamp(max=1e3) * d[:, 2]
    found = [torch.where((z > low) & (z < high) & (side > 1e-6), side, math.inf)]
    for end in (low, high):
        enter, _ = _round(o - torch.tensor([0.0, 0.0, end], dtype=torch.float64), d, radius)
        found.append(torch.where(enter > 1e-6, enter, math.inf))
    far = torch.stack(found).min(0).values
    at = o + far.clamp(max=1e3)[:, None] * d
    spine = torch.stack([torch.zeros_like(far), torch.zeros_like(far), at[:, 2].clamp(low, high)], -1)
    return _Hit(far, (at - spine) / radius)


def _round(o: Tensor, d: Tensor, radius: float) -> tuple[Tensor, Tensor]:
    """Where rays enter and leave a circle or sphere round the origin, `(R,)`; infinite, and never, where they miss it."""
    a, b, c = (d * d).sum(-1), (o * d).sum(-1), (o * o).sum(-1) - radius**2
    inside = b * b - a * c
    root = inside.clamp(min=0).sqrt()
    return torch.where(inside > 0, (-b - root) / a, math.inf), torch.where(
        inside > 0, (-b + root) / a, -math.inf
    )


def _rooms(split: str, limit: int | None) -> Data:
    """A fixed random part of the grid: 30,000 images to train (369 MB), 10,000 others to test; the class is the shape.

    Those to test are rendered as they are asked for: the 480 views take fifteen seconds, and a page shows a few images.
    """
    order = shuffled(grid_size())
    index = order[:30_000] if split == "train" else order[30_000:40_000]
    factors = factors_of(index[:limit])  # rendering takes its time: no more than is asked for
    images = render(factors) if split == "train" else OnDisk(Mapped((factors.numpy(),)).then(_rendered))
    return Data("rooms", split, images, factors[:, 4], SHAPES, factors, factor_names=tuple(FACTORS))


def _rendered(factors: np.ndarray) -> np.ndarray:
    return render(torch.from_numpy(factors)).numpy()


ROOMS = Dataset(
    Signature(Image(3, SIDE, SIDE), SHAPES),
    _rooms,
    "64x64 rooms in colour rendered here, factors floor, wall, object (their hues), size, shape, turn, offline",
    tuple(FACTORS),
    name="rooms",
    origin=Origin(KNOWN["rooms"].fingerprints),
)
