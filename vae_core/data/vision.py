"""torchvision's data sets of labelled images by name, from the folder in LATENT_EXPLORER_DATA, or downloaded.

torchvision takes seconds to import, so that happens when one is opened.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .arrays import joined
from .downloads import downloaded
from .mnist import CACHE, DATA_VARIABLE
from .notes import Notes
from .raw import TEST, TRAIN, Opening, Raw, Report

Options = Mapping[str, Any]


class Set(NamedTuple):
    """torchvision's class, and what makes its training and its test part; one of them alone is the whole."""

    kind: str
    train: Options
    test: Options | None = None


def _by_flag(kind: str, **more: Any) -> Set:
    return Set(kind, {"train": True, **more}, {"train": False, **more})


def _by_split(kind: str, train: str = TRAIN, test: str = TEST, **more: Any) -> Set:
    return Set(kind, {"split": train, **more}, {"split": test, **more})


EMNIST = ("balanced", "byclass", "bymerge", "digits", "letters", "mnist")

SETS: dict[str, Set] = {
    "fashion-mnist": _by_flag("FashionMNIST"),
    "kmnist": _by_flag("KMNIST"),
    "qmnist": _by_flag("QMNIST"),
    **{f"emnist-{split}": _by_flag("EMNIST", split=split) for split in EMNIST},
    "usps": _by_flag("USPS"),
    "cifar10": _by_flag("CIFAR10"),
    "cifar100": _by_flag("CIFAR100"),
    "svhn": _by_split("SVHN"),
    "stl10": _by_split("STL10"),
    "gtsrb": _by_split("GTSRB"),
    "pcam": _by_split("PCAM"),
    "dtd": _by_split("DTD"),
    "food101": _by_split("Food101"),
    "flowers102": _by_split("Flowers102"),
    "oxford-iiit-pet": _by_split("OxfordIIITPet", "trainval"),
    "fgvc-aircraft": _by_split("FGVCAircraft", "trainval"),
    "country211": _by_split("Country211"),
    "rendered-sst2": _by_split("RenderedSST2"),
    "lfw-people": _by_split("LFWPeople"),
    "imagenette": _by_split("Imagenette", test="val", size="160px"),
    "celeba": _by_split("CelebA"),
    "omniglot": Set("Omniglot", {}),
    "semeion": Set("SEMEION", {}),
    "eurosat": Set("EuroSAT", {}),
    "caltech101": Set("Caltech101", {}),
    "caltech256": Set("Caltech256", {}),
    "sun397": Set("SUN397", {}),
}

# Where torchvision's objects keep their labels.
LABELS = ("targets", "labels", "_labels", "y")


def known(what: str) -> str | None:
    """The name of a set as it stands in the list, however its words are joined; None where there is none.

    >>> known("FashionMNIST"), known("cifar-10"), known("nonesuch")
    ('fashion-mnist', 'cifar10', None)
    """
    return {_bare(name): name for name in SETS}.get(_bare(what))


def _bare(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")


def read_vision(name: str, opening: Opening, report: Report) -> Raw:
    """A set by its name. Raises ValueError where it is neither at hand nor to be downloaded."""
    notes, wanted = Notes(), SETS[name]
    parts = [
        _made(name, wanted.kind, options, report)
        for options in (wanted.train, wanted.test)
        if options is not None
    ]
    images = [_images(part) for part in parts]
    if name.startswith("emnist"):
        notes.say("EMNIST's images lie on their side in its files: they are turned")
        images = [np.swapaxes(own, 1, 2) for own in images]
    labels = [_labels(part, len(own)) for part, own in zip(parts, images, strict=True)]
    if any(own is None for own in labels):
        notes.say("it has no class for each image, so the images have no classes")
    classes = getattr(parts[0], "classes", None)
    lengths = [len(own) for own in images]
    return Raw(
        name,
        f"torchvision's {wanted.kind}",
        joined(images),
        None if any(own is None for own in labels) else np.concatenate([np.asarray(own) for own in labels]),
        np.repeat([TRAIN, TEST], lengths) if len(parts) == 2 else None,
        tuple(map(str, classes)) if isinstance(classes, Sequence) else None,
        ordered=True,
        notes=notes,
    )


def _made(name: str, kind: str, options: Options, report: Report) -> Any:
    """torchvision's object, from the folder that is given where it holds it, else from the cache, where it is downloaded to."""
    report(f"looking for {name}")
    import torchvision.datasets

    make = getattr(torchvision.datasets, kind)
    given = os.environ.get(DATA_VARIABLE)
    try:
        if given and Path(given).is_dir():
            try:
                return make(given, download=False, **options)
            except (RuntimeError, OSError):  # torchvision's word for files that are not there
                pass
        return downloaded(make, CACHE, report, **options)
    except Exception as error:  # each set fails in its own way
        raise ValueError(
            f"{name} is not available ({' '.join(str(error).split())[:200]}): go online, or set {DATA_VARIABLE} to a folder that holds it as "
            "torchvision keeps it"
        ) from None


def _images(part: Any) -> Any:
    """All images as one array where torchvision keeps them so, else one function an image."""
    data = getattr(part, "data", None)
    if hasattr(data, "shape") and len(data) == len(part):  # type: ignore[arg-type]
        return np.asarray(data)
    return [_Item(part, number) for number in range(len(part))]


class _Item(NamedTuple):
    """An image that is read when it is asked for."""

    part: Any
    number: int

    def __call__(self) -> Any:
        return self.part[self.number][0]


def _labels(part: Any, count: int) -> Any:
    """One label an image; None where there is none, or several."""
    for name in LABELS:
        found = getattr(part, name, None)
        if found is not None and len(found) == count and np.ndim(found) == 1:
            return found
    if not isinstance(part[0][1], int | np.integer | str):
        return None
    return [part[number][1] for number in range(count)]
