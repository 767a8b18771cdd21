"""What the arrays of an atlas must be, read from their heads before any is unpacked, and then from their values.

A file says in a few bytes how much it will take: what would not fit, or is more than an atlas has, is refused before it takes memory.
Shapes: R points of a grid of betas, N items, D dimensions, K classes.
"""

import math
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..files import at_least
from ..names import LONGEST_NAME, MOST_CLASSES

Arrays = Mapping[str, np.ndarray]

# An atlas whose arrays have more bytes than this is not compressed, so that they stay in the file until a page asks for them; and no more
# is unpacked of one that is.
LARGE, MOST_UNPACKED = 2**26, 2**30
# Rows that are looked at, or turned into other numbers, at a time.
BLOCK = 2**16
MOST_ARRAYS = 4096

FLOATS, WHOLE, TEXT, LEVELS = "f", "iu", "U", "u"
IN_WORDS = {FLOATS: "floats", WHOLE: "whole numbers", TEXT: "text", LEVELS: "one of 256 levels"}
# The logarithm of no standard deviation that single precision holds is larger.
MOST_LOG = 80.0


class Head(NamedTuple):
    """What an array is, before it is read."""

    dtype: np.dtype
    shape: tuple[int, ...]


def heads_of(archive: zipfile.ZipFile, size: int) -> dict[str, Head]:
    """What each array of an .npz file of so many bytes says that it is, by name. Raises ValueError for what would not be read in full, holds
    objects, or unpacks to more than an atlas has."""
    entries = archive.infolist()
    if len(entries) > MOST_ARRAYS or len({entry.filename for entry in entries}) < len(entries):
        raise ValueError(f"it holds more than {MOST_ARRAYS:,} arrays, or two of one name")
    if sum(entry.file_size for entry in entries) > max(MOST_UNPACKED, size):
        raise ValueError(
            f"it unpacks to {at_least(sum(entry.file_size for entry in entries), 1e9)} GB, and an atlas that is packed has at most 1 GB"
        )
    return {entry.filename.removesuffix(".npy"): _head(archive, entry) for entry in entries}


