"""Pictures of any mode and size as arrays of one shape: what was found in them is counted, and said once.

Shapes: N pictures, C H W.
"""

import io
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from PIL import ExifTags, Image, ImageOps

from .notes import Notes, counted
from .raw import Opening, Report
from .values import as_bytes

T = TypeVar("T")

# What Pillow may read: formats that hold pixels, not programs.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")

# Where sizes differ and no one is most common, images become squares of this side; figures darker than DARK would vanish on black.
SIDE, DARK = 64, 32

# Modes that have no colour, and those of more than eight bits.
GREY = ("1", "L", "LA", "La")
DEEP = ("I", "F")


class Look(NamedTuple):
    """What the head of a picture says: height and width as it is shown, and what is particular of it."""

    size: tuple[int, int]
    mode: str
    turned: bool = False
    frames: bool = False
    clear: bool = False
    """Whether it may be transparent."""

    @property
    def deep(self) -> bool:
        return self.mode in DEEP or self.mode.startswith("I;")

    @property
    def colour(self) -> bool:
        return not self.deep and self.mode not in GREY


class Pictures:
    """Pictures as paths, bytes, arrays or Pillow's images, by number: the heads of all are looked at before one is decoded."""

    def __init__(self, items: Sequence[Any], opening: Opening, report: Report = lambda line: None):
        self.items, self.opening, self.report = items, opening, report

    def decoded(self, notes: Notes) -> tuple[np.ndarray, np.ndarray]:
        """Bytes `(N, C, H, W)`, and which of the pictures they are, `(N,)`.

        Raises ValueError for one that cannot be read, unless these are left out.
        """
        self.report(f"looking at {counted(len(self.items), 'image')}")
        looks = _over(self._looked, len(self.items))
        rows = [number for number, look in enumerate(looks) if look is not None]
        if not rows:
            raise ValueError("no image can be read: give PNG, JPEG, WebP, GIF, BMP or TIFF files")
        heads = [looks[row] for row in rows]
        size = self.opening.sides or _common_size(heads, notes)
        _say_heads(heads, size, self.opening, notes)
        ground = self._ground([row for row, look in zip(rows, heads, strict=True) if look.clear], notes)
        deep, colour = any(look.deep for look in heads), any(look.colour for look in heads)
        if deep and colour:
            raise ValueError(
                "some images are colour and others grey of more than 8 bits: save them alike, for example all in colour of 8 bits"
            )
        shape = (3 if colour else 1, *size)
        _check_memory(len(rows), shape, 4 if deep else 1)
        found, whole = (
            np.empty((len(rows), *shape), np.float32 if deep else np.uint8),
            np.ones(len(rows), bool),
        )

        def fill(place: int) -> None:
            def work(image: Image.Image) -> bool:
                image.draft(None, (2 * max(size), 2 * max(size)))  # type: ignore[arg-type] - a large JPEG is decoded small
                image = _deepened(image, heads[place]) if deep else flat(image, ground, colour)
                pixels = np.asarray(fitted(image, size, self.opening.fit, ground))
                found[place] = pixels.reshape(*size, -1).transpose(2, 0, 1)
                return True

            whole[place] = self._try(rows[place], work) or False

        self.report(f"reading {counted(len(rows), 'image')}")
        _over(fill, len(rows))
        if left := len(self.items) - int(whole.sum()):
            notes.say(f"{counted(left, 'broken image')} left out")
        found, kept = found[whole], np.array(rows)[whole]
        if not deep:
            return found, kept
        whole_numbers = all(look.mode != "F" for look in heads)
        grey: Any = as_bytes(found.round() if whole_numbers else found, self.opening.values, notes)
        return grey, kept

    def _try(self, number: int, work: Callable[[Image.Image], T]) -> T | None:
        """What the work makes of the picture of that number; None for a broken one where these are left out. Raises ValueError elsewhere."""
        item = self.items[number]
        try:
            image = opened(item)
            try:
                return work(image)
            finally:
                if not isinstance(item, Image.Image):
                    image.close()
        except Exception as error:  # decoders of damaged files raise whatever they stumble over
            if self.opening.skip_broken:
                return None
            name = f"{item.parent.name}/{item.name}" if isinstance(item, Path) else f"image {number}"
            raise ValueError(
                f"{name} cannot be read as an image: mend it, or leave out what is broken by --skip-broken"
            ) from error

    def _looked(self, number: int) -> Look | None:
        return self._try(number, look_at)

    def _ground(self, rows: list[int], notes: Notes) -> str:
        """The colour under what is transparent: black, or white where the figures are so dark that black would hide them."""
        usual = self.opening.ground or "black"
        tried = [
            self._try(row, lambda image: np.asarray(image.convert("RGBA")))
            for row in rows[:: max(1, len(rows) // 100)]
        ]
        some = [picture for picture in tried if picture is not None]
        if all((picture[..., 3] == 255).all() for picture in some):
            return usual
        ground = self.opening.ground or ground_under(some)
        notes.say(f"{counted(len(rows), 'image')} with transparent parts laid on {ground} (--ground chooses)")
        return ground


def ground_under(pictures: Sequence[np.ndarray]) -> str:
    """Black, or white where what is solid in most pictures `(H, W, 4)` is so dark that black would hide it."""
    solid = [picture[..., :3][picture[..., 3] > 127] for picture in pictures]
    dark = [part.max() < DARK for part in solid if part.size]
    return "white" if dark and np.mean(dark) > 0.5 else "black"


def _deepened(image: Image.Image, look: Look) -> Image.Image:
    """A grey picture of any depth as floats of up to 16 bits."""
    image = ImageOps.exif_transpose(image)
    values = np.asarray(image if look.deep else image.convert("L"), np.float32)
    return Image.fromarray(values if look.deep else values * 257)


def opened(item: Any) -> Image.Image:
    """A picture of a path, bytes, an array, Pillow's own, or a function that gives one of these."""
    if callable(item) and not isinstance(item, Image.Image):
        return opened(item())
    if isinstance(item, Image.Image):
        return item
    if isinstance(item, np.ndarray):
        return Image.fromarray(item if item.ndim < 3 or item.shape[2] > 1 else item[..., 0])
    source = io.BytesIO(item) if isinstance(item, bytes) else item
    return Image.open(source, formats=FORMATS)


def look_at(image: Image.Image) -> Look:
    turn = image.getexif().get(ExifTags.Base.Orientation, 1)
    width, height = image.size if turn < 5 else image.size[::-1]
    several = getattr(image, "n_frames", 1) > 1
    return Look((height, width), image.mode, turn != 1, several, image.has_transparency_data)


def flat(image: Image.Image, ground: str, colour: bool) -> Image.Image:
    """A picture of eight bits as its camera held it, nothing transparent, in colour or grey."""
    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, ground), image)
    return image.convert("RGB" if colour else "L")


