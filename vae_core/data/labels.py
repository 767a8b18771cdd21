"""From labels as people keep them, numbers or text, to classes numbered from 0.

Shapes: N rows, K classes.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .checks import check_length
from .notes import Notes, counted, listed

# What stands for a label that is missing, beside NaN, None and -1.
MISSING = ("", "nan", "none", "null", "<na>")
# Class names that may mean that the class is not known.
PERHAPS_UNKNOWN = ("unknown", "unlabelled", "unlabeled", "unsup")

# Real numbers of more values than this are a measurement and no groups.
MOST_LEVELS = 20

NO_LABELS = "none"
LEAVE_OUT = "--label-column none leaves labels out"


class Labels(NamedTuple):
    """Class numbers `(N,)` int64, names, and which are known `(N,)` bool, None where all are."""

    numbers: np.ndarray
    classes: tuple[str, ...]
    known: np.ndarray | None = None

    @classmethod
    def none(cls, count: int) -> "Labels":
        return cls(np.zeros(count, np.int64), ())


def understood(
    values: Any, classes: Sequence[str] | None, unknown: str | None, count: int, notes: Notes
) -> Labels:
    """Labels of any kind as classes from 0: numbers of any range, text, truth values, one-hot rows `(N, K)`, None.

    classes: the names of numbers. unknown: the label of rows whose class is not known; -1, NaN and empty text are so too. Raises
    ValueError for values that name no classes, with the way out.
    """
    if values is None:
        _no_unknown(unknown)
        return Labels.none(count)
    values = _one_each(np.asarray(values), notes)
    if len(values) != count:
        raise ValueError(
            f"there are {len(values):,} labels and {count:,} {notes.kind.many}: give one for each"
        )
    values, known = _known(values, unknown, classes, notes)
    if not known.any():
        notes.say(f"no label says anything (-1, NaN or empty), so the {notes.kind.many} have no classes")
        return Labels.none(count)
    numbers, names = _numbered(values, known, classes, notes)
    numbers, names = _used(numbers, known, names, notes)
    _check_many(numbers[known], names, notes)
    alike = Counter(name.casefold() for name in names)
    if twice := [name for name in names if alike[name.casefold()] > 1]:
        notes.doubt(
            f"classes {listed(twice)} differ by small and capital letters only: give one class one name"
        )
    doubtful = [name for name in names if name.lower() in PERHAPS_UNKNOWN]
    if doubtful and len(names) > 1:
        notes.doubt(
            f"one class is called {doubtful[0]!r}: if its {notes.kind.many} are of a class that nobody knows, say --unknown {doubtful[0]}"
        )
    if known.all():
        return Labels(numbers, names)
    notes.say(
        f"the class of {counted(int((~known).sum()), notes.kind.one)} is not known, that of {int(known.sum()):,} is"
    )
    return Labels(numbers, names, known)


def _no_unknown(unknown: str | None) -> None:
    if unknown is not None:
        raise ValueError(f"there are no labels, so none is {unknown!r}: leave out --unknown")


def _one_each(values: np.ndarray, notes: Notes) -> np.ndarray:
    """One value a row: a column, or the place of the one in one-hot rows."""
    if values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    if values.ndim == 1:
        return values
    if values.ndim != 2:
        raise ValueError(
            f"the labels are {' x '.join(map(str, values.shape)) or 'one value'}: give one for each {notes.kind.one}"
        )
    if values.dtype.kind in "biuf" and np.isin(values, (0, 1)).all() and (values.sum(1) == 1).all():
        notes.say(f"the labels are one-hot rows of {values.shape[1]} classes")
        return values.argmax(1)
    raise ValueError(
        f"the labels are {values.shape[1]} columns, and a class is one: name an array of one label for each {notes.kind.one} by --label-column, "
        f"or {LEAVE_OUT}"
    )


def _known(
    values: np.ndarray, unknown: str | None, classes: Sequence[str] | None, notes: Notes
) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers or text, and which of them are known."""
    if values.dtype.kind == "f":
        values, known = _whole(values)
    elif values.dtype.kind in "biu":
        known = np.ones(len(values), bool)
        _check_range(values)
        values = values.astype(np.int64) if values.dtype.kind != "b" else values.astype(str)
    else:
        texts = [_text(value) for value in values.tolist()]
        check_length(max(texts, key=len, default=""))  # an array gives each as much room as the longest
        values = np.array(texts, dtype=str)
        known = ~np.isin(np.char.lower(values), MISSING)
    if values.dtype.kind == "i" and (values == -1).any() and set(np.unique(values[known])) != {-1, 1}:
        if unknown is None and (values[known] >= 0).any():
            notes.say("labels of -1 are taken as not known")
        known = known & (values != -1)
    if unknown is not None:
        meant = _is(values, unknown, classes)
        if not meant.any():
            raise ValueError(
                f"no {notes.kind.one} is labelled {unknown!r}: labels are {listed(_distinct(values, known))}"
            )
        known = known & ~meant
    return values, known


