"""A visitor's row of a table, as text: numbers in order, `name: number` lines, or two lines of a CSV file.

Shapes: F features.
"""

import csv
import io
import re

import numpy as np

from latent_explorer.user_image.images import UserImage
from vae_core.data.notes import listed
from vae_core.kinds import Table

MOST = 2_000_000  # characters of a row
MOST_IN_LINK = 1_000  # and of one that goes along in a link
SEPARATORS = re.compile(r"[\s,;|]+")
NAMED = re.compile(r"^\s*(.+?)\s*[:=]\s*(\S+)\s*$")


def fitting(text: str, table: Table) -> UserImage | None:
    """The row that a text holds, where it holds one of this table; it may be of another model's."""
    try:
        return read(text, table) if text else None
    except ValueError:
        return None


def read(text: str, table: Table) -> UserImage:
    """The row `(F,)`. Raises ValueError, one sentence, for a text that holds none of this table.

    >>> table = Table(("a", "b"), ("real", "count"), (0.0, 0.0), (1.0, 1.0), (0.0, 0.0), (1.0, 9.0))
    >>> [read(text, table).values.tolist() for text in ("1.5 2", "b: 2\\na: 1.5", "b,a\\n2,1.5")]
    [[1.5, 2.0], [1.5, 2.0], [1.5, 2.0]]
    """
    if len(text) > MOST:
        raise ValueError(f"The text has {len(text):,} characters; give one row.")
    lines = [line for line in text.strip().splitlines() if line.strip()]
    if not lines:
        raise ValueError(f"There is no row yet; give {table.size:,} numbers.")
    named = _of_lines(lines) or _of_csv(lines)
    values = (
        _in_order(named, table) if named else _numbers(SEPARATORS.split(" ".join(lines).strip(" ,;|")), table)
    )
    for name, kind, value in zip(table.names, table.types, values, strict=True):
        if kind == "count" and (value < 0 or value % 1):
            raise ValueError(f"{name} is a count; give a whole number for it, not {value:g}.")
        if kind == "binary" and value not in (0, 1):
            raise ValueError(f"{name} is 0 or 1; give one of them, not {value:g}.")
    return UserImage(values)


def encode(row: UserImage) -> str:
    """The row in a link: its numbers in order, each as short as the same number can be written; nothing where that is too long.

    >>> encode(UserImage(np.array([1.5, -2.0, 1e-9], np.float32)))
    '1.5_-2_1e-09'
    """
    text = "_".join(
        np.format_float_scientific(each, trim="-")
        if 0 < abs(each) < 1e-4 or abs(each) >= 1e7
        else np.format_float_positional(each, trim="-")
        for each in row.values
    )
    return text if len(text) <= MOST_IN_LINK else ""


def decode(text: str) -> str:
    """The text of a row that a link says. Raises ValueError for what holds no numbers.

    >>> decode("1.5_-2")
    '1.5 -2'
    """
    words = text.split("_")
    if len(text) > MOST_IN_LINK or not all(map(_is_number, words)):
        raise ValueError("it is no list of numbers")
    return " ".join(words)


def _of_lines(lines: list[str]) -> dict[str, str]:
    """Values by name of lines such as `name: 1.5`; nothing where a line is no such."""
    found = [NAMED.match(line) for line in lines]
    return {match[1]: match[2].rstrip(",;") for match in found if match} if all(found) else {}


def _of_csv(lines: list[str]) -> dict[str, str]:
    """Values by name of a line of names and one of numbers; nothing where there are no two such lines."""
    if len(lines) != 2 or all(map(_is_number, SEPARATORS.split(lines[0].strip(" ,;|")))):
        return {}
    separator = next((mark for mark in ("\t", ";", ",") if mark in lines[0]), ",")
    names, values = csv.reader(io.StringIO("\n".join(lines)), delimiter=separator)
    if len(names) != len(values):
        raise ValueError(f"There are {len(names)} names and {len(values)} values; give one for each.")
    return {name.strip(): value for name, value in zip(names, values, strict=True)}


def _in_order(named: dict[str, str], table: Table) -> np.ndarray:
    if missing := [name for name in table.names if name not in named]:
        raise ValueError(
            f"The row lacks {listed(missing)}; give {'it' if len(missing) == 1 else 'them'} too."
        )
    return _numbers([named[name] for name in table.names], table)


def _numbers(words: list[str], table: Table) -> np.ndarray:
    if len(words) != table.size:
        raise ValueError(
            f"There are {len(words):,} values, and a row has {table.size:,}; give one for each feature."
        )
    for name, word in zip(table.names, words, strict=True):
        if not _is_number(word):
            raise ValueError(f"{name} is {word!r}; give a number.")
    return np.array([float(word) for word in words], np.float32)


def _is_number(word: str) -> bool:
    try:
        return bool(np.isfinite(np.float32(float(word))))
    except (ValueError, OverflowError):
        return False
