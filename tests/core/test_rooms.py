"""Rooms: what each factor changes in the images, and nothing else; the splits."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from vae_core.data import Data, load_data, rooms
from vae_core.data.fingerprint import KNOWN, fingerprint

MIDDLE = {"floor": 7, "wall": 1, "object": 4, "size": 4, "shape": 1, "turn": 7}


def rendered(**factors: int) -> Tensor:
    """One room, `(3, S, S)` in [0, 1]."""
    chosen = {**MIDDLE, **factors}
    return rooms.render(torch.tensor([[chosen[name] for name in rooms.FACTORS]]))[0].float() / 255


def changed(one: Tensor, other: Tensor) -> Tensor:
    """Where two images differ, `(S, S)`."""
    return (one - other).abs().amax(0) > 0.02


def seen(part: str, **factors: int) -> Tensor:
    """Where a part of the room is seen: where its hue changes the image."""
    return changed(rendered(**factors), rendered(**{**factors, part: (MIDDLE[part] + 4) % 10}))


def test_every_pixel_is_of_floor_wall_or_object():
    where = torch.stack([seen(part) for part in ("floor", "wall", "object")])
    assert where.any(0).all()
    assert (where.sum(0) > 1).float().mean() < 0.06  # pixels at edges are of two


@pytest.mark.parametrize("part", ["floor", "wall", "object"])
def test_neighbouring_hues_can_be_told_apart(part: str):
    images = [rendered(**{part: hue}) for hue in range(10)]
    where = seen(part)
    for a, b in pairwise(images):
        assert (a - b)[:, where].abs().amax(0).mean() > 0.04


def test_size_grows_the_object():
    areas = [seen("object", size=size).sum().item() for size in range(8)]
    assert all(a + 15 < b for a, b in pairwise(areas))


def test_shapes_differ():
    images = [rendered(shape=shape) for shape in range(4)]
    assert all(changed(a, b).sum() > 80 for a, b in pairwise(images))


def test_a_round_object_stays_where_it_is_while_the_room_turns():
    """The corner wanders from one side to the other, the object's middle does not."""
    ticks = torch.arange(rooms.SIDE).float()
    middles, corners = [], []
    for turn in range(0, 15, 2):
        where = seen("object", turn=turn, shape=3).float()
        middles.append((where.sum(0) @ ticks / where.sum()).item())
        row = rendered(turn=turn, shape=3)[:, 2].sum(0)
        corners.append(int(row.diff().abs().argmax()))
    assert max(middles) - min(middles) < 1
    assert all(a + 2 < b for a, b in pairwise(corners))


def test_factors_number_every_room_once():
    index = torch.arange(0, rooms.grid_size(), 997)
    radix = torch.tensor([48_000, 4_800, 480, 60, 15, 1])
    assert torch.equal((rooms.factors_of(index) * radix).sum(1), index)
    assert rooms.factors_of(index).amax(0).tolist() == [count - 1 for count in rooms.FACTORS.values()]


@pytest.fixture
def unrendered(monkeypatch: pytest.MonkeyPatch) -> tuple[Data, Data]:
    monkeypatch.setattr(
        rooms, "render", lambda factors: torch.zeros(len(factors), 1, 1, 1, dtype=torch.uint8)
    )
    return load_data("rooms", "train"), load_data("rooms", "test")


def test_the_splits_are_disjoint_draws_of_the_grid_with_the_shape_as_class(unrendered: tuple[Data, Data]):
    rows = [row for data in unrendered for row in map(tuple, data.factors.tolist())]  # type: ignore[union-attr]
    assert [len(data) for data in unrendered] == [30_000, 10_000]
    assert len(set(rows)) == 40_000
    assert all(torch.equal(data.labels, data.factors[:, 4]) for data in unrendered)  # type: ignore[index]


@pytest.mark.slow
def test_every_machine_makes_the_same_images():
    data = load_data("rooms", "test")
    assert fingerprint(data.images, data.labels) == KNOWN["rooms"].fingerprints["test"]
