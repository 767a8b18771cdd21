"""From a file or a drawing that a visitor gives to an image that the model can encode, with a note on everything that was changed.

Shapes: C H W as the model's images.
"""

import io
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import ExifTags, GifImagePlugin, Image, ImageDraw, ImageOps, TiffImagePlugin, UnidentifiedImageError

from latent_explorer.user_image import photo

Shape = tuple[int, ...]

MEGABYTES, MEGAPIXELS = 10, 50

# One of more pixels is made smaller before anything else.
PIXELS = 4_000_000

# The share of the side that a centred figure may fill, and the grey above which a pixel is part of it: MNIST's 20 of 28.
FILL, INK = 20 / 28, 32


class UserImage(NamedTuple):
    """Stored values, pixels `(C, H, W)` uint8 or a row `(F,)` float32, and what was done to get them."""

    values: np.ndarray
    notes: tuple[str, ...] = ()


# What Pillow may try to read: formats that hold pixels, not programs.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
GIVE = "give a PNG, JPEG, WebP, GIF, BMP or TIFF"

# A file whose figure is as dark as this where it is opaque would vanish on a black ground.
DARK = 32


class Refused(ValueError):
    """One sentence on why a file is no usable image."""


def check_size(data: bytes) -> None:
    """Raises Refused for a file that is empty, or too large to be looked at."""
    if not data:
        raise Refused(f"The file is empty; {GIVE}.")
    if len(data) > MEGABYTES * 1_000_000:  # rounded up: one of 10,000,001 bytes has not 10.0 MB
        raise Refused(
            f"The file has {math.ceil(len(data) / 1e5) / 10:.1f} MB; give an image of at most {MEGABYTES} MB."
        )


def read(data: bytes, shape: Shape) -> UserImage:
    """An image file as the model's images are. Raises Refused, a ValueError, with one sentence for what is no usable image."""
    check_size(data)
    notes: list[str] = []
    try:
        with warnings.catch_warnings():  # of odd metadata and large images: nobody would see them
            warnings.simplefilter("ignore")
            whole = _eight_bits(_upright(_opened(data), notes), notes)
            image, was = _grounded(_reduced(whole), notes), whole.size
            if shape[0] == 1 and image.size != (shape[2], shape[1]):
                cut = _levelled(image, notes)
                image, was = cut, was if cut is image else cut.size
            return UserImage(_fitted(image, shape, was, notes), tuple(notes))
    except Refused:
        raise
    except Exception:  # decoders of damaged files raise whatever they stumble over
        raise Refused("The image is cut short or damaged; save it again, or give another one.") from None


def _opened(data: bytes) -> Image.Image:
    try:
        opened = Image.open(io.BytesIO(data), formats=FORMATS)
        megapixels = f"{opened.width * opened.height / 1e6:.0f}"
        if opened.width * opened.height <= MEGAPIXELS * 1_000_000:
            return opened
    except UnidentifiedImageError:
        raise Refused(f"The file cannot be read as an image; {GIVE}.") from None
    except Image.DecompressionBombError:
        megapixels = "far too many"
    raise Refused(f"The image has {megapixels} megapixels; give one of at most {MEGAPIXELS}.")


def _upright(image: Image.Image, notes: list[str]) -> Image.Image:
    """The first frame, as its camera held it."""
    if _has_more_frames(image):
        notes.append("the first of its frames taken")
    # Pillow reads colours of 16 bits as 8: only what it tells its decoder shows that there were more.
    decoder = [str(tile[3]) for tile in getattr(image, "tile", [])]
    if image.mode in ("RGB", "RGBA", "LA") and any("16" in mode for mode in decoder):
        notes.append(SCALED)
    image.load()
    turned = ImageOps.exif_transpose(image)
    if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        notes.append("turned as its camera was held")
    return turned


