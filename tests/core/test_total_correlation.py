"""The total correlation as a penalty: what the batch and the discriminator say of it, against exact answers.

Shapes: N images, B of them in a batch, D latent dimensions.
"""

import itertools
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, Normal

from tests.support.tiers import covering, first
from vae_core import objectives
from vae_core.checkpoints import TRAINING, load_card, read_tensors
from vae_core.cli import main
from vae_core.data import Data
from vae_core.distributions import Sampler, aggregate_log_density, diagonal_normal
from vae_core.kinds import Image
from vae_core.metrics.aggregate import decomposition_of
from vae_core.model import Inferred, Model, Terms
from vae_core.models import CDVAE, SRVAE, VAE, Declaration, Joint, Signature
from vae_core.nets import preset
from vae_core.objectives import (
    BetaTCVAE,
    Bound,
    Discriminator,
    FactorVAE,
    RateParts,
    Weighted,
    discriminators,
    elbo,
    minibatch_log_density,
    rate_parts,
)
from vae_core.priors import one_hot
from vae_core.training import Options, Progress, TrainingError, options_for, train

SIGNATURE = Signature(Image(1, 4, 4), tuple("abc"))
N, D = 7, 3
BATCH = {"x": torch.eye(16)[:N].view(N, 1, 4, 4), "y": one_hot(torch.arange(N) % 3, 3)}


@pytest.fixture
def vae() -> Model:
    return VAE(latent=D, nets="mlp-256").build(SIGNATURE)


@pytest.fixture
def inferred(vae: Model) -> Inferred:
    return vae.infer(BATCH, Sampler.seeded(0))


def weights_of(net: Any) -> list[Tensor]:
    return list(net.parameters())


def posteriors() -> tuple[Tensor, Tensor, Tensor]:
    """Means and scales of N posteriors that overlap here and there, and a draw of each, `(N, D)`."""
    mean, scale = torch.randn(N, D), torch.rand(N, D) + 0.2
    return mean, scale, mean + scale * torch.randn(N, D)


def test_a_batch_of_all_images_has_the_exact_aggregate():
    mean, scale, z = posteriors()
    found = minibatch_log_density(z, mean, scale, torch.arange(N), N)
    for a, b in zip(found, aggregate_log_density(z, mean, scale), strict=True):
        assert torch.allclose(a, b, atol=1e-5)


def over_batches(size: int) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Estimates of log q(z) of one draw from every batch of so many images that holds its own; and log q(z), log q(z_j) themselves."""
    mean, scale, z = posteriors()
    found = []
    for others in itertools.combinations(range(1, N), size - 1):
        rows = [0, *others]
        joint, each = minibatch_log_density(z[:1], mean[rows], scale[rows], torch.tensor([0]), N)
        found.append(torch.cat([joint, each[0]]))
    return torch.stack(found), aggregate_log_density(z[:1], mean, scale)


@pytest.mark.parametrize("size", [2, 3, N])
def test_over_all_batches_the_aggregate_densities_are_unbiased(size: int):
    found, (joint, each) = over_batches(size)
    assert torch.allclose(found.exp().mean(0).log(), torch.cat([joint, each[0]]), atol=1e-5)


def test_their_logarithms_are_too_low_and_less_so_in_a_larger_batch():
    exact = over_batches(N)[0][0]
    torch.manual_seed(0)
    gaps = []
    for size in (2, 4, 6):
        torch.manual_seed(0)
        found, (joint, each) = over_batches(size)
        gaps.append((found.mean(0) - torch.cat([joint, each[0]])).tolist())
    assert exact.shape == (1 + D,)
    assert all(low < middle < high < 0 for low, middle, high in zip(*gaps, strict=True))


def test_posteriors_without_neighbours_fall_to_the_floor_of_log_n():
    mean = 100 * torch.eye(2)
    joint, _ = minibatch_log_density(mean, mean, torch.ones(2, 2), torch.arange(2), 50)
    own = diagonal_normal(mean, torch.ones(2, 2)).log_prob(mean)
    assert torch.allclose(own - joint, torch.full((2,), math.log(50)), atol=1e-4)


def test_a_batch_of_one_image_has_a_finite_estimate():
    joint, each = minibatch_log_density(
        torch.zeros(1, D), torch.zeros(1, D), torch.ones(1, D), torch.tensor([0]), 9
    )
    assert joint.isfinite().all()
    assert each.isfinite().all()


@pytest.mark.parametrize("images", [N, 100])
def test_the_parts_sum_to_the_rate_at_the_draws(vae: Model, inferred: Inferred, images: int):
    split = RateParts("z", images, beta=1.0).decomposition(vae, inferred)
    q, z = inferred.posteriors["z"], inferred.env["z"]
    assert split.dimensions is not None
    assert torch.allclose(
        split.information + split.correlation + split.dimensions.sum(-1),
        q.log_prob(z) - vae.p["z"]({}).log_prob(z),
        atol=1e-5,
    )


def test_on_all_images_the_parts_are_those_that_are_measured(vae: Model, inferred: Inferred):
    split = RateParts("z", N, beta=1.0).decomposition(vae, inferred)
    q, z = inferred.posteriors["z"], inferred.env["z"]
    each = Normal(0.0, 1.0).log_prob(z)
    exact = decomposition_of(q.mean, q.stddev, z, each.sum(-1), each)
    assert exact.dimensions is not None
    for a, b in zip(split, exact, strict=True):
        assert a is not None
        assert b is not None
        assert torch.allclose(a, b, atol=1e-5)


def test_its_gradient_reaches_every_posterior_of_the_batch(vae: Model, inferred: Inferred):
    """Against the gradient of the total correlation written with torch's own mixtures."""
    q, z = inferred.posteriors["z"], inferred.env["z"]
    even = Categorical(torch.ones(N))
    joint = MixtureSameFamily(even, diagonal_normal(q.mean, q.stddev)).log_prob(z)
    marginals = [
        MixtureSameFamily(even, Normal(q.mean[:, j], q.stddev[:, j])).log_prob(z[:, j]) for j in range(D)
    ]
    exact = (joint - torch.stack(marginals).sum(0)).mean()
    found = RateParts("z", N, beta=2.0)(vae, BATCH, inferred, Terms({}, {}, {})).mean()
    weights = weights_of(vae.q)
    for a, b in zip(
        torch.autograd.grad(found, weights, retain_graph=True),
        torch.autograd.grad(exact, weights),
        strict=True,
    ):
        assert torch.allclose(a, b, atol=1e-5)


