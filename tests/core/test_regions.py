"""Regions of highest density against what is exact: a Gaussian's circle, two clusters, a ring, lines round a field.

Shapes: S draws.
"""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from vae_core.distributions import GaussianMixture, Sampler, diagonal_normal
from vae_core.explore.regions import SHARES, regions_of_density, regions_of_draws, rings


def drawn(*at: tuple[float, float], scale: float = 1.0, each: int = 2000) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.cat(
        [torch.tensor(place) + scale * torch.randn(each, 2, generator=generator) for place in at]
    )


def area(ring: np.ndarray) -> float:
    x, y = ring.T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def inside(found: list[np.ndarray], places: np.ndarray) -> np.ndarray:
    """By the even-odd rule over all outlines."""
    result = np.zeros(len(places), bool)
    for ring in found:
        for a, b in zip(ring, np.roll(ring, -1, 0), strict=True):
            crosses = (a[1] > places[:, 1]) != (b[1] > places[:, 1])
            with np.errstate(divide="ignore", invalid="ignore"):
                result ^= crosses & (
                    places[:, 0] < (b[0] - a[0]) * (places[:, 1] - a[1]) / (b[1] - a[1]) + a[0]
                )
    return result


@pytest.mark.parametrize("share", SHARES)
def test_the_region_of_a_gaussian_is_its_circle(share: float):
    """Within r lies 1 - exp(-r^2 / 2) of it."""
    (region,) = regions_of_density(
        lambda z: -0.5 * z.square().sum(-1), drawn((0.0, 0.0), each=20_000), (share,)
    )
    (ring,) = region.rings
    expected = math.sqrt(-2 * math.log(1 - share))
    assert np.linalg.norm(ring, axis=1) == pytest.approx(expected, rel=0.04)


@pytest.mark.parametrize("exact", [True, False])
def test_clusters_have_an_outline_each_and_none_between(exact: bool):
    places = [(-6.0, 0.0), (6.0, 1.0), (0.0, 8.0)]
    mixture = GaussianMixture.of(
        torch.zeros(3), diagonal_normal(torch.tensor(places), torch.full((3, 2), 0.6))
    )
    codes = drawn(*places, scale=0.6)
    found = regions_of_density(mixture.log_prob, codes) if exact else regions_of_draws(codes)
    others = Sampler.seeded(9)(mixture.expand((4000,))).numpy()
    for region in found:
        assert len(region.rings) == 3
        assert inside(region.rings, others).mean() == pytest.approx(region.share, abs=0.04)
        assert not inside(region.rings, np.zeros((1, 2))).any()


def test_a_ring_has_an_outer_and_an_inner_outline():
    angle = torch.linspace(0, 2 * math.pi, 3000)
    circle = 5 * torch.stack([angle.cos(), angle.sin()], -1)
    codes = circle + 0.4 * torch.randn(circle.shape, generator=torch.Generator().manual_seed(0))
    (region,) = regions_of_draws(codes, (0.9,))
    assert len(region.rings) == 2
    assert not inside(region.rings, np.zeros((1, 2))).any()
    outer, inner = sorted((abs(area(ring)) for ring in region.rings), reverse=True)
    assert outer > 25 * math.pi > inner
    assert area(region.rings[0]) * area(region.rings[1]) < 0  # the higher side on the same hand of both


def test_lines_are_closed_at_the_border_and_at_saddles():
    field = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    at = np.arange(3.0)
    found = rings(field, at, at, 0.5)
    assert len(found) == 5
    assert all(len(ring) == 4 for ring in found)
    assert rings(np.zeros((4, 4)), np.arange(4.0), np.arange(4.0), 0.5) == []
    (whole,) = rings(np.ones((4, 4)), np.arange(4.0), np.arange(4.0), 0.5)
    assert abs(area(whole)) > 9


@pytest.mark.parametrize(
    "codes",
    [
        torch.zeros(50, 2),
        torch.tensor([[0.0, 0.0], [1.0, 2.0]]).repeat(100, 1),
        torch.cat([torch.randn(500, 1, generator=torch.Generator().manual_seed(0)), torch.zeros(500, 1)], 1),
    ],
    ids=["one place", "two places", "one dimension"],
)
def test_draws_that_fall_together_have_outlines_that_are_numbers(codes: Tensor):
    for region in regions_of_draws(codes):
        assert all(np.isfinite(ring).all() for ring in region.rings)
