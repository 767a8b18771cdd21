"""The linear case, where everything has a closed form: PPCA, the linear VAE and beta-VAE, multipliers that meet their constraint,
and the gamma that fits best.

Shapes: N points, D data dimensions, d latent dimensions.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Distribution, MultivariateNormal

from tests.support.tiers import first
from vae_core.conditionals import DiagonalGaussian
from vae_core.data import Data
from vae_core.distributions import Sampler
from vae_core.kinds import Image
from vae_core.likelihoods import LOG_GAMMA_FLOOR, GaussianPixels, OptimalGaussianPixels
from vae_core.metrics.evidence import importance_weighted
from vae_core.model import Model, Terms
from vae_core.models import PPCA, Signature
from vae_core.models import linear as ppca
from vae_core.nets import Joined
from vae_core.objectives import Capacity, Constrained, Geco, Weighted, Weighting
from vae_core.priors import StandardNormal
from vae_core.training import Options, train

# The eigenvalues of the covariance of the points, exactly.
SPECTRUM = torch.tensor([4.0, 2.0, 1.0, 0.5, 0.2, 0.1], dtype=torch.float64)
N, D = 60, len(SPECTRUM)
NOISE = 0.25


@pytest.fixture
def points() -> Tensor:
    """`(N, D)` in double precision, with the spectrum along random directions and a mean that is not 0."""
    raw = torch.randn(N, D, dtype=torch.float64)
    white, _ = torch.linalg.qr(raw - raw.mean(0))
    directions, _ = torch.linalg.qr(torch.randn(D, D, dtype=torch.float64))
    return math.sqrt(N) * white * SPECTRUM.sqrt() @ directions + torch.linspace(-1, 2, D, dtype=torch.float64)


def random_fit(latent: int) -> ppca.Fit:
    weight, bias = torch.randn(D, latent, dtype=torch.float64), torch.randn(D, dtype=torch.float64)
    return ppca.Fit(ppca.principal(weight), bias, torch.tensor(0.3, dtype=torch.float64))


def marginal(fit: ppca.Fit) -> MultivariateNormal:
    """N(b, W W' + s^2 I)."""
    identity = torch.eye(len(fit.bias), dtype=torch.float64)
    return MultivariateNormal(fit.bias, fit.weight @ fit.weight.T + fit.variance * identity)


@pytest.mark.parametrize("latent", [1, 3, 5])
def test_the_log_likelihood_is_the_density_of_the_marginal_normal(points: Tensor, latent: int):
    fit, moments = random_fit(latent), ppca.Moments.of(lambda: points.split(100))
    expected = marginal(fit).log_prob(points).mean().item()
    assert ppca.log_likelihood(moments, fit) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("latent", [1, 3, 5])
def test_the_closed_form_keeps_the_leading_variances_and_averages_the_rest(points: Tensor, latent: int):
    fit = ppca.closed_form(ppca.Moments.of(lambda: points.split(100)), latent)
    rest = SPECTRUM[latent:].mean()
    kept = torch.cat([SPECTRUM[:latent], rest.expand(D - latent)])
    assert torch.allclose(fit.bias, points.mean(0), rtol=0, atol=1e-12)
    assert torch.allclose(torch.linalg.eigvalsh(marginal(fit).covariance_matrix).flip(0), kept)
    assert marginal(fit).log_prob(points).mean().item() == pytest.approx(
        -0.5 * (D * math.log(2 * math.pi) + kept.log().sum().item() + D)
    )


def test_no_small_step_improves_the_closed_form(points: Tensor):
    moments = ppca.Moments.of(lambda: points.split(100))
    fit = ppca.closed_form(moments, 2)
    best = ppca.log_likelihood(moments, fit)
    for part, size in itertools.product(range(3), (-1e-2, 1e-2)):
        moved = [
            value + size * torch.randn_like(value) if i == part else value for i, value in enumerate(fit)
        ]
        assert ppca.log_likelihood(moments, ppca.Fit(*moved)) < best


def climb(moments: ppca.Moments, fit: ppca.Fit) -> Iterator[ppca.Fit]:
    while True:
        fit = ppca.em_step(moments, fit)
        yield fit


def test_em_never_falls_and_reaches_the_closed_form(points: Tensor):
    moments = ppca.Moments.of(lambda: points.split(100))
    fits = list(itertools.islice(climb(moments, random_fit(2)), 300))
    found = torch.tensor([ppca.log_likelihood(moments, fit) for fit in fits], dtype=torch.float64)
    best = ppca.log_likelihood(moments, ppca.closed_form(moments, 2))
    assert found.diff().min() > -1e-12
    assert found[0] < best - 0.1
    assert found[-1].item() == pytest.approx(best, abs=1e-9)


def test_after_each_step_of_em_the_posterior_is_diagonal(points: Tensor):
    moments = ppca.Moments.of(lambda: points.split(100))
    for fit in itertools.islice(climb(moments, random_fit(3)), 20):
        products = fit.weight.T @ fit.weight
        assert torch.allclose(products, products.diagonal().diag(), rtol=0, atol=1e-12)
        assert fit.lengths.tolist() == sorted(fit.lengths.tolist(), reverse=True)


def test_the_moments_are_those_of_the_points_however_many():
    many = torch.randn(25_000, 3) + torch.tensor([0.0, 100.0, -5.0])
    found = ppca.Moments.of(lambda: [many])
    assert torch.allclose(found.mean, many.double().mean(0), rtol=1e-12)
    assert torch.allclose(found.covariance, many.double().T.cov(correction=0), rtol=1e-9, atol=1e-12)


def expected_terms(model: Model, x: Tensor, latent: int) -> Terms:
    """Terms `(2 d N,)` whose means are expectations under q, exactly: the points mean +- sqrt(d) scale_j integrate every quadratic."""
    signs = torch.cat([torch.eye(latent), -torch.eye(latent)]).to(x) * math.sqrt(latent)
    directions = signs.repeat_interleave(len(x), 0)

    def draw(q: Distribution) -> Tensor:
        return q.mean + q.stddev * directions

    return model.terms({"x": x.repeat(2 * latent, *[1] * (x.dim() - 1))}, draw)


def descend(model: Model, loss: Callable[[], Tensor], steps: int = 200) -> float:
    """The least value that L-BFGS finds of an exact loss."""
    optimiser = torch.optim.LBFGS(
        model.parameters(),
        max_iter=steps,
        history_size=30,
        tolerance_grad=1e-9,
        tolerance_change=1e-13,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    optimiser.step(closure)  # type: ignore[arg-type]
    return loss().item()


def fit_of(model: Model) -> ppca.Fit:
    """Decoder and noise of a linear model as they stand."""
    likelihood: Any = model.p["x"]
    parts = likelihood.net[0].weight, likelihood.net[0].bias, likelihood.gamma.square()
    return ppca.Fit(*(part.detach().double() for part in parts))


LATENT = 3


def test_a_linear_vae_learns_the_evidence_and_the_noise_of_ppca(points: Tensor):
    model = PPCA(latent=LATENT, fit="gradient").build(Signature(Image(1, 1, D), ())).double()
    images, moments = points.view(N, 1, 1, D), ppca.Moments.of(lambda: points.split(100))
    fit = ppca.closed_form(moments, LATENT)
    loss = descend(model, lambda: -expected_terms(model, images, LATENT).elbo.mean())
    assert -loss == pytest.approx(ppca.log_likelihood(moments, fit), abs=1e-4)
    assert fit_of(model).variance.item() == pytest.approx(fit.variance.item(), rel=1e-3)


def linear_vae(latent: int) -> Model:
    """A linear VAE whose gamma^2 is `NOISE` for good."""
    decoder, gamma = Joined(nn.Linear(latent, D)), torch.tensor(math.sqrt(NOISE))
    return Model(
        p={"z": StandardNormal(latent), "x": GaussianPixels(decoder, "z", gamma=gamma, learned=False)},
        q={"z": DiagonalGaussian(Joined(nn.Linear(D, 2 * latent)), "x")},
    ).double()


def rate(beta: float, latent: int = D) -> float:
    """R(beta) = sum_j log+(lambda_j / (beta s^2)) / 2 of the best linear beta-VAE."""
    return 0.5 * (SPECTRUM[:latent] / (beta * NOISE)).log().clamp(min=0).sum().item()


def distortion(beta: float) -> float:
    """D(beta) = (D log 2 pi s^2 + sum_j min(lambda_j, beta s^2) / s^2) / 2 of the best linear beta-VAE."""
    left = SPECTRUM.clamp(max=beta * NOISE).sum().item()
    return 0.5 * (D * math.log(2 * math.pi * NOISE) + left / NOISE)


@pytest.mark.parametrize(("beta", "active"), first([(3.0, 3), (20.0, 0), (0.5, 4), (1.0, 4), (10.0, 1)]))
def test_a_linear_beta_vae_keeps_the_variances_above_beta_times_the_noise(
    points: Tensor, beta: float, active: int
):
    model, rule = linear_vae(LATENT + 1), Weighted(beta)
    descend(model, lambda: rule(expected_terms(model, points, LATENT + 1), {}).mean())
    terms = expected_terms(model, points, LATENT + 1)
    lengths, _ = fit_of(model).lengths.sort(descending=True)
    assert (lengths > 0.01).sum() == active
    assert torch.allclose(lengths, (SPECTRUM[: LATENT + 1] - beta * NOISE).clamp(min=0), rtol=0, atol=0.005)
    assert terms.rate.mean().item() == pytest.approx(rate(beta, LATENT + 1), abs=1e-3)


@pytest.mark.slow
def test_the_closed_form_of_the_distortion_is_that_of_a_trained_beta_vae(points: Tensor):
    model, rule = linear_vae(LATENT), Weighted(3.0)
    descend(model, lambda: rule(expected_terms(model, points, LATENT), {}).mean())
    assert expected_terms(model, points, LATENT).distortion.mean().item() == pytest.approx(
        distortion(3.0), abs=1e-3
    )


def terms_of(distortion: float, rate: float) -> Terms:
    return Terms({"x": torch.full((4,), -distortion)}, {"z": torch.full((4,), rate)}, {})


def play(rule: Weighting, answer: Callable[[float], Terms], steps: int) -> dict[str, float]:
    """Feed a rule the terms of a model that is always at the optimum for the beta the rule asks for."""
    for _ in range(steps):
        rule(answer(rule.state()["beta"]), {})
    return rule.state()


def at_optimum(beta: float) -> Terms:
    return terms_of(distortion(beta), rate(beta))


@pytest.mark.parametrize("beta", first([2.5, 0.1, 7.0]))
def test_dual_ascent_finds_the_beta_whose_rate_is_delta(beta: float):
    found = play(Constrained(rate(beta)), at_optimum, 2500)
    assert found == pytest.approx({"beta": beta, "rate": rate(beta), "active": 1.0}, rel=1e-3)


def test_a_constraint_that_never_binds_is_inactive():
    rule = Constrained(5.0)
    found = play(rule, lambda beta: terms_of(100.0, 0.1), 1000)
    assert found["active"] == 0.0
    assert found["beta"] == pytest.approx(Constrained.RANGE[0])


def test_a_constraint_that_cannot_be_met_ends_at_the_greatest_beta():
    found = play(Constrained(1.0, speed=1.0), lambda beta: terms_of(100.0, 9.0), 300)
    assert found == pytest.approx({"beta": Constrained.RANGE[1], "rate": 9.0, "active": 1.0})


def test_the_multiplier_waits_for_the_average_to_settle():
    rule = Constrained(2.0)
    assert play(rule, lambda beta: terms_of(100.0, 50.0), Constrained.WARMUP)["beta"] == 1.0
    assert play(rule, lambda beta: terms_of(100.0, 50.0), 1)["beta"] > 1.0


def test_a_constrained_loss_is_the_lagrangian_and_does_not_move_while_measuring():
    rule = Constrained(2.0).eval()
    rule.log_beta.fill_(math.log(3.0))
    for _ in range(Constrained.WARMUP + 10):
        found = rule(terms_of(100.0, 50.0), {})
    assert found.tolist() == pytest.approx([100 + 3 * (50 - 2)] * 4)
    assert rule.state() == pytest.approx({"beta": 3.0, "rate": 0.0, "active": 1.0})


@pytest.mark.parametrize("beta", first([2.5, 0.5, 7.0]))
def test_geco_meets_its_tolerance_at_the_beta_of_the_same_distortion(beta: float):
    tolerance = distortion(beta)
    found = play(Geco(tolerance, speed=0.05), at_optimum, 1500)
    assert found == pytest.approx({"lambda": 1 / beta, "beta": beta, "distortion": tolerance}, rel=1e-3)


def test_the_loss_of_geco_is_its_lagrangian():
    rule = Geco(80.0).eval()
    rule.log_multiplier.fill_(math.log(0.5))
    assert rule(terms_of(100.0, 50.0), {}).tolist() == pytest.approx([50 + 0.5 * (100 - 80)] * 4)


@pytest.mark.parametrize(("distortion", "factor"), [(1e6, 1.05), (-1e6, 0.9)])
def test_geco_moves_its_multiplier_by_bounded_factors(distortion: float, factor: float):
    found = play(Geco(80.0), lambda beta: terms_of(distortion, 50.0), 3)
    assert found["lambda"] == pytest.approx(factor**3, rel=1e-5)


def test_capacity_rises_in_a_straight_line_and_then_stays():
    rule, found = Capacity(8.0, steps=4), []
    for _ in range(6):
        rule(terms_of(100.0, 5.0), {})
        found.append(rule.state()["capacity"])
    assert found == [2.0, 4.0, 6.0, 8.0, 8.0, 8.0]


@pytest.mark.parametrize("rates", [[5.0, 7.0], [1.0, 2.0]])
def test_capacity_pays_for_the_distance_of_the_mean_rate(rates: list[float]):
    rule = Capacity(8.0, steps=2, weight=100.0)
    terms = Terms({"x": torch.tensor([-90.0, -110.0])}, {"z": torch.tensor(rates)}, {})
    assert rule(terms, {}).item() == pytest.approx(100 + 100 * abs(sum(rates) / 2 - 4))
    rule.eval()
    assert rule(terms, {}).item() == pytest.approx(100 + 100 * abs(sum(rates) / 2 - 4))


SHAPE = (1, 2, 3)
PIXELS = math.prod(SHAPE)


class Scored(nn.Module):
    """A decoder whose output is its parent, as an image."""

    def forward(self, z: Tensor) -> Tensor:
        return z.view(-1, *SHAPE)


def scene() -> dict[str, Tensor]:
    """Images and what a decoder makes of them, with errors of another size in each pixel."""
    x, scale = torch.rand(40, *SHAPE, dtype=torch.float64), torch.linspace(0.1, 0.6, PIXELS).view(SHAPE)
    return {"x": x, "z": (x + scale * torch.randn_like(x)).flatten(1)}


def slope_at(gamma: Tensor, env: dict[str, Tensor]) -> Tensor:
    """d/d raw of the mean log-likelihood where the learned gamma has this value."""
    likelihood = GaussianPixels(Scored(), "z", gamma=gamma).double()
    likelihood.set_gamma(gamma)
    likelihood(env).log_prob(env["x"]).mean().backward()
    assert isinstance(likelihood.raw.grad, Tensor)
    return likelihood.raw.grad


@pytest.mark.parametrize("over", [(0, 1, 2, 3), (0,)], ids=["one-gamma", "one-a-pixel"])
def test_the_slope_in_gamma_vanishes_where_its_square_is_the_squared_error(over: tuple[int, ...]):
    env = scene()
    gamma = (env["x"] - env["z"].view(-1, *SHAPE)).square().mean(over).sqrt()
    assert torch.allclose(slope_at(gamma, env), torch.zeros_like(gamma), rtol=0, atol=1e-12)
    assert (slope_at(0.9 * gamma, env) > 0.01).all()
    assert (slope_at(1.1 * gamma, env) < -0.01).all()


def optimal_bound(env: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """The mean log-likelihood under the optimal gamma while training, and the profile likelihood by hand."""
    likelihood = OptimalGaussianPixels(Scored(), "z").double()
    error = (env["x"] - env["z"].view(-1, *SHAPE)).square().mean()
    found = likelihood(env).log_prob(env["x"]).mean()
    return found, -0.5 * PIXELS * (error.log() + 1 + math.log(2 * math.pi))


def test_the_optimal_gamma_gives_the_profile_likelihood():
    found, expected = optimal_bound(scene())
    assert found.item() == pytest.approx(expected.item(), rel=1e-12)


def test_the_gradient_under_the_optimal_gamma_is_that_of_the_profile_likelihood():
    env = scene()
    env["z"].requires_grad_()
    found, expected = (torch.autograd.grad(bound, env["z"])[0] for bound in optimal_bound(env))
    assert found.abs().max() > 0.01
    assert torch.allclose(found, expected, rtol=1e-9)


def test_afterwards_the_optimal_gamma_is_that_of_the_batches_seen():
    likelihood, errors = OptimalGaussianPixels(Scored(), "z").double(), []
    for _ in range(3):
        env = scene()
        likelihood(env)
        errors.append((env["x"] - env["z"].view(-1, *SHAPE)).square().mean().item())
    likelihood.eval()
    stddev = likelihood(scene()).stddev
    assert likelihood.gamma.square().item() == pytest.approx(sum(errors) / 3, rel=1e-5)
    assert torch.allclose(stddev, likelihood.gamma.to(stddev))


def test_a_learned_gamma_stays_above_its_floor():
    likelihood = GaussianPixels(Scored(), "z", gamma=torch.tensor(0.3))
    with torch.no_grad():
        likelihood.raw.fill_(-1e4)
    assert likelihood.gamma.item() == pytest.approx(math.exp(LOG_GAMMA_FLOOR))
    assert likelihood(scene()).log_prob(scene()["x"]).isfinite().all()


def test_a_perfect_picture_leaves_the_optimal_gamma_at_its_floor():
    likelihood, x = OptimalGaussianPixels(Scored(), "z"), torch.rand(4, *SHAPE)
    found = likelihood({"x": x, "z": x.flatten(1)}).log_prob(x)
    expected = -PIXELS * (LOG_GAMMA_FLOOR + 0.5 * math.log(2 * math.pi))
    assert found.tolist() == pytest.approx([expected] * 4)


@pytest.mark.parametrize("gamma", [math.exp(LOG_GAMMA_FLOOR), 0.001])
def test_a_gamma_below_the_floor_is_refused(gamma: float, one_line: Callable):
    with pytest.raises(ValueError, match=r"gamma must be above exp\(-6\)") as caught:
        GaussianPixels(Scored(), "z", gamma=torch.tensor(gamma))
    one_line(caught.value)


DIMENSIONS = 5


def fitted(declaration: PPCA, epochs: int, data: Data, folder: Path) -> tuple[Model, list[float]]:
    """PPCA by `train`: the model and its losses."""
    options = Options(epochs=epochs, batch=128, learning_rate=3e-2, warmup=10, device="cpu")
    found = train(declaration, data, options, folder)
    return found.model, [entry["loss"] for entry in found.card.history]


@pytest.fixture(scope="module")
def closed(digits: Data, tmp_path_factory: pytest.TempPathFactory) -> Model:
    return fitted(PPCA(latent=DIMENSIONS), 1, digits, tmp_path_factory.mktemp("ppca") / "run")[0]


@pytest.fixture(scope="module")
def images(digits: Data, closed: Model) -> Tensor:
    """The dequantised digits that an exact fit sees."""
    return next(digits.scored_by(closed).batches(len(digits), 0))["x"]


def test_the_bound_of_ppca_is_its_log_likelihood(closed: Model, images: Tensor):
    moments = ppca.Moments.of(lambda: [images.flatten(1)])
    best = ppca.log_likelihood(moments, ppca.closed_form(moments, DIMENSIONS))
    found = expected_terms(closed, images, DIMENSIONS).elbo.mean().item()
    assert found == pytest.approx(ppca.log_likelihood(moments, fit_of(closed)), rel=1e-3)
    assert found == pytest.approx(best, rel=1e-3)


@pytest.mark.parametrize("samples", [1, 3])
def test_the_importance_weights_of_ppca_have_no_variance(closed: Model, images: Tensor, samples: int):
    exact = marginal(fit_of(closed)).log_prob(images.flatten(1).double())
    with torch.no_grad():
        found = importance_weighted(closed, {"x": images}, samples, Sampler.seeded(samples))
    assert exact.std() > 1
    assert torch.allclose(found.double(), exact, rtol=0, atol=0.01)


def test_the_posterior_of_ppca_is_the_closed_formula(closed: Model, images: Tensor):
    fit, q = fit_of(closed), closed.infer({"x": images}).posteriors["z"]
    precision = fit.weight.T @ fit.weight + fit.variance * torch.eye(DIMENSIONS)
    centred = images.flatten(1).double() - fit.bias
    means = torch.linalg.solve(precision, fit.weight.T @ centred.T).T
    covariance = fit.variance * torch.linalg.inv(precision)
    assert torch.allclose(q.mean.double(), means, rtol=0, atol=1e-4)
    assert torch.allclose(q.variance[0].double().diag(), covariance, rtol=1e-4, atol=1e-6)


def test_em_on_digits_climbs_to_the_closed_form(digits: Data, images: Tensor, tmp_path: Path):
    model, losses = fitted(PPCA(latent=DIMENSIONS, fit="em"), 40, digits, tmp_path / "run")
    moments = ppca.Moments.of(lambda: [images.flatten(1)])
    best = ppca.log_likelihood(moments, ppca.closed_form(moments, DIMENSIONS))
    assert max(after - before for before, after in itertools.pairwise(losses)) < 1e-4  # float32 weights
    assert losses[0] > losses[-1] + 1
    assert -losses[-1] == pytest.approx(best, abs=0.01)
    assert expected_terms(model, images, DIMENSIONS).elbo.mean().item() == pytest.approx(
        -losses[-1], rel=1e-3
    )


@pytest.mark.slow
def test_training_by_gradient_comes_within_a_tenth_of_a_nat(digits: Data, images: Tensor, tmp_path: Path):
    model, _ = fitted(PPCA(latent=2, fit="gradient"), 60, digits, tmp_path / "run")
    moments = ppca.Moments.of(lambda: [images.flatten(1)])
    fit = ppca.closed_form(moments, 2)
    best, found = ppca.log_likelihood(moments, fit), expected_terms(model, images, 2).elbo.mean().item()
    assert best - 0.1 < found < best
    assert fit_of(model).variance.item() == pytest.approx(fit.variance.item(), rel=0.05)


def test_em_from_noise_rises_to_the_closed_form(points: Tensor):
    moments = ppca.Moments.of(lambda: points.split(100))
    start = ppca.random_fit(moments, 2, torch.randn(D, 2))
    assert start.weight.square().sum() > 0
    found = [
        ppca.log_likelihood(moments, fit) for fit in [start, *itertools.islice(climb(moments, start), 300)]
    ]
    best = ppca.log_likelihood(moments, ppca.closed_form(moments, 2))
    assert (torch.tensor(found, dtype=torch.float64).diff() > -1e-12).all()
    assert found[0] < best - 0.1
    assert found[-1] == pytest.approx(best, abs=1e-9)
