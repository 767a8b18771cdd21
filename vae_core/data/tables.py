"""Tables: .csv, .tsv and .parquet, their columns understood as features, class and what else is known of a row.

Shapes: N rows, F features.
"""

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from ..kinds import ColumnType
from .labels import NO_LABELS
from .mapped import Array, Mapped, blocks, only, then
from .notes import Notes, counted, listed
from .raw import PARTS, SPLITS, TEST, TRAIN, Opening, Raw, Report

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
)
# Names that only number columns, as those of flattened images do: pixel0, px_12, 28x28, x1, 0.
NUMBERED = re.compile(r"(?:pixel|pix|px|column|col|[pxfv])?[ _-]?\d+(?:x\d+)?", re.IGNORECASE)
# A column of text with more different values than this names rows, not groups of them.
MOST_GROUPS = 1000


def is_table(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in ENDINGS


def read_table(path: Path, opening: Opening) -> Raw:
    """The rows of a file. Raises ValueError, one sentence, for a damaged one and for columns that are not there."""
    frame = read_frame(path)
    if path.suffix.lower() != ".parquet":
        _check_header(list(frame.columns))
    of_pixels = " of pixels" if opening.shape is not None else ""
    return of_frame(path.name, f"a table ({path.suffix.lower()}){of_pixels}", frame, opening)


def of_frame(name: str, about: str, frame: Any, opening: Opening) -> Raw:
    """A pandas DataFrame: columns of numbers are features, one of them or of text the class, the rest is known beside it.

    Raises ValueError for columns that are asked for and not there, and for a frame without a column of numbers.
    """
    frame, notes = frame.rename(columns=str), Notes()
    check_names(list(frame.columns))
    split, frame = split_of(frame)
    frame = _without_numbering(frame, opening, notes)
    label = class_column(frame, opening, CLASSES, notes)
    chosen = _features(frame.drop(columns=[label] if label else []), opening, notes)
    rest = frame.drop(columns=[*chosen, *([label] if label else [])])
    rows = frame[chosen].to_numpy(dtype=np.float32, na_value=np.nan)
    return Raw(
        name,
        about,
        rows,
        None if label is None else plain(frame[label]),
        split,
        columns={column: plain(rest[column]) for column in rest if tells(rest[column])},
        ordered=True,
        notes=notes,
        features=features_of(rows, chosen, opening),
    )


def read_frame(path: Path, header: Literal["infer"] | None = "infer") -> Any:
    """The table of a text or parquet file; of a text without a line of names, where `header` is None. Raises ValueError for a damaged one."""
    import pandas as pd

    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        text = _text(path)
        separator = "\t" if path.suffix.lower() == ".tsv" else _separator(text)
        frame = pd.read_csv(path, sep=separator, encoding=text.encoding, skipinitialspace=True, header=header)
        if separator == ";":  # where a comma separates decimals
            again = pd.read_csv(
                path, sep=separator, encoding=text.encoding, decimal=",", skipinitialspace=True, header=header
            )
            more = len(again.select_dtypes("number").columns) > len(frame.select_dtypes("number").columns)
            return again if more else frame
        return frame
    except Exception as error:  # pandas and pyarrow each raise their own kinds for a damaged file
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"{path.name} cannot be read as a table ({reason}): mend it, or save it anew"
        ) from None


class _Beginning(str):
    """The first lines of a file, and how they are encoded."""

    encoding: str


def _text(path: Path) -> _Beginning:
    raw = path.read_bytes() if path.stat().st_size < 2**16 else path.open("rb").read(2**16)
    for encoding in ("utf-8-sig", "latin-1"):
        try:
            found = _Beginning(raw[: raw.rfind(b"\n") + 1 or len(raw)].decode(encoding))
            found.encoding = encoding
            return found
        except UnicodeDecodeError:
            continue
    raise ValueError("it is no text")


def _separator(text: str) -> str:
    try:
        return csv.Sniffer().sniff(text, ",;\t|").delimiter
    except csv.Error:
        return ","


def check_names(names: Sequence[str]) -> None:
    if more := {name for name in names if list(names).count(name) > 1}:
        raise ValueError(f"two columns are called {sorted(more)[0]!r}: name each column once")


