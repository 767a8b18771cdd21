"""Two estimates of one gradient, against what it is exactly for a linear model, and their spread."""

import math

import pytest
import torch
from torch import Tensor

from vae_core.distributions import Sampler
from vae_core.explore import two_gradients
from vae_core.models import linear

DRAWS = 200_000


@pytest.fixture(scope="module")
def fit() -> linear.Fit:
    torch.manual_seed(0)
    return linear.Fit(
        torch.randn(6, 2, dtype=torch.float64), torch.randn(6).double(), torch.tensor(0.5).double()
    )


X = torch.linspace(-1, 1, 6, dtype=torch.float64)
MEAN, SCALE = torch.tensor([0.3, -0.5]).double(), torch.tensor([0.6, 0.9]).double()


def elbo(fit: linear.Fit, mean: Tensor) -> Tensor:
    """E_q[log p(x, z)] + H(q), by hand: the quadratic form at the mean, and the traces that the covariance adds."""
    traces = -0.5 * (((fit.weight.square() / fit.variance).sum(0) + 1) * SCALE.square()).sum()
    entropy = SCALE.log().sum() + math.log(2 * math.pi * math.e)
    return linear.log_joint(fit, X, mean[None])[0] + traces + entropy


def test_the_joint_density_is_that_of_prior_and_likelihood(fit: linear.Fit):
    z = torch.randn(5, 2, dtype=torch.float64)
    likelihood = (
        torch.distributions.Normal(z @ fit.weight.T + fit.bias, fit.variance.sqrt()).log_prob(X).sum(1)
    )
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1)
    assert torch.allclose(linear.log_joint(fit, X, z), likelihood + prior)


def test_the_exact_slope_is_the_derivative_of_the_elbo(fit: linear.Fit):
    mean = MEAN.clone().requires_grad_()
    elbo(fit, mean).backward()
    assert torch.allclose(linear.elbo_slope(fit, X, MEAN), mean.grad)  # type: ignore[arg-type]


def test_both_estimates_are_unbiased(fit: linear.Fit):
    exact = linear.elbo_slope(fit, X, MEAN)
    for found in two_gradients(lambda z: linear.log_joint(fit, X, z), MEAN, SCALE, DRAWS, Sampler.seeded(1)):
        error = found.std(0) / DRAWS**0.5
        assert ((found.mean(0) - exact).abs() < 4 * error).all()


def test_the_spread_of_the_reparameterised_one_is_that_of_its_linear_slope(fit: linear.Fit):
    """The slope is linear in z: its covariance is A diag(scale^2) A' with A = W'W / s^2 + I."""
    found = two_gradients(lambda z: linear.log_joint(fit, X, z), MEAN, SCALE, DRAWS, Sampler.seeded(2))
    a = fit.weight.T @ fit.weight / fit.variance + torch.eye(2).double()
    exact = (a @ SCALE.square().diag() @ a.T).diagonal()
    assert torch.allclose(found.reparameterised.var(0), exact, rtol=0.02)
    assert (found.score.var(0) > 2 * exact).all()


def test_the_score_is_that_of_automatic_differentiation(fit: linear.Fit):
    found = two_gradients(lambda z: linear.log_joint(fit, X, z), MEAN, SCALE, 3, Sampler.seeded(3))
    z = MEAN + SCALE * Sampler.seeded(3).normal((3, 2), torch.device("cpu")).double()
    for row, code in zip(found.score, z, strict=True):
        mean = MEAN.clone().requires_grad_()
        log_q = torch.distributions.Normal(mean, SCALE).log_prob(code).sum()
        weight = linear.log_joint(fit, X, code[None])[0] - log_q.detach()
        (weight * log_q).backward()
        assert torch.allclose(row, mean.grad)  # type: ignore[arg-type]
