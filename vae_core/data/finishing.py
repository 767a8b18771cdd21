"""From what a reader found to a data set: images as bytes, classes, a split, known factors, fingerprints and doubts.

Shapes: N rows, F factors.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..kinds import Image, Table, check_types, found_types, rows_at_once
from . import doubts, vision
from .arrays import as_grey_or_colour, from_array
from .fingerprint import KNOWN, fingerprint, own, recognised
from .labels import NO_LABELS, Labels, is_continuous, understood
from .mapped import Array, Mapped, Stored, only, rows_of, stored_of, then
from .missing import filled, with_values
from .notes import Notes, counted, listed
from .pictures import Pictures
from .raw import TEST, TRAIN, Opening, Raw, Report
from .source import Data, Dataset, Origin
from .splits import divided
from .tables import chosen_types
from .values import as_bytes

# At most so many different values of a column are kept as known factors.
MOST_VALUES = 4096


def finished(raw: Raw, opening: Opening, report: Report = lambda line: None, found: bool = False) -> Dataset:
    """What a reader found as a data set. `found` where its name is that of a file, which may be that of other data."""
    notes = raw.notes
    notes.kind = Image if raw.features is None else Table
    stored, rows = stored_rows(raw, opening, report)
    labels = None if opening.labels == NO_LABELS or raw.labels is None else np.asarray(raw.labels)
    labels = labels if labels is None or len(labels) != len(raw) else labels[rows]
    told = understood(labels, raw.classes, opening.unknown, len(rows), notes)
    split = None if raw.split is None else raw.split[rows]
    columns = {name: np.asarray(column)[rows] for name, column in raw.columns.items()}
    if opening.labelled_only and told.known is not None:
        kept = np.flatnonzero(told.known)
        notes.say(f"{len(told.numbers) - len(kept):,} {notes.kind.many} of no known class left out")
        stored, told = only(stored, kept), Labels(told.numbers[kept], told.classes)
        split, rows = None if split is None else split[kept], np.asarray(rows)[kept]
        columns = {name: column[kept] for name, column in columns.items()}
    train, test = divided(
        split, told, opening.test_share, notes, ordered=raw.ordered, shuffled_already=raw.shuffled
    )
    types = None
    if raw.features is not None and opening.fill_missing:
        stored, types = filled(stored, train, raw.features, opening, notes)
    parts = {TRAIN: train, TEST: test}
    return _dataset(raw, opening, stored, told, columns, parts, np.asarray(rows), found, types)


def stored_rows(raw: Raw, opening: Opening, report: Report) -> tuple[Array, np.ndarray]:
    """Bytes `(N, C, H, W)`, or the rows of a table `(N, F)`, and the rows that they are of."""
    images, notes = raw.images, raw.notes
    if raw.features is not None:
        return with_values(images, raw.features, opening, notes, report)
    if isinstance(images, Mapped) or (isinstance(images, np.ndarray) and images.dtype != object):
        labels = None if raw.labels is None else len(raw.labels)
        stored, rows = from_array(images, labels, opening, notes, report)
    else:
        stored, rows = Pictures(_as_pictures(list(images), opening, notes), opening, report).decoded(notes)
        stored = as_grey_or_colour(stored, opening, notes)
    if opening.turn:
        notes.say("the images are turned: rows became columns")
        stored = then(stored, lambda block: np.ascontiguousarray(np.swapaxes(block, 2, 3)))
    return stored, rows


def _as_pictures(images: list[Any], opening: Opening, notes: Notes) -> list[Any]:
    """Arrays of sizes of their own as bytes, by one rule for all of them; paths and pictures as they are."""
    arrays = [np.asarray(image) for image in images if isinstance(image, np.ndarray | list)]
    if len(arrays) != len(images):
        return images
    if not all(array.ndim in (2, 3) and array.dtype.kind in "biuf" for array in arrays):
        raise ValueError(
            "some images are no arrays of height x width numbers, with or without channels: mend these"
        )
    if bad := [number for number, array in enumerate(arrays) if not np.isfinite(array).all()]:
        raise ValueError(
            f"{counted(len(bad), 'image')} hold NaN or infinite values, the first is number {bad[0]}: mend them, or leave them out"
        )
    flat: Any = as_bytes(np.concatenate([array.ravel() for array in arrays]), opening.values, notes)
    places = np.cumsum([array.size for array in arrays])[:-1]
    shaped = [part.reshape(array.shape) for part, array in zip(np.split(flat, places), arrays, strict=True)]
    return [np.moveaxis(one, 0, -1) if one.ndim == 3 and one.shape[-1:] > (4,) else one for one in shaped]


def _dataset(
    raw: Raw,
    opening: Opening,
    array: Array,
    labels: Labels,
    columns: Mapping[str, np.ndarray],
    rows: Mapping[str, np.ndarray],
    places: np.ndarray,
    found: bool,
    types: Sequence[str] | None = None,
) -> Dataset:
    """The splits, of whose rows `places` says where each of all lay in the source; `types` of a table's features, where they are known."""
    names, factors = _factors(columns, labels, raw.notes)
    stored = stored_of(array)
    parts = {
        split: (rows_of(stored, own), torch.from_numpy(labels.numbers[own])) for split, own in rows.items()
    }
    fingerprints = {split: fingerprint(*part) for split, part in parts.items()}
    name, classes = _named(raw, labels.classes, fingerprints) if found else (raw.name, labels.classes)

    origin = Origin(fingerprints, opening.exposed())

    def known(split: str) -> Tensor | None:
        told = None if labels.known is None else labels.known[rows[split]]
        return None if told is None or told.all() else torch.from_numpy(told)

    kind = (
        None
        if raw.features is None
        else _table(stored, parts[TRAIN][0], raw.features, opening, raw.notes, types)
    )
    made = {
        split: Data(
            name,
            split,
            images,
            numbers,
            classes,
            None if factors is None else torch.from_numpy(factors[rows[split]]),
            known=known(split),
            factor_names=names,
            columns={name: column[rows[split]] for name, column in columns.items()},
            origin=origin,
            kind=kind,  # type: ignore[arg-type]
            places=places[rows[split]],
        )
        for split, (images, numbers) in parts.items()
    }
    turned = opening.turn or any(doubts.TURN in sentence for sentence in raw.notes.doubts)
    raw.notes.doubts += _doubts(made[TRAIN], made[TEST], turned)
    return Dataset(
        made[TRAIN].signature,
        lambda split, limit: made[split].head(limit),
        raw.about,
        names,
        name,
        origin,
        raw.notes,
    )


