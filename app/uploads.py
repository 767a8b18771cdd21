"""From a file or a drawing that a visitor gives to an image that the model can encode, with a note on everything that was changed.

Shapes: C H W as the model's images.
"""

import base64
import binascii
import io
import warnings
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from vae_core.nets import Shape

MEGABYTES, MEGAPIXELS = 10, 50

# The share of the side that a centred figure may fill, and the grey above which a pixel is part of it: MNIST's 20 of 28.
FILL, INK = 20 / 28, 32


class Own(NamedTuple):
    """Pixels `(C, H, W)` uint8, and what was done to get them."""

    pixels: np.ndarray
    notes: tuple[str, ...] = ()


def read(data: bytes, shape: Shape) -> Own:
    """An image file as the model's images are. Raises ValueError with one sentence for what is no usable image."""
    if len(data) > MEGABYTES * 1_000_000:
        raise ValueError(f"The file has {len(data) / 1e6:.1f} MB; give an image of at most {MEGABYTES} MB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(data))
        width, height = opened.size
        if width * height > MEGAPIXELS * 1_000_000:
            raise ValueError(
                f"The image has {width * height / 1e6:.0f} megapixels; give one of at most {MEGAPIXELS}."
            )
        notes = []
        if getattr(opened, "n_frames", 1) > 1:
            notes.append("the first of its frames")
        image = _eight_bits(opened, notes)
        return Own(_fitted(image, shape, notes), tuple(notes))
    except Image.DecompressionBombError:
        raise ValueError(f"The image is too large; give one of at most {MEGAPIXELS} megapixels.") from None
    except (UnidentifiedImageError, OSError, SyntaxError, EOFError) as error:
        reason = (
            "it is cut short or damaged" if not isinstance(error, UnidentifiedImageError) else "it is none"
        )
        raise ValueError(
            f"The file cannot be read as an image ({reason}); give a PNG, JPEG, WebP or GIF."
        ) from None


def _eight_bits(image: Image.Image, notes: list[str]) -> Image.Image:
    """RGB or L, 8 bits, on a black ground."""
    if image.mode.startswith("I") or image.mode == "F":
        notes.append("scaled from 16 bits to 8")
        values = np.asarray(image, dtype=np.float64)
        top = 65535 if values.max() > 255 else 255
        return Image.fromarray((np.clip(values / top, 0, 1) * 255).round().astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        notes.append("laid on black where it is transparent")
        clear = image.convert("RGBA")
        ground = Image.new("RGBA", clear.size, (0, 0, 0, 255))
        return Image.alpha_composite(ground, clear).convert("RGB")
    return image.convert("L" if image.mode in ("L", "1") else "RGB")


def _fitted(image: Image.Image, shape: Shape, notes: list[str]) -> np.ndarray:
    channels, height, width = shape
    if channels == 1 and image.mode != "L":
        notes.append("turned grey")
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != (width, height):
        notes.append(f"resized from {image.width} × {image.height} to {width} × {height}")
        side = min(image.size)
        if image.width != image.height:
            notes.append("cut to the square in its middle")
            left, top = (image.width - side) // 2, (image.height - side) // 2
            image = image.crop((left, top, left + side, top + side))
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    pixels = np.asarray(image, dtype=np.uint8)
    return pixels[None] if channels == 1 else np.moveaxis(pixels, -1, 0)


def drawn(text: str, shape: Shape) -> Own | None:
    """A drawing as the sketch component reports it: base64 of H W bytes of grey; None where it is empty or is none."""
    channels, height, width = shape
    try:
        values = np.frombuffer(base64.b64decode(text, validate=True), dtype=np.uint8)
    except (binascii.Error, ValueError):
        return None
    if values.size != height * width or not values.any():
        return None
    return Own(np.repeat(values.reshape(1, height, width), channels, axis=0))


def white_on_black(own: Own) -> Own:
    """An image whose rim is bright is turned round: the models' figures are bright on a dark ground."""
    rim = np.concatenate([own.pixels[:, [0, -1], :].ravel(), own.pixels[:, :, [0, -1]].ravel()])
    if rim.mean() < 128:
        return own
    return Own(255 - own.pixels, (*own.notes, "inverted, since its ground is bright"))


def centred(own: Own) -> Own:
    """The figure scaled to 20/28 of the side and moved so that its centre of mass lies in the middle, as MNIST's digits were made."""
    grey = own.pixels.max(0)
    rows, columns = np.flatnonzero(grey.max(1) > INK), np.flatnonzero(grey.max(0) > INK)
    if not len(rows):
        return own
    cut = own.pixels[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = own.pixels.shape[1:]
    factor = FILL * min(height, width) / max(cut.shape[1:])
    high, wide = (max(1, round(side * factor)) for side in cut.shape[1:])
    scaled = np.stack(
        [np.asarray(Image.fromarray(c).resize((wide, high), Image.Resampling.LANCZOS)) for c in cut]
    )
    mass = scaled.sum(0, dtype=np.float64)
    middle = [np.average(np.arange(side), weights=mass.sum(1 - axis)) for axis, side in enumerate(mass.shape)]
    top, left = (
        int(np.clip(round((whole - 1) / 2 - centre), 0, whole - side))
        for whole, centre, side in zip((height, width), middle, mass.shape, strict=True)
    )
    placed = np.zeros_like(own.pixels)
    placed[:, top : top + scaled.shape[1], left : left + scaled.shape[2]] = scaled
    return Own(placed, (*own.notes, "centred as the test images are"))
