"""Likelihoods are densities of what they score: they sum or integrate to one, and their draws have their means.

Shapes: B examples, K grey levels or classes, M components, D dimensions, C H W image.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Independent, Normal, OneHotCategorical

from vae_core.conditionals import Likelihood
from vae_core.distributions import BinaryPixels, GaussianMixture, Sampler, continuous_bernoulli, grey_levels
from vae_core.kinds import Image
from vae_core.likelihoods import BernoulliPixels, CategoricalPixels, ContinuousBernoulliPixels, GaussianPixels
from vae_core.models import LIKELIHOODS, VAE, Signature
from vae_core.nets import Joined
from vae_core.readings import Binary, Dequantised, Levels

LOGITS = [0.0, 1e-3, 0.05, -0.7, 2.0, -6.0, 12.0]
# What the black border of a dequantised image asks for: its mean is 1/512, and that of the density 1/|logit|.
EXTREME = [-20.0, 50.0, -512.0]


def integral(log_density: Callable[[Tensor], Tensor]) -> float:
    """Of exp(log density) over [0, 1], by Gauss and Legendre on 400 pieces."""
    nodes, weights = map(torch.from_numpy, np.polynomial.legendre.leggauss(8))
    x = (torch.arange(400)[:, None] + (nodes + 1) / 2).flatten() / 400
    density = log_density(x.float()[:, None]).double().exp()
    return (density @ weights.repeat(400) / 800).item()


def pixel(logit: float) -> Independent:
    return continuous_bernoulli(torch.tensor([[logit]]))


@pytest.mark.parametrize("logit", [*LOGITS, *EXTREME])
def test_the_continuous_bernoulli_integrates_to_one(logit: float):
    assert integral(pixel(logit).log_prob) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(("logit", "mass"), [(0.0, 0.5), (math.log(9), 0.3641), (math.log(99), 0.2133)])
def test_the_plain_bernoulli_expression_integrates_to_less_than_one(logit: float, mass: float):
    plain = Bernoulli(logits=torch.tensor([logit]), validate_args=False)
    assert integral(lambda x: plain.log_prob(x).squeeze(-1)) == pytest.approx(mass, abs=1e-4)


def test_one_pixel_an_example_is_scored_by_example():
    assert torch.allclose(
        BinaryPixels(torch.zeros(5)).log_prob(torch.ones(5)), torch.full((5,), -math.log(2))
    )


@pytest.mark.parametrize("scale", [1.0, 20.0])
def test_binary_pixels_and_their_gradients_are_those_of_torch(scale: float):
    logits = (
        torch.randn(64, 1, 4, 4, dtype=torch.double, generator=torch.Generator().manual_seed(0)) * scale
    ).requires_grad_()
    value = torch.rand(64, 1, 4, 4, generator=torch.Generator().manual_seed(1)).round().double()
    ours, theirs = (
        BinaryPixels(logits).log_prob(value),
        Independent(Bernoulli(logits=logits), 3).log_prob(value),
    )
    assert torch.allclose(ours, theirs, rtol=1e-12, atol=1e-12)
    gradients = [torch.autograd.grad(nats.sum(), logits)[0] for nats in (ours, theirs)]
    assert torch.allclose(*gradients, rtol=1e-12, atol=1e-12)
    assert torch.autograd.gradcheck(lambda t: BinaryPixels(t).log_prob(value), (logits,))


def mean_by_hand(logit: float) -> float:
    """1 / (1 - exp(-logit)) - 1 / logit, which is 1/2 + logit / 12 about 0."""
    return 0.5 + logit / 12 if abs(logit) < 0.01 else 0.5 + 0.5 / math.tanh(logit / 2) - 1 / logit


@pytest.mark.parametrize("logit", [*LOGITS, *EXTREME])
def test_the_mean_of_the_continuous_bernoulli_is_its_closed_form(logit: float):
    assert pixel(logit).mean.item() == pytest.approx(mean_by_hand(logit), rel=1e-3)


@pytest.mark.parametrize("logit", [*LOGITS, *EXTREME])
def test_the_slope_in_the_logit_is_the_distance_from_the_mean(logit: float):
    logits = torch.tensor([[logit]], requires_grad=True)
    (slope,) = torch.autograd.grad(
        continuous_bernoulli(logits).log_prob(torch.tensor([[0.25]])).sum(), logits
    )
    assert slope.item() == pytest.approx(0.25 - mean_by_hand(logit), abs=1e-3)


@pytest.mark.parametrize("logit", [-512.0, -6.0, -0.7, -5e-4, 5e-4, 2.0, 20.0])
def test_a_draw_of_the_continuous_bernoulli_inverts_its_distribution_function(logit: float):
    u = torch.linspace(0, 1, 101, dtype=torch.float64)
    x = continuous_bernoulli(torch.full((101,), logit, dtype=torch.float64)).base_dist.icdf(u)  # type: ignore[attr-defined]
    assert torch.allclose(torch.expm1(logit * x) / math.expm1(logit), u, rtol=0, atol=1e-6)


@pytest.mark.parametrize("levels", [2, 5, 17, 256])
def test_grey_levels_sum_to_one_over_their_levels(levels: int):
    values = torch.arange(levels) / (levels - 1)
    d = grey_levels(torch.randn(1, 3, levels) * 3)
    each = torch.stack([d.base_dist.log_prob(value.expand(1, 3)) for value in values], -1)
    assert torch.allclose(each.exp().sum(-1), torch.ones(1, 3))
    assert torch.allclose(d.mean, each.exp() @ values, atol=1e-6)


def test_grey_levels_score_the_level_that_was_seen():
    logits = torch.tensor([[[0.0, 1.0, 2.0], [5.0, 0.0, 0.0]]])
    expected = logits.log_softmax(-1)
    found = grey_levels(logits).log_prob(torch.tensor([[1.0, 0.5]]))
    assert found.item() == pytest.approx((expected[0, 0, 2] + expected[0, 1, 1]).item())


@pytest.mark.parametrize("grey", [0.5, 1 / 256, 0.999])
def test_a_bernoulli_refuses_grey_pixels(grey: float, one_line: Callable):
    d = BernoulliPixels(Joined(), "z")({"z": torch.zeros(2, 3)})
    with pytest.raises(ValueError, match="scores pixels that are 0 or 1: binarise grey images") as caught:
        d.log_prob(torch.tensor([[0.0, 1.0, 1.0], [0.0, grey, 1.0]]))
    one_line(caught.value)


RAMP = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)


def test_binary_pixels_are_one_as_often_as_they_are_bright():
    n = 10_000
    found = Binary().of(RAMP.expand(n, 1, 16, 16), Sampler.seeded(0))
    share = RAMP.flatten() / 255
    z = (found.mean(0).flatten() - share)[1:-1] / (share * (1 - share) / n).sqrt()[1:-1]
    assert found.dtype == torch.float32
    assert found.unique().tolist() == [0.0, 1.0]
    assert found.mean(0).flatten()[[0, 255]].tolist() == [0.0, 1.0]
    assert z.abs().max() < 5


def test_dequantised_pixels_fill_the_cell_of_their_grey_value():
    found = Dequantised().of(RAMP.expand(2000, 1, 16, 16), Sampler.seeded(0)) * 256 - RAMP
    assert 0 <= found.min() < 0.01
    assert 0.99 < found.max() <= 1
    assert (found.mean(0) - 0.5).abs().max() < 5 * math.sqrt(1 / 12 / 2000)
    assert found.var().item() == pytest.approx(1 / 12, rel=0.01)


def test_a_uniform_density_costs_eight_bits_a_pixel():
    assert Dequantised().bits_per_dimension(0.0, 784) == 8


def test_a_density_that_knows_the_grey_value_costs_no_bits():
    assert Dequantised().bits_per_dimension(-784 * math.log(256), 784) == pytest.approx(0, abs=1e-12)


def test_only_eight_bit_images_have_bits_for_each_dimension():
    assert Levels(256).bits_per_dimension(784 * math.log(256), 784) == pytest.approx(8)
    assert [pixels.bits_per_dimension(100.0, 784) for pixels in (Binary(), Levels(17))] == [None, None]


def test_seventeen_levels_give_the_digits_back():
    from sklearn.datasets import load_digits

    source: Any = load_digits()
    original = torch.from_numpy(source.images)
    images = (original * (255 / 16)).round().to(torch.uint8)
    found = Levels(17).of(images[:, None], Sampler.seeded(0))
    assert torch.equal((found * 16).round().squeeze(1).double(), original)
    assert torch.allclose(found.squeeze(1).double(), original / 16)


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_rounded_pixels_are_their_nearest_level(levels: int):
    found = Levels(levels).of(RAMP, Sampler.seeded(0))
    assert (found - RAMP / 255).abs().max() <= 0.5 / (levels - 1) + 1e-6
    assert len(found.unique()) == levels


def test_all_levels_are_the_image_itself_and_each_is_scored_as_its_own():
    found = Levels(256).of(RAMP, Sampler.seeded(0))
    logits = torch.randn(1, 1, 16, 16, 256)
    own = logits.log_softmax(-1).gather(-1, RAMP.long()[..., None]).sum()
    assert torch.equal((found * 255).round().to(torch.uint8), RAMP)
    assert grey_levels(logits).log_prob(found).item() == pytest.approx(own.item(), rel=1e-5)


DRAWS = 20_000


def assert_means(draws: Tensor, expected: Tensor) -> None:
    """The means of draws `(N, ...)` lie within five of their standard errors."""
    error = draws.std(0) / math.sqrt(len(draws))
    assert ((draws.mean(0) - expected).abs() < 5 * error).all()


def drawn(d: Distribution) -> Tensor:
    return Sampler.seeded(0)(d.expand((DRAWS,)))


@pytest.mark.parametrize("logit", [*LOGITS, *EXTREME])
def test_seeded_draws_of_the_continuous_bernoulli_have_its_mean(logit: float):
    draws = Sampler.seeded(0)(continuous_bernoulli(torch.full((DRAWS, 1), logit)))
    assert 0 <= draws.min() < draws.max() <= 1
    assert_means(draws, torch.tensor(mean_by_hand(logit)))


def test_seeded_draws_of_grey_levels_have_the_share_of_each_level():
    logits = torch.tensor([[2.0, 0.0, -1.0], [0.0, 0.0, 3.0]])
    draws = Sampler.seeded(0)(grey_levels(logits.expand(DRAWS, 2, 3)))
    levels = torch.tensor([0.0, 0.5, 1.0])
    assert_means((draws[..., None] == levels).float(), logits.softmax(-1))
    assert_means(draws, logits.softmax(-1) @ levels)


def test_seeded_draws_of_a_class_have_its_probability():
    d = OneHotCategorical(logits=torch.tensor([0.5, -1.0, 2.0, 0.0]))
    draws = drawn(d)
    assert (draws.sum(-1) == 1).all()
    assert_means(draws, d.probs)


LOCS = torch.tensor([[-3.0, 1.0], [0.0, 4.0], [2.0, 2.0]])
SCALES = torch.tensor([[0.5, 1.0], [1.0, 0.2], [0.1, 2.0]])
WEIGHTS = torch.tensor([0.2, 0.5, 0.3])


def mixture(locs: Tensor, weights: Tensor) -> GaussianMixture:
    parts = Independent(Normal(locs, SCALES.expand_as(locs), validate_args=False), 1, validate_args=False)
    return GaussianMixture.of(weights.log(), parts)


def test_seeded_draws_of_a_mixture_have_its_moments():
    draws = drawn(mixture(LOCS, WEIGHTS))
    assert draws.shape == (DRAWS, 2)
    assert_means(draws, WEIGHTS @ LOCS)
    assert_means(draws.square(), WEIGHTS @ (LOCS.square() + SCALES.square()))


def test_seeded_draws_of_a_mixture_for_each_example_have_their_own_means():
    locs, weights = torch.stack([LOCS, 10 - LOCS]), torch.stack([WEIGHTS, WEIGHTS.flip(0)])
    draws = Sampler.seeded(0)(
        mixture(locs.repeat(DRAWS // 2, 1, 1), weights.repeat(DRAWS // 2, 1))
    ).unflatten(0, (-1, 2))
    assert_means(draws, torch.einsum("bm,bmd->bd", weights, locs))


SHAPE = (2, 2, 3)
B = 4


def sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def bernoulli(logit: float, x: float) -> float:
    return math.log(sigmoid(logit) if x == 1 else sigmoid(-logit))


def continuous(logit: float, x: float) -> float:
    p = sigmoid(logit)
    return x * math.log(p) + (1 - x) * math.log(1 - p) + math.log(2 * math.atanh(1 - 2 * p) / (1 - 2 * p))


def normal(mean: float, x: float, gamma: float) -> float:
    return -0.5 * math.log(2 * math.pi) - math.log(gamma) - (x - mean) ** 2 / (2 * gamma**2)


def summed(density: Callable[..., float], *parts: Tensor) -> list[float]:
    """The sum of a density of one pixel over all pixels of each example."""
    rows = (
        zip(*(part.expand(B, *SHAPE)[b].flatten().tolist() for part in parts), strict=True) for b in range(B)
    )
    return [sum(density(*values) for values in row) for row in rows]


def by_hand(likelihood: Likelihood, output: Tensor, x: Tensor) -> list[float]:
    if isinstance(likelihood, BernoulliPixels):
        return summed(bernoulli, output, x)
    if isinstance(likelihood, ContinuousBernoulliPixels):
        return summed(continuous, output, x)
    if isinstance(likelihood, CategoricalPixels):
        levels = output.view(B, likelihood.levels, *SHAPE).log_softmax(1)  # K (C, H, W) blocks of logits
        chosen = (x * (likelihood.levels - 1)).round().long()
        return levels.gather(1, chosen[:, None]).sum((1, 2, 3, 4)).tolist()
    gamma = (
        likelihood.gamma if isinstance(likelihood, GaussianPixels) else (x - output).square().mean().sqrt()
    )
    assert isinstance(gamma, Tensor)
    return summed(normal, output, x, gamma)


ARGUMENTS: dict[str, dict[str, Any]] = {
    "gaussian-pixel": {"gamma": 0.2},
    "gaussian-fixed": {"gamma": 0.1},
    "categorical": {"levels": 5},
}


@pytest.mark.parametrize("name", LIKELIHOODS[Image])
def test_a_declared_likelihood_is_the_sum_of_its_formula_over_pixels(name: str):
    model = VAE(likelihood=name, latent=2, **ARGUMENTS.get(name, {})).build(Signature(Image(*SHAPE), ()))
    likelihood: Any = model.p["x"]
    if name == "gaussian-pixel":
        likelihood.set_gamma(torch.linspace(0.1, 0.9, 12).view(SHAPE))
    images = (torch.rand(B, *SHAPE) * 256).to(torch.uint8)
    env = {"z": torch.randn(B, 2), "x": likelihood.reading.of(images, Sampler.seeded(0))}
    expected = by_hand(likelihood, likelihood.output(env).detach(), env["x"])
    assert likelihood(env).log_prob(env["x"]).tolist() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", LIKELIHOODS[Image])
def test_a_declared_likelihood_has_means_within_its_range(name: str):
    model = VAE(likelihood=name, latent=2, **ARGUMENTS.get(name, {})).build(Signature(Image(*SHAPE), ()))
    means = model.p["x"]({"z": torch.randn(B, 2)}).mean
    assert means.shape == (B, *SHAPE)
    if not name.startswith("gaussian"):
        assert 0 < means.min() < means.max() < 1


@pytest.mark.parametrize(
    ("arguments", "shape", "gamma"),
    [
        ({"likelihood": "gaussian"}, (), 0.3),
        ({"likelihood": "gaussian", "gamma": 0.05}, (), 0.05),
        ({"likelihood": "gaussian-pixel", "gamma": 0.2}, SHAPE, 0.2),
        ({"likelihood": "gaussian-fixed", "gamma": 0.1}, (), 0.1),
        ({"likelihood": "gaussian-optimal"}, (), 1.0),
    ],
)
def test_a_gamma_begins_where_it_is_declared(arguments: dict, shape: tuple[int, ...], gamma: float):
    likelihood: Any = VAE(**arguments).build(Signature(Image(*SHAPE), ())).p["x"]
    assert torch.allclose(likelihood.gamma, torch.full(shape, gamma))
    learned = arguments["likelihood"] in ("gaussian", "gaussian-pixel")
    assert ("raw" in dict(likelihood.named_parameters())) == learned


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"likelihood": "cauchy"}, "no likelihood is called 'cauchy'"),
        ({"likelihood": "bernoulli", "gamma": 0.1}, "bernoulli has no gamma to be given"),
        ({"likelihood": "gaussian-optimal", "gamma": 0.1}, "gaussian-optimal has no gamma to be given"),
        ({"likelihood": "gaussian-fixed"}, "gaussian-fixed needs its gamma"),
        ({"likelihood": "gaussian", "levels": 5}, "gaussian has no levels"),
        ({"likelihood": "categorical", "levels": 1}, "between 2 and 256, got 1"),
        ({"likelihood": "categorical", "levels": 257}, "between 2 and 256, got 257"),
    ],
)
def test_a_likelihood_refuses_what_it_does_not_take(arguments: dict, words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as caught:
        VAE(**arguments)
    one_line(caught.value)