def _is(values: np.ndarray, label: str, classes: Sequence[str] | None) -> np.ndarray:
    named = classes is not None and label in classes and values.dtype.kind == "i"
    return values == list(classes).index(label) if named and classes else values.astype(str) == label


def _whole(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Floats that are whole numbers, NaN for a label that is missing."""
    known = ~np.isnan(values)
    if (np.floor(values[known]) != values[known]).any() or np.isinf(values).any():
        few = np.unique(values[known])
        raise ValueError(
            f"the labels are {len(few):,} real numbers from {few[0]:g} to {few[-1]:g}, and classes are whole numbers or text: "
            f"name another array or column by --label-column, or {LEAVE_OUT}"
        )
    _check_range(values[known])
    return np.where(known, values, -1).astype(np.int64), known


def _check_range(values: np.ndarray) -> None:
    """Raises ValueError for whole numbers that are none of 64 bits: as such they would be others."""
    if len(values) and not -(2.0**63) <= float(values.min()) <= float(values.max()) < 2.0**63:
        raise ValueError(
            f"the labels run from {values.min():g} to {values.max():g}, and whole numbers are known up to 9.2e18: give them as text, "
            f"or {LEAVE_OUT}"
        )


def _text(value: Any) -> str:
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip()


def _distinct(values: np.ndarray, known: np.ndarray) -> list[str]:
    return [str(value) for value in np.unique(values[known])]


def _numbered(
    values: np.ndarray, known: np.ndarray, classes: Sequence[str] | None, notes: Notes
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Numbers from 0 and the names of the classes."""
    found, places = _sorted(values[known])
    numbers = np.zeros(len(values), np.int64)
    if classes is None or values.dtype.kind != "i":
        numbers[known] = places
        if values.dtype.kind == "i":
            _say_numbers(found, notes)
        names = tuple(map(str, found))
        return (numbers, names) if classes is None else _in_order(numbers, names, classes)
    low, high = int(found[0]), int(found[-1])
    first = 1 if low >= 1 and high == len(classes) else 0
    if low < 0 or high - first >= len(classes):
        raise ValueError(
            f"labels run from {low} to {high} and there are {counted(len(classes), 'class name')}: give a name for each label"
        )
    if first:
        notes.say(f"labels begin at 1: class {classes[0]!r} is number 0 here")
    numbers[known] = values[known] - first
    return numbers, tuple(map(str, classes))


def _sorted(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different values in order, text of whole numbers by number, and the place of each."""
    found, places = np.unique(values, return_inverse=True)
    if found.dtype.kind != "U" or not all(text.isdecimal() for text in found):
        return found, places
    order = np.argsort([int(text) for text in found], kind="stable")
    return found[order], np.argsort(order)[places]


def _in_order(
    numbers: np.ndarray, names: tuple[str, ...], classes: Sequence[str]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Text labels in the order of the classes that are given."""
    if strange := [name for name in names if name not in classes]:
        raise ValueError(f"labels {listed(strange)} are no classes: the classes are {listed(list(classes))}")
    order = np.array([list(classes).index(name) for name in names])
    return order[numbers], tuple(classes)


def _say_numbers(found: np.ndarray, notes: Notes) -> None:
    low, high = int(found[0]), int(found[-1])
    if high - low + 1 > len(found):
        notes.say(
            f"labels are not in one run ({listed(list(map(str, found)))}): each is a class of that name"
        )
    elif low != 0 and len(found) > 1:
        notes.say(f"labels begin at {low}: classes keep their names, and class {low} is number 0 here")


def _used(
    numbers: np.ndarray, known: np.ndarray, names: tuple[str, ...], notes: Notes
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Without the classes that no image is of."""
    counts = np.bincount(numbers[known], minlength=len(names))
    if counts.all():
        return numbers, names
    empty = [name for name, count in zip(names, counts, strict=True) if not count]
    notes.say(f"{counted(len(empty), 'class', 'classes')} without {notes.kind.an} left out: {listed(empty)}")
    places = np.cumsum(counts > 0) - 1
    kept = tuple(name for name, count in zip(names, counts, strict=True) if count)
    return np.where(known, places[numbers], 0), kept


def _check_many(numbers: np.ndarray, names: tuple[str, ...], notes: Notes) -> None:
    if len(names) > 30 and len(names) > 0.9 * len(numbers):
        raise ValueError(
            f"{len(numbers):,} {notes.kind.many} have {len(names):,} different labels, so these name {notes.kind.many} and no classes: "
            f"name another array or column by --label-column, or {LEAVE_OUT}"
        )
    if more := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(f"two classes are called {more[0]!r}: give each a name of its own")


def is_continuous(column: np.ndarray) -> bool:
    """Whether a column is a measurement: real numbers, not whole ones, of many values.

    >>> is_continuous(np.linspace(0, 1, 100)), is_continuous(np.arange(100.0)), is_continuous(np.array(["a"]))
    (True, False, False)
    """
    if column.dtype.kind != "f":
        return False
    values = column[np.isfinite(column)]
    return bool(np.mod(values, 1).any()) and len(np.unique(values)) > MOST_LEVELS
