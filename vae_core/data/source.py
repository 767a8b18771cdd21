"""A split of a data set as uint8 tensors in memory, or in their files where they are large, and what a data set by name is.

Shapes: N images, C H W, B a batch, K classes. Training images, and all of digits and sprites, come in a fixed shuffled order, so that any
leading part is a fair sample. The test images of MNIST keep the order of their file, since links and atlases number them by it, and are
not alike in their halves: whoever measures a part takes a `subset`.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..distributions import Sampler
from ..explore import likelihood_of
from ..kinds import Image, Kind, Table
from ..model import Model
from ..models import Signature, check_values, told_factors
from ..names import IMAGE, LABEL
from ..priors import one_hot
from ..readings import AS_STORED, BINARY, Reading
from .checks import check_factors, check_images, check_known, check_rows, checked_labels
from .fingerprint import fingerprint
from .mapped import Stored, rows_of, together
from .notes import Notes

if TYPE_CHECKING:
    from .report import Report


class Origin(NamedTuple):
    """What tells a data set from others of its name: fingerprints of its splits, as far as they are known, and how it was opened where
    that is not as usual (`Opening.exposed`)."""

    fingerprints: Mapping[str, str] = {}
    opened: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Data:
    """A split of a data set: N images, or rows of a table, in memory or in its files.

    Attributes:
        name: of the data set.
        split: which of its splits this is.
        images: `(N, C, H, W)` uint8, or rows `(N, F)` float32; `OnDisk` where they are large and
            stay in their files: indexing reads rows.
        labels: classes `(N,)` int64; 0 where the data has none.
        classes: their names; none for data without classes.
        factors: integers `(N, F)`, where they are known.
        reading: what a batch makes of stored values, which is what the likelihood scores (`scored_by`).
        known: which labels a batch tells, `(N,)` bool, where that is not all of them.
        factor_names: of the columns of factors.
        kind: what an observation is; images unless given, a table has to give it (`Table.of` its training
            rows).
        origin: what tells the data set from others of its name.
        columns: what else is known of each row, `(N,)` numbers (NaN where missing) or text, by name.
        places: the number of each row in its file or array, from 0, `(N,)`, where that is known.
        values: the factors that a batch tells (`scored_by`), by the variable's name: the value of each row
            `(N,)`, and how many values there are.

    Raises:
        ValueError: one sentence on what to give instead, for images, rows or labels that are anything else.

    Example:
        >>> images = torch.zeros(3, 1, 4, 4, dtype=torch.uint8)
        >>> data = Data("own", "train", images, torch.tensor([0, 1, 0]), ("zero", "one"))
        >>> len(data), data.batch(slice(2), Sampler.seeded(0))["y"].tolist()
        (3, [[1.0, 0.0], [0.0, 1.0]])
    """

    name: str
    split: str
    images: Stored
    labels: Tensor
    classes: tuple[str, ...]
    factors: Tensor | None = None
    reading: Reading = BINARY
    known: Tensor | None = None
    factor_names: tuple[str, ...] = ()
    kind: Kind = None  # type: ignore[assignment] - set by __post_init__ where it is not given
    origin: Origin | None = None
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    places: np.ndarray | None = None
    values: Mapping[str, tuple[Tensor, int]] = field(default_factory=dict)

    def __post_init__(self):
        if isinstance(self.kind, Table):
            check_rows(self.images, self.kind)
            object.__setattr__(self, "reading", AS_STORED)
        else:
            check_images(self.images)
            object.__setattr__(self, "kind", Image(*self.images.shape[1:]))
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "labels", checked_labels(self.labels, self.classes, len(self.images)))
        check_factors(self.factors, self.factor_names, len(self))
        check_known(self.known, len(self))

    def _with(self, **parts: Any) -> "Data":
        """The same but for some fields. A part of what was checked is not checked again, and may be empty."""
        other = copy.copy(self)
        other.__dict__.update(parts)
        return other

    def __len__(self) -> int:
        return len(self.images)

    @property
    def signature(self) -> Signature:
        return Signature(self.kind, self.classes)

    @property
    def told(self) -> Origin:
        """Its origin; where that is not given, its own fingerprint, as that of a whole split."""
        return self.origin or Origin({self.split: fingerprint(self.images, self.labels)})

    def unlabelled(self) -> "Data":
        """The same without its classes."""
        return self._with(labels=torch.zeros_like(self.labels), classes=(), known=None)

    def to(self, device: torch.device | str) -> "Data":
        known = None if self.known is None else self.known.to(device)
        values = {name: (value.to(device), count) for name, (value, count) in self.values.items()}
        return self._with(
            images=self.images.to(device), labels=self.labels.to(device), known=known, values=values
        )

    def rows(self, index: Tensor | slice) -> "Data":
        """A part of the data set, in the order of `index`."""
        factors, known = (None if part is None else part[index] for part in (self.factors, self.known))
        places = index if isinstance(index, slice) else torch.as_tensor(index).cpu().numpy()
        columns = {name: column[places] for name, column in self.columns.items()}
        return self._with(
            images=rows_of(self.images, index),
            labels=self.labels[index],
            factors=factors,
            known=known,
            columns=columns,
            places=None if self.places is None else self.places[places],
            values={name: (value[index], count) for name, (value, count) in self.values.items()},
        )

    def head(self, limit: int | None) -> "Data":
        """The first `limit` images: of a training split a random part, since that is shuffled; to measure a part, take a `subset`."""
        return self if limit is None else self.rows(slice(limit))

    def subset(self, limit: int | None, seed: int) -> "Data":
        """`limit` images chosen at random by the seed, all of them where there are no more. Raises ValueError for a limit below 1."""
        if limit is not None and limit < 1:
            raise ValueError(f"the limit must be at least 1, got {limit}")
        return self if limit is None or limit >= len(self) else self.rows(shuffled(len(self), seed)[:limit])

    def scored_by(self, model: Model) -> "Data":
        """The same data with the values that the model's likelihood scores, and the factors that it may be told.

        Raises ValueError for a model without a likelihood, or of another kind, and for a factor of more values than the model knows.
        """
        reading = likelihood_of(model).reading
        if not isinstance(self.kind, reading.kind):
            raise ValueError(
                f"{self.name} holds {self.kind.many}, and the model scores {reading.kind.many}: choose another"
            )
        return self._with(reading=reading, values=self._told_to(model))

    def _told_to(self, model: Model) -> dict[str, tuple[Tensor, int]]:
        if self.factors is None:
            return {}
        check_values(model, self.name, self.ranges)
        told = told_factors(model, self.factor_names)
        return {
            name: (self.factors[:, column].to(self.labels.device), count)
            for name, (column, count) in told.items()
        }

    @property
    def ranges(self) -> dict[str, tuple[int, int]]:
        """The least and the greatest value of each known factor."""
        if self.factors is None:
            return {}
        ends = (
            self.factors.aminmax(dim=0) if len(self) else (self.factors.new_zeros(self.factors.shape[1]),) * 2
        )
        return dict(zip(self.factor_names, zip(*(end.tolist() for end in ends), strict=True), strict=False))

    def drawn(self, seed: int = 0) -> Tensor:
        """All images as batches hold them, `(N, C, H, W)`, the noise of their pixels from `seed`."""
        return self.reading.of(self.images[:], Sampler.seeded(seed))

    @property
    def known_labels(self) -> Tensor:
        """The labels that batches tell."""
        return self.labels if self.known is None else self.labels[self.known]

    def with_labels(self, count: int, seed: int = 0) -> "Data":
        """The same data with `count` labels known, drawn by the seed: as many of each class, or all of a class that has fewer.

        Raises ValueError for fewer than one for each class, and for more than there are.
        """
        if not self.classes:
            raise ValueError(
                f"{self.name} has no classes, so there are no labels to tell: leave out --labels"
            )
        order, labels = shuffled(len(self), seed), self.labels.cpu()
        if self.known is not None:
            order = order[self.known.cpu()[order]]
        there = labels[order].bincount(minlength=len(self.classes))
        if count < int((there > 0).sum()):
            raise ValueError(
                f"{count} labels are fewer than the {len(self.classes)} classes: tell one of each at least"
            )
        if count > len(order):
            raise ValueError(f"{self.name} has {len(order):,} labels, fewer than {count:,}: ask for fewer")
        known = torch.zeros(len(self), dtype=torch.bool)
        for c, each in enumerate(evenly(count, there.tolist())):
            known[order[labels[order] == c][:each]] = True
        return self._with(known=known.to(self.labels.device))

    def batch(self, index: Tensor | slice, sampler: Sampler) -> dict[str, Tensor]:
        """`{"x": what the likelihood scores, "y": one-hot classes}` and the factors that are told; noise is fresh. An unknown label is a row
        of zeros."""
        labels = one_hot(self.labels[index], len(self.classes))
        if self.known is not None:
            labels = labels * self.known[index][:, None]
        told = {name: one_hot(value[index], count) for name, (value, count) in self.values.items()}
        return {IMAGE: self.reading.of(self.images[index], sampler), LABEL: labels, **told}

    def batches(self, size: int, seed: int = 0) -> Iterator[dict[str, Tensor]]:
        """All images in order, each drawn once by noise from `seed`: what every evaluation sees."""
        sampler = Sampler.seeded(seed)
        for start in range(0, len(self), size):
            yield self.batch(slice(start, start + size), sampler)


def evenly(count: int, there: Sequence[int]) -> list[int]:
    """How many of each class, at most as many as `there` are, add up to `count`: as equal as can be.

    >>> evenly(20, [100, 100]), evenly(100, [900, 5, 6]), evenly(5, [9, 9, 9])
    ([10, 10], [89, 5, 6], [2, 2, 1])
    """
    found = [0] * len(there)
    while (left := count - sum(found)) > 0:
        open_ = [c for c, most in enumerate(there) if found[c] < most]
        for place, c in enumerate(open_):
            share = left // len(open_) + (place < left % len(open_))
            found[c] = min(there[c], found[c] + share)
    return found


def shuffled(n: int, seed: int = 0) -> Tensor:
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed))


SPLITS = ("train", "test", "all")


@dataclass(frozen=True)
class Dataset:
    """A data set: its signature, known without loading it, and how to load a split, or at least `limit` rows of it.

    Attributes:
        signature: what an observation is, and the names of the classes.
        load: gives a split by its name, or at least so many rows of it.
        about: what it is.
        name: what it is called.
        origin: what tells it from others of its name.

    Example:
        >>> from vae_core.data import open_data
        >>> found = open_data("digits")
        >>> found.signature.shape, len(found.test), found.split("train", limit=5).images.shape
        ((1, 8, 8), 447, torch.Size([5, 1, 8, 8]))
    """

    signature: Signature
    load: Callable[[str, int | None], Data]
    about: str
    factors: tuple[str, ...] = ()
    """What its images were made of, where that is known."""
    name: str = ""
    origin: Origin = field(default_factory=Origin)
    notes: Notes = field(default_factory=Notes)
    """What was said when it was opened."""
    whole: Data | None = None
    """All rows in the order of their source, where items are numbered by it."""

    @property
    def report(self) -> "Report":
        """What was understood of it, in lines: `print(found.report)`. Both splits are read, and compared."""
        from .report import Report

        return Report.of(self)

    @property
    def train(self) -> Data:
        return self.split("train")

    @property
    def test(self) -> Data:
        return self.split("test")

    def split(self, name: str = "train", limit: int | None = None) -> Data:
        """A split, or its first `limit` rows; "all" are the training rows and then the test rows, or `whole`. Raises ValueError for another name."""
        if name not in SPLITS:
            raise ValueError(f"no split is called {name!r}: choose {', '.join(SPLITS)}")
        if limit is not None and limit < 1:
            raise ValueError(f"the limit must be at least 1, got {limit}")
        if name == "all" and self.whole is not None:
            return self.whole.head(limit)
        if name == "all":
            return joined(self.train, self.test).head(limit)
        found = self.load(name, limit)
        return (found if found.origin else found._with(origin=self._origin(found, limit))).head(limit)

    def _origin(self, found: Data, limit: int | None) -> Origin:
        """Its own, with the fingerprint of a split that was loaded whole where it has none."""
        if self.origin.fingerprints or limit is not None:
            return self.origin
        return self.origin._replace(fingerprints={found.split: fingerprint(found.images, found.labels)})


def joined(first: Data, second: Data) -> Data:
    """The rows of two splits of a data set, one after the other, as the split "all".

    Args:
        first: the first split.
        second: the second.

    Returns:
        The rows of both; factors where both know them.

    Example:
        >>> images, label = torch.zeros(1, 1, 4, 4, dtype=torch.uint8), torch.tensor([0])
        >>> train, test = (Data("own", split, images, label, ("zero",)) for split in ("train", "test"))
        >>> len(joined(train, test)), joined(train, test).split
        (2, 'all')
    """

    def both(part: str) -> Any:
        parts = [getattr(data, part) for data in (first, second)]
        return None if any(value is None for value in parts) else torch.cat(parts)

    known = [
        torch.ones(len(data), dtype=torch.bool) if data.known is None else data.known
        for data in (first, second)
    ]
    partly = first.known is not None or second.known is not None
    return replace(
        first,
        split="all",
        images=together(first.images, second.images),
        labels=both("labels"),
        factors=both("factors"),
        known=torch.cat(known) if partly else None,
        columns={
            name: np.concatenate([column, second.columns[name]])
            for name, column in first.columns.items()
            if name in second.columns
        },
        places=None
        if first.places is None or second.places is None
        else np.concatenate([first.places, second.places]),
    )
