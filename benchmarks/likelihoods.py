"""What each likelihood of grey pixels costs: the VAE of the lecture, D-256-LeakyReLU-2d and back, d = 16, on MNIST: `python -m benchmarks.likelihoods`.

Equal nets, batches of 128 and epochs. On the 10,000 test images: -ELBO in nats, and in bits for each 8-bit pixel where the likelihood is one of
such images (a density on dequantised pixels bounds it, docs/objectives.md, section 3). Bernoulli pixels are other data, drawn from the grey values:
their nats stand beside the others and are compared with none. A row that is in benchmarks/results/likelihoods.json is not made again.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from vae_core import evaluate
from vae_core.data import load_data
from vae_core.models import VAE
from vae_core.objectives import ELBO
from vae_core.training import Options, train

RESULTS = Path(__file__).parent / "results" / "likelihoods.json"
LIKELIHOODS = (
    *("bernoulli", "continuous-bernoulli", "gaussian", "gaussian-optimal", "gaussian-pixel"),
    "categorical",  # 200,704 outputs: a hundred times the work of one
)


def measured(likelihood: str, epochs: int, device: str) -> dict[str, Any]:
    """The numbers of one training."""
    options = Options(objective=ELBO(), epochs=epochs, batch=128, device=device)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        declared = VAE(latent=16, nets="mlp-256", likelihood=likelihood)
        checkpoint = train(declared, load_data("mnist"), options, Path(folder) / "run")
        seconds = time.monotonic() - begun
        numbers = evaluate(checkpoint, metrics=["elbo", "active"])
    found = {name: [round(number.value, 4), round(number.se, 4)] for name, number in numbers.items()}
    return {"likelihood": likelihood, "epochs": epochs, "seconds": round(seconds), **found}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--likelihoods", nargs="+", choices=LIKELIHOODS, default=list(LIKELIHOODS))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = json.loads(RESULTS.read_text())["rows"] if RESULTS.exists() else []
    for likelihood in asked.likelihoods:
        if any((row["likelihood"], row["epochs"]) == (likelihood, asked.epochs) for row in rows):
            continue
        rows.append(measured(likelihood, asked.epochs, asked.device))
        print(json.dumps(rows[-1]), flush=True)
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps({"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
