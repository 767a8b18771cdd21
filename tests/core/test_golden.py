"""Models small enough to have exact answers: the bound, its parts and the class posterior against closed forms.

Shapes: N points, D data dimensions, K classes, S draws.
"""

import copy
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import (
    Categorical,
    Distribution,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
)

from vae_core.conditionals import Conditional, DiagonalGaussian
from vae_core.distributions import Sampler, diagonal_normal, kl_divergence, kl_per_dimension, mean
from vae_core.labels import class_log_joint, uniform_log_prior
from vae_core.metrics.evidence import importance_weighted
from vae_core.model import Model
from vae_core.nets import Joined
from vae_core.priors import Prototypes, StandardNormal, one_hot

N, D = 400, 6
NOISE = 0.3


class GaussianPixels(Conditional):
    """N(x; net(*parents), variance I)."""

    def __init__(self, net: nn.Module, variance: float, *given: str):
        super().__init__(*given)
        self.net, self.variance = net, variance

    def forward(self, env: Any) -> Distribution:
        loc = self.net(*self.parents(env))
        return diagonal_normal(loc, torch.full_like(loc, math.sqrt(self.variance)))


def linear(weight: Tensor, bias: Tensor) -> nn.Module:
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return Joined(layer).requires_grad_(False)


def gaussian_encoder(weight: Tensor, bias: Tensor, variances: Tensor) -> DiagonalGaussian:
    """q(z|x) = N(weight x + bias, diag variances)."""
    log_scales = 0.5 * variances.log()
    return DiagonalGaussian(
        linear(torch.cat([weight, torch.zeros_like(weight)]), torch.cat([bias, log_scales])), "x"
    )


def linear_vae(weight: Tensor, bias: Tensor, variance: float) -> Model:
    """The VAE of x = W z + b + noise with the best diagonal posterior: N(M^-1 W'(x - b), variance / diag M)."""
    precision = weight.T @ weight + variance * torch.eye(weight.shape[1])
    back = torch.linalg.solve(precision, weight.T)
    return Model(
        p={"z": StandardNormal(weight.shape[1]), "x": GaussianPixels(linear(weight, bias), variance, "z")},
        q={"z": gaussian_encoder(back, -back @ bias, variance / precision.diagonal())},
    )


class PPCA(NamedTuple):
    """Points, the closed-form fit of two components to them, and what the fit says of each point."""

    points: Tensor
    weight: Tensor
    bias: Tensor
    variance: float
    average: float
    log_px: Tensor


@pytest.fixture
def ppca() -> PPCA:
    points = (torch.randn(N, 2) * torch.tensor([3.0, 1.5])) @ torch.randn(2, D) + 0.5 * torch.randn(N, D) + 1
    bias, exact = points.mean(0), points.double()
    eigenvalues, directions = torch.linalg.eigh(torch.cov(exact.T, correction=0))
    variance = eigenvalues[:-2].mean()
    weight = directions[:, -2:] * (eigenvalues[-2:] - variance).sqrt()
    spread = eigenvalues[-2:].log().sum() + (D - 2) * variance.log()
    average = -0.5 * (D * math.log(2 * math.pi) + spread + D)
    marginal = MultivariateNormal(exact.mean(0), weight @ weight.T + variance * torch.eye(D))
    return PPCA(
        points, weight.float(), bias, variance.item(), average.item(), marginal.log_prob(exact).float()
    )


def rotated(weight: Tensor) -> Tensor:
    """W R with R a turn by 45 degrees: the same evidence, but a posterior that is no longer diagonal."""
    half = math.sqrt(0.5)
    return weight @ torch.tensor([[half, -half], [half, half]])


def expected_elbo(model: Model, batch: dict[str, Tensor], dimensions: int) -> Tensor:
    """E_q of the bound, `(N,)`, exactly: the points mean +- sqrt(d) scale_j integrate every quadratic."""
    found = []
    for direction in torch.cat([torch.eye(dimensions), -torch.eye(dimensions)]) * math.sqrt(dimensions):

        def draw(q: Distribution, direction: Tensor = direction) -> Tensor:
            return q.mean + q.stddev * direction

        found.append(model.terms(batch, draw).elbo)
    return torch.stack(found).mean(0)


def test_a_linear_vae_attains_the_evidence_of_ppca(ppca: PPCA):
    model = linear_vae(ppca.weight, ppca.bias, ppca.variance)
    found = expected_elbo(model, {"x": ppca.points}, 2)
    assert found.mean().item() == pytest.approx(ppca.average, abs=1e-4)
    assert torch.allclose(found, ppca.log_px, atol=1e-3)


