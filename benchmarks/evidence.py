"""One published row of MNIST, and what a VampPrior gains: `python -m benchmarks.evidence`.

The one-stochastic-layer VAE of Burda et al. (2016): 784-200-200-50 with tanh, Bernoulli pixels binarised afresh at every visit, one
sample in training, and the importance-weighted bound of 5,000 samples on the 10,000 test images, whose pixels are drawn once.
Published: 86.76 nats. Adam with a cosine schedule takes the place of their stepwise one. Then the same nets with a standard prior
and with a VampPrior of 500 pseudo-inputs, both trained equally long and with the same warm-up of beta, and the same pair for the nets and
the recipe of the bundled `vae-mnist` and `vae-mnist-vamp`, all measured with 500 samples.

About two hours of one CPU thread. Runs are kept in --runs and gone on with; the table goes to
benchmarks/results/evidence.json. `--quick` trains two epochs and measures 100 images with 50 samples: a check of the script, no result.
"""

import argparse
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from vae_core.checkpoints import CARD, load, load_card, read_tensors, write_tensors
from vae_core.data import Data, load_data
from vae_core.distributions import Sampler
from vae_core.metrics import Estimate
from vae_core.metrics.evidence import importance_weighted
from vae_core.model import Model
from vae_core.models import VAE
from vae_core.objectives import ELBO
from vae_core.training import Options, train

RESULTS = Path(__file__).parent / "results" / "evidence.json"
PUBLISHED = 86.76


@dataclass(frozen=True)
class Row:
    """One training: nets, which prior, how long."""

    name: str
    prior: str
    epochs: int
    nets: str = "mlp-200x2-tanh"
    latent: int = 50
    components: int | None = None
    beta_warmup: int = 0
    batch: int = 100
    samples: int = 500

    def model(self) -> VAE:
        prior: Any = self.prior
        return VAE(latent=self.latent, nets=self.nets, prior=prior, components=self.components)

    def trained(self, folder: Path, data: Data) -> Model:
        """The trained model, gone on with where `folder` holds a part of the training."""
        begun = (folder / CARD).exists()
        if not (begun and load_card(folder).epochs_done >= self.epochs):
            options = Options(
                epochs=self.epochs, batch=self.batch, objective=ELBO(beta_warmup=self.beta_warmup)
            )
            train(self.model(), data, options, folder, resume=begun, report=_say)
        return load(folder).model


EQUAL = Row("normal-equal", "normal", 400, beta_warmup=6000)
BUNDLED = Row("normal-mlp-400", "normal", 80, "mlp-400", 20, beta_warmup=5000, batch=128)

ROWS = [
    Row("normal", "normal", 800, samples=5000),
    EQUAL,
    replace(EQUAL, name="vamp-equal", prior="vamp", components=500),
    BUNDLED,
    replace(BUNDLED, name="vamp-mlp-400", prior="vamp", components=300),
]

# Pairs of rows that differ by the prior alone.
PAIRS = [("normal-equal", "vamp-equal"), ("normal-mlp-400", "vamp-mlp-400")]


def _say(progress) -> None:
    if progress.ends_epoch and progress.epoch % 20 == 0:
        print(f"  epoch {progress.epoch}: loss {progress.parts['loss']:.2f}", flush=True)


@torch.no_grad()
def log_px(model: Model, data: Data, samples: int) -> torch.Tensor:
    """The importance-weighted bound of each image, nats."""
    draw = Sampler.seeded(1)
    batches = data.scored_by(model).batches(1000)
    return torch.cat([importance_weighted(model, batch, samples, draw) for batch in batches])


def measured(row: Row, folder: Path, data: Data, test: Data) -> dict[str, Any]:
    """Train where needed; the bound of each image goes into `folder`, so that a pair can be compared image by image."""
    kept = folder / f"bounds-{row.samples}-{len(test)}.safetensors"
    model = row.trained(folder, data)
    if not kept.exists():
        write_tensors(kept, {"log_px": log_px(model, test, row.samples)})
    value, se, n = Estimate.mean(-read_tensors(kept)["log_px"])
    return {
        **{key: value for key, value in asdict(row).items() if value is not None},
        "negative_log_px": round(value, 3),
        "se": round(se, 3),
        "n": n,
        "training_seconds": load_card(folder).cost.seconds,
        "bounds": str(kept.name),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where the trainings are kept")
    parser.add_argument("--quick", action="store_true", help="two epochs, few images: checks the script only")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    data, test = load_data("mnist"), load_data("mnist", "test")
    if asked.quick:
        test = test.subset(100, seed=0)
    bounds, table = {}, []
    for row in ROWS:
        row = replace(row, epochs=2, samples=50) if asked.quick else row
        folder = asked.runs / f"evidence-{row.name}{'-quick' if asked.quick else ''}"
        table.append(measured(row, folder, data, test))
        bounds[row.name] = read_tensors(folder / table[-1].pop("bounds"))["log_px"]
        print("  ".join(f"{key} {value}" for key, value in table[-1].items()), flush=True)
    gains = []
    for normal, vamp in PAIRS:
        gain, se, _ = Estimate.mean(bounds[vamp] - bounds[normal])
        gains.append({"pair": [normal, vamp], "gain": round(gain, 3), "se": round(se, 3)})
        print(f"{vamp} better than {normal} by {gain:.2f} +- {se:.2f} nats (paired)")
    if not asked.quick:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(
            json.dumps({"published": PUBLISHED, "rows": table, "gains": gains}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