def losses(model: Model, *objectives: Bound) -> list[Any]:
    return [objective(model, BATCH, Sampler.seeded(1)) for objective in objectives]


def test_with_weights_of_one_the_loss_is_the_negative_bound_and_has_its_gradient(vae: Model):
    plain, parted = losses(vae, elbo(), Bound(Weighted(), rate_parts(vae, 100, 1.0)))
    assert torch.equal(plain.total, parted.total)
    weights = list(vae.parameters())
    gradients = zip(*(torch.autograd.grad(loss.total, weights) for loss in (plain, parted)), strict=True)
    assert all(torch.equal(a, b) for a, b in gradients)


def test_each_part_enters_with_its_weight(vae: Model):
    plain, parted = losses(vae, elbo(), Bound(Weighted(), rate_parts(vae, 100, 6.0, 0.5, 2.0)))
    part = {name: value.item() for name, value in parted.parts.items()}
    added = -0.5 * part["index_information_z"] + 5 * part["total_correlation_z"] + part["dimension_kl_z"]
    assert (parted.total - plain.total).item() == pytest.approx(added, rel=1e-4)
    assert {"distortion", "rate_z"} < set(part)


DECLARED: dict[str, tuple[Declaration, list[str]]] = {
    "cdvae": (CDVAE(unlabelled=2, nets="mlp-256"), ["z_u"]),
    "joint": (Joint(latent=2, nets="mlp-256"), ["z"]),
    "srvae": (SRVAE(latent=2, coarse_latent=2, pool=2, nets="mlp-256"), ["u"]),
    "vamp": (VAE(latent=2, prior="vamp", components=3, nets="mlp-256"), ["z"]),
}


@pytest.mark.parametrize("name", DECLARED)
def test_a_block_whose_prior_reads_others_keeps_its_rate_as_it_is(name: str):
    declaration, blocks = DECLARED[name]
    model = declaration.build(SIGNATURE)
    for made in (rate_parts(model, 100, 2.0), discriminators(model, 2.0, 8)):
        assert [penalty.block for penalty in made] == blocks
        loss = Bound(Weighted(), made)(model, BATCH, Sampler.seeded(0))
        assert loss.total.isfinite()


