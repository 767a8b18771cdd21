"""A training in stages: which terms, weights and epochs are whose."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.support.short import QUICK, STAGED, weights
from vae_core.data import Data
from vae_core.distributions import mean
from vae_core.kinds import Image
from vae_core.model import Model
from vae_core.models import SRVAE, Declaration, Signature
from vae_core.objectives import (
    ELBO,
    Bound,
    Weighted,
    elbo,
)
from vae_core.priors import one_hot
from vae_core.training import Options, Progress, loop, train

SIGNATURE = Signature(Image(1, 4, 4), tuple("abc"))
B, K = 5, 3
BATCH = {"x": torch.eye(16)[:B].view(B, 1, 4, 4), "y": one_hot(torch.tensor([0, 1, 2, 1, 0]), K)}


@pytest.fixture
def srvae() -> Model:
    return SRVAE(latent=2, coarse_latent=2, pool=2, nets="mlp-256").build(SIGNATURE)


STAGES = {"first": SRVAE.stages[0], "second": SRVAE.stages[1]}


@pytest.mark.parametrize("names", STAGES.values(), ids=list(STAGES))
def test_a_bound_of_some_names_has_their_terms_only(srvae: Model, names: tuple[str, ...]):
    objective, terms = Bound(Weighted(3.0)), srvae.terms(BATCH, mean)
    objective.names = names
    fits, rates = (
        sum(value.mean().item() for name, value in part.items() if name in names)
        for part in (terms.log_likelihood, terms.kl)
    )
    assert objective(srvae, BATCH, mean).total.item() == pytest.approx(3 * rates - fits, rel=1e-5)


def test_the_stages_of_an_srvae_add_up_to_its_bound(srvae: Model):
    objective, total = elbo(), 0.0
    for names in SRVAE.stages:
        objective.names = names
        total += objective(srvae, BATCH, mean).total.item()
    assert total == pytest.approx(-srvae.terms(BATCH, mean).elbo.mean().item(), rel=1e-5)


def test_the_parts_of_a_stage_are_those_of_the_whole_model(srvae: Model):
    objective = elbo()
    whole = objective(srvae, BATCH, mean).parts
    objective.names = SRVAE.stages[0]
    assert objective(srvae, BATCH, mean).parts == whole


def moved(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    return {name for name in before if not torch.equal(before[name], after[name])}


def owned(names: tuple[str, ...], parameters: set[str]) -> set[str]:
    """The parameters of the named variables, in both nets."""
    return {key for key in parameters if key.split(".")[1] in names}


@pytest.fixture
def watched(digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Options], Any]:
    """Trains stage by stage and gives the weights before the first epoch and after each."""
    monkeypatch.setattr(loop, "CHECK_EVERY", 1)

    def run(options: Options) -> list[dict[str, Tensor]]:
        seen: dict[int, dict[str, Tensor]] = {}

        def report(at: Progress) -> None:
            seen.setdefault(at.epoch if at.ends_epoch else at.epoch - 1, weights(tmp_path / "run"))

        train(STAGED, digits, options, tmp_path / "run", report=report)
        return [seen[epoch] for epoch in range(options.epochs + 1)]

    return run


def parameters_of(declaration: Declaration, data: Data) -> set[str]:
    return {name for name, _ in declaration.build(data.signature).named_parameters()}


def test_each_stage_moves_its_own_weights_and_leaves_the_others_exactly(watched: Callable, digits: Data):
    start, half, end = watched(replace(QUICK, stagewise=True))
    every = parameters_of(STAGED, digits)
    assert moved(start, half) == owned(("u", "coarse"), every)
    assert moved(half, end) == owned(("h", "z", "x"), every)


def test_stages_share_the_epochs_equally(watched: Callable, digits: Data):
    *states, last = watched(replace(QUICK, stagewise=True, epochs=4))
    every = parameters_of(STAGED, digits)
    stages = [moved(*pair) for pair in zip(states, [*states[1:], last], strict=True)]
    first, second = (owned(names, every) for names in STAGED.stages)
    assert stages == [first, first, second, second]


def test_without_stages_every_weight_moves(watched: Callable, digits: Data):
    start, half, _ = watched(QUICK)
    assert moved(start, half) == parameters_of(STAGED, digits)


def test_stages_may_weigh_each_block_by_a_beta_of_its_own(watched: Callable, digits: Data):
    start, half, end = watched(replace(QUICK, stagewise=True, objective=ELBO(beta={"u": 0.5, "z": 2.0})))
    assert moved(start, half)
    assert moved(half, end)


def test_every_stage_needs_an_epoch(digits: Data, tmp_path: Path, one_line: Callable):
    with pytest.raises(ValueError, match="2 stages need at least 2 epochs, got 1") as caught:
        train(
            SRVAE(pool=2, nets="mlp-256"), digits, replace(QUICK, stagewise=True, epochs=1), tmp_path / "run"
        )
    one_line(caught.value)
