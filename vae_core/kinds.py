"""What an observation is: images are one kind, the rows of a table another.

A kind says what the stored values of an observation are, how they are shown, and what picture they make. A data set and a model have
one; everything between them holds tensors. Shapes: N observations, C H W image, F features.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, Protocol, get_args

import torch
from torch import Tensor, nn

ColumnType = Literal["real", "count", "binary"]

# Up to so many features have a bar each in a table's picture; more are the cells of a square.
MOST_BARS = 96

# The sides of a picture of bars, and of one of cells, in pixels.
BARS_HEIGHT, BARS_WIDTH, CELLS_SIDE = 48, 96, 64


class Kind(ABC):
    """What one observation is. *Stored* values `(N, *shape)` are a data set's; *shown* ones are float32 of the same shape, as a likelihood's
    mean is: grey values in [0, 1], the features of a table in their own units."""

    name: ClassVar[str]
    dtype: ClassVar[torch.dtype]  # of stored values
    numbers: ClassVar[str]  # what one calls the numbers of an observation
    one: ClassVar[str]  # what one calls an observation
    an: ClassVar[str]  # the same with its article
    many: ClassVar[str]  # and several

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """The shape of one observation."""

    @property
    def size(self) -> int:
        """How many numbers one observation has."""
        return math.prod(self.shape)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the numbers, where they have some."""
        return ()

    @property
    def legend(self) -> str:
        """How a picture is read, a sentence; empty where it is what is shown."""
        return ""

    def fits(self, other: "Kind") -> bool:
        """Whether a model of this kind reads observations of the other."""
        return self == other

    @abstractmethod
    def shown(self, stored: Tensor) -> Tensor:
        """Stored values as they are shown."""

    @abstractmethod
    def picture(self, shown: Tensor) -> Tensor:
        """A picture of each observation: shown values `(..., *shape)` as `(..., C, H, W)` uint8, C 1 or 3."""

    def entrance(self) -> list[nn.Module]:
        """The layers that an encoder begins with, which bring values to the size of one; none for images."""
        return []

    @abstractmethod
    def exposed(self) -> dict[str, Any]:
        """The kind as a card has it, plain numbers and words."""


@dataclass(frozen=True)
class Image(Kind):
    """Grey or colour images, stored as uint8 `(N, C, H, W)`.

    >>> Image(1, 2, 2).picture(torch.tensor([0.0, 1.0, 1.2, -1.0]).view(1, 1, 2, 2)).flatten().tolist()
    [0, 255, 255, 0]
    """

    channels: int
    height: int
    width: int

    name: ClassVar[str] = "image"
    dtype: ClassVar[torch.dtype] = torch.uint8
    numbers: ClassVar[str] = "pixels"
    one: ClassVar[str] = "image"
    an: ClassVar[str] = "an image"
    many: ClassVar[str] = "images"

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width

    def shown(self, stored: Tensor) -> Tensor:
        return stored.float() / 255

    def picture(self, shown: Tensor) -> Tensor:
        return (shown.clamp(0, 1) * 255).round().byte()

    def exposed(self) -> dict[str, Any]:
        return {"shape": list(self.shape)}


