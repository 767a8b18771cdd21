"""DIP-VAE: the covariance of a batch and its distance from the identity, by hand.

Shapes: B examples, D latent dimensions.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from vae_core.distributions import diagonal_normal, mean
from vae_core.kinds import Image
from vae_core.model import Inferred, Terms
from vae_core.models import CDVAE, CVAE, VAE, Signature
from vae_core.objectives import DIPVAE, OBJECTIVES, Covariance, Setting, covariances, elbo
from vae_core.objectives.covariance import penalties

SIGNATURE = Signature(Image(1, 4, 4), tuple("abc"))
MEANS = torch.tensor([[1.0, 2.0], [3.0, 2.0], [1.0, 4.0], [3.0, 8.0]])  # covariance (1, 1; 1, 6)
SCALES = torch.tensor([[1.0, 1.0], [1.0, 2.0], [2.0, 3.0], [2.0, 4.0]])  # mean variances 2.5, 7.5


def of(kind: str) -> Covariance:
    return Covariance("z", apart=3.0, diagonal=0.5, of_means=kind == "I")


def inferred(means: Tensor = MEANS, scales: Tensor = SCALES) -> Inferred:
    return Inferred({"z": diagonal_normal(means, scales)}, {})


def anything() -> Any:
    return None


@pytest.mark.parametrize(
    ("kind", "covariance", "loss"),
    [
        ("I", [[1.0, 1.0], [1.0, 6.0]], 3 * 2 + 0.5 * 25),
        ("II", [[3.5, 1.0], [1.0, 13.5]], 3 * 2 + 0.5 * (2.5**2 + 12.5**2)),
    ],
)
def test_the_covariance_is_of_the_means_or_of_the_aggregate_posterior(
    kind: str, covariance: list, loss: float
):
    part = of(kind)
    assert part.of(inferred()).tolist() == covariance
    found = part.loss(anything(), {}, inferred(), Terms({}, {}, {}))
    assert found.total.item() == pytest.approx(loss)
    assert found.parts["covariance_z"].item() == 2
    assert part(anything(), {}, inferred(), Terms({}, {}, {})).item() == pytest.approx(loss)


def test_the_aggregate_posterior_is_that_of_many_draws():
    torch.manual_seed(0)
    draws = diagonal_normal(MEANS, SCALES).sample((200_000,)).flatten(0, 1)
    centred = draws - draws.mean(0)
    assert torch.allclose(of("II").of(inferred()), centred.T @ centred / len(draws), atol=0.1)


def test_the_identity_costs_nothing_and_its_penalty_has_no_slope():
    covariance = torch.eye(3, requires_grad=True)
    apart, diagonal = penalties(covariance)
    (apart + diagonal).backward()
    assert (apart.item(), diagonal.item()) == (0, 0)
    assert covariance.grad is not None
    assert covariance.grad.abs().max() == 0


@pytest.fixture
def setting() -> Setting:
    return Setting(VAE(latent=3, nets="mlp-256").build(SIGNATURE), 3, 10, 6)


BATCH = {"x": torch.eye(16)[:6].view(6, 1, 4, 4)}


@pytest.mark.parametrize(
    ("dip", "given", "diagonal"), [("I", None, 20.0), ("II", None, 2.0), ("II", 7.0, 7.0)]
)
def test_the_loss_is_the_bound_and_the_penalties(
    dip: Any, given: float | None, diagonal: float, setting: Setting
):
    objective = DIPVAE(dip_weight=2.0, dip=dip, dip_diagonal=given).build(setting)
    found, bound = (each(setting.model, BATCH, mean) for each in (objective, elbo()))
    added = 2 * found.parts["covariance_z"] + diagonal * found.parts["variance_z"]
    assert found.total.item() == pytest.approx((bound.total + added).item(), rel=1e-6)
    assert added > 0


def test_the_gradient_reaches_the_encoder_alone(setting: Setting):
    model = setting.model
    part = covariances(model, 1.0, 1.0, of_means=True)[0]
    part(model, BATCH, model.infer(BATCH), Terms({}, {}, {})).backward()
    assert all(p.grad is not None for p in model.q.parameters())  # type: ignore[attr-defined]
    assert all(p.grad is None for p in model.p.parameters())  # type: ignore[attr-defined]


def test_its_weights_can_be_changed_while_it_trains(setting: Setting):
    objective = DIPVAE(dip_weight=2.0).build(setting)
    DIPVAE(dip_weight=5.0).lend(objective, setting)
    part: Any = objective.regularisers[0]
    assert (part.apart, part.diagonal) == (5, 5)


def test_blocks_whose_prior_reads_the_class_are_left_alone():
    model = CDVAE(unlabelled=2, nets="mlp-256").build(SIGNATURE)
    assert [part.name for part in covariances(model, 1.0, 1.0, of_means=False)] == ["covariance_z_u"]


@pytest.mark.parametrize(
    ("declaration", "said"),
    [
        (CVAE(prior="class"), "every prior of this model reads the class"),
        (VAE(prior="mixture"), "choose the prior normal"),
    ],
)
def test_models_that_it_does_not_fit(declaration: Any, said: str, one_line: Callable):
    with pytest.raises(ValueError, match=said) as caught:
        covariances(declaration.build(SIGNATURE), 1.0, 1.0, of_means=False)
    one_line(caught.value)


def test_the_objective_is_known_by_its_name():
    assert OBJECTIVES["dip"] is DIPVAE
