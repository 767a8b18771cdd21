"""Embeddings alone, brought in: codes of any encoder as the folder of a checkpoint that has no nets.

Shapes: N items, D dimensions, C H W picture.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..checkpoints import CARD, Checkpoint, atomic, load, save_card, save_model
from ..data import Dataset, Opening
from ..data.embedded import COLUMN, EMBEDDINGS, PICTURES, embedded
from ..data.finishing import stored_rows
from ..data.labels import NO_LABELS, Labels, understood
from ..data.mapped import Array, Mapped, blocks, kept_in_file, only
from ..data.notes import Notes, counted
from ..data.opening import raw_of
from ..data.raw import TEST, TRAIN, Raw
from ..data.tables import features_of
from ..kinds import Embedding, Image, Table
from ..models import Embeddings, Signature
from ..models.embeddings import BLOCK
from .brought import Report, card_of, gaussian_of, gaussians_of
from .given import LEAST_ITEMS, checked, dimension_names, read_embeddings, read_labels

# Between these typical deviations numbers are taken as they are; others are divided by a power of ten.
USUAL_DEVIATION = (0.05, 20.0)

# Of a table of the same items so many features are kept, to colour the map by.
MOST_FEATURES = 1000


def bring_embeddings(
    z: Any,
    labels: Any = None,
    *,
    data: Any = None,
    out: Path | str,
    array: str | None = None,
    name: str | None = None,
    command: str = "",
    report: Report = lambda line: None,
    opening: Mapping[str, Any] | None = None,
) -> Checkpoint:
    """Embeddings as the folder of a checkpoint without nets: its maps, neighbours and selections open in the app, and nothing is decoded.

    Args:
        z: the embeddings, `(N, D)`: an array, a tensor or a table of pandas; or their file, .npz, .npy, .csv, .tsv, .parquet or .h5ad.
        labels: a class for each, numbers or text, or their file; those of the file of z or of the data unless given.
        data: images or rows of the same N items in the same order: an array, or a source as `open_data` takes it. A source of
            training and test rows may be meant whole, or either part.
        out: the folder to write; it must not hold a checkpoint.
        array: which array of an .npz, or obsm of an .h5ad, holds the embeddings.
        name: what they are called; their file's name unless given.
        command: that made it, for the card.
        report: told what is found.
        opening: how file and data are opened, as `open_data` takes it.

    Returns:
        The checkpoint, without an atlas: `latent-explorer atlas out` makes one for the app.

    Raises:
        ValueError: one sentence, for what are no embeddings, and for labels or data of other items.

    Example:
        >>> from tempfile import mkdtemp
        >>> z = np.random.default_rng(0).normal(size=(100, 8))
        >>> mine = bring_embeddings(z, ["left", "right"] * 50, out=mkdtemp())
        >>> mine.model.sizes, mine.model.no_decoder
        ({'z': 8}, 'embeddings alone have no decoder, so nothing can be decoded')
    """
    out, how = Path(out), Opening(**(opening or {}))
    if (out / CARD).exists():
        raise ValueError(f"{out} already holds a checkpoint: choose another folder")
    raw, pictures = read_embeddings(z, array, how)
    raw.notes.kind = Embedding
    rows, keep = checked(raw.images, how, raw.notes)
    beside = _beside(pictures if data is None else data, len(rows), how, raw.notes, report)
    told = _labels(labels, raw, beside, how)
    keep &= beside.there
    if told.known is not None and not told.known.all():
        raw.notes.say(
            f"{counted(int((~told.known).sum()), 'item')} of no known class left out (--label-column none keeps all, without classes)"
        )
        keep &= told.known
    kept = np.flatnonzero(keep)
    if len(kept) < LEAST_ITEMS:
        raise ValueError(
            f"there {'is' if len(kept) == 1 else 'are'} {counted(len(kept), 'embedding')}, too few for a map: give {LEAST_ITEMS} at least"
        )
    numbers, classes = _used(told.numbers[kept], told.classes)
    rows = _scaled(rows[kept], raw.notes)
    columns = {**beside.columns, **raw.columns}
    columns = {key: np.asarray(column)[kept] for key, column in columns.items() if len(column) == len(keep)}
    named = dimension_names(raw, rows.shape[1])
    kind = Embedding.of(torch.from_numpy(rows), named, ["real"] * rows.shape[1])
    split = None if raw.split is None else raw.split[kept]
    signature = Signature(kind, classes)
    dataset = embedded(name or raw.name, rows, numbers, signature, columns, split, raw.notes)
    shown = None if beside.pictures is None else only(beside.pictures, beside.places[kept])
    return _written(dataset, split, shown, out, command, report)


class Beside(NamedTuple):
    """What the data of the same items say: pictures `(M, C, H, W)` and the place of each item among them, labels, columns, and of which
    items there is a picture, `(N,)`."""

    there: np.ndarray
    pictures: Array | None = None
    places: np.ndarray = np.zeros(0, np.int64)
    labels: Any = None
    classes: tuple[str, ...] | None = None
    columns: Mapping[str, np.ndarray] = {}


def _beside(data: Any, items: int, how: Opening, notes: Notes, report: Report) -> Beside:
    """Pictures, or columns, of the same items. Raises ValueError for data of another number of rows."""
    if data is None:
        return Beside(np.ones(items, bool))
    raw = _raw_of(data, how, report)
    part = _part(raw, items, notes)
    labels = None if raw.labels is None or len(raw.labels) != len(raw) else np.asarray(raw.labels)[part]
    columns = {key: np.asarray(column)[part] for key, column in raw.columns.items()}
    raw.notes.kind = Image if raw.features is None else Table
    if raw.features is not None:
        features = list(raw.features)[:MOST_FEATURES]
        if len(features) < len(raw.features):
            notes.say(f"of {len(raw.features):,} features the first {MOST_FEATURES:,} are kept, to colour by")
        values = raw.images[part][:, : len(features)]
        columns |= {key: values[:, place] for place, key in enumerate(features)}
        return Beside(np.ones(items, bool), labels=labels, classes=raw.classes, columns=columns)
    pictures, rows = stored_rows(raw, how, report)
    places = np.full(len(raw), -1)
    places[rows] = np.arange(len(rows))
    notes.said += raw.notes.said
    return Beside(places[part] >= 0, pictures, places[part], labels, raw.classes, columns)


def _raw_of(data: Any, how: Opening, report: Report) -> Raw:
    if isinstance(data, str | Path):
        return raw_of(data, replace(how, types=None, columns=None), report)
    if isinstance(data, Dataset):
        whole = data.split("all")
        split = None if data.whole else np.repeat([TRAIN, TEST], [len(data.train), len(data.test)])
        features = whole.kind.features or None
        labels = whole.labels.numpy() if whole.classes else None
        columns = dict(whole.columns)
        return Raw(
            data.name,
            "",
            whole.images[:].numpy(),
            labels,
            split,
            whole.classes or None,
            columns,
            features=features,
        )
    rows = data.detach().cpu().numpy() if isinstance(data, Tensor) else data
    if not kept_in_file(rows) and not isinstance(rows, Mapped):
        rows = np.asarray(rows)
    return Raw("data", "", rows, ordered=True, features=features_of(rows, None, replace(how, types=None)))


def _part(raw: Raw, items: int, notes: Notes) -> np.ndarray:
    """The rows of the data that the embeddings are of: all, or those of the part that has as many."""
    counts = {} if raw.split is None else {part: int((raw.split == part).sum()) for part in (TEST, TRAIN)}
    if len(raw) == items:
        return np.arange(items)
    for part, count in counts.items():
        if count == items:
            notes.say(f"the items are taken to be the {part} rows of {raw.name}, in their order")
            return np.flatnonzero(raw.split == part)
    parts = " and ".join(f"{count:,} {part}" for part, count in counts.items() if count)
    raise ValueError(
        f"there are {items:,} embeddings and {len(raw):,} rows of {raw.name or 'the data'}{f' ({parts})' if parts else ''}: give the data of the "
        "same items, in the same order"
    )


def _labels(given: Any, raw: Raw, beside: Beside, how: Opening) -> Labels:
    """The classes of the items: as given, as the file of the embeddings says, or as the data do."""
    values, classes = (raw.labels, raw.classes) if raw.labels is not None else (beside.labels, beside.classes)
    if given is not None:
        values, classes = read_labels(given), None
    if how.labels == NO_LABELS and given is None:
        values = None
    return understood(values, classes, how.unknown, len(raw), raw.notes)


def _used(numbers: np.ndarray, classes: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Without the classes that no item is left of."""
    if not classes:
        return np.zeros(len(numbers), np.int64), ()
    there, found = np.unique(numbers, return_inverse=True)
    return found.astype(np.int64), tuple(classes[number] for number in there)


