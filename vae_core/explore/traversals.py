"""One coordinate of a latent block at a time.

Shapes: N examples, D latent dimensions, T positions.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..conditionals import Env
from ..model import Model
from .codes import Codes, decode, settled
from .priors import prior_given, priors_by_class


def traversal(start: Mapping[str, Tensor], block: str, dimensions: Sequence[int], values: Tensor) -> Codes:
    """Codes in which one coordinate of a block at a time takes each of its values; all other coordinates stay.

    Args:
        start: one code `(D,)` for each latent.
        block: the latent whose coordinates move.
        dimensions: which coordinates.
        values: of each of them, `(len(dimensions), T)`.

    Returns:
        A code `(len(dimensions) T, D)` for each latent, row after row.

    Example:
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
    """Images of the codes of `traversal`, with what hangs below the block generated anew (`settled`).

    Args:
        model: the model.
        start: one code `(D,)` for each latent.
        block: the latent whose coordinates move.
        dimensions: which coordinates.
        values: of each of them, `(len(dimensions), T)`.

    Returns:
        `(len(dimensions), T, C, H, W)`, or rows `(len(dimensions), T, F)`, as `decode` gives them.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> traverse(model, {"z": torch.zeros(2)}, "z", [0, 1], torch.zeros(2, 5)).shape
        torch.Size([2, 5, 1, 4, 4])
    """
    images = decode(model, settled(model, traversal(start, block, dimensions, values), [block]))
    return images.unflatten(0, tuple(values.shape))


@torch.no_grad()
def reach(model: Model, block: str, means: Tensor) -> tuple[Tensor, Tensor]:
    """The lowest and the highest value that each coordinate of a block is worth being given.

    They lie between the 0.1 % and the 99.9 % quantile of the posterior means, and within 3 standard
    deviations of the prior's mean, of any class, whichever reaches farther.

    Args:
        model: the model.
        block: name of the latent block.
        means: posterior means, `(N, D)`.

    Returns:
        Both ends, `(D,)` each.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> low, high = reach(model, "z", torch.zeros(10, 2))
        >>> low.tolist(), high.tolist()
        ([-3.0, -3.0], [3.0, 3.0])
    """
    ends = means.quantile(torch.tensor([0.001, 0.999], device=means.device), dim=0)
    prior = priors_by_class(model, block)
    if prior is None:
        return ends[0], ends[1]
    low, high = (
        (prior.mean + side * prior.stddev).reshape(-1, means.shape[-1]).to(means) for side in (-3, 3)
    )
    return torch.minimum(ends[0], low.amin(0)), torch.maximum(ends[1], high.amax(0))


class Ruler(NamedTuple):
    """Where a traversal goes: coordinates at some standard deviations of the prior from its mean.

    Attributes:
        ticks: standard deviations, `(T,)`.
        values: mean + scale * ticks of each coordinate, `(D, T)`.
        mean: the prior's mean, `(D,)`.
        scale: its standard deviations, `(D,)`.

    Example:
        >>> ticks = torch.tensor([-1.0, 0.0, 1.0])
        >>> Ruler(ticks, ticks.expand(2, -1), torch.zeros(2), torch.ones(2)).nearest(torch.tensor([0.9, 5.0])).tolist()
        [2, -1]
        >>> Ruler(ticks, ticks.expand(2, -1), torch.ones(2), torch.ones(2)).along(torch.tensor([0.0, 1.0])).tolist()
        [0.0, 1.0, 2.0]
    """

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

    def along(self, vector: Tensor) -> Tensor:
        """The same positions on a direction, a unit vector v `(D,)`: v·mean + |scale v| * ticks, `(T,)`."""
        return self.mean @ vector + torch.linalg.vector_norm(self.scale * vector) * self.ticks


@torch.no_grad()
def ruler(model: Model, block: str, env: Env, span: float, steps: int) -> Ruler:
    """Equal steps over +-span standard deviations of a block's prior about its mean.

    Args:
        model: the model.
        block: name of the latent block.
        env: what the prior reads, `(1, ...)` each.
        span: how far on either side, in standard deviations.
        steps: how many positions, T.

    Returns:
        The positions, of the first row of what is given.

    Raises:
        ValueError: where an input that the prior reads, such as the class, is not given.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> ruler(model, "z", {}, span=3.0, steps=3).values.tolist()
        [[-3.0, 0.0, 3.0], [-3.0, 0.0, 3.0]]
    """
    prior = prior_given(model, block, env)
    mean, scale = (part.reshape(-1, part.shape[-1])[0] for part in (prior.mean, prior.stddev))
    ticks = torch.linspace(-span, span, steps, device=mean.device)
    return Ruler(ticks, mean[:, None] + scale[:, None] * ticks, mean, scale)