def _check_header(names: Sequence[str]) -> None:
    """The first line of a text file may be its first row; 0, 1, 2, ... number the columns."""
    if all(map(_is_number, names)) and list(names) != [str(place) for place in range(len(names))]:
        raise ValueError(
            "the first line of the table holds numbers and no names of columns: write names above them, such as "
            + ",".join(f"x{i}" for i in range(1, min(len(names), 3) + 1))
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def split_of(frame: Any) -> tuple[np.ndarray | None, Any]:
    """The split that a column tells of, and the other columns."""
    for column in frame.columns:
        words = frame[column].astype(str).str.lower()
        if column.lower() in SPLITS and set(words) <= set(PARTS):
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
    words = [column for column in free if _is_text(frame[column]) and 1 < frame[column].nunique() <= 128]
    if found is None and len(words) == 1:
        found = words[0]
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
    return column.dtype.kind not in "biufc" and not str(column.dtype).startswith(
        ("Int", "UInt", "Float", "bool", "datetime")
    )


def _features(frame: Any, opening: Opening, notes: Notes) -> list[str]:
    """The columns of numbers, or those that are asked for."""
    if opening.columns:
        if missing := [name for name in opening.columns if name not in frame.columns]:
            raise ValueError(f"there is no column {missing[0]!r}: there are {listed(list(frame.columns), 8)}")
        if words := [name for name in opening.columns if _is_text(frame[name])]:
            raise ValueError(
                f"{words[0]!r} holds text and is no feature: leave it out, or write it as numbers"
            )
        return list(opening.columns)
    numbers = [
        name
        for name in frame.columns
        if not _is_text(frame[name]) and not str(frame[name].dtype).startswith("datetime")
    ]
    if not numbers:
        raise ValueError(f"no column holds numbers: there are {listed(list(frame.columns), 8)}")
    if rest := [name for name in frame.columns if name not in numbers]:
        notes.say(
            f"{listed(rest)} {'holds' if len(rest) == 1 else 'hold'} no numbers and {'is' if len(rest) == 1 else 'are'} no feature"
        )
    return numbers


def plain(column: Any) -> np.ndarray:
    """A column as numbers, or as text with the missing ones empty."""
    if _is_text(column):
        return np.array(
            ["" if value is None or value != value else str(value) for value in column.astype(object)]
        )
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
    for word in asked or ():
        name, _, kind = word.rpartition("=")
        if kind not in get_args(ColumnType) or (name and name not in features):
            raise ValueError(
                f"{word!r} is no type of a feature: give {', '.join(get_args(ColumnType))} for all, or name=type with a column's name"
            )
        found |= {name: kind} if name else dict.fromkeys(features, kind)
    return found


def without_missing(
    rows: Array,
    features: Sequence[str],
    opening: Opening,
    notes: Notes,
    report: Report = lambda line: None,
) -> tuple[Array, np.ndarray]:
    """The rows that have every value, and which they are. Raises ValueError where some are missing and are not to be left out."""
    rows = then(rows, lambda block: np.asarray(block, np.float32))
    parts, lacking = [], np.zeros(rows.shape[1], bool)
    for block in blocks(rows, report):
        missing = ~np.isfinite(block)
        lacking |= missing.any(0)
        parts.append(missing.any(1))
    bad = np.concatenate(parts) if parts else np.zeros(0, bool)
    if not bad.any():
        return rows, np.arange(len(rows))
    columns = [features[place] for place in np.flatnonzero(lacking).tolist()]
    if not opening.skip_broken:
        raise ValueError(
            f"{counted(int(bad.sum()), 'row')} of {len(rows):,} miss a value in {listed(columns)}: leave them out by --skip-broken, "
            "leave these columns out by --columns, or fill them in"
        )
    kept = np.flatnonzero(~bad)
    if not len(kept):
        raise ValueError(
            f"every row misses a value, in {listed(columns)}: leave these columns out by --columns"
        )
    notes.say(f"{counted(len(rows) - len(kept), 'row')} with missing values left out")
    return only(rows, kept), kept