def test_a_mixture_prior_has_no_dimensions_of_its_own(one_line: Callable):
    model = VAE(latent=2, prior="mixture", components=3, nets="mlp-256").build(SIGNATURE)
    parts = Bound(Weighted(), rate_parts(model, 100, 2.0, 3.0))(model, BATCH, Sampler.seeded(0)).parts
    assert {"index_information_z", "total_correlation_z"} < set(parts)
    assert "dimension_kl_z" not in parts
    with pytest.raises(ValueError, match="leave out --tc-gamma") as caught:
        rate_parts(model, 100, 2.0, gamma=2.0)
    one_line(caught.value)


@pytest.mark.parametrize(
    "make", [lambda model: rate_parts(model, 100, 2.0), lambda model: discriminators(model, 2.0)]
)
def test_a_model_whose_every_prior_reads_the_class_is_refused(make: Callable, one_line: Callable):
    with pytest.raises(ValueError, match="every prior of this model reads the class") as caught:
        make(Joint(prior="class", nets="mlp-256").build(SIGNATURE))
    one_line(caught.value)


def test_the_encoder_descends_the_ratio_and_the_discriminator_its_cross_entropy(vae: Model):
    """One backward pass gives either what it would get alone."""
    weight, penalty = 3.0, Discriminator(3.0, "z", D, width=8)
    inferred = vae.infer(BATCH, Sampler.seeded(0))
    z, empty = inferred.env["z"], Terms({}, {}, {})
    torch.manual_seed(5)
    loss = penalty.loss(vae, BATCH, inferred, empty)
    torch.manual_seed(5)
    wanted_of_net = torch.autograd.grad(penalty.cross_entropy(z.detach()), list(penalty.net.parameters()))
    wanted_of_encoder = torch.autograd.grad(
        weight * penalty.net(z).mean(), weights_of(vae.q), retain_graph=True
    )
    found = torch.autograd.grad(loss.total, [*penalty.net.parameters(), *weights_of(vae.q)])
    for a, b in zip(found, (*wanted_of_net, *wanted_of_encoder), strict=True):
        assert b.abs().sum() > 0
        assert torch.allclose(a, b, atol=1e-7)


def test_the_loss_counts_the_weighed_ratio_and_the_cross_entropy(vae: Model):
    objective = Bound(Weighted(), discriminators(vae, 4.0, 8))
    plain, both = losses(vae, elbo(), objective)
    part = {name: value.item() for name, value in both.parts.items()}
    added = 4 * part["total_correlation_z"] + part["discriminator_z"]
    assert (both.total - plain.total).item() == pytest.approx(added, abs=1e-4)
    assert part["discriminator_z"] == pytest.approx(math.log(2), abs=0.1)
    assert "discriminator_z" not in objective.eval()(vae, BATCH, Sampler.seeded(1)).parts


def test_each_dimension_of_the_product_is_permuted_among_the_images(monkeypatch: pytest.MonkeyPatch):
    penalty, seen = Discriminator(1.0, "z", D, width=4), []
    monkeypatch.setattr(penalty.net, "forward", lambda z: (seen.append(z), z.sum(-1))[1])
    z = torch.arange(50.0 * D).view(50, D)
    penalty.cross_entropy(z)
    real, product = seen[0].chunk(2)
    assert torch.equal(real, z)
    assert torch.equal(product.sort(0).values, z)
    assert not torch.equal(product, z)
    assert not torch.equal(product[:, 0] + 1, product[:, 1])


def fitted(correlation: float) -> tuple[float, float]:
    """What a discriminator says of the total correlation of four Gaussians, correlated in pairs; and -1/2 log det R."""
    matrix = torch.eye(4)
    for a in (0, 2):
        matrix[a, a + 1] = matrix[a + 1, a] = correlation
    factor, penalty = torch.linalg.cholesky(matrix), Discriminator(1.0, "z", 4, width=64)
    optimizer = torch.optim.Adam(penalty.parameters(), **{**penalty.adam, "lr": 1e-3})
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 400)
    for _ in range(400):
        optimizer.zero_grad()
        penalty.cross_entropy(torch.randn(512, 4) @ factor.T).backward()
        optimizer.step()
        schedule.step()
    z = torch.randn(20_000, 4) @ factor.T
    empty = Inferred({}, {"z": z})
    found = penalty(None, {}, empty, None).mean().item()  # type: ignore[arg-type]
    return found, -0.5 * torch.logdet(matrix).item()


@pytest.mark.slow
@pytest.mark.parametrize("correlation", first([0.9, 0.6]))
def test_a_fitted_discriminator_finds_the_total_correlation_of_a_gaussian(correlation: float):
    found, exact = fitted(correlation)
    assert exact == pytest.approx(-math.log(1 - correlation**2))
    assert found == pytest.approx(exact, rel=0.1)