def _head(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Head:
    name = entry.filename.removesuffix(".npy")
    with archive.open(entry) as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError(f"{name[:80]} is no array of plain numbers or text")
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype.hasobject or dtype.names or dtype.subdtype or dtype.kind not in "biufU":
            raise ValueError(f"{name[:80]} is no array of plain numbers or text")
        if math.prod(shape) * dtype.itemsize != entry.file_size - file.tell():
            raise ValueError(f"{name[:80]} is not as long as it says")
    return Head(dtype, shape)


def check_heads(heads: Mapping[str, Head]) -> None:
    """Raises ValueError that names the first array which is missing, or of another type or shape than an atlas has."""
    for name in ("labels", "classes"):
        if name not in heads:
            raise ValueError(f"it lacks {name}")
    _fits(heads, "labels", WHOLE, (None,))
    _fits(heads, "classes", TEXT, (None,))
    if heads["classes"].shape[0] > MOST_CLASSES or heads["classes"].dtype.itemsize > 4 * LONGEST_NAME:
        raise ValueError(
            f"it has more than {MOST_CLASSES:,} classes, or names of more than {LONGEST_NAME:,} letters"
        )
    for name, kind, shape in (("training", WHOLE, ()), ("weights", TEXT, ()), ("mapped", WHOLE, (None,))):
        if name in heads:
            _fits(heads, name, kind, shape)
    points = [head.shape for name, head in heads.items() if _of(name, "beta")]
    if points and (len(points[0]) != 1 or not points[0][0] or set(points) != {points[0]}):
        raise ValueError("its betas are not one list for each block, equally long")
    for name in heads:
        if _of(name, "beta"):
            _fits(heads, name, FLOATS, (None,))
    _check_blocks(heads, points[0] if points else ())


def _check_blocks(heads: Mapping[str, Head], points: tuple[int, ...]) -> None:
    items = heads["labels"].shape[0]
    blocks = [name.partition(".")[2] for name in heads if _of(name, "mean")]
    if not blocks or not items:
        raise ValueError("it holds no encodings")
    for block in blocks:
        mean = f"mean.{block}"
        scale = f"scale.{block}"
        levels = [name for name in (mean, scale) if points or f"{name}.low" in heads]
        _fits(heads, mean, LEVELS if mean in levels else FLOATS, (*points, items, None))
        width = heads[mean].shape[-1]
        _fits(heads, scale, LEVELS if scale in levels else FLOATS, (*points, items, width))
        for name in levels:
            for part in ("low", "step"):
                _fits(heads, f"{name}.{part}", FLOATS, (width,))
    for name in heads:
        if _of(name, "umap"):
            _fits(heads, name, FLOATS, (*points, items, 2))


def _of(name: str, part: str) -> bool:
    """Whether an array is of that part, of some block."""
    words = name.split(".")
    return len(words) == 2 and words[0] == part


def _fits(heads: Mapping[str, Head], name: str, kinds: str, shape: tuple[int | None, ...]) -> None:
    if name not in heads:
        raise ValueError(f"it lacks {name[:80]}")
    head = heads[name]
    if head.dtype.kind not in kinds or (kinds == LEVELS and head.dtype.itemsize > 1):
        raise ValueError(f"{name[:80]} is of {head.dtype} instead of {IN_WORDS[kinds]}")
    same = len(head.shape) == len(shape) and all(
        asked in (None, side) for side, asked in zip(head.shape, shape, strict=True)
    )
    if not same:
        raise ValueError(f"{name[:80]} is {_sides(head.shape)} instead of {_sides(shape)}")


def _sides(shape: tuple[int | None, ...]) -> str:
    """
    >>> _sides((3, 10_000, None)), _sides(())
    ('3 x 10,000 x any', 'one value')
    """
    if len(shape) < 2:
        return (
            "one value" if not shape else f"a list of {'any length' if shape[0] is None else f'{shape[0]:,}'}"
        )
    return " x ".join("any" if side is None else f"{side:,}" for side in shape)


def check_values(arrays: Arrays) -> None:
    """Raises ValueError for labels of classes that there are not, and for places and betas that cannot be. The arrays have passed
    `check_heads`."""
    labels, items = arrays["labels"], len(arrays["labels"])
    classes = max(1, len(arrays["classes"]))
    if not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise ValueError(f"its labels are not numbers of its {classes:,} classes")
    if "training" in arrays and not 0 <= int(arrays["training"]) <= items:
        raise ValueError(f"{int(arrays['training']):,} of its {items:,} items are training images")
    if "mapped" in arrays:
        places = arrays["mapped"].astype(np.int64)
        if not len(places) or places[0] < 0 or places[-1] >= items or (np.diff(places) <= 0).any():
            raise ValueError("mapped holds no numbers of items in increasing order")
    for name, array in arrays.items():
        if array.dtype.kind == FLOATS and not all(np.isfinite(part).all() for part in _parts(array)):
            raise ValueError(f"{name[:80]} holds values that are not finite")
        if _of(name, "beta") and not (array > 0).all():
            raise ValueError(f"{name[:80]} holds what is no beta")
        if _of(name, "scale"):
            _check_scales(name, arrays)
    _check_grid({name: array for name, array in arrays.items() if _of(name, "beta")})


def _check_scales(name: str, arrays: Arrays) -> None:
    """Raises ValueError for what is no standard deviation, or, of levels, no logarithm of one."""
    if f"{name}.low" in arrays:
        low, step = (arrays[f"{name}.{part}"].astype(float) for part in ("low", "step"))
        if max(np.abs(low).max(initial=0), np.abs(low + 255 * step).max(initial=0)) > MOST_LOG:
            raise ValueError(f"{name[:80]} holds logarithms of no standard deviation")
    elif any((part < 0).any() for part in _parts(arrays[name])):
        raise ValueError(f"{name[:80]} holds negative standard deviations")


def _parts(array: np.ndarray) -> Iterator[np.ndarray]:
    """A large array stays in its file: it is looked at by parts, along its longest side."""
    if not array.ndim:
        yield array
        return
    side = int(np.argmax(array.shape))
    for start in range(0, array.shape[side], BLOCK):
        yield array[(slice(None),) * side + (slice(start, start + BLOCK),)]


def _check_grid(betas: Mapping[str, Any]) -> None:
    """Raises ValueError where not every combination of betas is there, once."""
    if betas:
        points = set(zip(*(array.tolist() for array in betas.values()), strict=True))
        wanted = math.prod(len(set(array.tolist())) for array in betas.values())
        if not len(points) == wanted == len(next(iter(betas.values()))):
            raise ValueError("its betas are no grid of all combinations")
