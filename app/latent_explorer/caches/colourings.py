"""By what the dots of a map are coloured."""

from typing import NamedTuple

import numpy as np

from latent_explorer import palette
from latent_explorer.caches import sources
from latent_explorer.caches.kept import MOST_LARGE, identity, kept
from vae_core import Checkpoint


class Colouring(NamedTuple):
    """Which group each item of an atlas is in, `(N,)`, and the name and the colour of each group."""

    groups: np.ndarray
    names: tuple[str, ...]
    colours: list[str]


CLASS = "class"


def colourings(checkpoint: Checkpoint) -> list[str]:
    """By what the items of an atlas can be coloured: their class, and what else their images were made of, where that is known."""
    source = sources.of_factors(checkpoint)
    if source is None or source.factors is None:
        return [CLASS]
    other = (source.factors != source.labels[:, None]).any(0)
    return [CLASS, *(name for name, kept in zip(source.factor_names, other.tolist(), strict=True) if kept)]


def names_of_classes(checkpoint: Checkpoint) -> tuple[str, ...]:
    """What a map calls the groups of its items where their class is the group: one group where there are no classes."""
    return tuple(checkpoint.atlas.classes) or ("no class",)


@kept(MOST_LARGE, lambda checkpoint: identity(checkpoint)[:2])
def colouring(checkpoint: Checkpoint, by: str) -> Colouring:
    """The items by class, or by a factor in equal ranges of its values."""
    atlas, source = checkpoint.atlas, sources.of_factors(checkpoint)
    if by == CLASS or source is None or source.factors is None:
        names = names_of_classes(checkpoint)
        return Colouring(atlas.labels, names, palette.colours(len(names)))
    values = source.factors[:, source.factor_names.index(by)].numpy()
    size, most = int(values.max()) + 1, len(palette.ORDERED)
    count = min(size, most)
    groups = values * count // size
    ends = [(values[groups == g].min() + 1, values[groups == g].max() + 1) for g in range(count)]
    names = tuple(f"{by} {a}" if a == b else f"{by} {a}–{b}" for a, b in ends)
    return Colouring(
        groups, names, [palette.ORDERED[g * (most - 1) // max(1, count - 1)] for g in range(count)]
    )
