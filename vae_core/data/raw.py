"""What a reader found in a source, before anything is made of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from .notes import Notes

Fit = Literal["crop", "pad"]
Values = Literal["auto", "stretch"]
Ground = Literal["black", "white"]

TRAIN, TEST = "train", "test"

# What people call a column that tells the split, and its parts.
SPLITS = ("split", "splits", "fold", "subset")
PARTS = {
    **dict.fromkeys(("train", "training", "tr"), TRAIN),
    **dict.fromkeys(("test", "testing", "te"), TEST),
    **dict.fromkeys(("val", "valid", "validation"), "validation"),
}


@dataclass(frozen=True, kw_only=True)
class Opening:
    """How a source is opened.

    Raises:
        ValueError: for what cannot be.

    Example:
        >>> Opening(size=48).sides
        (48, 48)
    """

    size: tuple[int, ...] | None = None
    """Height and width that images are brought to, or one number for both; as they are unless given."""
    fit: Fit = "crop"
    """Images of another shape are cut in their middle (crop), or set on a ground (pad)."""
    values: Values = "auto"
    """What grey values mean: found by their range (auto), or stretched from their least to their greatest (stretch)."""
    ground: Ground | None = None
    """Colour under what is transparent or padded; black unless given, and white under dark figures."""
    turn: bool = False
    """Turn images that lie on their side: swap rows and columns."""
    shape: tuple[int, ...] | None = None
    """Height and width of images that are stored as vectors; channels before them where there are several."""
    images: str | None = None
    """Name of the array or column that holds the images, where it is no usual one."""
    labels: str | None = None
    """Name of the array or column that holds the class; none for data without classes."""
    columns: tuple[str, ...] | None = None
    """The columns of a table that are its features; all that hold numbers unless given."""
    types: tuple[str, ...] | None = None
    """What features are: real, count or binary for all of them, or name=type for some; found by their values unless given."""
    layer: str | None = None
    """The layer of an AnnData file that is read; one of counts unless given, else X."""
    unknown: str | None = None
    """The label, or folder, of images whose class is not known."""
    labelled_only: bool = False
    """Leave out images whose class is not known."""
    skip_broken: bool = False
    """Leave out what cannot be read or holds values that are no numbers."""
    fill_missing: bool = False
    """Put the mean of the training rows where a table lacks a value; of counts and of 0 and 1 the nearest whole number."""
    test_share: float = 0.2
    """Share of the images that are kept for testing, where the source has no split of its own."""

    def __post_init__(self):
        object.__setattr__(self, "size", _sides("size", self.size, (1, 2)))
        object.__setattr__(self, "shape", _sides("shape", self.shape, (2, 3)))
        for name in ("columns", "types"):
            given = getattr(self, name)
            object.__setattr__(self, name, tuple(map(str, given)) if given else None)
        for name, allowed in (("fit", Fit), ("values", Values)):
            _one_of(name, getattr(self, name), get_args(allowed))
        _one_of("ground", self.ground, (None, *get_args(Ground)))
        if not 0 < self.test_share < 1:
            raise ValueError(f"the share of test images lies between 0 and 1, got {self.test_share}")

    @property
    def sides(self) -> tuple[int, int] | None:
        """Height and width that images are brought to; None for those they have."""
        return None if self.size is None else (self.size[0], self.size[-1])

    def exposed(self) -> dict[str, Any]:
        """What is not as usual, as a card has it."""
        usual = Opening()
        found = {name: value for name, value in vars(self).items() if value != getattr(usual, name)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def _sides(name: str, sides: Any, lengths: tuple[int, int]) -> tuple[int, ...] | None:
    if sides is None:
        return None
    found = (sides,) if isinstance(sides, int) else tuple(sides)
    if len(found) not in lengths or not all(isinstance(side, int) and 0 < side <= 4096 for side in found):
        raise ValueError(
            f"{name} is {lengths[0]} or {lengths[1]} numbers from 1 to 4096, got {' '.join(map(str, found)) or 'none'}"
        )
    return found


def _one_of(name: str, value: Any, allowed: Sequence[Any]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is {' or '.join(str(one) for one in allowed if one)}, got {value!r}")


Report = Callable[[str], None]


@dataclass
class Raw:
    """Rows of a source as it has them.

    Attributes:
        name: of the source.
        about: what it is, in words.
        images: an array `(N, ...)`, or N files, pictures or arrays of sizes of their own; of a table its rows `(N, F)`.
        labels: numbers or text, one a row, or one-hot rows; None without classes.
        split: "train" or "test" for each row; None where the source has no split.
        classes: names of labels that are numbers.
        columns: what else each row is known by.
        ordered: whether the order of the test rows is that of a file, which others number them by.
        shuffled: whether training rows are so already.
        features: the names of a table's columns, where `images` are the rows of one.
        notes: what is to be said of it.

    Example:
        >>> len(Raw("mine", "two images", np.zeros((2, 8, 8), np.uint8)))
        2
    """

    name: str
    about: str
    images: Any
    labels: Any = None
    split: np.ndarray | None = None
    classes: tuple[str, ...] | None = None
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    ordered: bool = False
    shuffled: bool = False
    features: tuple[str, ...] | None = None
    notes: Notes = field(default_factory=Notes)

    def __len__(self) -> int:
        return len(self.images)
