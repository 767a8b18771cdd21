"""Normalising flows as priors of latent blocks, p(z) and p(z | y), by zuko; an extra, imported where a flow is built.

Shapes: B examples, D latent dimensions, K classes.
"""

from typing import Any

import torch
from torch import nn
from torch.distributions import Distribution

from .conditionals import Conditional, Env
from .distributions import NormalizingFlow
from .names import LABEL

# Pieces of a spline, and how many transforms of what width there are unless given.
BINS, TRANSFORMS, WIDTH = 8, 4, 128


class Flow(Conditional):
    """log p(z) = log N(f(z); 0, I) + log |det df/dz|: f of neural spline couplings (Durkan et al., 2019), learned, near the
    identity at first.

    f is one affine map of each dimension, then `transforms` couplings by turns of one half of the dimensions given the other, each a
    monotonic rational-quadratic spline on [-5, 5] whose knots a net of two hidden layers gives. Draws and densities take one pass.
    """

    def __init__(self, dimensions: int, transforms: int | None = None, width: int | None = None):
        super().__init__()
        self.dimensions = dimensions
        self.flow = spline_couplings(dimensions, 0, transforms, width)

    def forward(self, env: Env) -> Distribution:
        return NormalizingFlow(self.flow, self.dimensions)


class ClassFlow(Conditional):
    """p(z | y): a flow (see `Flow`) whose every net is told the class, one-hot."""

    def __init__(
        self,
        classes: int,
        dimensions: int,
        transforms: int | None = None,
        width: int | None = None,
        given: str = LABEL,
    ):
        super().__init__(given)
        self.classes, self.dimensions = classes, dimensions
        self.flow = spline_couplings(dimensions, classes, transforms, width)

    def forward(self, env: Env) -> Distribution:
        (y,) = self.parents(env)
        return NormalizingFlow(self.flow, self.dimensions, y)


def spline_couplings(
    dimensions: int, context: int = 0, transforms: int | None = None, width: int | None = None
) -> Any:
    """f, from codes to noise, as a lazy transform of zuko, near the identity before it is trained.

    Raises ValueError where zuko is not installed, and for fewer than one transform or unit.
    """
    transforms, width = TRANSFORMS if transforms is None else transforms, WIDTH if width is None else width
    if transforms < 1 or width < 1:
        raise ValueError(f"a flow needs a transform and a unit at least, got {transforms} and {width}")
    try:
        from .couplings import composed
    except ImportError as error:
        raise ValueError(
            f"a flow prior needs zuko: pip install 'latent-explorer[flows]' ({error.name} is not installed)"
        ) from None
    masks = [_half(dimensions, number) for number in range(transforms)]
    flow, each = composed(dimensions, context, masks, width, BINS)
    for transform in each:
        _little_at_first(transform)
    return flow


def _half(dimensions: int, number: int) -> torch.Tensor:
    """Which dimensions a coupling leaves as they are, `(D,)`: half of them in an order by chance, and after it the other half."""
    order = torch.randperm(dimensions, generator=torch.Generator().manual_seed(number // 2))
    return (order % 2 == number % 2) if dimensions > 1 else torch.ones(1, dtype=torch.bool)


@torch.no_grad()
def _little_at_first(transform: nn.Module) -> None:
    """Make small what the last layer of its net says, and nothing what it says itself, so that it is near the identity."""
    hyper = getattr(transform, "hyper", None)
    for parameter in transform.parameters() if hyper is None else hyper[-1].parameters():
        parameter.mul_(0.1 if hyper is not None else 0.0)
