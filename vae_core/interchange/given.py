"""Embeddings as people keep them: an array, or one of a file, with what the file knows of each item.

Shapes: N items, D dimensions.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ..data import Opening
from ..data.annotated import is_annotated, of_obsm
from ..data.arrays import written
from ..data.frames import read_frame
from ..data.mapped import Mapped
from ..data.notes import Notes, counted, listed
from ..data.npz import IMAGES, LABELS, of_arrays, pattern, read_plain, unread
from ..data.raw import Raw
from ..data.tables import is_table, of_frame

# Names that arrays of embeddings have, the surest first.
NAMES = (
    *("z", "embeddings", "embedding", "emb", "latents", "latent", "codes", "code", "encodings", "encoding"),
    *("features", "vectors", "mu", "means", "mean", "x", "data", "arr_0"),
)
ENDINGS = (".npz", ".npy", ".csv", ".tsv", ".parquet", ".h5ad")

# No map is of fewer.
LEAST_ITEMS = 3

# Larger numbers have squares that single precision does not hold.
MOST = 1e15

# A column that one dimension of an embedding is: z0, dim_3, UMAP1, latent[4].
NUMBERED = re.compile(r"(?P<stem>.*?)[ _.\-\[]?\d+\]?")

# A number in the place of a column's name; pandas counts names that stand there twice.
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?(\.\d+)?", re.IGNORECASE)


def read_embeddings(source: Any, array: str | None, opening: Opening) -> tuple[Raw, Any]:
    """The embeddings of an array or a file, `Raw.images` `(N, D)`, and the pictures that an .npz holds beside them, where it does.

    Raises ValueError, one sentence, for what holds no embeddings.
    """
    opening = replace(opening, shape=None, images=None)
    if not isinstance(source, str | Path):
        return _of_array(source, opening), None
    path = Path(source).expanduser()
    if not path.is_file():
        raise ValueError(f"there is no file {path}: give embeddings as {', '.join(ENDINGS)}")
    if is_annotated(path):
        return of_obsm(path, array, opening), None
    if array is not None and path.suffix.lower() != ".npz":
        raise ValueError(f"{path.name} holds one array: leave out --array, which is of .npz and .h5ad")
    if is_table(path):
        return _of_table(path, opening), None
    if path.suffix.lower() == ".npy":
        found = read_plain(path)
        return _raw(path.name, next(iter(found.values())), None), None
    if path.suffix.lower() == ".npz":
        return _of_archive(path, array, opening)
    pickled = path.suffix.lower() in (".pt", ".pth", ".pkl", ".pickle", ".joblib")
    reason = (
        "would have to be unpickled, which may run any program"
        if pickled
        else "holds no embeddings that are read here"
    )
    raise ValueError(f"{path.name} {reason}: save them by numpy.save, or as {', '.join(ENDINGS[2:])}")


def _of_table(path: Path, opening: Opening) -> Raw:
    """A table; a text whose first line holds numbers alone, other than 0, 1, 2, ..., has no names of columns."""
    frame = read_frame(path)
    names = list(map(str, frame.columns))
    if path.suffix.lower() == ".parquet" or not all(map(NUMBER.fullmatch, names)):
        return _of_frame(path.name, frame, opening)
    if names == [str(place) for place in range(len(names))]:
        return _of_frame(path.name, frame, opening)
    raw = _of_frame(path.name, read_frame(path, header=None), opening)
    raw.notes.say("the first line holds numbers and no names of columns: it is the first item")
    return raw


def _of_array(source: Any, opening: Opening) -> Raw:
    if hasattr(source, "columns"):
        return _of_frame("embeddings", source, opening)
    try:
        rows = source.detach().cpu().numpy() if isinstance(source, Tensor) else np.asarray(source)
    except ValueError:
        raise ValueError(
            "the embeddings are rows of different lengths: give as many numbers for each item"
        ) from None
    return _raw("embeddings", rows, None)


def _raw(name: str, rows: Any, labels: Any) -> Raw:
    return Raw(name, "embeddings", rows, labels, ordered=True)


def _of_archive(path: Path, array: str | None, opening: Opening) -> tuple[Raw, Any]:
    """The array of embeddings, labels and columns beside it; and the images, where there are as many."""
    arrays = read_plain(path)
    chosen = _chosen(path, arrays, array)
    if getattr(arrays[chosen], "ndim", 0) != 2:  # said by `checked`
        return _raw(path.name, arrays[chosen], None), None
    raw = of_arrays(
        path.name, "embeddings", arrays, replace(opening, images=chosen, types=("real",), columns=None)
    )
    shown = [
        key
        for key, found in arrays.items()
        if pattern(IMAGES).fullmatch(key) and key != chosen and found.ndim > 2 and len(found) == len(raw)
    ]
    return raw, arrays[shown[0]] if shown else None


def _chosen(path: Path, arrays: Mapping[str, np.ndarray], array: str | None) -> str:
    """The name of the array of embeddings: as asked for, a usual one, or that of the only matrix of numbers."""
    objects = unread(path, arrays)
    there = f"there are {listed([f'{key} ({written(found.shape)})' for key, found in arrays.items()], 8)}"
    if array is not None:
        if array in objects:
            raise ValueError(f"{array} holds objects that would have to be unpickled: save it as numbers")
        if array not in arrays:
            raise ValueError(
                f"there is no array {array!r} in {path.name}: {there if arrays else 'it is empty'}"
            )
        return array
    usual = [key for name in NAMES for key in arrays if pattern((name,)).fullmatch(key)]
    matrices = [key for key, found in arrays.items() if found.ndim == 2 and found.dtype.kind in "biuf"]
    if named := [key for key in usual if key in matrices] or usual[:1]:
        return named[0]
    if len(matrices) == 1 and not pattern(LABELS).fullmatch(matrices[0]):
        return matrices[0]
    if objects:
        raise ValueError(
            f"{path.name} holds objects ({listed(objects)}) that would have to be unpickled: save the embeddings as an array of numbers"
        )
    raise ValueError(
        f"no array of {path.name} has a usual name of embeddings ({', '.join(NAMES[:5])}): say which by --array; "
        f"{there if arrays else 'it is empty'}"
    )


def _of_frame(name: str, frame: Any, opening: Opening) -> Raw:
    """A table: the columns that are asked for, or the largest family of numbered ones, or all of numbers."""
    frame = frame.rename(columns=str)
    family = None if opening.columns else _family(frame)
    raw = of_frame(
        name, "embeddings", frame, replace(opening, columns=family or opening.columns, types=("real",))
    )
    if family and len(family) < len(frame.columns):
        raw.notes.say(f"the embeddings are {family[0]} to {family[-1]} (--columns chooses)")
    return raw


def _family(frame: Any) -> tuple[str, ...] | None:
    """The numbered columns of numbers of one stem, where there are several."""
    stems = {
        column: match["stem"].lower()
        for column in frame.select_dtypes("number").columns
        if (match := NUMBERED.fullmatch(column))
    }
    stem, count = max(Counter(stems.values()).items(), key=lambda pair: pair[1], default=("", 0))
    return tuple(column for column, own in stems.items() if own == stem) if count > 1 else None


def read_labels(source: Any) -> Any:
    """Labels as an array: themselves, or those of a .npy file, or the lines of a text file."""
    if not isinstance(source, str | Path):
        return source.detach().cpu().numpy() if isinstance(source, Tensor) else np.asarray(source)
    path = Path(source).expanduser()
    if not path.is_file():
        raise ValueError(f"there is no file {path}: give labels as .npy, or as text with one a line")
    if path.suffix.lower() == ".npy":
        return next(iter(read_plain(path).values()))
    try:
        return np.array(path.read_text(encoding="utf-8-sig").split("\n"))[
            : len(path.read_text().splitlines())
        ]
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"{path.name} is no text: give labels as .npy, or as text with one a line") from None


def checked(rows: Any, opening: Opening, notes: Notes) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings as float32 `(N, D)`, and which of them are sound, `(N,)`: all, unless others are to be left out. Raises ValueError."""
    found = rows[:] if isinstance(rows, Mapped) else np.asarray(rows)
    if found.dtype.kind not in "biuf":
        what = {"O": "objects", "c": "complex numbers"}.get(found.dtype.kind, "text")
        raise ValueError(f"the embeddings are {what}: give an array of real numbers, a row for each item")
    if found.ndim != 2:
        several = "flatten each item's, z.reshape(len(z), -1)"
        raise ValueError(
            f"the embeddings are {written(found.shape)}: {several if found.ndim > 2 else 'give a row of numbers for each item, N x D'}"
        )
    if not found.shape[1]:
        raise ValueError("the embeddings have no dimension: give a row of numbers for each item")
    with np.errstate(over="ignore"):
        found = found.astype(np.float32)
    sound = np.asarray((np.abs(found) < MOST).all(1))
    count = int((~sound).sum())
    if count and not opening.skip_broken:
        raise ValueError(
            f"{counted(count, 'embedding')} of {len(found):,} {'holds' if count == 1 else 'hold'} NaN, infinite or huge numbers, the first is "
            f"number {int((~sound).argmax())}: mend {'it' if count == 1 else 'them'}, or leave {'it' if count == 1 else 'them'} out by "
            "--skip-broken"
        )
    if count:
        notes.say(f"{counted(count, 'embedding')} with NaN, infinite or huge numbers left out")
    return found, sound


def dimension_names(raw: Raw, dimensions: int) -> Sequence[str]:
    """What the dimensions are called: as the source calls them, where it says more than x1, x2, ..."""
    named = raw.features is not None and list(raw.features) != [f"x{i}" for i in range(1, dimensions + 1)]
    return raw.features if named and raw.features else [f"z[{i}]" for i in range(dimensions)]
