"""How far scores of disentanglement spread over seeds: `python -m benchmarks.disentanglement runs/seeds`.

Five methods on rooms, five seeds each, equal but for the objective: nets and latents of disentanglement_lib's studies (Locatello et al., 2019),
a Gaussian likelihood of fixed scale, few steps. Weights are kept in the folder given; a training that is there is not made again, and one that
was cut goes on. A few seconds each on a GPU, minutes on a core.
"""

import argparse
from pathlib import Path

from vae_core.checkpoints import load_card
from vae_core.data import Data, load_data
from vae_core.models import VAE
from vae_core.objectives import DIPVAE, ELBO, AdaGVAE, BetaTCVAE, Declared, FactorVAE
from vae_core.training import Options, train

DATA, EPOCHS, SEEDS = "rooms", 12, 5
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--device", default="auto")
    asked = parser.parse_args()
    data = load_data(DATA)
    for seed in range(asked.seeds):
        for method in asked.methods:
            print(trained(method, seed, data, asked.folder, asked.device), flush=True)


if __name__ == "__main__":
    main()
