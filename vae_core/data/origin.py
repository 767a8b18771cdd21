"""The data behind a card: found again by its name, or where it is said to be; other data of that name is refused.

A card's `data` keeps a name, fingerprints and how the data was opened, and never a path.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from . import vision
from .fingerprint import same
from .hub import PREFIX
from .mnist import mnist_folder
from .opening import open_data
from .raw import Report
from .registry import DATASETS
from .source import Data, Dataset

# Folders and files, separated as paths are in PATH, where data of models that were trained from such may be found.
SOURCES_VARIABLE = "LATENT_EXPLORER_SOURCES"


class Told(Protocol):
    """What a card says of its data (`checkpoints.card.TrainedOn`)."""

    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> Mapping[str, str]: ...
    @property
    def opened(self) -> Mapping[str, Any]: ...


def data_of(
    told: Told, what: str | Path | Dataset | None = None, report: Report = lambda line: None
) -> Dataset:
    """The data that a card tells of, opened as it was for training; or other data.

    Args:
        told: what a card says of its data.
        what: other data, or where it lies.
        report: told what is going on.

    Returns:
        The data set.

    Raises:
        ValueError: where it came from a folder or file and is not given, and for other data under its name.

    Example:
        >>> from vae_core.checkpoints import load_card
        >>> data_of(load_card("vae-mnist").data, "digits").name
        'digits'
    """
    if isinstance(what, Dataset):
        found = what
    else:
        found = open_data(what or _place(told), report=report, **told.opened)
    if found.name == told.name:
        check_same(told, found.origin.fingerprints)
    return found


def is_own(told: Told, found: Dataset) -> bool:
    """Whether this is the data that a card tells of: by fingerprint, or, where one of them has none, by name.

    Args:
        told: what a card says of its data.
        found: a data set.

    Returns:
        True or False.

    Example:
        >>> from vae_core.checkpoints import load_card
        >>> is_own(load_card("vae-mnist").data, open_data("digits"))
        False
    """
    alike = same(told.fingerprint, found.origin.fingerprints)
    return found.name == told.name if alike is None else alike


def check_same(told: Told, fingerprints: Mapping[str, str]) -> None:
    """Refuses data that is other than the card's.

    Args:
        told: what a card says of its data.
        fingerprints: of the data, by split.

    Raises:
        ValueError: where both have a fingerprint of a split, and they differ.

    Example:
        >>> from types import SimpleNamespace
        >>> check_same(SimpleNamespace(name="scans", fingerprint={"test": "ab"}, opened={}), {"test": "cd"})
        Traceback (most recent call last):
        ValueError: the data called scans here is not what the model was trained on (its fingerprint is cd, and not ab): name what it was trained on by --data
    """
    if same(told.fingerprint, fingerprints) is False:
        raise ValueError(
            f"the data called {told.name} here is not what the model was trained on (its fingerprint is {_written(fingerprints)}, "
            f"and not {_written(told.fingerprint)}): name what it was trained on by --data"
        )


def local_data(told: Told, split: str = "test") -> Data | None:
    """The split behind a card, if it is at hand without a download and the same, else None.

    Args:
        told: what a card says of its data.
        split: "test", "train" or "all".

    Returns:
        The split, or None.

    Example:
        >>> from types import SimpleNamespace
        >>> local_data(SimpleNamespace(name="scans", fingerprint={}, opened={})) is None
        True
        >>> len(local_data(SimpleNamespace(name="digits", fingerprint={}, opened={})))
        447
    """
    if (
        getattr(told, "images", None) == 0
        or (told.name not in DATASETS and not _given(told.name))
        or (told.name == "mnist" and mnist_folder()[1])
    ):
        return None
    try:
        found = data_of(told).split(split)
        check_same(told, found.told.fingerprints)
        return found
    except (ValueError, TypeError):
        return None


def known(name: str) -> bool:
    """Whether data is opened by this name alone: ours, torchvision's and Hugging Face's are; a folder's or file's is not.

    Args:
        name: of a data set.

    Returns:
        True or False.

    Example:
        >>> known("digits"), known("fashion-mnist"), known("scans")
        (True, True, False)
    """
    return name in DATASETS or vision.known(name) is not None or name.startswith(PREFIX)


def _place(told: Told) -> str:
    """Where the data is that a card tells of. Raises ValueError where nobody has said."""
    name, wants = told.name, getattr(told, "wants", None)
    if getattr(told, "images", None) == 0:
        raise ValueError("no data came with this model: give some by --data")
    if known(name):
        return name
    if (given := _given(name)) is not None:
        return given
    if wants is not None:
        raise ValueError(f"the data of this model are not at hand: it {wants.lacking}")
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
