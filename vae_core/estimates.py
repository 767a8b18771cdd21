"""A measured number with its standard error, as metrics give it and cards keep it."""

import math
from typing import NamedTuple

from torch import Tensor


class Estimate(NamedTuple):
    """A measured number, its standard error and how many examples it rests on.

    Attributes:
        value: the number, in its own unit.
        se: its standard error, in the same unit.
        n: examples.

    Example:
        >>> Estimate(value=87.96, se=0.26, n=10_000).finite
        True
    """

    value: float
    se: float
    n: int

    @classmethod
    def mean(cls, values: Tensor) -> "Estimate":
        """Mean of independent values `(N,)`; the standard error is their standard deviation / sqrt(N).

        >>> import torch
        >>> Estimate.mean(torch.tensor([0.0, 2.0]))
        Estimate(value=1.0, se=1.0, n=2)
        """
        values = values.cpu().double()  # not every device has doubles
        return cls(values.mean().item(), (values.std() / len(values) ** 0.5).item(), len(values))

    @property
    def finite(self) -> bool:
        """Whether value and error are numbers that a card can hold."""
        return math.isfinite(self.value) and math.isfinite(self.se)

    def apart(self, other: "Estimate") -> float | None:
        """(self - other) / sqrt(se^2 + se'^2), how many standard errors lie between two independent measurements; 0 for equal numbers
        without an error, None for different ones.

        >>> Estimate(5.0, 3.0, 10).apart(Estimate(0.0, 4.0, 10))
        1.0
        """
        error, difference = math.hypot(self.se, other.se), self.value - other.value
        return difference / error if error else (0.0 if difference == 0 else None)

    @classmethod
    def share(cls, right: Tensor) -> "Estimate":
        """Share of ones among independent 0s and 1s `(N,)`.

        The standard error is `share_error`.

        >>> import torch
        >>> Estimate.share(torch.ones(100)).se > 0.01
        True
        """
        n, k = len(right), right.sum().cpu().double()  # not every device has doubles
        return cls((k / n).item(), share_error(k, n).item(), n)

    @classmethod
    def balanced(cls, right: Tensor, labels: Tensor) -> "Estimate":
        """Mean over classes of the share of ones among 0s and 1s `(N,)`: each class counts alike, however few images it has.

        Classes without an image are left out. The standard error is the root of the classes' `share_error`s squared and added, over their
        number.

        >>> import torch
        >>> right, labels = torch.tensor([1.0] * 97 + [0.0] * 3), torch.tensor([0] * 97 + [1] * 3)
        >>> Estimate.balanced(right, labels).value
        0.5
        """
        counts = labels.cpu().bincount().double()
        sums = counts.new_zeros(len(counts)).index_add(0, labels.cpu(), right.cpu().double())
        counts, sums = counts[counts > 0], sums[counts > 0]
        errors = share_error(sums, counts)
        return cls(
            (sums / counts).mean().item(), (errors.square().sum().sqrt() / len(counts)).item(), len(right)
        )


def share_error(right: Tensor, n: Tensor | int) -> Tensor:
    """Agresti and Coull's (1998) standard error of `right` of `n`: of the share with two successes and two failures added, so that
    "all of 100" does not claim to be exact.

    >>> import torch
    >>> round(share_error(torch.tensor(100.0), 100).item(), 4)
    0.0135
    """
    shrunk = (right + 2) / (n + 4)
    return (shrunk * (1 - shrunk) / (n + 4)).sqrt()
