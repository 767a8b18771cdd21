"""The images behind an atlas, where they are at hand without a download."""

import os

import streamlit as st

from vae_core import Checkpoint
from vae_core.data import DATA_VARIABLE, DATASETS, Data, local_data
from vae_core.data.origin import SOURCES_VARIABLE


def originals(checkpoint: Checkpoint) -> Data | None:
    """The images behind the atlas where they are at hand without a download, else None: one copy for all models of them."""
    told = checkpoint.card.data
    places = tuple(os.environ.get(name) for name in (DATA_VARIABLE, SOURCES_VARIABLE))
    return _local_data(
        repr((told.name, told.fingerprint, told.opened, checkpoint.atlas.split, places)), checkpoint
    )


@st.cache_resource(show_spinner=False, max_entries=8)
def _local_data(of: str, _checkpoint: Checkpoint) -> Data | None:
    return local_data(_checkpoint.card.data, _checkpoint.atlas.split)


def of_factors(checkpoint: Checkpoint) -> Data | None:
    """The images behind the atlas, where it is known what they were made of, and they are at hand."""
    return originals(checkpoint) if checkpoint.card.data.name in with_known_factors() else None


def with_known_factors() -> list[str]:
    """The data sets whose images were made of known factors."""
    return [name for name, data in DATASETS.items() if data.factors]
