"""The numbers in the documents are those of the cards and of the benchmarks' results."""

import itertools
from pathlib import Path

import pytest

from benchmarks.readme import BLOCKS, MODEL, block
from vae_core import bundled
from vae_core.checkpoints import load_card


@pytest.mark.parametrize(("path", "name"), BLOCKS, ids=[name for _, name in BLOCKS])
def test_what_a_document_quotes_is_its_source(path: Path, name: str):
    assert block(path, name) == BLOCKS[path, name]()


def test_the_card_meets_what_the_bundled_model_promises():
    metrics = {name: found.value for name, found in load_card(bundled()[MODEL]).metrics.items()}
    assert metrics["bayes_accuracy"] >= 0.985
    assert metrics["sample_accuracy"] >= 0.98
    assert metrics["swap_accuracy"] >= 0.98
    assert metrics["negative_elbo"] <= 97


def test_the_class_stays_known_over_the_whole_range_of_betas():
    found = load_card(bundled()[MODEL]).frontier
    assert found is not None
    assert len(found.points) == 25
    assert len(found.anchors) >= 3
    for point in found.points:
        assert point.numbers["bayes_accuracy"].value >= 0.95
        assert point.numbers["sample_accuracy"].value >= 0.95


@pytest.mark.parametrize("name", ["mr-vae-mnist", "mr-cdvae-mnist"])
def test_a_frontier_falls_and_rises_with_beta(name: str):
    found = load_card(bundled()[name]).frontier
    assert found is not None
    for variable in found.blocks:
        line = found.line(variable, dict.fromkeys(found.blocks, 1.0))
        assert [point.rate for point in line] == sorted((point.rate for point in line), reverse=True)
        distortions = [point.distortion.value for point in line]
        assert distortions == sorted(distortions)


def test_the_slope_of_the_bundled_frontier_lies_between_neighbouring_betas():
    found = load_card(bundled()["mr-vae-mnist"]).frontier
    assert found is not None
    for one, other in itertools.pairwise(found.points):
        slope = (other.distortion.value - one.distortion.value) / (one.rate - other.rate)
        assert 0.9 * one.betas["z"] < slope < 1.1 * other.betas["z"]


def test_what_is_bundled_stays_small():
    files = [path for folder in bundled().values() for path in folder.iterdir()]
    assert sum(path.stat().st_size for path in files) < 60e6


@pytest.mark.parametrize("name", bundled())
def test_every_bundled_checkpoint_is_measured_and_small(name: str):
    folder = bundled()[name]
    card = load_card(folder)
    assert {"negative_elbo", "distortion"} <= set(card.metrics)
    assert all(any(name in command for command in card.commands([number])) for number in card.metrics)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 9e6
