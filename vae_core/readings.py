"""What a likelihood reads of stored values: of an 8-bit image binary draws, dequantised values or one of K grey levels; a table's as they are.

Shapes: N images, C H W. Every reading of images gives float32 in [0, 1], so that an encoder sees one range whatever scores the pixels.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from .distributions import Sampler
from .kinds import Image, Kind, Table


class Reading(ABC):
    """A way from stored values to those that a likelihood scores, and from its mean to what is shown. kind: of what it reads."""

    about: str
    kind: ClassVar[type[Kind]] = Image

    @abstractmethod
    def of(self, stored: Tensor, sampler: Sampler) -> Tensor:
        """What is scored of stored values: float32 of the same shape."""

    def shown(self, mean: Tensor) -> Tensor:
        """What is shown of a likelihood's mean: grey values within [0, 1]."""
        return mean.clamp(0, 1)

    def bits_per_dimension(self, nats: float, dimensions: int) -> float | None:
        """Bits for each 8-bit pixel where -log p is `nats` an image; None where the values are not 8-bit images."""
        return None


@dataclass(frozen=True)
class Binary(Reading):
    """x ~ Bernoulli(grey / 255), a fresh draw at each visit ("dynamic binarisation")."""

    about = "binarised afresh at each visit: x ~ Bernoulli(grey)"

    def of(self, stored: Tensor, sampler: Sampler) -> Tensor:
        return (sampler.grey(tuple(stored.shape), stored.device) < stored).float()


@dataclass(frozen=True)
class Dequantised(Reading):
    """x = (grey + U) / 256 with U uniform on [0, 1): a density of x then bounds the probability of the 8-bit image.

    Bits per dimension are nats / (D ln 2) + 8 (Theis et al., 2016).
    """

    about = "dequantised afresh at each visit: x = (grey + U[0, 1)) / 256"

    def of(self, stored: Tensor, sampler: Sampler) -> Tensor:
        noise = sampler.uniform(tuple(stored.shape), stored.device)
        # 16 bits of noise beside 8 of grey: float32 holds their sum exactly, so that no value is rounded into the next grey.
        return (stored + (noise * 2**16).floor() / 2**16) / 256

    def bits_per_dimension(self, nats: float, dimensions: int) -> float | None:
        return nats / (dimensions * math.log(2)) + 8


@dataclass(frozen=True)
class Grey(Reading):
    """x = grey / 255, no noise: what is shown to a model that scores nothing."""

    about = "grey values from 0 to 1"

    def of(self, stored: Tensor, sampler: Sampler) -> Tensor:
        return stored.float() / 255


@dataclass(frozen=True)
class Levels(Reading):
    """x = k / (K - 1) with k = round(grey (K - 1) / 255): 256 levels are the 8-bit image itself.

    >>> Levels(17).bits_per_dimension(1.0, 1), round(Levels(256).bits_per_dimension(math.log(2), 1), 3)
    (None, 1.0)
    """

    levels: int

    @property
    def about(self) -> str:  # type: ignore[override]
        return f"rounded to {self.levels} grey levels"

    def of(self, stored: Tensor, sampler: Sampler) -> Tensor:
        return (stored.float() * ((self.levels - 1) / 255)).round() / (self.levels - 1)

    def bits_per_dimension(self, nats: float, dimensions: int) -> float | None:
        return nats / (dimensions * math.log(2)) if self.levels == 256 else None


@dataclass(frozen=True)
class AsStored(Reading):
    """A table's rows as they are."""

    about = "as they are stored"
    kind = Table

    def of(self, stored: Tensor, sampler: Sampler) -> Tensor:
        return stored.float()

    def shown(self, mean: Tensor) -> Tensor:
        return mean


BINARY = Binary()
GREY = Grey()
AS_STORED = AsStored()
