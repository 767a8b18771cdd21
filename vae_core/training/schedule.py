"""Which images each step sees, and at which learning rate. Every epoch is seeded from (seed, epoch) alone."""

import math

import torch
from torch import Tensor

from ..data import Data
from .options import LABELLED_SHARE


class Schedule:
    """Which images each step of an epoch sees: all once, in a fresh order.

    Where only some labels are known, an eighth of each batch is drawn from those images (with replacement, since they are few), the
    others go through the rest.
    """

    def __init__(self, data: Data, batch: int):
        self.device, self.batch = data.images.device, batch
        every = torch.arange(len(data), device=self.device)
        self.known = None if data.known is None else every[data.known]
        self.rest = every if data.known is None else every[~data.known]
        self.fresh = batch if data.known is None else batch - batch // LABELLED_SHARE

    def __len__(self) -> int:
        return len(self.rest) // self.fresh

    def epoch(self) -> Tensor:
        """Indices `(steps, batch)`, from torch's generator."""
        order = self.rest[torch.randperm(len(self.rest), device=self.device)]
        rows = order[: len(self) * self.fresh].view(len(self), self.fresh)
        if self.known is None:
            return rows
        chosen = torch.randint(len(self.known), (len(self), self.batch - self.fresh), device=self.device)
        mixed = torch.cat(
            [self.known[chosen][..., None], rows.unflatten(1, (-1, LABELLED_SHARE - 1))], dim=-1
        )
        return mixed.flatten(1)  # in turn, so that every process has its share of both


def mix(seed: int, epoch: int) -> int:
    """One 63-bit seed of two numbers (neighbouring seeds must not share streams)."""
    return (seed * 0x9E3779B97F4A7C15 + epoch * 0xBF58476D1CE4E5B9 + 1) % 2**63


def learning_rate(step: int, steps: int, highest: float, warmup: int) -> float:
    """A linear warm-up to the highest, and a cosine down to zero at the last step.

    >>> [round(learning_rate(step, 100, 1.0, 9), 2) for step in (0, 9, 50, 100)]
    [0.1, 0.98, 0.5, 0.0]
    """
    rise = min(1.0, (step + 1) / (warmup + 1))
    return highest * rise * 0.5 * (1 + math.cos(math.pi * step / steps))
