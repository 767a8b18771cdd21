"""What each way to have KL(q || mixture) makes of a mixture prior: `python -m benchmarks.mixture_bounds`.

An SRVAE on MNIST with ten components under u, trained equally by the Monte-Carlo estimate, the Hershey-Olsen bound and the convexity bound.
Printed: the effective number of components that encodings use, the mean distance between component means, the rate of u as each was
trained, and -ELBO with the divergence by Monte Carlo for all three, 10,000 test images. The table goes to
benchmarks/results/mixture_bounds.json. About five minutes of one CPU thread.
"""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import torch

from vae_core.data import Data, load_data
from vae_core.distributions import MIXTURE_DIVERGENCES
from vae_core.metrics.base import Evaluation
from vae_core.metrics.evidence import components, elbo_terms
from vae_core.models import SRVAE
from vae_core.training import Options, train

RESULTS = Path(__file__).parent / "results" / "mixture_bounds.json"
EPOCHS = 10


def measured(divergence: str, data: Data, test: Data) -> dict[str, float | str]:
    """Train by one divergence; measure by that and by Monte Carlo."""
    declaration = SRVAE(prior="mixture", divergence=divergence)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        model = train(declaration, data, Options(epochs=EPOCHS), Path(folder) / "run").model
    exact = replace(declaration, divergence="monte-carlo").build(data.signature)
    exact.load_state_dict(model.state_dict())
    trained, fair = (
        Evaluation(m.eval().requires_grad_(False), test.scored_by(m), data.scored_by(m))
        for m in (model, exact)
    )
    distances = torch.pdist(model.p["u"].means)  # type: ignore[arg-type]
    return {
        "divergence": divergence,
        "components_used": round(components(fair)["components_u"].value, 3),
        "mean_distance": round(distances.mean().item(), 3),
        "rate_u_as_trained": round(elbo_terms(trained)["rate_u"].value, 3),
        "rate_u": round(elbo_terms(fair)["rate_u"].value, 3),
        "negative_elbo": round(elbo_terms(fair)["negative_elbo"].value, 3),
    }


def main() -> None:
    torch.set_num_threads(1)
    data, test = load_data("mnist"), load_data("mnist", "test")
    rows = []
    for divergence in MIXTURE_DIVERGENCES:
        rows.append(measured(divergence, data, test))
        print("  ".join(f"{name} {value}" for name, value in rows[-1].items()), flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"epochs": EPOCHS, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
