"""Neighbourhoods of prior and encodings: small cases by hand, what equal samples give, and holes that are planted."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.support.tiers import first
from vae_core.checkpoints import load
from vae_core.explore.components import Parts
from vae_core.metrics import evaluate, evaluation_of
from vae_core.metrics.coverage import NEAREST, neighbourhoods
from vae_core.metrics.holes import COUNT, holes

EXPECTED = 1 - 0.5**NEAREST


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)[:, None]


def test_neighbourhoods_of_three_and_two_by_hand():
    """Balls of p reach 1, 1 and 9, those of q 4 and 4."""
    near = neighbourhoods(column(0, 1, 10), column(-2, 2), 1)
    assert near.covered.tolist() == [0, 1, 1]  # -2 is too far from 0; 2 is at 1 from 1 and at 8 from 10
    assert near.recalled.tolist() == [1, 1, 0]
    assert near.precise.tolist() == [0, 1]
    assert near.density.tolist() == [0, 2]


def test_the_second_neighbour_reaches_farther():
    near = neighbourhoods(column(0, 1, 10), column(-2, 2, 30), 2)  # balls of 10, 9, 10 and of 32, 28, 32
    assert near.covered.tolist() == [1, 1, 1]
    assert near.density.tolist() == [1, 1.5, 0]


def test_samples_that_are_apart_share_nothing():
    p = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    near = neighbourhoods(p, p + 100)
    assert [part.sum().item() for part in near] == [0, 0, 0, 0]


def test_parts_of_the_rows_are_no_matter():
    p, q = torch.randn(2, 1200, 2, generator=torch.Generator().manual_seed(0))
    apart, own = torch.cdist(p, q), torch.cdist(p, p).sort().values[:, NEAREST]
    near = neighbourhoods(p, q)
    assert torch.equal(near.covered, (apart <= own[:, None]).any(1).float())
    assert torch.equal(near.density, (apart <= own[:, None]).sum(0).double() / NEAREST)


@pytest.mark.parametrize("dimensions", [1, 4, 16])
def test_equal_distributions_cover_each_other_as_naeem_s_formula_says(dimensions: int):
    """prod_i (n - 1 - i) / (n + m - 1 - i) of the balls hold none of the m: 2^-k where both are many."""
    p, q = torch.randn(2, 2000, dimensions, generator=torch.Generator().manual_seed(1))
    near = neighbourhoods(p, q)
    assert near.covered.mean().item() == pytest.approx(EXPECTED, abs=0.015)
    assert near.density.mean().item() == pytest.approx(1, abs=0.05)


def planted(n: int, dimensions: int, emptied: float) -> tuple[Tensor, Tensor]:
    """Posteriors of N(0, I) without the slab |z_1| < `emptied`: means and scales `(N, D)`."""
    generator = torch.Generator().manual_seed(5)
    means = torch.randn(4 * n + 100, dimensions, generator=generator)
    means = means[means[:, 0].abs() >= emptied][:n] * math.sqrt(1 - 0.2**2)
    return means, torch.full_like(means, 0.2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("emptied", "mass", "ratio", "coverage"),
    first([(1.0, 0.68, 0.106, 0.77), (0.0, 0.0, 0.05, 0.97), (0.5, 0.38, 0.053, 0.94)]),
)
def test_a_planted_hole_is_seen_by_the_coverage_before_the_density_ratio(
    emptied: float, mass: float, ratio: float, coverage: float
):
    """The figures of the docstrings of `prior_holes` and `prior_coverage`."""
    assert math.erf(emptied / math.sqrt(2)) == pytest.approx(mass, abs=0.005)
    means, scales = planted(10_000, 8, emptied)
    prior = Parts(torch.ones(1), torch.zeros(1, 8), torch.ones(1, 8), torch.tensor([-1]))
    share = holes(prior, means, scales, COUNT, 0).share()
    assert share.value == pytest.approx(ratio, abs=3 * share.se)
    generator = torch.Generator().manual_seed(1)
    p, rows = torch.randn(5000, 8, generator=generator), torch.randperm(10_000, generator=generator)[:5000]
    q = means[rows] + scales[rows] * torch.randn(5000, 8, generator=generator)
    covered = neighbourhoods(p, q).covered.mean().item()
    error = (coverage * (1 - coverage) / 5000) ** 0.5
    assert covered == pytest.approx(coverage, abs=3 * error)
    assert (covered < EXPECTED - 5 * error) == (emptied > 0)
    assert (share.value > 0.05 + 2.5 * share.se) == (emptied == 1.0)


def test_the_metric_is_that_of_the_model_s_own_draws(trained: dict[str, Path]):
    checkpoint = load(trained["cdvae-digits"])
    found = evaluate(checkpoint, metrics=("coverage",))
    names = {
        f"prior_{what}_{b}" for what in ("coverage", "recall", "precision", "density") for b in ("z_l", "z_u")
    }
    assert set(found) == names
    assert found == evaluate(checkpoint, metrics=("coverage",))
    assert all(estimate.n == 447 and 0 <= estimate.value <= 1.5 for estimate in found.values())
    # The same codes three times as far out: most encodings are where the prior has nothing.
    evaluation = evaluation_of(checkpoint)
    z = torch.randn(447, evaluation.encoded.samples["z_u"].shape[1])
    near = neighbourhoods(z, 3 * evaluation.encoded.samples["z_u"])
    assert near.precise.mean().item() < found["prior_precision_z_u"].value - 0.2


def test_a_prior_that_reads_another_latent_is_drawn_with_it(trained: dict[str, Path]):
    found = evaluate(load(trained["srvae-digits"]), metrics=("coverage",))
    assert {"prior_coverage_u", "prior_coverage_z"} <= set(found)


def test_too_few_images_have_no_neighbourhoods(trained: dict[str, Path]):
    assert evaluate(load(trained["vae-digits"]), limit=NEAREST, metrics=("coverage",)) == {}
