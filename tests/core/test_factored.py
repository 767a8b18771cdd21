"""A CDVAE with one labelled block a factor: priors, bound and training, against answers by hand.

Shapes: B examples, K values of a factor.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.core.test_pairs import small
from vae_core.data import rooms
from vae_core.distributions import Sampler, mean
from vae_core.kinds import Image
from vae_core.model import Model
from vae_core.models import FactoredCDVAE, Signature
from vae_core.models.factored import ROOMS, FactorValues, spelt_factors
from vae_core.training import Options, train

MODEL = FactoredCDVAE(factors="row:4,column:4", unlabelled=1, nets="mlp-256")
OPTIONS = Options(epochs=1, batch=8, device="cpu")


@pytest.fixture
def model() -> Model:
    torch.manual_seed(0)
    return MODEL.build(Signature(Image(1, 4, 4), ()))


@pytest.mark.parametrize("values", [2, 3, 15])
def test_the_values_lie_evenly_with_variance_one(values: int):
    prior = FactorValues("y_k", values, separation=4.0)
    means = prior.means[:, 0]
    assert means.mean().item() == pytest.approx(0, abs=1e-6)
    assert means.square().mean().item() == pytest.approx(1, rel=1e-5)
    assert torch.allclose(means.diff(), 4 * prior.scale)


def test_a_value_that_is_not_told_is_summed_out():
    prior, z = FactorValues("y_k", 3, separation=2.0), torch.linspace(-3, 3, 7)[:, None]
    each = [prior({"y_k": torch.eye(3)[[c]].expand(7, -1)}).log_prob(z).exp() for c in range(3)]
    assert torch.allclose(prior({}).log_prob(z).exp(), torch.stack(each).mean(0), atol=1e-6)


def test_the_bound_is_given_the_values_that_a_batch_tells(model: Model):
    data = small(8).scored_by(model)
    batch = data.batch(slice(None), Sampler.seeded(0))
    assert {name: value.argmax(1).tolist() for name, value in batch.items() if name.startswith("y_")} == {
        "y_row": data.factors[:, 0].tolist(),  # type: ignore[index]
        "y_column": data.factors[:, 1].tolist(),  # type: ignore[index]
    }
    posteriors, env = model.infer(batch, mean)
    rates = model.terms(batch, mean, model.infer(batch, mean)).kl
    prior: FactorValues = model.p["z_row"]  # type: ignore[assignment]
    q, m, s = posteriors["z_row"], batch["y_row"] @ prior.means, prior.scale
    by_hand = (s / q.stddev).log() + (q.variance + (q.mean - m).square()) / (2 * s**2) - 0.5
    assert torch.allclose(rates["z_row"], by_hand[:, 0], rtol=1e-4)
    untold = {name: value for name, value in batch.items() if name == "x"}
    estimate = q.log_prob(env["z_row"]) - prior({}).log_prob(env["z_row"])
    assert torch.allclose(model.terms(untold, mean).kl["z_row"], estimate, atol=1e-4)


def test_data_without_the_factors_is_refused_in_training(tmp_path: Path, one_line: Callable):
    for data, said in (
        (replace(small(), factors=None, factor_names=()), "its factors are none"),
        (replace(small(), factor_names=("row", "kolumn", "grey")), "has no factor called column"),
    ):
        with pytest.raises(ValueError, match=said) as caught:
            train(MODEL, data, OPTIONS, tmp_path / "run")
        one_line(caught.value)


def test_a_factor_with_more_values_than_the_model_knows_is_refused(tmp_path: Path, one_line: Callable):
    with pytest.raises(ValueError, match=r"row runs from 0 to 3 .* give it 4 values") as caught:
        train(replace(MODEL, factors="row:3"), small(), OPTIONS, tmp_path / "run")
    one_line(caught.value)


@pytest.mark.parametrize(
    "text", ["row", "row:", "row:x", ":3", "row:3,row:4", "u:3", "row:1", "", "row:3,,column:2"]
)
def test_factors_that_are_spelt_otherwise_are_refused(text: str, one_line: Callable):
    with pytest.raises(ValueError, match="factor") as caught:
        FactoredCDVAE(factors=text)
    one_line(caught.value)


def test_the_usual_factors_are_those_of_rooms():
    assert spelt_factors(ROOMS) == rooms.FACTORS


@pytest.mark.slow
def test_each_factor_is_learned_by_its_own_handle(tmp_path: Path):
    """A minute's worth of training in seconds: the encoder puts each row and column where its value lies."""
    data = small()
    options = replace(OPTIONS, epochs=60, learning_rate=3e-3)
    model = train(
        replace(MODEL, likelihood="gaussian-fixed", gamma=0.2), data, options, tmp_path / "run"
    ).model
    found = model.infer(data.scored_by(model).batch(slice(None), Sampler.seeded(0))).posteriors
    for column, name in enumerate(("row", "column")):
        prior: FactorValues = model.p[f"z_{name}"]  # type: ignore[assignment]
        nearest = (found[f"z_{name}"].mean - prior.means.T).abs().argmin(1)
        assert torch.equal(nearest, data.factors[:, column])  # type: ignore[index]
