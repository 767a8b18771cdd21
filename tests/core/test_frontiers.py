"""Trained multi-rate models: their frontiers, their anchors, and an atlas over their betas."""

import itertools
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vae_core.checkpoints import CheckpointError, Point, load, load_atlas, load_card, save_atlas, save_card
from vae_core.checkpoints.atlas import Atlas, AtlasGrid
from vae_core.cli import main
from vae_core.data import Data
from vae_core.metrics import Estimate, classes, evaluation_of, measure_frontier, oracle
from vae_core.metrics.evidence import terms_by_image
from vae_core.models import VAE
from vae_core.multirate import at, beta_grid
from vae_core.objectives import MultiRateVAE
from vae_core.projections import aligned, onto, umap
from vae_core.training import Options, train

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
