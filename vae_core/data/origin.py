"""The data behind a card: found again by its name, or where it is said to be; other data of that name is refused.

A card's `data` keeps a name, fingerprints and how the data was opened, and never a path.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import vision
from .fingerprint import KNOWN, same
from .hub import PREFIX
from .mnist import mnist_folder
from .opening import open_data
from .raw import Report
from .registry import DATASETS
from .source import Data, Dataset

# Folders and files, separated as paths are in PATH, where data of models that were trained from such may be found.
SOURCES_VARIABLE = "LATENT_EXPLORER_SOURCES"

Entry = Mapping[str, Any]


def data_of(
    entry: Entry, what: str | Path | Dataset | None = None, report: Report = lambda line: None
) -> Dataset:
    """The data that a card's entry `data` is about, opened as it was for training; or other data, where `what` names such.

    Raises ValueError where it came from a folder or file and is not given, and for other data under its name.
    """
    if isinstance(what, Dataset):
        found = what
    else:
        place = what or _place(str(entry["name"]))
        found = open_data(place, report=report, **_options(entry))
    if found.name == entry["name"]:
        check_same(entry, found.origin.fingerprints)
    return found


def is_own(entry: Entry, found: Dataset | Data) -> bool:
    """Whether this is the data that the entry is about: by fingerprint, or, where one of them has none, by name."""
    told = found.told if isinstance(found, Data) else found.origin
    alike = same(fingerprints_of(entry), told.fingerprints)
    return found.name == entry["name"] if alike is None else alike


def check_same(entry: Entry, fingerprints: Mapping[str, str]) -> None:
    """Raises ValueError for data that is other than the entry's."""
    if same(fingerprints_of(entry), fingerprints) is False:
        raise ValueError(
            f"the data called {entry['name']} here is not what the model was trained on (its fingerprint is {_written(fingerprints)}, "
            f"and not {_written(fingerprints_of(entry))}): name what it was trained on by --data"
        )


def fingerprints_of(entry: Entry) -> Mapping[str, str]:
    """Those of the entry; of an older card, which has none, those of the data set of its name where we know it."""
    known = KNOWN.get(entry["name"])
    return entry.get("fingerprint") or (known.fingerprints if known and not entry.get("opened") else {})


def same_data(one: Entry, other: Entry) -> bool:
    """Whether two cards are about one data set, of as many training images."""
    alike = same(fingerprints_of(one), fingerprints_of(other))
    parts = ("shape", "classes", "images", "pixels")
    named = one["name"] == other["name"] if alike is None else alike
    return named and all(one.get(part) == other.get(part) for part in parts)


def local_data(entry: Entry | str, split: str = "test") -> Data | None:
    """The split behind a card's entry, or of a name, if it is at hand without a download and the same, else None."""
    told = {"name": entry} if isinstance(entry, str) else entry
    try:
        if told["name"] not in DATASETS and not _given(told["name"]):
            return None
        if told["name"] == "mnist" and mnist_folder()[1]:
            return None
        found = data_of(told).split(split)
        check_same(told, found.told.fingerprints)
        return found
    except (ValueError, TypeError):
        return None


def _options(entry: Entry) -> dict[str, Any]:
    return dict(entry.get("opened") or {})


def _place(name: str) -> str:
    """Where data of that name is. Raises ValueError where nobody has said."""
    if name in DATASETS or vision.known(name) or name.startswith(PREFIX):
        return name
    if (given := _given(name)) is not None:
        return given
    raise ValueError(
        f"{name} came from a folder or file, and a card keeps no path: say where it is by --data, for example --data path/to/{name}"
    )


def _given(name: str) -> str | None:
    """The source of that name among those of the environment."""
    given = os.environ.get(SOURCES_VARIABLE, "").split(os.pathsep)
    return next(
        (path for path in given if path and Path(path).resolve().name.removesuffix(".gz") == name), None
    )


def _written(fingerprints: Mapping[str, str]) -> str:
    return " ".join(fingerprints.values()) or "not known"
