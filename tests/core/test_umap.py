"""UMAP in torch: its parts against what they are by definition, and the whole against umap-learn.

Shapes: N items, D dimensions, k neighbours.
"""

import math

import numpy as np
import pytest
import torch

from tests.support.tiers import first
from vae_core import load
from vae_core.projections import umap, umap_learn
from vae_core.umap import _descent, fuzzy_graph, nearest, similarity_curve
from vae_core.umap import umap as laid_out


def trustworthiness(codes: np.ndarray, places: np.ndarray, k: int = 15) -> float:
    sklearn = pytest.importorskip("sklearn.manifold")
    return sklearn.trustworthiness(codes, places, n_neighbors=k)


def test_the_neighbours_are_the_nearest_in_order():
    points = torch.randn(60, 4, generator=torch.Generator().manual_seed(0))
    distances, found = nearest(points, 7)
    between = torch.cdist(points, points).fill_diagonal_(math.inf)
    wanted = between.topk(7, largest=False)
    assert torch.equal(found, wanted.indices)
    assert torch.allclose(distances, wanted.values, atol=1e-5)


def test_the_weights_of_neighbours_sum_to_log2_k_from_each_side():
    points = torch.randn(80, 3, generator=torch.Generator().manual_seed(1))
    heads, tails, weights = fuzzy_graph(points, 10)
    both = torch.zeros(80, 80)
    both[heads, tails] = weights
    assert torch.equal(both, both.T)
    assert bool(((weights > 0) & (weights <= 1)).all())
    # Of each point the nearest has weight 1, whatever the other side says: w + 1 - w = 1.
    distances, found = nearest(points, 1)
    assert torch.allclose(both[torch.arange(80), found[:, 0]], torch.ones(80))
    distances, found = nearest(points, 9)
    beyond = distances - distances[:, :1]
    sigma = (beyond[0] / -torch.log(_one_side(distances[0], 10))).nanmedian()
    assert torch.exp(-beyond[0] / sigma).sum().item() == pytest.approx(math.log2(10), abs=1e-3)


def _one_side(distances: torch.Tensor, k: int) -> torch.Tensor:
    from vae_core.umap import _memberships

    return _memberships(distances[None], math.log2(k))[0]


def test_the_graph_is_that_of_umap_learn():
    """Its edges and weights for 40 points, from umap-learn 0.5.12 (`fuzzy_simplicial_set`, 6 neighbours), summed."""
    points = torch.from_numpy(np.sin(np.arange(120.0)).reshape(40, 3).astype(np.float32))
    _, _, weights = fuzzy_graph(points, 6)
    assert len(weights) == EDGES
    assert weights.sum().item() == pytest.approx(WEIGHT, rel=1e-4)


EDGES, WEIGHT = 210, 135.96146


def test_the_curve_is_that_of_the_paper():
    a, b = similarity_curve(0.001)
    assert (a, b) == pytest.approx((1.929, 0.7915), rel=1e-3)


def test_a_pull_descends_the_cross_entropy():
    """Without pushes a step goes down the gradient of -log phi, at both ends."""
    places = torch.tensor([[0.0, 0.0], [1.5, 0.5]], requires_grad=True)
    a, b = similarity_curve(0.1)
    squares = (places[0] - places[1]).square().sum()
    (gradient,) = torch.autograd.grad(torch.log1p(a * squares**b), places)
    moved = places.detach().clone()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vae_core.umap.NEGATIVES", 0)
        edge = (torch.tensor([0]), torch.tensor([1]), torch.ones(1))
        for _ in _descent(moved, edge, (a, b), 1, 0.01, torch.Generator().manual_seed(0)):
            pass
    assert torch.allclose(moved - places.detach(), -0.01 * gradient, atol=1e-6)


def test_the_same_seed_gives_the_same_map_and_another_another():
    codes = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    one, again, other = (umap(codes, seed) for seed in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("copies", first([2, 30]))
def test_items_of_one_code_lie_together_and_none_is_lost(copies: int):
    codes = np.repeat(np.random.default_rng(0).normal(size=(12, 3)), copies, axis=0).astype(np.float32)
    places = umap(codes)
    assert np.isfinite(places).all()
    assert places.shape == (12 * copies, 2)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_few_items_have_a_map(size: int):
    places = umap(np.random.default_rng(0).normal(size=(size, 2)).astype(np.float32))
    assert places.shape == (size, 2)
    assert np.isfinite(places).all()


def test_it_tells_how_far_it_is():
    shares: list[float] = []
    laid_out(np.random.default_rng(0).normal(size=(50, 3)), epochs=20, report=shares.append)
    assert shares == pytest.approx([n / 20 for n in range(1, 21)])


def test_a_curved_sheet_is_unrolled_as_trustworthily_as_its_neighbours_say():
    at = np.random.default_rng(0).uniform(size=(500, 2))
    angle = 1.5 * np.pi * (1 + 2 * at[:, 0])
    sheet = np.stack([angle * np.cos(angle), 20 * at[:, 1], angle * np.sin(angle)], 1).astype(np.float32)
    assert trustworthiness(sheet, umap(sheet)) > 0.97


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("default")  # numba's warnings are not ours
@pytest.mark.parametrize("model", ["vae-mnist", "beta-tcvae-sprites"])
def test_encodings_are_laid_out_as_trustworthily_as_by_umap_learn(model: str):
    found = load(model)
    codes = found.atlas.means[found.model.blocks[-1]][:3000].astype(np.float32)
    ours, theirs = umap(codes), umap_learn(codes)
    assert trustworthiness(codes, ours) > trustworthiness(codes, theirs) - 0.005
