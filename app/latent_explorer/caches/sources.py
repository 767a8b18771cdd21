"""The images behind an atlas, where they are at hand without a download."""

import os
from collections.abc import Sequence

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from latent_explorer.caches.kept import by_identity_few
from latent_explorer.text import plain
from vae_core import Checkpoint
from vae_core.data import DATA_VARIABLE, DATASETS, SOURCES_VARIABLE, Data, known, local_data
from vae_core.data.embedded import pictures_in


def originals(checkpoint: Checkpoint) -> Data | None:
    """The images behind the atlas where they are at hand without a download, else None: one copy for all models of them."""
    if checkpoint.own_data is not None:
        return checkpoint.own_data.split("all")
    told = checkpoint.card.data
    places = tuple(os.environ.get(name) for name in (DATA_VARIABLE, SOURCES_VARIABLE))
    return _local_data(
        repr((told.name, told.fingerprint, told.opened, checkpoint.atlas.split, places)), checkpoint
    )


@st.cache_resource(show_spinner=False, max_entries=8)
def _local_data(of: str, _checkpoint: Checkpoint) -> Data | None:
    return local_data(_checkpoint.card.data, _checkpoint.atlas.split)


def pictures(checkpoint: Checkpoint, items: Sequence[int]) -> Tensor:
    """Pictures `(n, C, H, W)` of items that nothing is decoded of: those that lie beside the embeddings, or else their numbers."""
    stored = _pictures(checkpoint)
    if stored is not None:
        return torch.from_numpy(np.ascontiguousarray(stored[list(items)]))
    rows = originals(checkpoint)
    codes = checkpoint.atlas.means[checkpoint.model.blocks[0]][list(items)]
    return checkpoint.kind.picture(torch.from_numpy(codes) if rows is None else rows.images[list(items)])


def has_pictures(checkpoint: Checkpoint) -> bool:
    """Whether pictures lie beside the embeddings."""
    return _pictures(checkpoint) is not None


@by_identity_few
def _pictures(checkpoint: Checkpoint) -> np.ndarray | None:
    return pictures_in(checkpoint.folder, len(checkpoint.atlas))


def missing(checkpoint: Checkpoint) -> str:
    """Where the images behind the atlas are not at hand, what brings them, as a sentence; nothing where they are."""
    if originals(checkpoint) is not None:
        return ""
    told = checkpoint.card.data.name
    name = plain(told)
    if told in DATASETS and told != "mnist":  # rendered here, or in the package
        return (
            f"The {checkpoint.kind.many} of {name} on this server are others than the model was trained on, or none. Set {DATA_VARIABLE} to the folder that "
            "holds its own."
        )
    if known(told):
        return (
            f"The {checkpoint.kind.many} of {name} are not on this server. Run `latent-explorer evaluate` once, which downloads them, or set {DATA_VARIABLE} to "
            "the folder that holds them."
        )
    return (
        f"The {checkpoint.kind.many} of {name} came from a folder or file, and a card keeps no path. Start the app with `--data` and the path of {name} to see "
        "them here."
    )


def of_factors(checkpoint: Checkpoint) -> Data | None:
    """The images behind the atlas, where it is known what they were made of, and they are at hand."""
    name = checkpoint.card.data.name
    if name in DATASETS and not DATASETS[name].factors:
        return None
    source = originals(checkpoint)
    return None if source is None or source.factors is None else source


def may_have_factors(checkpoint: Checkpoint) -> bool:
    """Whether it is known what the images were made of, or would be were they at hand."""
    name = checkpoint.card.data.name
    if checkpoint.card.factors is not None or name in DATASETS:
        return checkpoint.card.factors is not None or bool(DATASETS[name].factors)
    return of_factors(checkpoint) is not None


def with_known_factors() -> list[str]:
    """The data sets whose images were made of known factors."""
    return [name for name, data in DATASETS.items() if data.factors]
