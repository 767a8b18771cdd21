"""Flow priors against what is exact: integrals, draws and density of one flow, the Gaussians that a flow can be.

Shapes: B examples, D latent dimensions, K classes.
"""

import math
import sys
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.distributions import kl_divergence as closed_form_kl

from tests.support.tiers import first
from vae_core.distributions import Sampler, diagonal_normal, kl_divergence
from vae_core.explore import estimated_moments, prior_distance, prior_moments, reach, ruler
from vae_core.explore.components import (
    Parts,
    Sampled,
    draws,
    draws_of_each,
    log_density,
    marginals,
    parts_of,
    responsibilities,
    shape_of,
)
from vae_core.flows import ClassFlow, Flow
from vae_core.kinds import Image
from vae_core.metrics.holes import EMPTIEST, holes
from vae_core.metrics.separation import bayes_errors, prior_overlap
from vae_core.model import Model
from vae_core.models import CDVAE, VAE, Signature
from vae_core.objectives.correlation import rate_parts
from vae_core.priors import one_hot

K = 3
IMAGES = Signature(Image(1, 8, 8), ("a", "b", "c"))


def bent(flow: Flow | ClassFlow, seed: int = 0, bend: float = 0.7) -> Flow | ClassFlow:
    """The same flow with weights by chance, of two clusters or so and no Gaussian."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in flow.named_parameters():
            width = p.shape[-1] ** -0.5 if name.endswith("weight") else 1.0
            share = 0.3 if name.startswith("flow.transforms.0") else bend
            p.copy_(share * width * torch.randn(p.shape, generator=generator))
    return flow.requires_grad_(False)


def gaussian(flow: Flow | ClassFlow, scale: float = 2.0, shift: float = -3.0) -> Flow | ClassFlow:
    """A flow of one affine map, e = scale z + shift: N(-shift / scale, 1 / scale^2) in each dimension, and every spline the identity."""
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.zero_()
        affine = flow.flow.transforms[0]
        a, b = affine.phi if hasattr(affine, "phi") else affine.hyper[-1].bias.view(-1, 2).T
        a.copy_(torch.full_like(a, shift))
        log = math.log(scale)
        b.copy_(
            torch.full_like(b, log / (1 - abs(log) / math.log(1e3)))
        )  # zuko keeps scales within [1e-3, 1e3]
    return flow.requires_grad_(False)


def labelled(n: int = K) -> Tensor:
    return one_hot(torch.arange(n) % K, K)


def grid(reach: float, steps: int) -> tuple[Tensor, float]:
    at = torch.linspace(-reach, reach, steps)
    x, y = torch.meshgrid(at, at, indexing="ij")
    return torch.stack([x, y], -1).flatten(0, 1), (at[1] - at[0]).item() ** 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", first([0, 1]))
def test_the_density_integrates_to_one(seed: int):
    places, area = grid(14, 500)
    density = bent(Flow(2, 2, 16), seed)({}).log_prob(places).exp()
    assert (density.sum() * area).item() == pytest.approx(1, abs=0.01)
    of_class = bent(ClassFlow(K, 2, 2, 16), seed)({"y": labelled()[1]})
    assert (of_class.log_prob(places).exp().sum() * area).item() == pytest.approx(1, abs=0.01)


def test_draws_lie_where_the_density_says():
    """The share of the draws in each cell of a coarse grid is the integral of the density over it."""
    d = bent(Flow(2, 2, 16))({})
    drawn = Sampler.seeded(0)(d.expand((40_000,)))
    places, area = grid(14, 560)
    mass = (d.log_prob(places).exp() * area).view(560, 560)
    cells = ((drawn + 14) / 28 * 8).long().clamp(0, 7)
    found = torch.bincount(cells[:, 0] * 8 + cells[:, 1], minlength=64).view(8, 8) / len(drawn)
    expected = mass.view(8, 70, 8, 70).sum((1, 3))
    assert (found - expected).abs().max() < 0.012
    assert expected.max() < 0.6  # it is spread over several


def test_a_draw_leads_back_to_its_noise():
    d = bent(ClassFlow(K, 5, 3, 16))({"y": labelled(200)})
    noise = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    again = d.flow(d.context)(d.pushed(noise))
    assert torch.allclose(again, noise, atol=1e-3)


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_a_flow_that_is_affine_is_that_gaussian(dimensions: int):
    flow = gaussian(Flow(dimensions, 2, 16), scale=2.0, shift=-3.0)
    same = diagonal_normal(torch.full((dimensions,), 1.5), torch.full((dimensions,), 0.5))
    z = torch.randn(50, dimensions, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(flow({}).log_prob(z), same.log_prob(z), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        flow({}).mean, same.mean, atol=1e-4, rtol=0
    )  # mirrored noise: exact where f is affine
    torch.testing.assert_close(flow({}).stddev, same.stddev, atol=0.03, rtol=0)


def test_the_divergence_at_draws_has_the_closed_form_as_its_mean():
    flow = gaussian(ClassFlow(K, 3, 2, 16), scale=1.5, shift=0.75)
    n = 20_000
    q = diagonal_normal(torch.full((n, 3), 0.2), torch.full((n, 3), 0.7))
    z = Sampler.seeded(0)(q)
    found = kl_divergence(q, flow({"y": labelled(n)}), z)
    exact = closed_form_kl(q, diagonal_normal(torch.full((3,), -0.5), torch.full((3,), 1 / 1.5)))[0]
    assert found.shape == (n,)
    assert found.mean().item() == pytest.approx(exact.item(), abs=4 * found.std().item() / math.sqrt(n))


def test_the_gradient_reaches_prior_and_posterior_through_the_draw():
    flow, loc = Flow(2, 1, 8), torch.zeros(4, 2, requires_grad=True)
    q = diagonal_normal(loc, torch.ones(4, 2))
    kl_divergence(q, flow({}), q.rsample()).sum().backward()
    assert loc.grad is not None
    assert loc.grad.abs().sum() > 0
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in flow.parameters())


def test_moments_are_those_of_draws_and_the_same_each_time():
    d = bent(ClassFlow(K, 2, 2, 16))({"y": labelled(7)})
    drawn = Sampler.seeded(5)(d.expand((20_000, 7)))
    assert torch.allclose(d.mean, drawn.mean(0), atol=0.12)
    assert torch.allclose(d.variance, drawn.var(0), rtol=0.15, atol=0.05)
    assert torch.equal(d.mean, d.expand((7,)).mean)
    assert torch.equal(d.mean[0], d.mean[3])  # of one class
    assert d.expand((2, 7)).mean.shape == (2, 7, 2)


def test_temperature_is_that_of_the_noise():
    d = bent(Flow(3, 1, 8))({})
    assert torch.allclose(Sampler.seeded(0, temperature=0.0)(d), d.pushed(torch.zeros(3)))
    cold, warm = (Sampler.seeded(0, temperature=t)(d.expand((500,))) for t in (0.3, 1.0))
    assert cold.var(0).sum() < warm.var(0).sum()


def test_many_rows_are_as_few():
    d = bent(ClassFlow(K, 2, 1, 8))({"y": labelled()})
    z = torch.randn(4000, 1, 2, generator=torch.Generator().manual_seed(0))
    found = d.log_prob(z)
    assert found.shape == (4000, K)
    for c in range(K):
        alone = bent(ClassFlow(K, 2, 1, 8))({"y": labelled()[c]})
        torch.testing.assert_close(found[:, c], alone.log_prob(z[:, 0]), atol=1e-5, rtol=1e-5)


def with_prior(model: Model, **priors: Flow | ClassFlow) -> Model:
    for block, prior in priors.items():
        model.p[block].load_state_dict(prior.state_dict())
    return model.eval().requires_grad_(False)


@pytest.fixture
def vae() -> Model:
    model = VAE(latent=2, prior="flow", flow_transforms=2, flow_width=16, nets="mlp-256").build(IMAGES)
    return with_prior(model, z=bent(Flow(2, 2, 16)))


@pytest.fixture
def cdvae() -> Model:
    declared = CDVAE(
        prior="class-flow",
        labelled=2,
        unlabelled=2,
        unlabelled_prior="flow",
        flow_transforms=2,
        flow_width=16,
    )
    model = declared.build(IMAGES)
    return with_prior(model, z_l=bent(ClassFlow(K, 2, 2, 16)), z_u=bent(Flow(2, 2, 16)))


def test_a_flow_has_no_parts_and_is_drawn_and_weighed_as_it_is(vae: Model, cdvae: Model):
    assert parts_of(vae, "z") is None
    assert parts_of(cdvae, "z_l") is None
    whole, classes = shape_of(vae, "z"), shape_of(cdvae, "z_l")
    assert isinstance(whole, Sampled)
    assert isinstance(classes, Sampled)
    assert (whole.classes.tolist(), classes.classes.tolist()) == ([-1], [0, 1, 2])
    z = torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(log_density(whole, z), vae.p["z"]({}).log_prob(z))
    each = cdvae.p["z_l"]({"y": labelled()}).log_prob(z[:, None])
    torch.testing.assert_close(log_density(classes, z), each.logsumexp(-1) - math.log(K))
    torch.testing.assert_close(responsibilities(classes, z), each.softmax(-1))
    codes, owner = draws(classes, 3000, seed=1)
    assert torch.equal(codes, draws(classes, 3000, seed=1)[0])
    assert torch.allclose(torch.bincount(owner) / 3000, torch.full((K,), 1 / K), atol=0.04)
    of_each = draws_of_each(classes, torch.tensor([2, 0]), 2000, seed=0)
    assert of_each.shape == (2, 2000, 2)
    assert torch.allclose(of_each.mean(1), cdvae.p["z_l"]({"y": labelled()}).mean[[2, 0]], atol=0.25)


@pytest.mark.slow
def test_the_holes_of_a_flow_are_those_of_its_own_density():
    """The encodings lie as the flow draws: by its density there are no holes, and by that of the Gaussian of its moments there are many."""
    model = VAE(latent=2, prior="flow", flow_transforms=2, flow_width=16, nets="mlp-256").build(IMAGES)
    model = with_prior(model, z=bent(Flow(2, 2, 16), seed=3))
    prior = shape_of(model, "z")
    assert isinstance(prior, Sampled)
    means = draws(prior, 8000, seed=11)[0]
    scales = torch.full_like(means, 0.03)
    means = means + 0.03 * torch.randn(means.shape, generator=torch.Generator().manual_seed(1))
    own = holes(prior, means, scales, 2000, seed=0).share()
    assert own.value == pytest.approx(EMPTIEST, abs=0.035)
    d = model.p["z"]({})
    taken = Parts(torch.ones(1), d.mean[None], d.stddev[None], torch.tensor([-1]))
    assert holes(taken, means, scales, 2000, seed=0).share().value > 3 * own.value


def test_the_density_of_a_dimension_is_that_of_draws(vae: Model):
    prior = shape_of(vae, "z")
    assert prior is not None
    means = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    found = marginals(prior, means, torch.full_like(means, 0.5), 0, 801)
    assert torch.trapezoid(found.prior, found.at).item() == pytest.approx(1, abs=0.02)
    places, _ = grid(14, 400)
    exact = vae.p["z"]({}).log_prob(places).exp().view(400, 400).sum(1) * (28 / 399)
    at = torch.linspace(-14, 14, 400)
    near = torch.searchsorted(at, found.at).clamp(0, 399)
    assert (exact[near] - found.prior).abs().mean() < 0.15 * exact.max()


def test_what_a_mean_and_a_scale_would_have_to_say_is_not_said_of_a_flow(cdvae: Model):
    assert prior_distance(cdvae, "z_l") is None
    assert prior_overlap(cdvae, "z_l") is None
    assert estimated_moments(cdvae, "z_l")
    assert estimated_moments(cdvae, "z_u")
    mixed = CDVAE(prior="class-mixture", nets="mlp-256").build(IMAGES)
    assert not estimated_moments(mixed, "z_l")
    assert prior_distance(mixed, "z_l") is None


def test_what_has_no_closed_form_is_had_of_draws(cdvae: Model):
    mean, variance = prior_moments(cdvae, "z_l", {})
    codes, _ = draws(shape_of(cdvae, "z_l"), 20_000, seed=2)  # type: ignore[arg-type]
    assert torch.allclose(mean[0], codes.mean(0), atol=0.15)
    assert torch.allclose(variance[0], codes.var(0), rtol=0.25)
    told = ruler(cdvae, "z_u", {}, span=2.0, steps=5)
    assert torch.equal(told.scale, cdvae.p["z_u"]({}).stddev)
    low, high = reach(cdvae, "z_l", torch.zeros(10, 2))
    assert (low < high).all()


def test_bayes_errors_are_those_of_its_own_densities():
    """Three classes at one place, and three far apart."""
    one = gaussian(ClassFlow(K, 2, 1, 8))({"y": labelled()})
    assert bayes_errors(one, 50, Sampler.seeded(0)).mean().item() == pytest.approx(1 - 1 / K, abs=1e-4)
    far = ClassFlow(K, 2, 1, 8)
    with torch.no_grad():
        for parameter in far.parameters():
            parameter.zero_()
        hyper = far.flow.transforms[0].hyper
        hyper[0].weight[:K] = 40 * torch.eye(K)
        hyper[2].weight[:K, :K] = torch.eye(K)
        hyper[4].weight[0, :K] = torch.arange(K).float()
    assert bayes_errors(far({"y": labelled()}), 50, Sampler.seeded(0)).max() < 1e-6


def test_the_parts_of_the_rate_are_those_of_a_prior_that_does_not_factorise(vae: Model):
    with pytest.raises(ValueError, match="leave out --tc-gamma"):
        rate_parts(vae, 100, 2.0, gamma=2.0)
    assert [part.block for part in rate_parts(vae, 100, 2.0)] == ["z"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"flow_width": 8}, "flow-width is of a flow prior"),
        ({"prior": "mixture", "flow_transforms": 2}, "flow-transforms is of a flow prior"),
        ({"prior": "flow", "flow_transforms": 0}, "flow transforms must be between 1"),
        ({"prior": "flow", "flow_width": 0}, "flow width must be between 1"),
    ],
)
def test_what_makes_no_flow_is_said_in_a_sentence(
    arguments: dict, says: str, one_line: Callable[[Exception], str]
):
    with pytest.raises(ValueError, match=says) as caught:
        VAE(**arguments).build(IMAGES)
    one_line(caught.value)


def test_without_zuko_a_flow_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, one_line: Callable[[Exception], str]
):
    monkeypatch.setitem(sys.modules, "zuko", None)
    monkeypatch.delitem(sys.modules, "vae_core.couplings", raising=False)
    for name in [name for name in sys.modules if name.startswith("zuko.")]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ValueError, match=r"pip install 'latent-explorer\[flows\]'") as caught:
        Flow(2)
    one_line(caught.value)
