import math
import subprocess
import sys

import pytest
import torch

from vae_core.metrics.disentanglement import agreement, rank_correlations, udr


@pytest.fixture
def codes() -> torch.Tensor:
    return torch.randn(4000, 4, generator=torch.Generator().manual_seed(0))


def test_order_sign_and_any_rising_function_do_not_matter(codes: torch.Tensor):
    other = torch.stack([-codes[:, 2], codes[:, 0].exp(), codes[:, 3] ** 3, 5 - codes[:, 1]], 1)
    # Off the permutation there is sampling error of 1 / sqrt(N), which the sums see.
    assert all(value > 0.9 for value in udr([codes, other]))
    assert rank_correlations(codes, other).amax(0).tolist() == pytest.approx([1.0] * 4)


def test_two_turned_dimensions_agree_as_much_as_the_formula_says(codes: torch.Tensor):
    """At 45 degrees each rank correlation is 6 / pi asin(1 / (2 sqrt 2)) of a bivariate normal, r = 1 / sqrt 2."""
    two = codes[:, :2]
    turned = two @ torch.tensor([[1.0, -1.0], [1.0, 1.0]]) / math.sqrt(2)
    rho = 6 / math.pi * math.asin(1 / (2 * math.sqrt(2)))
    assert agreement(rank_correlations(two, turned)) == pytest.approx(rho / 2, abs=0.02)


def test_a_dimension_that_has_no_like_costs_its_share(codes: torch.Tensor):
    """R is the identity with a column of zeros: two of two rows and two of three columns are found, 4 / 5."""
    assert agreement(torch.eye(3)[:2]) == pytest.approx(4 / 5)


def test_the_odd_one_out_is_told_by_the_median(codes: torch.Tensor):
    odd = torch.randn(4000, 4, generator=torch.Generator().manual_seed(1))
    good, also, third, bad = udr([codes, codes.flip(1), -codes, odd])
    assert min(good, also, third) > 0.9
    assert bad < 0.1


def test_one_training_alone_is_refused(codes: torch.Tensor):
    with pytest.raises(ValueError, match="give two or more"):
        udr([codes])


@pytest.mark.slow
def test_what_takes_long_to_import_is_not_on_the_way_to_the_first_page():
    """The app imports the metrics' names before it draws anything."""
    heavy = ["scipy.stats", "sklearn", "umap", "pandas"]
    code = f"import sys, vae_core.metrics; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