def _scaled(rows: np.ndarray, notes: Notes) -> np.ndarray:
    """The embeddings, divided by a power of ten where their typical deviation is far from one: distances keep their order."""
    deviation = float(np.sqrt(rows.astype(np.float64).var(0).mean()))
    if not deviation or USUAL_DEVIATION[0] <= deviation <= USUAL_DEVIATION[1]:
        return rows
    power = round(math.log10(deviation))
    notes.say(
        f"a number deviates by {deviation:.3g} from its mean, so all are {'divided by 1' if power > 0 else 'multiplied by 1'}e{abs(power)} here"
    )
    return (rows.astype(np.float64) / 10.0**power).astype(np.float32)


@torch.no_grad()
def _written(
    dataset: Dataset,
    split: np.ndarray | None,
    pictures: Array | None,
    out: Path,
    command: str,
    report: Report,
) -> Checkpoint:
    """The folder; the card is written last, so that a folder is a checkpoint or none."""
    whole, train, notes = dataset.split("all"), dataset.train, dataset.notes
    z, classes = train.images[:], len(whole.classes)
    told = Embeddings(latent=z.shape[1], fitted_classes=classes > 1)
    model = told.build(dataset.signature).eval().requires_grad_(False)
    prior: Any = model.p[BLOCK]
    own = prior.own if told.fitted_classes else prior
    own.set(*gaussian_of(z, torch.zeros_like(z)))
    notes.say(
        f"a Gaussian is fitted to {len(train):,} of the embeddings, and stands in for a prior; the others are kept to test on"
    )
    if told.fitted_classes:
        prior.set(
            *gaussians_of(z, torch.zeros_like(z), train.labels, torch.ones(len(z), dtype=torch.bool), classes)
        )
        notes.say("Gaussians of the classes are fitted to the embeddings, and stand in for p(z | class)")
    for line in notes:
        report(line)
    columns = {COLUMN + key: column for key, column in whole.columns.items()}
    parts = {} if split is None else {"split": split}
    with atomic(out / EMBEDDINGS) as file:
        np.savez(
            file,
            allow_pickle=False,
            z=whole.images[:].numpy(),
            labels=whole.labels.numpy(),
            **parts,
            **columns,
        )
    if pictures is not None:
        _save_pictures(out / PICTURES, pictures)
    save_model(out, model)
    save_card(out, card_of(told, model, whole, list(notes), command))
    return load(out)


def _save_pictures(path: Path, pictures: Array) -> None:
    """An array as .npy, some rows at a time."""
    with atomic(path) as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "|u1", "fortran_order": False, "shape": tuple(pictures.shape)}
        )
        for block in blocks(pictures):
            file.write(np.ascontiguousarray(block).tobytes())
