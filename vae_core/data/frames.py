"""Files of tables as pandas frames, however they were written: encodings, separators, decimals, and marks that stand for missing values."""

import csv
import itertools
import re
from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ..files import reason
from .notes import Notes, listed

# A number as people write it: thousands apart, with a per cent sign after it.
NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:e[-+]?\d+)?\s*%?", re.IGNORECASE)
# Units that may stand beside each number of a column: the same one beside all of them. `cluster 3` and `P003` are names.
UNIT = re.compile(
    r"(?P<before>[€$£¥]?)\s*(?P<number>[-+]?[\d.,]*\d[\d.,]*(?:e[-+]?\d+)?)\s*"
    r"(?P<after>[€$£¥]|eur|usd|gbp|[nµmckM]?[mglsL]|in|ft|lbs?|oz|°?[CFK]|°|Hz|kHz|MHz|[mk]?[VAW]|min|h|d|years?|days?|hours?|minutes?|seconds?|mmHg|bpm|)",
    re.IGNORECASE,
)
# A column is one of numbers where at least this share of its words are, and the others are no more marks than these.
MOST_NUMBERS, MARKS = 0.8, 3
# Columns of text that are looked through for numbers, which takes milliseconds each.
MOST_TEXTS = 2000


def read_frame(path: Path, header: Literal["infer"] | None = "infer", notes: Notes | None = None) -> Any:
    """The table of a text or parquet file; of a text without a line of names, where `header` is None.

    Raises ValueError for a damaged one, and for one without names or rows.
    """
    import pandas as pd

    try:
        frame = pd.read_parquet(path) if path.suffix.lower() == ".parquet" else _of_text(path, header, notes)
    except Exception as error:  # pandas and pyarrow each raise their own kinds for a damaged file
        raise ValueError(
            f"{path.name} cannot be read as a table ({reason(error)}): mend it, or save it anew"
        ) from None
    if not len(frame):
        raise ValueError(f"{path.name} holds no rows: give some below the names of its columns")
    return frame


def _of_text(path: Path, header: Literal["infer"] | None, notes: Notes | None) -> Any:
    import pandas as pd

    text = _beginning(path)
    lines = text.lines.splitlines()
    comments = _comments(lines)
    separator = "\t" if path.suffix.lower() == ".tsv" else _separator("\n".join(lines[comments:]))
    how: dict[str, Any] = {
        "sep": separator,
        "encoding": text.encoding,
        "skipinitialspace": True,
        "skiprows": comments,
    }
    if notes is not None and header is not None:
        names = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False, **how)
        _say_twins(names.iloc[0].tolist(), notes)
        if comments:
            notes.say(
                f"the first {'line' if comments == 1 else f'{comments} lines'} of the file begin with # and are left out"
            )
    frame = pd.read_csv(path, header=header, **how)
    if separator == ";":  # where a comma separates decimals
        again = pd.read_csv(path, header=header, decimal=",", **how)
        more = len(again.select_dtypes("number").columns) > len(frame.select_dtypes("number").columns)
        return again if more else frame
    return frame


class _Beginning(NamedTuple):
    """The first lines of a file, and how they are encoded."""

    lines: str
    encoding: str


