"""Data sets of Hugging Face's `datasets`, by name or as folders that it has written: memory-mapped, read row by row.

The package is an extra of ours, and is imported when one is opened. No code of a data set is run.
"""

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..files import reason
from .arrays import joined
from .labels import NO_LABELS
from .notes import listed, name_of
from .raw import TEST, TRAIN, Opening, Raw, Report
from .tables import features_of, of_frame, plain, tells

PREFIX = "hf:"
MARKS = ("dataset_dict.json", "dataset_info.json", "state.json")
ABOUT = "a data set of Hugging Face"
# owner/name or name, and the name of a configuration; anything else is a path.
NAME = re.compile(r"hf:(?!\.)[\w.-]+(?:/[\w.-]+)?(?::[\w.-]+)?")
LABELS = ("label", "labels", "fine_label", "class", "target", "y")


def by_name(what: str) -> bool:
    """Whether it names a data set of the hub, and no path.

    >>> by_name("hf:owner/name"), by_name("hf:name:en"), by_name("hf:/data/own"), by_name("hf:../own")
    (True, True, False, False)
    """
    return NAME.fullmatch(what) is not None


def is_hub(what: str) -> bool:
    """Whether this is `hf:owner/name`, a folder that `save_to_disk` wrote, or one of Parquet files as the hub has them."""
    return (
        what.startswith(PREFIX)
        or any((Path(what) / mark).is_file() for mark in MARKS)
        or any(next(Path(what).glob(files), None) for files in ("*.parquet", "data/*.parquet"))
    )


def read_hub(what: str, opening: Opening, report: Report) -> Raw:
    """Images or rows, classes and splits of a data set. Raises ValueError without the package, for a name that is not found, and without images or
    numbers."""
    parts = _loaded(what, report)
    features = next(iter(parts.values())).features
    image = _image_column(features, opening.images)
    raw = _numbers(parts, opening) if image is None else _images(parts, image, opening)
    raw.name = what if by_name(what) else name_of(what.removeprefix(PREFIX))
    if len(parts) > 1:
        raw.split = np.repeat(
            [TEST if name == TEST else TRAIN for name in parts], list(map(len, parts.values()))
        )
    if others := [name for name in parts if name not in ("", TRAIN, TEST)]:
        raw.notes.say(
            f"the {raw.notes.kind.many} of {listed(others)} are counted to the training {raw.notes.kind.many}"
        )
    return raw


def _images(parts: Mapping[str, Any], image: str, opening: Opening) -> Raw:
    """A column of images, the class, and what else is known of each of them."""
    features = next(iter(parts.values())).features
    label = None if opening.labels == NO_LABELS else _label_column(features, opening.labels)
    beside = [name for name, kind in features.items() if name not in (image, label) and _plain(kind)]
    frame = _frame(parts, [*beside, *([label] if label else [])])
    names = getattr(features.get(label), "names", None) if label else None
    return Raw(
        "",
        ABOUT,
        joined([_rows(part, image) for part in parts.values()]),
        None if label is None else frame[label].to_numpy(dtype=None if names else object),
        classes=None if names is None else tuple(names),
        columns={name: plain(_named(frame[name], features[name])) for name in beside if tells(frame[name])},
        ordered=True,
    )


def _numbers(parts: Mapping[str, Any], opening: Opening) -> Raw:
    """A column of vectors, or else the columns of a table."""
    features = next(iter(parts.values())).features
    vectors = [
        name for name, kind in features.items() if _plain(getattr(kind, "feature", None), numbers=True)
    ]
    simple = [name for name, kind in features.items() if _plain(kind)]
    frame = _frame(parts, simple)
    frame = frame.assign(**{name: _named(frame[name], features[name]) for name in simple})
    if not vectors:
        if not any(_plain(kind, numbers=True) for kind in features.values()):
            raise ValueError(
                f"no column holds images or numbers: name one by --image-column, there are {listed(list(features), 8)}"
            )
        return of_frame("", f"{ABOUT}, a table", frame, opening)
    label = None if opening.labels == NO_LABELS else _label_column(features, opening.labels)
    try:
        rows = joined([np.stack([np.asarray(row) for row in part[vectors[0]][:]]) for part in parts.values()])
    except (ValueError, TypeError):
        raise ValueError(
            f"{vectors[0]} holds rows of different lengths: give as many numbers in each"
        ) from None
    return Raw(
        "",
        f"{ABOUT}, vectors",
        rows,
        None if label is None else plain(frame[label], is_class=True),
        columns={name: plain(frame[name]) for name in simple if name != label and tells(frame[name])},
        ordered=True,
        features=features_of(rows, None, opening),
    )


def _plain(kind: Any, numbers: bool = False) -> bool:
    """Whether a column holds a number, a word or a class in each row."""
    if type(kind).__name__ == "ClassLabel":
        return not numbers
    told = str(getattr(kind, "dtype", "")) if type(kind).__name__ == "Value" else ""
    return told.startswith(
        ("int", "uint", "float", "bool", "double", *(() if numbers else ("string", "large_string")))
    )


