"""Where a prior has mass and encodings do not lie: exact cases, and the metric over a model."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vae_core.checkpoints import load
from vae_core.explore.components import Parts
from vae_core.metrics import evaluate, evaluation_of
from vae_core.metrics.holes import COUNT, EMPTIEST, holes


def gaussian(dimensions: int) -> Parts:
    return Parts(torch.ones(1), torch.zeros(1, dimensions), torch.ones(1, dimensions), torch.tensor([-1]))


def encodings(n: int, dimensions: int, noise: float) -> tuple[Tensor, Tensor]:
    """Posteriors whose aggregate is N(0, I)."""
    means = torch.randn(n, dimensions, generator=torch.Generator().manual_seed(5)) * math.sqrt(1 - noise**2)
    return means, torch.full_like(means, noise)


def test_a_prior_that_is_the_aggregate_posterior_has_no_holes():
    found = holes(gaussian(3), *encodings(4000, 3, 0.5), 2000, seed=0)
    share = found.share()
    assert share.value == pytest.approx(EMPTIEST, abs=0.02)
    assert 0.003 < share.se < 0.02
    assert found.log_ratio.median().item() == pytest.approx(0, abs=0.1)


def test_a_prior_that_is_too_wide_has_holes_where_it_is_too_wide():
    wide = gaussian(3)._replace(scales=torch.tensor([[1.0, 6.0, 1.0]]))
    found = holes(wide, *encodings(4000, 3, 0.5), 2000, seed=0)
    assert found.share().value > 0.4
    assert found.codes[:50, 1].abs().min() > found.codes[-50:, 1].abs().max()
    assert (found.log_ratio.diff() >= 0).all()


def test_the_metric_is_the_share_of_the_model_s_own_encodings(trained: dict[str, Path]):
    checkpoint = load(trained["cdvae-digits"])
    found = evaluate(checkpoint, metrics=("holes",))
    assert set(found) == {"prior_holes_z_l", "prior_holes_z_u"}
    evaluation = evaluation_of(checkpoint)
    prior = gaussian(evaluation.encoded.means["z_u"].shape[1])
    again = holes(prior, evaluation.encoded.means["z_u"], evaluation.encoded.scales["z_u"], COUNT, 0).share()
    assert found["prior_holes_z_u"] == again


def test_a_prior_that_reads_another_latent_has_no_holes_of_its_own(trained: dict[str, Path]):
    found = evaluate(load(trained["srvae-digits"]), metrics=("holes",))
    assert set(found) == {"prior_holes_u"}
