"""What a likelihood reads of an 8-bit image: binary draws, dequantised values, or one of K grey levels.

Shapes: N images, C H W. Every kind gives float32 in [0, 1], so that an encoder sees one range whatever scores the pixels.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor

from .distributions import Sampler


class Pixels(ABC):
    """A way from uint8 images to the values that a likelihood scores."""

    about: str

    @abstractmethod
    def of(self, images: Tensor, sampler: Sampler) -> Tensor:
        """Values of `images` `(N, C, H, W)` uint8, float32 of the same shape."""

    def bits_per_dimension(self, nats: float, dimensions: int) -> float | None:
        """Bits for each 8-bit pixel where -log p is `nats` an image; None where the values are not 8-bit images."""
        return None


@dataclass(frozen=True)
class Binary(Pixels):
    """x ~ Bernoulli(grey / 255), a fresh draw at each visit ("dynamic binarisation")."""

    about = "binarised afresh at each visit: x ~ Bernoulli(grey)"

    def of(self, images: Tensor, sampler: Sampler) -> Tensor:
        return (sampler.grey(tuple(images.shape), images.device) < images).float()


@dataclass(frozen=True)
class Dequantised(Pixels):
    """x = (grey + U) / 256 with U uniform on [0, 1): a density of x then bounds the probability of the 8-bit image.

    Bits per dimension are nats / (D ln 2) + 8 (Theis et al., 2016).
    """

    about = "dequantised afresh at each visit: x = (grey + U[0, 1)) / 256"

    def of(self, images: Tensor, sampler: Sampler) -> Tensor:
        noise = sampler.uniform(tuple(images.shape), images.device)
        # 16 bits of noise beside 8 of grey: float32 holds their sum exactly, so that no value is rounded into the next grey.
        return (images + (noise * 2**16).floor() / 2**16) / 256

    def bits_per_dimension(self, nats: float, dimensions: int) -> float | None:
        return nats / (dimensions * math.log(2)) + 8


@dataclass(frozen=True)
class Levels(Pixels):
    """x = k / (K - 1) with k = round(grey (K - 1) / 255): 256 levels are the 8-bit image itself.

    >>> Levels(17).bits_per_dimension(1.0, 1), round(Levels(256).bits_per_dimension(math.log(2), 1), 3)
    (None, 1.0)
    """

    levels: int

    @property
    def about(self) -> str:  # type: ignore[override]
        return f"rounded to {self.levels} grey levels"

    def of(self, images: Tensor, sampler: Sampler) -> Tensor:
        return (images.float() * ((self.levels - 1) / 255)).round() / (self.levels - 1)

    def bits_per_dimension(self, nats: float, dimensions: int) -> float | None:
        return nats / (dimensions * math.log(2)) if self.levels == 256 else None


BINARY = Binary()
