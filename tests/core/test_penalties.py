"""What stands beside the bound, and trainings with it: adversaries, the classifier term, warm-up, and what a resume goes on with.

Shapes: B examples, D latent dimensions, K classes.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.support.short import LABELLED, QUICK, STAGED, same, weights
from tests.support.tiers import first
from vae_core.checkpoints import load_card
from vae_core.data import Data
from vae_core.distributions import Sampler, mean
from vae_core.kinds import Image
from vae_core.model import Inferred, Model, Terms
from vae_core.models import CDVAE, PPCA, SRVAE, VAE, Declaration, Joint, Signature
from vae_core.objectives import (
    ELBO,
    GECO,
    Adversary,
    AnnealedCapacity,
    Bound,
    Capacity,
    ClassifierTerm,
    Constrained,
    ConstrainedVAE,
    Geco,
    Setting,
    Weighted,
    adversaries,
    elbo,
)
from vae_core.priors import one_hot
from vae_core.training import Options, Progress, loop, options_for, train

SIGNATURE = Signature(Image(1, 4, 4), tuple("abc"))
B, K = 5, 3
BATCH = {"x": torch.eye(16)[:B].view(B, 1, 4, 4), "y": one_hot(torch.tensor([0, 1, 2, 1, 0]), K)}
STRENGTH = 2.5


@pytest.fixture
def cdvae() -> Model:
    return CDVAE(separation=2.0, unlabelled=2, nets="mlp-256").build(SIGNATURE)


@pytest.fixture
def joint() -> Model:
    return Joint(latent=2, nets="mlp-256").build(SIGNATURE)


def empty() -> Terms:
    return Terms({}, {}, {})


def penalty_of(adversary: Adversary, model: Model, inferred: Inferred) -> Tensor:
    return adversary(model, BATCH, inferred, empty()).mean()


def cross_entropy(adversary: Adversary, inferred: Inferred) -> Tensor:
    """CE of the guess from the draw and from the mean, half each."""
    codes = inferred.env["z_u"], inferred.posteriors["z_u"].mean
    return sum((F.cross_entropy(adversary.net(z), BATCH["y"]) for z in codes), torch.zeros(())) / 2


def gradients(value: Tensor, module: Any) -> list[Tensor]:
    return list(torch.autograd.grad(value, list(module.parameters()), retain_graph=True))


@pytest.fixture
def duel(cdvae: Model) -> tuple[Adversary, Model, Inferred]:
    """An adversary, its model, and what the model infers of the batch at one draw with a gradient."""
    return Adversary(STRENGTH, "z_u", 2, K, hidden=8), cdvae, cdvae.infer(BATCH, Sampler.seeded(0))


def test_an_adversary_is_the_cross_entropy_of_its_guesses(duel: tuple[Adversary, Model, Inferred]):
    adversary, _, inferred = duel
    found, expected = penalty_of(*duel), cross_entropy(adversary, inferred)
    assert adversary.weight == 1
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_the_adversary_itself_descends_its_cross_entropy(duel: tuple[Adversary, Model, Inferred]):
    adversary, _model, inferred = duel
    found, expected = (
        gradients(value, adversary.net) for value in (penalty_of(*duel), cross_entropy(adversary, inferred))
    )
    assert all(a.abs().sum() > 0 for a in expected)
    assert all(torch.allclose(a, b, atol=1e-7) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("part", ["h", "z_u"])
def test_the_encoder_ascends_the_cross_entropy_by_the_strength(
    part: str, duel: tuple[Adversary, Model, Inferred]
):
    adversary, model, inferred = duel
    found, expected = (
        gradients(value, model.q[part]) for value in (penalty_of(*duel), cross_entropy(adversary, inferred))
    )
    assert all(a.abs().sum() > 0 for a in expected)
    assert all(torch.allclose(a, -STRENGTH * b, atol=1e-7) for a, b in zip(found, expected, strict=True))


def test_there_is_an_adversary_for_each_block_that_no_class_conditions(cdvae: Model, joint: Model):
    found = [[penalty.block for penalty in adversaries(model, 1.0, K)] for model in (cdvae, joint)]  # type: ignore[attr-defined]
    assert found == [["z_u"], ["z"]]
    assert all(penalty.strength == 0.5 for penalty in adversaries(cdvae, 0.5, K))


@pytest.mark.parametrize(
    "declaration",
    [
        VAE(latent=2, nets="mlp-256"),
        SRVAE(pool=2, nets="mlp-256"),
        Joint(prior="class", nets="mlp-256"),
        SRVAE(prior="class", pool=2, nets="mlp-256"),
    ],
)
def test_an_adversary_needs_a_class_and_a_block_that_it_does_not_condition(
    declaration: Declaration, one_line: Callable
):
    with pytest.raises(ValueError, match="needs a model with a class and an unlabelled block") as caught:
        adversaries(declaration.build(SIGNATURE), 1.0, K)
    one_line(caught.value)


def test_an_adversary_stands_in_the_loss_and_in_the_history(cdvae: Model):
    plain, adversary = elbo(), Adversary(STRENGTH, "z_u", 2, K)
    both = Bound(Weighted(), [adversary])(cdvae, BATCH, Sampler.seeded(0))
    expected = cross_entropy(adversary, cdvae.infer(BATCH, Sampler.seeded(0)))
    assert both.parts["adversary"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert (both.total - plain(cdvae, BATCH, Sampler.seeded(0)).total).item() == pytest.approx(
        expected.item(), rel=1e-4
    )


def test_the_classifier_term_is_minus_log_q_of_the_class(joint: Model):
    inferred = joint.infer(BATCH, mean)
    found = ClassifierTerm(1.0)(joint, BATCH, inferred, joint.terms(BATCH, mean, inferred))
    logits = joint.q["y"](BATCH).logits  # type: ignore[union-attr]
    assert torch.allclose(found, F.cross_entropy(logits, BATCH["y"], reduction="none"))


def test_the_classifier_term_enters_with_its_weight(joint: Model):
    plain, weighted = (elbo(classifier_weight=weight)(joint, BATCH, mean) for weight in (0.0, 3.0))
    assert (weighted.total - plain.total).item() == pytest.approx(
        3 * weighted.parts["classifier"].item(), rel=1e-4
    )


def terms_of(rate: float = 10.0, distortion: float = 100.0) -> Terms:
    return Terms({"x": torch.full((B,), -distortion)}, {"z": torch.full((B,), rate)}, {})


def test_beta_rises_over_the_batches_of_its_warm_up_and_then_stays():
    rule = Weighted(2.0, warmup=4)
    found = [rule(terms_of(), {})[0].item() for _ in range(6)]
    assert found == pytest.approx([100 + 2 * share * 10 for share in (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)])


def test_what_is_measured_has_the_whole_beta_and_does_not_count_as_a_batch():
    rule = Weighted(2.0, warmup=4)
    rule(terms_of(), {})
    measured = [rule.eval()(terms_of(), {})[0].item() for _ in range(5)]
    assert measured == [120.0] * 5
    assert rule.train()(terms_of(), {})[0].item() == pytest.approx(100 + 2 * 0.5 * 10)


def test_each_block_rises_to_its_own_beta():
    rule = Weighted({"a": 1.0, "b": 4.0}, warmup=2)
    terms = Terms({"x": torch.zeros(1)}, {"a": torch.tensor([3.0]), "b": torch.tensor([5.0])}, {})
    assert [rule(terms, {}).item() for _ in range(2)] == pytest.approx([0.5 * 23, 23])


SMALL = VAE(latent=3, nets="mlp-256")
LONGER = replace(QUICK, epochs=4)
RESUMED: dict[str, tuple[Declaration, Options]] = {
    "constrained": (SMALL, replace(LONGER, objective=ConstrainedVAE(delta=2.0))),
    "capacity": (SMALL, replace(LONGER, objective=AnnealedCapacity(capacity=5.0))),
    "adversary": (CDVAE(unlabelled=2, nets="mlp-256"), replace(LONGER, objective=ELBO(adversary=1.0))),
    "stages": (STAGED, replace(LONGER, stagewise=True)),
    "labels": (Joint(latent=2, nets="mlp-256"), LABELLED),
    "em": (PPCA(latent=3, fit="em"), LONGER),
    "optimal-gamma": (replace(SMALL, likelihood="gaussian-optimal"), LONGER),
    "geco": (SMALL, replace(LONGER, objective=GECO(tolerance=20.0))),
    "beta-warm-up": (SMALL, replace(LONGER, objective=ELBO(beta_warmup=12))),
}


def interrupt_after(epoch: int) -> Callable[[Progress], None]:
    def report(at: Progress) -> None:
        if at.ends_epoch and at.epoch == epoch:
            raise KeyboardInterrupt

    return report


@pytest.mark.parametrize("name", first(list(RESUMED), 3))
def test_a_resumed_run_is_the_uninterrupted_run_with_all_that_the_objective_has_found(
    name: str, digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Constrained, "WARMUP", 3)
    declaration, options = RESUMED[name]
    train(declaration, digits, options, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(declaration, digits, options, tmp_path / "parts", report=interrupt_after(options.epochs // 2))
    train(declaration, digits, options, tmp_path / "parts", resume=True)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))
    assert load_card(tmp_path / "whole").found == load_card(tmp_path / "parts").found


@pytest.mark.parametrize(
    "declaration",
    [VAE(latent=2, prior="vamp", components=5, nets="mlp-256"), Joint(latent=2, nets="mlp-256")],
)
def test_a_run_interrupted_in_its_first_epoch_starts_where_the_training_set_says(
    declaration: Declaration, digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def stop(at: Progress) -> None:
        raise KeyboardInterrupt

    train(declaration, digits, QUICK, tmp_path / "whole")
    monkeypatch.setattr(loop, "CHECK_EVERY", 1)
    with pytest.raises(KeyboardInterrupt):
        train(declaration, digits, QUICK, tmp_path / "parts", report=stop)
    train(declaration, digits, QUICK, tmp_path / "parts", resume=True)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))


def test_dual_ascent_is_at_work_in_a_training(digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Constrained, "WARMUP", 3)
    declaration, options = RESUMED["constrained"]
    found = train(declaration, digits, options, tmp_path / "run").card.found
    assert set(found) == {"beta", "rate", "active"}
    assert found["beta"] != 1
    assert (found["beta"] > 1) == (found["rate"] > 2)


def built_for(declaration: Declaration, options: dict[str, Any], steps: int) -> Any:
    """The objective that the options build for a model of the digits."""
    model = declaration.build(Signature(Image(1, 8, 8), tuple("0123456789")))
    objective = options_for(declaration, options).objective_of(declaration)
    return objective.build(Setting(model, 10, steps, 1350))


@pytest.mark.parametrize(
    ("options", "weighting"),
    [
        ({}, Weighted),
        ({"objective": "constrained", "delta": 3.0}, Constrained),
        ({"objective": "capacity", "capacity": 3.0}, Capacity),
        ({"objective": "geco", "tolerance": 3.0}, Geco),
    ],
)
def test_each_objective_has_its_weighting(options: dict[str, Any], weighting: type):
    built = built_for(SMALL, options, steps=100)
    assert type(built.weighting) is weighting


def test_capacity_is_reached_half_way():
    rule: Any = built_for(SMALL, {"objective": "capacity", "capacity": 6.0}, steps=8).weighting
    found = [(rule(terms_of(), {}), rule.state()["capacity"])[1] for _ in range(8)]
    assert found == [1.5, 3.0, 4.5, 6.0, 6.0, 6.0, 6.0, 6.0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"objective": "constrained"}, "constrained needs --delta: greatest mean rate, nats an example"),
        ({"objective": "capacity"}, "capacity needs --capacity"),
        ({"objective": "geco"}, "geco needs --tolerance"),
        ({"objective": "flow"}, "no objective is called 'flow'"),
        ({"delta": 3.0}, "elbo takes no delta: leave it out, or choose constrained"),
        ({"delta": 1.0}, "elbo takes no delta: leave it out, or choose constrained"),
        ({"capacity": 3.0}, "elbo takes no capacity"),
        ({"tolerance": 3.0}, "elbo takes no tolerance"),
        ({"objective": "constrained", "delta": 3.0, "beta": 2.0}, "constrained takes no beta"),
        ({"objective": "geco", "delta": 3.0, "tolerance": 1.0}, "geco takes no delta"),
        ({"objective": "constrained", "delta": 0.0}, "delta must be above 0, got 0.0"),
        ({"objective": "constrained", "delta": math.nan}, "delta must be above 0, got nan"),
        ({"objective": "geco", "tolerance": math.inf}, "tolerance must be a number of nats, got inf"),
        ({"adversary": -1.0}, "adversary must be 0 or more"),
        (
            {"objective": "geco", "tolerance": 1.0, "patience": 2, "validation": 100},
            "losses of two epochs cannot be compared",
        ),
        ({"beta_warmup": 5, "labels": 20}, "takes no beta-warmup: leave it out, or choose elbo"),
        ({"labels": 20, "batch": 65}, "that 8 divides, not 65"),
        ({"adversary": math.nan}, "adversary must be 0 or more"),
        ({"classifier_weight": -1.0}, "classifier-weight must be 0 or more"),
        ({"labels": 20, "class_weight": 1.0}, "semi-supervised takes no class-weight: leave it out"),
        ({"labels": 20, "adversary": 1.0}, "semi-supervised takes no adversary"),
        ({"labels": 20, "objective": "geco", "tolerance": 1.0}, "geco takes no labels"),
    ],
)
def test_options_too_few_or_too_many_are_refused(options: dict[str, Any], words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as caught:
        options_for(SMALL, options)
    one_line(caught.value)


@pytest.mark.parametrize(
    ("declaration", "options", "words"),
    [
        (SMALL, {"labels": 20}, "missing labels need a model with a classifier: choose joint"),
        (CDVAE(nets="mlp-256"), {"labels": 20}, "missing labels need a model with a classifier"),
        (SMALL, {"stagewise": True}, "this model has no stages: leave out"),
        (SMALL, {"adversary": 1.0}, "an adversary needs a model with a class and an unlabelled block"),
        (SMALL, {"class_weight": 1.0}, "no variable of this model is conditioned on the class: leave out"),
        (STAGED, {"beta": {"z": 1.0}}, "but the latent blocks are u, z"),
    ],
)
def test_options_that_do_not_fit_the_model_are_refused(
    declaration: Declaration, options: dict, words: str, digits: Data, tmp_path: Path, one_line: Callable
):
    with pytest.raises(ValueError, match=words) as caught:
        train(declaration, digits, options_for(declaration, {**vars(QUICK), **options}), tmp_path / "run")
    one_line(caught.value)