def test_draws_of_the_bound_average_to_the_evidence_of_ppca(ppca: PPCA):
    model, draw = linear_vae(ppca.weight, ppca.bias, ppca.variance), Sampler.seeded(0)
    draws = torch.stack([model.terms({"x": ppca.points}, draw).elbo.mean() for _ in range(200)])
    error = (draws.std() / math.sqrt(200)).item()
    assert error < 0.01
    assert draws.mean().item() == pytest.approx(ppca.average, abs=4 * error)


def test_a_rotated_basis_loses_exactly_what_a_diagonal_posterior_cannot_say(ppca: PPCA):
    weight = rotated(ppca.weight)
    found = expected_elbo(linear_vae(weight, ppca.bias, ppca.variance), {"x": ppca.points}, 2)
    precision = (weight.T @ weight + ppca.variance * torch.eye(2)).double()
    gap = 0.5 * (precision.diagonal().log().sum() - precision.logdet())  # KL of the two Gaussians
    assert gap > 0.1
    assert found.mean().item() == pytest.approx(ppca.average - gap.item(), abs=1e-3)


@pytest.mark.parametrize("samples", [1, 2, 50])
def test_importance_weights_are_constant_under_the_exact_posterior(ppca: PPCA, samples: int):
    model = linear_vae(ppca.weight, ppca.bias, ppca.variance)
    found = importance_weighted(model, {"x": ppca.points}, samples, Sampler.seeded(samples))
    assert torch.allclose(found, ppca.log_px, atol=1e-4)


def test_the_importance_bound_climbs_from_the_elbo_to_the_evidence(ppca: PPCA):
    batch, model = {"x": ppca.points}, linear_vae(rotated(ppca.weight), ppca.bias, ppca.variance)
    elbo = expected_elbo(model, batch, 2).mean().item()
    bounds = [importance_weighted(model, batch, s, Sampler.seeded(0)).mean().item() for s in (2, 10, 500)]
    assert elbo < bounds[0] < bounds[1] < bounds[2]
    assert 0 < ppca.average - bounds[2] < 0.2 * (ppca.average - elbo)


class Toy(NamedTuple):
    """A linear-Gaussian CDVAE, draws of it with their classes, and log p(c|x) by the exact rule."""

    model: Model
    batch: dict[str, Tensor]
    labels: Tensor
    log_posterior: Tensor


K = 4
SEPARATION = 2.0


@pytest.fixture
def toy() -> Toy:
    """x = W_l z_l + W_u z_u + b + noise with orthogonal columns, those of W_l of one length: q is exact but for the class.

    Then N(W_l'(x - b) / (a + variance), ...), a the squared length, is the mean for which Bayes' rule on the divergences
    is Bayes' rule on x.
    """
    basis, _ = torch.linalg.qr(torch.randn(D, D))
    weight = basis * torch.tensor([1.5] * K + [0.7] * (D - K))
    bias = torch.randn(D)
    squared = weight.square().sum(0)
    back, variances = weight.T / (squared + NOISE)[:, None], NOISE / (squared + NOISE)
    labelled, unlabelled = slice(0, K), slice(K, D)
    model = Model(
        p={
            "z_l": Prototypes(K, K, SEPARATION),
            "z_u": StandardNormal(D - K),
            "x": GaussianPixels(linear(weight, bias), NOISE, "z_l", "z_u"),
        },
        q={
            name: gaussian_encoder(back[part], -back[part] @ bias, variances[part])
            for name, part in (("z_l", labelled), ("z_u", unlabelled))
        },
    )
    labels = torch.arange(4000) % K
    batch = {"y": one_hot(labels, K)}
    batch["x"] = model.generate(batch, draw=Sampler.seeded(1))["x"]
    covariance = weight @ weight.T + NOISE * torch.eye(D)
    centres = SEPARATION * torch.eye(K) @ weight[:, labelled].T + bias
    log_px = MultivariateNormal(centres, covariance).log_prob(batch["x"][:, None])
    return Toy(model, batch, labels, log_px.log_softmax(-1))


def test_the_class_posterior_is_the_exact_one_on_a_linear_gaussian_cdvae(toy: Toy):
    inferred = toy.model.infer({"x": toy.batch["x"]})
    found = class_log_joint(toy.model, inferred, uniform_log_prior(K)).log_softmax(-1)
    assert torch.allclose(found, toy.log_posterior, atol=1e-4)


