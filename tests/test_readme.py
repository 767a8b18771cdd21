"""The numbers in the documents are those of the cards and of the benchmarks' results."""

from pathlib import Path

import pytest

from benchmarks.readme import BLOCKS, MODEL, block
from vae_core import bundled
from vae_core.checkpoints import load_card


@pytest.mark.parametrize(("path", "name"), BLOCKS, ids=[name for _, name in BLOCKS])
def test_what_a_document_quotes_is_its_source(path: Path, name: str):
    assert block(path, name) == BLOCKS[path, name]()


def test_the_card_meets_what_the_bundled_model_promises():
    metrics = {name: found["value"] for name, found in load_card(bundled()[MODEL])["metrics"].items()}
    assert metrics["bayes_accuracy"] >= 0.985
    assert metrics["sample_accuracy"] >= 0.98
    assert metrics["swap_accuracy"] >= 0.98
    assert metrics["negative_elbo"] <= 97


@pytest.mark.parametrize("name", bundled())
def test_every_bundled_checkpoint_is_measured_and_small(name: str):
    folder = bundled()[name]
    card = load_card(folder)
    assert {"negative_elbo", "distortion"} <= set(card["metrics"])
    assert name in card["evaluation"]["command"]
    assert sum(path.stat().st_size for path in folder.iterdir()) < 6e6
