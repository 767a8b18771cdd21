"""Which images each step sees, and at which learning rate. Every epoch is seeded from (seed, epoch) alone.

Shapes: N rows.
"""

import math

import torch
from torch import Tensor

from ..data import Data
from ..data.mapped import OnDisk
from .options import LABELLED_SHARE

# Images that stay in their files are read in blocks of so many bytes, and mixed among so many blocks: 256 MB, which the system keeps at
# hand, while rows from all over a file would each cost a read of the disk.
BLOCK, MIXED = 2**20, 256


class Schedule:
    """Which images each step of an epoch sees: all once, in a fresh order; of images that stay in their files `in_blocks`.

    Where only some labels are known, an eighth of each batch is drawn from those images (with replacement, since they are few), the
    others go through the rest.
    """

    def __init__(self, data: Data, batch: int):
        self.device, self.batch = data.images.device, batch
        every = torch.arange(len(data), device=self.device)
        self.known = None if data.known is None else every[data.known]
        self.rest = every if data.known is None else every[~data.known]
        self.fresh = batch if data.known is None else batch - batch // LABELLED_SHARE
        self.images = data.images if isinstance(data.images, OnDisk) else None

    def __len__(self) -> int:
        return len(self.rest) // self.fresh

    def epoch(self) -> Tensor:
        """Indices `(steps, batch)`, from torch's generator."""
        order = self.rest[self._order()]
        rows = order[: len(self) * self.fresh].view(len(self), self.fresh)
        if self.known is None:
            return rows
        chosen = torch.randint(len(self.known), (len(self), self.batch - self.fresh), device=self.device)
        mixed = torch.cat(
            [self.known[chosen][..., None], rows.unflatten(1, (-1, LABELLED_SHARE - 1))], dim=-1
        )
        return mixed.flatten(1)  # in turn, so that every process has its share of both

    def _order(self) -> Tensor:
        if self.images is None:
            return torch.randperm(len(self.rest), device=self.device)
        places = self.images.places[self.rest.cpu()]
        return in_blocks(places, max(1, BLOCK // self.images.source.row_bytes), MIXED).to(self.device)


def in_blocks(places: Tensor, rows: int, mixed: int) -> Tensor:
    """An order of rows that lie at `places` `(N,)` of a file: blocks of `rows` neighbours in a fresh order, all rows of `mixed` blocks
    shuffled together, from torch's generator.

    >>> _ = torch.manual_seed(0)
    >>> order = in_blocks(torch.arange(9).flip(0), rows=3, mixed=2)
    >>> order.sort().values.tolist() == list(range(9)), len({place // 3 for place in order[:6].tolist()})
    (True, 2)
    """
    blocks = places.argsort().split(rows)
    chosen = [blocks[number] for number in torch.randperm(len(blocks)).tolist()]
    parts = [torch.cat(chosen[start : start + mixed]) for start in range(0, len(chosen), mixed)]
    return torch.cat([part[torch.randperm(len(part))] for part in parts])


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
