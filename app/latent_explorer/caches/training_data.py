"""What can be trained on here: bundled data sets, those at hand, and what a visitor has opened; what a model has to know of each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import streamlit as st

from vae_core.data import DATASETS, open_data
from vae_core.data.mnist import mnist_folder
from vae_core.models import Signature


class Known(NamedTuple):
    """The signature of some data, how many observations there are to train on, and the least and the greatest value of each known factor."""

    signature: Signature
    images: int
    name: str = "the data"
    factors: Mapping[str, tuple[int, int]] = MappingProxyType({})


def at_hand() -> list[str]:
    """The names of the data sets that are here, or are made in a moment, without a download."""
    return [name for name in DATASETS if name != "mnist" or not mnist_folder()[1]]


@st.cache_resource(show_spinner="Opening the data …", max_entries=8)
def known(name: str) -> Known:
    """Of a data set by its name. Raises ValueError, one sentence, where it is not there."""
    dataset = open_data(name)
    train = dataset.train
    return Known(dataset.signature, len(train), train.name, train.ranges)
