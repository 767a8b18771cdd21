"""The digits that the figures compute on: 8 x 8 pixels, offline, small enough that all of it is exact in a moment."""

import streamlit as st
import torch

from vae_core.data import load_data
from vae_core.models import linear

SIDE = 8


@st.cache_resource(show_spinner=False)
def points() -> torch.Tensor:
    """The 1,350 training images as rows of pixels from 0 to 1, `(N, 64)`."""
    return load_data("digits", "train").images[:].flatten(1).double() / 255


@st.cache_resource(show_spinner=False)
def moments() -> linear.Moments:
    return linear.Moments.of(lambda: [points()])
