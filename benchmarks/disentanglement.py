"""How far scores of disentanglement spread over seeds: `python -m benchmarks.disentanglement runs/seeds`.

Five methods on rooms, five seeds each, equal but for the objective: nets and latents of disentanglement_lib's studies (Locatello et al., 2019),
a Gaussian likelihood of fixed scale, few steps. Weights are kept in the folder given; a training that is there is not made again, and one that
was cut goes on. A few seconds each on a GPU, minutes on a core. Then each is measured on the test images, and compared with the other seeds of
its method (UDR); `--out` keeps the numbers, and what is in that file is not measured again.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import torch

from vae_core.checkpoints import Checkpoint, load, load_card
from vae_core.data import Data, load_data
from vae_core.distributions import kl_per_dimension
from vae_core.explore import encode
from vae_core.metrics import evaluate
from vae_core.metrics.disentanglement import ACTIVE, udr
from vae_core.models import VAE
from vae_core.objectives import DIPVAE, ELBO, AdaGVAE, BetaTCVAE, Declared, FactorVAE
from vae_core.training import Options, train

DATA, EPOCHS, SEEDS, COMPARED = "rooms", 12, 5, 2000
RESULTS = Path(__file__).with_name("results") / "disentanglement.json"
METRICS = ["elbo", "disentanglement", "dci", "infomec"]
SCORES = (
    *("negative_elbo", "mig", "sap", "dci_disentanglement", "factorvae_score", "betavae_score"),
    *("infomec_modularity", "infomec_explicitness", "infomec_compactness"),
)
MODEL = VAE(latent=10, nets="conv-32-64", likelihood="gaussian-fixed", gamma=0.35)
METHODS: dict[str, Declared] = {
    "vae": ELBO(),
    "beta-tcvae": BetaTCVAE(tc_beta=15),
    "factor-vae": FactorVAE(tc_weight=40),
    "dip-vae": DIPVAE(dip_weight=10),
    "ada-gvae": AdaGVAE(beta=16),
}


def trained(method: str, seed: int, data: Data, folder: Path, device: str) -> Path:
    """The folder of one training, made where it is not there."""
    out = folder / f"{method}-{seed}"
    done = load_card(out).epochs_done if (out / "card.json").exists() else None
    if done is None or done < EPOCHS:
        options = Options(
            objective=METHODS[method],
            epochs=EPOCHS,
            batch=64,
            learning_rate=1e-3,
            seed=seed,
            device=device,
        )
        train(MODEL, data, options, out, resume=done is not None, command=__doc__.partition("\n")[0])
    return out


def measured(checkpoint: Checkpoint) -> dict[str, float]:
    found = evaluate(checkpoint, metrics=METRICS)
    return {name: round(found[name].value, 4) for name in SCORES if name in found}


@torch.no_grad()
def active_codes(checkpoint: Checkpoint, images: Data) -> torch.Tensor:
    """Posterior means of the dimensions that say something, `(N, D)`."""
    q = encode(checkpoint.model, next(images.batches(len(images))))["z"]
    rate = kl_per_dimension(q, checkpoint.model.p["z"]({}))
    assert rate is not None
    return q.mean[:, rate.mean(0) > ACTIVE]


def measure(method: str, folders: list[Path], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The numbers of each seed of a method, those that are known taken over."""
    checkpoints = [load(folder) for folder in folders]
    images = load_data(DATA, "test").head(COMPARED)
    agreements = udr([active_codes(checkpoint, images) for checkpoint in checkpoints])
    known = {row["seed"]: row for row in rows if row["method"] == method}
    return [
        {
            **(known.get(seed) or {"method": method, "seed": seed, **measured(checkpoint)}),
            "udr": round(value, 4),
        }
        for seed, (checkpoint, value) in enumerate(zip(checkpoints, agreements, strict=True))
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--device", default="auto")
    parser.add_argument(
        "--out",
        type=Path,
        default=None,
        help=f"a file such as {RESULTS.name}; nothing is measured without it",
    )
    asked = parser.parse_args()
    data = load_data(DATA)
    folders: dict[str, list[Path]] = {method: [] for method in asked.methods}
    for seed in range(asked.seeds):
        for method in asked.methods:
            folders[method].append(trained(method, seed, data, asked.folder, asked.device))
            print(folders[method][-1], flush=True)
    if not asked.out:
        return
    rows = json.loads(asked.out.read_text())["rows"] if asked.out.exists() else []
    for method, made in folders.items():
        others = [row for row in rows if row["method"] != method]
        rows = [*others, *(found := measure(method, made, rows))]
        asked.out.write_text(
            json.dumps({"epochs": EPOCHS, "seeds": asked.seeds, "rows": rows}, indent=1) + "\n"
        )
        for name in (*SCORES, "udr"):
            values = [row[name] for row in found if name in row]
            if values:
                print(
                    f"{method:12} {name:24} {statistics.mean(values):9.3f}  {min(values):.3f} to {max(values):.3f}"
                )


if __name__ == "__main__":
    main()