@pytest.mark.slow
def test_a_fitted_discriminator_finds_none_where_there_is_none():
    assert fitted(0.0)[0] == pytest.approx(0, abs=0.03)


SMALL = VAE(latent=3, nets="mlp-256")
QUICK = Options(epochs=4, batch=64, learning_rate=3e-3, warmup=2, limit=256, device="cpu")
OBJECTIVES = {
    "tc": replace(QUICK, objective=BetaTCVAE(tc_beta=6.0, tc_alpha=0.5)),
    "factor": replace(QUICK, objective=FactorVAE(tc_weight=5.0, discriminator_width=16)),
}


def history(folder: Path) -> list[dict[str, float]]:
    return [{k: v for k, v in entry.items() if k != "seconds"} for entry in load_card(folder).history]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_resumed_run_is_the_uninterrupted_run(name: str, digits: Data, tmp_path: Path):
    def interrupt(at: Progress) -> None:
        if at.ends_epoch and at.epoch == 2:
            raise KeyboardInterrupt

    train(SMALL, digits, OBJECTIVES[name], tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(SMALL, digits, OBJECTIVES[name], tmp_path / "parts", report=interrupt)
    train(SMALL, digits, OBJECTIVES[name], tmp_path / "parts", resume=True)
    one, other = (read_tensors(tmp_path / part / TRAINING) for part in ("whole", "parts"))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert any("regularisers" in key for key in one) == (name == "factor")
    assert history(tmp_path / "whole") == history(tmp_path / "parts")


def test_the_discriminator_is_trained_at_the_rate_of_the_paper_and_the_model_at_its_own(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    seen, init = [], torch.optim.Adam.__init__
    monkeypatch.setattr(
        torch.optim.Adam, "__init__", lambda adam, *a, **k: (seen.append(adam), init(adam, *a, **k))[1]
    )
    train(SMALL, digits, OBJECTIVES["factor"], tmp_path / "run")
    model, discriminator = seen[0].param_groups
    assert (discriminator["lr"], discriminator["betas"]) == (1e-4, (0.5, 0.9))
    assert model["betas"] == (0.9, 0.999)
    assert model["lr"] < 1e-4  # at the end of its cosine
    sizes = [sum(p.numel() for p in group["params"]) for group in (model, discriminator)]
    assert sizes == [
        sum(p.numel() for p in module.parameters())
        for module in (SMALL.build(digits.signature), Discriminator(1.0, "z", 3, 16))
    ]


def test_validation_measures_the_loss_without_a_step_of_the_discriminator(digits: Data, tmp_path: Path):
    found = train(
        SMALL, digits, replace(OBJECTIVES["factor"], validation=65, epochs=1, limit=321), tmp_path / "run"
    )
    assert math.isfinite(found.card.history[0]["validation_loss"])


def test_a_discriminator_that_is_not_finite_stops_the_training_at_its_step(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_line: Callable
):
    loss, calls = Discriminator.loss, []

    def breaks(penalty: Discriminator, *arguments: Any) -> Any:
        calls.append(penalty)
        if len(calls) == 6:
            torch.nn.init.constant_(penalty.net[0].weight, math.nan)  # type: ignore[arg-type]
        return loss(penalty, *arguments)

    monkeypatch.setattr(Discriminator, "loss", breaks)
    with pytest.raises(TrainingError, match="term total_correlation_z is not finite at step 6;") as caught:
        train(SMALL, digits, OBJECTIVES["factor"], tmp_path / "run")
    one_line(caught.value)
    assert load_card(tmp_path / "run").epochs_done == 1


WORDS = {
    "tc": ["--objective", "tc", "--tc-beta", "6", "--tc-alpha", "0.5"],
    "factor": ["--objective", "factor", "--tc-weight", "5", "--discriminator-width", "16"],
}


@pytest.mark.parametrize(
    ("name", "data", "nets", "model"),
    covering([*WORDS], [("digits", "mlp-256", "cdvae"), ("sprites", "conv-32-64", "vae")]),
)
def test_the_command_trains_it(
    name: str, data: str, nets: str, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    loop = ["--epochs", "1", "--batch", "32", "--limit", "96", "--device", "cpu", "--no-atlas"]
    folder = tmp_path / "run"
    assert (
        main(["train", model, "--data", data, "--nets", nets, *loop, *WORDS[name], "--out", str(folder)]) == 0
    )
    card, block = load_card(folder), "z" if model == "vae" else "z_u"
    weights = {
        "tc": {"tc_beta": 6.0, "tc_alpha": 0.5},
        "factor": {"tc_weight": 5.0, "discriminator_width": 16},
    }
    assert type(card.objective) is objectives.OBJECTIVES[name]
    assert vars(card.objective).items() >= weights[name].items()
    assert math.isfinite(card.history[0][f"total_correlation_{block}"])
    assert f"total_correlation_{block}" in capsys.readouterr().err


def test_other_objectives_have_cards_as_before(digits: Data, tmp_path: Path):
    card = train(SMALL, digits, replace(QUICK, epochs=1), tmp_path / "run").card
    assert not {key for key in card.json["objective"] if key.startswith(("tc", "discriminator"))}
    assert json.dumps(card.json["objective"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"objective": "tc"}, "the objective tc needs --tc-beta: weight of"),
        ({"objective": "factor"}, "the objective factor needs --tc-weight: gamma"),
        ({"tc_beta": 6.0}, "elbo takes no tc-beta: leave it out, or choose tc"),
        ({"tc_alpha": 1.0}, "elbo takes no tc-alpha: leave it out, or choose tc"),
        ({"objective": "tc", "tc_beta": 6.0, "tc_weight": 3.0}, "tc takes no tc-weight"),
        ({"objective": "factor", "tc_weight": 6.0, "tc_gamma": 3.0}, "factor takes no tc-gamma"),
        (
            {"objective": "tc", "tc_beta": 6.0, "beta": 2.0},
            "tc takes no beta: leave it out, or choose elbo or pairs or styles or semi-supervised",
        ),
        ({"objective": "elbo", "discriminator_width": 8}, "elbo takes no discriminator-width"),
        ({"objective": "tc", "tc_beta": -1.0}, "tc-beta must be 0 or more, got -1.0"),
        ({"objective": "tc", "tc_beta": 1.0, "tc_gamma": math.nan}, "tc-gamma must be 0 or more, got nan"),
        ({"objective": "factor", "tc_weight": 0.0}, "tc-weight must be above 0, got 0.0"),
        ({"objective": "factor", "tc_weight": 1.0, "discriminator_width": 0}, "width must be above 0, got 0"),
        ({"objective": "tc", "tc_beta": 6.0, "labels": 20}, "the objective tc takes no labels"),
        (
            {"objective": "factor", "tc_weight": 6.0, "patience": 2, "validation": 9},
            "losses of two epochs cannot be compared",
        ),
    ],
)
def test_options_too_few_or_too_many_are_refused(options: dict[str, Any], words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as caught:
        options_for(SMALL, options)
    one_line(caught.value)


def test_a_multi_rate_model_has_betas_of_its_own(digits: Data, tmp_path: Path):
    with pytest.raises(ValueError, match="draws betas of its own"):
        train(VAE(latent=2, rates=(0.1, 10.0)), digits, OBJECTIVES["tc"], tmp_path / "run")


def test_stages_leave_the_discriminator_free_to_learn(digits: Data, tmp_path: Path):
    model = SRVAE(latent=3, coarse_latent=2, pool=4, nets="mlp-256")
    options = replace(OBJECTIVES["factor"], stagewise=True, epochs=2)
    train(model, digits, options, tmp_path / "run")
    found = read_tensors(tmp_path / "run" / TRAINING)
    steps = [value.item() for key, value in found.items() if key.startswith("step.objective")]
    assert steps == [8.0] * 14


def parameters(net: torch.nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def test_the_nets_of_disentanglement_lib_have_its_numbers_of_parameters():
    """Counted by hand from its layers, for one channel and ten latents."""
    nets, shape = preset("conv-32-64"), (1, 64, 64)
    convolutions = (16 * 32 + 32) + (16 * 32 * 32 + 32) + (4 * 32 * 64 + 64) + (4 * 64 * 64 + 64)
    assert parameters(nets.trunk(shape)) == convolutions + (1024 * 256 + 256)
    top = (10 * 256 + 256) + (256 * 1024 + 1024)
    back = (16 * 64 * 64 + 64) + (16 * 64 * 32 + 32) + (16 * 32 * 32 + 32) + (16 * 32 + 1)
    assert parameters(nets.decoder(10, shape)) == top + back


def test_they_want_sides_of_sixteen(one_line: Callable):
    with pytest.raises(ValueError, match="whose sides are at least 16, got 8 x 8") as caught:
        preset("conv-32-64").trunk((1, 8, 8))
    one_line(caught.value)
