"""Dimension: one latent dimension: which images have least and most of it, what it writes, how the classes lie on it, and its rate."""

import streamlit as st
from latent_explorer.caches import checkpoints
from latent_explorer.sections.dimension.one import one_dimension

checkpoint = checkpoints.current()

st.title("What does one latent dimension write?")
one_dimension(checkpoint)
