"""The numbers of the bundled cards come out again when their checkpoints are measured again.

The same seed gives the same noise, so another machine changes a number by rounding alone. The bound of one card is measured in the default
tier, all numbers of all of them in the slow one.
"""

import math
import re

import pytest

from vae_core import bundled, evaluate, load
from vae_core.checkpoints import load_card
from vae_core.data import local_data
from vae_core.metrics import METRICS, Estimate

NAMES = sorted(bundled())

# What a probe or the oracle classifier learns is chaotic: rounding grows with every step of its training. These come out within their errors only.
LEARNED = ("probe_", "sample_", "swap_accuracy", "judge_", "two_sample_")


# Probes of a block: how, of which code, and in nats where a probability is learned.
PROBES = [
    *(f"knn_{code}" for code in ("mean", "posterior", "sample")),
    *(
        f"{probe}_{code}{unit}"
        for probe in ("logistic", "mlp")
        for code in ("mean", "posterior", "sample")
        for unit in ("", "_nats")
    ),
]


def disagreement(name: str, again: Estimate, card: Estimate) -> str:
    """What is wrong with a number, nothing where it came out again."""
    error = math.hypot(card.se, again.se)
    room = 3 * error if name.startswith(LEARNED) else 0.2 * error + 1e-3 * abs(card.value)
    if again.n == card.n and abs(again.value - card.value) <= room + 1e-9:
        return ""
    return f"{name}: {again.value:.5g} (n {again.n}) where the card says {card.value:.5g} ± {card.se:.2g} (n {card.n})"


def compare(checkpoint_name: str, groups: list[str]) -> None:
    checkpoint = load(bundled()[checkpoint_name])
    card = checkpoint.card
    hows = {group: how for group, how in card.measurements.items() if group in groups}
    found: dict[str, Estimate] = {}
    for how in {how.command: how for how in hows.values()}.values():
        if local_data(card.data) is None:
            pytest.skip(f"{how.data} is not at hand: set LATENT_EXPLORER_DATA to the folder that holds it")
        found |= evaluate(
            checkpoint,
            how.data,
            how.split,
            limit=how.limit,
            seed=how.seed or 0,
            metrics=[group for group, other in hows.items() if other.command == how.command],
        )
    assert set(found) == {
        name for how in hows.values() for name in how.names
    }  # no number of before, none left out
    wrong = [disagreement(name, estimate, card.metrics[name]) for name, estimate in found.items()]
    assert [line for line in wrong if line] == []


# What every card holds, whatever the model: the rest asks for classes, components or known factors, or takes hours.
EVERYWHERE = {"elbo", "active", "probes", "rate", "holes", "coverage", "posteriors"}


@pytest.mark.parametrize("name", NAMES)
def test_a_card_holds_what_every_card_holds_by_the_names_of_today(name: str):
    card = load_card(bundled()[name])
    assert set(card.measurements) >= EVERYWHERE
    names = {name for how in card.measurements.values() for name in how.names}
    assert names == set(card.metrics)  # no number is of before
    blocks = {each[1] for name in names if (each := re.fullmatch("probe_(.+)_mlp_mean", name))}
    assert blocks
    assert set(card.measurements["probes"].names) == {
        f"probe_{block}_{probe}" for block in blocks for probe in PROBES
    }


def test_one_cards_bound_comes_out_again():
    compare("vae-mnist", ["elbo", "active"])


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", NAMES)
def test_all_numbers_of_every_card_come_out_again(name: str):
    compare(name, list(METRICS))


def test_a_number_that_is_off_is_seen():
    card = Estimate(87.96, 0.26, 10_000)
    assert disagreement("negative_elbo", Estimate(87.97, 0.26, 10_000), card) == ""
    assert "87.96" in disagreement("negative_elbo", Estimate(88.9, 0.26, 10_000), card)
    assert "n 5000" in disagreement("negative_elbo", Estimate(87.96, 0.26, 5_000), card)
    assert disagreement("probe_z_knn_mean", Estimate(0.95, 0.01, 100), Estimate(0.94, 0.01, 100)) == ""
    assert disagreement("probe_z_knn_mean", Estimate(0.85, 0.01, 100), Estimate(0.94, 0.01, 100))
