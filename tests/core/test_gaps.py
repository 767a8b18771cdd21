"""Annealing finds evidence that is known in closed form, and the gap of a bound falls into its two parts.

Shapes: B examples, D dimensions.
"""

import math

import pytest
import torch
from torch import Tensor, nn

from vae_core.conditionals import DiagonalGaussian
from vae_core.data import Data
from vae_core.distributions import Sampler, diagonal_normal
from vae_core.likelihoods import GaussianPixels
from vae_core.metrics import Evaluation, gaps, measure
from vae_core.metrics.gaps import annealed, fitted, mean_bound
from vae_core.model import Inferred, Model
from vae_core.models import VAE, Ladder
from vae_core.priors import StandardNormal

WEIGHT = torch.tensor(
    [[1.5, 1.2], [0.9, 0.4], [0.2, 0.7], [0.5, 0.1]], dtype=torch.float64
)  # x = W z + noise
NOISE = 0.5


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"EXAMPLES": 12, "CHAINS": 8, "TEMPERATURES": 10, "STEPS": 20, "FINAL": 20}.items():
        monkeypatch.setattr(gaps, name, value)


def linear() -> Model:
    """p(x|z) = N(W z, s^2 I), q(z|x) a standard normal whatever x is: its evidence is that of N(0, W W^T + s^2 I)."""
    decoder = nn.Sequential(nn.Linear(2, 4, bias=False), nn.Unflatten(1, (1, 2, 2)))
    head = nn.Sequential(nn.Flatten(), nn.Linear(4, 4))
    with torch.no_grad():
        decoder[0].weight.copy_(WEIGHT)
        for parameter in head.parameters():
            parameter.zero_()
    return (
        Model(
            p={
                "z": StandardNormal(2),
                "x": GaussianPixels(decoder, "z", gamma=torch.tensor(NOISE), learned=False),
            },
            q={"z": DiagonalGaussian(head, "x")},
        )
        .double()
        .requires_grad_(False)
    )


def observed(n: int = 6) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    z, e = (torch.randn(n, d, generator=generator, dtype=torch.float64) for d in (2, 4))
    return (z @ WEIGHT.T + NOISE * e).view(n, 1, 2, 2)


def evidence(x: Tensor) -> Tensor:
    covariance = WEIGHT @ WEIGHT.T + NOISE**2 * torch.eye(4, dtype=torch.float64)
    return torch.distributions.MultivariateNormal(torch.zeros(4, dtype=torch.float64), covariance).log_prob(
        x.flatten(1)
    )


def inferred(model: Model) -> Inferred:
    return model.infer({"x": observed()}, Sampler.seeded(0))


@pytest.fixture(scope="module")
def best() -> gaps.Gaussians:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gaps, "STEPS", 200)
        patch.setattr(gaps, "RATE", 0.1)
        return fitted(linear(), inferred(linear()), Sampler.seeded(2))


@pytest.mark.slow
def test_annealing_from_a_posterior_that_says_nothing_finds_the_evidence():
    model, x = linear(), observed()
    found = annealed(model, inferred(model), chains=32, temperatures=60, draw=Sampler.seeded(1))
    assert (found - evidence(x)).abs().max() < 0.3
    assert (found - evidence(x)).mean().abs() < 0.05


def test_without_temperatures_between_it_is_plain_importance_sampling():
    model = linear()
    told = inferred(model)
    draw = Sampler.seeded(3)
    z = draw(diagonal_normal(torch.zeros(6, 2, dtype=torch.float64), torch.ones(6, 2, dtype=torch.float64)))
    by_hand = model.p["x"]({"z": z}).log_prob(told.env["x"])
    assert torch.allclose(annealed(model, told, 1, 1, Sampler.seeded(3)), by_hand, atol=1e-6)


def test_the_fitted_gaussian_is_the_best_of_diagonal_ones(best: gaps.Gaussians):
    x, (mean, log_scale) = observed(), best["z"]
    precision = torch.eye(2, dtype=torch.float64) + WEIGHT.T @ WEIGHT / NOISE**2
    exact = x.flatten(1) @ WEIGHT / NOISE**2 @ torch.linalg.inv(precision)
    assert (mean - exact).abs().max() < 0.1
    # The best diagonal Gaussian has the precisions of the true posterior's diagonal.
    assert log_scale.mean(0).tolist() == pytest.approx((-0.5 * precision.diag().log()).tolist(), abs=0.1)


def test_the_parts_of_the_gap_are_those_of_the_linear_model(best: gaps.Gaussians):
    model, x = linear(), observed()
    bound = mean_bound(model, gaps._with(inferred(model), best), 500, Sampler.seeded(4))
    precision = torch.eye(2, dtype=torch.float64) + WEIGHT.T @ WEIGHT / NOISE**2
    approximation = 0.5 * (precision.diag().log().sum() - torch.logdet(precision)).item()
    assert approximation > 0.02
    assert (evidence(x) - bound).mean().item() == pytest.approx(approximation, abs=0.05)


def test_the_numbers_of_a_model_sum_to_its_evidence(digits: Data):
    torch.manual_seed(0)
    model = VAE(latent=2, nets="mlp-256").build(digits.signature).eval()
    data = digits.head(100).scored_by(model)
    found = measure(Evaluation(model, data, data), ["gaps"])
    assert list(found) == ["log_px_annealed", "approximation_gap", "amortisation_gap"]
    assert all(math.isfinite(number.value) and number.n == 12 for number in found.values())
    assert found["amortisation_gap"].value > -3 * found["amortisation_gap"].se - 0.05


def test_nothing_of_a_model_whose_posteriors_read_latents(digits: Data):
    model = Ladder(nets="mlp-256").build(digits.signature).eval()
    data = digits.head(50).scored_by(model)
    assert measure(Evaluation(model, data, data), ["gaps"]) == {}
