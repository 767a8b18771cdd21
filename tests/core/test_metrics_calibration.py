"""Calibration: exact on what is known, near zero for frequencies that are right, and there for every model with a class."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.support.tiers import first
from vae_core.checkpoints import Checkpoint, load
from vae_core.metrics import calibration, classes, evaluate, evaluation_of
from vae_core.metrics.classes import class_scores


@pytest.fixture(scope="module")
def checkpoints(trained: dict[str, Path]) -> dict[str, Checkpoint]:
    return {name: load(folder) for name, folder in trained.items()}


def uniform(n: int, seed: int) -> torch.Tensor:
    return torch.rand(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_constant_confidence_is_off_by_its_distance_from_the_share():
    right = (torch.arange(100) % 2).double()
    assert calibration.reliability(torch.full((100,), 0.9).double(), right).error == pytest.approx(0.4)


def test_the_error_weighs_each_bin_by_its_images():
    confidence = torch.tensor([0.55, 0.55, 0.55, 0.95]).double()
    right = torch.tensor([1.0, 0.0, 1.0, 1.0]).double()
    curve = calibration.reliability(confidence, right, bins=10)
    assert curve.count.tolist() == [0, 0, 0, 0, 0, 3, 0, 0, 0, 1]
    assert curve.accuracy[[5, 9]].tolist() == pytest.approx([2 / 3, 1.0])
    assert curve.confidence[[5, 9]].tolist() == pytest.approx([0.55, 0.95])
    assert curve.accuracy[0].isnan()
    assert curve.error == pytest.approx(0.75 * (2 / 3 - 0.55) + 0.25 * 0.05)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    """0 and 1 have a bin too."""
    confidence = torch.tensor([0.0, 0.25, 0.5, 1.0]).double()
    assert calibration.reliability(confidence, torch.ones(4).double(), bins=4).count.tolist() == [2, 1, 0, 1]


def test_confidences_that_are_frequencies_are_off_by_chance_alone():
    confidence = 0.1 + 0.9 * uniform(40_000, 1)
    right = (uniform(40_000, 2) < confidence).double()
    assert calibration.reliability(confidence, right).error < 0.4 * math.sqrt(15 / 40_000)
    boastful = calibration.reliability(confidence.sqrt(), right).error
    assert boastful == pytest.approx((confidence.sqrt() - confidence).mean().item(), abs=0.01)


def test_confidence_and_verdict_are_those_of_the_most_probable_class():
    log_q = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.4, 0.5]]).log()
    confidence, right = calibration.confidence_and_right(log_q, torch.tensor([0, 1]))
    assert confidence.tolist() == pytest.approx([0.7, 0.5])
    assert right.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("cdvae-digits", ["bayes"]),
        ("cvae-digits", ["bayes"]),
        ("joint-digits", ["bayes", "classifier"]),
        ("vae-digits", []),
        ("srvae-digits", []),
    ],
)
def test_every_model_with_a_class_is_held_to_its_probabilities(
    checkpoints: dict, name: str, kinds: list[str]
):
    found = evaluate(checkpoints[name], metrics=["calibration", "bayes"])
    assert set(found) == {f"{kind}_{what}" for kind in kinds for what in ("ece", "nll", "accuracy")}
    for kind in kinds:
        nll, ece = found[f"{kind}_nll"], found[f"{kind}_ece"]
        assert 0 < nll.value < math.log(10)
        assert 0 < ece.value < 1
        assert 0 < ece.se < 0.05
        assert ece.n == 447


@pytest.mark.parametrize("name", first(["cdvae-digits", "joint-digits"]))
def test_the_curve_holds_all_images_and_gives_the_error_of_the_card(checkpoints: dict, name: str):
    evaluation = evaluation_of(checkpoints[name])
    found, scores = calibration.calibration(evaluation), class_scores(evaluation)
    for kind, log_q in calibration.class_log_probabilities(evaluation).items():
        curve = calibration.reliability(*calibration.confidence_and_right(log_q, evaluation.data.labels))
        assert curve.count.sum() == 447
        assert curve.error == pytest.approx(found[f"{kind}_ece"].value)
        shares = (curve.accuracy.nan_to_num(0) * curve.count).sum().item() / 447
        right = (scores[kind].argmax(-1) == evaluation.data.labels).double().mean().item()
        assert shares == pytest.approx(right)


def test_the_probabilities_are_computed_once_for_accuracy_and_calibration(
    checkpoints: dict, monkeypatch: pytest.MonkeyPatch
):
    calls = []
    whole = classes.class_log_joint
    monkeypatch.setattr(classes, "class_log_joint", lambda *given: calls.append(1) or whole(*given))
    evaluation = evaluation_of(checkpoints["cdvae-digits"])
    classes.bayes_accuracy(evaluation)
    calibration.calibration(evaluation)
    assert len(calls) == 1
    classes.bayes_accuracy(replace(evaluation, seed=1))
    assert len(calls) == 2
