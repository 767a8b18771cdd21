"""How diverse samples are: on Gaussians whose distance is known, and on samples that lack what was planted.

Shapes: N rows, F features.
"""

import pytest
import torch
from torch import Tensor

from vae_core.metrics.samples import diversity, frechet


def normal(rows: int, features: int, seed: int) -> Tensor:
    return torch.randn(rows, features, generator=torch.Generator().manual_seed(seed))


def test_frechet_is_the_closed_form_of_gaussians():
    # Moments made exact: mean 0 and covariance I of z, so those of a and b are known.
    z = normal(400, 3, 0).double()
    z = z - z.mean(0)
    z = z @ torch.linalg.inv(torch.linalg.cholesky(z.mT @ z / (len(z) - 1))).mT
    a, b = torch.tensor([1.0, 2.0, 3.0]).double(), torch.tensor([2.0, 2.0, 1.0]).double()
    move = torch.tensor([0.5, 0.0, -1.0]).double()
    assert frechet(z * a, z * b + move) == pytest.approx(((a - b) ** 2).sum() + (move**2).sum())
    turn = torch.linalg.qr(normal(3, 3, 1).double()).Q
    assert frechet(z * a @ turn, (z * b + move) @ turn) == pytest.approx(frechet(z * a, z * b + move))


def test_samples_of_the_datas_own_kind_are_as_near_as_training_images():
    found = diversity(normal(2000, 4, 1), normal(2000, 4, 2), normal(2000, 4, 3), seed=0)
    assert found["sample_coverage"].value == pytest.approx(1 - 2**-5, abs=0.015)
    assert found["sample_density"].value == pytest.approx(1, abs=0.06)
    assert found["sample_frechet"].value == pytest.approx(found["judge_frechet"].value, abs=0.03)


def test_one_good_image_for_each_kind_is_typical_and_not_diverse():
    data = normal(2000, 4, 1)
    samples = data[:10].repeat(200, 1)
    found = diversity(samples, data, normal(2000, 4, 2), seed=0)
    assert found["sample_density"].value > 0.8
    assert found["sample_coverage"].value < 0.1
    assert found["sample_frechet"].value > 20 * found["judge_frechet"].value


def test_a_kind_that_is_never_drawn_lowers_coverage_by_its_share():
    data, drawn = normal(2000, 4, 1), normal(2000, 4, 2)
    data[:600, 0] += 50.0  # a kind of its own: 30 % of the images
    found = diversity(drawn, data, data, seed=0)["sample_coverage"].value
    assert found == pytest.approx(0.7 * (1 - 2**-5), abs=0.03)


def test_too_few_rows_have_no_neighbours():
    assert diversity(normal(5, 2, 0), normal(50, 2, 1), normal(50, 2, 2), seed=0) == {}
