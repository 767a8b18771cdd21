"""Data sets of Hugging Face's `datasets`, by name or as folders that it has written: memory-mapped, read row by row.

The package is an extra of ours, and is imported when one is opened. No code of a data set is run.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .arrays import joined
from .labels import NO_LABELS
from .notes import Notes, listed, name_of
from .raw import TEST, TRAIN, Opening, Raw, Report

PREFIX = "hf:"
MARKS = ("dataset_dict.json", "dataset_info.json", "state.json")
LABELS = ("label", "labels", "fine_label", "class", "target", "y")


def is_hub(what: str) -> bool:
    """Whether this is `hf:owner/name`, or a folder that `save_to_disk` wrote."""
    return what.startswith(PREFIX) or any((Path(what) / mark).is_file() for mark in MARKS)


def read_hub(what: str, opening: Opening, report: Report) -> Raw:
    """Images, classes and splits of a data set. Raises ValueError without the package, for a name that is not found, and without images."""
    parts = _loaded(what, report)
    first = next(iter(parts.values()))
    image = _image_column(first, opening.images)
    label = None if opening.labels == NO_LABELS else _label_column(first, opening.labels)
    rows = [_rows(part, image) for part in parts.values()]
    names = getattr(first.features.get(label), "names", None) if label else None
    return Raw(
        what if what.startswith(PREFIX) else name_of(what),
        "a data set of Hugging Face",
        joined(rows),
        np.concatenate(
            [np.asarray(part[label][:], dtype=object if names is None else None) for part in parts.values()]
        )
        if label
        else None,
        np.repeat([TEST if name == TEST else TRAIN for name in parts], [len(own) for own in rows])
        if len(parts) > 1
        else None,
        None if names is None else tuple(names),
        ordered=True,
        notes=_notes(parts),
    )


def _notes(parts: Mapping[str, Any]) -> Notes:
    notes = Notes()
    if others := [name for name in parts if name not in ("", TRAIN, TEST)]:
        notes.say(f"the images of {listed(others)} are counted to the training images")
    return notes


def _package() -> Any:
    """The package datasets. Raises ValueError without it."""
    try:
        return import_module("datasets")
    except ImportError:
        raise ValueError(
            "data sets of Hugging Face need the package datasets: install it by pip install 'latent-explorer[datasets]'"
        ) from None


def _loaded(what: str, report: Report) -> dict[str, Any]:
    """The parts by name."""
    datasets = _package()
    try:
        if what.startswith(PREFIX):
            name, _, version = what.removeprefix(PREFIX).partition(":")
            report(f"loading {name}")
            found = datasets.load_dataset(name, version or None)
        else:
            found = datasets.load_from_disk(what)
    except Exception as error:  # each data set fails in its own way
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{what} is not available ({reason}): go online, or give its folder") from None
    parts = dict(found) if isinstance(found, Mapping) else {"": found}
    if "validation" in parts and TEST not in parts:
        parts[TEST] = parts.pop("validation")
    return {name: part for name, part in parts.items() if len(part)}


def _image_column(part: Any, given: str | None) -> str:
    features = part.features
    if given is not None:
        _check_column(given, features)
        return given
    found = [
        name for name, kind in features.items() if type(kind).__name__ in ("Image", "Array2D", "Array3D")
    ]
    if not found:
        raise ValueError(
            f"no column holds images: name one by --image-column, there are {listed(list(features), 8)}"
        )
    return found[0]


def _label_column(part: Any, given: str | None) -> str | None:
    features = part.features
    if given is not None:
        _check_column(given, features)
        return given
    classes = [name for name, kind in features.items() if type(kind).__name__ == "ClassLabel"]
    return next((name for name in (*LABELS, *classes) if name in features), None)


def _check_column(name: str, features: Mapping[str, Any]) -> None:
    if name not in features:
        raise ValueError(f"no column is called {name!r}: there are {listed(list(features), 8)}")


def _rows(part: Any, column: str) -> Any:
    """An array of a column of arrays; else one function an image, which reads its bytes when they are asked for."""
    datasets = _package()
    if not isinstance(part.features[column], datasets.Image):
        return np.asarray(part.with_format("numpy")[column][:])
    files = part.cast_column(column, datasets.Image(decode=False))
    return [_Row(files, number, column) for number in range(len(part))]


class _Row(NamedTuple):
    part: Any
    number: int
    column: str

    def __call__(self) -> Any:
        found = self.part[self.number][self.column]
        return found["bytes"] if found.get("bytes") is not None else Path(found["path"])
