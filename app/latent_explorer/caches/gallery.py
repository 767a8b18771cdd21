"""What stands for each model in the gallery: a title, a line, a small picture, and which models belong together.

Shapes: N images, H W.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st

from latent_explorer import titles
from latent_explorer.caches import checkpoints, encodings, sweeps
from latent_explorer.caches.collection import card_of
from latent_explorer.caches.kept import Stamps, stamps
from latent_explorer.documents import figures
from latent_explorer.pictures import png
from vae_core import bundled, load
from vae_core.checkpoints import ATLAS

# Pictures of a model: so many beside each other, in so many rows, of at most so many pixels each.
ACROSS, DOWN, SIDE = 4, 2, 56


class Shown(NamedTuple):
    """A model of the gallery. data: the name of what it was trained on, nothing where its card cannot be read; own: whether it is not one of
    the bundled; sweep: the folder of the sweep that it is a trial of, nothing for others."""

    name: str
    title: str
    purpose: str
    data: str
    own: bool
    sweep: str = ""


def models() -> list[Shown]:
    """All that are offered, in the order in which they are offered."""
    mine = own()
    return [_shown(name, name in mine) for name in checkpoints.offered()]


def own() -> set[str]:
    """The names of those that are not bundled."""
    ours = set(map(checkpoints.place, bundled().values()))
    return {name for name, folder in checkpoints.offered().items() if checkpoints.place(folder) not in ours}


def of(name: str) -> Shown:
    """One of them."""
    return _shown(name, name in own())


def _shown(name: str, is_own: bool) -> Shown:
    card = card_of(name)
    if card is None:
        return Shown(name, name, "Its card cannot be read.", "", is_own)
    sweep = sweeps.home_of(name) if is_own else None
    if sweep:  # trials are alike but for their options, which their names say
        return Shown(name, name, titles.title(card), card.data.name, is_own, sweep.name)
    return Shown(name, titles.title(card), titles.purpose(card), card.data.name, is_own)


def picture(name: str) -> bytes:
    """Some items of it as it decodes them, one of each class where there are some, as a PNG. Raises ValueError for a model that cannot be
    opened."""
    folder = checkpoints.offered()[name]
    return _picture(str(folder), stamps(folder))


@st.cache_data(show_spinner=False, max_entries=256)
def _picture(folder: str, written: Stamps) -> bytes:
    checkpoint = load(Path(folder))
    if not (Path(folder) / ATLAS).exists() and not checkpoint.model.no_decoder:  # what was just trained draws
        rows = figures.samples(checkpoint).rows
        drawn = [rows[k % len(rows)][k // len(rows)] for k in range(ACROSS * DOWN)]
        return png(tiled(np.stack(drawn), ACROSS, DOWN, SIDE))
    labels = checkpoint.atlas.labels
    firsts = [int(np.flatnonzero(labels == c)[0]) for c in np.unique(labels)]
    others = np.setdiff1d(np.arange(min(len(labels), 50)), firsts).tolist()
    shown = encodings.pictures(checkpoint, [*firsts, *others][: ACROSS * DOWN])
    return png(tiled(shown, ACROSS, DOWN, SIDE))


def tiled(pictures: np.ndarray, across: int, down: int, side: int) -> np.ndarray:
    """Pictures `(N, H, W)` or `(N, H, W, 3)` in rows, each with at most `side` pixels; black where there are none.

    >>> tiled(np.ones((3, 112, 4), np.uint8), across=2, down=2, side=56).shape
    (112, 4)
    """
    every = -(-max(pictures.shape[1:3]) // side)
    small = pictures[:, ::every, ::every]
    paper = np.zeros((across * down, *small.shape[1:]), np.uint8)
    paper[: len(small)] = small[: across * down]
    rows = [np.concatenate(list(row), 1) for row in np.split(paper, down)]
    return np.concatenate(rows, 0)