@dataclass(frozen=True)
class Table(Kind):
    """Rows of named features, stored as float32 `(N, F)`: real numbers, counts, or 0 and 1.

    `mean` and `scale` are of what a feature is measured by, x, or log(1 + x) of a count, over the training rows; `low` and `high` the
    range of x that pictures show. A feature that never changes has a scale of 1.
    """

    names: tuple[str, ...]
    types: tuple[ColumnType, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    name: ClassVar[str] = "table"
    dtype: ClassVar[torch.dtype] = torch.float32
    numbers: ClassVar[str] = "features"
    one: ClassVar[str] = "row"
    an: ClassVar[str] = "a row"
    many: ClassVar[str] = "rows"

    @classmethod
    def of(cls, rows: "Rows", names: Sequence[str], types: Sequence[ColumnType] | None = None) -> "Table":
        """The kind of some training rows `(N, F)`; types that are not given are found (`found_types`). Of more than 16 million values the
        ranges are those of rows evenly spread.

        Raises ValueError for rows that are no finite numbers, for names that do not fit them, and for types that they contradict.

        >>> Table.of(torch.tensor([[0.0, 1.5], [1.0, 2.5]]), ("smokes", "height")).types
        ('binary', 'real')
        """
        each = rows_at_once(len(names))
        for part in rows.split(each):
            _check_rows(part, names)
        chosen = tuple(types) if types is not None else found_types(rows)
        for part in rows.split(each):
            check_types(part.double(), names, chosen)
        mean, scale, most = _moments(rows, _counts(chosen))
        scale = torch.where(scale > 1e-9 * most.clamp(min=1e-9), scale, 1.0)
        some = rows[:: -(-len(rows) // each)].double()  # all of them, unless they are many
        low, high = some.quantile(torch.tensor([0.005, 0.995], dtype=torch.float64), dim=0)
        low = torch.where(_counts(chosen), 0.0, low)
        high = torch.where(high > low, high, low + 1)
        numbers = (tuple(part.tolist()) for part in (mean, scale, low, high))
        return cls(tuple(names), chosen, *numbers)

    @property
    def shape(self) -> tuple[int]:
        return (len(self.names),)

    @property
    def features(self) -> tuple[str, ...]:
        return self.names

    def fits(self, other: Kind) -> bool:
        return isinstance(other, Table) and (self.names, self.types) == (other.names, other.types)

    def columns(self, kind: ColumnType) -> Tensor:
        """The places of the features of a type, `(n,)`."""
        return torch.tensor([i for i, found in enumerate(self.types) if found == kind], dtype=torch.long)

    def shown(self, stored: Tensor) -> Tensor:
        return stored.float()

    @property
    def legend(self) -> str:
        if self.size <= MOST_BARS:
            return "In the picture of a row each bar is a feature, between its lowest and its highest value."
        return "In the picture of a row each cell is a feature, light where it is high."

    def picture(self, shown: Tensor) -> Tensor:
        """Bars from left to right, or for many features the cells of a square, row after row: each between its feature's ends."""
        heights = self.heights(shown)
        return (_bars if self.size <= MOST_BARS else _cells)(heights)

    def measured(self, shown: Tensor) -> Tensor:
        """x, or log(1 + x) of counts."""
        return torch.where(self._counts.to(shown.device), shown.clamp(min=0).log1p(), shown)

    def standardised(self, shown: Tensor) -> Tensor:
        """(t(x) - mean) / scale of each feature, `(..., F)`, t(x) = log(1 + x) of counts and x of others.

        >>> Table(("a",), ("real",), (1.0,), (2.0,), (0.0,), (1.0,)).standardised(torch.tensor([[5.0]])).item()
        2.0
        """
        mean, scale = (torch.tensor(part).to(shown) for part in (self.mean, self.scale))
        return (self.measured(shown) - mean) / scale

    def unstandardised(self, values: Tensor) -> Tensor:
        """The inverse of `standardised`, `(..., F)`."""
        mean, scale = (torch.tensor(part).to(values) for part in (self.mean, self.scale))
        measured = values * scale + mean
        return torch.where(self._counts.to(values.device), measured.expm1(), measured)

    def heights(self, shown: Tensor) -> Tensor:
        """Where a feature lies between the ends of its range, in [0, 1]; a count on the scale of log(1 + x)."""
        low, high, values = map(self.measured, (self._low.to(shown), self._high.to(shown), shown))
        return ((values - low) / (high - low)).clamp(0, 1)

    def entrance(self) -> list[nn.Module]:
        return [Standardise(self)]

    def exposed(self) -> dict[str, Any]:
        numbers = {part: list(getattr(self, part)) for part in ("mean", "scale", "low", "high")}
        return {
            "kind": self.name,
            "shape": list(self.shape),
            "features": list(self.names),
            "types": list(self.types),
            **numbers,
        }

    @cached_property
    def _low(self) -> Tensor:
        return torch.tensor(self.low)

    @cached_property
    def _high(self) -> Tensor:
        return torch.tensor(self.high)

    @cached_property
    def _counts(self) -> Tensor:
        return _counts(self.types)


@dataclass(frozen=True)
class Embedding(Table):
    """What somebody's encoder made of an item, where the encoder itself is not at hand: D real numbers, and nothing is decoded from them.

    >>> Embedding.of(torch.tensor([[0.0, 1.5], [1.0, 2.5]]), ("z[0]", "z[1]"), ("real", "real")).size
    2
    """

    name: ClassVar[str] = "embedding"
    numbers: ClassVar[str] = "dimensions"
    one: ClassVar[str] = "item"
    an: ClassVar[str] = "an item"
    many: ClassVar[str] = "items"


class Standardise(nn.Module):
    """(t(x) - mean) / scale for each feature of a table, t(x) = log(1 + x) of counts and x of others."""

    mean: Tensor
    scale: Tensor
    counts: Tensor

    def __init__(self, table: Table):
        super().__init__()
        self.register_buffer("mean", torch.tensor(table.mean))
        self.register_buffer("scale", torch.tensor(table.scale))
        self.register_buffer("counts", _counts(table.types))

    def forward(self, x: Tensor) -> Tensor:
        measured = torch.where(self.counts, x.clamp(min=0).log1p(), x)
        return (measured - self.mean) / self.scale


def kind_of(data: Mapping[str, Any]) -> Kind:
    """The kind that a card's `data` describes. Raises ValueError for one that does not exist."""
    if data.get("kind", Image.name) == Image.name:
        channels, height, width = data["shape"]
        if not all(isinstance(side, int) and side > 0 for side in (channels, height, width)):
            raise ValueError(f"images of {channels} x {height} x {width} do not exist")
        return Image(channels, height, width)
    rows = {kind.name: kind for kind in (Table, Embedding)}
    if data["kind"] not in rows:
        raise ValueError(
            f"no kind of data is called {data['kind']!r}: this version knows {', '.join([Image.name, *rows])}"
        )
    table = rows[data["kind"]](
        *(tuple(data[part]) for part in ("features", "types", "mean", "scale", "low", "high"))
    )
    parts = (table.types, table.mean, table.scale, table.low, table.high)
    if (
        not table.names
        or {len(part) for part in parts} != {table.size}
        or tuple(data["shape"]) != table.shape
    ):
        raise ValueError("its table has features whose types or ranges are missing")
    if len(set(table.names)) < table.size or not set(table.types) <= set(get_args(ColumnType)):
        raise ValueError("its table has two features of one name, or one of an unknown type")
    ranges = zip(table.scale, table.low, table.high, strict=True)
    if not all(scale > 0 and low < high for scale, low, high in ranges):
        raise ValueError("its table has features without a range")
    return table


def found_types(rows: "Rows") -> tuple[ColumnType, ...]:
    """What the columns of a table `(N, F)` look like: binary where all is 0 or 1, counts where *all* columns are whole and none is negative,
    else real. Whole numbers beside broken ones (ages beside weights) are real: say so where they are counts.

    >>> found_types(torch.tensor([[0.0, 3.0], [1.0, 0.0]]))
    ('binary', 'count')
    >>> found_types(torch.tensor([[0.0, 3.0, 0.5], [1.0, 0.0, 1.5]]))
    ('binary', 'real', 'real')
    """
    parts = [
        (bool((part >= 0).all()) and not bool(part.frac().any()), ((part == 0) | (part == 1)).all(0))
        for part in rows.split(rows_at_once(rows.shape[1]))
    ]
    whole, binary = all(part for part, _ in parts), torch.stack([part for _, part in parts]).all(0).tolist()
    if whole and not all(binary) and rows.shape[1] > MOST_MIXED:
        return ("count",) * rows.shape[1]  # a gene that was seen once at most is a gene
    return tuple("binary" if only else "count" if whole else "real" for only in binary)


# In a table of more whole columns than this, those of 0 and 1 are counts too.
MOST_MIXED = 64


class Rows(Protocol):
    """A tensor, or rows that are read from a file by parts."""

    @property
    def shape(self) -> torch.Size: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: Any, /) -> Tensor: ...
    def split(self, size: Any, /) -> Iterable[Tensor]: ...


def rows_at_once(numbers: int) -> int:
    """How many rows of so many numbers are looked at in double precision at a time: 128 MB of them."""
    return max(1, 2**24 // max(1, numbers))


def _moments(rows: Rows, counts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, standard deviation and greatest size of x, or of log(1 + x) of counts, `(F,)` each, in double precision."""

    def parts() -> Iterable[Tensor]:
        values = (part.double() for part in rows.split(rows_at_once(rows.shape[1])))
        return (torch.where(counts, part.clamp(min=0).log1p(), part) for part in values)

    mean = torch.stack([part.sum(0) for part in parts()]).sum(0) / len(rows)
    squares = torch.stack([(part - mean).square().sum(0) for part in parts()]).sum(0)
    most = torch.stack([part.abs().amax(0) for part in parts()]).amax(0)
    return mean, (squares / len(rows)).sqrt(), most


def _counts(types: Sequence[str]) -> Tensor:
    return torch.tensor([found == "count" for found in types])


def _check_rows(rows: Tensor, names: Sequence[str]) -> None:
    if rows.dim() != 2 or not rows.numel():
        raise ValueError(
            f"a table has rows and features, got {' x '.join(map(str, rows.shape)) or 'one number'}"
        )
    if len(names) != rows.shape[1]:
        raise ValueError(f"{len(names)} names for {rows.shape[1]} features: give one for each column")
    if rows.is_complex():
        raise ValueError("the values of a table are complex: give their real and imaginary parts as features")
    bad = ~rows.double().isfinite()
    if bad.any():
        column = int(bad.any(0).nonzero()[0])
        raise ValueError(
            f"{int(bad.sum()):,} values are missing, NaN or infinite, the first in {names[column]!r}: fill them in, "
            "or leave out these rows or columns"
        )


def check_types(values: Tensor, names: Sequence[str], types: Sequence[str]) -> None:
    """Raises ValueError naming the first feature of rows `(N, F)` whose values contradict its type."""
    if len(types) != len(names):
        raise ValueError(f"{len(types)} types for {len(names)} features: give one for each column")
    allowed = get_args(ColumnType)
    for column, (name, found) in enumerate(zip(names, types, strict=True)):
        if found not in allowed:
            raise ValueError(f"{found!r} is no type of a feature: choose one of {', '.join(allowed)}")
        part = values[:, column]
        if found == "binary" and not ((part == 0) | (part == 1)).all():
            raise ValueError(
                f"{name!r} is not binary, it runs from {part.min():g} to {part.max():g}: give its type"
            )
        if found == "count" and ((part < 0).any() or part.frac().any()):
            raise ValueError(f"{name!r} has values that are no counts: choose real for it")


def _bars(heights: Tensor) -> Tensor:
    """Bars on black, `(..., 1, H, W)`; a bar of least height is one pixel, so that a feature is seen to be there."""
    width = max(1, BARS_WIDTH // heights.shape[-1])
    rows = torch.arange(BARS_HEIGHT, 0, -1, device=heights.device)
    tall = (heights * BARS_HEIGHT).round().clamp(min=1)
    lit = _repeated(tall[..., None, :] >= rows[:, None], width, -1)
    if width > 2:  # a gap tells a bar from the next
        lit = lit & (torch.arange(lit.shape[-1], device=lit.device) % width < width - 1)
    return (lit * 255).to(torch.uint8).unsqueeze(-3)


def _cells(heights: Tensor) -> Tensor:
    """The cells of a square, row after row, light where a feature is high: `(..., 1, S, S)`."""
    side = math.ceil(heights.shape[-1] ** 0.5)
    scale = max(1, CELLS_SIDE // side)
    cells = nn.functional.pad(heights, (0, side * side - heights.shape[-1])).unflatten(-1, (side, side))
    large = _repeated(_repeated(cells, scale, -2), scale, -1)
    return (large * 255).round().to(torch.uint8).unsqueeze(-3)


def _repeated(values: Tensor, times: int, axis: int) -> Tensor:
    """Each place of an axis so many times; unlike `repeat_interleave` the same for every batch in a graph that is exported."""
    places = torch.arange(values.shape[axis] * times, device=values.device) // times
    return values.index_select(axis, places)
