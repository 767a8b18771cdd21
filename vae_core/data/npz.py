"""Arrays in .npz and .npy files, or a folder of the latter, by the names that people give them. Nothing is unpickled.

Shapes: N rows.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..files import reason
from . import mapped
from .arrays import joined, written
from .labels import NO_LABELS
from .mapped import is_large
from .notes import Notes, counted, listed
from .raw import PARTS, SPLITS, TEST, TRAIN, Opening, Raw
from .tables import features_of
from .zipped import mapped_arrays

IMAGES = ("images", "image", "imgs", "img", "x", "data", "pixels", "inputs", "arr_0")
LABELS = ("labels", "label", "y", "targets", "target", "class", "classes", "arr_1")
CLASSES = ("classes", "class_names", "classnames", "label_names", "target_names", "names")
FEATURES = ("features", "feature_names", "columns", "var_names", "genes")

Arrays = Mapping[str, np.ndarray]
Found = dict[str, str]  # the name of an array for each split, "" where there is no split


def is_arrays(path: Path) -> bool:
    return (path.is_file() and path.suffix.lower() in (".npz", ".npy")) or (
        path.is_dir() and any(path.glob("*.npy"))
    )


def read_arrays(path: Path, opening: Opening) -> Raw:
    """Images, labels, splits, class names and further columns of a file. Raises ValueError for a damaged file and for names that are not found."""
    arrays = read_plain(path)
    objects = dict.fromkeys(unread(path, arrays), np.empty(0, object))
    return of_arrays(path.name, _about(path), {**arrays, **objects}, opening)


def of_arrays(name: str, about: str, arrays: Arrays, opening: Opening) -> Raw:
    """The same of arrays by name."""
    notes = Notes()
    images = _named(arrays, opening.images, IMAGES, "images") or _only(arrays)
    parts = sorted(images, key=[TRAIN, "validation", TEST, ""].index)
    lengths = {part: len(arrays[images[part]]) for part in parts}
    if parts == [""]:
        lengths[""] = _count(arrays, images[""])
    told = {key: array for key, array in arrays.items() if array.dtype != object}
    labels = {} if opening.labels == NO_LABELS else _named(told, opening.labels, LABELS, "labels", lengths)
    if not labels and opening.labels != NO_LABELS:
        _check_no_labels(arrays, set(images.values()), lengths)
    if labels and set(labels) != set(images):
        notes.doubt("some labels are missing, so all are left out: give labels of every part")
        labels = {}
    classes = next((arrays[key] for key in arrays if key.lower() in CLASSES and _is_names(arrays[key])), None)
    names = next((arrays[key] for key in arrays if key.lower() in FEATURES and _is_names(arrays[key])), None)
    used = {*images.values(), *labels.values()}
    found = joined([arrays[images[part]] for part in parts])
    return Raw(
        name,
        about,
        found,
        joined([np.array(arrays[labels[part]]) for part in parts]) if labels else None,
        _split(arrays, parts, lengths, notes),
        None if classes is None else tuple(map(str, classes.tolist())),
        _columns(arrays, used, sum(lengths.values()), notes) if parts == [""] else {},
        ordered=True,
        notes=notes,
        features=features_of(found, None if names is None else names.tolist(), opening),
    )


def _count(arrays: Arrays, images: str) -> int:
    """How many images there are: of those along the last axis, as MATLAB keeps them, as many as there are labels."""
    found = arrays[images]
    first, last = len(found), found.shape[-1]
    labels = {
        len(array) for key, array in arrays.items() if pattern(LABELS).fullmatch(key) and array.ndim == 1
    }
    return last if found.ndim > 2 and first not in labels and last in labels else first


def _check_no_labels(arrays: Arrays, images: set[str], lengths: Mapping[str, int]) -> None:
    """Raises ValueError for arrays that are labels by their names and cannot be: of objects, or of another length than the images."""
    for key in arrays:
        match = pattern(LABELS).fullmatch(key)
        if match is None or key in images or _is_names(arrays[key]):
            continue
        out = "; or leave labels out by --label-column none"
        if arrays[key].dtype == object:
            raise ValueError(
                f"{key} holds objects that would have to be unpickled: save labels as text, by labels.astype(str), or as numbers{out}"
            )
        part = PARTS[(match[1] or match[2]).lower()] if match[1] or match[2] else ""
        if part in lengths and arrays[key].ndim:
            raise ValueError(
                f"{key} has {len(arrays[key]):,} rows and there are {lengths[part]:,} images: give a label for each{out}"
            )


def _is_names(array: np.ndarray) -> bool:
    return array.ndim == 1 and array.dtype.kind in "US"


def _about(path: Path) -> str:
    return "a folder of arrays" if path.is_dir() else f"arrays ({path.suffix.lower()})"


def read_plain(path: Path) -> Arrays:
    """The arrays of a file or folder by name; of a .npy file by the name of images. Raises ValueError for one that is damaged."""
    try:
        if path.is_dir():
            return {file.stem: _of_file(file) for file in sorted(path.glob("*.npy"))}
        if path.suffix.lower() == ".npy":
            return {IMAGES[0]: _of_file(path)}
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            large = mapped_arrays(path, found.zip, mapped.LARGE) if is_large(path.stat().st_size) else {}
            names = [name for name in found.files if name not in large]
            return large | {name: array for name in names if (array := _plain(found, name)) is not None}
    except MemoryError:
        if path.suffix.lower() == ".npy":
            raise ValueError(
                f"{path.name} says that it holds more than the memory of this machine, and has {path.stat().st_size:,} bytes: save it anew"
            ) from None
        raise ValueError(
            f"{path.name} is compressed and larger than the memory of this machine: save its images as .npy, or by numpy.savez, which "
            "does not compress, and they are read from the file in parts"
        ) from None
    except Exception as error:  # zipfile, zlib and numpy each raise their own kinds for a damaged file
        why = _sort_of(path) or (
            "objects that would have to be unpickled" if "pickle" in str(error) else reason(error)
        )
        raise ValueError(
            f"{path.name} cannot be read ({why}): save plain arrays by numpy.savez(file, images=..., labels=...)"
        ) from None


def _sort_of(path: Path) -> str | None:
    """What is said of a file that is not what its ending says, such as a page of a server that did not have it."""
    begins = {".npz": b"PK", ".npy": b"\x93NUMPY"}.get(path.suffix.lower())
    if begins is None or not path.is_file():
        return None
    with path.open("rb") as file:
        own = file.read(len(begins))
    return None if own == begins else f"it does not begin as {path.suffix.lower()} files do"


def _of_file(path: Path) -> np.ndarray:
    """The array of a .npy file: one that is large stays there."""
    return np.load(path, mmap_mode="r" if is_large(path.stat().st_size) else None, allow_pickle=False)


def unread(path: Path, arrays: Arrays) -> list[str]:
    """The names of the arrays of an .npz that `read_plain` leaves out: they hold objects."""
    if path.suffix.lower() != ".npz":
        return []
    with np.load(path, allow_pickle=False) as found:
        return [name for name in found.files if name not in arrays]


def _plain(found: Any, name: str) -> np.ndarray | None:
    """An array of the file; None for one of objects, which would have to be unpickled, unless it holds the images."""
    try:
        array = found[name]
        if not isinstance(array, np.ndarray):  # numpy hands out what does not begin as an array does as bytes
            raise ValueError(f"{name} is no array")
        return array
    except ValueError:
        if pattern(IMAGES).fullmatch(name):
            raise
        return None


def pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """The names alone, or with a split before or after them: x_train, train_images, X_test.

    >>> bool(pattern(IMAGES).fullmatch("X_train")), bool(pattern(IMAGES).fullmatch("extra"))
    (True, False)
    """
    words, parts = "|".join(names), "|".join(PARTS)
    return re.compile(rf"(?:({parts})_?)?(?:{words})(?:_?({parts}))?", re.IGNORECASE)


def _named(
    arrays: Arrays,
    given: str | None,
    usual: tuple[str, ...],
    what: str,
    lengths: Mapping[str, int] | None = None,
) -> Found:
    """The arrays of images or labels by split. Raises ValueError for a name that is given and not there."""
    names = usual if given is None else (re.escape(given),)
    found: Found = {}
    for name in names:  # the more usual name first
        for key in arrays:
            match = pattern((name,)).fullmatch(key)
            part = PARTS[(match[1] or match[2]).lower()] if match and (match[1] or match[2]) else ""
            fits = lengths is None or len(np.atleast_1d(arrays[key])) == lengths.get(part)
            if match and fits and (lengths is not None or given is not None or arrays[key].ndim > 1):
                found.setdefault(part, key)
        if found:
            break
    if given is not None and not found:
        raise ValueError(f"there is no array {given!r} of {what}: {_listed(arrays)}")
    return {part: key for part, key in found.items() if part} if len(found) > 1 else found


def _only(arrays: Arrays) -> Found:
    """The one array of three or more dimensions, where names say nothing."""
    found = [key for key, array in arrays.items() if array.ndim > 2]
    if len(found) == 1:
        return {"": found[0]}
    if not arrays:
        raise ValueError("there are no arrays in it: save some by numpy.savez(file, images=..., labels=...)")
    if len(arrays) == 1 and (array := next(iter(arrays.values()))).ndim < 2:
        fields = array.dtype.names
        what = f"records of {listed(list(fields))}" if fields else written(array.shape)
        wanted = "a table as .csv or .parquet" if fields else "images x height x width, or rows x features"
        raise ValueError(f"the array is {what}: give {wanted}")
    raise ValueError(
        f"no array has a usual name of images ({', '.join(IMAGES[:5])}): say which it is by --image-column; {_listed(arrays)}"
    )


def _listed(arrays: Arrays) -> str:
    return "there are " + listed([f"{key} ({written(array.shape)})" for key, array in arrays.items()], 8)


def _split(arrays: Arrays, parts: list[str], lengths: Mapping[str, int], notes: Notes) -> np.ndarray | None:
    if parts == [""]:
        return _column_of_splits(arrays, lengths[""])
    validation = TRAIN if TEST in parts else TEST
    if "validation" in parts:
        where = "training" if validation == TRAIN else "test"
        notes.say(f"{counted(lengths['validation'], 'validation image')} counted to the {where} images")
    return np.repeat(
        [validation if part == "validation" else part for part in parts], [lengths[part] for part in parts]
    )


def _column_of_splits(arrays: Arrays, count: int) -> np.ndarray | None:
    """A column of the words train and test, or of truth values under the name of one of them."""
    for key, array in arrays.items():
        if array.shape != (count,):
            continue
        name = key.lower().removeprefix("is_").removesuffix("_mask")
        if array.dtype.kind == "b" and name in PARTS:
            own = PARTS[name]
            return np.where(array, own, TRAIN if own == TEST else TEST)
        if key.lower() in SPLITS and array.dtype.kind in "US":
            words = np.char.lower(array.astype(str))
            if set(words) <= set(PARTS):
                return np.array([TEST if PARTS[word] == TEST else TRAIN for word in words])
    return None


def _columns(arrays: Arrays, used: set[str], count: int, notes: Notes) -> dict[str, np.ndarray]:
    """Numbers or text beside the class, one for each image, or several whole numbers."""
    found: dict[str, np.ndarray] = {}
    named = (*CLASSES, *SPLITS, *FEATURES)
    strange = {
        "O": "objects, which would have to be unpickled",
        "V": "records",
        "M": "dates",
        "m": "durations",
    }
    for key, array in arrays.items():
        if key in used or key.lower() in named:
            continue
        if array.dtype.kind in strange:
            notes.say(f"{key} holds {strange[array.dtype.kind]}, and is left out")
        if array.dtype.kind not in "biufUS":
            continue
        if array.shape == (count,):
            found[key] = array
        elif array.ndim == 2 and len(array) == count and array.shape[1] <= 64 and array.dtype.kind in "iu":
            found |= {f"{key} {column}": array[:, column] for column in range(array.shape[1])}
    return found
