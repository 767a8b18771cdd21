"""The rate's parts after three objectives, over all training images and as a batch estimates them: `python -m benchmarks.total_correlation`.

Trains the plain bound, a beta-TCVAE and a FactorVAE with two widths of its discriminator, of the same nets and seed on the first 8,192
sprites for six epochs, far from convergence (minutes each on one thread). Then, of these N images at one draw each: distortion D, rate R, I
= I_q(n; z) (at most log N), TC = TC(q(z)) and KL = sum_j KL(q(z_j) || p(z_j)) with log q(z) summed over all N posteriors
(`metrics.aggregate`), and the mean of what batches of B say of them (`objectives.minibatch_log_density`). Nats.

Runs are kept under --out and not repeated.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from vae_core.checkpoints import CARD, Checkpoint, load
from vae_core.data import Data, load_data
from vae_core.distributions import Sampler, diagonal_normal
from vae_core.metrics.aggregate import decomposition_of
from vae_core.models import VAE
from vae_core.objectives import BetaTCVAE, FactorVAE, minibatch_log_density
from vae_core.training import Options, train

IMAGES = 8192
SIZES = (64, 256, 1024)
BUDGET = {"limit": IMAGES, "epochs": 6, "batch": 64, "learning_rate": 5e-4, "warmup": 100, "device": "cpu"}
OBJECTIVES = {
    "elbo": Options(**BUDGET),
    "tc": Options(**BUDGET, objective=BetaTCVAE(tc_beta=6.0)),
    "factor": Options(**BUDGET, objective=FactorVAE(tc_weight=10.0)),
    "factor-200": Options(**BUDGET, objective=FactorVAE(tc_weight=10.0, discriminator_width=200)),
}


def trained(name: str, data: Data, out: Path) -> Checkpoint:
    folder = out / name
    if not (folder / CARD).exists():
        train(VAE(latent=10, nets="conv-32-64"), data, OBJECTIVES[name], folder)
    return load(folder)


@torch.no_grad()
def encoded(checkpoint: Checkpoint, data: Data) -> tuple[dict[str, float], tuple[Tensor, ...]]:
    """D and R, means over the data; mean, scale and a draw of every posterior, `(N, D)` each."""
    model, draw, rows, totals = checkpoint.model, Sampler.seeded(0), [], torch.zeros(2)
    for batch in data.scored_by(model).batches(500, 0):
        inferred = model.infer(batch, draw)
        terms, q = model.terms(batch, draw, inferred), inferred.posteriors["z"]
        totals += torch.stack([terms.distortion.sum(), terms.rate.sum()])
        rows.append((q.mean, q.stddev, inferred.env["z"]))
    posteriors = tuple(torch.cat(column) for column in zip(*rows, strict=True))
    return dict(zip("DR", (totals / len(data)).tolist(), strict=True)), posteriors


def by_batches(size: int, mean: Tensor, scale: Tensor, z: Tensor) -> dict[str, float]:
    """I, TC and KL as the batches of one epoch estimate them, on average."""
    each = torch.distributions.Normal(0.0, 1.0).log_prob(z)
    own, found = diagonal_normal(mean, scale).log_prob(z), []
    for rows in torch.randperm(len(z), generator=torch.Generator().manual_seed(0)).split(size):
        joint, marginals = minibatch_log_density(
            z[rows], mean[rows], scale[rows], torch.arange(len(rows)), len(z)
        )
        parts = own[rows] - joint, joint - marginals.sum(-1), (marginals - each[rows]).sum(-1)
        found.append(torch.stack([part.mean() for part in parts]))
    return dict(zip(("I", "TC", "KL"), torch.stack(found).mean(0).tolist(), strict=True))


def exact(mean: Tensor, scale: Tensor, z: Tensor) -> dict[str, float]:
    each = torch.distributions.Normal(0.0, 1.0).log_prob(z)
    split = decomposition_of(mean, scale, z, each.sum(-1), each)
    assert split.correlation is not None
    assert split.dimensions is not None
    parts = split.information, split.correlation, split.dimensions.sum(-1)
    return {name: part.mean().item() for name, part in zip(("I", "TC", "KL"), parts, strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/total-correlation"))
    out = parser.parse_args().out
    torch.set_num_threads(1)
    data = load_data("sprites", "train", IMAGES)
    for name in OBJECTIVES:
        fit, posteriors = encoded(trained(name, data, out), data)
        rows = {"all": fit | exact(*posteriors)}
        rows |= {f"B = {size}": by_batches(size, *posteriors) for size in SIZES}
        for about, values in rows.items():
            print(f"{name:10} {about:9}", "  ".join(f"{key} {value:.2f}" for key, value in values.items()))


if __name__ == "__main__":
    main()
