"""Nets that answer to every beta: exact in the linear case, told the beta that they are weighed by, and measured over their range.

Shapes: B examples, D data dimensions, d latent dimensions.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.support.linear import LATENT, NOISE, SPECTRUM, D, best, points_of, tell
from vae_core.conditionals import DiagonalGaussian
from vae_core.data import Data
from vae_core.distributions import Sampler, mean, rsample
from vae_core.kinds import Image
from vae_core.likelihoods import GaussianPixels
from vae_core.model import Model, Terms
from vae_core.models import CDVAE, VAE, Signature
from vae_core.multirate import Gated, GatedHead, Rates, at, beta_grid, closing, rates_of, usual
from vae_core.nets import Joined
from vae_core.objectives import Bound, MultiRate
from vae_core.priors import StandardNormal, one_hot
from vae_core.training import options_for, train

CLASSES = ("a", "b", "c")
SIGNATURE = Signature(Image(1, 8, 8), CLASSES)
BATCH = {"x": torch.rand(4, 1, 8, 8).round(), "y": one_hot(torch.tensor([0, 2, 1, 0]), 3)}


@pytest.fixture
def model() -> Model:
    return CDVAE(nets="mlp-256", rates=(0.1, 10.0)).build(SIGNATURE)


# ---- the linear case


@torch.no_grad()
def exact_linear(axes: Tensor) -> Model:
    """The linear beta-VAE at every beta at once, by closed form: its variances `SPECTRUM` lie along the columns of `axes`."""
    rates = Rates({"z": (0.3, 3.0)})
    lengths = SPECTRUM[:LATENT]
    decoder = Gated(Joined(nn.Linear(LATENT, D)), rates, latents=LATENT)
    head = GatedHead(nn.Linear(D, 2 * LATENT), rates)
    model = Model(
        p={
            "z": StandardNormal(LATENT),
            "x": GaussianPixels(
                decoder, "z", "log_beta_z", gamma=torch.tensor(math.sqrt(NOISE)), learned=False
            ),
        },
        q={"z": DiagonalGaussian(head, "x", "log_beta_z")},
    ).double()
    for part in (decoder.entry[1], head.blend):
        for parameter in part.parameters():
            nn.init.zeros_(parameter)
    pays = (NOISE / lengths).log()
    tell(decoder.entry[0], 1.0, pays, rates)
    linear: Any = decoder.net[0]
    linear.weight.copy_(axes[:, :LATENT] * lengths.sqrt())
    linear.bias.zero_()
    # Means take the decoder's gate; the scales' gate stands open, and their shift follows log beta / 2.
    slopes = torch.cat([torch.ones(LATENT), torch.zeros(LATENT)]).double()
    tell(head.gate, slopes, torch.cat([pays, torch.full((LATENT,), -60.0)]), rates)
    low, high = map(math.log, rates.trained("z"))
    head.gate.shift.weight[LATENT:, 0] = 0.5 * (high - low) / (2 * math.sqrt(3))
    head.head.weight.copy_(torch.cat([(axes[:, :LATENT] / lengths.sqrt()).T, torch.zeros(LATENT, D)]))
    head.head.bias.copy_(torch.cat([torch.zeros(LATENT), 0.5 * (pays + (low + high) / 2)]))
    return model


@pytest.fixture
def axes() -> Tensor:
    return torch.linalg.qr(torch.randn(D, D, dtype=torch.float64)).Q


@pytest.mark.parametrize("beta", [0.2, 1.0, 3.0, 4.4])
def test_the_gate_of_a_latent_is_the_linear_decoder_at_every_beta(axes: Tensor, beta: float):
    decoder: Any = at(exact_linear(axes), {"z": beta}).p["x"]
    log_beta = torch.full((LATENT, 1), math.log(beta), dtype=torch.float64)
    found = decoder.net(torch.eye(LATENT, dtype=torch.float64), log_beta).T
    expected = axes[:, :LATENT] * (SPECTRUM[:LATENT] - beta * NOISE).clamp(min=0).sqrt()
    assert torch.allclose(found, expected, rtol=0, atol=1e-7)
    assert (found.norm(dim=0) > 0).sum() == (SPECTRUM[:LATENT] > beta * NOISE).sum()


@pytest.mark.parametrize("beta", [0.2, 0.5, 1.0, 2.0, 3.9])
def test_one_linear_multi_rate_vae_is_the_best_beta_vae_of_each_beta(axes: Tensor, beta: float):
    points = points_of(axes)
    model = at(exact_linear(axes), {"z": beta})
    noise = math.sqrt(LATENT) * torch.cat([torch.eye(LATENT), -torch.eye(LATENT)]).double()
    # An average over these points of the noise is the expectation of anything quadratic.
    batch = {"x": points.repeat_interleave(len(noise), 0)}
    terms = model.terms(batch, lambda q: q.mean + q.stddev * noise.repeat(len(points), 1))
    best_rate, best_distortion = best(beta)
    assert terms.rate.mean().item() == pytest.approx(best_rate, abs=1e-5)
    assert terms.distortion.mean().item() == pytest.approx(best_distortion, abs=1e-5)


def test_a_latent_that_does_not_pay_has_no_gradient_and_no_nan():
    a = torch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    closing(a).sum().backward()
    assert a.grad is not None
    assert a.grad.isfinite().all()
    assert a.grad[2] == 0


# ---- betas as inputs


def test_every_block_has_a_rate_and_a_plain_model_none(model: Model):
    assert list(rates_of(model)) == ["z_l", "z_u"]
    assert rates_of(model)["z_u"].exposed == (0.1, 10.0)
    assert rates_of(CDVAE(nets="mlp-256").build(SIGNATURE)) == {}
    assert model.inputs() == ["log_beta_z_l", "log_beta_z_u", "y"]


def test_training_draws_from_more_than_is_exposed(model: Model):
    low, high = rates_of(model)["z_l"].trained
    assert low < 0.1
    assert high > 10.0


def test_a_model_at_some_betas_is_what_it_is_when_told_them_in_the_batch(model: Model):
    betas = {"z_l": 0.3, "z_u": 4.0}
    told = {f"log_beta_{block}": torch.full((4, 1), math.log(beta)) for block, beta in betas.items()}
    inside, outside = (
        at(model, betas).terms(BATCH, Sampler.seeded(0)),
        model.terms({**BATCH, **told}, Sampler.seeded(0)),
    )
    assert torch.equal(inside.elbo, outside.elbo)
    assert at(model, betas).inputs() == ["y"]


def test_a_model_at_some_betas_shares_its_weights(model: Model):
    other = at(model, {"z_l": 1.0, "z_u": 1.0})
    assert {id(p) for p in other.parameters()} == {id(p) for p in model.parameters()}
    assert set(other.state_dict()) == set(model.state_dict())


def test_each_beta_changes_its_block_and_the_picture(model: Model):
    one, other = (at(model, {"z_l": 1.0, "z_u": beta}).infer(BATCH) for beta in (1.0, 5.0))
    assert not torch.allclose(one.posteriors["z_u"].mean, other.posteriors["z_u"].mean)
    codes = {name: one.env[name] for name in ("z_l", "z_u")}
    pictures = [at(model, {"z_l": 1.0, "z_u": beta}).generate(codes, only=["x"])["x"] for beta in (1.0, 5.0)]
    assert not torch.allclose(*pictures)


@pytest.mark.parametrize(
    ("betas", "words"),
    [
        ({"z_l": 1.0}, "betas are given for z_l, but the blocks with a rate are z_l, z_u"),
        ({"z": 1.0}, "betas are given for z, "),
        ({"z_l": 1.0, "z_u": 100.0}, "beta of z_u must be between"),
        ({"z_l": 1.0, "z_u": math.nan}, "beta of z_u must be between"),
    ],
)
def test_betas_that_were_not_trained_on_are_refused(
    model: Model, betas: dict, words: str, one_line: Callable
):
    with pytest.raises(ValueError, match=words) as caught:
        at(model, betas)
    one_line(caught.value)


def test_only_inputs_are_held(model: Model, one_line: Callable):
    with pytest.raises(ValueError, match="z_l is no input of this model") as caught:
        model.holding({"z_l": torch.zeros(1, 10)})
    one_line(caught.value)


def test_what_is_held_is_no_input_of_a_sample_of_any_size(model: Model):
    held = at(model, 1.0)
    assert held.generate({"y": BATCH["y"]}, draw=Sampler.seeded(0))["x"].shape == (4, 1, 8, 8)
    plain = at(VAE(nets="mlp-256", rates=(0.1, 10.0)).build(SIGNATURE), 1.0)
    assert plain.generate({}, n=5, draw=Sampler.seeded(0))["x"].shape == (5, 1, 8, 8)


@pytest.mark.parametrize(
    "rates", [(1.0, 0.1), (0.0, 1.0), (1.0, math.inf), (1.0,), (math.nan, 1.0), (1e-300, 1e300), (1.0, 1e9)]
)
def test_a_range_that_is_none_is_refused(rates: tuple, one_line: Callable):
    with pytest.raises(ValueError, match=r"the lowest and the highest beta|a narrower range") as caught:
        VAE(rates=rates)
    one_line(caught.value)


def test_a_vamp_prior_has_no_place_in_a_multi_rate_model():
    with pytest.raises(ValueError, match="choose another prior"):
        VAE(rates=(0.1, 10.0), prior="vamp")


def test_a_grid_of_betas_is_every_combination_in_equal_steps_of_log_beta(model: Model):
    assert beta_grid(VAE(rates=(0.1, 10.0)).build(SIGNATURE), 3) == [{"z": 0.1}, {"z": 1.0}, {"z": 10.0}]
    assert len(beta_grid(model, 3)) == 9
    assert beta_grid(model, 3)[5] == {"z_l": 1.0, "z_u": 10.0}
    assert beta_grid(CDVAE(nets="mlp-256").build(SIGNATURE), 3) == []
    apart = CDVAE(nets="mlp-256", rates=(0.25, 4.0), labelled_rates=(0.25, 16.0)).build(SIGNATURE)
    assert [betas["z_l"] for betas in beta_grid(apart, 3)[::3]] == [0.25, 1.0, 16.0]
    assert [betas["z_l"] for betas in beta_grid(apart, 5)[::5]] == [0.25, 1.0, 2.0, 5.657, 16.0]
    assert usual(apart) in beta_grid(apart, 3)


def test_a_model_that_was_never_at_one_stands_at_its_nearest_beta():
    assert usual(VAE(rates=(2.0, 8.0)).build(SIGNATURE)) == {"z": 2.0}


# ---- the objective


def test_each_example_is_weighed_by_the_betas_that_its_nets_were_told(model: Model):
    torch.manual_seed(1)
    rule = MultiRate(rates_of(model))
    batch = rule.completed(BATCH, rsample)
    terms = model.terms(batch, mean)
    expected = [
        (
            terms.distortion[i]
            + sum(batch[f"log_beta_{b}"][i, 0].exp() * terms.kl[b][i] for b in ("z_l", "z_u"))
        ).item()
        for i in range(4)
    ]
    assert rule(terms, batch).tolist() == pytest.approx(expected, rel=1e-5)
    assert len({batch["log_beta_z_l"][i, 0].item() for i in range(4)}) == 4
    total = Bound(rule)(model, batch, mean).total
    assert total.item() == pytest.approx(sum(expected) / 4, rel=1e-5)


def test_log_betas_are_uniform_over_the_range_that_is_trained(model: Model):
    many = {"x": torch.zeros(20_000, 1)}
    drawn = MultiRate(rates_of(model)).completed(many, Sampler.seeded(0))["log_beta_z_u"]
    low, high = map(math.log, rates_of(model)["z_u"].trained)
    assert drawn.min() >= low
    assert drawn.max() <= high
    assert drawn.mean().item() == pytest.approx((low + high) / 2, abs=0.05)
    assert drawn.std().item() == pytest.approx((high - low) / math.sqrt(12), rel=0.02)


def test_a_batch_that_tells_its_rates_keeps_them(model: Model):
    told = {**BATCH, "log_beta_z_l": torch.zeros(4, 1)}
    completed = MultiRate(rates_of(model)).completed(told, rsample)
    assert torch.equal(completed["log_beta_z_l"], told["log_beta_z_l"])
    assert completed["log_beta_z_u"].shape == (4, 1)


RATED = VAE(nets="mlp-256", rates=(0.1, 10.0))


@pytest.mark.parametrize(
    "options",
    [{"beta": 2.0}, {"objective": "elbo"}, {"objective": "constrained", "delta": 5.0}],
)
def test_a_model_with_rates_takes_no_other_beta(
    digits: Data, tmp_path: Path, options: dict, one_line: Callable
):
    with pytest.raises(ValueError, match=r"draws betas of its own|multi-rate takes no beta") as caught:
        train(RATED, digits, options_for(RATED, {"device": "cpu", **options}), tmp_path / "run")
    one_line(caught.value)


# ---- ranges of their own, gates that open again, a warm-up


def test_each_block_may_have_a_range_of_its_own():
    model = CDVAE(nets="mlp-256", rates=(0.25, 4.0), labelled_rates=(1.0, 16.0)).build(SIGNATURE)
    assert {block: rate.exposed for block, rate in rates_of(model).items()} == {
        "z_l": (1.0, 16.0),
        "z_u": (0.25, 4.0),
    }
    assert usual(model) == {"z_l": 1.0, "z_u": 1.0}
    drawn = MultiRate(rates_of(model)).completed({"x": torch.zeros(4000, 1, 8, 8)}, Sampler.seeded(0))
    for block, (low, high) in {"z_l": (1 / 1.5, 24.0), "z_u": (0.25 / 1.5, 6.0)}.items():
        betas = drawn[f"log_beta_{block}"].exp()
        assert low <= betas.min() < 1.1 * low
        assert 0.9 * high < betas.max() <= high


def test_the_standardised_rates_have_variance_one_over_their_own_ranges():
    rates = Rates({"z_l": (1.0, 16.0), "z_u": (0.25, 4.0)})
    steps = [
        torch.linspace(math.log(low), math.log(high), 2001)[:, None]
        for low, high in map(rates.trained, rates.blocks)
    ]
    t = rates(*steps)
    assert t.mean(0).tolist() == pytest.approx([0, 0], abs=1e-5)
    assert t.var(0).tolist() == pytest.approx([1, 1], rel=1e-2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"labelled_rates": (1.0, 16.0)}, "give --rates too"),
        ({"gates": "opening"}, "give --rates too"),
        ({"rates": (0.1, 10.0), "labelled_rates": (4.0, 1.0)}, "lowest and the highest beta"),
        ({"rates": (0.1, 10.0), "gates": "swinging"}, "closing, opening"),
    ],
)
def test_rates_and_gates_that_make_no_model_are_told(options: dict, words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as caught:
        CDVAE(nets="mlp-256", **options)
    one_line(caught.value)


def test_a_gate_of_the_opening_kind_always_has_a_gradient():
    model = CDVAE(nets="mlp-256", rates=(0.25, 4.0), gates="opening").build(SIGNATURE)
    gate: Any = model.q["z_u"].net.gate
    with torch.no_grad():
        gate.scale.bias.fill_(-5.0)
    gate(torch.ones(2, 32), torch.zeros(2, gate.scale.in_features)).sum().backward()
    assert (gate.scale.bias.grad > 0).all()


def test_in_a_warm_up_the_rates_of_the_loss_rise(digits: Data):
    model = VAE(nets="mlp-256", rates=(0.1, 10.0)).build(digits.signature)
    rule, terms = MultiRate(rates_of(model), warmup=4), Terms({"x": -torch.ones(1)}, {"z": torch.ones(1)}, {})
    batch = {"log_beta_z": torch.full((1, 1), math.log(8.0))}
    assert [rule(terms, batch).item() for _ in range(5)] == pytest.approx([3, 5, 7, 9, 9])
    assert rule.eval()(terms, batch).item() == pytest.approx(9)
