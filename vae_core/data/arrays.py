"""Arrays of images as bytes (N, C, H, W), whichever way round and in whatever numbers they are stored.

Shapes: N images, C H W.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from .mapped import Array, Mapped, arrays_of, blocks, kept_in_file, only, then
from .notes import Notes, counted
from .pictures import fitted, ground_under, in_pixels
from .raw import Opening, Report
from .values import as_bytes, broken_rows

CHANNELS = (1, 2, 3, 4)


def from_array(
    images: Array, labels: int | None, opening: Opening, notes: Notes, report: Report = lambda line: None
) -> tuple[Array, np.ndarray]:
    """Bytes `(N, C, H, W)` of an array of images, and which of its rows they are, `(N,)`: all, unless broken ones are left out."""
    images = as_channels_first(
        images if isinstance(images, Mapped) else np.asarray(images), labels, opening, notes
    )
    if not np.prod(images.shape):
        raise ValueError(f"there are no images: {written(images.shape)} holds none")
    rows = np.arange(len(images))
    if opening.skip_broken and (bad := broken_rows(images, report)).any():
        notes.say(f"{counted(int(bad.sum()), 'image')} with NaN or infinite values left out")
        images, rows = only(images, ~bad), rows[~bad]
    images = as_grey_or_colour(as_bytes(images, opening.values, notes, report), opening, notes)
    return resized(images, opening, notes), rows


def joined(parts: Sequence[Any]) -> Any:
    """Training and test images as one array, or a list of images where sizes differ; those that stay in their files are not read.

    Raises ValueError where one part holds broken numbers and the other whole ones: what is 1 in one of them is 255 in the other.
    """
    arrays: list[Any] = [part for part in parts if isinstance(part, np.ndarray | Mapped)]
    kinds = {part.dtype.kind for part in arrays if part.dtype.kind in "biuf"}
    if "f" in kinds and kinds & set("biu"):
        raise ValueError(
            f"training and test images are {' and '.join(sorted({str(part.dtype) for part in arrays}))}: give both as the same sort of number"
        )
    if len(arrays) == len(parts) and len({part.shape[1:] for part in arrays}) == 1:
        if any(map(kept_in_file, arrays)):
            return Mapped(arrays_of(arrays))
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    return [image for part in parts for image in part]


def as_grey_or_colour(images: Array, opening: Opening, notes: Notes) -> Array:
    """One or three channels: what is transparent is laid on a ground, and three channels that are equal become one."""
    if images.shape[1] in (2, 4):
        images = _grounded(images, opening, notes)
    if images.shape[1] == 3 and all((block == block[:, :1]).all() for block in blocks(images)):
        notes.say("the three channels are equal, so the images are taken as grey")
        images = then(images, lambda block: block[:, :1])
    return then(images, np.ascontiguousarray)


def resized(images: Array, opening: Opening, notes: Notes) -> Array:
    """Bytes `(N, C, H, W)` brought to the size that is asked for."""
    old, size = (images.shape[2], images.shape[3]), opening.sides
    if size is None or old == size:
        return images
    how = "cut in their middle" if opening.fit == "crop" else "padded"
    keeps = (
        "" if old[0] * size[1] == old[1] * size[0] else f", {how} to keep their shape (--image-fit chooses)"
    )
    notes.say(f"the images are resized from {in_pixels(old)} to {in_pixels(size)}{keeps}")

    def to_size(block: np.ndarray) -> np.ndarray:
        found = np.empty((*block.shape[:2], *size), np.uint8)
        for number, image in enumerate(block):
            for channel, values in enumerate(image):  # channels alone, whatever they stand for
                picture = fitted(Image.fromarray(values), size, opening.fit, opening.ground or "black")
                found[number, channel] = np.asarray(picture)
        return found

    return then(images, to_size)


def _grounded(images: Array, opening: Opening, notes: Notes) -> Array:
    """The last of two or four channels is how solid a pixel is."""
    if all((block[:, -1] == 255).all() for block in blocks(images)):
        notes.say(f"the last of {images.shape[1]} channels is 255 everywhere: it is left out")
        return then(images, lambda block: block[:, :-1])
    parts = [0, 0, 0, 1] if images.shape[1] == 2 else [0, 1, 2, 3]
    shown = [np.moveaxis(image[parts], 0, -1) for image in images[:: max(1, len(images) // 100)]]
    ground = opening.ground or ground_under(shown)
    notes.say(
        f"the last of {images.shape[1]} channels is taken as how solid a pixel is, laid on {ground} (--ground chooses)"
    )
    level = 255 * (ground == "white")

    def on_ground(block: np.ndarray) -> np.ndarray:
        share = block[:, -1:].astype(np.float32) / 255
        return np.rint(block[:, :-1] * share + level * (1 - share)).astype(np.uint8)

    if isinstance(images, Mapped):
        return images.then(on_ground)
    return np.concatenate([on_ground(block) for block in blocks(images)])


def as_channels_first(images: Array, labels: int | None, opening: Opening, notes: Notes) -> Array:
    """The images with channels before height and width; grey ones have one channel.

    labels: how many labels there are, which tells the images' axis where it is the last. Raises ValueError for arrays of other
    dimensions, with the way out.
    """
    images = _images_first(images, labels, notes)
    if opening.shape is not None:
        images = _reshaped(images, opening.shape)
    shape = written(images.shape)
    if images.ndim == 2:
        raise ValueError(_vectors(images))
    if images.ndim == 3:
        if images.shape[2] in (3, 4) and min(images.shape[:2]) > 8 and labels is None:
            raise ValueError(
                f"{shape} is one image, and a data set holds several: give images x height x width, or x channels too"
            )
        return then(images, lambda block: block[:, None])
    if images.ndim != 4:
        raise ValueError(
            f"the images are {shape}: give images x height x width, or x channels x height x width"
        )
    first, last = images.shape[1] in CHANNELS, images.shape[3] in CHANNELS
    if not first and not last:
        raise ValueError(
            f"the images are {shape}, of {images.shape[1]} or {images.shape[3]} channels: choose one or three of them, such as x[:, :3]"
        )
    if first and not (last and images.shape[1] in (2, 4) and images.shape[3] in (1, 3)):
        return images
    notes.say(f"channels came last ({shape})")
    return then(images, lambda block: np.moveaxis(block, 3, 1))


def written(shape: tuple[int, ...]) -> str:
    """A shape in words.

    >>> written((60000, 28, 28))
    '60000 x 28 x 28'
    """
    return " x ".join(map(str, shape)) or "one number"


def _images_first(images: Array, labels: int | None, notes: Notes) -> Array:
    """MATLAB keeps the images along the last axis."""
    if images.ndim < 3 or labels is None or len(images) == labels or images.shape[-1] != labels:
        return images
    notes.say(f"images came along the last axis ({written(images.shape)})")
    if isinstance(images, Mapped):
        return Mapped([np.moveaxis(source, -1, 0) for source in images.sources])
    return np.moveaxis(images, -1, 0)


def _reshaped(images: Array, shape: tuple[int, ...]) -> Array:
    numbers = int(np.prod(images.shape[1:]))
    if numbers != int(np.prod(shape)):
        raise ValueError(
            f"--shape {' '.join(map(str, shape))} is {int(np.prod(shape)):,} numbers an image, and there are {numbers:,}"
        )
    return then(images, lambda block: block.reshape(len(block), *shape))


def _vectors(images: Array) -> str:
    numbers = images.shape[1]
    side = round(numbers**0.5)
    example = f"{side} {side}" if side * side == numbers else "HEIGHT WIDTH"
    return f"{len(images):,} vectors of {numbers:,} numbers have no height and width: give --shape {example} if they are images, or --types real if they are rows of a table"
