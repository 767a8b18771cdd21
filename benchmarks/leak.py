"""How much of the class is left in z_u, and what keeping it out costs: `python -m benchmarks.leak`.

A CDVAE (mlp-400, prototypes at s = 8) on MNIST for each pair of class weight and adversary weight, three seeds each, equal budget.
Printed: -ELBO (beta = 1), rates, the class by the bound, samples and swaps that a judge finds right, and how often logistic, kNN and MLP probes
name the class from one draw, the mean and the whole posterior of z_u (mean over the seeds, in brackets their range). The table goes to
benchmarks/results/leak.json. About 25 minutes of one CPU thread; `--quick` takes one seed and one epoch, which checks the script only.
"""

import argparse
import json
import tempfile
from pathlib import Path

import torch

from vae_core.data import Data, load_data
from vae_core.metrics.base import Evaluation
from vae_core.metrics.classes import bayes_accuracy, samples_judged, swaps_right
from vae_core.metrics.evidence import elbo_terms
from vae_core.metrics.oracle import OracleClassifier
from vae_core.metrics.probes import KINDS, READINGS, probes_of
from vae_core.models import CDVAE
from vae_core.objectives import ELBO
from vae_core.training import Options, train

RESULTS = Path(__file__).parent / "results" / "leak.json"
WEIGHTS = [(0.0, 0.0), (20.0, 0.0), (20.0, 3.0), (20.0, 10.0), (20.0, 40.0)]
EPOCHS, SEEDS, TESTED = 8, 3, 5000


def measured(
    class_weight: float,
    adversary: float,
    seed: int,
    epochs: int,
    data: Data,
    test: Data,
    judge: OracleClassifier,
) -> dict:
    """Train one model and measure it; plain numbers by name."""
    options = Options(
        objective=ELBO(class_weight=class_weight, adversary=adversary),
        seed=seed,
        epochs=epochs,
        learning_rate=2e-3,
    )
    with tempfile.TemporaryDirectory() as folder:
        model = train(CDVAE(), data, options, Path(folder) / "run").model
    evaluation = Evaluation(model, test.scored_by(model), data.scored_by(model), seed)
    found = {
        **elbo_terms(evaluation),
        **bayes_accuracy(evaluation),
        **swaps_right(evaluation, judge),
        **probes_of(evaluation, ["z_u"]),
    }
    return {
        **{name: estimate.value for name, estimate in found.items()},
        "sample_accuracy": samples_judged(evaluation, judge)[0].mean().item(),
    }


def summary(runs: list[dict]) -> dict[str, list[float]]:
    """Mean, least and greatest value over the seeds."""
    return {
        name: [round(f([run[name] for run in runs]), 5) for f in (lambda v: sum(v) / len(v), min, max)]
        for name in runs[0]
    }


def line(found: dict[str, list[float]]) -> str:
    nats = "  ".join(f"{found[name][0]:6.2f}" for name in ("negative_elbo", "rate_z_l", "rate_z_u"))
    shares = "  ".join(
        "{:5.1%} ({:.1%}-{:.1%})".format(*found[name])
        for name in ("bayes_accuracy", "sample_accuracy", "swap_accuracy")
    )
    probes = "   ".join(
        f"{what} " + " / ".join(f"{found[f'probe_z_u_{kind}_{what}'][0]:.1%}" for kind in KINDS)
        for what in READINGS
    )
    return f"{nats}   {shares}   {probes}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one seed, one epoch: checks the script only")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    data, test = load_data("mnist"), load_data("mnist", "test").subset(TESTED, seed=0)
    judge = OracleClassifier(data, 0)
    print(
        "class adversary   -ELBO    R_l    R_u   class, samples, swaps (range)   probes on z_u: logistic / kNN / MLP"
    )
    rows = []
    for class_weight, adversary in WEIGHTS:
        seeds, epochs = (1, 1) if quick else (SEEDS, EPOCHS)
        runs = [measured(class_weight, adversary, seed, epochs, data, test, judge) for seed in range(seeds)]
        found = summary(runs)
        rows.append(
            {"class_weight": class_weight, "adversary": adversary, "seeds": seeds, "epochs": epochs, **found}
        )
        print(f"{class_weight:5g} {adversary:9g}   {line(found)}", flush=True)
        if not quick:
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(
                json.dumps({"columns": ["mean", "least", "greatest"], "rows": rows}, indent=1) + "\n"
            )


if __name__ == "__main__":
    main()
