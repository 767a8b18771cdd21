"""What is shown as bytes for the eye. Shapes: N images, C H W, uint8 N H W (grey) or N H W 3 (colour)."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image
from torch import Tensor

from vae_core.kinds import Kind


def to_bytes(shown: Tensor, kind: Kind) -> np.ndarray:
    """The pictures of what is shown `(..., *shape)`: uint8 `(..., H, W)`, or `(..., H, W, 3)` for colour."""
    return pixels(kind.picture(shown))


def pixels(images: Tensor) -> np.ndarray:
    """Images `(..., C, H, W)` uint8 as `(..., H, W)`, or `(..., H, W, 3)` for colour."""
    images = images.cpu()
    return (images.squeeze(-3) if images.shape[-3] == 1 else images.movedim(-3, -1)).numpy()


def enlarged(images: Tensor, size: Sequence[int]) -> Tensor:
    """Images `(..., C, h, w)` with every pixel repeated up to `size`, (H, W), cut where it does not divide."""
    for axis, side in zip((-2, -1), size, strict=True):
        images = images.repeat_interleave(-(-side // images.shape[axis]), axis).narrow(axis, 0, side)
    return images


def png(pixels: np.ndarray) -> bytes:
    """One image as a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
