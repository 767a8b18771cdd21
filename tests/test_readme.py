"""The README's numbers are the card's."""

from benchmarks.readme import MODEL, README, block, measured
from vae_core import bundled
from vae_core.checkpoints import load_card


def test_the_measured_table_is_the_card():
    assert block(README.read_text(), "measured") == measured(load_card(bundled()[MODEL])["metrics"])


def test_the_card_meets_what_the_bundled_model_promises():
    metrics = {name: found["value"] for name, found in load_card(bundled()[MODEL])["metrics"].items()}
    assert metrics["bayes_accuracy"] >= 0.98
    assert metrics["sample_accuracy"] >= 0.98
    assert metrics["swap_accuracy"] >= 0.98
    assert metrics["negative_elbo"] <= 97
