"""Arrays that are too large to be read whole: they stay in their files, mapped, and rows are read when they are asked for.

Nothing here copies all of an array, and neither may its users: they go through `blocks`. Shapes: N rows.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .raw import Report

# Arrays of more bytes than this stay in their files. The number is the same on every machine, since the order of a training's epochs
# depends on it (`training.schedule`).
LARGE = 2**29
# Bytes of an array that are looked at, or turned into other numbers, at a time.
BLOCK = 2**22
# How often a look at all rows of an array says how far it is.
TIMES = 10

Rule = Callable[[np.ndarray], np.ndarray]


class Mapped:
    """Rows of arrays in files, one array after the other, each as some rules make it when it is read.

    It has a shape, a dtype and a length as an array has, and `found[rows]` reads rows by a slice, numbers or truth values. The rules turn
    a block of rows `(n, ...)` into another of as many rows, row by row.

    >>> numbers = Mapped((np.arange(3), np.arange(3, 6))).then(lambda block: 10 * block)
    >>> numbers[[4, 0]].tolist(), numbers.only([5, 1])[:].tolist(), numbers.shape
    ([40, 0], [50, 10], (6,))
    """

    def __init__(
        self, sources: Sequence[np.ndarray], rows: np.ndarray | None = None, rules: tuple[Rule, ...] = ()
    ):
        self.sources = tuple(
            map(np.asarray, sources)
        )  # views of the maps, which np.memmap makes slow to index
        self.ends = np.cumsum([len(source) for source in self.sources])
        self.rows = np.arange(self.ends[-1]) if rows is None else rows
        self.rules = rules
        self.stored = np.result_type(*self.sources)
        none = self._ruled(self.sources[0][:0].astype(self.stored))
        self.shape, self.dtype = (len(self.rows), *none.shape[1:]), none.dtype

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return self._ruled(self._read(self.rows[rows]))

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row as it is stored."""
        return max(1, self.sources[0][:1].nbytes)

    def then(self, rule: Rule) -> "Mapped":
        """The same rows by one more rule."""
        return Mapped(self.sources, self.rows, (*self.rules, rule))

    def only(self, rows: Any) -> "Mapped":
        """Some of the rows, in that order."""
        return Mapped(self.sources, self.rows[rows], self.rules)

    def and_rows_of(self, other: "Mapped") -> "Mapped":
        """These rows and then others of the same arrays."""
        return Mapped(self.sources, np.concatenate([self.rows, other.rows]), self.rules)

    def _ruled(self, block: np.ndarray) -> np.ndarray:
        for rule in self.rules:
            block = rule(block)
        return block

    def _read(self, places: np.ndarray) -> np.ndarray:
        """Stored rows, read in the order of the file, which disks are made for."""
        if len(places) and places[-1] - places[0] == len(places) - 1 and (np.diff(places) == 1).all():
            return self._run(int(places[0]), int(places[-1]) + 1)
        order = places.argsort()
        places = places[order]
        found = np.empty((len(places), *self.sources[0].shape[1:]), self.stored)
        for number, source in enumerate(self.sources):
            start = self.ends[number] - len(source)
            own = slice(*np.searchsorted(places, [start, self.ends[number]]))
            found[order[own]] = source[places[own] - start]
        return found

    def _run(self, start: int, stop: int) -> np.ndarray:
        """Neighbouring rows."""
        parts = [
            source[max(0, start - end + len(source)) : max(0, stop - end + len(source))]
            for source, end in zip(self.sources, self.ends.tolist(), strict=True)
        ]
        return np.concatenate(parts).astype(self.stored, copy=False)


Array = np.ndarray | Mapped


def then(array: Array, rule: Rule) -> Array:
    """What a rule makes of every row: at once in memory, row by row as they are read in a file."""
    return array.then(rule) if isinstance(array, Mapped) else rule(array)


def only(array: Array, rows: Any) -> Array:
    """Some rows of an array."""
    return array.only(rows) if isinstance(array, Mapped) else array[rows]


def blocks(array: Array, report: Report = lambda line: None) -> Iterator[np.ndarray]:
    """All rows, some at a time; of an array in a file it is told how far one is."""
    size = array.row_bytes if isinstance(array, Mapped) else max(1, array[:1].nbytes)
    each, said = max(1, BLOCK // size), 0
    for start in range(0, len(array), each):
        if isinstance(array, Mapped) and start * TIMES >= said * len(array):
            report(f"checking {len(array):,} rows in their file, {start / len(array):.0%}")
            said += 1
        yield array[start : start + each]


def arrays_of(parts: Sequence[Array]) -> list[np.ndarray]:
    """The arrays behind some parts of one data set."""
    return [source for part in parts for source in (part.sources if isinstance(part, Mapped) else [part])]


def kept_in_file(array: Any) -> bool:
    """Whether an array is to stay in its file."""
    return isinstance(array, Mapped) or (isinstance(array, np.memmap) and is_large(array.nbytes))


def is_large(size: int) -> bool:
    """Whether so many bytes are to stay in their file."""
    return size > LARGE


class OnDisk:
    """The stored values of a split that stay in their files, `(N, *shape)`: `found[index]` reads rows into a tensor on `device`."""

    def __init__(self, source: Mapped, device: torch.device | str = "cpu"):
        self.source, self.device = source, torch.device(device)
        self.shape = torch.Size(source.shape)
        self.dtype = torch.from_numpy(np.empty(0, source.dtype)).dtype

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: Any) -> Tensor:
        index = _plain(index)
        rows = [index] if isinstance(index, int) else index
        found = torch.from_numpy(np.ascontiguousarray(self.source[rows])).to(self.device)
        return found[0] if isinstance(index, int) else found

    def rows(self, index: Any) -> "OnDisk":
        """Some rows, in that order, which are not read yet."""
        return OnDisk(self.source.only(_plain(index)), self.device)

    def to(self, device: torch.device | str) -> "OnDisk":
        """The same rows, read into tensors of that device."""
        return OnDisk(self.source, device)

    def split(self, size: int) -> Iterator[Tensor]:
        """All rows in order, some at a time, as a tensor's `split` gives them."""
        yield from (self[start : start + size] for start in range(0, len(self), size))

    def and_rows_of(self, other: "OnDisk") -> "OnDisk":
        return OnDisk(self.source.and_rows_of(other.source), self.device)

    @property
    def places(self) -> Tensor:
        """Where each row lies in its files, `(N,)`: neighbours are read together."""
        return torch.from_numpy(self.source.rows)


Stored = Tensor | OnDisk


def stored_of(array: Array) -> Stored:
    if isinstance(array, Mapped):
        return OnDisk(array)
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def rows_of(stored: Stored, index: Any) -> Stored:
    """Some rows of a split: read only where they are in memory."""
    return stored.rows(index) if isinstance(stored, OnDisk) else stored[index]


def together(one: Stored, other: Stored) -> Stored:
    """The rows of two splits of one data set, one after the other."""
    if isinstance(one, OnDisk) and isinstance(other, OnDisk):
        return one.and_rows_of(other)
    return torch.cat([part[:] if isinstance(part, OnDisk) else part for part in (one, other)])


def _plain(index: Any) -> Any:
    return index.cpu().numpy() if isinstance(index, Tensor) else index
