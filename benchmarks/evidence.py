"""One published row of MNIST, and what a VampPrior gains: `python -m benchmarks.evidence`.

The one-stochastic-layer VAE of Burda et al. (2016): 784-200-200-50 with tanh, Bernoulli pixels binarised afresh at every visit, one
sample in training, and the importance-weighted bound of 5,000 samples on the 10,000 test images, whose pixels are drawn once.
Published: 86.76 nats. Adam with a cosine schedule takes the place of their stepwise one. Then the same nets with a standard prior
and with a VampPrior of 500 pseudo-inputs, both trained equally long and with the same warm-up of beta, measured with 500 samples.

About two and a half hours of one CPU thread. Runs are kept in --runs and gone on with; the table goes to
benchmarks/results/evidence.json. `--quick` trains two epochs and measures 100 images with 50 samples: a check of the script, no result.
"""

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from vae_core.checkpoints import CARD, load, load_card
from vae_core.data import Data, load_data
from vae_core.distributions import Sampler
from vae_core.metrics import Estimate
from vae_core.metrics.evidence import importance_weighted
from vae_core.model import Model
from vae_core.models import VAE
from vae_core.train import Options, train

RESULTS = Path(__file__).parent / "results" / "evidence.json"
PUBLISHED = 86.76


@dataclass(frozen=True)
class Row:
    """One training: which prior, how long."""

    name: str
    prior: str
    epochs: int
    beta_warmup: int = 0
    samples: int = 500

    def model(self) -> VAE:
        return VAE(
            latent=50,
            nets="mlp-200x2-tanh",
            prior=self.prior,  # type: ignore[arg-type]
            components=500 if self.prior == "vamp" else None,
        )

    def trained(self, folder: Path, data: Data) -> Model:
        """The trained model, gone on with where `folder` holds a part of the training."""
        begun = (folder / CARD).exists()
        if not (begun and load_card(folder)["epochs_done"] >= self.epochs):
            options = Options(epochs=self.epochs, batch=100, beta_warmup=self.beta_warmup)
            train(self.model(), data, options, folder, resume=begun, report=_say)
        return load(folder).model


ROWS = [
    Row("normal", "normal", 800, samples=5000),
    Row("normal-equal", "normal", 400, beta_warmup=6000),
    Row("vamp-equal", "vamp", 400, beta_warmup=6000),
]


def _say(progress) -> None:
    if progress.ends_epoch and progress.epoch % 20 == 0:
        print(f"  epoch {progress.epoch}: loss {progress.parts['loss']:.2f}", flush=True)


@torch.no_grad()
def log_px(model: Model, data: Data, samples: int) -> torch.Tensor:
    """The importance-weighted bound of each image, nats."""
    draw = Sampler.seeded(1)
    batches = data.scored_by(model).batches(1000)
    return torch.cat([importance_weighted(model, batch, samples, draw) for batch in batches])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where the trainings are kept")
    parser.add_argument("--quick", action="store_true", help="two epochs, few images: checks the script only")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    data, test = load_data("mnist"), load_data("mnist", "test")
    test = test.head(100) if asked.quick else test
    bounds, table = {}, []
    for row in ROWS:
        row = replace(row, epochs=2, samples=50) if asked.quick else row
        started = time.monotonic()
        folder = asked.runs / f"evidence-{row.name}{'-quick' if asked.quick else ''}"
        bounds[row.name] = log_px(row.trained(folder, data), test, row.samples)
        value, se, n = Estimate.mean(-bounds[row.name])
        seconds = load_card(folder)["cost"]["seconds"]
        table.append(
            {
                "name": row.name,
                "prior": row.prior,
                "epochs": row.epochs,
                "beta_warmup": row.beta_warmup,
                "negative_log_px": round(value, 3),
                "se": round(se, 3),
                "n": n,
                "samples": row.samples,
                "training_seconds": seconds,
            }
        )
        print(
            f"{row.name:14}{row.epochs:5} epochs {seconds:8.0f} s   -log p(x) <= {value:.2f} +- {se:.2f} "
            f"({n:,} images, {row.samples:,} samples, measured in {time.monotonic() - started:.0f} s)",
            flush=True,
        )
    gain, gain_se, _ = Estimate.mean(bounds["vamp-equal"] - bounds["normal-equal"])
    print(
        f"published {PUBLISHED}; VampPrior better than the standard prior by {gain:.2f} +- {gain_se:.2f} nats (paired)"
    )
    if not asked.quick:
        RESULTS.parent.mkdir(exist_ok=True)
        found = {
            "published": PUBLISHED,
            "rows": table,
            "vamp_gain": round(gain, 3),
            "vamp_gain_se": round(gain_se, 3),
        }
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
