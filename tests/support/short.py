"""A short training of a small model, and the weights that it leaves."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from vae_core.checkpoints import WEIGHTS, read_tensors
from vae_core.models import SRVAE
from vae_core.objectives import M2
from vae_core.training import Options

QUICK = Options(epochs=2, batch=64, learning_rate=3e-3, warmup=2, limit=256, device="cpu")
STAGED = SRVAE(latent=3, coarse_latent=2, pool=4, nets="mlp-256")
LABELLED = replace(QUICK, objective=M2(labels=20))


def weights(folder: Path) -> dict[str, Tensor]:
    return read_tensors(folder / WEIGHTS)


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
