"""By what the dots of a map are coloured: their class, a column beside it, or a feature of a table.

Shapes: N items.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from latent_explorer import palette
from latent_explorer.caches import by_item, classifiers, sources
from latent_explorer.caches.kept import MOST_LARGE, by_identity_few, identity, kept
from vae_core import Checkpoint
from vae_core.data import DATASETS, Data
from vae_core.kinds import Table
from vae_core.labels import needs_observation

CLASS, MISSING, GREY = "class", "not known", "#9a9a9a"
READ = "class as read"  # by the model
# By a classifier beside the model: what it says of each decoded item, and how probable it holds that.
ANSWER, CERTAINTY = "the classifier’s answer", "the classifier’s certainty"

# Numbers of more values than this are coloured by a scale, and a scale has so many steps.
MOST_VALUES, STEPS = 12, 64
# What lies beyond these quantiles has the colours of the ends: one odd value would take all the others' colours.
ENDS = (0.01, 0.99)


class Scale(NamedTuple):
    """A sequential scale: what it is of, and the values at its ends, as text."""

    title: str
    low: str
    high: str


class Colouring(NamedTuple):
    """Which group each item of an atlas is in, `(N,)`, the name and the colour of each group, and the scale that they are steps of, where
    they are. Items without a value are the last group, which is grey."""

    groups: np.ndarray
    names: tuple[str, ...]
    colours: list[str]
    scale: Scale | None = None


def colourings(checkpoint: Checkpoint) -> list[str]:
    """By what the items of an atlas can be coloured: their class, what else is known of each, and the features of a table, where the data
    is at hand; and what the model says of each."""
    found = classifiers.beside(checkpoint)
    said = [ANSWER, CERTAINTY] if found is not None and found.classifier is not None else []
    read = [READ] if by_item.reads_classes(checkpoint) and not needs_observation(checkpoint.model) else []
    of_model = [*read, *by_item.offered(checkpoint)]
    known = known_of_data(checkpoint)
    return list(dict.fromkeys([*known[:1], *said, *known[1:], *of_model]))


def names_of_classes(checkpoint: Checkpoint) -> tuple[str, ...]:
    """What a map calls the groups of its items where their class is the group: one group where there are no classes."""
    return tuple(checkpoint.atlas.classes) or ("no class",)


def colouring(checkpoint: Checkpoint, by: str) -> Colouring:
    """The items by class, by a column beside it, by a feature, or by what the model or a classifier says."""
    if by in (ANSWER, CERTAINTY):
        return _by_classifier(checkpoint, by)
    if by in known_of_data(checkpoint):
        return _by_data(checkpoint, by)
    return _by_model(checkpoint, by)


def known_of_data(checkpoint: Checkpoint) -> list[str]:
    """The class, and what else the data says of each item."""
    source = _source(checkpoint)
    features = source.kind.names if source is not None and isinstance(source.kind, Table) else ()
    return [CLASS, *(_columns(source) if source is not None else ()), *features]


@by_identity_few
def _by_model(checkpoint: Checkpoint, by: str) -> Colouring:
    """By the class that it reads, or by a number that it has of each item."""
    if by != READ:
        return of_values(by, by_item.values(checkpoint, by))
    read, names = by_item.read(checkpoint), names_of_classes(checkpoint)
    assert read is not None
    return Colouring(read.classes, names, palette.colours(len(names)))


def _by_classifier(checkpoint: Checkpoint, by: str) -> Colouring:
    found, said = classifiers.beside(checkpoint), classifiers.answers(checkpoint)
    assert found is not None
    assert found.classifier is not None
    assert said is not None
    if by == CERTAINTY:
        return of_values(by, said.amax(1).double().numpy())
    names = found.classifier.classes
    return Colouring(said.argmax(1).numpy(), names, palette.colours(len(names)))


@kept(MOST_LARGE, lambda checkpoint: identity(checkpoint)[:2])
def _by_data(checkpoint: Checkpoint, by: str) -> Colouring:
    atlas, source = checkpoint.atlas, _source(checkpoint)
    if by == CLASS or source is None:
        names = names_of_classes(checkpoint)
        return Colouring(atlas.labels, names, palette.colours(len(names)))
    columns = _columns(source)
    if by in columns:
        return of_values(by, columns[by]) if source.columns else _of_factor(by, columns[by])
    assert isinstance(source.kind, Table)
    return of_values(by, source.images[:][:, source.kind.names.index(by)].numpy())


def numbered(checkpoint: Checkpoint) -> list[str]:
    """What is known of each item as a number: columns beside the class, and features of a table, where the data is at hand."""
    source = _source(checkpoint)
    if source is None:
        return []
    columns = [name for name, values in _columns(source).items() if values.dtype.kind in "biuf"]
    return list(dict.fromkeys([*columns, *(source.kind.names if isinstance(source.kind, Table) else ())]))


def numbers(checkpoint: Checkpoint, name: str) -> np.ndarray:
    """One of `numbered`, `(N,)` floats."""
    source = _source(checkpoint)
    assert source is not None
    columns = _columns(source)
    if name in columns:
        return columns[name].astype(float)
    assert isinstance(source.kind, Table)
    return source.images[:][:, source.kind.names.index(name)].numpy().astype(float)


def worded(checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """What is known of each item as words: columns beside the class, `(N,)` texts."""
    source = _source(checkpoint)
    columns = {} if source is None else _columns(source)
    return {name: values for name, values in columns.items() if values.dtype.kind not in "biuf"}


def _of_factor(by: str, values: np.ndarray) -> Colouring:
    """What images were made of, from 1 on: its values, or of many equal ranges of these."""
    size = int(values.max())
    count = min(size, len(palette.ORDERED))
    groups = (values - 1) * count // size
    ends = [(values[groups == g].min(), values[groups == g].max()) for g in range(count)]
    names = tuple(f"{by} {a}" if a == b else f"{by} {a}–{b}" for a, b in ends)
    return Colouring(groups, names, palette.ordered(count))


def of_values(by: str, values: np.ndarray) -> Colouring:
    """Values `(N,)` as groups: each value of a few, each word, or the steps of a scale.

    >>> of_values("ward", np.array([2, 1, 2])).names, of_values("age", np.array([1.0, np.nan])).names
    (('ward 1', 'ward 2'), ('age 1', 'age not known'))
    """
    is_text = values.dtype.kind not in "biuf"
    there = values != "" if is_text else np.isfinite(values.astype(float))
    distinct = np.unique(values[there])
    if is_text or len(distinct) <= MOST_VALUES:
        names = [str(value) if is_text else f"{by} {value:g}" for value in distinct]
        colours = palette.colours(len(names)) if is_text else palette.ordered(len(names))
        groups = np.searchsorted(distinct, np.where(there, values, distinct[0] if len(distinct) else values))
        return _with_missing(by, groups, there, names, colours, None)
    numbers = values.astype(float)
    low, high = np.quantile(numbers[there], ENDS)
    if low == high:
        low, high = numbers[there].min(), numbers[there].max()
    edges = np.linspace(low, high, STEPS + 1)
    groups = np.clip(np.searchsorted(edges, np.where(there, numbers, low), "right") - 1, 0, STEPS - 1)
    names = [f"{by} {a:.4g} to {b:.4g}" for a, b in pairwise(edges)]
    least, most = numbers[there].min(), numbers[there].max()
    scale = Scale(by, f"{'≤ ' * bool(least < low)}{low:.4g}", f"{'≥ ' * bool(most > high)}{high:.4g}")
    return _with_missing(by, groups, there, names, palette.ordered(STEPS), scale)


def _with_missing(
    by: str,
    groups: np.ndarray,
    there: np.ndarray,
    names: list[str],
    colours: list[str],
    scale: Scale | None,
) -> Colouring:
    if there.all():
        return Colouring(groups, tuple(names), colours, scale)
    groups = np.where(there, groups, len(names))
    return Colouring(groups, (*names, f"{by} {MISSING}"), [*colours, GREY], scale)


def _source(checkpoint: Checkpoint) -> Data | None:
    """The data behind the atlas where it says more than a class, and is at hand."""
    name = checkpoint.card.data.name
    if name in DATASETS and not DATASETS[name].factors:
        return None
    return sources.originals(checkpoint)


def _columns(source: Data) -> dict[str, np.ndarray]:
    """What is known of each item beside its class: columns of the source, or what its images were made of, numbered from 1."""
    if source.columns or source.factors is None:
        return {name: column for name, column in source.columns.items() if len(np.unique(column)) > 1}
    factors = source.factors.numpy()
    other = (factors != source.labels.numpy()[:, None]).any(0)
    named = zip(source.factor_names, factors.T, other.tolist(), strict=True)
    return {name: column + 1 for name, column, is_other in named if is_other}