def _table(
    rows: Stored,
    train: Stored,
    features: Sequence[str],
    opening: Opening,
    notes: Notes,
    known: Sequence[str] | None = None,
) -> Table:
    """What the rows are: types as they are asked for, else as all rows look, or `known`; means and ranges of the training rows."""
    asked = chosen_types(opening.types, features)
    types = [asked.get(name, found) for name, found in zip(features, known or found_types(rows), strict=True)]
    for part in rows.split(rows_at_once(len(features))):
        check_types(part.double(), features, types)
    table = Table.of(train, features, types)  # type: ignore[arg-type]
    each = [f"{counted(types.count(kind), 'feature')} {WORDS[kind]}" for kind in WORDS if kind in types]
    notes.say(f"{', '.join(each)} (--types chooses)")
    first = train[0]
    same = [(part == first).all(0) for part in train.split(rows_at_once(len(features)))]
    flat = [name for name, each in zip(features, torch.stack(same).all(0).tolist(), strict=True) if each]
    if flat:
        notes.doubt(
            f"{listed(flat)} never {'changes' if len(flat) == 1 else 'change'} and so {'says' if len(flat) == 1 else 'say'} nothing: "
            "choose others by --columns"
        )
    notes.doubts += doubts.of_marks(train, features)
    return table


WORDS = {"real": "real", "count": "counted", "binary": "0 or 1"}


def _doubts(train: Data, test: Data, turned: bool) -> list[str]:
    counts = [data.known_labels.bincount(minlength=len(data.classes)).tolist() for data in (train, test)]
    found = doubts.of_missing(counts[0], counts[1], train.classes, train.kind) if train.classes else []
    found += doubts.of_counts(train.known_labels, train.classes, train.kind)
    if isinstance(train.kind, Image):
        found += doubts.of_images(train.images, train.classes, turned)
        found += doubts.of_brightness(train.images, test.images)
    return found


def _named(
    raw: Raw, classes: tuple[str, ...], fingerprints: Mapping[str, str]
) -> tuple[str, tuple[str, ...]]:
    """The name of a file or folder and its classes; those of the data set that it is, where we know it, and another name where it would be
    taken for one that it is not."""
    if (known := recognised(fingerprints)) is not None:
        raw.notes.say(f"these are the images of {known}")
        names = KNOWN[known].classes
        return known, names if len(names) == len(classes) else classes
    taken = vision.known(raw.name) or raw.name
    if taken not in KNOWN:
        return raw.name, classes
    raw.notes.doubt(f"its name is that of {taken}, and these are other images: called {own(raw.name)} here")
    return own(raw.name), classes


def _factors(
    columns: Mapping[str, np.ndarray], labels: Labels, notes: Notes
) -> tuple[tuple[str, ...], np.ndarray | None]:
    """Columns that are no class as known factors `(N, F)`, numbered from 0, the class before them."""
    found: dict[str, np.ndarray] = {}
    for name, column in columns.items():
        if is_continuous(column):
            continue
        values, places = np.unique(column, return_inverse=True)
        if 1 < len(values) <= min(MOST_VALUES, len(column) // 2):
            found[name] = places.astype(np.int64)
    measured = [name for name, column in columns.items() if is_continuous(column)]
    if told := [*found, *measured]:
        notes.say(
            f"beside the class, {listed(told)} {'is' if len(told) == 1 else 'are'} known of each {notes.kind.one}"
        )
    if not found:
        return (), None
    if labels.classes:
        found = {"class": labels.numbers, **found}
    return tuple(found), np.stack([*found.values()], axis=1)
