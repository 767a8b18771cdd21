"""A prior beside the encodings, against what is exact: moments, integrals, and a prior that equals the aggregate posterior."""

import math

import pytest
import torch

from vae_core import bundled, load
from vae_core.distributions import Sampler
from vae_core.distributions.flows import NormalizingFlow
from vae_core.explore import priors_by_class
from vae_core.explore.components import (
    Parts,
    dimensions_plane,
    draws,
    draws_of_each,
    effective,
    log_density,
    marginals,
    parts_of,
    plane_between,
    principal_plane,
    pseudo_inputs,
    responsibilities,
)

NAMES = sorted(bundled())


def two_parts() -> Parts:
    return Parts(
        torch.tensor([0.25, 0.75]),
        torch.tensor([[-3.0, 0.0, 1.0], [2.0, 1.0, 0.0]]),
        torch.tensor([[1.0, 0.5, 2.0], [0.5, 1.0, 1.0]]),
        torch.tensor([-1, -1]),
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_parts_make_up_the_prior(name: str):
    model = load(bundled()[name]).model
    for block in model.blocks:
        prior, parts = priors_by_class(model, block), parts_of(model, block)
        if prior is None or isinstance(prior, NormalizingFlow):
            assert parts is None
            continue
        assert parts is not None
        assert parts.weights.sum().item() == pytest.approx(1, abs=1e-5)
        codes = Sampler.seeded(0)(prior.expand((5, *prior.batch_shape))).reshape(-1, parts.means.shape[1])
        if prior.batch_shape:
            classes = prior.batch_shape[0]
            each = torch.stack([prior.log_prob(code.expand(classes, -1)) for code in codes])
            expected = each.logsumexp(-1) - math.log(classes)
        else:
            expected = prior.log_prob(codes)
        assert torch.allclose(log_density(parts, codes), expected, atol=2e-3)


def test_responsibilities_are_bayes_rule():
    parts, codes = two_parts(), torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    joint = torch.stack([d.log_prob(codes) for d in parts.distribution], -1).exp() * parts.weights
    assert torch.allclose(responsibilities(parts, codes), joint / joint.sum(-1, keepdim=True), atol=1e-5)


def test_draws_have_the_moments_of_the_mixture():
    parts = two_parts()
    codes, chosen = draws(parts, 200_000, seed=0)
    mean = parts.weights @ parts.means
    second = parts.weights @ (parts.scales.square() + parts.means.square())
    assert torch.allclose(codes.mean(0), mean, atol=0.03)
    assert torch.allclose(codes.var(0), second - mean.square(), atol=0.05)
    assert (chosen == 1).double().mean().item() == pytest.approx(0.75, abs=0.01)
    assert torch.equal(draws(parts, 5, seed=3)[0], draws(parts, 5, seed=3)[0])


def test_draws_of_each_part_are_of_that_part():
    parts = two_parts()
    codes = draws_of_each(parts, torch.tensor([1, 0]), 50_000, seed=0)
    assert torch.allclose(codes.mean(1), parts.means[[1, 0]], atol=0.03)
    assert torch.allclose(codes.std(1), parts.scales[[1, 0]], atol=0.03)


def test_a_part_in_a_plane_has_the_moments_of_its_projected_draws():
    parts = two_parts()
    codes = draws_of_each(parts, torch.arange(2), 200_000, seed=0)
    plane = principal_plane(codes.flatten(0, 1)[::7])
    centres, spreads = plane.marginals(parts)
    for k in range(2):
        placed = plane.project(codes[k])
        assert torch.allclose(placed.mean(0), centres[k], atol=0.03)
        assert torch.allclose(torch.cov(placed.T), spreads[k], atol=0.06)


def test_two_dimensions_are_seen_as_they_are():
    plane = dimensions_plane("z", 2, 0, 3)
    assert plane.names == ("z[2]", "z[0]")
    assert plane.project(torch.tensor([[1.0, 2.0, 3.0]])).tolist() == [[3.0, 1.0]]
    with pytest.raises(ValueError, match="two different"):
        dimensions_plane("z", 1, 1, 3)


def test_the_principal_plane_holds_the_variance():
    noise = torch.randn(5000, 4, generator=torch.Generator().manual_seed(0))
    codes = noise * torch.tensor([0.1, 3.0, 0.2, 1.0])
    plane = principal_plane(codes)
    assert plane.axes.abs().argmax(0).tolist() == [1, 3]
    assert torch.allclose(plane.axes.T @ plane.axes, torch.eye(2), atol=1e-5)
    assert "90%" in plane.names[0]


def test_a_block_of_one_dimension_has_a_plane_too():
    plane = principal_plane(torch.randn(20, 1, generator=torch.Generator().manual_seed(0)))
    assert plane.project(torch.ones(3, 1)).shape == (3, 2)


def test_the_plane_between_two_means_has_them_on_its_first_axis():
    first, second = torch.tensor([0.0, 0.0, 1.0]), torch.tensor([0.0, 4.0, 1.0])
    codes = torch.randn(500, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([2.0, 1.0, 0.1])
    plane = plane_between(first, second, codes, ("along", "across"))
    places = plane.project(torch.stack([first, second]))
    assert torch.allclose(places, torch.tensor([[-2.0, 0.0], [2.0, 0.0]]), atol=1e-5)
    assert plane.axes[:, 1].abs().argmax() == 0
    with pytest.raises(ValueError, match="same point"):
        plane_between(first, first, codes, ("", ""))


@pytest.mark.parametrize("dimension", [0, 1, 2])
def test_densities_of_a_dimension_integrate_to_one(dimension: int):
    parts = two_parts()
    means = torch.randn(300, 3, generator=torch.Generator().manual_seed(0))
    found = marginals(parts, means, torch.full_like(means, 0.5), dimension, 2001)
    for density in (found.prior, found.aggregate):
        assert torch.trapezoid(density, found.at).item() == pytest.approx(1, abs=0.01)


def gaussian(dimensions: int) -> Parts:
    return Parts(torch.ones(1), torch.zeros(1, dimensions), torch.ones(1, dimensions), torch.tensor([-1]))


def test_only_a_vampprior_has_pseudo_inputs():
    images = pseudo_inputs(load(bundled()["vae-mnist-vamp"]).model, "z")
    assert images is not None
    assert images.shape[1:] == (1, 28, 28)
    assert 0 < images.min() < images.max() < 1
    assert pseudo_inputs(load(bundled()["vae-mnist"]).model, "z") is None


def test_as_many_parts_are_used_as_share_the_items_equally():
    assert effective(torch.full((7,), 1 / 7)) == pytest.approx(7)
    assert effective(torch.tensor([1.0, 0.0])) == 1.0