def _beginning(path: Path) -> _Beginning:
    with path.open("rb") as file:
        raw = file.read(2**16)
    if not raw.strip():
        raise ValueError("it is empty")
    wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")  # as Excel writes its Unicode text
    if not wide and b"\0" in raw:
        raise ValueError("it is no text")
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "latin-1"):
        try:
            whole = raw if wide else raw[: raw.rfind(b"\n") + 1 or len(raw)]
            return _Beginning(whole.decode(encoding, "ignore" if wide else "strict"), encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError("it is no text")


def _comments(lines: Sequence[str]) -> int:
    """How many lines of remarks stand above the names: they begin with # and have other separators than the next line."""
    count = next((place for place, line in enumerate(lines) if not line.startswith("#")), 0)
    last = lines[count - 1] if count else ""
    is_names = any(last.count(mark) == lines[count].count(mark) > 0 for mark in ",;\t|")
    return count - 1 if is_names else count


def _separator(text: str) -> str:
    try:
        return csv.Sniffer().sniff(text, ",;\t|").delimiter
    except csv.Error:
        return ","


def _say_twins(names: Sequence[str], notes: Notes) -> None:
    if twins := sorted({name for name, count in Counter(names).items() if name and count > 1}):
        notes.doubt(
            f"two columns are called {twins[0]!r}: the second is {twins[0] + '.1'!r} here; give each a name of its own, or leave one out by --columns"
        )


def check_names(names: Sequence[str]) -> None:
    if more := {name for name, count in Counter(names).items() if count > 1}:
        raise ValueError(f"two columns are called {sorted(more)[0]!r}: name each column once")


def check_header(frame: Any) -> None:
    """The first line of a text file may be its first row; 0, 1, 2, ... number the columns, and wavelengths, which grow, may name them."""
    names = list(map(str, frame.columns))
    numbers = [float(name) for name in names if _is_number(name)]
    counted = names == [str(place) for place in range(len(names))]
    words = [place for place, name in enumerate(names) if not _is_number(name)]
    many = len(numbers) > (2 if words else 9)  # the first row of a small table may grow too
    grow = many and all(one < other for one, other in itertools.pairwise(numbers))
    kinds = [dtype.kind for dtype in frame.dtypes]
    text = [place for place in words if kinds[place] in "OTU"]
    repeated = any((frame.iloc[:, place].astype(str).str.strip() == names[place]).any() for place in text)
    if numbers and not counted and (repeated or (2 * len(numbers) > len(names) and not grow)):
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


def without_lists(frame: Any, notes: Notes) -> Any:
    """The frame without columns whose cells hold several values each. Raises ValueError where they are images."""
    kinds = {
        name: type(first[0])
        for name, dtype in frame.dtypes.items()
        if dtype.kind == "O" and len(first := frame[name].dropna().head(1).tolist())
    }
    inside = [name for name, kind in kinds.items() if not issubclass(kind, Hashable) or kind is bytes]
    images = [name for name in inside if kinds[name] is dict and "bytes" in frame[name].dropna().iloc[0]]
    if images:
        raise ValueError(
            f"{images[0]} holds images and no numbers: put the file in a folder of its own and give that, which is read as a data set of Hugging Face"
        )
    if inside:
        notes.say(
            f"{listed(inside)} {'holds' if len(inside) == 1 else 'hold'} several values in each row and {'is' if len(inside) == 1 else 'are'} left out"
        )
    return frame.drop(columns=inside)


def with_numbers(frame: Any, apart: Collection[str], notes: Notes) -> Any:
    """The frame with numbers where a column of text holds them: with thousands apart, per cent, or a few marks for missing values.

    Columns `apart` stay as they are, and those that are empty are left out.
    """
    nothing = frame.isna().all()
    empty = [name for name in frame.columns if name not in apart and nothing[name]]
    if empty:
        notes.say(f"{listed(empty)} {'is' if len(empty) == 1 else 'are'} empty and no feature")
    frame = frame.drop(columns=empty)
    texts = [name for name, dtype in frame.dtypes.items() if name not in apart and dtype.kind in "OTU"]
    if len(texts) > MOST_TEXTS:
        raise ValueError(
            f"{len(texts):,} columns hold text, {listed(texts, 2)}, and at most {MOST_TEXTS:,} may: leave them out, or write them as numbers"
        )
    found = {name: numbers for name in texts if (numbers := _numbers(frame[name])) is not None}
    if not found:
        return frame
    notes.say(
        f"{listed(list(found))} {'is' if len(found) == 1 else 'are'} read as numbers, without marks of thousands, per cent and units"
    )
    missing = {
        name: sorted(set(frame[name][numbers.isna()].dropna().astype(str))) for name, numbers in found.items()
    }
    if marks := sorted({mark for each in missing.values() for mark in each}):
        where = [name for name, each in missing.items() if each]
        notes.doubt(
            f"{listed([repr(mark) for mark in marks])} in {listed(where)} {'is' if len(marks) == 1 else 'are'} taken as a missing value"
        )
    return frame.assign(**found)


def _numbers(column: Any) -> Any:
    """A column of text as numbers, NaN for marks; None where it is one of words."""
    import pandas as pd

    words = _without_unit(column.dropna().astype(str).str.strip())
    is_number = words.str.fullmatch(NUMBER) & words.str.contains(r"\d")
    if is_number.mean() < MOST_NUMBERS or words[~is_number].nunique() > MARKS:
        return None
    bare = words[is_number].str.rstrip("% ").str.replace(",", "")
    try:
        found = pd.to_numeric(bare)
    except ValueError:  # a number beyond all that a float holds, which is infinite
        found = [float(word) for word in bare]
    return pd.Series(found, bare.index, dtype=float).reindex(column.index)


def _without_unit(words: Any) -> Any:
    """Words of numbers that all have one unit, without it; other words as they are."""
    parts = words.str.extract(rf"^{UNIT.pattern}$", flags=UNIT.flags)
    units = (parts["before"] + parts["after"]).dropna()
    named = units.nunique() == 1 and units.iloc[0] != ""
    return parts["number"].where(parts["number"].notna(), words) if named else words
