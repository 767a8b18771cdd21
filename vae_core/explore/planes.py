"""Codes beside their prior: in its units, and the plane in which they differ most.

Shapes: N codes, D dimensions.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ..conditionals import Env
from ..model import Model
from .priors import prior_moments


@torch.no_grad()
def in_units_of_the_prior(model: Model, block: str, codes: Env) -> Tensor:
    """(z - E z) / s: codes of a block in standard deviations of their own prior, from its mean.

    Mean and standard deviation are those of p(block | parents) (`prior_moments`): of its class where that is given, of what an upper level says of it
    otherwise. A code that says nothing beyond its prior is at 0.

    Args:
        model: the model.
        block: name of the latent block.
        codes: its code `(N, D)`, and what else is given.

    Returns:
        `(N, D)`, in standard deviations.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> in_units_of_the_prior(model, "z", {"z": torch.tensor([[1.0, -2.0]])}).tolist()
        [[1.0, -2.0]]
    """
    given = {name: values for name, values in codes.items() if name != block}
    mean, variance = prior_moments(model, block, given)
    return (codes[block] - mean) / variance.sqrt()


class Plane(NamedTuple):
    """The two directions along which codes lie furthest from their mean.

    Attributes:
        axes: unit vectors at right angles, `(D, 2)`; the largest entry of each is positive. The second is 0 where there is one dimension.
        shares: of the variance along each, `(2,)`, at most 1 together.

    Example:
        >>> Plane(torch.eye(2), torch.tensor([0.9, 0.1])).axes.shape
        torch.Size([2, 2])
    """

    axes: Tensor
    shares: Tensor


def principal_plane(codes: Tensor) -> Plane:
    """The first two principal axes of codes: the eigenvectors of their covariance with the largest eigenvalues.

    Args:
        codes: `(N, D)`.

    Returns:
        The axes and the share of the variance along each; shares are 0 where all codes are one.

    Example:
        >>> found = principal_plane(torch.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]]))
        >>> found.axes.tolist(), [round(share, 3) for share in found.shares.tolist()]
        ([[1.0, 0.0], [0.0, 1.0]], [0.9, 0.1])

    Source:
        Pearson (1901), On lines and planes of closest fit to systems of points in space.
    """
    centred = (codes - codes.mean(0)).double()
    values, vectors = torch.linalg.eigh(centred.T @ centred / max(1, len(codes) - 1))
    values, vectors = values.flip(0)[:2].clamp(min=0), vectors.flip(1)[:, :2]
    signs = vectors.gather(0, vectors.abs().argmax(0, keepdim=True)).sign()
    axes, total = vectors * signs, centred.square().sum() / max(1, len(codes) - 1)
    shares = values / total if total > 0 else torch.zeros_like(values)
    lacking = 2 - axes.shape[1]
    return Plane(
        torch.nn.functional.pad(axes, (0, lacking)).float(),
        torch.nn.functional.pad(shares, (0, lacking)).float(),
    )
