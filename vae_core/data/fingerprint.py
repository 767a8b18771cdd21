"""What tells data from other data of the same name: a hash of a fixed sample and of the sizes.

A card keeps it, since a path never stands there. Shapes: N rows.
"""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from .mapped import Stored

# So many rows of a split are hashed, evenly spread.
ROWS = 1000


class Known(NamedTuple):
    """A well-known data set: the fingerprints of its splits, in the order that we keep them in, and its classes."""

    fingerprints: Mapping[str, str]
    classes: tuple[str, ...]


DIGITS = tuple("0123456789")
LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
GARMENTS = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

KNOWN: dict[str, Known] = {
    "digits": Known({"train": "4f5a45e5446668fc", "test": "35d9ebe733a73be2"}, DIGITS),
    "fashion-mnist": Known({"train": "c3764bc17dcee326", "test": "fe88dfc7826b2ed0"}, GARMENTS),
    # Of the fonts that docs/glyphs.md lists: those of other fonts are known by their own fingerprints.
    "glyphs": Known({"train": "e180d89eb0db8bb2", "test": "9a222bd83e3b8066"}, LETTERS),
    "mnist": Known({"train": "88b6787fc1da87bf", "test": "68d85e0aa5d7f1a8"}, DIGITS),
    "rooms": Known(
        {"train": "24c7e8395e0726c5", "test": "e774872031251fba"}, ("box", "cylinder", "capsule", "sphere")
    ),
    "sprites": Known(
        {"train": "9e65b11fec5e7ad8", "test": "f8b7567f94d37a12"}, ("square", "ellipse", "heart")
    ),
}


def fingerprint(stored: Stored, labels: Tensor) -> str:
    """16 hexadecimal digits of a split's size, of 1,000 of its rows, evenly spread, and of their labels.

    >>> images, labels = torch.arange(4, dtype=torch.uint8).view(4, 1, 1, 1), torch.tensor([0, 1, 0, 1])
    >>> fingerprint(images, labels) == fingerprint(images.clone(), labels)
    True
    >>> fingerprint(images, labels) == fingerprint(images, 1 - labels)
    False
    """
    rows = torch.linspace(0, len(stored) - 1, min(ROWS, len(stored)), dtype=torch.float64).round().long()
    found = hashlib.sha256(f"{stored.dtype} {tuple(stored.shape)} ".encode())
    for part in (stored[rows], labels[rows].long()):
        found.update(part.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()[:16]


def recognised(found: Mapping[str, str]) -> str | None:
    """The name of the well-known data set that these are the fingerprints of, as far as both tell; None for others."""
    return next((name for name, known in KNOWN.items() if same(known.fingerprints, found)), None)


def same(one: Mapping[str, str], other: Mapping[str, str]) -> bool | None:
    """Whether two data sets are one by what both tell of their splits; None where that is nothing.

    >>> same({"train": "a"}, {"train": "a", "test": "b"}), same({"test": "a"}, {"test": "b"}), same({}, {"test": "b"})
    (True, False, None)
    """
    both = set(one) & set(other)
    return all(one[split] == other[split] for split in both) if both else None


def own(name: str) -> str:
    """What data is called that has the name of a well-known set and is not that.

    >>> own("mnist")
    'own-mnist'
    """
    return f"own-{name}"
