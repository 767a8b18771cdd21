"""Weak pairs: who is whose partner, which dimensions a pair shares, and the loss, against answers by hand.

Shapes: N images, B of them in a batch, D latent dimensions.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from vae_core.data import Data
from vae_core.distributions import Sampler, mean
from vae_core.kinds import Image
from vae_core.models import CDVAE, CVAE, VAE, Declaration, Joint, Ladder, Signature
from vae_core.objectives import ELBO, OBJECTIVES, AdaGVAE, PairsAveraged, Setting
from vae_core.objectives.pairs import averaged, pairable, shared
from vae_core.priors import one_hot
from vae_core.training import Options, train
from vae_core.training.pairs import Pairs

SIGNATURE = Signature(Image(1, 4, 4), tuple("abc"))
GRID = torch.cartesian_prod(torch.arange(3), torch.arange(4), torch.arange(2))


def drawn(factors: Tensor, changes: int, times: int = 400) -> Tensor:
    """Pairs of all rows, `(times * N, 2)`."""
    rows = torch.arange(len(factors)).repeat(times)
    return Pairs(factors, changes)(rows, Sampler.seeded(0)).view(-1, 2)


@pytest.mark.parametrize("changes", [1, 2])
def test_the_images_of_a_pair_differ_in_so_many_factors_at_most(changes: int):
    pairs = drawn(GRID, changes)
    assert torch.equal(pairs[:, 0], torch.arange(len(GRID)).repeat(400))
    differ = (GRID[pairs[:, 0]] != GRID[pairs[:, 1]]).sum(1)
    assert sorted(set(differ.tolist())) == list(range(1, changes + 1))


def test_every_factor_changes_as_often_and_every_partner_is_as_likely():
    one, other = drawn(GRID, 1, 3000).T
    changed = (GRID[one] != GRID[other]).float()
    assert changed.mean(0).tolist() == pytest.approx([1 / 3] * 3, abs=0.01)
    moved = other[(one == 0) & (GRID[one] != GRID[other])[:, 1]]
    assert moved.bincount(minlength=24)[[2, 4, 6]].div(len(moved)).tolist() == pytest.approx(
        [1 / 3] * 3, abs=0.05
    )


def test_a_factor_in_which_few_images_have_partners_changes_the_more_often_there():
    """Of 12 images two alone have a partner in the first factor; each has one in the second."""
    factors = torch.stack([torch.arange(12) // 2, torch.arange(12) % 2], 1)
    factors[2] = torch.tensor([1, 0])
    factors[0] = torch.tensor([0, 0])
    one, other = drawn(factors, 1, 500).T
    first = (factors[one] != factors[other])[:, 0]
    assert first[one == 0].float().mean() > 0.4


def test_an_image_without_partners_is_its_own():
    factors = torch.tensor([[0, 0], [0, 1], [7, 7]])
    assert drawn(factors, 1, 3)[2::3].tolist() == [[2, 2]] * 3


@pytest.mark.parametrize(
    ("factors", "changes", "said"),
    [
        (GRID, 3, "differ in 1 to 2 of 3 factors"),
        (GRID, 0, "not in 0"),
        (torch.arange(6).view(3, 2), 1, "no two images agree"),
    ],
)
def test_pairs_that_cannot_be_drawn(factors: Tensor, changes: int, said: str, one_line: Callable):
    with pytest.raises(ValueError, match=said) as caught:
        Pairs(factors, changes)
    one_line(caught.value)


def test_a_pair_shares_the_dimensions_below_the_middle_of_least_and_largest_divergence():
    """KL(N(m, s^2) || N(n, t^2)) = log t/s + (s^2 + (m - n)^2) / 2 t^2 - 1/2."""
    mu = torch.tensor([[0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 2.0, 3.0]])  # 0, 1/2, 2, 9/2: the middle is 9/4
    assert shared(mu, torch.ones(2, 4)).tolist() == [[True, True, True, False]]
    sigma = torch.tensor(
        [[1.0, 4.0], [1.0, 1.0]]
    )  # 9/2 beside log 1/4 + 16/2 - 1/2 = 6.1; the other way round 0.9
    assert shared(torch.tensor([[0.0, 0.0], [3.0, 0.0]]), sigma).tolist() == [[True, False]]


def test_both_images_get_the_mean_of_means_and_of_variances_where_they_share():
    mu, sigma = torch.tensor([[0.0, 5.0], [1.0, -5.0]]), torch.tensor([[1.0, 1.0], [3.0, 2.0]])
    loc, scale = averaged(mu, sigma)
    assert loc.tolist() == [[0.5, 5.0], [0.5, -5.0]]
    assert torch.allclose(scale, torch.tensor([[5.0**0.5, 1.0], [5.0**0.5, 2.0]]))


def test_pairs_of_a_batch_do_not_mix():
    mu, sigma = torch.randn(6, 3), torch.rand(6, 3) + 0.1
    whole = averaged(mu, sigma)
    parts = [averaged(mu[rows], sigma[rows]) for rows in (slice(2), slice(2, 4), slice(4, 6))]
    for a, b in zip(whole, map(torch.cat, zip(*parts, strict=True)), strict=True):
        assert torch.equal(a, b)


@pytest.fixture
def setting() -> Setting:
    torch.manual_seed(0)
    return Setting(VAE(latent=3, nets="mlp-256").build(SIGNATURE), 3, 10, 6)


BATCH = {"x": torch.eye(16)[:6].view(6, 1, 4, 4), "y": one_hot(torch.tensor([0, 1, 2, 1, 0, 2]), 3)}


def test_the_loss_is_distortion_and_weighed_rate_of_the_averaged_posteriors(setting: Setting):
    model, objective = setting.model, AdaGVAE(beta=3.0).build(setting)
    found = objective(model, BATCH, mean)
    q = model.infer(BATCH).posteriors["z"]
    loc, scale = averaged(q.mean, q.stddev)
    rate = (0.5 * (loc**2 + scale**2 - 1) - scale.log()).sum(-1)
    logits = model.p["x"]({"z": loc}).log_prob(BATCH["x"])  # at the means, which stand for draws here
    assert found.total.item() == pytest.approx((3 * rate - logits).mean().item(), rel=1e-5)
    assert found.parts["rate_z"].item() == pytest.approx(rate.mean().item(), rel=1e-5)


def test_held_out_images_have_no_partners_and_keep_their_posteriors(setting: Setting):
    pairs, plain = AdaGVAE(beta=3.0).build(setting), ELBO(beta=3.0).build(setting)
    found, expected = (
        objective.eval()(setting.model, BATCH, Sampler.seeded(0)).total.item() for objective in (pairs, plain)
    )
    assert found == expected
    assert pairs.train()(setting.model, BATCH, Sampler.seeded(0)).total.item() != expected


def test_the_labelled_block_is_not_averaged():
    model = CDVAE(unlabelled=2, nets="mlp-256").build(SIGNATURE)
    assert pairable(model) == ["z_u"]
    found = PairsAveraged(["z_u"])(model, BATCH, mean).posteriors
    assert torch.equal(found["z_l"].mean, model.infer(BATCH).posteriors["z_l"].mean)


@pytest.mark.parametrize("declaration", [Joint(), CVAE(prior="class"), Ladder()])
def test_models_whose_latents_read_others_have_no_pairs(declaration: Declaration, one_line: Callable):
    with pytest.raises(ValueError, match="pairs need a model") as caught:
        pairable(declaration.build(SIGNATURE))
    one_line(caught.value)


def small(n: int = 64) -> Data:
    """Images of a bright pixel, whose row and column are the factors, in either of two greys."""
    place = torch.cartesian_prod(torch.arange(4), torch.arange(4), torch.arange(2)).repeat(2, 1)[:n]
    images = torch.zeros(n, 1, 4, 4, dtype=torch.uint8)
    images[torch.arange(n), 0, place[:, 0], place[:, 1]] = (120 + 100 * place[:, 2]).to(torch.uint8)
    return Data(
        "small",
        "train",
        images,
        torch.zeros(n, dtype=torch.long),
        (),
        place,
        factor_names=("row", "column", "grey"),
    )


OPTIONS = Options(objective=AdaGVAE(), epochs=2, batch=8, device="cpu", validation=8)


def test_a_resumed_training_of_pairs_goes_on_as_if_it_had_not_stopped(tmp_path: Path):
    whole = train(VAE(latent=2), small(), OPTIONS, tmp_path / "whole")

    def stop(progress: Any) -> None:
        if progress.epoch == 1 and progress.ends_epoch:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(VAE(latent=2), small(), OPTIONS, tmp_path / "parts", report=stop)
    resumed = train(VAE(latent=2), small(), OPTIONS, tmp_path / "parts", resume=True)
    assert resumed.weights == whole.weights
    assert isinstance(whole.card.objective, AdaGVAE)


def test_data_without_factors_has_no_pairs(tmp_path: Path, one_line: Callable):
    with pytest.raises(ValueError, match="those of small are not known") as caught:
        train(VAE(latent=2), replace(small(), factors=None, factor_names=()), OPTIONS, tmp_path / "run")
    one_line(caught.value)


def test_the_objective_is_known_by_its_name():
    assert OBJECTIVES["pairs"] is AdaGVAE
