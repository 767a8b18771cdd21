"""Any source as a data set: names, folders, files and arrays, each by a reader, made into one thing by `finished`.

Shapes: N rows.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from . import doubts, folders, hub, idx, npz, vision
from .arrays import as_grey_or_colour, from_array
from .fingerprint import KNOWN, fingerprint, recognised
from .labels import NO_LABELS, Labels, understood
from .notes import Notes, listed
from .pictures import ENDINGS, Pictures
from .raw import TEST, TRAIN, Opening, Raw, Report
from .registry import DATASETS
from .source import Data, Dataset
from .splits import divided
from .values import as_bytes


class Reader(NamedTuple):
    """One sort of file or folder: whether a path is of it, and what is found there."""

    takes: Callable[[Path], bool]
    read: Callable[[Path, Opening], Raw]


# The first that takes a path reads it. A line here is all that another sort of file needs.
READERS: dict[str, Reader] = {
    "IDX files": Reader(idx.is_idx, idx.read_idx),
    "arrays": Reader(npz.is_arrays, npz.read_arrays),
    "a folder of images": Reader(folders.is_folder_of_images, folders.read_folder),
}

# Endings of what cannot be read, and what to do about it.
OTHERWISE: dict[tuple[str, ...], str] = {
    (
        ".pt",
        ".pth",
        ".pkl",
        ".pickle",
        ".joblib",
        ".ckpt",
    ): "would have to be unpickled, which may run any program: save its arrays by numpy.savez",
    (
        ".zip",
        ".tar",
        ".tgz",
        ".gz",
        ".bz2",
        ".xz",
        ".7z",
        ".rar",
    ): "is an archive: unpack it, and give what it holds",
    (
        ".mat",
        ".h5",
        ".hdf5",
        ".nc",
        ".zarr",
        ".tfrecord",
    ): "is of a format that is not read here: save its arrays by numpy.savez",
    ENDINGS: "is one image, and a data set holds many: give their folder",
}

# At most so many different values of a column are kept as known factors.
MOST_VALUES = 4096


def open_data(what: str | Path | Dataset, *, report: Report = lambda line: None, **options: Any) -> Dataset:
    """A data set by name, folder or file, or one that is open already.

    Args:
        what: a name of `DATASETS`; one of torchvision's (`fashion-mnist`, `cifar10`, ...); `hf:owner/name` of Hugging Face; a folder of
            images, by class or flat, with or without `train/` and `test/`; `.npz` and `.npy`; IDX files, also gzipped.
        report: told what is going on.
        options: how, the fields of `Opening`: size, fit, values, turn, images, labels, unknown, ...

    Returns:
        The data set with its splits (`train`, `test`), fingerprints, and what was said of it (`notes`).

    Raises:
        ValueError: one sentence on what is wrong with it and the way out.

    Example:
        >>> open_data("digits").train.images.shape
        torch.Size([1350, 1, 8, 8])
    """
    opening = Opening(**options)
    if isinstance(what, Dataset):
        return what
    name = str(what)
    if name in DATASETS:
        return _again(name, opening, report) if opening.exposed() else DATASETS[name]
    path = Path(what).expanduser()
    if (known := vision.known(name)) and not (path.exists() and "/" in name):
        return finished(vision.read_vision(known, opening, report), opening, report)
    if hub.is_hub(name):
        return finished(hub.read_hub(name, opening, report), opening, report)
    reader = next((reader for reader in READERS.values() if reader.takes(path)), None)
    if reader is None:
        raise ValueError(_refusal(name, path))
    report(f"reading {path.name}")
    raw = reader.read(path.resolve() if path.exists() else path, opening)
    return finished(raw, opening, report, found=True)


def data_from(
    x: Any,
    y: Any = None,
    *,
    test: Any = None,
    classes: tuple[str, ...] | None = None,
    known: Any = None,
    name: str = "own",
    report: Report = lambda line: None,
    **options: Any,
) -> Dataset:
    """A data set of arrays, tensors or a list of pictures.

    Args:
        x: images `(N, H, W)`, `(N, C, H, W)` or `(N, H, W, C)` of any type of number, or a list of arrays or of Pillow's images.
        y: a class for each, numbers or text; None for data without classes.
        test: images to test on, or those and their classes `(x, y)`; a share of each class of `x` unless given.
        classes: names of numbered classes.
        known: of which images the class is known, `(N,)` of truth values; all of them unless given.
        name: what it is called.
        report: told what is going on.
        options: as in `open_data`.

    Returns:
        The data set, as `open_data` gives it.

    Raises:
        ValueError: as `open_data` does.

    Example:
        >>> import numpy as np
        >>> found = data_from(np.random.default_rng(0).random((10, 4, 4)), ["a", "b"] * 5)
        >>> found.signature.classes, len(found.train), found.notes.said[0]
        (('a', 'b'), 8, 'the values are fractions from 0 to 1: 1 becomes 255')
    """
    opening, raw = (
        Opening(**options),
        Raw(name, "arrays", _plain(x), _told(y, known), None, classes, ordered=True),
    )
    if test is not None:
        _add(raw, *(test if isinstance(test, tuple) else (test, None)))
    if not len(raw.images):
        raise ValueError("there are no images: give some")
    return finished(raw, opening, report)


def _add(raw: Raw, x: Any, y: Any) -> None:
    """Images to test on."""
    train, test = raw.images, _plain(x)
    raw.split = np.repeat([TRAIN, TEST], [len(train), len(test)])
    alike = all(isinstance(part, np.ndarray) for part in (train, test)) and train.shape[1:] == test.shape[1:]
    raw.images = np.concatenate([train, test]) if alike else [*train, *test]
    if (raw.labels is None) != (y is None):
        raise ValueError(
            "one of training and test images has classes and the other none: give both, or neither"
        )
    if y is not None:
        raw.labels = np.concatenate([raw.labels, _told(y, None)])


def _plain(x: Any) -> Any:
    """An array, or a list of images of sizes of their own."""
    if isinstance(x, Tensor):
        return x.detach().cpu().numpy()
    if not isinstance(x, list | tuple):
        return np.asarray(x)
    parts = [part.detach().cpu().numpy() if isinstance(part, Tensor) else part for part in x]
    alike = all(isinstance(part, np.ndarray) for part in parts) and len({part.shape for part in parts}) == 1
    return np.stack(parts) if alike else parts


def _told(y: Any, known: Any) -> np.ndarray | None:
    """Labels as an array, those that are not known empty."""
    if y is None:
        return None
    labels = np.asarray(y.detach().cpu() if isinstance(y, Tensor) else y)
    if known is None:
        return labels
    mask = np.asarray(known.cpu() if isinstance(known, Tensor) else known)
    if mask.dtype != bool or mask.shape != labels.shape[:1]:
        raise ValueError(
            "known is not one truth value for each image: give labels' own length of True and False"
        )
    return (
        np.where(mask, labels, np.nan)
        if labels.dtype.kind in "biuf"
        else np.where(mask, labels.astype(str), "")
    )


def finished(raw: Raw, opening: Opening, report: Report = lambda line: None, found: bool = False) -> Dataset:
    """What a reader found as a data set. `found` where its name is that of a file, which may be that of other data."""
    notes = raw.notes
    stored, rows = _stored(raw, opening, report)
    labels = None if opening.labels == NO_LABELS or raw.labels is None else np.asarray(raw.labels)
    labels = labels if labels is None or len(labels) != len(raw) else labels[rows]
    told = understood(labels, raw.classes, opening.unknown, len(rows), notes)
    split = None if raw.split is None else raw.split[rows]
    columns = {name: np.asarray(column)[rows] for name, column in raw.columns.items()}
    if opening.labelled_only and told.known is not None:
        kept = np.flatnonzero(told.known)
        notes.say(f"{len(told.numbers) - len(kept):,} images of no known class left out")
        stored, told = stored[kept], Labels(told.numbers[kept], told.classes)
        split = None if split is None else split[kept]
        columns = {name: column[kept] for name, column in columns.items()}
    train, test = divided(split, told, opening.test_share, raw.ordered, notes)
    return _dataset(raw, opening, stored, told, columns, {TRAIN: train, TEST: test}, found)


def _stored(raw: Raw, opening: Opening, report: Report) -> tuple[np.ndarray, np.ndarray]:
    """Bytes `(N, C, H, W)` and the rows that they are of."""
    images, notes = raw.images, raw.notes
    if isinstance(images, np.ndarray) and images.dtype != object:
        stored, rows = from_array(images, None if raw.labels is None else len(raw.labels), opening, notes)
    else:
        stored, rows = Pictures(_as_pictures(list(images), opening, notes), opening, report).decoded(notes)
        stored = as_grey_or_colour(stored, opening, notes)
    if opening.turn:
        notes.say("the images are turned: rows became columns")
        stored = np.ascontiguousarray(np.swapaxes(stored, 2, 3))
    return stored, rows


def _as_pictures(images: list[Any], opening: Opening, notes: Notes) -> list[Any]:
    """Arrays of sizes of their own as bytes, by one rule for all of them; paths and pictures as they are."""
    arrays = [np.asarray(image) for image in images if isinstance(image, np.ndarray | list)]
    if len(arrays) != len(images):
        return images
    if not all(array.ndim in (2, 3) and array.dtype.kind in "biuf" for array in arrays):
        raise ValueError(
            "some images are no arrays of height x width numbers, with or without channels: mend these"
        )
    flat = as_bytes(np.concatenate([array.ravel() for array in arrays]), opening.values, notes)
    places = np.cumsum([array.size for array in arrays])[:-1]
    shaped = [part.reshape(array.shape) for part, array in zip(np.split(flat, places), arrays, strict=True)]
    return [np.moveaxis(one, 0, -1) if one.ndim == 3 and one.shape[-1] > 4 else one for one in shaped]


def _dataset(
    raw: Raw,
    opening: Opening,
    stored: np.ndarray,
    labels: Labels,
    columns: Mapping[str, np.ndarray],
    rows: Mapping[str, np.ndarray],
    found: bool,
) -> Dataset:
    names, factors = _factors(columns, labels, raw.notes)
    parts = {
        split: (torch.from_numpy(stored[own]), torch.from_numpy(labels.numbers[own]))
        for split, own in rows.items()
    }
    fingerprints = {split: fingerprint(*part) for split, part in parts.items()}
    name, classes = _named(raw, labels.classes, fingerprints) if found else (raw.name, labels.classes)

    def known(split: str) -> Tensor | None:
        told = None if labels.known is None else labels.known[rows[split]]
        return None if told is None or told.all() else torch.from_numpy(told)

    made = {
        split: Data(
            name,
            split,
            images,
            numbers,
            classes,
            None if factors is None else torch.from_numpy(factors[rows[split]]),
            known=known(split),
            factor_names=names,
            fingerprints=fingerprints,
        )
        for split, (images, numbers) in parts.items()
    }
    turned = opening.turn or any(doubts.TURN in sentence for sentence in raw.notes.doubts)
    raw.notes.doubts += _doubts(made[TRAIN], made[TEST], turned)
    return Dataset(
        made[TRAIN].signature,
        lambda split, limit: made[split].head(limit),
        raw.about,
        names,
        fingerprints,
        opening.exposed(),
        raw.notes,
    )


def _doubts(train: Data, test: Data, turned: bool) -> list[str]:
    counts = [data.known_labels.bincount(minlength=len(data.classes)).tolist() for data in (train, test)]
    return [
        *(doubts.of_missing(*counts, train.classes) if train.classes else []),
        *doubts.of_counts(train.known_labels, train.classes),
        *doubts.of_images(train.images, train.classes, turned),
    ]


def _named(
    raw: Raw, classes: tuple[str, ...], fingerprints: Mapping[str, str]
) -> tuple[str, tuple[str, ...]]:
    """The name of a file or folder and its classes; those of the data set that it is, where we know it, and another name where it would be
    taken for one that it is not."""
    if (known := recognised(fingerprints)) is not None:
        raw.notes.say(f"these are the images of {known}")
        names = KNOWN[known].classes
        return known, names if len(names) == len(classes) else classes
    taken = vision.known(raw.name) or raw.name
    if taken not in KNOWN:
        return raw.name, classes
    raw.notes.doubt(f"its name is that of {taken}, and these are other images: called own-{raw.name} here")
    return f"own-{raw.name}", classes


def _factors(
    columns: Mapping[str, np.ndarray], labels: Labels, notes: Notes
) -> tuple[tuple[str, ...], np.ndarray | None]:
    """Columns that are no class as known factors `(N, F)`, numbered from 0, the class before them."""
    found: dict[str, np.ndarray] = {}
    for name, column in columns.items():
        values, places = np.unique(column, return_inverse=True)
        if 1 < len(values) <= min(MOST_VALUES, len(column) // 2):
            found[name] = places.astype(np.int64)
    if not found:
        return (), None
    notes.say(
        f"beside the class, {listed(list(found))} {'is' if len(found) == 1 else 'are'} known of each image"
    )
    if labels.classes:
        found = {"class": labels.numbers, **found}
    return tuple(found), np.stack([*found.values()], axis=1)


def _again(name: str, opening: Opening, report: Report) -> Dataset:
    """A data set by name, opened in another way than usual."""
    parts = [DATASETS[name].split(split) for split in (TRAIN, TEST)]
    raw = Raw(
        name,
        DATASETS[name].about,
        np.concatenate([part.images.numpy() for part in parts]),
        np.concatenate([part.labels.numpy() for part in parts]) if parts[0].classes else None,
        np.repeat([TRAIN, TEST], [len(part) for part in parts]),
        parts[0].classes or None,
        ordered=True,
    )
    return finished(raw, opening, report)


def _refusal(name: str, path: Path) -> str:
    """Why nothing reads it."""
    if path.is_dir():
        return f"{path.name} holds neither images nor arrays: give a folder of images by class, IDX files, or .npy files"
    if path.is_file():
        ending = "".join(path.suffixes[-1:]).lower()
        reason = next((text for endings, text in OTHERWISE.items() if ending in endings), None)
        return f"{path.name} {reason or 'is of no known sort: give .npz, .npy, IDX files, or a folder of images'}"
    if "/" in name or path.suffix:
        return f"there is no file or folder {name}: give one that is there"
    return (
        f"no data set is called {name!r}: choose one of {', '.join(DATASETS)}, one of torchvision's ({listed(list(vision.SETS), 3)}), "
        "hf:owner/name of Hugging Face, or a folder or file"
    )
