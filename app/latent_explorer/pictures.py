"""Tensors of images as bytes for the eye. Shapes: N images, C H W, uint8 N H W (grey) or N H W 3 (colour)."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image
from torch import Tensor


def to_bytes(images: Tensor) -> np.ndarray:
    """Images `(..., C, H, W)` in [0, 1] as uint8 `(..., H, W)`, or `(..., H, W, 3)` for colour."""
    pixels = (images.clamp(0, 1) * 255).round().byte().cpu()
    return (pixels.squeeze(-3) if pixels.shape[-3] == 1 else pixels.movedim(-3, -1)).numpy()


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
