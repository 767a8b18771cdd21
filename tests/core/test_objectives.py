"""How the terms of the bound are weighed."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from vae_core.distributions import Sampler
from vae_core.kinds import Image
from vae_core.model import Model
from vae_core.models import CDVAE, VAE, Signature
from vae_core.objectives import Beta, Loss, betas, elbo
from vae_core.priors import one_hot

SIGNATURE = Signature(Image(1, 4, 4), ("a", "b", "c"))
BATCH = {"x": torch.eye(16)[:5].view(5, 1, 4, 4), "y": one_hot(torch.tensor([0, 1, 2, 1, 0]), 3)}


@pytest.fixture
def model() -> Model:
    return CDVAE(separation=2.0, unlabelled=2, nets="mlp-256").build(SIGNATURE)


def loss(model: Model, beta: Beta = 1.0, class_weight: float = 0.0) -> Loss:
    return elbo(beta, class_weight)(model, BATCH, Sampler.seeded(0))


def test_with_beta_one_the_loss_is_the_negative_bound(model: Model):
    terms = model.terms(BATCH, Sampler.seeded(0))
    assert loss(model).total.item() == pytest.approx(-terms.elbo.mean().item(), rel=1e-6)


@pytest.mark.parametrize("beta", [0.25, 1.0, 7.0])
def test_one_beta_weighs_every_rate(model: Model, beta: float):
    total, parts = loss(model, beta)
    rates = parts["rate_z_l"] + parts["rate_z_u"]
    assert total.item() == pytest.approx((parts["distortion"] + beta * rates).item(), rel=1e-5)


@pytest.mark.parametrize("block", ["z_l", "z_u"])
def test_each_block_has_its_own_beta(model: Model, block: str):
    ones = {"z_l": 1.0, "z_u": 1.0}
    extra = loss(model, {**ones, block: 3.0}).total - loss(model, ones).total
    assert extra.item() == pytest.approx(2 * loss(model).parts[f"rate_{block}"].item(), rel=1e-4)


def test_the_parts_do_not_depend_on_the_weights(model: Model):
    plain, weighted = loss(model, 1.0, 1.0).parts, loss(model, 5.0, 9.0).parts
    assert list(plain) == ["distortion", "rate_z_l", "rate_z_u", "class"]
    assert all(torch.equal(plain[name], weighted[name]) for name in plain)


def class_term_by_hand(model: Model) -> float:
    """Cross-entropy of softmax_c(-KL(q(z_l|x) || N(2 e_c, I))), one number at a time."""
    q, total = model.infer(BATCH).posteriors["z_l"], 0.0
    for mu, sigma, y in zip(q.mean.tolist(), q.stddev.tolist(), BATCH["y"].argmax(-1).tolist(), strict=True):
        divergences = [
            sum(
                0.5 * (s * s + (m - (2.0 if j == c else 0.0)) ** 2 - 1) - math.log(s)
                for j, (m, s) in enumerate(zip(mu, sigma, strict=True))
            )
            for c in range(3)
        ]
        total += divergences[y] + math.log(sum(math.exp(-d) for d in divergences))
    return total / len(BATCH["y"])


def test_the_class_term_is_the_cross_entropy_of_bayes_rule(model: Model):
    assert loss(model, class_weight=1.0).parts["class"].item() == pytest.approx(
        class_term_by_hand(model), rel=1e-4
    )


def test_the_class_term_enters_with_its_weight(model: Model):
    plain, weighted = loss(model), loss(model, class_weight=3.0)
    assert "class" not in plain.parts
    extra: Tensor = weighted.total - plain.total
    assert extra.item() == pytest.approx(3 * weighted.parts["class"].item(), rel=1e-4)


def test_the_class_term_reaches_the_encoder(model: Model):
    torch.manual_seed(0)
    once = loss(model, class_weight=1.0).total
    torch.manual_seed(0)
    (loss(model, class_weight=2.0).total - once).backward()
    assert model.q["z_l"].net.weight.grad.abs().sum() > 0


def test_the_class_term_needs_a_model_that_reads_the_class(one_line: Callable):
    with pytest.raises(ValueError, match="no variable of this model is conditioned on the class") as caught:
        loss(VAE(nets="mlp-256").build(SIGNATURE), class_weight=1.0)
    one_line(caught.value)


@pytest.mark.parametrize("beta", [0.0, -1.0, math.inf, math.nan, {"z_l": 1.0, "z_u": 0.0}])
def test_a_beta_that_is_no_positive_number_is_refused(beta: Beta, one_line: Callable):
    with pytest.raises(ValueError, match="beta must be above 0") as caught:
        elbo(beta)
    one_line(caught.value)


@pytest.mark.parametrize("weight", [-1.0, math.inf, math.nan])
def test_a_class_weight_that_is_no_weight_is_refused(weight: float):
    with pytest.raises(ValueError, match="class-weight must be 0 or more"):
        elbo(class_weight=weight)


def test_one_beta_is_given_to_every_block():
    assert betas(0.5, ["z_l", "z_u"]) == {"z_l": 0.5, "z_u": 0.5}


def test_betas_come_in_the_order_of_the_blocks():
    assert list(betas({"z_u": 2.0, "z_l": 1.0}, ["z_l", "z_u"]).items()) == [("z_l", 1.0), ("z_u", 2.0)]


@pytest.mark.parametrize("given", [{"z_l": 1.0}, {"z": 1.0}, {"z_l": 1.0, "z_u": 1.0, "z": 1.0}])
def test_blocks_that_do_not_fit_are_named(given: dict[str, float], one_line: Callable):
    with pytest.raises(ValueError, match="but the latent blocks are z_l, z_u") as caught:
        betas(given, ["z_l", "z_u"])
    assert all(name in one_line(caught.value) for name in given)
