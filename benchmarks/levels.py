"""Does a second latent level pay? A ladder against one level of about its size, on digits: `python -m benchmarks.levels`.

One level of 16 latents, of 24, and of 16 with wider nets (mlp-400), and two levels of 16 and 8, bottom-up and top-down; nets mlp-256, Bernoulli pixels, batches of 64, three
seeds, with beta = 1 from the start and with beta rising over the first 1,000 steps of 2,100. Measured on the 447 test images: -ELBO, the
importance-weighted bound (500 samples), the rate of each level and its active units.
The table goes to benchmarks/results/levels.json.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import torch

from vae_core import evaluate
from vae_core.data import Data, load_data
from vae_core.models import VAE, Declaration, Ladder
from vae_core.objectives import ELBO
from vae_core.training import Options, train

RESULTS = Path(__file__).parent / "results" / "levels.json"
MODELS: dict[str, Declaration] = {
    "one level of 16": VAE(latent=16, nets="mlp-256"),
    "one level of 24": VAE(latent=24, nets="mlp-256"),
    "one level of 16, wider": VAE(latent=16, nets="mlp-400"),
    "16 and 8, bottom-up": Ladder(latent=(16, 8), nets="mlp-256"),
    "16 and 8, top-down": Ladder(latent=(16, 8), inference="top-down", nets="mlp-256"),
}
WARMUPS = (0, 1000)


def measured(declaration: Declaration, data: Data, warmup: int, seed: int, epochs: int) -> dict[str, float]:
    """The numbers of one training, and how many parameters it has."""
    options = Options(
        objective=ELBO(beta_warmup=warmup), epochs=epochs, batch=64, warmup=50, seed=seed, device="cpu"
    )
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = train(declaration, data, options, Path(folder) / "run")
        numbers = evaluate(checkpoint, metrics=["elbo", "importance", "active"])
    size = sum(parameter.numel() for parameter in checkpoint.model.parameters())
    return {"parameters": size, **{name: number.value for name, number in numbers.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    data, rows = load_data("digits"), []
    for warmup in WARMUPS:
        for name, declaration in MODELS.items():
            found = [measured(declaration, data, warmup, seed, asked.epochs) for seed in range(asked.seeds)]
            rows.append(row := _row(name, warmup, found))
            print(json.dumps(row), flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"epochs": asked.epochs, "rows": rows}, indent=1) + "\n")


def _row(name: str, warmup: int, found: list[dict[str, float]]) -> dict[str, Any]:
    """Means over seeds, and how far seeds are from each other, of what all have."""
    means = {key: round(statistics.mean(one[key] for one in found), 2) for key in found[0]}
    spread = {
        f"{key}_sd": round(statistics.stdev(one[key] for one in found), 2) if len(found) > 1 else 0.0
        for key in ("negative_elbo", "log_px")
    }
    return {"model": name, "warmup": warmup, **means, **spread}


if __name__ == "__main__":
    main()
