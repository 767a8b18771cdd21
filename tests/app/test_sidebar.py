"""What the sidebar says of how a model was trained."""

from typing import Any

import pytest
from latent_explorer.sidebar import _objective


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (
            {"name": "tc", "tc_beta": 6.0, "tc_alpha": 0.0},
            "β-TCVAE: rate of the unlabelled latents as index information × 0, total correlation × 6, dimension-wise KL × 1",
        ),
        (
            {"name": "factor", "tc_weight": 10.0, "adversary": 2.0},
            "FactorVAE: the bound, and total correlation × 10 · adversary × 2",
        ),
        ({"name": "elbo", "beta": {"z": 4.0}, "adversary": 0.0}, "β(z) = 4"),
    ],
)
def test_an_objective_is_told_with_its_weights(objective: dict[str, Any], words: str):
    assert _objective({"objective": objective}) == words
