"""The coupling of a flow, of zuko's, with places by number in the stead of masks: what an ONNX graph can say, and sooner done.

Imported where a flow is built, since zuko is an extra. Shapes: D dimensions.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor
from torch.distributions import Transform
from zuko.flows.coupling import GeneralCouplingTransform
from zuko.flows.gaussianization import ElementWiseTransform
from zuko.lazy import LazyComposedTransform, LazyTransform
from zuko.transforms import CouplingTransform, MonotonicRQSTransform


class _Halves(CouplingTransform):
    """z_b -> f(z_b | z_a), z_a as it is: the places of both halves, and of each dimension where they stand one after the other."""

    def __init__(self, meta: Callable[[Tensor], Transform], a: Tensor, b: Tensor, back: Tensor):
        Transform.__init__(self)
        self.meta, self.idx_a, self.idx_b, self.back = meta, a, b, back

    def merge(self, x_a: Tensor, x_b: Tensor, shape: Any) -> Tensor:
        return torch.cat([x_a, x_b], -1).index_select(-1, self.back)


class Coupling(GeneralCouplingTransform):
    """One half of the dimensions given the other, each by a monotonic rational-quadratic spline; of a single dimension, its spline."""

    def __init__(self, features: int, context: int = 0, mask: Tensor | None = None, **others: Any):
        super().__init__(features, context, mask, **others)  # type: ignore[arg-type]
        kept = cast(Tensor, self.mask)
        a, b = (half.nonzero().squeeze(-1) for half in (kept, ~kept))
        for name, value in {"a": a, "b": b, "back": torch.cat([a, b]).argsort()}.items():
            self.register_buffer(name, value, persistent=False)

    def forward(self, c: Tensor | None = None) -> Transform:
        return _Halves(partial(self.meta, c), self.a, self.b, self.back)  # type: ignore[arg-type]


def composed(
    dimensions: int, context: int, masks: list[Tensor], width: int, bins: int
) -> tuple[LazyTransform, list[LazyTransform]]:
    """An affine map of each dimension and a coupling for each mask `(D,)`, in one and one by one."""
    nets: dict[str, Any] = {"hidden_features": (width, width)}
    affine = ElementWiseTransform(dimensions, context, **(nets if context else {}))
    splines: list[Any] = [
        Coupling(
            dimensions,
            context,
            mask,  # type: ignore[arg-type]
            univariate=MonotonicRQSTransform,
            shapes=[(bins,), (bins,), (bins - 1,)],
            **(nets if context or dimensions > 1 else {}),
        )
        for mask in masks
    ]
    return LazyComposedTransform(affine, *splines), [affine, *splines]
