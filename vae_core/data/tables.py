"""Tables: .csv, .tsv and .parquet, their columns understood as features, class and what else is known of a row.

Shapes: N rows, F features.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from ..kinds import ColumnType
from ..names import LONGEST_NAME
from .checks import check_length
from .frames import check_header, check_names, read_frame, with_numbers, without_lists
from .labels import NO_LABELS
from .mapped import Array, Mapped
from .notes import Notes, listed
from .raw import PARTS, SPLITS, TEST, TRAIN, Opening, Raw

ENDINGS = (".csv", ".tsv", ".parquet", ".h5ad")
# Names that columns of classes have, the surest first.
CLASSES = (
    "label",
    "labels",
    "class",
    "classes",
    "target",
    "y",
    "category",
    "species",
    "diagnosis",
    "cell_type",
    "celltype",
    "type",
    "outcome",
)
# Columns of clusters, which stand for a class that nobody has given.
CLUSTERS = ("leiden", "louvain", "cluster", "clusters")
# Names that only number columns, as those of flattened images do: pixel0, px_12, 28x28, x1, 0.
NUMBERED = re.compile(r"(?:pixel|pix|px|column|col|[pxfv])?[ _-]?\d+(?:x\d+)?", re.IGNORECASE)
MOST_FEATURES = 100_000  # of a table
# A column of text with more different values than this names rows, not groups of them.
MOST_GROUPS = 1000


def is_table(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in ENDINGS


def read_table(path: Path, opening: Opening) -> Raw:
    """The rows of a file. Raises ValueError, one sentence, for a damaged one and for columns that are not there."""
    notes = Notes()
    frame = read_frame(path, notes=notes)
    if path.suffix.lower() != ".parquet":
        check_header(frame)
    of_pixels = " of pixels" if opening.shape is not None else ""
    return of_frame(path.name, f"a table ({path.suffix.lower()}){of_pixels}", frame, opening, notes)


def of_frame(name: str, about: str, frame: Any, opening: Opening, notes: Notes | None = None) -> Raw:
    """A pandas DataFrame: columns of numbers are features, one of them or of text the class, the rest is known beside it.

    Raises ValueError for columns that are asked for and not there, and for a frame without a column of numbers.
    """
    _check_count(frame.shape[1])
    frame, notes = frame.rename(columns=str), notes or Notes()
    check_names(list(frame.columns))
    frame = without_lists(frame, notes)
    split, frame = split_of(frame)
    frame = _without_numbering(frame, opening, notes)
    usual = (*CLASSES, *CLUSTERS)
    frame = with_numbers(frame, _apart(frame, opening, usual), notes)
    label = class_column(frame, opening, usual, notes)
    chosen = _features(frame.drop(columns=[label] if label else []), opening, notes)
    rest = frame.drop(columns=[*chosen, *([label] if label else [])])
    rows = frame[chosen].to_numpy(dtype=np.float32, na_value=np.nan)
    return Raw(
        name,
        about,
        rows,
        None if label is None else plain(frame[label], is_class=True),
        split,
        None if label is None else _categories(frame[label]),
        columns={column: plain(rest[column]) for column in rest if tells(rest[column])},
        ordered=True,
        notes=notes,
        features=features_of(rows, chosen, opening),
    )


def _check_count(columns: int) -> None:
    """Raises ValueError for more columns than a table has, before anything is made of each."""
    if columns > MOST_FEATURES:
        raise ValueError(
            f"there are {columns:,} columns, and a table has at most {MOST_FEATURES:,}: leave some out; of rows that are flattened images "
            "--shape says their height and width"
        )


def _apart(frame: Any, opening: Opening, usual: Sequence[str]) -> set[str]:
    """Columns that are no features or are asked for, so that they stay as they are: the class, and what may be one by its name."""
    asked = {opening.labels, *(opening.columns or ())}
    return {
        name
        for name in frame.columns
        if name == opening.labels or name.lower() in usual or (name in asked and frame[name].isna().all())
    }


def split_of(frame: Any) -> tuple[np.ndarray | None, Any]:
    """The split that a column tells of, and the other columns."""
    for column in frame.columns:
        if column.lower() not in SPLITS:
            continue
        words = frame[column].astype(str).str.lower()
        if set(words) <= set(PARTS):
            parts = np.array([TEST if PARTS[word] == TEST else TRAIN for word in words])
            return parts, frame.drop(columns=[column])
    return None, frame


def _without_numbering(frame: Any, opening: Opening, notes: Notes) -> Any:
    """Without columns that number the rows."""
    asked = {opening.labels, *(opening.columns or ())}
    gone = [
        column
        for column in frame.columns
        if column not in asked
        and (column.lower() in ("id", "index", "") or column.startswith("Unnamed:"))
        and frame[column].nunique() == len(frame)
    ]
    if gone:
        notes.say(f"{listed(gone)} {'numbers' if len(gone) == 1 else 'number'} the rows and is no feature")
    return frame.drop(columns=gone)


def class_column(frame: Any, opening: Opening, usual: Sequence[str], notes: Notes) -> str | None:
    """The column of the class: as asked for, of a usual name, or the only one of text."""
    if opening.labels == NO_LABELS:
        return None
    if opening.labels is not None:
        if opening.labels not in frame.columns:
            raise ValueError(
                f"there is no column {opening.labels!r}: there are {listed(list(frame.columns), 8)}"
            )
        return opening.labels
    free = [column for column in frame.columns if column not in (opening.columns or ())]
    lower = {column.lower(): column for column in free}
    found = next((lower[name] for name in usual if name in lower and _groups(frame[lower[name]])), None)
    most = min(128, len(frame) // 2)  # more of them name rows, or are dates and the like
    text = {column for column, dtype in frame.dtypes.items() if _is_word(dtype)}
    words = [column for column in free if column in text and 1 < frame[column].nunique() <= most]
    if found is None and len(words) == 1:
        found = words[0]
    if found is None and len(words) > 1:
        notes.say(f"no column is taken as the class: --label-column names one, such as {listed(words)}")
    if found is not None:
        notes.say(
            f"{found} is taken as the class (--label-column names another, --label-column none leaves it out)"
        )
    return found


def _groups(column: Any) -> bool:
    """Whether a column may be a class: text, truth values or whole numbers of few values."""
    if _is_text(column):
        return column.nunique() <= MOST_GROUPS
    values = column.dropna().to_numpy()
    return values.dtype.kind in "biu" or (
        values.dtype.kind == "f" and not np.mod(values, 1).any() and column.nunique() <= 128
    )


def tells(column: Any) -> bool:
    """Whether a column says something of a row beside its features: a number, or text that groups rows."""
    return column.nunique() <= MOST_GROUPS if _is_text(column) else column.dtype.kind != "M"


def _is_text(column: Any) -> bool:
    return _is_word(column.dtype)


def _is_word(dtype: Any) -> bool:
    return dtype.kind not in "biufc" and not str(dtype).startswith(
        ("Int", "UInt", "Float", "bool", "datetime")
    )


def _features(frame: Any, opening: Opening, notes: Notes) -> list[str]:
    """The columns of numbers, or those that are asked for."""
    if opening.columns:
        if more := [name for name in opening.columns if opening.columns.count(name) > 1]:
            raise ValueError(f"--columns names {more[0]!r} twice: name each column once")
        if missing := [name for name in opening.columns if name not in frame.columns]:
            raise ValueError(f"there is no column {missing[0]!r}: there are {listed(list(frame.columns), 8)}")
        dates = [name for name in opening.columns if frame[name].dtype.kind in "mM"]
        if words := dates or [name for name in opening.columns if _is_text(frame[name])]:
            what = "dates or durations" if dates else "text"
            raise ValueError(
                f"{words[0]!r} holds {what} and is no feature: leave it out, or write it as numbers"
            )
        return list(opening.columns)
    numbers = [name for name, dtype in frame.dtypes.items() if not _is_word(dtype) and dtype.kind not in "mM"]
    if not numbers:
        columns = (
            f"all columns hold text ({listed(list(frame.columns), 8)})"
            if len(frame.columns)
            else "there are no others beside the class"
        )
        raise ValueError(f"no column holds numbers, {columns}: features are numbers")
    are_numbers = set(numbers)
    if rest := [name for name in frame.columns if name not in are_numbers]:
        notes.say(
            f"{listed(rest)} {'holds' if len(rest) == 1 else 'hold'} no numbers and {'is' if len(rest) == 1 else 'are'} no feature"
        )
    return numbers


def _categories(column: Any) -> tuple[str, ...] | None:
    """The names of a column of categories, in its own order."""
    return tuple(map(str, column.cat.categories)) if str(column.dtype) == "category" else None


def plain(column: Any, is_class: bool = False) -> np.ndarray:
    """A column as numbers, or as text with the missing ones empty.

    An array gives each text as much room as the longest: what only stands beside a row is cut, and a class of such a name is refused by
    ValueError.
    """
    if _is_text(column):
        texts = ["" if value is None or value != value else str(value) for value in column.astype(object)]
        if is_class:
            check_length(max(texts, key=len, default=""))
        return np.array([text[:LONGEST_NAME] for text in texts], dtype=str)
    return column.to_numpy(dtype=float, na_value=np.nan) if column.isna().any() else column.to_numpy()


def features_of(rows: Any, names: Sequence[str] | None, opening: Opening) -> tuple[str, ...] | None:
    """The names of the features where an array is the rows of a table; None for images, and for vectors that may be flattened ones: bytes
    whose number is a square, without names that say more than a number."""
    if (
        not isinstance(rows, np.ndarray | Mapped)
        or rows.ndim != 2
        or rows.dtype.kind not in "biuf"
        or opening.shape is not None
    ):
        return None
    count = rows.shape[1]
    if (
        (names is None or all(map(NUMBERED.fullmatch, map(str, names))))
        and opening.types is None
        and count >= 64
        and round(count**0.5) ** 2 == count
        and _bytes(rows)
    ):
        return None
    _check_count(count)
    found = tuple(map(str, [f"x{i}" for i in range(1, count + 1)] if names is None else names))
    if len(found) != count:
        raise ValueError(f"there are {len(found)} names of features and {count} columns: give one for each")
    check_names(found)
    return found


def _bytes(rows: Array) -> bool:
    some = rows[:1000]
    return rows.dtype == np.uint8 or bool(
        (some >= 0).all() and (some <= 255).all() and not np.mod(some, 1).any() and some.max() > 64
    )


def chosen_types(asked: Sequence[str] | None, features: Sequence[str]) -> dict[str, str]:
    """The types that are asked for, by feature: one word for all (`real`), or `name=type` each. Raises ValueError for others.

    >>> chosen_types(["a=count"], ["a", "b"]), chosen_types(["real"], ["a", "b"])
    ({'a': 'count'}, {'a': 'real', 'b': 'real'})
    """
    found: dict[str, str] = {}
    names = [word.rpartition("=")[0] for word in asked or ()]
    if more := [name for name in names if names.count(name) > 1]:
        raise ValueError(
            f"--types says {f'twice what {more[0]} is' if more[0] else 'twice what all features are'}: say it once"
        )
    for word in sorted(asked or (), key=lambda word: "=" in word):  # the one for all first
        name, _, kind = word.rpartition("=")
        if kind not in get_args(ColumnType) or (name and name not in features):
            raise ValueError(
                f"{word!r} is no type of a feature: give {', '.join(get_args(ColumnType))} for all, or name=type with a column's name"
            )
        found |= {name: kind} if name else dict.fromkeys(features, kind)
    return found
