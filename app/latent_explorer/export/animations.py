"""Rows of pictures as an animation there and back. Shapes: R rows of pictures, T positions in each, H W pixels (or H W 3)."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Positions from one end to the other, and how long each is shown.
STEPS, MILLISECONDS = 31, 60

# Pixels: the least side of a picture, the line above it, what lies between.
SIDE, LABEL, GAP = 112, 18, 6

GROUND, INK = 24, 230


def animation(images: np.ndarray, names: Sequence[str], kind: str) -> bytes:
    """Rows of pictures `(R, T, H, W)` or `(R, T, H, W, 3)`, uint8, as a GIF or WEBP that runs through the T positions and back.

    The rows are side by side, each under its name; pixels stay sharp and, in a WebP or in grey, exact.
    """
    there = [_frame(images[:, t], names) for t in range(images.shape[1])]
    first, *rest = [*there, *there[-2:0:-1]]
    options = {"lossless": True} if kind == "WEBP" else {}
    buffer = io.BytesIO()
    first.save(buffer, kind, save_all=True, append_images=rest, duration=MILLISECONDS, loop=0, **options)
    return buffer.getvalue()


def _frame(pictures: np.ndarray, names: Sequence[str]) -> Image.Image:
    """Pictures `(R, H, W)` or `(R, H, W, 3)` side by side, in a few lines where they are many."""
    height, width = pictures.shape[1:3]
    factor = max(1, -(-SIDE // max(height, width)))
    across = min(len(pictures), int(np.ceil(np.sqrt(2 * len(pictures)))))  # wider than high, as a screen is
    label = LABEL if any(names) else 0
    step_x, step_y = width * factor + GAP, height * factor + label + GAP
    size = across * step_x + GAP, -(-len(pictures) // across) * step_y + GAP
    colour = pictures.ndim == 4
    frame = Image.new("RGB" if colour else "L", size, (GROUND,) * 3 if colour else GROUND)
    pen, font = ImageDraw.Draw(frame), ImageFont.load_default(LABEL - 5)
    for place, (picture, name) in enumerate(zip(pictures, names, strict=True)):
        x, y = GAP + place % across * step_x, GAP + place // across * step_y
        pen.text((x, y), name, (INK,) * 3 if colour else INK, font)
        enlarged = picture.repeat(factor, 0).repeat(factor, 1)
        frame.paste(Image.fromarray(enlarged), (x, y + label))
    return frame
