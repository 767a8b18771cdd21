"""What was understood of a source, in words and as a sheet of pictures, before anything trains.

Shapes: N images, C H W, K classes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import PIL.Image
import torch

from ..kinds import Image, Kind, Table, rows_at_once
from . import doubts
from .notes import counted, listed
from .source import Data, Dataset

# A sheet shows so many classes, so many images of each, with so many pixels between them; small images are enlarged to this side.
CLASSES, EACH, GAP, SIDE = 24, 12, 2, 48
# A text names so many classes.
NAMED = 20


@dataclass(frozen=True)
class Report:
    """A data set as it was understood: `str(report)` says it in lines.

    Attributes:
        name: of the data set.
        about: what it is.
        kind: what an observation is.
        classes: the names of the classes.
        factors: the least and the greatest value of each known factor, by its name.
        fingerprints: of the splits.
        said: what was done, in sentences.
        doubts: what may be wrong, each with what to do about it.

    Example:
        >>> from vae_core.data import open_data
        >>> report = open_data("digits").report
        >>> report.sizes, report.shape, report.values
        ({'train': 1350, 'test': 447}, (1, 8, 8), (0, 255))
    """

    name: str
    about: str
    kind: Kind
    values: tuple[float, float]
    """The least and the greatest stored value of the training images."""
    classes: tuple[str, ...]
    counts: dict[str, tuple[int, ...]]
    """Images of each class by split."""
    sizes: dict[str, int]
    """Images by split."""
    unknown: dict[str, int]
    """Images of no known class by split."""
    factors: dict[str, tuple[int, int]]
    fingerprints: dict[str, str]
    said: tuple[str, ...]
    doubts: tuple[str, ...]

    @classmethod
    def of(cls, found: Dataset) -> "Report":
        """Reads both splits, and compares them."""
        parts = {"train": found.train, "test": found.test}
        train, test = parts.values()
        counts = {split: _counts(data) for split, data in parts.items()}
        low, high = _ends(train)
        return cls(
            train.name,
            found.about,
            train.kind,
            (low, high),
            train.classes,
            counts,
            {split: len(data) for split, data in parts.items()},
            {split: 0 if data.known is None else int((~data.known).sum()) for split, data in parts.items()},
            train.ranges,
            {**train.told.fingerprints, **test.told.fingerprints},
            tuple(found.notes.said),
            (*found.notes.doubts, *_doubts(train, test)),
        )

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        yield f"{self.name}: {self.about}"
        yield f"{self.kind.many:<12} {self.described}, values from {self.values[0]:g} to {self.values[1]:g}"
        yield "splits       " + ", ".join(f"{count:,} {split}" for split, count in self.sizes.items())
        yield f"classes      {self._classes()}"
        for number in range(min(len(self.classes), NAMED)):
            each = " + ".join(f"{self.counts[split][number]:,}" for split in self.sizes)
            yield f"             {self.classes[number]}: {each}"
        if len(self.classes) > NAMED:
            yield f"             and {len(self.classes) - NAMED:,} more, of {self._range(NAMED)} {self.kind.many} each"
        if self.factors:
            yield f"known        {', '.join(self.factors)}"
        yield "fingerprint  " + ", ".join(f"{split} {mark}" for split, mark in self.fingerprints.items())
        for sentence in self.said:
            yield f"done         {sentence}"
        for sentence in self.doubts:
            yield f"doubt        {sentence}"
        if not self.doubts:
            yield "no doubts"

    @property
    def described(self) -> str:
        """What an observation is, in words: "colour, 32 x 32 pixels (height x width)"."""
        return _told(self.kind)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one observation."""
        return self.kind.shape

    def _classes(self) -> str:
        if not self.classes:
            return "none: models of classes cannot train on it, vae and the others can"
        unknown = sum(self.unknown.values())
        rest = f", not known of {counted(unknown, self.kind.one)}" if unknown else ""
        return f"{len(self.classes):,}{rest} (train + test)"

    def _range(self, start: int) -> str:
        counts = [
            sum(self.counts[split][number] for split in self.sizes)
            for number in range(start, len(self.classes))
        ]
        return f"{min(counts):,}" if min(counts) == max(counts) else f"{min(counts):,} to {max(counts):,}"


def _told(kind: Kind) -> str:
    if isinstance(kind, Image):
        colour = {1: "grey", 3: "colour"}.get(kind.channels, f"{kind.channels} channels")
        return f"{colour}, {kind.height} x {kind.width} pixels (height x width)"
    types = kind.types if isinstance(kind, Table) else ()
    each = ", ".join(f"{types.count(one)} {one}" for one in dict.fromkeys(types))
    return f"{counted(kind.size, 'feature')} ({each}): {listed(list(kind.features), 8)}"


def _doubts(train: Data, test: Data) -> list[str]:
    return doubts.of_parts(train.images, test.images) if isinstance(train.kind, Image) else []


def _ends(data: Data) -> tuple[float, float]:
    """The least and the greatest stored value."""
    ends = [part.aminmax() for part in data.images.split(rows_at_once(data.kind.size))]
    return min(end.min.item() for end in ends), max(end.max.item() for end in ends)


def _counts(data: Data) -> tuple[int, ...]:
    return tuple(data.known_labels.bincount(minlength=len(data.classes)).tolist()) if data.classes else ()


def sheet(data: Data) -> PIL.Image.Image:
    """A picture of some images: a row for each of the first 24 classes, 12 images in it; without classes 8 rows of any.

    Args:
        data: the split.

    Returns:
        The picture; images of less than 25 pixels a side are enlarged by a whole number.

    Example:
        >>> from vae_core.data import load_data
        >>> sheet(load_data("digits")).size
        (602, 502)
    """
    rows = [_of_class(data, number) for number in range(min(len(data.classes), CLASSES))] or [
        torch.arange(start, min(start + EACH, len(data)))
        for start in range(0, min(len(data), 8 * EACH), EACH)
    ]
    pictures = {
        row: data.kind.picture(data.kind.shown(data.images[chosen])) for row, chosen in enumerate(rows)
    }
    height, width = pictures[0].shape[2:]
    scale = max(1, SIDE // max(height, width))
    high, wide = scale * height + GAP, scale * width + GAP
    paper = np.full((len(rows) * high + GAP, EACH * wide + GAP, 3), 128, np.uint8)
    for row, shown in pictures.items():
        for column, image in enumerate(shown.movedim(1, -1).numpy()):
            large = image[..., :3].repeat(scale, 0).repeat(scale, 1)
            top, left = GAP + row * high, GAP + column * wide
            paper[top : top + scale * height, left : left + scale * width] = large
    return PIL.Image.fromarray(paper)


def _of_class(data: Data, number: int) -> torch.Tensor:
    mine = data.labels == number if data.known is None else (data.labels == number) & data.known
    return mine.nonzero()[:EACH, 0]
