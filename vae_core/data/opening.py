"""Any source as a data set: names, folders, files and arrays, each by a reader; `finished` makes the data set.

Shapes: N images, C H W.
"""

import os
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from ..plugins import PluginWarning, Registry, reason_of
from . import annotated, folders, glyphs, hub, idx, npz, tables, vision
from .arrays import joined, written
from .finishing import finished
from .fonts import ENDINGS as FONTS
from .labels import NO_LABELS
from .mapped import Mapped, kept_in_file
from .notes import listed, name_of
from .pictures import ENDINGS
from .raw import TEST, TRAIN, Opening, Raw, Report
from .registry import DATASETS
from .source import Dataset


class Reader(NamedTuple):
    """One sort of file or folder.

    Attributes:
        takes: whether a path is of it.
        read: what is found there, opened as the `Opening` says; it raises ValueError, one sentence, for what cannot be read.

    Example:
        >>> Reader(lambda path: path.suffix == ".grid", lambda path, opening: Raw(path.name, "a grid", [])).takes(Path("a.grid"))
        True
    """

    takes: Callable[[Path], bool]
    read: Callable[[Path, Opening], Raw]


# The first that takes a path reads it. A line here, or `READERS.register` elsewhere, is all that another sort of file needs.
READERS: Registry[Reader] = Registry(
    "reader",
    "latent_explorer.readers",
    {
        "IDX files": Reader(idx.is_idx, idx.read_idx),
        "AnnData": Reader(annotated.is_annotated, annotated.of_genes),
        "tables": Reader(tables.is_table, tables.read_table),
        "arrays": Reader(npz.is_arrays, npz.read_arrays),
        "a folder of images": Reader(folders.is_folder_of_images, folders.read_folder),
    },
    lambda thing: isinstance(thing, Reader),
    "a Reader: whether it takes a path, and how it is read",
)

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
        ".tfrecord",
    ): "is of a format that is not read here: save its arrays by numpy.savez",
    (
        ".xlsx",
        ".xls",
        ".ods",
        ".json",
        ".jsonl",
        ".feather",
        ".sav",
        ".dta",
        ".sas7bdat",
        ".rds",
        ".rdata",
        ".arff",
    ): "is of a format that is not read here: save it as .csv or .parquet",
    (
        ".zarr",
        ".loom",
        ".h5mu",
    ): "is of a format that is not read here: save it as .h5ad, or its arrays by numpy.savez",
    ENDINGS: "is one image, and a data set holds many: give their folder",
    FONTS: "is a font: glyphs:FOLDER opens the letters of a folder of them",
}


def open_data(what: str | Path | Dataset, *, report: Report = lambda line: None, **options: Any) -> Dataset:
    """A data set by name, folder or file, or one that is open already.

    Args:
        what: a name of `DATASETS`; `glyphs:FOLDER`, letters in the fonts of a folder; one of torchvision's (`fashion-mnist`, `cifar10`, ...); `hf:owner/name` of Hugging Face; a folder of
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
    if glyphs.is_glyphs(name) and not opening.exposed():
        return glyphs.glyphs_of(name)
    if name in DATASETS and not opening.exposed():
        return replace(DATASETS[name], name=name)
    found = reader_of(what) is not None
    return finished(raw_of(what, opening, report), opening, report, found=found)


def reader_of(what: str | Path) -> Reader | None:
    """What reads a folder or file; None for a name, and for what nothing reads."""
    name, path = str(what), Path(what).expanduser()
    by_name = (
        name in DATASETS
        or glyphs.is_glyphs(name)
        or (vision.known(name) and not (path.exists() and "/" in name))
    )
    if by_name or hub.is_hub(name) or not path.parent.is_dir():
        return None
    return next((reader for name, reader in READERS.items() if _takes(name, reader, path)), None)


def _takes(name: str, reader: Reader, path: Path) -> bool:
    """Whether a reader takes a path; one of a plug-in that fails takes none."""
    if READERS.source(name) is None:
        return reader.takes(path)
    try:
        return bool(reader.takes(path))
    except Exception as error:
        warnings.warn(f"the reader {name!r} is left out: {reason_of(error)}", PluginWarning, stacklevel=2)
        return False


def raw_of(what: str | Path, opening: Opening, report: Report = lambda line: None) -> Raw:
    """The rows of a source in its own order, before anything is made of them. Raises ValueError as `open_data` does."""
    name, path = str(what), Path(what).expanduser()
    if (reader := reader_of(what)) is not None:
        report(f"reading {name_of(path)}")
        return _of_some(reader.read(Path(os.path.abspath(path)), opening))
    if glyphs.is_glyphs(name):
        return _by_name(glyphs.glyphs_of(name))
    if name in DATASETS:
        return _by_name(DATASETS[name])
    if (known := vision.known(name)) and not (path.exists() and "/" in name):
        return vision.read_vision(known, opening, report)
    if hub.is_hub(name):
        return hub.read_hub(name, opening, report)
    raise ValueError(_refusal(name, path))


def _of_some(raw: Raw) -> Raw:
    """What was read. Raises ValueError for rows of no width, of which a few bytes may hold any number."""
    shape = getattr(raw.images, "shape", (1,))
    if 0 in shape:
        raise ValueError(f"there are no images: {written(shape)} holds none")
    return raw


def data_from(
    x: Any,
    y: Any = None,
    *,
    test: Any = None,
    classes: tuple[str, ...] | None = None,
    known: Any = None,
    features: Sequence[str] | None = None,
    name: str = "own",
    report: Report = lambda line: None,
    **options: Any,
) -> Dataset:
    """A data set of arrays, tensors or a list of pictures.

    Args:
        x: images `(N, H, W)`, `(N, C, H, W)` or `(N, H, W, C)` of any type of number, or a list of arrays or of Pillow's images; or the
            rows of a table, `(N, F)` or a pandas DataFrame. A large `np.memmap` stays in its file.
        y: a class for each, numbers or text; None for data without classes.
        test: images to test on, or those and their classes `(x, y)`; a share of each class of `x` unless given.
        classes: names of numbered classes.
        features: the names of a table's columns.
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
    opening = Opening(**options)
    if hasattr(x, "columns"):
        raw = tables.of_frame(
            name, "a table", x, opening if y is None else replace(opening, labels=NO_LABELS)
        )
        raw.labels = raw.labels if y is None else _told(y, known)
        opening = replace(opening, labels=None) if opening.labels != NO_LABELS or y is not None else opening
    else:
        rows = _plain(x)
        named = tables.features_of(rows, features, opening)
        raw = Raw(name, "arrays", rows, _told(y, known), None, classes, ordered=True, features=named)
    if test is not None:
        _add(raw, *(test if isinstance(test, tuple) else (test, None)))
    if not len(raw.images):
        raise ValueError("there are no images: give some")
    return finished(raw, opening, report)