def _has_more_frames(image: Image.Image) -> bool:
    """Whether there is a second one. How many there are is not asked: to count a hundred thousand takes minutes."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile | GifImagePlugin.GifImageFile):
        return getattr(image, "n_frames", 1) > 1
    try:
        image.seek(1)
    except EOFError:
        return False
    except Exception:  # the second is damaged, which is none of the first one's
        return True
    finally:
        image.seek(0)
    return True


def _reduced(image: Image.Image) -> Image.Image:
    """One of many megapixels made smaller by means of whole squares: what comes after makes copies, and no model sees as many pixels."""
    every = math.isqrt(image.width * image.height // PIXELS) + 1
    return image.reduce(every) if every > 1 and min(image.size) >= 4 * every else image


SCALED = "scaled from 16 bits to 8"


def _eight_bits(image: Image.Image, notes: list[str]) -> Image.Image:
    """Any mode as L, RGB or RGBA of 8 bits."""
    if image.mode.startswith("I;16"):
        notes.append(SCALED)
        greys = (np.arange(65536) / 257).round().astype(np.uint8)
        return Image.fromarray(greys[np.asarray(image)])
    if image.mode in ("I", "F"):
        values = np.nan_to_num(np.asarray(image, dtype=np.float32))
        top = next((top for top in (1, 255, 65535) if values.max() <= top), values.max())
        notes.append(f"scaled from greys of 0 to {top:g} to 8 bits")
        return Image.fromarray((np.clip(values / top, 0, 1) * 255).round().astype(np.uint8))
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("1", "L", "RGB"):
        return image if image.mode == "RGB" else image.convert("L")
    if image.mode != "P":
        notes.append(f"turned from {image.mode} to RGB")
    return image.convert("RGB")


def _grounded(image: Image.Image, notes: list[str]) -> Image.Image:
    """Nothing transparent: laid on black, or on white where the figure is itself so dark that black would hide it."""
    if image.mode != "RGBA":
        return image
    alpha = image.getchannel("A")
    if alpha.getextrema()[0] == 255:
        return image.convert("RGB")
    opaque = np.asarray(image.convert("L"))[np.asarray(alpha) > 127]
    dark = opaque.size > 0 and opaque.max() < DARK
    notes.append(f"laid on {'white' if dark else 'black'} where it is transparent")
    ground = Image.new("RGBA", image.size, "white" if dark else "black")
    return Image.alpha_composite(ground, image).convert("RGB")


def _levelled(image: Image.Image, notes: list[str]) -> Image.Image:
    """A photo of something written as what is written, bright on black; anything else as it is."""
    figure = photo.levelled(image.convert("L"))
    if figure is None:
        return image
    notes.append("its ground taken away, and cut to what is written")
    return figure


def _fitted(image: Image.Image, shape: Shape, was: tuple[int, int], notes: list[str]) -> np.ndarray:
    channels, height, width = shape
    if channels == 1 and image.mode != "L":
        notes.append("turned grey")
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != (width, height):
        if image.width * height != image.height * width:
            notes.append(f"cut to the {'square' if width == height else f'{width} : {height}'} in its middle")
        notes.append(f"resized from {was[0]} × {was[1]} to {width} × {height}")
        image = ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)
    pixels = np.asarray(image, dtype=np.uint8)
    return pixels[None] if channels == 1 else np.moveaxis(pixels, -1, 0)


# Strokes are in so many parts of the paper's width.
UNIT = 1000

# A drawing is made as large as this and then made small, so that its edges are grey; and no more points of it are read than this.
PAPER, POINTS = 448, 50_000


def drawn(strokes: Sequence[Mapping[str, Any]], shape: Shape) -> UserImage | None:
    """Strokes as `components.sketch` reports them, drawn on black; None where nothing is to be seen, or they are none."""
    channels, height, width = shape
    factor = max(1, round(PAPER / max(height, width)))
    paper = Image.new("L", (width * factor, height * factor))
    pen, unit, left = ImageDraw.Draw(paper), paper.width / UNIT, POINTS
    try:
        for stroke in strokes:
            points = np.asarray(stroke["points"][: 2 * left], dtype=np.float64).reshape(-1, 2)
            left -= len(points)
            _drawn(
                pen,
                np.clip(points, -UNIT, 2 * UNIT) * unit,
                np.clip(stroke["width"], 1, 500) * unit,
                int(stroke["ink"]),
            )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    values = np.asarray(paper.reduce(factor))
    return UserImage(np.repeat(values[None], channels, axis=0)) if values.any() else None


def _drawn(pen: ImageDraw.ImageDraw, points: np.ndarray, width: float, ink: int) -> None:
    """One stroke `(n, 2)` in pixels, round at every point."""
    ink, radius = min(max(ink, 0), 255), width / 2
    pen.line([tuple(point) for point in points.tolist()], fill=ink, width=max(1, round(width)))
    for x, y in points.tolist():
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)


def white_on_black(image: UserImage) -> UserImage:
    """An image whose rim is bright is turned round: the models' figures are bright on a dark ground."""
    rim = np.concatenate([image.values[:, [0, -1], :].ravel(), image.values[:, :, [0, -1]].ravel()])
    if rim.mean() < 128:
        return image
    return UserImage(255 - image.values, (*image.notes, "inverted, since its ground is bright"))


def centred(image: UserImage) -> UserImage:
    """The figure scaled to 20/28 of the side and moved so that its centre of mass lies in the middle, as MNIST's digits were made."""
    grey = image.values.max(0)
    rows, columns = np.flatnonzero(grey.max(1) > INK), np.flatnonzero(grey.max(0) > INK)
    if not len(rows):
        return image
    cut = image.values[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = image.values.shape[1:]
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
    placed = np.zeros_like(image.values)
    placed[:, top : top + scaled.shape[1], left : left + scaled.shape[2]] = scaled
    return UserImage(placed, (*image.notes, "centred as the test images are"))