def test_bayes_rule_on_the_terms_is_as_right_as_the_exact_rule(toy: Toy):
    inferred = toy.model.infer({"x": toy.batch["x"]})
    guess = class_log_joint(toy.model, inferred, uniform_log_prior(K)).argmax(-1)
    exact = toy.log_posterior.argmax(-1)
    assert (guess == exact).float().mean() > 0.999
    assert 0.4 < (exact == toy.labels).float().mean() < 0.9  # a task on which rules could differ


def test_the_prior_of_the_classes_enters_the_class_posterior(toy: Toy):
    inferred, log_prior = toy.model.infer({"x": toy.batch["x"]}), torch.tensor([0.7, 0.1, 0.1, 0.1]).log()
    found = class_log_joint(toy.model, inferred, log_prior).log_softmax(-1)
    assert torch.allclose(found, (toy.log_posterior + log_prior).log_softmax(-1), atol=1e-4)


def test_bounds_of_two_classes_differ_by_their_divergences_alone(toy: Toy):
    model, x, n = copy.deepcopy(toy.model).double(), toy.batch["x"][:100].double(), 100

    def bound(c: int) -> Any:
        return model.terms({"x": x, "y": one_hot(torch.full((n,), c), K).double()}, Sampler.seeded(0))

    one, other = bound(0), bound(1)
    log_joint = class_log_joint(model, model.infer({"x": x}), uniform_log_prior(K).double())
    assert torch.equal(one.distortion, other.distortion)
    assert torch.allclose(one.elbo - other.elbo, log_joint[:, 0] - log_joint[:, 1], rtol=0, atol=1e-9)


def quadrature(q: Normal, p: Normal) -> float:
    """KL(q || p) of two numbers by the trapezium rule over +-12 standard deviations of q."""
    z = q.mean + q.stddev * torch.linspace(-12, 12, 20_001, dtype=torch.float64)
    return torch.trapezoid(q.log_prob(z).exp() * (q.log_prob(z) - p.log_prob(z)), z).item()


LOCS, SCALES = torch.tensor([0.0, 1.0, -2.0]), torch.tensor([1.0, 0.2, 1.7])
PRIOR_LOCS, PRIOR_SCALES = torch.tensor([0.5, 1.0, 0.0]), torch.tensor([1.0, 1.0, 0.6])


def divergence_by_quadrature() -> list[float]:
    return [
        quadrature(Normal(a.double(), b.double()), Normal(c.double(), d.double()))
        for a, b, c, d in zip(LOCS, SCALES, PRIOR_LOCS, PRIOR_SCALES, strict=True)
    ]


def pair() -> tuple[Independent, Independent]:
    return diagonal_normal(LOCS[None], SCALES[None]), diagonal_normal(PRIOR_LOCS, PRIOR_SCALES)


def test_the_divergence_of_each_dimension_is_what_quadrature_gives():
    found = kl_per_dimension(*pair())
    assert found is not None
    assert found[0].tolist() == pytest.approx(divergence_by_quadrature(), abs=1e-5)


def test_the_closed_form_divergence_is_the_sum_that_quadrature_gives():
    q, p = pair()
    found = kl_divergence(q, p, torch.full((1, 3), math.nan))  # exact, so that no draw enters
    assert found.tolist() == pytest.approx([sum(divergence_by_quadrature())], abs=1e-5)


def one_component(p: Independent) -> MixtureSameFamily:
    """The same distribution in a form for which torch knows no divergence."""
    return MixtureSameFamily(Categorical(torch.ones(1)), Independent(Normal(p.mean[None], p.stddev[None]), 1))


def test_the_divergence_without_closed_form_is_an_unbiased_estimate_of_it():
    q, p = pair()
    q = q.expand((20_000,))
    draws = kl_divergence(q, one_component(p), Sampler.seeded(0)(q))
    error = (draws.std() / math.sqrt(20_000)).item()
    assert error < 0.1
    assert draws.mean().item() == pytest.approx(sum(divergence_by_quadrature()), abs=4 * error)


def test_the_divergence_without_closed_form_is_taken_at_the_given_draw():
    q, p = pair()
    z = torch.tensor([[0.3, -0.4, 2.0]])
    assert torch.allclose(kl_divergence(q, one_component(p), z), q.log_prob(z) - p.log_prob(z))


def test_a_mixture_has_no_divergence_by_dimension():
    q, p = pair()
    assert kl_per_dimension(q, one_component(p)) is None


@pytest.mark.parametrize("draw", [mean, Sampler.seeded(0, temperature=0.0)])
def test_without_noise_a_draw_is_the_mean(draw: Callable[[Distribution], Tensor]):
    q, _ = pair()
    assert torch.equal(draw(q), q.mean)
