"""Nets that answer to every beta: exact in the linear case, told the beta that they are weighed by, and measured over their range.

Shapes: B examples, D data dimensions, d latent dimensions.
"""

import itertools
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.support.linear import LATENT, NOISE, SPECTRUM, D, best, points_of, tell
from vae_core.checkpoints import CheckpointError, Point, load, load_atlas, load_card, save_atlas, save_card
from vae_core.checkpoints.atlas import Atlas, AtlasGrid
from vae_core.cli import main
from vae_core.conditionals import DiagonalGaussian
from vae_core.data import Data
from vae_core.distributions import Sampler, mean, rsample
from vae_core.kinds import Image
from vae_core.likelihoods import GaussianPixels
from vae_core.metrics import Estimate, classes, evaluation_of, measure_frontier, oracle
from vae_core.metrics.evidence import terms_by_image
from vae_core.model import Model, Terms
from vae_core.models import CDVAE, VAE, Signature
from vae_core.multirate import Gated, GatedHead, Rates, at, beta_grid, closing, rates_of, usual
from vae_core.nets import Joined
from vae_core.objectives import Bound, MultiRate, MultiRateVAE
from vae_core.priors import StandardNormal, one_hot
from vae_core.projections import aligned, onto, umap
from vae_core.training import Options, options_for, train

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


# ---- trained


def test_a_card_says_that_it_is_multi_rate_and_a_run_goes_on(digits: Data, tmp_path: Path):
    declaration = VAE(nets="mlp-256", rates=(0.1, 10.0))
    options = Options(epochs=1, batch=64, device="cpu")
    train(declaration, digits, options, tmp_path / "run")
    resumed = train(declaration, digits, replace(options, epochs=2), tmp_path / "run", resume=True)
    assert resumed.card.epochs_done == 2
    assert isinstance(resumed.card.objective, MultiRateVAE)
    assert json.loads((tmp_path / "run" / "card.json").read_text())["model"]["arguments"]["rates"] == [
        0.1,
        10.0,
    ]


def test_rate_falls_and_distortion_rises_with_beta(trained: dict[str, Path]):
    evaluation = evaluation_of(load(trained["rate-digits"]))
    points, _ = measure_frontier(evaluation, beta_grid(evaluation.model, 5))
    found = [(point.rate, point.distortion.value) for point in points]
    rates, distortions = zip(*found, strict=True)
    assert list(rates) == sorted(rates, reverse=True)
    assert list(distortions) == sorted(distortions)
    assert rates[0] > rates[-1] + 3


def test_the_slope_of_the_frontier_lies_between_neighbouring_betas(trained: dict[str, Path]):
    checkpoint = load(trained["rate-digits"])
    evaluation = evaluation_of(checkpoint, split="train")  # the frontier that training walks along
    points, _ = measure_frontier(evaluation, [{"z": beta} for beta in (0.3, 1.0, 3.0)])
    for one, other in itertools.pairwise(points):
        slope = (other.distortion.value - one.distortion.value) / (one.rate - other.rate)
        assert one.betas["z"] < slope < other.betas["z"]


