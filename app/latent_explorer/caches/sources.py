"""The images behind an atlas, where they are at hand without a download."""

import os

import streamlit as st

from vae_core import Checkpoint
from vae_core.data import DATA_VARIABLE, DATASETS, Data, local_data


def originals(checkpoint: Checkpoint) -> Data | None:
    """The images behind the atlas where they are at hand without a download, else None: one copy for all models of them."""
    return _local_data(checkpoint.card.data.name, checkpoint.atlas.split, os.environ.get(DATA_VARIABLE))


@st.cache_resource(show_spinner=False, max_entries=8)
def _local_data(name: str, split: str, folder: str | None) -> Data | None:
    return local_data(name, split)


def of_factors(checkpoint: Checkpoint) -> Data | None:
    """The images behind the atlas, where it is known what they were made of, and they are at hand."""
    return originals(checkpoint) if checkpoint.card.data.name in with_known_factors() else None


def with_known_factors() -> list[str]:
    """The data sets whose images were made of known factors."""
    return [name for name, data in DATASETS.items() if data.factors]
