"""Observations that somebody has at hand, as data of a known kind stores them: what a model is given in a notebook.

Shapes: N examples, C H W, F features, K classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..kinds import Kind, Table
from .arrays import as_channels_first, as_grey_or_colour, resized, written
from .notes import Notes, listed
from .raw import Opening
from .source import Data, Dataset
from .values import as_bytes


def stored_as(x: Any, kind: Kind, opened: Mapping[str, Any] | None = None) -> Tensor:
    """Observations as data of a kind stores them.

    Args:
        x: images `(N, H, W)`, `(N, C, H, W)`, `(N, H, W, C)` or `(N, C H W)`, one of them, or rows `(N, F)`: an array, a tensor, or a
            DataFrame with a table's columns. What their numbers mean is found as in `data_from`.
        kind: what an observation is.
        opened: how the data of that kind were opened, fields of `Opening`.

    Returns:
        `(N, C, H, W)` uint8, or `(N, F)` float32.

    Raises:
        ValueError: one sentence, for what is no observation of that kind.

    Example:
        >>> from vae_core.kinds import Image
        >>> stored_as(np.ones((2, 4, 4)), Image(1, 4, 4)).float().mean().item()
        255.0
    """
    if hasattr(x, "columns") and isinstance(kind, Table):
        if missing := [name for name in kind.features if name not in x.columns]:
            raise ValueError(f"the table has no column {listed(missing)}: give the features of the model")
        x = x[list(kind.features)]
    array = x.detach().cpu().numpy() if isinstance(x, Tensor) else np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"these are {array.dtype} and no numbers: give an array of numbers")
    return _rows(array, kind) if isinstance(kind, Table) else _images(array, kind, opened or {})


def _rows(array: np.ndarray, table: Table) -> Tensor:
    rows = array[None] if array.ndim == 1 else array
    if rows.shape[1:] != table.shape:
        raise ValueError(
            f"these are {written(array.shape)} numbers, and the model reads rows of {table.shape[0]} features"
        )
    if not np.isfinite(rows).all():
        raise ValueError("some of the numbers are NaN or infinite: mend them, or leave their rows out")
    return torch.from_numpy(np.ascontiguousarray(rows, np.float32))


def _images(array: np.ndarray, kind: Kind, opened: Mapping[str, Any]) -> Tensor:
    channels, *sides = kind.shape
    one = tuple(array.shape) in (tuple(kind.shape), tuple(sides), (*sides, channels))
    whole = array[None] if one else array
    if whole.ndim == 2 and whole.shape[1] == channels * sides[0] * sides[1]:
        whole = whole.reshape(-1, *kind.shape)
    if whole.ndim < 3:
        raise ValueError(
            f"these are {written(array.shape)} numbers, and the model reads images of {written(kind.shape)}"
        )
    opening, notes = replace(Opening(**opened), shape=None), Notes()
    first = _bytes(np.asarray(as_channels_first(whole, None, opening, notes)), opening, notes)
    brought = resized(as_grey_or_colour(first, opening, notes), opening, notes)
    stored = torch.from_numpy(np.ascontiguousarray(brought))
    if stored.shape[1] == 1 and channels == 3:  # colours that are all grey
        stored = stored.expand(-1, 3, -1, -1).contiguous()
    if tuple(stored.shape[1:]) != tuple(kind.shape):
        raise ValueError(
            f"these are images of {written(stored.shape[1:])}, and the model reads {written(kind.shape)}"
        )
    return stored


def _bytes(images: np.ndarray, opening: Opening, notes: Notes) -> np.ndarray:
    """As for training; but one image may be of one colour, which a data set that is to be learned may not."""
    if not np.isfinite(images).all():
        raise ValueError("some of the values are NaN or infinite: mend them, or leave their images out")
    low, high = images.min(initial=0), images.max(initial=0)
    if low >= 0 and high <= 1:
        return (images * 255.0).round().astype(np.uint8)
    if low >= 0 and high <= 255 and images.dtype.kind in "iu":
        return images.astype(np.uint8)
    return np.asarray(as_bytes(images, opening.values, notes))


def numbers_of(y: Any, classes: Sequence[str], count: int) -> Tensor:
    """The numbers of classes that are given by name or by number.

    Args:
        y: one class, or one for each of `count` examples.
        classes: their names.
        count: of the examples.

    Returns:
        `(count,)` int64.

    Raises:
        ValueError: one sentence, for a class that is not there, and for another count.

    Example:
        >>> numbers_of("dog", ("cat", "dog"), 2).tolist(), numbers_of([0, 1], ("cat", "dog"), 2).tolist()
        ([1, 1], [0, 1])
    """
    given = np.asarray(y.detach().cpu() if isinstance(y, Tensor) else y)
    if given.ndim > 1 or (given.ndim == 1 and len(given) != count):
        raise ValueError(f"give one class, or one for each of the {count:,} examples")
    names = {name: number for number, name in enumerate(classes)}
    found = [
        names.get(str(value), int(value) if _number(value) and 0 <= value < len(classes) else -1)
        for value in np.broadcast_to(given, count)
    ]
    if -1 in found:
        wrong = np.broadcast_to(given, count)[found.index(-1)]
        known = f"choose from {listed(list(classes))}" if classes else "the model knows none"
        raise ValueError(f"no class is called {str(wrong)!r}: {known}")
    return torch.tensor(found)


def _number(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def dataset_of(
    x: Any, y: Any, kind: Kind, classes: Sequence[str], opened: Mapping[str, Any] | None = None
) -> Dataset:
    """Observations at hand as a data set, of which every split is all of them in their order.

    Args:
        x: as `stored_as` takes them.
        y: the class of each, as `numbers_of` takes it; None where the data has no classes.
        kind: what an observation is.
        classes: the names of the classes.
        opened: as `stored_as` takes it.

    Returns:
        The data set.

    Raises:
        ValueError: as `stored_as` and `numbers_of` do.

    Example:
        >>> from vae_core.kinds import Image
        >>> len(dataset_of(np.ones((2, 4, 4)), "a", Image(1, 4, 4), ("a", "b")).test)
        2
    """
    stored = stored_as(x, kind, opened)
    if y is None and classes:
        raise ValueError("the model's data has classes: give y, the class of each")
    labels = torch.zeros(len(stored), dtype=torch.long) if y is None else numbers_of(y, classes, len(stored))
    whole = Data("at hand", "test", stored, labels, tuple(classes), kind=kind)
    return Dataset(
        whole.signature,
        lambda split, limit: whole._with(split=split).head(limit),
        "arrays at hand",
        name="at hand",
    )