def test_a_frontier_has_every_number_with_its_error_and_the_rate_of_each_dimension(
    trained: dict[str, Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(oracle, "ORACLE_STEPS", 150)
    monkeypatch.setattr(classes, "SAMPLES", 500)
    evaluation = evaluation_of(load(trained["rates-digits"]))
    [point], _ = measure_frontier(evaluation, [{"z_l": 0.5, "z_u": 2.0}])
    assert set(point.json()) >= {
        "betas",
        "distortion",
        "rate_z_l",
        "rate_z_u",
        "active_units_z_l",
        "bayes_accuracy",
        "sample_accuracy",
    }
    assert set(point.json()["distortion"]) == {"value", "se", "n"}
    assert {block: len(kl) for block, kl in point.kl.items()} == {"z_l": 10, "z_u": 4}
    assert sum(point.kl["z_u"]) == pytest.approx(point.numbers["rate_z_u"].value, rel=1e-4)


def test_the_gap_to_an_anchor_is_the_difference_of_their_objectives(trained: dict[str, Path]):
    evaluation, betas = evaluation_of(load(trained["rate-digits"])), {"z": 2.0}
    plain = load(trained["vae-digits"]).model
    _, [twin, other] = measure_frontier(
        evaluation, [], [(at(evaluation.model, betas), betas), (plain, betas)]
    )
    assert (twin.gap.value, twin.gap.se, twin.gap.share) == (0.0, 0.0, 0.0)
    [ours], _ = measure_frontier(evaluation, [betas])
    assert other.gap.value == pytest.approx(ours.objective - other.objective, abs=1e-3)
    assert other.gap.share == pytest.approx(ours.objective / other.objective - 1, abs=1e-5)


def test_the_same_noise_measures_every_beta(trained: dict[str, Path]):
    evaluation = evaluation_of(load(trained["rate-digits"]))
    assert torch.equal(terms_by_image(evaluation)["distortion"], terms_by_image(evaluation)["distortion"])


# ---- the atlas and the card


def over(*places: float) -> AtlasGrid:
    generator = np.random.default_rng(0)
    noise = generator.normal(size=(5, 3)).astype(np.float32)
    atlases = tuple(
        Atlas(
            {"z": noise * p},
            {"z": np.full((5, 3), p, np.float32)},
            {"z": noise[:, :2] + p},
            np.arange(5) % 2,
            ("a", "b"),
        )
        for p in places
    )
    return AtlasGrid({"z": np.array(places)}, atlases)


def test_a_rung_is_itself_and_between_two_the_atlas_is_between():
    found = over(0.1, 1.0, 10.0)
    assert found.at({"z": 1.0}) is found.atlases[1]
    middle = found.at({"z": math.sqrt(10)})
    assert np.allclose(
        middle.means["z"], (found.atlases[1].means["z"] + found.atlases[2].means["z"]) / 2, atol=1e-6
    )
    assert np.allclose(middle.scales["z"], math.sqrt(10), rtol=1e-5)
    assert np.allclose(middle.coordinates["z"] - found.atlases[0].coordinates["z"], 5.4, atol=1e-5)
    assert found.at({"z": 100.0}) is found.atlases[2]


def test_four_rungs_of_a_square_have_shares_that_add_up():
    square = AtlasGrid(
        {"a": np.array([1.0, 1.0, 10.0, 10.0]), "b": np.array([1.0, 10.0, 1.0, 10.0])},
        over(1, 2, 3, 4).atlases,
    )
    corners = square.corners({"a": 10**0.25, "b": 10**0.5})
    assert corners == [(0, 0.375), (1, 0.375), (2, 0.125), (3, 0.125)]


def test_atlases_over_a_grid_are_kept_within_half_a_step_of_256(tmp_path: Path):
    kept = over(0.1, 1.0, 10.0)
    save_atlas(tmp_path, kept)
    found = load_atlas(tmp_path)
    assert list(found.betas["z"]) == [0.1, 1.0, 10.0]
    everything = np.stack([atlas.means["z"] for atlas in kept.atlases])
    step = (everything.max((0, 1)) - everything.min((0, 1))) / 255
    for one, other in zip(kept.atlases, found.atlases, strict=True):
        assert (np.abs(one.means["z"] - other.means["z"]) <= 0.51 * step).all()
        assert np.allclose(one.scales["z"], other.scales["z"], rtol=0.01)
        assert np.allclose(one.coordinates["z"], other.coordinates["z"], atol=0.01)
    assert found.atlases[2].labels.tolist() == [0, 1, 0, 1, 0]


def test_a_checkpoint_moves_its_model_and_its_atlas_together(trained: dict[str, Path]):
    found = load(trained["rates-digits"])
    assert found.betas == {"z_l": 1.0, "z_u": 1.0}
    moved = found.at({"z_l": 1.0, "z_u": 10.0})
    assert moved.atlas_grid is found.atlas_grid
    assert not np.allclose(moved.atlas.means["z_u"], found.atlas.means["z_u"])
    assert moved.model.held["log_beta_z_u"].item() == pytest.approx(math.log(10))


def test_an_atlas_without_the_rungs_of_its_model_is_said(
    trained: dict[str, Path], tmp_path: Path, one_line: Callable
):
    folder = shutil.copytree(trained["rates-digits"], tmp_path / "mine")
    shutil.copy(trained["cdvae-digits"] / "atlas.npz", folder / "atlas.npz")
    with pytest.raises(CheckpointError, match="latent-explorer atlas") as caught:
        _ = load(folder).atlas
    one_line(caught.value)


def test_the_command_writes_the_frontier_into_the_card(
    trained: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture
):
    folder = shutil.copytree(trained["rate-digits"], tmp_path / "mine")
    anchors = ["--anchors", str(trained["vae-digits"])]
    assert main(["frontier", str(folder), "--rungs", "3", "--limit", "100", *anchors]) == 0
    assert "beta(z) = 0.1: distortion" in capsys.readouterr().out
    found = load_card(folder).frontier
    assert found is not None
    assert (
        found.command == "latent-explorer frontier mine --rungs 3 --seed 0 --limit 100 --anchors vae-digits"
    )
    assert [point.betas["z"] for point in found.points] == [0.1, 1.0, 10.0]
    assert found.anchors[0].betas == {"z": 1.0}
    assert found.anchors[0].gap.n == 100
    assert found.about == "100 test images of digits"


def frontier_of(folder: Path) -> dict:
    return load_card(folder).json["frontier"]


MEASURE = ["--rungs", "2", "--limit", "50"]


def test_a_frontier_measured_again_keeps_its_anchors_and_their_commands(
    trained: dict[str, Path], tmp_path: Path
):
    folder = shutil.copytree(trained["rate-digits"], tmp_path / "mine")
    other = shutil.copytree(trained["vae-digits"], tmp_path / "other")
    assert main(["frontier", str(folder), *MEASURE, "--anchors", str(trained["vae-digits"])]) == 0
    before = frontier_of(folder)
    assert main(["frontier", str(folder), *MEASURE, "--seed", "3"]) == 0
    assert frontier_of(folder)["anchors"] == before["anchors"]
    assert frontier_of(folder)["points"] != before["points"]
    assert main(["frontier", str(folder), *MEASURE, "--seed", "4", "--anchors", str(other)]) == 0
    found = load_card(folder).frontier
    assert found is not None
    assert [anchor.name for anchor in found.anchors] == ["vae-digits", "other"]
    assert [command.split("--seed ")[1][0] for command in found.gaps_by] == ["0", "4"]
    assert (
        main(["frontier", str(folder), *MEASURE, "--seed", "5", "--anchors", str(trained["vae-digits"])]) == 0
    )
    assert [anchor["name"] for anchor in frontier_of(folder)["anchors"]] == ["other", "vae-digits"]


def test_anchors_measured_beside_other_weights_are_left_out_and_that_is_said(
    trained: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture
):
    folder = shutil.copytree(trained["rate-digits"], tmp_path / "mine")
    assert main(["frontier", str(folder), *MEASURE, "--anchors", str(trained["vae-digits"])]) == 0
    save_card(
        folder, load_card(folder).changed(frontier={**frontier_of(folder), "weights": "of another day"})
    )
    assert load(folder).stale == ("frontier",)
    capsys.readouterr()
    assert main(["frontier", str(folder), *MEASURE]) == 0
    assert "beside older weights" in " ".join(capsys.readouterr().err.split())
    assert frontier_of(folder)["anchors"] == []
    assert load(folder).stale == ()


@pytest.mark.parametrize("frontier", [3, {"points": []}, {"points": [{}], "anchors": [{"name": 3}]}])
def test_a_damaged_frontier_is_measured_anew(
    trained: dict[str, Path], tmp_path: Path, frontier: object, capsys: pytest.CaptureFixture
):
    folder = shutil.copytree(trained["rate-digits"], tmp_path / "mine")
    save_card(folder, load_card(folder).changed(frontier=frontier))
    with pytest.raises(CheckpointError, match="run `latent-explorer frontier"):
        _ = load(folder).frontier
    assert main(["frontier", str(folder), *MEASURE]) == 0
    assert "is damaged" in " ".join(capsys.readouterr().err.split())
    found = load(folder).frontier
    assert found is not None
    assert len(found.points) == 2


@pytest.mark.parametrize(
    "extra",
    [
        ["--rungs", "-1"],
        ["--rungs", "0"],
        ["--rungs", "1"],
        ["--rungs", "1001"],
        ["--seed", "-1"],
        ["--anchors", "nowhere"],
    ],
)
def test_a_frontier_that_cannot_be_measured_leaves_the_card_alone(
    trained: dict[str, Path],
    tmp_path: Path,
    extra: list[str],
    capsys: pytest.CaptureFixture,
    one_line: Callable,
):
    folder = shutil.copytree(trained["rate-digits"], tmp_path / "mine")
    before = (folder / "card.json").read_bytes()
    assert main(["frontier", str(folder), "--limit", "50", *extra]) == 2
    one_line(capsys.readouterr().err.splitlines()[-1])
    assert (folder / "card.json").read_bytes() == before


def test_the_frontier_between_two_rungs_is_between_them(trained: dict[str, Path]):
    found = load_card(trained["rates-digits"]).frontier
    assert found is not None
    low, high = (found.at({"z_l": 1.0, "z_u": beta}) for beta in (1.0, 10.0))
    middle = found.at({"z_l": 1.0, "z_u": math.sqrt(10)})
    assert middle["distortion"] == pytest.approx((low["distortion"] + high["distortion"]) / 2)
    assert middle["rate"] == pytest.approx((low["rate"] + high["rate"]) / 2)
    line = found.line("z_u", {"z_l": 1.2, "z_u": 1.0})
    assert [point.betas for point in line] == [{"z_l": 1.0, "z_u": beta} for beta in (0.1, 1.0, 10.0)]


@pytest.mark.parametrize(
    ("folder", "anchor", "words"),
    [
        ("vae-digits", None, "answers to one beta only"),
        ("rate-digits", "rate-digits", "was not trained for one beta"),
        ("rate-digits", "cdvae-digits", "was not trained for one beta on the same data and blocks"),
    ],
)
def test_what_has_no_frontier_or_is_no_anchor_is_refused(
    trained: dict[str, Path], folder: str, anchor: str | None, words: str, capsys: pytest.CaptureFixture
):
    extra = ["--anchors", str(trained[anchor])] if anchor else []
    assert main(["frontier", str(trained[folder]), *extra]) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_evaluate_measures_a_multi_rate_model_where_it_is_asked(
    trained: dict[str, Path], capsys: pytest.CaptureFixture
):
    found = []
    for beta in ([], ["--beta", "8"]):
        assert main(["evaluate", str(trained["rate-digits"]), "--json", "--metrics", "elbo", *beta]) == 0
        found.append(json.loads(capsys.readouterr().out)["metrics"]["rate_z"]["value"])
    assert found[1] < found[0] - 1


def test_the_error_of_a_rate_is_never_less_than_that_of_its_blocks_together():
    rates = {"rate_a": Estimate(1.0, 0.3, 5), "rate_b": Estimate(2.0, 0.4, 5)}
    point = Point({"a": 1.0, "b": 1.0}, rates, {})
    assert (point.rate, point.rate_error) == (3.0, pytest.approx(0.7))


def test_a_card_without_a_frontier_has_none(trained: dict[str, Path], tmp_path: Path):
    card = load_card(trained["vae-digits"])
    save_card(tmp_path, card)
    assert load_card(tmp_path).frontier is None


@pytest.mark.slow
def test_umap_keeps_an_item_in_its_place_from_rung_to_rung():
    generator = np.random.default_rng(0)
    clusters = np.repeat(generator.normal(scale=8.0, size=(5, 6)), 60, axis=0)
    noise = generator.normal(size=clusters.shape)
    codes = [(clusters + scale * noise).astype(np.float32) for scale in (0.5, 1.0, 1.5)]
    maps = aligned(codes, np.array([[-1.0], [0.0], [1.0]]))
    lone = [umap(part) for part in codes]

    def step(each: list[np.ndarray]) -> float:
        return float(
            np.mean([np.linalg.norm(a - b, axis=1).mean() / a.std() for a, b in itertools.pairwise(each)])
        )

    assert step(maps) < 0.5 * step(lone)
    for one in maps:
        assert np.isfinite(one).all()


def test_a_map_is_laid_onto_another_without_changing_its_shape():
    generator = np.random.default_rng(0)
    fixed = generator.normal(size=(50, 2))
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    assert np.allclose(onto(3 * fixed @ turn + 7, fixed), fixed)
    other = generator.normal(size=(50, 2))
    found = onto(other, fixed)
    distances = [np.linalg.norm(part[:, None] - part[None], axis=-1) for part in (other, found)]
    ratio = distances[1][0, 1] / distances[0][0, 1]
    assert np.allclose(distances[1], ratio * distances[0])
    assert np.linalg.norm(found - found.mean(0)) == pytest.approx(np.linalg.norm(fixed - fixed.mean(0)))


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