def _frame(parts: Mapping[str, Any], columns: list[str]) -> Any:
    """These columns of all parts, one below the other."""
    import pandas as pd

    return pd.concat([part.select_columns(columns).to_pandas() for part in parts.values()], ignore_index=True)


def _named(column: Any, kind: Any) -> Any:
    """The names of a column of classes, which -1 stands for none of."""
    import pandas as pd

    names = getattr(kind, "names", None)
    return (
        column
        if names is None
        else pd.Series(pd.Categorical.from_codes(column.fillna(-1).astype(int), names))
    )


def _package() -> Any:
    """The package datasets. Raises ValueError without it."""
    try:
        return import_module("datasets")
    except ImportError:
        raise ValueError(
            "data sets of Hugging Face need the package datasets: install it by pip install 'latent-explorer[datasets]'"
        ) from None


def _loaded(what: str, report: Report) -> dict[str, Any]:
    """The parts by name."""
    datasets, path = _package(), what.removeprefix(PREFIX)
    try:
        if by_name(what):
            name, _, version = what.removeprefix(PREFIX).partition(":")
            report(f"loading {name}")
            found = datasets.load_dataset(name, version or None)
        elif any((Path(path) / mark).is_file() for mark in MARKS):
            found = datasets.load_from_disk(path)
        else:
            found = datasets.load_dataset(
                "parquet", data_dir=path
            )  # which runs no script that lies beside them
    except Exception as error:  # each data set fails in its own way
        if not by_name(what):
            raise ValueError(
                f"{name_of(path)} cannot be read ({reason(error)}): save it anew by save_to_disk"
            ) from None
        raise ValueError(_unavailable(what, error, reason(error))) from None
    parts = dict(found) if isinstance(found, Mapping) else {"": found}
    if "validation" in parts and TEST not in parts:
        parts[TEST] = parts.pop("validation")
    return {name: part for name, part in parts.items() if len(part)}


# What is raised of a name that the hub does not have, or not for everyone; of a hub that is out of reach; of a download that broke off.
ABSENT = {"DatasetNotFoundError", "RepositoryNotFoundError"}
UNREACHED = {
    "ConnectionError",
    "ConnectError",
    "ConnectTimeout",
    "LocalEntryNotFoundError",
    "OfflineModeIsEnabled",
}
CUT = {"RemoteProtocolError", "ReadError", "ReadTimeout", "ChunkedEncodingError", "IncompleteRead"}


def _unavailable(what: str, error: BaseException, why: str) -> str:
    """Why a data set of the hub was not had, and what to do."""
    name = what.removeprefix(PREFIX).partition(":")[0]
    raised, chain = set(), error
    while chain is not None:
        raised |= {kind.__name__ for kind in type(chain).__mro__}
        chain = chain.__cause__
    if "GatedRepoError" in raised:
        return f"{name} is open to those who asked its owners: ask on its page, log in by `hf auth login`, and try again"
    if raised & ABSENT:
        return f"the hub has no data set {name}, or keeps it private: check the name, or log in by `hf auth login`"
    if raised & CUT:
        return f"the download of {name} broke off ({why}): try again"
    if raised & UNREACHED:
        return f"{what} is not available ({why}): go online, or give its folder"
    return f"{what} cannot be read ({why}): try again, or give a folder of it that can"


def _image_column(features: Mapping[str, Any], given: str | None) -> str | None:
    if given is not None:
        _check_column(given, features)
        return given
    kinds = ("Image", "Array2D", "Array3D")
    return next((name for name, kind in features.items() if type(kind).__name__ in kinds), None)


def _label_column(features: Mapping[str, Any], given: str | None) -> str | None:
    if given is not None:
        _check_column(given, features)
        return given
    classes = [name for name, kind in features.items() if type(kind).__name__ == "ClassLabel"]
    return next((name for name in (*LABELS, *classes) if name in features), None)


def _check_column(name: str, features: Mapping[str, Any]) -> None:
    if name not in features:
        raise ValueError(f"no column is called {name!r}: there are {listed(list(features), 8)}")


def _rows(part: Any, column: str) -> Any:
    """An array of a column of arrays; else one function an image, which reads its bytes when they are asked for."""
    datasets = _package()
    if not isinstance(part.features[column], datasets.Image):
        return np.asarray(part.with_format("numpy")[column][:])
    files = part.cast_column(column, datasets.Image(decode=False))
    return [_Row(files, number, column) for number in range(len(part))]


class _Row(NamedTuple):
    part: Any
    number: int
    column: str

    def __call__(self) -> Any:
        found = self.part[self.number][self.column]
        return found["bytes"] if found.get("bytes") is not None else Path(found["path"])