def _add(raw: Raw, x: Any, y: Any) -> None:
    """Images to test on."""
    train, test = raw.images, _plain(x)
    raw.split = np.repeat([TRAIN, TEST], [len(train), len(test)])
    raw.images = joined([train, test])
    if (raw.labels is None) != (y is None):
        raise ValueError(
            "one of training and test images has classes and the other none: give both, or neither"
        )
    if raw.labels is not None and y is not None:
        raw.labels = np.concatenate([np.asarray(part) for part in (raw.labels, _told(y, None))])


def _plain(x: Any) -> Any:
    """An array, or a list of images of sizes of their own."""
    if isinstance(x, Tensor):
        return x.detach().cpu().numpy()
    if kept_in_file(x):
        return Mapped([x])
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


def _by_name(dataset: Dataset) -> Raw:
    """The rows of a data set of ours: the training rows and then the test rows, as it has them."""
    parts = [dataset.split(split) for split in (TRAIN, TEST)]
    return Raw(
        dataset.name,
        dataset.about,
        np.concatenate([part.images[:].numpy() for part in parts]),
        np.concatenate([part.labels.numpy() for part in parts]) if parts[0].classes else None,
        np.repeat([TRAIN, TEST], [len(part) for part in parts]),
        parts[0].classes or None,
        shuffled=True,
        ordered=True,
    )


def _refusal(name: str, path: Path) -> str:
    """Why nothing reads it."""
    ending = path.suffix.lower()
    reason = next((text for endings, text in OTHERWISE.items() if ending in endings), None)
    if path.is_dir() and reason is not None:
        return f"{name_of(path)} {reason}"
    if path.is_dir():
        if any(file.suffix.lower() in FONTS for file in path.rglob("*")):
            return f"{name_of(path)} holds fonts: glyphs:{name} opens their letters"
        endings = Counter(file.suffix.lower() or file.name for file in path.rglob("*") if file.is_file())
        held = (
            f", but {listed([f'{count:,} {ending}' for ending, count in endings.most_common()], 3)}"
            if endings
            else ""
        )
        return f"{name_of(path)} holds neither images nor arrays{held}: give a folder of {', '.join(ENDINGS[:3])} files by class, IDX or .npy files"
    if path.is_file():
        return f"{path.name} {reason or 'is of no known sort: give a folder of images, .npz, .npy, IDX files, .csv, .tsv, .parquet or .h5ad'}"
    if "/" in name or path.suffix:
        return f"there is no file or folder {name}: give one that is there"
    return (
        f"no data set is called {name!r}: choose one of {', '.join(DATASETS)}, one of torchvision's ({listed(list(vision.SETS), 3)}), "
        "hf:owner/name of Hugging Face, or a folder or file"
    )
