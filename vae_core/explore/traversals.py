"""One coordinate of a latent block at a time.

Shapes: N examples, D latent dimensions, T positions.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..conditionals import Env
from ..model import Model
from .codes import Codes, decode
from .priors import prior_given, priors_by_class


def traversal(start: Mapping[str, Tensor], block: str, dimensions: Sequence[int], values: Tensor) -> Codes:
    """Codes `(len(dimensions) T, D)`, row after row: one coordinate of `block` at a time takes each of its `values`.

    `start` holds one code `(D,)` for each block; `values` is `(len(dimensions), T)`. All other coordinates stay.

    >>> traversal({"z": torch.zeros(2)}, "z", [1], torch.tensor([[-3.0, 3.0]]))["z"].tolist()
    [[0.0, -3.0], [0.0, 3.0]]
    """
    rows, steps = values.shape
    codes = {name: code.expand(rows, steps, -1).clone() for name, code in start.items()}
    for row, dimension in enumerate(dimensions):
        codes[block][row, :, dimension] = values[row]
    return {name: code.flatten(0, 1) for name, code in codes.items()}


@torch.no_grad()
def traverse(
    model: Model, start: Mapping[str, Tensor], block: str, dimensions: Sequence[int], values: Tensor
) -> Tensor:
    """Images `(len(dimensions), T, C, H, W)` of the codes of `traversal`."""
    images = decode(model, traversal(start, block, dimensions, values))
    return images.unflatten(0, tuple(values.shape))


@torch.no_grad()
def reach(model: Model, block: str, means: Tensor) -> tuple[Tensor, Tensor]:
    """The lowest and the highest value `(D,)` that each coordinate of a block is worth being given: between the 0.1 % and the 99.9 %
    quantile of the posterior means `(N, D)`, and within 3 standard deviations of the prior's mean, of any class."""
    ends = means.quantile(torch.tensor([0.001, 0.999], device=means.device), dim=0)
    prior = priors_by_class(model, block)
    if prior is None:
        return ends[0], ends[1]
    low, high = (
        (prior.mean + side * prior.stddev).reshape(-1, means.shape[-1]).to(means) for side in (-3, 3)
    )
    return torch.minimum(ends[0], low.amin(0)), torch.maximum(ends[1], high.amax(0))


class Ruler(NamedTuple):
    """Where a traversal goes: coordinates `(D, T)` at `ticks` `(T,)` standard deviations of the prior from its mean."""

    ticks: Tensor
    values: Tensor
    mean: Tensor
    scale: Tensor

    def nearest(self, code: Tensor) -> Tensor:
        """The tick nearest to each coordinate of a code `(D,)`; -1 where it lies more than half a step outside, `(D,)`."""
        position = (code - self.mean) / self.scale
        gap = (position[:, None] - self.ticks).abs().min(-1)
        half = (self.ticks[1] - self.ticks[0]) / 2
        return torch.where(gap.values <= half + 1e-6, gap.indices, -1)


@torch.no_grad()
def ruler(model: Model, block: str, env: Env, span: float, steps: int) -> Ruler:
    """`steps` equal steps over +-`span` standard deviations of the block's prior given what `env` holds `(1, ...)`."""
    prior = prior_given(model, block, env)
    mean, scale = (part.reshape(-1, part.shape[-1])[0] for part in (prior.mean, prior.stddev))
    ticks = torch.linspace(-span, span, steps, device=mean.device)
    return Ruler(ticks, mean[:, None] + scale[:, None] * ticks, mean, scale)