def fitted(image: Image.Image, size: tuple[int, int], fit: str, ground: str = "black") -> Image.Image:
    """A picture brought to height and width, its shape kept: cut in its middle, or set on a ground."""
    wanted = size[1], size[0]
    if image.size == wanted:
        return image
    if fit == "crop":
        return ImageOps.fit(image, wanted, Image.Resampling.BICUBIC)
    level, bands = 255 * (ground == "white"), len(image.getbands())
    return ImageOps.pad(
        image, wanted, Image.Resampling.BICUBIC, color=level if bands == 1 else (level,) * bands
    )


def _common_size(heads: list[Look], notes: Notes) -> tuple[int, int]:
    """The size of all, that of most, or else a square."""
    sizes = Counter(look.size for look in heads)
    size, count = sizes.most_common(1)[0]
    if 2 * count <= len(heads):
        side = min(SIDE, int(np.median([min(look.size) for look in heads])))
        size = (side, side)
    if len(sizes) > 1:
        ends = sorted(sizes, key=lambda one: one[0] * one[1])
        notes.say(
            f"the images are of {counted(len(sizes), 'size')}, {in_pixels(ends[0])} to {in_pixels(ends[-1])}: "
            f"brought to {in_pixels(size)} (--size chooses)"
        )
    return size


def in_pixels(size: tuple[int, int]) -> str:
    """Height and width, in the order of arrays and of --size.

    >>> in_pixels((75, 100))
    '75 x 100 pixels'
    """
    return f"{size[0]} x {size[1]} pixels"


def _say_heads(heads: list[Look], size: tuple[int, int], opening: Opening, notes: Notes) -> None:
    """What was done to some of the pictures, a sentence each."""
    other = [look for look in heads if look.size != size]
    if other:
        how = "cut in their middle" if opening.fit == "crop" else "padded"
        shaped = sum(look.size[0] * size[1] != look.size[1] * size[0] for look in other)
        notes.say(
            f"{counted(len(other), 'image')} resized to {in_pixels(size)}"
            + (f", {shaped:,} of them {how} to keep their shape (--image-fit chooses)" if shaped else "")
        )
    if larger := sum(look.size[0] < size[0] and look.size[1] < size[1] for look in other):
        notes.doubt(
            f"{counted(larger, 'image')} made larger than they were: a smaller --size keeps what they show"
        )
    if turned := sum(look.turned for look in heads):
        notes.say(f"{counted(turned, 'image')} turned as the camera was held")
    if frames := sum(look.frames for look in heads):
        notes.say(f"of {counted(frames, 'image')} with several frames the first is taken")
    modes = Counter(look.mode for look in heads)
    plain = {mode for mode in modes if mode not in ("RGB", "L")}
    if len(modes) > 1 or plain:
        parts = ", ".join(f"{count:,} {mode}" for mode, count in modes.most_common())
        kind = "colour" if any(look.colour for look in heads) else "grey"
        notes.say(f"the images are of the modes {parts}: all read as {kind}")


def _check_memory(images: int, shape: tuple[int, ...], bytes_each: int) -> None:
    """Raises ValueError where the images would not fit into memory."""
    needed = images * int(np.prod(shape)) * bytes_each
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 2**34
    if needed > there / 2:
        raise ValueError(
            f"{images:,} images of {' x '.join(map(str, shape))} are {needed / 1e9:.0f} GB, more than memory has room for: "
            f"give a smaller --size, such as {SIDE}"
        )


@contextmanager
def quiet() -> Iterator[None]:
    """Without Pillow's warnings of odd metadata and large pictures, which nobody would see."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _over(work: Callable[[int], Any], count: int) -> list[Any]:
    """The work for each number, in threads: Pillow decodes outside Python's lock."""
    with quiet(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        return list(pool.map(work, range(count)))
