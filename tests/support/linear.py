"""The linear beta-VAE, whose best rate and distortion are known at every beta. Shapes: D data dimensions, d latent dimensions."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from vae_core.multirate import Rates

SPECTRUM = torch.tensor([4.0, 2.0, 1.0, 0.2], dtype=torch.float64)
NOISE, LATENT = 0.25, 3
D = len(SPECTRUM)


def tell(gate: Any, slopes: Tensor | float, offsets: Tensor | float, rates: Rates) -> None:
    """Make the argument of each unit's gate slope * log beta + offset, of the beta of the first block."""
    low, high = map(math.log, rates.trained(rates.blocks[0]))
    factor = (high - low) / (2 * math.sqrt(3))
    for parameter in gate.parameters():
        nn.init.zeros_(parameter)
    ones = torch.ones(len(gate.scale.bias), dtype=torch.float64)
    gate.scale.weight[:, 0] = slopes * factor * ones
    gate.scale.bias.copy_((offsets + slopes * (low + high) / 2) * ones)


def points_of(axes: Tensor) -> Tensor:
    """Data `(2D, D)` whose mean of anything quadratic is that of variances `SPECTRUM` along the columns of `axes`."""
    both = torch.cat([torch.eye(D), -torch.eye(D)]).double()
    return math.sqrt(D) * both @ (axes * SPECTRUM.sqrt()).T


def noises(size: int) -> Tensor:
    """Noise `(2d, d)` whose mean of anything quadratic is that of N(0, I)."""
    return math.sqrt(size) * torch.cat([torch.eye(size), -torch.eye(size)]).double()


def best(beta: float) -> tuple[float, float]:
    """Rate and distortion, nats, of the best linear beta-VAE whose latents all pay."""
    rate = 0.5 * (SPECTRUM[:LATENT] / (beta * NOISE)).log().sum().item()
    left = LATENT * beta * NOISE + SPECTRUM[LATENT:].sum().item()
    return rate, 0.5 * (D * math.log(2 * math.pi * NOISE) + left / NOISE)
